"""One readable notation for the pieces of every tokenizer.

Tables `vocabulary` and `links` show tokens to people, and filters ask whether a token is a word. So
the tokens of all tokenizers are written the same way: a space is U+2581 as in sentencepiece, and a
byte that is not text by itself is `<0xE5>`. Byte-level BPE stores each byte as a stand-in character
(a Chinese character becomes three accented Latin letters), which is read back here.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.codes import writes
from pivotmine.text.folding import fold
from pivotmine.text.scripts import SCRIPTS, count_scripts

SPACE = "\u2581"
UNSPACED_LANGUAGES = frozenset("zh ja th lo my km".split())
"""Languages whose words carry no mark of a word start."""

BEGINS_WITH_LETTER, ENDS_WITH_LETTER = 1, 2
"""What `letter_edges` says of a piece."""

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_BYTE_VALUE = re.compile(rb"<0x([0-9A-F]{2})>")


def piece_bytes(piece: str) -> bytes:
    """The UTF-8 bytes of a piece."""
    raw = piece.replace(SPACE, " ").encode("utf-8", "surrogatepass")
    return _BYTE_VALUE.sub(lambda found: bytes([int(found[1], 16)]), raw)


def spell(pieces: Sequence[str]) -> str:
    """The text that pieces spell; bytes that are no text show as U+FFFD."""
    return b"".join(map(piece_bytes, pieces)).decode("utf-8", "replace")


def is_byte_piece(piece: str) -> bool:
    """Whether the piece holds bytes that form no complete character (`<0x0A>`, `<0xE5><0x88>`)."""
    return _BYTE.search(piece) is not None


def whole_word(piece: str, lang: str) -> str:
    """The folded word of a piece; empty for a fragment.

    A piece is a word only if it is the whole word: in languages that put spaces between words, it
    has the mark of a word start.
    """
    marked = piece.startswith(SPACE)
    text = piece[1:] if marked else piece
    if is_byte_piece(piece) or SPACE in text or not (marked or lang in UNSPACED_LANGUAGES):
        return ""
    return fold(text)


def letter_edges(pieces: Sequence[str]) -> NDArray[np.uint8]:
    """uint8[len(pieces)]: `BEGINS_WITH_LETTER` and `ENDS_WITH_LETTER`, added; marks are letters.

    Bytes that form no complete character count as letters, since they are mostly parts of one.
    """
    edges = np.zeros(len(pieces), np.uint8)
    for number, piece in enumerate(pieces):
        if is_byte_piece(piece):
            edges[number] = BEGINS_WITH_LETTER | ENDS_WITH_LETTER
        elif piece:
            edges[number] = BEGINS_WITH_LETTER * _is_letter(piece[0])
            edges[number] |= ENDS_WITH_LETTER * _is_letter(piece[-1])
    return edges


def _is_letter(char: str) -> bool:
    return category(char)[0] in "LM"


def languages_written(pieces: Sequence[str], languages: Sequence[str]) -> list[list[str]]:
    """For each piece, the languages whose script it is written in; none without a letter.

    So a Latin name is no Chinese word, however often it stands in Chinese text.
    """
    text = ["" if is_byte_piece(piece) else piece for piece in pieces]
    counts = count_scripts(text)
    script = counts.words.argmax(axis=1)
    written = [
        [language for language in languages if writes(language, number)]
        for number in range(len(SCRIPTS))
    ]
    return [
        written[number] if letters else []
        for number, letters in zip(script.tolist(), counts.letters.tolist(), strict=True)
    ]


def read_byte_level(piece: str) -> str:
    """A piece of a byte-level BPE in the common notation: its bytes as text where they are."""
    stand_ins = _byte_of_stand_in()
    if any(char not in stand_ins for char in piece):
        return piece
    raw = bytes(stand_ins[char] for char in piece)
    text = raw.decode("utf-8", "surrogateescape").replace(" ", SPACE)
    return "".join(
        f"<0x{ord(char) - 0xDC00:02X}>" if 0xDC80 <= ord(char) <= 0xDCFF else char for char in text
    )


@lru_cache(maxsize=1)
def _byte_of_stand_in() -> dict[str, int]:
    """GPT-2's mapping: printable Latin-1 bytes are themselves, the others U+0100 onwards."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    mapping = {chr(byte): byte for byte in printable}
    mapping.update({chr(0x100 + i): byte for i, byte in enumerate(others)})
    return mapping
