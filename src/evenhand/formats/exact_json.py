"""The exact JSON reader: slow, recursive, and able to point at the offence.

It accepts exactly what ``strict_json.parse_json`` promises and shares no code with
the fast path, so that each can be tested against the other.
"""

from __future__ import annotations

import math
import re
from typing import Final, NoReturn

from evenhand.formats.errors import FormatError

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
# Digits of the largest 64-bit integer; a longer one is refused before it costs time to convert.
_INT_DIGITS: Final = 19

_BLANK: Final = re.compile(r"[ \t\n\r]*+")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*+')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_NUMBER_TAIL: Final = re.compile(r"[0-9A-Za-z.+-]")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{4}")
_ESCAPES: Final = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_FOREIGN_WORDS: Final = ("NaN", "Infinity", "-Infinity")
_BOM: Final = "\ufeff"


def parse_exact(data: bytes, *, max_depth: int, first_line: int) -> object:
    """Read one document; raise FormatError at the first offence."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        if data[error.start : error.start + 1] == b"\xed":
            # Only encoded surrogates start so and fail: they come from text that had lone halves.
            sentence = "This is half of a surrogate pair; it stands for no character."
        else:
            sentence = "These bytes are not valid UTF-8."
        raise _error(good, len(good), sentence, first_line) from None
    return _Reader(text, max_depth=max_depth, first_line=first_line).document()


def _error(text: str, at: int, sentence: str, first_line: int) -> FormatError:
    before = text[:at]
    return FormatError(
        sentence,
        line=first_line + before.count("\n"),
        column=at - (before.rfind("\n") + 1) + 1,
        offset=len(before.encode("utf-8")),
    )


class _Reader:
    """One pass over the text; ``at`` is the index of the next character."""

    def __init__(self, text: str, *, max_depth: int, first_line: int) -> None:
        self._text = text
        self._at: int = 0
        self._max_depth = max_depth
        self._first_line = first_line

    def document(self) -> object:
        if self._text.startswith(_BOM):
            self._refuse("A byte order mark is not allowed before JSON.")
        self._skip_blank()
        value = self._value(depth=0)
        self._skip_blank()
        if self._at < len(self._text):
            self._refuse("Something follows after the end of the JSON value.")
        return value

    def _refuse(self, sentence: str, *, at: int | None = None) -> NoReturn:
        place = self._at if at is None else at
        raise _error(self._text, place, sentence, self._first_line)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_blank(self) -> None:
        match = _BLANK.match(self._text, self._at)
        self._at = self._at if match is None else match.end()

    def _value(self, *, depth: int) -> object:
        first = self._peek()
        if first == '"':
            return self._string()
        if first in {"{", "["} and depth >= self._max_depth:
            self._refuse(f"The value is nested more than {self._max_depth} levels deep.")
        if first == "{":
            return self._object(depth=depth)
        if first == "[":
            return self._array(depth=depth)
        for word, meaning in _WORDS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return meaning
        return self._number()

    def _object(self, *, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        self._at += 1
        self._skip_blank()
        if self._peek() == "}":
            self._at += 1
            return found
        while True:
            key_at = self._at
            if self._peek() != '"':
                self._refuse("A key in double quotes is expected here.")
            key = self._string()
            if key in found:
                self._refuse("This key appears twice in the same object.", at=key_at)
            self._skip_blank()
            if self._peek() != ":":
                self._refuse("A colon is expected after a key.")
            self._at += 1
            self._skip_blank()
            found[key] = self._value(depth=depth + 1)
            if self._ends("}"):
                return found

    def _array(self, *, depth: int) -> list[object]:
        found: list[object] = []
        self._at += 1
        self._skip_blank()
        if self._peek() == "]":
            self._at += 1
            return found
        while True:
            found.append(self._value(depth=depth + 1))
            if self._ends("]"):
                return found

    def _ends(self, bracket: str) -> bool:
        """Step over a comma (False) or over the closing bracket (True)."""
        self._skip_blank()
        sign = self._peek()
        if sign not in {",", bracket} or not sign:
            self._refuse(f"A comma or {bracket} is expected here.")
        self._at += 1
        self._skip_blank()
        return sign == bracket

    def _number(self) -> int | float:
        start = self._at
        match = _NUMBER.match(self._text, start)
        if match is None or _NUMBER_TAIL.match(self._text, match.end()):
            self._refuse_word()
        digits = match.group()
        self._at = match.end()
        if match.group(1) is None and match.group(2) is None:
            if len(digits.lstrip("-")) > _INT_DIGITS or not INT_MIN <= int(digits) <= INT_MAX:
                self._refuse("This integer lies outside of the signed 64-bit range.", at=start)
            return int(digits)
        number = float(digits)
        if not math.isfinite(number):
            self._refuse("This number is too large for a double.", at=start)
        return number

    def _refuse_word(self) -> NoReturn:
        if self._at == len(self._text):
            self._refuse("The text ends where a JSON value is expected.")
        if self._text.startswith(_FOREIGN_WORDS, self._at):
            self._refuse("JSON has no NaN and no infinity.")
        self._refuse("This is not a JSON value.")

    def _string(self) -> str:
        self._at += 1
        parts: list[str] = []
        while True:
            match = _PLAIN.match(self._text, self._at)
            end = self._at if match is None else match.end()
            parts.append(self._text[self._at : end])
            self._at = end
            sign = self._peek()
            if sign == '"':
                self._at += 1
                return "".join(parts)
            if not sign:
                self._refuse("The text ends inside of a string.")
            if sign != "\\":
                self._refuse("A control character inside of a string must be escaped.")
            parts.append(self._escape())

    def _escape(self) -> str:
        start = self._at
        letter = self._text[start + 1 : start + 2]
        if letter in _ESCAPES:
            self._at += 2
            return _ESCAPES[letter]
        if letter != "u":
            self._refuse("This escape does not exist in JSON.")
        unit = self._unit(start)
        if unit == 0:
            self._refuse("U+0000 cannot be stored.", at=start)
        if not 0xD800 <= unit <= 0xDFFF:  # noqa: PLR2004 (Unicode, section 3.8: surrogates)
            self._at = start + 6
            return chr(unit)
        sentence = "This is half of a surrogate pair; it stands for no character."
        if unit >= 0xDC00 or not self._text.startswith("\\u", start + 6):  # noqa: PLR2004
            self._refuse(sentence, at=start)
        low = self._unit(start + 6)
        if not 0xDC00 <= low <= 0xDFFF:  # noqa: PLR2004
            self._refuse(sentence, at=start)
        self._at = start + 12
        return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))

    def _unit(self, start: int) -> int:
        match = _HEX.match(self._text, start + 2)
        if match is None:
            self._refuse("Four hexadecimal digits are expected after \\u.", at=start)
        return int(match.group(), 16)
