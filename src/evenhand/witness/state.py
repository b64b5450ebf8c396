"""What a witness must never forget: for each log the last checkpoint that it cosigned.

One folder, locked by the one process that serves it::

    cosigned/<SHA-256 of the origin, hex>          the checkpoint as it was answered
    evidence/<the same>/<what>-<size>-<root>       checkpoints that the log signed and we refused

The file of a log is the signed note itself: the log's own signatures that were verified, and our
cosignatures. It is also what monitors may read. A damaged file is never passed over, since that
would forget a history which the witness vouches for.
"""

import fcntl
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

from evenhand.tlog import (
    NOTE_BYTES_MAX,
    Checkpoint,
    LogError,
    Verifier,
    open_note,
    parse_checkpoint,
)
from evenhand.witness.errors import WitnessError
from evenhand.witness.files import read_file, replace_file

EVIDENCE_MAX = 16
"""So many files of evidence are kept for one log; the first ones tell all."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A log's last cosigned checkpoint: what it says, its text, and the note."""

    checkpoint: Checkpoint
    note: bytes


def hash_of_origin(origin: str) -> str:
    """The name of a log in paths (tlog-witness, "Monitor Retrieval Mechanism")."""
    return sha256(origin.encode()).hexdigest()


@dataclass(slots=True)
class WitnessState:
    """The folder, opened by one process until `close`.

    Raises:
        WitnessError: Another process has it, or a file in it is damaged.
    """

    folder: Path
    keys: tuple[Verifier, ...]
    _last: dict[str, Cosigned] = field(init=False, default_factory=dict[str, Cosigned])
    _lock: int = field(init=False, default=-1)

    @classmethod
    def open(cls, folder: Path, *, keys: tuple[Verifier, ...]) -> Self:
        """Take the folder for this process alone, and read it."""
        state = cls(folder, keys)
        try:
            for name in ("cosigned", "evidence"):
                (folder / name).mkdir(mode=0o700, exist_ok=True)
            state._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(state._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            state.close()
            raise WitnessError(f"{folder} is in use by another process") from error
        except OSError as error:
            state.close()
            raise WitnessError(f"{folder} cannot be used: {error.strerror}") from error
        try:
            state._last = load_cosigned(folder, keys=keys)
        except WitnessError:
            state.close()
            raise
        return state

    def close(self) -> None:
        """Let another process have it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def last(self, name: str) -> Cosigned | None:
        """What was cosigned last for the log whose origin has this hash."""
        return self._last.get(name)

    def keep(self, name: str, cosigned: Cosigned) -> None:
        """Remember durably; only when this has returned may the cosignature leave the process.

        A crash before the return leaves the old file or the new one. The new one is a checkpoint
        that passed all checks, so it may be built upon though nobody was told of it.

        Raises:
            OSError: It could not be written. What is on the disk then counts: the old one, or the
                new one if it had its name already.
        """
        path = self.folder / "cosigned" / name
        try:
            replace_file(path, cosigned.note)
        except OSError:
            if path.exists() and path.read_bytes() == cosigned.note:
                self._last[name] = cosigned
            raise
        self._last[name] = cosigned

    def keep_evidence(self, name: str, *, what: str, submitted: Cosigned) -> None:
        """Keep a checkpoint that its log signed and that was refused, beside what we cosigned.

        Raises:
            OSError: It could not be written.
        """
        folder = self.folder / "evidence" / name
        folder.mkdir(mode=0o700, exist_ok=True)
        files = [(what, submitted)]
        if (last := self._last.get(name)) is not None:
            files.append(("cosigned", last))
        room = EVIDENCE_MAX - sum(1 for _ in folder.iterdir())
        for kind, one in files:
            head = one.checkpoint
            path = folder / f"{kind}-{head.size}-{head.root.hex()}"
            if room >= len(files) and not path.exists():
                replace_file(path, one.note)


def load_cosigned(folder: Path, *, keys: tuple[Verifier, ...]) -> dict[str, Cosigned]:
    """Read and verify what a witness has cosigned: hash of the origin to the last checkpoint.

    Raises:
        WitnessError: A file is damaged, or none of the keys has cosigned it.
    """
    found: dict[str, Cosigned] = {}
    for path in sorted((folder / "cosigned").glob("[0-9a-f]*")):
        note = read_file(path, bytes_max=NOTE_BYTES_MAX)
        try:
            checkpoint = parse_checkpoint(open_note(note, verifiers=keys).text)
        except LogError as error:
            raise WitnessError(f"{path} is damaged, or of another witness: {error}") from error
        if hash_of_origin(checkpoint.origin) != path.name:
            raise WitnessError(f"{path} is damaged: it is of the log {checkpoint.origin!r}")
        found[path.name] = Cosigned(checkpoint, note)
    return found


def count_evidence(folder: Path, name: str) -> int:
    """How many checkpoints of a log were refused and kept."""
    kept = folder / "evidence" / name
    return sum(not path.name.startswith(("cosigned-", ".")) for path in kept.glob("*"))
