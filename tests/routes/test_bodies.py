"""Bodies that nobody should send: refused with a place, nothing written (D58, D59)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.faults.processes import House
from tests.faults.worlds import World
from tests.routes.operations import (
    BODIES,
    Operation,
    call,
    check_problem,
    fingerprint,
    key_for,
)

DEEP = 10_000


def broken_texts(good: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The good body as text that is not acceptable JSON."""
    text = json.dumps(good).encode()
    first = next(iter(good))
    name = json.dumps(first).encode()
    yield "empty", b""
    yield "cut short", text[:-1]
    yield "trailing data", text + b"{}"
    yield "byte order mark", b"\xef\xbb\xbf" + text
    yield "duplicate key", b"{" + name + b":" + json.dumps(good[first]).encode() + b"," + text[1:]
    yield "escaped duplicate", b'{"\\u%04x%s":1,' % (ord(first[0]), first[1:].encode()) + text[1:]
    for what, value in {
        "NaN": b"NaN",
        "infinity": b"-Infinity",
        "overflow": b"1e400",
        "huge integer": b"9" * 100_000,
        "deep arrays": b"[" * DEEP + b"]" * DEEP,
        "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "open arrays": b"[" * DEEP,
        "invalid UTF-8": b'"\xff\xfe"',
        "overlong UTF-8": b'"\xc0\xaf"',
        "raw NUL": b'"a\x00b"',
        "escaped NUL": b'"a\\u0000b"',
        "lone surrogate": b'"\\ud800"',
        "encoded surrogate": b'"\xed\xa0\x80"',
    }.items():
        yield what, b"{" + name + b":" + value + b"}"


def wrong_values(good: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The good body with a field too many, or one of a wrong type."""
    yield "unknown field", {**good, "zzz": 1}
    yield "prototype", {**good, "__class__": "x"}
    for admin in ("id", "workspace_id", "is_admin", "created_at"):
        yield admin, {**good, admin: "x"}
    for field, fine in good.items():
        for value in ([], {}, True, 1.5, -1, 10**18, "\u202e", "x" * 5000, [[]], {"a": {"b": 1}}):
            if type(value) is not type(fine) or value in (-1, 10**18):
                yield f"{field}={value!r:.20}", {**good, field: value}


def with_json(operations: list[Operation]) -> list[Operation]:
    return [one for one in operations if one.takes_body]


def test_every_operation_that_reads_json_has_a_body_here(operations: list[Operation]) -> None:
    assert {one.name for one in with_json(operations)} == set(BODIES)


async def test_text_that_is_no_strict_json_is_refused_and_changes_nothing(
    house: House, world: World, operations: list[Operation]
) -> None:
    async with house.administrator() as database:
        before = await fingerprint(database)
        for operation in with_json(operations):
            for what, text in broken_texts(BODIES[operation.name](world)):
                said = call(house, operation, world, body=text)
                check_problem(said, 422, about=(operation.name, what))
        assert await fingerprint(database) == before
    assert house.running


async def test_values_of_wrong_types_are_refused_and_change_nothing(
    house: House, world: World, operations: list[Operation]
) -> None:
    async with house.administrator() as database:
        before = await fingerprint(database)
        for operation in with_json(operations):
            good = BODIES[operation.name](world)
            for what, value in wrong_values(good):
                if _is_acceptable(operation, what):
                    continue
                said = call(house, operation, world, body=json.dumps(value).encode())
                check_problem(said, 401, 404, 409, 422, about=(operation.name, what))
            for value in ([], [good], "x", 1, None, True):
                said = call(house, operation, world, body=json.dumps(value).encode())
                check_problem(said, 422, about=(operation.name, value))
        assert await fingerprint(database) == before


def _is_acceptable(operation: Operation, what: str) -> bool:
    """Values that only look wrong: an open field takes them."""
    field, _, value = what.partition("=")
    names = {"name", "instructions", "reason", "source"}
    if field in names and "\u202e" in value:
        return True
    return (field, value) in {("settings", "{}"), ("next", "{}")}


def test_too_long_bodies_are_refused_while_they_come(
    house: House, world: World, operations: list[Operation]
) -> None:
    long = json.dumps({"name": "x" * 10_000_000}).encode()
    for operation in with_json(operations):
        check_problem(call(house, operation, world, body=long), 413, about=operation.name)


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "nonsense",
        "application/xml",
    ],
)
async def test_json_under_another_name_is_refused(
    house: House, world: World, operations: list[Operation], media_type: str
) -> None:
    async with house.administrator() as database:
        before = await fingerprint(database)
        for operation in with_json(operations):
            said = call(house, operation, world, headers={"Content-Type": media_type})
            check_problem(said, 422, about=(operation.name, media_type))
        assert await fingerprint(database) == before


def test_dates_and_shares_out_of_every_range_are_refused(house: House, world: World) -> None:
    tie = Operation("POST", "/api/v1/ties", "conflicts.declare", takes_body=True, parameters=())
    good = BODIES[tie.name](world)
    for field, value in [
        ("share_lo", "NaN"),
        ("share_lo", "1e-100000"),
        ("share_lo", "-0.1"),
        ("share_lo", "2"),
        ("share_lo", "0x1"),
        ("share_lo", "١٢٣"),
        ("share_hi", "Infinity"),
        ("share_lo", ""),
        ("valid_from", "infinity"),
        ("valid_from", "0000-01-01"),
        ("valid_from", "2020-02-30"),
        ("valid_from", "10000-01-01"),
        ("valid_from", "2021-01-01"),
        ("valid_to", "1e9"),
        ("to_id", good["from_id"]),
        ("kind", "friendship"),
    ]:
        said = call(house, tie, world, body=json.dumps({**good, field: value}).encode())
        check_problem(said, 422, about=(field, value))


def test_a_fault_would_be_told_without_its_inside(house: House, world: World) -> None:
    """What came before has written no fault into the service's output."""
    assert "fault in" not in house.outputs()
    assert world.canary not in house.outputs()
    assert key_for(Operation("GET", "/", "me.read", takes_body=False, parameters=()), world)
