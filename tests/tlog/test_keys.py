import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tlog.test_notes import GO_VKEY, LOG

from evenhand.tlog import (
    SIZE_MAX,
    Algorithm,
    Cosigner,
    NoteError,
    Signature,
    Signer,
    Verifier,
    open_note,
    parse_skey,
    parse_vkey,
    render_base64,
    render_note,
)

NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="+"),
    min_size=1,
    max_size=20,
)
COSIGNING = st.sampled_from([Algorithm.COSIGNATURE_V1, Algorithm.ML_DSA_44])
TEXT = b"log.example/w\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
ROOT = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
SEED = b"s" * 32
NOW_S = 1_679_315_147
W1 = Cosigner(name="witness.example/w1", seed=SEED)
W1_PQ = Cosigner(name="witness.example/w1", seed=SEED, algorithm=Algorithm.ML_DSA_44)


@settings(max_examples=40)
@given(NAMES, st.binary(min_size=32, max_size=32), st.sampled_from(Algorithm))
def test_vkey_comes_back(name: str, seed: bytes, algorithm: Algorithm) -> None:
    if algorithm is Algorithm.ED25519:
        verifier = Signer(name=name, seed=seed).verifier
    else:
        verifier = Cosigner(name=name, seed=seed, algorithm=algorithm).verifier
    assert parse_vkey(verifier.vkey) == verifier
    assert parse_vkey(verifier.vkey).vkey == verifier.vkey
    assert verifier.cosigns == (algorithm is not Algorithm.ED25519)


@settings(max_examples=40)
@given(NAMES, st.binary(min_size=32, max_size=32), COSIGNING)
def test_private_key_comes_back(name: str, seed: bytes, algorithm: Algorithm) -> None:
    cosigner = Cosigner(name=name, seed=seed, algorithm=algorithm)
    assert parse_skey(cosigner.skey) == cosigner
    assert parse_skey(cosigner.skey).skey == cosigner.skey


@pytest.mark.parametrize(
    ("vkey", "message"),
    [
        ("", "name\\+id\\+key"),
        ("name+c74f20a3", "name\\+id\\+key"),
        (GO_VKEY.replace("c74f20a3", "c74f20a4"), "does not belong"),
        (GO_VKEY.replace("c74f20a3", "C74F20A3"), "does not belong"),
        (GO_VKEY.replace("PeterNeumann", "PaulNeumann"), "does not belong"),
        (GO_VKEY.replace("PeterNeumann", "Peter Neumann"), "space"),
        (GO_VKEY.replace("PeterNeumann", "Peter\u00a0Neumann"), "space"),
        (GO_VKEY.replace("PeterNeumann", ""), "empty"),
        (GO_VKEY[:-1], "base64"),
        (GO_VKEY + "\n", "base64"),
        ("a+00000000+" + render_base64(b"\x01" + bytes(31)), "32 bytes"),
        ("a+00000000+" + render_base64(b"\x06" + bytes(32)), "1312 bytes"),
        ("a+00000000+" + render_base64(b"\x02" + bytes(32)), "algorithm 0x02"),
        ("a+00000000+", "algorithm 0x is"),
    ],
)
def test_other_vkeys_are_refused(vkey: str, message: str) -> None:
    with pytest.raises(NoteError, match=message):
        parse_vkey(vkey)


@pytest.mark.parametrize(
    ("skey", "message"),
    [
        (W1.verifier.vkey, "begins with PRIVATE"),
        ("PRIVATE+KEY+a", "name\\+id\\+key"),
        (W1.skey.replace("/w1", "/w2"), "does not belong"),
        ("PRIVATE+KEY+a+00000000+" + render_base64(b"\x01" + SEED), "a log's, not a witness's"),
        ("PRIVATE+KEY+a+00000000+" + render_base64(b"\x04" + SEED[1:]), "seed"),
    ],
)
def test_other_private_keys_are_refused(skey: str, message: str) -> None:
    with pytest.raises(NoteError, match=message) as raised:
        parse_skey(skey)
    assert render_base64(SEED)[4:20] not in str(raised.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2028b", "\ud800"])
def test_bad_names_and_seeds(name: str) -> None:
    for make in (Signer, Cosigner):
        with pytest.raises(NoteError):
            make(name=name, seed=bytes(32))
        with pytest.raises(NoteError, match="seed"):
            make(name="a", seed=bytes(31))


def test_the_seed_is_not_printed() -> None:
    assert "seed" not in repr(LOG)
    assert "seed" not in repr(W1)


def test_ed25519_cosignature_to_the_byte() -> None:
    # tlog-cosignature, "Ed25519 signed message", with the time of its example.
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT
    made = Ed25519PrivateKey.from_private_bytes(SEED).sign(message)
    assert W1.cosign(TEXT, time_s=NOW_S).signature == NOW_S.to_bytes(8) + made


def test_ml_dsa_44_cosignature_to_the_byte() -> None:
    # tlog-cosignature, "ML-DSA-44 signed message"; signatures are hedged, so it is verified.
    message = (
        b"subtree/v1\n\0\x12witness.example/w1"
        + NOW_S.to_bytes(8)
        + b"\x0dlog.example/w"
        + bytes(8)
        + bytes(8)
        + ROOT
    )
    made = W1_PQ.cosign(TEXT, time_s=NOW_S).signature
    key = MLDSA44PrivateKey.from_seed_bytes(SEED)
    key.public_key().verify(made[8:], message)
    assert (made[:8], len(made)) == (NOW_S.to_bytes(8), 8 + 2420)
    signed = NOW_S.to_bytes(8) + key.sign(message)
    assert W1_PQ.verifier.verify(text=TEXT, signature=signed) == NOW_S
    # Extension lines are not in the message.
    assert W1_PQ.verifier.verify(text=TEXT + b"more\n", signature=signed) == NOW_S


@settings(max_examples=20)
@given(COSIGNING, st.integers(1, SIZE_MAX))
def test_cosignatures_verify_in_a_note(algorithm: Algorithm, time_s: int) -> None:
    cosigner = Cosigner(name="w", seed=SEED, algorithm=algorithm)
    note = render_note(text=TEXT, signatures=[LOG.sign(TEXT), cosigner.cosign(TEXT, time_s=time_s)])
    opened = open_note(note, verifiers=[LOG.verifier, cosigner.verifier])
    assert [verified.time_s for verified in opened.verified] == [None, time_s]


@pytest.mark.parametrize("cosigner", [W1, W1_PQ])
def test_broken_cosignatures(cosigner: Cosigner) -> None:
    line, witness = cosigner.cosign(TEXT, time_s=NOW_S), cosigner.verifier
    later = Signature(line.name, line.key_id, b"\0" * 7 + b"\1" + line.signature[8:])
    impossible = Signature(line.name, line.key_id, b"\x80" + line.signature[1:])
    short = Signature(line.name, line.key_id, line.signature[:-1])
    for broken, message in ((later, "verify"), (impossible, "time"), (short, "length")):
        note = render_note(text=TEXT, signatures=[LOG.sign(TEXT), broken])
        with pytest.raises(NoteError, match=message):
            open_note(note, verifiers=[LOG.verifier, witness])
        assert open_note(note, verifiers=[LOG.verifier]).unknown == (broken,)


@pytest.mark.parametrize("cosigner", [W1, W1_PQ])
def test_only_checkpoints_are_cosigned_and_only_at_a_time(cosigner: Cosigner) -> None:
    with pytest.raises(NoteError, match="could cosign"):
        cosigner.cosign(b"any text\n", time_s=NOW_S)
    for time_s in (0, -1, SIZE_MAX + 1):
        with pytest.raises(NoteError, match="time"):
            cosigner.cosign(TEXT, time_s=time_s)


def test_names_that_ml_dsa_44_cannot_hold() -> None:
    long = "n" * 256
    with pytest.raises(NoteError, match="longer than the 255 bytes"):
        Cosigner(name=long, seed=SEED, algorithm=Algorithm.ML_DSA_44)
    assert Cosigner(name=long, seed=SEED).verifier.name == long
    with pytest.raises(NoteError, match="longer than the 255 bytes"):
        W1_PQ.cosign(TEXT.replace(b"log.example/w", b"l" * 256), time_s=NOW_S)


def test_a_verifier_of_a_wrong_length() -> None:
    with pytest.raises(NoteError, match="32 bytes"):
        Verifier(name="a", public_key=bytes(31))
