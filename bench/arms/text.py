"""A small English to plant from: 300 words, each followed mostly by a few of the others.

Half a million parameters learn 300 words from half a million tokens, and not thirty thousand; a
real text would show no arm above another at this size (docs/results/2026-11-22-planted-arms.md).
Every word is followed by one of `N_SUCCESSORS` words of its own with probability .8, else by any
word, so that context helps, as it does in real text, and translation is not the only thing to
learn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

WORDS = tuple(
    """
    river mountain forest garden flower window kitchen table chair bottle butter cheese bread apple
    orange lemon pepper sugar coffee dinner breakfast morning evening night summer winter spring
    autumn weather thunder cloud storm wind snow rain fire smoke water stone metal silver copper
    iron paper book letter story music song dance theatre painter doctor teacher farmer soldier
    sailor captain king queen prince father mother brother sister daughter husband uncle cousin
    friend neighbour stranger village city street bridge tower castle church school hospital prison
    market shop office factory station airport harbour island ocean beach desert valley field road
    path corner door roof wall floor stairs cellar room bed blanket pillow mirror lamp candle clock
    watch ring necklace jacket shirt trousers shoe glove hat belt pocket button needle thread cotton
    leather horse donkey cow sheep goat pig dog cat mouse rabbit fox wolf bear lion tiger elephant
    monkey bird eagle chicken duck goose fish whale snake spider insect butterfly tree branch leaf
    root seed grass wheat corn rice potato tomato onion carrot bean salt oil wine beer milk tea cup
    glass plate knife fork spoon pan oven basket box bag rope ladder hammer nail wheel engine ship
    boat train plane bicycle truck ticket money coin price gift prize game ball card picture colour
    shadow light sound voice word sentence question answer problem reason idea dream memory hope
    fear anger pleasure pain illness medicine blood bone heart head face eye nose mouth tooth tongue
    neck shoulder arm hand finger knee foot skin hair brain body life death war peace law crime
    judge police thief truth lie secret promise mistake success danger accident journey visit
    holiday birthday wedding party meeting lesson science nature planet star moon sun earth sky
    square circle line number hour minute week month year century
    """.split()
)

N_SUCCESSORS = 4
_FOLLOWS = 0.8
_LINE_WORDS = (3, 6)
_DOCUMENT_LINES = (8, 17)


def documents(n_documents: int, seed: int, n_words: int) -> Iterator[str]:
    """Texts of 8 to 16 lines of 3 to 5 words, with a full stop; the same for the same seed."""
    generator = np.random.default_rng([seed, 11])
    # Frequencies fall off, but not so steeply that rare words are hardly met in a small corpus.
    frequency = 1.0 / (np.arange(n_words) + 30.0)
    cumulative = np.cumsum(generator.permutation(frequency / frequency.sum()))
    successors = np.searchsorted(cumulative[:-1], generator.random((n_words, N_SUCCESSORS)))
    for _ in range(n_documents):
        lines = []
        for _ in range(int(generator.integers(*_DOCUMENT_LINES))):
            n_line = int(generator.integers(*_LINE_WORDS))
            anything = np.searchsorted(cumulative[:-1], generator.random(n_line)).tolist()
            follows = (generator.random(n_line) < _FOLLOWS).tolist()
            which = generator.integers(0, N_SUCCESSORS, n_line).tolist()
            line = [anything[0]]
            for place in range(1, n_line):
                known = int(successors[line[-1], which[place]])
                line.append(known if follows[place] else anything[place])
            lines.append(" ".join(WORDS[word] for word in line) + ".")
        yield "\n".join(lines)
