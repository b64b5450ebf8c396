"""Words of the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evenhand.platform.errors import Unavailable

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.tlog import Signer

__all__ = ["LogForked", "LogIdentity", "LogKeys", "LogUnavailable", "Logged", "WitnessAway"]


class LogUnavailable(Unavailable):
    """The intent is not in the signed tree yet, so nothing may be shown."""

    code = "log_unavailable"


class LogForked(Unavailable):
    """The published log is ahead of the database, or another one: signing would fork it."""

    code = "log_forked"


class WitnessAway(Unavailable):
    """A witness gave no answer, or none that can be understood; it never reaches a customer."""


@dataclass(frozen=True, slots=True)
class Logged:
    """Where an intent stands: leaf index, and the size of a signed tree that contains it."""

    index: int
    size: int


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """What the outside knows a log by."""

    workspace: UUID
    origin: str
    vkey: str


@dataclass(frozen=True, slots=True)
class LogKeys:
    """A log's opened keys; never shown."""

    signer: Signer = field(repr=False)
    details: bytes = field(repr=False)
    partition: bytes = field(repr=False)
