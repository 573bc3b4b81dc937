"""Documents that translate each other."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pivotmine.recipe.section import LanguagePair, PositiveInt, Section, Share


class PairConfig(Section):
    """Documents that translate each other, and their segments, found by links, names and numbers.

    Addresses are not needed, and not read."""

    enabled: bool = False
    """Whether to look for them. It takes about as long as counting and linking together."""

    pairs: tuple[LanguagePair, ...] = ()
    """Pairs of languages, `en-fr`. Default: all. Every document is sketched once for each."""

    max_links: PositiveInt = 1_000_000
    """Most links from which meanings are made, the strongest first; 40 bytes each in the driver."""

    max_features: PositiveInt = 2_000_000
    """Most meanings, names and numbers that count, the rarest first. Bounds memory: 4 bytes for
    each and every language, in every worker."""

    rare_keys: PositiveInt = 32
    """Rarest features of a document that are keys by themselves, for each other language."""

    sampled_features: Annotated[int, Field(ge=0, le=64)] = 16
    """Sample of its more frequent features, of which every two are a key."""

    max_bucket: PositiveInt = 100
    """Most documents of a language that may share a key. Keys of more are left out; most of them
    belong to templates."""

    max_candidates: PositiveInt = 8
    """Candidates of a document in each language that are aligned with it, those whose
    sketches share most."""

    min_bits: Annotated[float, Field(ge=0.0)] = 60.0
    """Least information of a document, in bits of meanings and names that another language has; a
    rare word has 10 to 15. Shorter documents are not paired."""

    min_score: Share = 0.2
    """Least score of a pair: the geometric mean of the shares of both documents' bits that aligned
    segments share."""

    min_margin: Share = 0.1
    """Least margin over the second best partner of either document, as a share of the score.
    Documents that translate several equally well are made from a template."""

    max_segments: PositiveInt = 1_000_000
    """Most segments of a document; longer documents are not paired. Bounds memory: 500 bytes a
    segment."""
