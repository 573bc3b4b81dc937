"""The vocabulary tokens by which a word is recognised, and the words that serve as its controls.

A layer is read at one position, so a word is seen by its first token, in the forms that a model may
choose: with or without a space (after a lone `▁` the answer continues without one), as written or
with a capital. Tokens come from tokenising the form after a line break; strings are never looked up
in the vocabulary. A token that shows no whole letter (a lone space, the first byte of a character)
is left out, because hundreds of words begin with it.

Words that share a token cannot be distinguished. A concept is used only if no form of its pivot
shares a token with source or target (He et al. 2025, arXiv 2505.16385, also leave out pairs that
share a token), and controls share no token with any word of the concept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pivotmine.model.lens.mined import SPACES, Mined
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept, Direction

Ids = tuple[int, ...]


class Categories(NamedTuple):
    """Tokens that are watched for one concept: name -> token ids.

    Names are `word:fr` (the concept's own word), `control:fr:0` (a word of another concept, near in
    frequency) and `near:fr:0` (a word near in meaning that no dictionary gives as translation).
    With mined pivots there are also `mined` and `mined_control` (all of them except source and
    target), `mined_new` and `mined_new_control` (those that are not among the concept's words).
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
    questions = tokenize(tokenizer, [("\n", form) for form in flat], "auto")
    first = {
        form: _first_readable(tokenizer, question.answer)
        for form, question in zip(flat, questions, strict=True)
    }
    return {
        word: tuple(sorted({token for form in group if (token := first[form]) is not None}))
        for word, group in forms.items()
    }


def n_lone_spaces(tokenizer: Any, answer: Ids) -> int:
    """Number of tokens at the start of an answer that show only spaces, below its length."""
    count = 0
    while count < len(answer) - 1 and not tokenizer.decode([answer[count]]).strip(SPACES):
        count += 1
    return count


def eligible(
    concepts: Sequence[Concept], direction: Direction, tokens: Mapping[str, Ids], pivot: str
) -> list[Concept]:
    """Concepts whose pivot has tokens of its own, and whose source and target share none."""
    return [concept for concept in concepts if not obstacle(concept, direction, tokens, pivot)]


def obstacle(
    concept: Concept, direction: Direction, tokens: Mapping[str, Ids], pivot: str
) -> str | None:
    """Why a concept cannot be used; None if it can."""
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
    token forms (a word with two forms is twice as likely to catch mass); ties are broken by id.

    `tokens` has every word of the pool and of the concept's distractors. `n_controls` and `n_near`
    are numbers of words for each language.
    """
    ends = {token for lang in direction for token in tokens[concept.words[lang]]}
    own = {lang: tokens[concept.words[lang]] for lang in languages}
    # Words of third languages that share a token with source or target are not watched.
    own = {lang: ids for lang, ids in own.items() if lang in direction or not ends & set(ids)}
    taken = {token for ids in own.values() for token in ids}
    found: dict[str, Ids] = {}
    for lang in languages:
        if not own.get(lang):
            continue
        found[f"word:{lang}"] = own[lang]
        near = [tokens.get(word, ()) for word in concept.distractors.get(lang, ())]
        near = [ids for ids in near if ids and not taken & set(ids)]
        for number, ids in enumerate(near[:n_near]):
            found[f"near:{lang}:{number}"] = ids
        others = [other for other in pool if len(tokens[other.words[lang]]) == len(own[lang])]
        avoided = taken.union(*near)
        for number, ids in enumerate(_controls(concept, lang, others, tokens, avoided, n_controls)):
            found[f"control:{lang}:{number}"] = ids
    if mined is not None:
        found["mined"], found["mined_control"] = mined.without(ends)
        found["mined_new"], found["mined_new_control"] = mined.without(taken)
    return Categories(concept, {name: ids for name, ids in found.items() if ids})


def _first_readable(tokenizer: Any, tokens: Ids) -> int | None:
    token = tokens[n_lone_spaces(tokenizer, tokens)]
    text = tokenizer.decode([token])
    whole = "\ufffd" not in text and any(letter.isalnum() for letter in text)
    return token if whole else None


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _controls(
    concept: Concept,
    lang: str,
    others: Sequence[Concept],
    tokens: Mapping[str, Ids],
    avoided: set[int],
    n_controls: int,
) -> list[Ids]:
    """Tokens of the words nearest in frequency that share no token with each other or `avoided`."""

    def distance(other: Concept) -> tuple[float, str]:
        return abs(other.zipf.get(lang, 0.0) - concept.zipf.get(lang, 0.0)), other.id

    found: list[Ids] = []
    used = set(avoided)
    for other in sorted(others, key=distance):
        if len(found) == n_controls:
            break
        ids = tokens[other.words[lang]]
        if other.id != concept.id and not used & set(ids):
            found.append(ids)
            used.update(ids)
    return found
