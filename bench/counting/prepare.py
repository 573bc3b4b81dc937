"""The input of all ways, written once for each corpus and size.

PivotMine gets what its stage reads: Parquet files of `tokens` and `vocabulary`, to be committed to
a lake. The rivals get contexts that are already cut, without repetitions and infrequent tokens, one
file a language in the layout that suits them. That flatters them.

=========  ==================================  =========================
folder     columns of LANGUAGE.parquet         for
=========  ==================================  =========================
`long`     context, node; a row each           joins, sparse products
`lists`    context, nodes; a row a context     explode, dictionaries
=========  ==================================  =========================

A node is a token in text of a language, numbered language index * vocabulary + token. Rows are in
the order of contexts. Memory: one batch of documents.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.counting.cut import Context, mixed_contexts
from pivotmine.lake.tables import TOKENS, VOCABULARY
from pivotmine.recipe import Recipe

FILE_TOKENS = 2_500_000
"""Tokens of a file of table `tokens`, about 10 MB; a Spark task reads several."""

_LAYOUTS = {
    "long": pa.schema([("context", pa.int32()), ("node", pa.int32())]),
    "lists": pa.schema([("context", pa.int32()), ("nodes", pa.list_(pa.int32()))]),
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
        return list(combinations(range(len(self.facts.languages)), 2))


def prepare(
    folder: Path,
    made_from: Mapping[str, Any],
    batches: Iterable[pa.RecordBatch],
    vocabulary: pa.Table,
    recipe: Recipe,
    recount: bool,
) -> Prepared:
    """Write an input, unless it is there and was made from the same.

    Parameters
    ----------
    made_from
        What `batches` and `vocabulary` depend on, as JSON values.
    batches
        Rows of table `tokens`; not drawn when the input is there.
    vocabulary
        Rows of table `vocabulary`.
    recipe
        Its languages and section `count` say how contexts are cut.
    recount
        Count the frequencies in `vocabulary` anew. Otherwise they are those of a larger corpus of
        which this one is a part. The same tokens are then infrequent at every size, and pair events
        grow as documents do.
    """
    count = recipe.count
    wanted = {
        "made_from": dict(made_from),
        "code": _code_hash(),
        "languages": sorted(recipe.languages),
        "count": [count.context, count.window_tokens, count.min_language_share, count.min_count],
    }
    key, marker = json.loads(json.dumps(wanted)), folder / "facts.json"
    if marker.exists():
        found = json.loads(marker.read_text())
        if found["key"] == key:
            languages = tuple(found["facts"].pop("languages"))
            return Prepared(folder, Facts(languages=languages, **found["facts"]))
    shutil.rmtree(folder, ignore_errors=True)
    for layout in ("tokens", *_LAYOUTS):
        (folder / layout).mkdir(parents=True)

    frequencies = _write_tokens(folder / "tokens", batches, len(vocabulary))
    if recount:
        for name, counted in zip(("token_count", "document_frequency"), frequencies, strict=True):
            place = vocabulary.schema.get_field_index(name)
            vocabulary = vocabulary.set_column(place, name, pa.array(counted))
    vocabulary = vocabulary.cast(VOCABULARY.schema).combine_chunks()
    pq.write_table(vocabulary, folder / "vocabulary.parquet", compression="zstd")
    facts = _write_contexts(folder, vocabulary, recipe)
    # Written last: an input without it is incomplete.
    marker.write_text(json.dumps({"key": key, "facts": asdict(facts)}, indent=1))
    return Prepared(folder, facts)


def _code_hash() -> str:
    here = Path(__file__).parent
    makers = here.parent / "corpora"
    digest = hashlib.sha256()
    for path in (here / "cut.py", here / "prepare.py", makers / "zipf.py", makers / "lakes.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write_tokens(
    folder: Path, batches: Iterable[pa.RecordBatch], vocab_size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write the files; returns occurrences and documents of every token."""
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


def _write_contexts(folder: Path, vocabulary: pa.Table, recipe: Recipe) -> Facts:
    count, languages = recipe.count, sorted(recipe.languages)
    window = count.window_tokens if count.context == "window" else None
    frequent = vocabulary.filter(pc.greater_equal(vocabulary["token_count"], count.min_count))
    langs = list(zip(*(frequent[x].to_pylist() for x in ("token_id", "langs")), strict=True))
    words = {lang: frozenset(token for token, of in langs if lang in of) for lang in languages}
    n_documents = n_tokens = n_contexts = events = 0
    with ExitStack() as files:
        writers = [
            {
                layout: files.enter_context(
                    pq.ParquetWriter(folder / layout / f"{x}.parquet", schema)
                )
                for layout, schema in _LAYOUTS.items()
            }
            for x in range(len(languages))
        ]
        for path in sorted((folder / "tokens").glob("*.parquet")):
            for batch in pq.ParquetFile(path).iter_batches(2_000):
                columns = (
                    batch.column(name).to_pylist()
                    for name in ("token_ids", "segment_ends", "segment_langs")
                )
                contexts = [
                    context
                    for document in zip(*columns, strict=True)
                    for context in mixed_contexts(
                        *document, words, window, count.min_language_share
                    )
                ]
                for x, lang in enumerate(languages):
                    _write(writers[x], contexts, lang, x * len(vocabulary), n_contexts)
                events += sum(
                    len(a) * len(b)
                    for context in contexts
                    for a, b in combinations(context.values(), 2)
                )
                n_documents += batch.num_rows
                n_tokens += pc.sum(batch.column("n_tokens")).as_py() or 0
                n_contexts += len(contexts)
    return Facts(
        n_documents,
        n_tokens,
        n_contexts,
        events,
        tuple(languages),
        len(vocabulary),
        count.context,
        window,
        count.min_count,
    )


def _write(
    writers: Mapping[str, pq.ParquetWriter],
    contexts: Sequence[Context],
    lang: str,
    first_node: int,
    first_context: int,
) -> None:
    """The nodes of a language, in both layouts."""
    held = [(first_context + at, one[lang]) for at, one in enumerate(contexts) if lang in one]
    offsets = np.cumsum([0, *(len(tokens) for _, tokens in held)]).astype(np.int32)
    nodes = np.array([token for _, tokens in held for token in tokens], np.int32) + first_node
    context = np.array([at for at, _ in held], np.int32)
    long = [np.repeat(context, np.diff(offsets)), nodes.astype(np.int32)]
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(nodes.astype(np.int32)))
    for layout, columns in {"long": long, "lists": [context, lists]}.items():
        arrays = [pa.array(column) for column in columns]
        writers[layout].write_table(pa.Table.from_arrays(arrays, schema=_LAYOUTS[layout]))
