"""From source files to tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine.recipe.section import LanguageCode, Name, PositiveInt, Section
from pivotmine.text.quality import FAMILIES, MEASURES


class InputConfig(Section):
    """One set of source files that share a format and a column layout."""

    uris: Annotated[tuple[str, ...], Field(min_length=1)]
    """Files, folders or globs; any fsspec URI."""

    format: Literal["auto", "gettext", "html", "jsonl", "parquet", "text", "warc"] = "auto"
    """Record format; `auto` goes by the suffix: .jsonl, .json or .ndjson, .warc or .wet, .po,
    .html, .htm or .xhtml, .txt, all plain or with .gz or .zst, and .parquet."""

    text_column: str = "text"
    """Column or JSON key of the document's text; dots reach into nested records."""

    source_column: str | None = None
    """Column, JSON key or WARC header that names the document's origin (site, package, crawl). WARC
    without it and without a label: the host of the page."""

    source_label: str = ""
    """Origin of documents that have no source column."""

    ingest_id: Name | None = None
    """Delivery that these files belong to, where it is not `ingest.ingest_id`. Of copies, that of
    the delivery named first is kept."""

    whole_pages: bool = False
    """Of HTML take all text, not only what looks like the main content of the page."""


class FiltersConfig(Section):
    """Quality filters: whole documents are kept or rejected, texts are never changed. Off by
    default: the published thresholds were tuned on English web pages, and reject lists and tables.
    """

    families: tuple[Literal["gopher", "gopher_repetition", "c4", "fineweb"], ...] = ()
    """Sets of bounds with their published thresholds (pivotmine/text/quality.py)."""

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
        """All bounds for documents of a language, in the order in which they are asked."""
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
    """Times its own size that a compressed file may inflate to, beyond the first 64 MiB, in however
    many pieces it is read; the rest of one that goes further is rejected. Real text stays below
    20."""

    raw_bytes: PositiveInt = 1024
    """How much of a rejected record is kept, bytes."""

    split_bytes: PositiveInt = 16_000_000
    """Size of the pieces into which splittable files are cut, bytes on disk. A piece is a task;
    identifying languages makes one of this size take about half a minute."""

    filters: FiltersConfig = FiltersConfig()

    language_model: str | None = None
    """fastText language identification model (path): GlotLID, OpenLID or your own. Default:
    lid.176.ftz, which ships with the installation and works offline."""


class DedupConfig(Section):
    """Near-duplicates: copies but for an edit here and there. Exact copies always go."""

    near: bool = False
    """Find near-duplicates and keep one of each group. Part of `ingest`; no file is read again
    for it."""

    similarity: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8
    """Least Jaccard similarity of the shingles of two documents of one language, as their
    signatures estimate it."""

    shingle_words: Annotated[int, Field(ge=1, le=64)] = 5
    """Words of a shingle; of scripts without spaces, characters. An edited word costs this many."""

    permutations: Annotated[int, Field(ge=16, le=1024)] = 128
    """Length of a signature. The standard error of a similarity s is sqrt(s (1 - s) / this)."""

    min_shingles: PositiveInt = 20
    """Documents with fewer shingles are dropped as exact copies only."""

    max_line_docs: PositiveInt = 100
    """Lines of more documents than this are boilerplate, and left out where `min_shingles` remain
    without them: a menu makes no copies. So groups of more documents are found by what each of
    them has alone, unless they are alike to the letter."""


class TokenizeConfig(Section):
    """Text to token ids, and the language of every segment."""

    tokenizer: str | None = None
    """URI of a sentencepiece .model or Hugging Face tokenizer.json. Default: train a sentencepiece
    unigram model on a balanced sample of the corpus."""

    vocab_size: PositiveInt = 64_000
    """Pieces of a trained tokenizer. Large on purpose: frequent words of every language, Chinese
    and Japanese included, should be single tokens."""

    sample_bytes: PositiveInt = 64_000_000
    """Text to train a tokenizer on, bytes, shared out evenly over the languages. Bounds the memory
    of the one task that trains (about 40 times this)."""

    seed: int = 0
    """Which sample is drawn."""

    min_language_share: Annotated[float, Field(gt=0.5, le=1.0)] = 0.8
    """A token belongs to a language when that language holds at least this share of its document
    frequency (rates, so that big languages do not swallow small ones); else it is `shared`."""

    min_word_share: Annotated[float, Field(gt=0.0, le=0.5)] = 0.1
    """A token counts as a word of every language that holds at least this share of it, in text of
    that language: 猫 is counted as Chinese and as Japanese."""
