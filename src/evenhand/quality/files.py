"""Columns out of CSV files and tables into them, for the command line.

Nothing is left half written: tables go to temporary files beside their places, which
take the places only when all are complete and on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evenhand.formats import CsvReader, FormatError, render_csv_row

_CHUNK_BYTES: Final = 1 << 20
_PARQUET_ENDINGS: Final = {".parquet", ".pq"}


class FileRefusedError(Exception):
    """A file could not be read or written as asked; the text is a sentence for humans."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table to write: where, the column names, the rows of text."""

    path: Path
    header: Sequence[str]
    rows: Iterable[Sequence[str]]


def read_columns(path: Path, names: Sequence[str]) -> list[list[str]]:
    """Read the named columns of a CSV file, others are ignored.

    Equal values share one string, so that memory grows with distinct values. Raises
    FileRefusedError: no such file, malformed CSV or an empty value (with the line), a
    missing column, Parquet.
    """
    _refuse_parquet(path)
    reader = CsvReader()
    columns: list[list[str]] = [[] for _ in names]
    shared: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                _add(columns, reader, reader.feed(chunk), names=names, shared=shared)
            _add(columns, reader, reader.finish(), names=names, shared=shared)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise FileRefusedError(message) from error
    except FormatError as error:
        message = f"Cannot use {path}: {error}"
        raise FileRefusedError(message) from error
    return columns


def _add(
    columns: list[list[str]],
    reader: CsvReader,
    rows: Iterable[tuple[int, list[str]]],
    *,
    names: Sequence[str],
    shared: dict[str, str],
) -> None:
    header = reader.header
    if header is None:
        return
    missing = [name for name in names if name not in header]
    if missing:
        message = f"The file has no column {missing[0]!r}; its columns are {', '.join(header)}."
        raise FormatError(message, line=1)
    places = [header.index(name) for name in names]
    for line, fields in rows:
        for column, place in zip(columns, places, strict=True):
            value = fields[place]
            if not value:
                message = f"The column {header[place]} is empty; leave such rows out."
                raise FormatError(message, line=line)
            column.append(shared.setdefault(value, value))


def write_tables(tables: Sequence[Table]) -> None:
    """Write all tables or none. Raises FileRefusedError."""
    for table in tables:
        _refuse_parquet(table.path)
    with ExitStack() as cleanup:
        parts: list[tuple[Path, Path]] = []
        try:
            for table in tables:
                part = table.path.with_name(f".{table.path.name}.{os.getpid()}.part")
                with part.open("xb") as file:
                    cleanup.callback(part.unlink, missing_ok=True)
                    file.write(render_csv_row(table.header, flavour="exact"))
                    file.writelines(render_csv_row(row, flavour="exact") for row in table.rows)
                    file.flush()
                    os.fsync(file.fileno())
                parts.append((part, table.path))
            for part, path in parts:
                part.replace(path)
        except OSError as error:
            message = f"Cannot write {error.filename or tables[0].path}: {error.strerror}."
            raise FileRefusedError(message) from error


def _refuse_parquet(path: Path) -> None:
    if path.suffix.lower() in _PARQUET_ENDINGS:
        message = f"{path} is a Parquet file, which this version cannot handle; use CSV."
        raise FileRefusedError(message)
