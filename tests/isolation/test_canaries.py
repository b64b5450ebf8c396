"""Canaries: nothing that B wrote stands in any byte that A receives, whatever A asks for."""

from __future__ import annotations

import http.client
import itertools
import re
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from tests.ground import LiveService, LiveTenant, pair_line

from evenhand.app.http import create_schema_app, declared_routes

CANARY = "zebrafinch"
GETS = {
    path: permission
    for method, path, permission in declared_routes(create_schema_app().routes)
    if method == "GET"
}
# What a list must be asked for, in the words of the places above.
QUERIES = {
    "/api/v1/log/accesses": "?item={item_id}",
    "/api/v1/reports/item": "?project={project_id}&own_id={own_id}",
    "/api/v1/reports/shown": "?member={member_id}",
}


def fill(tenant: LiveTenant, word: str) -> dict[str, list[str]]:
    """One of everything, with `word` in every text; gives ids by the name of the path's place."""
    owner = tenant.owner
    vendor = owner.post(
        "/parties",
        {"kind": "organization", "name": f"{word} vendor", "domain": f"{word}.example"},
    )["id"]
    rival = owner.post("/parties", {"kind": "fund", "name": f"{word} rival"})["id"]
    owner.post("/rivals", {"party_id": rival})
    key = owner.post("/keys", {"role": "auditor"})["id"]
    project = tenant.project(name=f"{word} project", instructions=f"# {word}")
    payload = {"prompt": f"{word} prompt", "left": f"{word} left", "right": f"{word} right"}
    meta = {"left": f"{word}-1", "right": f"{word}-2"}
    lines = [
        pair_line(number, id=f"{word}-{number}", payload=payload, meta=meta) for number in range(3)
    ]
    batch = tenant.load(project, lines)["id"]
    one = tenant.person(name=f"{word} person", email=f"{word}@people.example")
    judged = [
        one.submit(project, lease.id, {"choice": "left", "order": lease.order})
        for lease in one.lease(project, hold=2)
    ]
    (held,) = one.lease(project, hold=1)
    draft = {"version": 0, "state": {"reason": f"{word} draft"}, "active_ms": 1}
    one._transport.json("PUT", f"/api/v1/leases/{held.id}/draft", draft)
    run = owner.post(f"/projects/{project}/consensus", {})["id"]
    while owner.get(f"/consensus/{run}")["state"] not in {"done", "failed"}:
        time.sleep(0.05)
    note = owner._transport.bytes(f"/log/{tenant.id}/checkpoint").decode()
    width = note.splitlines()[1]
    return {
        "project_id": [project], "batch_id": [batch], "run_id": [run], "key_id": [key],
        "member_id": [row["id"] for row in owner.list("/members")], "workspace": [str(tenant.id)],
        "index": ["0", "1", "7"],
        "path:path": [f"entries/000.p/{width}", f"0/000.p/{width}", "entries/000"],
        "vendor_id": [vendor], "lease_id": [held.id], "item_id": [held.item_id],
        "judgment_id": [judged[0].id], "own_id": [f"{word}-0"],
        "key of an annotator": [one._transport._headers["Authorization"]],
    }  # fmt: skip


@pytest.fixture(scope="module")
def tenants(live_service: LiveService) -> tuple[LiveTenant, LiveTenant]:
    return live_service.workspace("Acme"), live_service.workspace(f"{CANARY} Inc")


@pytest.fixture(scope="module")
def asked(tenants: tuple[LiveTenant, LiveTenant]) -> dict[str, tuple[int, bytes]]:
    """Every GET of A, with its own ids and with B's, and what came back, headers included."""
    ours, theirs = fill(tenants[0], "sparrow"), fill(tenants[1], CANARY)
    target = urlsplit(tenants[0].live.url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port)
    said: dict[str, tuple[int, bytes]] = {}
    (annotator_key,) = ours.pop("key of an annotator")
    theirs.pop("key of an annotator")
    for route, permission in GETS.items():
        own = permission in {"tasks.lease", "judgments.submit"}
        headers = {"Authorization": annotator_key if own else f"Bearer {tenants[0].owner_key}"}
        for path in paths(route + QUERIES.get(route, ""), ours, theirs):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            if response.getheader("content-type", "").startswith("text/event-stream"):
                received = response.read1()  # It never ends by itself.
                connection.close()
            else:
                received = response.read()
            said[path] = (response.status, received + repr(response.getheaders()).encode())
    connection.close()
    said["ids of B"] = (0, " ".join(itertools.chain(*theirs.values())).encode())
    return said


def paths(path: str, *sides: dict[str, list[str]]) -> Iterator[str]:
    """The path with each choice of ids: all of one tenant's, then all of the other's."""
    places = re.findall(r"\{([\w:]+)\}", path)
    for side in sides:
        for choice in itertools.product(*(side[place] for place in places)):
            filled = path
            for place, one in zip(places, choice, strict=True):
                filled = filled.replace("{" + place + "}", one)
            yield filled
            yield f"{filled}{'&' if '?' in filled else '?'}limit=500"


def test_no_canary_of_b_in_what_a_receives(asked: dict[str, tuple[int, bytes]]) -> None:
    assert len(asked) > 50
    for path, (_, received) in asked.items():
        if path != "ids of B":
            assert CANARY.encode() not in received.lower(), path


def test_no_id_of_b_that_a_did_not_say_itself(asked: dict[str, tuple[int, bytes]]) -> None:
    foreign = [one for one in asked["ids of B"][1].split() if len(one) == 36]
    assert len(foreign) > 6
    for path, (_, received) in asked.items():
        if path == "ids of B":
            continue
        for one in foreign:
            assert one not in received or one.decode() in path, path


def test_a_foreign_object_is_answered_like_one_that_never_was(
    asked: dict[str, tuple[int, bytes]], tenants: tuple[LiveTenant, LiveTenant]
) -> None:
    foreign = {one.decode() for one in asked["ids of B"][1].split() if len(one) == 36}
    wrong = {
        path: status
        for path, (status, _) in asked.items()
        if any(one in path for one in foreign) and status != 404 and path != "ids of B"
    }
    # Lists below a project that A cannot see are empty rather than missing in some rooms; they
    # must at least say nothing.
    for path in wrong:
        assert asked[path][0] == 200, path
        assert re.match(rb'\{"(items|tasks)":(\[\]|\{\})', asked[path][1]), path


def test_each_get_answered_at_least_once(asked: dict[str, tuple[int, bytes]]) -> None:
    """The search was a real one: every route has given A something of its own."""
    for path in GETS:
        pattern = re.compile(re.sub(r"\\\{[^}]+\\\}", ".+", re.escape(path)) + r"(\?.*)?")
        statuses = {status for one, (status, _) in asked.items() if pattern.fullmatch(one)}
        assert 200 in statuses, path
