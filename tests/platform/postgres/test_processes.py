from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.platform.postgres.postmaster import is_reachable, socket_of
from evenhand.platform.postgres.processes import (
    PidFile,
    members,
    parse_pid_file,
    read_pid_file,
    running_postmaster,
    send_signal,
    serves_cluster,
    serves_cluster_by_ps,
)

words = st.from_regex(r"[!-~][ -~]{0,20}[!-~]", fullmatch=True)
pid_files = st.builds(
    PidFile,
    pid=st.integers(1, 2**22),
    port=st.none() | st.integers(1, 65535),
    socket_dir=st.none() | words,
    status=st.none() | words,
)


@settings(deadline=None)
@given(pid_files)
def test_parse_undoes_what_postgres_writes(value: PidFile) -> None:
    port = "" if value.port is None else value.port
    text = (
        f"{value.pid}\n/data\n17\n{port}\n{value.socket_dir or ''}\n*\n  1 2\n"
        f"{value.status or ''}   \n"
    )
    assert parse_pid_file(text) == value


@settings(deadline=None)
@given(st.text())
def test_parse_reads_anything(text: str) -> None:
    found = parse_pid_file(text)
    assert found is None or found.pid > 0


@pytest.mark.parametrize("text", ["", "\n", "x", "0\n"])
def test_no_pid_is_no_file(text: str) -> None:
    assert parse_pid_file(text) is None


def test_a_growing_file_and_a_single_user_backend() -> None:
    assert parse_pid_file("12\n/data\n") == PidFile(12, None, None, None)
    assert parse_pid_file("-12") == PidFile(12, None, None, None)
    assert socket_of(PidFile(12, None, None, None)) is None
    assert is_reachable(PidFile(12, None, None, "starting"))
    assert not is_reachable(PidFile(12, 5432, "/nowhere", "ready"))


def test_strangers_zombies_and_the_dead_serve_no_cluster(folder: Path) -> None:
    here = os.getpid()
    assert not serves_cluster(here, Path.cwd())
    assert not serves_cluster_by_ps(here, Path.cwd())
    zombie = subprocess.Popen(["true"], cwd=folder)
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    assert not serves_cluster(zombie.pid, folder)
    assert not serves_cluster_by_ps(zombie.pid, folder)
    zombie.wait()
    assert not serves_cluster(zombie.pid, folder)
    assert not serves_cluster_by_ps(zombie.pid, folder)
    assert not send_signal(zombie.pid, signal.SIGTERM)
    assert not list(members(folder))


def test_a_process_of_that_name_in_that_folder_serves_it(folder: Path) -> None:
    program = folder / "postgres"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    cluster = folder / "cluster"
    cluster.mkdir()
    child = subprocess.Popen([program, "60"], cwd=cluster)
    try:
        assert serves_cluster(child.pid, cluster)
        assert not serves_cluster(child.pid, folder)
        program.unlink()
        assert serves_cluster(child.pid, cluster)
        (cluster / "postmaster.pid").write_text(f"{child.pid}\n")
        assert running_postmaster(cluster) == PidFile(child.pid, None, None, None)
        assert list(members(cluster)) == [child.pid]
    finally:
        child.kill()
        child.wait()
    assert running_postmaster(cluster) is None
    assert read_pid_file(cluster) is not None
    assert read_pid_file(folder) is None
