"""Judging what was mined against what is known.

links       `links.py`, with known translations (`truth.py`) joined to the lake (`pair_tables.py`),
            the measures compared (`measures.py`), and questions in SQL (`questions.py`)
bridges     `bridges.py`: translations over two links
pivots      `pivots.py`: what kinds of tokens they are
documents   `documents.py`: scores and arms, with `document_truth.py` and `ranking.py`
selection   `retrieval.py`: what could be learnt from an arm, with `embeddings.py`
"""
