"""The embedded PostgreSQL: a small supervisor over server binaries that others built."""

from __future__ import annotations

from .embedded import EmbeddedPostgres
from .model import BinariesMissing, ClusterRefused, ServerAddress, ServerUnavailable

__all__ = [
    "BinariesMissing",
    "ClusterRefused",
    "EmbeddedPostgres",
    "ServerAddress",
    "ServerUnavailable",
]
