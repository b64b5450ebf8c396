"""The door of imports."""

from .actions import sweep_abandoned
from .places import ImportPlaces

__all__ = ["ImportPlaces", "sweep_abandoned"]
