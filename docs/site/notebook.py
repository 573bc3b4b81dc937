"""The notebook of `examples/` as a page: run on the demo lake where there is one, else as it is."""

from __future__ import annotations

from pathlib import Path

SECONDS = 300
"""Most time that a cell may take."""


def write_notebook(notebook: Path, page: Path) -> None:
    """Write the page and, beside it, the images that its cells draw."""
    import nbformat  # of the extra `docs`, as the next two
    from nbconvert import MarkdownExporter
    from nbconvert.preprocessors import ExecutePreprocessor

    root = notebook.parent.parent
    content = nbformat.read(notebook, as_version=4)
    if (root / ".pivotmine" / "demo" / "lake" / "catalog.db").exists():
        place = {"metadata": {"path": str(root)}}
        content, _ = ExecutePreprocessor(timeout=SECONDS).preprocess(content, place)
    text, resources = MarkdownExporter().from_notebook_node(content)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    for name, image in resources["outputs"].items():
        (page.parent / name).write_bytes(image)
