"""How a language is named in recipes, tables, lexicons and questions."""

LANGUAGE_CODE = r"[a-z]{2,3}(?:_[A-Z][a-z]{3})?"
"""ISO 639-1 where it has a code, otherwise the label of the language model, such as `kab_Latn`."""
