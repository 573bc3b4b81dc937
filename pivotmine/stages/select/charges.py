"""Which budgets a document is charged to, and what arms ask of its scores.

A document uses the budget of its language, that of its language pair where `select.pair_shares`
lists any, and that of its type where `select.type_shares` lists it: with all of its tokens, or in
`select.language_tokens: segments` each language with its own. It is taken only where it fits all of
them. The pair is that of the best block, and its direction the language that comes first there
(`en>fr`: English above or before French).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.recipe import Recipe
from pivotmine.stages.select.budgets import OTHER, Budget


def charged_documents(
    inputs: Inputs, recipe: Recipe, budgets: Sequence[Budget], methods: Collection[str] = ()
) -> DataFrame:
    """Documents of languages with a budget: doc_id, lang, n_tokens, cell, charges, scores.

    `charges` lists budgets, by number, with tokens; documents of one `cell` are charged alike.
    Scores by the given methods are in columns `score_METHOD`, null where there is none. A page in
    two languages has often no language as a whole (of planted parallel pages, one in seven); it
    goes by the language of most of its segments, which is in its score of entropy.
    """
    settings = recipe.select
    documents = inputs.frame("tokens").select("doc_id", "lang", "n_tokens").where("n_tokens >= 1")
    documents = documents.join(_scores(inputs, recipe, budgets, methods), "doc_id", "left")
    mostly = F.get(_languages(recipe), F.col("mostly") - 1)
    lang = F.when(F.col("lang").isin(*recipe.languages), F.col("lang")).otherwise(
        F.coalesce(mostly, F.col("lang"))
    )
    documents = documents.withColumn("lang", lang)
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
        *(f"score_{method}" for method in methods),
        *(["template"] if settings.max_template_share < 1 else []),
    ).where(F.col("cell")[0].isNotNull())


def _scores(
    inputs: Inputs, recipe: Recipe, budgets: Sequence[Budget], methods: Collection[str]
) -> DataFrame:
    """A row for each document, of all that arms ask of `scores`: it is gone through once.

    Numbers where they do, as Spark sums up strings and maps by sorting them.
    """
    settings = recipe.select
    tokens_of = F.transform(
        F.map_entries("evidence"), lambda entry: F.struct(entry["value"], entry["key"])
    )
    mostly = F.array_position(_languages(recipe), F.array_max(tokens_of)["key"])
    figures = {f"score_{method}": (method, F.col("score")) for method in methods}
    figures["mostly"] = ("entropy", mostly)
    if settings.type_shares:
        figures["type_budget"] = ("translation", _number(F.col("type"), "type", budgets))
    if settings.max_template_share < 1:
        figures["template"] = ("translation", F.col("template"))
    columns = [
        F.max(F.when(F.col("method") == method, figure)).alias(name)
        for name, (method, figure) in figures.items()
    ]
    if settings.language_tokens == "segments":
        spoken = F.when(F.col("method") == "entropy", F.col("evidence"))
        columns.append(F.first(spoken, ignorenulls=True).alias("spoken"))
    needed = {method for method, _ in figures.values()}
    scores = inputs.frame("scores").where(F.col("method").isin(*needed))
    return scores.groupBy("doc_id").agg(*columns)


def _languages(recipe: Recipe) -> Column:
    return F.array(*map(F.lit, recipe.languages))


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
    """Tokens of segments to their languages; those of no language with a budget to the main one."""
    own = {
        number: F.coalesce(F.col("spoken")[budget.name], F.lit(0.0)).cast("int")
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
    """doc_id and pair_budget of documents whose best block is of two languages that are listed."""
    sides = F.array_sort(
        F.transform(
            F.filter(F.map_keys("evidence"), lambda key: key.startswith("covered_")),
            lambda key: F.substring(key, len("covered_") + 1, 99),
        )
    )
    pairs = (
        inputs.frame("scores")
        .where("method = 'translation'")
        .withColumn("sides", sides)
        .where("size(sides) = 2")
    )
    names = [F.concat_ws("-", "sides")]
    if any(">" in budget.name for budget in budgets):
        segments = inputs.frame("tokens").select("doc_id", "segment_ends", "segment_langs")
        pairs = pairs.join(segments, "doc_id")
        first = F.filter(
            F.arrays_zip("segment_ends", "segment_langs"),
            lambda one: (
                (one["segment_ends"] > F.col("evidence")["block_start"])
                & F.array_contains("sides", one["segment_langs"])
            ),
        )
        lead = F.get(first, F.lit(0))["segment_langs"]
        names.append(F.concat_ws(">", lead, F.array_remove("sides", lead)[0]))
    number = F.coalesce(*(_number(name, "pair", _alphabetical(budgets)) for name in names))
    return pairs.select("doc_id", number.alias("pair_budget"))


def _alphabetical(budgets: Sequence[Budget]) -> list[Budget]:
    """Pairs of both directions by their languages in the order of the alphabet."""
    return [
        one._replace(name="-".join(sorted(one.name.split("-")))) if one.kind == "pair" else one
        for one in budgets
    ]
