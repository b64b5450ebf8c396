import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.naive import root as naive_root
from tests.tlog.test_keys import NOW_S, TEXT, W1, W1_PQ

from evenhand.tlog import (
    EMPTY_ROOT,
    SIZE_MAX,
    AddCheckpoint,
    Checkpoint,
    NoteError,
    Refusal,
    Signature,
    Signer,
    WitnessRefusal,
    check_growth,
    open_cosignatures,
    open_submission,
    parse_add_checkpoint,
    parse_size,
    render_add_checkpoint,
    render_size,
    sign_checkpoint,
)

LOG = Signer(name="log.example/w", seed=b"l" * 32)
NEXT_KEY = Signer(name="log.example/w", seed=b"m" * 32)
OTHER = Signer(name="log.example/o", seed=b"o" * 32)
EMPTY_NOTE = sign_checkpoint(Checkpoint("log.example/w", 0, EMPTY_ROOT), signers=[LOG])
HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple)

# The example of C2SP tlog-witness.
C2SP_REQUEST = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhc\
yv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/\
V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()


def test_the_specification_s_example() -> None:
    request = parse_add_checkpoint(C2SP_REQUEST)
    assert (request.old_size, len(request.proof)) == (20852014, 4)
    assert render_add_checkpoint(request) == C2SP_REQUEST


@given(st.integers(0, SIZE_MAX), HASHES)
def test_request_comes_back(old_size: int, proof: tuple[bytes, ...]) -> None:
    request = AddCheckpoint(old_size=old_size, proof=proof, note=EMPTY_NOTE)
    data = render_add_checkpoint(request)
    assert parse_add_checkpoint(data) == request
    assert render_add_checkpoint(parse_add_checkpoint(data)) == data


LINE = "A" * 43 + "=\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no checkpoint follows"),
        (b"old 0\n", "no checkpoint follows"),
        (b"0\n\n" + EMPTY_NOTE, "line 1 is not the old size"),
        (b"\n\n" + EMPTY_NOTE, "line 1 is not the old size"),
        (b"old 00\n\n" + EMPTY_NOTE, "line 1 is not a decimal"),
        (b"old -1\n\n" + EMPTY_NOTE, "line 1 is not a decimal"),
        (b"old 0 \n\n" + EMPTY_NOTE, "line 1 is not a decimal"),
        (b"old 0\r\n\r\n\n" + EMPTY_NOTE, "line 1 is not a decimal"),
        (b"old 0\nAAAA\n\n" + EMPTY_NOTE, "line 2 is not a hash"),
        (b"old 0\n" + LINE.encode() + b"x\n\n" + EMPTY_NOTE, "line 3 is not standard base64"),
        (b"old 0\n" + LINE.encode() * 64 + b"\n" + EMPTY_NOTE, "more than 63"),
        ("old 0\né\n\n".encode() + EMPTY_NOTE, "not ASCII"),
        (b"old 0\n\n" + EMPTY_NOTE[:-1], "signature line"),
        (b"old 0\n\n" + EMPTY_NOTE.replace(b"\n0\n", b"\n00\n"), "line 2 of the checkpoint"),
        (b"old 0\n\n" + b"x" * 1_100_000, "longer than"),
    ],
)
def test_malformed_requests(data: bytes, message: str) -> None:
    with pytest.raises(WitnessRefusal, match=message) as raised:
        parse_add_checkpoint(data)
    assert raised.value.refusal is Refusal.MALFORMED


def refused(call: object, *arguments: object, **named: object) -> WitnessRefusal:
    assert callable(call)
    with pytest.raises(WitnessRefusal) as raised:
        call(*arguments, **named)
    return raised.value


def test_a_submission_needs_a_known_log_and_its_signature() -> None:
    request = AddCheckpoint(0, (), EMPTY_NOTE)
    opened = open_submission(request, logs=[OTHER.verifier, NEXT_KEY.verifier, LOG.verifier])
    assert opened.checkpoint == Checkpoint("log.example/w", 0, EMPTY_ROOT)
    assert opened.signatures == (LOG.sign(opened.text),)
    refusal = refused(open_submission, request, logs=[OTHER.verifier])
    assert refusal.refusal is Refusal.UNKNOWN_LOG
    refusal = refused(open_submission, request, logs=[NEXT_KEY.verifier])
    assert refusal.refusal is Refusal.NOT_SIGNED
    # A line of a known key that does not verify condemns the note, beside a good one too.
    both = sign_checkpoint(opened.checkpoint, signers=[LOG, NEXT_KEY])
    broken = both[:-4] + b"AA=\n"
    logs = [LOG.verifier, NEXT_KEY.verifier]
    refusal = refused(open_submission, AddCheckpoint(0, (), broken), logs=logs)
    assert refusal.refusal is Refusal.NOT_SIGNED
    assert open_submission(AddCheckpoint(0, (), both), logs=logs).checkpoint == opened.checkpoint


LEAVES = [bytes([i]) * 32 for i in range(8)]


def head(size: int) -> Checkpoint:
    return Checkpoint("log.example/w", size, naive_root(LEAVES[:size]))


def asked(old_size: int, *proof: bytes) -> AddCheckpoint:
    return AddCheckpoint(old_size, proof, EMPTY_NOTE)


def test_growth_is_checked_in_the_order_of_the_specification() -> None:
    four, eight, forged = head(4), head(8), Checkpoint("log.example/w", 4, bytes(32))
    right = naive_root(LEAVES[4:])
    check_growth(asked(0), new=four, seen=None)
    check_growth(asked(0), new=head(0), seen=None)
    check_growth(asked(0), new=head(0), seen=head(0))
    check_growth(asked(4), new=four, seen=four)
    check_growth(asked(4, right), new=eight, seen=four)
    refusal = refused(check_growth, asked(9), new=eight, seen=four)
    assert refusal.refusal is Refusal.MALFORMED
    for old_size in (0, 3, 5):
        refusal = refused(check_growth, asked(old_size, right), new=eight, seen=four)
        assert (refusal.refusal, refusal.size) == (Refusal.OTHER_SIZE, 4)
    refusal = refused(check_growth, asked(3), new=head(3), seen=None)
    assert (refusal.refusal, refusal.size) == (Refusal.OTHER_SIZE, 0)
    for request, new, seen in (
        (asked(0), Checkpoint("log.example/w", 0, bytes(32)), None),
        (asked(0, right), four, None),
        (asked(4), forged, four),
        (asked(4, right), four, four),
        (asked(4), eight, four),
        (asked(4, right), eight, forged),
        (asked(4, bytes(32)), eight, four),
    ):
        refusal = refused(check_growth, request, new=new, seen=seen)
        assert (refusal.refusal, refusal.size) == (Refusal.INCONSISTENT, None)


def test_an_answer_s_cosignatures() -> None:
    lines = [W1.cosign(TEXT, time_s=NOW_S), W1_PQ.cosign(TEXT, time_s=NOW_S + 1)]
    answer = "".join(line.render() for line in lines).encode()
    both = (W1.verifier, W1_PQ.verifier)
    found = open_cosignatures(answer, text=TEXT, witnesses=both)
    assert [(v.verifier, v.time_s) for v in found] == [
        (W1.verifier, NOW_S),
        (W1_PQ.verifier, NOW_S + 1),
    ]
    assert len(open_cosignatures(answer, text=TEXT, witnesses=both[:1])) == 1
    with pytest.raises(NoteError, match="no signature of a known key"):
        open_cosignatures(answer, text=TEXT, witnesses=[LOG.verifier])
    with pytest.raises(NoteError, match="does not verify"):
        open_cosignatures(answer, text=TEXT + b"more\n", witnesses=both)
    for malformed in (b"", b"\n", b"<html>\n", answer[:-1]):
        with pytest.raises(NoteError):
            open_cosignatures(malformed, text=TEXT, witnesses=both)


def test_a_cosignature_without_a_time_is_refused() -> None:
    message = b"cosignature/v1\ntime 0\n" + TEXT
    blob = bytes(8) + Signer(name="w", seed=W1.seed).sign(message).signature
    line = Signature(W1.name, W1.verifier.key_id, blob)
    with pytest.raises(NoteError, match="no time"):
        open_cosignatures(line.render().encode(), text=TEXT, witnesses=[W1.verifier])


@given(st.integers(0, SIZE_MAX))
def test_a_size_comes_back(size: int) -> None:
    assert parse_size(render_size(size)) == size


@pytest.mark.parametrize("answer", [b"", b"5", b"05\n", b"5\n\n", "\u0665\n".encode(), b" 5\n"])
def test_other_sizes_are_refused(answer: bytes) -> None:
    with pytest.raises(NoteError, match="size of the last cosignature"):
        parse_size(answer)
