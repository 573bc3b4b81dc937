"""The planted web of the experiment: text, ciphers, a tokenizer of whole words, a word set.

Half a million parameters learn a hundred words from half a million tokens, not thirty thousand. At
this size real text would show no arm above another (docs/results/planted-arms.md). So
the text is in a small artificial English. Each word is followed by one of `N_SUCCESSORS` words with
probability .8, else by any word, so that context helps, as in real text, and translation is not all
there is to learn.

The engine mines the web like any corpus. It sees the texts, not the kinds of documents or the
cipher.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import yaml
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from pivotmine.model.words.dataset import Concept, save, word_set
from pivotmine.planted import Plan, plant, source_text

WORDS = tuple(
    """
    river mountain forest garden flower window kitchen table chair bottle butter cheese bread
    apple orange lemon pepper sugar coffee dinner breakfast morning evening night summer
    winter spring autumn weather thunder cloud storm wind snow rain fire smoke water stone
    metal silver copper iron paper book letter story music song dance theatre painter doctor
    teacher farmer soldier sailor captain king queen prince father mother brother sister
    daughter husband uncle cousin friend neighbour stranger village city street bridge tower
    castle church school hospital prison market shop office factory station airport harbour
    island ocean beach desert valley field road path corner door roof wall floor stairs cellar
    room bed blanket pillow mirror lamp candle clock watch ring necklace jacket shirt trousers
    shoe glove hat belt pocket button needle thread cotton leather horse donkey cow sheep goat
    pig dog cat mouse rabbit fox wolf bear lion tiger elephant monkey bird eagle chicken duck
    goose fish whale snake spider insect butterfly tree branch leaf root
    """.split()
)

N_SUCCESSORS = 4
_FOLLOWS = 0.8
_LINE_WORDS = (3, 6)
_DOCUMENT_LINES = (8, 17)

LANGUAGES = ("en", "el")
N_DISTRACTORS = 9
RATES = {
    **{"monolingual": 0.46, "parallel": 0.07, "block": 0.03, "glossed": 0.03},
    **{"code_switched": 0.3, "dictionary": 0.02, "template": 0.09},
}
"""Of the documents with two languages, 13 % are parallel and 56 % mix lines that have nothing to do
with each other; on the web it is 14 and 72 (Shao et al. 2026)."""

END = "</s>"
RECIPE = "recipe.yaml"


def make_web(folder: Path, n_documents: int, n_words: int, seed: int) -> Path:
    """Plant the web with its truth; returns the engine's recipe.

    Writes `folder`/web (corpus, truth), tokenizer.json, words and, at the end, the recipe.
    """
    plan = Plan(
        n_documents=n_documents,
        languages=LANGUAGES,
        rates=RATES,
        seed=seed,
        document_segments=10.0,
        sense_share=0.0,
        homonym_share=0.0,
        copy_share=0.0,
        swap_share=0.0,
    )
    web = plant(source_text(documents(n_documents // 2, seed, n_words)), plan, folder / "web")
    lexicon = pq.read_table(web.folder / "truth" / "lexicon.parquet")
    # Pairs of languages are in the order of the alphabet.
    pairs = sorted(zip(*(lexicon[name].to_pylist() for name in ("word_b", "word_a")), strict=True))
    every = [word for pair in pairs for word in pair]
    (folder / "tokenizer.json").write_text(word_tokenizer(every), encoding="utf-8")
    words = word_set(concepts_of(pairs))
    save(words, folder / "words", {"planted": seed})
    recipe = yaml.safe_load(web.recipe.read_text(encoding="utf-8"))
    recipe["tokenize"] = {"tokenizer": str(folder / "tokenizer.json")}
    recipe["count"] = {"window_tokens": 64}
    # The default, 2,000 pivots, would be every word of so small a language.
    recipe["pivot"] = {"he2025": {"max_pivots": max(1, len(LANGUAGES) * n_words // 10)}}
    path = folder / RECIPE
    path.write_text(yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def word_tokenizer(words: list[str]) -> str:
    """A tokenizer.json in which each word, line end and full stop is a token; no spaces."""
    names = [END, "<unk>", "\n", ".", ",", *dict.fromkeys(words)]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|\n|[^\w\s]"), "removed", invert=True)
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([END, "<unk>"])
    return str(tokenizer.to_str())


def concepts_of(pairs: list[tuple[str, str]]) -> list[Concept]:
    """Concepts, a quarter of them examples and the rest questions, each with nine wrong words."""
    ranked = sorted(pairs, key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
    n_train = len(ranked) // 4
    asked = ranked[n_train:]
    concepts = []
    for number, pair in enumerate(ranked):
        at = max(number - n_train, 0)
        wrong = [asked[(at + step) % len(asked)] for step in range(1, N_DISTRACTORS + 1)]
        concepts.append(
            Concept(
                id=pair[0],
                words=dict(zip(LANGUAGES, pair, strict=True)),
                split="train" if number < n_train else "test",
                distractors={
                    language: tuple(other[place] for other in wrong)
                    for place, language in enumerate(LANGUAGES)
                },
            )
        )
    return concepts


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
