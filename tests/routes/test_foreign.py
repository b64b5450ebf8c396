"""Another workspace's ids: answered as ids that do not exist; nothing of it is seen or changed."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.faults.processes import House
from tests.faults.wire import Answer, ask
from tests.faults.worlds import World, bring_in
from tests.routes.operations import BODIES, Operation, call, check_problem, fingerprint

# The log's own paths say the workspace; the index of a leaf counts within one's own log.
ID_PLACES = {
    "member_id",
    "key_id",
    "project_id",
    "batch_id",
    "judgment_id",
    "lease_id",
    "run_id",
    "workspace",
    "session_id",
    "invitation_id",
}


def shape(answer: Answer, *ids: str) -> tuple[int, bytes]:
    """Status and body with the ids that were sent taken out."""
    body = answer.body
    for one in ids:
        body = body.replace(one.encode(), b"ID")
    return answer.status, body


def asking(operation: Operation, world: World) -> str:
    """What some lists must be asked for, as a query."""
    queries = {
        "/api/v1/log/accesses": f"?item={world.ids['item_id']}",
        "/api/v1/reports/item": f"?project={world.ids['project_id']}&own_id=item-0",
        "/api/v1/reports/shown": f"?member={world.ids['member_id']}",
    }
    return queries.get(operation.path, "")


async def test_ids_in_the_path(
    house: House, world: World, other: World, operations: list[Operation]
) -> None:
    async with house.administrator() as database:
        before = await fingerprint(database)
        for operation in operations:
            for place in operation.places:
                if place not in ID_PLACES:
                    continue
                random, foreign = str(uuid4()), other.ids[place]
                answers = [
                    call(house, operation, world, path=operation.at(world.ids, **{place: named}))
                    for named in (random, foreign)
                ]
                assert shape(answers[0], random) == shape(answers[1], foreign), operation.name
                for said in answers:
                    check_problem(said, 404, about=operation.name)
                    assert other.canary.encode() not in said.body
        assert await fingerprint(database) == before


def test_malformed_ids_in_the_path(house: House, world: World, operations: list[Operation]) -> None:
    for operation in operations:
        for place in operation.places:
            if place == "path":
                continue
            for named in (
                "x",
                "0",
                "%00",
                "..",
                "%2e%2e",
                "null",
                "9" * 1000,
                "-1",
                "1e9",
                "00000000-0000-0000-0000-00000000000g",
                "%F0%9F%98%80",
                "%ff",
                "'%20OR%201=1--",
                "{}",
            ):
                if place == "index" and named == "0":
                    continue
                path = operation.at(world.ids, **{place: named})
                said = call(house, operation, world, path=path)
                check_problem(said, 404, 405, 422, about=(operation.name, named))


def test_tiles_only_by_their_own_paths(house: House, world: World) -> None:
    for named in (
        "..",
        "../checkpoint",
        "%2e%2e/checkpoint",
        "0/../0/000",
        "entries/000/../000",
        "0/0",
        "0/000.p/0",
        "0/000.p/999",
        "-1/000",
        "64/000",
        "0/x000",
        "/etc/passwd",
        "0/x999/999",
        "0%00",
        "0//000",
        "entries/",
        "0/000/",
        "0/000.p/1/x",
    ):
        said = ask(house.url, "GET", f"/log/{world.workspace}/tile/{named}", key=world.owner)
        check_problem(said, 404, about=named)


async def test_ids_in_the_body(
    house: House, world: World, other: World, operations: list[Operation]
) -> None:
    """Each field that holds an id, with a random one and with the other workspace's."""
    looked_at = 0
    async with house.administrator() as database:
        before = await fingerprint(database)
        for operation in operations:
            if operation.name not in BODIES:
                continue
            good = BODIES[operation.name](world)
            theirs = BODIES[operation.name](other)
            for field in good:
                if not field.endswith("_id"):
                    continue
                looked_at += 1
                foreign = theirs[field]
                random = str(uuid4())
                answers = [
                    call(house, operation, world, body=json.dumps({**good, field: named}).encode())
                    for named in (random, foreign)
                ]
                assert shape(answers[0], random) == shape(answers[1], foreign), operation.name
                for said in answers:
                    check_problem(said, 404, about=(operation.name, field))
        assert await fingerprint(database) == before
    assert looked_at >= 6


async def test_a_foreign_assignee_of_an_import(house: House, world: World, other: World) -> None:
    async with house.administrator() as database:
        before = await fingerprint(database)
        answers: list[Answer] = []
        for named in (str(uuid4()), other.ids["member_id"]):
            line: dict[str, Any] = {
                "payload": {"prompt": "p", "left": "a", "right": "b"},
                "assignees": [named],
            }
            answers.append(
                bring_in(house, world.ids["project_id"], json.dumps(line).encode(), key=world.owner)
            )
        assert shape(answers[0]) == shape(answers[1])
        for said in answers:
            check_problem(said, 422)
            assert said.code == "no_assignee"
        assert await fingerprint(database) == before


def test_held_leases_of_somebody_else_name_nothing(
    house: House, world: World, other: World
) -> None:
    body = {"hold": 1, "have": [other.ids["lease_id"], str(uuid4())]}
    said = ask(
        house.url,
        "POST",
        f"/api/v1/projects/{world.ids['project_id']}/leases",
        key=world.annotators[0],
        body=json.dumps(body).encode(),
    )
    assert said.status == 200, said
    assert other.canary.encode() not in said.body


def test_no_list_shows_anything_of_the_other_workspace(
    house: House, world: World, other: World, operations: list[Operation]
) -> None:
    theirs = [
        text.encode()
        for text in {other.canary, *other.ids.values()} - {*world.ids.values(), "0", "0/000"}
    ]
    for operation in operations:
        if operation.method != "GET" or "path" in operation.places:
            continue  # A tile that is not full yet has a path that moves.
        said = call(
            house, operation, world, path=operation.at(world.ids) + asking(operation, world)
        )
        if operation.path.endswith("/draft"):
            check_problem(said, 404, about=operation.name)  # Nothing was typed yet.
        else:
            assert said.status == 200, (operation.name, said)
        for text in theirs:
            assert text not in said.body, (operation.name, text)


def test_a_foreign_cursor_names_nothing(
    house: House, world: World, other: World, operations: list[Operation]
) -> None:
    for operation in operations:
        if "cursor" not in operation.query:
            continue
        cursor = other.ids["project_id"].replace("-", "")
        asked = asking(operation, world)
        path = f"{operation.at(world.ids)}{asked}{'&' if asked else '?'}cursor={cursor}"
        said = call(house, operation, world, path=path)
        if "/log/" in operation.path:
            check_problem(said, 422, about=operation.name)  # An index; never an id.
        else:
            assert said.status == 200, (operation.name, said)
        assert other.canary.encode() not in said.body
