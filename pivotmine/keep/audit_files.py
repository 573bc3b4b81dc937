"""Audit of files: existence, sizes and digests of all that committed tables consist of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from pivotmine.errors import DamagedError
from pivotmine.lake.digests import Damage, DigestsLost, changed, missing_or_resized, recorded
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TABLES


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    check: str
    holds: bool
    figures: str
    damages: tuple[Damage, ...] = ()


def audit_files(lake: Lake, *, quick: bool = False) -> Iterator[Finding]:
    """Compare the files of all committed tables, training files included, with what was written.

    Parameters
    ----------
    quick
        Compare existence and size only, by listing folders; no file is read.
    """
    tables = [name for name in TABLES if lake.snapshot(name) is not None]
    damages = [damage for name in tables for damage in missing_or_resized(lake, name)]
    n_files = sum(len(_files(lake, name) or ()) for name in tables)
    yield _finding("files are there, with their sizes", f"{n_files:,} files", damages)
    if quick:
        return
    told = {damage.path for damage in damages}
    damages, n_files, without = [], 0, []
    for name in tables:
        try:
            digests = recorded(lake, name)
        except DigestsLost:
            continue  # told above
        if digests is None:
            without.append(name)
        else:
            n_files += len(digests)
            there = {path: digest for path, digest in digests.items() if path not in told}
            damages += changed(lake, name, there)
    figures = f"{n_files:,} files"
    if without:
        figures += f"; earlier versions wrote {', '.join(without)} and kept no digests"
    yield _finding("files have their digests", figures, damages)


def unreadable(lake: Lake, damages: Iterable[Damage]) -> set[str]:
    """The tables of which data files are damaged, so that no question to them can be trusted."""
    damaged = {lake.normal_address(damage.path) for damage in damages}
    files = {name: _files(lake, name) for name in TABLES}
    return {
        name
        for name, paths in files.items()
        if paths is None or not damaged.isdisjoint(map(lake.normal_address, paths))
    }


def _files(lake: Lake, name: str) -> list[str] | None:
    """The data files of a table; None if the list of them cannot be read."""
    try:
        return lake.files(name)
    except DamagedError:
        return None


def _finding(check: str, figures: str, damages: Collection[Damage]) -> Finding:
    if damages:
        figures = f"{len(damages):,} damaged, of {figures}"
    return Finding(check, not damages, figures, tuple(damages))
