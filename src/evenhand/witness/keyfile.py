"""A witness's private keys: one line each in a file that only its owner can read.

A line is ``PRIVATE+KEY+<name>+<id>+<base64 of algorithm and seed>``, the form of Go's package note.
With several keys a checkpoint gets one cosignature of each.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from evenhand.tlog import Cosigner, NoteError, parse_skey
from evenhand.witness.errors import WitnessError, WrongUseError
from evenhand.witness.files import read_file, sync_folder

_BYTES_MAX = 10_000
_OTHERS = 0o077


def make_keys(path: Path, keys: Sequence[Cosigner]) -> None:
    """Write new keys, durably; a file that is there already is never touched.

    Raises:
        WrongUseError: There are keys already.
        WitnessError: The file cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write("".join(f"{key.skey}\n" for key in keys).encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except FileExistsError as error:
        raise WrongUseError(f"{path} exists: a witness is there already") from error
    except OSError as error:
        raise WitnessError(f"{path} cannot be written: {error.strerror}") from error


def load_keys(path: Path) -> tuple[Cosigner, ...]:
    """Read the keys.

    Raises:
        WitnessError: The file is missing, others can read it, or it holds no keys; the message
            shows nothing of it.
    """
    data = read_file(path, bytes_max=_BYTES_MAX)
    if path.stat().st_mode & _OTHERS:
        raise WitnessError(f"{path} can be read by others: make its mode 0600, or make new keys")
    try:
        keys = tuple(parse_skey(line) for line in data.decode().splitlines())
    except (NoteError, UnicodeDecodeError) as error:
        reason = error if isinstance(error, NoteError) else "not UTF-8"
        raise WitnessError(f"{path} does not hold the keys of a witness: {reason}") from None
    if not keys:
        raise WitnessError(f"{path} does not hold the keys of a witness: it is empty")
    return keys
