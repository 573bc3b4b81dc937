"""Reference of the Python API: the public names, whose docstrings mkdocstrings reads."""

from __future__ import annotations

import pivotmine

HEAD = """# Python API

`import pivotmine as pm` loads nothing else: each name is loaded when it is first used. Every error
that a user can act on descends from `PivotMineError`. [Tutorials](../tutorials/demo.md) show the
API at work.
"""

QUESTIONS = "pivotmine.ask.reader.LakeReader"


def api_page() -> str:
    """Markdown with a directive for every public name."""
    names = [name for name in pivotmine.__all__ if name not in ("__version__", "plugins")]
    functions = sorted((name for name in names if name.islower()), key=str)
    errors = [name for name in names if name.endswith("Error")]
    registering = ("source", "score", "selection", "measure", "evaluation", "load")
    return HEAD + "".join(
        (
            "\n## Functions\n",
            *(_directive(f"pivotmine.api.{name}") for name in functions),
            "\n## Questions to a lake\n",
            _directive(QUESTIONS),
            "\n## Plugins\n\n[How to write them](../plugins.md).\n",
            *(_directive(f"pivotmine.plugins.{name}") for name in registering),
            "\n## Errors\n",
            *(_directive(f"pivotmine.errors.{name}") for name in errors),
        )
    )


def _directive(name: str) -> str:
    return f"\n::: {name}\n"
