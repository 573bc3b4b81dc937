"""Judging what was mined: links against known translations, documents against known kinds.

`lexicons.py` reads the truth, `judge.py` joins it with the tables of the lake, `measures.py` names
what is compared, `links.py` computes the figures and `bootstrap.py` their intervals. `bridges.py`
judges answers of two links, `pivots.py` what kind of tokens pivots are, `documents.py` (with
`document_truth.py` and `ranking.py`) scores and arms, `retrieval.py` (with `embeddings.py`) what
could be learnt from arms.
"""

from pivotmine.judge.documents import evaluate_documents
from pivotmine.judge.links import Figure, evaluate_links
from pivotmine.judge.truth import Truth, read_truth

__all__ = ["Figure", "Truth", "evaluate_documents", "evaluate_links", "read_truth"]
