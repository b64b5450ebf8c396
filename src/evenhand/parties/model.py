"""Words of parties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["TIE_KINDS", "NewParty", "PartyKind", "PartyRole", "TieKind"]

PartyKind = Literal["organization", "person", "fund", "government", "model_endpoint", "host"]
PartyRole = Literal["customer", "vendor", "rival", "other"]
TieKind = Literal[
    "economic",
    "votes",
    "board_seat",
    "appoint",
    "veto",
    "option",
    "debt",
    "officer",
    "employment",
    "former_employment",
    "revenue_share",
    "customer",
    "sub_processor",
    "hosting",
    "model_endpoint",
]
TIE_KINDS: Final[tuple[TieKind, ...]] = get_args(TieKind)


@dataclass(frozen=True, slots=True)
class NewParty:
    """A party to declare. LEI or domain make it the same party in another workspace's eyes."""

    kind: PartyKind
    name: str
    role: PartyRole
    lei: str | None = None
    domain: str | None = None
