"""How does a kernel compare many words at once? By the processor's vectors, which numba has no word for."""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped] # comes with numba
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

LANES = 32  # words of 16 bits: one vector of the widest processors, two or four of others
_SHORT, _BIT = ir.IntType(16), ir.IntType(1)
_VECTOR = ir.VectorType(_SHORT, LANES)
_CLEAN = ir.Constant(_BIT, 0)  # of no bits, the first set one is the word's width and not undefined


def _near(_context: Any, words: Any, place: Any, word: Any, most: Any) -> Any:
    """Bit i of the answer: whether `words[place + i]` differs from `word` in at most `most` bits, for LANES of them.

    `words` are 16-bit words, one-dimensional and contiguous; LANES of them from `place` on must be there to be read.
    """

    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array_of: Any = make_array
        data = array_of(signature.args[0])(context, builder, given[0]).data
        pointer = builder.bitcast(builder.gep(data, [given[1]]), _VECTOR.as_pointer())
        apart = builder.xor(builder.load(pointer, align=2, typ=_VECTOR), _spread(builder, given[2]))
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        count = cgutils.get_or_insert_function(builder.module, kind, f"llvm.ctpop.v{LANES}i16")
        close = builder.icmp_unsigned("<=", builder.call(count, [apart]), _spread(builder, given[3]))
        return builder.zext(builder.bitcast(close, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(words, place, word, most), written


def _spread(builder: Any, number: Any) -> Any:
    """A vector with the low 16 bits of `number` in every lane."""
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), builder.trunc(number, _SHORT), ir.Constant(_SHORT, 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _ones(_context: Any, number: Any) -> Any:
    """How many bits of a 64-bit number are set."""

    def written(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.int64(types.uint64), written


def _lowest(_context: Any, number: Any) -> Any:
    """The place of the lowest set bit of a 64-bit number, 64 where none is."""

    def written(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], _CLEAN)

    return types.int64(types.uint64), written


near: Any = intrinsic(_near)
ones: Any = intrinsic(_ones)
lowest: Any = intrinsic(_lowest)
