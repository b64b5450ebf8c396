"""Where the service keeps its things and how it is reached."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "DATABASE_URL_VARIABLE",
    "DEFAULT_HOST",
    "DEFAULT_PORT",
    "WITNESS_POLICY_VARIABLE",
    "Settings",
    "default_data_dir",
]

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8420
DATABASE_URL_VARIABLE = "EVENHAND_DATABASE_URL"
"""Environment variable of `--database-url`; only the process that was asked for may see it."""

WITNESS_POLICY_VARIABLE = "EVENHAND_WITNESS_POLICY"
"""Environment variable of `--witness-policy`."""


def default_data_dir() -> Path:
    """EVENHAND_DATA, else `~/.local/share/evenhand`."""
    named = os.environ.get("EVENHAND_DATA")
    return Path(named) if named else Path.home() / ".local" / "share" / "evenhand"


@dataclass(frozen=True, slots=True)
class Settings:
    """One service's settings, read once at the edge and passed down."""

    data_dir: Path
    database_url: str | None = None
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    pool_size: int = 12
    log_wait_s: float = 5.0
    tiles_interval_s: float = 1.0
    witness_policy: Path | None = None
    """A tlog-policy: its witnesses are asked to cosign the checkpoint of each log."""
    witness_wait_s: float = 2.0
    """So long a checkpoint's publication waits for the quorum at most."""

    def make_data_dir(self) -> None:
        """Make the data folder. Its own folders are private; as root it may be walked through, so
        that the database server, which then runs as another user, can reach its cluster in it.
        """
        self.data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        self.logs_dir.mkdir(mode=0o700, exist_ok=True)

    @property
    def keys_dir(self) -> Path:
        """Folder of the hosted keys (level L0); mode 0700."""
        return self.data_dir / "keys"

    @property
    def logs_dir(self) -> Path:
        """Folder of the published logs, one sub-folder per workspace."""
        return self.data_dir / "logs"

    @property
    def known_logs_dir(self) -> Path:
        """Folder of the verifier keys that this machine has seen made."""
        return self.data_dir / "known-logs"
