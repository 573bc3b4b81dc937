"""How long the views of the explorer take: wall and processor milliseconds, p50 and p95.

`python -m bench.explore LAKE` asks every view in this process, without a browser. `--copies N`
asks a lake of N times the documents instead, made in a temporary folder: their tokens, scores,
sources and selections are repeated under new ids, so words, links and their frequencies stay.
`--shots FOLDER` takes screenshots of the views with Chromium instead.
"""

from __future__ import annotations

import argparse
import platform
import resource
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from starlette.testclient import TestClient

from pivotmine.api import open_lake
from pivotmine.explore.answers import Explorer
from pivotmine.explore.app import build_app
from pivotmine.lake.catalog import local_lake
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TABLES

REPEATED = ("tokens", "documents", "scores", "selection")
KEPT = ("vocabulary", "margins", "links", "lexicon", "pivots", "shards")


def addresses(explorer: Explorer, one: str, two: str, three: str) -> dict[str, str]:
    """A question to every view: words that are linked, and one that is bridged."""
    lines, _ = explorer.answer("lines", {"a": one, "b": two})
    doc_id = lines.figures["documents"][0].doc_id
    a, b, c = map(quote, (one, two, three))
    return {
        "suggestions": f"/suggest?q={quote(one[:5])}",
        "word": f"/word?q={a}",
        "bridge": f"/bridge?a={a}&b={c}",
        "lines of a pair": f"/lines?a={a}&b={b}",
        "lines of a word": f"/lines?a={a}",
        "document": f"/document?id={doc_id}",
        "arms": "/arms",
        "corpus": "/corpus",
    }


def processor_seconds() -> float:
    """Processor time of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(ask: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor milliseconds of a call."""
    wall, processor = time.perf_counter(), processor_seconds()
    ask()
    return 1000 * (time.perf_counter() - wall), 1000 * (processor_seconds() - processor)


def measure(explorer: Explorer, asked: dict[str, str], repeat: int) -> None:
    """Print a row a view. The first answer after a commit is apart: it computes what is kept."""
    print("| view | first, ms | wall p50 | wall p95 | processor p50 | processor p95 | kB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    client = TestClient(build_app(explorer), base_url="http://localhost")
    client.get("/static/explore.css")  # the client itself starts
    for name, address in asked.items():
        explorer.live.now().known.clear()
        ask = partial(client.get, address)
        first, _ = timed(ask)
        size = len(ask().raise_for_status().content)
        taken = [timed(ask) for _ in range(repeat)]
        figures = [
            f"{statistics.quantiles(values, n=20, method='inclusive')[place]:.0f}"
            for values in zip(*taken, strict=True)
            for place in (9, 18)
        ]
        print(f"| {name} | {first:.0f} | {' | '.join(figures)} | {size / 1000:.0f} |")


def repeated_lake(source: Lake, folder: Path, copies: int) -> Lake:
    """A lake with every document `copies` times, in Parquet files of 100,000 rows a group."""
    lake = Lake(local_lake(folder)) if (folder / "catalog.db").exists() else _new_lake(folder)
    connection = connect(source)
    staged = {}
    for name in (*REPEATED, *KEPT):
        into = lake.staging_path(name, "repeated")
        lake.filesystem.makedirs(into)
        path = into.removeprefix("file://")
        if name in REPEATED:
            for copy in range(copies):
                columns = ", ".join(
                    f"md5(doc_id || '{copy}') AS doc_id" if column == "doc_id" else f'"{column}"'
                    for column in TABLES[name].schema.names
                )
                connection.execute(
                    f"COPY (SELECT {columns} FROM {name}) TO '{path}/part-{copy}.parquet' "
                    "(COMPRESSION zstd)"
                )
        else:
            connection.execute(f"COPY {name} TO '{path}/part-0.parquet' (COMPRESSION zstd)")
        staged[name] = lake.parquet_files(into)
    now = datetime.now(UTC)
    row = {"run_id": "repeated", "stage": "repeated", "fingerprint": "repeated", "inputs": {}}
    commit(lake, {**row, "rows": {}, "started_at": now, "finished_at": now}, staged)
    return lake


def _new_lake(folder: Path) -> Lake:
    from pivotmine.recipe import LakeConfig

    return Lake(LakeConfig(warehouse=str(folder)))


def shots(explorer: Explorer, asked: dict[str, str], folder: Path) -> None:
    """A picture of every view, light; of the bridge and of a narrow screen dark ones, too."""
    import uvicorn
    from playwright.sync_api import sync_playwright

    server = uvicorn.Server(uvicorn.Config(build_app(explorer), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    folder.mkdir(parents=True, exist_ok=True)
    taken = {name: (address, 1280, 860, "light") for name, address in asked.items()}
    taken["bridge-dark"] = (asked["bridge"], 1280, 860, "dark")
    taken["word-narrow"] = (asked["word"], 390, 760, "light")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"))
        for name, (address, width, height, scheme) in taken.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page.goto(base + address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"explore-{name}.png")
            page.close()
        browser.close()
    server.should_exit = True
    thread.join()


def main() -> None:
    """Measure, or take pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake", help="folder of a local lake")
    parser.add_argument("--words", nargs=3, default=["fr:chat", "en:cat", "ja:猫"])
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--copies", type=int, default=0)
    parser.add_argument("--shots", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        began = time.perf_counter()
        reader = open_lake(Path(options.lake))
        if options.copies:
            repeated_lake(reader.lake, Path(temporary) / "lake", options.copies)
            reader = open_lake(Path(temporary) / "lake")
            began = time.perf_counter()
        explorer = Explorer(reader)
        opened = time.perf_counter() - began
        asked = addresses(explorer, *options.words)
        if options.shots:
            shown = {name: address for name, address in asked.items() if " of a word" not in name}
            shown["lines"] = shown.pop("lines of a pair")
            shown.pop("suggestions")
            reached = options.words[2].partition(":")[0]
            shown["bridge"] = f"/bridge?a={quote(options.words[0])}&b={reached}:"
            shots(explorer, shown, options.shots)
            return
        size = (
            explorer.live.now()
            .connection.execute("SELECT count(*), sum(n_tokens) FROM tokens")
            .fetchone()
        )
        print(f"{size[0]:,} documents, {size[1]:,} tokens; opened in {opened:.2f} s")
        print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
        measure(explorer, asked, options.repeat)


if __name__ == "__main__":
    main()
