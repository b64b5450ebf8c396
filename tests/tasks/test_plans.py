"""How the database goes about it: the plans of a claim, and round trips per unit of work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tests.ground import Address, Tenant, connected
from tests.hands import lease, submit

from evenhand.tasks import PlaceHints, Want

VARIABLES = {
    "actor.workspace_id": "$1::uuid",
    "actor.member_id": "$2::uuid",
    "project": "$3::uuid",
    "from_batch": "$4::uuid",
    "from_place": "$5::bigint",
    "hands": "$6::uuid[]",
    "taken": "$7::uuid[]",
}
FILL = """
    INSERT INTO items.batch (workspace_id, id, project_id, name, purpose, state)
    SELECT $1, gen_random_uuid(), $2, 'b' || n, 'label', 'open' FROM generate_series(1, 10) AS n"""
FILL_TASKS = """
    INSERT INTO tasks.task (workspace_id, id, project_id, batch_id, item_id, assignee_id, position,
                            purpose, state)
    SELECT $1, gen_random_uuid(), $2, b.id, gen_random_uuid(),
           CASE WHEN n % 10 = 0 THEN $3::uuid END, n, 'label',
           CASE WHEN n % 3 = 0 THEN 'done' ELSE 'open' END
      FROM items.batch AS b, generate_series(1, 5000) AS n WHERE b.workspace_id = $1"""
FILL_LEASES = """
    INSERT INTO tasks.lease (workspace_id, id, task_id, project_id, item_id, annotator_id,
                             credential_id, state, intent_id, expires_at, ended_at)
    SELECT t.workspace_id, gen_random_uuid(), t.id, t.project_id, t.item_id, $2,
           gen_random_uuid(), 'submitted', 1, now(), now()
      FROM tasks.task AS t WHERE t.workspace_id = $1 AND t.state = 'done'"""


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A plan's node and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


async def claims_of(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """The statements of `tasks.claim` in the database, with parameters for variables."""
    body: str = await connection.fetchval(
        "SELECT prosrc FROM pg_proc WHERE oid = 'tasks.claim'::regproc"
    )
    found = re.findall(r"(UPDATE tasks\.task.*?)\bINTO claimed;", body, re.DOTALL)
    queries = []
    for statement in found:
        query = statement
        for name, parameter in VARIABLES.items():
            query = re.sub(rf"(?<![.\w]){re.escape(name)}(?!\w)", parameter, query)
        queries.append(query)
    return queries


@pytest.mark.parametrize(("place", "index"), [(0, "task_assigned"), (1, "task_pool")])
@pytest.mark.parametrize("analyzed", [True, False])
async def test_a_claim_walks_its_partial_index(
    tenant: Tenant, admin: Address, place: int, index: str, analyzed: bool
) -> None:
    project = uuid4()
    member = tenant.owner.member
    async with connected(admin) as superuser:
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute(FILL, tenant.id, project)
        await superuser.execute(FILL_TASKS, tenant.id, project, member)
        await superuser.execute(FILL_LEASES, tenant.id, member)
        if analyzed:
            await superuser.execute("ANALYZE tasks.task, tasks.lease, items.batch")
        queries = await claims_of(superuser)
    assert len(queries) == 2
    async with connected(admin) as app, app.transaction():
        await app.execute("SELECT set_config('evenhand.verified', $1, true)", str(tenant.id))
        await app.execute("SET LOCAL ROLE evenhand_queue")
        await app.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        types = "(uuid, uuid, uuid, uuid, bigint, uuid[], uuid[])"
        await app.execute(f"PREPARE claim {types} AS {queries[place]}")
        given = [f"'{tenant.id}'", f"'{member}'", f"'{project}'", "NULL", "0"]
        given += [f"ARRAY['{member}']::uuid[]", "'{}'"]
        shown = await app.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE claim({', '.join(given)})")
    plan = list(nodes(json.loads(shown)[0]["Plan"]))
    assert index in {node.get("Index Name") for node in plan}
    tasks = [node for node in plan if node.get("Relation Name") == "task"]
    # The row is found in the queue's index, then written by its primary key.
    assert [node["Node Type"] for node in tasks] == ["ModifyTable", "Index Scan", "Index Scan"]
    # A sort above the locked rows would lock one row of every batch, one below would read all.
    assert not [node for node in plan if "Sort" in node["Node Type"]]
    assert not [node for node in plan if node["Node Type"] == "Seq Scan"]


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the process sends: one round trip each once it is prepared."""
    sent: list[str] = []
    prepared = asyncpg.Connection._do_execute  # pyright: ignore[reportAttributeAccessIssue]
    simple = asyncpg.Connection.execute

    async def counted(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        sent.append(query)
        return await prepared(self, query, *rest, **more)

    async def counted_simple(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        if not rest:
            sent.append(query)
        return await simple(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_do_execute", counted)
    monkeypatch.setattr(asyncpg.Connection, "execute", counted_simple)
    return sent


async def test_one_round_trip_per_unit_of_work(tenant: Tenant, trips: list[str]) -> None:
    project = await tenant.project()
    await tenant.load(project, 6)
    one = await tenant.person()
    hints = PlaceHints()
    # The first cycle computes the verdict and makes a data key.
    (first,) = await lease(tenant, one, project, hints=hints)
    done = await submit(tenant, one, project, first.lease_id, want=Want(1), hints=hints)
    await tenant.service.log.stop()  # Its own statements are not the annotator's.

    trips.clear()
    (again,) = await lease(tenant, one, project, hints=hints)
    assert again.lease_id == done.grants[0].lease_id
    assert _ours(trips) == ["tasks.lease_next"]

    trips.clear()
    done = await submit(tenant, one, project, again.lease_id, want=Want(1), hints=hints)
    assert len(done.grants) == 1
    assert _ours(trips) == ["judgments.submit"]


def _ours(trips: list[str]) -> list[str]:
    """Function names of the statements, without those of housekeeping."""
    # The driver asks once per connection what an array type is.
    background = ("workspaces_with", "SELECT 1", "extract(epoch", "typeinfo_tree")
    said = [query for query in trips if not any(word in query for word in background)]
    return [re.search(r"FROM (\w+\.\w+)\(", query).group(1) for query in said]  # type: ignore[union-attr]
