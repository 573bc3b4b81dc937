"""View Word: the tokens of a word, how frequent they are, its partners in every language."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import Any

from pivotmine.ask.lexicon import find_translations
from pivotmine.ask.links import Partner, find_links
from pivotmine.ask.vocabulary import frequencies
from pivotmine.explore.view import Asked, Unasked, View
from pivotmine.lake.query import find_word

_SHOWN_A_LANGUAGE = 10
_READ = 2_000
"""Links of one word that are read; words have at most some hundreds."""


def word(asked: Asked) -> View:
    """Values: `q` the word, `lang` of the partners, `copies` to show them, `more` for all rows.

    Raises
    ------
    Unasked
        No word is named.
    LakeError
        The word is not a single token of the vocabulary.
    """
    question = asked.text("q")
    if not question:
        raise Unasked("name a word: type it into the box above, such as chat or fr:chat")
    connection = asked.connection
    found = find_word(connection, question)
    links = find_links(connection, question, asked.text("lang") or None, asked.limit(_READ))
    translations = find_translations(
        connection, question, asked.text("lang") or None, asked.limit(30)
    )
    frequent = frequencies(connection, found)
    settings = asked.opened.remember("link settings", lambda: _settings(connection))
    kept = [link for link in links if asked.flag("copies") or not link.is_copy]
    shown = len(kept) if asked.flag("more") else _SHOWN_A_LANGUAGE
    by_language = sorted(kept, key=lambda link: link.partner_lang)
    return View(
        "word",
        question,
        {
            "question": question,
            "word": found,
            "groups": [
                _group(lang, list(group), shown, settings)
                for lang, group in groupby(by_language, key=lambda link: link.partner_lang)
            ],
            "n_copies": sum(link.is_copy for link in links),
            "copies": asked.flag("copies"),
            "lang": asked.text("lang"),
            "frequencies": frequent,
            "translations": translations,
        },
        {
            "partners": links.to_arrow(),
            "translations": translations.to_arrow(),
            "frequencies": frequent.to_arrow(),
        },
    )


def _group(
    lang: str, links: list[Partner], shown: int, settings: tuple[float, float]
) -> dict[str, Any]:
    return {
        "lang": lang,
        "n": len(links),
        "n_prevail": sum(link.prevails for link in links),
        "rows": [{**asdict(link), "why": why(link, *settings)} for link in links[:shown]],
    }


def why(link: Partner, min_won_share: float, max_q_value: float) -> str:
    """Why a link prevails over its rivals, or does not (`pivotmine/stages/link/stage.py`)."""
    share = link.n_won / link.n_ab if link.n_ab else 0.0
    won = f"no better partner is there in {link.n_won:,} of {link.n_ab:,} contexts"
    if link.prevails:
        return won
    if min(link.rank, link.other_rank) > 1:
        return f"not the best partner of either: ranks {link.rank} and {link.other_rank}"
    if share < min_won_share:
        return f"{won}, less than {min_won_share:.0%}"
    q = link.prevails_q_value
    return won if q is None else f"{won}, but q is {q:.2g}, above {max_q_value:g}"


def _settings(connection: Any) -> tuple[float, float]:
    """Settings `link.min_won_share` and `link.max_q_value` of the run that made the links."""
    rows = connection.execute(
        """
        SELECT (config->>'$.link.min_won_share')::DOUBLE, (config->>'$.link.max_q_value')::DOUBLE
        FROM runs WHERE stage = 'link' ORDER BY finished_at DESC LIMIT 1
        """
    ).fetchall()
    share, q = rows[0] if rows else (None, None)
    return 0.5 if share is None else share, 0.01 if q is None else q
