"""The log's door."""

from .leaves import partition_of
from .log import create_log, get_log, intend, read_size
from .model import LogForked, Logged, LogIdentity, LogKeys, LogUnavailable
from .publisher import PublishedLog, Publisher
from .reading import (
    NEWEST,
    Entry,
    LogOverview,
    ReadingKeys,
    find_about,
    find_by_actor,
    find_entry,
    read_growth,
    read_newest,
    read_overview,
    read_wrapped_details,
    reading_keys,
)
from .sequencer import derive_keys
from .service import LogService
from .witnesses import Witnesses, load_witness_policy

__all__ = [
    "NEWEST",
    "Entry",
    "LogForked",
    "LogIdentity",
    "LogKeys",
    "LogOverview",
    "LogService",
    "LogUnavailable",
    "Logged",
    "PublishedLog",
    "Publisher",
    "ReadingKeys",
    "Witnesses",
    "create_log",
    "derive_keys",
    "find_about",
    "find_by_actor",
    "find_entry",
    "get_log",
    "intend",
    "load_witness_policy",
    "partition_of",
    "read_growth",
    "read_newest",
    "read_overview",
    "read_size",
    "read_wrapped_details",
    "reading_keys",
]
