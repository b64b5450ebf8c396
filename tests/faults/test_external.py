"""An external PostgreSQL that goes away, and two services that share one."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

from tests.faults.crowd import Crowd, make_crowd, wait_for_progress
from tests.faults.external import PASSWORD, ExternalPostgres
from tests.faults.processes import House, alive, opened_house, wait_until
from tests.faults.reckoning import check_answers, check_receipts, verify
from tests.faults.wire import ask, post
from tests.places import open_folder
from tests.routes.operations import documented_codes

from evenhand.transparency.sequencer import LEADER_LOCK

AWAY_S = 3.0


def url_of(external: ExternalPostgres) -> tuple[str, str]:
    name = f"t_{uuid4().hex[:8]}"
    return name, external.make_database(name)


def test_a_database_that_is_away_is_503_and_then_all_is_well(external: ExternalPostgres) -> None:
    _, url = url_of(external)
    with opened_house(database_url=url) as house:
        house.up()
        crowd = make_crowd(house, "acme", people=4, items=2000)
        crowd.start(house)
        try:
            wait_for_progress(crowd, 20)
            external.stop()
            away = time.monotonic()
            seen: set[int] = set()
            while time.monotonic() < away + AWAY_S:
                for path in ("/api/v1/me", "/api/v1/projects", "/readyz"):
                    begun = time.monotonic()
                    said = ask(house.url, "GET", path, key=crowd.owner)
                    assert time.monotonic() - begun < 10.0
                    assert said.status == 503, said
                    if path != "/readyz":
                        assert said.headers["retry-after"]
                        assert said.code in documented_codes()
                    seen.add(said.status)
                # Alive all the same: nobody restarts a process for its database's sake.
                assert ask(house.url, "GET", "/healthz").status == 200
            external.start()
            wait_until(
                lambda: ask(house.url, "GET", "/readyz").status == 200,
                seconds=10,
                what="ready again",
            )
            wait_for_progress(crowd, 40)
        finally:
            memory = crowd.end()
        assert seen == {503}
        assert memory.problems == []
        check_answers(house, crowd, memory)
        check_receipts(house, crowd, memory)
        assert verify(house, crowd)["verified"] is True
        assert "fault in" not in house.outputs()


def leaders(external: ExternalPostgres, database: str) -> int:
    """Sessions that hold the log leader's lock in one database."""
    return int(
        external.sql(
            "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND l.granted AND d.datname = '{database}'"
            f" AND l.objid = {LEADER_LOCK}"
        )
    )


def test_two_services_on_one_database_have_one_sequencer(external: ExternalPostgres) -> None:
    name, url = url_of(external)
    folder = open_folder()
    first = House(folder, database_url=url, name="first")
    second = House(folder, database_url=url, name="second")
    try:
        first.up()
        second.up()
        crowd = make_crowd(first, "acme", people=3, items=3000)
        other = Crowd(crowd.workspace, crowd.vkey, crowd.owner, crowd.project, crowd.keys)
        verify(first, crowd)
        # The same people through both services at once.
        crowd.start(first)
        other.start(second)
        try:
            for _ in range(3):
                wait_for_progress(crowd, 10)
                wait_for_progress(other, 10)
                assert leaders(external, name) == 1
            first.kill()
            wait_for_progress(other, 40)
            assert leaders(external, name) == 1
            first.up()
            wait_for_progress(crowd, 10)
            assert leaders(external, name) == 1
        finally:
            memory = crowd.end()
            second_memory = other.end()
        memory.acknowledged |= second_memory.acknowledged
        assert memory.problems == second_memory.problems == []
        for house in (first, second):
            check_answers(house, crowd, memory)
            check_receipts(house, crowd, second_memory)
            assert verify(house, crowd)["verified"] is True
    finally:
        if second.running:
            second.stop()
        first.close()


def test_the_password_is_nowhere(external: ExternalPostgres) -> None:
    """Not in arguments of the service or its children, not in what it prints, not in the log."""
    _, url = url_of(external)
    with opened_house(database_url=url) as house:
        house.up("--workers", "2")
        tree = [house.pid]
        for pid in tree:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            tree += [int(child) for child in children]
        assert len(tree) == 3
        for pid in tree:
            assert PASSWORD not in Path(f"/proc/{pid}/cmdline").read_text()
        for child in tree[1:]:
            inherited = Path(f"/proc/{child}/environ").read_text()
            assert PASSWORD not in inherited, "children get their login through a pipe"
        assert house.stop() == 0
        assert PASSWORD not in house.outputs()
        refused = house.run("workspace", "list", "--database-url", url.replace(PASSWORD, "wr0ng!"))
        assert refused.code in {0, 3}
        assert "wr0ng!" not in refused.out + refused.err
        away = house.run(
            "workspace",
            "list",
            "--database-url",
            f"postgresql://nobody:{PASSWORD}@127.0.0.1:1/nothing",
        )
        assert away.code == 3
        assert PASSWORD not in away.err
        broken = house.run("workspace", "list", "--database-url", f"mysql://x:{PASSWORD}@h/d")
        assert broken.code == 2
        assert PASSWORD not in broken.err


def test_two_databases_of_one_cluster_know_nothing_of_each_other(
    external: ExternalPostgres,
) -> None:
    urls = [url_of(external)[1] for _ in range(2)]
    with opened_house(database_url=urls[0]) as one, opened_house(database_url=urls[1]) as two:
        keys: list[str] = []
        for house in (one, two):
            made = house.make_workspace("same-name")
            house.up()
            keys.append(house.accept(made["owner_code"]))
        assert [
            ask(house.url, "GET", "/api/v1/me", key=key).status
            for house, key in ((one, keys[0]), (two, keys[1]))
        ] == [200, 200]
        assert [
            ask(house.url, "GET", "/api/v1/me", key=key).status
            for house, key in ((one, keys[1]), (two, keys[0]))
        ] == [401, 401]
        assert (
            post(
                one.url, "/api/v1/projects", {"name": "P", "task_type": "pairwise"}, key=keys[0]
            ).status
            == 201
        )
        assert ask(two.url, "GET", "/api/v1/projects", key=keys[1]).json["items"] == []
        listed = [house.run("workspace", "list", "--json").json for house in (one, two)]
        assert [len(rows) for rows in listed] == [1, 1]
        assert listed[0][0]["id"] != listed[1][0]["id"]
        assert one.stop() == 0
        assert ask(two.url, "GET", "/readyz").status == 200
        assert alive(two.pid)
