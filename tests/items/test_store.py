"""Items and batches: staged, flipped at once, swept when their import is dead."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from tests.ground import Tenant

from evenhand.items import (
    DuplicateItem,
    ItemColumns,
    abandoned_batches,
    add_items,
    create_batch,
    delete_batch,
    delete_some_items,
    find_by_external_keys,
    get_batch,
    holding_batch,
    list_batches,
    list_item_ids,
    open_batch,
    read_items,
    try_holding_batch,
)
from evenhand.platform.errors import NotFound
from evenhand.platform.ids import new_id, new_id_bytes
from evenhand.platform.paging import FIRST


async def stage(
    tenant: Tenant, project: UUID, *, count: int = 2, keys: list[bytes | None] | None = None
) -> UUID:
    """A staging batch with some items."""
    made = new_id()
    given: list[bytes | None] = keys or [None] * count
    many = len(given)
    items = ItemColumns.of(new_id_bytes(many), given, [b"sealed"] * many, [None] * many)
    async with tenant.db.transaction(tenant.id) as tx:
        await create_batch(tx, tenant.id, made=made, project=project, name="b", purpose="label")
        await add_items(tx, tenant.id, project=project, batch=made, items=items)
    return made


async def seen(tenant: Tenant, project: UUID) -> list[UUID]:
    async with tenant.db.transaction(tenant.id) as tx:
        return await list_item_ids(tx, tenant.id, project, purpose="label", after=FIRST, limit=99)


async def test_a_batch_is_seen_at_once_or_not_at_all(tenant: Tenant) -> None:
    project = (await tenant.project()).id
    batch = await stage(tenant, project)
    assert await seen(tenant, project) == []
    async with tenant.db.transaction(tenant.id) as tx:
        await open_batch(tx, tenant.id, batch, item_count=2)
    ids = await seen(tenant, project)
    assert len(ids) == 2
    async with tenant.db.transaction(tenant.id) as tx:
        found = await get_batch(tx, tenant.id, batch)
        assert (found.state, found.item_count, found.render()["id"]) == ("open", 2, str(batch))
        # A flip happens once.
        with pytest.raises(NotFound, match="given up meanwhile"):
            await open_batch(tx, tenant.id, batch, item_count=2)
        items = await read_items(tx, tenant.id, [*ids, uuid4()])
        assert [item.id for item in items] == ids
        assert "sealed" not in repr(items[0].meta)


async def test_an_external_id_is_there_once_per_project(tenant: Tenant) -> None:
    project, other = (await tenant.project()).id, (await tenant.project()).id
    key = b"0" * 16
    await stage(tenant, project, keys=[key])
    with pytest.raises(DuplicateItem):
        await stage(tenant, project, keys=[key])
    with pytest.raises(DuplicateItem):
        await stage(tenant, project, keys=[b"1" * 16, b"1" * 16])
    await stage(tenant, other, keys=[key])
    async with tenant.db.transaction(tenant.id) as tx:
        found = await find_by_external_keys(tx, tenant.id, project, [key, b"2" * 16])
    assert found == {key}


async def test_a_batch_needs_a_project_of_the_workspace(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    foreign = (await other_tenant.project()).id
    for project in (foreign, uuid4()):
        with pytest.raises(NotFound):
            await stage(tenant, project)
    async with tenant.db.transaction(tenant.id) as tx:
        with pytest.raises(NotFound):
            await get_batch(tx, tenant.id, uuid4())


async def test_only_a_staging_batch_is_deleted(tenant: Tenant) -> None:
    project = (await tenant.project()).id
    staged, opened = await stage(tenant, project, count=5), await stage(tenant, project)
    async with tenant.db.transaction(tenant.id) as tx:
        await open_batch(tx, tenant.id, opened, item_count=2)
    async with tenant.db.transaction(tenant.id) as tx:
        assert [await delete_some_items(tx, tenant.id, staged, most=3) for _ in range(3)] == [
            3, 2, 0,
        ]  # fmt: skip
        await delete_batch(tx, tenant.id, staged)
        assert await delete_some_items(tx, tenant.id, opened, most=3) == 0
        await delete_batch(tx, tenant.id, opened)
        left = await list_batches(tx, tenant.id, project, after=FIRST, limit=9)
    assert [batch.id for batch in left] == [opened]
    assert len(await seen(tenant, project)) == 2


async def test_an_import_that_is_alive_is_not_swept(tenant: Tenant) -> None:
    project = (await tenant.project()).id
    batch = await stage(tenant, project)
    assert (tenant.id, batch) not in await abandoned_batches(tenant.db, idle=timedelta(minutes=1))
    assert await abandoned_batches(tenant.db, idle=timedelta(0)) == [(tenant.id, batch)]
    async with holding_batch(tenant.db, batch), try_holding_batch(tenant.db, batch) as held:
        assert not held
    # The end of a session frees its lock, a moment later when the server hears of it.
    locks = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 819"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with asyncio.timeout(10):
        while await tenant.db.fetchval(locks):
            await asyncio.sleep(0.02)
    async with try_holding_batch(tenant.db, batch) as held:
        assert held
        async with try_holding_batch(tenant.db, batch) as again:
            assert not again
    assert await tenant.db.fetchval(locks) == 0
