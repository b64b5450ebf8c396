"""Shares, the items behind them, the wall as it stands, an item by the customer's own id."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.access.asking import Web
from tests.ground import Tenant
from tests.hands import lease

REPORTS = "/api/v1/reports"


@pytest.fixture
def web(tenant: Tenant) -> Web:
    """The application over the test's service, without a socket."""
    return Web.over(tenant)


async def test_shares_are_exact_by_project_vendor_and_member(tenant: Tenant, web: Web) -> None:
    """Two of a vendor and one of the customer's own, in two projects of 4 and 2 items: what the
    report says is what was handed out, counted by hand.
    """
    auditor = await tenant.person("auditor")
    vendor = await tenant.party("Labels Ltd")
    one, two = await tenant.person(vendor=vendor), await tenant.person(vendor=vendor)
    three = await tenant.person()
    first = await tenant.project(name="first", judgments_per_item=3)
    second = await tenant.project(name="second", judgments_per_item=3)
    await tenant.load(first, 4)
    await tenant.load(second, 2)
    given: dict[tuple[UUID, UUID], set[UUID]] = {}
    for who, project, count in (
        (one, first, 3), (two, first, 4), (one, second, 1), (three, second, 2),
    ):  # fmt: skip
        grants = await lease(tenant, who, project, hold=count)
        given[who.member, project.id] = {grant.item_id for grant in grants}
    union = given[one.member, first.id] | given[two.member, first.id]
    assert [len(items) for items in (*given.values(), union)] == [3, 4, 1, 2, 4]

    every = await web.get(auditor, f"{REPORTS}/audience")
    assert [(p["name"], p["item_count"], p["shown_count"]) for p in every["projects"]] == [
        ("first", 4, 4),
        ("second", 2, 2),
    ]
    assert [(v["vendor_name"], v["item_count"], v["member_count"]) for v in every["vendors"]] == [
        ("Labels Ltd", 5, 2),
        (None, 2, 1),
    ]
    assert [(m["member_id"], m["item_count"]) for m in every["members"]] == [
        (str(one.member), 4),
        (str(two.member), 4),
        (str(three.member), 2),
    ]
    alone = await web.get(auditor, f"{REPORTS}/audience", project=second.id, limit=1)
    assert [(v["vendor_name"], v["item_count"]) for v in alone["vendors"]] == [
        (None, 2),
        ("Labels Ltd", 1),
    ]
    assert [m["member_id"] for m in alone["members"]] == [str(three.member)]
    nowhere = await web.get(auditor, f"{REPORTS}/audience", project=uuid4())
    assert (nowhere["vendors"], nowhere["members"]) == ([], [])


async def test_the_items_behind_a_number_by_pages(tenant: Tenant, web: Web) -> None:
    auditor, one = await tenant.person("auditor"), await tenant.person()
    project = await tenant.project()
    await tenant.load(project, 3)
    grants = await lease(tenant, one, project, hold=3)
    wanted = sorted(str(grant.item_id) for grant in grants)
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await web.get(
            auditor, f"{REPORTS}/shown", member=one.member, project=project.id, limit=2, **cursor
        )
        seen += [row["item_id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == wanted
    other = await web.get(auditor, f"{REPORTS}/shown", member=one.member, project=uuid4())
    assert other["items"] == []


async def test_an_item_is_found_by_the_customers_own_id(tenant: Tenant, web: Web) -> None:
    auditor, one = await tenant.person("auditor"), await tenant.person()
    project = await tenant.project()
    await tenant.load(project, 1)
    (grant,) = await lease(tenant, one, project)
    found = await web.get(auditor, f"{REPORTS}/item", project=project.id, own_id="item-0")
    assert found == {"item_id": str(grant.item_id)}
    for query in (
        {"project": project.id, "own_id": "item-1"},
        {"project": uuid4(), "own_id": "item-0"},
    ):
        assert (await web.get(auditor, f"{REPORTS}/item", 404, **query))["code"] == "not_found"
    refused = await web.get(auditor, f"{REPORTS}/item", 422, project=project.id, own_id="")
    assert refused["code"] == "request_refused"


async def test_the_wall_is_shown_as_last_judged(tenant: Tenant, web: Web) -> None:
    auditor = await tenant.person("auditor")
    vendor = await tenant.party("Labels Ltd")
    one = await tenant.person(vendor=vendor)
    rows = (await web.get(auditor, f"{REPORTS}/wall"))["items"]
    assert [(row["member_id"], row["verdict"], row["reasons"]) for row in rows][-1] == (
        str(one.member),
        "unknown",
        [],
    )
    await web.get(tenant.owner, f"/api/v1/members/{one.member}/verdict")
    (row,) = [
        row
        for row in (await web.get(auditor, f"{REPORTS}/wall"))["items"]
        if row["member_id"] == str(one.member)
    ]
    assert (row["verdict"], row["present"], row["vendor_name"]) == ("allowed", True, "Labels Ltd")
    assert (await web.get(auditor, f"{REPORTS}/wall", denied=True))["items"] == []


async def test_who_may_not(tenant: Tenant, web: Web) -> None:
    one = await tenant.person()
    for path, query in (
        ("audience", {}),
        ("shown", {"member": one.member}),
        ("wall", {}),
        ("item", {"project": uuid4(), "own_id": "x"}),
    ):
        refused = await web.get(one, f"{REPORTS}/{path}", 403, **query)
        assert refused["code"] == "permission_denied"
