"""The input of every way, written once for each corpus and size.

PivotMine gets what its stage reads: Parquet files of `tokens` and `vocabulary`, to be committed to
a lake. The alternatives get much more, already done: contexts cut, repetitions and infrequent
tokens dropped, one file a language in the layout that each likes best. That flatters them.

=========  ==================================  =====================================
folder     columns of LANGUAGE.parquet         for
=========  ==================================  =====================================
`long`     context, node; a row each           joins
`lists`    context, nodes; a row a context     explode, dictionaries
`text`     context, text; nodes as words       CountVectorizer
=========  ==================================  =====================================

A node is a token in text of a language, numbered language index * vocabulary + token. Rows are in
the order of contexts. Memory: one batch of documents.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.counting.cut import Cut, cut_batch, is_word, pair_events
from pivotmine.lake.tables import TOKENS, VOCABULARY
from pivotmine.recipe import Recipe

FILE_TOKENS = 2_500_000
"""Tokens of a file of table `tokens`, about 10 MB; a Spark task reads several."""

_LAYOUTS = {
    "long": pa.schema([("context", pa.int32()), ("node", pa.int32())]),
    "lists": pa.schema([("context", pa.int32()), ("nodes", pa.list_(pa.int32()))]),
    "text": pa.schema([("context", pa.int32()), ("text", pa.string())]),
}


@dataclass(frozen=True)
class Facts:
    """What a prepared input holds."""

    n_documents: int
    n_tokens: int
    n_contexts: int
    """Contexts that hold nodes of two languages."""

    pair_events: int
    """Pairs of nodes of different languages, each counted once a context that holds both."""

    languages: tuple[str, ...]
    """In alphabetical order; a node's language is an index into them."""

    vocab_size: int
    context: str
    window_tokens: int | None
    min_count: int


@dataclass(frozen=True)
class Prepared:
    """Where an input lies."""

    folder: Path
    facts: Facts

    @property
    def token_files(self) -> list[str]:
        return sorted(map(str, (self.folder / "tokens").glob("*.parquet")))

    @property
    def vocabulary_file(self) -> str:
        return str(self.folder / "vocabulary.parquet")

    def file(self, layout: str, language: int) -> str:
        return str(self.folder / layout / f"{language}.parquet")

    def language_pairs(self) -> list[tuple[int, int]]:
        """Indices of every two languages, the earlier in the alphabet first."""
        n = len(self.facts.languages)
        return [(x, y) for x in range(n) for y in range(x + 1, n)]


def prepare(
    folder: Path,
    made_from: Mapping[str, Any],
    batches: Iterable[pa.RecordBatch],
    vocabulary: pa.Table,
    config: Recipe,
    recount: bool,
) -> Prepared:
    """Write an input, or take the one that is there if it was made from the same.

    Parameters
    ----------
    made_from
        What `batches` and `vocabulary` depend on, as JSON values.
    batches
        Rows of table `tokens`; not touched when the input is there.
    vocabulary
        Rows of table `vocabulary`.
    config
        Its languages and section `count` say how contexts are cut.
    recount
        Count the frequencies in `vocabulary` anew. Otherwise they stay those of a larger corpus of
        which this one is a part: then what is left out as infrequent is the same at every size, and
        pair events grow as documents do.
    """
    count = config.count
    wanted = {
        "made_from": dict(made_from),
        "code": _code_hash(),
        "languages": sorted(config.languages),
        "count": [count.context, count.window_tokens, count.min_language_share, count.min_count],
    }
    key, marker = json.loads(json.dumps(wanted)), folder / "facts.json"
    if marker.exists():
        found = json.loads(marker.read_text())
        if found["key"] == key:
            found["facts"]["languages"] = tuple(found["facts"]["languages"])
            return Prepared(folder, Facts(**found["facts"]))
    shutil.rmtree(folder, ignore_errors=True)
    for layout in ("tokens", *_LAYOUTS):
        (folder / layout).mkdir(parents=True)

    occurrences, documents = _write_tokens(folder / "tokens", batches, len(vocabulary))
    if recount:
        for name, counted in (("token_count", occurrences), ("document_frequency", documents)):
            place = vocabulary.schema.get_field_index(name)
            vocabulary = vocabulary.set_column(place, name, pa.array(counted))
    vocabulary = vocabulary.cast(VOCABULARY.schema).combine_chunks()
    pq.write_table(vocabulary, folder / "vocabulary.parquet", compression="zstd")

    frequent = vocabulary["token_count"].to_numpy() >= count.min_count
    facts = _write_contexts(folder, vocabulary, frequent, config)
    # Written last: an input without it is half an input.
    marker.write_text(json.dumps({"key": key, "facts": asdict(facts)}, indent=1))
    return Prepared(folder, facts)


def _code_hash() -> str:
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for name in ("zipf.py", "real.py", "cut.py", "prepare.py"):
        digest.update((here / name).read_bytes())
    return digest.hexdigest()


def _write_tokens(
    folder: Path, batches: Iterable[pa.RecordBatch], vocab_size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write the files, and count occurrences and documents of every token."""
    occurrences, documents = np.zeros(vocab_size, np.int64), np.zeros(vocab_size, np.int64)
    writer: pq.ParquetWriter | None = None
    n_tokens = n_files = 0
    for batch in batches:
        if writer is None:
            path = folder / f"part-{n_files:05}.parquet"
            writer = pq.ParquetWriter(path, TOKENS.schema, compression="zstd")
            n_files += 1
        writer.write_batch(batch)
        lists = batch.column("token_ids")
        tokens = lists.flatten().to_numpy().astype(np.int64)
        document = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
        occurrences += np.bincount(tokens, minlength=vocab_size)
        distinct = np.unique(document * vocab_size + tokens) % vocab_size
        documents += np.bincount(distinct, minlength=vocab_size)
        n_tokens += len(tokens)
        if n_tokens >= FILE_TOKENS:
            writer.close()
            writer, n_tokens = None, 0
    if writer is not None:
        writer.close()
    return occurrences, documents


def _write_contexts(
    folder: Path, vocabulary: pa.Table, frequent: NDArray[np.bool_], config: Recipe
) -> Facts:
    languages = sorted(config.languages)
    window = config.count.window_tokens if config.count.context == "window" else None
    words = is_word(vocabulary["langs"].combine_chunks(), frequent, languages)
    n_documents = n_tokens = n_contexts = events = 0
    writers = {
        (layout, x): pq.ParquetWriter(folder / layout / f"{x}.parquet", schema)
        for layout, schema in _LAYOUTS.items()
        for x in range(len(languages))
    }
    for path in sorted((folder / "tokens").glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(2_000):
            cut = cut_batch(batch, languages, words, window, config.count.min_language_share)
            language = cut.node.astype(np.int64) // len(vocabulary)
            events += pair_events(cut.context, language, len(languages))
            for x in range(len(languages)):
                of_language = language == x
                _write(writers, x, Cut(cut.context[of_language], cut.node[of_language]), n_contexts)
            n_documents += batch.num_rows
            n_tokens += pc.sum(batch.column("n_tokens")).as_py() or 0
            n_contexts += int(cut.context[-1]) + 1 if len(cut.context) else 0
    for writer in writers.values():
        writer.close()
    return Facts(
        n_documents,
        n_tokens,
        n_contexts,
        events,
        tuple(languages),
        len(vocabulary),
        config.count.context,
        window,
        config.count.min_count,
    )


def _write(
    writers: Mapping[tuple[str, int], pq.ParquetWriter], language: int, cut: Cut, first: int
) -> None:
    """The part of a cut that is of one language, in every layout."""
    if not len(cut.node):
        return
    context = (cut.context + first).astype(np.int32)
    starts = np.flatnonzero(np.diff(context, prepend=-1))
    offsets = pa.array(np.append(starts, len(context)).astype(np.int32))
    nodes = pa.array(cut.node)
    words = pc.binary_join(pa.ListArray.from_arrays(offsets, nodes.cast(pa.string())), " ")
    rows = {
        "long": [pa.array(context), nodes],
        "lists": [pa.array(context[starts]), pa.ListArray.from_arrays(offsets, nodes)],
        "text": [pa.array(context[starts]), words],
    }
    for layout, columns in rows.items():
        table = pa.Table.from_arrays(columns, schema=_LAYOUTS[layout])
        writers[layout, language].write_table(table)
