"""How does a kernel ask for memory before it needs it? By the processor's own hint, which numba has no word for."""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped] # comes with numba
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

# Arguments of LLVM's prefetch: to read, to keep in every cache, data and not code.
_READ, _KEEP, _DATA = 0, 3, 1


def _prefetch(_context: Any, array: Any, place: Any) -> Any:
    """Ask for the cache line of `array[place]`, a one-dimensional contiguous array. Only a hint: it reads nothing."""

    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array_of: Any = make_array
        pointer = builder.gep(array_of(signature.args[0])(context, builder, given[0]).data, [given[1]])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind)
        builder.call(hint, [pointer, *(ir.Constant(number, value) for value in (_READ, _KEEP, _DATA))])
        return context.get_dummy_value()

    return types.void(array, place), written


prefetch: Any = intrinsic(_prefetch)
