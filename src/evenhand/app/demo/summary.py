"""What the demo tells at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, JustifyMethod

    from .dataset import Dataset

__all__ = ["Story", "print_summary"]

_TOP = 10


@dataclass(frozen=True, slots=True)
class Story:
    """All that happened, in numbers that came back over the API."""

    data: Dataset
    project: str
    batch: dict[str, Any]
    submitted: int
    seconds: float
    run: dict[str, Any]
    ranking: list[dict[str, Any]]
    exposure: dict[str, Any]
    gold: list[dict[str, Any]]
    feedback: list[str]
    denial: str
    files: dict[str, tuple[Path, int]]
    checks: list[tuple[str, int, str]]
    folder: Path

    @property
    def is_whole(self) -> bool:
        """Every judgment counted once, every verification accepted."""
        counted = self.files["trl"][1] + self.files["trl-ties"][1]
        return (
            self.run["summary"]["judgments"] == len(self.data.comparisons) == counted
            and self.run["summary"]["labels"]["tie"] == self.files["trl-ties"][1]
            and self.run["summary"]["items"] == len(self.data.pairs) == self.files["consensus"][1]
            and all(code == 0 for _, code, _ in self.checks)
        )


def print_summary(console: Console, story: Story) -> None:
    """Counts, rate, agreement, top models, who saw what, where the files are."""
    summary = story.run["summary"]
    console.rule("[bold]Evenhand: the main job, on real data")
    console.print(
        f"\n[bold]{summary['items']:,}[/] pairs of real model answers,"
        f" [bold]{summary['judgments']:,}[/] real judgments by {summary['annotators']} people"
        f" ({summary['labels']['left']:,} left, {summary['labels']['right']:,} right,"
        f" {summary['labels']['tie']:,} ties), each sealed, leased, logged and counted once."
    )
    if story.submitted:
        rate = story.submitted / story.seconds
        console.print(
            f"Replayed {story.submitted:,} judgments over HTTP in {story.seconds:.1f} s:"
            f" {rate:,.0f} submit-and-lease cycles a second."
        )
    else:
        console.print("All judgments were there from an earlier run; none was sent twice.")
    _agreement(console, summary)
    _leaderboard(console, story)
    _people(console, story)
    _trust(console, story)
    _files(console, story)


def _agreement(console: Console, summary: dict[str, Any]) -> None:
    console.print(
        f"\nAgreement: {100 * summary['percent_agreement']:.1f} % of pairs of judgments agree;"
        f" Krippendorff's alpha {summary['alpha']:.3f}"
        f" ({summary['alpha_low']:.3f} to {summary['alpha_high']:.3f})."
        f" The annotator-skill model differs from the majority on"
        f" {summary['differs_from_majority']} of {summary['items']:,} items."
    )


def _leaderboard(console: Console, story: Story) -> None:
    table = Table(
        title=f"Top {_TOP} of {len(story.ranking)} models (Bradley-Terry, a tie is half a win each)"
    )
    columns: tuple[tuple[str, JustifyMethod], ...] = (
        ("#", "right"),
        ("model", "left"),
        ("score", "right"),
        ("95 % interval", "right"),
        ("beats the average", "right"),
        ("won / lost / tied", "right"),
    )
    for name, side in columns:
        table.add_column(name, justify=side)
    for row in story.ranking[:_TOP]:
        table.add_row(
            str(row["rank"]),
            row["name"],
            f"{row['score']:+.2f}",
            f"{row['low']:+.2f} to {row['high']:+.2f}",
            f"{100 * row['win_probability']:.0f} %",
            f"{row['wins']} / {row['losses']} / {row['ties']}",
        )
    console.print()
    console.print(table)


def _people(console: Console, story: Story) -> None:
    total = len(story.data.pairs)
    console.print(
        "\n[bold]Who saw what share of the customer's items[/] (keys given, from the log)"
    )
    for vendor in story.exposure["vendors"]:
        name = vendor["vendor_name"] or "the customer's own people"
        share = 100 * min(vendor["item_count"], total) / total
        console.print(
            f"  {name}: {vendor['item_count']:,} items ({share:.0f} %),"
            f" {vendor['member_count']} people"
        )
    most = story.exposure["members"][0]
    console.print(
        f"  The one person who saw most saw {most['item_count']:,}"
        f" ({100 * most['item_count'] / total:.0f} %)."
    )
    console.print(
        "\n[bold]Gold[/]: the 7 training pairs, answered by two [italic]simulated[/] people"
    )
    for score in story.gold:
        console.print(
            f"  {score['name']}: {score['correct_count']} of {score['scored_count']} right"
        )
    if story.feedback:
        console.print(f"  told, for example: “{story.feedback[0]}”")
    console.print("  Their answers are in no result above.")


def _trust(console: Console, story: Story) -> None:
    console.print("\n[bold]The wall[/]: an applicant asked for work and got none")
    console.print(f"  {story.denial}", style="red")
    console.print("\n[bold]The log[/], checked by commands that need no database and no server")
    for command, code, said in story.checks:
        mark = "[green]accepted[/]" if code == 0 else "[red]REFUSED[/]"
        console.print(f"  {command}: {mark}")
        for line in said.splitlines()[:6]:
            console.print(f"    {line}", markup=False, highlight=False)


def _files(console: Console, story: Story) -> None:
    words = {
        "trl": "preferences for TRL (prompt, chosen, rejected)",
        "trl-ties": "their companion: the ties, none dropped",
        "consensus": "one line an item: consensus, confidence, votes",
        "leaderboard": "every model with its interval",
    }
    console.print("\n[bold]Files[/]")
    for form, (path, count) in story.files.items():
        console.print(f"  {path}  {count:,} {words[form]}", soft_wrap=True, highlight=False)
    console.print(f"  {story.folder / 'receipt.txt'}  a receipt to check offline", soft_wrap=True)
    console.print(
        "\nReal: prompts, answers, judgments, training pairs, instructions (LLMFAO by Dmitry"
        " Ustalov, CC BY 4.0; prompts and answers by llmonitor.com). Invented: the customer, the"
        " split of the people into two vendors, all names, the rival, the applicant, the two"
        " simulated annotators."
    )
    if not story.is_whole:
        console.print("\n[bold red]Something does not add up: see the counts above.[/]")
