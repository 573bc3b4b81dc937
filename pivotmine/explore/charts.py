"""Charts as Vega-Lite specifications. Their look is in `static/explore.js`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pivotmine.ask.arm_growth import Growth
from pivotmine.ask.arms import Shares
from pivotmine.ask.corpus import Delivery, LanguagePair, LanguageSize, Mixture
from pivotmine.ask.model_runs import LayerMass
from pivotmine.ask.spread import Spread

Specification = dict[str, Any]

OKABE_ITO = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7"),
    *("#e69f00", "#56b4e9", "#f0e442", "#7f7f7f"),
)
"""Okabe & Ito 2008, Color Universal Design; the order of `static/explore.css`."""

GREY = "#9a9a9a"
"""What has no colour of its own, such as segments without a language."""

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def _chart(rows: Sequence[dict[str, Any]], **more: Any) -> Specification:
    # Without it a chart whose height follows its rows is asked to fit a height, too.
    fit = {"type": "fit-x" if more.get("width") == "container" else "pad", "contains": "padding"}
    return {"$schema": _SCHEMA, "data": {"values": list(rows)}, "autosize": fit, **more}


def spread_chart(spread: Spread, score: float) -> Specification:
    """The documents of the corpus by a score, with the place of one document."""
    width = (spread.high - spread.low) / len(spread.counts) or 1.0
    rows = [
        {"from": spread.low + number * width, "to": spread.low + (number + 1) * width, "n": n}
        for number, n in enumerate(spread.counts)
    ]
    bars = {
        "mark": {"type": "bar", "color": OKABE_ITO[5]},
        "encoding": {
            "x": {"field": "from", "bin": {"binned": True}, "title": spread.method},
            "x2": {"field": "to"},
            "y": {"field": "n", "type": "quantitative", "title": "documents"},
            "tooltip": [
                {"field": "from", "format": ".3~g"},
                {"field": "to", "format": ".3~g"},
                {"field": "n", "title": "documents", "format": ","},
            ],
        },
    }
    here = {
        "data": {"values": [{"score": score}]},
        "mark": {"type": "rule", "color": OKABE_ITO[1], "size": 3},
        "encoding": {
            "x": {"field": "score", "type": "quantitative"},
            "tooltip": {"field": "score", "title": "this document", "format": ".4~g"},
        },
    }
    size = {"width": 240, "height": 120}
    return _chart(rows, layer=[bars, here], **size)


def colours_of(languages: Sequence[str]) -> dict[str, Any]:
    """A scale that gives each language the colour that it has on every page."""
    return {
        "domain": list(languages),
        "range": [OKABE_ITO[number % len(OKABE_ITO)] for number in range(len(languages))],
    }


def shares_chart(
    shares: Shares, arms: Sequence[str], by: str, languages: Sequence[str]
) -> Specification:
    """Tokens of each arm by part, as shares of the arm: a bar an arm."""
    rows = [
        {"arm": arm, "part": part, "n": n, "share": n / (sum(shares[arm].values()) or 1)}
        for arm in shares
        for part, n in shares[arm].items()
    ]
    parts = list(dict.fromkeys(part for held in shares.values() for part in held))
    colour: dict[str, Any] = {"field": "part", "title": by}
    if set(parts) <= {*languages, "und"}:
        own = [lang for lang in languages if lang in parts]
        scale = colours_of(languages)
        scale = dict(zip(scale["domain"], scale["range"], strict=True)) | {"und": GREY}
        own += [part for part in parts if part not in own]
        colour["scale"] = {"domain": own, "range": [scale[part] for part in own]}
    else:
        wheel = [*OKABE_ITO, "#004c6d", "#8b3a00", GREY]
        colour["scale"] = {"domain": parts, "range": wheel[: len(parts)]}
    return _chart(
        rows,
        width="container",
        height={"step": 30},
        mark="bar",
        encoding={
            "y": {"field": "arm", "sort": list(arms), "title": None},
            "x": {
                "field": "share",
                "type": "quantitative",
                "stack": "zero",
                "axis": {"format": "%"},
                "scale": {"domain": [0, 1]},
                "title": "share of tokens",
            },
            "color": colour,
            "tooltip": [
                {"field": "arm"},
                {"field": "part", "title": by},
                {"field": "n", "title": "tokens", "format": ","},
                {"field": "share", "format": ".1%"},
            ],
        },
    )


def growth_chart(growth: Sequence[Growth], arms: Sequence[str]) -> Specification:
    """Distinct links against tokens, a line an arm."""
    rows = [{"arm": one.arm, "tokens": one.n_tokens, "links": one.n_links} for one in growth]
    rows += [{"arm": arm, "tokens": 0, "links": 0} for arm in arms]
    return _chart(
        rows,
        width="container",
        height=300,
        mark={"type": "line", "point": True},
        encoding={
            "x": {"field": "tokens", "type": "quantitative", "axis": {"format": "~s"}},
            "y": {"field": "links", "type": "quantitative", "title": "distinct links"},
            "color": {
                "field": "arm",
                "scale": {"domain": list(arms), "range": list(OKABE_ITO)},
            },
            "tooltip": [
                {"field": "arm"},
                {"field": "tokens", "type": "quantitative", "format": ","},
                {"field": "links", "type": "quantitative", "format": ","},
            ],
        },
    )


def languages_chart(sizes: Sequence[LanguageSize], languages: Sequence[str]) -> Specification:
    """Tokens in segments of each language."""
    names = [one.lang for one in sizes]
    scale = colours_of(languages)
    others = [name for name in names if name not in languages]
    scale = {"domain": [*languages, *others], "range": scale["range"] + [GREY] * len(others)}
    return _chart(
        [asdict(one) for one in sizes],
        width="container",
        height={"step": 26},
        mark="bar",
        encoding={
            "y": {"field": "lang", "sort": names, "title": None},
            "x": {"field": "n_tokens", "type": "quantitative", "title": "tokens in its segments"}
            | {"axis": {"format": "~s"}},
            "color": {"field": "lang", "scale": scale, "legend": None},
            "tooltip": [
                {"field": "lang"},
                {"field": "n_tokens", "title": "tokens", "format": ","},
                {"field": "n_docs", "title": "documents of it", "format": ","},
                {"field": "n_docs_with", "title": "documents with it", "format": ","},
            ],
        },
    )


def mixture_chart(mixtures: Sequence[Mixture]) -> Specification:
    """Documents by the number of languages of their segments."""
    rows = [asdict(one) | {"label": f"{one.n_langs}"} for one in mixtures]
    rows = [row | {"label": "5 or more"} if row["n_langs"] == 5 else row for row in rows]
    return _chart(
        rows,
        width="container",
        height={"step": 26},
        mark={"type": "bar", "color": OKABE_ITO[0]},
        encoding={
            "y": {"field": "label", "type": "ordinal", "title": None},
            "x": {"field": "n_docs", "type": "quantitative", "title": "documents"},
            "tooltip": [
                {"field": "label", "title": "languages"},
                {"field": "n_docs", "title": "documents", "format": ","},
                {"field": "n_tokens", "title": "tokens", "format": ","},
            ],
        },
    )


def pairs_chart(pairs: Sequence[LanguagePair]) -> Specification:
    """A matrix of languages: how many links join them, and whether only bridges do."""
    rows = []
    for one in pairs:
        both = asdict(one) | {
            "said": f"{one.n_prevail:,}"
            if one.n_prevail
            else (f"over {one.over}" if one.n_bridges else "")
        }
        rows += [both | {"row": one.lang_a, "column": one.lang_b}]
        rows += [both | {"row": one.lang_b, "column": one.lang_a}]
    cell = {
        "y": {"field": "row", "title": None},
        "x": {"field": "column", "title": None, "axis": {"orient": "top", "labelAngle": 0}},
    }
    told = [
        {"field": "lang_a", "title": "language"},
        {"field": "lang_b", "title": "and"},
        {"field": "n_contexts", "title": "contexts in which they meet", "format": ","},
        {"field": "n_links", "title": "links", "format": ","},
        {"field": "n_prevail", "title": "that prevail", "format": ","},
        {"field": "n_bridges", "title": "bridges over others", "format": ","},
        {"field": "over", "title": "most over"},
    ]
    shade = {
        "field": "n_contexts",
        "type": "quantitative",
        "scale": {"type": "symlog", "scheme": "blues"},
        "title": "contexts",
    }
    ink = {"condition": {"test": "datum.dark", "value": "white"}, "value": "black"}
    most = max((one.n_contexts for one in pairs), default=0)
    rows = [row | {"dark": row["n_contexts"] > most**0.75} for row in rows]
    return _chart(
        rows,
        width={"step": 84},
        height={"step": 44},
        layer=[
            {"mark": "rect", "encoding": {**cell, "color": shade, "tooltip": told}},
            {
                "mark": {"type": "text"},
                "encoding": {**cell, "text": {"field": "said"}, "color": ink, "tooltip": told},
            },
        ],
    )


def deliveries_chart(deliveries: Sequence[Delivery]) -> Specification:
    """Documents after each delivery."""
    total, rows = 0, []
    for one in deliveries:
        total += one.n_docs
        rows.append({"id": one.ingest_id, "new": one.n_docs, "total": total})
    return _chart(
        rows,
        width="container",
        height=220,
        mark={"type": "bar", "color": OKABE_ITO[2]},
        encoding={
            "x": {"field": "id", "sort": None, "title": "delivery", "axis": {"labelAngle": 0}},
            "y": {"field": "total", "type": "quantitative", "title": "documents so far"},
            "tooltip": [
                {"field": "id", "title": "delivery"},
                {"field": "new", "title": "new documents", "format": ","},
                {"field": "total", "title": "so far", "format": ","},
            ],
        },
    )


def layers_chart(layers: Sequence[LayerMass]) -> Specification:
    """Probability of each role's words by layer, a line with its band."""
    rows = [asdict(one) for one in layers if not one.role.endswith(":gap")]
    roles = list(dict.fromkeys(row["role"] for row in rows))
    colour = {"field": "role", "scale": {"domain": roles, "range": list(OKABE_ITO)}}
    at = {"x": {"field": "layer", "type": "quantitative", "axis": {"tickMinStep": 1}}}
    band = {
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {
            **at,
            "color": colour,
            "y": {"field": "low", "type": "quantitative"},
            "y2": {"field": "high"},
        },
    }
    line = {
        "mark": {"type": "line", "point": True},
        "encoding": {
            **at,
            "color": colour,
            "y": {"field": "mean", "type": "quantitative", "title": "mean probability"},
            "tooltip": [
                {"field": "role"},
                {"field": "layer"},
                *({"field": name, "format": ".3~g"} for name in ("mean", "low", "high")),
            ],
        },
    }
    return _chart(rows, width="container", height=280, layer=[band, line])
