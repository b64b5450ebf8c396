"""The door of progress."""

from .board import Board

__all__ = ["Board"]
