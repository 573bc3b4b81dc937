"""The page of an audit: what was checked, what holds, and what is damaged."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pivotmine.keep.audit_files import Finding
from pivotmine.lake.parquet_files import MEND
from pivotmine.show.look.page import Section, html, page, table


def audit_page(findings: Sequence[Finding], warehouse: str) -> str:
    """The page as HTML; the same findings give the same bytes."""
    failed = [finding for finding in findings if not finding.holds]
    damages = [damage for finding in findings for damage in finding.damages]
    said = f"All {len(findings)} checks hold."
    if failed:
        said = f"{len(failed)} of {len(findings)} checks fail."
    kind = "contradicted" if failed else "supported"
    lead = html('<p class="{}">{}</p><p class="soft">{}</p>', kind, said, warehouse)
    rows = [
        [finding.check, _mark(finding.holds), finding.figures]
        for finding in sorted(findings, key=lambda finding: finding.holds)
    ]
    sections = [
        Section("checks", "Checks", table(["check", "", "counted"], rows, numeric_from=3)),
    ]
    if damages:
        heads = ["table", "file", "what is wrong"]
        lost = [[damage.table, damage.path, damage.what] for damage in damages]
        held = table(heads, lost, numeric_from=3) + html("<p>{}</p>", MEND)
        sections.append(Section("damages", "Damaged files", held))
    return page("Audit of a lake", lead, sections)


def _mark(holds: bool) -> Markup:
    return html(
        '<span class="{}">{}</span>',
        *(("supported", "holds") if holds else ("contradicted", "fails")),
    )
