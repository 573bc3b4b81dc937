"""Tokenize: documents to token ids, cut into segments that have a language each.

A segment is about a sentence; its language is identified by itself, with its neighbours and its
document as a prior, because a page that mixes languages is what this engine looks for and a label
for the whole page would hide it.
"""

from __future__ import annotations

from pivotmine.config import Config
from pivotmine.schema import TOKENS
from pivotmine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.text.tokenizer import Tokenizer
from udfs import tokenize


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Tokenise every document, whatever its language."""
    (row,) = inputs.table("tokenizer", ("kind", "model"), 1).to_pylist()
    tokenizer = Tokenizer(row["kind"], row["model"])
    encode = tokenize.bind(tokenizer, config.languages, config.ingest.language_model)
    # Spread by id: source files differ in size, and this is the dearest step of the road.
    n_tasks = int(inputs.spark.conf.get("spark.sql.shuffle.partitions") or 1)
    documents = inputs.frame("documents").select("doc_id", "lang", "text")
    spread = documents.repartition(n_tasks, "doc_id")
    return {"tokens": ArrowRows(spread, encode, TOKENS.schema)}


def tally(rows: Rows, config: Config) -> Tally:
    """Every document has its tokens."""
    return Tally(rows.read["documents"], rows.written["tokens"])


STAGE = Stage(
    name="tokenize",
    doc="texts to token ids, with a language for every segment",
    reads=("documents", "tokenizer"),
    writes=("tokens",),
    sections=("languages", "tokenize", "ingest"),
    run=run,
    tally=tally,
)
