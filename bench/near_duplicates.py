"""How good are near-duplicates? Real pages, planted copies, exact Jaccard similarity as the truth.

    python -m bench.near_duplicates .pivotmine/demo/corpus/pages.jsonl --work DIR

Copies of real pages with 1 to 30 % of their words replaced, at random places or in one run, are
mixed with the pages, ingested with `dedup.near`, and judged against the exact similarity of every
pair. datasketch's own MinHashLSH gets the same shingles. The corpus is ingested twice, from one
file and from nine with other shuffle partitions, and both must drop the same documents. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from pivotmine import api
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe import DedupConfig
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.ingest.documents import document_id
from pivotmine.stages.ingest.shingles import find_words, shingle

EDITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
SIMILARITY = 0.8
SETTINGS = DedupConfig()
NO_LINES = np.zeros(0, np.uint64)


class Copy(NamedTuple):
    """A planted copy: numbers of the original and of the copy, and the share of edited words."""

    original: int
    copy: int
    edits: float
    in_a_run: bool


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", help="JSON Lines with `text`")
    parser.add_argument("--work", type=Path, required=True, help="new folder for lakes")
    parser.add_argument("--copied", type=int, default=150, help="pages to copy")
    parser.add_argument("--min-words", type=int, default=100, help="shortest page taken")
    arguments = parser.parse_args()
    pages = list(dict.fromkeys(_long_texts(arguments.pages, arguments.min_words)))
    texts, copies = plant(pages, arguments.copied)
    print(f"{len(pages):,} pages, {len(copies):,} planted copies\n")
    hashes, ends = shingle(find_words(texts), NO_LINES, SETTINGS.shingle_words, 1)
    exact = jaccard(hashes, ends)
    found = [
        drop(texts, arguments.work / f"lake-{n}", n_files, partitions)
        for n, (n_files, partitions) in enumerate([(1, 2), (9, 7)])
    ]
    print(f"Same documents dropped from one file and from nine: {found[0] == found[1]}\n")
    ours = clusters(len(texts), ((i, j) for i, j in found[0].items()))
    near = exact.tocoo()
    above = near.data >= SIMILARITY
    truth = clusters(len(texts), zip(near.row[above], near.col[above], strict=True))
    started = time.perf_counter()
    theirs = clusters(len(texts), datasketch_pairs(hashes, ends))
    seconds = time.perf_counter() - started
    report_edits(copies, exact, {"PivotMine": ours, "datasketch LSH": theirs})
    report_pairs(exact, truth, {"PivotMine": ours, "datasketch LSH": theirs})
    print(f"\ndatasketch: {seconds:.1f} s for signatures and index, one core.")


def _long_texts(path: str, min_words: int) -> Iterator[str]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["text"]
            if len(find_words([text]).hashes) >= min_words:
                yield text


def plant(pages: list[str], n_copied: int) -> tuple[list[str], list[Copy]]:
    """Pages, then copies of some of them with words replaced by words of the next page.

    A copy that comes out the same as another text is left out: exact copies are no question.
    """
    draw = np.random.default_rng(0)
    texts, copies = dict.fromkeys(pages), []
    for original in draw.choice(len(pages), n_copied, replace=False).tolist():
        words = pages[original].split(" ")
        others = pages[(original + 1) % len(pages)].split()
        for edits, in_a_run in product(EDITS, (False, True)):
            n_edits = max(1, round(edits * len(words)))
            places = draw.choice(len(words), n_edits, replace=False)
            if in_a_run:
                places = np.arange(n_edits) + draw.integers(len(words) - n_edits + 1)
            changed = list(words)
            for at in places.tolist():
                changed[at] = others[draw.integers(len(others))]
            text = " ".join(changed)
            if text not in texts:
                copies.append(Copy(original, len(texts), edits, in_a_run))
                texts[text] = None
    return list(texts), copies


def jaccard(hashes: NDArray[np.uint32], ends: NDArray[np.int64]) -> csr_array:
    """Exact similarities of all pairs i < j that share a shingle."""
    sets = [np.unique(part) for part in np.split(hashes, ends[:-1])]
    _, columns = np.unique(np.concatenate(sets), return_inverse=True)
    sizes = np.array([len(part) for part in sets])
    pointers = np.concatenate(([0], np.cumsum(sizes)))
    matrix = csr_array((np.ones(len(columns), np.float32), columns, pointers))
    both = (matrix @ matrix.T).tocoo()
    upper = both.row < both.col
    row, col, shared = both.row[upper], both.col[upper], both.data[upper]
    values = shared / (sizes[row] + sizes[col] - shared)
    return csr_array((values, (row, col)), shape=(len(sets), len(sets)))


def drop(texts: list[str], lake: Path, n_files: int, partitions: int) -> dict[int, int]:
    """What ingest drops: number of a text -> number of the text that is kept for it."""
    corpus = lake / "corpus"
    corpus.mkdir(parents=True)
    lines = [json.dumps({"text": text}) + "\n" for text in texts]
    for n in range(n_files):
        (corpus / f"{n}.jsonl").write_text("".join(lines[n::n_files]), encoding="utf-8")
    settings = [
        f"lake.warehouse={lake}",
        f"ingest.inputs=[{{uris: ['{corpus}']}}]",
        "dedup.near=true",
        f"dedup.max_line_docs={len(texts)}",
        f"spark.shuffle_partitions={partitions}",
    ]
    (report,) = api.run(load_recipe(None, settings), only="ingest")
    print(f"ingest with near-duplicates, {n_files} files: {report.seconds:.1f} s")
    number = {document_id(text): n for n, text in enumerate(texts)}
    rows = connect(Lake(load_recipe(None, settings).lake, read_only=True)).execute(
        "SELECT doc_id, kept_doc_id FROM duplicates"
    )
    return {number[doc_id]: number[kept] for doc_id, kept in rows.fetchall()}


def datasketch_pairs(
    hashes: NDArray[np.uint32], ends: NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    """Candidates of datasketch's index at the same similarity and length of signatures."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=SIMILARITY, num_perm=SETTINGS.permutations)
    for number, part in enumerate(np.split(hashes, ends[:-1])):
        signature = MinHash(SETTINGS.permutations, hashfunc=int)
        signature.update_batch(part.tolist())
        yield from ((other, number) for other in index.query(signature))
        index.insert(number, signature)


def clusters(n: int, pairs: Iterable[tuple[int, int]]) -> NDArray[np.int32]:
    """The component of each of `n` texts."""
    edges = np.array(list(pairs), np.int64).reshape(-1, 2)
    graph = csr_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels


def report_edits(copies: list[Copy], exact: csr_array, found: dict[str, NDArray[np.int32]]) -> None:
    """Share of planted copies that end with their original, by edits and by similarity."""
    similarity = {copy: float(exact[copy.original, copy.copy]) for copy in copies}
    print(f"| words edited | copies | mean similarity | {' | '.join(found)} |")
    print("|---|---|---|" + "---|" * len(found))
    for in_a_run, edits in product((False, True), EDITS):
        chosen = [c for c in copies if (c.edits, c.in_a_run) == (edits, in_a_run)]
        _row(f"{edits:.0%} {'in a run' if in_a_run else 'anywhere'}", chosen, similarity, found)
    print(f"\n| exact similarity | copies | mean similarity | {' | '.join(found)} |")
    print("|---|---|---|" + "---|" * len(found))
    for low, high in pairwise((0.0, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 1.01)):
        chosen = [c for c in copies if low <= similarity[c] < high]
        _row(f"{low:g} to {min(high, 1):g}", chosen, similarity, found)


def _row(
    name: str,
    copies: list[Copy],
    similarity: dict[Copy, float],
    found: dict[str, NDArray[np.int32]],
) -> None:
    mean = np.mean([similarity[c] for c in copies]) if copies else 0.0
    shares = (
        sum(labels[c.original] == labels[c.copy] for c in copies) / max(len(copies), 1)
        for labels in found.values()
    )
    cells = " | ".join(f"{share:.3f}" for share in shares)
    print(f"| {name} | {len(copies)} | {mean:.3f} | {cells} |")


def report_pairs(
    exact: csr_array, truth: NDArray[np.int32], found: dict[str, NDArray[np.int32]]
) -> None:
    """Pairs that end in one group, against those of the exact graph, and their own similarity."""
    print("\n| | pairs in one group | precision | recall | of them similarity >= 0.8 | >= 0.7 |")
    print("|---|---|---|---|---|---|")
    true = set(_pairs(truth))
    for name, labels in {"exact graph": truth, **found}.items():
        pairs = set(_pairs(labels))
        values = np.array([exact[i, j] for i, j in sorted(pairs)])
        print(
            f"| {name} | {len(pairs):,} | {len(pairs & true) / len(pairs):.4f} | "
            f"{len(pairs & true) / len(true):.4f} | {(values >= SIMILARITY).mean():.3f} | "
            f"{(values >= SIMILARITY - 0.1).mean():.3f} |"
        )


def _pairs(labels: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    shared = [label for label, n in Counter(labels.tolist()).items() if n > 1]
    for label in shared:
        members = np.flatnonzero(labels == label).tolist()
        yield from ((i, j) for at, i in enumerate(members) for j in members[at + 1 :])


if __name__ == "__main__":
    main()
