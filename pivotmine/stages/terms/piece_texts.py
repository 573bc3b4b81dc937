"""The folded text of every token id, for `token_text.py`.

Pieces are in the notation of `pivotmine.text.token_notation`: U+2581 is a space, `<0xE5>` a byte.
What a tokenizer changes or drops before it encodes cannot be recovered. So a probe sentence is
encoded and rebuilt, and a tokenizer that does not give it back is refused: WordPiece, which drops
blanks, and models that mark the end of a word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pivotmine.errors import ConfigError
from pivotmine.stages.terms.token_text import PieceTexts, rebuild_text
from pivotmine.text.folding import fold, fold_inside, folding_tables
from pivotmine.text.token_notation import piece_bytes
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

PROBE = ("The cats sat on 12 mats, watching.", " Then they slept\n")
_UNKNOWN_PIECES = frozenset(("<unk>", "[UNK]"))


def piece_texts(tokenizer: TokenizerRuntime) -> PieceTexts:
    """Texts of the pieces of a tokenizer.

    Raises
    ------
    ConfigError
        The tokens do not spell the text, so no word can be found in them.
    """
    texts = texts_of(tokenizer.pieces())
    ids, _ = tokenizer.encode_segments(PROBE)
    points = rebuild_text(ids, np.array([0, len(ids)]), texts).points
    found = "".join(map(chr, points[:-1].tolist()))
    if found.strip() != fold("".join(PROBE)):
        raise ConfigError(
            "terms are found in the text that the tokens spell, and this tokenizer's tokens "
            f"do not spell it: {''.join(PROBE)!r} came back as {found!r}. Leave terms.lexicons "
            "empty, or use a tokenizer that keeps blanks (sentencepiece, byte-level BPE)."
        )
    return texts


def texts_of(pieces: Sequence[str]) -> PieceTexts:
    """Texts of pieces in the common notation."""
    tables = folding_tables()
    points: list[int] = []
    ends = [0]
    spelled = []
    for piece in pieces:
        raw = b"" if piece in _UNKNOWN_PIECES else piece_bytes(piece)
        try:
            folded = [ord(char) for char in fold_inside(raw.decode("utf-8"))]
            by_itself = not folded or not (tables.composes[folded[0]] or tables.classes[folded[0]])
        except UnicodeDecodeError:
            folded, by_itself = [], False
        if piece in _UNKNOWN_PIECES:
            folded = [0xFFFD]
        points.extend(folded if by_itself else raw)
        ends.append(len(points))
        spelled.append(not by_itself)
    return PieceTexts(
        np.array(ends, np.int64), np.array(points, np.int32), np.array(spelled, np.bool_), *tables
    )
