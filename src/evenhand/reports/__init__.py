"""The door of reports: read models over all rooms; nobody stands above them but the routes."""

from .reading import Audience, Shown, find_item_named, read_audience, read_shown, read_wall

__all__ = ["Audience", "Shown", "find_item_named", "read_audience", "read_shown", "read_wall"]
