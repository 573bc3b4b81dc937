"""Judging what was mined against what is known.

`truth.py` reads known translations, and `pair_tables.py` joins them with the tables of the lake.
`measures.py` lists what is compared, `questions.py` asks in SQL, and `links.py` turns the answers
into figures with intervals. `bridges.py` judges answers over two links, and `pivots.py` what kind
of tokens pivots are. `documents.py` judges scores and arms, with `document_truth.py` and
`ranking.py`; `retrieval.py` judges what could be learnt from an arm, with `embeddings.py`.
"""
