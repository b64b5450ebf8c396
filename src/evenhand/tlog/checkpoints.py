"""Checkpoints: a log's signed statement of its size and root hash.

The text of the note (C2SP tlog-checkpoint, https://c2sp.org/tlog-checkpoint) is::

    <origin>
    <tree size, ASCII decimal>
    <root hash, base64>
    [<extension line> ...]
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.tlog.errors import CheckpointError, NoteError
from evenhand.tlog.merkle import HASH_BYTES
from evenhand.tlog.notes import (
    Algorithm,
    Signature,
    Signer,
    Verified,
    Verifier,
    open_note,
    parse_note,
    sign_note,
)
from evenhand.tlog.text import SIZE_MAX, parse_base64, parse_decimal, render_base64

_CONTROL = re.compile("[\x00-\x1f]")
_LINES_MIN = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Tree head: origin of the log, number of leaves, 32-byte root, opaque extension lines.

    Raises:
        CheckpointError: A part that could not be written as a checkpoint.

    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has no rendering."""
        for number, line in ((1, self.origin), *enumerate(self.extensions, start=4)):
            if not line or _CONTROL.search(line):
                raise CheckpointError(
                    f"line {number} of the checkpoint is empty or has a control character"
                )
        if not 0 <= self.size <= SIZE_MAX:
            raise CheckpointError(f"line 2 of the checkpoint: {self.size} is not a tree size")
        if len(self.root) != HASH_BYTES:
            raise CheckpointError(
                f"line 3 of the checkpoint: the root hash has not {HASH_BYTES} bytes"
            )


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that the log's key has signed, the note it came in, and who cosigned it."""

    checkpoint: Checkpoint
    note: bytes
    cosignatures: tuple[Verified, ...]
    unknown: tuple[Signature, ...]


def render_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the note text."""
    head = (checkpoint.origin, str(checkpoint.size), render_base64(checkpoint.root))
    return "".join(f"{line}\n" for line in (*head, *checkpoint.extensions)).encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read a note text as a checkpoint.

    Raises:
        CheckpointError: Malformed; the message names the line.

    """
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise CheckpointError("the checkpoint is not UTF-8") from error
    if lines.pop() or len(lines) < _LINES_MIN:
        raise CheckpointError("the checkpoint has not at least three lines that end in a newline")
    number = 2
    try:
        size = parse_decimal(lines[1])
        number = 3
        root = parse_base64(lines[2])
    except ValueError as error:
        raise CheckpointError(f"line {number} of the checkpoint is {error}") from error
    return Checkpoint(origin=lines[0], size=size, root=root, extensions=tuple(lines[3:]))


def sign_checkpoint(checkpoint: Checkpoint, *, signers: Sequence[Signer]) -> bytes:
    """Return the signed note of a checkpoint.

    The caller answers for consistency: a log must never sign two checkpoints of which neither
    extends the other.
    """
    return sign_note(text=render_checkpoint(checkpoint), signers=signers)


def open_checkpoint(
    note: bytes,
    *,
    log: Verifier,
    witnesses: Sequence[Verifier] = (),
    origin: str | None = None,
) -> SignedCheckpoint:
    """Verify a checkpoint of one log.

    The origin must equal ``origin``, by default the name of the log's key. Signatures of known
    witnesses are verified too; how many are enough is the caller's policy.

    Raises:
        NoteError: Malformed, not signed by the log, or a bad signature of a known key.
        CheckpointError: Malformed text, or the origin of another log.

    """
    if log.algorithm is not Algorithm.ED25519:
        raise NoteError(f"{log.name} is the key of a witness, not of a log")
    opened = open_note(note, verifiers=[log, *witnesses])
    cosignatures = tuple(v for v in opened.verified if v.verifier != log)
    if len(cosignatures) == len(opened.verified):
        raise NoteError(f"the checkpoint is not signed by the log's key {log.vkey}")
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin != (expected := log.name if origin is None else origin):
        raise CheckpointError(
            f"line 1 of the checkpoint: origin {checkpoint.origin!r} is not {expected!r}"
        )
    return SignedCheckpoint(checkpoint, note, cosignatures, opened.unknown)


def unsafe_read_checkpoint(note: bytes) -> Checkpoint:
    """Read a checkpoint without looking at any signature: fit for finding a key, not for belief.

    Raises:
        NoteError: Malformed note.
        CheckpointError: Malformed text.

    """
    return parse_checkpoint(parse_note(note).text)
