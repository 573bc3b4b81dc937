"""The small model of the torch side, for examples that ask one."""

from tests.model.conftest import small_words, tiny_model

__all__ = ["small_words", "tiny_model"]
