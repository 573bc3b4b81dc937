"""Which errors of a store or a catalog pass, and what to do about those that do not.

Libraries wrap errors in others, so an error is judged together with those that it came from. The
modules of a store's library are never imported here: its errors are told by their names.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any

from pivotmine.redaction import is_secret_name, redact_values

_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}

_PASSING_CODES = {
    *("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling"),
    *("ThrottlingException", "RequestLimitExceeded", "OperationAborted", "BadDigest"),
}

_PASSING_NAMES = {
    # botocore and aiohttp
    *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "HTTPClientError"),
    *("ConnectionClosedError", "IncompleteReadError", "ResponseStreamingError", "ClientOSError"),
    *("ServerDisconnectedError", "ClientPayloadError", "ClientConnectorError", "FSTimeoutError"),
    *("ServerTimeoutError", "SocketTimeoutError", "IncompleteRead", "ResponseParserError"),
    # requests and urllib3, which speak to REST catalogs
    *("ConnectionError", "ReadTimeout", "ConnectTimeout", "ChunkedEncodingError"),
    *("ProtocolError", "RemoteDisconnected"),
    # PyIceberg
    *("ServiceUnavailableError", "ServerError", "TooManyRequestsException"),
}

_PASSING_ERRNO = {
    *(errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT),
    *(errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN),
}

_UNREACHED = {"EndpointConnectionError", "ClientConnectorError", "ConnectTimeoutError"}

_ENDPOINT = "Check storage.endpoint (or AWS_ENDPOINT_URL) and the network."
_CREDENTIALS = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or storage.profile (or AWS_PROFILE) with a "
    "credentials file; storage.anonymous: true reads public data without any."
)

_FIXES = {
    "NoCredentialsError": f"there are no credentials. {_CREDENTIALS}",
    "PartialCredentialsError": f"the credentials are incomplete. {_CREDENTIALS}",
    "CredentialRetrievalError": f"the credentials cannot be had. {_CREDENTIALS}",
    "ProfileNotFound": "the profile is in no credentials file. Set storage.profile (AWS_PROFILE), "
    "or AWS_SHARED_CREDENTIALS_FILE to the file that has it.",
    "InvalidAccessKeyId": f"the store does not know the access key. {_CREDENTIALS}",
    "SignatureDoesNotMatch": f"the secret key is wrong. {_CREDENTIALS}",
    "InvalidToken": f"the session token is wrong. {_CREDENTIALS}",
    "ExpiredToken": "the credentials have expired. Get new ones.",
    "AccessDenied": "access is denied. Give these credentials the right to list, read, write and "
    "delete objects there, or use others.",
    "AccessForbidden": "access is denied. Give these credentials the rights, or use others.",
    "NoSuchBucket": "there is no such bucket. Create it, or correct the address or "
    "storage.endpoint.",
    "RequestTimeTooSkewed": "the clock of this machine differs too much from the store's. Set it "
    "(NTP).",
    "PermanentRedirect": "the bucket is in another region. Set storage.region (or AWS_REGION).",
    "AuthorizationHeaderMalformed": "the bucket is in another region. Set storage.region (or "
    "AWS_REGION).",
    "NoRegionError": "no region is set. Set storage.region (or AWS_REGION).",
}

_FIXES["403"] = f"access is denied, or the keys are wrong. {_CREDENTIALS}"

_CREDENTIALS_PREFIXES = ("AWS_", "AZURE_", "GOOGLE_", "PYICEBERG_")

_PACKAGES = {"s3fs": "s3", "gcsfs": "gcs"}


def passes(error: BaseException) -> bool:
    """Whether the same operation may succeed later: the store is busy, or the network is down."""
    found = list(_causes(error))
    if any(name in _FIXES for one in found for name in (_code(one), type(one).__name__)):
        return False
    return any(map(_passes, found))


def is_whole_store(error: BaseException) -> bool:
    """Whether it is the bucket that is missing, and not a file of it."""
    return any(_code(one) == "NoSuchBucket" for one in _causes(error))


def is_unreached(error: BaseException) -> bool:
    """Whether no server answered at all."""
    return any(
        type(one).__name__ in _UNREACHED or isinstance(one, ConnectionRefusedError)
        for one in _causes(error)
    )


def explain(error: BaseException) -> str:
    """What went wrong and how to mend it, in one line and without secrets."""
    for one in _causes(error):
        for name in (_code(one), type(one).__name__):
            if name in _FIXES:
                return _FIXES[name]
        if isinstance(one, ImportError):
            return _missing_package(one)
    if is_unreached(error):
        return f"nothing answers there ({said(error)}). {_ENDPOINT}"
    return said(error)


def said(error: BaseException) -> str:
    """The error itself in one line, without secrets of the environment."""
    root = next((one for one in _causes(error) if _code(one)), error)
    text = " ".join(str(root).split()) or type(root).__name__
    return without_secrets(f"{type(root).__name__}: {text}")


def without_secrets(text: str) -> str:
    """A text without the credentials that this process has in its environment."""
    secrets = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_CREDENTIALS_PREFIXES) and is_secret_name(name) and len(value) > 5
    }
    return redact_values(text, secrets)


def _missing_package(error: ImportError) -> str:
    text = " ".join(str(error).split())
    for package, extra in _PACKAGES.items():
        if package in text:
            return (
                f"package {package} is not installed. "
                f"pip install '.[{extra}]' in a checkout of PivotMine"
            )
    return text


def _passes(error: BaseException) -> bool:
    if isinstance(error, TimeoutError | ConnectionError):
        return True
    if type(error).__name__ == "OperationalError":  # of SQL catalogs
        return _is_busy(str(error))
    if _status(error) in _PASSING_STATUS or _code(error) in _PASSING_CODES:
        return True
    if type(error).__name__ in _PASSING_NAMES:
        return True
    return isinstance(error, OSError) and error.errno in _PASSING_ERRNO


def _is_busy(text: str) -> bool:
    busy = ("database is locked", "connection", "could not connect", "timeout", "starting up")
    return any(word in text.lower() for word in busy)


def _code(error: BaseException) -> str:
    """Code of an S3 error, such as `SlowDown`."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    return ""


def _status(error: BaseException) -> int:
    """Status of the HTTP answer that an error stands for; 0 where there is none."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    for holder in (error, response):
        for name in ("status", "status_code", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int):
                return value
    return 0


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it came from."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "orig", None)]
