"""A first recipe for a user's own files, annotated with what it was guessed from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from pivotmine.errors import InputError
from pivotmine.keep.survey import InputSurvey, Survey

LEAST_SHARE = 0.01
"""Least share of a language that is mined, in the text of the sample."""

_ORIGINS = ("source", "url", "uri", "domain", "host", "site", "book", "title")
"""Names of columns that often tell where a document comes from."""

_LEAST_TOLD = 0.001
_BYTES_PER_TOKEN = 4
_BUDGET_SHARE = 0.1
_VOCAB_SIZES = ((2_000_000, 4_000), (20_000_000, 16_000), (200_000_000, 32_000))
_WIDTH = 96


def mined_languages(found: Survey) -> list[str]:
    """Languages that are worth mining, by their share of the sample.

    Raises
    ------
    InputError
        Fewer than two, and PivotMine mines pairs of languages.
    """
    languages = [lang for lang, share in found.languages.items() if share >= LEAST_SHARE]
    if len(languages) < 2:
        raise InputError(
            f"PivotMine mines pairs of languages, and the sample holds {_shares(found.languages)}. "
            f"Name files of a second language too: {LEAST_SHARE:.0%} of the sample are enough."
        )
    return languages


def describe(found: Survey) -> list[str]:
    """What was found and what was guessed, a line each, for a person."""
    lines = []
    for one in found.inputs:
        formats = ", ".join(f"{n:,} {name}" for name, n in one.formats.items())
        text = f"; text column {one.text_column}" if one.text_column else ""
        lines.append(f"files: {formats} ({_megabytes(one.n_bytes)} on disk){text}")
    lines.append(f"sample: {_sample(found)}")
    lines.append(f"languages: {_shares(found.languages)}")
    if found.rejects:
        refused = ", ".join(f"{n:,} {reason}" for reason, n in found.rejects.items())
        lines.append(f"refused in the sample: {refused}")
    return lines


def recipe_text(found: Survey, name: str, warehouse: str) -> str:
    """The recipe as YAML with comments.

    Parameters
    ----------
    name
        The file that it will be written to, for the commands in its comments.
    warehouse
        Folder of the lake.

    Raises
    ------
    InputError
        The sample holds fewer than two languages.
    """
    return "".join(f"{line}\n" for line in _lines(found, name, warehouse))


def _lines(found: Survey, name: str, warehouse: str) -> Iterator[str]:
    languages = mined_languages(found)
    rare = {lang: s for lang, s in found.languages.items() if _LEAST_TOLD <= s < LEAST_SHARE}
    yield from _comment("Written by `pivotmine init` from a sample of your files. Check it, then")
    yield f"#   pivotmine run --config {name}"
    yield from _comment(
        "Settings that are not here have their defaults; "
        f"`pivotmine config --config {name}` explains all."
    )
    yield ""
    yield from _comment(f"Guessed from {_sample(found)}: {_shares(found.languages, languages)}.")
    if rare:
        yield from _comment(f"Below {LEAST_SHARE:.0%} and left out: {_shares(rare)}.")
    yield from _comment("Documents in other languages are kept, but not counted.")
    yield f"languages: {_inline(languages)}"
    yield ""
    yield "lake:"
    yield "  # Folder or URI of the tables and the training files."
    yield f"  warehouse: {_inline(warehouse)}"
    yield ""
    yield "ingest:"
    yield "  inputs:"
    for one in found.inputs:
        yield from _input_lines(one)
    yield from _size_lines(found)


def _input_lines(one: InputSurvey) -> Iterator[str]:
    formats = ", ".join(f"{n:,} {name}" for name, n in one.formats.items())
    yield f"    # Files: {formats}; {_megabytes(one.n_bytes)} on disk."
    yield f"    - uris: {_inline(list(one.uris))}"
    yield "      format: auto # by the suffix of each file"
    if one.text_column is not None:
        others = f"; other columns of strings: {', '.join(one.columns[:8])}" if one.columns else ""
        yield from _comment(f"Guessed from the first records{others}.", "      ")
        yield f"      text_column: {_inline(one.text_column)}"
    if origins := [name for name in _ORIGINS if name in one.columns]:
        yield "      # Column that names a document's origin (site, book), for shares of sources:"
        yield f"      # source_column: {_inline(origins[0])}"


def _size_lines(found: Survey) -> Iterator[str]:
    text = f"about {_megabytes(found.n_text_bytes)} of text, by the sizes of the files"
    sizes = [pieces for limit, pieces in _VOCAB_SIZES if found.n_text_bytes < limit]
    if sizes:
        yield ""
        yield "tokenize:"
        yield from _comment(f"Small, for {text}.", "  ")
        yield f"  vocab_size: {sizes[0]}"
    tokens = found.n_text_bytes / _BYTES_PER_TOKEN
    yield ""
    yield "select:"
    yield from _comment(
        f"Tokens of each arm: a tenth of the corpus, at {_BYTES_PER_TOKEN} bytes a token ({text}).",
        "  ",
    )
    yield f"  budget_tokens: {_round(tokens * _BUDGET_SHARE)}"


def _sample(found: Survey) -> str:
    return (
        f"{found.n_documents:,} {'document' if found.n_documents == 1 else 'documents'} "
        f"({_megabytes(found.n_sampled_bytes)} of text), from {found.n_sampled_files:,} of "
        f"{found.n_files:,} {'file' if found.n_files == 1 else 'files'}"
    )


def _shares(shares: dict[str, float], only: Sequence[str] | None = None) -> str:
    named = {lang: s for lang, s in shares.items() if (lang in only if only else s >= _LEAST_TOLD)}
    return ", ".join(f"{lang} {share:.1%}" for lang, share in named.items()) or "none for certain"


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"


def _round(number: float) -> int:
    """To one significant digit, and at least 1,000."""
    return max(1000, int(float(f"{number:.0e}")))


def _inline(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text: str, indent: str = "") -> Iterator[str]:
    yield from (f"{indent}# {line}" for line in textwrap.wrap(text, _WIDTH - len(indent)))
