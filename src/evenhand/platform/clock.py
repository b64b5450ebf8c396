"""The only reader of the wall clock. Leases and tokens use the database's clock, not this one."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["utc_now"]


def utc_now() -> datetime:
    """Now, in UTC, with microseconds."""
    return datetime.now(UTC)
