import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.tlog import (
    NoteError,
    Signer,
    Verifier,
    open_note,
    parse_base64,
    parse_note,
    parse_vkey,
    render_note,
    sign_note,
)

# The example of C2SP signed-note, "Verifier keys".
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm\
RKuwHjG1Yu72IneyaQM=
""".encode()

# The example of the documentation of Go's package note; the seed is the end of its signer key.
GO_SEED = parse_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    b"If you think cryptography is the answer to your problem,\n"
    b"then you don't know what your problem is.\n"
)
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWL"
    "ox33WWd1RvMc+QQ=\n"
)
GO_NOTE = GO_TEXT + b"\n" + GO_LINE.encode()

LOG = Signer(name="log.example/w", seed=bytes(range(32)))
TEXTS = st.text(st.characters(exclude_categories=("Cs",), min_codepoint=32), max_size=60).map(
    lambda text: text.encode() + b"\n"
)


def test_the_specification_s_note_opens() -> None:
    opened = open_note(C2SP_NOTE, verifiers=[parse_vkey(C2SP_VKEY)])
    assert opened.text == b"This is an example message.\n"
    assert opened.unknown == ()


def test_go_s_note_is_signed_to_the_byte() -> None:
    signer = Signer(name="PeterNeumann", seed=GO_SEED)
    assert signer.verifier.vkey == GO_VKEY
    assert sign_note(text=GO_TEXT, signers=[signer]) == GO_NOTE


def test_unknown_signatures_are_ignored_and_reported() -> None:
    opened = open_note(GO_NOTE + ENOCH_LINE.encode(), verifiers=[parse_vkey(GO_VKEY)])
    assert [verified.verifier.name for verified in opened.verified] == ["PeterNeumann"]
    assert [signature.name for signature in opened.unknown] == ["EnochRoot"]


@settings(deadline=None)
@given(TEXTS)
def test_signed_text_comes_back(text: bytes) -> None:
    note = sign_note(text=text, signers=[LOG])
    opened = open_note(note, verifiers=[LOG.verifier])
    assert opened.text == text
    assert parse_note(note).text == text
    signatures = [verified.signature for verified in opened.verified]
    assert render_note(text=opened.text, signatures=signatures) == note


@settings(deadline=None)
@given(st.integers(0, 8 * len(GO_NOTE) - 1))
def test_every_flipped_bit_is_refused(bit: int) -> None:
    note = bytearray(GO_NOTE)
    note[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NoteError):
        open_note(bytes(note), verifiers=[parse_vkey(GO_VKEY)])


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (b"", "no signature lines"),
        (GO_TEXT, "no signature lines"),
        (GO_NOTE[:-1], "no signature lines"),
        (GO_TEXT + b"\n", "no signature lines"),
        (GO_NOTE + b"\n", "no signature lines"),
        (GO_TEXT + b"\n" + GO_LINE.replace("— ", "- ").encode(), "line 4 .* not a signature line"),
        (GO_TEXT + b"\n" + GO_LINE.replace("Peter", "Peter ").encode(), "line 4 .*base64"),
        (GO_TEXT + b"\n" + "— Peter\n".encode(), "line 4 .* not a signature line"),
        (GO_TEXT + b"\n" + "— a+b AAAAAAA=\n".encode(), "line 4 .*plus"),
        (GO_TEXT + b"\n" + "— a AAAAAA==\n".encode(), "line 4 .* too short"),
        (GO_NOTE.replace(b"then", b"the\t"), "control character"),
        (GO_NOTE.replace(b"then", b"the\xff"), "UTF-8"),
        (GO_TEXT + b"\n" + GO_LINE.encode() * 101, "more than 100 signatures"),
        (b"x" * 1_000_001, "longer than"),
    ],
)
def test_malformed_notes_are_refused(note: bytes, message: str) -> None:
    with pytest.raises(NoteError, match=message):
        parse_note(note)


def test_a_hundred_signatures_are_read_and_count_once() -> None:
    opened = open_note(GO_TEXT + b"\n" + GO_LINE.encode() * 100, verifiers=[parse_vkey(GO_VKEY)])
    assert len(opened.verified) == 1


def test_a_text_without_newline_is_not_signed() -> None:
    with pytest.raises(NoteError):
        sign_note(text=b"no newline", signers=[LOG])
    with pytest.raises(NoteError):
        sign_note(text=b"none signs\n", signers=[])


def test_no_known_key_or_two_that_collide() -> None:
    with pytest.raises(NoteError, match="known: none"):
        open_note(GO_NOTE, verifiers=[])
    first, second = parse_vkey(GO_VKEY), Verifier(name="PeterNeumann", public_key=bytes(32))
    object.__setattr__(second, "key_id", first.key_id)
    with pytest.raises(NoteError, match="share the name"):
        open_note(GO_NOTE, verifiers=[first, second])
    assert open_note(GO_NOTE, verifiers=[first, first]).verified
