"""The oracles themselves: each question names what was broken on purpose."""

from __future__ import annotations

import pytest
from tests.ground import Address, Tenant
from tests.hands import broken
from tests.oracles import LOG_QUESTIONS, QUEUE_QUESTIONS, InvariantBroken, check_log, check_queue

SUBMITTED = "(SELECT id FROM tasks.lease WHERE state = 'submitted' LIMIT 1)"
ACTIVE = "(SELECT id FROM tasks.lease WHERE state = 'active' LIMIT 1)"
QUEUE_BREACHES = {
    "I1: a submitted lease without": "DELETE FROM judgments.judgment",
    "I1: a judgment whose lease": "UPDATE tasks.lease SET state = 'released'"
    f" WHERE id = {SUBMITTED}",
    "I1: a task that is done without": "DELETE FROM judgments.judgment",
    "I1: a judgment that stands": "UPDATE tasks.task SET state = 'open' WHERE state = 'done'",
    "I2: a leased task without": f"UPDATE tasks.lease SET state = 'expired', ended_at = now()"
    f" WHERE id = {ACTIVE}",
    "I2: an active lease of a task": "UPDATE tasks.task SET state = 'open' WHERE state = 'leased'",
    "I2: one person with one item twice": "DROP INDEX tasks.lease_once;"
    " UPDATE tasks.lease SET item_id = (SELECT item_id FROM tasks.lease LIMIT 1)",
    "I2: a flagged or skipped task": "DELETE FROM tasks.lease WHERE state = 'flagged'",
    "I2: a lease of somebody else's task": "UPDATE tasks.task SET assignee_id = gen_random_uuid()",
    "I9: a lease of a batch": "UPDATE items.batch SET state = 'staging'",
    "I3: a judgment outside": "UPDATE judgments.judgment"
    " SET submitted_at = now() + interval '1 day'",
    "I3: a judgment that is not": "UPDATE judgments.judgment SET annotator_id = gen_random_uuid()",
    "I4: a lease whose item": "DELETE FROM exposure.shown",
    "I6: an Idempotency-Key": "INSERT INTO platform.idempotency (workspace_id, actor_id, key,"
    " request_mac, made_id) SELECT workspace_id, id, 'k', sha256(''), gen_random_uuid()"
    " FROM identity.member LIMIT 1",
    "I11: an open batch whose count": "UPDATE items.batch SET item_count = item_count + 1",
    "I9: an item of an open batch": "DELETE FROM tasks.task",
}
LOG_BREACHES = {
    "I4: a lease without its intent": "UPDATE tasks.lease SET intent_id = 999999",
    "I4: an intent that is in the tree": "INSERT INTO transparency.intent (workspace_id, id, kind,"
    " policy) OVERRIDING SYSTEM VALUE SELECT workspace_id, intent_id, 'test.done/1', sha256('')"
    " FROM transparency.entry LIMIT 1",
    "I5: a tree whose size": "DELETE FROM transparency.entry WHERE index = 1",
}

ADD_LEASE = """
    INSERT INTO tasks.lease
    SELECT (l).* FROM (
        SELECT jsonb_populate_record(l, jsonb_build_object(
                   'id', gen_random_uuid(), 'item_id', gen_random_uuid(),
                   'state', 'expired', 'ended_at', now())) AS l
          FROM tasks.lease AS l LIMIT 1) AS new"""


@pytest.mark.parametrize("question", QUEUE_QUESTIONS)
async def test_a_broken_queue_is_named(worked: Tenant, admin: Address, question: str) -> None:
    await check_queue(worked.db, worked.id)
    (breach,) = [breach for start, breach in QUEUE_BREACHES.items() if question.startswith(start)]
    await broken(admin, breach)
    with pytest.raises(InvariantBroken) as refused:
        await check_queue(worked.db, worked.id)
    assert question in str(refused.value)


async def test_a_lost_acknowledgement_is_named(worked: Tenant) -> None:
    with pytest.raises(InvariantBroken, match="acknowledged and not kept: a-lease"):
        await check_queue(worked.db, worked.id, acknowledged={"a-lease": "a-judgment"})


@pytest.mark.parametrize("question", LOG_QUESTIONS)
async def test_a_broken_log_is_named(worked: Tenant, admin: Address, question: str) -> None:
    folder = worked.service.settings.logs_dir / str(worked.id)
    await check_log(worked.db, worked.id, folder, holder=worked.service.holder, settled=True)
    (breach,) = [breach for start, breach in LOG_BREACHES.items() if question.startswith(start)]
    await broken(admin, breach)
    with pytest.raises(InvariantBroken) as refused:
        await check_log(worked.db, worked.id, folder)
    assert question in str(refused.value)


@pytest.mark.parametrize(
    ("breach", "named"),
    [
        ("UPDATE tasks.lease SET item_id = gen_random_uuid()", "speaks of a lease that is not"),
        (
            ADD_LEASE,
            "leases that no leaf names",
        ),
        (
            (
                "UPDATE transparency.entry SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1)"
                " WHERE index = 0"
            ),
            "is not the rows' tree",
        ),
    ],
)
async def test_leaves_that_do_not_fit_the_rows_are_named(
    worked: Tenant, admin: Address, breach: str, named: str
) -> None:
    folder = worked.service.settings.logs_dir / str(worked.id)
    await broken(admin, breach)
    holder = None if "entry" in breach else worked.service.holder
    with pytest.raises(InvariantBroken, match=named):
        await check_log(worked.db, worked.id, folder, holder=holder)


async def test_what_waits_is_not_settled(worked: Tenant, admin: Address) -> None:
    folder = worked.service.settings.logs_dir / str(worked.id)
    await broken(
        admin,
        "INSERT INTO transparency.intent (workspace_id, kind, policy)"
        " SELECT workspace_id, 'test.waits/1', sha256('') FROM identity.workspace",
    )
    await check_log(worked.db, worked.id, folder)
    with pytest.raises(InvariantBroken, match="still waits"):
        await check_log(worked.db, worked.id, folder, settled=True)
