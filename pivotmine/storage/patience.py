"""Retries: exponential back-off with full jitter, for as long as the settings allow.

The waiting times are those of "full jitter" (Brooker, Exponential Backoff and Jitter, 2015): a
uniform draw between 0 and a bound that doubles up to `MAX_WAIT_SECONDS`. They decide no value in
any table, so they may be random.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from pivotmine.errors import StorageError, StoreUnavailable
from pivotmine.storage.failures import explain, is_unreached, passes, said
from pivotmine.storage.settings import StorageSettings, current

Result = TypeVar("Result")

FIRST_WAIT_SECONDS = 0.2
MAX_WAIT_SECONDS = 20.0

FIRST_CONTACT_SECONDS = 10.0
"""How long a server that has never answered is waited for."""

_log = logging.getLogger("pivotmine.storage")
_LIMIT = threading.local()


def patiently(
    operation: Callable[[], Result], subject: str, settings: StorageSettings | None = None
) -> Result:
    """The result of an operation that may be repeated, after errors that pass.

    Parameters
    ----------
    operation
        Reads, or writes what it may write again.
    subject
        What it is about (an address, a table), for the message.

    Raises
    ------
    StoreUnavailable
        The error did not pass within `retry_minutes`. Other errors are raised as they are.
    """
    minutes = min((settings or current()).retry_minutes, getattr(_LIMIT, "minutes", float("inf")))
    deadline = time.monotonic() + 60 * minutes
    retrying = Retrying(
        retry=retry_if_exception(passes),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=MAX_WAIT_SECONDS),
        stop=lambda state: _is_over(state, deadline),
        before_sleep=lambda state: _tell(state, subject),
        reraise=True,
    )
    try:
        return retrying(operation)
    except StorageError:
        raise
    except Exception as error:
        if not passes(error):
            raise
        waited = f" in {minutes:g} minutes (storage.retry_minutes)" if minutes else ""
        what = explain(error) if is_unreached(error) else f"the last error is {said(error)}"
        raise StoreUnavailable(f"{subject}: no answer that can be used{waited}; {what}") from error


@contextmanager
def at_most(minutes: float) -> Iterator[None]:
    """Within this context and thread, errors are given less time to pass than the settings say."""
    before = getattr(_LIMIT, "minutes", float("inf"))
    _LIMIT.minutes = min(minutes, before)
    try:
        yield
    finally:
        _LIMIT.minutes = before


@contextmanager
def first_contact() -> Iterator[None]:
    """Within this context and thread, a server that has never answered is not waited for long.

    At the start of a command a wrong address is likelier than a network that is about to come back.
    """
    before = getattr(_LIMIT, "is_first", False)
    _LIMIT.is_first = True
    try:
        yield
    finally:
        _LIMIT.is_first = before


def _is_over(state: RetryCallState, deadline: float) -> bool:
    if time.monotonic() + state.upcoming_sleep > deadline:
        return True
    error = state.outcome.exception() if state.outcome else None
    started = state.start_time
    return (
        getattr(_LIMIT, "is_first", False)
        and error is not None
        and is_unreached(error)
        and time.monotonic() - started > FIRST_CONTACT_SECONDS
    )


def _tell(state: RetryCallState, subject: str) -> None:
    error = state.outcome.exception() if state.outcome else None
    if error is not None and state.attempt_number > 3:
        _log.warning("%s: %s; trying again", subject, said(error))
