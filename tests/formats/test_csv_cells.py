"""Both flavours of CSV rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.formats import (
    CsvFlavour,
    CsvReader,
    FormatError,
    neutralise_cell,
    render_csv_row,
    restore_cell,
)

CELL = st.text(st.sampled_from(list("'=+-@\t\r\n a,\"\uff1d\u200b")), max_size=6) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6
)


@pytest.mark.parametrize("start", list("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
@pytest.mark.parametrize("before", ["", " ", "\u200b", "\ufeff"])
def test_each_trigger_is_neutralised(start: str, before: str) -> None:
    cell = before + start + "1"
    if start in "\t\r\n" and before:
        # A blank and then a tab: text, not a formula.
        assert neutralise_cell(cell) == cell
    else:
        assert neutralise_cell(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "a", "1", "it's", "'quoted'", "a=b", "a-1", "x@y"])
def test_harmless_cells_stay(cell: str) -> None:
    assert neutralise_cell(cell) == cell
    assert restore_cell(cell) == cell


@given(CELL)
def test_neutralising_loses_nothing(cell: str) -> None:
    safe = neutralise_cell(cell)
    assert restore_cell(safe) == cell
    assert neutralise_cell(restore_cell(safe)) == safe
    assert not safe.startswith(tuple("\t\r\n"))
    assert not safe.strip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))


@given(st.lists(CELL, min_size=1, max_size=4), st.sampled_from(["exact", "spreadsheet"]))
def test_rows_come_back(cells: list[str], flavour: CsvFlavour) -> None:
    header = render_csv_row([f"c{index}" for index in range(len(cells))], flavour=flavour)
    reader = CsvReader()
    rows = reader.feed(header + render_csv_row(cells, flavour=flavour)) + reader.finish()
    fields = rows[0][1]
    assert [restore_cell(f) for f in fields] if flavour == "spreadsheet" else fields == cells


def test_the_exact_bytes() -> None:
    assert render_csv_row(["a", '"', "x,y", "=1"], flavour="exact") == b'a,"""","x,y",=1\r\n'
    assert render_csv_row(["a", "=1"], flavour="spreadsheet") == b'"a","\'=1"\r\n'
    assert render_csv_row([""], flavour="exact") == b'""\r\n'


@pytest.mark.parametrize(
    ("cells", "words"), [([], "at least one"), (["\x00"], "0000"), (["\ud800"], "surrogate")]
)
def test_what_csv_cannot_hold_is_not_written(cells: list[str], words: str) -> None:
    with pytest.raises(FormatError, match=words):
        render_csv_row(cells, flavour="exact")
