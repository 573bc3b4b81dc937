"""Equal tokens, checked before anything is trained: of the whole run, of each language, by arm.

A model that saw more of a language is better at it, whatever documents it saw; so what an arm would
see of each language is computed from the manifests, and an arm that would see another share than
the others is refused. The shares are exact where a stream is read a whole number of times, and hold
on average over the shuffle where it is cut off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pivotmine.errors import InputError
from pivotmine.model.config import GridConfig
from pivotmine.model.shards.stream import Stream


class Share(NamedTuple):
    """A stream in an arm."""

    stream: Stream
    ratio: float


class Diet(NamedTuple):
    """What an arm will be trained on."""

    languages: dict[str, float]
    """Share of each language's tokens."""
    epochs: dict[str, float]
    """Stream -> how many times its documents are seen."""


def diet(name: str, shares: Sequence[Share], tokens: int, max_epochs: float) -> Diet:
    """What a run of `tokens` tokens sees.

    Raises
    ------
    InputError
        A stream is empty, or has too few tokens for the run.
    """
    epochs: dict[str, float] = {}
    languages: dict[str, float] = {}
    for stream, ratio in shares:
        wanted = ratio * tokens
        if wanted > max_epochs * stream.n_tokens:
            raise InputError(
                f"arm {name}: {wanted:,.0f} tokens are wanted of {stream.name}, which holds "
                f"{stream.n_tokens:,}; grid.max_epochs allows {max_epochs:g} times that. Select "
                "more (select.budget_tokens), or lower grid.tokens or the stream's ratio"
            )
        epochs[stream.name] = epochs.get(stream.name, 0.0) + wanted / stream.n_tokens
        for language, share in stream.language_shares.items():
            languages[language] = languages.get(language, 0.0) + ratio * share
    return Diet(dict(sorted(languages.items())), epochs)


def check_languages(diets: Mapping[str, Diet], config: GridConfig) -> None:
    """Raises `InputError` for an arm whose share of a language is not that of the others."""
    if not diets:
        return
    wanted = dict(config.languages) or next(iter(diets.values())).languages
    source = "grid.languages" if config.languages else f"arm {next(iter(diets))}"
    for name, found in diets.items():
        for language in sorted({*wanted, *found.languages}):
            has, wants = found.languages.get(language, 0.0), wanted.get(language, 0.0)
            if abs(has - wants) > config.language_tolerance + 1e-9:
                raise InputError(
                    f"arm {name}: {has:.1%} of its tokens are {language}, {wants:.1%} in {source}; "
                    f"more than {config.language_tolerance:.1%} apart, languages would be compared "
                    "and not documents. Select arms with the same select.language_shares, or "
                    "change the ratios of its streams"
                )
