"""Lines out of a stream of bytes, for JSON Lines files of any size.

The reader keeps at most one unfinished line, and never more of it than the limit
(reliability.md, item 63). It splits only; ``parse_json`` reads each line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evenhand.formats.errors import FormatError

LINE_BYTES_MAX: Final = 1024 * 1024
# What JSON calls blank, without the line feed that ends the line.
_BLANK: Final = b" \t\r"


def numbered_lines(block: bytes, *, first_line: int) -> Iterator[tuple[int, bytes]]:
    """Yield (number, bytes without the line end) of a block's lines, blank ones left out.

    ``LineBlocks`` gives such blocks. Raises FormatError when it comes to a line that is
    too long, after those before it.
    """
    for number, line in enumerate(block.split(b"\n"), first_line):
        if len(line) > LINE_BYTES_MAX and len(line.removesuffix(b"\r")) > LINE_BYTES_MAX:
            raise _too_long(LINE_BYTES_MAX, line=number)
        content = line.rstrip(_BLANK)
        if content:
            yield number, content


class LineBlocks:
    """Cuts a stream into blocks of whole lines, without looking at each line.

    A block has at least ``lines_min`` lines or ``bytes_min`` bytes, but for the last.
    Memory: one block, one chunk and one unfinished line of at most the limit.
    """

    def __init__(self, *, lines_min: int, bytes_min: int) -> None:
        self._lines_min = lines_min
        self._bytes_min = bytes_min
        self._pieces: list[bytes] = []
        self._piece_bytes = 0
        self._line_count = 0
        self._first_line = 1
        self._tail: list[bytes] = []
        self._tail_bytes = 0

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """Take the next bytes; return the block that they complete, as (first line, bytes).

        Raises FormatError when an unfinished line is longer than the limit; ``finish`` still gives
        the lines before it.
        """
        end = chunk.rfind(b"\n") + 1
        if end:
            self._pieces += self._tail
            self._pieces.append(chunk[:end])
            self._piece_bytes += self._tail_bytes + end
            self._line_count += chunk.count(b"\n")
            self._tail = []
            self._tail_bytes = 0
        if end < len(chunk):
            self._tail.append(chunk[end:])
            self._tail_bytes += len(chunk) - end
        # One more, since its last byte may be the CR of a CRLF, which is not part of the line.
        if self._tail_bytes - 1 > LINE_BYTES_MAX:
            self._tail = []
            raise _too_long(LINE_BYTES_MAX, line=self._first_line + self._line_count)
        if self._line_count >= self._lines_min or self._piece_bytes >= self._bytes_min:
            return self._cut()
        return []

    def finish(self) -> list[tuple[int, bytes]]:
        """Return what is left, the last line with or without its end."""
        self._pieces += self._tail
        self._tail = []
        return self._cut()

    def _cut(self) -> list[tuple[int, bytes]]:
        block = (self._first_line, b"".join(self._pieces))
        self._first_line += self._line_count
        self._pieces = []
        self._piece_bytes = 0
        self._line_count = 0
        return [block] if block[1] else []


def _too_long(limit: int, *, line: int) -> FormatError:
    return FormatError(f"This line is longer than {limit} bytes.", line=line)


class LineReader:
    """Splits chunks into numbered lines.

    Lines end in LF or CRLF; a lone CR is no line end. Lines that are empty or blank
    are counted and left out. The last line needs no line end. After an error or
    ``finish`` the reader refuses more.
    """

    def __init__(self, *, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self._limit = line_bytes_max
        self._pieces: list[bytes] = []
        self._pending_bytes = 0
        self._line = 1
        self._closed = False

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """Take the next bytes; return the lines that they complete.

        Each line comes as (number from 1, bytes without the line end). Raises
        FormatError with the line's number when a line is longer than the limit, also
        before its end has come; of a chunk with such a line nothing is returned.
        """
        self._require_open()
        head, *rest = chunk.split(b"\n")
        if not rest:
            self._keep(head)
            return []
        lines = [b"".join([*self._pieces, head]), *rest[:-1]]
        self._pieces = []
        self._pending_bytes = 0
        found: list[tuple[int, bytes]] = []
        for line in lines:
            content = line.removesuffix(b"\r")
            self._check_size(len(content))
            if content.strip(_BLANK):
                found.append((self._line, content))
            self._line += 1
        self._keep(rest[-1])
        return found

    def finish(self) -> list[tuple[int, bytes]]:
        """Return the last line if it had no line end."""
        self._require_open()
        self._closed = True
        line = b"".join(self._pieces)
        self._pieces = []
        if not line.strip(_BLANK):
            return []
        # A CR at the very end is half of a CRLF that was cut off.
        line = line.removesuffix(b"\r")
        self._check_size(len(line))
        return [(self._line, line)]

    def _keep(self, piece: bytes) -> None:
        self._pending_bytes += len(piece)
        # One more, since its last byte may be the CR of a CRLF, which is not part of the line.
        self._check_size(self._pending_bytes - 1)
        if piece:
            self._pieces.append(piece)

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            self._closed = True
            self._pieces = []
            raise _too_long(self._limit, line=self._line)

    def _require_open(self) -> None:
        if self._closed:
            message = "The reader has ended; start a new one for another file."
            raise FormatError(message)
