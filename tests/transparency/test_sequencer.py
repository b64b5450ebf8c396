"""The sequencer by itself: groups, order, what is rolled back, and what an entry says to whom."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from tests.transparency.conftest import Logs, append_all

from evenhand.identity import POLICY_HASH
from evenhand.receipts import open_details, parse_leaf
from evenhand.tlog import Edge, leaf_hashes, open_checkpoint, parse_vkey
from evenhand.transparency import get_log, intend, partition_of, read_size
from evenhand.transparency import sequencer as sequencer_module
from evenhand.transparency.sequencer import Sequencer


async def drain(sequencer: Sequencer, workspace: UUID) -> list[tuple[int, int]]:
    """Appends until nothing waits; gives intents with their indexes, in the order appended."""
    found: list[tuple[int, int]] = []
    while logged := await sequencer.append_waiting(workspace):
        found += [(intent, place.index) for intent, place in logged.items()]
    return found


async def test_every_intent_is_appended_once_and_in_order(logs: Logs) -> None:
    workspace, vkey = await logs.workspace()
    intents = await logs.intend(workspace, 5) + await logs.intend(workspace, 2)
    sequencer = logs.sequencer()
    assert await drain(sequencer, workspace) == list(zip(intents, range(7), strict=True))
    assert await logs.logged_ids(workspace) == intents
    assert await logs.waiting_count(workspace) == 0
    assert await sequencer.append_waiting(workspace) == {}
    # The signed head is the tree over the rows' leaves.
    async with logs.db.transaction(workspace) as tx:
        rows = await tx.fetch("SELECT leaf FROM transparency.entry ORDER BY index")
    signed = open_checkpoint(await logs.note(workspace), log=parse_vkey(vkey)).checkpoint
    assert signed.size == 7
    assert signed.root == Edge.EMPTY.extend(leaf_hashes([row["leaf"] for row in rows])).root()


async def test_many_intents_go_in_groups(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer_module, "_GROUP_MAX", 4)
    workspace, _ = await logs.workspace()
    intents = await logs.intend(workspace, 10)
    sequencer = logs.sequencer()
    sizes = []
    while logged := await sequencer.append_waiting(workspace):
        sizes.append(len(logged))
        assert {place.size for place in logged.values()} == {sum(sizes)}
    assert sizes == [4, 4, 2]
    assert await logs.logged_ids(workspace) == intents


async def test_what_is_rolled_back_is_not_logged(logs: Logs) -> None:
    workspace, _ = await logs.workspace()

    async def fail() -> None:
        async with logs.db.transaction(workspace) as tx:
            await intend(
                tx, workspace, "wall.changed/1", actor=None, policy=POLICY_HASH, purpose="test"
            )
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await logs.sequencer().append_waiting(workspace) == {}
    assert await logs.size(workspace) == 0


async def test_each_workspace_has_its_own_tree(logs: Logs) -> None:
    one, _ = await logs.workspace()
    other, _ = await logs.workspace()
    first = await logs.intend(one, 2)
    second = await logs.intend(other, 3)
    appended = await append_all(logs.sequencer())
    assert list(appended[one]) == first
    assert list(appended[other]) == second
    assert (await logs.size(one), await logs.size(other)) == (2, 3)


async def test_an_entry_opens_with_the_logs_details_key(logs: Logs) -> None:
    workspace, _ = await logs.workspace()
    actor, target = uuid4(), uuid4()
    async with logs.db.transaction(workspace) as tx:
        await intend(
            tx,
            workspace,
            "payload.released/1",
            actor=actor,
            policy=POLICY_HASH,
            target=target,
            purpose="label",
            extra='{"count": 3}',
        )
        await intend(tx, workspace, "access.denied/1", actor=None, policy=POLICY_HASH)
    sequencer = logs.sequencer()
    await drain(sequencer, workspace)
    async with logs.db.transaction(workspace) as tx:
        rows = await tx.fetch("SELECT leaf, partition FROM transparency.entry ORDER BY index")
        wrapped = await tx.fetchval("SELECT wrapped_details FROM transparency.log")
    key = logs.unwrap(workspace, "log_details", wrapped)
    leaf = parse_leaf(rows[0]["leaf"])
    details = open_details(leaf, key)
    assert leaf.kind == "payload.released/1"
    assert leaf.policy == "sha256:" + POLICY_HASH.hex()
    assert len(leaf.commitments) == 2
    assert (details["actor"], details["object"]) == (str(actor), str(target))
    assert (details["purpose"], details["extra"]) == ("label", {"count": 3})
    # Found by who has the key, and by nobody else: neither id stands in the leaf.
    keys = sequencer._heads[workspace].keys
    assert rows[0]["partition"] == partition_of(keys, target)
    for value in (actor, target):
        assert str(value).encode() not in rows[0]["leaf"]
        assert value.hex.encode() not in rows[0]["leaf"]
        assert value.bytes not in rows[0]["leaf"]
    # A denial without actor and object names neither.
    denied = parse_leaf(rows[1]["leaf"])
    assert not denied.commitments
    assert set(open_details(denied, key)) == {"salt"}
    assert rows[1]["partition"] is None


async def test_keys_are_not_shown(logs: Logs) -> None:
    workspace, _ = await logs.workspace()
    await logs.intend(workspace)
    sequencer = logs.sequencer()
    await drain(sequencer, workspace)
    keys = sequencer._heads[workspace].keys
    assert repr(keys) == "LogKeys()"


async def test_without_a_log_nothing_is_appended(logs: Logs) -> None:
    workspace = uuid4()
    await logs.intend(workspace)
    with pytest.raises(LookupError, match="has no log"):
        await logs.sequencer().append_waiting(workspace)


async def test_a_logs_identity_and_size_are_read(logs: Logs) -> None:
    workspace, vkey = await logs.workspace()
    await logs.intend(workspace, 2)
    await drain(logs.sequencer(), workspace)
    async with logs.db.transaction(workspace) as tx:
        identity = await get_log(tx, workspace)
        assert (identity.workspace, identity.vkey) == (workspace, vkey)
        assert vkey.startswith(identity.origin + "+")
        assert await read_size(tx, workspace) == 2


async def test_a_workspace_without_a_log_has_neither(logs: Logs) -> None:
    workspace = uuid4()
    async with logs.db.transaction(workspace) as tx:
        for ask in (get_log, read_size):
            with pytest.raises(LookupError, match="has no log"):
                await ask(tx, workspace)
