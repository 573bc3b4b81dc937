"""The fixture that reads a file, as in the tests of the readers."""

from tests.sources.conftest import read

__all__ = ["read"]
