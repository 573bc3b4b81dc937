"""The planted web of the experiment: text, ciphers, a tokenizer of whole words, a word set, mined.

The engine does the rest: identifies languages, tokenises, counts, links and scores, as on any
corpus. What it sees are texts; kinds of documents and the cipher are kept from it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import yaml
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from bench.arms.text import documents
from pivotmine.model.words.dataset import Concept, save, word_set
from pivotmine.planted import Plan, plant, source_text

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
    """Plant the web and what judges it; returns the engine's recipe.

    Writes `folder`/web (corpus, truth), tokenizer.json, words and, when all is there, the recipe.
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
    """A tokenizer.json: a token a word, line end or full stop; spaces are left out."""
    names = [END, "<unk>", "\n", ".", ",", *dict.fromkeys(words)]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|\n|[^\w\s]"), "removed", invert=True)
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([END, "<unk>"])
    return str(tokenizer.to_str())


def concepts_of(pairs: list[tuple[str, str]]) -> list[Concept]:
    """A quarter for examples, the rest asked, each with nine wrong words."""
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
