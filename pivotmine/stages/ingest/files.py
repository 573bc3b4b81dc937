"""Which source files ingest reads, and which the lake already holds.

A file's fingerprint covers all that its records depend on: its version as the store reports it,
its size, and how the recipe reads it. If `inputs` holds the fingerprint, the records are taken from
the lake. A changed file replaces the old one. So the result of ingest depends on the files alone,
and not on the order in which they came.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.stage import Inputs
from pivotmine.errors import ConfigError
from pivotmine.lake.tables import INPUTS, REJECTS
from pivotmine.recipe import InputConfig, Recipe
from pivotmine.sources.files import InputFile, list_files
from pivotmine.sources.listing import detect, pack_splits, plan_splits
from pivotmine.sources.parse import Reason
from pivotmine.sources.records import Split
from pivotmine.text.fasttext_model import model_digest

_FINGERPRINT_CHARS = 32


class RecipeFile(NamedTuple):
    """A source file of the recipe."""

    file: InputFile
    input_index: int
    delivery: int
    """Position of its delivery in the recipe; the first delivery keeps its copy of a text."""
    ingest_id: str
    fingerprint: str


FILES = pa.schema(
    [
        *(INPUTS.schema.field(name) for name in ("uri", "stamp", "fingerprint", "ingest_id")),
        pa.field("delivery", pa.int32()),
    ]
)


def list_sources(recipe: Recipe) -> list[RecipeFile]:
    """All files of the recipe, each once.

    Raises
    ------
    ConfigError, InputError
        There are no inputs, a file belongs to two, or one cannot be read as the recipe says.
    """
    if not recipe.ingest.inputs:
        raise ConfigError(
            "ingest.inputs is empty: name what to read, e.g. "
            "--set 'ingest.inputs=[{uris: [corpus/*.jsonl.zst]}]'"
        )
    names = ingest_ids(recipe)
    deliveries = list(dict.fromkeys(names))
    found: dict[str, RecipeFile] = {}
    for index, (item, name) in enumerate(zip(recipe.ingest.inputs, names, strict=True)):
        for file in list_files(item.uris):
            detect(file.uri, item.format, item.compression)
            if file.name in found:
                raise ConfigError(
                    f"{file.name} belongs to two of ingest.inputs. A record is identified by its "
                    "file and its position, so a file may be read only once: narrow the patterns."
                )
            fingerprint = _fingerprint(file, item, name)
            found[file.name] = RecipeFile(file, index, deliveries.index(name), name, fingerprint)
    return list(found.values())


def ingest_ids(recipe: Recipe) -> list[str]:
    """The delivery that each input belongs to."""
    return [item.ingest_id or recipe.ingest.ingest_id for item in recipe.ingest.inputs]


def reading_settings(recipe: Recipe) -> dict[str, Any]:
    """What all records depend on; the settings of an input are in its files' fingerprints."""
    settings = recipe.ingest.model_dump(mode="json", exclude={"inputs", "ingest_id"})
    return settings | {"language_model": model_digest(recipe.ingest.language_model)}


def as_table(files: Sequence[RecipeFile]) -> pa.Table:
    """Rows of `FILES`."""
    rows = [{"uri": item.file.name, "stamp": item.file.stamp, **item._asdict()} for item in files]
    return pa.Table.from_pylist(rows, FILES)


def split_new_and_known(
    inputs: Inputs, files: Sequence[RecipeFile]
) -> tuple[list[RecipeFile], list[RecipeFile]]:
    """Files to read, and files whose records the lake holds.

    Files that could not be read before are read again, since the cause may be gone.
    """
    if not inputs.previous_files(INPUTS.name):
        return list(files), []
    before = inputs.previous(INPUTS.name, columns=("uri", "fingerprint"))
    failed = inputs.previous(REJECTS.name, columns=("uri", "reason")).where(
        F.col("reason") == Reason.UNREADABLE_FILE.value
    )
    listed = inputs.spark.createDataFrame(as_table(files)).select("uri", "fingerprint")
    unchanged = before.join(F.broadcast(listed), ["uri", "fingerprint"]).select("uri").distinct()
    known = unchanged.join(failed.select("uri"), "uri", "left_anti")
    found = set(inputs.local(known, len(files))["uri"].to_pylist())
    new = [item for item in files if item.file.name not in found]
    return new, [item for item in files if item.file.name in found]


def plan_packs(files: Sequence[RecipeFile], recipe: Recipe) -> list[tuple[Split, ...]]:
    """Packs of splits, one for each task."""
    split_bytes = recipe.ingest.split_bytes
    packs = []
    for index, item in enumerate(recipe.ingest.inputs):
        of_input = [listed.file for listed in files if listed.input_index == index]
        splits = plan_splits(of_input, item.format, split_bytes, index, item.compression)
        packs += pack_splits(splits, of_input, split_bytes)
    return packs


def format_modules(recipe: Recipe) -> list[str]:
    """Modules of the formats that the inputs name; of all formats if one is `auto`."""
    named = {item.format for item in recipe.ingest.inputs}
    if "auto" in named:
        named = set(plugins.SOURCES.names())
    return [plugins.SOURCES.module(name) for name in sorted(named)]


def _fingerprint(file: InputFile, item: InputConfig, ingest_id: str) -> str:
    how = item.model_dump(mode="json", exclude={"uris", "ingest_id"})
    content = json.dumps([file.stamp, file.size_bytes, how, ingest_id], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:_FINGERPRINT_CHARS]
