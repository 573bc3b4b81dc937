"""From source files to documents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine import plugins
from pivotmine.recipe.section import LanguageCode, Name, OneOf, PositiveInt, Section
from pivotmine.text.quality_bounds import FAMILIES, MEASURES


class InputConfig(Section):
    """One set of source files that share a format and a column layout."""

    uris: Annotated[tuple[str, ...], Field(min_length=1)]
    """Files, folders or globs; any fsspec URI."""

    format: Annotated[str, OneOf(lambda: ("auto", *plugins.SOURCES.names()))] = "auto"
    """Record format; `auto`: by the file's suffix, without .gz or .zst (docs/sources.md)."""

    compression: Literal["auto", "none", "gzip", "zstd"] = "auto"
    """Compression of the files; `auto`: by their first bytes, and by the suffix where these do not
    tell. A name overrules both."""

    text_column: str = "text"
    """Column or JSON key of the document's text; dots reach into nested records."""

    source_column: str | None = None
    """Column, JSON key or WARC header that names the document's origin (site, package, crawl). For
    WARC files without this and without a label, the origin is the host of the page."""

    source_label: str = ""
    """Origin of documents that have no source column."""

    ingest_id: Name | None = None
    """Delivery that these files belong to, where it is not `ingest.ingest_id`. Of several copies,
    the one of the delivery that is named first is kept."""

    whole_pages: bool = False
    """Take all text of HTML pages, not only what looks like their main content."""


class FiltersConfig(Section):
    """Quality filters: whole documents are kept or rejected, texts are never changed. Off by
    default: the published thresholds were tuned on English web pages, and reject lists and tables.
    """

    families: tuple[Annotated[str, OneOf(lambda: FAMILIES)], ...] = ()
    """Sets of bounds with their published thresholds (pivotmine/text/quality_bounds.py)."""

    bounds: dict[str, float | None] = {}
    """Single bounds, `min_MEASURE` or `max_MEASURE`: {min_words: 20, max_short_line_share: 0.9}.
    They overrule those of the families; null switches one off."""

    languages: dict[LanguageCode, dict[str, float | None]] = {}
    """Bounds that differ for documents of a language: {ja: {min_words: 80}}."""

    @model_validator(mode="after")
    def _bounds_exist(self) -> FiltersConfig:
        for bounds in (self.bounds, *self.languages.values()):
            for name in bounds:
                kind, _, measure = name.partition("_")
                if kind not in ("min", "max") or measure not in MEASURES:
                    raise ValueError(
                        f"no bound {name!r}; give min_ or max_ and one of {', '.join(MEASURES)}"
                    )
        return self

    def bounds_of(self, lang: str | None) -> dict[str, float]:
        """All bounds for documents of a language, in the order in which they are checked."""
        found: dict[str, float | None] = {}
        for family in self.families:
            found |= FAMILIES[family]
        found |= self.bounds | self.languages.get(lang or "", {})
        return {name: bound for name, bound in found.items() if bound is not None}


class IngestConfig(Section):
    """Reading: files to documents, rejects and duplicates."""

    inputs: tuple[InputConfig, ...] = ()
    """What to read."""

    ingest_id: Name = "main"
    """Name of this delivery; it marks every row that comes from it."""

    max_document_bytes: PositiveInt = 10_000_000
    """Longest text kept, UTF-8 bytes; longer ones are rejected."""

    max_record_bytes: PositiveInt = 64_000_000
    """Longest raw line held in memory, bytes; longer ones are skipped and rejected unread."""

    max_inflation: PositiveInt = 200
    """A compressed file may inflate to this many times its size, and 64 MiB more. The rest of a
    larger one is rejected. Real text stays below 20."""

    max_window_bytes: Annotated[int, Field(ge=1024, le=1 << 31)] = 1 << 27
    """Largest window of a zstd frame, bytes; a task needs as much memory. The default is that of
    `zstd`; files of `zstd --long=31` need 2147483648."""

    raw_bytes: PositiveInt = 1024
    """Bytes that are kept of a rejected record."""

    split_bytes: PositiveInt = 16_000_000
    """Size of the pieces into which splittable files are cut, bytes on disk. A piece is a task;
    identifying languages makes one of this size take about half a minute."""

    filters: FiltersConfig = FiltersConfig()

    language_model: str | None = None
    """fastText language identification model (path): GlotLID, OpenLID or your own. Default:
    lid.176.ftz, which ships with the installation and works offline."""


class DedupConfig(Section):
    """Near-duplicates: copies with a few edits. Exact copies are always dropped."""

    near: bool = False
    """Find near-duplicates and keep one of each group. Part of `ingest`; no file is read again
    for it."""

    similarity: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8
    """Least Jaccard similarity of the shingles of two documents of one language, as their
    signatures estimate it."""

    shingle_words: Annotated[int, Field(ge=1, le=64)] = 5
    """Words of a shingle (characters in scripts without spaces). An edited word changes this many
    shingles."""

    permutations: Annotated[int, Field(ge=16, le=1024)] = 128
    """Length of a signature. The standard error of a similarity s is sqrt(s (1 - s) / this)."""

    min_shingles: PositiveInt = 20
    """Documents with fewer shingles are dropped as exact copies only."""

    max_line_docs: PositiveInt = 100
    """Lines that more documents hold are boilerplate. They are left out of the comparison where
    `min_shingles` remain without them, since documents that share a menu are no copies."""
