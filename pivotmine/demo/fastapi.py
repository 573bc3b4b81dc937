"""The FastAPI manual: Markdown pages in English, French, Chinese and Japanese, one file a page.

This is the demo's only long prose, and each page is in one language throughout. Of the archives,
the source archive of 0.103.2 is the last to hold the pages; wheels hold none.
"""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from pivotmine.demo.documents import Document

LICENSE = "MIT"
_PAGE = re.compile(r"fastapi-[^/]+/docs/(?:en|fr|ja|zh)/docs/.+\.md")
_NOT_PROSE = ("release-notes.md",)  # a list of change titles and links, a quarter of all English
_MIN_CHARS = 400  # below it, a page is a title and a pointer

_INCLUDE = re.compile(r"^[ \t]*\{!.*!\}[ \t]*\n", re.MULTILINE)
_EMPTY_FENCE = re.compile(r"^([ \t]*)```.*\n(?:[ \t]*\n)*\1```[ \t]*\n", re.MULTILINE)
_EMPTY_TAB = re.compile(r'^([ \t]*)=== ".*"[ \t]*\n(?:[ \t]*\n)*+(?!\1[ \t]+\S)', re.MULTILINE)
_GAP = re.compile(r"\n(?:[ \t]*\n){2,}")


def prose(markdown: str) -> str:
    """The page without its include directives, and without the fences and tabs they leave empty."""
    text = _INCLUDE.sub("", markdown.replace("\r\n", "\n") + "\n")
    text = _EMPTY_TAB.sub("", _EMPTY_FENCE.sub("", text))
    return _GAP.sub("\n\n", text).strip()


def pages(archive: Path) -> Iterator[Document]:
    """The pages of the source archive (`.tar.gz`), ordered by path."""
    found: list[Document] = []
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if not _PAGE.fullmatch(member.name) or member.name.endswith(_NOT_PROSE):
                continue
            file = tar.extractfile(member)
            if file is None:
                continue
            text = prose(file.read().decode("utf-8"))
            if len(text) >= _MIN_CHARS or len(text.encode()) >= 2 * _MIN_CHARS:
                found.append(Document(text, "fastapi", "page", LICENSE, member.name))
    yield from sorted(found, key=lambda document: document.path)
