"""Files with one thing wrong: the line is named and nothing is kept (reliability.md D58 to D61)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.faults.processes import House
from tests.faults.wire import head_of, raw
from tests.faults.worlds import bring_in, invite, item_lines, make_project
from tests.imports.counting import NOTHING, kept, whole
from tests.routes.operations import check_problem

MIB = 1024 * 1024
PAIR = {"prompt": "p", "left": "a", "right": "b"}
GOLD = {"answer": {"choice": "left", "order": "given"}, "reason": "because"}


def line_of(**fields: Any) -> bytes:
    return json.dumps({"payload": PAIR, **fields}).encode()


BAD_LINES: dict[str, bytes] = {
    "no JSON": b"nonsense",
    "no object": b"[1]",
    "empty object": b"{}",
    "unknown key": line_of(extra=1),
    "NaN": b'{"payload":{"prompt":NaN,"left":"a","right":"b"}}',
    "duplicate key": b'{"payload":{"prompt":"p","left":"a","left":"x","right":"b"}}',
    "two values": line_of() + b" {}",
    "deep": b'{"payload":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "huge integer": b'{"payload":' + b"9" * 100_000 + b"}",
    "invalid UTF-8": b'{"payload":{"prompt":"\xff","left":"a","right":"b"}}',
    "escaped NUL": line_of(payload={**PAIR, "left": "\0"}),
    "lone surrogate": b'{"payload":{"prompt":"\\ud800","left":"a","right":"b"}}',
    "missing side": line_of(payload={"prompt": "p", "left": "a"}),
    "side too many": line_of(payload={**PAIR, "middle": "x"}),
    "number for text": line_of(payload={**PAIR, "left": 1}),
    "blank prompt": line_of(payload={**PAIR, "prompt": " "}),
    "meta no object": line_of(meta=["x"]),
    "NUL in meta": line_of(meta={"a": "\0"}),
    "id no text": line_of(id=5),
    "id empty": line_of(id=""),
    "id too long": line_of(id="x" * 501),
    "assignees no list": line_of(assignees="x"),
    "assignees empty": line_of(assignees=[]),
    "assignee no id": line_of(assignees=["x"]),
    "assignee a number": line_of(assignees=[5]),
    "assignee a list": line_of(assignees=[["x"]]),
    "gold in a label batch": line_of(gold=GOLD),
    "line too long": line_of(payload={**PAIR, "left": "x" * MIB}),
}


@pytest.mark.parametrize("what", BAD_LINES)
async def test_one_bad_line_wherever_it_stands_refuses_the_file(
    house: House, owner: str, project: str, what: str
) -> None:
    """In line 1, where the first chunk of rows ends, behind it, and as the last."""
    bad = BAD_LINES[what] + b"\n"
    for place in (0, 1999, 2000, 2100):
        data = item_lines(place) + bad + item_lines(2100 - place, first=place)
        said = bring_in(house, project, data, key=owner)
        check_problem(said, 422, about=(what, place))
        assert said.json["detail"].startswith(f"Line {place + 1}"), said
    assert await kept(house, project) == NOTHING


async def test_an_error_on_each_border_between_network_chunks(
    house: House, owner: str, project: str
) -> None:
    """The bytes come one, two, three … at a time; the line's number stays right."""
    data = item_lines(3) + b"nonsense\n" + item_lines(1, first=3)
    for size in (1, 2, 3, 7, 64, 1000):
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        head = head_of(
            "POST",
            f"/api/v1/projects/{project}/import",
            key=owner,
            headers={
                "Content-Type": "application/jsonl",
                "Connection": "close",
                "Transfer-Encoding": "chunked",
            },
        )
        said = raw(house.url, head + b"\r\n" + chunked + b"0\r\n\r\n")
        check_problem(said, 422)
        assert said.json["detail"].startswith("Line 4"), said
    assert await kept(house, project) == NOTHING


async def test_blank_lines_crlf_and_a_missing_last_line_end_are_no_error(
    house: House, owner: str, project: str
) -> None:
    lines = item_lines(5).splitlines()
    data = b"\r\n\n  \t\n" + b"\r\n\r\n".join(lines)
    said = bring_in(house, project, data, key=owner)
    assert said.status == 201, said
    assert said.json["item_count"] == 5
    assert await kept(house, project) == whole(5)


@pytest.mark.parametrize("data", [b"", b"\n\n", b" \r\n", b"\n" * 100_000])
async def test_a_file_without_items_is_refused(
    house: House, owner: str, project: str, data: bytes
) -> None:
    check_problem(bring_in(house, project, data, key=owner), 422)
    assert await kept(house, project) == NOTHING


async def test_an_encoding_that_is_not_utf_8_is_refused(
    house: House, owner: str, project: str
) -> None:
    text = '{"payload":{"prompt":"é","left":"a","right":"b"}}\n'
    for encoding in ("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig"):
        said = bring_in(house, project, text.encode(encoding), key=owner)
        check_problem(said, 422, about=encoding)
    assert await kept(house, project) == NOTHING


async def test_the_longest_line_is_taken_and_one_byte_more_is_not(
    house: House, owner: str, project: str
) -> None:
    def filled(size: int) -> bytes:
        empty = len(line_of(payload={**PAIR, "left": ""}))
        return line_of(payload={**PAIR, "left": "x" * (size - empty)})

    # The payload's own limit is the same MiB, so a line of that size is within both.
    assert bring_in(house, project, filled(MIB) + b"\n", key=owner).status == 201
    assert bring_in(house, project, filled(MIB) + b"\r\n", key=owner).status == 201
    check_problem(bring_in(house, project, filled(MIB + 1) + b"\n", key=owner), 422)
    check_problem(bring_in(house, project, filled(MIB + 1), key=owner), 422)
    check_problem(bring_in(house, project, filled(10 * MIB), key=owner), 422)
    counts = await kept(house, project)
    assert (counts["items.batch"], counts["items.item"]) == (2, 2)


async def test_the_same_id_twice_names_the_second_line(
    house: House, owner: str, project: str
) -> None:
    for place in (1, 1999, 2500):
        said = bring_in(house, project, item_lines(place) + item_lines(1), key=owner)
        check_problem(said, 409, 422)
        assert said.json["detail"].startswith(f"Line {place + 1}"), said
    assert await kept(house, project) == NOTHING


async def test_an_id_of_an_earlier_import_names_the_line(
    house: House, owner: str, project: str
) -> None:
    assert bring_in(house, project, item_lines(10), key=owner).status == 201
    said = bring_in(house, project, item_lines(20, first=5), key=owner)
    check_problem(said, 409)
    assert said.code == "item_exists"
    assert said.json["detail"].startswith("Line 1:"), said
    said = bring_in(house, project, item_lines(3000, first=100) + item_lines(1), key=owner)
    check_problem(said, 409)
    assert said.json["detail"].startswith("Line 3001:"), said
    assert await kept(house, project) == whole(10)
    # The same id in another project is another item.
    second = make_project(house, owner)
    assert bring_in(house, second, item_lines(10), key=owner).status == 201


async def test_gold_and_label_batches_do_not_mix(house: House, owner: str, project: str) -> None:
    said = bring_in(house, project, line_of(), key=owner, query="?purpose=gold")
    check_problem(said, 422)
    for gold in (
        5,
        {},
        {"answer": {}},
        {**GOLD, "x": 1},
        {**GOLD, "reason": ""},
        {**GOLD, "reason": 5},
        {**GOLD, "reason": "x" * 4001},
        {**GOLD, "answer": {"choice": "up", "order": "given"}},
        {**GOLD, "answer": []},
    ):
        said = bring_in(house, project, line_of(gold=gold), key=owner, query="?purpose=gold")
        check_problem(said, 422, about=gold)
    assert await kept(house, project) == NOTHING
    said = bring_in(house, project, line_of(gold=GOLD), key=owner, query="?purpose=gold")
    assert said.status == 201, said
    counts = await kept(house, project)
    assert (counts["items.item"], counts["gold.gold"]) == (1, 1)


async def test_assignees_get_one_task_each(house: House, owner: str, project: str) -> None:
    members = [invite(house, owner, f"{project}-{number}")[0] for number in range(2)]
    said = bring_in(house, project, line_of(assignees=members), key=owner)
    assert said.status == 201, said
    assert await kept(house, project) == whole(1, judgments=2)
    said = bring_in(house, project, line_of(assignees=[members[0]] * 2), key=owner)
    check_problem(said, 422)
    nobody = "01890000-0000-7000-8000-000000000000"
    said = bring_in(house, project, line_of(assignees=[members[0], nobody]), key=owner)
    check_problem(said, 422)
    assert said.code == "no_assignee"
    assert await kept(house, project) == whole(1, judgments=2)


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/json",
        "text/html",
        "multipart/form-data; boundary=x",
        "text/csv2",
        "application/zip",
        "application/x-ndjson,text/csv",
    ],
)
async def test_other_formats_are_refused(
    house: House, owner: str, project: str, media_type: str
) -> None:
    check_problem(bring_in(house, project, item_lines(1), key=owner, media_type=media_type), 422)
    assert await kept(house, project) == NOTHING
