"""One workspace's log that cannot go on is its own trouble: the others are logged and published."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from tests.transparency.conftest import Logs, MakeService

from evenhand.tlog import Edge, parse_vkey
from evenhand.transparency import LogForked, LogUnavailable
from evenhand.verify import verify_log


async def published(logs: Logs, workspace: UUID, size: int) -> None:
    async with asyncio.timeout(10):
        while (head := logs.publisher().log(workspace).head()) is None or head.size < size:
            await asyncio.sleep(0.02)


async def fork(logs: Logs, workspace: UUID) -> None:
    """Publish three entries, then take the head back as an old backup would."""
    await logs.intend(workspace, 3)
    await logs.sequencer().append_waiting(workspace)
    await logs.publisher().publish(workspace)
    async with logs.db.transaction(workspace) as tx:
        await tx.execute(
            "UPDATE transparency.checkpoint SET size = 0, edge = $1", Edge.EMPTY.to_bytes()
        )


async def lose_key(logs: Logs, workspace: UUID) -> None:
    (logs.folder.parent / "keys" / f"{workspace}.kek").unlink()
    logs.holder._kept.clear()


async def spoil_checkpoint(logs: Logs, workspace: UUID) -> None:
    folder = logs.folder / str(workspace)
    folder.mkdir(parents=True)
    (folder / "checkpoint").write_bytes(b"no note")


@pytest.mark.parametrize("spoil", [fork, lose_key, spoil_checkpoint])
async def test_who_waits_for_a_bad_log_holds_nobody_up(
    logs: Logs, make_service: MakeService, spoil: object
) -> None:
    bad, _ = await logs.workspace()
    good, vkey = await logs.workspace()
    await spoil(logs, bad)  # type: ignore[operator]
    head = await logs.note(bad)
    service = await make_service(wait_s=3.0)
    async with asyncio.timeout(5):
        while not service.leading:
            await asyncio.sleep(0.02)
    stuck = asyncio.create_task(service.logged(bad, await logs.intend(bad)))
    for _ in range(8):
        # Both are dirty in the same round, whichever the leader takes up first.
        intents = await logs.intend(good)
        service._dirty.update((bad, good))
        assert set(await service.logged(good, intents)) == set(intents)
        assert service.leading
    with pytest.raises(LogUnavailable):
        await stuck
    assert await logs.note(bad) == head
    await published(logs, good, 8)
    assert verify_log(str(logs.folder / str(good)), parse_vkey(vkey)).size == 8


def damage(folder: Path) -> None:
    (kept,) = (folder / "tile/entries").rglob("3")
    kept.write_bytes(b"damaged")
    for tile in (folder / "tile/0").rglob("3"):
        tile.write_bytes(b"damaged" * 8)


async def test_damaged_files_are_not_built_upon(logs: Logs) -> None:
    workspace, _ = await logs.workspace()
    sequencer, publisher = logs.sequencer(), logs.publisher()
    await logs.intend(workspace, 3)
    await sequencer.append_waiting(workspace)
    await publisher.publish(workspace)
    folder = logs.folder / str(workspace)
    note = (folder / "checkpoint").read_bytes()
    damage(folder)
    await logs.intend(workspace)
    await sequencer.append_waiting(workspace)
    with pytest.raises(LogForked, match="contradict"):
        await publisher.publish(workspace)
    assert (folder / "checkpoint").read_bytes() == note


async def test_damaged_files_of_one_log_do_not_stop_the_publishing_of_others(
    logs: Logs, make_service: MakeService
) -> None:
    bad, _ = await logs.workspace()
    good, vkey = await logs.workspace()
    service = await make_service()
    await service.logged(bad, await logs.intend(bad, 3))
    await published(logs, bad, 3)
    damage(logs.folder / str(bad))
    await service.logged(bad, await logs.intend(bad))
    await asyncio.sleep(0.2)  # Several rounds of publishing meet the damage.
    for size in (1, 2):
        await service.logged(good, await logs.intend(good))
        await published(logs, good, size)
    assert verify_log(str(logs.folder / str(good)), parse_vkey(vkey)).size == 2
