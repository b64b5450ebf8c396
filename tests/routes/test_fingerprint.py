"""The fingerprint by which "nothing changed" is told: it sees each change but a session's use."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest
from tests.faults.processes import House
from tests.faults.worlds import World, sign_in
from tests.routes.operations import fingerprint

from evenhand.identity.sessions import IDLE
from evenhand.platform.queries import load_queries

EXTEND = load_queries("evenhand.identity")["extend_sessions"]
SESSION = """
    SELECT * FROM identity.credential
     WHERE workspace_id = $1 AND kind = 'session' AND revoked_at IS NULL ORDER BY id DESC LIMIT 1
"""


async def changed(database: asyncpg.Connection[asyncpg.Record], statement: str) -> set[str]:
    """Tables whose fingerprint a statement changes; it is taken back."""
    before = await fingerprint(database)
    undone = database.transaction()
    await undone.start()
    try:
        assert await database.execute(statement) != "UPDATE 0", statement
        after = await fingerprint(database)
    finally:
        await undone.rollback()
    return {name for name in before if after[name] != before[name]}


async def test_a_session_that_was_used_is_no_change(house: House, world: World) -> None:
    """The service's own statement, at the moment at which it would run between two looks."""
    # A session of its own: other tests end those that they find.
    sign_in(house, world.owner, "used")
    async with house.administrator() as database:
        before = await fingerprint(database)
        session = await database.fetchrow(SESSION, world.workspace)
        # Longer than usual, lest the session stand where an earlier use has left it.
        idle = IDLE + timedelta(seconds=7)
        await database.execute(EXTEND, session["workspace_id"], [session["secret_hash"]], idle)
        moved = await database.fetchrow(SESSION, world.workspace)
        assert moved["last_seen_at"] > session["last_seen_at"]
        assert moved["expires_at"] > session["expires_at"]
        assert await fingerprint(database) == before


@pytest.mark.parametrize(
    "change",
    [
        "revoked_at = now() WHERE kind = 'session'",
        "ends_at = ends_at + interval '1 s' WHERE kind = 'session'",
        "device = 'another' WHERE kind = 'session'",
        "role = 'auditor' WHERE kind = 'session' AND role = 'annotator'",
        "expires_at = now() WHERE kind = 'key'",
        "last_seen_at = now() WHERE kind = 'key'",
    ],
)
async def test_any_other_change_of_a_credential_is_seen(
    house: House, world: World, change: str
) -> None:
    async with house.administrator() as database:
        seen = await changed(database, f"UPDATE identity.credential SET {change}")
        assert seen == {"identity.credential"}
