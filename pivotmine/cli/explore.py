"""Commands that show a lake in a browser, and write views of it as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pivotmine.cli.options import ConfigOption, SetOption, open_lake
from pivotmine.show.console import plain_console

ResultsOption = Annotated[
    Path,
    typer.Option(help="Folder where `pivotmine-model lens` has written, for the view Model."),
]
RESULTS = Path(".pivotmine/model")
"""Where `pivotmine-model` writes unless it is told otherwise."""


def explore(
    config: ConfigOption = None,
    set_: SetOption = None,
    host: Annotated[str, typer.Option(help="Address to bind; others reach this machine by it.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A host name under which others ask, where --host is no loopback."),
    ] = None,
    results: ResultsOption = RESULTS,
) -> None:
    """Show the lake in a browser: words, bridges, lines, documents, arms. It only reads.

    There is no password: who reaches the address reads the lake.

    Example: pivotmine explore --port 8765
    """
    from pivotmine.explore.server import serve

    console = plain_console()
    lake = open_lake(config, set_)

    def ready(address: str) -> None:
        console.print(f"{address} shows {lake.warehouse}; Ctrl-C ends it", soft_wrap=True)

    serve(lake, host, port, allow_host or (), results, ready)


def export_page(
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    word: Annotated[str | None, typer.Option(help="A word, e.g. fr:chat: its partners.")] = None,
    to: Annotated[
        str | None, typer.Option(help="A second word, or ja: with its colon: the bridges to it.")
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="The lines of --word (and --to) in the corpus.")
    ] = False,
    document: Annotated[str | None, typer.Option(help="Id of a document.")] = None,
    address: Annotated[
        str | None,
        typer.Option(help="Any view, by its address in the explorer, e.g. /arms."),
    ] = None,
    results: ResultsOption = RESULTS,
) -> None:
    """Write a view of the explorer as one HTML file, which needs no server and no network.

    Example: pivotmine export page --word fr:chat --out chat.html
    """
    from pivotmine.explore.server import asked_view, write_page

    name, values = asked_view(word, to, lines, document, address)
    n_bytes = write_page(open_lake(config, set_), name, values, results, out)
    plain_console().print(f"{out}, {n_bytes / 1e6:.1f} MB", markup=False, soft_wrap=True)
