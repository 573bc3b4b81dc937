"""Translations found in aligned segments: association, contests of links, and word aligners.

    python -m bench.aligned --segments segments.parquet --lexicon lexicon.parquet --out results/

The easiest case there is, for which aligners are made: every context is a segment and its
translation. All ways get the same token sequences, and the same words are asked for: of words that
are single tokens and have a single-token translation in the lexicon, is the first partner (P@1), is
one of the first five (P@5) a translation? Partners of one word in several spellings (`Cat`, `cat`)
are one; their evidence is added up where it is evidence, else the best one counts, as in `pivotmine
evaluate links`.

Columns of the segments: key (with source, where there is one), lang, text; those with the same key
are translations. Of the lexicon: lang_a, word_a, lang_b, word_b. `fast_align` needs the package
systran-align, `eflomal` the package eflomal; what is missing is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import sentencepiece
from numpy.typing import NDArray

from pivotmine.judge.measures import ADDITIVE, MEASURES, Tables, direction, measure
from pivotmine.judge.truth import Truth, read_truth
from pivotmine.judge.vocabulary import whole_word
from pivotmine.numeric.association import benjamini_hochberg
from pivotmine.numeric.bootstrap import Resamples
from pivotmine.numeric.exact_association import log10_attraction_p_value, smoothed_margins
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.count.pair_counts import count_pairs
from pivotmine.stages.link.contest import contenders, contest
from pivotmine.stages.train_tokenizer.training import train_sentencepiece

Ids = list[list[int]]
_MIN_FREQUENCY = 5


class Aligned(NamedTuple):
    """Segments of two languages as token ids."""

    langs: tuple[str, str]
    a: Ids
    b: Ids


class Pairs(NamedTuple):
    """Pairs of tokens with the columns of each measure, [m]."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]


def read_segments(path: str, langs: tuple[str, str], most: int) -> list[tuple[str, str]]:
    """Aligned texts of two languages, in the order of a hash of their key."""
    connection = duckdb.connect()
    names = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    key = "source || ' ' || key" if "source" in {name for name, *_ in names} else "key"
    rows = connection.execute(
        f"""
        WITH s AS (SELECT DISTINCT ON (k, lang) {key} AS k, lang, text FROM read_parquet($path)
                   ORDER BY k, lang, text)
        SELECT x.text, y.text FROM s x JOIN s y USING (k)
        WHERE x.lang = $a AND y.lang = $b ORDER BY md5(k), k LIMIT $most
        """,
        {"path": path, "a": langs[0], "b": langs[1], "most": most},
    ).fetchall()
    return [(a, b) for a, b in rows]


def margins(side: Ids, vocab_size: int) -> NDArray[np.int64]:
    """Segments that hold each token."""
    flat = [token for row in side for token in set(row)]
    return np.bincount(np.array(flat, np.int64), minlength=vocab_size)


def associated(text: Aligned, vocab_size: int) -> Pairs:
    """All pairs that meet, with every measure; `won` and `links` by contests."""
    rows = [
        sorted(set(a)) + [vocab_size + token for token in sorted(set(b))]
        for a, b in zip(text.a, text.b, strict=True)
    ]
    flat = np.array([node for row in rows for node in row], np.int32)
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    contexts = FoldedContexts(offsets, flat, np.zeros(len(rows), np.uint8))
    first_node = np.array([0, vocab_size, 2 * vocab_size], np.int64)
    blocks = list(count_pairs(contexts, first_node, 1))
    a = np.concatenate([block.a for block in blocks]).astype(np.int64)
    b = np.concatenate([block.b for block in blocks]).astype(np.int64) - vocab_size
    n_ab = np.concatenate([block.fold_counts[:, 0] for block in blocks]).astype(np.float64)
    n_a, n_b = (margins(side, vocab_size).astype(np.float64) for side in (text.a, text.b))
    tables = Tables(n_ab, n_a[a], n_b[b], np.full(len(a), float(len(rows))))
    language = np.repeat(np.array([0, 1], np.int8), vocab_size)

    def won(kept: NDArray[np.bool_], g2: NDArray[np.float64]) -> NDArray[np.float64]:
        some = np.flatnonzero(kept)
        some = some[np.lexsort((b[some], a[some], -g2[some]))]
        one, other = a[some].astype(np.int32), (b[some] + vocab_size).astype(np.int32)
        result = np.zeros(len(a))
        result[some] = contest(contexts, language, contenders(one, other, 2 * vocab_size))
        return result

    smoothed = smoothed_margins(n_a)[a], smoothed_margins(n_b)[b]
    columns = measure(tables, *smoothed, np.zeros(len(a)))
    g2 = columns["g2"]
    all_won = measure(tables, *smoothed, won(g2 > 0, g2))["won"]
    n_tests = int((n_a >= _MIN_FREQUENCY).sum() * (n_b >= _MIN_FREQUENCY).sum())
    enough = np.flatnonzero(n_ab >= _MIN_FREQUENCY)
    log10_p = log10_attraction_p_value(*(column[enough] for column in tables))
    real = np.zeros(len(a), np.bool_)
    real[enough] = (benjamini_hochberg(log10_p, n_tests) <= 0.01) & (columns["npmi"][enough] >= 0.1)
    links = np.where(real, measure(tables, *smoothed, won(real, g2))["won"], -np.inf)
    return Pairs(a, b, columns | {"won": all_won, "links": links})


def word2word(
    text: Aligned, found: Pairs, truth: Truth, pieces: list[str], width: int = 100
) -> Pairs:
    """Count-based scores less what the words around explain (Choe, Park and Kim 2020, word2word).

    From both sides: p(y|x) minus the sum over words x' beside x of p(y|x') p(x'|x), of the `width`
    first partners and neighbours of each word, as their package computes it. Only for words that
    the truth knows.
    """
    from scipy import sparse

    vocab_size = len(pieces)

    count = found.columns["count"]
    columns = {}
    for side, one, other, rows in (
        ("ab", found.a, found.b, text.a),
        ("ba", found.b, found.a, text.b),
    ):
        langs = text.langs if side == "ab" else text.langs[::-1]
        known = _known(truth, *langs)
        asked = np.array([word in known for word in _words(pieces, langs[0])])
        table = sparse.csr_array((count, (one, other)), shape=(vocab_size, vocab_size))
        n = np.maximum(margins(rows, vocab_size), 1).astype(np.float64)
        document = np.repeat(np.arange(len(rows)), [len(set(row)) for row in rows])
        flat = np.array([token for row in rows for token in set(row)])
        held = sparse.csr_array((np.ones(len(flat), np.float32), (flat, document)))
        scores = np.full(len(one), -np.inf)
        order = np.lexsort((-count, one))
        starts = np.searchsorted(one[order], np.arange(vocab_size + 1))
        for x in np.flatnonzero((np.diff(starts) > 0) & (n >= _MIN_FREQUENCY) & asked):
            some = order[starts[x] : starts[x + 1]][:width]
            beside = (held[[x]] @ held.T).toarray()[0] if x < held.shape[0] else np.empty(0)
            beside[x] = 0
            near = np.argsort(-beside, kind="stable")[:width]
            explained = (beside[near] / n[x]) @ (
                table[near][:, other[some]].toarray() / n[near, None]
            )
            scores[some] = count[some] / n[x] - explained
        columns[f"word2word_{side}"] = scores
    return Pairs(found.a, found.b, columns)


def fast_align(text: Aligned, pieces: list[str]) -> Iterator[list[tuple[int, int]]]:
    """Alignments by IBM model 2 (Dyer, Chahuneau and Smith 2013), both ways, symmetrised."""
    import systran_align

    sides = [[[pieces[i] for i in row] for row in side] for side in (text.a, text.b)]
    with tempfile.TemporaryDirectory() as folder:
        given, forward, backward = (f"{folder}/{name}" for name in ("text", "forward", "backward"))
        lines = (f"{' '.join(a)} ||| {' '.join(b)}" for a, b in zip(*sides, strict=True))
        Path(given).write_text("\n".join(lines) + "\n", encoding="utf-8")
        systran_align.generate_alignment_probabilities(given, forward, backward)
        aligner = systran_align.Aligner(forward, backward)
        for found in aligner.align_batch(*sides):
            yield found["alignments"]


def eflomal(text: Aligned, pieces: list[str]) -> Iterator[list[tuple[int, int]]]:
    """Alignments by a Bayesian HMM with fertility (Oestling and Tiedemann 2016), intersected."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: f"{folder}/{name}" for name in ("source", "target", "forward", "reverse")}
        for name, side in (("source", text.a), ("target", text.b)):
            lines = (" ".join(pieces[i].replace("\n", "") for i in row) for row in side)
            Path(paths[name]).write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [shutil.which("eflomal-align") or f"{Path(sys.executable).parent}/eflomal-align"]
        command += ["-s", paths["source"], "-t", paths["target"], "--model", "3"]
        command += ["-f", paths["forward"], "-r", paths["reverse"]]
        subprocess.run(command, check=True, capture_output=True)
        with open(paths["forward"]) as forward, open(paths["reverse"]) as reverse:
            for lines in zip(forward, reverse, strict=True):
                both = [{tuple(map(int, p.split("-"))) for p in line.split()} for line in lines]
                yield [(i, j) for i, j in both[0] & both[1]]


def aligned_pairs(
    text: Aligned, alignments: Iterator[list[tuple[int, int]]], name: str, vocab_size: int
) -> Pairs:
    """Pairs that an aligner aligned, by the log-likelihood ratio of how often."""
    keys: list[int] = []
    for a, b, found in zip(text.a, text.b, alignments, strict=True):
        keys += {a[i] << 32 | b[j] for i, j in found if i < len(a) and j < len(b)}
    codes, n = np.unique(np.array(keys, np.int64), return_counts=True)
    a, b = codes >> 32, codes & 0xFFFFFFFF
    n_a, n_b = (margins(side, vocab_size).astype(np.float64) for side in (text.a, text.b))
    tables = Tables(n.astype(np.float64), n_a[a], n_b[b], np.full(len(a), float(len(text.a))))
    return Pairs(a, b, {name: measure(tables, tables.n_a, tables.n_b, tables.n_ab)["won"]})


class Asked(NamedTuple):
    """Whether each word that is asked for was found first, and among the first five."""

    words: list[str]
    first: NDArray[np.bool_]
    first_five: NDArray[np.bool_]


def retrieve(
    pairs: Pairs, name: str, text: Aligned, truth: Truth, pieces: list[str], is_additive: bool
) -> Asked:
    """Ask every word of both languages."""
    words, hits = [], []
    for side in ("ab", "ba"):
        lang, other_lang = text.langs if side == "ab" else text.langs[::-1]
        one, other = (pairs.a, pairs.b) if side == "ab" else (pairs.b, pairs.a)
        column = f"{name}_{side}" if f"{name}_{side}" in pairs.columns else direction(name, side)
        known = _known(truth, lang, other_lang)
        names = _words(pieces, lang), _words(pieces, other_lang)
        targets = set(names[1])
        frequency = margins(text.a if side == "ab" else text.b, len(pieces))
        partners = _partners(names, one, other, pairs.columns[column], is_additive)
        often: dict[str, int] = {}
        for token, word in enumerate(names[0]):
            often[word] = often.get(word, 0) + int(frequency[token])
        for word in sorted(word for word in known if often.get(word, 0) >= _MIN_FREQUENCY):
            wanted = {target for target in known[word] - {word} if target in targets}
            if wanted:
                ranked = [target for target in partners.get(word, []) if target != word][:5]
                place = next((i for i, target in enumerate(ranked) if target in wanted), 5)
                words.append(f"{lang} {word}")
                hits.append(place)
    places = np.array(hits)
    return Asked(words, places < 1, places < 5)


def _known(truth: Truth, lang: str, other: str) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for lang_a, word_a, lang_b, word_b in truth.pairs:
        for (x, word), (y, translation) in combinations([(lang_a, word_a), (lang_b, word_b)], 2):
            if (x, y) == (lang, other):
                known.setdefault(word, set()).add(translation)
            elif (y, x) == (lang, other):
                known.setdefault(translation, set()).add(word)
    return known


def _words(pieces: list[str], lang: str) -> list[str]:
    """Word of every token; fragments stand for themselves."""
    return [whole_word(piece, lang) or f"\0{piece}" for piece in pieces]


def _partners(
    names: tuple[list[str], list[str]],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    scores: NDArray[np.float64],
    is_additive: bool,
) -> dict[str, list[str]]:
    """The first twenty partners of each word, best first."""
    ids = [{word: i for i, word in enumerate(dict.fromkeys(side))} for side in names]
    number = [np.array([ids[k][word] for word in names[k]]) for k in (0, 1)]
    use = np.isfinite(scores)
    codes, group = np.unique(number[0][one[use]] << 32 | number[1][other[use]], return_inverse=True)
    merged = np.full(len(codes), -np.inf) if not is_additive else np.zeros(len(codes))
    (np.add if is_additive else np.maximum).at(merged, group, scores[use])
    word, partner = codes >> 32, codes & 0xFFFFFFFF
    order = np.lexsort((partner, -merged, word))
    starts = np.searchsorted(word[order], np.arange(len(ids[0]) + 1))
    spelled = [list(side) for side in ids]
    return {
        spelled[0][w]: [spelled[1][p] for p in partner[order[starts[w] : starts[w + 1]]][:20]]
        for w in np.flatnonzero(np.diff(starts)).tolist()
    }


def main() -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--segments", required=True)
    parser.add_argument("--lexicon", required=True, nargs="+")
    parser.add_argument("--pairs", default="en-fr,en-zh,en-ja,fr-zh,fr-ja,ja-zh")
    parser.add_argument("--most", type=int, default=150_000, help="segments a language pair")
    parser.add_argument("--leave-out", default="", help="ways not to run, e.g. word2word,eflomal")
    parser.add_argument("--vocab-size", type=int, default=48_000)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for aligned.tsv and the model"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    truth = read_truth(options.lexicon)
    names = [tuple(sorted(pair.split("-"))) for pair in options.pairs.split(",")]
    texts = {
        pair: read_segments(options.segments, (pair[0], pair[1]), options.most) for pair in names
    }
    model = options.out / f"aligned-{options.vocab_size}.model"
    if not model.exists():
        sample = (
            line
            for of_pair in texts.values()
            for line in {a for a, _ in of_pair} | {b for _, b in of_pair}
        )
        model.write_bytes(
            train_sentencepiece(sorted(sample, key=lambda s: hash_of(s)), options.vocab_size)
        )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.read_bytes())
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    lines = ["pair\tway\twords\tp_at_1\tlow\thigh\tp_at_5\tlow\thigh\tseconds"]
    for pair, of_pair in texts.items():
        sides = (processor.encode([row[side] for row in of_pair]) for side in (0, 1))
        text = Aligned((pair[0], pair[1]), *sides)
        for line in race(text, truth, pieces, options.leave_out.split(",")):
            print(line, flush=True)
            lines.append(line)
    (options.out / "aligned.tsv").write_text("\n".join(lines) + "\n")


def hash_of(text: str) -> bytes:
    """Order in which lines are sampled."""
    from blake3 import blake3

    return blake3(text.encode()).digest()


def race(
    text: Aligned, truth: Truth, pieces: list[str], leave_out: Sequence[str] = ()
) -> Iterator[str]:
    """A line for every way."""
    n = len(pieces)
    started = time.perf_counter()
    found = associated(text, n)
    seconds = time.perf_counter() - started
    ways: dict[str, tuple[Callable[[], Pairs], float | None]] = {
        name: (lambda: found, seconds) for name in (*MEASURES, "won", "links")
    }
    ways["word2word"] = (lambda: word2word(text, found, truth, pieces), None)
    aligners: dict[str, Any] = {"fast_align": fast_align, "eflomal": eflomal}
    for name, package in (("fast_align", "systran_align"), ("eflomal", "eflomal")):
        if importlib.util.find_spec(package):
            align = aligners[name]
            ways[name] = (
                lambda align=align, name=name: aligned_pairs(text, align(text, pieces), name, n),
                None,
            )
    for name, (make, taken) in ways.items():
        if name in leave_out:
            continue
        started = time.perf_counter()
        pairs = make()
        taken = taken or time.perf_counter() - started
        is_additive = name in (*ADDITIVE, "links", *aligners)
        asked = retrieve(pairs, name, text, truth, pieces, is_additive)
        resamples = Resamples(len(asked.words))
        words = np.arange(len(asked.words))
        estimates = [
            resamples.ratio(words, hit.astype(np.float64), np.ones(len(words)))
            for hit in (asked.first, asked.first_five)
        ]
        figures = "\t".join(f"{value or 0:.3f}" for estimate in estimates for value in estimate)
        yield f"{'-'.join(text.langs)}\t{name}\t{len(words)}\t{figures}\t{taken:.0f}"


if __name__ == "__main__":
    main()
