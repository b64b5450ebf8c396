"""The door of imports."""

from .actions import sweep_abandoned

__all__ = ["sweep_abandoned"]
