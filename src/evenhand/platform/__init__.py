"""Ground floor: the services that every room stands on and that know no room.

A module each: `clock` and `ids` (the only readers of time and randomness), `errors` (the six
kinds), `settings`, `db` (pool, transactions, workspace token), `queries` (hand-written SQL files),
`migrations`, `postgres` (the embedded server), `jobs`, `web` (problems and strict bodies).
"""

# Rooms import the module that they need, so that a command which needs settings loads no web.
__all__: list[str] = []
