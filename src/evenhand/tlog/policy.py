"""Policies: which logs and witnesses are known, and whose cosignatures are enough.

C2SP tlog-policy (https://c2sp.org/tlog-policy), one definition per line::

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> <k | any | all> <name>...
    quorum <name | none>

A group has witnessed a checkpoint when at least k of its members have; a member is a witness or an
earlier group, and stands in one group at most, so nobody counts twice. Items are separated by
spaces and tabs; empty lines and lines that begin with ``#`` say nothing. Names are octets: they are
kept here as UTF-8 with each foreign octet as a lone surrogate, which loses nothing.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from evenhand.tlog.errors import NoteError, PolicyError, QuorumError
from evenhand.tlog.keys import Verifier, parse_vkey
from evenhand.tlog.notes import Verified
from evenhand.tlog.text import parse_decimal

POLICY_BYTES_MAX = 1_000_000
QUORUM_NONE = "none"

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_SPACE = re.compile("[ \t]+")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A known log; the name of its key is its origin."""

    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A known witness; its name means something within the policy only."""

    name: str
    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """At least ``threshold`` of the members, which stand above the group."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What `parse_policy` read; groups are in the order of their lines."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The keys of the witnesses."""
        return tuple(witness.verifier for witness in self.witnesses)

    def logs_of(self, origin: str) -> tuple[Verifier, ...]:
        """The keys of the logs with this origin."""
        return tuple(log.verifier for log in self.logs if log.verifier.name == origin)


def is_quorum(policy: Policy, cosigners: Collection[Verifier]) -> bool:
    """Whether these witnesses together are enough; keys unknown to the policy add nothing."""
    return policy.quorum == QUORUM_NONE or _witnessed(policy, cosigners)[policy.quorum]


def check_quorum(policy: Policy, cosignatures: Iterable[Verified]) -> tuple[PolicyWitness, ...]:
    """Return the policy's witnesses among verified cosignatures, if they are enough.

    Raises:
        QuorumError: They are not; the message names the groups and witnesses that are missing.

    """
    cosigners = [verified.verifier for verified in cosignatures]
    if not is_quorum(policy, cosigners):
        missing = _missing(policy, policy.quorum, _witnessed(policy, cosigners))
        raise QuorumError(f"the quorum of the policy is not reached: {missing}")
    return tuple(witness for witness in policy.witnesses if witness.verifier in cosigners)


def _witnessed(policy: Policy, cosigners: Collection[Verifier]) -> dict[str, bool]:
    """Of each name whether it has witnessed; members stand above their group."""
    found = {witness.name: witness.verifier in cosigners for witness in policy.witnesses}
    for group in policy.groups:
        found[group.name] = sum(found[member] for member in group.members) >= group.threshold
    return found


def _missing(policy: Policy, name: str, witnessed: Mapping[str, bool]) -> str:
    for group in policy.groups:
        if group.name == name:
            lacking = [member for member in group.members if not witnessed[member]]
            has = len(group.members) - len(lacking)
            parts = "; ".join(_missing(policy, member, witnessed) for member in lacking)
            return (
                f"group {shown(name)} has {has} of the {group.threshold} that it needs out of"
                f" {len(group.members)} ({parts})"
            )
    key = next(witness.verifier.name for witness in policy.witnesses if witness.name == name)
    return f"no cosignature of witness {shown(name)}, {key}"


def shown(name: str) -> str:
    """Return a name as it can be shown: foreign octets written out."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def render_policy(policy: Policy) -> bytes:
    """Return the text: logs, witnesses, groups, quorum."""
    lines = [_line("log", log.verifier.vkey, log.url) for log in policy.logs]
    lines += [_line("witness", w.name, w.verifier.vkey, w.url) for w in policy.witnesses]
    lines += [_line("group", g.name, str(g.threshold), *g.members) for g in policy.groups]
    lines.append(_line("quorum", policy.quorum))
    return "".join(lines).encode(errors="surrogateescape")


def _line(*items: str | None) -> str:
    return " ".join(item for item in items if item is not None) + "\n"


def parse_policy(data: bytes) -> Policy:
    """Read a policy.

    Raises:
        PolicyError: Malformed; the message names the line.

    """
    if len(data) > POLICY_BYTES_MAX:
        raise PolicyError(f"the policy is longer than {POLICY_BYTES_MAX} bytes")
    *lines, rest = data.split(b"\n")
    reading = _Reading()
    for number, line in enumerate(lines, start=1):
        try:
            reading.read(line)
        except (NoteError, PolicyError) as error:
            raise PolicyError(f"line {number}: {error}") from error
    if rest:
        raise PolicyError(f"line {len(lines) + 1}: it does not end in a newline")
    if reading.quorum is None:
        raise PolicyError(f"line {len(lines) + 1}: the policy ends without a quorum line")
    return Policy(
        tuple(reading.logs), tuple(reading.witnesses), tuple(reading.groups), reading.quorum
    )


@dataclass(slots=True)
class _Reading:
    """What the lines up to here have defined."""

    logs: list[PolicyLog] = field(default_factory=list[PolicyLog])
    witnesses: list[PolicyWitness] = field(default_factory=list[PolicyWitness])
    groups: list[PolicyGroup] = field(default_factory=list[PolicyGroup])
    quorum: str | None = None
    names: set[str] = field(default_factory=set[str])
    members: set[str] = field(default_factory=set[str])

    def read(self, line: bytes) -> None:
        if match := _FORBIDDEN.search(line):
            raise PolicyError(f"it has the control character 0x{match[0].hex()}")
        text = line.decode(errors="surrogateescape").strip(" \t")
        if not text or text.startswith("#"):
            return
        keyword, *items = _SPACE.split(text)
        readers: dict[str, tuple[Callable[[list[str]], None], range, str]] = {
            "log": (self._log, range(1, 3), "log <vkey> [<url>]"),
            "witness": (self._witness, range(2, 4), "witness <name> <vkey> [<url>]"),
            "group": (self._group, range(3, len(line)), "group <name> <k, any or all> <name>..."),
            "quorum": (self._quorum, range(1, 2), "quorum <name or none>"),
        }
        if keyword not in readers:
            raise PolicyError(f"{keyword!r} is not one of log, witness, group, quorum")
        reader, counts, form = readers[keyword]
        if len(items) not in counts:
            raise PolicyError(f"it is not written {form}")
        reader(items)

    def _log(self, items: list[str]) -> None:
        verifier = parse_vkey(items[0])
        if verifier.cosigns:
            raise PolicyError(f"{verifier.name} is the key of a witness, not of a log")
        if any(log.verifier.public_key == verifier.public_key for log in self.logs):
            raise PolicyError(f"the key of log {verifier.name} stands above already")
        self.logs.append(PolicyLog(verifier, *items[1:]))

    def _witness(self, items: list[str]) -> None:
        verifier = parse_vkey(items[1])
        if not verifier.cosigns:
            raise PolicyError(f"{verifier.name} is the key of a log, not of a witness")
        if any(known.verifier.public_key == verifier.public_key for known in self.witnesses):
            raise PolicyError(f"the key of witness {verifier.name} stands above already")
        self.witnesses.append(PolicyWitness(self._new_name(items[0]), verifier, *items[2:]))

    def _group(self, items: list[str]) -> None:
        name, threshold, *members = items
        for member in members:
            self._check_known(member)
            if member in self.members:
                raise PolicyError(f"{member!r} is a member of a group already")
            self.members.add(member)
        least = {"any": 1, "all": len(members)}.get(threshold)
        if least is None:
            try:
                least = parse_decimal(threshold)
            except ValueError as error:
                raise PolicyError(f"{threshold!r} is not any, all or a number") from error
        if not 1 <= least <= len(members):
            raise PolicyError(f"{least} does not lie between 1 and {len(members)}")
        self.groups.append(PolicyGroup(self._new_name(name), least, tuple(members)))

    def _quorum(self, items: list[str]) -> None:
        if self.quorum is not None:
            raise PolicyError("the policy has a quorum above already")
        if items[0] != QUORUM_NONE:
            self._check_known(items[0])
        self.quorum = items[0]

    def _check_known(self, name: str) -> None:
        if name not in self.names:
            raise PolicyError(f"no witness or group above is named {name!r}")

    def _new_name(self, name: str) -> str:
        if name in self.names or name == QUORUM_NONE:
            raise PolicyError(f"the name {name!r} is taken already")
        self.names.add(name)
        return name
