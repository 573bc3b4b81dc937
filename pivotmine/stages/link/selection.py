"""From candidates to links: rates are controlled, partners ranked, and links compete.

The steps are the same whether the candidates lie in the driver (`rows_here.py`), as those of a few
gigabytes of text do, or in Spark (`rows_in_spark.py`).
"""

from __future__ import annotations

from typing import Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import pyarrow as pa

from pivotmine.numeric.q_values import Rate, measured_rates, q_values
from pivotmine.recipe.linking import LinkConfig


class CandidateRows(Protocol):
    """Pairs of the corpus and of its permutations, with the columns of `associate.CANDIDATES`."""

    def bins(self, *, winners: bool = False) -> pa.Table:
        """Rows of `q_values.BINS`; of winners alone, once contests have been held."""

    def passing(self, q: pa.Table, max_q_value: float) -> Self:
        """The rows whose bin has at most this q-value, with column `q_value`.

        `q` has rows of `q_values.Q_VALUES`.
        """

    def ranked(self, max_rank: int, name: str) -> Self:
        """With columns `rank_ab` and `rank_ba`, and without rows that rank below on both sides.

        Ranks are among the partners of a node in the other language, by strength, ties by id.
        Copies are ranked apart: every name would have its copy first, which is no translation.
        `name` is for the files of an intermediate result.
        """

    def contested(self, min_won_share: float) -> Self:
        """With column `n_won`, and `wins`: won often enough, by a best partner."""

    def marked(self, q: pa.Table, max_q_value: float) -> Self:
        """The rows of the corpus, with columns `prevails` and `prevails_q_value`."""


Rows = TypeVar("Rows", bound=CandidateRows)


class Selected(NamedTuple, Generic[Rows]):
    """Links, and how many pairs would pass by chance."""

    links: Rows
    rates: dict[tuple[str, str], Rate]
    """Of links, by language pair."""

    prevailing_rates: dict[tuple[str, str], Rate]


def select_links(
    rows: Rows, tests: pa.Table, n_permutations: int, settings: LinkConfig
) -> Selected[Rows]:
    """The links among candidates.

    The rate is controlled twice: among all candidates, and among those that rank high enough there,
    since `max_rank` cuts off links of frequent words, but few pairs of a permutation.

    Parameters
    ----------
    tests
        Rows of `q_values.TESTS`.
    """
    most = settings.max_q_value
    first = rows.passing(q_values(rows.bins(), tests, n_permutations), most)
    high = first.ranked(settings.max_rank, "ranked")
    # Every bin of `first` gets a q-value, since ranks count the pairs that are cut off as well.
    bins = pa.concat_tables([high.bins(), _emptied(first.bins())])
    passing = first.passing(q_values(bins, tests, n_permutations), most)
    links = passing.ranked(settings.max_rank, "links")
    contested = links.contested(settings.min_won_share)
    winners = contested.bins(winners=True)
    return Selected(
        contested.marked(q_values(winners, tests, n_permutations), most),
        measured_rates(bins, tests, n_permutations, most) if n_permutations else {},
        measured_rates(winners, tests, n_permutations, most) if n_permutations else {},
    )


def _emptied(bins: pa.Table) -> pa.Table:
    """The bins with no pair in them."""
    zeros = pa.array(np.zeros(bins.num_rows, np.int64))
    return bins.set_column(bins.column_names.index("count"), "count", zeros)
