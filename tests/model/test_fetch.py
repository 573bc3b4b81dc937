"""Archives of dictionaries: found in the folder, or missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pivotmine.dictionaries.packages import sha256_of
from pivotmine.errors import ConfigError, SetupError
from pivotmine.model.config.measuring import WordsConfig
from pivotmine.model.words.build import build
from pivotmine.model.words.fetch import archives
from pivotmine.model.words.sources.registry import FREQUENCIES, LEMMAS, SOURCES, sources_for
from pivotmine.model.words.sources.wordfreq import fill

DEBIAN = replace(LEMMAS, package="no-such-package", filename="no-such-package_*.deb")


def test_an_archive_that_is_there_is_used_whatever_its_version(tmp_path: Path):
    mine = tmp_path / "wordnet-base_9.9_all.deb"
    mine.write_bytes(b"mine")
    assert archives(tmp_path, [LEMMAS], print) == {"wordnet": mine}
    assert sha256_of(mine) != LEMMAS.sha256


def test_without_the_client_the_error_says_which_file_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"apt-get is not installed.*named like no-such-package_"):
        archives(tmp_path / "archives", [DEBIAN], lambda _: None)


def test_the_error_quotes_a_client_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho unable to locate >&2\nexit 100\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(SetupError, match=r"exit status 100.*unable to locate"):
        archives(tmp_path / "archives", [DEBIAN], lambda _: None)


def test_every_source_has_credit_and_licence():
    for source in (*SOURCES, FREQUENCIES, LEMMAS):
        assert source.license and source.credit and len(source.sha256) == 64


def test_only_dictionaries_of_two_wanted_languages_are_read():
    assert {source.name for source in sources_for(["en", "zh"])} == {"cedict", "cldr"}
    assert "freedict-fra-deu" in {source.name for source in sources_for(["en", "fr", "de"])}


@pytest.mark.parametrize(
    ("languages", "message"),
    [(("en", "tlh"), "no dictionary here links tlh with en"), (("fr", "en"), "is the hub")],
)
def test_languages_without_dictionaries_are_refused_before_any_download(
    tmp_path: Path, languages: tuple[str, ...], message: str
):
    with pytest.raises(ConfigError, match=message):
        build(WordsConfig(languages=languages, bridges=()), tmp_path, lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_a_word_that_is_not_listed_gets_a_frequency_from_its_parts():
    zipf = {"労働": 5.0, "者": 5.0, "山": 4.0}
    fill(zipf, ["労働者", "山", "火山"])
    assert zipf["労働者"] == pytest.approx(5.0 - 0.30 - 1.0, abs=0.01)
    assert zipf["山"] == 4.0
    assert "火山" not in zipf  # 火 is in no list
