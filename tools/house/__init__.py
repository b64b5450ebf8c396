"""The house rules: what ruff, the type checker and import-linter cannot know."""

from house.model import Escape, Finding, Rule, Source, Tree
from house.report import Report, inspect_tree
from house.rules import RULES

__all__ = ["RULES", "Escape", "Finding", "Report", "Rule", "Source", "Tree", "inspect_tree"]
