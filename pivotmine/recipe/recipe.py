"""A whole recipe: where its tables live, all sections, and the checks across sections."""

from __future__ import annotations

from functools import reduce
from operator import getitem
from typing import Annotated, Any

from pydantic import Field, model_validator

from pivotmine import plugins
from pivotmine.recipe.counting import CountConfig, TermsConfig, TokenizeConfig
from pivotmine.recipe.ingest import DedupConfig, IngestConfig
from pivotmine.recipe.lexicon import LexiconConfig
from pivotmine.recipe.linking import LinkConfig, PivotConfig
from pivotmine.recipe.pair import PairConfig
from pivotmine.recipe.score import ScoreConfig
from pivotmine.recipe.section import (
    LanguageCode,
    Name,
    NonNegativeInt,
    PositiveInt,
    Secrets,
    Section,
)
from pivotmine.recipe.select import SelectConfig, ShardConfig, check_pair_shares
from pivotmine.storage.settings import StorageSettings


class LakeConfig(Section):
    """Where the Iceberg tables live and which catalog knows them."""

    warehouse: str = ".pivotmine/lake"
    """Folder or URI that holds tables and shards (local path, s3://, gs://, hdfs://)."""

    namespace: Name = "pivotmine"
    """Iceberg namespace of the tables. Two corpora in one warehouse take two namespaces."""

    catalog: Annotated[dict[str, str], Secrets(every=True)] = {}
    """PyIceberg catalog properties, e.g. {type: rest, uri: ...}. Empty: an embedded SQLite catalog
    in the warehouse, which must then be a local folder."""

    lease_seconds: Annotated[int, Field(ge=10)] = 300
    """While a run writes to the lake it holds a lease, which it renews every quarter of this time.
    After the death of a driver on another machine, the lake can be written again when this time is
    over, or after `pivotmine unlock`."""


class StorageConfig(Section):
    """Stores of objects, for all that is read and written: sources, models, tables and shards.

    Credentials are no settings, so that no recipe holds a secret. They come from the environment
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), from the file that
    AWS_SHARED_CREDENTIALS_FILE or GOOGLE_APPLICATION_CREDENTIALS names, or from the machine."""

    endpoint: str = ""
    """Address of the S3 service. Empty: AWS_ENDPOINT_URL, or else Amazon's."""

    region: str = ""
    """Region of the buckets. Empty: AWS_REGION, or that of the profile."""

    profile: str = ""
    """Profile of AWS's credentials file. Empty: AWS_PROFILE, or `default`."""

    anonymous: bool = False
    """Read public buckets without credentials."""

    retry_minutes: Annotated[float, Field(ge=0)] = 10.0
    """How long an error that may pass (503, a lost connection, a locked catalog) is waited for,
    with exponential back-off. Then the run ends, and the lake is as it was."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How long a request may go without an answer."""

    def settings(self) -> StorageSettings:
        """The same for filesystems."""
        return StorageSettings(**self.model_dump())


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

    class_archive: bool = True
    """Keep the classes that Java loads in ~/.cache/pivotmine/java (100 MB, written when the first
    run ends): later sessions start with half the work."""

    small_bytes: NonNegativeInt = 64_000_000
    """A stage whose tables have at most so many bytes on disk works in the driver where it can, in
    threads, rather than in Spark's tasks: in memory that a task may have. A sixteenth of it where
    the work is done by Python itself. 0: always in Spark. Results never depend on it."""

    conf: Annotated[dict[str, str], Secrets()] = {}
    """Further Spark properties, passed through as they are."""


class Recipe(Section):
    """A whole recipe."""

    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=2, max_length=100)] = (
        "en",
        "fr",
        "zh",
        "ja",
    )
    """Languages that are mined, by any code of ISO 639 or BCP 47; tables have ISO 639-1. For
    languages without such a code, the label of your language model: kab_Latn. Documents of others
    are kept, but not counted."""

    plugins: tuple[str, ...] = ()
    """Modules of your own that register formats, scores, selection methods or measures
    (docs/plugins.md). Looked for where Python looks, and in the working directory."""

    lake: LakeConfig = LakeConfig()
    storage: StorageConfig = StorageConfig()
    spark: SparkConfig = SparkConfig()
    ingest: IngestConfig = IngestConfig()
    dedup: DedupConfig = DedupConfig()
    tokenize: TokenizeConfig = TokenizeConfig()
    count: CountConfig = CountConfig()
    terms: TermsConfig = TermsConfig()
    link: LinkConfig = LinkConfig()
    lexicon: LexiconConfig = LexiconConfig()
    pivot: PivotConfig = PivotConfig()
    pair: PairConfig = PairConfig()
    score: ScoreConfig = ScoreConfig()
    select: SelectConfig = SelectConfig()
    shard: ShardConfig = ShardConfig()

    @model_validator(mode="before")
    @classmethod
    def _load_plugins(cls, values: Any) -> Any:
        """Plugins first: they decide which names the sections allow."""
        modules = values.get("plugins") if isinstance(values, dict) else None
        if not isinstance(modules, (list, tuple)):
            modules = []
        plugins.load([module for module in modules if isinstance(module, str)])
        return values

    @model_validator(mode="after")
    def _sections_agree(self) -> Recipe:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError(
                f"languages must differ, got {list(self.languages)} (several codes of one "
                "language count as one, and yue and cmn as zh)"
            )
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
        check_pair_shares(self.select)
        self._check_scores()
        if self.link.min_folds > self.count.folds:
            raise ValueError(
                f"link.min_folds={self.link.min_folds} is more than count.folds={self.count.folds}"
            )
        return self

    def _check_scores(self) -> None:
        """Check that every score that selection uses is computed."""
        settings = self.select
        asked: dict[str, str] = {}
        for arm in settings.arms:
            asked |= dict.fromkeys(plugins.selection_scores(arm.method), f"arm {arm.name}")
            if arm.placement != "shuffled":
                asked[settings.placement.score] = "select.placement.score"
        if settings.pair_shares or settings.type_shares or settings.max_template_share < 1:
            asked["translation"] = "select (pairs, types and templates)"
        for score, by in asked.items():
            if score not in self.score.methods:
                raise ValueError(f"{by} needs score {score}, which score.methods does not list")

    def section_json(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The named parts as plain JSON values (what a stage's result depends on), without secrets.

        A part is a section, or a setting of one (`ingest.language_model`).
        """
        values = self.public_json()
        return {name: reduce(getitem, name.split("."), values) for name in names}
