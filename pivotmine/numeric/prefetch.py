"""One instruction that numba has no name for: fetch a cache line that will be needed soon."""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["prefetch"]


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
"""`prefetch(array, index)` inside a kernel; `index` is uint64 and may lie past the end."""
