"""Charges of documents to budgets, and the scores by which arms choose.

A document is charged to the budget of its language, to that of its language pair if
`select.pair_shares` is set, and to that of its type if `select.type_shares` lists it. It is charged
with all of its tokens; under `select.language_tokens: segments` each language is charged with its
own. An arm takes a document only if it fits all of these budgets. The pair is that of the best
block, and its first language is the one that comes first there (`en>fr`: English above or before
French).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.recipe import Recipe
from pivotmine.stages.select.budgets import OTHER, Budget


def charged_documents(
    inputs: Inputs, recipe: Recipe, budgets: Sequence[Budget], scores: Collection[str] = ()
) -> DataFrame:
    """Documents of languages with a budget: doc_id, lang, n_tokens, cell, charges, scores.

    `charges` lists numbers of budgets with tokens. Documents of one `cell` are charged to the same
    budgets. Column `score_NAME` holds each of the given scores, null where a document has none. A
    page in two languages often has no language as a whole (of planted parallel pages, one in
    seven); its `lang` is then the language of most of its tokens.
    """
    settings = recipe.select
    spoken = F.map_filter("lang_tokens", lambda lang, n: lang.isin(*recipe.languages) & (n > 0))
    documents = (
        inputs.frame("tokens", ("doc_id", "lang", "n_tokens", "lang_tokens"))
        .select("doc_id", "lang", "n_tokens", spoken.alias("spoken"))
        .where("n_tokens >= 1")
    )
    by_tokens = F.transform(
        F.map_entries("spoken"), lambda entry: F.struct(entry["value"], entry["key"])
    )
    lang = F.when(F.col("lang").isin(*recipe.languages), F.col("lang")).otherwise(
        F.coalesce(F.array_max(by_tokens)["key"], F.col("lang"))
    )
    documents = documents.withColumn("lang", lang)
    if figures := _figures(recipe, budgets, scores):
        documents = documents.join(_scores(inputs, figures), "doc_id", "left")
    budgets_of = {"language": _number(F.col("lang"), "language", budgets)}
    if settings.pair_shares:
        documents = documents.join(_pairs(inputs, budgets), "doc_id", "left")
        other = _number(F.lit(OTHER), "pair", budgets)
        budgets_of["pair"] = F.coalesce(F.col("pair_budget"), other)
    if settings.type_shares:
        budgets_of["type"] = F.col("type_budget")
    whole = [_charge(number, F.col("n_tokens")) for number in budgets_of.values()]
    charges = F.array(*whole)
    if settings.language_tokens == "segments":
        charges = F.concat(_by_segments(budgets), F.array(*whole[1:]))
    return documents.select(
        "doc_id",
        "lang",
        "n_tokens",
        F.array(*budgets_of.values()).alias("cell"),
        F.filter(charges, lambda one: one["budget"].isNotNull() & (one["tokens"] > 0)).alias(
            "charges"
        ),
        *(f"score_{name}" for name in scores),
        *(["template"] if settings.max_template_share < 1 else []),
    ).where(F.col("cell")[0].isNotNull())


def _figures(
    recipe: Recipe, budgets: Sequence[Budget], scores: Collection[str]
) -> dict[str, tuple[str, Column]]:
    """Columns to read from table `scores`: name -> score (column `method`) and value."""
    figures = {f"score_{name}": (name, F.col("score")) for name in scores}
    if recipe.select.type_shares:
        figures["type_budget"] = ("translation", _number(F.col("type"), "type", budgets))
    if recipe.select.max_template_share < 1:
        figures["template"] = ("translation", F.col("template"))
    return figures


def _scores(inputs: Inputs, figures: Mapping[str, tuple[str, Column]]) -> DataFrame:
    """A row for each document with the figures, in one pass over the table.

    Figures are numbers, since Spark aggregates strings and maps by sorting.
    """
    columns = [
        F.max(F.when(F.col("method") == method, figure)).alias(name)
        for name, (method, figure) in figures.items()
    ]
    needed = {method for method, _ in figures.values()}
    read = ("doc_id", "method", "score", "type", "template")
    scores = inputs.frame("scores", read).where(F.col("method").isin(*needed))
    return scores.groupBy("doc_id").agg(*columns)


def _charge(budget: Column, tokens: Column) -> Column:
    return F.struct(budget.alias("budget"), tokens.cast("int").alias("tokens"))


def _number(name: Column, kind: str, budgets: Sequence[Budget]) -> Column:
    """Number of the budget of that name; null where there is none."""
    found: Column = F.lit(None).cast("int")
    for number, budget in enumerate(budgets):
        if budget.kind == kind:
            found = F.when(name == budget.name, number).otherwise(found)
    return found


def _by_segments(budgets: Sequence[Budget]) -> Column:
    """Charge each language with its segments, and the main one also with those without budget."""
    own = {
        number: F.coalesce(F.col("spoken")[budget.name], F.lit(0)).cast("int")
        for number, budget in enumerate(budgets)
        if budget.kind == "language"
    }
    rest = F.col("n_tokens") - sum(own.values(), F.lit(0))
    return F.array(
        *(
            _charge(
                F.lit(number),
                tokens + F.when(F.col("lang") == budgets[number].name, rest).otherwise(0),
            )
            for number, tokens in own.items()
        )
    )


def _pairs(inputs: Inputs, budgets: Sequence[Budget]) -> DataFrame:
    """doc_id and pair_budget of documents whose best block is in two languages."""
    pairs = (
        inputs.frame("scores", ("doc_id", "method", "block"))
        .where("method = 'translation'")
        .select(
            "doc_id",
            F.col("block.start").alias("start"),
            F.array_sort(F.col("block.sides.lang")).alias("sides"),
        )
        .where("size(sides) = 2")
    )
    names = [F.concat_ws("-", "sides")]
    if any(">" in budget.name for budget in budgets):
        segments = inputs.frame("tokens", ("doc_id", "segment_ends", "segment_langs"))
        pairs = pairs.join(segments, "doc_id")
        first = F.filter(
            F.arrays_zip("segment_ends", "segment_langs"),
            lambda one: (
                (one["segment_ends"] > F.col("start"))
                & F.array_contains("sides", one["segment_langs"])
            ),
        )
        lead = F.get(first, F.lit(0))["segment_langs"]
        names.append(F.concat_ws(">", lead, F.array_remove("sides", lead)[0]))
    number = F.coalesce(*(_number(name, "pair", _alphabetical(budgets)) for name in names))
    return pairs.select("doc_id", number.alias("pair_budget"))


def _alphabetical(budgets: Sequence[Budget]) -> list[Budget]:
    """Budgets, with the languages of undirected pairs in alphabetical order."""
    return [
        one._replace(name="-".join(sorted(one.name.split("-")))) if one.kind == "pair" else one
        for one in budgets
    ]
