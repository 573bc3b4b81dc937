"""How kernels are compiled.

Compiling a kernel takes about a second, and every executor process would pay it again, so machine
code is cached on disk. numba refuses to cache where it has no folder to write to (a package inside
a zip, a read-only home): there kernels are compiled without a cache. All kernels release the GIL,
so a reader thread can fill the next batch meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core import types
from numba.extending import intrinsic

__all__ = ["njit", "trailing_zeros"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def njit(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile `function` on first call, cached on disk where possible.

    The type is that of the plain function, so that callers are checked against its signature.
    """
    try:
        return cast(Callable[_P, _R], numba.njit(cache=True, nogil=True)(function))
    except RuntimeError as error:
        if "no locator" not in str(error):
            raise
        return cast(Callable[_P, _R], numba.njit(nogil=True)(function))


def _trailing_zeros(typing_context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zero_is_undefined = context.get_constant(types.boolean, True)
        return builder.cttz(arguments[0], zero_is_undefined)

    return types.int64(types.uint64), generate


trailing_zeros: Any = intrinsic(_trailing_zeros)
"""Position of the lowest bit that is set in a uint64 other than 0; for use inside kernels.

One machine instruction that numba has no name for; other ways slow pair counting by a tenth.
"""
