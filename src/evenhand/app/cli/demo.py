"""`evenhand demo`."""

from __future__ import annotations


def add_commands(commands) -> None:
    """Register."""
