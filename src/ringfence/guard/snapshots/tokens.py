"""Where do the ids stand in a JSON array, and what is left of it without some, in compiled code?

Most slates are plain: ids of ASCII with no escape, or whole numbers. Such an array is read, looked up and written again
as bytes, with no object made for a candidate. Anything else is NOT_PLAIN, and is read in the ordinary way.
"""

import numpy as np
from numba import njit

from ringfence.guard.snapshots import swar

NOT_PLAIN, TEXTS, NUMBERS = 0, 1, 2
_MOST_DIGITS = 18  # so that the value fits into 63 bits
_BLANK, _QUOTE, _COMMA, _ZERO, _OPEN, _ESCAPE, _CLOSE, _TILDE = map(ord, ' ",0[\\]~')
_TEN = 10
_POWERS = 10 ** np.arange(swar.SIZE + 1)
_DEMOTE, _DROP = 2, 3


@njit(nogil=True, cache=True)
def _past_blanks(data, place):
    while place < len(data) and data[place] <= _BLANK and data[place] in (32, 10, 13, 9):
        place += 1
    return place


@njit(nogil=True, cache=True)
def _text_end(data, start, longest):
    """Where a text ends whose first byte stands at `start`; -1 where it is not plain, empty or too long."""
    place, plain = start, swar.SIZE
    while plain == swar.SIZE and place + swar.SIZE <= len(data):
        plain = swar.first(swar.others_than_plain(swar.word(data, place)))
        place += plain
    while place < len(data) and data[place] != _QUOTE:
        if data[place] < _BLANK or data[place] > _TILDE or data[place] == _ESCAPE:
            return -1
        place += 1
    return place if place < len(data) and 0 < place - start <= longest else -1


@njit(nogil=True, cache=True)
def _number_end(data, start):
    """Where a whole number ends that starts at `start`, and what it is; -1 where there is none, or too large a one."""
    place, value = start, np.int64(0)
    last = min(len(data), start + _MOST_DIGITS + 1)
    while place < last:
        digit = np.int64(data[place]) - _ZERO
        if digit < 0 or digit > _TEN - 1:
            break
        value = value * 10 + digit
        place += 1
    size = place - start
    plain = 0 < size <= _MOST_DIGITS and (data[start] != _ZERO or size == 1)
    return (place if plain else -1), value


@njit(nogil=True, cache=True)
def _room(data):
    """As many as there are commas, and one more: an array has no more elements."""
    room = 1
    for place in range(len(data)):
        room += data[place] == _COMMA
    return room


@njit(nogil=True, cache=True)
def _commas(data, places):
    """Where commas stand."""
    count = place = 0
    while place + swar.SIZE <= len(data):
        flags = swar.equal(swar.word(data, place), _COMMA)
        while flags:
            places[count] = place + swar.first(flags)
            count += 1
            flags &= flags - np.uint64(1)
        place += swar.SIZE
    for last in range(place, len(data)):
        if data[last] == _COMMA:
            places[count] = last
            count += 1


@njit(nogil=True, cache=True)
def _close_numbers(data, starts, ends, values):
    """Whether it is an array of whole numbers of at most 16 digits with no blank; the last ones may be longer.

    Each number is read on its own, so that the processor reads several at once, which it cannot where one starts only
    after the end of the one before.
    """
    if len(data) < 3 or data[0] != _OPEN or data[1] == _QUOTE or data[-1] != _CLOSE:
        return False
    _commas(data, ends)
    ends[-1] = len(data) - 1
    begin, good = 1, True
    for row in range(len(ends)):
        size = ends[row] - begin
        starts[row] = begin
        if begin + 2 * swar.SIZE <= len(data):
            first, second = swar.word(data, begin), swar.word(data, begin + swar.SIZE)
            many = min(size, swar.SIZE)
            rest = min(size - many, swar.SIZE)
            good &= swar.first(swar.others_than_digits(first)) >= many
            good &= swar.first(swar.others_than_digits(second)) >= rest
            good &= 0 < size <= 2 * swar.SIZE
            values[row] = swar.number(first, many) * _POWERS[rest] + swar.number(second, rest)
        else:
            end, values[row] = _number_end(data, begin)
            good &= end == ends[row]
        good &= data[begin] != _ZERO or size == 1
        begin = ends[row] + 1
    return good


@njit(nogil=True, cache=True)
def tokens(data, most, longest):
    """The kind of a JSON array, and where its texts (inside their quotes) or numbers start and end, with their values.

    An array of more than `most`, or with an empty id or one of more than `longest` bytes, is NOT_PLAIN too.
    """
    room = _room(data)
    starts, ends, values = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    if room <= most and _close_numbers(data, starts, ends, values):
        return NUMBERS, starts, ends, values
    count, kind = 0, NOT_PLAIN
    place = _past_blanks(data, 0)
    more = room <= most and place < len(data) and data[place] == _OPEN
    while more:
        place = _past_blanks(data, place + 1)
        quotes = 1 if place < len(data) and data[place] == _QUOTE else 0
        start = place + quotes
        if quotes:
            end, value = _text_end(data, start, longest), np.int64(0)
        else:
            end, value = _number_end(data, start)
        found = TEXTS if quotes else NUMBERS
        if end < 0 or kind not in (NOT_PLAIN, found):
            break
        kind = found
        starts[count], ends[count], values[count] = start, end, value
        count += 1
        place = _past_blanks(data, end + quotes)
        more = place < len(data) and data[place] == _COMMA
        if place == len(data) - 1 and data[place] == _CLOSE:
            return kind, starts[:count], ends[:count], values[:count]
    return NOT_PLAIN, starts[:0], ends[:0], values[:0]


@njit(nogil=True, cache=True)
def kept(data, starts, ends, quotes, codes):
    """The JSON array of what is shown: neither dropped nor blocked by its code, demoted ones last.

    `quotes` is 1 for texts, 0 for numbers.
    """
    written = np.empty(len(data) + 3, np.uint8)
    written[0] = _OPEN
    size = 1
    gap = 2 * quotes + 1
    for last in range(2):
        row = 0
        while row < len(codes):
            if codes[row] >= _DROP or (codes[row] == _DEMOTE) != (last == 1):
                row += 1
                continue
            first = row  # ids that stand one after another, with a comma between, are copied in one go
            row += 1
            while (
                row < len(codes)
                and codes[row] < _DROP
                and (codes[row] == _DEMOTE) == (last == 1)
                and starts[row] - ends[row - 1] == gap
            ):
                row += 1
            if size > 1:
                written[size] = _COMMA
                size += 1
            start, end = starts[first] - quotes, ends[row - 1] + quotes
            written[size : size + end - start] = data[start:end]
            size += end - start
    written[size] = _CLOSE
    return written[: size + 1]
