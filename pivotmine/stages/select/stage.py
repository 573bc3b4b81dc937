"""Select: documents for each arm under a token budget.

Every arm takes documents by its method (`methods.py`) until its budgets are spent. Languages have
budgets (`budgets.py`), so that arms differ in their documents and not in the size of a language; so
may language pairs and types. Ties and the order inside an arm go by a hash of the document id. The
result depends on the corpus and the recipe, not on the partitioning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.recipe import ArmConfig, Recipe
from pivotmine.sources.files import list_files
from pivotmine.stages.select.best_first import check_limits
from pivotmine.stages.select.budgets import (
    Budget,
    check_budgets,
    fits,
    note_small_budgets,
    plan_budgets,
    spent,
)
from pivotmine.stages.select.charges import charged_documents
from pivotmine.stages.select.choice import Choice
from pivotmine.stages.select.methods import ByScore
from pivotmine.stages.select.placement import in_order, with_epochs, with_places


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """All arms, in one table."""
    budgets = plan_budgets(recipe)
    documents = _candidates(inputs, recipe, budgets)
    check_budgets(inputs, documents, budgets, recipe.select)
    note_small_budgets(inputs, documents, budgets, recipe.select)
    check_limits(inputs, documents, budgets, recipe)
    needed = {name for arm in recipe.select.arms for name in arm.needs}
    arms: dict[str, DataFrame] = {}
    for arm in recipe.select.arms_in_order():
        limits = [budget.tokens for budget in budgets]
        if arm.tokens_of:
            limits = spent(inputs, arms[arm.tokens_of], budgets)
        choice = Choice(inputs, recipe, arm, documents.where(fits(limits)), limits, arms)
        taken = _method(arm).select(choice)
        if "epoch" not in taken.columns:
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
        with_places(inputs, arms[arm.name].withColumn("arm", F.lit(arm.name)), arm, recipe)
        for arm in recipe.select.arms
    ]
    # Expensive to compute, and read more than once from here on.
    selected = inputs.checkpoint(reduce(DataFrame.unionByName, named), "selected")
    _report_empty(inputs, selected, recipe)
    _report_shortfalls(inputs, selected, budgets, recipe)
    return {"selection": in_order(selected)}


def _candidates(inputs: Inputs, recipe: Recipe, budgets: Sequence[Budget]) -> DataFrame:
    """All documents with a budget, and the columns that methods use; read by every arm."""
    methods = {arm.method for arm in recipe.select.arms}
    scores = sorted({score for method in methods for score in plugins.selection_scores(method)})
    columns = {
        column
        for method in methods.difference(plugins.SCORES.names())
        for column in plugins.SELECTIONS.facts(method).columns
    }
    if recipe.select.max_source_share < 1:
        columns.add("source")
    documents = charged_documents(inputs, recipe, budgets, scores)
    if columns:
        wanted = inputs.frame("documents", ("doc_id", *sorted(columns)))
        documents = documents.join(wanted, "doc_id")
    return inputs.checkpoint(documents, "charged")


def _method(arm: ArmConfig) -> Any:
    if arm.method in plugins.SCORES:
        return ByScore(arm.method)
    return plugins.SELECTIONS[arm.method].make(arm.options)


def _report_empty(inputs: Inputs, selected: DataFrame, recipe: Recipe) -> None:
    """Note the arms that hold no document."""
    held = inputs.local(selected.select("arm").distinct(), len(recipe.select.arms))
    names = [arm.name for arm in recipe.select.arms if arm.name not in held["arm"].to_pylist()]
    if names:
        which = "every arm is" if len(names) == len(recipe.select.arms) else "these arms are"
        inputs.note(f"WARNING: {which} empty: {', '.join(names)}")


def _report_shortfalls(
    inputs: Inputs, selected: DataFrame, budgets: Sequence[Budget], recipe: Recipe
) -> None:
    """Note the arms that could not spend a language's budget though other arms could."""
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


def modules(recipe: Recipe) -> list[str]:
    """Modules of the arms' selection methods; methods by score read table `scores` alone."""
    methods = {arm.method for arm in recipe.select.arms} - set(plugins.SCORES.names())
    return [plugins.SELECTIONS.module(method) for method in methods]


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
    runs_kernels=True,
    external=external,
    modules=modules,
)
