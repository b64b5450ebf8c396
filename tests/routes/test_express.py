"""The express and the ordinary way say the same; a query string is enough to leave the first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.faults.processes import House
from tests.faults.wire import Answer, ask
from tests.faults.worlds import World, bring_in, item_lines, make, make_project
from tests.routes.test_bodies import broken_texts, wrong_values

VARIED = ("id", "lease_id", "task_id", "item_id", "submitted_at", "expires_at", "receipt", "url")


def same_form(said: Answer) -> tuple[int, dict[str, str], Any]:
    """Status, headers but the date, and the body without what differs from one lease to another."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: "…" if k in VARIED else without(v) for k, v in value.items()}
        return [without(one) for one in value] if isinstance(value, list) else value

    headers = {k: v for k, v in said.headers.items() if k not in {"date", "content-length"}}
    return said.status, headers, without(said.json)


@pytest.fixture(scope="module")
def project(house: House, world: World) -> str:
    project = make_project(house, world.owner, judgments_per_item=4)
    assert bring_in(house, project, item_lines(40), key=world.owner).status == 201
    return project


def both(house: House, path: str, body: bytes, *, key: str | None, **headers: str) -> list[Answer]:
    more = {name.replace("_", "-"): text for name, text in headers.items()}
    return [
        ask(house.url, "POST", f"/api/v1{path}{query}", key=key, body=body, headers=dict(more))
        for query in ("", "?ordinary=1")
    ]


def test_refusals_are_word_for_word_the_same(house: House, world: World, project: str) -> None:
    key = world.annotators[0]
    lease, *_ = make(house, f"/projects/{project}/leases", {"hold": 1}, key=key)["leases"]
    submit = {
        "lease_id": lease["id"],
        "answer": {"choice": "neither", "order": lease["order"]},
        "active_ms": 5,
        "next": {"hold": 1, "have": []},
    }
    for path, good in (("leases", {"hold": 1, "have": []}), ("judgments", submit)):
        bodies = [text for _, text in broken_texts(good)]
        bodies += [json.dumps(value).encode() for _, value in wrong_values(good)]
        for body in bodies:
            quick, ordinary = both(house, f"/projects/{project}/{path}", body, key=key)
            seen = (path, body[:100])
            assert (quick.status, quick.body) == (ordinary.status, ordinary.body), seen
            assert same_form(quick)[1] == same_form(ordinary)[1], seen


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        (None, {}),
        ("live_" + "A" * 65, {}),
        ("own", {"Content_Type": "text/plain"}),
        ("own", {"Content_Type": "application/json; charset=utf-8"}),
        ("own", {"Idempotency_Key": "k" * 201}),
        ("own", {"X_Forwarded_Proto": "https"}),
    ],
)
def test_heads_are_understood_alike(
    house: House, world: World, project: str, key: str | None, headers: dict[str, str]
) -> None:
    key = world.annotators[0] if key == "own" else key
    quick, ordinary = both(house, f"/projects/{project}/leases", b'{"hold":2}', key=key, **headers)
    assert same_form(quick) == same_form(ordinary)


def test_the_same_work_is_done(house: House, world: World, project: str) -> None:
    key = world.annotators[1]
    (lease,) = make(house, f"/projects/{project}/leases", {"hold": 1}, key=key)["leases"]
    seen: list[tuple[int, dict[str, str], Any]] = []
    for query in ("", "?ordinary=1", "", "?ordinary=1"):
        body = {
            "lease_id": lease["id"],
            "answer": {"choice": "left", "order": lease["order"]},
            "next": {"hold": 1},
        }
        path = f"/api/v1/projects/{project}/judgments{query}"
        headers = {"Idempotency-Key": lease["id"]}
        said = [
            ask(house.url, "POST", path, key=key, body=json.dumps(body).encode(), headers=headers)
            for _ in range(2)
        ]
        assert [one.status for one in said] == [201, 200]
        assert said[0].json["judgment"] == said[1].json["judgment"]
        status, head, value = same_form(said[0])
        for one in value["leases"]:
            one["payload"] = "…"
        seen.append((status, head, value))
        (lease,) = said[0].json["leases"]
    assert all(one == seen[0] for one in seen)


def test_a_foreign_project_is_not_found_either_way(
    house: House, world: World, other: World
) -> None:
    path = f"/projects/{other.ids['project_id']}/leases"
    quick, ordinary = both(house, path, b'{"hold":1}', key=world.annotators[0])
    assert (quick.status, quick.body) == (ordinary.status, ordinary.body)
    assert quick.status == 404
