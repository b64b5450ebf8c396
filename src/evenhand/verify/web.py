"""Reading a log over HTTP with the standard library alone, from a server that is not trusted.

Bounds: only http and https; no redirect to another host; each answer at most as long as its file
can be, also after decompression; each request at most ``DEADLINE_S`` from first to last byte; a
passing fault is tried again twice.
"""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from typing import IO, Protocol

from evenhand.tlog import TilePath
from evenhand.verify.errors import UnreachableError, VerificationError, WrongUseError

DEADLINE_S = 60.0
STALL_S = 15.0
PAUSES_S = (0.3, 1.5)

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_PIECE_BYTES = 65_536
_GZIP_WINDOW = 31
_PASSING = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where the request, and its API key, went in the first place."""

    def redirect_request(  # noqa: PLR0917 (the standard library calls it so)
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            raise UnreachableError(f"{req.full_url} redirects to another host, {new.netloc!r}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # pyright: ignore[reportArgumentType]


def _opener(host: str) -> urllib.request.OpenerDirector:
    """Return an opener that speaks http and https and nothing else.

    The proxies of the environment are used, but never to reach this machine itself.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if host in _THIS_MACHINE else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SameHost(),
    ):
        opener.add_handler(handler)
    return opener


@dataclass(frozen=True, slots=True)
class WebSource:
    """A log at an address, below which ``checkpoint`` and ``tile`` lie.

    ``api_key`` is sent as a bearer token, to that host only.

    Raises:
        WrongUseError: The address is not one of a log.
    """

    address: str
    api_key: str | None = field(default=None, repr=False)
    pauses_s: tuple[float, ...] = PAUSES_S
    deadline_s: float = DEADLINE_S
    _opener: urllib.request.OpenerDirector = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse an address that is not plainly http or https."""
        try:
            parts = urllib.parse.urlsplit(self.address)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError as error:
            raise WrongUseError(f"{self.address!r} is not an address: {error}") from error
        if not usable or not self.address.isascii() or not self.address.isprintable():
            raise WrongUseError(f"{self.address!r} is not an http or https address")
        if parts.username is not None or "?" in self.address or "#" in self.address:
            raise WrongUseError(
                "the address of a log has no user name, query or fragment; "
                "give an API key in a file instead"
            )
        object.__setattr__(self, "_opener", _opener(parts.hostname or ""))

    @property
    def readers(self) -> int:
        """A few: enough to hide the way to the server, too few to burden it."""
        return 4

    def find(self, path: str, *, bytes_max: int) -> bytes | None:
        """Fetch a file below the address; 404 and 410 mean that there is none."""
        for pause_s in self.pauses_s:
            try:
                return self._fetch(path, bytes_max=bytes_max)
            except _PassingError:
                time.sleep(pause_s)
        return self._fetch(path, bytes_max=bytes_max)

    def partial_widths(self, path: TilePath) -> Sequence[int]:
        """Nothing: a web server cannot be listed."""
        del path
        return ()

    def _fetch(self, path: str, *, bytes_max: int) -> bytes | None:
        url = f"{self.address.rstrip('/')}/{path}"
        headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "evenhand-verify"}
        if self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key}"
        # The scheme was checked above, and the opener knows no other.
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        deadline = time.monotonic() + self.deadline_s
        try:
            with self._opener.open(request, timeout=min(STALL_S, self.deadline_s)) as answer:
                encoding: str | None = answer.headers.get("Content-Encoding")
                # What does not shrink grows a little under gzip.
                sent_max = bytes_max + bytes_max // 64 + 1_024 if encoding else bytes_max
                data = _read(answer, url=url, bytes_max=sent_max, deadline=deadline)
                announced: str | None = answer.headers.get("Content-Length")
        except urllib.error.HTTPError as error:
            error.close()
            return _refusal(error.code, url=url)
        except (OSError, http.client.HTTPException) as error:
            raise _PassingError(f"{url} cannot be read: {_reason(error)}") from error
        if announced is not None and announced != str(len(data)):
            raise _PassingError(f"{url} was cut off after {len(data)} bytes")
        return _decompress(data, encoding=encoding, path=path, bytes_max=bytes_max)


class _PassingError(UnreachableError):
    """A fault that may be gone at the next try."""


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(reason) or type(error).__name__


def _refusal(status: int, *, url: str) -> None:
    """Return for a file that is not there, raise for every other status."""
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise UnreachableError(f"{url} may not be read ({status}): give --api-key-file with a key")
    kind = _PassingError if status in _PASSING else UnreachableError
    raise kind(f"{url} answered with status {status}")


def _read(answer: _Readable, *, url: str, bytes_max: int, deadline: float) -> bytes:
    pieces = bytearray()
    while piece := answer.read1(_PIECE_BYTES):
        pieces += piece
        if len(pieces) > bytes_max:
            raise UnreachableError(f"{url} is longer than {bytes_max} bytes")
        if time.monotonic() > deadline:
            raise UnreachableError(f"{url} took too long")
    return bytes(pieces)


def _decompress(data: bytes, *, encoding: str | None, path: str, bytes_max: int) -> bytes:
    if encoding is None or encoding.lower() == "identity":
        return data
    if encoding.lower() != "gzip":
        raise UnreachableError(f"{path} was sent in an encoding that was not asked for")
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = inflater.decompress(data, bytes_max + 1)
    except zlib.error as error:
        raise VerificationError(f"{path}: the gzip encoding is damaged") from error
    if len(plain) > bytes_max or not inflater.eof or inflater.unused_data:
        raise VerificationError(f"{path}: the gzip encoding is too long, cut off or has a tail")
    return plain
