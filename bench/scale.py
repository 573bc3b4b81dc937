"""What counting a corpus of any size costs, from constants that were measured on a small one.

    python bench/scale.py --terabytes 100 --chunk-tokens 500e6

Prints the table of docs/scale.md. The constants are arguments too, so an operator can put in their
own: they are CPU times of the stage's kernels on real text, and figures of one run of the stage
(`SELECT measures FROM runs WHERE stage = 'count'`). Nothing but the growth of a chunk's distinct
pairs is extrapolated by a law.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Constants:
    """Measured on docs.parquet, 54 M tokens; see docs/scale.md."""

    bytes_per_token: float = 4.24
    """UTF-8 bytes of text."""

    read_ns_per_token: float = 22.0
    """CPU time from Parquet to an Arrow batch in a Python worker."""

    cut_ns_per_token: float = 35.0
    """CPU time of cutting contexts and packing them."""

    context_tokens_share: float = 0.0735
    """Distinct tokens of mixed contexts, as a share of all tokens."""

    packed_bytes: float = 1.5
    """Of a context token, between cutting and counting."""

    load_ns_per_context_token: float = 30.0
    """CPU time of reading a context token back and of counting its margins."""

    events_per_context_token: float = 15.3
    """Pairs of tokens that meet, each time they meet."""

    ns_per_event: float = 6.5
    """CPU time of the pair kernel, from contexts to pairs."""

    measured_tokens: float = 3.98e6
    """A chunk of this many context tokens..."""

    measured_pairs: float = 25.75e6
    """...has this many distinct pairs..."""

    growth: float = 0.71
    """...which grow with this power of its tokens."""

    bytes_per_pair: float = 2.2
    """On the way to its bucket, packed, four folds."""

    ns_per_sent_pair: float = 250.0
    """CPU time of dealing, shuffling and summing a pair."""

    ns_per_sketched_pair: float = 25.0
    """CPU time of adding a pair to the sketch, or of asking it."""

    bytes_per_chunk_token: float = 20.0
    """Memory of a task."""


def table(constants: Constants, terabytes: float, chunk_tokens: float) -> list[tuple[str, str]]:
    """Rows of (what, how much)."""
    c = constants
    n_tokens = terabytes * 1e12 / c.bytes_per_token
    context_tokens = n_tokens * c.context_tokens_share
    n_chunks = max(context_tokens / chunk_tokens, 1.0)
    pairs = n_chunks * c.measured_pairs * (chunk_tokens / c.measured_tokens) ** c.growth
    hour = 3600e9
    read = n_tokens * (c.read_ns_per_token + c.cut_ns_per_token) / hour
    load = context_tokens * c.load_ns_per_context_token / hour
    count = context_tokens * c.events_per_context_token * c.ns_per_event / hour
    send = pairs * c.ns_per_sent_pair / hour
    sketch = pairs * c.ns_per_sketched_pair / hour
    two_passes = read + 3 * load + 2 * (count + sketch) + send / 10
    return [
        ("tokens", f"{n_tokens:.2g}"),
        ("tokens of mixed contexts", f"{context_tokens:.2g}"),
        ("cut contexts on disk, TB", f"{context_tokens * c.packed_bytes / 1e12:,.2g}"),
        ("chunks", f"{n_chunks:,.0f}"),
        ("memory of a task, GB", f"{chunk_tokens * c.bytes_per_chunk_token / 1e9:,.2g}"),
        ("pairs sent in one pass", f"{pairs:.2g}"),
        ("shuffle of one pass, TB", f"{pairs * c.bytes_per_pair / 1e12:,.2g}"),
        ("reading and cutting, core-hours", f"{read:,.0f}"),
        ("margins, core-hours", f"{load:,.0f}"),
        ("counting pairs, core-hours", f"{count + load:,.0f}"),
        ("dealing, shuffling, summing, core-hours", f"{send:,.0f}"),
        ("one pass, core-hours", f"{read + 2 * load + count + send:,.0f}"),
        ("two passes that send a tenth, core-hours", f"{two_passes:,.0f}"),
        ("two passes that send a tenth, shuffle TB", f"{pairs * c.bytes_per_pair / 1e13:,.2g}"),
    ]


def main() -> None:
    """Parse the constants and print."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0] if __doc__ else None,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--terabytes", type=float, default=100.0, help="text of the corpus")
    parser.add_argument("--chunk-tokens", type=float, default=32e6, help="count.chunk_tokens")
    for field in fields(Constants):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=float, default=field.default, help="measured")
    given = vars(parser.parse_args())
    terabytes, chunk_tokens = given.pop("terabytes"), given.pop("chunk_tokens")
    for what, how_much in table(Constants(**given), terabytes, chunk_tokens):
        print(f"| {what} | {how_much} |")


if __name__ == "__main__":
    main()
