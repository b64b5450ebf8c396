"""One kept-alive HTTP connection with JSON bodies and safe repeats."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from .errors import ApiError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Transport"]

_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.1
_CHUNK_BYTES = 1 << 16
_IDLE_MAX_S = 10.0
_LOST = (http.client.HTTPException, OSError)


class Transport:
    """Not safe for use by several threads."""

    def __init__(self, url: str, api_key: str | None, *, timeout_s: float = 60.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("a service URL looks like http://127.0.0.1:8420")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._timeout_s = timeout_s
        self._headers = {"Accept": "application/json"}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._connection: http.client.HTTPConnection | None = None
        self._used_s = 0.0

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def json(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        idempotency_key: str | None = None,
        repeat: bool = False,
    ) -> Any:  # noqa: ANN401 - JSON
        """Send JSON, get JSON. `repeat` says that sending it twice is harmless.

        Raises:
            ApiError: the service's problem.
            Unreachable: no answer.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = dict(self._headers)
        if data is not None:
            headers["Content-Type"] = "application/json"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        safe = repeat or method == "GET" or idempotency_key is not None
        status, answer = self._send(lambda: data, method, path, headers, safe=safe)
        return json.loads(answer) if answer and status != HTTPStatus.NO_CONTENT else None

    def bytes(self, path: str) -> bytes:
        """The raw body of a GET."""
        return self._send(lambda: None, "GET", path, self._headers, safe=True)[1]

    def upload(
        self, path: str, chunks: Iterable[bytes], *, content_type: str, idempotency_key: str | None
    ) -> Any:  # noqa: ANN401 - JSON
        """Stream a body in chunks; it is not repeated, since an iterable can be read once."""
        headers = {**self._headers, "Content-Type": content_type}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return json.loads(self._send(lambda: chunks, "POST", path, headers, safe=False)[1])

    def download(self, path: str, body: object) -> tuple[Mapping[str, str], Iterator[bytes]]:
        """POST JSON and stream the answer; read it to its end before the next call."""
        headers = {**self._headers, "Content-Type": "application/json"}
        connection = self._connect()
        try:
            connection.request("POST", self._prefix + path, json.dumps(body), headers)
            response = connection.getresponse()
        except _LOST as error:
            self.close()
            raise Unreachable(f"{self._host} did not answer: {error}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _problem(response.status, response.read())
        return dict(response.getheaders()), iter(lambda: response.read(_CHUNK_BYTES), b"")

    def _send(
        self,
        body: Callable[[], bytes | Iterable[bytes] | None],
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        safe: bool,
    ) -> tuple[int, bytes]:
        pause = _FIRST_PAUSE_S
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                connection = self._connect()
                connection.request(method, self._prefix + path, body(), dict(headers))
                response = connection.getresponse()
                answer = response.read()
            except _LOST as error:
                self.close()
                if not safe or attempt == _ATTEMPTS:
                    raise Unreachable(f"{self._host} did not answer: {error}") from error
            else:
                away = response.status == HTTPStatus.SERVICE_UNAVAILABLE
                if not away or not safe or attempt == _ATTEMPTS:
                    if response.status >= HTTPStatus.BAD_REQUEST:
                        raise _problem(response.status, answer)
                    return response.status, answer
            time.sleep(pause)
            pause *= 2
        raise AssertionError("the loop returns or raises")

    def _connect(self) -> http.client.HTTPConnection:
        # The service closes an idle connection; a request on it would be lost on the way, and one
        # that must not be repeated would fail for nothing.
        now = time.monotonic()
        if now - self._used_s > _IDLE_MAX_S:
            self.close()
        self._used_s = now
        if self._connection is None:
            if self._secure:
                self._connection = http.client.HTTPSConnection(
                    self._host,
                    self._port,
                    timeout=self._timeout_s,
                    context=ssl.create_default_context(),
                )
            else:
                self._connection = http.client.HTTPConnection(
                    self._host, self._port, timeout=self._timeout_s
                )
        return self._connection


def _problem(status: int, answer: bytes) -> ApiError:
    try:
        problem = json.loads(answer)
    except ValueError:
        problem = {}
    said = cast("dict[str, Any]", problem) if isinstance(problem, dict) else {}
    return ApiError(status, said)
