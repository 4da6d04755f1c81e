"""Who may say that they know, and who may see who knows."""

from datetime import date

from goals.models import Expectation
from goals.rules import FEWEST_IN_A_FIGURE, can_view_expectation
from units.models import Employment, User


def can_acknowledge(user: User, expectation: Expectation, day: date | None = None) -> bool:
    """Only the employee, and only what is in force."""
    del day
    return expectation.is_in_force and expectation.employment.person_id == user.pk


def shows_who_knows(user: User, day: date | None = None) -> bool:
    """With fewer than five employees a manager is told how many know, but nobody is named."""
    own = Employment.objects.managed_by(user, day)
    return own.values("person").distinct().count() >= FEWEST_IN_A_FIGURE


def can_see_acknowledgement(user: User, expectation: Expectation, day: date | None = None) -> bool:
    employment = expectation.employment
    if employment.person_id == user.pk:
        return True
    return can_view_expectation(user, expectation, day) and shows_who_knows(user, day)
