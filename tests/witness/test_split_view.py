"""Three real witnesses and a real service: a quorum, a forged split view, deaths, old backups."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.ground import Address, LiveTenant, end_live, make_live
from tests.witness.processes import WitnessProcess, running
from tests.witness.wire import asked, post

from evenhand.identity import log_key_context
from evenhand.tlog import (
    Cosigner,
    Signer,
    TilePath,
    decode_bundle,
    leaf_hashes,
    open_checkpoint,
    parse_vkey,
    unsafe_read_checkpoint,
)
from evenhand.vault import HostedKeyHolder
from evenhand.verify import main as verify


class World:
    """A workspace's log at a live service, and the witnesses that its policy names."""

    def __init__(self, tenant: LiveTenant, witnesses: list[WitnessProcess], folder: Path) -> None:
        self.tenant = tenant
        self.witnesses = witnesses
        self.folder = folder
        self.guests = 0
        self.published = tenant.live.data_dir / "logs" / str(tenant.id)
        self.origin = parse_vkey(tenant.vkey).name

    @property
    def size(self) -> int:
        return unsafe_read_checkpoint((self.published / "checkpoint").read_bytes()).size

    def cosigners(self) -> set[str]:
        """Names of the witnesses under the published checkpoint."""
        try:
            note = (self.published / "checkpoint").read_bytes()
        except FileNotFoundError:
            return set()
        keys = [parse_vkey(one.vkey) for one in self.witnesses]
        signed = open_checkpoint(note, log=parse_vkey(self.tenant.vkey), witnesses=keys)
        return {one.verifier.name for one in signed.cosignatures}

    def until_cosigned(self, *names: str, grow: bool = False) -> None:
        """Wait until these have cosigned what is published; `grow` adds an entry now and then."""

        def holds() -> bool:
            if grow:
                self.grow()
            return self.cosigners() >= set(names)

        until(holds, seconds=20)

    def settle(self) -> None:
        """Wait until everything is published and each witness has cosigned it."""
        grown_s = time.monotonic()

        def settled() -> bool:
            nonlocal grown_s
            if time.monotonic() - grown_s > 3:
                grown_s = time.monotonic()
                self.grow()
            (row,) = self.tenant.live.sql(
                "SELECT size FROM transparency.checkpoint WHERE workspace_id = $1", self.tenant.id
            )
            sizes = [self.size, *(one.size(self.origin) for one in self.witnesses)]
            return all(size == row["size"] for size in sizes)

        until(settled, seconds=20)

    def grow(self) -> None:
        """One or more entries."""
        self.guests += 1
        guest = {"email": f"guest-{self.guests}@people.example", "name": "guest"}
        self.tenant.owner.post("/invitations", {**guest, "role": "annotator"})

    def hashes(self) -> list[bytes]:
        """Leaf hashes of the published log."""
        size = self.size
        path = TilePath(level=None, number=0, width=size)
        return leaf_hashes(decode_bundle((self.published / str(path)).read_bytes(), path=path))

    def stolen_key(self) -> Signer:
        """The log's own key, as a dishonest operator has it."""
        (row,) = self.tenant.live.sql(
            "SELECT wrapped_seed FROM transparency.log WHERE workspace_id = $1", self.tenant.id
        )
        holder = HostedKeyHolder(self.tenant.live.data_dir / "keys")
        context = log_key_context(self.tenant.id, "log_seed")
        seed = holder.unwrap(self.tenant.id, context, row["wrapped_seed"])
        return Signer(name=self.origin, seed=seed)


def until(holds: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def policy_text(witnesses: list[tuple[str, str]], threshold: int = 2) -> str:
    lines = [f"witness w{i} {vkey} {url}" for i, (vkey, url) in enumerate(witnesses)]
    members = " ".join(f"w{i}" for i in range(len(witnesses)))
    return "".join(f"{x}\n" for x in [*lines, f"group q {threshold} {members}", "quorum q"])


@pytest.fixture(scope="module")
def world(template: Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patched, running(folder, 3) as witnesses:
        policy = folder / "policy"
        policy.write_text(policy_text([(one.vkey, one.url) for one in witnesses]))
        patched.setenv("EVENHAND_WITNESS_POLICY", str(policy))
        live = make_live(template, workers=2)
        try:
            tenant = live.workspace()
            for one in witnesses:
                one.accept(tenant.vkey)
            made = World(tenant, witnesses, folder)
            made.grow()
            made.until_cosigned("w0.example/a", "w1.example/a", "w2.example/a")
            yield made
        finally:
            end_live(template, live)


def test_strangers_verify_the_quorum(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    tenant, folder = world.tenant, world.folder
    (folder / "api-key").write_text(tenant.owner_key)
    proof = folder / "a.tlog-proof"
    proof.write_bytes(tenant.owner.receipt(0))
    foreign = folder / "foreign"
    others = [Cosigner(name=f"w{i}.example/a", seed=bytes([i]) * 32) for i in range(3)]
    foreign.write_text(policy_text([(one.verifier.vkey, "http://w.example") for one in others]))
    log = f"{tenant.live.url}/log/{tenant.id}"
    commands = (
        ["log", "verify", log, "--api-key-file", str(folder / "api-key")],
        ["receipt", "verify", str(proof)],
    )
    for command in commands:
        for policy, code in ((folder / "policy", 0), (foreign, 1)):
            given = [*command, "--key", tenant.vkey, "--policy", str(policy)]
            assert verify(given) == code, capsys.readouterr().err
        said = capsys.readouterr()
        assert said.out.count("cosigned: w") >= 2
        assert "group q has 0 of the 2 that it needs out of 3" in said.err


def test_a_split_view_is_found_within_ten_seconds(world: World) -> None:
    world.settle()
    true, signer = world.hashes(), world.stolen_key()
    sizes = [one.size(world.origin) for one in world.witnesses]
    began = time.monotonic()
    # Another last entry, under the log's own key: at the same size, and grown from there.
    false = [*true[:-1], *leaf_hashes([b"what the customer shall not see"])]
    for fork in (false, [*false, *leaf_hashes([b"more"])]):
        for one in world.witnesses:
            said = asyncio.run(post(one.port, asked(len(true), fork, log=signer)))
            assert said.status == 422
    assert time.monotonic() - began < 10
    for one in world.witnesses:
        assert one.refused(world.origin) >= 2
        assert f"contradiction of size {len(true)}" in one.output
    # Nobody cosigned it, and the true log goes on.
    assert [one.size(world.origin) for one in world.witnesses] == sizes
    world.grow()
    until(lambda: world.size > len(true), seconds=10)
    world.until_cosigned("w0.example/a", "w1.example/a", "w2.example/a")


def test_a_witness_that_is_killed_is_missed_by_nobody_and_catches_up(world: World) -> None:
    world.settle()
    killed = world.witnesses[2]
    killed.kill()
    before, was = world.size, killed.size(world.origin)
    world.grow()
    until(lambda: world.size > before, seconds=10)
    world.until_cosigned("w0.example/a", "w1.example/a")
    assert killed.size(world.origin) == was
    killed.start()
    killed.wait_ready()
    world.until_cosigned("w2.example/a", grow=True)
    assert killed.size(world.origin) > was


def test_an_older_state_refuses_nothing_wrongly_and_signs_no_fork(world: World) -> None:
    old = world.witnesses[1]
    (file,) = (old.folder / "cosigned").iterdir()
    older, was = file.read_bytes(), old.size(world.origin)
    world.until_cosigned("w1.example/a", grow=True)
    until(lambda: old.size(world.origin) > was, seconds=10)
    assert old.stop() == 0
    file.write_bytes(older)
    old.start()
    old.wait_ready()
    # A fork before its old state is refused at once.
    signer, true = world.stolen_key(), world.hashes()
    false = [*leaf_hashes([b"another story"]), *true[1:]]
    said = asyncio.run(post(old.port, asked(was, false, log=signer)))
    assert said.status == 422
    # The service does not know that it has fallen behind, is told, and brings the proof.

    def has_caught_up() -> bool:
        world.grow()
        return old.size(world.origin) > len(true)

    until(has_caught_up, seconds=20)
