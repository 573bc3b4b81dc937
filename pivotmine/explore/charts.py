"""The charts of the views, drawn by `pivotmine.show.look`: a headline with the finding, and SVG."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from markupsafe import Markup

from pivotmine.ask.arm_growth import Growth
from pivotmine.ask.corpus import Delivery, LanguagePair, LanguageSize, Mixture
from pivotmine.ask.model_runs import LayerMass
from pivotmine.ask.spread import Spread
from pivotmine.show.look import charts
from pivotmine.show.look.curves import Line, histogram, lines
from pivotmine.show.look.page import figure

_STEPS = 25


def spread_chart(spread: Spread, score: float) -> Markup:
    """The documents of the corpus by a score, with the place of one document."""
    n = len(spread.counts)
    width = (spread.high - spread.low) / n or 1.0 / n
    edges = [spread.low + number * width for number in range(n + 1)]
    spec = histogram(edges, spread.counts, spread.method, marker=score, marker_name="this document")
    share = spread.share_below(score)
    return figure(spec, f"{spread.method}: higher than {share:.0%} of documents", beside=True)


def growth_chart(growth: Sequence[Growth], arms: Sequence[str]) -> Markup:
    """Distinct links against tokens, a line an arm."""
    longest = max((one.n_tokens for one in growth), default=0)
    at = [longest * step / _STEPS for step in range(_STEPS + 1)]
    drawn = []
    for arm in arms:
        places = [(0, 0)] + [(one.n_tokens, one.n_links) for one in growth if one.arm == arm]
        values = [_between(places, tokens) for tokens in at]
        drawn.append(Line(arm, values, [None] * len(at), [None] * len(at)))
    ends = {one.arm: one.n_links for one in growth}
    most = max(ends, key=lambda arm: ends[arm], default="")
    said = f"{most} realises most links: {ends[most]:,}." if most else "No arm holds a document."
    note = "Documents in the order of the arm, which is random."
    return figure(lines(drawn, at, "distinct links", "tokens", named=arms), said, note)


def _between(places: Sequence[tuple[int, int]], tokens: float) -> float | None:
    """The links at a number of tokens, on the line between two places; None beyond the last."""
    after = bisect_left(places, (tokens, 0))
    if after == 0:
        return float(places[0][1])
    # The last place of an arm may lie a hair below the last step of the longest.
    if after == len(places):
        return float(places[-1][1]) if tokens <= places[-1][0] * 1.01 else None
    (x, y), (right, up) = places[after - 1], places[after]
    return y + (up - y) * (tokens - x) / (right - x) if right > x else float(up)


def languages_chart(sizes: Sequence[LanguageSize]) -> Markup:
    """Tokens in segments of each language."""
    rows = [charts.Estimate(one.lang, float(one.n_tokens), series=one.lang) for one in sizes]
    total = sum(one.n_tokens for one in sizes) or 1
    said = f"{sizes[0].lang} has {sizes[0].n_tokens / total:.0%} of the tokens." if sizes else ""
    return figure(charts.bars(rows, "tokens in its segments", form=",.0f"), said)


def mixture_chart(mixtures: Sequence[Mixture]) -> Markup:
    """Documents by the number of languages of their segments."""
    names = {one.n_langs: str(one.n_langs) for one in mixtures} | {5: "5 or more"}
    rows = [charts.Estimate(names[one.n_langs], float(one.n_docs)) for one in mixtures]
    mixed = sum(one.n_docs for one in mixtures if one.n_langs > 1)
    share = mixed / (sum(one.n_docs for one in mixtures) or 1)
    return figure(
        charts.bars(rows, "documents", form=",.0f"),
        f"{share:.0%} of the documents hold several languages.",
        "Number of languages of the segments of a document; undetermined ones are left out.",
    )


def pairs_chart(pairs: Sequence[LanguagePair]) -> Markup:
    """A matrix of languages: how many links that prevail join them."""
    names = sorted({lang for one in pairs for lang in (one.lang_a, one.lang_b)})
    n_links = {frozenset((one.lang_a, one.lang_b)): one.n_prevail for one in pairs}
    rows = [
        (row, [float(n_links.get(frozenset((row, column)), 0)) or None for column in names])
        for row in names
    ]
    top = max(n_links.values(), default=0) or 1
    most = max(pairs, key=lambda one: one.n_prevail)
    said = f"{most.lang_a} and {most.lang_b} are linked most: {most.n_prevail:,} links prevail."
    bridged = [one for one in pairs if not one.n_prevail and one.n_bridges]
    if bridged:
        said += f" {len(bridged)} of {len(pairs)} pairs are joined by bridges alone."
    note = "Number of links that prevail; empty where there is none."
    return figure(charts.matrix(names, rows, form=",.0f", top=top), said, note)


def deliveries_chart(deliveries: Sequence[Delivery]) -> Markup:
    """Documents after each delivery."""
    total, rows = 0, []
    for one in deliveries:
        total += one.n_docs
        rows.append(charts.Estimate(one.ingest_id, float(total)))
    said = f"{len(deliveries)} deliveries brought {total:,} documents."
    return figure(charts.bars(rows, "documents so far", form=",.0f"), said)


def layers_chart(layers: Sequence[LayerMass], lens: str) -> Markup:
    """Probability of each role's words by layer, a line with its band."""
    at = sorted({one.layer for one in layers})
    roles = [role for role in dict.fromkeys(one.role for one in layers) if ":gap" not in role]
    drawn = []
    for role in roles:
        own = {one.layer: one for one in layers if one.role == role}
        bands = [own.get(layer) for layer in at]
        drawn.append(
            Line(
                role,
                *(
                    [getattr(band, name) if band else None for band in bands]
                    for name in ("mean", "low", "high")
                ),
            )
        )
    peak = max((one for one in layers if one.mean is not None), key=lambda one: one.mean or 0.0)
    said = f"{lens} lens: words of {peak.role} are likeliest at layer {peak.layer}."
    return figure(
        lines(drawn, at, "mean probability", "layer", within=(0, 1)),
        said,
        "Mean over the words of the direction, with its 95 % interval.",
    )
