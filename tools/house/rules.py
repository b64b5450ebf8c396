"""The registry: one line per rule. A code is never used again for another rule."""

from __future__ import annotations

from house import danger, doors, layout, private, purity, statements, words
from house.model import Rule

__all__ = ["RULES"]

RULES = (
    Rule("H001", "a file has at most 600 lines", layout.check_file_length, hard=True),
    Rule("H002", "a file above 400 lines says why", layout.check_file_length_soft),
    Rule("H003", "a function has at most 70 lines", layout.check_function_length),
    Rule("H004", "a module's name says what is in it", layout.check_module_names, hard=True),
    Rule("H005", "rooms have the same furniture", layout.check_furniture, hard=True),
    Rule("H006", "every package has a README and a door", layout.check_door_and_readme, hard=True),
    Rule("H010", "time, ids and chance are parameters", purity.check_purity),
    Rule("H020", "no SQL is built from strings", statements.check_built_sql),
    Rule("H021", "a query names its columns", statements.check_select_star),
    Rule("H022", "a query says what it touches", statements.check_query_headers),
    Rule("H030", "neighbours come in through the door", doors.check_doors),
    Rule("H031", "only access opens the vault", doors.check_vault_opening, hard=True),
    Rule("H032", "the client knows the API only", doors.check_client, hard=True),
    Rule("H040", "data never becomes code", danger.check_danger),
    Rule("H050", "one word per thing", words.check_words),
    Rule("H060", "no path of one machine", private.check_machine_paths),
    Rule("H061", "no private tool's name", private.check_private_names, hard=True),
    Rule("H062", "locks name public registries", private.check_lock_hosts, hard=True),
)
