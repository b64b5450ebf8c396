"""What migration 0008 checks once a statement: bulk rows and what they name stay together."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.ground import Tenant

from evenhand.items import ItemColumns, add_items, array_text, create_batch
from evenhand.platform.ids import new_id, new_id_bytes
from evenhand.tasks import TaskColumns, add_tasks

Refused = asyncpg.ForeignKeyViolationError


async def stage(tenant: Tenant, project: UUID, *, count: int = 2) -> tuple[UUID, bytes]:
    """A staging batch and the ids of its items."""
    made, ids = new_id(), new_id_bytes(count)
    columns = ItemColumns.of(ids, [None] * count, [b"sealed"] * count, [None] * count)
    async with tenant.db.transaction(tenant.id) as tx:
        await create_batch(tx, tenant.id, made=made, project=project, name="b", purpose="label")
        await add_items(tx, tenant.id, project=project, batch=made, items=columns)
    return made, ids


async def add(tenant: Tenant, project: UUID, batch: UUID, item_ids: bytes) -> None:
    count = len(item_ids) // 16
    columns = TaskColumns(new_id_bytes(count), item_ids, [], list(range(count)))
    async with tenant.db.transaction(tenant.id) as tx:
        await add_tasks(tx, tenant.id, project=project, batch=batch, purpose="label", tasks=columns)


async def test_an_item_needs_a_batch_of_its_project(tenant: Tenant, other_tenant: Tenant) -> None:
    project, second = (await tenant.project()).id, (await tenant.project()).id
    theirs = (await other_tenant.project()).id
    batch, _ = await stage(tenant, project)
    foreign, _ = await stage(other_tenant, theirs)
    columns = ItemColumns.of(new_id_bytes(1), [None], [b"sealed"], [None])
    for of, named in ((project, uuid4()), (second, batch), (theirs, foreign)):
        with pytest.raises(Refused, match="an item without its batch"):
            async with tenant.db.transaction(tenant.id) as tx:
                await add_items(tx, tenant.id, project=of, batch=named, items=columns)


async def test_a_task_needs_an_item_of_its_batch(tenant: Tenant, other_tenant: Tenant) -> None:
    project = (await tenant.project()).id
    batch, ids = await stage(tenant, project)
    second, others = await stage(tenant, project)
    foreign, theirs = await stage(other_tenant, (await other_tenant.project()).id)
    for named, items in (
        (batch, ids + uuid4().bytes),
        (batch, ids + others),
        (second, ids),
        (batch, theirs),
        (foreign, theirs),
        (uuid4(), ids),
    ):
        with pytest.raises(Refused, match="a task without its item"):
            await add(tenant, project, named, items)
    await add(tenant, project, batch, ids * 2)
    assert await tenant.value("SELECT count(*) FROM tasks.task") == 4


async def test_what_is_named_does_not_go(tenant: Tenant) -> None:
    project = (await tenant.project()).id
    batch, ids = await stage(tenant, project)
    with pytest.raises(Refused, match="a batch that has items"):
        await tenant.rows("DELETE FROM items.batch")
    await add(tenant, project, batch, ids[:16])
    with pytest.raises(Refused, match="an item that has tasks"):
        await tenant.rows("DELETE FROM items.item")
    await tenant.rows("DELETE FROM items.item WHERE id <> $1", UUID(bytes=ids[:16]))
    for table in ("tasks.task", "items.item", "items.batch"):
        await tenant.rows(f"DELETE FROM {table}")
    for column in ("id", "workspace_id", "project_id"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tenant.rows(f"UPDATE items.batch SET {column} = {column}")


async def test_a_task_and_the_end_of_its_item_wait_for_each_other(tenant: Tenant) -> None:
    """Whoever comes second sees what the first one did: never a task without its item."""
    project = (await tenant.project()).id
    batch, ids = await stage(tenant, project)
    async with tenant.db.transaction(tenant.id) as tx:
        columns = TaskColumns(new_id_bytes(1), ids[:16], [], [0])
        await add_tasks(tx, tenant.id, project=project, batch=batch, purpose="label", tasks=columns)
        removing = asyncio.create_task(tenant.rows("DELETE FROM items.item"))
        await asyncio.sleep(0.3)
        assert not removing.done()
    with pytest.raises(Refused, match="an item that has tasks"):
        await removing
    await tenant.rows("DELETE FROM tasks.task")
    async with tenant.db.transaction(tenant.id) as tx:
        await tx.execute("DELETE FROM items.item")
        adding = asyncio.create_task(add(tenant, project, batch, ids))
        await asyncio.sleep(0.3)
        assert not adding.done()
    with pytest.raises(Refused, match="a task without its item"):
        await adding


async def test_the_check_looks_into_the_index_whatever_the_planner_believes(
    tenant: Tenant,
) -> None:
    """The plan is made at a session's first rows and kept; a scan of all items would stay too."""
    project = (await tenant.project()).id
    batch, ids = await stage(tenant, project, count=5000)
    columns = TaskColumns(new_id_bytes(5000), ids, [], list(range(5000)))
    async with tenant.db.transaction(tenant.id) as tx:
        await add_tasks(tx, tenant.id, project=project, batch=batch, purpose="label", tasks=columns)
        scans = await tx.fetchrow(
            "SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables"
            " WHERE schemaname = 'items' AND relname = 'item'"
        )
    assert scans is not None
    assert scans["seq_scan"] == 0
    assert scans["idx_scan"] >= 5000


def test_numbers_as_the_text_of_an_array() -> None:
    assert array_text([]) == "{}"
    assert array_text([1, None, -3]) == "{1,NULL,-3}"
