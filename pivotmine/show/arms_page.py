"""The page of the arms: what each selection holds, side by side, in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from pivotmine.ask.arms import Arms, Coverage, Shares
from pivotmine.show.look import charts
from pivotmine.show.look.page import Section, figure, html, joined, page, table

# For the arm with the most, its share, the part, the arm with the least, and its share.
_RARE = "{0} realises {1:.0%} of the links that meet in {2} contexts, {3} {4:.0%}."
_PAIR = "{0} realises {1:.0%} of the {2} links, {3} {4:.0%}."
_HOLDS = "{1:.0%} of the tokens of {0} are {2}, and {4:.0%} of those of {3}."

_EQUAL = 0.005
"""A smaller difference of shares is none to readers."""


def arms_page(found: Arms, warehouse: str) -> str:
    """The page as HTML; the same lake gives the same bytes."""
    n_tokens = max(arm.n_tokens for arm in found.arms)
    n_links = sum(stratum.n_links for stratum in found.strata)
    lead = html(
        '<p class="soft">{} arms of at most {:,} tokens from {}; {:,} links count for scores. A '
        "document of an arm explains itself with <code>pivotmine explain DOC_ID</code>.</p>",
        *(len(found.arms), n_tokens, warehouse, n_links),
    )
    if found.note_on_empty:
        lead += html("<p>{}.</p>", found.note_on_empty)
    sections = [
        Section("sizes", "What each arm holds", _sizes(found)),
        Section("coverage", "Links that the arms realise", _coverages(found)),
        Section("languages", "Languages", _languages(found)),
        Section("types", "Types of documents", _parts(found.types, "type of the document")),
        Section("sources", "Sources", _parts(found.sources, "source")),
        Section("overlap", "Documents in common", _overlap(found)),
        Section("examples", "Documents drawn from each", _examples(found)),
    ]
    return page("What the selections hold", lead, sections)


def _names(found: Arms) -> list[str]:
    return [arm.name for arm in found.arms]


def _sizes(found: Arms) -> Markup:
    rates = {arm.name: 1000 * arm.n_links / arm.n_tokens for arm in found.arms if arm.n_tokens}
    rows = [
        [
            arm.name,
            f"{arm.n_docs:,}",
            f"{arm.n_tokens:,}",
            *(f"{length:,}" for length in arm.lengths),
            f"{arm.n_links:,}",
            f"{rates[arm.name]:.1f}" if arm.name in rates else "",
            f"{arm.n_files:,}" if arm.n_files else "",
        ]
        for arm in found.arms
    ]
    heads = ["arm", "documents", "tokens", "lower quartile", "median", "upper quartile"]
    heads += ["distinct links", "links per 1,000 tokens", "shard files"]
    said = "Quartiles of a document's tokens; links whose words stand where languages touch"
    numbers = table(heads, rows, said)
    if not rates:
        return numbers
    drawn = [charts.Estimate(name, rates.get(name, 0.0), series=name) for name in _names(found)]
    spec = charts.bars(drawn, "distinct links per 1,000 tokens", form=",.1f")
    most = max(rates, key=lambda arm: rates[arm])
    least = min(rates, key=lambda arm: rates[arm])
    said = f"{most} realises {rates[most]:.1f} links per 1,000 tokens"
    if rates[least] < rates[most]:
        said += f", {least} {rates[least]:.1f}"
    return figure(spec, f"{said}.", below=numbers)


def _coverages(found: Arms) -> Markup:
    return joined(
        [
            html(
                "<p>How many of the links that prevail over their rivals at least one document of "
                "the arm realises. Frequent links are in every arm; arms differ in rare links, and "
                "in pairs of languages that seldom meet.</p>"
            ),
            _coverage(found, found.strata, "contexts in which they meet", _RARE),
            _coverage(found, found.pairs, "language pair", _PAIR),
        ]
    )


def _coverage(found: Arms, parts: Sequence[Coverage], by: str, said: str) -> Markup:
    shares = {
        part.name: {arm: part.covered.get(arm, 0) / part.n_links for arm in _names(found)}
        for part in parts
        if part.n_links
    }
    rows = [
        (arm, [shares[part.name][arm] if part.name in shares else None for part in parts])
        for arm in _names(found)
    ]
    totals = ", ".join(f"{part.name}: {part.n_links:,}" for part in parts)
    spec = charts.matrix([part.name for part in parts], rows)
    note = f"Share of the links realised, by {by}. Number of links: {totals}."
    return figure(spec, _most_unequal(shares, said), note)


def _languages(found: Arms) -> Markup:
    return joined(
        [
            html(
                "<p>By segment: what a model would read. Budgets count the language of most of a "
                "document, so the arms are equal in that, and differ in what else their documents "
                "hold.</p>"
            ),
            _parts(found.segment_languages, "language of the segment"),
            _parts(found.languages, "language of the document"),
        ]
    )


def _parts(found: Shares, by: str) -> Markup:
    """Stacked bars, and the tokens as a table."""
    parts = sorted({part for amounts in found.values() for part in amounts})
    if not parts:
        return html("<p>Nothing is known about the {}.</p>", by)
    parts.sort(key=lambda part: part == "others")
    shares = {
        part: {
            arm: amounts.get(part, 0) / sum(amounts.values())
            for arm, amounts in found.items()
            if amounts
        }
        for part in parts
    }
    rows = [
        [arm, *(f"{amounts.get(part, 0):,}" for part in parts)] for arm, amounts in found.items()
    ]
    spec = charts.stacked(list(found.items()), f"tokens by {by}", parts=parts)
    numbers = table(["arm", *parts], rows, folded="Tokens")
    return figure(spec, _most_unequal(shares, _HOLDS), f"Tokens by {by}.", numbers)


def _overlap(found: Arms) -> Markup:
    names, shared = _names(found), found.shared_tokens
    shares = {
        one: {other: shared.get((one, other), 0) / shared[one, one] for other in names}
        for one in names
        if (one, one) in shared
    }
    rows = [
        (f"{one}, also in", [shares[one][other] if one in shares else None for other in names])
        for one in names
    ]
    pairs = [(share, one, other) for one, of in shares.items() for other, share in of.items()]
    share, one, other = max((p for p in pairs if p[1] != p[2]), default=(0.0, "", ""))
    said = f"{other} holds {share:.0%} of the tokens of {one}" if one else "There is one arm"
    note = "Share of the tokens of the arm at the left that the arm above holds, too."
    return figure(charts.matrix(names, rows), f"{said}.", note)


def _examples(found: Arms) -> Markup:
    rows = [
        [
            one.arm,
            html("<code>{}</code>", one.doc_id[:12]),
            *(value or "" for value in (one.source, one.lang, one.type, one.reason)),
            f"{one.n_tokens:,}",
        ]
        for one in found.examples
    ]
    heads = ["arm", "document", "source", "language", "type", "taken for", "tokens"]
    return table(heads, rows, "The first of each arm's order, which is random", 6)


def _most_unequal(shares: Mapping[str, Mapping[str, float]], form: str) -> str:
    """A sentence on the part whose share (part -> arm -> share) differs most between arms."""
    if not any(shares.values()):
        return "There is nothing to compare."
    part, of = max(shares.items(), key=lambda item: max(item[1].values()) - min(item[1].values()))
    least, most = min(of, key=lambda arm: of[arm]), max(of, key=lambda arm: of[arm])
    if of[most] - of[least] < _EQUAL:
        return "The arms hold equal shares."
    return form.format(most, of[most], part, least, of[least])
