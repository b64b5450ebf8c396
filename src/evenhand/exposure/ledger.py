"""What was shown to whom, as shares (M1 of specs/neutrality.md section 4, by vendor)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.platform.queries import load_queries

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.platform.db import Tx

__all__ = ["MemberShare", "VendorShare", "read_member_shares", "read_vendor_shares"]

_Q = load_queries(__package__ or "")


@dataclass(frozen=True, slots=True)
class VendorShare:
    """Distinct items that the keys were given for to people of one vendor."""

    vendor_id: UUID | None
    vendor_name: str | None
    item_count: int
    member_count: int


@dataclass(frozen=True, slots=True)
class MemberShare:
    """Distinct items that one member was given the keys for."""

    member_id: UUID
    vendor_id: UUID | None
    item_count: int


async def read_vendor_shares(tx: Tx, workspace: UUID) -> list[VendorShare]:
    """Largest first."""
    return [VendorShare(**row) for row in await tx.fetch(_Q["share_by_vendor"], workspace)]


async def read_member_shares(tx: Tx, workspace: UUID, *, most: int) -> list[MemberShare]:
    """The `most` members who saw most, largest first."""
    return [MemberShare(**row) for row in await tx.fetch(_Q["share_by_member"], workspace, most)]
