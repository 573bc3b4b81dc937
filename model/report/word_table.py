"""The page with the table of words: its script, and what that needs of style.

The table of words is data in the page; the script shows the first rows that match and says how many
more there are, so that fourteen thousand words cost no rendering. Without a script, and in print,
the rest of the page is whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from pivotmine.show import page as frame

STYLE = """
#words td { white-space: nowrap; }
#words th { cursor: pointer; position: sticky; top: 0; background: var(--ground); }
#words .scroll { max-height: 640px; overflow: auto; }
@media print { #words .scroll, #words #found, #words .onscreen { display: none; } }
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
  document.querySelectorAll("#words th").forEach((head, n) => head.addEventListener("click", () => {
    up = by === n ? !up : !data.numeric[n]; by = n; show();
  }));
  query.addEventListener("input", show); pick.addEventListener("change", show);
  query.form.addEventListener("submit", e => e.preventDefault());
  show();
})();
"""


def page(title: str, lead: str, sections: Sequence[tuple[str, str, str]]) -> str:
    """A whole document; see `pivotmine/show/page.py`."""
    return frame.page(title, lead, sections, STYLE, SCRIPT)
