r"""Signed notes: a text and the signatures under it, one per line.

The format (C2SP signed-note, https://c2sp.org/signed-note)::

    <text, ending in a newline>
    <empty line>
    — <key name> base64(4-byte key ID || signature)

A key is known by its name *and* its ID, the first four bytes of
``SHA-256(name || "\n" || algorithm || public key)``. Signatures of other keys are ignored, which
lets a log rotate its key and lets witnesses add theirs. A signature of a known key that does not
verify condemns the whole note.

Two algorithms are understood: 0x01, Ed25519 over the text, and 0x04, the timestamped cosignature
of a witness (C2SP tlog-cosignature, https://c2sp.org/tlog-cosignature), which is verified here but
never made.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evenhand.tlog.errors import NoteError
from evenhand.tlog.text import SIZE_MAX, parse_base64, render_base64

NOTE_BYTES_MAX = 1_000_000
NOTE_SIGNATURES_MAX = 100

_KEY_ID_BYTES = 4
_PUBLIC_KEY_BYTES = 32
_SEED_BYTES = 32
_SIGNATURE_BYTES = 64
_TIME_BYTES = 8
_VKEY_PARTS = 3
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_DASH = "— "


class Algorithm(IntEnum):
    """Signature type identifiers (signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or ord(c) < ord(" ") for c in name):
        raise NoteError(f"key name {name!r} is empty or has a space, a plus or a control character")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise NoteError(f"key name {name!r} cannot be written in UTF-8") from error


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name and the algorithm under which it signs.

    Raises:
        NoteError: The name is not allowed, or the public key is not 32 bytes.

    """

    name: str
    public_key: bytes
    algorithm: Algorithm = Algorithm.ED25519
    key_id: bytes = field(init=False, repr=False, compare=False)
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could not be written as a verifier key; derive the ID, load the key."""
        _check_name(self.name)
        if len(self.public_key) != _PUBLIC_KEY_BYTES:
            raise NoteError(f"the public key of {self.name} has not {_PUBLIC_KEY_BYTES} bytes")
        material = bytes([self.algorithm]) + self.public_key
        digest = sha256(self.name.encode() + b"\n" + material).digest()
        object.__setattr__(self, "key_id", digest[:_KEY_ID_BYTES])
        object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.public_key))

    @property
    def vkey(self) -> str:
        """The key as one line of text (signed-note, "Verifier keys")."""
        material = bytes([self.algorithm]) + self.public_key
        return f"{self.name}+{self.key_id.hex()}+{render_base64(material)}"

    def verify(self, *, text: bytes, signature: bytes) -> int | None:
        """Verify a signature over a note's text; return a cosignature's POSIX time in seconds.

        Raises:
            NoteError: The signature has the wrong length or does not verify.

        """
        if self.algorithm is Algorithm.ED25519:
            self._verify_ed25519(message=text, signature=signature)
            return None
        time_s = int.from_bytes(signature[:_TIME_BYTES])
        if time_s > SIZE_MAX:
            raise NoteError(f"the cosignature of {self.name} carries an impossible time")
        header = b"cosignature/v1\ntime %d\n" % time_s
        self._verify_ed25519(message=header + text, signature=signature[_TIME_BYTES:])
        return time_s

    def _verify_ed25519(self, *, message: bytes, signature: bytes) -> None:
        if len(signature) != _SIGNATURE_BYTES:
            raise NoteError(f"the signature of {self.name} has a wrong length")
        try:
            self._key.verify(signature, message)
        except InvalidSignature as error:
            raise NoteError(f"the signature of {self.name} does not verify") from error


def parse_vkey(text: str) -> Verifier:
    """Read ``<name>+<hex key ID>+<base64 of algorithm and public key>``.

    Raises:
        NoteError: Malformed, an algorithm that is not supported, or an ID that does not belong to
            the name and key.

    """
    parts = text.split("+", 2)
    if len(parts) != _VKEY_PARTS:
        raise NoteError("a verifier key is written name+id+key")
    name, key_id, encoded = parts
    try:
        material = parse_base64(encoded)
    except ValueError as error:
        raise NoteError(f"verifier key of {name!r}: the key part is {error}") from error
    if material[:1] not in (b"\x01", b"\x04"):
        raise NoteError(
            f"verifier key of {name!r}: algorithm 0x{material[:1].hex()} is not supported"
        )
    verifier = Verifier(name=name, public_key=material[1:], algorithm=Algorithm(material[0]))
    if verifier.key_id.hex() != key_id:
        raise NoteError(
            f"verifier key of {name!r}: the ID {key_id!r} does not belong to this name and key"
        )
    return verifier


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it claims to be, and the bytes after the key ID."""

    name: str
    key_id: bytes
    signature: bytes

    def render(self) -> str:
        """Return the line with its newline."""
        return f"{_DASH}{self.name} {render_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private Ed25519 key with its name.

    To make a key, draw a seed of 32 random bytes; the seed is all there is to keep, and secret.

    Raises:
        NoteError: The name is not allowed, or the seed has not 32 bytes.

    """

    name: str
    seed: bytes = field(repr=False)
    verifier: Verifier = field(init=False, repr=False, compare=False)
    _key: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a bad name or seed before anything is signed; derive the public half."""
        _check_name(self.name)
        if len(self.seed) != _SEED_BYTES:
            raise NoteError(f"the seed of {self.name} has not {_SEED_BYTES} bytes")
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        public_key = key.public_key().public_bytes_raw()
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "verifier", Verifier(name=self.name, public_key=public_key))

    def sign(self, text: bytes) -> Signature:
        """Sign a note's text (RFC 8032 Ed25519, deterministic)."""
        signature = self._key.sign(text)
        return Signature(name=self.name, key_id=self.verifier.key_id, signature=signature)


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
        _check_name(name)
        blob = parse_base64(encoded)
    except ValueError as error:
        raise NoteError(f"line {number} of the note: {error}") from error
    if len(blob) <= _KEY_ID_BYTES:
        raise NoteError(f"line {number} of the note: the signature is too short")
    return Signature(name=name, key_id=blob[:_KEY_ID_BYTES], signature=blob[_KEY_ID_BYTES:])


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
