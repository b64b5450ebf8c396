"""Reading and replacing small files so that a crash leaves either the old content or the new."""

import os
import tempfile
from pathlib import Path

from evenhand.witness.errors import WitnessError


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole and durably under another name, then give it its own, durably too.

    Its mode is 0600. When this returns, the new content is what every later reader finds; when it
    raises or the machine stops, it is the old or the new one.

    Raises:
        OSError: The folder cannot be written.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A crash up to here leaves the old content and a stray file that nobody reads.
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_file(path: Path, *, bytes_max: int) -> bytes:
    """Return a file's bytes.

    Raises:
        WitnessError: It is missing, longer than ``bytes_max`` or cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except OSError as error:
        raise WitnessError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > bytes_max:
        raise WitnessError(f"{path} is longer than {bytes_max} bytes")
    return data
