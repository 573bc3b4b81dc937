"""The table of an evaluation, for a person."""

from __future__ import annotations

from rich.console import Console

from pivotmine.evaluate.bootstrap import Estimate
from pivotmine.evaluate.documents import DocumentEvaluation
from pivotmine.evaluate.links import ALL, Evaluation, Figure
from pivotmine.report import print_table

_HEADS = ("method", "P@1", "P@5", "pairs", "precision", "recall")


def print_evaluation(console: Console, found: Evaluation, strata: bool = False) -> None:
    """Every measure over all language pairs; with `strata` also by pair and frequency."""
    for kind in ("words", "copies"):
        figures = [
            figure
            for figure in found.figures
            if figure.kind == kind and (strata or {figure.lang_a, figure.stratum} == {ALL})
        ]
        by_part: dict[tuple[str, str, str], list[Figure]] = {}
        for figure in figures:
            by_part.setdefault((figure.lang_a, figure.lang_b, figure.stratum), []).append(figure)
        for (lang_a, lang_b, stratum), part in by_part.items():
            pair = "all language pairs" if lang_a == ALL else f"{lang_a}-{lang_b}"
            often = "" if stratum == ALL else f", in {stratum} mixed contexts"
            print_table(
                console,
                f"{kind}, {pair}{often}: {_asked(part)}",
                _HEADS,
                [_cells(figure) for figure in part],
                range(1, len(_HEADS)),
            )
    words = found.words
    console.print(
        f"\n{found.n_judged_links:,} of {found.n_links:,} links join two words that the truth "
        f"knows; the others hold a fragment or an unknown word, and are not judged.\n"
        f"{words.n_single_token_pairs:,} of {words.n_pairs:,} known translations have both words "
        "as single tokens.",
        soft_wrap=True,
    )


def print_documents(console: Console, found: DocumentEvaluation) -> None:
    """Separation by kind and length, a row for each method; then what budgets buy."""
    rows = found.separations
    methods = list(dict.fromkeys(row.method for row in rows))
    whole = rows[0].min_tokens, rows[0].max_tokens
    by_kind = [row for row in rows if (row.min_tokens, row.max_tokens) == whole]
    for title, part in (
        (
            "of each kind against untranslated pages",
            [row for row in by_kind if row.against == "untranslated"],
        ),
        *(
            (
                f"{rows[0].kind} against {against} pages, by length in tokens",
                [row for row in rows if (row.kind, row.against) == (rows[0].kind, against)],
            )
            for against in dict.fromkeys(row.against for row in rows)
        ),
    ):
        heads = [
            row.kind
            if part[0] in by_kind and part[1] in by_kind
            else f"{row.min_tokens}-{row.max_tokens}"
            for row in part
            if row.method == methods[0]
        ]
        cells = [
            (method, *(_estimate(row.auc) for row in part if row.method == method))
            for method in methods
        ]
        print_table(
            console,
            f"Area under the ROC curve, {title}",
            ("method", *heads),
            cells,
            range(1, len(heads) + 1),
        )
    heads = ["", "of the corpus", "documents", "template", "repeated", "untranslated", "links"]
    cells = [
        (
            row.method,
            *(f"{row.share_of_corpus:.1%}", f"{row.n_docs:,}", f"{row.template_share:.1%}"),
            *(f"{row.repeated_share:.1%}", f"{row.untranslated_share:.1%}", f"{row.n_links:,}"),
        )
        for row in found.spendings
    ]
    print_table(console, "What a budget buys, by share of its tokens", heads, cells, range(1, 7))


def _asked(figures: list[Figure]) -> str:
    n_queries = max(figure.n_queries for figure in figures)
    return f"{n_queries:,} words asked for, {figures[0].n_targets:,} translations wanted"


def _cells(figure: Figure) -> tuple[str, ...]:
    at_5 = figure.p_at_5.value
    return (
        figure.method,
        _estimate(figure.p_at_1),
        "" if at_5 is None else _share(at_5),
        f"{figure.n_pairs:,}",
        _estimate(figure.precision),
        _estimate(figure.recall),
    )


def _estimate(estimate: Estimate) -> str:
    """A share with its interval, short enough for four of them on a narrow terminal."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return ""
    return f"{_share(estimate.value)} ({_share(estimate.low)}-{_share(estimate.high)})"


def _share(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
