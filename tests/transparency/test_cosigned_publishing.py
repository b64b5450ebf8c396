"""The publisher with witnesses: cosigned checkpoints, completed ones, and a restored backup."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from tests.transparency.conftest import Logs
from tests.transparency.test_witnesses import ED, PQ, Watch, accept, asking, one, policy_of
from tests.witness.wire import serving

from evenhand.tlog import Policy, open_checkpoint, parse_vkey
from evenhand.transparency import LogForked, Publisher
from evenhand.transparency.publisher import _replace_checkpoint
from evenhand.transparency.sequencer import Sequencer


@asynccontextmanager
async def published_by(
    logs: Logs, policy: Policy, *, wait_s: float = 5.0
) -> AsyncGenerator[tuple[Sequencer, Publisher, Watch]]:
    async with asking(policy, wait_s=wait_s) as (witnesses, watch):
        publisher = Publisher(logs.db, logs.folder, witnesses=witnesses)
        yield Sequencer(logs.db, publisher, logs.unwrap), publisher, watch
        await publisher.close()


def published_cosigners(logs: Logs, workspace: UUID, vkey: str) -> tuple[int, list[str]]:
    raw = logs.publisher().log(workspace).note()
    assert raw is not None
    signed = open_checkpoint(raw, log=parse_vkey(vkey), witnesses=[ED, PQ])
    return signed.checkpoint.size, [found.verifier.vkey for found in signed.cosignatures]


async def test_the_published_checkpoint_carries_the_quorum(logs: Logs, tmp_path: Path) -> None:
    workspace, vkey = await logs.workspace()
    async with (
        serving(tmp_path / "witness") as ground,
        published_by(logs, one(ground.port)) as (
            sequencer,
            publisher,
            _,
        ),
    ):
        accept(ground, vkey)
        for size in (3, 6):
            await logs.intend(workspace, 3)
            await sequencer.append_waiting(workspace)
            await sequencer.publish_grown()
            assert published_cosigners(logs, workspace, vkey) == (size, [ED.vkey])
            assert publisher.below_quorum() == set()
        # The database's own head stays as the log signed it.
        assert cosigners_of(await logs.note(workspace)) == 1


def cosigners_of(raw: bytes) -> int:
    return raw.decode().count("\n— ")


async def test_a_checkpoint_below_the_quorum_is_published_and_completed(
    logs: Logs, tmp_path: Path
) -> None:
    workspace, vkey = await logs.workspace()
    async with (
        serving(tmp_path / "witness") as ground,
        published_by(logs, one(ground.port)) as (
            sequencer,
            publisher,
            watch,
        ),
    ):
        await logs.intend(workspace, 3)
        await sequencer.append_waiting(workspace)
        await sequencer.publish_grown()
        assert published_cosigners(logs, workspace, vkey) == (3, [])
        assert (sequencer.grown, publisher.below_quorum()) == (set(), set())
        accept(ground, vkey)
        await sequencer.publish_grown()
        assert published_cosigners(logs, workspace, vkey) == (3, [])
        watch.now_s += 1
        assert publisher.below_quorum() == {workspace}
        await sequencer.publish_grown()
        assert published_cosigners(logs, workspace, vkey) == (3, [ED.vkey])
        assert publisher.below_quorum() == set()
    # A process that comes later finds what is published and asks nobody.
    async with published_by(logs, one(9)) as (_, publisher, _):
        assert await publisher.publish(workspace) == 3
        assert publisher.below_quorum() == set()
    assert published_cosigners(logs, workspace, vkey) == (3, [ED.vkey])


async def test_a_restored_backup_is_found_at_the_start_and_signs_nothing(
    logs: Logs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workspace, vkey = await logs.workspace()
    folder = logs.folder / str(workspace)
    heads: list[tuple[int, bytes, str]] = []
    async with serving(tmp_path / "witness") as ground:
        accept(ground, vkey)
        async with published_by(logs, one(ground.port)) as (sequencer, _, _):
            for _ in range(2):
                await logs.intend(workspace, 3)
                await sequencer.append_waiting(workspace)
                await sequencer.publish_grown()
                heads.append(await head_of(logs, workspace))
                shutil.copytree(folder, tmp_path / f"backup-{heads[-1][0]}")
        # Database and files are those of the older backup, the quorum's cosignatures among them.
        await restore(logs, workspace, heads[0], tmp_path / "backup-3")
        async with published_by(logs, one(ground.port)) as (sequencer, _, watch):
            sequencer.take_over()
            await sequencer.publish_grown()
            assert "has a checkpoint of" in caplog.text
            assert "with 6 entries, the database 3: it was restored" in caplog.text
            await logs.intend(workspace)
            with pytest.raises(LogForked, match="with 6 entries, the database 3"):
                await sequencer.append_waiting(workspace)
            assert await logs.size(workspace) == 3
            # The tail is recovered, and it goes on.
            await restore(logs, workspace, heads[1], tmp_path / "backup-6")
            watch.now_s += 1
            await sequencer.publish_grown()
            assert len(await sequencer.append_waiting(workspace)) == 1
            await sequencer.publish_grown()
        assert published_cosigners(logs, workspace, vkey) == (7, [ED.vkey])


async def head_of(logs: Logs, workspace: UUID) -> tuple[int, bytes, str]:
    async with logs.db.transaction(workspace) as tx:
        row = await tx.fetchrow("SELECT size, edge, note FROM transparency.checkpoint")
    assert row is not None
    return row["size"], row["edge"], row["note"]


async def restore(logs: Logs, workspace: UUID, head: tuple[int, bytes, str], backup: Path) -> None:
    async with logs.db.transaction(workspace) as tx:
        await tx.execute(
            "UPDATE transparency.checkpoint SET size = $1, edge = $2, note = $3", *head
        )
    shutil.rmtree(logs.folder / str(workspace))
    shutil.copytree(backup, logs.folder / str(workspace))


async def test_a_damaged_cosignature_is_asked_for_again(logs: Logs, tmp_path: Path) -> None:
    workspace, vkey = await logs.workspace()
    async with (
        serving(tmp_path / "witness") as ground,
        published_by(logs, one(ground.port)) as (sequencer, publisher, _),
    ):
        accept(ground, vkey)
        await logs.intend(workspace, 3)
        await sequencer.append_waiting(workspace)
        await publisher.publish(workspace)
        file = publisher.log(workspace).folder / "checkpoint"
        whole = file.read_bytes()
        file.write_bytes(whole[:-20] + b"AAAA" + whole[-16:])
        assert await publisher.publish(workspace) == 3
        assert published_cosigners(logs, workspace, vkey) == (3, [ED.vkey])


async def test_an_older_checkpoint_never_replaces_a_greater_one(logs: Logs) -> None:
    workspace, vkey = await logs.workspace()
    async with published_by(logs, policy_of("quorum none")) as (sequencer, publisher, _):
        await logs.intend(workspace, 3)
        await sequencer.append_waiting(workspace)
        older = await logs.note(workspace)
        await logs.intend(workspace, 3)
        await sequencer.append_waiting(workspace)
        assert await publisher.publish(workspace) == 6
        _replace_checkpoint(publisher.log(workspace), older)
    assert published_cosigners(logs, workspace, vkey) == (6, [])
