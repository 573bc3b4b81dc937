"""Pages and noise whose languages are measured, and the comparison with the library."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from bench.language_kernel import app
from bench.mixed_pages import ARRANGEMENTS, mixed_pages, noise, read_pairs
from pivotmine.text.language import load_identifier

RU = "Не удалось найти устройство в сети {number}"
EN = "The device was not found in the network {number}"


def wheel(path: Path) -> Path:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    for language, text in (("en", EN), ("ru", RU)):
        messages = {word: text.format(number=word) for word in words}
        messages |= {"short": "Yes", "field": "The device %s was not found in the network"}
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(f"part/translations/{language}.json", json.dumps(messages))
    return path


def test_mixed_pages_hold_as_many_english_messages_as_asked(tmp_path: Path) -> None:
    pairs = read_pairs([wheel(tmp_path / "a.whl")])["ru"]
    assert len(pairs) == 10, "short messages and those with fields are left out"
    pages = list(mixed_pages(pairs, 1, random.Random(0)))
    n_english = [page.text.count("The device") for page in pages]
    assert n_english == [n for n in range(1, 10) for _ in ARRANGEMENTS]


@pytest.mark.parametrize("kind", ["base64", "hexadecimal", "checksums"])
def test_noise_has_no_language(kind: str) -> None:
    texts = [noise(kind, random.Random(seed)) for seed in range(20)]
    assert {name for name, _ in load_identifier().identify_documents(texts)} == {"und"}


def test_the_comparison_with_the_library_finds_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "pages.parquet"
    texts = [EN.format(number="one"), RU.format(number="two"), "Le réseau est indisponible.\n猫"]
    pq.write_table(pa.table({"text": texts}), path)
    result = CliRunner().invoke(app, [str(path), "--languages", "en,ru"])
    assert result.exit_code == 0, result.output
    cells = next(line for line in result.output.splitlines() if "pages.parquet" in line).split("|")
    assert [cells[5].strip(), cells[10].strip()] == ["0", "0"]
    assert float(cells[11]) < 1e-4
