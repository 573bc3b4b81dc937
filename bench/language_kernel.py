"""Languages by our kernel and by the fastText library: `python -m bench.language_kernel --help`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow.dataset as ds
import typer

from bench import machine, tables
from pivotmine.show.console import run_app
from pivotmine.text.fasttext_model import (
    LEAST_PROBABILITY,
    LanguageModel,
    Question,
    Texts,
    as_texts,
    load_by_library,
    load_model,
)
from pivotmine.text.language import Identifier
from pivotmine.text.segments import split_segments

_SEGMENT_CHARS = 400
_TEXTS_AT_ONCE = 20_000
_MOST_SHOWN = 20

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Found(NamedTuple):
    """Languages of documents and of their segments, and what naming them took."""

    documents: list[tuple[str, float]]
    segments: list[list[str]]
    document_seconds: float
    """Processor time of this thread."""
    segment_seconds: float


@app.command()
def main(
    corpora: Annotated[list[Path], typer.Argument(help="Parquet files or folders with `text`.")],
    languages: Annotated[str, typer.Option(help="Languages of the recipe.")] = "en,fr,zh,ja",
    every: Annotated[int, typer.Option(help="Take each n-th document.")] = 1,
    model: Annotated[
        Path | None, typer.Option(help="fastText model; the default's if none.")
    ] = None,
) -> None:
    """Name the languages of the same documents and segments both ways, on one core.

    Prints processor microseconds, how many names differ, the largest difference of a probability,
    and the segments that are named differently. What is not fastText's is computed in one way.
    """
    path = str(model) if model else None
    ours, theirs = load_model(path), load_by_library(path)
    _name(ours, ["A first line compiles the kernels, Σίσυφος."], languages.split(","))
    rows, differing = [], []
    for corpus in corpora:
        column = ds.dataset(corpus).to_table(columns=["text"])["text"].to_pylist()
        texts = [text for text in column[::every] if text]
        one = _name(ours, texts, languages.split(","))
        other = _name(theirs, texts, languages.split(","))
        cut = [split_segments(text) for text in texts]
        segments = list(chain.from_iterable(cut))
        names = (chain.from_iterable(found.segments) for found in (one, other))
        pairs = zip(segments, *names, strict=True)
        unequal = [(corpus.name, *pair) for pair in pairs if pair[1] != pair[2]]
        documents = sum(a[0] != b[0] for a, b in zip(one.documents, other.documents, strict=True))
        rows.append(
            (
                corpus.name,
                f"{len(texts):,}",
                f"{1e6 * one.document_seconds / len(texts):.1f}",
                f"{1e6 * other.document_seconds / len(texts):.1f}",
                f"{documents}",
                f"{len(segments):,}",
                f"{1e6 * one.segment_seconds / len(segments):.2f}",
                f"{1e6 * other.segment_seconds / len(segments):.2f}",
                tables.ratio(other.segment_seconds / one.segment_seconds),
                f"{len(unequal)}",
                f"{_difference(ours, theirs, segments):.1e}",
            )
        )
        differing += unequal
    print(f"{machine.describe()}, commit {machine.commit()}\n")
    header = "corpus|documents|us each|library|differ|segments|us each|library|times|differ"
    print("\n".join(tables.markdown([*header.split("|"), "largest difference"], rows)))
    for corpus_name, segment, mine, its in differing[:_MOST_SHOWN]:
        print(f"{corpus_name}: {mine}, library {its}: {segment[:100]!r}")


def _name(model: LanguageModel, texts: Sequence[str], languages: Sequence[str]) -> Found:
    identifier = Identifier(model)
    cut = [split_segments(text) for text in texts]
    start = time.thread_time()
    documents = identifier.identify_documents(texts)
    middle = time.thread_time()
    names = [language for language, _ in documents]
    segments = identifier.identify_segments(cut, names, languages)
    return Found(documents, segments, middle - start, time.thread_time() - middle)


def _difference(ours: LanguageModel, theirs: LanguageModel, segments: Sequence[str]) -> float:
    """Largest difference of the probability of a label, but for those at the threshold."""
    largest = 0.0
    columns = [[theirs.labels.index(label) for label in ours.labels], range(len(ours.labels))]
    for start in range(0, len(segments), _TEXTS_AT_ONCE):
        texts = as_texts(segments[start : start + _TEXTS_AT_ONCE], _SEGMENT_CHARS)
        one, other = _masses(ours, columns[0], texts), _masses(theirs, columns[1], texts)
        differences = np.abs(one - other)
        on_edge = np.abs(np.maximum(one, other) - LEAST_PROBABILITY) < 1e-5
        largest = max(largest, float(differences[~on_edge].max(initial=0)))
    return largest


def _masses(model: LanguageModel, columns: Sequence[int], texts: Texts) -> np.ndarray:
    question = Question(np.array([columns], np.int32), len(columns))
    return model.masses(texts, np.zeros(len(texts.starts), np.int64), question)


if __name__ == "__main__":
    run_app(app)
