"""Decimal numbers in text against Python's float(), bit by bit, and at every end of a block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.sources.numerals import BAD_ROW, DONE, MORE, OTHER, read_numerals

Result = tuple[int, int, int, int]


def read(
    text: bytes,
    values: np.ndarray,
    cols: int,
    *,
    at: tuple[int, int, int] = (0, 0, 0),
    final: bool = True,
) -> Result:
    position, count, in_row = at
    return read_numerals(
        np.frombuffer(text, np.uint8), position, final, values, count, in_row, cols
    )


def read_all(text: bytes, count: int, cols: int) -> np.ndarray:
    """All numbers of a text; those that are left to float() are given to it, as the reader does."""
    values, at = np.full(count, np.nan), (0, 0, 0)
    while True:
        ended, position, done, in_row = read(text, values, cols, at=at)
        if ended != OTHER:
            assert ended == DONE, f"ended with {ended} after {done} of {count} values"
            return values
        token = text[position : position + 100].split(None, 1)[0]
        values[done] = float(token)
        at = (position + len(token), done + 1, in_row + 1)


def same_bits(found: np.ndarray, expected: np.ndarray) -> None:
    different = found.view(np.uint64) != expected.view(np.uint64)
    at = np.flatnonzero(different)[:3]
    assert not different.any(), f"{found[at]!r} instead of {expected[at]!r}"


def decimals(rng: np.random.Generator, count: int) -> list[str]:
    """Decimal strings as programs write them: fixed, in scientific form, signed, with zeros."""
    values = rng.normal(size=count) * 10.0 ** rng.integers(-12, 12, count)
    forms = ["%.2f", "%.6g", "%g", "%.15g", "%.17g", "%e", "%.3E", "%+.4f", "%d", "%08.3f", "%.0f"]
    texts: list[str] = []
    for part, form in zip(np.array_split(values, len(forms)), forms, strict=True):
        joined = "\n".join([form] * part.size)
        texts += (joined % tuple(part.tolist())).split("\n")
    return texts


@pytest.mark.parametrize("seed", range(4))
def test_a_million_decimals_are_bit_equal_to_float(seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = decimals(rng, 250_000)
    # And digit strings at random, to 15 digits and a little beyond, with the point anywhere.
    digits = rng.integers(10**9, 10**18, 50_000)
    points = rng.integers(0, 12, digits.size)
    for number, point in zip(digits.tolist(), points.tolist(), strict=True):
        word = str(number)
        texts.append(f"{word[: -point - 3]}.{word[-point - 3 :][: point + 1]}")
    expected = np.array([float(text) for text in texts])
    text = " ".join(texts).encode() + b"\n"
    same_bits(read_all(text, len(texts), len(texts)), expected)


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


mantissas = st.one_of(
    digits(1, 19),
    st.tuples(digits(1, 12), digits(0, 12)).map(".".join),
    digits(1, 12).map(lambda fraction: f".{fraction}"),
)
exponents = st.tuples(st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), digits(1, 3))
numerals = st.tuples(
    st.sampled_from(["", "+", "-"]), mantissas, st.one_of(st.just(""), exponents.map("".join))
).map("".join)


@settings(max_examples=200)
@given(st.lists(numerals, min_size=1, max_size=8))
def test_any_numeral_is_what_float_makes_of_it(texts: list[str]) -> None:
    found = read_all(" ".join(texts).encode(), len(texts), len(texts))
    same_bits(found, np.array([float(text) for text in texts]))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (b"999999999999999", True),  # 15 digits: exact
        (b"9999999999999999", False),
        (b"0000000000000000000000001.5", True),  # leading zeros are no digits
        (b"0.000000000000001", True),
        (b"1e22", True),  # the largest power of ten that is a float
        (b"1e23", False),
        (b"1.5e23", True),  # 15 x 10^22
        (b"1e-22", True),
        (b"1e-23", False),
        (b"-0", True),
        (b"9.9e-324", False),  # denormal
        (b"1e99999999999999999999", False),
        (b"nan", False),
        (b"inf", False),
        (b"1_000", False),
        (b"0x10", False),
        (b"1e", False),
        (b"1e+", False),
        (b".", False),
        (b"-", False),
        (b"+-1", False),
        (b"1.2.3", False),
        (b"1-2", False),
        (b"e5", False),
        (b".e5", False),
        (b"1e5.0", False),
        (b"\xff", False),
        (b"5.", False),  # left to float(), which reads it
    ],
)
def test_what_is_plain_and_what_is_left_to_float(text: bytes, plain: bool) -> None:
    values = np.full(1, np.nan)
    ended, position, count, _ = read(text, values, 1)
    if plain:
        assert (ended, count) == (DONE, 1)
        same_bits(values, np.array([float(text)]))
    else:
        assert (ended, position, count) == (OTHER, 0, 0), "it stands before the token"
        assert np.isnan(values[0])


TEXT = b"  1.5e2\t-3 0.25\r\n\n+4  5e-1 .5\n7 8 9.125"
EXPECTED = [150, -3, 0.25, 4, 0.5, 0.5, 7, 8, 9.125]


@pytest.mark.parametrize("block", range(1, len(TEXT) + 1))
def test_blocks_may_end_at_any_byte(block: int) -> None:
    values, kept, at = np.full(9, np.nan), b"", (0, 0, 0)
    pieces = [TEXT[k : k + block] for k in range(0, len(TEXT), block)] + [b""]
    for piece in pieces:
        kept += piece
        ended, position, count, in_row = read(kept, values, 3, at=at, final=not piece)
        kept, at = kept[position:], (0, count, in_row)
        if ended == DONE:
            break
        assert ended == MORE, f"{ended} at {kept!r}"
    assert ended == DONE
    assert values.tolist() == EXPECTED


@pytest.mark.parametrize("cut", range(len(TEXT)))
def test_nothing_of_a_cut_numeral_is_taken(cut: int) -> None:
    """More bytes may follow: what stands at the end is no number yet."""
    values = np.full(9, np.nan)
    ended, position, count, _ = read(TEXT[:cut], values, 3, final=False)
    assert ended == MORE
    assert (
        not TEXT[position:cut].strip(b" \t\r\n")
        or TEXT[position - 1 : position].isspace()
        or (position == 0)
    )
    assert values[:count].tolist() == EXPECTED[:count]
    assert np.isnan(values[count:]).all()
    assert len(TEXT[:cut].split()) - 1 <= count <= len(TEXT[:cut].split())


@pytest.mark.parametrize(
    ("text", "count", "in_row"),
    [(b"1 2\n3 4 5\n", 2, 2), (b"1 2 3\n4 5 6 7\n", 6, 4), (b"1 2 3 4\n", 3, 4)],
)
def test_rows_of_the_wrong_length(text: bytes, count: int, in_row: int) -> None:
    values = np.full(6, np.nan)
    ended, _, done, row = read(text, values, 3)
    assert (ended, done, row) == (BAD_ROW, count, in_row)


def test_what_follows_the_last_value_is_left() -> None:
    values = np.full(4, np.nan)
    text = b"1 2\n3 4\nncols 3\n"
    ended, position, _, _ = read(text, values, 2)
    assert (ended, text[position:]) == (DONE, b"ncols 3\n")


@given(st.binary(max_size=60), st.integers(1, 4), st.booleans())
def test_any_bytes_end_within_their_bounds(text: bytes, cols: int, final: bool) -> None:
    values = np.full(3 * cols, np.nan)
    ended, position, count, in_row = read(text, values, cols, final=final)
    assert ended in (MORE, DONE, BAD_ROW, OTHER)
    assert 0 <= position <= len(text) + 1
    assert 0 <= count <= values.size
    assert np.isnan(values[count:]).all()
    assert 0 <= in_row <= cols + 1
