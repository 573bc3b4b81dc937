"""From links to arms and their training files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine.recipe.section import LanguageCode, Name, PositiveInt, Section, Share


class ScoreConfig(Section):
    """How much a document can teach."""

    max_links: PositiveInt = 4_000_000
    """Most links used of those that prevail, strongest first; bounds what each worker holds
    (32 bytes a link)."""

    max_document_links: PositiveInt = 1_000
    """Most links listed for a document, the rarest ones; bounds table `scores` (4 bytes a link) and
    what selection by coverage reads."""

    min_repeats: Annotated[int, Field(ge=2)] = 10
    """A segment of at least 4 tokens that this many documents hold, or more, is boilerplate: all
    its copies together count for translation as much as this many."""

    max_repeated_segments: PositiveInt = 1_000_000
    """Most such segments that are known, those of most documents first; 16 bytes each in every
    worker."""


DocumentType = Literal[
    "parallel", "glossed", "dictionary", "code_switched", "boilerplate", "monolingual"
]


class PlacementConfig(Section):
    """The documents that an early or late arm holds at one end, beside others (replay)."""

    score: Literal["he2025", "entropy", "links", "translation"] = "translation"
    """Those with most of it are placed there; the others lie all over the arm."""

    share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2
    """Share of the arm's tokens that is placed, of each language."""

    window: Annotated[float, Field(gt=0.0, le=1.0)] = 0.4
    """Share of the arm's length, without them, that they are spread over."""


class ArmConfig(Section):
    """One selection of documents, to become one training set."""

    name: Name
    """Name of the arm, and of its shard folder."""

    method: Literal[
        "random",
        "density",
        "entropy",
        "coverage",
        "translation",
        "links_coverage",
        "length_matched",
        "oracle",
        "links_broken",
    ]
    """random: any documents; density: highest share of pivot tokens (He et al. 2025); entropy: most
    mixed languages; coverage: most tokens with a linked partner in the same context; translation:
    densest block of text beside its translation; links_coverage: those that together realise most
    distinct links for their tokens; length_matched: any documents, but as many tokens of each
    language and length (within a factor of 2) as the arm `reference` has; oracle: any of the
    documents that `truth` lists; links_broken: the documents of `reference`, in whose shards the
    segments of all but the first language of a document are dealt out anew among them."""

    reference: Name | None = None
    """Arm whose lengths `length_matched`, or whose documents `links_broken` takes over."""

    tokens_of: Name | None = None
    """Arm whose tokens of each language (and pair) are this arm's budget, instead of the shares
    below: for arms that cannot spend what others can."""

    truth: str | tuple[str, ...] = ()
    """oracle: Parquet file with a column doc_id or uri, or ids and URIs of documents themselves."""

    truth_where: str = "true"
    """oracle: condition on columns of that file, in Spark SQL, such as kind = 'parallel'."""

    placement: Literal["shuffled", "late", "early"] = "shuffled"
    """Order of the arm: shuffled as a whole, or with the documents of select.placement at its end
    or beginning."""

    @property
    def needs(self) -> set[str]:
        """Arms that this one is made from."""
        return {name for name in (self.reference, self.tokens_of) if name}


class SelectConfig(Section):
    """Documents under a token budget."""

    budget_tokens: PositiveInt = 10_000_000
    """Tokens per arm."""

    language_shares: dict[LanguageCode, Share] = {}
    """Share of the budget per document language. Empty: equal shares of `languages`, or, with
    pair_shares, no shares of languages."""

    language_tokens: Literal["document", "segments"] = "document"
    """What uses a language's share: all tokens of its documents, or those of its segments in any
    document (the tokens of segments without a language go with the document's)."""

    pair_shares: dict[str, Share] = {}
    """Share of the budget per language pair of a document's best block, such as {en-fr: .3}, or per
    direction, {en>fr: .2} with the English first. What they leave is for documents of other pairs,
    or of none. Empty: pairs do not matter."""

    type_shares: dict[DocumentType, Share] = {}
    """Most of the budget that may go to documents of a type, such as {boilerplate: 0}."""

    max_source_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Most of a language's budget that may go to documents of one source; an arm takes the best of
    each source by its own order (links_coverage: by the score of translation)."""

    max_template_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Most of a language's budget that may go to documents made from one template: those of which
    a fifth or more is text that `score.min_repeats` documents hold, with the same longest segment
    of such text. Which are taken is decided as for sources."""

    max_epochs: PositiveInt = 1
    """How often a document may stand in an arm whose languages have not enough documents."""

    link_repeats: PositiveInt = 100
    """links_coverage: documents after which a link is worth nothing more. Until then the value of c
    documents is log(1 + c)."""

    pair_weights: dict[str, Annotated[float, Field(ge=0.0)]] = {}
    """links_coverage: worth of a link by its language pair, such as {en-fr: 2}; 1 where none is
    given."""

    max_round_links: PositiveInt = 100_000_000
    """links_coverage: links of documents that a task holds, about 10 bytes each. A corpus with more
    is gone through in rounds; the documents taken are the same."""

    placement: PlacementConfig = PlacementConfig()

    seed: int = 0
    """Order of `random`, and the order of documents inside every arm."""

    arms: tuple[ArmConfig, ...] = (
        ArmConfig(name="random", method="random"),
        ArmConfig(name="he2025", method="density"),
        ArmConfig(name="entropy", method="entropy"),
        ArmConfig(name="links", method="coverage"),
        ArmConfig(name="translation", method="translation"),
        ArmConfig(name="links_coverage", method="links_coverage"),
    )
    """The arms to build."""

    def arms_in_order(self) -> list[ArmConfig]:
        """Every arm after those that it is made from; not those that wait for each other."""
        done: list[ArmConfig] = []
        waiting = list(self.arms)
        while ready := [arm for arm in waiting if arm.needs <= {one.name for one in done}]:
            done += ready
            waiting = [arm for arm in waiting if arm not in done]
        return done

    @model_validator(mode="after")
    def _arms_and_shares_make_sense(self) -> SelectConfig:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError(f"arms must have different names, got {names}")
        total = sum(self.language_shares.values())
        if self.language_shares and abs(total - 1.0) > 1e-6:
            raise ValueError(f"language_shares must sum to 1, these sum to {total:g}")
        if (total := sum(self.pair_shares.values())) > 1.0 + 1e-6:
            raise ValueError(f"pair_shares must sum to 1 or less, these sum to {total:g}")
        if self.max_epochs > 1 and (self.pair_shares or self.type_shares):
            raise ValueError("max_epochs above 1 goes with shares of languages alone")
        for arm in self.arms:
            if (arm.method in ("length_matched", "links_broken")) != (arm.reference is not None):
                raise ValueError(
                    f"arm {arm.name}: `reference` belongs to methods length_matched and "
                    "links_broken"
                )
            if (arm.method == "oracle") != bool(arm.truth):
                raise ValueError(f"arm {arm.name}: `truth` belongs to method oracle")
            if arm.tokens_of and arm.reference:
                raise ValueError(
                    f"arm {arm.name}: its tokens are those of its `reference`, so `tokens_of` has "
                    "no meaning"
                )
        stuck = set(names) - {arm.name for arm in self.arms_in_order()}
        for arm in self.arms:
            if arm.name in stuck:
                raise ValueError(
                    f"arm {arm.name} refers to {' and '.join(sorted(arm.needs))}, which must be an "
                    f"arm that does not depend on it; arms are {names}"
                )
        return self


class ShardConfig(Section):
    """Training files."""

    formats: Annotated[
        tuple[Literal["npy", "megatron", "jsonl", "parquet"], ...], Field(min_length=1)
    ] = (
        "npy",
        "jsonl",
    )
    """npy: raw token memmap with a .csv.gz of document boundaries, as OLMo reads it; megatron:
    .bin and .idx of Megatron's indexed dataset, document names beside them; jsonl: text as
    JSON Lines with zstd; parquet: text as Parquet."""

    max_shard_tokens: PositiveInt = 50_000_000
    """Most tokens of one shard file, about."""


def check_pair_shares(settings: SelectConfig) -> None:
    """Raise `ValueError` where pairs, directions and languages cannot all have their shares."""
    pairs = settings.pair_shares
    seen: dict[frozenset[str], str] = {}
    for name in pairs:
        sides = frozenset(name.replace(">", "-").split("-"))
        other = seen.setdefault(sides, name)
        if other != name and not (">" in name and ">" in other):
            raise ValueError(
                f"pair_shares names {other} and {name}, which are the same documents; give one, or "
                "both directions with >"
            )
    spare = 1.0 - sum(pairs.values())
    for lang, share in settings.language_shares.items() if pairs else ():
        held = sum(s for name, s in pairs.items() if lang in name.replace(">", "-").split("-"))
        if share > held + spare + 1e-6:
            raise ValueError(
                f"language_shares gives {lang} {share:g} of the budget, but the pairs that it is "
                f"part of have {held:g} in pair_shares, and other documents {spare:g}"
            )
    for name, share in pairs.items() if settings.language_shares else ():
        sides = frozenset(name.replace(">", "-").split("-"))
        room = sum(settings.language_shares.get(lang, 0.0) for lang in sides)
        if share > room + 1e-6:
            raise ValueError(
                f"pair_shares gives {name} {share:g} of the budget, but its languages have "
                f"{room:g} together in language_shares"
            )
