"""Words of conflicts: the customer's policy, the facts of one person, the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evenhand.platform.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from fractions import Fraction

__all__ = [
    "DEFAULT_COOLING_OFF_DAYS",
    "DEFAULT_THRESHOLDS",
    "Facts",
    "Policy",
    "TieFact",
    "Verdict",
    "WallDenied",
]

DEFAULT_COOLING_OFF_DAYS: Final = 365
DEFAULT_THRESHOLDS: Final[Mapping[str, str]] = {
    "economic": "1/20",
    "votes": "1/20",
    "option": "1/20",
    "revenue_share": "1/10",
    "debt": "1/10",
    "board_seat": "0",
    "appoint": "0",
    "veto": "0",
    "officer": "0",
    "employment": "0",
    "former_employment": "0",
    "customer": "1",
    "sub_processor": "0",
    "hosting": "1",
    "model_endpoint": "0",
}
"""Threshold for each kind of tie, as a fraction; 0 means that any such tie counts. The 5 % of any
class of shares is rule `any_class` of the neutrality specification; `customer` and `hosting` at 1
count only when a share of the whole is declared."""


class WallDenied(Forbidden):
    """The wall between this person and this customer; the detail is the explained path."""

    code = "wall_denied"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the customer chose."""

    version: int
    cooling_off_days: int
    thresholds: Mapping[str, Fraction]
    accept_possible: bool


@dataclass(frozen=True, slots=True)
class TieFact:
    """A tie between the person or its vendor on one side and a rival on the other."""

    kind: str
    our_name: str
    rival_name: str
    rival_holds: bool
    share_lo: Fraction | None
    share_hi: Fraction | None
    valid_from: date | None
    valid_to: date | None
    declared_on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a verdict on one person rests on, at one epoch."""

    epoch: int
    ties: tuple[TieFact, ...]
    days_since_rival: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allowed or not, with its reasons, and the instant until which it can be trusted."""

    allowed: bool
    reasons: tuple[str, ...]
    good_until: datetime
