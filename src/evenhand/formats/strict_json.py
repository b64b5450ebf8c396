"""JSON in which every document has exactly one meaning, and that PostgreSQL can store.

RFC 8259 leaves open what a reader does with duplicate keys, huge numbers and lone
surrogates. Here they are refused, each with its position, so that two programs
never read two different things out of the same signed or hashed bytes
(reliability.md, items 58 and 59):

* NaN, Infinity and numbers that overflow a double;
* integers outside of the signed 64-bit range;
* the same key twice in one object (compared after unescaping);
* more than ``max_depth`` nested arrays and objects;
* invalid UTF-8, a byte order mark, U+0000 and lone surrogates;
* anything after the value, and all that RFC 8259 itself forbids.

Two readers share the work. The fast one decodes with msgspec, which checks the
grammar, and then proves the absence of what msgspec lets through. When the proof
fails it gives up without a diagnosis, and the exact reader (``exact_json.py``)
reads again from the start: it either finds the offence or the value.

Why counting colons finds duplicate keys: in a valid document each key is followed by
one colon outside of strings, and a duplicate key vanishes when it is decoded. So
*colons outside of strings = keys in the decoded value* holds exactly when no key was
repeated. Colons outside of strings are at most all colons, hence equality with the
number of all colons is proof as well; only when that is too high are the strings cut
out.
"""

from __future__ import annotations

import math
from typing import Final, cast

import msgspec

from evenhand.formats.errors import FormatError
from evenhand.formats.exact_json import INT_MAX, INT_MIN, parse_exact

MAX_DEPTH: Final = 64
# The exact reader is recursive, two frames for each level.
_DEPTH_CEILING: Final = 200

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def parse_json(data: bytes | str, *, max_depth: int = MAX_DEPTH, first_line: int = 1) -> object:
    """Read one JSON document.

    Returns dict, list, str, int, float, bool or None. ``first_line`` is the number
    that errors give to the first line, for documents inside of a larger file.
    Raises FormatError with line, column and offset; ValueError when ``max_depth`` is
    not between 0 and 200.
    """
    if not 0 <= max_depth <= _DEPTH_CEILING:
        message = f"max_depth must lie between 0 and {_DEPTH_CEILING}."
        raise ValueError(message)
    # Lone surrogates pass here, into bytes that are no UTF-8, so that the exact reader finds them.
    encoded = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    try:
        value = _decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return parse_exact(encoded, max_depth=max_depth, first_line=first_line)
    escaped = b"\\" in encoded
    # The escape of U+0000 may also be an escaped backslash before "u0000": let the other decide.
    if not (escaped and b"\\u0000" in encoded):
        keys = _count_plain_keys(value) if max_depth > 1 else None
        if keys is None:
            keys = _count_keys(value, max_depth=max_depth)
        if keys is not None and (
            encoded.count(b":") == keys or _count_outer_colons(encoded, escaped=escaped) == keys
        ):
            return value
    return parse_exact(encoded, max_depth=max_depth, first_line=first_line)


def _count_keys(value: object, *, max_depth: int) -> int | None:
    """Count the keys of all objects in the value; None when it is too deep or an int too large."""
    keys = 0
    level: list[object] = [value]
    depth = 0
    while level:
        below: list[object] = []
        for item in level:
            kind = type(item)
            if kind is str:
                continue
            if kind is dict:
                mapping = cast("dict[str, object]", item)
                keys += len(mapping)
                below += mapping.values()
            elif kind is list:
                below += cast("list[object]", item)
            elif kind is int:
                if not INT_MIN <= cast("int", item) <= INT_MAX:
                    return None
                continue
            else:
                continue
            if depth >= max_depth:
                return None
        level = below
        depth += 1
    return keys


def _count_plain_keys(value: object) -> int | None:
    """As ``_count_keys`` for what most lines are: strings, and objects of strings; else None."""
    if type(value) is not dict:
        return None
    mapping = cast("dict[str, object]", value)
    keys = len(mapping)
    for item in mapping.values():
        if type(item) is str:
            continue
        if type(item) is not dict:
            return None
        below = cast("dict[str, object]", item)
        keys += len(below)
        for leaf in below.values():
            if type(leaf) is not str:
                return None
    return keys


def _count_outer_colons(data: bytes, *, escaped: bool) -> int:
    """Count the colons outside of strings in valid JSON.

    Without escaped quotes, each second piece between quotes lies outside of strings.
    Escaped backslashes go first, pair by pair from the left as a reader meets them, so
    that what is left of a backslash before a quote does escape it.
    """
    if escaped:
        data = data.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(data.split(b'"')[::2]).count(b":")


def render_json(value: object, *, max_depth: int = MAX_DEPTH) -> bytes:
    """Write a value as compact UTF-8 JSON, keys in their given order.

    Refuses all that ``parse_json`` would refuse, so that what was written can be read:
    ``parse_json(render_json(value)) == value``. Takes dict (with str keys), list, str,
    int, float, bool and None, nothing that only resembles them. Raises FormatError.
    """
    _require_renderable(value, depth=0, max_depth=max_depth)
    return _encode(value)


def render_parsed_json(value: object) -> bytes:
    """Write what ``parse_json`` gave, or parts of it: as ``render_json`` without its checks."""
    return _encode(value)


def _require_renderable(value: object, *, depth: int, max_depth: int) -> None:
    if value is None or isinstance(value, bool):
        return
    if type(value) is str:
        _require_storable(value)
    elif type(value) is int:
        if not INT_MIN <= value <= INT_MAX:
            message = "An integer lies outside of the signed 64-bit range."
            raise FormatError(message)
    elif type(value) is float:
        if not math.isfinite(value):
            message = "JSON has no NaN and no infinity."
            raise FormatError(message)
    elif type(value) in {dict, list}:
        if depth >= max_depth:
            message = f"The value is nested more than {max_depth} levels deep."
            raise FormatError(message)
        for item in _members(cast("dict[object, object] | list[object]", value)):
            _require_renderable(item, depth=depth + 1, max_depth=max_depth)
    else:
        message = f"A value of type {type(value).__name__} has no strict JSON form."
        raise FormatError(message)


def _members(container: dict[object, object] | list[object]) -> list[object]:
    if isinstance(container, list):
        return container
    for key in container:
        if type(key) is not str:
            message = "A key of a JSON object must be a string."
            raise FormatError(message)
        _require_storable(key)
    return list(container.values())


def _require_storable(text: str) -> None:
    if "\x00" in text:
        message = "A string contains U+0000, which cannot be stored."
        raise FormatError(message)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        message = "A string contains half of a surrogate pair."
        raise FormatError(message) from None
