"""People and organisation, and the writing desk (drafts and sent forms) that every app shares."""

from units.models.desk import Draft, SignInFailure, Submission
from units.models.leave import Leave
from units.models.organisation import Unit, UnitLine, UnitPlacement
from units.models.people import (
    Delegation,
    Employment,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    StaffGroup,
    User,
)

__all__ = [
    "Delegation",
    "Draft",
    "Employment",
    "Leave",
    "ProtectedIdentityKeeper",
    "Role",
    "RoleAssignment",
    "SignInFailure",
    "StaffGroup",
    "Submission",
    "Unit",
    "UnitLine",
    "UnitPlacement",
    "User",
]
