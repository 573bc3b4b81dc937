"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ARCHIVES = Path(".pivotmine/dictionaries")
WORDS = Path(".pivotmine/words")
RESULTS = Path(".pivotmine/model")
GRID = Path(".pivotmine/grid")

ConfigOption = Annotated[
    str | None, typer.Option("--config", "-c", help="Settings: path or URI of a YAML file.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", help="Override one setting, e.g. --set scoring.n_draws=2. Repeatable."
    ),
]
WordsOption = Annotated[
    Path, typer.Option("--words", "-w", help="Word set: its folder, or a JSON Lines file.")
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for results.")]
ModelArgument = Annotated[
    str,
    typer.Argument(
        help="Hugging Face model folder, name on its hub (owner/model), .gguf file, or one of the "
        "packages gemma3-270m and smollm2-135m."
    ),
]
