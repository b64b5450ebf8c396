"""H060 to H062: what belongs to one person's machine stays there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from house.model import Finding, Tree

__all__ = ["check_lock_hosts", "check_machine_paths", "check_private_names"]

_HOME = re.compile(
    r"(?<![\w.])/(?:home|Users)/[a-z][\w-]*/|(?<![\w.])/root/\.?\w|/work/(?:main|shared)"
)
_TOKEN = re.compile(r"[A-Za-z][\w-]{5,}")
_URL = re.compile(r"(?:https?|file)://[^\s\"'<>]*")

LOCKS = frozenset({"uv.lock", "runtime.txt", "test.txt", "package-lock.json", "vendor.lock.json"})
PUBLIC_HOSTS = frozenset({"pypi.org", "files.pythonhosted.org", "registry.npmjs.org"})
# What a lock may name beside a registry: funding pages and licences in npm's lock.
_ABOUT = re.compile(r'"(?:url|homepage|repository)":|^\s*"https://')

# Names of tools that are private to whoever uses them, as SHA-256, so that the list does not name
# them either. Add one: python -c "import hashlib,sys;print(hashlib.sha256(b'name').hexdigest())".
PRIVATE_NAMES = frozenset(
    {
        "cdc2ecc1fdee0febde56ef465d5cad55dfdc80bfea195f8f53dca423c338d71c",
        "b06493481529746e04561727de763920d76c3bb2194aeeb0b82cf9efc4fd1aa1",
    }
)


def check_machine_paths(tree: Tree) -> Iterator[Finding]:
    """No path of a person's machine stands in a file."""
    for source in tree:
        for number, line in enumerate(source.lines, start=1):
            match = _HOME.search(line)
            if match:
                sentence = f"{match.group()}… is a path of one machine."
                yield Finding(source.path, number, "H060", sentence)


def check_private_names(tree: Tree) -> Iterator[Finding]:
    """No name of a private tool stands in a file."""
    for source in tree:
        if PurePosixPath(source.path).name in LOCKS or "vendor" in source.parts:
            continue
        for number, line in enumerate(source.lines, start=1):
            for token in _TOKEN.findall(line):
                if hashlib.sha256(token.lower().encode()).hexdigest() in PRIVATE_NAMES:
                    sentence = f"{token} is a private tool's name."
                    yield Finding(source.path, number, "H061", sentence)


def check_lock_hosts(tree: Tree) -> Iterator[Finding]:
    """Lock files name the public registries and nothing else."""
    for source in tree:
        if source.name not in LOCKS:
            continue
        for number, line in enumerate(source.lines, start=1):
            if source.name == "package-lock.json" and _ABOUT.search(line):
                continue
            for url in _URL.findall(line):
                if _host_of(url) not in PUBLIC_HOSTS:
                    sentence = f"{url} is no public registry: the lock works on one machine only."
                    yield Finding(source.path, number, "H062", sentence)


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
