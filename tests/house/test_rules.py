"""Each house rule with what it lets pass and what it finds: `(name, tree, broken lines)`."""

from __future__ import annotations

import pytest

from house import RULES, Tree

DOOR = '"""A room."""\n\n__all__ = ["x"]\n'
LONG = "x = 1\n"
ROOM = "src/evenhand/tasks"
ENGINE = "src/evenhand/tlog"
HEADER = "-- name: find_task\n-- Gives id. Reads tasks.task.\n"


def function_of(lines: int, *, docstring: int = 0) -> str:
    doc = '    """Say.\n' + "    More.\n" * (docstring - 2) + '    """\n' if docstring else ""
    return "def run() -> None:\n" + doc + "    x = 1\n" * (lines - 1)


BAD: list[tuple[str, dict[str, str], list[int]]] = [
    ("H001", {"src/evenhand/tasks/store.py": LONG * 601}, [0]),
    ("H001", {"src/evenhand/static/app/a.js": "a;\n" * 601}, [0]),
    ("H002", {"src/evenhand/tasks/store.py": LONG * 401}, [0]),
    ("H003", {"src/evenhand/tasks/store.py": function_of(71)}, [1]),
    ("H003", {"src/evenhand/tasks/store.py": "async " + function_of(80)}, [1]),
    ("H004", {"src/evenhand/tasks/utils.py": ""}, [0]),
    ("H004", {"src/evenhand/common/rules.py": ""}, [0]),
    ("H004", {"src/evenhand/static/app/helpers.test.js": ""}, [0]),
    ("H005", {f"{ROOM}/services.py": ""}, [0]),
    ("H005", {f"{ROOM}/services.py": "", f"{ROOM}/README.md": "Services."}, [0]),
    ("H005", {f"{ROOM}/inner/store.py": ""}, [0]),
    ("H006", {f"{ROOM}/__init__.py": DOOR}, [0]),
    ("H006", {f"{ROOM}/README.md": "", f"{ROOM}/store.py": ""}, [0]),
    ("H006", {f"{ROOM}/README.md": "", f"{ROOM}/__init__.py": "x = 1\n"}, [0]),
    ("H010", {f"{ROOM}/store.py": "import time\nx = time.time()\n"}, [2]),
    ("H010", {f"{ENGINE}/notes.py": "from time import monotonic as m\nx = m()\n"}, [2]),
    ("H010", {f"{ROOM}/store.py": "import datetime as dt\nx = dt.datetime.now(dt.UTC)\n"}, [2]),
    ("H010", {f"{ROOM}/store.py": "from datetime import datetime\nf(datetime.utcnow)\n"}, [2]),
    ("H010", {f"{ENGINE}/notes.py": "import secrets\nx = secrets.token_bytes(8)\n"}, [2]),
    ("H010", {f"{ENGINE}/notes.py": "import os\nx = os.urandom(8)\n"}, [2]),
    ("H010", {f"{ENGINE}/notes.py": "from uuid import uuid4\nx = uuid4\n"}, [2]),
    ("H010", {f"{ENGINE}/notes.py": "from random import Random\nx = Random()\n"}, [2]),
    ("H010", {f"{ENGINE}/n.py": "import numpy as np\nx = np.random.default_rng()\n"}, [2]),
    ("H020", {f"{ROOM}/store.py": 'await tx.fetch(f"SELECT {x}")\n'}, [1]),
    ("H020", {f"{ROOM}/store.py": 'tx.execute("SELECT %s" % x)\n'}, [1]),
    ("H020", {f"{ROOM}/store.py": 'tx.executemany("SELECT {}".format(x), rows)\n'}, [1]),
    ("H020", {f"{ROOM}/store.py": 'tx.fetchrow(head + " WHERE " + tail)\n'}, [1]),
    ("H020", {f"{ROOM}/store.py": 'tx.fetchval(query="a" + x)\n'}, [1]),
    ("H020", {f"{ROOM}/store.py": 'tx.fetchval(" AND ".join(parts))\n'}, [1]),
    ("H020", {f"{ROOM}/store.py": 'sql = f"DELETE FROM {table}"\n'}, [1]),
    ("H020", {f"{ROOM}/store.py": 'sql = "INSERT INTO " + table\n'}, [1]),
    ("H021", {f"{ROOM}/queries.sql": "SELECT *\n  FROM tasks.task;\n"}, [1]),
    ("H021", {f"{ROOM}/queries.sql": "select distinct t.* from tasks.task t;\n"}, [1]),
    ("H021", {f"{ROOM}/functions.sql": "BEGIN\n  RETURN QUERY SELECT * FROM x;\n"}, [2]),
    ("H022", {f"{ROOM}/queries.sql": "-- name: find_task\nSELECT 1;\n"}, [1]),
    ("H022", {f"{ROOM}/queries.sql": "-- name: a\n-- Gives id.\nSELECT id FROM a.x;\n"}, [1]),
    (
        "H022",
        {f"{ROOM}/queries.sql": HEADER + "UPDATE tasks.task SET state = $1 RETURNING id;\n"},
        [1],
    ),
    ("H030", {f"{ROOM}/actions.py": "from evenhand.items.store import find_item\n"}, [1]),
    ("H030", {f"{ROOM}/actions.py": "from evenhand.items import schemas\n"}, [1]),
    ("H030", {f"{ROOM}/actions.py": "from ..items import store\n"}, [1]),
    ("H030", {f"{ROOM}/actions.py": "import evenhand.items.jobs\n"}, [1]),
    ("H030", {"src/evenhand/app/compose.py": "from evenhand.items import store\n"}, [1]),
    ("H031", {f"{ROOM}/actions.py": "from evenhand.vault.opening import open_sealed\n"}, [1]),
    ("H031", {f"{ROOM}/actions.py": "from evenhand.vault import opening\n"}, [1]),
    ("H031", {"src/evenhand/vault/__init__.py": "from .opening import open_sealed\n"}, [1]),
    ("H032", {"src/evenhand/client/calls.py": "from evenhand.tasks import Task\n"}, [1]),
    ("H032", {"src/evenhand/client/calls.py": "import evenhand.platform.clock\n"}, [1]),
    ("H040", {f"{ROOM}/store.py": "import pickle\n"}, [1]),
    ("H040", {f"{ROOM}/store.py": "import yaml\nx = yaml.load(t)\n"}, [2]),
    ("H040", {f"{ROOM}/store.py": 'x = eval("1")\nexec(x)\n'}, [1, 2]),
    ("H050", {f"{ROOM}/model.py": "class WorkerName:\n    pass\n"}, [1]),
    ("H050", {f"{ROOM}/model.py": "def find(*, sample_id: int) -> None:\n    x = 1\n"}, [1]),
    ("H050", {f"{ROOM}/model.py": "ground_truth = 1\n"}, [1]),
    ("H050", {f"{ROOM}/model.py": "self.honeypot = 1\n"}, [1]),
    ("H050", {f"{ROOM}/model.py": "class AuditRecord:\n    pass\n"}, [1]),
    ("H050", {f"{ROOM}/queries.sql": "SELECT worker_id\n  FROM tasks.completion;\n"}, [1, 2]),
    ("H060", {"README.md": "ok\nsee /home" + "/ada/evenhand\n"}, [2]),
    ("H060", {"README.md": "see /Users" + "/ada/evenhand\n"}, [1]),
    ("H061", {"README.md": "ok\nthe before-" + "stop hook\n"}, [2]),
    ("H062", {"uv.lock": 'url = "file:///opt/wheels/a.whl"\n'}, [1]),
    ("H062", {"requirements/test.txt": "--index-url https://pypi.internal.example/simple\n"}, [1]),
    ("H062", {"frontend/package-lock.json": '"resolved": "https://npm.example/a.tgz"\n'}, [1]),
    ("H062", {"uv.lock": 'url = "https://[broken/a.whl"\n'}, [1]),
]

GOOD: list[tuple[str, dict[str, str]]] = [
    ("H001", {"src/evenhand/tasks/store.py": LONG * 600}),
    ("H001", {"src/evenhand/static/app/vendor/a.js": "a;\n" * 900}),
    ("H001", {"README.md": "a\n" * 900}),
    ("H002", {"src/evenhand/tasks/store.py": LONG * 400}),
    ("H002", {"src/evenhand/tasks/store.py": LONG * 601}),
    ("H003", {"src/evenhand/tasks/store.py": function_of(70)}),
    ("H003", {"src/evenhand/tasks/store.py": function_of(70, docstring=20)}),
    ("H004", {"src/evenhand/tasks/common_sense.py": "", "docs/misc.md": ""}),
    ("H004", {"src/evenhand/static/app/vendor/utils.js": ""}),
    ("H005", {f"{ROOM}/store.py": "", f"{ROOM}/README.md": "", f"{ENGINE}/anything.py": ""}),
    ("H005", {f"{ROOM}/queue.py": "", f"{ROOM}/README.md": "`queue.py` is the queue."}),
    ("H006", {f"{ROOM}/README.md": "", f"{ROOM}/__init__.py": DOOR}),
    ("H006", {f"{ROOM}/README.md": "", f"{ROOM}/__init__.py": "__all__: list[str] = []\n"}),
    ("H010", {"src/evenhand/platform/clock.py": "import time\nx = time.time()\n"}),
    ("H010", {"src/evenhand/platform/db.py": "import time\nx = time.monotonic()\n"}),
    ("H010", {f"{ROOM}/store.py": "import time\nx = time.monotonic()\n"}),
    ("H010", {"src/evenhand/app/main.py": "import time\nx = time.time()\n"}),
    ("H010", {f"{ENGINE}/n.py": "import numpy as np\nx = np.random.default_rng(seed)\n"}),
    ("H010", {f"{ENGINE}/n.py": "import random\nx = random.Random(seed)\n"}),
    (
        "H010",
        {
            f"{ENGINE}/n.py": "from random import Random\ny: Random = z\n"
            "def f(r: Random) -> Random:\n    return r\n"
        },
    ),
    ("H010", {f"{ENGINE}/n.py": "import secrets\nx = secrets.compare_digest(a, b)\n"}),
    ("H010", {f"{ENGINE}/n.py": "from datetime import datetime\nx = datetime(2026, 1, 1)\n"}),
    ("H020", {f"{ROOM}/store.py": 'tx.fetch(QUERIES["find_task"], task)\ntx.fetch()\n'}),
    ("H020", {f"{ROOM}/store.py": 'x = f"{name} is no SELECT"\ny = 2 + 2\nz = f"plain"\n'}),
    ("H020", {f"{ROOM}/store.py": 'x = f"Update {name} set aside"\ntx.execute("SELECT 1")\n'}),
    ("H020", {f"{ROOM}/store.py": 'sql = f"SELECT {_COLUMNS} FROM t"\n'}),
    ("H021", {f"{ROOM}/queries.sql": "SELECT id -- SELECT * is bad\n  FROM t;\n"}),
    ("H021", {f"{ROOM}/functions.sql": "SELECT * INTO mine FROM t;\nSELECT t.* INTO mine;\n"}),
    ("H021", {f"{ROOM}/queries.sql": "SELECT count(*) FROM tasks.task;\n"}),
    ("H022", {f"{ROOM}/queries.sql": HEADER + "SELECT id FROM tasks.task;\n"}),
    ("H022", {f"{ROOM}/queries.sql": "-- name: a\n-- Gives ids.\nSELECT x FROM tasks.ids($1);\n"}),
    (
        "H022",
        {
            f"{ROOM}/queries.sql": "-- name: add\n-- Gives nothing. Writes tasks.task.\n"
            "INSERT INTO tasks.task VALUES ($1);\n"
        },
    ),
    ("H022", {"src/evenhand/migrations/0001_base.sql": "-- name: free\nSELECT 1;\n"}),
    ("H030", {f"{ROOM}/actions.py": "from evenhand.items import find_item\n"}),
    ("H030", {f"{ROOM}/actions.py": "from evenhand.tasks import store\nfrom . import jobs\n"}),
    ("H030", {"src/evenhand/app/compose.py": "from evenhand.items import routes, jobs\n"}),
    ("H030", {f"{ROOM}/actions.py": "import json\nfrom evenhand.quality.store import x\n"}),
    ("H031", {"src/evenhand/access/actions.py": "from evenhand.vault.opening import o\n"}),
    ("H031", {f"{ROOM}/actions.py": "from evenhand.vault import seal_payload\n"}),
    ("H032", {"src/evenhand/client/calls.py": "import json\nimport evenhand.client.errors\n"}),
    ("H040", {f"{ROOM}/store.py": "import yaml\nx = yaml.safe_load(t)\ny = model.eval()\n"}),
    ("H050", {f"{ROOM}/model.py": "def record_verdict() -> None:\n    annotator = item = 1\n"}),
    ("H050", {"src/evenhand/quality/majority.py": "def f(worker: int) -> None:\n    x = 1\n"}),
    ("H050", {"src/evenhand/formats/csv_stream.py": "def read_record() -> None:\n    x = 1\n"}),
    ("H050", {"src/evenhand/app/serve.py": "workers = 2\n"}),
    ("H050", {f"{ROOM}/store.py": 'x = row["worker"]\n'}),
    ("H050", {f"{ROOM}/functions.sql": "DECLARE r record; -- the worker\nSELECT 'sample';\n"}),
    ("H050", {"src/evenhand/static/app/a.css": "worker"}),
    ("H060", {"README.md": "GET /work/next, ~/.local/share, https://a.example/home/x/y\n"}),
    ("H061", {"README.md": "stop before the hook\n"}),
    ("H062", {"uv.lock": 'url = "https://files.pythonhosted.org/packages/a.whl"\n'}),
    ("H062", {"frontend/package-lock.json": '"url": "https://opencollective.com/a"\n'}),
    ("H062", {"README.md": "https://example.org\n"}),
]

RULE_BY_CODE = {rule.code: rule for rule in RULES}


@pytest.mark.parametrize(("code", "texts", "lines"), BAD)
def test_a_bad_example_is_found(code: str, texts: dict[str, str], lines: list[int]) -> None:
    findings = list(RULE_BY_CODE[code].check(Tree.of(texts)))
    assert [(finding.code, finding.line) for finding in findings] == [(code, n) for n in lines]
    assert all(finding.sentence.endswith((".", "?")) for finding in findings)


@pytest.mark.parametrize(("code", "texts"), GOOD)
def test_a_good_example_passes(code: str, texts: dict[str, str]) -> None:
    assert list(RULE_BY_CODE[code].check(Tree.of(texts))) == []


def test_every_rule_has_examples_of_both_kinds() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert set(codes) == {code for code, _, _ in BAD} == {code for code, _ in GOOD}
