"""What a user's files hold, guessed from a sample: formats, text columns, languages.

A sample is about a megabyte of each of a few files of each format: from four places of a plain JSON
Lines file, from the beginning of any other. So a survey of any corpus takes seconds, and what lies
deeper in the files is not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pivotmine.errors import InputError
from pivotmine.keep.sample import (
    FoundFile,
    columns_of,
    find_files,
    language_shares,
    of_format,
    records,
    spread,
)

_INFLATION = 3  # of text, by gzip and zstd


@dataclass(frozen=True)
class InputSurvey:
    """URIs whose files are read in one way."""

    uris: tuple[str, ...]
    formats: dict[str, int]
    """Format -> number of files."""

    n_bytes: int
    """Size on disk."""

    text_column: str | None
    """None where no format has columns."""

    columns: tuple[str, ...]
    """Columns with strings, the text column left out."""


@dataclass(frozen=True)
class Survey:
    """What a sample of the files shows."""

    inputs: tuple[InputSurvey, ...]
    languages: dict[str, float]
    """Language -> share of the text (in bytes) whose language is certain, largest first."""

    n_files: int
    n_sampled_files: int
    n_documents: int
    n_sampled_bytes: int
    rejects: dict[str, int]
    """Reason -> records of the sample that cannot become documents."""

    n_text_bytes: int
    """Text of all files, estimated from their sizes."""


def survey(uris: Sequence[str]) -> Survey:
    """Read a sample of all files that the URIs name.

    Parameters
    ----------
    uris
        Files, folders or globs.

    Raises
    ------
    InputError
        Nothing matches, a name does not show its format, or no record holds text.
    """
    inputs: list[InputSurvey] = []
    texts: list[str] = []
    rejects: Counter[str] = Counter()
    n_sampled = n_text_bytes = 0
    for uri in uris:
        files = find_files(uri)
        found = _inputs_of(uri, files)
        inputs += found
        columns = {name: part.text_column for part in found for name in part.formats}
        for file in spread(files):
            n_sampled += 1
            for kind, value in records(file, columns[file.format] or "text"):
                if kind == "document":
                    texts.append(value)
                else:
                    rejects[value] += 1
        n_text_bytes += sum(
            file.n_bytes * (_INFLATION if file.compression != "none" else 1) for file in files
        )
    if not texts:
        reasons = ", ".join(f"{n} {reason}" for reason, n in rejects.most_common())
        raise InputError(f"no document was found in the sample; refused: {reasons or 'nothing'}")
    return Survey(
        inputs=_merged(inputs),
        languages=language_shares(texts),
        n_files=sum(sum(part.formats.values()) for part in inputs),
        n_sampled_files=n_sampled,
        n_documents=len(texts),
        n_sampled_bytes=sum(len(text.encode()) for text in texts),
        rejects=dict(rejects.most_common()),
        n_text_bytes=n_text_bytes,
    )


def _inputs_of(uri: str, files: Sequence[FoundFile]) -> list[InputSurvey]:
    """The URI as one input, or one for each text column where its formats differ in that."""
    kinds: dict[tuple[str | None, tuple[str, ...]], list[FoundFile]] = {}
    layouts = {
        name: columns_of(of_format(files, name)[0]) for name in sorted({f.format for f in files})
    }
    for name, columns in layouts.items():
        kinds.setdefault(columns, []).extend(of_format(files, name))
    text_columns = {column for column, _ in kinds if column is not None}
    if len(text_columns) > 1:
        return [
            InputSurvey(tuple(file.uri for file in part), _count(part), _size(part), *columns)
            for columns, part in kinds.items()
        ]
    others = tuple(dict.fromkeys(name for _, names in kinds for name in names))
    text = next(iter(text_columns), None)
    return [InputSurvey((uri,), _count(files), _size(files), text, others)]


def _merged(inputs: Sequence[InputSurvey]) -> tuple[InputSurvey, ...]:
    """One input for all that are read in the same way."""
    merged: dict[tuple[str | None, tuple[str, ...]], InputSurvey] = {}
    for one in inputs:
        key = (one.text_column, one.columns)
        other = merged.get(key)
        if other is not None:
            formats = dict(Counter(other.formats) + Counter(one.formats))
            size = other.n_bytes + one.n_bytes
            one = InputSurvey((*other.uris, *one.uris), formats, size, *key)
        merged[key] = one
    return tuple(merged.values())


def _count(files: Sequence[FoundFile]) -> dict[str, int]:
    return dict(Counter(file.format for file in files).most_common())


def _size(files: Sequence[FoundFile]) -> int:
    return sum(file.n_bytes for file in files)
