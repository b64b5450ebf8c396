"""TRL preference rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.formats import FormatError, TrlPreference, parse_trl, read_trl, render_trl

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
NAME = TEXT.filter(lambda name: name not in {"prompt", "chosen", "rejected"})
EXTRA = st.dictionaries(NAME, TEXT | st.integers(0, 9) | st.lists(TEXT, max_size=2), max_size=3)
ROW = st.builds(TrlPreference, prompt=TEXT, chosen=TEXT, rejected=TEXT, extra=EXTRA)


@given(st.lists(ROW, max_size=3))
def test_rows_come_back(rows: list[TrlPreference]) -> None:
    data = b"".join(render_trl(row) for row in rows)
    back = [row for _, row in read_trl([data[:7], data[7:]])]
    assert back == rows
    assert b"".join(render_trl(row) for row in back) == data


def test_the_exact_line_and_its_number() -> None:
    row = TrlPreference(prompt="p", chosen="", rejected="r", extra={"strength": 2})
    line = render_trl(row)
    assert line == b'{"prompt":"p","chosen":"","rejected":"r","strength":2}\n'
    assert list(read_trl([b"\n" + line.rstrip()])) == [(2, row)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[]", "Line 7: A preference row is a JSON object"),
        (b'{"prompt":"p","chosen":"c"}', "Line 7: A preference row needs 'rejected' as a string"),
        (b'{"prompt":[],"chosen":"c","rejected":"r"}', "needs 'prompt' as a string"),
        (b'{"prompt":"p",', "Line 7, column 15"),
    ],
)
def test_other_rows_are_refused(line: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        parse_trl(line, line_number=7)


def test_an_extra_column_cannot_shadow_a_real_one() -> None:
    row = TrlPreference(prompt="p", chosen="c", rejected="r", extra={"chosen": "x"})
    with pytest.raises(FormatError, match="may not be named 'chosen'"):
        render_trl(row)
