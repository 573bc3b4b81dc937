"""Budgets of an arm: what the recipe gives, what the corpus can fill, what is spent.

`charges.py` charges documents to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.errors import ConfigError
from pivotmine.recipe import Recipe, SelectConfig

OTHER = "other pairs, or none"
MAX_BUDGETS = 100_000
"""More than there are languages, directed pairs and types; bounds what the driver is sent."""


class Budget(NamedTuple):
    """Tokens that an arm may spend on some of the documents."""

    kind: str
    """language, pair or type"""

    name: str
    tokens: int


def plan_budgets(recipe: Recipe) -> list[Budget]:
    """Budgets of languages and pairs, and the limits of types.

    Without language_shares all languages get equal parts; with pair_shares, the whole budget each.
    """
    settings = recipe.select
    total = settings.budget_tokens
    equal = dict.fromkeys(
        recipe.languages, 1.0 if settings.pair_shares else 1 / len(recipe.languages)
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


def check_budgets(
    inputs: Inputs, documents: DataFrame, budgets: Sequence[Budget], settings: SelectConfig
) -> None:
    """Note the budgets that the corpus cannot fill.

    Raises
    ------
    ConfigError
        The recipe gives a share to a language, or a pair, without documents.
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
            there = f"its documents hold {held:,}: every arm takes all of them"
            inputs.note(
                f"{budget.name}: its share of the budget is {budget.tokens:,} tokens, but "
                f"{there if held else 'the corpus has no document of it'}"
            )


def note_small_budgets(
    inputs: Inputs, documents: DataFrame, budgets: Sequence[Budget], settings: SelectConfig
) -> None:
    """Note the budgets that are below every document that is charged to them."""
    charged = documents.select(F.inline("charges")).groupBy("budget")
    shortest = charged.agg(F.min("tokens").alias("tokens"))
    for row in inputs.local(shortest.orderBy("budget"), MAX_BUDGETS).to_pylist():
        budget = budgets[row["budget"]]
        if 0 < budget.tokens < row["tokens"]:
            inputs.note(
                f"{budget.name}: its share of the budget is {budget.tokens:,} tokens, and its "
                f"shortest document takes {row['tokens']:,}: no arm can hold one. Raise "
                f"select.budget_tokens ({settings.budget_tokens:,})"
            )


def spent(inputs: Inputs, documents: DataFrame, budgets: Sequence[Budget]) -> list[int]:
    """Tokens charged to each budget."""
    sums = (
        documents.select(F.inline("charges")).groupBy("budget").agg(F.sum("tokens").alias("tokens"))
    )
    rows = inputs.local(sums, MAX_BUDGETS).to_pylist()
    of = {row["budget"]: int(row["tokens"]) for row in rows}
    return [of.get(number, 0) for number in range(len(budgets))]


def least_left(limits: Sequence[int]) -> Column:
    """The smallest budget that a document is charged to."""
    each = F.transform("charges", lambda one: F.get(_tokens(limits), one["budget"]))
    return F.array_min(each)


def fits(limits: Sequence[int]) -> Column:
    """Whether a document alone fits its budgets. One that does not would end a running sum."""
    return F.forall("charges", lambda one: one["tokens"] <= F.get(_tokens(limits), one["budget"]))


def _tokens(limits: Sequence[int]) -> Column:
    return F.array(*(F.lit(n).cast("long") for n in limits))
