"""The error tree: everything PivotMine raises on purpose descends from `PivotMineError`.

The CLI prints these as one clear message (what value, which fix) and exits with status 2; any
other exception is a bug and keeps its traceback.
"""

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


class ConservationError(PivotMineError):
    """Rows in differ from rows out + rejected + deduplicated: a bug, so nothing was committed."""


class SetupError(PivotMineError):
    """The machine lacks something: Java, a Python package, a model file."""


class ModelError(PivotMineError):
    """A model's numbers cannot be used: not finite, or two computations of them differ."""
