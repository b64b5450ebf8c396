"""CSV is read exactly or refused with the line's number."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.formats import CsvReader, FormatError, render_csv_row

CELL = st.text(
    st.sampled_from(list('ab,"\r\n\t=é')) | st.characters(exclude_categories=["Cs"]), max_size=6
).filter(lambda cell: "\x00" not in cell)
ROWS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=5)
)


def read(
    chunks: list[bytes], *, limit: int = 1 << 20
) -> tuple[tuple[str, ...] | None, list[tuple[int, list[str]]]]:
    reader = CsvReader(field_bytes_max=limit)
    rows = [row for chunk in chunks for row in reader.feed(chunk)]
    rows += reader.finish()
    return reader.header, rows


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(place, len(data)) for place in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def test_lines_are_numbered_by_where_the_record_starts() -> None:
    data = b'\xef\xbb\xbfa,b\r\n1,"x\r\ny, ""z"""\n\n"",3\n4,'
    assert read([data]) == (
        ("a", "b"),
        [(2, ["1", 'x\r\ny, "z"']), (5, ["", "3"]), (6, ["4", ""])],
    )


def test_one_column_needs_quotes_for_an_empty_cell() -> None:
    assert read([b'a\n\n""\nx\n']) == (("a",), [(3, [""]), (4, ["x"])])


REFUSED = [
    (b"", 1, "no header"),
    (b"\xef\xbb\xbf", 1, "no header"),
    (b"\n\n", 1, "no header"),
    (b"\xef\xbb\xbf\xef\xbb\xbfa,b\n", 1, "more than one byte order mark"),
    ("a,b\n1,2\n".encode("utf-16"), 1, "UTF-16"),
    ("a,b\n1,2\n".encode("utf-16-be"), 1, "NUL"),
    ("a,b\n1,é\n".encode("latin-1"), 2, "UTF-8"),
    (b'a,b\n1,"x\n\xff"\n', 3, "UTF-8"),
    (b"a,b\n1\n", 2, "1 fields; the header has 2"),
    (b"a,b\n1,2\n1,2,3\n", 3, "3 fields; the header has 2"),
    (b'a,b\n"1",2,3\n', 2, "3 fields"),
    (b'a,b\n1,2\n3,"x\ny\n', 3, "never closed"),
    (b'a,b\n1,"x', 2, "never closed"),
    (b'a,b\n1,x"y\n"\n', 2, "quote or a lone CR"),
    (b'a,b\n1,"x"y\n', 2, "quote or a lone CR"),
    (b'a,b\n1, "x"\n', 2, "quote or a lone CR"),
    (b'a,b\n"1",\r2\n', 2, "quote or a lone CR"),
    (b"a,b\n1,\x002\n", 2, "NUL"),
    (b"a,b\n1,2\r3,4\n", 2, "lone CR"),
    (b"a,b\r1,2\r", 1, "lone CR"),
    (b"a,,c\n", 1, "without a name"),
    (b"a, ,c\n", 1, "without a name"),
    (b"a,b,a\n", 1, "two columns named 'a'"),
    (b",".join(b"c%d" % i for i in range(1001)) + b"\n", 1, "1001 columns"),
    (b"," * 100_000, 1, "100001 columns"),
]


@pytest.mark.parametrize(("data", "line", "words"), REFUSED)
@pytest.mark.parametrize("step", [3, 1 << 20])
def test_refused_with_the_line(data: bytes, line: int, words: str, step: int) -> None:
    if step < len(data) and len(data) > 1000:
        step = 1000
    with pytest.raises(FormatError) as caught:
        read([data[at : at + step] for at in range(0, len(data), step)])
    assert caught.value.line == line
    assert words in caught.value.sentence


def test_a_thousand_columns_pass() -> None:
    header, rows = read([b",".join(b"c%d" % i for i in range(1000)) + b"\n"])
    assert header is not None
    assert (len(header), rows) == (1000, [])


def test_a_field_over_the_limit_is_refused_in_bytes() -> None:
    assert read(["a,b\n1,éé\n".encode()], limit=4)[1] == [(2, ["1", "éé"])]
    assert read(['a,b\n1,"éé"\n'.encode()], limit=4)[1] == [(2, ["1", "éé"])]
    with pytest.raises(FormatError, match="Line 2: A field of this record is longer than 4 bytes"):
        read(["a,b\n1,ééx\n".encode()], limit=4)


@pytest.mark.parametrize("start", [b"a,b\n1,2\n", b'a,b\n1,2\n"', b'a,b\n1,2\n"\n'])
def test_an_endless_record_is_refused_at_four_times_the_limit(start: bytes) -> None:
    reader = CsvReader(field_bytes_max=100)
    reader.feed(start)
    for _ in range(38):
        reader.feed(b"x" * 10)
    with pytest.raises(FormatError, match="Line 3: The record that starts here is longer"):
        reader.feed(b"x" * 21)
    with pytest.raises(FormatError, match="has ended"):
        reader.feed(b"x")


@pytest.mark.parametrize("line", [b"x" * 401, b'"' + b"x" * 401 + b'"'])
def test_a_whole_oversized_line_in_one_chunk_is_refused_too(line: bytes) -> None:
    with pytest.raises(FormatError, match="Line 2: The record that starts here"):
        read([b"a\n" + line + b"\n"], limit=100)


def test_the_reader_ends_once() -> None:
    reader = CsvReader()
    assert reader.header is None
    reader.feed(b"a\n")
    assert reader.finish() == []
    assert reader.header == ("a",)
    with pytest.raises(FormatError, match="has ended"):
        reader.finish()


@given(ROWS, st.lists(st.integers(0, 120), max_size=5))
def test_written_rows_come_back_however_they_are_cut(
    rows: list[list[str]], cuts: list[int]
) -> None:
    width = len(rows[0]) if rows else 1
    header = [f"c{index}" for index in range(width)]
    data = b"".join(render_csv_row(row, flavour="exact") for row in [header, *rows])
    names, found = read(cut(data, cuts))
    assert names == tuple(header)
    assert [fields for _, fields in found] == rows
    again = b"".join(render_csv_row(row, flavour="exact") for row in [header, *rows])
    assert again == data


@given(ROWS)
def test_same_as_the_standard_library(rows: list[list[str]]) -> None:
    out = io.StringIO()
    width = len(rows[0]) if rows else 1
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([[f"c{index}" for index in range(width)], *rows])
    assert [fields for _, fields in read([out.getvalue().encode()])[1]] == rows


@given(st.text(st.sampled_from(list('a,"\r\n')), max_size=14))
def test_whatever_is_accepted_means_the_same_to_the_standard_library(text: str) -> None:
    data = "h,k\n" + text
    try:
        rows = [fields for _, fields in read([data.encode()])[1]]
    except FormatError:
        return
    theirs = list(csv.reader(io.StringIO(data, newline=""), strict=True))
    assert [["h", "k"], *rows] == [row for row in theirs if row]
