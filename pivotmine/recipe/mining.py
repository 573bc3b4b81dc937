"""From tokens to links and pivots."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe.section import PositiveInt, Section, Share


class CountConfig(Section):
    """Cross-language co-occurrence."""

    context: Literal["window", "document"] = "window"
    """Where two tokens must meet to count: the same run of segments, or the same document."""

    window_tokens: PositiveInt = 256
    """Longest window, tokens. Keep it at or below the training context: what never meets there
    teaches nothing."""

    min_language_share: Share = 0.05
    """A language takes part in a context only if segments of it hold at least this share of the
    context's tokens: one line whose language was mistaken makes no bilingual page."""

    min_count: PositiveInt = 5
    """Pairs that meet in fewer contexts are dropped. Every pair at or above it is exact."""

    max_line_documents: Annotated[int, Field(ge=0, le=1000)] = 2
    """In how many documents of the same languages a line of text counts, those whose ids hash
    lowest; the others count without it. Else menus, banners and templates would look like
    translations of each other. 0: in all."""

    max_repeated_lines: PositiveInt = 5_000_000
    """Most lines for which that is observed, 16 bytes each in the driver and in every worker."""

    folds: Annotated[int, Field(ge=1, le=16)] = 4
    """Hash folds of documents that are counted apart, to tell stable links from accidents."""

    chunk_tokens: Annotated[int, Field(ge=1, lt=2**31)] = 32_000_000
    """Tokens of mixed contexts, each once a context, that a task holds at once: about 20 bytes of
    memory each, beside 250 MB for the worker itself. A corpus with no more of them is counted
    without a shuffle."""

    merge_bytes: PositiveInt = 512_000_000
    """Memory in which a task may merge the pairs of a bucket, bytes. Decides, with the size of the
    vocabulary, into how many buckets pairs are dealt."""

    max_shuffle_bytes: PositiveInt = 100_000_000_000
    """Most bytes that counting in one pass may shuffle, where contexts are more than one chunk; a
    corpus that would need more is counted in two passes. Give it what the scratch disks of the
    cluster can take."""

    sketch_bytes: Annotated[int, Field(ge=8)] = 1_000_000_000
    """Largest count-min sketch of the first of two passes, bytes. Every task of that pass holds
    one. The counts are exact whatever its size; a larger one lets less through in vain."""


class TermsConfig(Section):
    """Words of your own, counted by string match beside the tokens."""

    lexicons: tuple[str, ...] = ()
    """Files, folders or globs of words and word pairs to count; any fsspec URI. TSV, CSV (plain or
    with .gz or .zst) or Parquet, with columns lang_a, word_a, lang_b, word_b; a row without the
    last two lists a single word. Empty: nothing is counted by string match."""

    max_rows: PositiveInt = 5_000_000
    """Most rows of all lexicons together. Bounds memory: about 700 bytes a row in the driver, and
    300 in each worker."""


class LinkConfig(Section):
    """Which co-occurring pairs are links."""

    max_q_value: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """False discovery rate (Benjamini-Hochberg over all testable pairs of a language pair)."""

    min_npmi: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.1
    """Weakest association kept, normalised pointwise mutual information. A large corpus makes
    everything significant; this asks for an effect as well."""

    min_folds: Annotated[int, Field(ge=0, le=16)] = 3
    """In how many hash folds the pair must meet more often than expected (at most count.folds)."""

    max_rank: PositiveInt = 50
    """Links kept per token and language: those that rank this high (by G2) on either side."""

    min_won_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    """A link prevails if it is the best partner (by G2) of one of its words, and is won in at least
    this share of the contexts that hold both: no better partner of either accounts for them. Links
    that do not prevail are mostly templates and collocations."""

    max_contenders: PositiveInt = 4_000_000
    """Most links that compete for contexts, best ranks first; bounds what each worker holds (20
    bytes a link). Others do not prevail."""

    permute: bool = True
    """Count a permutation of the contexts too, in which words meet by chance, and tell how many
    pairs of it would pass as links. Takes as long as counting; only where all contexts are held at
    once (count.chunk_tokens)."""


class He2025PivotConfig(Section):
    """Pivots as He et al. 2025 find them; their thresholds are unpublished, these are ours."""

    max_edges: PositiveInt = 100
    """Edges drawn from each token to its strongest partners (additive background)."""

    min_increase: Share = 0.05
    """Least increase of the partner's document frequency over the background, as a rate."""

    max_pivots: PositiveInt = 2_000
    """Size of the pivot set: hubs of highest degree."""


class LinksPivotConfig(Section):
    """Pivots from significant links."""

    min_languages: PositiveInt = 2
    """Other languages that a pivot must reach."""

    max_partners: PositiveInt = 50
    """Partners of a token, in each language, that are looked at for whether they are linked with
    each other; the strongest ones. Bounds the work, which grows with its square."""

    max_pivots: PositiveInt = 2_000
    """Pivots kept."""


class PivotConfig(Section):
    """Tokens that bridge languages, by two methods side by side."""

    he2025: He2025PivotConfig = He2025PivotConfig()
    links: LinksPivotConfig = LinksPivotConfig()
