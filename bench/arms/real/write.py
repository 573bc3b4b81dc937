"""From the mined lake to the shards of conf/arms/real-arms.yaml.

Every arm is drawn, anew for every seed, from one selection of the engine, which holds many times as
much, until the model's tokens of each language are used up. Arms therefore hold equal tokens of
every language, counted in the tokens that the model is trained on, and differences between seeds
hold what the draw of documents does.

random, he2025, entropy, ...   arms of table `selection`
aligned   documents whose source says that they are aligned: positive control, known from outside
broken    those of `links_coverage`, with the segments of other languages than their first dealt out
          anew among documents: same segments, same languages everywhere, no translations
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.arms.real.documents import ALIGNED, read_documents
from bench.arms.real.draw import fill_together, piece
from bench.arms.select import Document, broken, fill
from bench.arms.write import write_shard
from pivotmine.errors import InputError
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.shard.manifest import write_manifests
from pivotmine.text.tokenizer import Tokenizer, read_tokenizer_file

POOL_DOCS = 1500
"""Most documents of a selection that arms are drawn from; bounds time and memory."""
BROKEN = "broken"
BROKEN_OF = "links_coverage"
MAX_MISSING = 0.05
"""Of a language's budget, as a share."""


class Wish(NamedTuple):
    """What is made of a lake."""

    tokens: int
    """Of each arm, the model's."""
    piece_tokens: int
    """Most tokens of a piece of a document."""
    heldout_tokens: int
    """Of each language."""
    tokenizer: str
    """The model's tokenizer.json."""
    end_token: str
    """Ends a document."""
    aligned_source: str
    """Beginning of the `source` of documents that are known to be aligned."""
    n_seeds: int
    """Draws of each arm."""


def write_arms(folder: Path, recipe: Path, wish: Wish) -> dict[str, dict[str, Any]]:
    """Write `folder`/SEED/ARM and `folder`/heldout/LANGUAGE; returns the sizes of the first seed.

    Raises
    ------
    InputError
        A selection is too small for an arm.
    """
    config = load_recipe(str(recipe))
    lake = connect(Lake(config.lake, read_only=True))
    kind, content = read_tokenizer_file(wish.tokenizer)
    tokenizer = Tokenizer(kind, content)
    runtime = tokenizer.load()
    row = {
        "kind": kind,
        "model": content,
        "tokenizer_id": tokenizer.sha256,
        "vocab_size": runtime.vocab_size,
        "eos_token_id": runtime.pieces().index(wish.end_token),
    }

    def read(where: str, most: int = POOL_DOCS) -> list[Document]:
        of_ids = f"{where} ORDER BY doc_id LIMIT {most}"  # ids are hashes: a sample
        return list(read_documents(lake, of_ids, runtime, config.languages, wish.aligned_source))

    def write(name: str, arms: dict[str, list[Document]]) -> dict[str, dict[str, Any]]:
        rows, sizes = [], {}
        for arm, documents in arms.items():
            shard, sizes[arm] = write_shard(folder / name, arm, documents, row, config.languages)
            rows.append(shard)
        run = {"run_id": "real-arms", "fingerprint": "", "version": "", "inputs": {}}
        recipe_values = config.model_dump(mode="json")
        write_manifests(str(folder / name), run, recipe_values, row, sizes, rows)
        return {arm: {**size, **_described(arms[arm])} for arm, size in sizes.items()}

    aligned = f"starts_with(source, '{wish.aligned_source}')"
    pools = {
        arm.name: read(f"doc_id IN (SELECT doc_id FROM selection WHERE arm = '{arm.name}')")
        for arm in config.select.arms
    } | {ALIGNED: read(aligned)}
    alone = "doc_id NOT IN (SELECT doc_id FROM selection) AND len(list_distinct(segment_langs)) = 1"
    heldout = {
        lang: fill(
            _shuffled(read(f"{alone} AND NOT {aligned} AND documents.lang = '{lang}'", 200), (30,)),
            {lang: wish.heldout_tokens},
        )
        for lang in config.languages
    }
    write("heldout", heldout)
    first: dict[str, dict[str, Any]] = {}
    for seed in range(wish.n_seeds):
        arms = {arm: _draw(arm, pool, wish, config.languages, seed) for arm, pool in pools.items()}
        arms[BROKEN] = broken(arms[BROKEN_OF], seed)
        sizes = write(f"{seed}", arms)
        first = first or sizes
    return first


def _draw(
    arm: str, pool: Sequence[Document], wish: Wish, languages: Sequence[str], seed: int
) -> list[Document]:
    pieces = (piece(one, wish.piece_tokens, (seed, 31)) for one in _shuffled(pool, (seed, 32)))
    share = wish.tokens // len(languages)
    found = fill_together((one for one in pieces if one), dict.fromkeys(languages, share))
    short = {
        lang: n
        for lang in languages
        if (n := sum(one.n_tokens.get(lang, 0) for one in found)) < share * (1 - MAX_MISSING)
    }
    if short:
        raise InputError(
            f"arm {arm}: of {share:,} tokens a language only {short} could be drawn from "
            f"{len(pool):,} documents: raise select.budget_tokens, or lower --tokens"
        )
    return found


def _shuffled(documents: Sequence[Document], seed: Sequence[int]) -> list[Document]:
    order = np.random.default_rng(seed).permutation(len(documents))
    return [documents[n] for n in order]


def _described(documents: Sequence[Document]) -> dict[str, Any]:
    """Shares of an arm's tokens in aligned documents, and in pieces with two languages."""
    total = sum(sum(one.n_tokens.values()) for one in documents)
    aligned = sum(sum(one.n_tokens.values()) for one in documents if one.kind == ALIGNED)
    mixed = sum(sum(one.n_tokens.values()) for one in documents if len(one.n_tokens) > 1)
    return {"aligned": aligned / max(total, 1), "several_languages": mixed / max(total, 1)}
