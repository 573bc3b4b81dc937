"""Takedown: remove a delivery from the lake for good.

All tables are made anew without it, because it has contributed to most counts, links and scores.
Earlier snapshots hold it until they are deleted, and the history of the lake with them.
"""

from __future__ import annotations

from collections.abc import Callable

from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.query import connect
from pivotmine.lake.removal import forget_past
from pivotmine.lake.withdrawals import withdraw, without_withdrawn
from pivotmine.recipe import Recipe
from pivotmine.stages.ingest.files import ingest_ids
from pivotmine.stages.road import ROAD


def take_down(
    recipe: Recipe,
    ingest_id: str,
    reason: str,
    run_until: Callable[[str], object],
    *,
    forget: bool = True,
) -> int:
    """Withdraw a delivery, make all committed tables anew, and forget the past.

    Parameters
    ----------
    ingest_id
        The delivery.
    reason
        Kept in table `withdrawals`.
    run_until
        Runs the road up to a stage.
    forget
        Delete earlier snapshots, which still hold the delivery.

    Returns
    -------
    Number of earlier snapshots that were deleted.

    Raises
    ------
    LakeError
        Neither the lake nor the recipe knows the delivery.
    ConfigError
        Nothing else would be left to read. Nothing has changed then.
    """
    lake = Lake(recipe.lake)
    without_withdrawn(recipe, also=ingest_id)
    rows = connect(lake).execute("SELECT DISTINCT ingest_id FROM inputs").fetchall()
    known = {name for (name,) in rows} | set(ingest_ids(recipe))
    withdraw(lake, ingest_id, known, reason)
    ran = set(lake.runs()["stage"].to_pylist())
    last = [stage.name for stage in ROAD if stage.name in ran]
    if last:
        run_until(last[-1])
    if not forget:
        return 0
    lake = Lake(recipe.lake)
    with hold_lease(lake):
        return forget_past(lake)
