"""How kernels are compiled, and three machine instructions that numba has no name for.

Compiling a kernel takes about a second, and every executor process would pay it again, so machine
code is cached on disk. numba refuses to cache where it has no folder to write to (a package inside
a zip, a read-only home): there kernels are compiled without a cache. All kernels release the GIL,
so a reader thread can fill the next batch meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic

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

Other ways slow pair counting by a tenth.
"""


def _count_ones(typing_context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


count_ones: Any = intrinsic(_count_ones)
"""Number of bits that are set in a uint64; for use inside kernels."""


def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        untyped: Any = cgutils
        ir = untyped.ir
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        call = untyped.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        to_read, keep, data_cache = word(0), word(3), word(1)
        builder.call(call, [address, to_read, keep, data_cache])
        return context.get_dummy_value()

    return types.void(array, types.uint64), generate


prefetch: Any = intrinsic(_prefetch)
"""`prefetch(array, index)` fetches the cache line of an element; for use inside kernels.

`index` is uint64 and may lie past the end.
"""
