"""Real pages of known alignment: made, brought into a lake beside a mined one, scored, judged.

The lake of the pages is cut into tokens by the mined lake's tokenizer, gets the mined lake's
tables from vocabulary to pivots as they are, and is scored by the engine's own stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from bench.selection.baselines import Dictionary, dictionary_scores, gale_church, pages
from bench.selection.pages import Sizes, write_pages
from pivotmine import api
from pivotmine.judge.document_truth import join_truth
from pivotmine.judge.documents import separate
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe.reading import load_recipe

MINED = ("vocabulary", "contexts", "counts", "margins", "links", "pivots")
RECIPE = "recipe.yaml"


def make(
    out: Path, recipe: str, overrides: list[str], segments: str, mined_source: str, sizes: Sizes
) -> Path:
    """Pages, truth and a scored lake under a new folder; returns its recipe."""
    out.mkdir(parents=True, exist_ok=True)
    config = load_recipe(recipe, overrides)
    mined = Lake(config.lake, read_only=True)
    connection = connect(mined)
    write_pages(connection, segments, mined_source, config.languages, out, sizes)
    ((model,),) = connection.execute("SELECT model FROM tokenizer").fetchall()
    (out / "tokenizer.model").write_bytes(model)
    settings = {
        **config.model_dump(mode="json", exclude={"lake", "ingest", "tokenize"}),
        "lake": {"warehouse": str(out / "lake")},
        "ingest": {"inputs": [{"uris": [str(out / "pages.parquet")], "source_column": "source"}]},
        "tokenize": {"tokenizer": str(out / "tokenizer.model")},
    }
    path = out / RECIPE
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    api.run(path, until="tokenize")
    _adopt(Lake(load_recipe(str(path)).lake), mined)
    api.run(path, only="score")
    return path


def _adopt(lake: Lake, mined: Lake) -> None:
    """Commit the files of a mined lake's tables to another one, where they lie."""
    now = datetime.now(UTC)
    run = {"run_id": "adopted", "stage": "adopt", "fingerprint": "", "inputs": {}, "rows": {}}
    files = {name: mined.files(name, mined.snapshot(name)) for name in MINED}
    lake.commit({**run, "started_at": now, "finished_at": now}, files)


def judge(recipe: Path, lexicon: str, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Figures of the engine's scores and of the baselines, on the same documents."""
    connection = connect(Lake(load_recipe(str(recipe)).lake, read_only=True))
    _add_baselines(connection, lexicon, recipe.parent / "baselines.parquet")
    join_truth(connection, recipe.parent / "truth.parquet")
    for separation in separate(connection, seed):
        yield from separation.rows()


def _add_baselines(connection: duckdb.DuckDBPyConnection, lexicon: str, path: Path) -> None:
    """Rows of other methods in the connection's view of `scores`; computed once."""
    if not path.exists():
        found = list(pages(connection))
        scores = {
            "dictionary": dictionary_scores(found, Dictionary(lexicon)),
            "gale_church": {page.doc_id: gale_church(page) for page in found},
            "shortness": {page.doc_id: -float(page.n_chars) for page in found},
        }
        rows = [
            {"doc_id": doc_id, "method": method, "score": score}
            for method, by_document in scores.items()
            for doc_id, score in by_document.items()
        ]
        pq.write_table(pa.Table.from_pylist(rows), path)
    connection.execute(
        "CREATE TEMP TABLE engine_scores AS SELECT doc_id, method, score FROM scores"
    )
    connection.execute("DROP VIEW scores")
    connection.execute(
        "CREATE VIEW scores AS FROM engine_scores UNION ALL "
        f"SELECT doc_id, method, score FROM read_parquet('{path}')"
    )
