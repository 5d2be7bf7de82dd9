"""How does a kernel compare many words at once? By the processor's vectors, which numba has no word for."""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped] # comes with numba
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

LANES = 32  # words of 16 bits: one vector of the widest processors, two or four of others
_SHORT, _BIT = ir.IntType(16), ir.IntType(1)
_VECTOR = ir.VectorType(_SHORT, LANES)
_LONG = ir.IntType(64)
_LABELS = ir.VectorType(ir.IntType(32), LANES)
_ROW = ir.VectorType(_LONG, 4)
_CLEAN = ir.Constant(_BIT, 0)  # of no bits, the first set one is the word's width and not undefined


def _near(_context: Any, words: Any, place: Any, word: Any, most: Any) -> Any:
    """Bit i of the answer: whether `words[place + i]` differs from `word` in at most `most` bits, for LANES of them.

    `words` are 16-bit words, one-dimensional and contiguous; LANES of them from `place` on must be there to be read.
    """

    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array_of: Any = make_array
        data = array_of(signature.args[0])(context, builder, given[0]).data
        pointer = builder.bitcast(builder.gep(data, [given[1]]), _VECTOR.as_pointer())
        apart = builder.xor(builder.load(pointer, align=2, typ=_VECTOR), _spread(builder, given[2], _VECTOR))
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        declared: Any = cgutils.get_or_insert_function
        count = declared(builder.module, kind, f"llvm.ctpop.v{LANES}i16")
        close = builder.icmp_unsigned("<=", builder.call(count, [apart]), _spread(builder, given[3], _VECTOR))
        return builder.zext(builder.bitcast(close, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(words, place, word, most), written


def _other(_context: Any, labels: Any, place: Any, label: Any) -> Any:
    """Bit i of the answer: whether `labels[place + i]`, a 32-bit number, is not `label`; for LANES of them."""

    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array_of: Any = make_array
        data = array_of(signature.args[0])(context, builder, given[0]).data
        pointer = builder.bitcast(builder.gep(data, [given[1]]), _LABELS.as_pointer())
        wanted = _spread(builder, given[2], _LABELS)
        differs = builder.icmp_unsigned("!=", builder.load(pointer, align=4, typ=_LABELS), wanted)
        return builder.zext(builder.bitcast(differs, ir.IntType(LANES)), _LONG)

    return types.uint64(labels, place, label), written


def _spread(builder: Any, number: Any, vector: Any) -> Any:
    """A vector with the low bits of `number` in every lane."""
    short, none = builder.trunc(number, vector.element), ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(none, short, ir.Constant(_SHORT, 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _ones(_context: Any, _number: Any) -> Any:
    """How many bits of a 64-bit number are set."""

    def written(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.int64(types.uint64), written


def _lowest(_context: Any, _number: Any) -> Any:
    """The place of the lowest set bit of a 64-bit number, 64 where none is."""

    def written(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], _CLEAN)

    return types.int64(types.uint64), written


def _gather(_context: Any, raw: Any, at: Any, tables: Any, out: Any, to: Any) -> Any:
    """Into out[to : to + 4] what the 32 bytes raw[at : at + 32] stand for, together.

    `tables` has four 64-bit numbers for each value of the first byte, then of the second, and so on; what they add is
    put together by OR. All arrays are one-dimensional and contiguous.
    """

    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array_of: Any = make_array
        bytes_, table, target = (
            array_of(signature.args[place])(context, builder, given[place]).data for place in (0, 2, 3)
        )
        total = ir.Constant(_ROW, [0] * 4)
        for byte in range(32):
            value = builder.load(builder.gep(bytes_, [builder.add(given[1], _long(byte))]))
            place = builder.add(builder.shl(builder.zext(value, _LONG), _long(2)), _long(byte * 1024))
            part = builder.bitcast(builder.gep(table, [place]), _ROW.as_pointer())
            total = builder.or_(total, builder.load(part, align=8, typ=_ROW))
        builder.store(total, builder.bitcast(builder.gep(target, [given[4]]), _ROW.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(raw, at, tables, out, to), written


def _long(number: int) -> Any:
    return ir.Constant(_LONG, number)


gather: Any = intrinsic(_gather)
near: Any = intrinsic(_near)
other: Any = intrinsic(_other)
ones: Any = intrinsic(_ones)
lowest: Any = intrinsic(_lowest)
