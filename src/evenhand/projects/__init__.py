"""The door of projects."""

from .actions import (
    ProjectCache,
    create_project,
    get_project,
    get_sealed_instructions,
    list_projects,
)
from .finding import find_project
from .kinds import (
    check_answer,
    check_order,
    check_payload,
    check_settings,
    presentation_order,
    score_answer,
)
from .model import NewProject, Project

__all__ = [
    "NewProject",
    "Project",
    "ProjectCache",
    "check_answer",
    "check_order",
    "check_payload",
    "check_settings",
    "create_project",
    "find_project",
    "get_project",
    "get_sealed_instructions",
    "list_projects",
    "presentation_order",
    "score_answer",
]
