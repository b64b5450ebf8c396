"""The sealed box: it opens in its place with its key, and nowhere else, whatever is changed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import fields, replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from evenhand.sealing import (
    OVERHEAD_BYTES,
    Context,
    DataKey,
    SealingError,
    dek_id_of,
    open_sealed,
    seal,
    unwrap_key,
    wrap_key,
)

names = st.text(st.characters(codec="ascii"), max_size=20)
contexts = st.builds(
    Context,
    workspace=st.uuids(),
    project=st.uuids(),
    object=st.uuids(),
    version=st.integers(0, 2**32 - 1),
    field=names,
)
data_keys = st.builds(DataKey, id=st.uuids(), key=st.binary(min_size=32, max_size=32))
nonces = st.binary(min_size=12, max_size=12)

ONE = DataKey(UUID(int=1), bytes(range(32)))
PLACE = Context(UUID(int=2), UUID(int=3), UUID(int=4), 1, "payload")


@given(data_keys, contexts, st.binary(max_size=2000), nonces)
def test_it_opens_in_its_place(
    dek: DataKey, context: Context, plaintext: bytes, nonce: bytes
) -> None:
    sealed = seal(dek, context, plaintext, nonce=nonce)
    assert open_sealed(dek, context, sealed) == plaintext
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert dek_id_of(sealed) == dek.id.bytes


def test_the_layout_is_the_documented_one() -> None:
    """Made again from the page: HMAC-SHA-512 for key and commitment, AES-256-GCM beside."""
    nonce = bytes(12)
    sealed = seal(ONE, PLACE, b"text", nonce=nonce)
    name = b"".join((
        b"\x01", PLACE.workspace.bytes, PLACE.project.bytes, PLACE.object.bytes,
        b"\x00\x00\x00\x01", ONE.id.bytes, b"payload",
    ))  # fmt: skip
    # RFC 5869 section 2.3 with L = 64 and SHA-512: one block, T(1) = HMAC(PRK, info || 0x01).
    derived = hmac.new(ONE.key, b"evenhand/sealed/1" + name + b"\x01", hashlib.sha512).digest()
    assert sealed[:1] == b"\x01"
    assert sealed[1:17] == ONE.id.bytes
    assert sealed[17:49] == derived[32:]
    assert sealed[49:61] == nonce
    assert AESGCM(derived[:32]).decrypt(nonce, sealed[61:], name) == b"text"


@given(contexts, contexts)
def test_no_two_places_share_a_name(one: Context, other: Context) -> None:
    """Fixed widths and one variable part at the end: the encoding is injective."""
    assert (one.encode(bytes(16)) == other.encode(bytes(16))) == (one == other)


@pytest.mark.parametrize("field", [one.name for one in fields(Context)])
def test_it_opens_in_no_other_place(field: str) -> None:
    other = {"version": 2, "field": "meta"}.get(field, UUID(int=99))
    sealed = seal(ONE, PLACE, b"text", nonce=bytes(12))
    with pytest.raises(SealingError, match="key and place"):
        open_sealed(ONE, replace(PLACE, **{field: other}), sealed)


@given(st.integers(0, OVERHEAD_BYTES + 4 - 1), st.integers(0, 7))
@example(0, 0)
def test_a_flipped_bit_anywhere_is_refused(place: int, bit: int) -> None:
    sealed = bytearray(seal(ONE, PLACE, b"text", nonce=bytes(12)))
    sealed[place] ^= 1 << bit
    with pytest.raises(SealingError):
        open_sealed(ONE, PLACE, bytes(sealed))


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SealingError):
        open_sealed(ONE, PLACE, data)


@given(st.integers(1, 40))
def test_cut_or_longer_bytes_are_refused(count: int) -> None:
    sealed = seal(ONE, PLACE, b"text" * 10, nonce=bytes(12))
    for other in (sealed[:-count], sealed + bytes(count), sealed[count:]):
        with pytest.raises(SealingError):
            open_sealed(ONE, PLACE, other)


@given(data_keys)
def test_another_key_does_not_open(dek: DataKey) -> None:
    sealed = seal(ONE, PLACE, b"text", nonce=bytes(12))
    for other in (DataKey(ONE.id, dek.key), dek):
        if other != ONE:
            with pytest.raises(SealingError):
                open_sealed(other, PLACE, sealed)


def test_the_commitment_is_compared_before_anything_is_decrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AES-GCM alone opens one ciphertext under two keys; the commitment comes first."""
    sealed = bytearray(seal(ONE, PLACE, b"text", nonce=bytes(12)))
    sealed[17] ^= 1

    def refuse(_self: object, *_: object) -> bytes:
        raise AssertionError("decrypted before the commitment was compared")

    monkeypatch.setattr("evenhand.sealing.box.AESGCM", type("Never", (), {
        "__init__": refuse, "decrypt": refuse,
    }))  # fmt: skip
    with pytest.raises(SealingError, match="does not belong to this key and place"):
        open_sealed(ONE, PLACE, bytes(sealed))


def test_an_unknown_format_is_refused() -> None:
    sealed = b"\x02" + seal(ONE, PLACE, b"text", nonce=bytes(12))[1:]
    with pytest.raises(SealingError, match="known format"):
        dek_id_of(sealed)


def test_the_key_is_not_in_the_words_of_a_key() -> None:
    shown = f"{ONE!r} {ONE}"
    assert repr(ONE.key) not in shown
    assert ONE.key.hex() not in shown
    assert str(ONE.id) in shown


@given(st.binary(max_size=64))
def test_a_key_has_32_bytes(key: bytes) -> None:
    if len(key) == 32:
        assert DataKey(UUID(int=1), key).key == key
    else:
        with pytest.raises(SealingError, match="32 bytes"):
            DataKey(UUID(int=1), key)
        with pytest.raises(SealingError, match="32 bytes"):
            wrap_key(ONE, PLACE, key, nonce=bytes(12))


@given(data_keys, contexts, st.binary(min_size=32, max_size=32), nonces)
def test_a_wrapped_key_unwraps(
    parent: DataKey, context: Context, child: bytes, nonce: bytes
) -> None:
    wrapped = wrap_key(parent, context, child, nonce=nonce)
    assert unwrap_key(parent, context, wrapped) == child


def test_a_sealed_value_that_is_no_key_does_not_unwrap() -> None:
    with pytest.raises(SealingError, match="no key"):
        unwrap_key(ONE, PLACE, seal(ONE, PLACE, b"text", nonce=bytes(12)))


@given(st.binary(max_size=20).filter(lambda nonce: len(nonce) != 12))
def test_a_nonce_has_12_bytes(nonce: bytes) -> None:
    with pytest.raises(SealingError, match="12 bytes"):
        seal(ONE, PLACE, b"text", nonce=nonce)
