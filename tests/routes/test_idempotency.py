"""One effect for one Idempotency-Key (reliability.md I110)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from tests.faults.processes import House
from tests.faults.wire import Answer, ask, post
from tests.faults.worlds import World, invite, item_lines, make, make_project
from tests.routes.operations import BODIES, Operation, check_problem

TIMES = 32

# Operation to the table that it adds one row to.
CREATES = {
    "POST /api/v1/invitations": "identity.member",
    "POST /api/v1/keys": "identity.credential",
    "POST /api/v1/parties": "parties.party",
    "POST /api/v1/ties": "parties.tie",
    "POST /api/v1/projects": "projects.project",
    "POST /api/v1/projects/{project_id}/consensus": "consensus.run",
}


def test_these_are_all_that_take_a_key(operations: list[Operation]) -> None:
    repeatable = {one.name for one in operations if one.repeatable}
    assert repeatable == {
        *CREATES,
        "POST /api/v1/projects/{project_id}/import",
        "POST /api/v1/projects/{project_id}/judgments",
    }


def at_once(house: House, path: str, key: str, body: bytes, idempotency: str) -> list[Answer]:
    def one(_: int) -> Answer:
        return ask(
            house.url, "POST", path, key=key, body=body, headers={"Idempotency-Key": idempotency}
        )

    with ThreadPoolExecutor(TIMES) as pool:
        return list(pool.map(one, range(TIMES)))


def made_id(answer: Answer) -> str:
    said = answer.json
    return said.get("member_id") or said.get("id") or said["judgment"]["id"]


async def count(house: House, table: str, workspace: str) -> int:
    async with house.administrator() as database:
        return await database.fetchval(
            f"SELECT count(*) FROM {table} WHERE workspace_id = $1::text::uuid", workspace
        )


@pytest.mark.parametrize("name", CREATES)
async def test_many_at_once_have_one_effect(
    house: House, world: World, operations: list[Operation], name: str
) -> None:
    operation = next(one for one in operations if one.name == name)
    path = operation.at(world.ids)
    good = BODIES[name](world)
    body = json.dumps(good).encode()
    key = f"once-{uuid4()}"
    before = await count(house, CREATES[name], world.workspace)
    answers = at_once(house, path, world.owner, body, key)
    assert sorted({said.status for said in answers}) == [200, 201], answers
    assert [said.status for said in answers].count(201) == 1
    assert len({made_id(said) for said in answers}) == 1
    assert await count(house, CREATES[name], world.workspace) == before + 1
    # Another body under the same key.
    changed = json.dumps({**good, next(iter(good)): "other"}).encode()
    for other_body in (changed, body + b" "):
        said = ask(
            house.url,
            "POST",
            path,
            key=world.owner,
            body=other_body,
            headers={"Idempotency-Key": key},
        )
        check_problem(said, 409, 422)
    assert said.code == "idempotency_key_reused"
    # A secret is shown once.
    shown = [said for said in answers if said.json.get("code") or said.json.get("api_key")]
    assert len(shown) == (1 if name.endswith(("keys", "invitations")) else 0)


def test_another_user_is_independent(house: House, world: World) -> None:
    key = f"shared-{uuid4()}"
    body = BODIES["POST /api/v1/projects"](world)
    # The manager's key is the owner's own member, hence somebody else is invited.
    invited = make(
        house,
        "/invitations",
        {"email": f"{uuid4().hex}@people.example", "name": "M", "role": "manager"},
        key=world.owner,
    )
    manager = house.accept(invited["code"])
    first = post(house.url, "/api/v1/projects", body, key=world.owner, Idempotency_Key=key)
    second = post(house.url, "/api/v1/projects", body, key=manager, Idempotency_Key=key)
    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]


def test_another_path_under_the_same_key_is_refused(house: House, world: World) -> None:
    key = f"path-{uuid4()}"
    projects = [make_project(house, world.owner) for _ in range(2)]
    first, second = (
        post(
            house.url, f"/api/v1/projects/{one}/consensus", {}, key=world.owner, Idempotency_Key=key
        )
        for one in projects
    )
    assert first.status == 201
    check_problem(second, 409)


def test_the_same_body_for_another_kind_of_thing_is_refused(house: House, world: World) -> None:
    """`{"name"…}` under one key at two addresses: the second must not say that it was made."""
    key = f"kind-{uuid4()}"
    body = {"role": "annotator", "mode": "live"}
    assert post(house.url, "/api/v1/keys", body, key=world.owner, Idempotency_Key=key).status == 201
    body = BODIES["POST /api/v1/projects"](world)
    check_problem(
        post(house.url, "/api/v1/projects", body, key=world.owner, Idempotency_Key=key), 409
    )


@pytest.mark.parametrize(("length", "status"), [(1, 201), (200, 201), (0, 422), (201, 422)])
def test_the_length_of_a_key(house: House, world: World, length: int, status: int) -> None:
    key = (uuid4().hex * 10)[:length] if length != 1 else chr(33 + uuid4().int % 90)
    said = post(
        house.url,
        "/api/v1/projects",
        BODIES["POST /api/v1/projects"](world),
        key=world.owner,
        Idempotency_Key=key,
    )
    assert said.status == status, said
    if status == 422:
        check_problem(said, 422)


def test_many_submits_of_one_lease_are_one_judgment(house: House, world: World) -> None:
    project = make_project(house, world.owner)
    said = ask(
        house.url,
        "POST",
        f"/api/v1/projects/{project}/import",
        key=world.owner,
        body=item_lines(2),
        headers={"Content-Type": "application/jsonl"},
    )
    assert said.status == 201
    _, key = invite(house, world.owner, f"many-{uuid4().hex}")
    leases = make(house, f"/projects/{project}/leases", {"hold": 2}, key=key)["leases"]
    path = f"/api/v1/projects/{project}/judgments"

    def body(lease: dict[str, Any], choice: str) -> bytes:
        return json.dumps(
            {"lease_id": lease["id"], "answer": {"choice": choice, "order": lease["order"]}}
        ).encode()

    answers = at_once(house, path, key, body(leases[0], "left"), "submit-1")
    assert {said.status for said in answers} == {200, 201}
    assert len({made_id(said) for said in answers}) == 1
    for idempotency in ("submit-1", "submit-2"):
        said = ask(
            house.url,
            "POST",
            path,
            key=key,
            body=body(leases[0], "right"),
            headers={"Idempotency-Key": idempotency},
        )
        check_problem(said, 409)
        assert said.code == "lease_used"
    said = ask(
        house.url,
        "POST",
        path,
        key=key,
        body=body(leases[1], "left"),
        headers={"Idempotency-Key": "submit-1"},
    )
    check_problem(said, 409)
    assert said.code == "idempotency_key_reused"
    progress = ask(house.url, "GET", f"/api/v1/projects/{project}/progress", key=world.owner)
    assert progress.json == {"tasks": {"done": 1, "leased": 1}}
