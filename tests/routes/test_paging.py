"""Limits and cursors (reliability.md G100)."""

from __future__ import annotations

from urllib.parse import quote

from tests.faults.processes import House
from tests.faults.wire import ask
from tests.faults.worlds import World
from tests.routes.operations import Operation, call, check_problem


def test_limits_out_of_range(house: House, world: World, operations: list[Operation]) -> None:
    paged = [one for one in operations if "limit" in one.query]
    assert paged
    for operation in paged:
        for limit in (
            "-1",
            "0",
            "501",
            "1000000000",
            "1e3",
            "",
            "NaN",
            "9" * 100_00,
            "٣",
            "0x10",
            "1.5",
            "null",
            "%00",
        ):
            path = f"{operation.at(world.ids)}?limit={quote(limit, safe='%')}"
            check_problem(
                call(house, operation, world, path=path), 422, about=(operation.name, limit)
            )


def test_forged_cursors(house: House, world: World, operations: list[Operation]) -> None:
    paged = [one for one in operations if "cursor" in one.query]
    assert paged
    for operation in paged:
        for cursor in (
            "x",
            "%00",
            "0",
            "-1",
            "f" * 31,
            "g" * 32,
            "%ff",
            "A" * 5000,
            "null",
            "'%20OR%20'1'='1",
            "..%2f..",
        ):
            path = f"{operation.at(world.ids)}?cursor={cursor}"
            check_problem(
                call(house, operation, world, path=path), 422, about=(operation.name, cursor)
            )


def test_pages_together_are_the_list(house: House, world: World) -> None:
    for number in range(3):
        body = b'{"kind":"organization","name":"Party %d"}' % number
        said = ask(house.url, "POST", "/api/v1/parties", key=world.owner, body=body)
        assert said.status == 201
    whole = ask(house.url, "GET", "/api/v1/parties?limit=500", key=world.owner).json["items"]
    assert len(whole) >= 4
    found: list[object] = []
    cursor = ""
    while True:
        page = ask(house.url, "GET", f"/api/v1/parties?limit=1{cursor}", key=world.owner).json
        assert len(page["items"]) == 1
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == whole


def test_a_cursor_behind_the_end_is_an_empty_page(house: House, world: World) -> None:
    said = ask(house.url, "GET", f"/api/v1/parties?cursor={'f' * 32}", key=world.owner)
    assert said.json == {"items": [], "next_cursor": None}


def test_names_in_the_query_that_cannot_be_stored(house: House, world: World) -> None:
    path = f"/api/v1/projects/{world.ids['project_id']}/import"
    line = b'{"payload":{"prompt":"p","left":"a","right":"b"}}'
    for name in ("%00", "a%00b", "", "x" * 201):
        said = ask(
            house.url,
            "POST",
            f"{path}?name={name}",
            key=world.owner,
            body=line,
            headers={"Content-Type": "application/jsonl"},
        )
        check_problem(said, 422, about=name)
    for purpose in ("Label", "", "%00", "gold%20"):
        said = ask(
            house.url,
            "POST",
            f"{path}?purpose={purpose}",
            key=world.owner,
            body=line,
            headers={"Content-Type": "application/jsonl"},
        )
        check_problem(said, 422, about=purpose)
