"""The door of identity."""

from .actions import (
    NewWorkspace,
    accept_code,
    create_workspace,
    find_once,
    invite,
    list_workspace_names,
    log_key_context,
    remember_once,
    remove_member,
)
from .credentials import create_key, create_operator_key, list_keys, revoke_key
from .entry import SESSION_COOKIE, Admission, admitted, credential_of, database_of, log_denial
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
    "Minted",
    "NewWorkspace",
    "Role",
    "accept_code",
    "admitted",
    "allowed_roles",
    "create_key",
    "create_operator_key",
    "create_workspace",
    "credential_of",
    "database_of",
    "find_once",
    "invite",
    "list_keys",
    "list_workspace_names",
    "log_denial",
    "log_key_context",
    "parse_role",
    "remember_once",
    "remove_member",
    "render_permissions",
    "revoke_key",
]
