"""What the numbers support, as sentences, by these rules.

* A claim is *supported* if its Holm-adjusted p-value is below .05, its interval excludes the null,
  and the sign is the claimed one. It is *contradicted* if the same holds with the opposite sign.
* Otherwise it is *not supported*, and the sentence gives the interval, because absence of evidence
  is not evidence of absence.
* A statistic that could not be measured is *not measured*.
* Warnings are given for: too few resamples for any contrast to be supported; a third or more of the
  pairs that never occur together in the corpus; nine in ten words right, or nine in ten wrong; a
  corpus that the model was not trained on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ALPHA = 0.05
_MANY_ZEROS = 1 / 3
_ONE_SIDED = 0.9


def verdict(summary: Mapping[str, Any]) -> list[str]:
    """The sentences: coverage, claims, baselines, single directions, warnings."""
    lines = [_coverage(summary)]
    for row in summary["contrasts"]:
        if row["scope"] == "all":
            lines.append(_claim(row))
    lines += _baselines(summary)
    lines += _directions(summary)
    lines += _warnings(summary)
    return lines


def standing(row: Mapping[str, Any]) -> str:
    """`supported`, `contradicted`, `not supported` or `not measured`."""
    if _missing(row["value"]) or _missing(row["low"]):
        return "not measured"
    if row["p_holm"] < ALPHA and not row["low"] <= 0 <= row["high"]:
        return "supported" if row["value"] > 0 else "contradicted"
    return "not supported"


def _claim(row: Mapping[str, Any]) -> str:
    said = standing(row)
    claim = f"{row['claim'][0].upper()}{row['claim'][1:]}"
    if said == "not measured":
        return f"{claim}: not measured; too few words, or a count that never varies."
    numbers = (
        f"{_number(row['value'])} [{_number(row['low'])}, {_number(row['high'])}], "
        f"Holm-adjusted p {_p(row['p_holm'])}"
    )
    if said == "not supported":
        return (
            f"{claim}: not supported ({numbers}); the interval allows anything from "
            f"{_number(row['low'])} to {_number(row['high'])}."
        )
    return f"{claim}: {said} ({numbers})."


def _coverage(summary: Mapping[str, Any]) -> str:
    total: dict[str, int] = {}
    for tally in summary["coverage"].values():
        for name, n in tally.items():
            total[name] = total.get(name, 0) + n
    gone = [
        f"{n:,} {name.removeprefix('left out: ')}"
        for name, n in sorted(total.items())
        if name.startswith("left out: ") and n
    ]
    line = (
        f"{total.get('analysed', 0):,} of {total.get('asked', 0):,} word pairs in "
        f"{len(summary['coverage'])} directions are analysed"
    )
    line += f" (left out: {', '.join(gone)})" if gone else " (none left out)"
    scored = total.get("analysed", 0) - total.get("no finite score", 0)
    return f"{line}; {scored:,} of them have a score."


def _baselines(summary: Mapping[str, Any]) -> list[str]:
    """AUCs of all simple counts, the largest first."""
    context = summary["settings"]["context"]
    lines = []
    for outcome, by_context in summary["auc"].get("all", {}).items():
        found = by_context.get(context, {})
        plain = {name: each for name, each in found.items() if " less " not in name}
        if not plain or outcome.endswith("(he2025)"):
            continue
        parts = [
            f"{name.replace('_', ' ')} {_number(each['value'])} "
            f"[{_number(each['low'])}, {_number(each['high'])}]"
            for name, each in sorted(plain.items(), key=lambda item: -item[1]["value"])
        ]
        lines.append(f"AUC against {outcome}, mean over directions: {'; '.join(parts)}.")
    return lines


def _directions(summary: Mapping[str, Any]) -> list[str]:
    found: dict[str, list[str]] = {}
    measured = 0
    for row in summary["contrasts"]:
        if row["scope"] != "all":
            said = standing(row)
            measured += said != "not measured"
            if said in ("supported", "contradicted"):
                found.setdefault(f"{row['claim']} ({said})", []).append(row["scope"])
    if not found:
        return [f"In single directions none of {measured} measured contrasts stands after Holm."]
    return [
        f"In single directions, of {measured} measured contrasts these stand after Holm: "
        + "; ".join(f"{claim}: {', '.join(scopes)}" for claim, scopes in found.items())
        + "."
    ]


def _warnings(summary: Mapping[str, Any]) -> list[str]:
    lines = []
    analysed = sum(tally["analysed"] for tally in summary["coverage"].values())
    never = sum(tally["never found: together"] for tally in summary["coverage"].values())
    if analysed and never / analysed >= _MANY_ZEROS:
        lines.append(
            f"{never:,} of {analysed:,} pairs ({never / analysed:.0%}) never meet in this corpus: "
            "differences among them are invisible, and a larger corpus could change the result."
        )
    right = sum(tally["correct: yes"] for tally in summary["coverage"].values())
    wrong = sum(tally["correct: no"] for tally in summary["coverage"].values())
    if right + wrong and max(right, wrong) / (right + wrong) >= _ONE_SIDED:
        lines.append(
            f"{right:,} words are right and {wrong:,} wrong: accuracy says little here, and the "
            "graded score is the better outcome."
        )
    n_resamples = summary["settings"]["n_resamples"]
    for family in ("primary", "by direction"):
        size = sum(
            row["family"] == family and not _missing(row["p_value"]) for row in summary["contrasts"]
        )
        if 2 * size / (n_resamples + 1) >= ALPHA:
            lines.append(
                f"{n_resamples:,} resamples cannot make any of {size} contrasts ({family}) stand "
                "after Holm: raise attribution.n_resamples."
            )
    if not summary["settings"]["is_training_corpus"]:
        lines.append(
            "The counted corpus is not what the model was trained on. It stands in for it as far "
            "as the same words are frequent in both, so a missing effect may be the corpus's, and "
            "a present one may be that of words which are common and translated everywhere."
        )
    lines.append(
        "Counts and scores were observed, not changed: nothing here shows that co-occurrence "
        "causes a translation to be learned."
    )
    return lines


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "n/a"
    rounded = round(value, 3) + 0.0  # not -0
    return f"{rounded:.3f}".replace("0.", ".", 1) if abs(rounded) < 1 else f"{value:.2f}"


def _p(value: float) -> str:
    return "below .001" if value < 0.001 else _number(value)
