"""Memory of an idle service with its database. See README.md."""

from __future__ import annotations

import argparse
import time

from processes import cpu_of, machine_line, memory_of
from service import make_project, make_tenant, running, scratch

_PSS_MAX_MB = 200.0
_MB = 1_000_000
_SHOWN_CHARACTERS = 60


def main() -> None:
    """Start, use a little, let it rest; prints the PSS of each process and their sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rest", type=float, default=10.0, metavar="SECONDS")
    arguments = parser.parse_args()
    with scratch() as data_dir, running(data_dir, workers=arguments.workers) as service:
        tenant = make_tenant(service, annotators=1)
        make_project(service, tenant, name="idle")
        before = cpu_of(service.pid)
        time.sleep(arguments.rest)
        used = cpu_of(service.pid).since(before)
        seen = memory_of(service.pid)
    whole_mb = sum(one.pss_bytes for one in seen) / _MB
    print(f"idle for {arguments.rest:.0f} s, {arguments.workers} web processes  [{machine_line()}]")
    for one in sorted(seen, key=lambda one: -one.pss_bytes):
        print(f"  {one.pss_bytes / _MB:7.1f} MB  {one.name[-_SHOWN_CHARACTERS:]}")
    print(f"  {whole_mb:7.1f} MB  in all (PSS); limit {_PSS_MAX_MB:.0f} MB")
    busy = (sum(used.web_s) + used.database_s) / arguments.rest
    print(f"  {busy:7.1%}     of a core while idle")


if __name__ == "__main__":
    main()
