"""Checkpoints: a log's signed statement of its size and root hash (C2SP tlog-checkpoint).

`heads.py` has the text; here it is signed by a log, cosigned by witnesses, and opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.tlog.errors import CheckpointError, NoteError
from evenhand.tlog.heads import Checkpoint, parse_checkpoint, render_checkpoint
from evenhand.tlog.keys import Signature, Signer, Verifier
from evenhand.tlog.notes import Verified, open_note, parse_note, sign_note


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that the log's key has signed, the note it came in, and who cosigned it."""

    checkpoint: Checkpoint
    note: bytes
    cosignatures: tuple[Verified, ...]
    unknown: tuple[Signature, ...]


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
    if log.cosigns:
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
