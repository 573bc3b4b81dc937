"""Tokenizer: one model for the whole run, given or trained here.

A model is trained on the same number of bytes of every language, as far as each has them, so that
frequent words of the smaller languages become single tokens too. Co-occurrence is counted on
tokens, and a word that is cut into pieces cannot be linked. The sample is drawn by document id and
put in a fixed order: the same corpus gives the same model, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs, Renewed, Rows, Stage, StageOutputs, StageRows, Tally
from pivotmine.errors import InputError
from pivotmine.lake.tables import TOKENIZER
from pivotmine.recipe import Recipe
from pivotmine.stages.draw import uniform
from pivotmine.stages.train_tokenizer.training import balanced_quota, tokenizer_row
from pivotmine.text.end_of_document import end_of_document_id, names_of, read_configured_end
from pivotmine.text.tokenizer import Tokenizer, read_tokenizer_file
from pivotmine.udfs import train_tokenizer


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Read the given tokenizer, or train one."""
    settings = recipe.tokenize
    available = _bytes_by_language(inputs, recipe)
    if not available and inputs.frame("documents", ("lang",)).isEmpty():
        raise InputError(
            "table documents is empty: no record became a document, so there is nothing to go on "
            "with. `pivotmine rejects` says why records were refused."
        )
    if missing := [lang for lang in recipe.languages if lang not in available]:
        inputs.note(
            f"no document is in {' or '.join(missing)}, which `languages` lists; only parts of "
            "other documents can be. See documents.lang for the languages that were found"
        )
    if settings.tokenizer is not None:
        tokenizer, configured = _given(settings.tokenizer)
        row = tokenizer_row(tokenizer, settings.tokenizer, settings.end_of_document, configured)
        if row["eos_token_id"][0].as_py() is None:
            inputs.note(
                "the tokenizer has no special token that is known to end a document, so documents "
                "will follow one another without a mark. Name it in tokenize.end_of_document; the "
                f"special tokens are {names_of(tokenizer.load().special_tokens())}"
            )
        return {"tokenizer": _unless_known(inputs, pa.Table.from_batches([row]))}
    # The size of a random sample varies, so it may be a fifth larger.
    train = train_tokenizer.bind(
        settings.vocab_size, settings.sample_bytes * 6 // 5, settings.end_of_document
    )
    trained = _sample(inputs, recipe, available).mapInArrow(train, spark_schema(TOKENIZER.schema))
    return {"tokenizer": _unless_known(inputs, inputs.local(trained, 1))}


def _given(uri: str) -> tuple[Tokenizer, str | None]:
    """A tokenizer file, and the end of a document that a configuration beside it names."""
    kind, model = read_tokenizer_file(uri)
    return Tokenizer(kind, model), read_configured_end(uri) if kind == "huggingface" else None


def _bytes_by_language(inputs: Inputs, recipe: Recipe) -> dict[str, int]:
    """Text of each language of the recipe, by the languages of whole documents."""
    documents = inputs.frame("documents", ("lang", "n_bytes"))
    documents = documents.where(F.col("lang").isin(*recipe.languages))
    sums = documents.groupBy("lang").agg(F.sum("n_bytes").alias("n_bytes"))
    available = inputs.local(sums, len(recipe.languages))
    return dict(zip(available["lang"].to_pylist(), available["n_bytes"].to_pylist(), strict=True))


def _sample(inputs: Inputs, recipe: Recipe, bytes_by_language: Mapping[str, int]) -> DataFrame:
    """Column `text`: documents drawn evenly over languages, one partition in a fixed order."""
    settings = recipe.tokenize
    if not bytes_by_language:
        raise InputError(
            f"no document is in one of the languages {list(recipe.languages)}, so there is nothing "
            "to train a tokenizer on. Look at `rejects` and at documents.lang, or set `languages`."
        )
    quota = balanced_quota(bytes_by_language, settings.sample_bytes)
    chance = F.lit(0.0)
    for lang, n_bytes in sorted(quota.items()):
        chance = F.when(F.col("lang") == lang, n_bytes / bytes_by_language[lang]).otherwise(chance)
    return (
        inputs.frame("documents", ("doc_id", "lang", "text"))
        .where(F.col("lang").isin(*recipe.languages))
        .where(uniform("tokenizer", settings.seed, "doc_id") < chance)
        .select("doc_id", "text")
        .repartition(1)
        .sortWithinPartitions("doc_id")
        .select("text")
    )


def _unless_known(inputs: Inputs, row: pa.Table) -> StageRows | Renewed:
    """The row, or the present file if it holds the same row: then no later stage runs again."""
    files = inputs.previous_files("tokenizer")
    if not files:
        return row
    before = inputs.local(inputs.previous("tokenizer").select(row.column_names), 1)
    return Renewed((), tuple(files)) if before.to_pylist() == row.to_pylist() else row


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Documents in, one model out; nothing is conserved."""
    return Tally(rows.read["documents"], rows.written["tokenizer"], conserved=False)


def external(recipe: Recipe) -> Any:
    """The given model and the id that ends a document: changed files make a new fingerprint.

    A token of the recipe that cannot end a document fails here, before anything starts.
    """
    if recipe.tokenize.tokenizer is None:
        return None
    tokenizer, configured = _given(recipe.tokenize.tokenizer)
    named = recipe.tokenize.end_of_document
    return tokenizer.sha256, end_of_document_id(tokenizer.load(), named, configured)


STAGE = Stage(
    name="train_tokenizer",
    doc="train a tokenizer on a balanced sample, or take the given one",
    reads=("documents",),
    writes=("tokenizer",),
    sections=("languages", "tokenize"),
    run=run,
    tally=tally,
    external=external,
    reuse=lambda inputs, recipe: {"tokenizer": None},
)
