"""Where do the ids stand in a JSON array, and what is left of it without some, in compiled code?

Most slates are plain: ids of ASCII with no escape, or whole numbers. Such an array is read, looked up and written again
as bytes, with no object made for a candidate. Anything else is NOT_PLAIN, and is read in the ordinary way.
"""

import numpy as np
from numba import njit

NOT_PLAIN, TEXTS, NUMBERS = 0, 1, 2
_MOST_DIGITS = 18  # so that the value fits into 63 bits
_QUOTE, _COMMA, _OPEN, _CLOSE, _ESCAPE, _ZERO = 34, 44, 91, 93, 92, 48
_DEMOTE, _DROP = 2, 3


@njit(nogil=True, cache=True, inline="always")
def _past_blanks(data, place):
    while place < len(data) and (data[place] == 32 or data[place] == 10 or data[place] == 13 or data[place] == 9):
        place += 1
    return place


@njit(nogil=True, cache=True)
def tokens(data, most, longest):
    """The kind of a JSON array, and where its texts (inside their quotes) or numbers start and end, with their values.

    An array of more than `most`, or with an empty id or one of more than `longest` bytes, is NOT_PLAIN too.
    """
    room = 1
    for place in range(len(data)):
        room += data[place] == _COMMA
    starts, ends, values = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    count, kind = 0, NOT_PLAIN
    place = _past_blanks(data, 0)
    if place == len(data) or data[place] != _OPEN:
        return NOT_PLAIN, starts[:0], ends[:0], values[:0]
    place += 1
    while True:
        place = _past_blanks(data, place)
        if place == len(data) or count == room or room > most:
            return NOT_PLAIN, starts[:0], ends[:0], values[:0]
        if data[place] == _QUOTE and kind != NUMBERS:
            kind = TEXTS
            place += 1
            starts[count] = place
            while place < len(data) and data[place] != _QUOTE:
                if data[place] < 32 or data[place] > 126 or data[place] == _ESCAPE:
                    return NOT_PLAIN, starts[:0], ends[:0], values[:0]
                place += 1
            ends[count] = place
            if place == len(data) or place == starts[count] or place - starts[count] > longest:
                return NOT_PLAIN, starts[:0], ends[:0], values[:0]
            place += 1
        elif 0 <= np.int64(data[place]) - _ZERO <= 9 and kind != TEXTS:
            kind = NUMBERS
            starts[count] = place
            value = np.int64(0)
            while place < len(data) and 0 <= np.int64(data[place]) - _ZERO <= 9:
                value = value * 10 + np.int64(data[place]) - _ZERO
                place += 1
                if place - starts[count] > _MOST_DIGITS:
                    return NOT_PLAIN, starts[:0], ends[:0], values[:0]
            ends[count], values[count] = place, value
            if data[starts[count]] == _ZERO and place - starts[count] > 1:
                return NOT_PLAIN, starts[:0], ends[:0], values[:0]
        else:
            return NOT_PLAIN, starts[:0], ends[:0], values[:0]
        count += 1
        place = _past_blanks(data, place)
        if place < len(data) and data[place] == _COMMA:
            place += 1
        elif place == len(data) - 1 and data[place] == _CLOSE:
            return kind, starts[:count], ends[:count], values[:count]
        else:
            return NOT_PLAIN, starts[:0], ends[:0], values[:0]


@njit(nogil=True, cache=True)
def kept(data, starts, ends, quotes, codes):
    """The JSON array of what is shown: neither dropped nor blocked by its code, demoted ones last.

    `quotes` is 1 for texts, 0 for numbers.
    """
    written = np.empty(len(data) + 3, np.uint8)
    written[0] = _OPEN
    size = 1
    for last in range(2):
        for row in range(len(codes)):
            if codes[row] >= _DROP or (codes[row] == _DEMOTE) != (last == 1):
                continue
            if size > 1:
                written[size] = _COMMA
                size += 1
            for place in range(starts[row] - quotes, ends[row] + quotes):
                written[size] = data[place]
                size += 1
    written[size] = _CLOSE
    return written[: size + 1]
