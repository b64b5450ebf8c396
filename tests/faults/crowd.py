"""Many annotators who lease and submit whatever happens to the service, and remember it all."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from tests.faults.processes import House, wait_until
from tests.faults.worlds import bring_in, invite, item_lines, make_project

from evenhand.client import ApiError, Client, Lease, Unreachable

CHOICES = ("left", "right", "tie")
# What a service in trouble may say; anything else is a defect.
_PASSING = {"database_away", "log_unavailable", "key_unavailable", "unavailable"}


@dataclass(slots=True)
class Memory:
    """What the clients were told."""

    acknowledged: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Lease to judgment and choice."""
    released: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Lease to item and the leaf of its first look."""
    problems: list[str] = field(default_factory=list)
    troubles: int = 0


class Annotator:
    """One person with one connection in one thread."""

    def __init__(self, house: House, key: str, project: str) -> None:
        self.memory = Memory()
        self._client = Client(house.url, key, timeout_s=10.0)
        self._project = project
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> Memory:
        """Stop after the answer that is being given."""
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.memory

    def _work(self) -> None:
        waiting: list[Lease] = []
        with self._client:
            while not self._stop.is_set():
                try:
                    if not waiting:
                        waiting = self._client.lease(self._project, hold=2)
                        self._note(waiting)
                        if not waiting:
                            return
                    lease = waiting[0]
                    waiting += self._submit(lease, waiting[1:])
                    waiting.remove(lease)
                except Unreachable:
                    self._rest()
                except ApiError as error:
                    if error.status == 503 and error.code in _PASSING:
                        self._rest()
                    elif error.code in {"lease_expired", "lease_ended"}:
                        waiting = []
                    else:
                        self.memory.problems.append(str(error))
                        return

    def _submit(self, lease: Lease, rest: list[Lease]) -> list[Lease]:
        # The same person may sit at two services: both give the same answer to a lease.
        choice = CHOICES[int(lease.id[-4:], 16) % len(CHOICES)]
        said = self._client.submit(
            self._project,
            lease.id,
            {"choice": choice, "order": lease.order},
            hold=2,
            have=[one.id for one in rest],
        )
        before = self.memory.acknowledged.setdefault(lease.id, (said.id, choice))
        if before != (said.id, choice):
            self.memory.problems.append(f"lease {lease.id}: two judgments")
        self._note(said.leases)
        return said.leases

    def _note(self, leases: list[Lease]) -> None:
        for lease in leases:
            self.memory.released.setdefault(lease.id, (lease.item_id, lease.receipt.index))

    def _rest(self) -> None:
        self.memory.troubles += 1
        time.sleep(0.2)


@dataclass(slots=True)
class Crowd:
    """A workspace with a project and its annotators."""

    workspace: str
    vkey: str
    owner: str
    project: str
    keys: list[str]
    annotators: list[Annotator] = field(default_factory=list)

    def start(self, house: House) -> None:
        self.annotators = [Annotator(house, key, self.project) for key in self.keys]
        for one in self.annotators:
            one.start()

    @property
    def done(self) -> int:
        """Acknowledged judgments so far."""
        return sum(len(one.memory.acknowledged) for one in self.annotators)

    def end(self) -> Memory:
        """Stop all; what they were told together."""
        together = Memory()
        for one in self.annotators:
            memory = one.end()
            together.acknowledged |= memory.acknowledged
            together.released |= memory.released
            together.problems += memory.problems
            together.troubles += memory.troubles
        return together


def make_crowd(house: House, name: str, *, people: int, items: int, **more: object) -> Crowd:
    """A workspace with `people` annotators and `items` items, two judgments each."""
    made = house.make_workspace(name)
    owner = house.accept(made["owner_code"])
    project = make_project(house, owner, **{"judgments_per_item": 2, **more})
    keys = [invite(house, owner, f"{name}-{number}")[1] for number in range(people)]
    assert bring_in(house, project, item_lines(items), key=owner).status == 201
    return Crowd(made["id"], made["log_vkey"], owner, project, keys)


def wait_for_progress(crowd: Crowd, more: int, *, seconds: float = 15.0) -> None:
    """Wait until so many more judgments are acknowledged."""
    start = crowd.done
    wait_until(lambda: crowd.done >= start + more, seconds=seconds, what=f"{more} more judgments")
