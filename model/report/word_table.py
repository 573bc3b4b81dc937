"""The table of every word: data in the page, and the script and style that show it.

The script shows only the first rows that match a query and counts the rest, so a page with fourteen
thousand words renders fast. The rest of the page needs no script.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pivotmine.model.results import Run
from pivotmine.show.look.page import embedded, html, joined

STYLE = """
#words td { white-space: nowrap; }
#words th { position: sticky; top: 0; background: var(--ground); }
#words th button { border: 0; padding: 0; font-weight: 600; cursor: pointer; }
#words .scroll { max-height: 640px; overflow: auto; }
"""

SCRIPT = """
(function () {
  const holder = document.getElementById("word-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent), body = document.querySelector("#words tbody");
  const query = document.getElementById("query"), pick = document.getElementById("direction");
  const said = document.getElementById("found"), most = 200;
  let rows = data.rows, by = -1, up = true;
  const low = rows.map(r => r.filter(c => typeof c === "string").join(" ").toLowerCase());
  function show() {
    const asked = query.value.toLowerCase().split(/\\s+/).filter(Boolean), way = pick.value;
    let found = [];
    rows.forEach((r, n) => {
      const here = !way || r[data.direction] === way;
      if (here && asked.every(w => low[n].includes(w))) found.push(r);
    });
    if (by >= 0) found.sort((a, b) => {
      const x = a[by], y = b[by];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = typeof x === "number" && typeof y === "number" ? x - y
        : String(x).localeCompare(String(y));
      return up ? order : -order;
    });
    body.replaceChildren(...found.slice(0, most).map(r => {
      const line = document.createElement("tr");
      r.forEach((c, n) => {
        const cell = line.insertCell();
        if (data.numeric[n]) cell.className = "n";
        cell.textContent = c === null ? "" : typeof c === "number" && !Number.isInteger(c)
          ? c.toFixed(3) : c;
      });
      return line;
    }));
    said.textContent = found.length + " of " + rows.length + " rows"
      + (found.length > most ? ", the first " + most + " shown" : "");
  }
  const heads = document.querySelectorAll("#words th button");
  heads.forEach((head, n) => head.addEventListener("click", () => {
    up = by === n ? !up : !data.numeric[n]; by = n; show();
  }));
  query.addEventListener("input", show); pick.addEventListener("change", show);
  query.form.addEventListener("submit", e => e.preventDefault());
  show();
})();
"""


COLUMNS = {
    "model": "model", "direction": "direction", "concept": "concept", "source": "source",
    "target": "target", "contrast": "contrast", "accuracy_source": "acc@1", "he2025": "he2025",
    "sound": "behaviour", "pivot": "pivot word", "together": "together",
    "of_source": "with source", "of_target": "with target", "path": "pivot path",
    "left_out": "left out",
}  # fmt: skip
"""Column -> heading."""


def words(scores: Sequence[Run], lens: Sequence[Run], attributed: Sequence[Run]) -> Markup:
    """The section with every word of every direction, to search and sort."""
    rows = _rows(scores, lens, attributed)
    shown = [name for name in COLUMNS if any(row.get(name) is not None for row in rows)]
    numeric = [any(isinstance(row.get(name), int | float) for row in rows) for name in shown]
    data = {
        "rows": [[row.get(name) for name in shown] for row in rows],
        "numeric": numeric,
        "direction": shown.index("direction"),
    }
    directions = sorted({row["direction"] for row in rows})
    options = joined(html("<option>{}</option>", direction) for direction in directions)
    heads = joined(
        html(
            '<th scope="col"{}><button type="button">{}</button></th>',
            html(' class="n"') if is_number else "",
            COLUMNS[name],
        )
        for name, is_number in zip(shown, numeric, strict=True)
    )
    return html(
        "<p class='screen'>{:,} rows. Type parts of words, concepts or behaviours; "
        "press a heading to sort.</p><form><input id='query' type='search' "
        "placeholder='e.g. lait, dog-n, pivot' aria-label='search words'>"
        "<select id='direction' aria-label='direction'><option value=''>all directions</option>"
        "{}</select><span id='found' class='soft' role='status'></span></form>"
        "<div class='scroll screen' tabindex='0'><table><thead><tr>{}</tr></thead><tbody></tbody>"
        "</table></div><p class='print'>The table of words is not printed.</p>"
        "<noscript><p>The table of words needs a script.</p></noscript>{}",
        *(len(rows), options, heads, embedded("word-data", data)),
    )


def _rows(
    scores: Sequence[Run], lens: Sequence[Run], attributed: Sequence[Run]
) -> list[dict[str, Any]]:
    """A row for every model, direction and concept, with the columns of all runs."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}

    def fill(run: Run, columns: Mapping[str, str]) -> None:
        model = run.summary["model"]["name"]
        for each in run.words.to_pylist():
            place = (model, each["direction"], each["concept"])
            row = rows.setdefault(place, dict(zip(COLUMNS, place, strict=False)))
            row |= {name: _plain(each[of]) for name, of in columns.items() if of in each}

    for run in scores:
        same = {name: name for name in ("contrast", "accuracy_source", "he2025")}
        fill(run, {"source": "word", "target": "answer", **same})
    for run in lens:
        fill(run, {name: name for name in ("source", "target", "pivot", "sound")})
    for run in attributed:
        context = run.summary["settings"]["context"]
        counted = {"together": "together", "of_source": "source", "of_target": "target"}
        counted["path"] = "path"
        columns = {name: f"{context}_{of}" for name, of in counted.items()}
        fill(run, {**columns, **{name: name for name in ("source", "target", "left_out")}})
    return [row for _, row in sorted(rows.items())]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
