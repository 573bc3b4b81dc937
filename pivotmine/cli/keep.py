"""Commands that keep a lake in order."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pivotmine.cli.options import ConfigOption, SetOption, open_lake
from pivotmine.show.console import plain_console

if TYPE_CHECKING:
    from pivotmine.keep.audit_files import Finding

_RAW_SHOWN_BYTES = 200
_DAMAGES_SHOWN = 20


def audit(
    config: ConfigOption = None,
    set_: SetOption = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Only whether files are there and have their sizes."),
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write the findings to this file as a page, too.")
    ] = None,
) -> None:
    """Check the lake: files, conservation, uniqueness. Exit status 1 if a check fails.

    Every file is read once and compared with its digest. A damaged table is made anew by `pivotmine
    run` when the damaged file is deleted.
    """
    from pivotmine.keep.audit import audit as audit_lake
    from pivotmine.keep.audit import audited_tables
    from pivotmine.keep.audit_files import audit_files
    from pivotmine.show.look.drawing import require_drawing

    if html is not None:
        require_drawing()
    reader = open_lake(config, set_)
    findings = []
    for finding in audit_files(reader.lake, quick=quick):
        findings.append(finding)
        _print_finding(finding)
    if not quick:
        damages = [damage for finding in findings for damage in finding.damages]
        connection = reader.connect(audited_tables(reader.lake, damages))
        for finding in audit_lake(reader.lake, connection, damages):
            findings.append(finding)
            _print_finding(finding)
    if html is not None:
        from pivotmine.show.audit_page import audit_page
        from pivotmine.show.look.page import write_page

        write_page(html, audit_page(findings, reader.warehouse.removeprefix("file://")))
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


def _print_finding(finding: Finding) -> None:
    console = plain_console()
    mark = "ok  " if finding.holds else "FAIL"
    console.print(f"{mark} {finding.check}: {finding.figures}", soft_wrap=True)
    for damage in finding.damages[:_DAMAGES_SHOWN]:
        console.print(f"       {damage.table}: {damage.path} {damage.what}", soft_wrap=True)
    if len(finding.damages) > _DAMAGES_SHOWN:
        console.print(f"       and {len(finding.damages) - _DAMAGES_SHOWN:,} more")
    if finding.damages:
        from pivotmine.lake.parquet_files import MEND

        console.print(f"       fix: {MEND}", soft_wrap=True)


def status(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Show what is new in the source files, what `pivotmine run` would do now, and why."""
    from pivotmine.keep.status import deliveries, road_status
    from pivotmine.lake.withdrawals import without_withdrawn
    from pivotmine.recipe.reading import load_recipe
    from pivotmine.show.tables import print_table
    from pivotmine.stages.road import ROAD

    recipe = without_withdrawn(load_recipe(config, set_ or ()))
    lake = open_lake(config, set_).lake
    console = plain_console()
    print_table(
        console,
        "Source files",
        ("delivery", "files", "new", "changed", "gone", "MB to read"),
        [
            (
                one.ingest_id,
                *(f"{n:,}" for n in (one.n_files, one.n_new, one.n_changed, one.n_gone)),
                f"{one.to_read_bytes / 1e6:,.1f}",
            )
            for one in deliveries(lake, recipe)
        ],
        range(1, 6),
        without_rows="the recipe names none, and the lake has read none",
    )
    rows = [
        (one.stage, "would run" if one.would_run else "up to date", one.why)
        for one in road_status(lake, recipe, ROAD)
    ]
    print_table(console, "Stages", ("stage", "", ""), rows)


def rejects(
    config: ConfigOption = None,
    set_: SetOption = None,
    reason: Annotated[str | None, typer.Option(help="Export this reason only.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--export", help="New folder for the bytes of the records and their index."),
    ] = None,
    max_share: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Exit with status 1 if more than this share of a delivery's records was refused.",
        ),
    ] = None,
) -> None:
    """Show refused records by reason, with an example of each; or export their bytes.

    The first ingest.raw_bytes of a record are kept. After a change of settings or code, `pivotmine
    run` reads refused records again by itself. To mend records: export them, edit the files, delete
    the hopeless ones, and name the folder in ingest.inputs with an ingest_id of its own. The file
    _rejects.jsonl says where each came from.

    Schedulers ask with --max-share: it shows the shares by delivery, and fails if one is too large.
    """
    from pivotmine.keep.rejects import INDEX, count_by_delivery, export, summarise
    from pivotmine.show.tables import print_table

    connection = open_lake(config, set_).connect(["rejects", "runs", "inputs"])
    console = plain_console()
    if max_share is not None:
        counted = count_by_delivery(connection, reason)
        for delivered in counted:
            console.print(
                f"{'FAIL' if delivered.share > max_share else 'ok  '} {delivered.ingest_id}: "
                f"{delivered.n_refused:,} of {delivered.n_records:,} records were refused "
                f"({delivered.share:.2%}), at most {max_share:.2%} may be",
                soft_wrap=True,
            )
        if any(delivered.share > max_share for delivered in counted):
            raise typer.Exit(1)
        return
    if out is not None:
        n_records, n_files = export(connection, out, reason)
        console.print(f"{n_records:,} records in {out / INDEX}, {n_files:,} of them with bytes")
        return
    found = summarise(connection)
    if not found:
        console.print("nothing was refused")
    for one in found:
        if reason in (None, one.reason):
            console.print(
                f"\n{one.reason}: {one.n_records:,} records in {one.n_files:,} files",
                soft_wrap=True,
            )
            example = [("meaning", one.explanation), ("example", f"{one.uri} at {one.position}")]
            raw = (one.raw or b"")[:_RAW_SHOWN_BYTES].decode("utf-8", "backslashreplace")
            print_table(console, "", ("", ""), [*example, ("", one.detail), ("bytes", raw)])


def takedown(
    delivery: Annotated[str, typer.Argument(help="The ingest_id to remove.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    forget: Annotated[
        bool,
        typer.Option(
            "--forget/--keep-past",
            help="Delete the earlier snapshots of all tables, which still hold the delivery.",
        ),
    ] = True,
) -> None:
    """Remove a delivery: make all tables anew without it, and never read it again.

    Every stage that has run before runs again. Earlier snapshots of all tables are deleted, unless
    --keep-past is given.
    """
    from pivotmine import api
    from pivotmine.keep.takedown import take_down
    from pivotmine.recipe.reading import load_recipe

    recipe = load_recipe(config, set_ or ())
    n_snapshots = take_down(
        recipe, delivery, reason, lambda until: api.run(recipe, until=until), forget=forget
    )
    past = f"{n_snapshots:,} earlier snapshots deleted" if forget else "earlier snapshots kept"
    plain_console().print(f"{delivery} is taken down; {past}")


def unlock(config: ConfigOption = None, set_: SetOption = None) -> None:
    """End the lease of a run that is dead, so that another run can write to the lake at once.

    If that run is alive, it loses the stage that it is at. What is committed stays.
    """
    from pivotmine.lake.lake import Lake
    from pivotmine.lake.lease import break_lease
    from pivotmine.recipe.reading import load_recipe

    owner = break_lease(Lake(load_recipe(config, set_ or ()).lake))
    plain_console().print(f"the lease of {owner} is ended" if owner else "no run holds the lake")


def doctor(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Show the state of Python, libraries, Java, Spark and the lake, and how to fix them.

    With --config it also uses the warehouse as the driver and as a task of an executor, opens the
    catalog, and compares versions, clocks and disks. The exit code is 1 if one thing is not well.
    """
    from pivotmine.keep.doctor import examine
    from pivotmine.keep.doctor_lake import examine_lake
    from pivotmine.recipe.reading import load_recipe

    console = plain_console()
    well = True
    recipe = load_recipe(config, set_ or ())
    looks = [examine(recipe), *([examine_lake(recipe)] if config else [])]
    for symptom in itertools.chain.from_iterable(looks):
        mark = "ok  " if symptom.well else "FAIL"
        console.print(f"{mark} {symptom.subject}: {symptom.state}", soft_wrap=True)
        if not symptom.well:
            console.print(f"       fix: {symptom.fix}", soft_wrap=True)
        well = well and symptom.well
    if not well:
        raise typer.Exit(1)


def move(
    before: Annotated[str, typer.Argument(metavar="FROM", help="The warehouse as it was.")],
    after: Annotated[str, typer.Argument(metavar="TO", help="The warehouse as it is.")],
) -> None:
    """Tell a lake that its folder was moved or copied, so that it names its files there.

    Copy or move the whole folder first. Snapshots stay what they are: a run finds everything up to
    date. For lakes in local folders with their own catalog.
    """
    from pivotmine.lake.move import move_lake

    n_tables = move_lake(before, after)
    plain_console().print(f"{n_tables} tables are at {after} now", soft_wrap=True)
