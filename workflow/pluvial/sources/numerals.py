"""Decimal numbers in text, compiled: a matrix of them, resumable at any byte.

A numeral of at most 15 digits and a power of ten up to 22 is the quotient or product of two
floats that are exact, and so correctly rounded (Clinger 1990, "How to read floating point numbers
accurately", https://doi.org/10.1145/93542.93557). All others are left to ``float()``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pluvial.compiled import compiled

MORE, DONE, BAD_ROW, OTHER = 0, 1, 2, 3
"""What :func:`read_numerals` ends with: needs more bytes, has all values, found a row of the wrong
length, or stands before a token that is no plain numeral."""

MOST_DIGITS, LARGEST_POWER = 15, 22
_POWERS = 10.0 ** np.arange(LARGEST_POWER + 1)
_NEWLINE, _BLANK, _PLUS, _MINUS, _POINT, _ZERO, _NINE, _E = 10, 32, 43, 45, 46, 48, 57, 101
_LOWER = 32
_BEGIN, _SIGNED, _WHOLE, _FRACTION, _EXPONENT, _SIGNED_EXPONENT, _POWER, _WRONG = range(8)
"""The part of a numeral that was read last."""


@compiled
def read_numerals(  # noqa: C901 (handing the array to a function costs more than a numeral)
    text: NDArray[np.uint8],
    position: int,
    final: bool,
    values: NDArray[np.float64],
    count: int,
    in_row: int,
    cols: int,
) -> tuple[int, int, int, int]:
    """Read numerals into ``values`` until it is full, a row per line.

    Args:
        text: uint8[n], the bytes at hand.
        position: where to go on.
        final: whether nothing follows ``text``.
        values: float64[rows * cols], filled from ``count`` on.
        count: values read so far.
        in_row: values read so far in the present row.
        cols: values in a row.

    Returns:
        What it ended with, and position, count and in_row to go on from. With ``MORE`` and
        ``OTHER``, position is the start of a token.
    """
    size, start = text.size, position
    negative, part, digits, decimals, sign = False, _BEGIN, 0, 0, 1
    mantissa, power = np.int64(0), np.int64(0)
    while position < size or (final and position == size):
        byte = np.int64(text[position]) if position < size else np.int64(_NEWLINE)
        position += 1
        if byte <= _BLANK:
            if position - 1 > start:
                if in_row == cols:
                    return BAD_ROW, start, count, in_row + 1
                exponent = sign * power - decimals
                if not _is_plain(part, digits, decimals, exponent):
                    return OTHER, start, count, in_row
                values[count] = _value(negative, mantissa, exponent)
                count, in_row = count + 1, in_row + 1
                negative, part, digits, decimals, sign = False, _BEGIN, 0, 0, 1
                mantissa, power = np.int64(0), np.int64(0)
            start = position
            if byte == _NEWLINE and in_row:
                if in_row != cols:
                    return BAD_ROW, position, count, in_row
                in_row = 0
                if count == values.size:
                    return DONE, position, count, in_row
            continue
        part = _next_part(part, byte, decimals)
        if part in (_WHOLE, _FRACTION):
            if byte != _POINT:
                decimals += part == _FRACTION
                digits += mantissa != 0 or byte != _ZERO
                if digits <= MOST_DIGITS:
                    mantissa = mantissa * 10 + (byte - _ZERO)
        elif part == _POWER:
            power = min(power * 10 + (byte - _ZERO), np.int64(1000))
        elif byte == _MINUS:
            negative, sign = part == _SIGNED or negative, -1 if part == _SIGNED_EXPONENT else 1
    return MORE, min(start, size), count, in_row


@compiled
def _next_part(part: int, byte: np.int64, decimals: int) -> int:
    """The part of a numeral that a byte belongs to, after a byte of ``part``."""
    if _ZERO <= byte <= _NINE:
        if part <= _WHOLE:
            return _WHOLE
        if part == _FRACTION:
            return _FRACTION
        return _POWER if part <= _POWER else _WRONG
    if byte == _POINT:
        return _FRACTION if part <= _WHOLE else _WRONG
    if byte in (_MINUS, _PLUS):
        if part == _BEGIN:
            return _SIGNED
        return _SIGNED_EXPONENT if part == _EXPONENT else _WRONG
    is_e = byte | _LOWER == _E
    whole = part == _WHOLE or (part == _FRACTION and decimals > 0)
    return _EXPONENT if is_e and whole else _WRONG


@compiled
def _is_plain(part: int, digits: int, decimals: int, exponent: np.int64) -> bool:
    """Whether a numeral is whole, and its value the exact quotient or product of two floats."""
    whole = part in (_WHOLE, _POWER) or (part == _FRACTION and decimals > 0)
    return whole and digits <= MOST_DIGITS and bool(abs(exponent) <= LARGEST_POWER)


@compiled
def _value(negative: bool, mantissa: np.int64, exponent: np.int64) -> float:
    value: float = mantissa / _POWERS[-exponent] if exponent < 0 else mantissa * _POWERS[exponent]
    return -value if negative else value
