"""Strict CSV out of a stream of bytes: read exactly or refused with the line's number.

The dialect is RFC 4180 in UTF-8: comma, double quotes, LF or CRLF (mixed is fine, line
ends inside of quotes are kept as they are). Not accepted, each with the line that the
record starts on (reliability.md, item 60): other encodings, NUL, a lone CR outside of
quotes, a quote inside of an unquoted field, text after a closing quote, a missing
closing quote, records with more or fewer fields than the header, oversized fields, a
header with an empty or repeated name or with more than 1,000 columns.

An empty line is skipped; an empty single field is therefore written ``""``.

How a record's end is found: since quotes occur only around and (doubled) inside of
quoted fields, a line end lies outside of quotes exactly when an even number of quotes
came before it in the record. A bare quote breaks the count, but then the record does
not match the grammar below and is refused. (The standard library's reader takes bare
quotes silently and shares one field limit with the whole process, hence our own.)
"""

from __future__ import annotations

import re
from typing import Final

from evenhand.formats.errors import FormatError

COLUMNS_MAX: Final = 1_000
FIELD_BYTES_MAX: Final = 1024 * 1024
# A record may be larger than its largest field, but not without end.
_RECORD_BYTES_FACTOR: Final = 4

_BOM: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_FIELD: Final = r'(?:"(?:[^"]++|"")*+"|[^",\r\n]*+)'
_RECORD: Final = re.compile(f"{_FIELD}(?:,{_FIELD})*+")

_FIELD_AND_COMMA: Final = re.compile(f"({_FIELD}),")
_UTF8_BYTES_MAX: Final = 4


class CsvReader:
    """Reads records from chunks; ``header`` is known once the first record is complete.

    Memory: one unfinished record of at most four times the field limit, and the rows of
    the chunk. After an error or ``finish`` the reader refuses more.
    """

    def __init__(self, *, field_bytes_max: int = FIELD_BYTES_MAX) -> None:
        self._field_limit = field_bytes_max
        self._record_limit = field_bytes_max * _RECORD_BYTES_FACTOR
        self._header: tuple[str, ...] | None = None
        self._tail: list[bytes] = []
        self._tail_bytes = 0
        self._open_lines: list[bytes] = []
        self._open_bytes = 0
        self._record_line = 1
        self._line = 1
        self._closed = False

    @property
    def header(self) -> tuple[str, ...] | None:
        """The column names, or None as long as the first record has not come."""
        return self._header

    def feed(self, chunk: bytes) -> list[tuple[int, list[str]]]:
        """Take the next bytes; return the records that they complete.

        Each comes as (line that it starts on, from 1; fields). Raises FormatError with
        the line; of a chunk with an offence nothing is returned.
        """
        self._require_open()
        head, *rest = chunk.split(b"\n")
        if not rest:
            self._keep(head)
            return []
        lines = [b"".join([*self._tail, head]), *rest[:-1]]
        self._tail = []
        self._tail_bytes = 0
        rows: list[tuple[int, list[str]]] = []
        for line in lines:
            self._take_line(line, b"\n", rows)
        self._keep(rest[-1])
        return rows

    def finish(self) -> list[tuple[int, list[str]]]:
        """Return the last record if it had no line end; refuse a file without a header."""
        self._require_open()
        rows: list[tuple[int, list[str]]] = []
        last = b"".join(self._tail)
        self._tail = []
        if last or self._open_lines:
            self._take_line(last, b"", rows)
        if self._open_lines:
            raise self._refusal("A quoted field that starts in this record is never closed.")
        if self._header is None:
            self._record_line = 1
            raise self._refusal("The file has no header line.")
        self._closed = True
        return rows

    def _keep(self, piece: bytes) -> None:
        self._tail_bytes += len(piece)
        self._check_size(self._open_bytes + self._tail_bytes)
        if piece:
            self._tail.append(piece)

    def _take_line(self, line: bytes, end: bytes, rows: list[tuple[int, list[str]]]) -> None:
        """Add a physical line to the record; when that completes it, read it."""
        if self._line == 1:
            if line.startswith(_UTF16_MARKS):
                raise self._refusal("The file is UTF-16; save it as UTF-8.")
            line = line.removeprefix(_BOM)
        self._line += 1
        if not self._open_lines and b'"' not in line:
            self._check_size(len(line))
            self._read_record(line, rows)
            self._record_line = self._line
            return
        self._open_bytes += len(line) + len(end)
        self._check_size(self._open_bytes)
        self._open_lines.append(line + end)
        # Only lines with an odd number of quotes change whether we are inside of them.
        odd = line.count(b'"') % 2 == 1
        if odd == (len(self._open_lines) > 1):
            record = b"".join(self._open_lines).removesuffix(b"\n")
            self._open_lines = []
            self._open_bytes = 0
            self._read_record(record, rows)
            self._record_line = self._line

    def _read_record(self, record: bytes, rows: list[tuple[int, list[str]]]) -> None:
        try:
            text = record.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self._record_line + record[: error.start].count(b"\n")
            self._closed = True
            message = "This line is not valid UTF-8; save the file as UTF-8."
            raise FormatError(message, line=line) from None
        text = text.removesuffix("\r")
        if not text:
            return
        if "\x00" in text:
            raise self._refusal("This record contains a NUL character.")
        if self._header is None:
            self._header = self._checked_header(self._fields(text, columns=None))
        else:
            fields = self._fields(text, columns=len(self._header))
            rows.append((self._record_line, fields))

    def _fields(self, text: str, *, columns: int | None) -> list[str]:
        if '"' not in text:
            if "\r" in text:
                raise self._refusal("A lone CR ends no line here; use LF or CRLF.")
            self._check_width(text.count(",") + 1, columns=columns)
            fields = text.split(",")
        else:
            if _RECORD.fullmatch(text) is None:
                raise self._refusal(
                    "A quote or a lone CR stands where none may be: a field with quotes, commas"
                    " or line ends is quoted as a whole, with its inner quotes doubled."
                )
            fields = [_unquoted(field) for field in _FIELD_AND_COMMA.findall(text + ",")]
            self._check_width(len(fields), columns=columns)
        if len(text) * _UTF8_BYTES_MAX > self._field_limit:
            self._check_fields(fields)
        return fields

    def _check_width(self, width: int, *, columns: int | None) -> None:
        if columns is None:
            if width > COLUMNS_MAX:
                raise self._refusal(f"The header has {width} columns; {COLUMNS_MAX} are allowed.")
        elif width != columns:
            raise self._refusal(f"This record has {width} fields; the header has {columns}.")

    def _check_fields(self, fields: list[str]) -> None:
        if any(len(field.encode("utf-8")) > self._field_limit for field in fields):
            raise self._refusal(f"A field of this record is longer than {self._field_limit} bytes.")

    def _checked_header(self, names: list[str]) -> tuple[str, ...]:
        if names[0].startswith("\ufeff"):
            raise self._refusal("The file starts with more than one byte order mark.")
        seen: set[str] = set()
        for name in names:
            if not name.strip():
                raise self._refusal("The header has a column without a name.")
            if name in seen:
                raise self._refusal(f"The header has two columns named {name!r}.")
            seen.add(name)
        return tuple(names)

    def _check_size(self, size: int) -> None:
        if size > self._record_limit:
            raise self._refusal(
                f"The record that starts here is longer than {self._record_limit} bytes; perhaps"
                " a closing quote is missing."
            )

    def _refusal(self, sentence: str) -> FormatError:
        """Close the reader and make the error for the current record."""
        self._closed = True
        self._tail = []
        self._open_lines = []
        return FormatError(sentence, line=self._record_line)

    def _require_open(self) -> None:
        if self._closed:
            message = "The reader has ended; start a new one for another file."
            raise FormatError(message)


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field
