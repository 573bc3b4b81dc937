"""What every loaded tokenizer can do, whichever library runs it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

TokenIds = NDArray[np.int32]


class TokenizerRuntime(ABC):
    """A loaded tokenizer. Safe to share between threads."""

    @property
    @abstractmethod
    def vocab_size(self) -> int:
        """Size of the complete id space, added tokens included: every id is below it."""

    @abstractmethod
    def pieces(self) -> list[str]:
        """str[vocab_size]: each id in the notation of `token_notation.py`; an id without a token is
        `<unused 7>`."""

    @abstractmethod
    def special_tokens(self) -> dict[str, int]:
        """Tokens that no text produces, and their ids."""

    @property
    @abstractmethod
    def end_of_document(self) -> int | None:
        """Id of the special token that ends a document by the model itself; None without one."""

    @abstractmethod
    def decode(self, token_ids: Sequence[int] | TokenIds) -> str:
        """Text of the ids of a document, or of its segments from a line start on."""

    @abstractmethod
    def _encode(self, documents: Sequence[Sequence[str]]) -> list[list[int]]:
        """Ids of every segment of every document, in order."""

    def encode_segments(self, segments: Sequence[str]) -> tuple[TokenIds, TokenIds]:
        """Token ids of one document's segments and where each segment ends.

        Returns int32[T] and int32[S]: segment `s` holds `token_ids[ends[s - 1]:ends[s]]`. Special
        tokens are never added, nor read from the text.
        """
        return self.encode_documents([segments])[0]

    def encode_documents(
        self, documents: Sequence[Sequence[str]]
    ) -> list[tuple[TokenIds, TokenIds]]:
        """`encode_segments` of many documents, in one call of the library.

        Memory is about 100 bytes per token of the batch.
        """
        encoded = self._encode(documents)
        results = []
        first = 0
        for segments in documents:
            ids = encoded[first : first + len(segments)]
            first += len(segments)
            ends = np.fromiter(accumulate(map(len, ids)), np.int32, len(ids))
            n_tokens = int(ends[-1]) if len(ends) else 0
            results.append((np.fromiter(chain.from_iterable(ids), np.int32, n_tokens), ends))
        return results
