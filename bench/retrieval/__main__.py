"""Looks words up: `python -m bench.retrieval --help`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from bench.retrieval.aligners import ALIGNERS, aligned
from bench.retrieval.texts import MIN_COUNT, Text, read_segments, read_windows
from bench.retrieval.ways import WAYS, Counted, Scored, by_alignments
from bench.tables import interval, markdown
from pivotmine.judge.truth import Truth, read_truth
from pivotmine.numeric.bootstrap import Resamples
from pivotmine.show.console import run_app
from pivotmine.text.token_notation import whole_word

AT = 5

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Question(NamedTuple):
    """A word, by its number among the words of its side, and its translations on the other."""

    side: int
    word: int
    wanted: frozenset[int]


class Words(NamedTuple):
    """Words of both sides: spellings of tokens, folded. Fragments stand for themselves."""

    of_token: tuple[np.ndarray, np.ndarray]
    names: tuple[list[str], list[str]]
    questions: list[Question]


@app.command()
def main(
    lexicon: Annotated[list[str], typer.Option(help="Known translations, as `evaluate` reads.")],
    out: Annotated[Path, typer.Option(help="Folder for the table, the model and alignments.")],
    segments: Annotated[Path | None, typer.Option(help="Parquet of aligned segments.")] = None,
    lake: Annotated[Path | None, typer.Option(help="Folder of a lake: its mixed windows.")] = None,
    pairs: Annotated[str, typer.Option(help="Language pairs.")] = "en-fr,en-ja,en-zh,fr-ja",
    most: Annotated[int, typer.Option(help="Segments of a language pair.")] = 60_000,
    vocab_size: Annotated[int, typer.Option(help="Pieces of the tokenizer of segments.")] = 40_000,
    dev: Annotated[bool, typer.Option(help="The third of the words for tuning.")] = False,
) -> None:
    """Share of words whose first partner (P@1), or one of five (P@5), is a known translation.

    Every word is asked that is a token of its own in five contexts and has a translation that is
    one. Settings are chosen on a third of the words, by a hash (`--dev`); figures are of the
    others.
    """
    out.mkdir(parents=True, exist_ok=True)
    truth = read_truth(lexicon)
    names = [tuple(sorted(pair.split("-"))) for pair in pairs.split(",")]
    chosen = [(name[0], name[1]) for name in names]
    if (segments is None) == (lake is None):
        raise typer.BadParameter("give --segments or --lake")
    if segments is not None:
        model = out / f"{vocab_size}.model"
        texts = read_segments(segments, chosen, most, vocab_size, model)
    else:
        assert lake is not None
        texts = read_windows(lake, chosen)
    lines: list[str] = []
    for text in texts:
        lines += judge(text, truth, out, dev)
        print("\n".join(lines[-len(WAYS) - 6 :]), flush=True)
    (out / f"retrieval{'-dev' if dev else ''}.md").write_text("\n".join(lines))


def judge(text: Text, truth: Truth, out: Path, dev: bool) -> list[str]:
    """A table of all ways on one text."""
    counted = Counted(text)
    words = known_words(text, truth, counted, dev)
    ways = {name: rank(counted) for name, rank in WAYS.items()}
    for name in ALIGNERS:
        found = aligned(name, text, out)
        if found is not None:
            ways[name] = by_alignments(counted, text, found)
    resamples = Resamples(len(words.questions))
    ones, numbers = np.ones(len(words.questions)), np.arange(len(words.questions))
    rows = []
    for name, scored in ways.items():
        place = places_of(scored, words)
        figures = (resamples.ratio(numbers, (place < at).astype(float), ones) for at in (1, AT))
        rows.append([name, *(interval(*figure) for figure in figures)])
    head = f"{'-'.join(text.langs)}, {counted.n:,} contexts, {len(words.questions):,} words"
    return markdown([head, "P@1", "P@5"], rows)


def known_words(text: Text, truth: Truth, counted: Counted, dev: bool) -> Words:
    """The words of a text, and the questions."""
    spelled = [
        [whole_word(piece, lang) or f"\0{piece}" for piece in text.pieces] for lang in text.langs
    ]
    ids = [{word: i for i, word in enumerate(dict.fromkeys(side))} for side in spelled]
    of_token = [np.array([ids[k][word] for word in spelled[k]]) for k in (0, 1)]
    often = [np.bincount(of_token[k], counted.margins[k]) for k in (0, 1)]
    wanted: dict[tuple[int, int], set[int]] = {}
    for lang_a, word_a, lang_b, word_b in truth.pairs:
        if (lang_a, lang_b) == text.langs and word_a != word_b:
            a, b = ids[0].get(word_a), ids[1].get(word_b)
            if a is not None and b is not None and often[0][a] and often[1][b]:
                wanted.setdefault((0, a), set()).add(b)
                wanted.setdefault((1, b), set()).add(a)
    names = [list(side) for side in ids]
    questions = [
        Question(side, word, frozenset(found))
        for (side, word), found in sorted(wanted.items())
        if often[side][word] >= MIN_COUNT and is_dev(names[side][word]) == dev
    ]
    return Words((of_token[0], of_token[1]), (names[0], names[1]), questions)


def is_dev(word: str) -> bool:
    """Whether a word is one of the third for tuning."""
    return hashlib.md5(word.encode()).digest()[0] % 3 == 0


def places_of(scored: Scored, words: Words) -> np.ndarray:
    """[Q] place of the first right answer, `AT` where none of so many is right."""
    place = np.full(len(words.questions), AT)
    for side, (one, other) in enumerate(((scored.a, scored.b), (scored.b, scored.a))):
        word, partner = words.of_token[side][one], words.of_token[1 - side][other]
        codes, group = np.unique(word << 32 | partner, return_inverse=True)
        total = np.bincount(group, scored.score, len(codes))
        word, partner = codes >> 32, codes & 0xFFFFFFFF
        order = np.lexsort((partner, -total, word))
        word, partner = word[order], partner[order]
        names, others = words.names[side], words.names[1 - side]
        for number, question in enumerate(words.questions):
            if question.side == side:
                start = np.searchsorted(word, question.word)
                end = np.searchsorted(word, question.word, "right")
                first = partner[start : min(end, start + 2 * AT)].tolist()
                ranked = [p for p in first if others[p] != names[question.word]][:AT]
                right = (i for i, found in enumerate(ranked) if found in question.wanted)
                place[number] = next(right, AT)
    return place


if __name__ == "__main__":
    run_app(app)
