"""Release: the one door to plaintext.

Given an actor, a purpose and an object: the verdict and the intent were written in the transaction
that decided (`tasks.grant_leases` for annotators, `intend_read` and `intend_bulk` here for the
customer's own people). This module waits until the log has the entry, and only then opens. There is
no other caller of the vault's opening function in the program; a gate looks for one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from evenhand.conflicts import evaluate_in, require_allowed
from evenhand.identity import POLICY_HASH
from evenhand.platform.errors import Forbidden
from evenhand.receipts import merkle_root
from evenhand.transparency import intend
from evenhand.vault import KeyUnavailable
from evenhand.vault.opening import open_field

from .model import BulkLook, BulkTicket, Look, Ticket

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from fastapi import Request

    from evenhand.identity import Actor
    from evenhand.platform.db import Tx
    from evenhand.transparency import LogService
    from evenhand.vault import Keyring

__all__ = ["Release", "intend_bulk", "intend_read", "intend_system_bulk", "release_of"]


class Release:
    """One per process: the log that is waited for and the keys that open."""

    def __init__(self, keyring: Keyring, log: LogService) -> None:
        self._keyring = keyring
        self._log = log

    async def open(self, tickets: Sequence[Ticket]) -> list[Look]:
        """Plaintexts in the order of the tickets, all of one workspace.

        Raises:
            LogUnavailable: an intent is not in the signed tree in time.
            KeyUnavailable: a key is not given, or a value was moved or changed.
        """
        if not tickets:
            return []
        workspace = tickets[0].workspace
        logged = await self._log.logged(workspace, {ticket.intent for ticket in tickets})
        return [
            Look(
                plaintext=await open_field(
                    self._keyring,
                    workspace=workspace,
                    project=ticket.project,
                    object_id=ticket.object_id,
                    field=ticket.field,
                    sealed=ticket.sealed,
                    version=ticket.version,
                ),
                logged=logged[ticket.intent],
                workspace=workspace,
            )
            for ticket in tickets
        ]

    async def log_bulk(self, ticket: BulkTicket) -> BulkLook:
        """Wait for a bulk read's entry.

        Raises:
            LogUnavailable: not in the signed tree in time.
        """
        logged = await self._log.logged(ticket.workspace, [ticket.intent])
        return BulkLook(ticket, logged[ticket.intent].index)

    async def open_bulk(
        self, look: BulkLook, field: str, rows: Sequence[tuple[UUID, bytes]]
    ) -> list[bytes]:
        """Plaintexts of some of the objects that the bulk read's entry commits to.

        Raises:
            KeyUnavailable: an object is not among those that the log's entry names.
        """
        ticket = look.ticket
        for object_id, _ in rows:
            if object_id.bytes not in ticket.ids:
                raise KeyUnavailable(f"Object {object_id} is not part of the logged bulk read.")
        return [
            await open_field(
                self._keyring,
                workspace=ticket.workspace,
                project=ticket.project,
                object_id=object_id,
                field=field,
                sealed=sealed,
            )
            for object_id, sealed in rows
        ]


def release_of(request: Request) -> Release:
    """The process's release."""
    release: Release = request.app.state.release
    return release


async def intend_read(
    tx: Tx, actor: Actor, *, kind: str, target: UUID, purpose: str, now: datetime
) -> int:
    """Check the wall and write the intent of one look by a member. Gives the intent.

    Raises:
        WallDenied: with the explained path; `admitted` logs it.
    """
    verdict = await evaluate_in(tx, actor.workspace_id, actor.member_id, now=now)
    require_allowed(verdict)
    return await intend(
        tx,
        actor.workspace_id,
        kind,
        actor=actor.member_id,
        policy=POLICY_HASH,
        target=target,
        purpose=purpose,
    )


async def intend_bulk(
    tx: Tx,
    actor: Actor,
    *,
    project: UUID,
    purpose: str,
    ids: Collection[bytes],
    now: datetime,
) -> BulkTicket:
    """Check the wall and write the one intent of a bulk read by a member."""
    if actor.role not in {"owner", "manager"}:
        raise Forbidden("Only owners and managers read in bulk.", code="permission_denied")
    verdict = await evaluate_in(tx, actor.workspace_id, actor.member_id, now=now)
    require_allowed(verdict)
    return await _intend_ids(
        tx, actor.workspace_id, actor.member_id, project=project, purpose=purpose, ids=ids
    )


async def intend_system_bulk(
    tx: Tx, workspace: UUID, *, by: UUID, project: UUID, purpose: str, ids: Collection[bytes]
) -> BulkTicket:
    """The intent of a bulk read by a background job that the member `by` asked for."""
    return await _intend_ids(tx, workspace, by, project=project, purpose=purpose, ids=ids)


async def _intend_ids(
    tx: Tx, workspace: UUID, actor: UUID, *, project: UUID, purpose: str, ids: Collection[bytes]
) -> BulkTicket:
    ordered = sorted(ids)
    extra = json.dumps({"count": len(ordered), "root": merkle_root(ordered).hex()})
    intent = await intend(
        tx,
        workspace,
        "payload.bulk_released/1",
        actor=actor,
        policy=POLICY_HASH,
        target=project,
        purpose=purpose,
        extra=extra,
    )
    return BulkTicket(workspace, project, intent, frozenset(ordered))
