"""Tokenize: documents to token ids, cut into segments, each with its language.

A segment is about a sentence. Its language is identified from its own text, with its neighbours and
its document as a prior: pages that mix languages are what this engine looks for, and a label for
the whole page would hide them.

Tokens depend on the text and the tokenizer alone, so they are made once for each document. On later
runs a row stays in its file, or moves to another file if a neighbour in it has been removed. A
document whose source has changed, because another of its copies is kept now, is tokenized anew.
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
from pivotmine.text.fasttext_model import left_to_library, model_digest, slow_model
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.udfs import tokenize

_SAME = ["doc_id", "source"]


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Tokenize every document that is new, whatever its language."""
    (row,) = inputs.table("tokenizer", ("kind", "model"), 1).to_pylist()
    tokenizer = Tokenizer(row["kind"], row["model"])
    if reason := left_to_library(recipe.ingest.language_model):
        inputs.note(slow_model(reason))
    encode = tokenize.bind(tokenizer, recipe.languages, recipe.ingest.language_model)
    # Spread by id: source files differ in size, and this is the most expensive step.
    n_tasks = int(inputs.spark.conf.get("spark.sql.shuffle.partitions") or 1)
    documents = inputs.frame("documents", ("doc_id", "source", "lang", "text"))
    ids = inputs.frame("documents", _SAME)
    before = inputs.previous("tokens", columns=_SAME)
    files = inputs.previous_files("tokens")
    going = before.join(ids, _SAME, "left_anti").select(PREVIOUS_FILE).distinct()
    torn = inputs.local(going, len(files)).column(0).to_pylist() if files else []
    new = documents.join(before, _SAME, "left_anti").repartition(n_tasks, "doc_id")
    moving = inputs.previous("tokens", torn).join(ids, _SAME, "left_semi")
    rows = ArrowRows(new, encode, TOKENS.schema)
    kept = tuple(file for file in files if file not in set(torn))
    return {"tokens": Renewed((rows, moving.drop(PREVIOUS_FILE)) if torn else (rows,), kept)}


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Documents in, one row of tokens for each out."""
    return Tally(rows.read["documents"], rows.written["tokens"])


def external(recipe: Recipe) -> str:
    """The content of the language model."""
    return model_digest(recipe.ingest.language_model)


def reuse(inputs: Inputs, recipe: Recipe) -> dict[str, Any]:
    """Rows depend on the tokenizer, the languages and the language model."""
    (tokenizer,) = inputs.table("tokenizer", ("tokenizer_id",), 1)["tokenizer_id"].to_pylist()
    return {"tokens": [tokenizer, recipe.languages, external(recipe)]}


STAGE = Stage(
    name="tokenize",
    doc="texts to token ids, with a language for every segment",
    reads=("documents", "tokenizer"),
    writes=("tokens",),
    sections=("languages", "ingest.language_model"),
    run=run,
    tally=tally,
    external=external,
    reuse=reuse,
)
