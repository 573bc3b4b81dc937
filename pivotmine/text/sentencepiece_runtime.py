"""Sentencepiece models as tokenizer runtimes: those trained here, and given ones."""

from collections.abc import Sequence

import numpy as np
import sentencepiece

from pivotmine.errors import ConfigError
from pivotmine.text.lines import prefix_lines, strip_lines
from pivotmine.text.token_notation import SPACE
from pivotmine.text.tokenizer_runtime import TokenIds, TokenizerRuntime

# ModelProto.normalizer_spec (field 3) with add_dummy_prefix (its field 3) false. Appended to a
# serialised model it is merged into the field that is there, as protocol buffers define it.
_NO_DUMMY_PREFIX = b"\x1a\x02\x18\x00"


LINE_PREFIX_MARK = "<line_prefix>"
"""Control piece by which a model says that it was trained on lines as `prefix_lines` makes them."""


def load_sentencepiece(model: bytes, line_prefix: bool | None) -> TokenizerRuntime:
    """Runtime of a serialised sentencepiece model; raises `ConfigError` for other content.

    `line_prefix` says whether to use the convention of `lines.py`; `None` asks the model.
    """
    if not model:  # the library would print a warning of its own
        raise ConfigError("not a sentencepiece model: it is empty")
    try:
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        n_pieces = processor.get_piece_size()
    except (RuntimeError, ValueError) as error:
        # The library's text names files and expressions of its source.
        raise ConfigError("not a sentencepiece model: its bytes cannot be parsed") from error
    if not n_pieces:
        raise ConfigError("not a sentencepiece model: it holds no pieces")
    if line_prefix is None:
        line_prefix = processor.is_control(processor.piece_to_id(LINE_PREFIX_MARK))
    if line_prefix:
        return LinePrefixed(processor)
    rest = sentencepiece.SentencePieceProcessor(model_proto=model + _NO_DUMMY_PREFIX)
    return GivenSentencePiece(processor, rest)


class _SentencePiece(TokenizerRuntime):
    def __init__(self, processor: sentencepiece.SentencePieceProcessor) -> None:
        self._processor = processor

    @property
    def vocab_size(self) -> int:
        return int(self._processor.get_piece_size())

    def pieces(self) -> list[str]:
        return [self._processor.id_to_piece(token_id) for token_id in range(self.vocab_size)]

    def special_tokens(self) -> dict[str, int]:
        control = filter(self._processor.is_control, range(self.vocab_size))
        return {self._processor.id_to_piece(token_id): token_id for token_id in control}

    @property
    def end_of_document(self) -> int | None:
        token_id = int(self._processor.eos_id())
        return token_id if token_id in self.special_tokens().values() else None

    def decode(self, token_ids: Sequence[int] | TokenIds) -> str:
        return str(self._processor.decode(np.asarray(token_ids, np.int32).tolist()))


class LinePrefixed(_SentencePiece):
    """A model of `train_tokenizer`: lossless for any text, by the convention of `lines.py`."""

    def __init__(self, processor: sentencepiece.SentencePieceProcessor) -> None:
        super().__init__(processor)
        self._literal_space = [
            processor.piece_to_id(f"<0x{byte:02X}>") for byte in SPACE.encode("utf-8")
        ]

    def decode(self, token_ids: Sequence[int] | TokenIds) -> str:
        """See `TokenizerRuntime.decode`; `decode(encode_segments(s)[0]) == "".join(s)` always."""
        return strip_lines(super().decode(token_ids))

    def _encode(self, documents: Sequence[Sequence[str]]) -> list[list[int]]:
        texts = [text for segments in documents for text in prefix_lines(segments)]
        encoded: list[list[int]] = self._processor.encode(texts, num_threads=1)
        for i, text in enumerate(texts):
            if SPACE in text:
                encoded[i] = self._encode_with_literal_space(text)
        return encoded

    def _encode_with_literal_space(self, text: str) -> list[int]:
        first, *others = self._processor.encode(text.split(SPACE), num_threads=1)
        ids = list(first)
        for part in others:
            ids += self._literal_space
            ids += part
        return ids


class GivenSentencePiece(_SentencePiece):
    """A given model, used as on the whole document.

    A model that puts a space before a text (`add_dummy_prefix`) does so before the first segment
    only: a segment that begins with a space keeps that one, and a sentence that follows another
    without a space gets none. A model that drops blanks at both ends of a text
    (`remove_extra_whitespaces`) has the space put back where one separated the segments.
    """

    def __init__(
        self,
        processor: sentencepiece.SentencePieceProcessor,
        without_prefix: sentencepiece.SentencePieceProcessor,
    ) -> None:
        super().__init__(processor)
        self._without_prefix = without_prefix
        self._drops_blanks = processor.encode(" a  b ") == processor.encode("a b")

    def _encode(self, documents: Sequence[Sequence[str]]) -> list[list[int]]:
        texts = [text for segments in documents for text in segments]
        opens = [flag for segments in documents for flag in self._opens(segments)]
        first = iter(
            self._processor.encode(
                [text for text, flag in zip(texts, opens, strict=True) if flag], num_threads=1
            )
        )
        rest = iter(
            self._without_prefix.encode(
                [text for text, flag in zip(texts, opens, strict=True) if not flag], num_threads=1
            )
        )
        return [next(first) if flag else next(rest) for flag in opens]

    def _opens(self, segments: Sequence[str]) -> list[bool]:
        """Which segments get the model's own space before them."""
        flags = []
        previous = " " if self._drops_blanks else ""
        is_first = True
        for segment in segments:
            after_blank = previous[-1:].isspace() or segment[:1].isspace()
            flags.append(is_first or (self._drops_blanks and after_blank))
            if segment:
                is_first = False
                previous = segment
        return flags
