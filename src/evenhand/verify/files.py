"""Writing files so that a crash leaves either the old content or the new."""

import os
import tempfile
from pathlib import Path

from evenhand.verify.errors import UnreachableError


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole, make it durable, and only then give it its name.

    Raises:
        UnreachableError: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".evenhand-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # Until here a crash leaves the old file and a stray temporary one.
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise UnreachableError(f"{path} cannot be written: {error.strerror}") from error


def read_file(path: Path, *, bytes_max: int) -> bytes | None:
    """Return a file's bytes, or None if there is no such file.

    Raises:
        UnreachableError: It is not a regular file, is longer than ``bytes_max`` or cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise UnreachableError(f"{path} is not a file")
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreachableError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > bytes_max:
        raise UnreachableError(f"{path} is longer than {bytes_max} bytes")
    return data
