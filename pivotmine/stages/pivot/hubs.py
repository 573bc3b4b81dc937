"""Degrees of He et al. 2025 from counts that the driver holds; for small corpora.

The same rows as `stage._hubs` gives in Spark, without a shuffle of every pair from both of its
sides.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.recipe import He2025PivotConfig
from pivotmine.stages.link.rows_here import ranks


def hubs_here(counts: pa.Table, settings: He2025PivotConfig) -> pa.Table:
    """Columns token_id, lang, degree and languages of the tokens that edges reach.

    Memory: 60 B a pair, and 100 B for each edge of `min_increase` or more.

    Parameters
    ----------
    counts
        Columns of table `counts`: a, b, lang_a, lang_b, n_ab, n_a, n_b, n_contexts.
    """
    names = counts["lang_a"].unique().to_pylist() + counts["lang_b"].unique().to_pylist()
    languages = pa.array(sorted(set(names)), pa.string())
    n_ab, n_contexts = (counts[name].to_numpy() for name in ("n_ab", "n_contexts"))
    sides = [
        (counts[side].to_numpy(), _index(counts[f"lang_{side}"], languages), counts[f"n_{side}"])
        for side in ("a", "b")
    ]
    edges = []
    for (one, lang, n), (other, other_lang, n_other) in (sides, sides[::-1]):
        increase = n_ab / n.to_numpy() - n_other.to_numpy() / n_contexts
        kept = np.flatnonzero(increase >= settings.min_increase)
        edges.append([column[kept] for column in (one, lang, other, other_lang, increase)])
    one, lang, other, other_lang, increase = map(np.concatenate, zip(*edges, strict=True))
    ids = other_lang.astype(np.int64) << 32 | other
    drawn = ranks([one, lang], increase, ids) <= settings.max_edges
    held = pa.table(
        {
            "token_id": pa.array(other[drawn]),
            "lang": languages.take(pa.array(other_lang[drawn])),
            "from": languages.take(pa.array(lang[drawn])),
        }
    )
    by_language = held.group_by(["token_id", "lang", "from"]).aggregate([([], "count_all")])
    by_language = by_language.sort_by("from")
    hubs = by_language.group_by(["token_id", "lang"], use_threads=False).aggregate(
        [("count_all", "sum"), ("from", "list")]
    )
    return hubs.rename_columns({"count_all_sum": "degree", "from_list": "languages"})


def _index(names: pa.ChunkedArray, languages: pa.Array) -> NDArray[np.int32]:
    found: NDArray[np.int32] = pc.index_in(names, value_set=languages).to_numpy()
    return found
