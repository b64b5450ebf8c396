"""Blocks of whole lines: cut anywhere, they give the lines that the line reader gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.formats import (
    LINE_BYTES_MAX,
    FormatError,
    LineBlocks,
    LineReader,
    numbered_lines,
)

pieces = st.lists(
    st.lists(st.sampled_from([b"a", b"bc", b" ", b"\t", b"\r", b"\n", b"\r\n", b"x" * 9]))
    .map(b"".join),
    max_size=8,
)  # fmt: skip


def lines_of(blocks: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return [line for first, block in blocks for line in numbered_lines(block, first_line=first)]


def cut(chunks: list[bytes], *, lines: int = 1, size: int = 1 << 20) -> list[tuple[int, bytes]]:
    cutter = LineBlocks(lines_min=lines, bytes_min=size)
    return [block for chunk in chunks for block in cutter.feed(chunk)] + cutter.finish()


@given(pieces, st.integers(1, 5), st.integers(1, 40))
def test_blocks_hold_the_same_lines_under_the_same_numbers(
    chunks: list[bytes], lines: int, size: int
) -> None:
    reader = LineReader()
    wanted = [line for chunk in chunks for line in reader.feed(chunk)] + reader.finish()
    blocks = cut(chunks, lines=lines, size=size)
    assert b"".join(block for _, block in blocks) == b"".join(chunks)
    # Blanks at a line's end mean nothing to JSON.
    assert lines_of(blocks) == [(number, line.rstrip(b" \t\r")) for number, line in wanted]


def test_a_block_is_given_when_it_has_lines_or_bytes_enough() -> None:
    assert cut([b"1\n2\n", b"3\n", b"4"], lines=3) == [(1, b"1\n2\n3\n"), (4, b"4")]
    assert cut([b"1\n2", b"2\n3\n"], lines=9, size=5) == [(1, b"1\n22\n3\n")]
    assert cut([]) == []


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nmore\n"])
def test_the_longest_line_is_taken_and_one_byte_more_is_not(end: bytes) -> None:
    whole = b"x" * LINE_BYTES_MAX
    assert lines_of(cut([b"1\n" + whole[:9], whole[9:] + end]))[1] == (2, whole)
    taken: list[tuple[int, bytes]] = []
    cutter = LineBlocks(lines_min=9, bytes_min=1 << 22)
    with pytest.raises(FormatError, match="longer than 1048576 bytes") as caught:
        for block in [*cutter.feed(b"1\n" + whole), *cutter.feed(b"xx" + end), *cutter.finish()]:
            for line in numbered_lines(block[1], first_line=block[0]):
                taken.append(line)  # noqa: PERF402 - what came before the refusal counts
    assert caught.value.line == 2
    assert taken + lines_of(cutter.finish()) == [(1, b"1")]


def test_an_endless_line_is_refused_before_it_fills_memory() -> None:
    cutter = LineBlocks(lines_min=1, bytes_min=1)
    cutter.feed(b"1\n")
    for _ in range(16):
        cutter.feed(b"x" * (64 * 1024))
    with pytest.raises(FormatError, match="Line 2"):
        cutter.feed(b"xxxx")
