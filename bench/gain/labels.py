"""Real pages read by people, and which score finds the translated ones.

`sheet` draws pages of docs.parquet that seem to be in two languages, and writes them without any
score. Two readers, or one reader twice, fill a sheet each. `judge` compares the labels with every
score of a mined lake that holds the pages, with line lengths (Gale and Church) and a dictionary.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray
from scipy.stats import rankdata

from bench.gain.arms import known_languages
from bench.gain.draws import shuffled
from bench.gain.page_scores import dictionary, gale_church
from bench.gain.texts import LANGUAGES, PAIRS, language_shares, read_words
from bench.link_labels import kappa
from pivotmine.errors import InputError
from pivotmine.judge.ranking import Ranking, draw_weights, rank
from pivotmine.stages.ingest.documents import document_id
from pivotmine.text.segments import split_segments

LABELS = ("parallel", "partly", "topic", "list", "no")
LEAST_SHARE = 0.05
"""Share of the second language of a page that seems to be in two."""
MUCH = 0.25
"""Share of the second language from which a page has much of both."""
WHOLE_CHARS = 1800
"""Longer pages are shown in parts."""
PART_CHARS = 600
_LINE_END = " ⏎ "
_POSITIVE = {"parallel": ("parallel",), "parallel or partly": ("parallel", "partly")}

README = """# Pages to label

Give every row of `pages.tsv` one label, from its text alone:

* `parallel`: most of what stands in one language stands in the other language too, on this page.
* `partly`: some of it does (a quarter to a half), and the rest does not.
* `topic`: both languages are about one thing (a page half translated, a manual with quotations or
  messages of a program in English), but they say different things.
* `list`: names, menus, dictionary entries or table cells; no running text in both languages.
* `no`: really one language, with names, code or stray words of another; or unrelated texts.

`⏎` is a line end. Of long pages three parts are shown, with `[...]` between them: the beginning,
and the surroundings of lines in the rarer language. Judge by what is shown. Read all rows in one
go, look up no scores, and do not look at the labels of another reader.

Write `pages.1.tsv` (second reader, or second pass in reverse order: `pages.2.tsv`) with a header
and two columns, `id` and `label`, for all rows.
"""


class Shown(NamedTuple):
    """A row of the sheet."""

    id: str
    pair: str
    n_chars: int
    text: str


def draw_sheet(data: Path, n: int, seed: int) -> list[Shown]:
    """`n` pages, drawn: as many of each pair, and of each as many with much of both languages.

    Translated pages are rare and have much of both, so that a plain sample would hold too few.
    """
    found: dict[str, dict[str, Shown]] = {
        f"{pair} {much}": {} for pair in PAIRS for much in (True, False)
    }
    with pq.ParquetFile(data / "docs.parquet") as file:
        for batch in file.iter_batches(2000, columns=["lang", "text"]):
            rows = batch.filter(pc.is_in(batch["lang"], pa.array(LANGUAGES)))
            texts = rows["text"].to_pylist()
            for text, share in zip(texts, language_shares(rows["text"]), strict=True):
                if pair := seems(share):
                    name = document_id(text)
                    much = bool(np.sort(share)[-2] >= MUCH)
                    row = Shown(name, pair, len(text), excerpt(text, share))
                    found[f"{pair} {much}"][name] = row
    drawn = []
    for stratum, pages in found.items():
        drawn += shuffled(pages.items(), seed, f"sheet {stratum}")[: n // len(found)]
    return shuffled(((one.id, one) for one in drawn), seed, "order")


def seems(share: NDArray[np.float64]) -> str:
    """The pair of languages that a page seems to be in, by their shares, or nothing."""
    for pair in PAIRS:
        sides = [share[LANGUAGES.index(lang)] for lang in pair.split("-")]
        if min(sides) >= LEAST_SHARE and sum(sides) >= 1 - LEAST_SHARE:
            return pair
    return ""


def excerpt(text: str, share: NDArray[np.float64]) -> str:
    """A page in one line: whole, or its beginning and two places of its rarer language."""
    if len(text) <= WHOLE_CHARS:
        return _one_line(text)
    lines = text.split("\n")
    of_lines = language_shares(pa.array([f"{line} " * 3 for line in lines]))
    rarer = int(np.where(share > 0, share, np.inf).argmin())
    places = np.flatnonzero(of_lines.argmax(axis=1) == rarer)
    places = places[of_lines[places, rarer] > 0] if len(places) else places
    starts = [0]
    if len(places):
        starts += [int(places[round(q * (len(places) - 1))]) for q in (0.25, 0.75)]
    ends = np.cumsum([len(line) + 1 for line in lines])
    parts = []
    for start in starts:
        at = int(ends[start - 1]) if start else 0
        at = max(0, at - PART_CHARS // 3) if start else 0
        parts.append(_one_line(text[at : at + PART_CHARS]))
    return " [...] ".join(dict.fromkeys(parts))


def _one_line(text: str) -> str:
    return _LINE_END.join(line.strip() for line in text.split("\n") if line.strip()).replace(
        "\t", " ⇥ "
    )


def write_sheet(rows: Sequence[Shown], folder: Path) -> Path:
    """Write FOLDER/pages.tsv and the instructions, FOLDER/PAGES.md; returns the sheet."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pages.tsv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE,
                            escapechar="\\")  # fmt: skip
        writer.writerow(Shown._fields)
        writer.writerows(rows)
    (folder / "PAGES.md").write_text(README, encoding="utf-8")
    return path


def read_passes(folder: Path) -> dict[str, tuple[str, str]]:
    """Page -> the labels of both passes.

    Raises
    ------
    InputError
        A pass is missing, or holds another label.
    """
    passes = []
    for number in (1, 2):
        path = folder / f"pages.{number}.tsv"
        if not path.exists():
            raise InputError(f"{path} is missing: {folder / 'PAGES.md'} says how to label")
        with path.open(encoding="utf-8", newline="") as stream:
            rows = {row["id"]: row["label"] for row in csv.DictReader(stream, delimiter="\t")}
        for name, label in rows.items():
            if label not in LABELS:
                raise InputError(f"{path}: {name} has label {label!r}; give {', '.join(LABELS)}")
        passes.append(rows)
    one, two = passes
    return {name: (one[name], two[name]) for name in sorted({*one} & {*two})}


class Judged(NamedTuple):
    """One score against the labels that both passes give alike."""

    score: str
    sought: str
    n_positive: int
    n: int
    ranking: Ranking


def judge(lake: DuckDBPyConnection, folder: Path, data: Path) -> Iterator[Judged]:
    """Every score of the lake and the baselines, for pages whose two labels agree.

    Pages that the lake does not hold, as copies are dropped, do not count.
    """
    passes = read_passes(folder)
    agreed = {name: one for name, (one, two) in passes.items() if one == two}
    scores = page_scores(lake, sorted(agreed), data)
    names = sorted(next(iter(scores.values()))) if scores else []
    weights = draw_weights(len(scores), 0)
    for sought, positive in _POSITIVE.items():
        is_positive = np.array([agreed[page] in positive for page in scores])
        for name in names:
            values = np.array([of[name] for of in scores.values()])
            values = np.where(np.isfinite(values), values, -1e9)
            found = rank(values, is_positive, weights)
            yield Judged(name, sought, int(is_positive.sum()), len(values), found)


def page_scores(
    lake: DuckDBPyConnection, pages: Sequence[str], data: Path
) -> dict[str, dict[str, float]]:
    """Page -> every score; a score that the engine does not give is 0."""
    wanted = pa.table({"doc_id": pages})
    lake.register("wanted", wanted)
    rows = lake.sql(
        "SELECT doc_id, d.lang, text, segment_langs FROM documents d JOIN tokens USING (doc_id) "
        "JOIN wanted USING (doc_id) ORDER BY doc_id"
    ).fetchall()
    given: dict[str, dict[str, float]] = {}
    methods = set()
    for page, method, score in lake.sql(
        "SELECT doc_id, method, score FROM scores JOIN wanted USING (doc_id)"
    ).fetchall():
        given.setdefault(page, {})[method] = score
        methods.add(method)
    words = _dictionaries(data)
    found = {}
    for page, lang, text, langs in rows:
        scores = {method: given.get(page, {}).get(method) or 0.0 for method in methods}
        found[page] = scores | baselines(text, known_languages(lang, langs), words)
    if found and "translation" in methods:
        ranks = [
            rankdata([of[name] for of in found.values()]) for name in ("translation", "gale_church")
        ]
        for of, joined in zip(found.values(), np.mean(ranks, axis=0), strict=True):
            of["translation and gale_church"] = float(joined)
    return found


def baselines(
    text: str, langs: Sequence[str], words: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, float]:
    """Gale-Church and dictionary scores of a page, by the languages of its segments."""
    segments = list(zip(split_segments(text), langs, strict=True))
    sizes: Counter[str] = Counter()
    for segment, lang in segments:
        sizes[lang] += len(segment)
    other = max((lang for lang in LANGUAGES if lang != "en"), key=lambda lang: sizes[lang])
    sides = [[segment for segment, lang in segments if lang == of] for of in ("en", other)]
    english, translated = ("\n".join(side) for side in sides)
    lengths = [[len(segment.strip()) for segment in side] for side in sides]
    return {
        "gale_church": gale_church(*lengths),
        "dictionary": dictionary(english, translated, words[f"en-{other}"]),
    }


def agreement(passes: Mapping[str, tuple[str, str]]) -> float:
    """Cohen's kappa of the two passes."""
    one, two = (np.array([labels[n] for labels in passes.values()]) for n in (0, 1))
    return kappa(one, two)


def _dictionaries(data: Path) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for pair, entries in read_words(data).items():
        words: dict[str, list[str]] = {}
        for english, other in entries:
            words.setdefault(english.lower(), []).append(other.lower())
        found[pair] = words
    return found
