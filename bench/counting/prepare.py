"""The input of all ways, written once for each corpus and size.

PivotMine gets Parquet files of `tokens` and `vocabulary`, to be committed to a lake. The rivals get
contexts that are already cut, without repetitions and infrequent tokens: for each language rows of
(context, node), in the order of contexts. That favours them. A node is a token in text of a
language, numbered language index * vocabulary + token. Memory: one batch of documents.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import dataset

from bench.counting.cut import mixed_contexts
from pivotmine.lake.tables import TOKENS, VOCABULARY
from pivotmine.recipe import Recipe

FILE_DOCUMENTS, GROUP_DOCUMENTS = 8_000, 1_000
"""Documents of a file of table `tokens`, about 10 MB, and of a row group."""

_CONTEXTS = pa.schema([("context", pa.int32()), ("node", pa.int32())])


@dataclass(frozen=True)
class Facts:
    """Contents of a prepared input."""

    n_documents: int
    n_tokens: int
    n_contexts: int
    """Contexts that hold nodes of two languages."""

    pair_events: int
    """Pairs of nodes of different languages, counted in each context that holds both."""

    languages: tuple[str, ...]
    """In alphabetical order; a node's language is an index into them."""

    vocab_size: int
    context: str
    window_tokens: int | None
    min_count: int


@dataclass(frozen=True)
class Prepared:
    """An input and its files."""

    folder: Path
    facts: Facts

    @property
    def token_files(self) -> list[str]:
        return sorted(map(str, (self.folder / "tokens").glob("*.parquet")))

    @property
    def vocabulary_file(self) -> str:
        return str(self.folder / "vocabulary.parquet")

    def contexts_file(self, language: int) -> str:
        return str(self.folder / "contexts" / f"{language}.parquet")

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
    """Write an input, unless it is there and was made from the same things.

    Parameters
    ----------
    made_from
        Values on which `batches` and `vocabulary` depend.
    batches
        Rows of table `tokens`; not drawn when the input is there.
    vocabulary
        Rows of table `vocabulary`.
    recipe
        Its languages and section `count` say how contexts are cut.
    recount
        Count the frequencies in `vocabulary` anew. Otherwise they are those of a larger corpus that
        contains this one. So the same tokens are infrequent at every size, and pair events grow
        like documents.
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
    for name in ("tokens", "contexts"):
        (folder / name).mkdir(parents=True)

    _write_tokens(folder / "tokens", batches)
    if recount:
        vocabulary = _recounted(vocabulary, folder / "tokens")
    vocabulary = vocabulary.cast(VOCABULARY.schema).combine_chunks()
    pq.write_table(vocabulary, folder / "vocabulary.parquet", compression="zstd")
    facts = _write_contexts(folder, vocabulary, recipe)
    # Written last: an input without it is incomplete.
    marker.write_text(json.dumps({"key": key, "facts": asdict(facts)}, indent=1))
    return Prepared(folder, facts)


def _code_hash() -> str:
    digest = hashlib.sha256()
    for name in ("cut", "prepare", "zipf", "lakes"):
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()


def _write_tokens(folder: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """Write the files of table `tokens`."""
    parquet = dataset.ParquetFileFormat()
    dataset.write_dataset(
        batches,
        folder,
        schema=TOKENS.schema,
        format=parquet,
        file_options=parquet.make_write_options(compression="zstd"),
        basename_template="part-{i}.parquet",
        max_rows_per_file=FILE_DOCUMENTS,
        max_rows_per_group=GROUP_DOCUMENTS,
        use_threads=False,
        existing_data_behavior="overwrite_or_ignore",
    )


def _recounted(vocabulary: pa.Table, folder: Path) -> pa.Table:
    """The vocabulary with the frequencies of tokens in some files."""
    return duckdb.sql(
        """
        SELECT v.* REPLACE (
            coalesce(n, 0) AS token_count, coalesce(n_docs, 0) AS document_frequency)
        FROM vocabulary v LEFT JOIN (
            SELECT token_id, count(*) AS n, count(DISTINCT doc_id) AS n_docs
            FROM (SELECT doc_id, unnest(token_ids) AS token_id FROM read_parquet($files))
            GROUP BY token_id) USING (token_id)
        ORDER BY token_id
        """,
        params={"files": f"{folder}/*.parquet"},
    ).to_arrow_table()


def _write_contexts(folder: Path, vocabulary: pa.Table, recipe: Recipe) -> Facts:
    count, languages = recipe.count, sorted(recipe.languages)
    window = count.window_tokens if count.context == "window" else None
    frequent = vocabulary.filter(pc.greater_equal(vocabulary["token_count"], count.min_count))
    langs = list(zip(*(frequent[x].to_pylist() for x in ("token_id", "langs")), strict=True))
    words = {lang: frozenset(token for token, of in langs if lang in of) for lang in languages}
    n_documents = n_tokens = n_contexts = events = 0
    with ExitStack() as files:
        writers = [
            files.enter_context(pq.ParquetWriter(folder / "contexts" / f"{x}.parquet", _CONTEXTS))
            for x in range(len(languages))
        ]
        for path in sorted((folder / "tokens").glob("*.parquet")):
            for batch in pq.ParquetFile(path).iter_batches(2_000):
                names = ("token_ids", "segment_ends", "segment_langs")
                documents = zip(*(batch.column(name).to_pylist() for name in names), strict=True)
                contexts = [
                    context
                    for one in documents
                    for context in mixed_contexts(*one, words, window, count.min_language_share)
                ]
                for x, lang in enumerate(languages):
                    rows = [
                        (at, token)
                        for at, context in enumerate(contexts, n_contexts)
                        for token in context.get(lang, ())
                    ]
                    context, node = np.array(rows, np.int32).reshape(-1, 2).T
                    columns = {"context": context, "node": node + x * len(vocabulary)}
                    writers[x].write_table(pa.table(columns, schema=_CONTEXTS))
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
