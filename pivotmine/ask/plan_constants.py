"""The measured costs of bytes, tokens and pairs, from which `pivotmine plan` is made.

Each constant has a unit, and the page below `docs/` that describes the measurement with its machine
and commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pivotmine.errors import ConfigError

_SCALE = "scale.md"
_ROAD = "results/whole-road.md"
_DELIVERIES = "results/incremental.md"
_COUNTING = "results/counting.md"
_SELECTION = "results/selection.md"
_ASSUMED = "assumed"


class Measured(NamedTuple):
    """A constant."""

    value: float
    unit: str
    what: str
    source: str
    """Page below `docs/`, `assumed`, or `given` where a user replaced it."""


class Constants(NamedTuple):
    """All constants."""

    token_bytes: Measured = Measured(4.24, "bytes/token", "UTF-8 text of a token", _ROAD)
    document_bytes: Measured = Measured(2300.0, "bytes/document", "text of a document", _ROAD)
    segment_tokens: Measured = Measured(10.2, "tokens/segment", "length of a segment", _SCALE)
    unpacking: Measured = Measured(2.5, "bytes/byte", "text of a packed byte", _DELIVERIES)
    ingest_seconds: Measured = Measured(
        0.243, "s/MB", "read, identify languages, drop exact copies", _DELIVERIES
    )
    near_seconds: Measured = Measured(0.164, "s/MB", "dedup.near: hash and sign lines", _DELIVERIES)
    documents_share: Measured = Measured(0.4, "bytes/byte", "text in Parquet", _DELIVERIES)
    signature_bytes: Measured = Measured(983.0, "bytes/document", "`signatures`", _DELIVERIES)
    tokenizer_seconds: Measured = Measured(
        163.0, "s", "train on a sample of 64 MB, in one task", _ROAD
    )
    tokenize_seconds: Measured = Measured(
        1.07, "s/MB", "tokenise, languages of segments", _DELIVERIES
    )
    tokens_bytes: Measured = Measured(2.06, "bytes/token", "row of `tokens`, a token", _SCALE)
    vocabulary_ns: Measured = Measured(514.0, "ns/token", "frequencies and languages", _ROAD)
    read_ns: Measured = Measured(22.0, "ns/token", "read `tokens` in a Python worker", _SCALE)
    cut_ns: Measured = Measured(35.0, "ns/token", "cut contexts and pack them", _SCALE)
    line_ns: Measured = Measured(17.0, "ns/token", "hash lines, to find repeated ones", _SCALE)
    line_bytes: Measured = Measured(16.0, "bytes/segment", "shuffled, to find them", _SCALE)
    mixed_share: Measured = Measured(
        0.0735, "tokens/token", "distinct tokens of mixed contexts", _SCALE
    )
    packed_bytes: Measured = Measured(1.5, "bytes/context token", "row of `contexts`", _SCALE)
    load_ns: Measured = Measured(30.0, "ns/context token", "read contexts, count margins", _SCALE)
    events: Measured = Measured(15.3, "events/context token", "pairs that meet", _SCALE)
    event_ns: Measured = Measured(6.5, "ns/event", "count a pair once", _COUNTING)
    chunk_tokens: Measured = Measured(3.98e6, "context tokens", "size of a measured chunk", _SCALE)
    chunk_pairs: Measured = Measured(25.75e6, "pairs", "distinct pairs of that chunk", _SCALE)
    growth: Measured = Measured(0.71, "exponent", "power of its size by which they grow", _SCALE)
    pair_bytes: Measured = Measured(2.2, "bytes/pair", "a pair on its way to its bucket", _SCALE)
    pair_ns: Measured = Measured(250.0, "ns/pair", "deal, shuffle and sum a pair", _COUNTING)
    sketch_ns: Measured = Measured(25.0, "ns/pair", "add to the sketch, or ask it", _SCALE)
    sent_share: Measured = Measured(0.1, "pairs/pair", "sent after a sketch has filtered", _ASSUMED)
    counts_bytes: Measured = Measured(5.9, "bytes/pair", "row of `counts`", _SCALE)
    language_nodes: Measured = Measured(
        1.22, "nodes", "of a language, for a token of its share of the vocabulary", _SCALE
    )
    contest_ns: Measured = Measured(130.0, "ns/context token", "contests of links", _SCALE)
    pivot_seconds: Measured = Measured(20.8, "s", "pivots, whatever the size of the text", _ROAD)
    score_ns: Measured = Measured(865.0, "ns/token", "all scores", _ROAD)
    score_bytes: Measured = Measured(115.0, "bytes/document", "rows of `scores`", _SCALE)
    select_us: Measured = Measured(27.6, "µs/document and arm", "choose documents", _SELECTION)
    shard_us: Measured = Measured(378.0, "µs/document and format", "write a shard", _ROAD)
    context_memory: Measured = Measured(20.0, "bytes/context token", "of a chunk", _COUNTING)
    worker_bytes: Measured = Measured(250e6, "bytes", "a Python worker by itself", _COUNTING)

    def replaced(self, settings: Iterable[str]) -> Constants:
        """With `name=value` of each setting in place of the measured value.

        Raises
        ------
        ConfigError
            The name is not a constant, or the value is not a number above 0.
        """
        changed = self
        for setting in settings:
            name, _, text = setting.partition("=")
            if name not in self._fields:
                raise ConfigError(f"unknown constant {name!r}; known: {', '.join(self._fields)}")
            try:
                value = float(text)
            except ValueError:
                value = 0.0
            if not 0 < value < float("inf"):
                raise ConfigError(f"constant {name} is {text!r}; give a number above 0")
            known: Measured = getattr(changed, name)
            changed = changed._replace(**{name: known._replace(value=value, source="given")})
        return changed


MEASURED = Constants()
