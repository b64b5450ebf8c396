"""Words of identity: roles, the one permission table, actors."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from evenhand.platform.errors import Conflict, Invalid, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

__all__ = [
    "PERMISSIONS",
    "POLICY_HASH",
    "ROLES",
    "Actor",
    "CodeRefused",
    "IdempotencyKeyReused",
    "Minted",
    "Role",
    "ServiceKeyRefused",
    "SessionNeeded",
    "SignInBusy",
    "SignInRefused",
    "TooManyTries",
    "allowed_roles",
    "parse_role",
    "render_permissions",
]

Role = Literal["owner", "manager", "reviewer", "annotator", "auditor", "operator"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

_EVERYBODY: Final = frozenset(ROLES)
_OWNER: Final = frozenset[Role]({"owner"})
_LEADS: Final = frozenset[Role]({"owner", "manager"})
_PEOPLE: Final = frozenset[Role]({"owner", "manager", "reviewer", "annotator"})
_AUDITORS: Final = frozenset[Role]({"owner", "manager", "auditor"})

PERMISSIONS: Final[Mapping[str, frozenset[Role]]] = {
    "me.read": _EVERYBODY,
    "me.change": _EVERYBODY,
    "members.read": _AUDITORS,
    "members.invite": _LEADS,
    "members.remove": _LEADS,
    "keys.read": _OWNER,
    "keys.create": _OWNER,
    "keys.revoke": _OWNER,
    "parties.read": _AUDITORS,
    "parties.declare": _OWNER,
    "conflicts.read": _AUDITORS,
    "conflicts.declare": _OWNER,
    "exposure.read": _AUDITORS,
    "projects.read": _PEOPLE,
    "projects.create": _LEADS,
    "instructions.read": _PEOPLE,
    "batches.read": _LEADS,
    "batches.import": _LEADS,
    "tasks.lease": frozenset[Role]({"annotator", "reviewer"}),
    "tasks.read": _LEADS,
    "judgments.submit": frozenset[Role]({"annotator", "reviewer"}),
    "judgments.read": _LEADS,
    "progress.read": _LEADS,
    "items.read": _LEADS,
    "items.open": _LEADS,
    "gold.read": _LEADS,
    "consensus.run": _LEADS,
    "consensus.read": _LEADS,
    "exports.create": _LEADS,
    "log.read": _AUDITORS,
    "log.details": _AUDITORS,
    "receipts.read": _PEOPLE | _AUDITORS,
}
"""Permission to the roles that have it. The operator has no row that gives plaintext."""


def render_permissions() -> str:
    """The table as text, one line a permission, sorted: what the golden file and the hash hold."""
    lines = [
        f"{name}: {' '.join(role for role in ROLES if role in PERMISSIONS[name])}"
        for name in sorted(PERMISSIONS)
    ]
    return "\n".join(lines) + "\n"


POLICY_HASH: Final = hashlib.sha256(render_permissions().encode()).digest()
"""What each leaf names as the policy in force, until policy is Cedar text."""


def allowed_roles(permission: str) -> list[str]:
    """Roles that hold `permission`, in the order of ROLES.

    Raises:
        KeyError: not in the table; the boot refuses such a route.
    """
    return [role for role in ROLES if role in PERMISSIONS[permission]]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is calling: a member of one workspace, through one credential."""

    workspace_id: UUID
    member_id: UUID
    person_id: UUID
    party_id: UUID
    vendor_id: UUID | None
    name: str
    role: Role
    simulated: bool
    credential_id: UUID
    mode: str

    def may(self, permission: str) -> bool:
        """True when the actor's role holds the permission."""
        return self.role in PERMISSIONS[permission]


@dataclass(frozen=True, slots=True)
class Minted:
    """A secret that is shown once, and what it belongs to."""

    id: UUID
    secret: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Minted(id={self.id})"


class CodeRefused(Unauthenticated):
    """The one-time code is unknown, used, revoked or too old: always the same words."""

    code = "code_refused"


class SignInRefused(Unauthenticated):
    """Address, password or second factor are wrong: which of them is not said."""

    code = "sign_in_refused"


class SessionNeeded(Conflict):
    """An API key may not change how its member signs in: it may hold a lower role."""

    code = "session_needed"


class TooManyTries(Unavailable):
    """So many wrong tries that the next one has to wait."""

    code = "too_many_tries"

    def __init__(self, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(f"Too many tries. Wait {self.retry_after_s} s, then try again.")


class SignInBusy(Unavailable):
    """No room for one more password to be hashed at this moment."""

    code = "sign_in_busy"
    retry_after_s = 2


class ServiceKeyRefused(Unavailable):
    """The service's own key is missing or is not this database's; nothing is served."""

    code = "service_key_refused"


class IdempotencyKeyReused(Conflict):
    """The key came before with another request."""

    code = "idempotency_key_reused"


def parse_role(text: str) -> Role:
    """A role by its name.

    Raises:
        Invalid: no such role.
    """
    if text not in ROLES:
        raise Invalid(f"There is no role {text!r}; roles are {', '.join(ROLES)}.", code="no_role")
    return text
