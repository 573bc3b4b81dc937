"""Ingest by datatrove, in an interpreter that has it. Arguments: KIND SOURCE OUT MODEL.

KIND is jsonl or warc. Exact deduplication takes three executors, as in datatrove's examples: filter
and sign, find copies, drop copies. All languages are kept. Words are cut by the English tokenizer,
which datatrove's filters use where no language is given.
"""

from __future__ import annotations

import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.readers import JsonlReader, ParquetReader, WarcReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.lid import FT176LID


def text_of(document):
    """Documents of equal text are copies."""
    return document.text


def main() -> None:
    """Run the three executors in this process."""
    kind, source, out, model = sys.argv[1:]
    FT176LID.MODEL_URL = model
    folder = Path(out)
    config = ExactDedupConfig(content_getter=text_of, only_dedup_in_index=False)
    read = (
        [JsonlReader(source)] if kind == "jsonl" else [WarcReader(source), Trafilatura(timeout=30)]
    )
    kept, signed, copies = (str(folder / name) for name in ("kept", "signed", "copies"))
    executors = (
        [
            *read,
            LanguageFilter(label_only=True),
            GopherQualityFilter(),
            GopherRepetitionFilter(),
            ParquetWriter(kept),
            ExactDedupSignature(signed, config),
        ],
        [ExactFindDedups(signed, copies, config)],
        [
            ParquetReader(kept),
            ExactDedupFilter(copies, config),
            ParquetWriter(str(folder / "documents")),
        ],
    )
    for number, pipeline in enumerate(executors):
        logs = str(folder / f"logs-{number}")
        LocalPipelineExecutor(pipeline, tasks=1, workers=1, logging_dir=logs).run()


if __name__ == "__main__":
    main()
