"""Which logs a witness serves: a file with one verifier key per line.

Empty lines and lines that begin with ``#`` say nothing. The file is looked at whenever a request
comes and read anew when it has changed; one that cannot be read leaves the list as it was.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from evenhand.tlog import NoteError, Verifier, parse_vkey
from evenhand.witness.errors import WitnessError
from evenhand.witness.files import read_file

_LOG = logging.getLogger(__name__)
_BYTES_MAX = 50_000_000
_ORIGIN_BYTES_MAX = 255

EMPTY_LIST = b"# Verifier keys of the logs that this witness serves, one per line.\n"


@dataclass(slots=True)
class AcceptedLogs:
    """The list in a file.

    Raises:
        WitnessError: At the beginning the file must be well-formed.
    """

    path: Path
    _logs: tuple[Verifier, ...] = field(init=False)
    _seen: tuple[int, ...] | None = field(init=False)

    def __post_init__(self) -> None:
        """Read it once."""
        self._seen = self._stamp()
        self._logs = parse_list(read_file(self.path, bytes_max=_BYTES_MAX), path=self.path)

    def current(self) -> tuple[Verifier, ...]:
        """The keys, as the file has them now."""
        if (stamp := self._stamp()) != self._seen:
            self._seen = stamp
            try:
                self._logs = parse_list(read_file(self.path, bytes_max=_BYTES_MAX), path=self.path)
            except WitnessError as error:
                _LOG.warning("%s; the list stays as it was", error)
        return self._logs

    def _stamp(self) -> tuple[int, ...] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def parse_list(data: bytes, *, path: Path) -> tuple[Verifier, ...]:
    """Read a list.

    Raises:
        WitnessError: Malformed; the message names the line.
    """
    logs: list[Verifier] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            text = line.decode().strip(" \t\r")
            if not text or text.startswith("#"):
                continue
            log = parse_vkey(text)
        except (NoteError, UnicodeDecodeError) as error:
            raise WitnessError(f"{path}, line {number}: {error}") from error
        if log.cosigns:
            raise WitnessError(f"{path}, line {number}: {log.name} is the key of a witness")
        if len(log.name.encode()) > _ORIGIN_BYTES_MAX:
            raise WitnessError(f"{path}, line {number}: the origin is too long to be cosigned")
        logs.append(log)
    return tuple(logs)
