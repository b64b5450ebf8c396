"""After the faults: everything that clients were told is true, nothing else happened."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from uuid import UUID

from tests.faults.crowd import Crowd, Memory
from tests.faults.processes import House, opened_database
from tests.faults.wire import ask, post
from tests.oracles import check_log, check_queue

from evenhand.platform.db import Database
from evenhand.receipts import open_receipt
from evenhand.tlog import parse_vkey
from evenhand.transparency import PublishedLog
from evenhand.vault import HostedKeyHolder


async def reckon(house: House, crowd: Crowd, memory: Memory) -> None:
    """Invariants I1 to I5 against what the clients remember."""
    assert memory.problems == []
    workspace = UUID(crowd.workspace)
    async with opened_database(house) as db:
        acknowledged = {lease: one[0] for lease, one in memory.acknowledged.items()}
        await check_queue(db, workspace, acknowledged=acknowledged)
        await _settle(db, workspace, house.data / "logs" / crowd.workspace)
        report = await check_log(
            db,
            workspace,
            house.data / "logs" / crowd.workspace,
            holder=HostedKeyHolder(house.data / "keys"),
            state_file=house.folder / f"seen-{crowd.workspace}.json",
            settled=True,
        )
        assert report is not None
        await _check_leaves_of(db, workspace, memory)
    check_answers(house, crowd, memory)
    check_receipts(house, crowd, memory)
    verified = verify(house, crowd)
    assert verified["verified"] is True
    size = verified["size"]
    assert isinstance(size, int)
    assert size >= report.size


async def _settle(db: Database, workspace: UUID, folder: Path) -> None:
    """Wait until nothing waits for the log any more and all of it is published."""
    deadline = time.monotonic() + 15
    published = PublishedLog(folder)
    while True:
        async with db.transaction(workspace) as tx:
            waiting = await tx.fetchval("SELECT count(*) FROM transparency.intent")
            size = await tx.fetchval("SELECT size FROM transparency.checkpoint")
        head = published.head()
        if not waiting and head is not None and head.size == size:
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def _check_leaves_of(db: Database, workspace: UUID, memory: Memory) -> None:
    """Each payload that a client holds is a lease of that item, and its leaf is in the tree."""
    async with db.transaction(workspace) as tx:
        items = {
            str(row["id"]): str(row["item_id"])
            for row in await tx.fetch("SELECT id, item_id FROM tasks.lease")
        }
        size = await tx.fetchval("SELECT size FROM transparency.checkpoint")
    for lease, (item, index) in memory.released.items():
        assert items[lease] == item
        assert index < size
    indices = [index for _, index in memory.released.values()]
    assert len(set(indices)) == len(indices)


def check_answers(house: House, crowd: Crowd, memory: Memory) -> None:
    """The exports hold each acknowledged judgment once, with the answer that was acknowledged."""
    found: dict[str, str] = {}
    path = f"/api/v1/projects/{crowd.project}/exports"
    for form in ("trl", "trl-ties"):
        said = post(house.url, path, {"format": form}, key=crowd.owner)
        assert said.status == 200, said
        for line in said.body.splitlines():
            row = json.loads(line)
            assert row["judgment_id"] not in found
            # The sides of an item are the texts "a" and "b".
            chosen = "tie" if form == "trl-ties" else {"a": "left", "b": "right"}[row["chosen"]]
            found[row["judgment_id"]] = chosen
    for judgment, choice in memory.acknowledged.values():
        assert found[judgment] == choice
    # An answer whose acknowledgement was lost on the way may be there; a stranger's may not.
    assert len(found) - len(memory.acknowledged) <= 2 * len(crowd.keys) * 10


def check_receipts(house: House, crowd: Crowd, memory: Memory) -> None:
    """The receipts that clients were named are of releases, proved against the log's key."""
    log = parse_vkey(crowd.vkey)
    indices = sorted(index for _, index in memory.released.values())
    for index in indices[:: max(1, len(indices) // 40)]:
        said = ask(house.url, "GET", f"/api/v1/receipts/{index}", key=crowd.owner)
        assert said.status == 200, said
        receipt = open_receipt(said.body, log=log)
        assert receipt.index == index
        assert receipt.leaf.kind == "payload.released/1"


def verify(house: House, crowd: Crowd) -> dict[str, object]:
    """`evenhand log verify` over HTTP, against what it saw last time."""
    key_file = house.folder / "owner.key"
    key_file.write_text(crowd.owner)
    ran = house.run(
        "log",
        "verify",
        f"{house.url}/log/{crowd.workspace}",
        "--key",
        crowd.vkey,
        "--api-key-file",
        str(key_file),
        "--state",
        str(house.folder / f"auditor-{crowd.workspace}.json"),
        "--json",
    )
    assert ran.code == 0, ran.err
    return ran.json
