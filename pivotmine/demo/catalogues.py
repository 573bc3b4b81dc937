"""Message catalogues of three programs, as bilingual pages.

Home Assistant has a JSON file for each component and language. A component (a thermostat, a tide
gauge, a music player) is a topic of its own, so its messages belong together. It gives a page in
each of its languages and, where English is translated, a bilingual page.

OpenStack Horizon has gettext catalogues (`.po`): help texts about servers, networks and storage in
full sentences, by professional translation teams. Of the catalogues measured, it gives the most
Chinese for each byte downloaded.

JupyterLab has one wheel a language, with one JSON catalogue for each extension. A catalogue maps an
English message to its translations, one for each plural form; the first is taken. It is sorted by
the English message, so neighbours share nothing but the extension.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pivotmine.demo.documents import (
    LEAST_MESSAGES,
    MESSAGES_A_PAGE,
    Document,
    catalogue_pages,
    even_pages,
)
from pivotmine.demo.messages import clean, has_words, translated
from pivotmine.sources.framing import frame_lines
from pivotmine.sources.gettext import parse_entries, read_entry
from pivotmine.sources.parse import Refusal
from pivotmine.sources.records import ReadLimits, RecordCount

HOMEASSISTANT_LICENSE = HORIZON_LICENSE = "Apache-2.0"
JUPYTERLAB_LICENSE = "BSD-3-Clause"

_HOMEASSISTANT = re.compile(r"homeassistant/components/(\w+)/translations/([\w-]+)\.json")
_HOMEASSISTANT_LANGUAGES = ("en", "fr", "ja", "zh-Hans")
_REFERENCE = "[%key:"  # a pointer to another component's message
_HORIZON = re.compile(r"\w+/locale/(?:fr|ja|zh_Hans)/LC_MESSAGES/\w+\.po")
_JUPYTERLAB = re.compile(r"jupyterlab_language_pack_\w+/locale/\w+/LC_MESSAGES/\w+\.json")


def homeassistant_pages(archive: Path) -> Iterator[Document]:
    """Pages in one language: the messages of a component of Home Assistant, one a line."""
    with zipfile.ZipFile(archive) as wheel:
        for component, catalogues in _components(wheel):
            for language, messages in catalogues.items():
                lines = [line for line in map(clean, messages.values()) if has_words(line)]
                if len(lines) < LEAST_MESSAGES:
                    continue
                path = f"homeassistant/components/{component}/translations/{language}.json"
                for number, page in enumerate(even_pages(lines, 2 * MESSAGES_A_PAGE)):
                    text = "\n".join(page)
                    yield Document(
                        text, "homeassistant", "page", HOMEASSISTANT_LICENSE, f"{path}#{number}"
                    )


def homeassistant_catalogues(archive: Path, original: str = "en") -> Iterator[Document]:
    """Bilingual pages of Home Assistant: messages of a language, each followed by a translation."""
    with zipfile.ZipFile(archive) as wheel:
        for component, by_language in _components(wheel):
            first = by_language.get(original, {})
            for language, messages in by_language.items():
                if language == original:
                    continue
                pairs = list(
                    translated((first[key], messages[key]) for key in first if key in messages)
                )
                path = (
                    f"homeassistant/components/{component}/translations/{original}+{language}.json"
                )
                yield from catalogue_pages(pairs, "homeassistant", HOMEASSISTANT_LICENSE, path)


def horizon_catalogues(archive: Path) -> Iterator[Document]:
    """Bilingual pages of OpenStack Horizon, from `.po` files."""
    with zipfile.ZipFile(archive) as wheel:
        for name in sorted(filter(_HORIZON.fullmatch, wheel.namelist())):
            pairs = list(translated(_po_messages(wheel.read(name))))
            yield from catalogue_pages(pairs, "horizon", HORIZON_LICENSE, name)


def jupyterlab_catalogues(archive: Path) -> Iterator[Document]:
    """Bilingual pages of one language pack of JupyterLab."""
    with zipfile.ZipFile(archive) as wheel:
        for name in sorted(filter(_JUPYTERLAB.fullmatch, wheel.namelist())):
            pairs = list(translated(_json_messages(json.loads(wheel.read(name)))))
            yield from catalogue_pages(pairs, "jupyterlab", JUPYTERLAB_LICENSE, name)


def flatten(catalogue: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Messages of nested objects by dotted name (`a.b.c`), in order; other values are left out."""
    flat: dict[str, str] = {}
    for key, value in catalogue.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        elif isinstance(value, str) and _REFERENCE not in value:
            flat[f"{prefix}{key}"] = value
    return flat


def _components(wheel: zipfile.ZipFile) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    names: dict[str, dict[str, str]] = {}
    for name in wheel.namelist():
        match = _HOMEASSISTANT.fullmatch(name)
        if match and match[2] in _HOMEASSISTANT_LANGUAGES:
            names.setdefault(match[1], {})[match[2]] = name
    for component in sorted(names):
        yield (
            component,
            {
                language: flatten(json.loads(wheel.read(name)))
                for language, name in sorted(names[component].items())
            },
        )


def _po_messages(po: bytes) -> Iterator[tuple[str, str]]:
    """(message, translation) in the order of a `.po` file; a plural gives its first forms."""
    limits = ReadLimits()
    for entry in parse_entries(frame_lines(iter([po]), 0, None, limits, RecordCount()), limits):
        found = read_entry(entry, "utf-8")
        if found is not None and not isinstance(found, Refusal):
            yield found


def _json_messages(catalogue: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(English, translation) in the order of the file, without the nameless entry, its header."""
    for key, forms in catalogue.items():
        if key and isinstance(forms, list) and forms:
            yield key.split("\x04")[-1], str(forms[0])  # \x04 parts a context from the message
