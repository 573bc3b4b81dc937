"""Arms of equal tokens, in total and of each language, as shards in the models' tokens.

The engine selects; its selections are tokenised again, segment by segment, with the languages that
the engine found (a segment in another language counts for the one before it). Each arm takes
documents of its selection, in the order of the engine's draw, until the budget of every language is
spent. A score that too few documents of a language have leaves the engine's arm short of it; drawn
documents that no arm holds fill it up, as they do in the engine's own arm of links.

random, he2025, entropy, translation, links_coverage   selections of the engine
oracle         pages that are known to be parallel; as much as there is, in the same shares
links_broken   documents of links_coverage, with the segments of other languages than a document's
               first shuffled among documents
base           pages in one language that no arm holds
OUT/heldout/LANG   text for the guard-rail

OUT/arms.json says what each arm holds, by kind of page. It is for the time after the grid.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from bench.arms.documents import Budget, Document, Line, broken, piece
from bench.arms.shards import write_shards
from bench.gain.layouts import SEPARATORS
from bench.gain.mining import BROKEN, COVERAGE, ORACLE, SCORED, SHARES
from bench.gain.texts import LANGUAGES, PAIRS, language_shares
from bench.gain.vocabulary import END, load, train_tokenizer
from pivotmine import api
from pivotmine.errors import InputError
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe.reading import load_recipe
from pivotmine.text.segments import split_segments
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

MARGIN = 1.25
"""The engine's budget, as a multiple of what an arm needs: its tokens and the models' differ."""
MAX_MISSING = 0.02
"""Share of a language's budget that an arm may lack."""
BASE_PIECE = 192
_REPEATS = 40
"""A cell is too short to tell its language by, where one function word is too little evidence."""
_RATIO_DOCS = 400
_BATCH_DOCS = 512


class Label(NamedTuple):
    """What is known of a page of the pool."""

    kind: str
    pair: str
    """Languages, English first, or the one language."""


UNKNOWN = Label("unknown", "")


def write_arms(
    out: Path,
    tokens: int,
    base_tokens: int,
    seed: int,
    shards: str = "shards",
    tokenizer: Path | None = None,
    end: str = END,
) -> dict[str, Any]:
    """Select, and write OUT/SHARDS/ARM and OUT/SHARDS/heldout_LANG; returns their sizes.

    Parameters
    ----------
    tokens
        Tokens of each arm but the oracle, which may hold less.
    base_tokens
        Tokens of the phase before the arms.
    shards
        Folder in OUT. What the arms hold goes to OUT/arms.json, or into any other folder.
    tokenizer, end
        Of another model than the small ones, and its token that ends a document.

    Raises
    ------
    InputError
        An arm cannot fill the budget of a language.
    """
    recipe = out / "recipe.yaml"
    runtime, row = load(tokenizer or train_tokenizer(out, seed), end)
    config = load_recipe(str(recipe))
    lake = connect(Lake(config.lake, read_only=True))
    needed = round(MARGIN * tokens / _tokens_per_token(lake, runtime))
    api.run(load_recipe(str(recipe), [f"select.budget_tokens={needed}"]), until="select")
    lake = connect(Lake(config.lake, read_only=True))
    known = pq.read_table(out / "labels.parquet", columns=["doc_id", "kind", "pair"]).to_pylist()
    labels = {row["doc_id"]: Label(row["kind"], row["pair"]) for row in known}
    budget = {lang: round(share * tokens) for lang, share in SHARES.items()}
    arms: dict[str, list[Document]] = {}
    others = list(read_documents(lake, _outside(tokens, "DESC"), runtime, labels))
    for arm in ("random", *SCORED, COVERAGE, ORACLE):
        of_arm = f"JOIN selection s USING (doc_id) WHERE s.arm = '{arm}' ORDER BY s.position"
        found = list(read_documents(lake, of_arm, runtime, labels))
        if arm == ORACLE:
            arms[arm] = draw(arm, found, reached(found, budget))
        else:
            arms[arm] = draw(arm, [*found, *others], budget)
    arms[BROKEN] = broken(arms[COVERAGE], seed)
    arms["base"] = _base(lake, runtime, labels, base_tokens, seed)
    arms |= {f"heldout_{lang}": _heldout(out, lang, runtime) for lang in LANGUAGES}
    sizes = write_shards(out / shards, arms, row, config)
    for arm, documents in arms.items():
        _write_lines(out / shards / arm / "lines.parquet", documents)
        sizes[arm]["tokens_by_kind"] = _by_kind(documents)
    name = "arms.json" if shards == "shards" else f"{shards}/arms.json"
    (out / name).write_text(json.dumps(sizes, indent=1, sort_keys=True) + "\n")
    return sizes


def reached(documents: Sequence[Document], budget: Budget) -> Budget:
    """The budget, or as much of it in the same shares as the documents hold."""
    held: Counter[str] = Counter()
    for document in documents:
        held.update(document.n_tokens)
    share = min(1.0, *(held[lang] / n for lang, n in budget.items()))
    return {lang: int(share * n) for lang, n in budget.items()}


def draw(arm: str, documents: Sequence[Document], budget: Budget) -> list[Document]:
    """Documents in order, up to the budget of every language.

    Raises
    ------
    InputError
        They do not reach it.
    """
    found = fill_in_parts(documents, budget)
    held: Counter[str] = Counter()
    for document in found:
        held.update(document.n_tokens)
    short = {lang: held[lang] for lang, n in budget.items() if held[lang] < n * (1 - MAX_MISSING)}
    if short or not found:
        raise InputError(
            f"arm {arm}: of {budget} tokens only {short} could be drawn from {len(documents):,} "
            "documents: make the pool larger, or lower --tokens"
        )
    return found


def fill_in_parts(documents: Sequence[Document], budget: Budget) -> list[Document]:
    """Documents in order that fit; those that do not are cut in half, down to single segments.

    So budgets are spent to within a segment where there is enough text, and the engine's margin
    need not be large.
    """
    used = dict.fromkeys(budget, 0)
    taken: list[Document] = []
    waiting = list(documents)
    while waiting:
        left: list[Document] = []
        for document in waiting:
            sizes = document.n_tokens
            if all(used[lang] + n <= budget[lang] for lang, n in sizes.items()):
                taken.append(document)
                used |= {lang: used[lang] + n for lang, n in sizes.items()}
            elif len(document.lines) > 1 and any(used[lang] < n for lang, n in budget.items()):
                middle = len(document.lines) // 2
                for lines in (document.lines[:middle], document.lines[middle:]):
                    left.append(document._replace(lines=lines))
        waiting = left
    return taken


def read_documents(
    lake: DuckDBPyConnection, where: str, runtime: TokenizerRuntime, labels: Mapping[str, Label]
) -> Iterator[Document]:
    """Documents with their kinds; `where` is SQL behind a join of tables documents and tokens."""
    reader = lake.sql(
        "SELECT doc_id, d.lang, text, segment_langs FROM documents d JOIN tokens t USING (doc_id) "
        + where
    ).to_arrow_reader(_BATCH_DOCS)
    for batch in reader:
        rows = batch.to_pylist()
        cut = []
        for row in rows:
            langs = known_languages(row["lang"], row["segment_langs"])
            segments = zip(split_segments(row["text"]), langs, strict=True)
            pair = labels.get(row["doc_id"], UNKNOWN).pair
            cut.append([cell for one, lang in segments for cell in cut_cells(one, lang, pair)])
        encoded = runtime.encode_documents([[cell for cell, _ in cells] for cells in cut])
        for row, cells, (ids, ends) in zip(rows, cut, encoded, strict=True):
            lines = tuple(
                Line(part, lang)
                for part, (_, lang) in zip(np.split(ids, ends[:-1]), cells, strict=True)
                if len(part)
            )
            if lines:
                kind = labels.get(row["doc_id"], UNKNOWN).kind
                yield Document(row["doc_id"], lines, kind, {})


def cut_cells(segment: str, lang: str, pair: str) -> list[tuple[str, str]]:
    """A segment, or the cells of a row of a table in two languages, with their languages.

    The engine takes such a row for one segment in one language. Here its cells are told apart, so
    that the control can take them apart, and tokens of a language are counted right.
    """
    if pair not in PAIRS:
        return [(segment, lang)]
    mark = next((one for one in SEPARATORS if one in segment), None)
    if mark is None:
        return [(segment, lang)]
    place = segment.index(mark)
    cells = (segment[:place], segment[place:])
    shares = language_shares(pa.array([f"{cell} " * _REPEATS for cell in cells]))
    wanted = [LANGUAGES.index(one) for one in pair.split("-")]
    first, second = shares[:, wanted]
    # Whichever of the two orders fits the cells better; without evidence, the engine's language.
    forward, backward = first[0] + second[1], first[1] + second[0]
    if forward == backward:
        forward = float(pair.startswith(lang))
        backward = 1.0 - forward
    langs = pair.split("-") if forward > backward else pair.split("-")[::-1]
    return list(zip(cells, langs, strict=True))


def known_languages(document: str | None, segments: Sequence[str]) -> list[str]:
    """Languages of segments; one that is not of `LANGUAGES` gets that of the segment before it."""
    last = next((lang for lang in segments if lang in LANGUAGES), LANGUAGES[0])
    last = document if document in LANGUAGES else last
    found = []
    for lang in segments:
        last = lang if lang in LANGUAGES else last
        found.append(last)
    return found


def _tokens_per_token(lake: DuckDBPyConnection, runtime: TokenizerRuntime) -> float:
    """Tokens of the models for a token of the engine."""
    rows = lake.sql(
        "SELECT text, n_tokens FROM documents JOIN tokens USING (doc_id) ORDER BY doc_id "
        f"LIMIT {_RATIO_DOCS}"  # ids are hashes
    ).fetchall()
    encoded = runtime.encode_documents([[text] for text, _ in rows])
    return sum(len(ids) for ids, _ in encoded) / sum(n for _, n in rows)


def _base(
    lake: DuckDBPyConnection,
    runtime: TokenizerRuntime,
    labels: Mapping[str, Label],
    tokens: int,
    seed: int,
) -> list[Document]:
    """Pieces of pages in one language that no arm holds."""
    found = (
        piece(one, BASE_PIECE, (seed, 40))
        for one in read_documents(lake, _outside(20 * tokens, "ASC"), runtime, labels)
        if one.kind == "monolingual" and len(one.n_tokens) == 1
    )
    budget = {lang: round(share * tokens) for lang, share in SHARES.items()}
    return draw("base", [one for one in found if one], budget)


def _outside(tokens: int, order: str) -> str:
    """Documents that no arm holds, in the order of their ids, which are hashes: SQL for so many
    tokens and more. From both ends, so that base and fillers differ."""
    return (
        "WHERE doc_id NOT IN (SELECT doc_id FROM selection) AND d.lang IN ('en', 'fr', 'ja') "
        f"ORDER BY doc_id {order} LIMIT {max(400, tokens // 400)}"
    )


def _heldout(out: Path, lang: str, runtime: TokenizerRuntime) -> list[Document]:
    texts = pq.read_table(out / "heldout" / f"{lang}.parquet")["text"].to_pylist()
    encoded = runtime.encode_documents([[text] for text in texts])
    return [
        Document(f"{lang}-{place}", (Line(ids, lang),), "monolingual", {})
        for place, (ids, _) in enumerate(encoded)
        if len(ids)
    ]


def _by_kind(documents: Sequence[Document]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for document in documents:
        found[document.kind] += sum(document.n_tokens.values())
    return dict(sorted(found.items()))


def _write_lines(path: Path, documents: Sequence[Document]) -> None:
    """Lines of an arm's documents, for counting exposures: doc_id, kind, langs, ids of lines."""
    rows = {
        "doc_id": [document.doc_id for document in documents],
        "kind": [document.kind for document in documents],
        "langs": [[line.lang for line in document.lines] for document in documents],
        "ids": [[line.ids.tolist() for line in document.lines] for document in documents],
    }
    pq.write_table(pa.table(rows), path, compression="zstd")
