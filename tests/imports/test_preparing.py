"""Preparation in a process of its own: the same rows, the same refusals, and no orphan."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import pytest
from tests.ground import Tenant, pair_line

from evenhand.imports import preparing
from evenhand.imports.actions import Importer
from evenhand.imports.model import Chunk, ImportRefused, PreparationLost, Prepared, Recipe
from evenhand.imports.preparing import Preparer
from evenhand.projects import Project
from evenhand.sealing import Context, DataKey, open_sealed

DEK = DataKey(UUID(int=7), b"k" * 32)
RECIPE = Recipe(
    workspace=UUID(int=1),
    project=UUID(int=2),
    task_type="pairwise",
    settings={},
    judgments_per_item=2,
    purpose="label",
    external_key=b"e" * 32,
)
GOOD = Chunk(5, b"\n".join(pair_line(n).strip() for n in range(3)), [])


def preparations() -> list[int]:
    """Ids of our children that prepare lines."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        found += [
            int(pid)
            for pid in (task / "children").read_text().split()
            if b"preparation_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
    return found


async def ready(preparer: Preparer) -> int:
    """Has its process started; gives the process's id."""
    await preparer.prepare(GOOD, DEK)
    assert preparer._starting is not None
    return (await preparer._starting).pid


def opened(prepared: Prepared) -> list[tuple[object, object]]:
    """Payload and meta of each item, as whoever holds the key reads them."""
    found: list[tuple[object, object]] = []
    columns = prepared.items
    sizes = zip(columns.starts(), columns.payload_bytes, columns.meta_bytes, strict=True)
    for place, (start, payload_bytes, meta_bytes) in enumerate(sizes):
        assert meta_bytes is not None
        one = UUID(bytes=columns.ids[16 * place : 16 * place + 16])
        middle = start - 1 + payload_bytes
        pieces = {
            "payload": columns.sealed[start - 1 : middle],
            "meta": columns.sealed[middle : middle + meta_bytes],
        }
        payload, meta = (
            json.loads(open_sealed(DEK, Context(UUID(int=1), UUID(int=2), one, 1, field), sealed))
            for field, sealed in pieces.items()
        )
        found.append((payload, meta))
    return found


@pytest.fixture(params=["thread", "process"])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Where an import of any size is prepared."""
    monkeypatch.setattr(preparing, "LARGE_ROWS", 0 if request.param == "process" else 1 << 30)
    return request.param == "thread"


async def test_both_ways_prepare_the_same(small: bool) -> None:
    async with Preparer(RECIPE) as preparer:
        if not small:
            await ready(preparer)
        prepared = await preparer.prepare(GOOD, DEK)
        record = Chunk(0, b"", [(9, {"id": "x", "prompt": "p", "left": "", "right": "é"})])
        others = await asyncio.gather(
            preparer.prepare(record, DEK), preparer.prepare(GOOD, DataKey(UUID(int=8), b"l" * 32))
        )
    lines = [json.loads(line) for line in GOOD.block.splitlines()]
    assert opened(prepared) == [
        (line["payload"], {"id": line["id"], "meta": line["meta"]}) for line in lines
    ]
    assert prepared.lines == [5, 6, 7]
    assert prepared.tasks.positions == [5, 6, 7, 1 << 40 | 5, 1 << 40 | 6, 1 << 40 | 7]
    assert prepared.tasks.item_ids == prepared.items.ids * 2
    assert len(prepared.tasks.ids) == 6 * 16
    assert opened(others[0]) == [
        ({"prompt": "p", "left": "", "right": "é"}, {"id": "x", "meta": {}})
    ]
    assert others[1].items.external_keys == prepared.items.external_keys
    assert others[1].items.sealed[1:17] == UUID(int=8).bytes


async def test_both_ways_refuse_alike(small: bool) -> None:
    bad = Chunk(41, pair_line(1) + b'{"payload":{"prompt":" ","left":"a"}}', [])
    async with Preparer(RECIPE) as preparer:
        if not small:
            await ready(preparer)
        with pytest.raises(ImportRefused, match="Line 42: ") as refused:
            await preparer.prepare(bad, DEK)
        assert [problem.path for problem in refused.value.problems] == ["/prompt", "/right"]
        # A refusal ends nothing by itself.
        assert (await preparer.prepare(GOOD, DEK)).lines == [5, 6, 7]


async def test_the_process_ends_with_its_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "LARGE_ROWS", 0)
    for leave in (False, True):
        with pytest.raises(ExceptionGroup) if leave else pytest.MonkeyPatch.context():
            async with Preparer(RECIPE) as preparer:
                pid = await ready(preparer)
                assert preparations() == [pid]
                if leave:
                    raise ExceptionGroup("the import failed", [ValueError()])
        assert preparations() == []
    # Also when the import ends while its process starts.
    async with Preparer(RECIPE) as preparer:
        await preparer.prepare(GOOD, DEK)
        await asyncio.sleep(0.05)
    assert preparations() == []


async def test_a_killed_process_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "LARGE_ROWS", 0)
    async with Preparer(RECIPE) as preparer:
        os.kill(await ready(preparer), signal.SIGKILL)
        with pytest.raises(PreparationLost):
            for _ in range(100):
                await preparer.prepare(GOOD, DEK)
    monkeypatch.setattr(preparing.sys, "executable", "/nowhere/python")
    async with Preparer(RECIPE) as preparer:
        with pytest.raises(PreparationLost):
            for _ in range(100):
                await preparer.prepare(GOOD, DEK)


async def chunks_of(
    count: int, *, then: Callable[[int], None] = lambda _: None, last: bytes = b""
) -> AsyncIterator[bytes]:
    for start in range(0, count, 500):
        yield b"".join(pair_line(number) for number in range(start, min(start + 500, count)))
        then(start)
        await asyncio.sleep(0.01)
    yield last


async def importer(tenant: Tenant, project: Project) -> Importer:
    actor = await tenant.actor(tenant.owner)
    keyring = tenant.service.keyring
    return Importer(tenant.db, keyring, actor, project, name="large", purpose="label")


async def counts(tenant: Tenant, project: Project) -> list[int]:
    tables = ("items.batch", "items.item", "tasks.task")
    query = "SELECT count(*) FROM {} WHERE project_id = $1"
    return [await tenant.value(query.format(table), project.id) for table in tables]


async def test_a_large_import_by_both_ways_is_whole(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "LARGE_ROWS", 2500)
    project = await tenant.project(judgments_per_item=2)
    seen: set[int] = set()
    made = await (await importer(tenant, project)).run(
        chunks_of(30_000, then=lambda _: seen.update(preparations())),
        form="jsonl",
        idempotency_key=None,
    )
    assert len(seen) == 1
    assert preparations() == []
    assert made.item_count == 30_000
    assert await counts(tenant, project) == [1, 30_000, 60_000]
    places = "SELECT count(DISTINCT position) FROM tasks.task WHERE project_id = $1"
    assert await tenant.value(places, project.id) == 60_000


async def test_a_process_killed_in_the_middle_keeps_nothing(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "LARGE_ROWS", 0)
    project = await tenant.project()

    def kill(start: int) -> None:
        if start >= 20_000:
            for pid in preparations():
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(PreparationLost):
        await (await importer(tenant, project)).run(
            chunks_of(60_000, then=kill), form="jsonl", idempotency_key=None
        )
    assert preparations() == []
    assert await counts(tenant, project) == [0, 0, 0]


async def test_the_first_wrong_line_is_named_whatever_comes_behind_it(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad line, and behind it one that ends the reading at once."""
    monkeypatch.setattr(preparing, "LARGE_ROWS", 0)
    project = await tenant.project()
    for rows in (10, 9_000):
        last = b"nonsense\n" + pair_line(-1) + b"x" * (1 << 21)
        with pytest.raises(ImportRefused, match=f"^Line {rows + 1}: "):
            await (await importer(tenant, project)).run(
                chunks_of(rows, last=last), form="jsonl", idempotency_key=None
            )
    assert await counts(tenant, project) == [0, 0, 0]


async def test_an_import_that_is_given_up_leaves_nothing(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "LARGE_ROWS", 0)
    project = await tenant.project()
    running = asyncio.create_task(
        (await importer(tenant, project)).run(
            chunks_of(100_000), form="jsonl", idempotency_key=None
        )
    )
    async with asyncio.timeout(30):
        while (await counts(tenant, project))[1] < 6000:
            await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert preparations() == []
    assert await counts(tenant, project) == [0, 0, 0]
