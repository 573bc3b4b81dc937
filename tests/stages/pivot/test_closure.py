"""Closure: which partners of a token could be linked with each other, and which are."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pyarrow as pa

from pivotmine.stages.pivot.closure import closures
from pivotmine.stages.pivot.closure_here import closures_here

Node = tuple[int, str]

NODES = [(token, lang) for token in range(9) for lang in ("en", "fr", "ja", "zh")]


def closures_by_definition(
    links: dict[tuple[Node, Node], float], seen: dict[tuple[Node, str], int], most: int
) -> dict[Node, tuple[int, int]]:
    """Closable and closed partners of each node, from the words of the definition."""
    partners: dict[Node, list[Node]] = {}
    for node in NODES:
        by_strength = sorted(
            (-g2, other) for pair, g2 in links.items() if node in pair for other in {*pair} - {node}
        )
        place: Counter[str] = Counter()
        for _, other in by_strength:
            place[other[1]] += 1
            if place[other[1]] <= most:
                partners.setdefault(node, []).append(other)

    def could(x: Node, y: Node) -> bool:
        return x[1] != y[1] and min(seen.get((x, y[1]), 0), seen.get((y, x[1]), 0)) >= 5

    found = {}
    for node, others in partners.items():
        closable = {x for x in others if any(could(x, y) for y in others)}
        closed = {x for x in others if any(y in partners.get(x, ()) for y in others)}
        if closable:
            found[node] = len(closable), len(closable & closed)
    return found


def test_closure_follows_its_definition(spark):
    draw = random.Random(4)
    pairs = [pair for pair in combinations(NODES, 2) if pair[0][1] != pair[1][1]]
    links = {pair: float(draw.randrange(9)) for pair in draw.sample(pairs, 90)}
    seen = {
        (node, lang): draw.randrange(3, 9)
        for node in NODES
        for lang in ("en", "fr", "ja")
        if lang != node[1]
    }
    # What is linked was seen.
    seen |= {(x, y[1]): 9 for pair in links for x, y in (pair, pair[::-1])}
    edges = [
        {"token_id": x[0], "lang": x[1], "partner": y[0], "partner_lang": y[1], "g2": g2}
        for pair, g2 in links.items()
        for x, y in (pair, pair[::-1])
    ]
    margins = [
        {"token_id": node[0], "lang": node[1], "other_lang": lang, "n": n}
        for (node, lang), n in seen.items()
    ]
    tables = [pa.Table.from_pylist(rows) for rows in (edges, margins)]
    frames = [spark.createDataFrame(table) for table in tables]
    for most in (2, 50):
        in_spark = closures(*frames, min_count=5, max_partners=most).toArrow()
        for rows in (in_spark, closures_here(*tables, min_count=5, max_partners=most)):
            found = {
                (row["token_id"], row["lang"]): (row["closable"], row["closed"])
                for row in rows.to_pylist()
            }
            assert found == closures_by_definition(links, seen, most)
    assert any(0 < closed < closable for closable, closed in found.values())
