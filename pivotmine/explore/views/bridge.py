"""View Bridge: two words and the paths between them, or a word and what it reaches."""

from __future__ import annotations

from typing import Any

from pivotmine.ask.bridges import Bridges, Reached, find_bridges, find_reached, named_alone
from pivotmine.explore.view import Asked, Unasked, View
from pivotmine.explore.words import named, shown

_SHOWN = 12


def bridge(asked: Asked) -> View:
    """Values: `a` a word, `b` another one, or a language and a colon (`ja:`).

    Raises
    ------
    Unasked
        A word lacks.
    LakeError
        A word is not a single token of the vocabulary, or no token is of the language.
    """
    a, b = asked.text("a"), asked.text("b")
    if not a or not b:
        raise Unasked(
            "name two words, such as fr:chat and ja:猫; or a word and a language with a colon, "
            "such as ja:, for all words that it reaches there"
        )
    lang = named_alone(b)
    if lang:
        reached = find_reached(asked.connection, a, lang, asked.limit(_SHOWN))
        return View(
            "bridge",
            f"{a} – {b}",
            {"a": a, "b": b, "reached": reached.targets.to_pylist(), "graph": _fan(a, reached)},
            {"reached": reached.targets},
            ("cytoscape",),
        )
    found = find_bridges(asked.connection, a, b, asked.limit(_SHOWN))
    figures: dict[str, Any] = {"a": a, "b": b, "bridges": found}
    figures |= {"direct": found.direct.to_pylist(), "pivots": found.pivots.to_pylist()}
    return View(
        "bridge",
        f"{a} – {b}",
        {**figures, "graph": _paths(a, b, found)},
        {"bridges": found.pivots, "direct": found.direct},
        ("cytoscape",),
    )


def _node(number: str, label: str, lang: str | None, column: int, asked: str) -> dict[str, Any]:
    return {"id": number, "label": label, "lang": lang or "", "column": column, "asked": asked}


def _edge(source: str, target: str, strength: float, n_ab: int) -> dict[str, Any]:
    return {"source": source, "target": target, "strength": strength, "n_ab": n_ab}


def _ends(a: str, b: str) -> list[dict[str, Any]]:
    """The two words, each with the language that the question names."""
    parts = [word.partition(":") for word in (a, b)]
    return [
        _node(side, rest or head, head if colon else None, column, word)
        for side, column, word, (head, colon, rest) in zip("ab", (0, 2), (a, b), parts, strict=True)
    ]


def _paths(a: str, b: str, found: Bridges) -> dict[str, Any]:
    """Nodes and edges: the words at both sides, the bridges between them."""
    nodes, edges = _ends(a, b), []
    for number, row in enumerate(found.pivots.to_pylist()[:_SHOWN]):
        key = f"p{number}"
        name = named(row["token"], row["lang"])
        nodes.append(_node(key, shown(row["token"]), row["lang"], 1, name))
        sure = {"prevails": row["prevails"]}
        edges.append(_edge("a", key, row["source_strength"], row["source_n_ab"]) | sure)
        edges.append(_edge(key, "b", row["target_strength"], row["target_n_ab"]) | sure)
    for row in found.direct.slice(0, 1).to_pylist():
        # NPMI is shown for it, since `direct` has no strength.
        direct = _edge("a", "b", max(row["npmi"], 0.0), row["n_ab"])
        edges.append(direct | {"prevails": row["prevails"], "direct": True})
    return {"nodes": nodes, "edges": edges}


def _fan(a: str, found: Reached) -> dict[str, Any]:
    """Nodes and edges: the word, the bridges, the words that they lead to."""
    nodes, edges = _ends(a, a)[:1], []
    known: dict[tuple[str, str], str] = {}
    for number, row in enumerate(found.targets.to_pylist()[:_SHOWN]):
        bridge_key = (row["bridge"], row["bridge_lang"])
        sure = {"prevails": row["prevails"]}
        if bridge_key not in known:
            known[bridge_key] = f"p{len(known)}"
            name = named(row["bridge"], row["bridge_lang"])
            nodes.append(
                _node(known[bridge_key], shown(row["bridge"]), row["bridge_lang"], 1, name)
            )
            edge = _edge("a", known[bridge_key], row["source_strength"], row["source_n_ab"])
            edges.append(edge | sure)
        key = f"t{number}"
        name = named(row["token"], found.lang)
        nodes.append(_node(key, shown(row["token"]), found.lang, 2, name))
        edge = _edge(known[bridge_key], key, row["target_strength"], row["target_n_ab"])
        edges.append(edge | sure)
    return {"nodes": nodes, "edges": edges}
