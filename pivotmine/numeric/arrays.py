"""Checks of the arrays that kernels take.

Compiled code does not check bounds: an offset past the end or a token id outside the vocabulary
would silently read or overwrite other memory. These checks are single vectorised passes (a
minimum, a maximum), well under a nanosecond per token, and they run on every call.

`readonly` also gives numba one array type per argument. Arrow buffers are read-only and fresh numpy
arrays are not, and numba compiles a kernel anew for each combination of the two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pivotmine.errors import InputError


def readonly(values: NDArray[Any], dtype: DTypeLike, name: str) -> NDArray[Any]:
    """`values` as a flat, contiguous, read-only array of `dtype`; a view where they are one.

    Raises
    ------
    InputError
        Not one-dimensional, or of a type that `dtype` cannot hold: token ids as int64, for example,
        would silently lose their upper bits.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"{name} has {array.ndim} dimensions; a flat array is needed")
    if array.size and not np.can_cast(array.dtype, dtype, "safe"):
        raise InputError(f"{name} is {array.dtype}, not {np.dtype(dtype)}; convert it first")
    view = np.ascontiguousarray(array, dtype=dtype).view()
    view.flags.writeable = False
    return view


def offsets_array(offsets: NDArray[np.integer], n_values: int, name: str) -> NDArray[np.int64]:
    """CSR offsets as int64, checked to rise from >= 0 to at most `n_values`.

    They need not start at 0 or reach the end: a sliced Arrow list column keeps all its values.

    Raises
    ------
    InputError
        Empty, falling, negative or past the end.
    """
    checked = readonly(offsets, np.int64, name)
    if checked.size == 0:
        raise InputError(f"{name} is empty; n rows need n + 1 offsets")
    if checked[0] < 0 or checked[-1] > n_values or bool(np.any(checked[1:] < checked[:-1])):
        raise InputError(
            f"{name} must rise within 0..{n_values}; it spans {checked.min()}..{checked.max()}"
        )
    return checked


def check_range(values: NDArray[np.integer], low: int, high: int, name: str) -> None:
    """Raise `InputError` unless every value lies in low..high-1."""
    if values.size and (int(values.min()) < low or int(values.max()) >= high):
        raise InputError(
            f"{name} must lie in {low}..{high - 1}; found {values.min()}..{values.max()}"
        )


def row_index(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of every value of a CSR array, [offsets[-1] - offsets[0]]."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
