"""Pages whose paths differ in the language alone: which translate each other, by their names."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_CODES = {
    "en": "en en-us en_us en-gb en_gb c",
    "fr": "fr fr_fr fr-fr",
    "zh": "zh zh-cn zh_cn zh-tw zh_tw zh-hans zh_hans zh-hant zh_hant cn",
    "ja": "ja ja_jp ja-jp jp",
}
_NAMES = sorted({name for names in _CODES.values() for name in names.split()}, key=len)[::-1]
_CODE = re.compile(rf"(?<![a-z0-9])({'|'.join(map(re.escape, _NAMES))})(?![a-z0-9])")


class TruePages(NamedTuple):
    """Pages, each text once."""

    rows: pa.Table
    """Columns `doc_id`, `source`, `lang` (by the path) and `text`."""

    keys: list[set[str]]
    """Source and path of each page, without languages."""


def page_key(source: str, path: str) -> str:
    """What the addresses of a page and its translations have in common."""
    return f"{source}|{_CODE.sub('*', path.lower())}"


def read_pages(file: str, every: int, offset: int, sources: str) -> TruePages:
    """Pages with the addresses of one in `every`, by a hash, of sources that match a pattern."""
    rows = pq.read_table(file, columns=["source", "path", "lang", "text"]).to_pylist()
    kept: dict[str, dict[str, str]] = {}
    keys: dict[str, set[str]] = {}
    for row in rows:
        key = page_key(row["source"], row["path"])
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        chosen = int.from_bytes(digest, "little") % every == offset
        if chosen and re.fullmatch(sources, row["source"]) and row["lang"] in _CODES:
            doc_id = hashlib.blake2b(row["text"].encode(), digest_size=16).hexdigest()
            named = {"doc_id": doc_id, "source": "", "lang": row["lang"], "text": row["text"]}
            kept.setdefault(doc_id, named)
            keys.setdefault(doc_id, set()).add(key)
    found = sorted(kept)
    schema = pa.schema([(name, pa.string()) for name in ("doc_id", "source", "lang", "text")])
    return TruePages(
        pa.Table.from_pylist([kept[one] for one in found], schema), [keys[one] for one in found]
    )
