"""Lines out of chunks, however the chunks are cut."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.formats import FormatError, LineReader


def read(chunks: list[bytes], *, limit: int = 1 << 20) -> list[tuple[int, bytes]]:
    reader = LineReader(line_bytes_max=limit)
    found = [line for chunk in chunks for line in reader.feed(chunk)]
    return found + reader.finish()


def feed_all(reader: LineReader, chunks: list[bytes]) -> None:
    for chunk in chunks:
        reader.feed(chunk)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(place, len(data)) for place in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def test_numbers_blank_lines_and_both_line_ends() -> None:
    data = b'{"a":1}\r\n\n \t\r\n[2]\n"x\ry"\n3'
    assert read([data]) == [(1, b'{"a":1}'), (4, b"[2]"), (5, b'"x\ry"'), (6, b"3")]


def test_an_unended_last_line_may_be_blank_or_end_in_half_a_line_end() -> None:
    assert read([b"1\n  "]) == [(1, b"1")]
    assert read([b"1\n2\r"]) == [(1, b"1"), (2, b"2")]
    assert read([b""]) == []


@given(st.binary(max_size=60).map(lambda b: b.replace(b"z", b"\n")), st.lists(st.integers(0, 60)))
def test_cuts_change_nothing(data: bytes, cuts: list[int]) -> None:
    assert read(cut(data, cuts)) == read([data])


@given(st.lists(st.text("ab:\r ", max_size=5), max_size=6))
def test_same_lines_as_splitting_at_line_feeds(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    expected = [
        (number, line.removesuffix("\r").encode())
        for number, line in enumerate(lines, start=1)
        if line.strip(" \t\r")
    ]
    assert read([data]) == expected


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_line_of_just_the_limit_passes(end: bytes) -> None:
    assert read([b"12345" + end], limit=5) == [(1, b"12345")]
    assert read([b"123", b"45" + end], limit=5) == [(1, b"12345")]


def test_the_line_end_may_come_in_a_later_chunk() -> None:
    assert read([b"12345", b"\r", b"\n6"], limit=5) == [(1, b"12345"), (2, b"6")]
    assert read([b"12345\r", b""], limit=5) == [(1, b"12345")]


@pytest.mark.parametrize("last", [b"123456\n", b"123456\r\n", b"1234567", b"12345\rx"])
@pytest.mark.parametrize("before", [b"1\n", b"1\n\n12345\n"])
def test_a_longer_line_is_refused_with_its_number_and_closes(before: bytes, last: bytes) -> None:
    for split in range(len(last)):
        reader = LineReader(line_bytes_max=5)
        reader.feed(before)
        with pytest.raises(FormatError, match="longer than 5 bytes") as caught:
            feed_all(reader, [last[:split], last[split:]])
        assert caught.value.line == before.count(b"\n") + 1
        with pytest.raises(FormatError, match="has ended"):
            reader.feed(b"1\n")
        with pytest.raises(FormatError, match="has ended"):
            reader.finish()


def test_a_longer_last_line_is_refused_at_the_end() -> None:
    with pytest.raises(FormatError, match="Line 2"):
        read([b"1\n123456"], limit=5)


def test_an_endless_line_is_refused_before_it_fills_memory() -> None:
    reader = LineReader()
    chunk = bytes(64 * 1024).replace(b"\0", b"x")
    tracemalloc.start()
    for _ in range(16):
        reader.feed(chunk)
    with pytest.raises(FormatError, match="1048576 bytes"):
        reader.feed(chunk)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2 * 1024 * 1024
