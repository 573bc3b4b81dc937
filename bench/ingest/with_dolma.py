"""Ingest by dolma, in an interpreter that has it. Arguments: KIND SOURCE OUT MODEL.

KIND is jsonl or warc. Four commands of dolma: warc (text by resiliparse), tag, dedupe (a Bloom
filter over whole texts) and mix. The output is JSON Lines, not Parquet.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Gopher's rules of rejection on the attributes that tagger gopher_v2 gives.
RULES = """
    word_count < 50; word_count > 100000; median_word_length < 3; median_word_length > 10;
    symbol_to_word_ratio > 0.1; fraction_of_words_with_alpha_character < 0.8;
    required_word_count < 2; fraction_of_lines_starting_with_bullet_point > 0.9;
    fraction_of_lines_ending_with_ellipsis > 0.3; fraction_of_duplicate_lines > 0.3;
    fraction_of_characters_in_duplicate_lines > 0.2;
    fraction_of_characters_in_most_common_2grams > 0.2;
    fraction_of_characters_in_most_common_3grams > 0.18;
    fraction_of_characters_in_most_common_4grams > 0.16;
    fraction_of_characters_in_duplicate_5grams > 0.15;
    fraction_of_characters_in_duplicate_10grams > 0.1
"""


def main() -> None:
    """Run the commands one after another."""
    kind, source, out, model = sys.argv[1:]
    folder = Path(out)
    documents = folder / "documents"
    documents.mkdir(parents=True)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    from dolma.core.paths import get_cache_dir, resource_to_filename
    from dolma.taggers.language import FastTextAllLanguagesDocumentTagger as Tagger

    shutil.copy(model, Path(get_cache_dir()) / resource_to_filename(Tagger.MODEL_PATH))
    if kind == "warc":
        where = ("--documents", f"{source}/*.warc.gz", "--destination", str(documents))
        _dolma("warc", *where, "--linearizer", "resiliparse", "--source_name", "crawl")
    else:
        for path in sorted(Path(source).glob("*.jsonl.gz")):
            (documents / path.name).symlink_to(path.resolve())
    files = str(documents / "*.gz")
    taggers = ("--taggers", "gopher_v2", "ft_lang_id_1e2")
    _dolma("tag", "--documents", files, "--experiment", "e", *taggers)
    copies = {"attribute_name": "copy", "key": "$.text"}
    bloom_filter = {
        "file": str(folder / "bloom.bin"),
        "read_only": False,
        "estimated_doc_count": 100_000,
        "desired_false_positive_rate": 1e-6,
    }
    dedupe = {
        "documents": [files],
        "dedupe": {"name": "copies", "documents": copies, "skip_empty": True},
        "bloom_filter": bloom_filter,
        "processes": 1,
    }
    rejected = []
    for rule in RULES.split(";"):
        name, bound = rule.split(maxsplit=1)
        rejected.append(f"$.attributes[?(@.e__gopher_v2__{name}[0][2] {bound.strip()})]")
    kept = {
        "name": "kept",
        "documents": [files],
        "attributes": ["e", "copies"],
        "output": {"path": str(folder / "mixed"), "max_size_in_bytes": 1 << 30},
        "filter": {"include": [], "exclude": [*rejected, "$.attributes[?(@.copy[0])]"]},
    }
    for command, config in (("dedupe", dedupe), ("mix", {"streams": [kept], "processes": 1})):
        path = folder / f"{command}.json"
        path.write_text(json.dumps(config))
        _dolma("-c", str(path), command)


def _dolma(*arguments: str) -> None:
    subprocess.run([str(Path(sys.executable).with_name("dolma")), *arguments], check=True)


if __name__ == "__main__":
    main()
