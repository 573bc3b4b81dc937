"""Tables of what was judged, for a person."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from rich.console import Console

from pivotmine.judge.bridges import BridgeFigure
from pivotmine.judge.documents import DocumentEvaluation, Separation
from pivotmine.judge.figures import ALL
from pivotmine.judge.links import Evaluation, Figure
from pivotmine.judge.pivots import CLASSES, JudgedPivot, share_of
from pivotmine.judge.ranking import PREVALENCE
from pivotmine.judge.retrieval import Retrieval
from pivotmine.numeric.bootstrap import Interval
from pivotmine.show.tables import print_table

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
    """Separation by kind, pair and length, a row for each method; then what budgets buy."""
    rows = found.separations
    whole = {(row.min_tokens, row.max_tokens) for row in rows[:1]}
    for against in dict.fromkeys(row.against for row in rows):
        part = [row for row in rows if row.against == against]
        of_all = [row for row in part if (row.min_tokens, row.max_tokens) in whole]
        first = part[0].kind
        for title, asked, measure in (
            (f"Area under the ROC curve, against {against} pages", of_all, "auc"),
            (
                f"Average precision, {PREVALENCE:.0%} sought, against {against} pages",
                of_all,
                "average_precision",
            ),
            (
                f"Area under the ROC curve, {first} against {against} pages, by tokens",
                [row for row in part if (row.kind, row.part) == (first, ALL)],
                "auc",
            ),
        ):
            by_method: dict[str, dict[str, str]] = {}
            for row in asked:
                cell = _estimate(getattr(row.ranking, measure))
                by_method.setdefault(row.method, {})[_asked_of(row, asked is not of_all)] = cell
            heads = list(next(iter(by_method.values())))
            lines = [(method, *by_head.values()) for method, by_head in by_method.items()]
            print_table(console, title, ("method", *heads), lines, range(1, len(heads) + 1))
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


def print_retrieval(console: Console, found: Sequence[Retrieval]) -> None:
    """Translations retrieved from each arm: all together, then P@1 by direction."""
    cells = [
        (row.arm, f"{row.n_tokens:,}", f"{row.held:.1%}", *map(_estimate, (row.p_at_1, row.p_at_5)))
        for row in found
        if row.lang_a == ALL
    ]
    asked = next((row.n_queries for row in found if row.lang_a == ALL), 0)
    title = f"{asked:,} words looked up in vectors of each arm"
    print_table(console, title, ("arm", "tokens", "held", "P@1", "P@5"), cells, range(1, 5))
    ways = list(dict.fromkeys((row.lang_a, row.lang_b) for row in found if row.lang_a != ALL))
    p_at_1 = {(row.arm, row.lang_a, row.lang_b): _estimate(row.p_at_1) for row in found}
    lines = [(arm, *(p_at_1[arm, *way] for way in ways)) for arm, *_ in cells]
    heads = ("arm", *(f"{a} to {b}" for a, b in ways))
    print_table(console, "P@1 by direction", heads, lines, range(1, len(heads)))


def print_bridge_figures(console: Console, figures: Sequence[BridgeFigure]) -> None:
    """One table a direction."""
    for way in dict.fromkeys((figure.lang_a, figure.lang_c) for figure in figures):
        of_way = [figure for figure in figures if (figure.lang_a, figure.lang_c) == way]
        asked = of_way[0]
        title = "all directions" if way[0] == ALL else f"{way[0]} to {way[1]}"
        print_table(
            console,
            f"{title}: {asked.n_words:,} words queried, {asked.n_pairs:,} pairs with a bridge",
            ("method", "first is right", "of five", "bridge is right", "of five"),
            [_bridge_cells(figure) for figure in of_way],
            range(1, 5),
        )


def print_judged_pivots(console: Console, pivots: Sequence[JudgedPivot]) -> None:
    """A table a method, then the share of each."""
    shares = share_of(pivots)
    for method, _, _ in shares:
        cells = [
            (
                str(pivot.rank),
                pivot.token,
                pivot.lang,
                pivot.kind,
                f"{pivot.score:.2f}",
                f"{pivot.degree:,}",
                " ".join(pivot.languages),
                " ".join(pivot.partners),
            )
            for pivot in pivots
            if pivot.method == method
        ]
        heads = ("rank", "token", "lang", "class", "score", "degree", "reaches", "partners")
        print_table(console, f"Pivots, method {method}", heads, cells, (0, 4, 5))
    totals = [
        (method, *(str(counts[kind]) for kind in CLASSES), _percent(share))
        for method, counts, share in shares
    ]
    print_table(console, "", ("method", *CLASSES, "no content"), totals, range(1, 6))


def _bridge_cells(figure: BridgeFigure) -> tuple[str, ...]:
    return (
        figure.method,
        _estimate(figure.first),
        _share(figure.among_5.mean),
        _estimate(figure.bridge_first),
        _share(figure.bridge_among_5.mean),
    )


def _percent(share: Interval) -> str:
    return f"{share.mean:.0%} ({share.low:.0%}-{share.high:.0%})"


def _asked_of(row: Separation, by_length: bool) -> str:
    if by_length:
        return f"{row.min_tokens}-{row.max_tokens}"
    return row.kind if row.part == ALL else row.part


def _asked(figures: list[Figure]) -> str:
    n_queries = max(figure.n_queries for figure in figures)
    return f"{n_queries:,} words queried, {figures[0].n_targets:,} translations to find"


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.method,
        _estimate(figure.p_at_1),
        _share(figure.p_at_5.mean),
        f"{figure.n_pairs:,}",
        _estimate(figure.precision),
        _estimate(figure.recall),
    )


def _estimate(estimate: Interval) -> str:
    """A share with its interval, short enough for four of them on a narrow terminal."""
    ends = f" ({_share(estimate.low)}-{_share(estimate.high)})" if estimate.is_known else ""
    return _share(estimate.mean) + ends


def _share(value: float) -> str:
    return "" if isnan(value) else f"{value:.3f}".removeprefix("0")
