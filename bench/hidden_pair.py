"""What bridges find of a language pair whose documents are hidden.

```
python -m bench.hidden_pair make homeassistant-2024.3.3-py3-none-any.whl --out hidden
pivotmine run --config conf/demo.yaml --until link
cp hidden/pages.jsonl .pivotmine/demo/corpus/
pivotmine run --config conf/demo.yaml --until link --set lake.warehouse=hidden/lake
python -m bench.hidden_pair judge hidden/lake .pivotmine/demo/lake hidden/truth.tsv
```

The demo has no French-Chinese documents. `make` writes 787 of them, the catalogues of Home
Assistant in both languages, and the translations that they spell out: messages of one word. `judge`
asks each word for its translation, of the direct links of the lake with these documents, and of
paths through a third language in the lake without them. Words are asked that are tokens of their
own in both lakes, with a translation that is one.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import pyarrow as pa
import typer

from pivotmine.ask.paths import ask, open_paths, target_paths
from pivotmine.demo.catalogues import homeassistant_catalogues
from pivotmine.errors import InputError
from pivotmine.judge.truth import Truth, read_truth
from pivotmine.judge.vocabulary import token_words
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.numeric.bootstrap import Interval, Resamples
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.console import plain_console, run_app

_WORD = re.compile(r"[^\W\d_]+")
_HEADER = ("lang_a", "word_a", "lang_b", "word_b")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Word = tuple[str, str]
"""Language and folded word."""


@app.command()
def make(
    archive: Annotated[Path, typer.Argument(help="Wheel of Home Assistant.")],
    out: Annotated[Path, typer.Option(help="New folder for pages.jsonl and truth.tsv.")],
) -> None:
    """Write the documents of French and Chinese, and the words that they translate."""
    out.mkdir(parents=True)
    pages = [
        page for page in homeassistant_catalogues(archive, "fr") if "fr+zh" in page.path
    ]  # fmt: skip
    words = {
        (french.casefold(), chinese)
        for page in pages
        for french, chinese in list(pairwise(page.text.splitlines()))[::2]
        if _WORD.fullmatch(french) and _WORD.fullmatch(chinese)
    }
    with (out / "pages.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(page._asdict(), ensure_ascii=False) + "\n" for page in pages)
    with (out / "truth.tsv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(("fr", french, "zh", chinese) for french, chinese in sorted(words))
    plain_console().print(f"{len(pages)} pages and {len(words)} translations in {out}")


@app.command()
def judge(
    with_lake: Annotated[str, typer.Argument(help="Lake with documents of the pair.")],
    without_lake: Annotated[str, typer.Argument(help="Lake without them.")],
    truth: Annotated[list[str], typer.Argument(help="Known translations, as `evaluate` reads.")],
    pair: Annotated[str, typer.Option(help="Language pair.")] = "fr-zh",
) -> None:
    """P@1 and P@5 of direct links and of bridges, on the same words."""
    lakes = [
        connect(Lake(load_recipe(None, [f"lake.warehouse={lake}"]).lake))
        for lake in (with_lake, without_lake)
    ]
    tokens = [_tokens(lake) for lake in lakes]
    asked = questions(read_truth(truth), pair.split("-"), tokens[0].keys() & tokens[1].keys())
    if not asked:
        raise InputError(f"no word of {pair} is a token in both lakes with a known translation")
    found = [
        places(lake, of_word, asked, way)
        for lake, of_word, way in zip(lakes, tokens, (_DIRECT, target_paths()), strict=True)
    ]
    resamples = Resamples(len(asked))
    console = plain_console()
    for most in (1, 5):
        direct, bridged = (np.array(of) <= most for of in found)
        shares = [_ratio(resamples, hits, np.ones(len(asked))) for hits in (direct, bridged)]
        console.print(
            f"{len(asked)} words, P@{most}: direct {shares[0]}, bridged {shares[1]}, "
            f"bridged / direct {_ratio(resamples, bridged, direct)}"
        )


def questions(
    truth: Truth, langs: list[str], words: frozenset[Word] | set[Word]
) -> dict[Word, set[Word]]:
    """Words of both languages with their translations, as far as they are among `words`."""
    asked: dict[Word, set[Word]] = defaultdict(set)
    for lang_a, word_a, lang_b, word_b in truth.pairs:
        a, b = (lang_a, word_a), (lang_b, word_b)
        if {lang_a, lang_b} == set(langs) and a in words and b in words:
            asked[a].add(b)
            asked[b].add(a)
    return dict(sorted(asked.items()))


_DIRECT = """
    SELECT query, other AS target, other_lang AS target_lang,
           row_number() OVER (PARTITION BY query, other_lang
                              ORDER BY prevails DESC, strength DESC, other) AS place
    FROM (SELECT s.query, w.* FROM asked_source s
          JOIN ways w ON w.word = s.word AND w.word_lang = s.word_lang
          WHERE w.npmi > 0
          QUALIFY row_number() OVER (PARTITION BY s.query, w.other, w.other_lang
                                     ORDER BY w.prevails DESC, w.strength DESC) = 1)
"""


def places(
    connection: duckdb.DuckDBPyConnection,
    tokens: dict[Word, list[int]],
    asked: dict[Word, set[Word]],
    way: str,
) -> list[float]:
    """Place of the first right answer to each question; infinity where there is none."""
    open_paths(connection)
    rows = [
        {"query": number, "word": token, "word_lang": word[0]}
        for number, word in enumerate(asked)
        for token in tokens[word]
    ]
    ask(connection, "source", pa.Table.from_pylist(rows))
    wanted = [
        {token: lang for lang, word in right for token in tokens[lang, word]}
        for right in asked.values()
    ]
    first = [float("inf")] * len(asked)
    answers = connection.execute(f"SELECT query, target, target_lang, place FROM ({way})")
    for query, target, lang, place in answers.fetchall():
        if wanted[query].get(target) == lang:
            first[query] = min(first[query], place)
    return first


def _tokens(connection: duckdb.DuckDBPyConnection) -> dict[Word, list[int]]:
    tokens: dict[Word, list[int]] = defaultdict(list)
    for found in token_words(connection):
        if found.word:
            tokens[found.lang, found.word].append(found.token_id)
    return dict(tokens)


def _ratio(resamples: Resamples, hits: np.ndarray, of: np.ndarray) -> str:
    words = np.arange(len(hits))
    found: Interval = resamples.ratio(words, hits.astype(np.float64), of.astype(np.float64))
    return f"{found.mean:.3f} ({found.low:.3f}-{found.high:.3f})"


if __name__ == "__main__":
    run_app(app)
