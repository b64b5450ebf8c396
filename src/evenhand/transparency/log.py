"""Make a workspace's log; read its identity and its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.platform.ids import random_bytes
from evenhand.platform.queries import load_queries
from evenhand.tlog import Checkpoint, Edge, Signer, sign_checkpoint

from .model import LogIdentity

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from evenhand.platform.db import Tx

__all__ = ["create_log", "get_log", "intend", "read_size"]

_Q = load_queries(__package__ or "")


async def create_log(tx: Tx, workspace: UUID, wrap: Callable[[str, bytes], bytes]) -> LogIdentity:
    """A new log with the signed head of the empty tree. `wrap` seals a key under a field's name."""
    origin = f"evenhand.local/{workspace}"
    seed = random_bytes(32)
    signer = Signer(name=origin, seed=seed)
    vkey = signer.verifier.vkey
    await tx.execute(
        _Q["insert_log"],
        workspace,
        origin,
        vkey,
        wrap("log_seed", seed),
        wrap("log_details", random_bytes(32)),
    )
    empty = Checkpoint(origin=origin, size=0, root=Edge.EMPTY.root())
    note = sign_checkpoint(empty, signers=[signer]).decode("utf-8")
    await tx.execute(_Q["insert_checkpoint"], workspace, Edge.EMPTY.to_bytes(), note)
    return LogIdentity(workspace=workspace, origin=origin, vkey=vkey)


async def get_log(tx: Tx, workspace: UUID) -> LogIdentity:
    """The log's identity."""
    row = await tx.fetchrow(_Q["get_log"], workspace)
    if row is None:
        raise LookupError(f"workspace {workspace} has no log")
    return LogIdentity(workspace=workspace, origin=row["origin"], vkey=row["vkey"])


async def read_size(tx: Tx, workspace: UUID) -> int:
    """How many leaves the signed tree has; its files may lag behind by a moment."""
    row = await tx.fetchrow(_Q["get_head"], workspace)
    if row is None:
        raise LookupError(f"workspace {workspace} has no log")
    size: int = row["size"]
    return size


async def intend(
    tx: Tx,
    workspace: UUID,
    kind: str,
    *,
    actor: UUID | None,
    policy: bytes,
    target: UUID | None = None,
    purpose: str | None = None,
    extra: str | None = None,
) -> int:
    """Write an intent in `tx`; `extra` is JSON of ids, counts and fixed words. Gives its id."""
    made: int = await tx.fetchval(
        _Q["intend"], workspace, kind, actor, target, None, purpose, policy, extra
    )
    return made
