"""Equal tokens of each language in all arms, checked before anything is trained.

A model that sees more of a language becomes better at it, whatever the documents are. So the tokens
of each language in an arm are computed from the manifests, and an arm whose shares differ from
those of the others is refused. The shares are exact for streams that are read a whole number of
times; otherwise they hold on average over the order of documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pivotmine.errors import InputError
from pivotmine.model.config.training import GridConfig
from pivotmine.model.shards.stream import Stream


class Diet(NamedTuple):
    """The languages and documents that an arm is trained on."""

    languages: dict[str, float]
    """Share of each language's tokens."""
    epochs: dict[str, float]
    """Stream -> how often its documents are seen."""


def diet(name: str, shares: Sequence[tuple[Stream, float]], tokens: int, max_epochs: float) -> Diet:
    """The diet of a run of `tokens` tokens, which are divided over streams by their shares.

    Raises
    ------
    InputError
        A stream is empty, or has too few tokens for the run.
    """
    epochs: dict[str, float] = {}
    languages: dict[str, float] = {}
    wanted: dict[str, float] = {}
    for stream, ratio in shares:
        # Streams of the same shards draw on the same documents.
        wanted[stream.checksum] = wanted.get(stream.checksum, 0.0) + ratio * tokens
        if wanted[stream.checksum] > max_epochs * stream.n_tokens:
            raise InputError(
                f"arm {name} needs {wanted[stream.checksum]:,.0f} tokens of {stream.name}, which "
                f"holds {stream.n_tokens:,}; grid.max_epochs allows {max_epochs:g} times that. "
                "Select more (select.budget_tokens), or lower grid.tokens or the stream's ratio"
            )
        epochs[stream.name] = epochs.get(stream.name, 0.0) + ratio * tokens / stream.n_tokens
        for language, share in stream.language_shares.items():
            languages[language] = languages.get(language, 0.0) + ratio * share
    return Diet(dict(sorted(languages.items())), epochs)


def check_languages(diets: Mapping[str, Diet], config: GridConfig) -> None:
    """Raise `InputError` for an arm whose share of a language differs from that of the others."""
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
                    f"above a difference of {config.language_tolerance:.1%} the grid would compare "
                    "languages instead of documents. Select arms with the same "
                    "select.language_shares, or change the ratios of its streams"
                )
