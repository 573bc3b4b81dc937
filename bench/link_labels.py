"""Links read by people: sheets to label, and what the labels say of nominal rates.

```
python -m bench.link_labels draw LAKE --pairs en-fr,en-ja --n 500 --seed 1 --out sheets
python -m bench.link_labels judge sheets
```

`draw` samples links over strata of q-value, prevailing and other links apart, and shows each with
up to three places where its words meet. Readers see no score. Two readers, or one reader twice,
fill the last column of `sheet-1.tsv` and `sheet-2.tsv`, which are in different orders. `key.tsv`
is for `judge` alone. Rows may be deleted if chance decides which, as their order does; a single
sheet gives rates without agreement. Mine the corpus with `link.max_q_value=0.1` to judge rates up
to that.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from blake3 import blake3
from numpy.typing import NDArray

from bench.link_places import Place, places
from pivotmine.errors import InputError
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.numeric.bootstrap import Interval, percentile_interval
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.console import plain_console, run_app
from pivotmine.show.look import curves
from pivotmine.show.look.curves import Line
from pivotmine.show.look.drawing import beside, titled, write_figure

LABELS = ("translation", "related", "template", "chance")
BANDS = (0.0, 0.001, 0.01, 0.05, 0.1)
"""Ends of the strata of q-values, which are the nominal rates that are judged."""

_INSTRUCTIONS = """# Sheets of links to label

Fill column `label` of one sheet with one word a row, from the words and the examples alone:

* `translation`: one word translates the other, in some sense that the examples show; also where
  one is an inflected form, or a piece that can only belong to such a word.
* `related`: the words belong to one expression or topic, and the texts that meet translate or
  explain each other, but other words translate these.
* `template`: they meet because pages repeat the same frame, such as a menu or a heading.
* `chance`: nothing connects them.

Read one sheet from top to bottom before you open the other. Do not open `key.tsv`.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Labelled(NamedTuple):
    """Links of a key that both sheets label, [L] each."""

    pair: NDArray[np.str_]
    stratum: NDArray[np.int64]
    weight: NDArray[np.float64]
    """Links of the lake that each stands for."""

    q_value: NDArray[np.float64]
    prevails_q_value: NDArray[np.float64]
    """1 for links that do not prevail at any rate judged."""

    labels: NDArray[np.int64]
    """[L, P] index into `LABELS` by each sheet."""


@app.command()
def draw(
    lake: Annotated[str, typer.Argument(help="Warehouse folder of a mined lake.")],
    pairs: Annotated[str, typer.Option(help="Language pairs: en-fr,en-ja.")],
    out: Annotated[Path, typer.Option(help="New folder for the sheets.")],
    n: Annotated[int, typer.Option(help="Links of each pair.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
) -> None:
    """Draw links, with the places where they meet, into sheets to label."""
    connection = connect(Lake(load_recipe(None, [f"lake.warehouse={lake}"]).lake))
    drawn: list[dict[str, Any]] = []
    for pair in pairs.split(","):
        lang_a, _, lang_b = pair.partition("-")
        rows = connection.sql(
            "SELECT a, b, token_a, token_b, lang_a, lang_b, q_value, prevails, "
            "prevails_q_value, n_ab, expected, g2 "
            "FROM links WHERE lang_a = $a AND lang_b = $b AND NOT is_copy ORDER BY a, b",
            params=dict(zip("ab", sorted((lang_a, lang_b)), strict=True)),
        ).to_arrow_table()
        if not rows.num_rows:
            raise InputError(f"{lake} has no links of {pair}; give pairs such as en-fr")
        drawn.extend(sample_links(rows.to_pylist(), n, seed))
    for row in drawn:
        row["id"] = _digest(seed, row)
    met = places(connection, drawn, 3, seed)
    out.mkdir(parents=True)
    _write(out / "key.tsv", sorted(drawn, key=lambda row: row["id"]))
    for number in (1, 2):
        order = sorted(drawn, key=lambda row: _digest(number, row["id"]))
        _write(out / f"sheet-{number}.tsv", [_sheet_row(row, met[row["id"]]) for row in order])
    (out / "README.md").write_text(_INSTRUCTIONS, encoding="utf-8")
    plain_console().print(f"{len(drawn)} links in {out}; read {out}/README.md")


def sample_links(rows: Sequence[dict[str, Any]], n: int, seed: int) -> list[dict[str, Any]]:
    """About `n` links, as many from each stratum where it has so many, with their weights."""
    strata: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        band = int(np.searchsorted(BANDS[1:], row["q_value"]))
        strata[2 * band + int(row["prevails"])].append(row)
    found = []
    left, waiting = n, len(strata)
    # Small strata first, so that what they lack goes to the others.
    for stratum, of_stratum in sorted(strata.items(), key=lambda item: (len(item[1]), item[0])):
        taken = min(len(of_stratum), left // waiting)
        left, waiting = left - taken, waiting - 1
        for row in sorted(of_stratum, key=lambda row: _digest(seed, row))[:taken]:
            found.append({**row, "stratum": stratum, "weight": len(of_stratum) / taken})
    return found


@app.command()
def judge(
    folder: Annotated[Path, typer.Argument(help="Folder with both sheets labelled.")],
) -> None:
    """Agreement of two passes, and true rates by nominal rate; writes rates.json and rates.svg."""
    found = read_labels(folder)
    rows = list(rates(found))
    console = plain_console()
    first, second = found.labels[:, 0], found.labels[:, -1]
    console.print(f"{len(first)} links, {found.labels.shape[1]} passes")
    if found.labels.shape[1] == 2:
        console.print(f"kappa {kappa(first, second):.3f} (four labels), "
                      f"{kappa(first == 0, second == 0):.3f} (translation or not), "
                      f"{kappa(first == 3, second == 3):.3f} (chance or not)")  # fmt: skip
    for row in rows:
        shown = "  ".join(f"{name} {_percent(row[name])}" for name in ("chance", "no translation"))
        console.print(f"{row['pair']}  {row['kind']}  q <= {row['nominal']:g}  "
                      f"{row['n']} labelled  {shown}")  # fmt: skip
    (folder / "rates.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    plot(rows, folder / "rates.svg")


def read_labels(folder: Path) -> Labelled:
    """The key, and the links that all sheets label.

    Raises
    ------
    InputError
        A label is missing, or is none of `LABELS`.
    """
    key = {row["id"]: row for row in _read(folder / "key.tsv")}
    given: dict[str, list[int]] = defaultdict(list)
    numbers = [number for number in (1, 2) if (folder / f"sheet-{number}.tsv").exists()]
    for number in numbers:
        for row in _read(folder / f"sheet-{number}.tsv"):
            label = row["label"].strip().lower()
            if label not in LABELS:
                raise InputError(
                    f"sheet-{number}.tsv labels {row['id']} as {label!r}; give one of "
                    f"{', '.join(LABELS)}"
                )
            given[row["id"]].append(LABELS.index(label))
    rows = [(key[name], labels) for name, labels in given.items() if len(labels) == len(numbers)]
    return Labelled(
        np.array([f"{row['lang_a']}-{row['lang_b']}" for row, _ in rows]),
        np.array([int(row["stratum"]) for row, _ in rows]),
        np.array([float(row["weight"]) for row, _ in rows]),
        np.array([float(row["q_value"]) for row, _ in rows]),
        np.array(
            [
                float(row["prevails_q_value"]) if row["prevails"] == "True" else 1.0
                for row, _ in rows
            ]
        ),
        np.array([labels for _, labels in rows]).reshape(len(rows), -1),
    )


def kappa(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Cohen's kappa (1960): agreement beyond chance; 1 where both give one label throughout."""
    both = len(one)
    agree = float((one == other).mean())
    counts = Counter(one.tolist()), Counter(other.tolist())
    chance = sum(counts[0][label] * counts[1][label] for label in counts[0]) / both**2
    return 1.0 if chance == 1 else (agree - chance) / (1 - chance)


def rates(found: Labelled, n_resamples: int = 2000) -> Iterator[dict[str, Any]]:
    """True rates at each nominal rate, with intervals: resamples within strata, mean of passes."""
    for pair in ["all", *sorted(set(found.pair.tolist()))]:
        for kind in ("links", "prevails"):
            for nominal in BANDS[1:]:
                q_values = found.q_value if kind == "links" else found.prevails_q_value
                rows = (q_values <= nominal) & ((found.pair == pair) | (pair == "all"))
                if not rows.any():
                    continue
                labels = found.labels[rows]
                strata = np.unique([found.pair[rows], found.stratum[rows].astype(str)], axis=1,
                                   return_inverse=True)[1]  # fmt: skip
                row = {"pair": pair, "kind": kind, "nominal": nominal, "n": int(rows.sum())}
                for name, false in (("chance", labels == 3), ("no translation", labels != 0)):
                    share = false.mean(axis=1)
                    row[name] = _interval(share, found.weight[rows], strata, n_resamples)
                yield row


def _interval(
    share: NDArray[np.float64],
    weight: NDArray[np.float64],
    strata: NDArray[np.int64],
    n_resamples: int,
) -> Interval:
    generator = np.random.default_rng(0)
    sums = np.zeros(n_resamples)
    for stratum in np.unique(strata):
        of = np.flatnonzero(strata == stratum)
        drawn = generator.integers(len(of), size=(n_resamples, len(of)))
        sums += (share * weight)[of][drawn].sum(axis=1)
    return percentile_interval(float(np.average(share, weights=weight)), sums / weight.sum())


def plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """True rate of chance by nominal rate, links and prevailing links, with the diagonal."""
    panels = []
    for kind in ("links", "prevails"):
        at = sorted({row["nominal"] for row in rows if row["kind"] == kind})
        drawn = []
        for pair in dict.fromkeys(row["pair"] for row in rows):
            found = {
                row["nominal"]: row["chance"]
                for row in rows
                if (row["pair"], row["kind"]) == (pair, kind)
            }
            ends = ([found[q][n] if q in found else None for q in at] for n in range(3))
            drawn.append(Line(pair, *ends))
        drawn.append(Line("nominal", at, [None] * len(at), [None] * len(at)))
        spec = curves.lines(drawn, at, "labelled chance", "nominal rate", within=(0, 1))
        panels.append(titled(spec, kind))
    write_figure(beside(panels, columns=2), path)


def _sheet_row(row: dict[str, Any], met: Sequence[Place]) -> dict[str, str]:
    shown = {name: row[name] for name in ("id", "lang_a", "token_a", "lang_b", "token_b")}
    for number in range(3):
        place = met[number] if number < len(met) else Place("", "")
        shown |= {f"text_a_{number + 1}": place.a, f"text_b_{number + 1}": place.b}
    return {**shown, "label": ""}


def _digest(seed: int, of: Any) -> str:
    named = of if isinstance(of, str) else f"{of['lang_a']} {of['lang_b']} {of['a']} {of['b']}"
    return blake3(f"{seed} {named}".encode()).hexdigest(length=6)


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def _percent(interval: Interval) -> str:
    return f"{interval.mean:.1%} ({interval.low:.1%}-{interval.high:.1%})"


if __name__ == "__main__":
    run_app(app)
