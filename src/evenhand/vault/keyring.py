"""Which data key seals now, and which one opens what was sealed then.

Each process makes data keys of its own, so that it can count what it sealed: a key serves at most
2^20 objects or 24 hours (specs/trust.md section 2). A key is durable before the first object that
it seals. Opened keys are kept for 60 s.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from evenhand.platform.ids import new_id, random_bytes
from evenhand.platform.queries import load_queries
from evenhand.sealing import Context, DataKey, SealingError, unwrap_key, wrap_key
from evenhand.sealing import seal as seal_box

from .model import KeyUnavailable

if TYPE_CHECKING:
    from evenhand.platform.db import Database, Tx

    from .model import KeyHolder

__all__ = ["Keyring", "Sealer"]

_Q = load_queries(__package__ or "")
_OBJECTS_MAX = 1 << 20
_AGE_MAX_S = 24 * 3600.0
_KEPT_FOR_S = 60.0
_KEPT_MAX = 4096


@dataclass(slots=True)
class Sealer:
    """Seals fields of objects of one project; it opens nothing."""

    workspace: UUID
    project: UUID
    _dek: DataKey
    _made_s: float
    _sealed_count: int = 0

    def __repr__(self) -> str:
        """Without the key."""
        return f"Sealer(project={self.project})"

    @property
    def used_up(self) -> bool:
        """True when a new data key is due."""
        return self._sealed_count >= _OBJECTS_MAX or time.monotonic() - self._made_s >= _AGE_MAX_S

    def lend(self, objects: int) -> DataKey:
        """The data key itself, for sealing `objects` objects with `sealing.bulk_sealer`.

        An import lends it to a process of its own, through a private pipe. At level L0 that gives
        nothing away: a process of the same account on the same host could read the hosted key.
        """
        self._sealed_count += objects
        return self._dek

    def seal(self, object_id: UUID, field: str, plaintext: bytes, *, version: int = 1) -> bytes:
        """`plaintext` as field `field` of the object."""
        self._sealed_count += 1
        context = Context(self.workspace, self.project, object_id, version, field)
        return seal_box(self._dek, context, plaintext, nonce=random_bytes(12))


class Keyring:
    """The data keys of this process."""

    def __init__(self, db: Database, holder: KeyHolder) -> None:
        self._db = db
        self.holder = holder
        self._sealers: dict[tuple[UUID, UUID], Sealer] = {}
        self._opened: dict[tuple[UUID, bytes], tuple[float, DataKey, UUID]] = {}

    async def create_project_key(self, tx: Tx, workspace: UUID, project: UUID) -> None:
        """Make the project's KEK, wrapped by the workspace's key."""
        key_id = new_id()
        wrapped = self.holder.wrap(
            workspace, _name(workspace, project, key_id, "project_kek"), random_bytes(32)
        )
        await tx.execute(_Q["insert_project_key"], workspace, project, key_id, wrapped)

    async def sealer(self, workspace: UUID, project: UUID) -> Sealer:
        """A sealer whose data key is durable. Makes one when none is left."""
        sealer = self._sealers.get((workspace, project))
        if sealer is None or sealer.used_up:
            async with self._db.transaction(workspace) as tx:
                sealer = await self.new_sealer(tx, workspace, project)
            self._sealers[workspace, project] = sealer
        return sealer

    async def new_sealer(self, tx: Tx, workspace: UUID, project: UUID) -> Sealer:
        """A sealer with a data key made in `tx`: for objects written in that transaction."""
        row = await tx.fetchrow(_Q["find_project_key"], workspace, project)
        if row is None:
            raise KeyUnavailable("The project has no key.")
        parent = self._parent(workspace, project, row["key_id"], row["wrapped"])
        dek = DataKey(id=new_id(), key=random_bytes(32))
        context = _name(workspace, project, dek.id, "dek")
        wrapped = wrap_key(parent, context, dek.key, nonce=random_bytes(12))
        await tx.execute(_Q["insert_data_key"], workspace, dek.id, project, wrapped)
        return Sealer(workspace, project, dek, time.monotonic())

    async def data_key(self, workspace: UUID, dek_id: bytes) -> DataKey:
        """The opened data key. For `opening` alone.

        Raises:
            KeyUnavailable: unknown, or the key holder does not unwrap it.
        """
        now = time.monotonic()
        kept = self._opened.get((workspace, dek_id))
        if kept is not None and now < kept[0]:
            return kept[1]
        async with self._db.transaction(workspace) as tx:
            row = await tx.fetchrow(_Q["find_data_key"], workspace, UUID(bytes=dek_id))
        if row is None:
            raise KeyUnavailable("The data key is gone; what it sealed cannot be read.")
        project: UUID = row["project_id"]
        parent = self._parent(workspace, project, row["key_id"], row["wrapped_parent"])
        try:
            key = unwrap_key(
                parent, _name(workspace, project, UUID(bytes=dek_id), "dek"), row["wrapped"]
            )
        except SealingError as error:
            raise KeyUnavailable(f"The data key does not open: {error}.") from error
        if len(self._opened) >= _KEPT_MAX:
            self._opened.clear()
        opened = DataKey(id=UUID(bytes=dek_id), key=key)
        self._opened[workspace, dek_id] = (now + _KEPT_FOR_S, opened, project)
        return opened

    def _parent(self, workspace: UUID, project: UUID, key_id: UUID, wrapped: bytes) -> DataKey:
        context = _name(workspace, project, key_id, "project_kek")
        return DataKey(id=key_id, key=self.holder.unwrap(workspace, context, wrapped))


def _name(workspace: UUID, project: UUID, key_id: UUID, field: str) -> Context:
    return Context(workspace, project, key_id, 1, field)
