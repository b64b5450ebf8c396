"""A typed client of the native API, on the standard library alone.

`Client` is synchronous, keeps one connection alive and belongs to one thread; `AsyncClient` runs
the same calls in threads. A request that failed on the way is repeated when repeating is safe:
reads, and writes that carry an Idempotency-Key or are idempotent by construction (lease, submit).
"""

from .asynchronous import AsyncClient
from .errors import ApiError, Unreachable
from .synchronous import Client
from .values import Lease, Receipt, Submitted

__all__ = ["ApiError", "AsyncClient", "Client", "Lease", "Receipt", "Submitted", "Unreachable"]
