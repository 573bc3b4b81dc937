"""The road: all stages, in the order in which a document travels."""

from __future__ import annotations

from pivotmine.engine.stage import Stage
from pivotmine.errors import ConfigError
from pivotmine.stages.contexts import stage as contexts
from pivotmine.stages.count import stage as count
from pivotmine.stages.ingest import stage as ingest
from pivotmine.stages.lexicon import stage as lexicon
from pivotmine.stages.link import stage as link
from pivotmine.stages.pair import stage as pair
from pivotmine.stages.pivot import stage as pivot
from pivotmine.stages.score import stage as score
from pivotmine.stages.select import stage as select
from pivotmine.stages.shard import stage as shard
from pivotmine.stages.terms import stage as terms
from pivotmine.stages.tokenize import stage as tokenize
from pivotmine.stages.train_tokenizer import stage as tokenizer
from pivotmine.stages.vocabulary import stage as vocabulary

ROAD: tuple[Stage, ...] = (
    ingest.STAGE,
    tokenizer.STAGE,
    tokenize.STAGE,
    vocabulary.STAGE,
    contexts.STAGE,
    count.STAGE,
    terms.STAGE,
    link.STAGE,
    lexicon.STAGE,
    pivot.STAGE,
    pair.STAGE,
    score.STAGE,
    select.STAGE,
    shard.STAGE,
)


def choose_stages(only: str | None = None, until: str | None = None) -> tuple[Stage, ...]:
    """The whole road, one stage of it, or the stages up to one.

    Raises
    ------
    ConfigError
        There is no such stage, or both are given.
    """
    if only and until:
        raise ConfigError("give --only or --until, not both")
    names = [stage.name for stage in ROAD]
    for name in filter(None, (only, until)):
        if name not in names:
            raise ConfigError(f"no stage {name!r}; the stages are {', '.join(names)}")
    if only:
        return (ROAD[names.index(only)],)
    return ROAD[: names.index(until) + 1] if until else ROAD
