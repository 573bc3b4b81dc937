"""A small real lake for the pages: words of four languages, arms, and names that attack a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pivotmine.lake.lake import Lake
from tests.handmade import Row, link, make_lake, word
from tests.stages.stage_rows import tokens_row

SCRIPT = "<script>alert(1)</script>"
QUOTE = "\"'><img src=x onerror=alert(2)>"
"""Ends an attribute and an element."""

CAT, CHAT, CAT_ZH, CAT_JA, DOG, CHIEN, SCHOOL, ATTACK, ENDING, SQL = range(10)

PIECES = {
    CAT: ("▁cat", "en"),
    CHAT: ("▁chat", "fr"),
    CAT_ZH: ("猫", "zh"),
    CAT_JA: ("猫は", "ja"),
    DOG: ("▁dog", "en"),
    CHIEN: ("▁chien", "fr"),
    SCHOOL: ("▁école", "fr"),
    ATTACK: (SCRIPT, "en"),
    ENDING: (QUOTE, "fr"),
    SQL: ("'); DROP TABLE links; --", "en"),
}
N_DOCUMENTS = 25
ARMS = ("links", QUOTE, "random")


def explored_lake(folder: Path) -> Lake:
    """Make it."""
    return make_lake(
        folder,
        runs=[
            {"stage": "ingest", "config": json.dumps({"ingest": {"ingest_id": SCRIPT}})},
            {"stage": "tokenize", "config": json.dumps({"languages": ["en", "fr", "zh", "ja"]})},
            {"stage": "link", "config": json.dumps({"link": {"min_won_share": 0.5,
                                                             "max_q_value": 0.01}})},
            {"stage": "select", "config": json.dumps({"select": {"arms": [
                {"name": name, "method": method}
                for name, method in zip(ARMS, ("links", "translation", "random"), strict=True)
            ]}})},
        ],
        vocabulary=[word(number, piece, lang, n=100 - number)
                    for number, (piece, lang) in PIECES.items()],
        margins=[{"token_id": CHAT, "lang": "fr", "other_lang": "en", "n": 20, "n_contexts": 90},
                 {"token_id": CAT, "lang": "en", "other_lang": "fr", "n": 25, "n_contexts": 90}],
        links=_links(),
        lexicon=[{"token_id": CHAT, "token": "▁chat", "lang": "fr", "partner_id": CAT,
                  "partner": "▁cat", "partner_lang": "en", "rank": 1, "weight": 0.9,
                  "n_translated": 9.0, "n_ab": 10, "n": 20, "n_partner": 25, "n_contexts": 90,
                  "expected": 4.0, "is_copy": False}],
        pivots=[{"method": "links", "token_id": CAT, "token": "▁cat", "lang": "en", "score": 2.0,
                 "degree": 3, "languages": ["fr", "ja", "zh"], "rank": 1}],
        documents=[_document(number) for number in range(N_DOCUMENTS)],
        tokens=[_tokens(number) for number in range(N_DOCUMENTS)],
        scores=[row for number in range(N_DOCUMENTS) for row in _scores(number)],
        selection=[{"arm": arm, "doc_id": _id(number), "position": number, "lang": "fr",
                    "n_tokens": 6, "reason": f"{SCRIPT} score 0.5", "epoch": 0}
                   for arm in ARMS[:2] for number in range(10)],
        rejects=[{"uri": "a", "position": 1, "reason": SCRIPT, "detail": QUOTE}],
        duplicates=[],
    )  # fmt: skip


def _links() -> list[Row]:
    def named(a: int, b: int, npmi: float, **more: Any) -> Row:
        (token_a, lang_a), (token_b, lang_b) = PIECES[a], PIECES[b]
        return link(a, lang_a, b, lang_b, npmi, token_a=token_a, token_b=token_b, **more)

    return [
        named(CAT, CHAT, 0.9, g2=90.0, n_ab=20, n_won=19),
        named(CAT, CAT_ZH, 0.8, g2=80.0),
        named(CAT, CAT_JA, 0.7, g2=70.0),
        named(DOG, CHIEN, 0.6, g2=60.0),
        named(DOG, CHAT, 0.3, g2=20.0, rank_ab=2, rank_ba=2, prevails=False),
        named(ATTACK, CHAT, 0.5, g2=50.0, n_won=2, rank_ba=3, prevails=False),
        named(CAT, ENDING, 0.4, g2=40.0),
        named(ATTACK, ENDING, 0.4, g2=10.0, is_copy=True, prevails=False),
    ]


def _id(number: int) -> str:
    return f"{number:02x}".ljust(32, "0")


def _document(number: int) -> Row:
    source = SCRIPT if number % 2 else "web"
    return {"doc_id": _id(number), "source": source, "uri": f"{QUOTE}/{number}.jsonl",
            "lang": "fr", "text": "", "n_bytes": 30, "ingest_id": SCRIPT}  # fmt: skip


def _tokens(number: int) -> Row:
    row: Row = tokens_row(_id(number), ("en", [DOG, ATTACK, CAT]), ("fr", [CHAT, ENDING, CHIEN]))
    return {**row, "lang": "fr", "lang_tokens": [("en", 3), ("fr", 3)], "source": "web"}


def _scores(number: int) -> list[Row]:
    block = {"start": 0, "end": 6, "order": 1.0, "sides": []}
    numbered = {"doc_id": _id(number), "n_tokens": 6}
    return [
        {**numbered, "method": "translation", "score": number / 25, "type": "parallel",
         "links": [0, 3], "block": block, "template": number % 3},
        {**numbered, "method": "links", "score": 1 - number / 25},
        {**numbered, "method": "entropy", "score": 0.5, "evidence": [("en", 3.0), ("fr", 3.0)]},
    ]  # fmt: skip
