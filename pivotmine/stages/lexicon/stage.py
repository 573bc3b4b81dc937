"""Lexicon: the best translations of every token, ranked without a threshold.

Table `links` says what is established, and leaves out pairs that met a few times. A reader who
looks a word up wants the best guess, also for a rare word. So all pairs that meet `min_count` times
are looked at, from a single meeting on (`candidates.py`). The strongest partners of each token then
share its contexts out among them, in rounds (`sharing.py`). Partners are ranked by the contexts
that they have got. What stands in the row beside it is the evidence: in how many contexts both
meet, and in how many they would by chance.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from pivotmine.engine.numbered_tasks import share_out
from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.engine.table_files import read_whole_files
from pivotmine.lake.tables import LEXICON
from pivotmine.numeric.association import expected
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import MAX_VOCAB_SIZE
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.counting import Counting, plan_counting
from pivotmine.stages.count.margins import pair_margins
from pivotmine.stages.count.pair_runs import PACKED_BYTES_PER_PAIR
from pivotmine.stages.count.sums import summed_pairs
from pivotmine.stages.lexicon.candidates import places
from pivotmine.stages.lexicon.sharing import UNIT, pair_weights
from pivotmine.stages.link.contest import Contenders, contenders
from pivotmine.text.token_notation import SPACE
from pivotmine.udfs import lexicon as udfs

MAX_ROWS_HERE = 8_000_000
"""Most candidates of tasks that are placed in the driver, some 100 bytes each; more are left to
Spark, with the same result."""


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Find candidates, share contexts out among them, and rank."""
    settings = recipe.lexicon
    counting = plan_counting(inputs, recipe)
    found = _candidates(inputs, recipe, counting)
    inputs.measure("candidates", found.num_rows)
    a, b = found["a"].to_numpy(), found["b"].to_numpy()
    links = contenders(a, b, len(counting.nodes.token))
    language = counting.names.language
    chance = _chance(a, b, counting.names)
    # Before the first round a pair explains what it meets above chance.
    shares = np.round(np.maximum(found["n_ab"].to_numpy() - chance, 0.0) * UNIT).astype(np.int64)
    for _ in range(settings.rounds):
        round_ = udfs.Sharing(links, language, pair_weights(links, language, shares))
        shares = _shared(inputs, round_)
    pieces = inputs.table("vocabulary", ("token_id", "token"), MAX_VOCAB_SIZE).sort_by("token_id")
    rows = _translations(
        links, found["n_ab"].to_numpy(), shares, chance, counting.names, settings.max_translations
    )
    return {"lexicon": _named(rows, pieces["token"].combine_chunks(), counting.names.languages)}


def _candidates(inputs: Inputs, recipe: Recipe, counting: Counting) -> pa.Table:
    """Columns a, b and n_ab of at most `max_pairs` candidates, by a and b."""
    settings = recipe.lexicon
    plan, names, most = counting.plan, counting.names, settings.max_partners
    min_count = _min_count(recipe, counting.pair_events)
    inputs.measure("min_count", min_count)
    if len(counting.chunks) > 1:
        counted = recipe.count.model_copy(update={"min_count": min_count})
        pairs = summed_pairs(inputs, counted, plan, counting.chunks, counting.pair_events)
        prune = udfs.bind_summed(plan.n_folds, names, most)
        rows = ArrowRows(pairs, prune, udfs.CANDIDATES)
    else:
        count = udfs.bind_counted(plan, names, min_count, most)
        rows = ArrowRows(inputs.numbers(len(plan.tasks)), count, udfs.CANDIDATES)
    files = inputs.files(rows, "candidates")
    if sum(n_rows for _, n_rows in files) <= MAX_ROWS_HERE:
        found = best_candidates(read_whole_files(files, udfs.CANDIDATES), most, settings.max_pairs)
    else:
        stored = inputs.read_files([path for path, _ in files], udfs.CANDIDATES)
        place = F.least(_place("a", "b"), _place("b", "a"))
        ranked = stored.withColumn("place", place).where(F.col("place") <= most)
        best = ranked.orderBy("place", F.desc("strength"), "a", "b").limit(settings.max_pairs)
        found = inputs.local(best.select("a", "b", "n_ab"), settings.max_pairs)
    if found.num_rows == settings.max_pairs:
        inputs.note(
            f"there are {settings.max_pairs:,} candidates or more; those are taken that are best "
            "placed. Raise lexicon.max_pairs, or lower lexicon.max_partners."
        )
    return found.sort_by([("a", "ascending"), ("b", "ascending")]).combine_chunks()


def best_candidates(rows: pa.Table, max_partners: int, max_pairs: int) -> pa.Table:
    """Columns a, b and n_ab of the rows of `CANDIDATES` that are best placed on one of their sides.

    Memory: about 100 B a row.
    """
    a, b, strength, language_a, language_b = (
        rows[name].to_numpy() for name in ("a", "b", "strength", "language_a", "language_b")
    )
    place = np.minimum(places(a, language_b, b, strength), places(b, language_a, a, strength))
    kept = np.flatnonzero(place < max_partners)
    order = np.lexsort((b[kept], a[kept], -strength[kept], place[kept]))
    return rows.select(["a", "b", "n_ab"]).take(pa.array(kept[order[:max_pairs]]))


def _min_count(recipe: Recipe, pair_events: int) -> int:
    """The least meetings of a candidate; does not depend on how contexts are cut into chunks."""
    if recipe.lexicon.min_count is not None:
        return recipe.lexicon.min_count
    shuffle_bytes = pair_events * PACKED_BYTES_PER_PAIR
    return 1 if shuffle_bytes <= recipe.count.max_shuffle_bytes else recipe.count.min_count


def _place(side: str, other: str) -> Column:
    partners = Window.partitionBy(side, f"language_{other}").orderBy(F.desc("strength"), other)
    return F.row_number().over(partners)


def _shared(inputs: Inputs, round_: udfs.Sharing) -> NDArray[np.int64]:
    """[m] shares of all candidates after a round."""
    files = inputs.table_files("contexts")
    n_tasks = 2 * inputs.spark.sparkContext.defaultParallelism
    parts = share_out(files, max(-(-sum(n_rows for _, n_rows in files) // n_tasks), 1))
    made = ArrowRows(inputs.numbers(len(parts)), udfs.bind_share(parts, round_), udfs.SHARES)
    shares = np.zeros(len(round_.links.a), np.int64)
    if made.is_here:
        sums = made.gathered()
    else:
        by_pair = made.in_spark().groupBy("pair").agg(F.sum("units").alias("units"))
        sums = inputs.local(by_pair, len(shares))
    np.add.at(shares, sums["pair"].to_numpy(), sums["units"].to_numpy())
    return shares


def _chance(a: NDArray[np.int32], b: NDArray[np.int32], names: PairNames) -> NDArray[np.float64]:
    """[m] contexts in which each pair would meet by chance."""
    n = names.n_contexts[names.language[a], names.language[b]]
    return expected(*pair_margins(names.margins, a, b, names.language), n)


def _translations(
    links: Contenders,
    n_ab: NDArray[np.int64],
    shares: NDArray[np.int64],
    chance: NDArray[np.float64],
    names: PairNames,
    most: int,
) -> dict[str, NDArray]:  # type: ignore[type-arg]
    """Columns of nodes, partners, ranks and evidence, by node, language and rank."""
    got = np.flatnonzero(shares)
    both = np.concatenate((got, got))
    node = np.concatenate((links.a[got], links.b[got]))
    partner = np.concatenate((links.b[got], links.a[got]))
    language = names.language[partner].astype(np.int64)
    place = places(
        node.astype(np.int64), language, partner.astype(np.int64), shares[both].astype(float)
    )
    of_node = node.astype(np.int64) * len(names.languages) + language
    total = np.bincount(of_node, shares[both])
    kept = np.flatnonzero(place < most)
    kept = kept[np.lexsort((place[kept], of_node[kept]))]
    node, partner, pair = node[kept], partner[kept], both[kept]
    n, n_partner = pair_margins(names.margins, node, partner, names.language)
    return {
        "token_id": names.token[node],
        "language": names.language[node],
        "partner_id": names.token[partner],
        "partner_language": names.language[partner],
        "rank": (place[kept] + 1).astype(np.int32),
        "weight": shares[pair] / total[of_node[kept]],
        "n_translated": shares[pair] / UNIT,
        "n_ab": n_ab[pair],
        "n": n,
        "n_partner": n_partner,
        "n_contexts": names.n_contexts[names.language[node], names.language[partner]],
        "expected": chance[pair],
    }


def _named(
    columns: dict[str, NDArray],  # type: ignore[type-arg]
    pieces: pa.Array,
    languages: tuple[str, ...],
) -> pa.Table:
    """Rows of table `lexicon`."""
    names = pa.array(languages, pa.string())
    arrays = {name: pa.array(column) for name, column in columns.items()}
    for side, prefix in (("token", ""), ("partner", "partner_")):
        arrays[side] = pieces.take(arrays[f"{side}_id"])
        arrays[f"{prefix}lang"] = names.take(arrays.pop(f"{prefix}language"))
    bare = [pc.utf8_lower(pc.utf8_ltrim(arrays[side], SPACE)) for side in ("token", "partner")]
    arrays["is_copy"] = pc.equal(*bare)
    return pa.table(arrays).select(LEXICON.schema.names).cast(LEXICON.schema)


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Contexts in, translations out."""
    return Tally(rows.read["contexts"], rows.written["lexicon"], conserved=False)


STAGE = Stage(
    name="lexicon",
    doc="best translations of every token",
    reads=("contexts", "vocabulary"),
    writes=("lexicon",),
    sections=("languages", "count.min_count", "count.folds", "count.max_shuffle_bytes", "lexicon"),
    run=run,
    tally=tally,
    runs_kernels=True,
)
