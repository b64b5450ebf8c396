"""Progress over HTTP, by the real service: numbers, the look and its entries, the stream's end."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any
from uuid import UUID

import pytest
from tests.ground import LiveService, LiveTenant, pair_line

from evenhand.client import ApiError, Client


@pytest.fixture
def tenant(live_service: LiveService) -> LiveTenant:
    return live_service.workspace()


def judged(tenant: LiveTenant, who: Client, project: str, choice: str = "left") -> str:
    (held,) = who.lease(project)
    answer = {"choice": choice, "order": held.order, "reason": f"because {choice}"}
    who.submit(project, held.id, answer)
    return held.item_id


def test_an_item_is_opened_with_two_entries_and_recorded(tenant: LiveTenant) -> None:
    project = tenant.project()
    tenant.load(project, 2)
    annotator, manager = tenant.person(), tenant.person("manager")
    item = judged(tenant, annotator, project)
    listed = manager.get(f"/projects/{project}/items?state=done")["items"]
    assert [one["id"] for one in listed] == [item]
    assert "payload" not in json.dumps(listed)
    look = manager.post(f"/projects/{project}/items/{item}/look", {})
    assert look["payload"]["left"] == "the left text"
    assert look["meta"]["meta"]["left"].startswith("model-")
    (work,) = look["work"]
    assert work["judgment"]["answer"]["choice"] == "left"
    assert work["judgment"]["answer"]["reason"] == "because left"
    assert len({receipt["index"] for receipt in look["receipts"]}) == 2
    rows = tenant.live.sql(
        "SELECT count(*) AS n FROM exposure.shown WHERE workspace_id = $1 AND item_id = $2",
        tenant.id,
        UUID(item),
    )
    assert rows[0]["n"] == 2


def test_items_behind_a_ranked_name_are_opened_with_an_entry(tenant: LiveTenant) -> None:
    project = tenant.project(judgments_per_item=1)
    tenant.load(project, [pair_line(n, meta={"left": "a", "right": "b"}) for n in range(5)])
    annotator = tenant.person()
    won = {judged(tenant, annotator, project) for _ in range(3)}
    lost = {judged(tenant, annotator, project, "right") for _ in range(2)}
    run = tenant.owner.post(f"/projects/{project}/consensus", {})
    while run["state"] in {"waiting", "running"}:
        time.sleep(0.05)
        run = tenant.owner.get(f"/consensus/{run['id']}")
    at = f"/consensus/{run['id']}/standing"

    def behind(query: str) -> tuple[str, set[str], list[int]]:
        found, places, cursor = set(), [], ""
        while True:
            page = tenant.owner.get(f"{at}?limit=2&{query}{cursor}")
            found |= {item["id"] for item in page["items"]}
            places.append(page["receipt"]["index"])
            if page["next_cursor"] is None:
                return page["name"], found, places
            cursor = f"&cursor={page['next_cursor']}"

    name, found, places = behind("rank=1&outcome=won")
    assert (name, found) == ("a", won)
    assert len(set(places)) == 2  # Each page is a look of its own.
    assert behind("rank=2&outcome=won")[:2] == ("b", lost)
    assert behind("rank=2")[:2] == ("b", won | lost)
    assert behind("rank=1&outcome=tied")[1] == set()
    entry = tenant.owner.get(f"/log/entries/{places[0]}/details")
    assert "ranking_items" in json.dumps(entry)
    for query, status in {"rank=3": 404, "rank=0": 422, "outcome=x": 422, "cursor=x": 422}.items():
        with pytest.raises(ApiError) as refused:
            tenant.owner.get(f"{at}?{query}")
        assert refused.value.status == status, query
    rows = tenant.live.sql(
        "SELECT sealed FROM consensus.standing WHERE workspace_id = $1", tenant.id
    )
    assert len({len(row["sealed"]) for row in rows}) == 1
    for item in won | lost:
        assert not any(UUID(item).bytes in row["sealed"] for row in rows)
    tenant.live.sql("DELETE FROM consensus.standing WHERE workspace_id = $1", tenant.id)
    with pytest.raises(ApiError, match="aggregate again"):
        tenant.owner.get(at)


@pytest.mark.parametrize("role", ["annotator", "reviewer", "auditor"])
def test_only_leads_see_it(tenant: LiveTenant, role: str) -> None:
    project = tenant.project()
    tenant.load(project, 1)
    (item,) = tenant.owner.get(f"/projects/{project}/items")["items"]
    who = tenant.person(role)
    for path in ("overview", "events", "annotators", "items", f"items/{item['id']}"):
        with pytest.raises(ApiError) as refused:
            who.get(f"/projects/{project}/{path}")
        assert refused.value.status == 403
    with pytest.raises(ApiError) as refused:
        who.post(f"/projects/{project}/items/{item['id']}/look", {})
    assert refused.value.status == 403


def test_another_workspace_sees_nothing(tenant: LiveTenant) -> None:
    project = tenant.project()
    tenant.load(project, 1)
    (item,) = tenant.owner.get(f"/projects/{project}/items")["items"]
    other = tenant.live.workspace("Bolt").owner
    for path in ("overview", "events", "annotators", "items", f"items/{item['id']}"):
        with pytest.raises(ApiError) as refused:
            other.get(f"/projects/{project}/{path}")
        assert refused.value.status == 404


def test_refusals_have_their_codes(tenant: LiveTenant) -> None:
    project = tenant.project()
    for query, code in {
        "state=open&below=0.5": "one_filter",
        "below=2": "request_refused",
        "cursor=x": "no_cursor",
        "cursor=x&below=0.5": "no_cursor",
        "limit=0": "no_limit",
        "state=none": "request_refused",
        "since=2026-01-01T00:00:00Z": "request_refused",
        "since=2026-01-01T00:00:00&until=2026-01-02T00:00:00": "request_refused",
        "since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z&state=open": "one_filter",
    }.items():
        with pytest.raises(ApiError) as refused:
            tenant.owner.get(f"/projects/{project}/items?{query}")
        assert refused.value.code == code


def test_the_overview_and_annotators(tenant: LiveTenant) -> None:
    project = tenant.project(judgments_per_item=2)
    tenant.load(project, 1)
    for choice in ("left", "right"):
        judged(tenant, tenant.person(), project, choice)
    overview = tenant.owner.get(f"/projects/{project}/overview")
    assert overview["tasks"]["done"] == 2
    assert overview["run"] is None
    people = tenant.owner.get(f"/projects/{project}/annotators")["items"]
    assert [one["judgments"] for one in people] == [1, 1]
    assert [one["agreed"] for one in people] == [None, None]


class Listener:
    """A stream read in a thread of its own."""

    def __init__(self, live: LiveService, path: str, key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=20)
        self.connection.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"})
        self.answer = self.connection.getresponse()
        self.lines: list[str] = []
        self.news = threading.Condition()
        self.over = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.answer:
            with self.news:
                self.lines.append(line.decode().rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.over = True
            self.news.notify_all()

    def finish(self) -> None:
        """Once it is over: nothing is left open."""
        self.wait(lambda one: one.over)
        self.reader.join(5)
        self.answer.close()
        self.connection.close()

    def wait(self, wanted: Any) -> None:
        with self.news:
            assert self.news.wait_for(lambda: wanted(self), 20), self.lines


def test_a_stream_tells_and_ends_with_the_key(tenant: LiveTenant) -> None:
    project = tenant.project()
    tenant.load(project, 3)
    key = tenant.owner.post("/keys", {"role": "manager"})
    listener = Listener(tenant.live, f"/projects/{project}/events", key["api_key"])
    assert listener.answer.getheader("content-type", "").startswith("text/event-stream")
    assert listener.answer.getheader("cache-control") == "no-cache"
    listener.wait(lambda one: any('"open":3' in line for line in one.lines))
    judged(tenant, tenant.person(), project)
    listener.wait(lambda one: any('"done":1' in line for line in one.lines))
    tenant.owner.delete(f"/keys/{key['id']}")
    listener.finish()
    assert "event: ended" in listener.lines


def test_sigterm_ends_streams_at_once(own_live_service: LiveService) -> None:
    tenant = own_live_service.workspace()
    project = tenant.project()
    listener = Listener(own_live_service, f"/projects/{project}/events", tenant.owner_key)
    listener.wait(lambda one: any("progress" in line for line in one.lines))
    assert own_live_service.stop() == 0
    listener.finish()
