"""Select: documents for each arm under a token budget.

Every arm takes documents in the order of its method until the budgets are spent: those of languages
(`stages/select/budgets.py`), so that arms differ in which documents they hold and not in how
much of a language, and on request those of language pairs and types. Ties and the order inside an
arm go by a hash of the document id. `links_coverage` takes documents for what they add to those
already taken (`pivotmine/stages/select/cover.py`).

The result depends on the corpus and the recipe, and on no partitioning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.recipe import ArmConfig, Recipe
from pivotmine.sources.files import list_files
from pivotmine.stages.select.best_first import (
    COLUMNS,
    check_limits,
    listed_documents,
    match_lengths,
    scored_documents,
    take_best,
    within_limits,
)
from pivotmine.stages.select.budgets import Budget, check_budgets, fits, plan_budgets, spent
from pivotmine.stages.select.charges import charged_documents
from pivotmine.stages.select.cover import covering_documents
from pivotmine.stages.select.placement import in_order, with_epochs, with_places

SCORE_OF_METHOD = {
    "density": "he2025",
    "entropy": "entropy",
    "coverage": "links",
    "translation": "translation",
    "links_coverage": "translation",
}
"""Which score a selection method goes by, of those that go by one."""

_MIN_LEFT_SHARE = 0.01
"""Share of a budget that must be left for documents without links to be looked for."""


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """All arms, in one table."""
    budgets = plan_budgets(recipe)
    scores = sorted({SCORE_OF_METHOD.get(arm.method, "") for arm in recipe.select.arms} - {""})
    documents = charged_documents(inputs, recipe, budgets, scores)
    if recipe.select.max_source_share < 1:
        documents = documents.join(inputs.frame("documents").select("doc_id", "source"), "doc_id")
    # Read by every arm, and made of several tables.
    documents = inputs.checkpoint(documents, "charged")
    check_budgets(inputs, documents, budgets, recipe.select)
    check_limits(inputs, documents, budgets, recipe)
    needed = {name for arm in recipe.select.arms for name in arm.needs}
    arms: dict[str, DataFrame] = {}
    for arm in recipe.select.arms_in_order():
        limits = [budget.tokens for budget in budgets]
        if arm.tokens_of:
            limits = spent(inputs, arms[arm.tokens_of], budgets)
        if arm.method == "links_broken":
            reason = F.lit(f"{arm.reference}, links broken")
            taken = arms[str(arm.reference)].withColumn("reason", reason)
        else:
            taken = _arm(inputs, documents.where(fits(limits)), arm, arms, limits, recipe)
            once = recipe.select.max_epochs == 1 or arm.reference is not None
            taken = (
                taken.withColumn("epoch", F.lit(0))
                if once
                else with_epochs(inputs, taken, budgets, limits, arm.name, recipe.select)
            )
        if arm.name in needed:
            taken = inputs.checkpoint(taken, f"arm-{arm.name}")
        arms[arm.name] = taken
    named = [
        with_places(inputs, rows.withColumn("arm", F.lit(arm.name)), arm, recipe)
        for arm in recipe.select.arms
        for rows in (arms[arm.name],)
    ]
    # Read more than once from here on, and dear to compute.
    selected = inputs.checkpoint(reduce(DataFrame.unionByName, named), "selected")
    _report_shortfalls(inputs, selected, budgets, recipe)
    return {"selection": in_order(selected)}


def _arm(
    inputs: Inputs,
    documents: DataFrame,
    arm: ArmConfig,
    arms: dict[str, DataFrame],
    limits: Sequence[int],
    recipe: Recipe,
) -> DataFrame:
    """The documents of an arm: `COLUMNS`."""
    if arm.method == "length_matched":
        return match_lengths(documents, arms[str(arm.reference)], recipe)
    if arm.method == "links_coverage":
        return _cover(inputs, documents, arm, limits, recipe)
    candidates = documents.withColumn("score", F.lit(0.0))
    reason = F.lit("random")
    if arm.method == "oracle":
        candidates = listed_documents(inputs, candidates, arm)
        reason = F.lit("listed in the truth")
    elif score := SCORE_OF_METHOD.get(arm.method):
        candidates = scored_documents(documents, score)
        reason = F.format_string(f"{score} score %.4f", "score")
    candidates = within_limits(inputs, candidates, limits, arm.name, recipe)
    return take_best(candidates, limits, recipe).withColumn("reason", reason).select(*COLUMNS)


def _cover(
    inputs: Inputs, documents: DataFrame, arm: ArmConfig, limits: Sequence[int], recipe: Recipe
) -> DataFrame:
    """Documents that cover most links; what is left of the budgets goes to others, drawn."""
    candidates = scored_documents(documents, SCORE_OF_METHOD[arm.method])
    candidates = within_limits(inputs, candidates, limits, arm.name, recipe)
    covering, left = covering_documents(inputs, candidates, limits, arm.name, recipe)
    taken = documents.join(covering, "doc_id").withColumn(
        "reason", F.format_string("%d new links, gain %.4f", "new_links", "gain")
    )
    if all(n <= _MIN_LEFT_SHARE * limit for n, limit in zip(left, limits, strict=True)):
        return taken.select(*COLUMNS)
    others = candidates.join(covering, "doc_id", "left_anti").where(fits(left))
    more = take_best(others.withColumn("score", F.lit(0.0)), left, recipe)
    more = more.withColumn("reason", F.lit("no new links, drawn"))
    return taken.select(*COLUMNS).unionByName(more.select(*COLUMNS))


def _report_shortfalls(
    inputs: Inputs, selected: DataFrame, budgets: Sequence[Budget], recipe: Recipe
) -> None:
    """Say which arms could not spend a language's share, though others could."""
    if recipe.select.pair_shares or recipe.select.language_tokens == "segments":
        return
    languages = {budget.name: budget.tokens for budget in budgets if budget.kind == "language"}
    sums = selected.groupBy("arm", "lang").agg(F.sum("n_tokens").alias("n_tokens"))
    rows = inputs.local(sums, len(recipe.select.arms) * len(languages)).to_pylist()
    held = {(row["arm"], row["lang"]): row["n_tokens"] for row in rows}
    for arm in recipe.select.arms:
        missing = []
        for lang, tokens in sorted(languages.items()):
            n_tokens = held.get((arm.name, lang), 0)
            most = max(held.get((other.name, lang), 0) for other in recipe.select.arms)
            if n_tokens < 0.9 * most:
                missing.append(f"{lang} {n_tokens:,} of {tokens:,} tokens")
        if missing and not arm.needs:
            inputs.note(
                f"arm {arm.name} holds {', '.join(missing)}, less than others; give the others "
                f"`tokens_of: {arm.name}` to compare them at equal tokens"
            )


def external(recipe: Recipe) -> Any:
    """The files that oracles read, with size and time stamp."""
    uris = {arm.truth for arm in recipe.select.arms if isinstance(arm.truth, str)}
    return [list_files([uri]) for uri in sorted(uris)]


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Documents in, places in arms out."""
    return Tally(rows.read["tokens"], rows.written["selection"], conserved=False)


STAGE = Stage(
    name="select",
    doc="documents for each arm under the token budget",
    reads=("tokens", "scores", "documents", "links"),
    writes=("selection",),
    sections=("languages", "score", "select"),
    run=run,
    tally=tally,
    external=external,
)
