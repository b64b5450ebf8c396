"""Values and refusals of the embedded server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from evenhand.platform.errors import Conflict, Unavailable

__all__ = [
    "DATABASE",
    "PORT",
    "SUPERUSER",
    "BinariesMissing",
    "ClusterRefused",
    "ServerAddress",
    "ServerUnavailable",
]

SUPERUSER = "evenhand"
DATABASE = "evenhand"
# There is no TCP listener: the number only completes the socket's file name.
PORT = 5432


class BinariesMissing(Unavailable):
    """No usable PostgreSQL programs, or none that this account may execute."""

    code: ClassVar[str] = "postgres_binaries_missing"


class ClusterRefused(Conflict):
    """The files on disk are not a cluster that we may safely run; nothing was changed."""

    code: ClassVar[str] = "postgres_cluster_refused"


class ServerUnavailable(Unavailable):
    """The server could not be started, reached or stopped in time."""

    code: ClassVar[str] = "postgres_unavailable"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """How to connect: `host` is the folder of the Unix socket, `user` the superuser."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
