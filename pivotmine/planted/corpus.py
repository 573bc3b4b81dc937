"""Writing a planted corpus: documents, the truth about them, and a recipe that mines them.

```
OUT/corpus/part-00000.parquet     text, source, url: what the engine sees
OUT/truth/lexicon.parquet         lang_a, word_a, lang_b, word_b, n_docs
OUT/truth/document_truth.parquet  url, doc_id, kind, languages, duplicate_of, is_exact, n_links
OUT/truth/document_links.parquet  url, lang_a, word_a, lang_b, word_b
OUT/plan.json                     what was planted, and how much
OUT/recipe.yaml                   pivotmine run --config OUT/recipe.yaml
```

Written block by block: memory holds the text, one counter for each sense and language pair, and a
block. The recipe comes last, so a folder with a recipe is whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import combinations, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.planted.ciphers import Ciphers, make_ciphers
from pivotmine.planted.documents import BLOCK_DOCUMENTS, PlantedDocument, compose
from pivotmine.planted.plan import Plan
from pivotmine.planted.text import SourceText

_FILE_BLOCKS = 100
_CORPUS = pa.schema([("text", pa.string()), ("source", pa.string()), ("url", pa.string())])
_WORDS = [(name, pa.string()) for name in ("lang_a", "word_a", "lang_b", "word_b")]
_LEXICON = pa.schema([*_WORDS, ("n_docs", pa.int64())])
_TRUTH = pa.schema(
    [
        ("url", pa.string()),
        ("doc_id", pa.string()),
        ("kind", pa.string()),
        ("languages", pa.list_(pa.string())),
        ("duplicate_of", pa.string()),
        ("is_exact", pa.bool_()),
        ("n_links", pa.int64()),
    ]
)
_LINKS = pa.schema([("url", pa.string()), *_WORDS])


class PlantedCorpus(NamedTuple):
    """A corpus that was written."""

    folder: Path
    recipe: Path
    n_documents: int
    n_bytes: int
    """UTF-8 bytes of all texts."""

    kinds: dict[str, int]
    """Documents of each kind, duplicates under the kind of what they repeat."""

    n_pairs: int
    """Word pairs of the lexicon that are planted in a document."""


class _Pairs(NamedTuple):
    """The word pairs of two languages, and in how many documents each is planted."""

    numbers: NDArray[np.int64]
    """[K] pair of each sense."""

    senses: NDArray[np.int64]
    """[P] a sense of each pair."""

    n_docs: NDArray[np.int64]
    """[P]"""


def plant(
    text: SourceText,
    plan: Plan,
    folder: Path,
    *,
    vocab_size: int = 32_000,
) -> PlantedCorpus:
    """Write the corpus of a plan, its truth and its recipe into a new or empty folder.

    `n_docs` of the lexicon counts documents that the engine keeps: exact duplicates are left out.
    The lexicon holds every translation that the ciphers know, planted or not. `doc_id` is that of
    table `documents`.

    Raises
    ------
    InputError
        The folder holds files already.
    ConfigError
        The plan names a language without a cipher.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name a new folder, or remove this one")
    ciphers = make_ciphers(text, plan)
    for part in ("corpus", "truth"):
        (folder / part).mkdir(parents=True)
    pairs = {
        pair: _number_pairs(ciphers, *pair) for pair in combinations(sorted(plan.languages), 2)
    }
    kinds: Counter[str] = Counter()
    n_bytes = 0
    with ExitStack() as stack:
        truth, links = (
            stack.enter_context(pq.ParquetWriter(folder / "truth" / name, schema))
            for name, schema in (
                ("document_truth.parquet", _TRUTH),
                ("document_links.parquet", _LINKS),
            )
        )
        for number, blocks in enumerate(_files(compose(text, ciphers, plan))):
            path = folder / "corpus" / f"part-{number:05d}.parquet"
            with pq.ParquetWriter(path, _CORPUS, compression="zstd") as corpus:
                for block in blocks:
                    corpus.write_table(_corpus_rows(block))
                    found = [_planted(document, pairs) for document in block]
                    truth.write_table(_truth_rows(block, found))
                    links.write_table(_link_rows(block, found, ciphers, pairs))
                    kinds.update(document.kind for document in block)
                    n_bytes += sum(len(document.text.encode()) for document in block)
    lexicon = _lexicon(ciphers, pairs)
    pq.write_table(lexicon, folder / "truth" / "lexicon.parquet")
    n_pairs = int((lexicon["n_docs"].to_numpy() > 0).sum())
    facts = {"documents": plan.n_documents, "bytes": n_bytes, "pairs": n_pairs, "kinds": kinds}
    settings = asdict(plan) | {"rates": dict(plan.rates), "source_words": len(text.word_ids)}
    report = {"plan": settings, "planted": facts}
    (folder / "plan.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(_recipe(folder, plan, vocab_size), encoding="utf-8")
    return PlantedCorpus(folder, recipe, plan.n_documents, n_bytes, dict(kinds), n_pairs)


def _files(documents: Iterator[PlantedDocument]) -> Iterator[Iterator[list[PlantedDocument]]]:
    """Documents by block, blocks by file; each is to be read before the next."""
    blocks = iter(lambda: list(islice(documents, BLOCK_DOCUMENTS)), [])
    for block in blocks:
        yield _and_then(block, islice(blocks, _FILE_BLOCKS - 1))


def _and_then(
    first: list[PlantedDocument], more: Iterator[list[PlantedDocument]]
) -> Iterator[list[PlantedDocument]]:
    yield first
    yield from more


def _number_pairs(ciphers: Ciphers, lang_a: str, lang_b: str) -> _Pairs:
    a, b = (
        ciphers.form_ids[ciphers.languages.index(language)].astype(np.int64)
        for language in (lang_a, lang_b)
    )
    _, senses, numbers = np.unique(a << 32 | b, return_index=True, return_inverse=True)
    return _Pairs(numbers, senses, np.zeros(len(senses), np.int64))


def _planted(
    document: PlantedDocument, pairs: dict[tuple[str, str], _Pairs]
) -> tuple[tuple[str, str], NDArray[np.int64]] | None:
    """Language pair and pairs of a document, which are counted unless it is an exact copy."""
    if not len(document.senses):
        return None
    first, second = sorted(document.languages)
    of_pair = pairs[first, second]
    found = np.unique(of_pair.numbers[document.senses])
    if not document.is_exact:
        of_pair.n_docs[found] += 1
    return (first, second), found


_Found = list[tuple[tuple[str, str], NDArray[np.int64]] | None]


def _corpus_rows(block: list[PlantedDocument]) -> pa.Table:
    columns = [[d.text for d in block], ["planted"] * len(block), [d.url for d in block]]
    return pa.table(columns, schema=_CORPUS)


def _truth_rows(block: list[PlantedDocument], found: _Found) -> pa.Table:
    columns: list[list[Any]] = [
        [document.url for document in block],
        [blake3(document.text.encode()).hexdigest(length=16) for document in block],
        [document.kind for document in block],
        [list(document.languages) for document in block],
        [document.duplicate_of or None for document in block],
        [document.is_exact for document in block],
        [0 if links is None else len(links[1]) for links in found],
    ]
    return pa.table(columns, schema=_TRUTH)


def _link_rows(
    block: list[PlantedDocument],
    found: _Found,
    ciphers: Ciphers,
    pairs: dict[tuple[str, str], _Pairs],
) -> pa.Table:
    tables = [_LINKS.empty_table()]
    for document, links in zip(block, found, strict=True):
        if links is not None:
            words = _words(ciphers, links[0], pairs[links[0]].senses[links[1]])
            urls = pa.array([document.url] * len(links[1]))
            tables.append(pa.table([urls, *words], schema=_LINKS))
    return pa.concat_tables(tables)


def _words(ciphers: Ciphers, pair: tuple[str, str], senses: NDArray[np.int64]) -> list[pa.Array]:
    """Columns lang_a, word_a, lang_b, word_b."""
    columns = []
    for language in pair:
        forms = ciphers.forms[ciphers.languages.index(language)]
        columns.append(pa.array([language] * len(senses), pa.string()))
        columns.append(pa.array([forms[sense] for sense in senses.tolist()], pa.string()))
    return columns


def _lexicon(ciphers: Ciphers, pairs: dict[tuple[str, str], _Pairs]) -> pa.Table:
    return pa.concat_tables(
        pa.table(
            [*_words(ciphers, pair, of_pair.senses), pa.array(of_pair.n_docs)], schema=_LEXICON
        )
        for pair, of_pair in pairs.items()
    )


def _recipe(folder: Path, plan: Plan, vocab_size: int) -> str:
    values = {
        "languages": list(plan.languages),
        "lake": {"warehouse": str(folder / "lake")},
        "ingest": {
            "ingest_id": "planted",
            "inputs": [{"uris": [str(folder / "corpus")], "source_column": "source"}],
        },
        "tokenize": {"vocab_size": vocab_size, "sample_bytes": 16_000_000},
        "select": {"budget_tokens": 100_000},
    }
    head = (
        "# A planted corpus: every language but the first is a cipher, and every translation is\n"
        "# known. Mine it, then judge what was found:\n"
        f"#   pivotmine run --config {folder / 'recipe.yaml'} --until pivot\n"
        f"#   pivotmine evaluate links {folder / 'truth' / 'lexicon.parquet'} "
        f"--config {folder / 'recipe.yaml'}\n"
        "# The codes of the languages are those of the scripts that they are written in.\n\n"
    )
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
