"""Two documents of many tokens aligned: `python -m bench.pairs.long_document`."""

from __future__ import annotations

import resource
from typing import Annotated

import numpy as np
import typer

from pivotmine.show.console import run_app
from pivotmine.stages.pair.alignment import align
from pivotmine.stages.pair.chain import Segments

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_SEGMENT_TOKENS = 20
_FEATURES = 8


@app.command()
def main(
    tokens: Annotated[int, typer.Option(help="Tokens of each document.")] = 10_000_000,
    missing: Annotated[float, typer.Option(help="Share of b that is gone, as one block.")] = 0.1,
) -> None:
    """Processor seconds and memory of an alignment, and how much of it is right."""
    n = tokens // _SEGMENT_TOKENS
    draw = np.random.default_rng(1)
    # Zipf's law: most features are rare, and some are in every other segment.
    features = np.sort(draw.zipf(1.3, (n, _FEATURES)).clip(max=2**30), axis=1).astype(np.int32)
    lengths = draw.integers(40, 160, n).astype(np.int32)
    gone = slice(n // 2, n // 2 + int(n * missing))
    kept = np.delete(np.arange(n), gone)
    _align(features[:100], lengths[:100], np.arange(100))
    before = resource.getrusage(resource.RUSAGE_SELF)
    right = _align(features, lengths, kept)
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{n:,} segments: {after.ru_utime - before.ru_utime:.1f} processor seconds, "
        f"{(after.ru_maxrss - before.ru_maxrss) / 1024:,.0f} MB more than before, "
        f"{right:.4f} of the segments of b aligned with their own"
    )


def _align(features: np.ndarray, lengths: np.ndarray, kept: np.ndarray) -> float:  # type: ignore[type-arg]
    found = align(_segments(features, lengths), _segments(features[kept], lengths[kept]))
    return float((kept[found.b] == found.a).sum()) / len(kept)


def _segments(features: np.ndarray, lengths: np.ndarray) -> Segments:  # type: ignore[type-arg]
    distinct = np.ones(features.shape, bool)
    distinct[:, 1:] = features[:, 1:] != features[:, :-1]
    flat = features[distinct]
    bits = np.maximum(np.log2(flat.astype(np.float64)) * 1.3, 0.5).astype(np.float32)
    offsets = np.concatenate(([0], np.cumsum(distinct.sum(axis=1)))).astype(np.int64)
    return Segments(flat, bits, offsets, lengths)


if __name__ == "__main__":
    run_app(app)
