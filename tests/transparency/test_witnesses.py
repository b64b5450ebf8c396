"""Asking witnesses, over real witnesses in this process and over ones that misbehave."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.transparency.talk import talking
from tests.witness.wire import KEYS, LOG, Ground, asked, leaves, note, post, serving

from evenhand.platform.errors import Invalid
from evenhand.tlog import (
    Cosigner,
    Policy,
    Signer,
    TileTree,
    check_quorum,
    extend_tiles,
    open_checkpoint,
    parse_policy,
    unsafe_read_checkpoint,
)
from evenhand.transparency import LogForked, Witnesses, load_witness_policy
from evenhand.witness.state import hash_of_origin

ED, PQ = (key.verifier for key in KEYS)
AWAY = Cosigner(name="away.example/1", seed=b"a" * 32).verifier
NAME = hash_of_origin(LOG.name)


class Watch:
    """A stopwatch that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Story:
    """A log's tree for proofs; counts how often it is read."""

    def __init__(self, *, story: bytes = b"true", count: int = 300) -> None:
        entries = [story + b" %d" % i for i in range(count)]
        files = extend_tiles(old_size=0, new_size=count, entries=entries, read=_nothing)
        self.files = {file.path: file.data for file in files}
        self.note = note(leaves(count, story=story))
        self.reads = 0

    def tree(self) -> TileTree:
        self.reads += 1
        head = unsafe_read_checkpoint(self.note)
        return TileTree(size=head.size, root=head.root, read=lambda path: self.files[path])


def _nothing(path: str) -> bytes:
    raise AssertionError(path)


def policy_of(*lines: str) -> Policy:
    return parse_policy("".join(f"{line}\n" for line in lines).encode())


def one(port: int) -> Policy:
    return policy_of(f"witness w {ED.vkey} http://127.0.0.1:{port}", "quorum w")


def cosigners(cosigned: bytes, log: Signer = LOG) -> list[str]:
    signed = open_checkpoint(cosigned, log=log.verifier, witnesses=[ED, PQ])
    return [found.verifier.vkey for found in signed.cosignatures]


def accept(ground: Ground, *vkeys: str) -> None:
    (ground.folder / "logs").write_text("".join(f"{vkey}\n" for vkey in vkeys))


@asynccontextmanager
async def asking(policy: Policy, *, wait_s: float = 5.0) -> AsyncGenerator[tuple[Witnesses, Watch]]:
    watch = Watch()
    witnesses = Witnesses(policy, wait_s=wait_s, stopwatch=watch)
    try:
        yield witnesses, watch
    finally:
        await witnesses.close()


async def test_a_witness_with_two_keys_is_asked_once(tmp_path: Path) -> None:
    story = Story()
    async with serving(tmp_path) as ground:
        url = f"http://127.0.0.1:{ground.port}"
        policy = policy_of(
            f"witness ed {ED.vkey} {url}",
            f"witness pq {PQ.vkey} {url}",
            "group w all ed pq",
            "quorum w",
        )
        async with asking(policy) as (witnesses, _):
            assert not witnesses.is_enough(story.note)
            cosigned = await witnesses.cosign(story.note, story.tree, log=LOG.verifier)
            assert witnesses.is_enough(cosigned)
            check_quorum(
                policy, open_checkpoint(cosigned, log=LOG.verifier, witnesses=[ED, PQ]).cosignatures
            )
            # From an empty tree no proof is needed, and nobody is asked twice.
            assert story.reads == 0
            assert await witnesses.cosign(cosigned, story.tree, log=LOG.verifier) == cosigned


async def test_a_conflict_is_answered_with_the_right_proof(tmp_path: Path) -> None:
    story = Story()
    async with serving(tmp_path) as ground:
        await post(ground.port, asked(0, leaves(17)))
        async with asking(one(ground.port)) as (witnesses, _):
            assert cosigners(await witnesses.cosign(story.note, story.tree, log=LOG.verifier)) == [
                ED.vkey
            ]
            assert story.reads == 1
            # Now its size is known, and the next step needs no conflict.
            grown = Story(count=301)
            assert cosigners(await witnesses.cosign(grown.note, grown.tree, log=LOG.verifier)) == [
                ED.vkey
            ]


async def test_a_witness_with_an_older_state_is_brought_up(tmp_path: Path) -> None:
    async with serving(tmp_path) as ground, asking(one(ground.port)) as (witnesses, _):
        await witnesses.cosign(Story(count=5).note, Story(count=5).tree, log=LOG.verifier)
        older = ground.state.last(NAME)
        await witnesses.cosign(Story(count=9).note, Story(count=9).tree, log=LOG.verifier)
        assert older is not None
        ground.state.keep(NAME, older)
        story = Story()
        assert cosigners(await witnesses.cosign(story.note, story.tree, log=LOG.verifier)) == [
            ED.vkey
        ]


async def test_who_refuses_a_log_is_left_alone_for_that_log_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path) as ground, asking(one(ground.port)) as (witnesses, watch):
        other = Signer(name="log.example/unknown", seed=b"u" * 32)
        unknown = note(leaves(1), log=other)
        for pause_s in (1, 2, 4):
            assert await witnesses.cosign(unknown, Story().tree, log=LOG.verifier) == unknown
            assert "status 404, 'log.example/unknown' is not a known log" in caplog.text
            assert f"asked again after {pause_s} s" in caplog.text
            assert not witnesses.is_due(other.name)
            assert witnesses.is_due(LOG.name)
            watch.now_s += pause_s
            assert witnesses.is_due(other.name)
        assert cosigners(await witnesses.cosign(Story().note, Story().tree, log=LOG.verifier)) == [
            ED.vkey
        ]


async def test_who_is_away_is_left_alone_for_longer_and_longer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    story = Story()
    async with asking(one(9)) as (witnesses, watch):
        for pause_s in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
            assert await witnesses.cosign(story.note, story.tree, log=LOG.verifier) == story.note
            assert "no connection" in caplog.text
            assert f"asked again after {pause_s} s" in caplog.text
            caplog.clear()
            # Meanwhile nobody is asked.
            assert await witnesses.cosign(story.note, story.tree, log=LOG.verifier) == story.note
            assert caplog.text == ""
            watch.now_s += pause_s


async def test_the_log_s_own_signature_on_another_history_is_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    false, true, small = Story(story=b"false"), Story(), Story(count=5)
    async with serving(tmp_path) as ground:
        await post(ground.port, asked(0, leaves(300)))
        async with asking(one(ground.port)) as (witnesses, _):
            for _ in range(2):  # The second time nobody is asked.
                with pytest.raises(LogForked, match=r"has another history of .*300 entries"):
                    await witnesses.cosign(false.note, false.tree, log=LOG.verifier)
            assert "it holds another history of this log" in caplog.text
        async with asking(one(ground.port)) as (witnesses, watch):
            with pytest.raises(
                LogForked, match="with 300 entries, the database 5: it was restored"
            ):
                await witnesses.cosign(small.note, small.tree, log=LOG.verifier)
            # The tail was recovered.
            watch.now_s += 1
            cosigned = await witnesses.cosign(true.note, true.tree, log=LOG.verifier)
            assert cosigners(cosigned) == [ED.vkey]


async def test_without_it_a_witness_cannot_stop_a_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forger = Signer(name=LOG.name, seed=b"f" * 32)
    story = Story()
    async with serving(tmp_path, forger) as ground:
        await post(ground.port, asked(0, leaves(400), log=forger))
        # The witness was made to accept a key that is not the log's.
        accept(ground, forger.verifier.vkey, LOG.verifier.vkey)
        async with asking(one(ground.port)) as (witnesses, _):
            assert await witnesses.cosign(story.note, story.tree, log=LOG.verifier) == story.note
        assert "no signature of a known key" in caplog.text


SIZE = b"409 C\r\nContent-Type: text/x.tlog.size\r\n\r\n"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([b"200 OK\r\n\r\n"], "note"),
        ([b"200 OK\r\n\r\n\xe2\x80\x94 x AAAAAAAA\n"], "no signature of a known key"),
        ([b"200 OK\r\n\r\n\xff"], "not UTF-8"),
        ([b"409 C\r\n\r\n5\n"], "its 409 says nothing, not a size"),
        ([SIZE + b"five\n"], "size of the last cosignature"),
        ([SIZE + b"1\n", SIZE + b"2\n", SIZE + b"3\n"], "moved on between"),
        ([SIZE + b"999999999999\n"], "it is ahead"),
        ([b"500 E\r\n\r\nx\x1b[2J"], r"status 500, x\?\[2J"),
        ([b"503 E\r\n\r\n"], "status 503"),
        ([b"301 M\r\nLocation: http://127.0.0.1/\r\n\r\n"], "status 301"),
        ([b"400 B\r\n\r\nno"], "status 400, no"),
    ],
)
async def test_what_is_no_cosignature(
    answers: list[bytes], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story()
    said = [b"HTTP/1.1 " + answer for answer in answers]
    async with talking(*said) as talker, asking(one(talker.port)) as (witnesses, _):
        assert await witnesses.cosign(story.note, story.tree, log=LOG.verifier) == story.note
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1
    assert re.search(reason, caplog.text)


async def test_a_missing_second_key_is_not_asked_for_every_second(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story()
    async with serving(tmp_path) as ground:
        url = f"http://127.0.0.1:{ground.port}"
        policy = policy_of(
            f"witness w {ED.vkey} {url}",
            f"witness x {AWAY.vkey} {url}",
            "group g any w x",
            "quorum g",
        )
        async with asking(policy) as (witnesses, _):
            assert cosigners(await witnesses.cosign(story.note, story.tree, log=LOG.verifier)) == [
                ED.vkey
            ]
            assert "no cosignature by away.example/1+" in caplog.text
            assert not witnesses.is_due(LOG.name)


async def test_one_who_hangs_costs_the_others_a_moment(tmp_path: Path) -> None:
    story = Story()

    async with talking(b"HTTP/1.1 200", hang=True) as hung, serving(tmp_path) as ground:
        lines = [
            f"witness w {ED.vkey} http://127.0.0.1:{ground.port}",
            f"witness x {AWAY.vkey} http://127.0.0.1:{hung.port}",
        ]
        for group, wait_s in (("group g any w x", 60.0), ("group g all w x", 0.2)):
            witnesses = Witnesses(policy_of(*lines, group, "quorum g"), wait_s=wait_s)
            async with asyncio.timeout(10):
                cosigned = await witnesses.cosign(story.note, story.tree, log=LOG.verifier)
            assert cosigners(cosigned) == [ED.vkey]
            # It is still being asked, so it is not asked again beside that.
            able = {a.port for a in witnesses._at if witnesses._can_ask(a, LOG.name)}
            assert able == {ground.port}
            await witnesses.close()


def test_policies_of_a_service(tmp_path: Path) -> None:
    file = tmp_path / "policy"
    text = (
        f"witness w {ED.vkey} http://w.example\nwitness x {PQ.vkey}\ngroup g {{}} w x\nquorum g\n"
    )
    file.write_text(text.format("any"))
    assert load_witness_policy(file).witnesses[0].url == "http://w.example"
    for wrong, message in (
        (text.format("all"), "have an address in it are no quorum"),
        (text.format("any").replace("http:", "ftp:"), "no http or https address"),
        ("quorum\n", "line 1"),
    ):
        file.write_text(wrong)
        with pytest.raises(Invalid, match=message):
            load_witness_policy(file)
    with pytest.raises(Invalid, match="No such file"):
        load_witness_policy(tmp_path / "none")
