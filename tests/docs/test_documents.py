"""Links resolve, commands exist, words are explained, decisions have their form."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from house.reading import read_tree

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    path: source.text for path, source in read_tree(ROOT).sources.items() if path.endswith(".md")
}

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELLS = {"sh", "bash", "shell", "console"}
WORD = re.compile(r"[a-z][a-z-]*\Z")

# The words of the style guide, section 5.
GLOSSARY = [
    "workspace",
    "party",
    "customer",
    "vendor",
    "operator",
    "project",
    "batch",
    "item",
    "ontology",
    "label",
    "task",
    "lease",
    "draft",
    "annotation",
    "judgment",
    "review",
    "verdict",
    "adjudication",
    "gold",
    "consensus",
    "agreement",
    "skill",
    "annotator",
    "reviewer",
    "actor",
    "interest",
    "recusal",
    "clearance",
    "leaf",
    "tile",
    "checkpoint",
    "witness",
    "cosignature",
    "inclusion proof",
    "consistency proof",
    "receipt",
    "job",
]


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors_of(text: str) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    bare = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in bare}


def broken_links(path: str, text: str, documents: dict[str, str]) -> list[str]:
    broken: list[str] = []
    for groups in LINK.findall(without_code(text)):
        target = groups[0] or groups[1]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / path).parent / name if name else ROOT / path
        if not file.exists():
            broken.append(target)
        elif anchor:
            found = documents.get(file.resolve().relative_to(ROOT).as_posix(), "")
            if anchor not in anchors_of(found):
                broken.append(target)
    return broken


def shell_lines(text: str) -> list[str]:
    """The commands in a document's shell blocks, prompts and comments taken away."""
    lines: list[str] = []
    for language, block in FENCE.findall(text):
        if language not in SHELLS:
            continue
        for raw in block.replace("\\\n", " ").splitlines():
            line = raw.removeprefix("$ ").split("#")[0].strip()
            lines.extend(part.strip() for part in re.split(r"&&|\|\||;|\|", line) if part.strip())
    return lines


def command_words(line: str, program: str) -> list[str] | None:
    """The words that name the command in `evenhand key create --role …`, or None."""
    words = line.split()
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if not words or Path(words[0]).name != program:
        return None
    named: list[str] = []
    for word in words[1:]:
        if not WORD.match(word):
            break
        named.append(word)
    return named


def commands(program: str) -> list[tuple[str, ...]]:
    found = {
        tuple(words)
        for text in DOCUMENTS.values()
        for line in shell_lines(text)
        if (words := command_words(line, program)) is not None
    }
    return sorted(found)


def test_every_link_inside_the_documents_resolves() -> None:
    broken = {path: broken_links(path, text, DOCUMENTS) for path, text in DOCUMENTS.items()}
    assert {path: links for path, links in broken.items() if links} == {}


def test_a_broken_link_would_be_found() -> None:
    text = "# A b\n[x](nowhere.md) [y](#a-b) [z](#c) `[code](gone.md)` [w](https://a.example)\n"
    assert broken_links("README.md", text, {"README.md": text}) == ["nowhere.md", "#c"]


def test_every_make_goal_in_a_shell_block_exists() -> None:
    goals = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for words in commands("make") for word in words}
    assert {"demo", "up", "test", "check"} <= goals
    assert named <= goals


def known_subcommands(*words: str) -> set[str]:
    """What argparse offers below `evenhand word …`; empty where a command takes no other."""
    program = Path(sys.executable).parent / "evenhand"
    shown = subprocess.run(
        [str(program), *words, "--help"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert shown.returncode == 0, f"evenhand {' '.join(words)} --help: {shown.stderr}"
    choices = re.search(r"\{([a-z][a-z,-]*)\}\s+\.\.\.", shown.stdout)
    return set(choices.group(1).split(",")) if choices else set()


def test_every_evenhand_command_in_a_shell_block_exists() -> None:
    for words in commands("evenhand"):
        path: list[str] = []
        for word in words:
            offered = known_subcommands(*path)
            if not offered:
                break  # What follows are arguments.
            assert word in offered, f"evenhand {' '.join(words)}: no {word!r} among {offered}"
            path.append(word)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("make test", None),
        ("evenhand key create --role x", ["key", "create"]),
        ("EVENHAND_DATA=/x .venv/bin/evenhand log verify URL", ["log", "verify"]),
        ("evenhand", []),
        ("", None),
    ],
)
def test_commands_are_told_from_arguments(line: str, words: list[str] | None) -> None:
    assert command_words(line, "evenhand") == words


def test_shell_blocks_are_split_into_commands() -> None:
    text = (
        "```sh\n$ make up && evenhand demo \\\n  --serve # now\n# no\n```\n```json\nmake no\n```\n"
    )
    assert shell_lines(text) == ["make up", "evenhand demo    --serve"]


def test_the_glossary_explains_every_word_on_one_line() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \| (.+) \|$", DOCUMENTS["docs/glossary.md"], re.MULTILINE)
    words = [word for word, _ in rows if word != "word"]
    assert set(GLOSSARY) <= set(words)
    assert words == sorted(words)
    assert len(set(words)) == len(words)


def test_decisions_have_their_form() -> None:
    decisions = {path: text for path, text in DOCUMENTS.items() if path.startswith("docs/adr/0")}
    numbers = [Path(path).name[:4] for path in sorted(decisions)]
    assert numbers == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path, text in decisions.items():
        assert len(text.splitlines()) <= 70, path
        assert text.startswith(f"# {Path(path).name[:4]}: "), path
        for part in ("**Decision.**", "## Why", "## What follows", "## Gate"):
            assert part in text, f"{path} lacks {part}"


def test_fragments_of_the_changelog_are_named_by_kind() -> None:
    kinds = {"added", "changed", "fixed", "removed", "security"}
    for file in (ROOT / "changelog.d").iterdir():
        if file.name != "README.md":
            assert file.suffixes[-2:][0].removeprefix(".") in kinds, file.name


def test_the_notice_names_what_comes_with_it() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for part in ("Dmitry Ustalov", "CC BY 4.0", "llmonitor.com", "static/app/vendor"):
        assert part in notice
