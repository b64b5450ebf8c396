"""Who asks: no credential, a wrong one, a dead one, and each role against the golden table."""

from __future__ import annotations

import base64
from pathlib import Path
from uuid import UUID, uuid4

from tests.faults.processes import House, wait_until
from tests.faults.wire import ask, post
from tests.faults.worlds import ROLES, World, build_world, invite, make
from tests.routes.operations import PUBLIC, Operation, body_for, call, check_problem, fingerprint

from evenhand.receipts import open_receipt
from evenhand.tlog import parse_vkey

GOLDEN = Path(__file__).with_name("permissions.txt")


def wrong_credentials(world: World) -> dict[str, str]:
    """Values of the Authorization header that are no key of ours."""
    key = world.owner
    name = base64.urlsafe_b64encode(UUID(world.workspace).bytes).rstrip(b"=").decode()
    return {
        "no scheme": key,
        "empty": "",
        "bearer alone": "Bearer",
        "bearer blank": "Bearer ",
        "two spaces": f"Bearer  {key}",
        "basic": "Basic " + base64.b64encode(f"x:{key}".encode()).decode(),
        "guessed": f"Bearer live_{name}{'A' * 43}",
        "last character": f"Bearer {key[:-1]}{'A' if key[-1] != 'A' else 'B'}",
        "other kind": f"Bearer test_{key.partition('_')[2]}",
        "session in the header": f"Bearer session_{key.partition('_')[2]}",
        "code in the header": f"Bearer code_{key.partition('_')[2]}",
        "too long": f"Bearer {key}A",
        "very long": "Bearer " + "A" * 30_000,
        "other workspace": f"Bearer live_{'A' * 22}{key[27:]}",
        "not ASCII": f"Bearer {key[:-1]}\xe9",
        "two keys": f"Bearer {key}, Bearer {key}",
        "quotes": f'Bearer "{key}"',
        "injection": "Bearer ' OR 1=1 --",
    }


async def test_without_a_valid_credential_every_operation_says_401(
    house: House, world: World, operations: list[Operation]
) -> None:
    async with house.administrator() as database:
        before = await fingerprint(database)
        for operation in operations:
            if operation.permission == PUBLIC:
                continue
            path = operation.at(world.ids)
            body = body_for(operation, world)
            said = ask(house.url, operation.method, path, body=body)
            check_problem(said, 401, about=operation.name)
            for what, value in wrong_credentials(world).items():
                said = ask(
                    house.url, operation.method, path, body=body, headers={"Authorization": value}
                )
                check_problem(said, 401, about=(operation.name, what))
            said = ask(
                house.url,
                operation.method,
                path,
                body=body,
                headers={"Cookie": f"evenhand_session={world.owner}"},
            )
            check_problem(said, 401, 403, about=(operation.name, "key as a cookie"))
        assert await fingerprint(database) == before


def test_a_revoked_key_and_a_removed_member_say_401_at_once(house: House, world: World) -> None:
    made = make(house, "/keys", {"role": "manager"}, key=world.owner)
    assert ask(house.url, "GET", "/api/v1/me", key=made["api_key"]).status == 200
    gone = ask(house.url, "DELETE", f"/api/v1/keys/{made['id']}", key=world.owner)
    assert gone.status == 204
    check_problem(ask(house.url, "GET", "/api/v1/me", key=made["api_key"]), 401)
    again = ask(house.url, "DELETE", f"/api/v1/keys/{made['id']}", key=world.owner)
    check_problem(again, 404)
    member, key = invite(house, world.owner, f"leaver-{uuid4().hex}")
    assert ask(house.url, "GET", "/api/v1/me", key=key).status == 200
    assert ask(house.url, "DELETE", f"/api/v1/members/{member}", key=world.owner).status == 204
    check_problem(ask(house.url, "GET", "/api/v1/me", key=key), 401)


def test_keys_are_listed_without_their_secrets(house: House, world: World) -> None:
    said = ask(house.url, "GET", "/api/v1/keys", key=world.owner)
    assert said.status == 200, said
    assert world.ids["key_id"] in {row["id"] for row in said.json["items"]}
    for key in world.keys.values():
        assert key.encode() not in said.body


def test_a_code_works_once(house: House, world: World) -> None:
    body = {"email": f"{uuid4().hex}@people.example", "name": "Once", "role": "annotator"}
    code = make(house, "/invitations", body, key=world.owner)["code"]
    house.accept(code)
    check_problem(post(house.url, "/api/v1/invitations/accept", {"code": code}), 401)
    check_problem(post(house.url, "/api/v1/session", {"code": code}), 401)


def test_each_role_may_do_what_the_golden_table_says(
    house: House, operations: list[Operation]
) -> None:
    """Asked of the running service: an operation without a line fails, and so does a line too many.

    A workspace of its own, since what a role may do is done.
    """
    world = build_world(house, "golden")
    lines: list[str] = []
    for operation in operations:
        if operation.permission == PUBLIC:
            lines.append(f"{operation.name}: everybody, without a key\n")
            continue
        # The fixed ids of things that are not there: who may ask learns that, who may not is
        # refused before.
        ids = {place: str(UUID(int=7)) for place in operation.places} | {
            "path": "0/000",
            "index": "0",
        }
        may: list[str] = []
        for role in ROLES:
            key = world.keys[role]
            if operation.name == "DELETE /api/v1/session" and role != "operator":
                key = make(house, "/keys", {"role": role}, key=world.owner)["api_key"]
            elif operation.name == "DELETE /api/v1/session":
                made = house.run(
                    "key",
                    "create",
                    "--workspace",
                    world.workspace,
                    "--role",
                    role,
                    "--mode",
                    "test",
                )
                key = made.out.strip()
            said = call(house, operation, world, path=operation.at(ids), key=key)
            if said.status == 403:
                check_problem(said, 403, about=(operation.name, role))
                assert said.code == "permission_denied", said
            else:
                assert said.status in {200, 201, 204, 404, 409, 422}, (operation.name, role, said)
                may.append(role)
        lines.append(f"{operation.name}: {' '.join(may)}\n")
    assert "".join(sorted(lines)) == GOLDEN.read_text()


def test_a_denial_is_an_entry_of_the_log(house: House, world: World) -> None:
    log = parse_vkey(world.vkey)
    with house.client(world.owner) as client:
        before = _size(house, world)
        said = ask(house.url, "GET", "/api/v1/keys", key=world.keys["auditor"])
        check_problem(said, 403)
        assert client.logs()[0]["vkey"] == world.vkey

        def is_written() -> bool:
            # What was asked before may be written only now: the first new entry can be of that.
            receipts = [client.receipt(index) for index in range(before, _size(house, world))]
            return "access.denied/1" in {open_receipt(one, log=log).leaf.kind for one in receipts}

        wait_until(is_written, seconds=10, what="the denial's leaf")


def _size(house: House, world: World) -> int:
    path = f"/log/{world.workspace}/checkpoint"
    return int(ask(house.url, "GET", path, key=world.owner).body.splitlines()[1])
