"""Declare parties and the ties between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from evenhand.platform.errors import Conflict, Invalid, NotFound
from evenhand.platform.ids import new_id
from evenhand.platform.queries import load_queries

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal
    from uuid import UUID

    from evenhand.platform.db import Tx

    from .model import NewParty, TieKind

__all__ = ["declare_party", "declare_tie"]

_Q = load_queries(__package__ or "")


async def declare_party(
    tx: Tx, workspace: UUID, party: NewParty, *, made: UUID | None = None
) -> UUID:
    """Write a party; gives its id.

    Raises:
        Conflict: another party of the workspace has this LEI or domain.
        Invalid: the LEI or domain is not one.
    """
    made = made or new_id()
    try:
        await tx.execute(
            _Q["insert_party"],
            workspace,
            made,
            party.kind,
            party.name,
            party.role,
            party.lei,
            party.domain,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            "A party with this LEI or domain is declared already.", code="party_exists"
        ) from error
    except asyncpg.CheckViolationError as error:
        raise Invalid(
            "An LEI has 20 capital letters and digits, a domain is written like example.org.",
            code="party_refused",
        ) from error
    return made


async def declare_tie(
    tx: Tx,
    workspace: UUID,
    *,
    source: UUID,
    target: UUID,
    kind: TieKind,
    share: tuple[Decimal, Decimal] | None,
    said_by: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
    made: UUID | None = None,
) -> UUID:
    """Write a tie from `source` to `target`; `share` is an interval of fractions. Gives its id.

    Raises:
        NotFound: a party is unknown.
        Invalid: a share outside [0, 1], an interval or dates out of order, a tie to itself.
    """
    made = made or new_id()
    lo, hi = share or (None, None)
    try:
        await tx.execute(
            _Q["insert_tie"],
            workspace,
            made,
            source,
            target,
            kind,
            lo,
            hi,
            valid_from,
            valid_to,
            said_by,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such party; declare it first.") from error
    except (asyncpg.CheckViolationError, asyncpg.NumericValueOutOfRangeError) as error:
        raise Invalid(
            "A tie joins two different parties, its share lies in [0, 1] with lo <= hi, and it"
            " ends on or after the day it begins.",
            code="tie_refused",
        ) from error
    return made
