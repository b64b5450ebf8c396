"""Parties and ties: declared once, refused in words, read back exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.ground import Tenant

from evenhand.parties import (
    TIE_KINDS,
    NewParty,
    declare_party,
    declare_tie,
    list_parties,
    list_ties,
    render_party,
    render_tie,
)
from evenhand.platform.errors import Conflict, Invalid, NotFound
from evenhand.platform.paging import FIRST

LEI = "5493001KJTIIGC8Y1R12"


async def tie(tenant: Tenant, source: UUID, target: UUID, **more: Any) -> UUID:
    given: dict[str, Any] = {"kind": "economic", "share": None, "said_by": "a filing", **more}
    async with tenant.db.transaction(tenant.id) as tx:
        return await declare_tie(tx, tenant.id, source=source, target=target, **given)


@pytest.mark.parametrize("same", [{"lei": LEI}, {"domain": "meta.example"}])
async def test_one_party_per_identifier_and_workspace(
    tenant: Tenant, other_tenant: Tenant, same: dict[str, str]
) -> None:
    await tenant.party("Meta", **same)
    with pytest.raises(Conflict) as refused:
        await tenant.party("Meta again", **same)
    assert refused.value.stable_code == "party_exists"
    # Another workspace has its own register.
    await other_tenant.party("Meta", **same)
    # Without identifiers two parties may share a name.
    await tenant.party("Twin")
    await tenant.party("Twin")


@pytest.mark.parametrize(
    "wrong", [{"lei": "short"}, {"lei": LEI.lower()}, {"domain": "UPPER.example"}, {"name": ""}]
)
async def test_what_is_no_identifier_is_refused(tenant: Tenant, wrong: dict[str, str]) -> None:
    party = NewParty(**{"kind": "fund", "name": "x", "role": "other", **wrong})  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        async with tenant.db.transaction(tenant.id) as tx:
            await declare_party(tx, tenant.id, party)
    assert refused.value.stable_code == "party_refused"


async def test_parties_are_listed_oldest_first_and_without_people(tenant: Tenant) -> None:
    # Ids order what was made in different milliseconds.
    made = sorted([await tenant.party(f"P{n}") for n in range(3)])
    await tenant.person()
    async with tenant.db.transaction(tenant.id) as tx:
        rows = await list_parties(tx, tenant.id, after=FIRST, limit=10)
        rest = await list_parties(tx, tenant.id, after=made[1], limit=10)
    assert [row["id"] for row in rows if row["role"] == "vendor"] == made
    assert [render_party(row)["id"] for row in rest] == [str(made[2])]
    assert not {row["kind"] for row in rows} & {"person"}


async def test_a_tie_reads_back_exactly(tenant: Tenant) -> None:
    one, other = await tenant.party("A"), await tenant.party("B")
    made = await tie(
        tenant, one, other, share=(Decimal("0.490000000001"), Decimal("0.5")),
        valid_from=date(2025, 6, 13), valid_to=date(2026, 1, 1),
    )  # fmt: skip
    async with tenant.db.transaction(tenant.id) as tx:
        (row,) = await list_ties(tx, tenant.id, after=FIRST, limit=10)
    assert render_tie(row) == {
        "id": str(made),
        "from_id": str(one),
        "to_id": str(other),
        "kind": "economic",
        "share_lo": "0.490000000001",
        "share_hi": "0.5",
        "valid_from": "2025-06-13",
        "valid_to": "2026-01-01",
        "source": "a filing",
    }


@pytest.mark.parametrize("kind", TIE_KINDS)
async def test_each_kind_of_tie_can_be_declared(tenant: Tenant, kind: str) -> None:
    one, other = await tenant.party("A"), await tenant.party("B")
    made = await tie(tenant, one, other, kind=kind)
    assert await tenant.value("SELECT kind FROM parties.tie WHERE id = $1", made) == kind


async def test_what_is_no_tie_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    one, other = await tenant.party("A"), await tenant.party("B")
    foreign = await other_tenant.party("C")
    for target in (uuid4(), foreign):
        with pytest.raises(NotFound):
            await tie(tenant, one, target)
    wrong: list[dict[str, Any]] = [
        {"share": (Decimal("0.6"), Decimal("0.5"))},
        {"share": (Decimal("-0.1"), Decimal("0.5"))},
        {"share": (Decimal("0.1"), Decimal("1.1"))},
        {"valid_from": date(2026, 1, 2), "valid_to": date(2026, 1, 1)},
        {"said_by": ""},
    ]
    for more in wrong:
        with pytest.raises(Invalid) as refused:
            await tie(tenant, one, other, **more)
        assert refused.value.stable_code == "tie_refused"
    with pytest.raises(Invalid):
        await tie(tenant, one, one)
