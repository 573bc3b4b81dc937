"""Tokens of a prompt and its answer, and where the answer begins.

Prompt and answer are tokenised together, as the model would meet them. Tokenised apart and joined
they would differ: tokenizers merge across the seam, give a space its own token before CJK words
(`▁`, `马`), or spread one character over several byte tokens. A token belongs to the answer if it
reaches past the last character of the prompt. A token that straddles the seam is the first of the
answer, and the context ends before it. Its probability then includes the prompt's last characters,
in the same way for every candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pivotmine.errors import InputError


class Question(NamedTuple):
    """Token ids of a prompt and of one answer to it."""

    context: tuple[int, ...]
    answer: tuple[int, ...]


def tokenize(
    tokenizer: Any,
    texts: Sequence[tuple[str, str]],
    bos: Literal["auto", "always", "never"] = "auto",
) -> list[Question]:
    """Token ids of (prompt, answer) pairs.

    The tokenizer must be a fast one of transformers, because these give character offsets. With
    `auto` the context begins with the BOS token if the tokenizer adds one.

    Raises
    ------
    InputError
        `always` is set for a tokenizer without a BOS token, or an answer has no token.
    """
    if not texts:
        return []
    encoded = tokenizer(
        [prompt + answer for prompt, answer in texts],
        add_special_tokens=bos != "never",
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        return_attention_mask=False,
    )
    questions = []
    for number, (prompt, answer) in enumerate(texts):
        ids = list(encoded["input_ids"][number])
        offsets = encoded["offset_mapping"][number]
        special = list(encoded["special_tokens_mask"][number])
        while special and special[-1]:  # an end-of-text token is not part of the answer
            ids.pop()
            special.pop()
        boundary = seam(offsets[: len(ids)], special, len(prompt))
        context, wanted = ids[:boundary], ids[boundary:]
        if not wanted:
            raise InputError(f"the tokenizer gives no token for the answer {answer!r}")
        if bos == "always" and (not special or not special[0]):
            if tokenizer.bos_token_id is None:
                raise InputError("scoring.bos=always, but this tokenizer has no BOS token")
            context.insert(0, tokenizer.bos_token_id)
        if not context:
            raise InputError(
                f"nothing precedes the answer {answer!r}: set scoring.bos or scoring.n_shots"
            )
        questions.append(Question(tuple(context), tuple(wanted)))
    return questions


def seam(offsets: Sequence[tuple[int, int]], special: Sequence[int], n_prompt_chars: int) -> int:
    """Index of the first token of the answer.

    `offsets` are the characters [start, end) that each token covers, and `special` is 1 for tokens
    that are not part of the text.
    """
    boundary = next(
        (
            place
            for place, (_, end) in enumerate(offsets)
            if end > n_prompt_chars and not special[place]
        ),
        len(offsets),
    )
    # A space that is a token of its own may cover no character: `▁` at (n, n).
    empty = (n_prompt_chars, n_prompt_chars)
    while boundary and not special[boundary - 1] and tuple(offsets[boundary - 1]) == empty:
        boundary -= 1
    return boundary
