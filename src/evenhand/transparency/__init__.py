"""The log's door."""

from .leaves import partition_of
from .log import create_log, get_log, intend, read_size
from .model import LogForked, Logged, LogIdentity, LogKeys, LogUnavailable
from .publisher import PublishedLog, Publisher
from .sequencer import derive_keys
from .service import LogService

__all__ = [
    "LogForked",
    "LogIdentity",
    "LogKeys",
    "LogService",
    "LogUnavailable",
    "Logged",
    "PublishedLog",
    "Publisher",
    "create_log",
    "derive_keys",
    "get_log",
    "intend",
    "partition_of",
    "read_size",
]
