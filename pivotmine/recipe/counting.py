"""Text to tokens, and what is counted: tokens that meet, and words of your own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe.section import PositiveInt, Section, Share


class TokenizeConfig(Section):
    """Text to token ids, and the language of every segment."""

    tokenizer: str | None = None
    """URI of a sentencepiece .model or Hugging Face tokenizer.json. Default: train a sentencepiece
    unigram model on a balanced sample of the corpus."""

    end_of_document: str | None = None
    """Special token of the tokenizer that ends each document in shards, such as <|endoftext|>.
    Default: the one that the tokenizer names itself, or a tokenizer_config.json beside it."""

    vocab_size: PositiveInt = 64_000
    """Pieces of a trained tokenizer. Large on purpose: frequent words of every language, Chinese
    and Japanese included, should be single tokens."""

    sample_bytes: PositiveInt = 64_000_000
    """Text to train a tokenizer on, bytes, shared out evenly over the languages. Bounds the memory
    of the one task that trains (about 40 times this)."""

    seed: int = 0
    """Seed of the sample."""

    min_language_share: Annotated[float, Field(gt=0.5, le=1.0)] = 0.8
    """A token belongs to a language when that language holds at least this share of its document
    frequency (rates, so that big languages do not swallow small ones); else it is `shared`."""

    min_word_share: Annotated[float, Field(gt=0.0, le=0.5)] = 0.1
    """A token counts as a word of every language that holds at least this share of it, in text of
    that language: 猫 is counted as Chinese and as Japanese."""


class CountConfig(Section):
    """Cross-language co-occurrence."""

    context: Literal["window", "document"] = "window"
    """Where two tokens must meet to count: the same run of segments, or the same document."""

    window_tokens: PositiveInt = 256
    """Longest window, tokens. Keep it at or below the training context: words that never share
    one teach nothing about each other."""

    min_language_share: Share = 0.05
    """A language takes part in a context only if segments of it hold at least this share of the
    context's tokens: one line whose language was mistaken makes no bilingual page."""

    block_layouts: bool = True
    """Lay the languages of a page beside each other, piece by piece, where the page gives one after
    the other and windows would hold a single language. Only with `context: window`."""

    min_count: PositiveInt = 5
    """Pairs that meet in fewer contexts are dropped. Every pair at or above it is exact."""

    max_line_documents: Annotated[int, Field(ge=0, le=1000)] = 2
    """Most documents of the same languages in which a line of text counts: those whose ids hash
    lowest. The others are counted without it. Otherwise menus, banners and templates would look
    like translations of each other. 0: no limit."""

    max_repeated_lines: PositiveInt = 5_000_000
    """Most repeated lines kept for this, 16 bytes each in the driver and in every worker."""

    folds: Annotated[int, Field(ge=1, le=16)] = 4
    """Hash folds of documents that are counted apart, to tell stable links from accidents."""

    chunk_tokens: Annotated[int, Field(ge=1, lt=2**31)] = 32_000_000
    """Tokens of mixed contexts, each once a context, that a task holds at once: about 20 bytes of
    memory each, beside 250 MB for the worker itself. A corpus with no more of them is counted
    without a shuffle."""

    merge_bytes: PositiveInt = 512_000_000
    """Memory in which a task may merge the pairs of a bucket, bytes. With the size of the
    vocabulary, it sets the number of buckets."""

    max_shuffle_bytes: PositiveInt = 100_000_000_000
    """Most bytes that counting in one pass may shuffle, where contexts are more than one chunk; a
    corpus that would need more is counted in two passes. Give it what the scratch disks of the
    cluster can take."""

    sketch_bytes: Annotated[int, Field(ge=8)] = 1_000_000_000
    """Bound on the count-min sketch of the first of two passes, bytes. It is as large as the
    distinct pairs need, up to this; every task of that pass holds one. Counts are exact at any
    size; a sketch that is too small lets more rare pairs through (`sketch_expected_*` and
    `sketch_*` in column `measures` of `runs`)."""


class TermsConfig(Section):
    """Words of your own, counted by string match beside the tokens."""

    lexicons: tuple[str, ...] = ()
    """Files, folders or globs of words and word pairs to count; any fsspec URI. TSV, CSV (plain or
    with .gz or .zst) or Parquet, with columns lang_a, word_a, lang_b, word_b; a row without the
    last two lists a single word. Empty: nothing is counted by string match."""

    max_rows: PositiveInt = 5_000_000
    """Most rows of all lexicons together. Bounds memory: about 700 bytes a row in the driver, and
    300 in each worker."""
