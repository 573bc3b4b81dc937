"""Confusion of our identifier, and accuracy over length of all of them, as one SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

from bench.segment_language.score import BUCKET_NAMES, Line, bucket, confusion, macro
from bench.segment_language.ways import PAGE

# Okabe and Ito's palette, which readers with any colour vision can tell apart, and greys.
_COLOURS = ("#000000", "#0072B2", "#D55E00", "#E69F00", "#009E73", "#56B4E9", "#CC79A7", "#999999")


def plot(lines: Sequence[Line], languages: Sequence[str], path: Path) -> None:
    """Pages in one language: left macro accuracy over letters, right our confusion."""
    matplotlib.use("agg")
    from matplotlib import pyplot

    settings: dict[Any, Any] = {"svg.hashsalt": "languages", "svg.fonttype": "none", "font.size": 9}
    with pyplot.rc_context(settings):
        canvas, (left, right) = pyplot.subplots(1, 2, figsize=(13, 5), layout="constrained")
        for at, way in enumerate(dict.fromkeys(line.way for line in lines)):
            mine = [line for line in lines if line.way == way]
            points = [macro([x for x in mine if bucket(x.letters) == b]) for b in BUCKET_NAMES]
            style = "-" if at < len(_COLOURS) else "--"
            left.plot(BUCKET_NAMES, points, style, color=_COLOURS[at % len(_COLOURS)], label=way)
        left.set_xlabel("letters in the line")
        left.set_ylabel("share named rightly, mean over languages")
        left.grid(True, linewidth=0.4)
        left.legend(fontsize=7, frameon=False)
        shares = confusion([line for line in lines if line.way == PAGE], languages)
        right.imshow(shares**0.5, cmap="Greys", vmin=0, vmax=1)
        right.set_xticks(range(len(languages) + 1), [*languages, "other"], rotation=90)
        right.set_yticks(range(len(languages)), languages)
        right.set_xlabel(f"named by {PAGE} (shade: square root of the share)")
        right.set_ylabel("language")
        for row, column in zip(*shares.nonzero(), strict=True):
            if row != column and shares[row, column] >= 0.005:
                label = f"{100 * shares[row, column]:.1f}"
                right.text(column, row, label, ha="center", va="center", fontsize=6)
        canvas.savefig(path, metadata={"Date": None})
        pyplot.close(canvas)
