"""What signing in needs of a process: service key, hasher, limits on tries, tickets between steps.

A *ticket* stands between the password and the next step (which workspace, which second factor). It
is sealed, lives five minutes, and dies when the password changes. A *device cookie* says that a
browser signed in to an account before; it gives that browser tries of its own, so that an outsider
who guesses cannot shut the member out (the limit that browsers without one share does shut).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from evenhand.platform.ids import new_secret
from evenhand.platform.queries import load_queries

from .model import SignInRefused, TooManyTries
from .passwords import HashParams, PasswordHasher, parse_params
from .rules import ACCOUNT, DEVICE, FORGET_S, NETWORK, SECOND_FACTOR
from .service_key import SealBroken, ServiceKey, load_service_key
from .sessions import SessionWatch

if TYPE_CHECKING:
    from pathlib import Path

    from evenhand.platform.db import Database, Tx

    from .rules import Limit

__all__ = ["Caller", "Doorkeeper", "Match", "Ticket", "open_doorkeeper"]

_Q = load_queries(__package__ or "")
TICKET_S: Final = 300


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from: network and browser; never who."""

    network: str
    device: str
    device_cookie: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The way so far: membership, and by which password (its `changed_at`), or None for a code."""

    workspace: UUID
    member: UUID
    since: datetime | None
    ends_s: int

    def render(self) -> bytes:
        """As JSON, to be sealed."""
        since = None if self.since is None else self.since.isoformat()
        return json.dumps([self.workspace.hex, self.member.hex, since, self.ends_s]).encode()

    @classmethod
    def parse(cls, data: bytes) -> Ticket:
        """What `render` wrote."""
        workspace, member, since, ends_s = json.loads(data)
        return cls(UUID(workspace), UUID(member), since and datetime.fromisoformat(since), ends_s)


@dataclass(frozen=True, slots=True)
class Match:
    """A membership behind an address, and whether the password is its own."""

    workspace: UUID
    member: UUID
    changed_at: datetime
    matched: bool
    stale: bool
    """Hashed with other parameters than today's."""


class Doorkeeper:
    """One process's part in signing in."""

    def __init__(self, db: Database, key: ServiceKey, *, person_secret: bytes) -> None:
        self.db = db
        self.key = key
        self.person_secret = person_secret
        self.hasher = PasswordHasher(key)
        self.watch = SessionWatch(db)

    # Passwords ----------------------------------------------------------------------------------

    async def hash(self, password: str, person_mac: bytes) -> tuple[str, bytes]:
        """Parameters and hash of a new password."""
        params = self.hasher.params
        made = await self.hasher.hash(password, person_mac=person_mac, params=params)
        return params.render(), made

    async def match(self, password: str, person_mac: bytes) -> list[Match]:
        """Memberships of a person and whether the password is theirs. One hash, whoever it is;
        more only while there are passwords that were made with other parameters.
        """
        today = self.hasher.params
        rows = await self.db.fetch(_Q["password_params"], person_mac)
        known = {today, *(parse_params(row["params"]) for row in rows)}
        made: dict[HashParams, bytes] = {}
        for params in known:
            made[params] = await self.hasher.hash(password, person_mac=person_mac, params=params)
        found = await self.db.fetch(
            _Q["match_password"], person_mac, [one.render() for one in made], list(made.values())
        )
        return [
            Match(
                row["workspace_id"], row["member_id"], row["changed_at"],
                matched=row["matched"], stale=row["params"] != today.render(),
            )
            for row in found
        ]  # fmt: skip

    # Tries --------------------------------------------------------------------------------------

    async def take_password_try(self, caller: Caller, person_mac: bytes) -> list[Limited]:
        """One try of a password, counted before it is looked at.

        Raises:
            TooManyTries: by this browser, or else by this network or for this account.
        """
        nonce = self.device_of(caller.device_cookie, person_mac)
        if nonce is not None:
            return await self._take([(DEVICE, [person_mac, nonce], True)])
        return await self._take(
            [(ACCOUNT, [person_mac], True), (NETWORK, [caller.network.encode()], False)]
        )

    async def take_code_try(self, workspace: UUID, member: UUID) -> list[Limited]:
        """One try of a second factor, which only who has the password gets to.

        Raises:
            TooManyTries: too many for this membership.
        """
        return await self._take([(SECOND_FACTOR, [workspace.bytes, member.bytes], True)])

    async def _take(self, wanted: list[tuple[Limit, list[bytes], bool]]) -> list[Limited]:
        taken = sorted(
            (
                Limited(self.key.mac(f"throttle-{limit.name}", *parts), limit, clears)
                for limit, parts, clears in wanted
            ),
            key=lambda one: one.bucket,
        )
        wait_s: float = await self.db.fetchval(
            _Q["take_try"],
            [one.bucket for one in taken],
            [one.limit.free for one in taken],
            [one.limit.most_s for one in taken],
            FORGET_S,
        )
        if wait_s > 0:
            raise TooManyTries(wait_s)
        return taken

    async def give_back(self, taken: list[Limited]) -> None:
        """The try was right: an account begins anew, a network gets this one try back."""
        for one in taken:
            cleared, returned = ([one.bucket], []) if one.clears else ([], [one.bucket])
            await self.db.fetchval(_Q["return_try"], cleared, returned)

    # Tickets and devices ------------------------------------------------------------------------

    def ticket(self, workspace: UUID, member: UUID, since: datetime | None) -> str:
        """A sealed ticket for the next step."""
        made = Ticket(workspace, member, since, int(self.db.now_s()) + TICKET_S)
        sealed = self.key.seal("ticket", made.render(), about=b"")
        return base64.urlsafe_b64encode(sealed).decode()

    def read_ticket(self, text: str) -> Ticket:
        """The way so far.

        Raises:
            SignInRefused: not ours, or too old.
        """
        try:
            plain = self.key.open(
                "ticket", base64.b64decode(text.encode(), b"-_", validate=True), about=b""
            )
        except (SealBroken, binascii.Error, ValueError) as error:
            raise ticket_refused() from error
        ticket = Ticket.parse(plain)
        if ticket.ends_s < self.db.now_s():
            raise ticket_refused()
        return ticket

    def device_cookie(self, person_mac: bytes) -> str:
        """A new proof for a browser that has just signed in."""
        nonce = new_secret()
        mac = self.key.mac("device", person_mac, nonce.encode())
        return f"{nonce}.{mac.hex()}"

    def device_of(self, cookie: str, person_mac: bytes) -> bytes | None:
        """What tells the browser apart, or None when it never signed in to this account."""
        nonce, _, said = cookie.partition(".")
        mac = self.key.mac("device", person_mac, nonce.encode()).hex()
        good = hmac.compare_digest(said.encode(), mac.encode())
        return nonce.encode() if good else None

    async def rehash(self, tx: Tx, match: Match, password: str, person_mac: bytes) -> None:
        """Store the same password under today's parameters."""
        params, made = await self.hash(password, person_mac)
        await tx.execute(
            _Q["rehash_password"], match.workspace, match.member, params, made, match.changed_at
        )


@dataclass(frozen=True, slots=True)
class Limited:
    """A try that was counted in one bucket; `clears`: a success makes it begin anew."""

    bucket: bytes
    limit: Limit
    clears: bool


def ticket_refused() -> SignInRefused:
    """Begin again."""
    return SignInRefused("This sign-in took too long or was interrupted; begin again.")


async def open_doorkeeper(db: Database, keys_dir: Path, *, person_secret: bytes) -> Doorkeeper:
    """The process's doorkeeper; its hasher is closed by whoever ends the process.

    Raises:
        ServiceKeyRefused: the service's own key is missing or not this database's.
    """
    return Doorkeeper(db, await load_service_key(db, keys_dir), person_secret=person_secret)
