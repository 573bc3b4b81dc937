"""OpenStack Horizon: gettext catalogues (`.po`) in French, Chinese and Japanese.

Help texts about servers, networks and storage in full sentences, by professional translation teams.
Of the catalogues measured, it gives the most Chinese for each byte downloaded.
"""

import ast
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pivotmine.demo.documents import Document, catalogue_pages
from pivotmine.demo.messages import translated

LICENSE = "Apache-2.0"
_CATALOGUE = re.compile(r"\w+/locale/(?:fr|ja|zh_Hans)/LC_MESSAGES/\w+\.po")
_FIELD = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d)\])? (".*")')


def messages(po: str) -> Iterator[tuple[str, str]]:
    """(message, translation) in the order of a `.po` file, without header, fuzzy and obsolete ones.

    A plural message gives its singular with the first plural form of the translation.
    """
    for block in re.split(r"\n\s*\n", po.replace("\r\n", "\n")):
        fields: dict[str, str] = {}
        current = ""
        fuzzy = False
        for line in block.splitlines():
            field = _FIELD.fullmatch(line)
            if field:
                current = field[1] if field[2] in (None, "0") else "other form"
                fields[current] = ast.literal_eval(field[3])
            elif line.startswith('"') and current:
                fields[current] += ast.literal_eval(line)
            else:
                fuzzy |= line.startswith("#,") and "fuzzy" in line
        if fields.get("msgid") and fields.get("msgstr") and not fuzzy:
            yield fields["msgid"], fields["msgstr"]


def catalogues(archive: Path) -> Iterator[Document]:
    """Bilingual pages, in the order of the catalogues."""
    with zipfile.ZipFile(archive) as wheel:
        for name in sorted(filter(_CATALOGUE.fullmatch, wheel.namelist())):
            pairs = list(translated(messages(wheel.read(name).decode("utf-8"))))
            yield from catalogue_pages(pairs, "horizon", LICENSE, name)
