"""A manager's world at a real service: a project with work in it, and the way in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import uuid4

from playwright.sync_api import Page, expect
from tests.ground import LiveService, LiveTenant, pair_line

from evenhand.client import Client


@dataclass
class World:
    """A workspace with one project; `annotators` have judged all of its first four items."""

    tenant: LiveTenant
    project: str
    annotators: list[Client]

    @property
    def live(self) -> LiveService:
        return self.tenant.live

    def code(self, role: str = "manager", name: str = "Mo") -> str:
        """The one-time code of a fresh member."""
        email = f"{role}-{uuid4().hex[:8]}@people.example"
        body = {"email": email, "name": name, "role": role}
        return self.tenant.owner.post("/invitations", body)["code"]

    def at(self, end: str = "") -> str:
        return f"{self.live.url}/projects/{self.project}{end}"


def judge(who: Client, project: str, choice: str) -> str:
    """One judgment with a reason; gives the item."""
    (held,) = who.lease(project)
    answer = {"choice": choice, "order": held.order, "reason": "Because."}
    who.submit(project, held.id, answer)
    return held.item_id


def make_world(live: LiveService, *, text: str | None = None) -> World:
    """`text` stands in every field that takes one, instead of plain words."""
    tenant = live.workspace(text or "Acme")
    party = {"kind": "organization", "name": text or "Labels Ltd", "role": "vendor"}
    vendor = tenant.owner.post("/parties", party)["id"]
    project = tenant.project(
        name=text or "Answers", instructions=text or "Choose.", judgments_per_item=3
    )
    payload = {"prompt": text or "Which?", "left": text or "the left", "right": text or "the right"}
    meta = {"left": text or "model-a", "right": "model-b"}
    lines = [pair_line(n, payload=payload, meta=meta) for n in range(6)]
    tenant.load(project, lines[:4])
    people = [tenant.person(name=text or f"Ann {n}", vendor_id=vendor) for n in range(3)]
    for number, who in enumerate(people):
        for turn in range(4):
            judge(who, project, "left" if turn < 2 or number < 2 else "right")
    tenant.load(project, lines[4:])
    (held,) = people[0].lease(project)
    people[0].post(f"/leases/{held.id}/flag", {"reason": text or "unreadable"})
    return World(tenant, project, people)


def aggregate(world: World) -> None:
    """Runs an aggregation to its end."""
    run = world.tenant.owner.post(f"/projects/{world.project}/consensus", {})
    while run["state"] in {"waiting", "running"}:
        time.sleep(0.1)
        run = world.tenant.owner.get(f"/consensus/{run['id']}")
    assert run["state"] == "done", run


def enter(page: Page, world: World, *, role: str = "manager", name: str = "Mo") -> None:
    """By keyboard; managers begin with the projects."""
    page.goto(f"{world.live.url}/sign-in#code")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(world.code(role, name))
    page.keyboard.press("Enter")
    page.wait_for_url("**/projects")
