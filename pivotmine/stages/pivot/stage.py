"""Pivot: tokens that bridge languages, by two methods side by side.

`he2025` follows He et al. 2025 as far as it is published: draw an edge from each token to the
partners whose document frequency it raises most over the background (a difference of rates, not a
ratio); the tokens that most edges reach are the pivots. Their graph thresholds are unpublished;
ours are settings. It is the baseline, so its known defect is kept: generic, frequent tokens become
hubs. Their code counts in documents, for tokens of any language (`pivot.he2025.graph: documents`,
`document_graph.py`); by default edges cross languages and are counted in mixed contexts, which
favours the baseline.

`links` counts only significant links that prevail over their rivals. Its score is a product of

* surplus: log2((degree + 1) / (expected degree + 1)), where the expected degree is the mean over
  words of the language that occur about as often (within a factor of 2);
* participation: how evenly the links spread over languages (participation coefficient, Guimera &
  Amaral 2005, Functional cartography of complex metabolic networks, Nature 433; scaled to 0..1);
* stability: the share of hash folds of the corpus in which a link holds, over all links (repeated
  subsamples: Meinshausen & Buhlmann 2010, Stability selection, J. R. Stat. Soc. B 72);
* closure: the share of partners that translate each other (`closure.py`), estimated by the rule of
  succession (Laplace 1774): (closed + 1) / (closable + 2). Where languages never meet, nothing can
  close, and closure is 1/2 for all;
* specificity: the inverse document frequency (Sparck Jones 1972, A statistical interpretation of
  term specificity, J. Documentation 28) over mixed contexts of the language, scaled to 0..1:
  log(C / n) / log(C) for a word in n of C contexts. Words in most contexts, such as *and*, narrow
  nothing down, whatever translates them.

Fragments are no pivots: in languages with spaces, a pivot has the mark of a word start and is a
whole word in most places (`min_whole_share`). Where a word has a piece with the mark and one
without, the first speaks for it.

Closure contributes most (docs/results/pivots.md).
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.recipe import He2025PivotConfig, Recipe
from pivotmine.stages.contexts.stage import MAX_VOCAB_SIZE
from pivotmine.stages.pivot.closure import NODE, closures
from pivotmine.stages.pivot.document_graph import EXCERPT_TOKENS, hubs
from pivotmine.text.token_notation import SPACE, UNSPACED_LANGUAGES
from pivotmine.udfs.pivot import COLUMNS, EXCERPTS, bind

_WORDS = ("token_id", "token", "langs", "document_frequency", "whole_share")
_PAIR = ("a", "b", "lang_a", "lang_b")
_COUNTS = (*_PAIR, "n_ab", "n_a", "n_b", "n_contexts")
_LINKED = (*_PAIR, "folds", "g2", "prevails", "is_copy")


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Both methods, in one table."""
    vocabulary = inputs.frame("vocabulary", _WORDS)
    methods = (
        _he2025(inputs, recipe).withColumns(_without_evidence()),
        _links(inputs, vocabulary, recipe),
    )
    pivots = reduce(DataFrame.unionByName, methods)
    names = vocabulary.select("token_id", "token")
    return {"pivots": pivots.join(F.broadcast(names), "token_id")}


def _he2025(inputs: Inputs, recipe: Recipe) -> DataFrame:
    settings = recipe.pivot.he2025
    if settings.graph == "documents":
        return _of_documents(inputs, settings, recipe.count.min_count)
    edges = _both_ways(inputs.frame("counts", _COUNTS), "n_ab", "n_a", "n_b", "n_contexts")
    increase = F.col("n_ab") / F.col("n_a") - F.col("n_b") / F.col("n_contexts")
    strongest = Window.partitionBy("a", "lang_a").orderBy(F.desc("increase"), "lang_b", "b")
    drawn = (
        edges.withColumn("increase", increase)
        .where(F.col("increase") >= settings.min_increase)
        .withColumn("edge", F.row_number().over(strongest))
        .where(F.col("edge") <= settings.max_edges)
    )
    hubs = drawn.groupBy(F.col("b").alias("token_id"), F.col("lang_b").alias("lang")).agg(
        F.count("*").alias("degree"), _sorted_set("lang_a").alias("languages")
    )
    scored = hubs.withColumn("score", F.col("degree").cast("double"))
    return _top(inputs, scored, "he2025", settings.max_pivots)


def _of_documents(inputs: Inputs, settings: He2025PivotConfig, min_documents: int) -> DataFrame:
    """The hubs of the authors' graph; a token's language is that of the vocabulary."""
    excerpts = _excerpts(inputs, settings.sample_documents)
    vocabulary = inputs.table("vocabulary", ("token_id", "lang"), MAX_VOCAB_SIZE)
    vocabulary = vocabulary.sort_by("token_id")
    lang = vocabulary["lang"].combine_chunks()
    names = pa.array(sorted(set(lang.to_pylist()) - {"shared"}), pa.string())
    numbers = pc.fill_null(pc.index_in(lang, value_set=names), -1).to_numpy()
    lists = excerpts["token_ids"].combine_chunks()
    found = hubs(
        lists.flatten().to_numpy(),
        np.concatenate([[0], np.cumsum(pc.list_value_length(lists).to_numpy())]),
        numbers.astype(np.int8),
        min_documents,
        settings.min_increase,
        settings.max_edges,
    )
    reached = np.flatnonzero(found.degree)
    languages = [names.filter(pa.array(row)).to_pylist() for row in found.reached_from[reached]]
    rows = {
        "token_id": pa.array(reached, pa.int32()),
        "lang": lang.take(pa.array(reached)),
        "degree": pa.array(found.degree[reached], pa.int64()),
        "languages": pa.array(languages, pa.list_(pa.string())),
        "score": pa.array(found.degree[reached], pa.float64()),
    }
    return _top(inputs, inputs.spark.createDataFrame(pa.table(rows)), "he2025", settings.max_pivots)


def _excerpts(inputs: Inputs, n_wanted: int) -> pa.Table:
    """Excerpts of the documents with the lowest ids, by id."""
    n_documents = sum(n for _, n in inputs.table_files("tokens"))
    # A few more than wanted lie below the bound, unless chance is against it by 7 deviations.
    share = (n_wanted + 7 * n_wanted**0.5) / max(n_documents, 1)
    bound = f"{int(share * 16**15):015x}" if share < 1 else "g"
    sample = bind(bound, EXCERPT_TOKENS)
    rows = inputs.arrow_rows("tokens", COLUMNS, sample, EXCERPTS)
    found = inputs.local(rows, 2 * n_wanted + 100)
    return found.sort_by("doc_id").slice(0, n_wanted)


def _links(inputs: Inputs, vocabulary: DataFrame, recipe: Recipe) -> DataFrame:
    settings = recipe.pivot.links
    kept = inputs.frame("links", _LINKED).where("prevails AND NOT is_copy")
    edges = _both_ways(kept, "folds", "g2").select(
        F.col("a").alias("token_id"),
        F.col("lang_a").alias("lang"),
        F.col("b").alias("partner"),
        F.col("lang_b").alias("partner_lang"),
        "folds",
        "g2",
    )
    per_language = edges.groupBy(*NODE, "partner_lang").agg(
        F.count("*").alias("links"), F.sum("folds").alias("folds")
    )
    degrees = per_language.groupBy(*NODE).agg(
        F.sum("links").alias("degree"),
        F.sum(F.col("links") * F.col("links")).alias("squares"),
        F.sum("folds").alias("folds"),
        _sorted_set("partner_lang").alias("languages"),
    )
    words = vocabulary.where("document_frequency > 0").select(
        "token_id",
        "token",
        "whole_share",
        F.explode("langs").alias("lang"),
        F.floor(F.log2("document_frequency")).alias("octave"),
    )
    with_degree = words.join(degrees, NODE, "left")
    usual = with_degree.groupBy("lang", "octave").agg(
        (F.sum("degree") / F.count("*")).alias("expected_degree")
    )
    margins = inputs.frame("margins")
    closure = closures(edges, margins, recipe.count.min_count, settings.max_partners)
    n_languages = F.size("languages")
    spread = (1 - F.col("squares") / (F.col("degree") * F.col("degree"))) * (
        n_languages / (n_languages - 1)
    )
    evidence = {
        "participation": F.when(n_languages > 1, spread).otherwise(0.0),
        "stability": F.col("folds") / (F.col("degree") * recipe.count.folds),
        "closable": F.coalesce("closable", F.lit(0)),
        "closed": F.coalesce("closed", F.lit(0)),
        "specificity": F.col("specificity"),
    }
    surplus = F.log2((F.col("degree") + 1) / (F.col("expected_degree") + 1))
    closing = (F.col("closed") + 1) / (F.col("closable") + 2)
    scored = (
        with_degree.where(n_languages >= settings.min_languages)
        .where(_is_word(settings.min_whole_share))
        .join(F.broadcast(usual), ["lang", "octave"])
        .join(closure, NODE, "left")
        .join(_specificities(margins), NODE)
        .withColumns(evidence)
        .withColumn(
            "score",
            F.col("participation") * surplus * F.col("stability") * closing * F.col("specificity"),
        )
        .select(*NODE, "degree", "languages", "score", "expected_degree", *evidence)
    )
    return _top(inputs, scored, "links", settings.max_pivots)


def _is_word(min_whole_share: float) -> Column:
    """Whether a token of a language (token, lang, whole_share) is a word rather than a fragment."""
    unspaced = F.col("lang").isin(sorted(UNSPACED_LANGUAGES))
    return unspaced | (F.col("token").startswith(SPACE) & (F.col("whole_share") >= min_whole_share))


def _specificities(margins: DataFrame) -> DataFrame:
    """token_id, lang, specificity: inverse document frequency over mixed contexts, 0 to 1."""
    of_pair = margins.groupBy("lang", "other_lang").agg(F.max("n_contexts").alias("n_contexts"))
    of_lang = of_pair.groupBy("lang").agg(F.sum("n_contexts").alias("n_contexts"))
    held = margins.groupBy(*NODE).agg(F.sum("n").alias("n")).join(F.broadcast(of_lang), "lang")
    # A language with a single context has no word that is specific.
    rarity = F.ln(F.col("n_contexts") / F.col("n")) / F.ln("n_contexts")
    specificity = F.when(F.col("n_contexts") > 1, rarity).otherwise(0.0)
    return held.select(*NODE, specificity.alias("specificity"))


def _without_evidence() -> dict[str, Column]:
    nothing = F.lit(None)
    doubles = ("expected_degree", "participation", "stability", "specificity")
    return {
        **dict.fromkeys(doubles, nothing.cast("double")),
        **dict.fromkeys(("closable", "closed"), nothing.cast("long")),
    }


def _both_ways(pairs: DataFrame, *more: str) -> DataFrame:
    """Every pair twice, once from each side."""
    swap = {"a": "b", "b": "a", "lang_a": "lang_b", "lang_b": "lang_a", "n_a": "n_b", "n_b": "n_a"}
    names = ["a", "b", "lang_a", "lang_b", *more]
    turned = [F.col(swap.get(name, name)).alias(name) for name in names]
    return pairs.select(*names).unionByName(pairs.select(*turned))


def _sorted_set(name: str) -> Column:
    return F.sort_array(F.collect_set(name))


def _top(inputs: Inputs, tokens: DataFrame, method: str, max_pivots: int) -> DataFrame:
    """The best by score, ties by degree and id, with their ranks.

    The driver counts the ranks: a window over all rows would gather them in one task, of which
    Spark warns again and again.
    """
    in_order = tokens.orderBy(F.desc("score"), F.desc("degree"), "token_id", "lang")
    best = inputs.local(in_order.limit(max_pivots), max_pivots)
    ranks = pa.array(range(1, best.num_rows + 1), pa.int32())
    ranked = inputs.spark.createDataFrame(best.append_column("rank", ranks))
    return ranked.withColumn("method", F.lit(method))


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Links in, pivots out."""
    return Tally(rows.read["links"], rows.written["pivots"], conserved=False)


STAGE = Stage(
    name="pivot",
    doc="tokens that bridge languages",
    reads=("counts", "links", "margins", "tokens", "vocabulary"),
    writes=("pivots",),
    sections=("count.min_count", "count.folds", "pivot"),
    run=run,
    tally=tally,
    runs_kernels=True,
)
