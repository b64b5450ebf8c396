"""A workspace full of things, made through the API alone: one of each kind of object."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.processes import House
from tests.faults.wire import ask, post

ROLES = ("owner", "manager", "reviewer", "annotator", "auditor", "operator")


@dataclass(slots=True)
class World:
    """Ids of one of each object, an API key per role, and a text that stands in every payload."""

    workspace: str
    vkey: str
    canary: str
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    annotators: list[str] = field(default_factory=list)

    @property
    def owner(self) -> str:
        return self.keys["owner"]


def make(house: House, path: str, body: object, *, key: str) -> Any:
    said = post(house.url, f"/api/v1{path}", body, key=key)
    assert said.status in {200, 201}, said
    return said.json


def item_lines(count: int, *, canary: str = "text", first: int = 0) -> bytes:
    """JSONL of `count` pairwise items with ids and the names of who wrote the sides."""
    rows = [
        {
            "id": f"item-{number}",
            "payload": {"prompt": f"{canary} {number}", "left": "a", "right": "b"},
            "meta": {"left": f"model-{number % 3}", "right": f"model-{(number + 1) % 3}"},
        }
        for number in range(first, first + count)
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def bring_in(
    house: House,
    project: str,
    data: bytes,
    *,
    key: str,
    query: str = "",
    media_type: str = "application/x-ndjson",
    **headers: str,
) -> Any:
    """Import a file in one piece; gives the answer."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return ask(
        house.url,
        "POST",
        f"/api/v1/projects/{project}/import{query}",
        key=key,
        body=data,
        headers={"Content-Type": media_type, **named},
    )


def make_project(house: House, owner: str, **more: object) -> str:
    body = {"name": "Answers", "task_type": "pairwise", "instructions": "Choose.", **more}
    return make(house, "/projects", body, key=owner)["id"]


def invite(house: House, owner: str, name: str, *, vendor: str | None = None) -> tuple[str, str]:
    """An annotator: member id and API key."""
    body = {
        "email": f"{name}@people.example",
        "name": name,
        "role": "annotator",
        "vendor_id": vendor,
    }
    made = make(house, "/invitations", body, key=owner)
    return made["member_id"], house.accept(made["code"])


def answer_all(
    house: House, project: str, key: str, choices: Sequence[str], *, most: int = 1_000_000
) -> int:
    """Submit until nothing is left, choices in turn; gives how many."""
    done = 0
    with house.client(key) as client:
        waiting = client.lease(project, hold=1)
        while waiting and done < most:
            lease = waiting.pop()
            answer = {"choice": choices[done % len(choices)], "order": lease.order}
            done += 1
            waiting = client.submit(project, lease.id, answer, hold=1 if done < most else 0).leases
    return done


def answer_one(house: House, project: str, key: str) -> str:
    """Submit one answer; gives the judgment's id."""
    with house.client(key) as client:
        (lease,) = client.lease(project, hold=1)
        answer = {"choice": "left", "order": lease.order}
        return client.submit(project, lease.id, answer, hold=0).id


def wait_for_run(house: House, run: str, *, key: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        said = ask(house.url, "GET", f"/api/v1/consensus/{run}", key=key).json
        if said["state"] in {"done", "failed"}:
            return said
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def build_world(house: House, name: str) -> World:
    """Everything that a route can name, in a new workspace of a running service."""
    made = house.make_workspace(name)
    world = World(made["id"], made["log_vkey"], canary=f"canary-of-{name}")
    owner = world.keys["owner"] = house.accept(made["owner_code"])
    for role in ROLES[1:5]:
        world.keys[role] = make(house, "/keys", {"role": role}, key=owner)["api_key"]
    host = house.run(
        "key",
        "create",
        "--workspace",
        world.workspace,
        "--role",
        "operator",
        "--mode",
        "live",
        "--json",
    )
    assert host.code == 0, host.err
    world.keys["operator"] = host.json["api_key"]
    ids = world.ids
    ids["workspace"] = world.workspace
    vendor = {"kind": "organization", "name": "Vendor", "role": "vendor"}
    ids["vendor_id"] = make(house, "/parties", vendor, key=owner)["id"]
    rival = {"kind": "organization", "name": "Rival", "role": "rival"}
    ids["party_id"] = make(house, "/parties", rival, key=owner)["id"]
    ids["key_id"] = make(house, "/keys", {"role": "auditor"}, key=owner)["id"]
    ids["member_id"], annotator = invite(house, owner, f"{name}-0", vendor=ids["vendor_id"])
    world.annotators.append(annotator)
    project = ids["project_id"] = make_project(house, owner, judgments_per_item=2)
    said = bring_in(house, project, item_lines(12, canary=world.canary), key=owner)
    assert said.status == 201, said
    ids["batch_id"] = said.json["id"]
    _, second = invite(house, owner, f"{name}-1", vendor=ids["vendor_id"])
    world.annotators.append(second)
    assert answer_all(house, project, second, ["left", "tie", "right"]) == 12
    assert answer_all(house, project, annotator, ["left", "right", "tie"], most=6) == 6
    ids["run_id"] = make(house, f"/projects/{project}/consensus", {}, key=owner)["id"]
    run = wait_for_run(house, ids["run_id"], key=owner)
    assert run["state"] == "done", run
    ids["judgment_id"] = answer_one(house, project, annotator)
    leases = make(house, f"/projects/{project}/leases", {"hold": 1}, key=annotator)["leases"]
    ids["lease_id"] = leases[0]["id"]
    ids["item_id"] = leases[0]["item_id"]
    guest = {"email": f"{name}-guest@people.example", "name": "Guest", "role": "reviewer"}
    make(house, "/invitations", guest, key=owner)
    invitations = ask(house.url, "GET", "/api/v1/invitations", key=owner).json["items"]
    ids["invitation_id"] = invitations[-1]["id"]
    ids["session_id"] = sign_in(house, owner, f"{name}-browser")
    ids["index"] = "0"
    ids["path"] = "0/000"
    return world


def sign_in(house: House, owner: str, name: str) -> str:
    """The id of a session of somebody who signed a browser in with a one-time code."""
    body = {"email": f"{name}@people.example", "name": name, "role": "annotator"}
    code = make(house, "/invitations", body, key=owner)["code"]
    said = post(house.url, "/api/v1/session", {"code": code})
    assert said.status == 201, said
    cookie = said.headers["set-cookie"].split(";")[0]
    listed = ask(house.url, "GET", "/api/v1/me/sessions", headers={"Cookie": cookie})
    return listed.json["items"][0]["id"]
