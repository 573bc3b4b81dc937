"""The page of the arms: what each selection holds, side by side, in one file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pivotmine.ask.arms import Arms, Coverage, Shares
from pivotmine.show.charts import key_of, matrix, shares
from pivotmine.show.page import page, table
from pivotmine.show.svg import CONTROL, OTHERS, PIVOT, SOURCE, TARGET

_PALETTE = (TARGET, PIVOT, CONTROL, *OTHERS, "#ff9896", "#98df8a", "#c5b0d5", "#aec7e8")


def arms_page(found: Arms, warehouse: str) -> str:
    """The page as HTML; the same lake gives the same bytes."""
    n_tokens = max(arm.n_tokens for arm in found.arms)
    n_links = sum(stratum.n_links for stratum in found.strata)
    lead = (
        f'<p class="soft">{len(found.arms)} arms of at most {n_tokens:,} tokens from '
        f"{escape(warehouse)}; {n_links:,} links count for scores. A document of an arm explains "
        "itself with <code>pivotmine explain DOC_ID</code>.</p>"
    )
    if found.note_on_empty:
        lead += f"<p>{escape(found.note_on_empty)}.</p>"
    sections = [
        ("sizes", "What each arm holds", _sizes(found)),
        ("coverage", "Links that the arms realise", _coverages(found)),
        ("languages", "Languages", _languages(found)),
        ("types", "Types of documents", _bars(found.types, "Tokens by type of the document")),
        ("sources", "Sources", _bars(found.sources, "Tokens by source")),
        ("overlap", "Documents in common", _overlap(found)),
        ("examples", "Documents drawn from each", _examples(found)),
    ]
    return page("What the selections hold", lead, sections)


def _sizes(found: Arms) -> str:
    rows = [
        [
            escape(arm.name),
            f"{arm.n_docs:,}",
            f"{arm.n_tokens:,}",
            *(f"{length:,}" for length in arm.lengths),
            f"{arm.n_links:,}",
            f"{1000 * arm.n_links / arm.n_tokens:.1f}" if arm.n_tokens else "",
            f"{arm.n_files:,}" if arm.n_files else "",
        ]
        for arm in found.arms
    ]
    heads = ["arm", "documents", "tokens", "lower quartile", "median", "upper quartile"]
    heads += ["distinct links", "links per 1,000 tokens", "shard files"]
    said = "Quartiles of a document's tokens; links whose words stand where languages touch"
    return table(heads, rows, said)


def _coverages(found: Arms) -> str:
    return (
        "<p>How many of the links that prevail over their rivals at least one document of the arm "
        "realises. Frequent links are in every arm; arms differ in rare links, and in pairs of "
        "languages that seldom meet.</p>"
        + f'<div class="figures">{_coverage(found, found.strata, "contexts in which they meet")}'
        + f"{_coverage(found, found.pairs, 'language pair')}</div>"
    )


def _coverage(found: Arms, parts: Sequence[Coverage], said: str) -> str:
    heads = [part.name for part in parts]
    rows = [
        (
            arm.name,
            [part.covered.get(arm.name, 0) / part.n_links if part.n_links else None
             for part in parts],
        )
        for arm in found.arms
    ]  # fmt: skip
    totals = ", ".join(f"{part.name}: {part.n_links:,}" for part in parts)
    caption = f"<figcaption>By {said}. Number of links: {escape(totals)}.</figcaption>"
    drawn = matrix(heads, rows, f"Links realised, by {said}")
    return f"<figure>{drawn}{caption}</figure>"


def _languages(found: Arms) -> str:
    return (
        "<p>By segment: what a model would read. Budgets count the language of most of a "
        "document, so the arms are equal in that, and differ in what else their documents hold."
        f"</p>{_bars(found.segment_languages, 'Tokens by language of the segment')}"
        "<h3>By document</h3>"
        f"{_bars(found.languages, 'Tokens by language of the document')}"
    )


def _bars(found: Shares, title: str) -> str:
    """Stacked bars, and the tokens as a table."""
    parts = list(dict.fromkeys(part for parts in found.values() for part in parts))
    if not parts:
        return "<p>Nothing is known about them.</p>"
    parts.sort(key=lambda part: part == "others")
    # By name, so that a language has the same colour in both charts.
    colours = {part: _PALETTE[n % len(_PALETTE)] for n, part in enumerate(sorted(parts))}
    if "others" in colours:
        colours["others"] = SOURCE
    key = key_of({part: colours[part] for part in parts})
    rows = [
        (arm, [(part, amounts.get(part, 0)) for part in parts]) for arm, amounts in found.items()
    ]
    cells = [[escape(arm), *(f"{n:,}" for _, n in amounts)] for arm, amounts in rows]
    return (
        f"<figure>{shares(rows, title, colours, percent=True)}</figure>{key}"
        f"<details><summary>Tokens</summary>{table(['arm', *parts], cells)}</details>"
    )


def _overlap(found: Arms) -> str:
    names = [arm.name for arm in found.arms]
    shared = found.shared_tokens
    rows = [
        (
            f"{one}, also in",
            [
                shared.get((one, other), 0) / shared[one, one] if (one, one) in shared else None
                for other in names
            ],
        )
        for one in names
    ]
    caption = "Share of the tokens of the arm at the left that the arm above holds, too."
    drawn = matrix(names, rows, "Tokens in common")
    return f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>"


def _examples(found: Arms) -> str:
    rows = [
        [
            escape(one.arm),
            f"<code>{escape(one.doc_id[:12])}</code>",
            *(escape(value or "") for value in (one.source, one.lang, one.type, one.reason)),
            f"{one.n_tokens:,}",
        ]
        for one in found.examples
    ]
    heads = ["arm", "document", "source", "language", "type", "taken for", "tokens"]
    return table(heads, rows, "The first of each arm's order, which is random", 6)
