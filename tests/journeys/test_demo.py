"""The demo as a user runs it: interrupted in the middle, run again, every judgment counted once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PREFERENCES, _TIES, _ITEMS, _MODELS = 5_460, 3_471, 2_139, 59


def _demo(data: Path) -> subprocess.Popen[str]:
    # A shell that starts the tests in the background hands down an ignored SIGINT; a handled one
    # is reset for the child.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "evenhand", "demo", "--data", str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupted_demo_is_finished_by_the_next_run(tmp_path: Path) -> None:
    """Ctrl-C while judgments are being replayed; the second run adds only what is missing."""
    tmp_path.chmod(0o711)
    data = tmp_path / "data"
    first = _demo(data)
    state = data / "demo" / "state.json"
    deadline = time.monotonic() + 120
    # The applicant and the auditor are invited last: soon after, the replay is under way.
    while not (state.exists() and "auditor" in state.read_text()):
        assert first.poll() is None, first.communicate()[1][-2000:]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(4)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert first.returncode in {1, 130}, said[-2000:]

    second = _demo(data)
    told, said = second.communicate(timeout=300)
    assert second.returncode == 0, said[-2000:]
    folder = data / "demo"
    preferences = (folder / "preferences.jsonl").read_text().splitlines()
    ties = (folder / "ties.jsonl").read_text().splitlines()
    assert (len(preferences), len(ties)) == (_PREFERENCES, _TIES)
    judgments = [json.loads(line)["judgment_id"] for line in (*preferences, *ties)]
    assert len(set(judgments)) == len(judgments)
    assert len((folder / "consensus.jsonl").read_text().splitlines()) == _ITEMS
    assert len((folder / "leaderboard.csv").read_text().splitlines()) == _MODELS + 1
    flat = " ".join(told.split())
    for sentence in (
        "8,931 real judgments by 124 people",
        "Simulated: always right: 7 of 7 right",
        "Simulated: always wrong: 0 of 7 right",
        "is a rival of this customer",
        "evenhand log verify: accepted",
        "evenhand receipt verify: accepted",
        "Invented: the customer, the split of the people into two vendors",
    ):
        assert sentence in flat
