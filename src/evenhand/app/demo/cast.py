"""Who is in the demo: customer, vendors, annotators, a rival, and the applicant who is denied.

The judgments are real; the split of the people into two vendors, all names, the rival and the
simulated annotators are invented, and the summary says so.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenhand.client import ApiError, Client

from .state import host_code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evenhand.platform.settings import Settings

    from .state import DemoState

__all__ = ["RIVAL", "VENDORS", "Cast", "Player", "denial_of", "gather_cast"]

VENDORS = ("Northwind Annotation", "Harbor Labels")
RIVAL = "Obsidian AI"
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Player:
    """A member with an API key. `person` is the number in the data, or None for the invented."""

    name: str
    member_id: str
    api_key: str
    vendor: str
    person: int | None

    def __repr__(self) -> str:
        """Without the key."""
        return f"Player({self.name})"


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, by part."""

    annotators: list[Player]
    right: Player
    wrong: Player
    applicant: Player
    auditor: Player


def gather_cast(
    url: str,
    owner: Client,
    *,
    settings: Settings,
    state: DemoState,
    people: Sequence[int],
    step: Callable[[], None],
) -> Cast:
    """Declare the parties, invite everybody, and let each accept; repeats do nothing twice."""
    vendors = [_vendor(owner, name) for name in VENDORS]
    wanted: list[tuple[str, str, str | None, int | None]] = [
        (f"annotator-{number:03}", f"Annotator {number:03}", vendors[number % 2], number)
        for number in people
    ]
    wanted += [
        ("simulated-right", "Simulated: always right", vendors[0], None),
        ("simulated-wrong", "Simulated: always wrong", vendors[1], None),
        ("applicant", "Applicant with a second job", vendors[1], None),
        ("auditor", "Auditor", None, None),
    ]

    def invite(one: tuple[str, str, str | None, int | None]) -> Player:
        handle, name, vendor, number = one
        with Client(url, owner_key) as client:
            player = _player(
                url, settings, client, state, handle=handle, name=name, vendor=vendor, number=number
            )
        step()
        return player

    owner_key: str = state.find("owner_key")
    with ThreadPoolExecutor(_THREADS) as pool:
        players = list(pool.map(invite, wanted))
    annotators, (right, wrong, applicant, auditor) = players[: len(people)], players[len(people) :]
    _raise_wall(owner, applicant)
    return Cast(annotators, right, wrong, applicant, auditor)


def _vendor(owner: Client, name: str) -> str:
    made: str = owner.post(
        "/parties",
        {"kind": "organization", "name": name, "role": "vendor"},
        idempotency_key=f"demo-vendor-{name}",
    )["id"]
    return made


def _player(
    url: str,
    settings: Settings,
    owner: Client,
    state: DemoState,
    *,
    handle: str,
    name: str,
    vendor: str | None,
    number: int | None,
) -> Player:
    kept: dict[str, Any] | None = state.find(handle)
    if kept is None:
        invited = owner.post(
            "/invitations",
            {
                "email": f"{handle}@people.example",
                "name": name,
                "role": "auditor" if handle == "auditor" else "annotator",
                "vendor_id": vendor,
                "simulated": number is None and handle != "auditor",
            },
            idempotency_key=f"demo-{handle}",
        )
        member = invited["member_id"]
        code = invited["code"] or host_code(settings, state, member)
        with Client(url) as client:
            kept = {"member_id": member, "api_key": client.accept_invitation(code)}
        state.keep(handle, kept)
    return Player(name, kept["member_id"], kept["api_key"], vendor or "", number)


def _raise_wall(owner: Client, applicant: Player) -> None:
    """Declare a rival of the customer, and that the applicant works for it too."""
    rival = owner.post(
        "/parties",
        {
            "kind": "organization",
            "name": RIVAL,
            "role": "rival",
            "domain": "obsidian.example",
        },
        idempotency_key="demo-rival",
    )["id"]
    owner.post("/rivals", {"party_id": rival})
    party = next(
        row["party_id"] for row in owner.list("/members") if row["id"] == applicant.member_id
    )
    owner.post(
        "/ties",
        {
            "from_id": party,
            "to_id": rival,
            "kind": "employment",
            "source": "the applicant's own declaration (invented for the demo)",
        },
        idempotency_key="demo-tie",
    )


def denial_of(url: str, applicant: Player, project: str) -> str:
    """What the applicant is told when asking for work."""
    with Client(url, applicant.api_key) as client:
        try:
            client.lease(project)
        except ApiError as error:
            if error.code == "wall_denied":
                return error.detail
            raise
    raise RuntimeError("the wall let the applicant through")
