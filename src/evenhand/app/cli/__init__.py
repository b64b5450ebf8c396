"""The command `evenhand`. Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 not possible."""

from .main import main

__all__ = ["main"]
