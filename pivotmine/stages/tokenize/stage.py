"""Tokenize: documents to token ids, cut into segments that have a language each.

A segment is about a sentence; its language is identified by itself, with its neighbours and its
document as a prior, because a page that mixes languages is what this engine looks for and a label
for the whole page would hide it.

Tokens depend on the text and the tokenizer alone, so those of documents that were there before are
not made again: a row stays in its file, or moves to another where its neighbours go.
"""

from __future__ import annotations

from typing import Any

from pivotmine.engine.stage import (
    PREVIOUS_FILE,
    ArrowRows,
    Inputs,
    Renewed,
    Rows,
    Stage,
    StageOutputs,
    Tally,
)
from pivotmine.lake.tables import TOKENS
from pivotmine.recipe import Recipe
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.udfs import tokenize


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Tokenise every document that is new, whatever its language."""
    (row,) = inputs.table("tokenizer", ("kind", "model"), 1).to_pylist()
    tokenizer = Tokenizer(row["kind"], row["model"])
    encode = tokenize.bind(tokenizer, recipe.languages, recipe.ingest.language_model)
    # Spread by id: source files differ in size, and this is the dearest step of the road.
    n_tasks = int(inputs.spark.conf.get("spark.sql.shuffle.partitions") or 1)
    documents = inputs.frame("documents").select("doc_id", "lang", "text")
    before = inputs.previous("tokens").select("doc_id", PREVIOUS_FILE)
    files = inputs.previous_files("tokens")
    going = before.join(documents, "doc_id", "left_anti").select(PREVIOUS_FILE).distinct()
    torn = inputs.local(going, len(files)).column(0).to_pylist() if files else []
    new = documents.join(before, "doc_id", "left_anti").repartition(n_tasks, "doc_id")
    moving = inputs.previous("tokens", torn).join(documents.select("doc_id"), "doc_id", "left_semi")
    rows = ArrowRows(new, encode, TOKENS.schema)
    kept = tuple(file for file in files if file not in set(torn))
    return {"tokens": Renewed((rows, moving.drop(PREVIOUS_FILE)) if torn else (rows,), kept)}


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Every document has its tokens."""
    return Tally(rows.read["documents"], rows.written["tokens"])


def reuse(inputs: Inputs, recipe: Recipe) -> dict[str, Any]:
    """What the tokens and segments of a text depend on."""
    (tokenizer,) = inputs.table("tokenizer", ("tokenizer_id",), 1)["tokenizer_id"].to_pylist()
    return {"tokens": [tokenizer, recipe.languages, recipe.ingest.language_model]}


STAGE = Stage(
    name="tokenize",
    doc="texts to token ids, with a language for every segment",
    reads=("documents", "tokenizer"),
    writes=("tokens",),
    sections=("languages", "ingest.language_model"),
    run=run,
    tally=tally,
    reuse=reuse,
)
