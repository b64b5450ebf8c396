"""API keys and sessions: secrets that the database knows by their hash alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.platform.errors import NotFound
from evenhand.platform.ids import new_id, new_secret
from evenhand.platform.queries import load_queries
from evenhand.transparency import intend

from .model import POLICY_HASH, Minted
from .secrets import hash_secret, render_secret

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID

    from evenhand.platform.db import Tx

    from .model import Role

__all__ = ["create_key", "create_operator_key", "issue_credential", "list_keys", "revoke_key"]

_Q = load_queries(__package__ or "")


async def create_key(
    tx: Tx,
    workspace: UUID,
    *,
    by: UUID,
    member: UUID,
    role: Role,
    mode: str,
    made: UUID | None = None,
) -> Minted:
    """An API key of `member` with `role`; the secret is in the answer and nowhere else."""
    minted = await issue_credential(
        tx, workspace, member, role=role, kind="key", mode=mode, ttl=None, made=made
    )
    await intend(
        tx,
        workspace,
        "key.created/1",
        actor=by,
        policy=POLICY_HASH,
        target=minted.id,
        purpose=role,
    )
    return minted


async def create_operator_key(tx: Tx, workspace: UUID, *, role: Role, mode: str) -> Minted:
    """A key made on the host's command line, for the first owner's membership.

    Raises:
        NotFound: the workspace has no owner.
    """
    owner: UUID | None = await tx.fetchval(_Q["find_owner"], workspace)
    if owner is None:
        raise NotFound("The workspace has no owner to issue a key for.")
    return await create_key(tx, workspace, by=owner, member=owner, role=role, mode=mode)


async def list_keys(tx: Tx, workspace: UUID, *, after: UUID, limit: int) -> list[dict[str, object]]:
    """API keys without their secrets, oldest first."""
    return [
        {
            "id": str(row["id"]),
            "mode": row["mode"],
            "member_id": str(row["member_id"]),
            "role": row["role"],
            "created_at": row["created_at"].isoformat(),
            "revoked": row["revoked_at"] is not None,
        }
        for row in await tx.fetch(_Q["list_keys"], workspace, after, limit)
    ]


async def revoke_key(tx: Tx, workspace: UUID, *, by: UUID | None, key: UUID) -> None:
    """From this commit on the key answers 401.

    Raises:
        NotFound: no such live key.
    """
    if await tx.fetchval(_Q["revoke_credential"], workspace, key) is None:
        raise NotFound("There is no such key, or it is revoked already.")
    await intend(tx, workspace, "key.revoked/1", actor=by, policy=POLICY_HASH, target=key)


async def issue_credential(
    tx: Tx,
    workspace: UUID,
    member: UUID,
    *,
    role: Role,
    kind: str,
    mode: str,
    ttl: timedelta | None,
    made: UUID | None = None,
) -> Minted:
    """A new secret of `member`: kind key or session, for ever or for `ttl`."""
    prefix = "session" if kind == "session" else mode
    minted = Minted(made or new_id(), render_secret(prefix, workspace, new_secret()))
    await tx.execute(
        _Q["insert_credential"],
        workspace,
        minted.id,
        hash_secret(minted.secret),
        kind,
        mode,
        member,
        role,
        ttl,
    )
    return minted
