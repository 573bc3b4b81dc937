"""Writing a planted corpus: its documents, the truth about them, and a recipe.

```
OUT/corpus/part-00000.parquet     text, source, url: what the engine sees
OUT/truth/lexicon.parquet         lang_a, word_a, lang_b, word_b, n_docs
OUT/truth/document_truth.parquet  url, doc_id, kind, languages, duplicate_of, is_exact, n_links
OUT/truth/document_links.parquet  url, lang_a, word_a, lang_b, word_b
OUT/plan.json                     what was planted, and how much
OUT/recipe.yaml                   pivotmine run --config OUT/recipe.yaml
```

It is written block by block. Memory holds the text, a counter for each sense and language pair, and
a block. The recipe is written last, so a folder with a recipe is complete.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from pivotmine.errors import InputError
from pivotmine.planted.ciphers import make_ciphers
from pivotmine.planted.documents import BLOCK_DOCUMENTS, PlantedDocument, compose
from pivotmine.planted.plan import Plan
from pivotmine.planted.text import SourceText
from pivotmine.planted.truth import (
    DOCUMENTS,
    LINKS,
    count_planted,
    document_rows,
    lexicon_rows,
    link_rows,
    number_pairs,
)

_FILE_BLOCKS = 100
_CORPUS = pa.schema([("text", pa.string()), ("source", pa.string()), ("url", pa.string())])


class PlantedCorpus(NamedTuple):
    """A corpus that was written."""

    folder: Path
    recipe: Path
    n_documents: int
    n_bytes: int
    """UTF-8 bytes of all texts."""

    kinds: dict[str, int]
    """Documents of each kind; duplicates have the kind of their original."""

    n_pairs: int
    """Word pairs of the lexicon that are planted in a document."""


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
    pairs = number_pairs(ciphers)
    kinds: Counter[str] = Counter()
    n_bytes = 0
    with ExitStack() as stack:
        truth, links = (
            stack.enter_context(pq.ParquetWriter(folder / "truth" / name, schema))
            for name, schema in (
                ("document_truth.parquet", DOCUMENTS),
                ("document_links.parquet", LINKS),
            )
        )
        for number, blocks in enumerate(_files(compose(text, ciphers, plan))):
            path = folder / "corpus" / f"part-{number:05d}.parquet"
            with pq.ParquetWriter(path, _CORPUS, compression="zstd") as corpus:
                for block in blocks:
                    corpus.write_table(_corpus_rows(block))
                    found = [count_planted(document, pairs) for document in block]
                    truth.write_table(document_rows(block, found))
                    links.write_table(link_rows(block, found, ciphers, pairs))
                    kinds.update(document.kind for document in block)
                    n_bytes += sum(len(document.text.encode()) for document in block)
    lexicon = lexicon_rows(ciphers, pairs)
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
    """Blocks of documents for each file; a file must be read before the next."""
    blocks = iter(lambda: list(islice(documents, BLOCK_DOCUMENTS)), [])
    for block in blocks:
        yield chain([block], islice(blocks, _FILE_BLOCKS - 1))


def _corpus_rows(block: list[PlantedDocument]) -> pa.Table:
    columns = [[d.text for d in block], [d.source for d in block], [d.url for d in block]]
    return pa.table(columns, schema=_CORPUS)


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
