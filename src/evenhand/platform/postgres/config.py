"""The server's settings: what we choose, what nobody may change, and the file's grammar.

Grammar: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-CONFIGURATION-FILE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evenhand.platform.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DURABLE",
    "HBA",
    "check_overrides",
    "parse_settings",
    "render_settings",
    "server_settings",
    "undurable",
]

# One line, no trust, no peer, no network, no replication.
HBA = "# Written by Evenhand.\nlocal all all scram-sha-256\n"

# With one of these off, an acknowledged write may be lost or a torn page go unseen
# (reliability.md check 130).
DURABLE: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}

# Content must never reach a log: no statements, no parameters, no DETAIL lines. The primary text
# of an error may quote a value, so session.py also sets log_min_messages to `log` for all roles.
_QUIET: Mapping[str, str] = {
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_statement": "none",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_duration": "off",
    "log_autovacuum_min_duration": "-1",
    "log_checkpoints": "off",
    "log_temp_files": "-1",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
}

_CLOSED: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
}

_TUNED: Mapping[str, str] = {
    "max_connections": "100",
    "shared_buffers": "64MB",
    # With the default of a thirty-second of them an import waits for its own log to be written.
    "wal_buffers": "16MB",
    "huge_pages": "off",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "default_text_search_config": "pg_catalog.simple",
    "cluster_name": "evenhand",
}

# Chosen at start, or a way around the lists above.
_RESERVED = frozenset(
    {
        "config_file",
        "data_checksums",
        "data_directory",
        "external_pid_file",
        "hba_file",
        "ident_file",
        "port",
        "unix_socket_directories",
        "unix_socket_group",
        "zero_damaged_pages",
    }
)
_FIXED = frozenset({*DURABLE, *_QUIET, *_CLOSED, *_RESERVED})

_FIRST_WITH_IO_METHOD = 18
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?")
_LINE = re.compile(
    rf"\s*(?P<name>{_NAME.pattern})(?:\s*=\s*|\s+)"
    r"(?:'(?P<quoted>(?:[^'\\]|\\.|'')*)'|(?P<bare>[^\s#']+))\s*(?:\#.*)?"
)
_ESCAPE = re.compile(r"''|\\(.)")
_ON_WORDS = frozenset({"on", "true", "yes", "1", "t", "tr", "tru", "y", "ye"})


def server_settings(*, major: int, has_lz4: bool, overrides: Mapping[str, str]) -> dict[str, str]:
    """All settings of the configuration file. `overrides` must have passed `check_overrides`."""
    chosen = {**_TUNED, "wal_compression": "lz4" if has_lz4 else "on"}
    if major >= _FIRST_WITH_IO_METHOD:
        # No idle I/O workers: they would cost memory and our working set is in memory anyway.
        chosen["io_method"] = "sync"
    return {**chosen, **overrides, **DURABLE, **_QUIET, **_CLOSED}


def check_overrides(overrides: Mapping[str, str]) -> dict[str, str]:
    """A copy with lower-case names.

    Raises: Invalid for a name that is fixed or no name, or a value that fits on no line.
    """
    checked: dict[str, str] = {}
    for name, value in overrides.items():
        lowered = name.lower()
        if not _NAME.fullmatch(name):
            raise Invalid(f"{name!r} is not the name of a PostgreSQL setting.")
        if lowered in _FIXED:
            raise Invalid(f"the PostgreSQL setting {lowered} is fixed and cannot be overridden.")
        if not value.isprintable():
            raise Invalid(f"the value of {lowered} contains a character that cannot be written.")
        checked[lowered] = value
    return checked


def render_settings(settings: Mapping[str, str]) -> str:
    """The text of a configuration file, one quoted setting per line."""
    lines = ["# Written by Evenhand at each start; changes made here are lost."]
    for name, value in settings.items():
        escaped = value.replace("\\", "\\\\").replace("'", "''")
        lines.append(f"{name} = '{escaped}'")
    return "\n".join(lines) + "\n"


def parse_settings(text: str) -> dict[str, str]:
    """The settings of a configuration file, names in lower case, the last one wins.

    Lines that are no setting (comments, blank ones) are passed over.
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match is not None:
            quoted = match["quoted"]
            value = match["bare"] if quoted is None else _ESCAPE.sub(_unescape, quoted)
            found[match["name"].lower()] = value
    return found


def undurable(settings: Mapping[str, str]) -> list[str]:
    """Names of the settings in which `settings` weakens durability, sorted."""
    return sorted(
        name
        for name in DURABLE
        if name in settings and settings[name].strip().lower() not in _ON_WORDS
    )


def _unescape(match: re.Match[str]) -> str:
    return match[1] or "'"
