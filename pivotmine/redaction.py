"""Secrets are taken out of what is written or printed: tables, manifests, logs, errors.

What counts as a secret is decided by its place: user and password of a URI, values of a query
string that sign or identify, and values of settings whose names say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "***"

_USER_INFO = re.compile(r"(?<![\w+.-])([a-z][a-z0-9+.-]*://)([^\s/?#'\"<>]*)@", re.IGNORECASE)

_KEEPS_CONTAINER = ("abfs", "abfss", "wasb", "wasbs")
"""Schemes that write a container where others have a user: `abfss://container@account/path`."""

_PARAMETER = re.compile(r"([?&;])([^\s=&;?#'\"<>]+)=([^\s&;#'\"<>]+)")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_SECRET_WORDS = {
    *("sig", "signature", "token", "secret", "password", "passwd", "pass", "pwd", "passphrase"),
    *("credential", "credentials", "auth", "authorization", "key", "apikey", "sas", "bearer"),
    *("accesskey", "secretkey", "keyid"),
}


def is_secret_name(name: str) -> bool:
    """Whether a setting or parameter of this name holds a secret.

    Examples
    --------
    >>> [is_secret_name(n) for n in ("s3.secret-access-key", "X-Amz-Signature", "spark.cores.max")]
    [True, True, False]
    """
    return any(word.lower() in _SECRET_WORDS for word in _WORD.findall(name))


def redact_text(text: str) -> str:
    """A text without the secrets of the URIs in it.

    User and password are taken out; values of a query string that hold secrets become `***`.

    Examples
    --------
    >>> redact_text("http://ann:hush@host/a.jsonl?sig=abc&page=2")
    'http://host/a.jsonl?sig=***&page=2'
    """
    if "://" not in text:
        return text
    return _PARAMETER.sub(_without_value, _USER_INFO.sub(_without_user, text))


@lru_cache(maxsize=256)
def public_uri(uri: str) -> str:
    """A URI as tables and messages have it: `redact_text`, remembered for a row after another."""
    return redact_text(uri)


def redact(value: Any) -> Any:
    """JSON values with every string as `redact_text` leaves it."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {name: redact(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return value


def redact_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings without the values of those whose names say that they are secret."""
    return {
        name: HIDDEN if value and is_secret_name(name) else redact_text(value)
        for name, value in settings.items()
    }


def redact_values(text: str, settings: Mapping[str, str]) -> str:
    """A text without the values of settings that may be secret, wherever they are quoted in it.

    Libraries quote what they were given in errors. Short values of settings whose names are not
    secret stay: `type`, `region`.
    """
    for name, value in settings.items():
        if value and (is_secret_name(name) or redact_text(value) != value):
            text = text.replace(value, HIDDEN)
    return redact_text(text)


def _without_user(found: re.Match[str]) -> str:
    scheme = found[1].removesuffix("://").lower()
    if scheme in _KEEPS_CONTAINER:
        return f"{found[1]}{found[2].partition(':')[0]}@"
    return found[1]


def _without_value(found: re.Match[str]) -> str:
    mark, name, _ = found.groups()
    return f"{mark}{name}={HIDDEN}" if is_secret_name(name) else found[0]
