"""View Arms: what each arm bought, side by side."""

from __future__ import annotations

import pyarrow as pa

from pivotmine.ask.arm_growth import link_growth, template_shares
from pivotmine.ask.arms import Shares, describe_arms
from pivotmine.explore.charts import growth_chart, shares_chart
from pivotmine.explore.view import Asked, View


def arms(asked: Asked) -> View:
    """No values.

    Raises
    ------
    LakeError
        Nothing is selected yet.
    """
    found = describe_arms(asked.connection)
    growth = link_growth(asked.connection)
    templates = template_shares(asked.connection)
    by_template: Shares = {}
    for one in templates:
        by_template.setdefault(one.arm, {})[one.template] = one.n_tokens
    names = [arm.name for arm in found.arms]
    parts = {
        "language of segments": found.segment_languages,
        "type": found.types,
        "source": found.sources,
        "template": by_template,
    }
    return View(
        "arms",
        "Arms",
        {
            "found": found,
            "growth": growth_chart(growth, names),
            "charts": [
                (name, shares_chart(shares, names, name, asked.languages))
                for name, shares in parts.items()
                if shares
            ],
        },
        {
            "arms": pa.Table.from_pandas(found.df(), preserve_index=False),
            "growth": growth.to_arrow(),
            "parts": _parts(parts),
            "overlap": _overlap(found.shared_docs, found.shared_tokens),
        },
        ("vega",),
    )


def _parts(parts: dict[str, Shares]) -> pa.Table:
    rows = [
        {"by": by, "arm": arm, "part": part, "n_tokens": n}
        for by, shares in parts.items()
        for arm, held in shares.items()
        for part, n in held.items()
    ]
    return pa.Table.from_pylist(rows)


def _overlap(docs: dict[tuple[str, str], int], tokens: dict[tuple[str, str], int]) -> pa.Table:
    rows = [
        {"arm": one, "other": other, "n_docs": n, "n_tokens": tokens[one, other]}
        for (one, other), n in docs.items()
    ]
    return pa.Table.from_pylist(rows)
