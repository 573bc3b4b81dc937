"""Nominal and true rates of links over seeds: `python -m bench.link_rates --seed 1 --seed 2`."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from bench.link_rates.mining import mine
from bench.link_rates.planted_contexts import Shape, planted_contexts
from pivotmine.recipe.linking import LinkConfig
from pivotmine.show.console import plain_console, run_app
from pivotmine.stages.link.rows_here import RowsHere
from pivotmine.stages.link.selection import Selected

NOMINAL = (0.01, 0.05, 0.1)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class TrueRate(NamedTuple):
    """What a nominal rate turned out to be."""

    n: int
    false: float
    """Share of the pairs that are not planted."""

    recall: float
    """Share of the planted pairs whose words both occur in 20 contexts."""

    measured: float
    """The rate by permutations, on which no truth was used."""

    standard_error: float


def true_rates(
    shape: Shape,
    seed: int,
    nominal: tuple[float, ...],
    strata: tuple[Literal["source", "size"], ...] = ("source", "size"),
) -> list[dict[str, TrueRate]]:
    """For each nominal rate, in ascending order, those of `links` and of those that prevail."""
    contexts = planted_contexts(shape, seed)
    settings = [LinkConfig(strata=strata, max_q_value=rate) for rate in nominal]
    mined = mine(contexts, shape.n_words, settings)
    n = np.bincount(contexts.token_ids, minlength=2 * shape.n_words).reshape(2, -1)
    return [_true_rates(found, shape.n_words, n.min(axis=0) >= 20) for found in mined]


def _true_rates(
    found: Selected[RowsHere], n_words: int, could: NDArray[np.bool_]
) -> dict[str, TrueRate]:
    rows = found.links.rows
    is_true = rows["b"].to_numpy() - rows["a"].to_numpy() == n_words
    rates = {}
    for name, taken, measured in (
        ("links", np.ones(len(is_true), np.bool_), found.rates),
        ("prevails", rows["prevails"].to_numpy(), found.prevailing_rates),
    ):
        right = np.zeros(n_words, np.bool_)
        right[rows["a"].to_numpy()[is_true & taken]] = True
        rate = measured["all", "all"]
        rates[name] = TrueRate(
            int(taken.sum()),
            1 - float(is_true[taken].mean()),
            float(right[could].mean()),
            rate.by_chance,
            rate.standard_error,
        )
    return rates


@app.command()
def main(
    seed: Annotated[list[int], typer.Option(help="Repeatable.")],
    scale: Annotated[float, typer.Option(help="Contexts, as a multiple.")] = 1.0,
) -> None:
    """Mine planted contexts at 1, 5 and 10 %, with strata and without; prints Markdown."""
    console = plain_console()
    shape = Shape()
    shape = shape._replace(contexts=tuple(round(scale * n) for n in shape.contexts))
    ways: tuple[tuple[Literal["source", "size"], ...], ...] = (("source", "size"), ("size",))
    for strata in ways:
        console.print(f"\nStrata: {', '.join(strata)}\n")
        console.print("| nominal | | false (mean, range over seeds) | measured | recall | pairs |")
        console.print("|---|---|---|---|---|---|")
        found = [true_rates(shape, number, NOMINAL, strata) for number in seed]
        for place, nominal in enumerate(NOMINAL):
            for name in ("links", "prevails"):
                of = [rates[place][name] for rates in found]
                false = [rate.false for rate in of]
                console.print(
                    f"| {nominal:.0%} | {name} | {np.mean(false):.2%} "
                    f"({min(false):.2%}-{max(false):.2%}) | "
                    f"{np.mean([rate.measured for rate in of]):.2%} | "
                    f"{np.mean([rate.recall for rate in of]):.3f} | "
                    f"{np.mean([rate.n for rate in of]):,.0f} |"
                )


if __name__ == "__main__":
    run_app(app)
