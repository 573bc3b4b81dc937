"""The list of results: the title of every page, and what it says was learnt."""

from __future__ import annotations

from pathlib import Path

GROUPS = {
    "Mining": (
        *("links", "lexicon", "pairs", "bridges", "pivots", "selection", "block-layouts"),
        *("near-duplicates", "segment-language", "scripts", "terms", "html-extraction"),
    ),
    "Models": ("planted-arms", "real-arms", "lens", "attribution", "word-task", "evaluate"),
    "Cost": ("whole-road", "counting", "ingest", "incremental", "requests", "explore"),
    "Faults": ("clusters", "commit-protocol", "damage", "fuzz"),
}
"""Subjects and their pages, in the order of the list. Pages of no group come last."""

HEAD = """# Results

Every figure of the documentation is measured. A page has one topic: what was learnt, the question,
the commands, the figures, what failed, and at its end the date, the machine and the commit. Raw
results lie beside the pages.
"""


def results_page(folder: Path) -> str:
    """Markdown of the list of all pages in a folder."""
    pages = {path.stem: path for path in sorted(folder.glob("*.md")) if path.stem != "index"}
    groups = {name: [page for page in listed if page in pages] for name, listed in GROUPS.items()}
    placed = {page for listed in groups.values() for page in listed}
    groups["More"] = [page for page in pages if page not in placed]
    return HEAD + "".join(
        f"\n## {name}\n\n" + "".join(_entry(pages[page]) for page in listed)
        for name, listed in groups.items()
        if listed
    )


def _entry(page: Path) -> str:
    title, _, rest = page.read_text(encoding="utf-8").strip().partition("\n")
    learnt = " ".join(rest.strip().partition("\n\n")[0].split())
    return f"* **[{title.removeprefix('# ')}]({page.name})**. {learnt}\n"
