"""The two JSON readers: each refusal with its place, and the fast one against the exact one."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.formats import FormatError, parse_json, render_json, render_parsed_json
from evenhand.formats.exact_json import parse_exact

SAFE_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20
)
SAFE_INT = st.integers(min_value=-(2**63), max_value=2**63 - 1)
SAFE_FLOAT = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | SAFE_INT | SAFE_FLOAT | SAFE_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SAFE_TEXT, inner, max_size=4),
    max_leaves=20,
)
# Text made of the pieces that the colon count has to tell apart.
PIECES = st.lists(
    st.sampled_from(
        [
            *['"', "\\", '\\"', "\\\\", ":", ",", "{", "}", "[", "]", '{"a":', '"a"', '"b":1', " "],
            *["1", "-", "0", "e5", ".5", "null", "true", "\\u0000", "\\\\u0000", "\n", "\x01"],
            *["\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\u0041", "é", "\ufeff", "NaN"],
        ]
    ),
    max_size=12,
).map("".join)

REFUSED = [
    (b"NaN", 1, 1, 0, "no NaN"),
    (b"[1,\n Infinity]", 2, 2, 5, "no NaN"),
    (b"-Infinity", 1, 1, 0, "no NaN"),
    (b"[1e400]", 1, 2, 1, "too large"),
    (b"-1e309", 1, 1, 0, "too large"),
    (b'{"a":1,"a":2}', 1, 8, 7, "twice"),
    (b'{"a":1,"\\u0061":2}', 1, 8, 7, "twice"),
    (b'{"x":{"k":[],\n"k":0}}', 2, 1, 14, "twice"),
    (b'{"a:":1,"b":"\\":","b":2}', 1, 19, 18, "twice"),
    (b'{"a\\\\":1,"a\\\\":":"}', 1, 10, 9, "twice"),
    (b"9223372036854775808", 1, 1, 0, "64-bit"),
    (b"-9223372036854775809", 1, 1, 0, "64-bit"),
    (b"1" * 100_000, 1, 1, 0, "64-bit"),
    (b"[" * 100_000, 1, 65, 64, "nested"),
    (b"[" * 65 + b"]" * 65, 1, 65, 64, "nested"),
    (b'{"a":' * 65 + b"1" + b"}" * 65, 1, 321, 320, "nested"),
    (b'"\xff"', 1, 2, 1, "UTF-8"),
    ('"é\n'.encode() + b"\xc3", 2, 1, 4, "UTF-8"),
    (b'"\xed\xa0\x80"', 1, 2, 1, "surrogate"),
    (b"\xef\xbb\xbf{}", 1, 1, 0, "byte order mark"),
    (b'"a\\u0000"', 1, 3, 2, "U+0000"),
    (b'{"\\u0000":1}', 1, 3, 2, "U+0000"),
    (b'"\x00"', 1, 2, 1, "control character"),
    (b'"\\ud800"', 1, 2, 1, "surrogate"),
    (b'"\\udc00"', 1, 2, 1, "surrogate"),
    (b'"\\ud800\\ud800"', 1, 2, 1, "surrogate"),
    (b'"\\ud800\\u0041"', 1, 2, 1, "surrogate"),
    ('"é'.encode() + b'\\ud800x"', 1, 3, 3, "surrogate"),
    (b"{} {}", 1, 4, 3, "follows"),
    (b"1 2", 1, 3, 2, "follows"),
    (b"", 1, 1, 0, "ends where"),
    (b"[1,", 1, 4, 3, "ends where"),
    (b"[1,]", 1, 4, 3, "not a JSON value"),
    (b"[1", 1, 3, 2, "comma or ]"),
    (b'{"a":1;', 1, 7, 6, "comma or }"),
    (b'{"a":1,}', 1, 8, 7, "key in double quotes"),
    (b"{1:2}", 1, 2, 1, "key in double quotes"),
    (b'{"a" 1}', 1, 6, 5, "colon"),
    (b"01", 1, 1, 0, "not a JSON value"),
    (b"1.", 1, 1, 0, "not a JSON value"),
    (b"+1", 1, 1, 0, "not a JSON value"),
    (b"truex", 1, 5, 4, "follows"),
    (b"'a'", 1, 1, 0, "not a JSON value"),
    (b'"a', 1, 3, 2, "ends inside"),
    (b'"a\nb"', 1, 3, 2, "control character"),
    (b'"\\x"', 1, 2, 1, "escape"),
    (b'"\\u12G4"', 1, 2, 1, "hexadecimal"),
    (b'"\\', 1, 2, 1, "escape"),
    (b"\x0b1", 1, 1, 0, "not a JSON value"),
]


@pytest.mark.parametrize(("data", "line", "column", "offset", "words"), REFUSED)
def test_refused_with_its_place(
    data: bytes, line: int, column: int, offset: int, words: str
) -> None:
    with pytest.raises(FormatError) as caught:
        parse_json(data)
    error = caught.value
    assert (error.line, error.column, error.offset) == (line, column, offset)
    assert words in error.sentence
    assert str(error) == f"Line {line}, column {column}: {error.sentence}"


ACCEPTED = [
    (b" \t\r\n{ } \n", {}),
    (b"[ ]", []),
    (b'{"a" : 1 , "b"\n:\t[true,false,null]}', {"a": 1, "b": [True, False, None]}),
    (b'{"url":"https://example.org/:","say \\":\\"":"\\":"}', None),
    (b'{"a\\\\":":","b\\\\\\"":"x"}', {"a\\": ":", 'b\\"': "x"}),
    (b'{"a":{"a":{"a":":"}}}', {"a": {"a": {"a": ":"}}}),
    (b'"\\\\u0000"', "\\u0000"),
    (b'["\\\\u0000", {"\\"\\\\\\/\\b\\f\\n\\r\\t": -0.5e1}]', None),
    (b"[9223372036854775807,-9223372036854775808,-0]", [2**63 - 1, -(2**63), 0]),
    (b"[" * 64 + b"]" * 64, None),
    (b'"\\uD83D\\uDE00\\u00e9"', "\U0001f600é"),
    (b"[1e-400,1.5E+3]", [0.0, 1500.0]),
    ('"é\x7f"', "é\x7f"),
]


@pytest.mark.parametrize(("data", "value"), ACCEPTED)
def test_accepted_alike_by_both_readers(data: bytes | str, value: object) -> None:
    encoded = data.encode() if isinstance(data, str) else data
    expected = json.loads(data) if value is None else value
    assert parse_json(data) == expected
    assert parse_exact(encoded, max_depth=64, first_line=1) == expected


def test_a_string_with_a_lone_surrogate_is_refused_with_its_place() -> None:
    with pytest.raises(FormatError, match="surrogate") as caught:
        parse_json('["é\ud800"]')
    assert (caught.value.column, caught.value.offset) == (4, 4)


def test_depth_and_first_line_are_the_callers() -> None:
    assert parse_json(b"7", max_depth=0) == 7
    assert parse_json(b"[[]]", max_depth=2) == [[]]
    with pytest.raises(FormatError, match="Line 12, column 2: The value is nested more than 1"):
        parse_json(b"[[]]", max_depth=1, first_line=12)
    with pytest.raises(ValueError, match="between 0 and 200"):
        parse_json(b"1", max_depth=201)
    assert parse_json(b"[" * 200 + b"]" * 200, max_depth=200) is not None


@given(VALUES)
def test_render_then_parse_gives_the_value(value: object) -> None:
    data = render_json(value)
    back = parse_json(data)
    assert repr(back) == repr(value)
    assert render_json(back) == data
    assert parse_json(json.dumps(value, indent=1).encode()) == value or "\\u0000" in repr(value)


@given(VALUES)
def test_what_was_parsed_is_written_alike_without_checks(value: object) -> None:
    assert render_parsed_json(parse_json(render_json(value))) == render_json(value)


def outcome(data: bytes, *, exact: bool) -> str:
    try:
        if exact:
            return repr(parse_exact(data, max_depth=64, first_line=1))
        return repr(parse_json(data))
    except FormatError as error:
        return f"{error} at {error.offset}"


@given(PIECES)
def test_the_readers_never_disagree(text: str) -> None:
    data = text.encode()
    assert outcome(data, exact=False) == outcome(data, exact=True)


@given(st.binary(max_size=12), VALUES)
def test_the_readers_never_disagree_on_damaged_bytes(noise: bytes, value: object) -> None:
    whole = render_json(value)
    half = len(whole) // 2
    data = whole[:half] + noise + whole[half:]
    assert outcome(data, exact=False) == outcome(data, exact=True)


@given(st.lists(st.tuples(SAFE_TEXT, SAFE_TEXT), min_size=1, max_size=5), st.booleans())
def test_a_repeated_key_is_always_found(pairs: list[tuple[str, str]], spaced: bool) -> None:
    colon = " : " if spaced else ":"
    body = ",".join(json.dumps(key) + colon + json.dumps(value) for key, value in pairs)
    data = ("{" + body + "}").encode()
    if len({key for key, _ in pairs}) == len(pairs):
        assert parse_json(data) == dict(pairs)
    else:
        with pytest.raises(FormatError, match="twice"):
            parse_json(data)


def test_the_exact_reader_agrees_with_the_standard_library_on_numbers() -> None:
    for text in ("0.1", "1e22", "123456789.123456789", "5e-324", "2.2250738585072011e-308"):
        assert parse_exact(text.encode(), max_depth=1, first_line=1) == float(text)
        assert parse_json(text) == float(text)


class Name(str):
    """A string that is more than a string."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "no NaN"),
        ([math.inf], "no NaN"),
        (2**63, "64-bit"),
        ({"a": -(2**63) - 1}, "64-bit"),
        ("\x00", "U+0000"),
        ({"\x00": 1}, "U+0000"),
        ("\ud800", "surrogate"),
        ({1: 2}, "must be a string"),
        ((1, 2), "type tuple"),
        (b"x", "type bytes"),
        ({"a": Name("x")}, "type Name"),
    ],
)
def test_what_strict_json_cannot_hold_is_not_written(value: object, words: str) -> None:
    with pytest.raises(FormatError, match=words.replace("+", r"\+")):
        render_json(value)


def test_writing_stops_at_the_same_depth_as_reading() -> None:
    value: list[object] = []
    for _ in range(63):
        value = [value]
    assert parse_json(render_json(value)) == value
    with pytest.raises(FormatError, match="nested"):
        render_json([value])
