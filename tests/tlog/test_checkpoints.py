import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.tlog import (
    EMPTY_ROOT,
    SIZE_MAX,
    Checkpoint,
    CheckpointError,
    Cosigner,
    LogError,
    NoteError,
    Signer,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    render_checkpoint,
    render_note,
    sign_checkpoint,
    unsafe_read_checkpoint,
)

# The example of C2SP tlog-cosignature.
C2SP_CHECKPOINT = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhc\
yv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX\
3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
""".encode()
LOG = Signer(name="log.example/w", seed=bytes(32))
HEAD = Checkpoint(origin="log.example/w", size=0, root=EMPTY_ROOT)
LINES = st.text(st.characters(exclude_categories=("Cs",), min_codepoint=32), min_size=1, max_size=9)
CHECKPOINTS = st.builds(
    Checkpoint,
    origin=LINES,
    size=st.integers(0, SIZE_MAX),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(LINES, max_size=3).map(tuple),
)


@settings(deadline=None)
@given(CHECKPOINTS)
def test_checkpoint_comes_back(checkpoint: Checkpoint) -> None:
    text = render_checkpoint(checkpoint)
    assert parse_checkpoint(text) == checkpoint
    assert render_checkpoint(parse_checkpoint(text)) == text


def test_the_specification_s_example() -> None:
    checkpoint = unsafe_read_checkpoint(C2SP_CHECKPOINT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    note = parse_note(C2SP_CHECKPOINT)
    assert render_checkpoint(checkpoint) == note.text
    assert render_note(text=note.text, signatures=note.signatures) == C2SP_CHECKPOINT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "three lines"),
        (b"o\n0\n", "three lines"),
        (render_checkpoint(HEAD)[:-1], "three lines"),
        (b"\n0\n" + b"A" * 43 + b"=\n", "line 1"),
        (b"o\n00\n" + b"A" * 43 + b"=\n", "line 2"),
        (b"o\n-1\n" + b"A" * 43 + b"=\n", "line 2"),
        (b"o\n0\n" + b"A" * 43 + b"\n", "line 3"),
        (b"o\n0\nAAAA\n", "line 3"),
        (b"o\n0\n" + b"A" * 43 + b"=\n\n", "line 4"),
        (b"o\r\n0\n" + b"A" * 43 + b"=\n", "line 1"),
        (b"\xff\n0\n" + b"A" * 43 + b"=\n", "UTF-8"),
    ],
)
def test_malformed_checkpoints_are_refused(text: bytes, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        parse_checkpoint(text)


@pytest.mark.parametrize("size", [-1, SIZE_MAX + 1])
def test_impossible_sizes(size: int) -> None:
    with pytest.raises(CheckpointError, match="line 2"):
        Checkpoint(origin="o", size=size, root=EMPTY_ROOT)


def test_signed_by_the_log_and_about_the_log() -> None:
    note = sign_checkpoint(HEAD, signers=[LOG])
    assert open_checkpoint(note, log=LOG.verifier).checkpoint == HEAD
    other = Checkpoint(origin="log.example/other", size=0, root=EMPTY_ROOT)
    foreign = sign_checkpoint(other, signers=[LOG])
    with pytest.raises(CheckpointError, match="line 1"):
        open_checkpoint(foreign, log=LOG.verifier)
    assert open_checkpoint(foreign, log=LOG.verifier, origin=other.origin).checkpoint == other


def test_a_witness_alone_does_not_do() -> None:
    cosigner = Cosigner(name="w.example", seed=b"w" * 32)
    witness, text = cosigner.verifier, render_checkpoint(HEAD)
    line = cosigner.cosign(text, time_s=5)
    both = render_note(text=text, signatures=[LOG.sign(text), line])
    signed = open_checkpoint(both, log=LOG.verifier, witnesses=[witness])
    assert [(v.verifier, v.time_s) for v in signed.cosignatures] == [(witness, 5)]
    alone = render_note(text=text, signatures=[line])
    with pytest.raises(NoteError, match="not signed by the log"):
        open_checkpoint(alone, log=LOG.verifier, witnesses=[witness])
    with pytest.raises(NoteError, match="key of a witness"):
        open_checkpoint(alone, log=witness)


@settings(deadline=None)
@given(st.data())
def test_every_flipped_bit_is_refused(data: st.DataObject) -> None:
    note = bytearray(sign_checkpoint(HEAD, signers=[LOG]))
    bit = data.draw(st.integers(0, 8 * len(note) - 1))
    note[bit // 8] ^= 1 << bit % 8
    with pytest.raises(LogError):
        open_checkpoint(bytes(note), log=LOG.verifier)
