"""TRL's explicit-prompt preference rows: ``prompt``, ``chosen``, ``rejected`` and more.

Source: the "preference" type, standard format, of the TRL documentation's dataset
formats. A row says that one answer was preferred; a tie has no row here, and where it
goes is the caller's decision. Extra columns (strength, receipts, ids) ride along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from evenhand.formats.errors import FormatError
from evenhand.formats.jsonl import LineReader
from evenhand.formats.strict_json import parse_json, render_json

_NAMES: Final = ("prompt", "chosen", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrlPreference:
    """One preference; ``extra`` holds JSON values under names other than the three."""

    prompt: str
    chosen: str
    rejected: str
    extra: Mapping[str, object] = field(default_factory=dict[str, object])


def render_trl(row: TrlPreference) -> bytes:
    """Write one line of JSONL, with its line feed.

    Raises FormatError when an extra column has a reserved name or when strict JSON
    cannot hold a value.
    """
    reserved = [name for name in _NAMES if name in row.extra]
    if reserved:
        message = f"An extra column may not be named {reserved[0]!r}."
        raise FormatError(message)
    whole: dict[str, object] = {
        "prompt": row.prompt,
        "chosen": row.chosen,
        "rejected": row.rejected,
        **row.extra,
    }
    return render_json(whole) + b"\n"


def parse_trl(line: bytes, *, line_number: int = 1) -> TrlPreference:
    """Read one line; raise FormatError with its number when it is no preference row."""
    value = parse_json(line, first_line=line_number)
    if not isinstance(value, dict):
        message = "A preference row is a JSON object."
        raise FormatError(message, line=line_number)
    extra = cast("dict[str, object]", value)
    texts: list[str] = []
    for name in _NAMES:
        if not isinstance(text := extra.pop(name, None), str):
            message = f"A preference row needs {name!r} as a string."
            raise FormatError(message, line=line_number)
        texts.append(text)
    prompt, chosen, rejected = texts
    return TrlPreference(prompt=prompt, chosen=chosen, rejected=rejected, extra=extra)


def read_trl(chunks: Iterable[bytes]) -> Iterator[tuple[int, TrlPreference]]:
    """Read a stream of JSONL; yields (line number, row), raises FormatError as ``parse_trl``."""
    reader = LineReader()
    for chunk in chunks:
        for number, line in reader.feed(chunk):
            yield number, parse_trl(line, line_number=number)
    for number, line in reader.finish():
        yield number, parse_trl(line, line_number=number)
