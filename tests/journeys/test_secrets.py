"""No secret and no content outside of the places that are for them."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

from tests.faults.processes import House, opened_house
from tests.faults.wire import ask, post
from tests.faults.worlds import World, bring_in, build_world


def processes_of(house: House) -> list[int]:
    """The service, its web processes, the postmaster and its sessions."""
    found = [house.pid]
    for pid in found:
        found += _children(pid)
    if house.postmaster not in found:
        found.append(house.postmaster)
        found += _children(house.postmaster)
    return found


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def secrets_of(house: House, world: World) -> dict[str, str]:
    """Everything that must not be seen, by name."""
    database = (house.data / "postgres" / "password").read_text().strip()
    return {
        "database password": database,
        "canary": world.canary,
        **{f"key of {role}": key for role, key in world.keys.items()},
        **{f"annotator {number}": key for number, key in enumerate(world.annotators)},
    }


def shown_by(pid: int) -> str:
    """Arguments and environment of a process; empty when it has ended."""
    text = ""
    for name in ("cmdline", "environ"):
        try:
            text += Path(f"/proc/{pid}/{name}").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return text


def stir(house: House, world: World, number: int) -> list[str]:
    """Refusals, faults of input and lost sessions, each with content in it; gives more secrets."""
    code = f"code_{'A' * 22}{uuid4().hex}{'B' * 11}"
    canary = world.canary
    project = world.ids["project_id"]
    post(house.url, "/api/v1/session", {"code": code})
    ask(house.url, "GET", f"/api/v1/me?{canary}=1", key=world.owner[:-1] + "!")
    ask(house.url, "GET", f"/{canary}", key=world.owner)
    post(house.url, "/api/v1/projects", {"name": canary, canary: canary}, key=world.owner)
    for payload in ({"prompt": canary, "left": canary}, {"prompt": canary * 10, "left": 5}):
        line = json.dumps({"id": canary, "payload": payload}).encode()
        assert bring_in(house, project, line, key=world.owner).status == 422
    good = {
        "id": f"{canary} {number}",
        "payload": {"prompt": canary, "left": canary, "right": canary},
    }
    for expected in (201, 409):
        line = json.dumps(good).encode()
        assert bring_in(house, project, line, key=world.owner).status == expected
    reason = {"reason": f"{canary} {'x' * 100}"}
    post(house.url, f"/api/v1/leases/{world.ids['lease_id']}/skip", reason, key=world.annotators[0])
    post(
        house.url,
        f"/api/v1/projects/{project}/judgments",
        {"lease_id": str(uuid4()), "answer": {"choice": canary, "order": canary}},
        key=world.annotators[0],
    )
    return [code]


async def test_no_secret_is_seen_from_outside() -> None:
    with opened_house() as house:
        house.up("--workers", "2")
        world = build_world(house, "acme")
        more = stir(house, world, 1)
        async with house.administrator() as database:
            await database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename LIKE 'evenhand_app%'"
            )
            secret = await database.fetchval(
                "SELECT encode(secret, 'hex') FROM platform.token_secret"
            )
        more += stir(house, world, 2)
        secrets = {
            **secrets_of(house, world),
            "token secret": secret,
            **{f"code {number}": code for number, code in enumerate(more)},
        }
        processes = processes_of(house)
        assert len(processes) > 6
        for pid in processes:
            text = shown_by(pid)
            for name, value in secrets.items():
                assert value not in text, (name, pid)
        assert house.stop() == 0
        printed = house.outputs()
        logged = house.database_log()
        for name, value in secrets.items():
            assert value not in printed, name
            assert value not in logged, name
        _check_files(house, world, secret)


def _check_files(house: House, world: World, token_secret: str) -> None:
    """The data folder: secrets only in files of mode 0600, content in the clear nowhere."""
    for path in house.data.rglob("*"):
        if not path.is_file() or "cluster" in path.parts:
            continue
        data = path.read_bytes()
        assert world.canary.encode() not in data, path
        for key in world.keys.values():
            assert key.encode() not in data, path
        assert token_secret.encode() not in data or path.stat().st_mode & 0o077 == 0, path
    for path in (house.data / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert house.data.stat().st_mode & 0o077 in {0, 0o011}
    # The cluster's own files hold only sealed content.
    for path in house.data.rglob("postgres/cluster/base/*/*"):
        assert world.canary.encode() not in path.read_bytes(), path
    for path in house.data.rglob("postgres/cluster/pg_wal/*"):
        if path.is_file():
            assert world.canary.encode() not in path.read_bytes(), path
