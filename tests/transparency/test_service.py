"""The log service on PostgreSQL: one leader, each intent once, nothing shown without an entry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from tests.ground import Address, Tenant, connected
from tests.hands import lease
from tests.oracles import check_log
from tests.transparency.conftest import append_all

from evenhand.access import Release
from evenhand.identity import POLICY_HASH, log_key_context
from evenhand.platform.db import Database
from evenhand.platform.migrations import AppLogin
from evenhand.tasks.actions import open_grants
from evenhand.tlog import TileError
from evenhand.transparency import (
    LogForked,
    Logged,
    LogService,
    LogUnavailable,
    Publisher,
    intend,
)
from evenhand.transparency.sequencer import LEADER_LOCK, Sequencer

LEADER = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
       AND (classid::bigint << 32 | objid::bigint) = $1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def unwrapper(tenant: Tenant) -> Callable[[UUID, str, bytes], bytes]:
    holder = tenant.service.holder
    return lambda workspace, field, wrapped: holder.unwrap(
        workspace, log_key_context(workspace, field), wrapped
    )


def folder_of(tenant: Tenant) -> Path:
    return tenant.service.settings.logs_dir / str(tenant.id)


def sequencer_of(tenant: Tenant) -> Sequencer:
    return Sequencer(tenant.db, tenant.service.publisher, unwrapper(tenant))


@pytest.fixture
async def second(tenant: Tenant, login: AppLogin) -> AsyncIterator[LogService]:
    """The log service of another process of the same database."""
    db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=3)
    publisher = Publisher(db, tenant.service.settings.logs_dir)
    log = LogService(db, publisher, unwrapper(tenant), wait_s=5.0, publish_every_s=0.05)
    log.start()
    yield log
    await log.stop()
    await db.close()


async def write(tenant: Tenant, count: int = 1) -> list[int]:
    """Intents in one transaction, in order."""
    async with tenant.db.transaction(tenant.id) as tx:
        return [
            await intend(
                tx, tenant.id, "test.done/1", actor=tenant.owner.member, policy=POLICY_HASH,
                target=tenant.owner.member, purpose="test",
            )
            for _ in range(count)
        ]  # fmt: skip


async def until(tenant: Tenant, question: str) -> None:
    async with asyncio.timeout(15):
        while not await tenant.value(question):
            await asyncio.sleep(0.02)


async def test_each_intent_is_appended_once_and_in_order(tenant: Tenant) -> None:
    log = tenant.service.log

    async def work() -> dict[int, int]:
        found: dict[int, int] = {}
        for _ in range(5):
            intents = await write(tenant, 3)
            places = await log.logged(tenant.id, intents)
            found |= {intent: places[intent].index for intent in intents}
            assert all(place.size > place.index for place in places.values())
        return found

    found = await asyncio.gather(*(work() for _ in range(12)))
    for one in found:
        # What one writer wrote first stands first.
        assert sorted(one) == sorted(one, key=one.__getitem__)
    rows = await tenant.rows("SELECT index, intent_id FROM transparency.entry ORDER BY index")
    assert [row["index"] for row in rows] == list(range(len(rows)))
    placed = {row["intent_id"]: row["index"] for row in rows}
    for one in found:
        assert one.items() <= placed.items()
    await check_log(
        tenant.db, tenant.id, folder_of(tenant), holder=tenant.service.holder, settled=True
    )


async def test_of_two_services_one_leads_and_both_answer(
    tenant: Tenant, second: LogService
) -> None:
    await asyncio.sleep(0.3)
    assert tenant.service.log.leading
    assert not second.leading
    for log in (tenant.service.log, second):
        intents = await write(tenant, 2)
        before = time.monotonic()
        assert set(await log.logged(tenant.id, intents)) == set(intents)
        assert time.monotonic() - before < 2
    await check_log(tenant.db, tenant.id, folder_of(tenant))


async def test_the_other_takes_over_when_the_leader_loses_its_connection(
    tenant: Tenant, second: LogService, admin: Address
) -> None:
    await second.logged(tenant.id, await write(tenant))
    first = tenant.service.log
    leaders: list[int] = []
    async with connected(admin) as superuser:
        for _ in range(3):
            (leader,) = await superuser.fetch(LEADER, LEADER_LOCK)
            leaders.append(leader["pid"])
            await superuser.execute("SELECT pg_terminate_backend($1)", leader["pid"])
            intents = await write(tenant, 4)
            places = await asyncio.gather(
                first.logged(tenant.id, intents), second.logged(tenant.id, intents)
            )
            assert [places[0][i].index for i in intents] == [places[1][i].index for i in intents]
            async with asyncio.timeout(5):
                while [row["pid"] for row in await superuser.fetch(LEADER, LEADER_LOCK)] in (
                    [], [leader["pid"]],
                ):  # fmt: skip
                    await asyncio.sleep(0.02)
    assert len(set(leaders)) == 3
    async with asyncio.timeout(5):
        while first.leading == second.leading:
            await asyncio.sleep(0.02)
    await check_log(tenant.db, tenant.id, folder_of(tenant), settled=True)


async def test_a_leader_under_steady_load_notices_that_it_lost_its_lock(
    tenant: Tenant, second: LogService, admin: Address
) -> None:
    first = tenant.service.log
    await first.logged(tenant.id, await write(tenant))
    done = asyncio.Event()

    async def keep_busy() -> None:
        while not done.is_set():
            first._dirty.add(tenant.id)
            first._wake.set()
            await asyncio.sleep(0.01)

    busy = asyncio.create_task(keep_busy())
    async with connected(admin) as superuser, asyncio.timeout(10):
        (leader,) = await superuser.fetch(LEADER, LEADER_LOCK)
        await superuser.execute("SELECT pg_terminate_backend($1)", leader["pid"])
        while first.leading:
            await asyncio.sleep(0.02)
        done.set()
    await busy


async def test_a_sequencer_with_an_old_head_is_refused(tenant: Tenant) -> None:
    await tenant.service.log.stop()
    first, other = sequencer_of(tenant), sequencer_of(tenant)
    await write(tenant)
    while await first.append_waiting(tenant.id):
        pass
    intents = [*await write(tenant), *await write(tenant)]
    # Both know the head; the other moves it.
    await other._load(tenant.id)
    assert len(await first.append_waiting(tenant.id)) == 2
    (late,) = await write(tenant)
    assert await other.append_waiting(tenant.id) == {}
    # Refused, it reads the head anew and goes on behind it.
    placed = await other.append_waiting(tenant.id)
    assert set(placed) == {late}
    assert await first.append_waiting(tenant.id) == {}
    assert placed[late].index == await tenant.value(
        "SELECT max(index) + 1 FROM transparency.entry WHERE intent_id = ANY ($1)", intents
    )
    await check_log(tenant.db, tenant.id, folder_of(tenant), settled=True)


async def test_two_sequencers_at_once_never_fork(tenant: Tenant) -> None:
    await tenant.service.log.stop()
    both = [sequencer_of(tenant), sequencer_of(tenant)]
    for _ in range(6):
        await asyncio.gather(*(write(tenant, 3) for _ in range(3)))
        results = await asyncio.gather(
            *(one.append_waiting(tenant.id) for one in both), return_exceptions=True
        )
        for result in results:
            # The loser is refused: by the head, or by the index that knows each intent once.
            assert isinstance(result, dict | asyncpg.UniqueViolationError), result
    await both[0].append_waiting(tenant.id)
    await both[0].append_waiting(tenant.id)
    await check_log(tenant.db, tenant.id, folder_of(tenant), settled=True)


@pytest.mark.parametrize(
    "error",
    [
        OSError(),
        TimeoutError(),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError("another operation is in progress"),
        asyncpg.AdminShutdownError("x"),
        TileError("damaged"),
    ],
)
@pytest.mark.parametrize("part", ["append", "publish"])
async def test_no_fault_ends_the_service(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, error: Exception, part: str
) -> None:
    log, failed = tenant.service.log, []
    target = log._sequencer if part == "append" else tenant.service.publisher
    name = "append_waiting" if part == "append" else "publish"
    whole = getattr(target, name)

    async def fail_once(workspace: UUID) -> object:
        if not failed:
            failed.append(workspace)
            raise error
        return await whole(workspace)

    monkeypatch.setattr(target, name, fail_once)
    intents = await write(tenant)
    places = await log.logged(tenant.id, intents)
    async with asyncio.timeout(10):
        while (head := tenant.service.publisher.log(tenant.id).head()) is None or (
            head.size <= places[intents[0]].index
        ):
            await asyncio.sleep(0.02)
    assert failed


async def test_nothing_is_shown_while_nobody_appends(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    await tenant.service.log.stop()
    log = LogService(
        tenant.db, tenant.service.publisher, unwrapper(tenant), wait_s=0.8, publish_every_s=1
    )
    grants = await lease(tenant, one, project)
    before = time.monotonic()
    with pytest.raises(LogUnavailable) as refused:
        await open_grants(Release(tenant.service.keyring, log), tenant.id, project.id, grants)
    assert 0.7 < time.monotonic() - before < 2
    assert refused.value.stable_code == "log_unavailable"
    assert refused.value.__class__.__mro__[1].__name__ == "Unavailable"
    # The lease stands; when somebody appends again, it is shown.
    await sequencer_of(tenant).append_waiting(tenant.id)
    shown = await open_grants(Release(tenant.service.keyring, log), tenant.id, project.id, grants)
    assert b"Which is better, 0?" in shown[0][1].plaintext


async def test_a_database_older_than_the_published_log_is_not_signed_for(
    tenant: Tenant, admin: Address
) -> None:
    log = tenant.service.log
    await log.logged(tenant.id, await write(tenant, 3))
    old = (await tenant.rows("SELECT size, edge, note FROM transparency.checkpoint"))[0]
    await log.logged(tenant.id, await write(tenant, 3))
    await tenant.service.log.stop()
    await tenant.service.publisher.publish(tenant.id)
    published = (folder_of(tenant) / "checkpoint").read_bytes()
    async with connected(admin) as superuser:  # A restore from an older backup.
        await superuser.execute("DELETE FROM transparency.entry WHERE index >= $1", old["size"])
        await superuser.execute(
            "UPDATE transparency.checkpoint SET size = $1, edge = $2, note = $3", *old
        )
    await write(tenant)
    with pytest.raises(LogForked) as refused:
        await sequencer_of(tenant).append_waiting(tenant.id)
    assert refused.value.stable_code == "log_forked"
    # The round over all workspaces leaves it standing and goes on.
    assert await append_all(sequencer_of(tenant)) == {}
    with pytest.raises(LogForked):
        await tenant.service.publisher.publish(tenant.id)
    assert await tenant.value("SELECT note FROM transparency.checkpoint") == old["note"]
    assert (folder_of(tenant) / "checkpoint").read_bytes() == published


async def test_a_forked_log_does_not_stop_the_others(
    tenant: Tenant, other_tenant: Tenant, admin: Address
) -> None:
    await tenant.service.log.logged(tenant.id, await write(tenant, 3))
    await tenant.service.log.stop()
    await tenant.service.publisher.publish(tenant.id)
    async with connected(admin) as superuser:
        await superuser.execute(
            "UPDATE transparency.checkpoint SET size = 1 WHERE workspace_id = $1", tenant.id
        )
    await write(tenant)
    await write(other_tenant)
    assert list(await append_all(sequencer_of(tenant))) == [other_tenant.id]


async def test_who_does_not_lead_is_told_without_a_look(
    tenant: Tenant, second: LogService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await second.logged(tenant.id, await write(tenant))
    looked: list[int] = []

    async def look(_workspace: UUID, wanted: Collection[int]) -> dict[int, Logged]:
        looked.extend(wanted)
        return {}

    monkeypatch.setattr(second, "_find", look)
    for count in (1, 3, 40):
        intents = await write(tenant, count)
        places = await second.logged(tenant.id, intents)
        assert sorted(places) == intents
        assert [places[i].index for i in intents] == await indexes(tenant, intents)
    assert not looked


async def indexes(tenant: Tenant, intents: list[int]) -> list[int]:
    rows = await tenant.rows(
        "SELECT index FROM transparency.entry WHERE intent_id = ANY ($1) ORDER BY intent_id",
        intents,
    )
    return [row["index"] for row in rows]


async def test_a_forged_notice_opens_nothing(tenant: Tenant, second: LogService) -> None:
    await second.logged(tenant.id, await write(tenant))
    await second.stop()
    await tenant.service.log.stop()
    intents = await write(tenant)
    for said in (
        f"{tenant.id.hex} 9 {intents[0]}",
        f"{tenant.id.hex} 9 {intents[0]} {'0' * 32}",
        tenant.db.sign_notice(tenant.id.hex),
    ):
        second._heard_logged(None, 0, "evenhand_logged", said)
    assert (tenant.id, intents[0]) not in second._early
