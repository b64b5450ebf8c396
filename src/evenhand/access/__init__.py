"""The door of access: the only way from sealed to plain."""

from .model import BulkLook, BulkTicket, Look, Ticket
from .release import Release, intend_bulk, intend_read, intend_system_bulk, release_of

__all__ = [
    "BulkLook",
    "BulkTicket",
    "Look",
    "Release",
    "Ticket",
    "intend_bulk",
    "intend_read",
    "intend_system_bulk",
    "release_of",
]
