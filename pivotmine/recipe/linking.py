"""From counts to links and pivots."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pivotmine import plugins
from pivotmine.recipe.section import OneOf, PositiveInt, Section, Share


class LinkConfig(Section):
    """Which co-occurring pairs are links."""

    max_q_value: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """False discovery rate (Benjamini-Hochberg over all testable pairs of a language pair)."""

    min_npmi: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.1
    """Weakest association kept, as normalised pointwise mutual information. In a large corpus even
    weak associations are significant; this asks for an effect as well."""

    min_folds: Annotated[int, Field(ge=0, le=16)] = 3
    """In how many hash folds the pair must meet more often than expected (at most count.folds)."""

    measure: Annotated[str, OneOf(plugins.MEASURES.names)] = "g2"
    """Measure of association: it ranks the partners of a token, and orders the links in a contest.
    q-values and `min_npmi` do not depend on it."""

    max_rank: PositiveInt = 50
    """Links kept per token and language: those that rank this high on either side."""

    min_won_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    """A link prevails if it is the best partner of one of its words, and is won in at least this
    share of the contexts that hold both: no better partner of either accounts for them. Links that
    do not prevail are mostly templates and collocations."""

    max_contenders: PositiveInt = 4_000_000
    """Most links that compete for contexts, best ranks first; bounds what each worker holds (20
    bytes a link). Others do not prevail."""

    permute: bool = True
    """Count a permutation of the contexts too, in which words meet by chance, and report how many
    of its pairs would pass as links. Takes as long as counting, and is done only where one task
    holds all contexts (count.chunk_tokens)."""


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
    """Strongest partners of a token, in each language, that are checked for links with each other.
    Work grows with its square."""

    max_pivots: PositiveInt = 2_000
    """Pivots kept."""


class PivotConfig(Section):
    """Tokens that bridge languages, by two methods side by side."""

    he2025: He2025PivotConfig = He2025PivotConfig()
    links: LinksPivotConfig = LinksPivotConfig()
