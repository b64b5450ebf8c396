"""The steps of the demo, against a service of its own in another process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from evenhand.client import Client
from evenhand.platform.errors import Unavailable

from .cast import denial_of, gather_cast
from .dataset import Dataset
from .replay import GOLD_ID, answer_gold, import_gold, import_pairs, replay
from .state import DemoState, ensure_workspace
from .summary import Story, print_summary
from .workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from evenhand.platform.settings import Settings

__all__ = ["run_demo"]

_READY_WITHIN_S = 120.0
_FILES = (
    ("trl", "preferences.jsonl"),
    ("trl-ties", "ties.jsonl"),
    ("consensus", "consensus.jsonl"),
    ("leaderboard", "leaderboard.csv"),
)


def run_demo(settings: Settings, *, stay: bool) -> int:
    """Run the main job; with `stay`, leave the service running until it is interrupted.

    Gives the exit code: 0, or 1 when a count or a verification is not what it must be.
    """
    settings.make_data_dir()
    folder = settings.data_dir / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = DemoState(folder / "state.json")
    console = Console(stderr=True)
    with _service(settings, stay=stay) as url:
        asyncio.run(ensure_workspace(settings, state))
        story = _play(url, settings, state, folder, console)
        print_summary(Console(), story)
        good = story.is_whole
        if stay:
            open_workshop(url, settings, state, Console())
            _stay()
    return 0 if good else 1


def _play(url: str, settings: Settings, state: DemoState, folder: Path, console: Console) -> Story:
    data = Dataset()
    with (
        Client(url, state.find("owner_key")) as owner,
        Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        ) as bars,
    ):
        inviting = bars.add_task("inviting people", total=len(data.people) + 4)
        cast = gather_cast(
            url, owner, settings=settings, state=state, people=data.people,
            step=lambda: bars.advance(inviting),
        )  # fmt: skip
        project = _project(owner, data)
        denial = denial_of(url, cast.applicant, project)

        importing = bars.add_task("importing sealed pairs", total=len(data.pairs) + 7)
        pairs = import_pairs(owner, project, data, cast)
        bars.advance(importing, len(data.pairs))
        import_gold(owner, project, data, cast)
        bars.advance(importing, 7)
        pair_of_item, training_of_item = _items(owner, project)

        replaying = bars.add_task("replaying real judgments", total=len(data.comparisons))
        done_before: int = owner.get(f"/projects/{project}/progress")["tasks"].get("done", 0)
        bars.advance(replaying, done_before)
        began = time.perf_counter()
        submitted = replay(
            url,
            project,
            data,
            annotators=cast.annotators,
            pair_of_item=pair_of_item,
            step=lambda count: bars.advance(replaying, count),
        )
        took = time.perf_counter() - began
        feedback = answer_gold(url, project, data, cast, training_of_item)

        finishing = bars.add_task("aggregating, exporting, verifying", total=6)
        run = _aggregate(owner, project)
        bars.advance(finishing)
        ranking = owner.get(f"/consensus/{run['id']}/ranking")["items"]
        files: dict[str, tuple[Path, int]] = {}
        for form, name in _FILES:
            files[form] = _export(owner, project, form, run["id"], folder / name)
            bars.advance(finishing)
        checks = _verify(url, settings, state, folder=folder, owner=owner, project=project)
        bars.advance(finishing)
        return Story(
            data=data,
            project=project,
            batch=pairs,
            submitted=submitted,
            seconds=took,
            run=run,
            ranking=ranking,
            exposure=owner.get("/exposure"),
            gold=_gold_scores(owner, project),
            feedback=feedback,
            denial=denial,
            files=files,
            checks=checks,
            folder=folder,
        )


def _project(owner: Client, data: Dataset) -> str:
    made: str = owner.post(
        "/projects",
        {
            "name": "Which AI is better?",
            "task_type": "pairwise",
            "settings": {"tie": True, "reason": "optional", "order": "given"},
            "instructions": data.instructions,
            "judgments_per_item": 5,
        },
        idempotency_key="demo-project",
    )["id"]
    return made


def _items(owner: Client, project: str) -> tuple[dict[str, int], dict[str, int]]:
    """The service's item ids beside the ids of the data, from the owner's own export."""
    _, chunks = owner.export(project, "items")
    pairs: dict[str, int] = {}
    training: dict[str, int] = {}
    for line in b"".join(chunks).splitlines():
        row = json.loads(line)
        name: str = row["id"]
        if name.startswith(GOLD_ID):
            training[row["item_id"]] = int(name.removeprefix(GOLD_ID))
        else:
            pairs[row["item_id"]] = int(name)
    return pairs, training


def _aggregate(owner: Client, project: str) -> dict[str, Any]:
    run: dict[str, Any] = owner.post(f"/projects/{project}/consensus", {"method": "default"})
    while run["state"] not in {"done", "failed"}:
        time.sleep(0.1)
        run = owner.get(f"/consensus/{run['id']}")
    if run["state"] == "failed":
        raise Unavailable(f"The aggregation failed: {run['failure']}")
    return run


def _gold_scores(owner: Client, project: str) -> list[dict[str, Any]]:
    """Scores, once the background jobs are through with the 14 gold judgments."""
    for _ in range(300):
        scores: list[dict[str, Any]] = owner.get(f"/projects/{project}/gold/scores")["items"]
        if sum(score["scored_count"] for score in scores) >= 14:  # noqa: PLR2004 - 7 pairs, 2 people
            return scores
        time.sleep(0.1)
    raise Unavailable("The gold judgments were not scored within 30 s.")


def _export(owner: Client, project: str, form: str, run: str, path: Path) -> tuple[Path, int]:
    """Write an export; gives its path and count of records."""
    _, chunks = owner.export(project, form, run=run)
    fresh = path.with_suffix(path.suffix + ".new")
    lines = 0
    with fresh.open("wb") as file:
        for chunk in chunks:
            lines += chunk.count(b"\n")
            file.write(chunk)
    fresh.replace(path)
    return path, lines - (1 if form == "leaderboard" else 0)


def _verify(
    url: str, settings: Settings, state: DemoState, *, folder: Path, owner: Client, project: str
) -> list[tuple[str, int, str]]:
    """Run the two verifying commands as an auditor would; gives command, exit code, output."""
    log = owner.logs()[0]
    key_file = folder / "auditor.key"
    key_file.write_text(state.find("auditor")["api_key"] + "\n")
    key_file.chmod(0o600)
    receipt = folder / "receipt.txt"
    look = owner.get(f"/projects/{project}/instructions")["receipt"]
    receipt.write_bytes(owner.receipt(look["index"]))
    commands = [
        [
            "log",
            "verify",
            f"{url}/log/{log['workspace']}",
            "--key",
            log["vkey"],
            "--state",
            str(folder / "log-state.json"),
            "--api-key-file",
            str(key_file),
        ],
        ["receipt", "verify", str(receipt), "--data", str(settings.data_dir)],
    ]
    done: list[tuple[str, int, str]] = []
    for command in commands:
        ran = subprocess.run(
            [sys.executable, "-m", "evenhand", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        done.append(
            (
                f"evenhand {command[0]} {command[1]}",
                ran.returncode,
                ran.stdout.strip() or ran.stderr.strip(),
            )
        )
    return done


@contextlib.contextmanager
def _service(settings: Settings, *, stay: bool) -> Generator[str]:
    """`evenhand up` in a process of its own; stopped cleanly at the end."""
    ready = settings.data_dir / "demo" / "ready.json"
    ready.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "evenhand",
        "up",
        "--data",
        str(settings.data_dir),
        "--ready-file",
        str(ready),
        "--workers",
        "2",
        "--port",
        str(settings.port if stay else 0),
    ]
    log = (settings.data_dir / "demo" / "service.log").open("ab")
    child = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + _READY_WITHIN_S
        while not ready.exists():
            if child.poll() is not None:
                said = (settings.data_dir / "demo" / "service.log").read_text()[-500:]
                raise Unavailable(f"The service did not start: {said.strip()}")
            if time.monotonic() > deadline:
                raise Unavailable("The service was not ready in time; see demo/service.log.")
            time.sleep(0.02)
        yield json.loads(ready.read_text())["url"]
    finally:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(30)
        log.close()


def _stay() -> None:
    """Until Ctrl-C or SIGTERM; the service is stopped by who started it."""
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
