"""Closure: whether the partners of a token in two languages translate each other, too.

A concept that bridges languages closes triangles: dog - chien, dog - 犬, and chien - 犬. A fragment
or a word of a template has partners as well, but they share only the page, and do not link with
each other. This is transitivity, or clustering (Watts & Strogatz 1998, Collective dynamics of
small-world networks, Nature 393), counted by partner rather than by pair, since a token of two
senses has partners that ought not to link.

A triangle cannot close where a link could not have been found. A partner is *closable* if it and
some partner in another language each occur in at least `min_count` mixed contexts of their
languages (table `margins`).
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

_EDGE = ("token_id", "lang", "partner", "partner_lang")
NODE = ["token_id", "lang"]


def closures(edges: DataFrame, margins: DataFrame, min_count: int, max_partners: int) -> DataFrame:
    """How many partners of each token could be in a triangle with it, and how many are.

    Work and shuffle are bounded: a node keeps at most `max_partners` edges to a language, so with L
    languages at most L * max_partners wedges pass through an edge.

    Parameters
    ----------
    edges
        token_id, lang, partner, partner_lang, g2; every link from both of its sides.
    margins
        Table `margins`.
    max_partners
        Partners used in each language: those of the largest g2, ties by id.

    Returns
    -------
    token_id, lang, closable long, closed long; tokens with nothing to close are left out.
    """
    strongest = Window.partitionBy(*NODE, "partner_lang").orderBy(F.desc("g2"), "partner")
    kept = (
        edges.withColumn("place", F.row_number().over(strongest))
        .where(F.col("place") <= max_partners)
        .select(*_EDGE)
    )
    closed = _in_triangles(kept).withColumn("closed", F.lit(1))
    marked = _closable(kept, margins.where(F.col("n") >= min_count)).join(closed, [*_EDGE], "left")
    return marked.groupBy(*NODE).agg(
        F.count("*").alias("closable"), F.count("closed").alias("closed")
    )


def _in_triangles(edges: DataFrame) -> DataFrame:
    """Edges that lie in a triangle."""
    onward = edges.select(
        F.col("token_id").alias("partner"),
        F.col("lang").alias("partner_lang"),
        F.col("partner").alias("third"),
        F.col("partner_lang").alias("third_lang"),
    )
    third = edges.select(
        *NODE, F.col("partner").alias("third"), F.col("partner_lang").alias("third_lang")
    )
    wedges = edges.join(onward, ["partner", "partner_lang"]).where("third_lang <> lang")
    closing = wedges.join(third, [*NODE, "third", "third_lang"], "left_semi")
    return closing.select(*_EDGE).distinct()


def _closable(edges: DataFrame, seen: DataFrame) -> DataFrame:
    """Edges whose partner might be linked with some partner in another language.

    `seen`: the rows of `margins` with enough contexts for a link.
    """
    seen = seen.select(
        F.col("token_id").alias("partner"),
        F.col("lang").alias("partner_lang"),
        F.col("other_lang").alias("third_lang"),
    )
    ready = edges.join(seen, ["partner", "partner_lang"]).where("third_lang <> lang")
    # A partner is closable with a third language if some partner there is ready for its language.
    sides = ready.select(
        *NODE,
        F.col("partner_lang").alias("third_lang"),
        F.col("third_lang").alias("partner_lang"),
    ).distinct()
    return ready.join(sides, [*NODE, "partner_lang", "third_lang"]).select(*_EDGE).distinct()
