"""The door of conflicts."""

from .actions import (
    change_wall,
    declare_rival,
    evaluate,
    evaluate_in,
    lock_wall,
    newly_denied,
    read_policy,
    require_allowed,
    start_wall,
)
from .model import Facts, Policy, TieFact, Verdict, WallDenied
from .rules import check_wall

__all__ = [
    "Facts",
    "Policy",
    "TieFact",
    "Verdict",
    "WallDenied",
    "change_wall",
    "check_wall",
    "declare_rival",
    "evaluate",
    "evaluate_in",
    "lock_wall",
    "newly_denied",
    "read_policy",
    "require_allowed",
    "start_wall",
]
