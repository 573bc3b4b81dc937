"""Planted corpora: real text in several languages, with every translation known.

A run on such a corpus can be judged exactly: which links are translations, which are accidents, and
which were missed. The text of one language is kept, and the others are ciphers of it
(`ciphers.py`): their words are made up, but their sentences, frequencies, topics and boilerplate
are those of the text. Documents are of kinds found on the web (`kinds.py`), and `corpus.py` writes
them with the truth and a recipe.
"""

from pivotmine.planted.ciphers import CIPHER_LANGUAGES, Ciphers, make_ciphers
from pivotmine.planted.corpus import PlantedCorpus, plant
from pivotmine.planted.documents import PlantedDocument, compose
from pivotmine.planted.plan import KINDS, Plan, make_plan
from pivotmine.planted.text import SourceText, read_text, source_text

__all__ = [
    "CIPHER_LANGUAGES",
    "KINDS",
    "Ciphers",
    "Plan",
    "PlantedCorpus",
    "PlantedDocument",
    "SourceText",
    "compose",
    "make_ciphers",
    "make_plan",
    "plant",
    "read_text",
    "source_text",
]
