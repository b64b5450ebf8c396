"""Witnessing: what a log asks of a witness, and when the witness may answer with a cosignature.

C2SP tlog-witness (https://c2sp.org/tlog-witness), the call ``add-checkpoint``. The request::

    old <size that the witness cosigned last>
    <base64 of a hash of the consistency proof> ...
    <empty line>
    <checkpoint, a signed note>

The checks come in the order of the specification, and each refusal has the status that it names:
400 malformed, 404 no log of this origin, 403 not signed by it, 400 an old size above the new one,
409 another size was cosigned last (the answer tells it), 422 not consistent. What is durable when,
and that two requests for one log never overlap, is the caller's duty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from evenhand.tlog.errors import LogError, NoteError, ProofError
from evenhand.tlog.heads import Checkpoint, parse_checkpoint
from evenhand.tlog.keys import Signature, Verifier
from evenhand.tlog.merkle import EMPTY_ROOT, HASH_BYTES
from evenhand.tlog.notes import Verified, open_note, parse_note
from evenhand.tlog.proofs import verify_consistency
from evenhand.tlog.text import parse_base64, parse_decimal, render_base64

PROOF_LINES_MAX = 63
ADD_CHECKPOINT_BYTES_MAX = 262_144
"""Room for some fifty signatures of 5 kB beside the proof; signed-note asks for sixteen."""

SIZE_MEDIA_TYPE = "text/x.tlog.size"

T = TypeVar("T")

_OLD = "old "


class Refusal(IntEnum):
    """Why a witness does not cosign, as the status of its answer."""

    MALFORMED = 400
    NOT_SIGNED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    INCONSISTENT = 422


class WitnessRefusal(LogError):
    """A witness does not cosign. ``size`` is the one cosigned last, with ``OTHER_SIZE`` only."""

    def __init__(self, refusal: Refusal, message: str, *, size: int | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.size = size


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request, of which only the form is known to be right.

    Shapes:
        proof: At most 63 hashes of 32 bytes.
        note: The checkpoint, a signed note.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint that its log has signed, and the log's own signatures on it."""

    checkpoint: Checkpoint
    text: bytes
    signatures: tuple[Signature, ...]


def render_add_checkpoint(request: AddCheckpoint) -> bytes:
    """Return the body of a request."""
    proof = "".join(f"{render_base64(digest)}\n" for digest in request.proof)
    return f"{_OLD}{request.old_size}\n{proof}\n".encode("ascii") + request.note


def parse_add_checkpoint(data: bytes) -> AddCheckpoint:
    """Read the body of a request; of the note only the form.

    Raises:
        WitnessRefusal: ``MALFORMED``; the message names the line.

    """
    if len(data) > ADD_CHECKPOINT_BYTES_MAX:
        raise _malformed(f"the request is longer than {ADD_CHECKPOINT_BYTES_MAX} bytes")
    head, gap, note = data.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed("a line above the checkpoint is not ASCII") from error
    if not gap:
        raise _malformed("no checkpoint follows after an empty line")
    if not first.startswith(_OLD):
        raise _malformed("line 1 is not the old size")
    if len(lines) > PROOF_LINES_MAX:
        raise _malformed(f"the proof has more than {PROOF_LINES_MAX} hashes")
    old_size = _read(parse_decimal, first.removeprefix(_OLD), number=1)
    proof = tuple(_read(_parse_hash, line, number=i) for i, line in enumerate(lines, start=2))
    try:
        parse_checkpoint(parse_note(note).text)
    except LogError as error:
        raise _malformed(str(error)) from error
    return AddCheckpoint(old_size=old_size, proof=proof, note=note)


def _parse_hash(text: str) -> bytes:
    if len(digest := parse_base64(text)) != HASH_BYTES:
        raise ValueError(f"not a hash of {HASH_BYTES} bytes")
    return digest


def _read(parse: Callable[[str], T], text: str, *, number: int) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise _malformed(f"line {number} is {error}") from error


def _malformed(message: str) -> WitnessRefusal:
    return WitnessRefusal(Refusal.MALFORMED, message)


def open_submission(request: AddCheckpoint, *, logs: Sequence[Verifier]) -> Submission:
    """Verify the log's signature on a submitted checkpoint.

    ``logs`` are the accepted logs; the name of a log's key is its origin, and several keys may
    share one. Signatures of other keys are ignored.

    Raises:
        WitnessRefusal: ``UNKNOWN_LOG`` or ``NOT_SIGNED``.

    """
    checkpoint = parse_checkpoint(parse_note(request.note).text)
    keys = [log for log in logs if log.name == checkpoint.origin]
    if not keys:
        raise WitnessRefusal(Refusal.UNKNOWN_LOG, f"{checkpoint.origin!r} is not a known log")
    try:
        opened = open_note(request.note, verifiers=keys)
    except NoteError as error:
        raise WitnessRefusal(Refusal.NOT_SIGNED, str(error)) from error
    signatures = tuple(verified.signature for verified in opened.verified)
    return Submission(checkpoint, opened.text, signatures)


def check_growth(request: AddCheckpoint, *, new: Checkpoint, seen: Checkpoint | None) -> None:
    """Check that the submitted tree extends the one that the witness cosigned last, if any.

    Raises:
        WitnessRefusal: ``MALFORMED``, ``OTHER_SIZE`` or ``INCONSISTENT``.

    """
    if request.old_size > new.size:
        raise _malformed(f"the old size {request.old_size} is above the new one, {new.size}")
    size, root = (0, EMPTY_ROOT) if seen is None else (seen.size, seen.root)
    if request.old_size != size:
        raise WitnessRefusal(
            Refusal.OTHER_SIZE, f"size {size} was cosigned last, not {request.old_size}", size=size
        )
    if new.size == 0 and new.root != EMPTY_ROOT:
        raise WitnessRefusal(Refusal.INCONSISTENT, "the root is not that of the empty tree")
    try:
        verify_consistency(
            old_size=size, new_size=new.size, old_root=root, new_root=new.root, proof=request.proof
        )
    except ProofError as error:
        raise WitnessRefusal(Refusal.INCONSISTENT, str(error)) from error


def open_cosignatures(
    answer: bytes, *, text: bytes, witnesses: Sequence[Verifier]
) -> tuple[Verified, ...]:
    """Verify the signature lines of an answer 200 over a checkpoint's text.

    Lines of unknown keys are ignored.

    Raises:
        NoteError: Malformed, no cosignature of a known key, one that does not verify, or one
            without a time, which tlog-witness forbids.

    """
    opened = open_note(text + b"\n" + answer, verifiers=witnesses)
    if any(not verified.time_s for verified in opened.verified):
        raise NoteError("a cosignature has no time")
    return opened.verified


def parse_size(answer: bytes) -> int:
    """Read the body of an answer 409: the size that the witness cosigned last.

    Raises:
        NoteError: It is not a decimal number and a newline.

    """
    if not answer.endswith(b"\n"):
        raise NoteError("the size of the last cosignature is cut off")
    try:
        return parse_decimal(answer[:-1].decode("ascii"))
    except ValueError as error:
        raise NoteError(f"the size of the last cosignature is {error}") from error


def render_size(size: int) -> bytes:
    """Return the body of an answer 409."""
    return b"%d\n" % size
