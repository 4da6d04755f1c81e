"""People and organisation, and the writing desk (drafts and sent forms) that every app shares."""

from units.models.desk import Draft, SignInFailure, Submission
from units.models.organisation import Unit, UnitLine, UnitPlacement
from units.models.people import (
    Employment,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    User,
)

__all__ = [
    "Draft",
    "Employment",
    "ProtectedIdentityKeeper",
    "Role",
    "RoleAssignment",
    "SignInFailure",
    "Submission",
    "Unit",
    "UnitLine",
    "UnitPlacement",
    "User",
]
