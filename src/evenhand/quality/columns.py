"""Columns of names or codes into dense integer codes and a book that translates back.

The book is sorted, so that it does not depend on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from evenhand.quality.errors import QualityError

Codes = NDArray[np.int32]
# The dtype is int64 for integer columns and object (of str) for columns of strings.
Book = NDArray[np.int64] | NDArray[np.object_]
# A column: a list, an array or whatever turns into one (a data frame's column does).
Column = Sequence[str] | Sequence[int] | NDArray[np.generic] | Iterable[object]

# Above this many times its length, a table of all codes costs more than sorting them.
_SPARSE_FACTOR = 8


def encode(column: Column, *, name: str) -> tuple[Codes, Book]:
    """Return codes 0 … n-1 (shape as the column) and the sorted book (shape n).

    Raises QualityError when the column is empty, has values other than only strings or
    only non-negative integers, or has more than one dimension.
    """
    values = _as_array_or_list(column, name=name)
    if len(values) == 0:
        message = f"The column {name} is empty."
        raise QualityError(message)
    if isinstance(values, list):
        book = sorted(set(values))
        place = {value: code for code, value in enumerate(book)}
        codes = np.fromiter(map(place.__getitem__, values), np.int32, len(values))
        return codes, text_book(book)
    return _encode_integers(values)


def encode_with_book(
    column: Column, *, book: Sequence[str] | Sequence[int], name: str
) -> tuple[Codes, Book]:
    """Return codes into the given book, in its order; values outside of it raise QualityError."""
    own_codes, own_book = encode(column, name=name)
    place = {value: code for code, value in enumerate(book)}
    if len(place) != len(book):
        message = f"The list of values for {name} names one of them twice."
        raise QualityError(message)
    strange = [value for value in own_book.tolist() if value not in place]
    if strange:
        message = f"The column {name} has the value {strange[0]!r}, which is not in its list."
        raise QualityError(message)
    translate = np.array([place[value] for value in own_book.tolist()], dtype=np.int32)
    if own_book.dtype == np.object_:
        return translate[own_codes], text_book([str(value) for value in book])
    return translate[own_codes], np.array([int(value) for value in book], dtype=np.int64)


def text_book(values: Sequence[str]) -> NDArray[np.object_]:
    """Make an object array, which holds pointers and not copies padded to the longest."""
    book = np.empty(len(values), dtype=np.object_)
    book[:] = values
    return book


def _as_array_or_list(column: Column, *, name: str) -> NDArray[np.int64] | list[str]:
    array = np.asarray(column) if hasattr(column, "__array__") else None
    if array is not None and array.ndim != 1:
        message = f"The column {name} has {array.ndim} dimensions; it needs one."
        raise QualityError(message)
    if array is not None and array.dtype.kind in "iu":
        return _as_int64(array, name=name)
    if array is not None and array.dtype.kind == "f":
        _refuse_floats(cast("NDArray[np.float64]", array), name=name)
    values = list(column) if array is None else cast("list[object]", array.tolist())
    kinds = {type(value) for value in values}
    if kinds <= {str}:
        return cast("list[str]", values)
    if all(issubclass(kind, (int, np.integer)) and kind is not bool for kind in kinds):
        return _as_int64(np.array(values), name=name)
    if any(value is None or value != value for value in values):  # noqa: PLR0124 (NaN is not itself)
        message = f"The column {name} has a missing value; leave such rows out."
        raise QualityError(message)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    message = f"The column {name} must hold only strings or only integers, not {names}."
    raise QualityError(message)


def _refuse_floats(array: NDArray[np.float64], *, name: str) -> None:
    if np.isnan(array).any():
        message = f"The column {name} has a missing value (NaN); leave such rows out."
    else:
        message = f"The column {name} holds floats; it needs strings or integers."
    raise QualityError(message)


def _as_int64(array: NDArray[np.generic], *, name: str) -> NDArray[np.int64]:
    if array.dtype.kind not in "iu" or (array.size and int(array.max()) > np.iinfo(np.int64).max):
        message = f"The column {name} has a code beyond the 64-bit range."
        raise QualityError(message)
    codes = array.astype(np.int64, copy=False)
    if codes.size and int(codes.min()) < 0:
        message = f"The column {name} has the negative code {int(codes.min())}."
        raise QualityError(message)
    return codes


def _encode_integers(values: NDArray[np.int64]) -> tuple[Codes, Book]:
    largest = int(values.max())
    if largest > _SPARSE_FACTOR * len(values):
        book, codes = np.unique(values, return_inverse=True)
        return codes.astype(np.int32), book
    present = np.zeros(largest + 1, dtype=np.bool_)
    present[values] = True
    place = np.cumsum(present, dtype=np.int32) - np.int32(1)
    return place[values], np.flatnonzero(present).astype(np.int64)
