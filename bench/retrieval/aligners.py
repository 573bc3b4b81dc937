"""Word aligners: fast_align (package systran-align) and eflomal; alignments are kept as files."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.retrieval.texts import Text

Alignments = Iterable[list[tuple[int, int]]]


def aligned(name: str, text: Text, folder: Path) -> Alignments | None:
    """Alignments of every context, read from `folder` if they lie there; None if not installed."""
    path = folder / f"{'-'.join(text.langs)}.{name}"
    if not path.exists():
        package, align = ALIGNERS[name]
        if importlib.util.find_spec(package) is None:
            return None
        lines = (" ".join(f"{i}-{j}" for i, j in found) for found in align(text))
        path.write_text("".join(f"{line}\n" for line in lines))
    return _read(path)


def _fast_align(text: Text) -> Alignments:
    """IBM model 2 (Dyer, Chahuneau and Smith 2013), both ways, symmetrised."""
    import systran_align

    sides = [[[text.pieces[i] for i in row] or ["x"] for row in side] for side in (text.a, text.b)]
    with tempfile.TemporaryDirectory() as folder:
        given, forward, backward = (f"{folder}/{name}" for name in ("text", "forward", "backward"))
        lines = (f"{' '.join(a)} ||| {' '.join(b)}" for a, b in zip(*sides, strict=True))
        Path(given).write_text("\n".join(lines) + "\n", encoding="utf-8")
        systran_align.generate_alignment_probabilities(given, forward, backward)
        aligner = systran_align.Aligner(forward, backward)
        return [found["alignments"] for found in aligner.align_batch(*sides)]


def _eflomal(text: Text) -> Alignments:
    """A Bayesian HMM with fertility (Oestling and Tiedemann 2016), intersected."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: f"{folder}/{name}" for name in ("source", "target", "forward", "reverse")}
        for name, side in (("source", text.a), ("target", text.b)):
            lines = (" ".join(text.pieces[i].replace("\n", "") for i in row) for row in side)
            Path(paths[name]).write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [shutil.which("eflomal-align") or f"{Path(sys.executable).parent}/eflomal-align"]
        command += ["-s", paths["source"], "-t", paths["target"], "--model", "3"]
        command += ["-f", paths["forward"], "-r", paths["reverse"]]
        subprocess.run(command, check=True, capture_output=True)
        both = zip(_read(Path(paths["forward"])), _read(Path(paths["reverse"])), strict=True)
        return [sorted(set(there) & set(back)) for there, back in both]


def _read(path: Path) -> Iterator[list[tuple[int, int]]]:
    with path.open() as file:
        for line in file:
            pairs = (pair.split("-") for pair in line.split())
            yield [(int(i), int(j)) for i, j in pairs]


ALIGNERS = {"fast_align": ("systran_align", _fast_align), "eflomal": ("eflomal", _eflomal)}
