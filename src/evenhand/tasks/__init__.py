"""The door of tasks."""

from .actions import (
    HOLD_MAX,
    add_tasks,
    check_stop,
    count_tasks,
    delete_some_tasks,
    end_lease,
    expire_leases,
    grants_of,
    lease_next,
    open_grants,
    revoke_leases,
    slot_position,
)
from .hints import PlaceHints
from .model import Grant, TaskColumns, Want
from .schemas import LeaseOut, WantIn, hints_of, render_leases

__all__ = [
    "HOLD_MAX",
    "Grant",
    "LeaseOut",
    "PlaceHints",
    "TaskColumns",
    "Want",
    "WantIn",
    "add_tasks",
    "check_stop",
    "count_tasks",
    "delete_some_tasks",
    "end_lease",
    "expire_leases",
    "grants_of",
    "hints_of",
    "lease_next",
    "open_grants",
    "render_leases",
    "revoke_leases",
    "slot_position",
]
