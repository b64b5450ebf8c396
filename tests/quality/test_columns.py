"""Columns of names and codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.quality import QualityError
from evenhand.quality.columns import encode, encode_with_book

NAMES = st.lists(st.text(max_size=3), min_size=1, max_size=20)
NUMBERS = st.lists(st.integers(0, 50) | st.integers(0, 2**62), min_size=1, max_size=20)


@given(NAMES | NUMBERS)
def test_codes_and_book_give_the_column_back(column: list[Any]) -> None:
    codes, book = encode(column, name="task")
    assert book[codes].tolist() == column
    assert book.tolist() == sorted(set(column))
    assert codes.dtype == np.int32


@given(NUMBERS)
def test_arrays_are_taken_like_lists(column: list[int]) -> None:
    expected = encode(column, name="task")[0].tolist()
    assert encode(np.array(column), name="task")[0].tolist() == expected
    assert encode(np.array(column, dtype=np.uint64), name="task")[0].tolist() == expected
    assert encode(iter(column), name="task")[0].tolist() == expected


def test_arrays_of_strings_are_taken() -> None:
    column = ["b", "a", "b"]
    for array in (np.array(column), np.array(column, dtype=object)):
        codes, book = encode(array, name="task")
        assert (codes.tolist(), book.tolist()) == ([1, 0, 1], ["a", "b"])


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([], "is empty"),
        (np.array([], dtype=np.int64), "is empty"),
        ([1, -2], "negative code -2"),
        (np.array([0, -1]), "negative code -1"),
        (np.array([1.0, np.nan]), "missing value"),
        (np.array([1.0, 2.0]), "holds floats"),
        ([1.0, 2.0], "not float"),
        (["a", None], "missing value"),
        ([1, float("nan")], "missing value"),
        (["a", 1], "not int, str"),
        ([True, False], "not bool"),
        (np.array([True]), "not bool"),
        (np.array([[1, 2]]), "has 2 dimensions"),
        ([2**70], "64-bit"),
        ([2**63], "64-bit"),
        (np.array([2**63], dtype=np.uint64), "64-bit"),
    ],
)
def test_other_columns_are_refused(column: Any, words: str) -> None:
    with pytest.raises(QualityError, match=f"The column label .*{words}"):
        encode(column, name="label")


def test_a_given_book_fixes_the_order() -> None:
    codes, book = encode_with_book(["b", "a"], book=["c", "b", "a"], name="label")
    assert (codes.tolist(), book.tolist()) == ([1, 2], ["c", "b", "a"])
    codes, book = encode_with_book([7, 5], book=[9, 7, 5], name="label")
    assert (codes.tolist(), book.tolist()) == ([1, 2], [9, 7, 5])


@pytest.mark.parametrize(
    ("book", "words"), [(["a"], "has the value 'b'"), (["a", "b", "a"], "one of them twice")]
)
def test_a_book_that_does_not_fit_is_refused(book: list[str], words: str) -> None:
    with pytest.raises(QualityError, match=words):
        encode_with_book(["b", "a"], book=book, name="label")
