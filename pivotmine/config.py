"""The recipe: every setting of a run, typed, frozen, nested and documented.

One pydantic model per stage; the text under a field is its documentation and names its unit, so
`pivotmine config` can print the same words that a reader of this file sees. Unknown keys are
errors (a setting that is silently ignored is the complaint that users of every peer share), and
an error gives the dotted name, the value and what is allowed.

A recipe is YAML from any fsspec URI; `--set count.min_count=5` overrides single values, parsed
as YAML. Paths stay as they are written: they are resolved where they are used, so that the same
recipe has the same meaning, and the same fingerprint, on every machine.
"""

from __future__ import annotations

from functools import reduce
from operator import getitem
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pivotmine.text.quality import FAMILIES, MEASURES

Share = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveInt = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Z][a-z]{3})?$")]


class Section(BaseModel):
    """Base of every part of a recipe: immutable, no unknown keys, docstrings as documentation."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


class LakeConfig(Section):
    """Where the Iceberg tables live and which catalog knows them."""

    warehouse: str = ".pivotmine/lake"
    """Folder or URI that holds tables and shards (local path, s3://, gs://, hdfs://)."""

    namespace: Name = "pivotmine"
    """Iceberg namespace of the tables. Two corpora in one warehouse take two namespaces."""

    catalog: dict[str, str] = {}
    """PyIceberg catalog properties, e.g. {type: rest, uri: ...}. Empty: an embedded SQLite catalog
    in the warehouse, which must then be a local folder."""


class SparkConfig(Section):
    """The Spark session, when PivotMine has to start one (spark-submit brings its own)."""

    master: str = "local[*]"
    """Spark master for a session that PivotMine starts itself."""

    driver_memory: str = "4g"
    """JVM heap, Spark notation. In local mode it serves driver and executors alike."""

    java_options: str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    """Options of that session's JVM. The default starts fast: PivotMine's work is done in Python
    workers, and the JVM compiles and collects little. With dozens of cores, -XX:+UseParallelGC."""

    shuffle_partitions: PositiveInt = 16
    """Partitions of a shuffle, before adaptive execution merges small ones. Results never depend
    on it."""

    conf: dict[str, str] = {}
    """Further Spark properties, passed through as they are."""


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
    """Times its own size that a compressed file may inflate to, beyond the first 64 MiB; the rest
    of one that goes further is rejected. Real text stays below 20."""

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
    """Find near-duplicates and keep one of each group. Part of `ingest`, which then reads again."""

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


class Config(Section):
    """A whole recipe."""

    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=2, max_length=100)] = (
        "en",
        "fr",
        "zh",
        "ja",
    )
    """Languages that are mined (ISO 639-1; of languages without such a code, the label of your
    language model: kab_Latn). Documents of others are kept, but not counted."""

    lake: LakeConfig = LakeConfig()
    spark: SparkConfig = SparkConfig()
    ingest: IngestConfig = IngestConfig()
    dedup: DedupConfig = DedupConfig()
    tokenize: TokenizeConfig = TokenizeConfig()
    count: CountConfig = CountConfig()
    terms: TermsConfig = TermsConfig()
    link: LinkConfig = LinkConfig()
    pivot: PivotConfig = PivotConfig()
    score: ScoreConfig = ScoreConfig()
    select: SelectConfig = SelectConfig()
    shard: ShardConfig = ShardConfig()

    @model_validator(mode="after")
    def _sections_agree(self) -> Config:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError(f"languages must differ, got {list(self.languages)}")
        unknown = sorted(set(self.select.language_shares) - set(self.languages))
        if unknown:
            raise ValueError(
                f"select.language_shares names {unknown}, which `languages` does not list"
            )
        pairs = {f"{a}-{b}" for a in self.languages for b in self.languages if a != b}
        directions = {pair.replace("-", ">") for pair in pairs}
        for setting, allowed in (("pair_weights", pairs), ("pair_shares", pairs | directions)):
            if unknown := sorted(set(getattr(self.select, setting)) - allowed):
                raise ValueError(
                    f"select.{setting} names {unknown}; give two of `languages`, such as "
                    f"{'-'.join(self.languages[:2])}"
                )
        _check_pair_shares(self.select)
        if self.link.min_folds > self.count.folds:
            raise ValueError(
                f"link.min_folds={self.link.min_folds} is more than count.folds={self.count.folds}"
            )
        return self

    def section_json(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The named parts as plain JSON values (what a stage's result depends on).

        A part is a section, or a setting of one (`ingest.language_model`).
        """
        values = self.model_dump(mode="json")
        return {name: reduce(getitem, name.split("."), values) for name in names}


def _check_pair_shares(settings: SelectConfig) -> None:
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
