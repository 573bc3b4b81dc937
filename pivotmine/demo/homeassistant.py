"""Home Assistant's message catalogues: one JSON file for each component and language.

A component (a thermostat, a tide gauge, a music player) is a topic of its own, so its messages
belong together. Each component gives a page in each of its languages and, where English is
translated, a bilingual page.
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

LICENSE = "Apache-2.0"
LANGUAGES = ("en", "fr", "ja", "zh-Hans")
_CATALOGUE = re.compile(r"homeassistant/components/(\w+)/translations/([\w-]+)\.json")
_REFERENCE = "[%key:"  # a pointer to another component's message


def flatten(catalogue: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested objects as `a.b.c` -> message, in the order of the file; other values are left out."""
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
        match = _CATALOGUE.fullmatch(name)
        if match and match[2] in LANGUAGES:
            names.setdefault(match[1], {})[match[2]] = name
    for component in sorted(names):
        yield (
            component,
            {
                language: flatten(json.loads(wheel.read(name)))
                for language, name in sorted(names[component].items())
            },
        )


def pages(archive: Path) -> Iterator[Document]:
    """Pages in one language: the messages of a component, one a line."""
    with zipfile.ZipFile(archive) as wheel:
        for component, catalogues in _components(wheel):
            for language, messages in catalogues.items():
                lines = [line for line in map(clean, messages.values()) if has_words(line)]
                if len(lines) < LEAST_MESSAGES:
                    continue
                path = f"homeassistant/components/{component}/translations/{language}.json"
                for number, page in enumerate(even_pages(lines, 2 * MESSAGES_A_PAGE)):
                    text = "\n".join(page)
                    yield Document(text, "homeassistant", "page", LICENSE, f"{path}#{number}")


def catalogues(archive: Path) -> Iterator[Document]:
    """Bilingual pages: English messages of a component, each followed by its translation."""
    with zipfile.ZipFile(archive) as wheel:
        for component, by_language in _components(wheel):
            english = by_language.get("en", {})
            for language, messages in by_language.items():
                if language == "en":
                    continue
                pairs = list(
                    translated((english[key], messages[key]) for key in english if key in messages)
                )
                path = f"homeassistant/components/{component}/translations/en+{language}.json"
                yield from catalogue_pages(pairs, "homeassistant", LICENSE, path)
