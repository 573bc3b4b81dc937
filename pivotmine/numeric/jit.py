"""One switch between compiled and plain kernels.

Compiling a kernel takes about a second, and every executor process would pay it again, so machine
code is cached on disk. numba refuses to cache where it has no folder to write to (a package inside
a zip, a read-only home): there the kernel is compiled without a cache instead of failing. All
kernels release the GIL, so a reader thread can fill the next batch meanwhile.

Where numba is missing, or `PIVOTMINE_NO_NUMBA=1` is set, every public kernel takes its numpy path:
the same numbers, several times slower.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any, Literal, ParamSpec, TypeVar, cast

from pivotmine.errors import SetupError

__all__ = ["HAVE_NUMBA", "Engine", "njit", "trailing_zeros", "use_numba"]

Engine = Literal["auto", "numba", "numpy"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_numba: Any = None
if os.environ.get("PIVOTMINE_NO_NUMBA", "0") in ("", "0"):
    with contextlib.suppress(ImportError):
        import numba as _numba

HAVE_NUMBA: bool = _numba is not None
"""Whether kernels are compiled in this process; decided once, at import."""


def njit(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile `function` on first call, cached on disk where possible; unchanged without numba.

    The return type is that of the plain function on purpose: callers and the type checker see
    the same signature either way.
    """
    if not HAVE_NUMBA:
        return function
    try:
        return cast(Callable[_P, _R], _numba.njit(cache=True, nogil=True)(function))
    except RuntimeError as error:
        if "no locator" not in str(error):
            raise
        return cast(Callable[_P, _R], _numba.njit(nogil=True)(function))


def _compile_trailing_zeros() -> Any:
    from numba.core import types
    from numba.extending import intrinsic

    @intrinsic
    def count(typing_context: Any, word: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            zero_is_undefined = context.get_constant(types.boolean, True)
            return builder.cttz(arguments[0], zero_is_undefined)

        return types.int64(types.uint64), generate

    return count


def _trailing_zeros(word: int) -> int:
    return (int(word) & -int(word)).bit_length() - 1


trailing_zeros = _compile_trailing_zeros() if HAVE_NUMBA else _trailing_zeros
"""Position of the lowest bit that is set in a uint64 other than 0; for use inside kernels.

One machine instruction that numba has no name for; any other way costs pair counting a tenth.
"""


def use_numba(engine: Engine) -> bool:
    """Turn a caller's `engine` into a decision; "auto" is numba where there is numba.

    Raises
    ------
    SetupError
        `engine` is "numba" and this process has none, or it is no engine at all.
    """
    if engine == "auto":
        return HAVE_NUMBA
    if engine == "numba" and not HAVE_NUMBA:
        raise SetupError(
            "engine='numba' was asked for, but numba is not importable or PIVOTMINE_NO_NUMBA is"
            " set; install numba, unset the variable, or use engine='auto'"
        )
    if engine not in ("numba", "numpy"):
        raise SetupError(f"engine={engine!r} is unknown; use 'auto', 'numba' or 'numpy'")
    return engine == "numba"
