"""View Document: its text with the links that it realises, its scores, its arms."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pivotmine.ask.explain import Explanation, explain
from pivotmine.ask.spread import Lowest, Spread, arm_methods, lowest_taken, score_spreads
from pivotmine.ask.text import drawn_links, read_segments
from pivotmine.explore.charts import spread_chart
from pivotmine.explore.view import Asked, Unasked, View

_SEGMENTS_A_PAGE = 60
_MAX_DRAWN = 120
_MAX_LINKS_LISTED = 60


def document(asked: Asked) -> View:
    """Values: `id` of a document or its beginning, `from` the first segment to show, from 1.

    Raises
    ------
    Unasked
        No document is named.
    LakeError
        No document has the id, several begin with it, or it has no scores yet.
    """
    doc_id = asked.text("id")
    if not doc_id:
        raise Unasked(
            "name a document: the view Lines lists documents by their words, and tables documents, "
            "scores and selection have their ids"
        )
    connection = asked.connection
    found = explain(connection, doc_id)
    segments = read_segments(connection, found.doc_id)
    first = asked.number("from", _first(segments) + 1, max(len(segments), 1)) - 1
    spreads = asked.opened.remember("spreads", lambda: score_spreads(connection))
    lowest = asked.opened.remember("lowest", lambda: lowest_taken(connection))
    methods = asked.opened.remember("arm methods", lambda: arm_methods(connection))
    ends = drawn_links(segments, found.links, _MAX_DRAWN)
    shown = segments[first : first + _SEGMENTS_A_PAGE]
    scores = {method: score for method, score, _ in found.scores}
    return View(
        "document",
        f"{found.source or 'Document'} {found.doc_id[:12]}",
        {
            "found": found,
            "found_langs": list(dict.fromkeys(segment.lang for segment in shown)),
            "segments": [(segment, segment.pieces(ends)) for segment in shown],
            "n_segments": len(segments),
            "from_segment": first,
            "page_size": _SEGMENTS_A_PAGE,
            "listed": list(enumerate(found.links))[:_MAX_LINKS_LISTED],
            "scores": [_score(*row, spreads) for row in found.scores],
            "charts": [
                spread_chart(spread, scores[spread.method])
                for spread in spreads
                if spread.method in scores
            ],
            "places": found.places,
            "missed": _missed(found, scores, methods, lowest),
        },
        {
            "links": found.links.to_arrow(),
            "segments": _as_table(segments),
            "scores": pa.table({"method": list(scores), "score": list(scores.values())}),
        },
        ("vega",),
    )


def _first(segments: list[Any]) -> int:
    """The segment to begin with: two before the best block."""
    block = next((segment.number for segment in segments if segment.in_block), 0)
    return max(block - 2, 0) if block >= _SEGMENTS_A_PAGE - 10 else 0


def _as_table(segments: list[Any]) -> pa.Table:
    names = ("number", "lang", "in_block", "text")
    return pa.table({name: [getattr(one, name) for one in segments] for name in names})


def _score(
    method: str, score: float, evidence: dict[str, float], spreads: tuple[Spread, ...]
) -> dict[str, Any]:
    below = next((one.share_below(score) for one in spreads if one.method == method), None)
    return {"method": method, "score": score, "evidence": evidence, "below": below}


def _missed(
    found: Explanation,
    scores: dict[str, float],
    methods: dict[str, str],
    lowest: tuple[Lowest, ...],
) -> list[tuple[str, str]]:
    """Arms that did not take the document, and what is known of why."""
    taken = {arm for arm, *_ in found.places}
    least = {(one.arm, one.lang): one.score for one in lowest}
    return [
        (arm, _why_not(method, scores, least.get((arm, found.lang)), found.lang))
        for arm, method in methods.items()
        if arm not in taken
    ]


def _why_not(method: str, scores: dict[str, float], least: float | None, lang: str) -> str:
    if method not in scores:
        return f"it takes documents by {method}, not by a score of each document"
    own = f"its score {method} is {scores[method]:.4g}"
    if least is None:
        return f"{own}; the arm took no document of {lang}"
    if scores[method] < least:
        return f"{own}; the lowest one that the arm took in {lang} is {least:.4g}"
    return f"{own}, enough for {lang} ({least:.4g}); another limit or its length left it out"
