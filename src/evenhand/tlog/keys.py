r"""Keys: who signs notes, who cosigns checkpoints, and how each is verified.

A key is known by its name *and* its ID, the first four bytes of
``SHA-256(name || "\n" || algorithm || public key)`` (C2SP signed-note). Three algorithms are
understood:

====  ============================================  =============================================
0x01  Ed25519 over the note's text                  a log signs (signed-note)
0x04  Ed25519, timestamped, over the note's text    a witness cosigns (tlog-cosignature)
0x06  ML-DSA-44, timestamped, over the tree's head  a witness cosigns (tlog-cosignature)
====  ============================================  =============================================

A cosignature is 8 bytes of time (POSIX seconds, big-endian) and then the signature of::

    0x04   cosignature/v1\n
           time <seconds>\n
           <the checkpoint's text, all of it>

    0x06   "subtree/v1\n\0" || name || time || origin || 0 || size || root

where name and origin have their length in one byte before them, numbers have 8 bytes, and the zero
is the first leaf of the subtree: here it is always the whole tree. ML-DSA-44 (FIPS 204) is safe
against quantum computers and commits to the witness's name; it says nothing of extension lines. Its
signatures are hedged with randomness of the library's own, so signing twice gives two signatures.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from evenhand.tlog.errors import CheckpointError, NoteError
from evenhand.tlog.heads import parse_checkpoint
from evenhand.tlog.text import SIZE_MAX, parse_base64, render_base64

KEY_ID_BYTES = 4

_SEED_BYTES = 32
_ED25519_SIGNATURE_BYTES = 64
_ML_DSA_44_SIGNATURE_BYTES = 2_420
_TIME_BYTES = 8
_SIZE_BYTES = 8
_VKEY_PARTS = 3
_SKEY_PREFIX = "PRIVATE+KEY+"
_VECTOR_BYTES_MAX = 255
_SUBTREE_LABEL = b"subtree/v1\n\0"


class Algorithm(IntEnum):
    """Signature type identifiers (signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04
    ML_DSA_44 = 0x06


_PUBLIC_KEY_BYTES = {Algorithm.ED25519: 32, Algorithm.COSIGNATURE_V1: 32, Algorithm.ML_DSA_44: 1312}


def check_name(name: str) -> None:
    """Refuse a name that no key may have.

    Raises:
        NoteError: It is empty, or has a space, a plus, a control or no rendering in UTF-8.

    """
    if not name or "+" in name or any(c.isspace() or ord(c) < ord(" ") for c in name):
        raise NoteError(f"key name {name!r} is empty or has a space, a plus or a control character")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise NoteError(f"key name {name!r} cannot be written in UTF-8") from error


def cosigned_message(*, algorithm: Algorithm, name: str, text: bytes, time_s: int) -> bytes:
    """Return what a witness signs for a checkpoint's text (tlog-cosignature, "signed message").

    Raises:
        NoteError: The text is not a checkpoint's, or its origin is too long for ML-DSA-44.

    """
    try:
        head = parse_checkpoint(text)
    except CheckpointError as error:
        raise NoteError(f"nothing that {name} could cosign: {error}") from error
    if algorithm is Algorithm.COSIGNATURE_V1:
        return b"cosignature/v1\ntime %d\n" % time_s + text
    times = time_s.to_bytes(_TIME_BYTES)
    start_and_end = bytes(_SIZE_BYTES) + head.size.to_bytes(_SIZE_BYTES)
    return b"".join(
        (_SUBTREE_LABEL, _vector(name), times, _vector(head.origin), start_and_end, head.root)
    )


def _vector(text: str) -> bytes:
    """An ``opaque<1..2^8-1>`` of RFC 8446 section 3.4."""
    data = text.encode()
    if len(data) > _VECTOR_BYTES_MAX:
        raise NoteError(f"{text[:20]!r}… is longer than the {_VECTOR_BYTES_MAX} bytes of ML-DSA-44")
    return bytes([len(data)]) + data


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name and the algorithm under which it signs.

    Raises:
        NoteError: The name is not allowed, or the public key has not the algorithm's length.

    """

    name: str
    public_key: bytes
    algorithm: Algorithm = Algorithm.ED25519
    key_id: bytes = field(init=False, repr=False, compare=False)
    _key: Ed25519PublicKey | MLDSA44PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could not be written as a verifier key; derive the ID, load the key."""
        check_name(self.name)
        if len(self.public_key) != (wanted := _PUBLIC_KEY_BYTES[self.algorithm]):
            raise NoteError(f"the public key of {self.name} has not {wanted} bytes")
        material = bytes([self.algorithm]) + self.public_key
        digest = sha256(self.name.encode() + b"\n" + material).digest()
        if self.algorithm is Algorithm.ML_DSA_44:
            _vector(self.name)
            key = MLDSA44PublicKey.from_public_bytes(self.public_key)
        else:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
        object.__setattr__(self, "key_id", digest[:KEY_ID_BYTES])
        object.__setattr__(self, "_key", key)

    @property
    def cosigns(self) -> bool:
        """Whether this is the key of a witness and not of a log."""
        return self.algorithm is not Algorithm.ED25519

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
        if not self.cosigns:
            self._verify(message=text, signature=signature)
            return None
        time_s = int.from_bytes(signature[:_TIME_BYTES])
        if time_s > SIZE_MAX:
            raise NoteError(f"the cosignature of {self.name} carries an impossible time")
        message = cosigned_message(
            algorithm=self.algorithm, name=self.name, text=text, time_s=time_s
        )
        self._verify(message=message, signature=signature[_TIME_BYTES:])
        return time_s

    def _verify(self, *, message: bytes, signature: bytes) -> None:
        ml_dsa = self.algorithm is Algorithm.ML_DSA_44
        if len(signature) != (_ML_DSA_44_SIGNATURE_BYTES if ml_dsa else _ED25519_SIGNATURE_BYTES):
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
    what = "verifier key"
    name, key_id, algorithm, public_key = _parse_key(text, what=what)
    verifier = Verifier(name=name, public_key=public_key, algorithm=algorithm)
    _check_key_id(verifier, key_id, what=what)
    return verifier


def _parse_key(text: str, *, what: str) -> tuple[str, str, Algorithm, bytes]:
    parts = text.split("+", 2)
    if len(parts) != _VKEY_PARTS:
        raise NoteError(f"a {what} is written name+id+key")
    name, key_id, encoded = parts
    try:
        material = parse_base64(encoded)
    except ValueError as error:
        raise NoteError(f"{what} of {name!r}: the key part is {error}") from error
    if material[:1] not in {bytes([algorithm]) for algorithm in Algorithm}:
        raise NoteError(f"{what} of {name!r}: algorithm 0x{material[:1].hex()} is not supported")
    return name, key_id, Algorithm(material[0]), material[1:]


def _check_key_id(verifier: Verifier, key_id: str, *, what: str) -> None:
    if verifier.key_id.hex() != key_id:
        raise NoteError(
            f"{what} of {verifier.name!r}: the ID {key_id!r} does not belong to this name and key"
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it claims to be, and the bytes after the key ID."""

    name: str
    key_id: bytes
    signature: bytes

    def render(self) -> str:
        """Return the line with its newline."""
        return f"— {self.name} {render_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Signer:
    """A log's private Ed25519 key with its name.

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
        check_name(self.name)
        _check_seed(self.name, self.seed)
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        public_key = key.public_key().public_bytes_raw()
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "verifier", Verifier(name=self.name, public_key=public_key))

    def sign(self, text: bytes) -> Signature:
        """Sign a note's text (RFC 8032 Ed25519, deterministic)."""
        signature = self._key.sign(text)
        return Signature(name=self.name, key_id=self.verifier.key_id, signature=signature)


def _check_seed(name: str, seed: bytes) -> None:
    if len(seed) != _SEED_BYTES:
        raise NoteError(f"the seed of {name} has not {_SEED_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's private key with its name; the seed is 32 random bytes for either algorithm.

    A seed serves one name and one algorithm only: the Ed25519 message does not commit to the name.

    Raises:
        NoteError: The name or the algorithm is not a witness's, or the seed has not 32 bytes.

    """

    name: str
    seed: bytes = field(repr=False)
    algorithm: Algorithm = Algorithm.COSIGNATURE_V1
    verifier: Verifier = field(init=False, repr=False, compare=False)
    _key: Ed25519PrivateKey | MLDSA44PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a bad name, algorithm or seed before anything is signed."""
        check_name(self.name)
        _check_seed(self.name, self.seed)
        match self.algorithm:
            case Algorithm.ED25519:
                raise NoteError(f"{self.name}: a plain Ed25519 key is a log's, not a witness's")
            case Algorithm.COSIGNATURE_V1:
                key = Ed25519PrivateKey.from_private_bytes(self.seed)
            case Algorithm.ML_DSA_44:
                key = MLDSA44PrivateKey.from_seed_bytes(self.seed)
            case _:
                assert_never(self.algorithm)
        public_key = key.public_key().public_bytes_raw()
        verifier = Verifier(name=self.name, public_key=public_key, algorithm=self.algorithm)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "verifier", verifier)

    @property
    def skey(self) -> str:
        """The private key as one line of text, in the form of Go's package note. Secret."""
        material = bytes([self.algorithm]) + self.seed
        key_id = self.verifier.key_id.hex()
        return f"{_SKEY_PREFIX}{self.name}+{key_id}+{render_base64(material)}"

    def cosign(self, text: bytes, *, time_s: int) -> Signature:
        """Cosign a checkpoint's text; the caller has checked its consistency.

        Raises:
            NoteError: The text is not a checkpoint's, or the time (POSIX seconds) is impossible;
                tlog-witness forbids the time zero.

        """
        if not 0 < time_s <= SIZE_MAX:
            raise NoteError(f"{time_s} is not the time of a cosignature")
        message = cosigned_message(
            algorithm=self.algorithm, name=self.name, text=text, time_s=time_s
        )
        signature = time_s.to_bytes(_TIME_BYTES) + self._key.sign(message)
        return Signature(name=self.name, key_id=self.verifier.key_id, signature=signature)


def parse_skey(text: str) -> Cosigner:
    """Read what `Cosigner.skey` wrote; no error shows any of it.

    Raises:
        NoteError: Malformed, a log's key, or an ID that does not belong to the name and key.

    """
    what = "private key"
    if not text.startswith(_SKEY_PREFIX):
        raise NoteError(f"a {what} begins with {_SKEY_PREFIX}")
    name, key_id, algorithm, seed = _parse_key(text.removeprefix(_SKEY_PREFIX), what=what)
    cosigner = Cosigner(name=name, seed=seed, algorithm=algorithm)
    _check_key_id(cosigner.verifier, key_id, what=what)
    return cosigner
