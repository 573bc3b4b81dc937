"""Make the shards of conf/arms/real-arms.yaml: `python -m bench.arms.real`.

The engine mines with a vocabulary in which words are single tokens, and a model has its own. So
texts are tokenised again, segment by segment as the engine cut them, with the languages that it
found. For every seed, each arm is drawn anew from a selection of the engine many times its size,
until the model's tokens of each language are used up. So arms hold equal tokens of every language,
and differences between seeds include the draw of documents.

random, he2025, entropy, ...   arms of table `selection`
aligned   documents marked as aligned by their source: positive control
broken    those of `distinct_links`, with the segments of other languages than their first shuffled
          among documents: same segments, same languages everywhere, no translations

Memory: the texts of the selected documents, about 30 bytes a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from duckdb import DuckDBPyConnection

from bench.arms.documents import Document, Line, broken, fill, fill_together, piece
from bench.arms.shards import Sizes, write_shards
from pivotmine.errors import InputError
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.console import plain_console, run_app
from pivotmine.text.segments import split_segments
from pivotmine.text.tokenizer import Tokenizer, read_tokenizer_file
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

POOL_DOCS = 1500
"""Most documents of a selection that arms are drawn from; bounds time and memory."""

ALIGNED = "aligned"
BROKEN, BROKEN_OF = "broken", "distinct_links"
MAX_MISSING = 0.05
"""Share of a language's budget that an arm may lack."""

_BATCH_DOCS = 512

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    recipe: Annotated[Path, typer.Option(help="Recipe of a lake that is mined up to `select`.")],
    tokenizer: Annotated[str, typer.Option(help="The model's tokenizer.json.")],
    aligned_source: Annotated[
        str, typer.Option(help="Beginning of the source of documents known to be aligned.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder.")] = Path(".pivotmine/real"),
    tokens: Annotated[int, typer.Option(help="Tokens of each arm.")] = 8_192,
    piece_tokens: Annotated[int, typer.Option(help="Most tokens of a piece of a document.")] = 192,
    seeds: Annotated[int, typer.Option(help="Draws of each arm.")] = 6,
    heldout_tokens: Annotated[int, typer.Option(help="Held-out tokens a language.")] = 6_000,
    end_token: Annotated[str, typer.Option(help="Token that ends a document.")] = "<|endoftext|>",
) -> None:
    """Write the arms that the engine selected, in the tokens of the model to be trained.

    Writes OUT/SEED/ARM and OUT/heldout/LANGUAGE.
    """
    config = load_recipe(str(recipe))
    lake = connect(Lake(config.lake, read_only=True))
    kind, content = read_tokenizer_file(tokenizer)
    model = Tokenizer(kind, content)
    runtime = model.load()
    row = {
        "kind": kind,
        "model": content,
        "tokenizer_id": model.sha256,
        "vocab_size": runtime.vocab_size,
        "eos_token_id": runtime.pieces().index(end_token),
    }

    def read(where: str, most: int = POOL_DOCS) -> list[Document]:
        sample = f"{where} ORDER BY doc_id LIMIT {most}"  # ids are hashes
        return list(read_documents(lake, sample, runtime, config.languages, aligned_source))

    aligned = f"starts_with(source, '{aligned_source}')"
    pools = {
        arm.name: read(f"doc_id IN (SELECT doc_id FROM selection WHERE arm = '{arm.name}')")
        for arm in config.select.arms
    } | {ALIGNED: read(aligned)}
    alone = "doc_id NOT IN (SELECT doc_id FROM selection) AND len(list_distinct(segment_langs)) = 1"
    heldout = {}
    for lang in config.languages:
        monolingual = read(f"{alone} AND NOT {aligned} AND documents.lang = '{lang}'", 200)
        heldout[lang] = fill(_shuffled(monolingual, (30,)), {lang: heldout_tokens})
    write_shards(out / "heldout", heldout, row, config)
    for seed in range(seeds):
        arms = {
            arm: draw(arm, _pieces(pool, piece_tokens, seed), tokens, config.languages)
            for arm, pool in pools.items()
        }
        arms[BROKEN] = broken(arms[BROKEN_OF], seed)
        sizes = write_shards(out / f"{seed}", arms, row, config)
        if seed == 0:
            for arm, documents in arms.items():
                line = f"{arm}: {_described(documents, sizes[arm])}"
                plain_console().print(line, soft_wrap=True)


def read_documents(
    lake: DuckDBPyConnection,
    where: str,
    runtime: TokenizerRuntime,
    languages: Sequence[str],
    aligned_source: str,
) -> Iterator[Document]:
    """The documents that meet a condition.

    Documents with a segment in no language of `languages` are left out, since it has no budget.

    Parameters
    ----------
    where
        SQL on the columns of tables `documents` and `tokens`, and an order.
    aligned_source
        Beginning of the `source` of aligned documents.
    """
    found = lake.sql(
        "SELECT doc_id, documents.lang, source, text, segment_langs FROM documents JOIN tokens "
        f"USING (doc_id) WHERE {where}"
    ).to_arrow_reader(_BATCH_DOCS)
    for batch in found:
        rows = batch.to_pylist()
        cut = [split_segments(row["text"]) for row in rows]
        encoded = runtime.encode_documents(cut)
        for row, (ids, ends) in zip(rows, encoded, strict=True):
            langs = _certain(row["lang"], row["segment_langs"], languages)
            lines = tuple(
                Line(part, lang)
                for part, lang in zip(np.split(ids, ends[:-1]), langs, strict=True)
                if len(part)
            )
            if lines and all(line.lang in languages for line in lines):
                kind = ALIGNED if row["source"].startswith(aligned_source) else "any"
                yield Document(row["doc_id"], lines, kind, {})


def _certain(document: str, segments: Sequence[str], languages: Sequence[str]) -> list[str]:
    """Languages of segments; a segment without one gets that of the segment before it."""
    known = [lang for lang in segments if lang in languages]
    last = document if document in languages or not known else known[0]
    langs = []
    for lang in segments:
        last = last if lang == "und" else lang
        langs.append(last)
    return langs


def draw(
    arm: str, pieces: Sequence[Document], tokens: int, languages: Sequence[str]
) -> list[Document]:
    """An arm: pieces of a selection, equal tokens of each language.

    Raises
    ------
    InputError
        The selection is too small for the arm.
    """
    share = tokens // len(languages)
    found = fill_together(pieces, dict.fromkeys(languages, share))
    short = {
        lang: n
        for lang in languages
        if (n := sum(one.n_tokens.get(lang, 0) for one in found)) < share * (1 - MAX_MISSING)
    }
    if short:
        raise InputError(
            f"arm {arm}: of {share:,} tokens a language only {short} could be drawn from "
            f"{len(pieces):,} documents: raise select.budget_tokens, or lower --tokens"
        )
    return found


def _pieces(pool: Sequence[Document], max_tokens: int, seed: int) -> list[Document]:
    """A piece of each document, in random order."""
    pieces = (piece(one, max_tokens, (seed, 31)) for one in _shuffled(pool, (seed, 32)))
    return [one for one in pieces if one]


def _shuffled(documents: Sequence[Document], seed: Sequence[int]) -> list[Document]:
    order = np.random.default_rng(seed).permutation(len(documents))
    return [documents[n] for n in order]


def _described(documents: Sequence[Document], size: Sizes) -> str:
    """Size of an arm, and its shares of tokens in aligned and in bilingual pieces."""
    total = max(size["n_tokens"], 1)
    aligned = sum(sum(one.n_tokens.values()) for one in documents if one.kind == ALIGNED)
    mixed = sum(sum(one.n_tokens.values()) for one in documents if len(one.n_tokens) > 1)
    return (
        f"{size['n_docs']:,} documents, {size['tokens_by_language']}, {aligned / total:.0%} "
        f"aligned, {mixed / total:.0%} in several languages"
    )


if __name__ == "__main__":
    run_app(app)
