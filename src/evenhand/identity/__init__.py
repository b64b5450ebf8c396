"""The door of identity."""

from .actions import (
    NewWorkspace,
    change_role,
    create_workspace,
    find_member_by_email,
    find_once,
    invite,
    list_workspace_names,
    log_key_context,
    remember_once,
    remove_member,
)
from .browser import SESSION_COOKIE
from .codes import accept_code, issue_host_code
from .credentials import create_key, create_operator_key, list_keys, revoke_key
from .doorkeeper import Doorkeeper, open_doorkeeper
from .entry import Admission, admitted, credential_of, database_of
from .model import (
    PERMISSIONS,
    POLICY_HASH,
    ROLES,
    Actor,
    CodeRefused,
    Minted,
    Role,
    allowed_roles,
    parse_role,
    render_permissions,
)

__all__ = [
    "PERMISSIONS",
    "POLICY_HASH",
    "ROLES",
    "SESSION_COOKIE",
    "Actor",
    "Admission",
    "CodeRefused",
    "Doorkeeper",
    "Minted",
    "NewWorkspace",
    "Role",
    "accept_code",
    "admitted",
    "allowed_roles",
    "change_role",
    "create_key",
    "create_operator_key",
    "create_workspace",
    "credential_of",
    "database_of",
    "find_member_by_email",
    "find_once",
    "invite",
    "issue_host_code",
    "list_keys",
    "list_workspace_names",
    "log_key_context",
    "open_doorkeeper",
    "parse_role",
    "remember_once",
    "remove_member",
    "render_permissions",
    "revoke_key",
]
