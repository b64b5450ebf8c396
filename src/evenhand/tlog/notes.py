r"""Signed notes: a text and the signatures under it, one per line.

The format (C2SP signed-note, https://c2sp.org/signed-note)::

    <text, ending in a newline>
    <empty line>
    — <key name> base64(4-byte key ID || signature)

Signatures of other keys are ignored, which lets a log rotate its key and lets witnesses add theirs.
A signature of a known key that does not verify condemns the whole note. `keys.py` has the keys.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evenhand.tlog.errors import NoteError
from evenhand.tlog.keys import KEY_ID_BYTES, Signature, Signer, Verifier, check_name
from evenhand.tlog.text import parse_base64

NOTE_BYTES_MAX = 1_000_000
NOTE_SIGNATURES_MAX = 100

_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_DASH = "— "


@dataclass(frozen=True, slots=True)
class ParsedNote:
    """A note whose signatures nobody has looked at yet: its text must not be believed."""

    text: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds; ``time_s`` (POSIX seconds) is present on cosignatures only."""

    verifier: Verifier
    signature: Signature
    time_s: int | None


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note with at least one verified signature, and the lines of keys that are not known."""

    text: bytes
    verified: tuple[Verified, ...]
    unknown: tuple[Signature, ...]


def render_note(*, text: bytes, signatures: Iterable[Signature]) -> bytes:
    """Put signatures under a text.

    Raises:
        NoteError: The result would not be a well-formed note.

    """
    if not text.endswith(b"\n"):
        raise NoteError("the text of a note must end in a newline")
    note = text + b"\n" + "".join(s.render() for s in signatures).encode()
    parse_note(note)
    return note


def sign_note(*, text: bytes, signers: Sequence[Signer]) -> bytes:
    """Sign a text, which must end in a newline, with each of the keys in turn.

    Raises:
        NoteError: The text cannot stand in a note, or there is no signer.

    """
    return render_note(text=text, signatures=[signer.sign(text) for signer in signers])


def parse_note(note: bytes) -> ParsedNote:
    """Take a note apart without verifying anything.

    Raises:
        NoteError: Not UTF-8, too long, a control character, no signature lines, or a malformed
            line, which is named by its number.

    """
    if len(note) > NOTE_BYTES_MAX:
        raise NoteError(f"the note is longer than {NOTE_BYTES_MAX} bytes")
    if _CONTROL.search(note):
        raise NoteError("the note has a control character")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise NoteError("the note is not UTF-8") from error
    head, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise NoteError("the note has no signature lines after an empty line")
    text = head + "\n"
    lines = tail[:-1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        raise NoteError(f"the note has more than {NOTE_SIGNATURES_MAX} signatures")
    first = text.count("\n") + 2
    signatures = tuple(_parse_line(line, number=first + i) for i, line in enumerate(lines))
    return ParsedNote(text=text.encode(), signatures=signatures)


def _parse_line(line: str, *, number: int) -> Signature:
    name, gap, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap:
        raise NoteError(f"line {number} of the note is not a signature line")
    try:
        check_name(name)
        blob = parse_base64(encoded)
    except ValueError as error:
        raise NoteError(f"line {number} of the note: {error}") from error
    if len(blob) <= KEY_ID_BYTES:
        raise NoteError(f"line {number} of the note: the signature is too short")
    return Signature(name=name, key_id=blob[:KEY_ID_BYTES], signature=blob[KEY_ID_BYTES:])


def open_note(note: bytes, *, verifiers: Sequence[Verifier]) -> OpenedNote:
    """Verify a note against known keys.

    Lines of unknown keys are returned unverified. Of several good signatures by one key the first
    is kept, so that counting ``verified`` counts keys.

    Raises:
        NoteError: Malformed, no signature of a known key, a signature of a known key that does not
            verify, or two known keys that share name and ID.

    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise NoteError(f"two known keys share the name {verifier.name} and the ID")
    parsed = parse_note(note)
    verified: dict[tuple[str, bytes], Verified] = {}
    unknown: list[Signature] = []
    for signature in parsed.signatures:
        identity = (signature.name, signature.key_id)
        if identity not in known:
            unknown.append(signature)
            continue
        verifier = known[identity]
        time_s = verifier.verify(text=parsed.text, signature=signature.signature)
        verified.setdefault(identity, Verified(verifier, signature, time_s))
    if not verified:
        names = ", ".join(verifier.vkey for verifier in verifiers) or "none"
        raise NoteError(f"the note has no signature of a known key (known: {names})")
    return OpenedNote(parsed.text, tuple(verified.values()), tuple(unknown))
