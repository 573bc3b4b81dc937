"""Which vocabulary tokens stand for a word, and which words serve as its controls.

A layer is read at one position, so a word is seen by its first token, in the forms a model may
choose: with a space or without (after a lone `▁` the answer goes on without one), as written or
with a capital. Tokens come from tokenising the form after a line break, never from looking strings
up in the vocabulary. A token is left out if it does not show a whole letter (a lone space, the
first byte of a character): it would stand for hundreds of words.

Words that meet in one token cannot be told apart. A concept is asked only if no form of its pivot
meets source or target (as He et al. 2025 leave out pairs that share a token), and a control that
meets any word of the concept is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pivotmine.model.direction import Direction
from pivotmine.model.lens.mined import SPACES, Mined
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept

_BREAK = "\n"

Ids = tuple[int, ...]


class Categories(NamedTuple):
    """Tokens that are watched for one concept: name -> token ids.

    Names: `word:fr` (the concept's own word), `control:fr:0` (another concept's, near in
    frequency), `near:fr:0` (a word near in meaning that no dictionary gives), and with mined pivots
    `mined` and `mined_control` (all of them together, but for source and target), `mined_new` and
    `mined_new_control` (those of them that are none of the concept's words).
    """

    concept: Concept
    tokens: dict[str, Ids]


def word_tokens(tokenizer: Any, words: Sequence[str]) -> dict[str, Ids]:
    """First tokens of every form of each word, sorted; empty if none shows a whole letter."""
    forms = {
        word: sorted({f"{space}{form}" for space in ("", " ") for form in (word, _capital(word))})
        for word in dict.fromkeys(words)
    }
    flat = sorted({form for group in forms.values() for form in group})
    questions = tokenize(tokenizer, [(_BREAK, form) for form in flat], "auto")
    first = {
        form: _first_readable(tokenizer, question.answer)
        for form, question in zip(flat, questions, strict=True)
    }
    return {
        word: tuple(sorted({token for form in group if (token := first[form]) is not None}))
        for word, group in forms.items()
    }


def n_lone_spaces(tokenizer: Any, answer: Ids) -> int:
    """Tokens at the start of an answer that are nothing but space (at most all but one)."""
    count = 0
    while count < len(answer) - 1 and not tokenizer.decode([answer[count]]).strip(SPACES):
        count += 1
    return count


def _first_readable(tokenizer: Any, tokens: Ids) -> int | None:
    token = tokens[n_lone_spaces(tokenizer, tokens)]
    text = tokenizer.decode([token])
    whole = "\ufffd" not in text and any(letter.isalnum() for letter in text)
    return token if whole else None


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def eligible(
    concepts: Sequence[Concept], direction: Direction, tokens: Mapping[str, Ids], pivot: str
) -> list[Concept]:
    """Concepts whose pivot shows in tokens of its own, and whose ends have no token in common."""
    return [concept for concept in concepts if not obstacle(concept, direction, tokens, pivot)]


def obstacle(
    concept: Concept, direction: Direction, tokens: Mapping[str, Ids], pivot: str
) -> str | None:
    """Why a concept cannot be asked; None if it can."""
    source, target = (set(tokens[concept.words[lang]]) for lang in direction)
    own = set(tokens[concept.words[pivot]])
    if not own:
        return f"the tokenizer spells the {pivot} word in bytes"
    if concept.words[direction.source] == concept.words[direction.target]:
        return "source and target are the same string"
    if source & target:
        return "source and target begin with the same token"
    if own & (source | target):
        return f"the {pivot} word begins with the same token as source or target"
    return None


def readable(
    concepts: Sequence[Concept], tokens: Mapping[str, Ids], languages: Sequence[str]
) -> dict[str, float]:
    """Share of the words of each language whose first token shows a whole letter."""
    return {
        lang: sum(bool(tokens[concept.words[lang]]) for concept in concepts) / len(concepts)
        for lang in languages
    }


def categories(
    concept: Concept,
    direction: Direction,
    pool: Sequence[Concept],
    languages: Sequence[str],
    tokens: Mapping[str, Ids],
    n_controls: int,
    n_near: int,
    mined: Mined | None = None,
) -> Categories:
    """What is watched for a concept.

    Controls are words of `pool` in the same language, nearest in frequency among those with as many
    token forms (a word that has two forms has twice the chance of catching mass), ties by id.

    Parameters
    ----------
    tokens
        Tokens of every word of the pool and of the concept's distractors.
    """
    ends = {token for lang in direction for token in tokens[concept.words[lang]]}
    own = {
        lang: ids if lang in direction or not ends & set(ids) else ()
        for lang in languages
        for ids in [tokens[concept.words[lang]]]
    }
    taken = {token for ids in own.values() for token in ids}
    found: dict[str, Ids] = {}
    for lang in languages:
        if not own[lang]:
            continue
        found[f"word:{lang}"] = own[lang]
        near = [
            ids
            for word in concept.distractors.get(lang, ())
            if (ids := tokens.get(word, ())) and not taken & set(ids)
        ]
        for number, ids in enumerate(near[:n_near]):
            found[f"near:{lang}:{number}"] = ids
        near_ids = {token for ids in near for token in ids}
        others = [
            other
            for other in pool
            if other.id != concept.id
            and len(tokens[other.words[lang]]) == len(own[lang])
            and not (taken | near_ids) & set(tokens[other.words[lang]])
        ]
        others.sort(
            key=lambda other: (
                abs(other.zipf.get(lang, 0.0) - concept.zipf.get(lang, 0.0)),
                other.id,
            )
        )
        used: list[Ids] = []
        for other in others:
            ids = tokens[other.words[lang]]
            if len(used) < n_controls and not any(set(ids) & set(old) for old in used):
                found[f"control:{lang}:{len(used)}"] = ids
                used.append(ids)
    if mined is not None:
        found["mined"], found["mined_control"] = mined.without(ends)
        found["mined_new"], found["mined_new_control"] = mined.without(taken)
    return Categories(concept, {name: ids for name, ids in found.items() if ids})
