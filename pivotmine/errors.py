"""The error tree: everything PivotMine raises on purpose descends from `PivotMineError`.

The CLI prints these as one clear message (what value, which fix) and exits with status 2; any
other exception is a bug and keeps its traceback.
"""

import errno
import re
from collections.abc import Iterator

from pivotmine.redaction import redact_text


class PivotMineError(Exception):
    """Base of all errors that a user can act on. A message never holds the secrets of a URI."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(redact_text(arg) if isinstance(arg, str) else arg for arg in args))


class ConfigError(PivotMineError):
    """A recipe or an override is wrong; the message gives the dotted name and what is allowed."""


class InputError(PivotMineError):
    """An input as a whole cannot be used: nothing matches, or it may not be listed."""


class LakeError(PivotMineError):
    """The lake cannot be opened, written or committed, or a table is not there yet."""


class StorageError(LakeError):
    """A store or catalog refuses what is asked of it, or gives no answer that can be used."""


class StoreUnavailable(StorageError):
    """An error that should have passed did not, in all the time that the recipe gives it.

    It says nothing of the file that was asked for, so no reader may make a reject of it.
    """


class DamagedError(LakeError):
    """A file of the lake is gone, or its bytes are not those that were written."""


class ConservationError(PivotMineError):
    """Rows in differ from rows out + rejected + deduplicated: a bug, so nothing was committed."""


class SetupError(PivotMineError):
    """The machine lacks something: Java, a Python package, a model file."""


class DiskError(PivotMineError):
    """A disk is full, read-only, broken or closed to this user."""


class ModelError(PivotMineError):
    """A model's numbers cannot be used: not finite, or two computations of them differ."""


def disk_error(error: BaseException) -> DiskError | None:
    """What an error of the operating system says of a disk, in one line with its fix.

    Libraries wrap such errors, and Spark and SQLite pass them on as text; all are understood. None
    for every other error.
    """
    for one in _causes(error):
        number = one.errno if isinstance(one, OSError) else None
        text = str(one)
        for (code, *words), (what, fix) in _DISK.items():
            if number == code or any(str(said) in text for said in words):
                where = _path_of(one) if number == code else None
                return DiskError(f"{what}{f': {where}' if where else ''}. {fix}")
    return None


_FREE = (
    "Free some, or name other disks (lake.warehouse, or spark.local.dir in spark.conf and TMPDIR "
    "for what Spark keeps while it works), and run again: what was committed before stays."
)
_DISK = {
    (errno.ENOSPC, "No space left on device", "database or disk is full"): (
        "no space is left on a disk",
        _FREE,
    ),
    (errno.EDQUOT, "Disk quota exceeded"): ("the quota of a disk is used up", _FREE),
    (errno.EFBIG, "File too large"): (
        "a file would be larger than is allowed",
        "Raise the limit (`ulimit -f`), or use another file system.",
    ),
    (errno.EROFS, "Read-only file system", "attempt to write a readonly database"): (
        "a disk is read-only",
        "Mount it for writing, or set lake.warehouse to a folder that you may write. What was "
        "committed before stays.",
    ),
    (errno.EIO, "Input/output error", "disk I/O error"): (
        "a disk reports an error",
        "Look at the log of the system. `pivotmine audit` shows which files of the lake are "
        "damaged.",
    ),
    (errno.EACCES, "Permission denied"): (
        "access to a file is denied",
        "Give this user the right, or name another place.",
    ),
    (errno.EMFILE, "Too many open files"): (
        "too many files are open",
        "Raise the limit (`ulimit -n`).",
    ),
}
"""Number and words of an error of the system, and SQLite's words: what it means, what mends it."""


def _path_of(error: BaseException) -> str | None:
    """The file that an error names."""
    if isinstance(error, OSError) and error.filename is not None:
        return str(error.filename)
    found = re.search(r"'((?:file:)?/[^']+)'", str(error))
    return found[1] if found else None


def was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is behind an error. Libraries fail in other ways as they clean up after it."""
    return any(isinstance(one, KeyboardInterrupt) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it came from."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
