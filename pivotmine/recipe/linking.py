"""From counts to links and pivots."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pivotmine import plugins
from pivotmine.recipe.section import OneOf, PositiveInt, Section, Share


class LinkConfig(Section):
    """Which co-occurring pairs are links."""

    max_q_value: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """False discovery rate of links, and of the links that prevail, in each language pair: the
    share that would pass if texts changed places within their strata (docs/links.md)."""

    min_npmi: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.1
    """Weakest association kept, as normalised pointwise mutual information over the expectation of
    the strata. In a large corpus even weak associations are significant; this asks for an effect as
    well."""

    min_folds: Annotated[int, Field(ge=0, le=16)] = 3
    """In how many hash folds the pair must meet more often than expected (at most count.folds)."""

    measure: Annotated[str, OneOf(plugins.MEASURES.names)] = "g2"
    """Measure of association: it ranks the partners of a token, and orders the links in a contest.
    p-values and `min_npmi` do not depend on it."""

    max_rank: PositiveInt = 50
    """Links kept per token and language: those that rank this high on either side."""

    min_won_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    """A link prevails if it is the best partner of one of its words, and is won in at least this
    share of the contexts that hold both: no better partner of either accounts for them. Links that
    do not prevail are mostly templates and collocations."""

    max_contenders: PositiveInt = 4_000_000
    """Most links that compete for contexts, best ranks first; bounds what each worker holds (20
    bytes a link). Others do not prevail."""

    strata: tuple[Literal["source", "size"], ...] = ("source", "size")
    """What splits contexts into strata, within which chance is measured: the source of the
    document, and the half octaves of the sizes of both texts. Without strata, words that share a
    source look like translations. The source is what `ingest.inputs.source_column` names; let it
    name the topic or the crawl date too where these differ within a source."""

    min_stratum_contexts: PositiveInt = 30
    """Fewest contexts of a stratum; smaller sources and sizes are joined. In a stratum of five
    contexts chance would explain two words that meet in all of them. In joined sources, words that
    share one of them look like translations."""

    max_strata: Annotated[int, Field(ge=1, le=4096)] = 256
    """Most strata of a language pair; the smallest sources beyond it are one. Bounds memory: every
    worker holds 8 bytes for each word, other language and stratum in which the word occurs."""

    permutations: Annotated[int, Field(ge=0, le=64)] = 4
    """Permutations of the contexts within strata. q-values are calibrated on them, and each is
    tested with the q-values of the others, which gives the measured rate and its standard error.
    Each costs about as much as counting. 0: q-values are those of Benjamini and Hochberg, which
    find fewer links, and no rate is measured."""

    block_tokens: PositiveInt = 8_000_000
    """Tokens of contexts within which texts change places in a permutation, about 60 bytes of
    memory each. Contexts are dealt into blocks by their content, so that links do not depend on
    `count.chunk_tokens` or the number of tasks."""

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, values: Any) -> Any:
        if isinstance(values, dict) and "permute" in values:
            raise ValueError(
                "`permute` is called `permutations` now, and takes a number; 0 for none"
            )
        return values


class He2025PivotConfig(Section):
    """Pivots as He et al. 2025 find them; their thresholds are unpublished, these are ours."""

    graph: Literal["windows", "documents"] = "windows"
    """Where a token raises the frequency of another. documents: in documents, for tokens of any
    language, as the authors' code counts; reads the tokens of all documents once. windows: in mixed
    contexts, between languages, from table `counts`."""

    sample_documents: PositiveInt = 20_000
    """Documents that graph `documents` is drawn from, those of the lowest ids, which are hashes.
    Takes up to 8,000 bytes each in the driver."""

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
    """Strongest partners of a token, in each language, that are checked for links with each other.
    Work grows with its square."""

    min_whole_share: Share = 0.5
    """Least share of its occurrences in which a pivot is a whole word, in languages with spaces
    between words. Pieces without the mark of a word start are no pivots there."""

    max_pivots: PositiveInt = 2_000
    """Pivots kept."""


class PivotConfig(Section):
    """Tokens that bridge languages, by two methods side by side."""

    he2025: He2025PivotConfig = He2025PivotConfig()
    links: LinksPivotConfig = LinksPivotConfig()
