"""Organisation, people, employments and roles, for HR and system administrators."""

from units.admin.employments import EmploymentAdmin, LeaveAdmin, StaffGroupAdmin
from units.admin.organisation import UnitAdmin, UnitPlacementAdmin
from units.admin.people import PersonAdmin, ProtectedIdentityKeeperAdmin
from units.admin.roles import RoleAssignmentAdmin

__all__ = [
    "EmploymentAdmin",
    "LeaveAdmin",
    "PersonAdmin",
    "ProtectedIdentityKeeperAdmin",
    "RoleAssignmentAdmin",
    "StaffGroupAdmin",
    "UnitAdmin",
    "UnitPlacementAdmin",
]
