"""Probabilities of labels under a fastText model, from the summed features of many texts.

The same as the library's `predict`. Labels of one column (a language, or all languages that a
script rules out) are summed as they are found, and parts of the tree without a label that is asked
for are not walked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.text.fasttext_file import HIERARCHICAL_SOFTMAX, SOFTMAX
from pivotmine.text.fasttext_kernel import Integer

_LOG_FLOOR = 1e-5  # fastText adds it to every factor before it takes a logarithm
_MAX_SIGMOID, _SIGMOID_STEPS = 8.0, 512


class Asked(NamedTuple):
    """Which labels are asked for, by script of a text. K columns, L labels."""

    columns: NDArray[np.int32]
    """int32[scripts, L]: column that a label is added to, -1 for none."""
    n_columns: int
    wanted: NDArray[np.bool_]
    """bool[scripts, nodes]: whether a label below a node of the tree is asked for."""


def asked(columns: NDArray[np.int32], children: NDArray[np.int32], n_columns: int) -> Asked:
    """What `label_masses` needs to know; `children` are those of `ModelFile`."""
    n_labels = columns.shape[1]
    wanted = np.zeros((len(columns), n_labels + len(children)), np.bool_)
    wanted[:, :n_labels] = columns >= 0
    for inner, (left, right) in enumerate(children.tolist()):
        wanted[:, n_labels + inner] = wanted[:, left] | wanted[:, right]
    return Asked(np.ascontiguousarray(columns), n_columns, wanted)


def label_masses(
    hidden: NDArray[np.float32],
    n_features: NDArray[np.int64],
    scripts: NDArray[np.int64],
    outputs: NDArray[np.float32],
    loss: int,
    children: NDArray[np.int32],
    question: Asked,
    least: float,
) -> NDArray[np.float64]:
    """float64[S, K]: sum of the probabilities of the labels of each column.

    Labels less probable than `least` are left out, as `predict` does with its threshold.

    Parameters
    ----------
    scripts
        int64[S] row of `question.columns` for each text.
    outputs
        float32[L, D] for a tree, float32[D, L] for other losses.
    """
    masses = np.zeros((len(hidden), question.n_columns))
    n_labels = question.columns.shape[1]
    if loss == HIERARCHICAL_SOFTMAX:
        nodes = np.empty(2 * n_labels, np.int64)
        chances = np.empty(2 * n_labels)
        for_tree = (outputs, children, question, least + _LOG_FLOOR, nodes, chances)
        walk_trees(hidden, n_features, scripts, *for_tree, masses)
    else:
        scores = np.empty(n_labels, np.float32)
        sum_labels(hidden, n_features, scripts, outputs, loss, question, least, scores, masses)
    return masses


@njit
def sum_labels(
    hidden: NDArray[np.float32],
    n_features: NDArray[np.int64],
    scripts: NDArray[np.int64],
    outputs: NDArray[np.float32],
    loss: int,
    question: Asked,
    least: float,
    scores: NDArray[np.float32],
    masses: NDArray[np.float64],
) -> None:
    """See `label_masses`: losses without a tree. `scores` is room for those of a text."""
    for text in range(len(hidden)):
        if n_features[text] == 0:
            continue
        flat_probabilities(hidden, text, outputs, loss, scores)
        for label in range(len(scores)):
            column = question.columns[scripts[text], label]
            if column >= 0 and scores[label] >= np.float32(least):
                masses[text, column] += scores[label] + _LOG_FLOOR


@njit
def walk_trees(
    hidden: NDArray[np.float32],
    n_features: NDArray[np.int64],
    scripts: NDArray[np.int64],
    outputs: NDArray[np.float32],
    children: NDArray[np.int32],
    question: Asked,
    least: float,
    nodes: NDArray[np.int64],
    chances: NDArray[np.float64],
    masses: NDArray[np.float64],
) -> None:
    """See `label_masses`: from the root of the tree of labels to those that are asked for.

    `nodes` and `chances` are room for the nodes that are still to be visited.
    """
    n_labels = question.columns.shape[1]
    root = question.wanted.shape[1] - 1
    for text in range(len(hidden)):
        script = scripts[text]
        nodes[0] = root
        chances[0] = 1.0
        n_open = 1 if question.wanted[script, root] and n_features[text] else 0
        while n_open:
            n_open -= 1
            node, chance = nodes[n_open], chances[n_open]
            if node < n_labels:
                masses[text, question.columns[script, node]] += chance
                continue
            inner = node - n_labels
            right = 1.0 / (1.0 + np.exp(-np.float64(dot(outputs, inner, hidden, text))))
            for side in range(2):
                share = right if side else 1.0 - right
                below = np.int64(children[inner, side])
                reached = chance * (share + _LOG_FLOOR)
                if question.wanted[script, below] and reached >= least:
                    nodes[n_open], chances[n_open] = below, reached
                    n_open += 1


@njit
def dot(
    left: NDArray[np.float32], row: Integer, right: NDArray[np.float32], other_row: Integer
) -> np.float32:
    """Scalar product of a row of each matrix, summed in four lanes in a fixed order."""
    first = second = third = fourth = np.float32(0)
    n = left.shape[1]
    whole = n - n % 4
    for at in range(0, whole, 4):
        first += left[row, at] * right[other_row, at]
        second += left[row, at + 1] * right[other_row, at + 1]
        third += left[row, at + 2] * right[other_row, at + 2]
        fourth += left[row, at + 3] * right[other_row, at + 3]
    for at in range(whole, n):
        first += left[row, at] * right[other_row, at]
    return (first + second) + (third + fourth)


@njit
def flat_probabilities(
    hidden: NDArray[np.float32],
    text: Integer,
    outputs: NDArray[np.float32],
    loss: int,
    scores: NDArray[np.float32],
) -> None:
    """Probabilities of all labels to `scores`: softmax, or a sigmoid of each.

    A cell is summed over the dimensions in order, whatever is computed with it at once.
    """
    for label in range(len(scores)):
        scores[label] = 0
    for row in range(hidden.shape[1]):
        weight = hidden[text, row]
        for label in range(len(scores)):
            scores[label] += weight * outputs[row, label]
    if loss != SOFTMAX:
        for label in range(len(scores)):
            scores[label] = stepped_sigmoid(scores[label])
        return
    highest = scores[0]
    for label in range(len(scores)):
        highest = max(highest, scores[label])
    total = np.float32(0)
    for label in range(len(scores)):
        scores[label] = np.exp(scores[label] - highest)
        total += scores[label]
    for label in range(len(scores)):
        scores[label] /= total


@njit
def stepped_sigmoid(score: np.float32) -> float:
    """The sigmoid of fastText, in 512 steps from -8 to 8."""
    if score < -_MAX_SIGMOID:
        return 0.0
    if score > _MAX_SIGMOID:
        return 1.0
    step = int((score + _MAX_SIGMOID) * _SIGMOID_STEPS / _MAX_SIGMOID / 2)
    return float(1.0 / (1.0 + np.exp(_MAX_SIGMOID - step * 2 * _MAX_SIGMOID / _SIGMOID_STEPS)))
