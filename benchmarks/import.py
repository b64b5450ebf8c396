"""Import a million sealed tasks of 500 bytes over HTTP, and what it takes. See README.md."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from processes import MemoryWatch, Peaks, cpu_of, machine_line, own_cpu_s
from service import item_lines, make_project, make_tenant, running, scratch

from evenhand.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS_MAX_PER_MILLION = 35.0
_MIB = 1 << 20
_EARLY_SHARE = 0.1


def main() -> None:
    """Import once; prints time, rate, CPU and the peaks of memory at 10 % and at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    tasks: int = arguments.tasks
    with scratch() as data_dir, running(data_dir, workers=arguments.workers) as service:
        tenant = make_tenant(service, annotators=0)
        project = make_project(service, tenant, name="import")
        with (
            Client(service.url, tenant.owner_key, timeout_s=900.0) as owner,
            MemoryWatch(service.pid, every_s=1.0) as watch,
        ):
            early: list[Peaks] = []
            before, own_before_s, began_s = cpu_of(service.pid), own_cpu_s(), time.perf_counter()
            batch = owner.import_items(project, _watched(tasks, watch, early), name="a million")
            took_s = time.perf_counter() - began_s
            used = cpu_of(service.pid).since(before)
            client_s = own_cpu_s() - own_before_s
        progress = owner.get(f"/projects/{project}/progress")["tasks"]
    if batch["item_count"] != tasks or progress != {"open": tasks}:
        raise SystemExit(f"not all of it came in: {batch}, {progress}")
    print(f"{tasks:,} sealed tasks over HTTP, {arguments.workers} web processes", end="")
    print(f"  [{machine_line()}]")
    print(f"  seconds                   {took_s:8.1f}   ({tasks / took_s:,.0f} tasks/s)")
    limit_s = _SECONDS_MAX_PER_MILLION * tasks / 1_000_000
    print(f"  limit                     {limit_s:8.1f}")
    print(f"  CPU seconds               client {client_s:.1f} (it also makes the lines),", end="")
    print(f" web {sum(used.web_s):.1f}, database {used.database_s:.1f}")
    _print_peaks(f"up to {_EARLY_SHARE:.0%}", early[0])
    _print_peaks("to the end", watch.peaks)


def _watched(tasks: int, watch: MemoryWatch, early: list[Peaks]) -> Iterator[bytes]:
    """The lines; notes the peaks when a tenth of them is on its way."""
    sent = 0
    for chunk in item_lines(tasks):
        yield chunk
        sent += chunk.count(b"\n")
        if not early and sent >= tasks * _EARLY_SHARE:
            early.append(watch.peaks)


def _print_peaks(when: str, peaks: Peaks) -> None:
    print(
        f"  peak memory {when:13s} client PSS {peaks.client_pss_bytes / _MIB:.0f} MiB,"
        f" web PSS {peaks.web_pss_bytes / _MIB:.0f} (RSS {peaks.web_rss_bytes / _MIB:.0f}),"
        f" database PSS {peaks.database_pss_bytes / _MIB:.0f}"
    )


if __name__ == "__main__":
    main()
