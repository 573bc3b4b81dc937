"""Pair: documents that translate each other, and their segments.

Most parallel text lies on two pages. A document becomes a set of features: meanings of its words
(`classes.py`), and words that both languages may spell alike (`words.py`). Its sketch has keys
(`samples.py`), and documents of two languages that share keys are candidates (`buckets.py`). The
best candidates of every document are aligned segment by segment (`alignment.py`). Two documents are
a pair if each is the best partner of the other, the score is high enough, and no other partner
comes near it.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.pair_tables import DOCUMENT_PAIRS, SEGMENT_PAIRS
from pivotmine.lake.tables import TABLES
from pivotmine.numeric.nodes import NodeTable
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import MAX_VOCAB_SIZE, context_languages, load_nodes
from pivotmine.stages.pair.candidates import COUNTED, KEYS, UNITS, Search
from pivotmine.stages.pair.classes import WordLinks, meaning_classes
from pivotmine.stages.pair.documents import PACKED, DocumentRules
from pivotmine.stages.pair.features import Meanings
from pivotmine.stages.pair.judging import JUDGED
from pivotmine.stages.pair.known import KnownFeatures, known_features
from pivotmine.stages.terms.piece_texts import texts_of
from pivotmine.udfs import pair as udfs

MIN_WEIGHT = 0.3
"""Least weight of a best translation for both words to share a meaning; the links that prevail
share it in any case."""

MIN_OF_BEST = 0.5
"""Candidates whose sketches share less than this part of the best one of either document are not
aligned: a fifth of the work for next to no pair (docs/results/document-pairs.md)."""


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Features, candidates, verdicts, and the pairs that are best for both documents."""
    languages = context_languages(recipe)
    if not recipe.pair.enabled:
        return {name: TABLES[name].schema.empty_table() for name in STAGE.writes}
    rules = DocumentRules(_meanings(inputs, recipe), languages, recipe.pair.max_segments)
    make = udfs.bind_documents(rules)
    inputs.checkpoint(inputs.arrow_rows("tokens", udfs.COLUMNS, make, PACKED), "documents")
    search = Search(
        _known(inputs, recipe),
        _language_pairs(recipe),
        recipe.pair.rare_keys,
        recipe.pair.sampled_features,
        recipe.pair.max_bucket,
        recipe.pair.min_bits,
    )
    _judge(inputs, recipe, search)
    decided = inputs.checkpoint(_decide(inputs, recipe), "decided")
    return {
        "document_pairs": _document_pairs(decided, languages),
        "segment_pairs": _segment_pairs(inputs, decided, languages),
        "pairings": _pairings(inputs, decided, search, languages),
    }


def _language_pairs(recipe: Recipe) -> tuple[tuple[int, int], ...]:
    languages = context_languages(recipe)
    pairs = list(combinations(range(len(languages)), 2))
    wanted = {frozenset(pair.split("-")) for pair in recipe.pair.pairs}
    return tuple((a, b) for a, b in pairs if not wanted or {languages[a], languages[b]} in wanted)


def _meanings(inputs: Inputs, recipe: Recipe) -> Meanings:
    """Words with the number of what they mean, and the text of every token."""
    languages = context_languages(recipe)
    nodes = load_nodes(inputs, languages, recipe.count.min_count)
    links = _word_links(inputs, recipe, nodes)
    inputs.measure("links", len(links.a))
    classes = meaning_classes(links, nodes.language[:-1], len(languages))
    alone = np.arange(len(classes), dtype=np.int32)
    pieces = inputs.table("vocabulary", ("token_id", "token"), MAX_VOCAB_SIZE).sort_by("token_id")
    return Meanings(
        nodes,
        np.append(np.where(classes < 0, alone, classes), np.int32(-1)),
        texts_of(pieces["token"].to_pylist()),
    )


def _word_links(inputs: Inputs, recipe: Recipe, nodes: NodeTable) -> WordLinks:
    """Best translations, and links that prevail, between nodes."""
    prevailing = (
        inputs.frame("links", ("a", "b", "lang_a", "lang_b", "n_won", "prevails"))
        .where("prevails")
        .select("a", "b", "lang_a", "lang_b", F.col("n_won").cast("double").alias("strength"))
    )
    best = (
        inputs.frame(
            "lexicon",
            ("token_id", "partner_id", "lang", "partner_lang", "n_translated", "rank", "weight"),
        )
        .where((F.col("rank") == 1) & (F.col("weight") >= MIN_WEIGHT))
        .select("token_id", "partner_id", "lang", "partner_lang", "n_translated")
    )
    most = recipe.pair.max_links
    strongest = (
        prevailing.union(best).orderBy(F.desc("strength"), "lang_a", "lang_b", "a", "b").limit(most)
    )
    found = inputs.local(strongest, most)
    names = pa.array(context_languages(recipe), pa.string())
    a, b = (
        nodes.node_of[
            pc.index_in(found[f"lang_{side}"], value_set=names).to_numpy(), found[side].to_numpy()
        ]
        for side in "ab"
    )
    # A word that is in another language by now, or too rare, is the blank.
    known = (a < len(nodes.token)) & (b < len(nodes.token))
    return WordLinks(a[known], b[known], found["strength"].to_numpy()[known])


def _known(inputs: Inputs, recipe: Recipe) -> KnownFeatures:
    """Features that documents of two languages or more hold, the rarest of them."""
    languages, most = context_languages(recipe), recipe.pair.max_features
    documents = inputs.stored("documents", ("lang", "packed")).where("packed IS NOT NULL")
    counts = (
        ArrowRows(documents, udfs.count_features, COUNTED)
        .in_spark()
        .groupBy("feature", "lang")
        .agg(F.sum("n_docs").alias("n_docs"))
    )
    of_feature = Window.partitionBy("feature")
    shared = (
        counts.withColumn("n_langs", F.count("*").over(of_feature))
        .withColumn("n_all", F.sum("n_docs").over(of_feature))
        .where("n_langs > 1")
        .orderBy("n_all", "feature", "lang")
        .limit(most)
        .select("feature", "lang", "n_docs")
    )
    found = inputs.local(shared, most)
    inputs.measure("features", found.num_rows)
    if found.num_rows == most:
        inputs.note(
            f"{most:,} features or more are in documents of several languages; the rarest are "
            "taken. Raise pair.max_features."
        )
    n_docs = inputs.local(documents.groupBy("lang").count(), len(languages))
    n_all = np.zeros(len(languages), np.int64)
    n_all[n_docs["lang"].to_numpy()] = n_docs["count"].to_numpy()
    columns = (found[name].to_numpy() for name in COUNTED.names)
    return known_features(*columns, n_all)


def _judge(inputs: Inputs, recipe: Recipe, search: Search) -> None:
    """Checkpoint `judged`: the best candidates of every document, aligned."""
    settings = recipe.pair
    stored = inputs.stored("documents", ("doc_id", "lang", "packed")).where("packed IS NOT NULL")
    documents = stored.withColumn("doc", F.xxhash64("doc_id"))
    keys = ArrowRows(documents.select("doc", "lang", "packed"), udfs.bind_keys(search), KEYS)
    met = (
        keys.in_spark()
        .repartition("key")
        .sortWithinPartitions("key", "side", "doc")
        .mapInArrow(udfs.bind_meet(settings.max_bucket), spark_schema(udfs.MET))
        .groupBy("pair", "a", "b")
        .agg(F.sum("weight").alias("weight"), F.max("norms").alias("norms"))
    )
    estimate = F.least(F.lit(1.0), F.col("weight") / F.lit(float(UNITS)) / F.col("norms"))
    ranked = met.select("pair", "a", "b", estimate.alias("estimated_overlap"))
    for side, other in (("a", "b"), ("b", "a")):
        order = Window.partitionBy("pair", side).orderBy(F.desc("estimated_overlap"), other)
        ranked = ranked.withColumn(f"rank_{side}", F.row_number().over(order))
    for side in "ab":
        best = F.max("estimated_overlap").over(Window.partitionBy("pair", side))
        ranked = ranked.withColumn(f"best_{side}", best)
    most = settings.max_candidates
    candidates = ranked.where((F.col("rank_a") <= most) | (F.col("rank_b") <= most)).where(
        F.col("estimated_overlap") >= MIN_OF_BEST * F.greatest("best_a", "best_b")
    )
    sides = {
        side: documents.select(
            F.col("doc").alias(side),
            F.col("doc_id").alias(f"doc_id_{side}"),
            F.col("packed").alias(f"packed_{side}"),
        )
        for side in "ab"
    }
    both = (
        inputs.checkpoint(candidates.select("pair", "a", "b", "estimated_overlap"), "candidates")
        .join(sides["a"], "a")
        .join(sides["b"], "b")
        .drop("a", "b")
    )
    make = udfs.bind_judge(search, settings.min_score)
    inputs.checkpoint(ArrowRows(both, make, JUDGED), "judged")


_EVIDENCE = [name for name in JUDGED.names if name != "beads"]


def _decide(inputs: Inputs, recipe: Recipe) -> DataFrame:
    """Candidates with the margin, and the outcome for both of their documents."""
    ranked = inputs.stored("judged", _EVIDENCE)
    second = F.lit(0.0)
    for side, other in (("a", "b"), ("b", "a")):
        order = Window.partitionBy("pair", f"doc_id_{side}").orderBy(
            F.desc("score"), f"doc_id_{other}"
        )
        ranked = ranked.withColumn(f"place_{side}", F.row_number().over(order)).withColumn(
            f"next_{side}", F.coalesce(F.lead("score").over(order), F.lit(0.0))
        )
        second = F.greatest(second, F.col(f"next_{side}"))
    is_best = (F.col("place_a") == 1) & (F.col("place_b") == 1)
    margin = F.when(F.col("score") > 0, 1 - second / F.col("score")).otherwise(0.0)
    settings = recipe.pair
    outcome = (
        F.when(F.col("score") < settings.min_score, "weak")
        .when(~is_best, "rival")
        .when(F.col("margin") < settings.min_margin, "ambiguous")
        .otherwise("paired")
    )
    return (
        ranked.where("place_a = 1 OR place_b = 1")
        .withColumn("margin", margin)
        .withColumn("outcome", outcome)
        .drop("next_a", "next_b")
    )


def _named(index: str, languages: tuple[str, ...]) -> Column:
    return F.array(*map(F.lit, languages)).getItem(F.col(index))


def _document_pairs(decided: DataFrame, languages: tuple[str, ...]) -> DataFrame:
    names = {side: _named(side, languages) for side in ("lang_a", "lang_b")}
    return (
        decided.where("outcome = 'paired'").withColumns(names).select(*DOCUMENT_PAIRS.schema.names)
    )


def _segment_pairs(inputs: Inputs, decided: DataFrame, languages: tuple[str, ...]) -> ArrowRows:
    paired = decided.where("outcome = 'paired'").select("doc_id_a", "doc_id_b")
    columns = ("doc_id_a", "doc_id_b", "lang_a", "lang_b", "beads")
    judged = inputs.stored("judged", columns).where("beads IS NOT NULL")
    both = judged.join(paired, ["doc_id_a", "doc_id_b"]).select(*columns)
    return ArrowRows(both, udfs.bind_segment_pairs(languages), SEGMENT_PAIRS.schema)


def _pairings(
    inputs: Inputs, decided: DataFrame, search: Search, languages: tuple[str, ...]
) -> DataFrame:
    """Every document with its outcome; of several languages, the best of them."""
    columns = ("doc_id", "lang", "outcome", "packed")
    schema = pa.schema([PACKED.field(name) for name in columns[:3]])
    known = ArrowRows(inputs.stored("documents", columns), udfs.bind_short(search), schema)
    sides = [
        decided.where(f"place_{side} = 1").select(
            F.col(f"doc_id_{side}").alias("doc_id"),
            F.struct(
                F.col("outcome").eqNullSafe("paired").alias("is_paired"),
                "score",
                F.col(f"doc_id_{other}").alias("partner"),
                F.col("outcome").alias("why"),
            ).alias("found"),
        )
        for side, other in (("a", "b"), ("b", "a"))
    ]
    best = (
        sides[0]
        .union(sides[1])
        .groupBy("doc_id")
        .agg(F.max("found").alias("best"), F.sum(F.col("found.is_paired").cast("long")).alias("n"))
    )
    tokens = inputs.frame("tokens", ("doc_id", "lang"))
    return (
        tokens.join(known.in_spark().select("doc_id", "outcome"), "doc_id")
        .join(best, "doc_id", "left")
        .select(
            "doc_id",
            "lang",
            F.coalesce("outcome", "best.why", F.lit("no_candidate")).alias("outcome"),
            F.coalesce("n", F.lit(0).cast("long")).alias("n_partners"),
            F.col("best.score").alias("best_score"),
            F.col("best.partner").alias("best_doc_id"),
        )
    )


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Every document has an outcome, where they are looked for at all."""
    if not recipe.pair.enabled:
        return Tally(rows.read["tokens"], rows.written["pairings"], conserved=False)
    return Tally(rows.read["tokens"], rows.written["pairings"])


STAGE = Stage(
    name="pair",
    doc="documents that translate each other",
    reads=("tokens", "vocabulary", "links", "lexicon"),
    writes=("document_pairs", "segment_pairs", "pairings"),
    sections=("languages", "count.min_count", "pair"),
    run=run,
    tally=tally,
)
