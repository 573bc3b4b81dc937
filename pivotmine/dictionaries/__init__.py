"""Dictionaries and lexicons: one reader a format, for the demo, the judge and the torch side."""
