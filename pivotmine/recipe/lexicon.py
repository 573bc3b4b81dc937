"""The table of best translations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pivotmine.recipe.section import PositiveInt, Section


class LexiconConfig(Section):
    """Best translations of every token, for looking words up; no threshold stands before it."""

    min_count: PositiveInt | None = None
    """Pairs that meet in fewer mixed contexts are no candidates. Default: 1, or count.min_count
    where counting every pair in one pass might shuffle more than count.max_shuffle_bytes."""

    max_partners: PositiveInt = 20
    """Candidates of a token in each language: its strongest partners by log-likelihood ratio."""

    max_pairs: PositiveInt = 4_000_000
    """Most candidates of all tokens, best places first. Bounds memory: 60 bytes each in the driver,
    60 in every worker."""

    rounds: Annotated[int, Field(ge=1, le=50)] = 5
    """Rounds in which words are shared out among their candidates, a pass over the mixed contexts
    each."""

    max_translations: PositiveInt = 10
    """Translations of a token kept in each language."""
