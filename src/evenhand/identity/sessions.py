"""Sessions: made anew at every sign-in, ended one by one or all at once, alive while they are used.

A session is a credential whose `expires_at` moves: it ends `IDLE` after its last use and in any
case `ABSOLUTE` after its beginning. Requests note in memory that it was used; `SessionWatch.run`
writes that down in batches, so that no request waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from evenhand.platform.db import DATABASE_FAULTS
from evenhand.platform.errors import NotFound
from evenhand.platform.ids import new_id, new_secret
from evenhand.platform.queries import load_queries
from evenhand.transparency import intend

from .credentials import revoke_key
from .model import POLICY_HASH, Minted
from .secrets import hash_secret, parse_secret, render_secret

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.platform.db import Database, Tx

    from .model import Actor, Role

__all__ = [
    "ABSOLUTE", "IDLE", "SessionWatch", "begin_session", "end_session", "end_session_of",
    "end_sessions", "leave_session", "list_sessions",
]  # fmt: skip

_Q = load_queries(__package__ or "")
_LOG = logging.getLogger(__name__)
ABSOLUTE: Final = timedelta(hours=12)
IDLE: Final = timedelta(hours=2)


async def begin_session(
    tx: Tx, workspace: UUID, member: UUID, *, role: Role, device: str, purpose: str
) -> Minted:
    """A new session of `member`; `purpose` tells the log by what it was opened."""
    minted = Minted(new_id(), render_secret("session", workspace, new_secret()))
    await tx.execute(
        _Q["insert_session"], workspace, minted.id, hash_secret(minted.secret), member, role,
        IDLE, ABSOLUTE, device,
    )  # fmt: skip
    await intend(
        tx, workspace, "session.created/1",
        actor=member, policy=POLICY_HASH, target=minted.id, purpose=purpose,
    )  # fmt: skip
    return minted


async def list_sessions(tx: Tx, actor: Actor) -> list[dict[str, object]]:
    """The caller's own live sessions, newest first."""
    rows = await tx.fetch(_Q["list_sessions"], actor.workspace_id, actor.member_id)
    return [
        {
            "id": str(row["id"]),
            "device": row["device"] or "",
            "created_at": row["created_at"].isoformat(),
            "last_seen_at": (row["last_seen_at"] or row["created_at"]).isoformat(),
            "current": row["id"] == actor.credential_id,
        }
        for row in rows
    ]


async def end_session(tx: Tx, actor: Actor, session: UUID) -> None:
    """One of the caller's own sessions answers 401 from this commit on.

    Raises:
        NotFound: none of the caller's live sessions.
    """
    ended = await tx.fetchval(_Q["end_session"], actor.workspace_id, actor.member_id, session)
    if ended is None:
        raise NotFound("There is no such session of yours, or it has ended already.")
    await _log_end(tx, actor.workspace_id, [session], by=actor.member_id)


async def end_session_of(tx: Tx, actor: Actor) -> None:
    """The credential that the caller came with ends: a session, or the API key itself."""
    workspace, member, credential = actor.workspace_id, actor.member_id, actor.credential_id
    if await tx.fetchval(_Q["end_session"], workspace, member, credential) is None:
        await revoke_key(tx, workspace, by=member, key=credential)
    else:
        await _log_end(tx, workspace, [credential], by=member)


async def end_sessions(
    tx: Tx, workspace: UUID, member: UUID, *, but: UUID | None, by: UUID | None
) -> int:
    """All sessions of a member but one end with this commit, on every process. Gives how many."""
    keep = new_id() if but is None else but
    rows = await tx.fetch(_Q["end_sessions_of"], workspace, member, keep)
    await _log_end(tx, workspace, [row["id"] for row in rows], by=by)
    return len(rows)


async def leave_session(db: Database, secret: str) -> None:
    """Whoever signs in leaves the session that the browser came with, whoever's it was."""
    parsed = parse_secret(secret)
    if parsed is None or parsed[0] != "session":
        return
    async with db.transaction(parsed[1]) as tx:
        await tx.execute(_Q["replace_session"], parsed[1], hash_secret(secret))


async def _log_end(tx: Tx, workspace: UUID, sessions: list[UUID], *, by: UUID | None) -> None:
    for session in sessions:
        await intend(tx, workspace, "session.ended/1", actor=by, policy=POLICY_HASH, target=session)


class SessionWatch:
    """Which sessions were used, until it is written down."""

    _EVERY_S = 20.0
    _MOST = 1000

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: set[tuple[UUID, bytes]] = set()
        self._full = asyncio.Event()

    def note(self, workspace: UUID, secret_hash: bytes) -> None:
        """A request came with this session's hash, good or not; the database decides later."""
        if len(self._seen) < self._MOST:
            self._seen.add((workspace, secret_hash))
        else:
            self._full.set()

    async def run(self) -> None:
        """Write down what was seen, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):  # The usual case: it is time, and not many.
                await asyncio.wait_for(self._full.wait(), self._EVERY_S)
            try:
                await self.flush()
            except DATABASE_FAULTS as error:
                _LOG.warning("sessions: %s; trying again", type(error).__name__)

    async def flush(self) -> None:
        """Move the idle end of all sessions seen since the last time."""
        seen, self._seen = self._seen, set()
        self._full.clear()
        by_workspace: dict[UUID, list[bytes]] = {}
        for workspace, secret_hash in seen:
            by_workspace.setdefault(workspace, []).append(secret_hash)
        for workspace, hashes in by_workspace.items():
            async with self._db.transaction(workspace) as tx:
                await tx.execute(_Q["extend_sessions"], workspace, hashes, IDLE)
