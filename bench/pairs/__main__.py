"""Pairs pages whose translations are known: `python -m bench.pairs --help`."""

from __future__ import annotations

import resource
from itertools import combinations
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from bench import machine
from bench.pairs.corpus import Corpus, read_corpus, with_links
from bench.pairs.process import pair_pages, search_of
from bench.pairs.words import most_similar
from bench.tables import interval, markdown
from pivotmine.numeric.bootstrap import wilson
from pivotmine.recipe import PairConfig
from pivotmine.show.console import run_app

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

LENGTHS = ((0, 500), (500, 2_000), (2_000, 8_000), (8_000, 10**9))
"""Characters of the shorter page."""


@app.command()
def main(
    documents: Annotated[str, typer.Argument(help="Parquet: source, path, lang, text.")],
    lake: Annotated[str, typer.Option(help="Lake whose tokenizer and links are used.")],
    every: Annotated[int, typer.Option(help="Take the addresses of one in so many.")] = 1,
    offset: Annotated[int, typer.Option(help="Which of them.")] = 0,
    sources: Annotated[str, typer.Option(help="Pattern of the sources that are taken.")] = ".*",
    rounds: Annotated[int, typer.Option(help="Most rounds.")] = 3,
    min_score: Annotated[float | None, typer.Option(help="pair.min_score.")] = None,
    min_margin: Annotated[float | None, typer.Option(help="pair.min_margin.")] = None,
) -> None:
    """Recall and precision of stage pair, from links, and from names and numbers alone.

    Paths and sources are hidden. Pages that are not in the language of their path are left out:
    they are untranslated. The lake should hold none of these documents, so that no link comes from
    them.
    """
    settings = PairConfig(enabled=True)
    given = {"min_score": min_score, "min_margin": min_margin}
    settings = settings.model_copy(update={k: v for k, v in given.items() if v is not None})
    corpus = read_corpus(documents, lake, every, offset, sources)
    print(f"{machine.describe()}, commit {machine.commit()}\n")
    counts = np.bincount(corpus.pages.language, minlength=len(corpus.languages))
    named = ", ".join(f"{n:,} {lang}" for n, lang in zip(counts, corpus.languages, strict=True))
    print(f"pages: {named}; left out: {corpus.n_left_out:,}\n", flush=True)
    by_length: list[list[str]] = []
    rows = []
    for links in ("links of the lake", "no links"):
        pages = with_links(corpus, links == "links of the lake").pages
        found = pair_pages(pages, len(corpus.languages), settings, rounds)
        for number, judged in enumerate(found):
            name = f"{links}, round {number + 1}"
            rows += _figures(corpus, judged[judged["outcome"] == "paired"], name)
            print(name, _seconds(), flush=True)
        print(_aligned(corpus, found[-1][found[-1]["outcome"] == "paired"]))
        if links == "links of the lake":
            by_length = _by_length(corpus, found[-1][found[-1]["outcome"] == "paired"])
        pairs = tuple(combinations(range(len(corpus.languages)), 2))
        bags = most_similar(pages, search_of(pages, len(corpus.languages), settings).known, pairs)
        way = "dictionary, TF-IDF" if links == "links of the lake" else "names and numbers, TF-IDF"
        rows += _figures(corpus, bags, way)
    header = ("way", "pair", "true pairs", "found", "recall", "precision", "of unknown")
    print("\n".join(markdown(header, sorted(rows, key=lambda row: row[1]))))
    print(
        "\n".join(markdown(("pair", "characters", "true pairs", "recall", "precision"), by_length))
    )
    print(_seconds())


def _seconds() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} processor seconds so far"


def _aligned(corpus: Corpus, found: pd.DataFrame) -> str:
    """How much text is aligned, in characters of both sides."""
    aligned, whole = 0.0, 0
    for side in "ab":
        n_chars = corpus.n_chars[found[side]]
        aligned += float((found[f"aligned_{side}"] * n_chars).sum())
        whole += int(n_chars.sum())
    return f"{aligned / 1e6:.2f} of {whole / 1e6:.2f} million characters of pairs are aligned"


def _judged(corpus: Corpus, found: pd.DataFrame) -> pd.DataFrame:
    """Whether each pair is right; null where neither page has a known translation."""
    columns = zip(found["pair"], found["a"], found["b"], strict=True)
    right = [
        True
        if (a, b) in corpus.true_pairs[pair]
        else (False if a in corpus.has_truth[pair] or b in corpus.has_truth[pair] else None)
        for pair, a, b in columns
    ]
    return found.assign(right=pd.array(right, "boolean"))


def _figures(corpus: Corpus, found: pd.DataFrame, way: str) -> list[list[str]]:
    judged = _judged(corpus, found)
    rows = []
    for pair, (a, b) in enumerate(combinations(corpus.languages, 2)):
        here = judged[judged["pair"] == pair]
        n_right, n_known = int(here["right"].sum()), int(here["right"].notna().sum())
        pages = len(corpus.partners[pair])
        recall, precision = _wilson(n_right, pages), _wilson(n_right, n_known)
        counts = [f"{pages:,}", f"{len(here):,}"]
        unknown = f"{len(here) - n_known:,}"
        rows.append([way, f"{a}-{b}", *counts, recall, precision, unknown])
    return rows


def _by_length(corpus: Corpus, found: pd.DataFrame) -> list[list[str]]:
    judged = _judged(corpus, found)
    rows = []
    for pair, (a, b) in enumerate(combinations(corpus.languages, 2)):
        here = judged[judged["pair"] == pair]
        shorter = np.minimum(corpus.n_chars[here["a"]], corpus.n_chars[here["b"]])
        true = np.array([corpus.n_chars[list(group)].min() for group in corpus.partners[pair]])
        for low, high in LENGTHS:
            inside = here[(shorter >= low) & (shorter < high)]
            n_true = int(((true >= low) & (true < high)).sum()) if len(true) else 0
            right, known = int(inside["right"].sum()), int(inside["right"].notna().sum())
            size = f"{low:,} to {high:,}" if high < 10**9 else f"{low:,} and more"
            rows.append(
                [f"{a}-{b}", size, f"{n_true:,}", _wilson(right, n_true), _wilson(right, known)]
            )
    return rows


def _wilson(k: int, n: int) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    found = wilson(min(k, n), n)
    return interval(*found) if n else ""


if __name__ == "__main__":
    run_app(app)
