import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tlog.test_keys import NOW_S, TEXT

from evenhand.tlog import (
    Algorithm,
    Cosigner,
    Policy,
    PolicyError,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    QuorumError,
    Signer,
    Verified,
    check_quorum,
    is_quorum,
    parse_policy,
    render_policy,
)

LOGS = [Signer(name=f"log.example/{i}", seed=bytes([i]) * 32).verifier for i in range(3)]
WITNESSES = [
    Cosigner(
        name=f"w.example/{i}",
        seed=bytes([50 + i]) * 32,
        algorithm=Algorithm.ML_DSA_44 if i == 5 else Algorithm.COSIGNATURE_V1,
    )
    for i in range(6)
]
X1, X2, X3, Y1, Y2, Y3 = (w.verifier.vkey for w in WITNESSES)

# The example of C2SP tlog-policy.
EXAMPLE = f"""log {LOGS[0].vkey}

witness X1 {X1}
witness X2 {X2}
witness X3 {X3}
group X-witnesses 2 X1 X2 X3

witness Y1 {Y1}
witness Y2 {Y2}
witness Y3 {Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
""".encode()


def cosignatures(*which: int) -> list[Verified]:
    found: list[Verified] = []
    for i in which:
        line = WITNESSES[i].cosign(TEXT, time_s=NOW_S)
        found.append(Verified(WITNESSES[i].verifier, line, NOW_S))
    return found


@pytest.mark.parametrize(
    ("which", "enough"),
    [
        ((0, 1, 3), True),
        ((1, 2, 5), True),
        ((0, 1, 2, 3, 4, 5), True),
        ((0, 1), False),
        ((0, 3, 4, 5), False),
        ((), False),
    ],
)
def test_the_specification_s_example(which: tuple[int, ...], enough: bool) -> None:
    policy = parse_policy(EXAMPLE)
    found = cosignatures(*which)
    assert is_quorum(policy, [verified.verifier for verified in found]) is enough
    if enough:
        assert [w.verifier for w in check_quorum(policy, found)] == [v.verifier for v in found]
    else:
        with pytest.raises(QuorumError):
            check_quorum(policy, found)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(QuorumError) as raised:
        check_quorum(parse_policy(EXAMPLE), cosignatures(1))
    assert str(raised.value) == (
        "the quorum of the policy is not reached: group X-and-Y has 0 of the 2 that it needs out"
        " of 2 (group X-witnesses has 1 of the 2 that it needs out of 3 (no cosignature of witness"
        " X1, w.example/0; no cosignature of witness X3, w.example/2); group Y-witnesses has 0 of"
        " the 1 that it needs out of 3 (no cosignature of witness Y1, w.example/3; no cosignature"
        " of witness Y2, w.example/4; no cosignature of witness Y3, w.example/5))"
    )


def test_one_witness_none_and_foreign_ones() -> None:
    one = parse_policy(f"witness é {X1} https://w.example/\nquorum é\n".encode())
    assert one.witnesses == (PolicyWitness("é", WITNESSES[0].verifier, "https://w.example/"),)
    assert check_quorum(one, cosignatures(0)) == one.witnesses
    with pytest.raises(QuorumError, match=r"no cosignature of witness é, w\.example/0"):
        check_quorum(one, cosignatures(1, 2))
    octets = parse_policy(b"witness \xff\xe9 " + X1.encode() + b"\nquorum \xff\xe9\n")
    with pytest.raises(QuorumError, match=r"witness \\xff\\xe9,"):
        check_quorum(octets, [])
    assert check_quorum(parse_policy(b"quorum none\n"), []) == ()


def test_logs_by_their_origin() -> None:
    policy = parse_policy(EXAMPLE)
    assert policy.logs_of("log.example/0") == (LOGS[0],)
    assert policy.logs_of("log.example/1") == ()
    assert policy.verifiers == tuple(w.verifier for w in WITNESSES)


OCTETS = st.binary(min_size=1, max_size=4).map(
    lambda raw: bytes(c | 0x80 for c in raw).decode(errors="surrogateescape")
)
NAMES = st.text("abcAll", min_size=1, max_size=4) | OCTETS
URLS = st.none() | st.sampled_from(["https://w.example/a", "#", "http://é/"])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    logs = [
        PolicyLog(key, draw(URLS)) for key in draw(st.lists(st.sampled_from(LOGS), unique=True))
    ]
    keys = draw(st.lists(st.sampled_from([w.verifier for w in WITNESSES]), unique=True))
    names = draw(st.lists(NAMES, unique=True, min_size=len(keys), max_size=len(keys) + 3))
    witnesses = [PolicyWitness(n, k, draw(URLS)) for n, k in zip(names, keys, strict=False)]
    free, groups = [w.name for w in witnesses], list[PolicyGroup]()
    for name in names[len(keys) :]:
        if free:
            members = draw(st.lists(st.sampled_from(free), unique=True, min_size=1))
            free = [one for one in free if one not in members] + [name]
            least = draw(st.integers(1, len(members)))
            groups.append(PolicyGroup(name, least, tuple(members)))
    known = ["none", *(w.name for w in witnesses), *(g.name for g in groups)]
    return Policy(tuple(logs), tuple(witnesses), tuple(groups), draw(st.sampled_from(known)))


@settings(max_examples=50)
@given(policies())
def test_policy_comes_back(policy: Policy) -> None:
    text = render_policy(policy)
    assert parse_policy(text) == policy
    assert render_policy(parse_policy(text)) == text
    spread = text.replace(b" ", b" \t").replace(b"\n", b"\t\n # said twice\n\n")
    assert parse_policy(spread) == policy


@settings(max_examples=50)
@given(policies(), st.sets(st.integers(0, 5)))
def test_more_cosignatures_never_hurt(policy: Policy, which: set[int]) -> None:
    some = [WITNESSES[i].verifier for i in which]
    if is_quorum(policy, some):
        assert is_quorum(policy, policy.verifiers)
    assert is_quorum(policy, [w.verifier for w in WITNESSES])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: .*without a quorum"),
        ("# nothing\n", "line 2: .*without a quorum"),
        ("quorum none", "line 1: it does not end in a newline"),
        ("quorum none\n# x", "line 2: it does not end in a newline"),
        ("quorum none\r\n", "line 1: .*0x0d"),
        ("\nquorum none\x7f\n", "line 2: .*0x7f"),
        ("quorum none\nquorum none\n", "line 2: .*quorum above already"),
        ("quorum\n", "line 1: it is not written quorum"),
        ("quorum a b\n", "line 1: it is not written quorum"),
        ("quorum a\n", "line 1: no witness or group above is named 'a'"),
        ("Quorum none\n", "line 1: 'Quorum' is not one of"),
        ("log x\n", r"line 1: a verifier key"),
        ("log\n", "line 1: it is not written log"),
        (f"log {X1}\n", "line 1: .*key of a witness"),
        (f"log {LOGS[0].vkey}\nlog {LOGS[0].vkey} u\n", "line 2: the key of log .* already"),
        (f"witness a {LOGS[0].vkey}\n", "line 1: .*key of a log"),
        (f"witness {X1}\n", "line 1: it is not written witness"),
        (f"witness a {X1} u v\n", "line 1: it is not written witness"),
        (f"witness a {X1}\nwitness b {X1}\n", "line 2: the key of witness .* already"),
        (f"witness a {X1}\nwitness a {X2}\n", "line 2: the name 'a' is taken"),
        (f"witness none {X1}\n", "line 1: the name 'none' is taken"),
        (f"witness a {X1}\ngroup a any a\n", "line 2: the name 'a' is taken"),
        ("group a any\n", "line 1: it is not written group"),
        ("group a any b\n", "line 1: no witness or group above is named 'b'"),
        ("group a any none\n", "line 1: no witness or group above is named 'none'"),
        ("group a any a\n", "line 1: no witness or group above is named 'a'"),
        (f"witness a {X1}\ngroup g any a a\n", "line 2: 'a' is a member of a group already"),
        (f"witness a {X1}\ngroup g any a\ngroup h any a\n", "line 3: 'a' is a member"),
        (f"witness a {X1}\ngroup g 0 a\n", "line 2: 0 does not lie between 1 and 1"),
        (f"witness a {X1}\ngroup g 2 a\n", "line 2: 2 does not lie between 1 and 1"),
        (f"witness a {X1}\ngroup g 01 a\n", "line 2: '01' is not any, all or a number"),
        (f"witness a {X1}\ngroup g most a\n", "line 2: 'most' is not any, all or a number"),
        ("#" * 1_000_001, "longer than"),
    ],
)
def test_malformed_policies_name_their_line(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_policy(text.encode())


def test_thirty_two_of_each() -> None:
    lines: list[str] = []
    for i in range(32):
        lines.append(f"log {Signer(name='l', seed=bytes([i]) * 32).verifier.vkey}\n")
        key = Cosigner(name="w", seed=bytes([100 + i]) * 32).verifier.vkey
        lines += [f"witness w{i} {key}\n", f"group g{i} all w{i}\n"]
    members = " ".join(f"g{i}" for i in range(32))
    policy = parse_policy("".join([*lines, f"group all 32 {members}\nquorum all\n"]).encode())
    assert (len(policy.logs_of("l")), len(policy.groups)) == (32, 33)
    assert is_quorum(policy, policy.verifiers)
    assert not is_quorum(policy, policy.verifiers[1:])
