"""Cycles per second: submit and lease over HTTP, sealing and log on. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import uvloop
from bare import run_bare
from load import Load, percentile_ms, run_load
from processes import CpuUse, cpu_of, machine_line, own_cpu_s
from service import Running, Tenant, item_lines, make_project, make_tenant, running, scratch

from evenhand.client import Client

if TYPE_CHECKING:
    from pathlib import Path

_WARM_S = 5.0
_SETTLE_MOST_S = 180.0
_QUIET_SECONDS = 6  # Longer than autovacuum's nap.
_QUIET_CPU_S = 0.1
_RATE_MIN = 1000.0
_P99_MAX_MS = 50.0


@dataclass(frozen=True, slots=True)
class _Seen:
    load: Load
    used: CpuUse
    client_s: float


def main() -> None:
    """Measure at each size, over HTTP and bare; prints one block for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--annotators", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--no-bare", action="store_true", help="leave out bare PostgreSQL")
    arguments = parser.parse_args()
    sizes: list[tuple[int, _Seen]] = []
    with scratch() as data_dir:
        tenant: Tenant | None = None
        for tasks in arguments.tasks:
            with running(data_dir, workers=arguments.workers) as service:
                tenant = tenant or make_tenant(service, annotators=arguments.annotators)
                project = _filled(service, tenant, tasks)
                _settle(service)
                seen = uvloop.run(_over_http(service, tenant, project, arguments.seconds))
            sizes.append((tasks, seen))
            _print(f"{tasks:,} open tasks over HTTP, {arguments.workers} web processes", seen)
            if not arguments.no_bare:
                bare = _bare(data_dir, tenant, project, arguments.seconds)
                _print(f"{tasks:,} open tasks, the same statements on bare PostgreSQL", bare)
                print(f"  ours as a share of bare       {seen.load.rate / bare.load.rate:8.0%}")
    _print_verdict(sizes)


def _filled(service: Running, tenant: Tenant, tasks: int) -> str:
    project = make_project(service, tenant, name=f"{tasks} tasks")
    with Client(service.url, tenant.owner_key, timeout_s=600.0) as owner:
        owner.import_items(project, item_lines(tasks), name="filling")
    return project


def _settle(service: Running) -> None:
    """Wait until the database is done with what an import leaves behind (vacuum, statistics)."""
    until_s = time.monotonic() + _SETTLE_MOST_S
    quiet = 0
    before = cpu_of(service.pid)
    while quiet < _QUIET_SECONDS and time.monotonic() < until_s:
        time.sleep(1.0)
        now = cpu_of(service.pid)
        quiet = quiet + 1 if now.since(before).database_s < _QUIET_CPU_S else 0
        before = now


async def _over_http(service: Running, tenant: Tenant, project: str, seconds: float) -> _Seen:
    measured = asyncio.Event()
    running_load = asyncio.create_task(
        run_load(
            service,
            project=project,
            keys=tenant.annotator_keys,
            warm_s=_WARM_S,
            seconds=seconds,
            measured=measured,
        )
    )
    began = asyncio.create_task(measured.wait())
    await asyncio.wait({running_load, began}, return_when=asyncio.FIRST_COMPLETED)
    before, own_before = cpu_of(service.pid), own_cpu_s()
    load = await running_load
    return _Seen(load, cpu_of(service.pid).since(before), own_cpu_s() - own_before)


def _bare(data_dir: Path, tenant: Tenant, project: str, seconds: float) -> _Seen:
    load, used = uvloop.run(
        run_bare(
            data_dir,
            workspace=UUID(tenant.workspace),
            project=UUID(project),
            keys=tenant.annotator_keys,
            warm_s=_WARM_S,
            seconds=seconds,
        )
    )
    # The driver is the only process beside the database.
    return _Seen(load, CpuUse((), used.database_s), sum(used.web_s))


def _print(title: str, seen: _Seen) -> None:
    load, count = seen.load, len(seen.load.latencies_s)
    web_s = sum(seen.used.web_s)
    whole_s = seen.client_s + web_s + seen.used.database_s
    share = whole_s / (load.seconds * (os.cpu_count() or 1))
    print(f"{title}  [{machine_line()}]")
    print(f"  cycles per second             {load.rate:8.0f}")
    for share_of, name in ((0.5, "p50"), (0.99, "p99"), (1.0, "max")):
        took_ms = percentile_ms(load.latencies_s, share_of)
        print(f"  {name}                           {took_ms:8.1f} ms")
    print(f"  CPU per cycle                 {whole_s / count * 1000:8.3f} ms", end="")
    print(
        f" = client {seen.client_s / count * 1000:.3f}, web {web_s / count * 1000:.3f},"
        f" database {seen.used.database_s / count * 1000:.3f}"
    )
    each = ", ".join(f"{one / load.seconds:.0%}" for one in seen.used.web_s)
    print(f"  share of the cores' time      {share:8.0%}", end="")
    print(f"   (each process of the service, of a core: {each})" if each else "")


def _print_verdict(sizes: list[tuple[int, _Seen]]) -> None:
    first = sizes[0][1].load.rate
    for tasks, seen in sizes:
        p99_ms = percentile_ms(seen.load.latencies_s, 0.99)
        met = seen.load.rate >= _RATE_MIN and p99_ms < _P99_MAX_MS
        print(
            f"{tasks:,} tasks: {seen.load.rate / first:.0%} of the rate at the first size; floor of"
            f" {_RATE_MIN:.0f} cycles/s with p99 under {_P99_MAX_MS:.0f} ms"
            f" {'met' if met else 'NOT met'}"
        )


if __name__ == "__main__":
    main()
