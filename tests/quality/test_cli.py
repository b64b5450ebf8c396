"""``evenhand quality …`` over files."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import pytest
from tests.quality.crowd_data import DATA

from evenhand.quality.cli import add_commands

LABELS = "task,worker,label\nx,u,a\nx,v,a\nx,w,b\ny,u,b\ny,v,b\n"
COMPARISONS = "worker,left,right,winner\n1,a,b,left\n1,b,c,left\n2,a,c,tie\n"


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser(prog="evenhand")
    add_commands(parser.add_subparsers(required=True))
    parsed = parser.parse_args(["quality", *map(str, arguments)])
    return int(parsed.run(parsed))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(LABELS)
    return path


@pytest.fixture
def comparisons(tmp_path: Path) -> Path:
    path = tmp_path / "comparisons.csv"
    path.write_text(COMPARISONS)
    return path


def test_aggregate_writes_labels_and_workers(labels: Path, tmp_path: Path) -> None:
    out, workers = tmp_path / "out.csv", tmp_path / "workers.csv"
    assert (
        run("aggregate", labels, "--method", "majority", "--out", out, "--workers-out", workers)
        == 0
    )
    assert read(out) == [
        {"task": "x", "label": "a", "confidence": repr(2 / 3)},
        {"task": "y", "label": "b", "confidence": "1.0"},
    ]
    assert read(workers)[2] == {"worker": "w", "skill": repr(1 / 3), "judgments": "1"}
    assert {path.name for path in tmp_path.iterdir()} == {"labels.csv", "out.csv", "workers.csv"}


def test_aggregate_on_a_real_crowd(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"
    assert (
        run("aggregate", DATA / "music" / "labels.csv", "--out", out, "--seed", "3", "--json") == 0
    )
    summary = json.loads(capsys.readouterr().out)
    assert (summary["method"], summary["tasks"], summary["judgments"]) == ("default", 700, 2945)
    assert summary["parameters"]["seed"] == 3
    truth = {row["task"]: row["label"] for row in read(DATA / "music" / "truth.csv")}
    found = read(out)
    assert len(found) == 700
    assert sum(truth[row["task"]] == row["label"] for row in found) > 0.78 * 700


def test_agreement_prints_json(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("agreement", labels, "--bootstrap", "20") == 0
    found = json.loads(capsys.readouterr().out)
    # x: 2 of 6 ordered pairs agree, y: all.
    assert found["percent"] == pytest.approx(2 / 3)
    assert (found["level"], found["tasks"], found["judgments"]) == ("nominal", 2, 5)
    assert run("agreement", labels, "--level", "ordinal", "--order", "b,a", "--bootstrap", "0") == 0
    assert json.loads(capsys.readouterr().out)["low"] is None


def test_rank_sorts_the_best_first(
    comparisons: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rank.csv"
    assert run("rank", comparisons, "--method", "bradley-terry", "--out", out) == 0
    rows = read(out)
    assert [row["item"] for row in rows] == ["a", "b", "c"]
    assert all(float(row["low"]) < float(row["score"]) < float(row["high"]) for row in rows)
    assert "3 comparisons of 3 items" in capsys.readouterr().err
    comparisons.write_text(COMPARISONS + "3,d,e,tie\n")
    assert run("rank", comparisons, "--out", out, "--json", "--bootstrap", "5") == 0
    assert json.loads(capsys.readouterr().out)["groups"] == 2
    assert run("rank", comparisons, "--out", out, "--regularisation", "0.1") == 0
    assert "fall into 2 groups" in capsys.readouterr().err


def test_methods_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("aggregate", "--method", "list") == 0
    assert capsys.readouterr().out.split() == ["default", "majority", "one_coin", "dawid_skene"]
    assert run("rank", "--method", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == ["bradley-terry"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["aggregate", "--method", "glad"], "no method 'glad'"),
        (["aggregate", "labels.csv"], "LABELS and --out are needed"),
        (["rank", "--method", "elo"], "no method 'elo'"),
        (["rank", "--out", "x.csv"], "COMPARISONS and --out are needed"),
    ],
)
def test_wrong_use_is_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["aggregate", "x", "--seed", "-1"],
        ["agreement", "x", "--bootstrap", "many"],
        ["rank", "x", "--regularisation", "0"],
        ["agreement"],
        [],
    ],
)
def test_wrong_use_that_the_parser_finds_is_2_too(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)
    assert "usage: evenhand quality" in capsys.readouterr().err


def test_an_answer_that_the_data_do_not_allow_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "labels.csv", tmp_path / "out.csv"
    path.write_text("task,worker,label\nx,u,a\ny,u,b\n")
    assert run("agreement", path) == 1
    assert "No task has two judgments" in capsys.readouterr().err
    path.write_text("task,worker,label\nx,u,a\n")
    assert run("aggregate", path, "--out", out) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "task,worker\nx,u\n",
            "Line 1: The file has no column 'label'; its columns are task, worker",
        ),
        ("task,worker,label\nx,u,a\nx,v\n", "Line 3: This record has 2 fields"),
        ("task,worker,label\nx,u,\n", "Line 2: The column label is empty"),
        ('task,worker,label\nx,u,"a\n', "Line 2: A quoted field"),
        ("", "Line 1: The file has no header line"),
        ("task,worker,task", "two columns named 'task'"),
    ],
)
def test_a_malformed_file_is_3_and_nothing_is_written(
    labels: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels.write_text(text)
    out = labels.with_name("out.csv")
    assert run("aggregate", labels, "--out", out) == 3
    error = capsys.readouterr().err
    assert words in error
    assert str(labels) in error
    assert [path.name for path in labels.parent.iterdir()] == ["labels.csv"]


def test_files_that_cannot_be_read_or_written_are_3(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("agreement", tmp_path / "none.csv") == 3
    assert "No such file" in capsys.readouterr().err
    assert run("agreement", tmp_path / "labels.parquet") == 3
    assert "is a Parquet file" in capsys.readouterr().err
    assert run("aggregate", labels, "--out", tmp_path / "out.PARQUET") == 3
    assert run("aggregate", labels, "--out", tmp_path / "none" / "out.csv") == 3
    assert "Cannot write" in capsys.readouterr().err


def test_of_two_tables_both_or_none_are_written(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")
    workers = tmp_path / "none" / "workers.csv"
    assert run("aggregate", labels, "--out", out, "--workers-out", workers) == 3
    assert out.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"labels.csv", "out.csv"}
