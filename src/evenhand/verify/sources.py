"""Where a log's files come from: a folder, or a log's address on the web.

A source is not trusted. It says what it has under a path, and everything is checked by the reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evenhand.tlog import (
    ENTRY_BYTES_MAX,
    HASH_BYTES,
    NOTE_BYTES_MAX,
    TILE_WIDTH,
    TileError,
    TilePath,
    decode_bundle,
    encode_bundle,
    parse_tile_path,
)
from evenhand.verify.errors import UnreachableError, VerificationError
from evenhand.verify.files import read_file

CHECKPOINT = "checkpoint"

_BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_BYTES_MAX)


class Source(Protocol):
    """A place that holds a log."""

    @property
    def readers(self) -> int:
        """How many reads at once help: 1 for a disk, more where each one waits for a network."""
        ...

    def find(self, path: str, *, bytes_max: int) -> bytes | None:
        """Return the bytes at a path below the log's prefix, or None if there are none.

        Raises:
            UnreachableError: It cannot be known what is there.
        """
        ...

    def partial_widths(self, path: TilePath) -> Sequence[int]:
        """Return the widths of all partial tiles stored beside a full one, if they can be listed.

        Raises:
            UnreachableError: The place cannot be listed.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A log in a folder, as ``log pull`` or a moved-out workspace leaves it."""

    folder: Path

    @property
    def readers(self) -> int:
        """One: a disk gains nothing from several."""
        return 1

    def find(self, path: str, *, bytes_max: int) -> bytes | None:
        """Read a file below the folder."""
        return read_file(self.folder / path, bytes_max=bytes_max)

    def partial_widths(self, path: TilePath) -> Sequence[int]:
        """List the folder of partial tiles; names that are no width are left to ``stray_files``."""
        folder = self.folder / f"{path.full}.p"
        names = {str(width) for width in range(1, TILE_WIDTH)}
        try:
            found = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        except OSError as error:
            raise UnreachableError(f"{folder} cannot be listed: {error.strerror}") from error
        return sorted(int(name) for name in found if name in names)

    def stray_files(self, *, size: int) -> Iterator[str]:
        """List the files below ``tile`` that no tree of this size has ever had or will have."""
        for file in sorted((self.folder / "tile").rglob("*")):
            name = file.relative_to(self.folder).as_posix()
            if not file.is_dir() and not _belongs(name, size=size):
                yield name


def _belongs(name: str, *, size: int) -> bool:
    try:
        path = parse_tile_path(name)
    except TileError:
        return False
    available = (size >> 8 * (path.level or 0)) - path.number * TILE_WIDTH
    return path.width <= available


def read_checkpoint(source: Source) -> bytes:
    """Return the signed note.

    Raises:
        UnreachableError: There is none.
    """
    note = source.find(CHECKPOINT, bytes_max=NOTE_BYTES_MAX)
    if note is None:
        raise UnreachableError(
            "no log is there: it has no file named checkpoint; give the folder or address above it"
        )
    return note


def read_tile(source: Source, path: TilePath) -> bytes:
    """Return the bytes of a tile or bundle.

    A log may drop a partial tile once the full one exists; then that one is cut to width.

    Raises:
        VerificationError: It is missing, although the checkpoint commits to it.
        UnreachableError: It cannot be known.
    """
    bytes_max = _BUNDLE_BYTES_MAX if path.level is None else TILE_WIDTH * HASH_BYTES
    data = source.find(str(path), bytes_max=bytes_max)
    if data is not None:
        return data
    if path.width < TILE_WIDTH:
        data = source.find(str(path.full), bytes_max=bytes_max)
    if data is None:
        raise VerificationError(f"{path}: missing, although the checkpoint commits to it")
    return cut_tile(data, path=path.full, width=path.width)


def cut_tile(data: bytes, *, path: TilePath, width: int) -> bytes:
    """Return the first ``width`` hashes or entries of a tile or bundle.

    Raises:
        VerificationError: The bundle is malformed.
    """
    if path.level is not None:
        return data[: width * HASH_BYTES]
    try:
        return encode_bundle(decode_bundle(data, path=path)[:width])
    except TileError as error:
        raise VerificationError(str(error)) from error
