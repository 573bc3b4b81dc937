"""Budgets of an arm, and which of them a document is charged to.

A document uses the budget of its language, that of its language pair where `select.pair_shares`
lists any, and that of its type where `select.type_shares` lists it: with all of its tokens, or in
`select.language_tokens: segments` each language with its own. It is taken only where it fits all of
them. The pair is that of the best block, and its direction the language that comes first there
(`en>fr`: English above or before French).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.config import Config, SelectConfig
from pivotmine.errors import ConfigError
from pivotmine.stage import Inputs

OTHER = "other pairs, or none"
MAX_BUDGETS = 100_000
"""More than languages, pairs in both directions and types; bounds what the driver is sent."""


class Budget(NamedTuple):
    """Tokens that an arm may spend on some of the documents."""

    kind: str
    """language, pair or type"""

    name: str
    tokens: int


def plan_budgets(config: Config) -> list[Budget]:
    """What the recipe gives to languages, to pairs, and at most to types.

    Without language_shares every language gets the same, or, beside pair_shares, as much as pairs
    leave it.
    """
    settings = config.select
    total = settings.budget_tokens
    equal = dict.fromkeys(
        config.languages, 1.0 if settings.pair_shares else 1 / len(config.languages)
    )
    languages = {
        lang: share for lang, share in (settings.language_shares or equal).items() if share
    }
    budgets = [Budget("language", lang, round(total * s)) for lang, s in languages.items()]
    if settings.pair_shares:
        pairs = [Budget("pair", *item) for item in _shares(settings.pair_shares, total)]
        rest = round(total * max(1 - sum(settings.pair_shares.values()), 0.0))
        budgets += [*pairs, Budget("pair", OTHER, rest)]
    return budgets + [Budget("type", *item) for item in _shares(settings.type_shares, total)]


def _shares(shares: Mapping[Any, float], total: int) -> list[tuple[str, int]]:
    return [(name, round(total * share)) for name, share in shares.items()]


def charged_documents(
    inputs: Inputs, config: Config, budgets: Sequence[Budget], methods: Collection[str] = ()
) -> DataFrame:
    """Documents of languages with a budget: doc_id, lang, n_tokens, cell, charges, scores.

    `charges` lists budgets, by number, with tokens; documents of one `cell` are charged alike.
    Scores by the given methods are in columns `score_METHOD`, null where there is none. A page in
    two languages has often no language as a whole (of planted parallel pages, one in seven); it
    goes by the language of most of its segments, which is in its score of entropy.
    """
    settings = config.select
    tokens_of = F.transform(
        F.map_entries("spoken"), lambda entry: F.struct(entry["value"], entry["key"])
    )
    lang = F.when(F.col("lang").isin(*config.languages), F.col("lang")).otherwise(
        F.coalesce(F.array_max(tokens_of)["key"], F.col("lang"))
    )
    documents = inputs.frame("tokens").select("doc_id", "lang", "n_tokens")
    documents = documents.where("n_tokens >= 1").join(_scores(inputs, methods), "doc_id", "left")
    documents = documents.withColumn("lang", lang)
    budgets_of = {"language": _number(F.col("lang"), "language", budgets)}
    if settings.pair_shares:
        documents = documents.join(_pairs(inputs, budgets), "doc_id", "left")
        other = _number(F.lit(OTHER), "pair", budgets)
        budgets_of["pair"] = F.coalesce(F.col("pair_budget"), other)
    if settings.type_shares:
        budgets_of["type"] = _number(F.col("type"), "type", budgets)
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


def _scores(inputs: Inputs, methods: Collection[str]) -> DataFrame:
    """A row for each document, of all that arms ask of `scores`: it is gone through once."""
    scores = inputs.frame("scores").where(F.col("method").isin("entropy", "translation", *methods))

    def of(method: str, column: str, name: str) -> Column:
        value = F.when(F.col("method") == method, F.col(column))
        return F.first(value, ignorenulls=True).alias(name)

    return scores.groupBy("doc_id").agg(
        of("entropy", "evidence", "spoken"),
        of("translation", "type", "type"),
        of("translation", "template", "template"),
        *(of(method, "score", f"score_{method}") for method in methods),
    )


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


def check_budgets(
    inputs: Inputs, documents: DataFrame, budgets: Sequence[Budget], settings: SelectConfig
) -> None:
    """Say which budgets the corpus cannot fill.

    Raises
    ------
    ConfigError
        The recipe itself asks for the share of a language, or of a pair, that has no document.
    """
    n_tokens = spent(inputs, documents, budgets)
    for kind, setting in (("language", "language_shares"), ("pair", "pair_shares")):
        here = [(one, n) for one, n in zip(budgets, n_tokens, strict=True) if one.kind == kind]
        there = ", ".join(f"{one.name} ({n:,} tokens)" for one, n in sorted(here) if n)
        none = [one for one, n in here if not n and one.tokens and one.name != OTHER]
        if none and there and getattr(settings, setting):
            asked = ", ".join(f"{one.name} {one.tokens:,} tokens" for one in none)
            names = " or ".join(one.name for one in none)
            raise ConfigError(
                f"select.{setting} gives {asked}, but the corpus has no document of {names}; "
                f"{kind}s with documents are {there}"
            )
    for budget, held in sorted(zip(budgets, n_tokens, strict=True)):
        limits = budget.kind == "type" or (budget.kind == "language" and settings.pair_shares)
        if held < budget.tokens and not limits:
            inputs.note(
                f"{budget.name}: its share of the budget is {budget.tokens:,} tokens, but its "
                f"documents hold {held:,}: every arm takes what there is"
            )


def spent(inputs: Inputs, documents: DataFrame, budgets: Sequence[Budget]) -> list[int]:
    """Tokens that documents are charged with, by budget."""
    sums = (
        documents.select(F.inline("charges")).groupBy("budget").agg(F.sum("tokens").alias("tokens"))
    )
    rows = inputs.local(sums, MAX_BUDGETS).to_pylist()
    of = {row["budget"]: int(row["tokens"]) for row in rows}
    return [of.get(number, 0) for number in range(len(budgets))]


def least_left(limits: Sequence[int]) -> Column:
    """The smallest of the budgets that a document is charged to."""
    each = F.transform("charges", lambda one: F.get(_tokens(limits), one["budget"]))
    return F.array_min(each)


def fits(limits: Sequence[int]) -> Column:
    """Whether a document alone fits its budgets; longer ones would end the sums of all others."""
    return F.forall("charges", lambda one: one["tokens"] <= F.get(_tokens(limits), one["budget"]))


def _tokens(limits: Sequence[int]) -> Column:
    return F.array(*(F.lit(n).cast("long") for n in limits))
