"""Who may what with goals and expectations. Lists use `visible_to`, which a test holds to these."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.functional import cached_property

from goals.models import Activity, Closure, Expectation, Goal, Period, Report
from units.models import Employment, Role, RoleAssignment, Unit, User
from units.models.people import EmploymentQuerySet
from units.rules import answers_for, heads, reaches, stands_in_with, went_up_in

FEWEST_IN_A_FIGURE = 5  # design, section 4: a smaller group is suppressed


def can_view_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    if not goal.is_draft:
        return True
    return reaches(user, goal.unit, Role.MANAGER, Role.CONTROLLER, day=day)


def can_write_goals_of(user: User, unit: Unit, day: date | None = None) -> bool:
    """A unit's goals are its manager's to write, a board's its controller's. The council's goals
    come by import alone."""
    if unit.writes_unit_goals:
        return heads(user, unit, day)
    if unit.kind == Unit.Kind.BOARD:
        return reaches(user, unit, Role.CONTROLLER, day=day)
    return False


def can_edit_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    return goal.is_draft and can_write_goals_of(user, goal.unit, day)


def can_adopt_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    return can_edit_goal(user, goal, day)


def can_discard_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    return can_edit_goal(user, goal, day)


def can_change_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    """Make a new version of an adopted goal, with a reason."""
    return not goal.is_draft and can_write_goals_of(user, goal.unit, day)


def meets(user: User, employment: Employment, day: date | None = None) -> bool:
    """Whether `user` is the other one of the two: answers for the employee, or stands in for who
    does so on that day."""
    if user.pk == employment.person_id:
        return False
    return answers_for(user, employment, day) or stands_in_with(user, employment, day=day)


def can_view_expectation(user: User, expectation: Expectation, day: date | None = None) -> bool:
    employment = expectation.employment
    return user.pk == employment.person_id or meets(user, employment, day)


def can_edit_expectation(user: User, expectation: Expectation, day: date | None = None) -> bool:
    return expectation.is_in_force and meets(user, expectation.employment, day)


def can_withdraw_expectation(user: User, expectation: Expectation, day: date | None = None) -> bool:
    return can_edit_expectation(user, expectation, day)


def can_give_expectation(
    user: User, goal: Goal, employment: Employment, day: date | None = None
) -> bool:
    """To one's own employee, or one whom one is named to meet in the manager's place, on an adopted
    goal of a unit on that employee's line upwards."""
    if goal.level != Goal.Level.UNIT or goal.is_draft:
        return False
    return employments_to_give(user, goal, day).filter(pk=employment.pk).exists()


def can_give_expectations_on(user: User, goal: Goal, day: date | None = None) -> bool:
    """Whether there is anyone to whom `user` may give an expectation on this goal."""
    if goal.level != Goal.Level.UNIT or goal.is_draft:
        return False
    return employments_to_give(user, goal, day).exists()


def employments_to_give(user: User, goal: Goal, day: date | None = None) -> EmploymentQuerySet:
    """Those to whom `user` may give an expectation on this goal, once it is adopted."""
    units = Unit.objects.below(goal.unit, day).values("pk")
    stood_in_with = Employment.objects.exclude(person=user).stood_in_for_by(user, day)
    return (Employment.objects.managed_by(user, day) | stood_in_with).filter(unit__in=units)


# --- The plan year -----------------------------------------------------------------------------


def can_run_plan_year(user: User, unit: Unit, day: date | None = None) -> bool:
    """Open the year for `unit` and all below it, set its periods, close them, remind the late."""
    return unit.kind != Unit.Kind.CITY and reaches(user, unit, Role.CONTROLLER, day=day)


def can_watch_reporting(user: User, unit: Unit, day: date | None = None) -> bool:
    """See who below `unit` has handed in what, and which needs they name."""
    return reaches(user, unit, Role.MANAGER, Role.CONTROLLER, day=day)


# --- Indicators and activities -----------------------------------------------------------------


def can_write_indicators_of(user: User, unit: Unit, day: date | None = None) -> bool:
    """Who writes the unit's goals also decides what they are measured by. The council's indicators
    are kept by a controller of the city."""
    if unit.kind == Unit.Kind.CITY:
        return reaches(user, unit, Role.CONTROLLER, day=day)
    return can_write_goals_of(user, unit, day)


def can_set_target(user: User, goal: Goal, day: date | None = None) -> bool:
    """Take up an indicator for a goal of one's own, with an annual target."""
    return can_write_indicators_of(user, goal.unit, day)


def can_write_activities_of(user: User, unit: Unit, day: date | None = None) -> bool:
    return can_write_goals_of(user, unit, day)


def can_tell_progress(user: User, activity: Activity, day: date | None = None) -> bool:
    """Say how an activity goes: whoever is responsible for it, for as long as they belong to the
    unit, and the unit's manager."""
    if activity.state == Activity.State.PROPOSED:
        return False
    if can_write_activities_of(user, activity.unit, day):
        return True
    return activity.responsible_id == user.pk and _belongs_to(user, activity.unit, day)


def _belongs_to(user: User, unit: Unit, day: date | None) -> bool:
    """Employed or manager in the unit, or in the one that it went up in, or below."""
    units = Unit.objects.below(went_up_in(unit, day), day).values("pk")
    employed = Employment.objects.active_on(day).filter(person=user, unit__in=units)
    managers = RoleAssignment.objects.active_on(day).filter(role=Role.MANAGER)
    return employed.exists() or managers.filter(person=user, unit__in=units).exists()


# --- Reports -----------------------------------------------------------------------------------


def can_see_working_report(user: User, unit: Unit, day: date | None = None) -> bool:
    """See what is being written, before it is handed in."""
    return reaches(user, unit, Role.MANAGER, Role.CONTROLLER, day=day)


def can_view_report(user: User, report: Report, day: date | None = None) -> bool:
    return report.version_number > 0 or can_see_working_report(user, report.unit, day)


def can_write_reports_of(user: User, unit: Unit, day: date | None = None) -> bool:
    """A unit's report is its manager's; a board's is its controller's."""
    return can_write_goals_of(user, unit, day)


@dataclass
class ReportRights:
    """What `user` may with one report; each question is put to the database once."""

    user: User
    report: Report
    day: date | None = None

    @cached_property
    def is_writer(self) -> bool:
        return can_write_reports_of(self.user, self.report.unit, self.day)

    @cached_property
    def is_closed(self) -> bool:
        return is_closed(self.report.period, self.report.unit, self.day)

    @cached_property
    def sees_work(self) -> bool:
        return self.is_writer or can_see_working_report(self.user, self.report.unit, self.day)

    @cached_property
    def may_write(self) -> bool:
        """Whether it takes words now: it is being written, and its period is not closed, or it is
        being corrected."""
        if not self.report.is_being_written or not self.is_writer:
            return False
        return self.report.status == Report.Status.CORRECTING or not self.is_closed

    @cached_property
    def may_correct(self) -> bool:
        """Begin a correction, with a reason: of what was handed in, or of anything once closed."""
        if self.report.status == Report.Status.CORRECTING or not self.is_writer:
            return False
        return not self.report.is_being_written or self.is_closed

    @cached_property
    def is_reviewer(self) -> bool:
        """Who answers what was handed in: a controller over the unit who does not write its
        reports. A board's own report is reviewed by a controller of the city."""
        if self.report.unit.kind == Unit.Kind.BOARD:
            city = Unit.objects.filter(kind=Unit.Kind.CITY).first()
            return city is not None and reaches(self.user, city, Role.CONTROLLER, day=self.day)
        if self.is_writer:
            return False
        return reaches(self.user, self.report.unit, Role.CONTROLLER, day=self.day)

    @cached_property
    def may_review(self) -> bool:
        """Return or accept it now."""
        return self.report.status == Report.Status.SUBMITTED and self.is_reviewer

    @cached_property
    def sees_steps(self) -> bool:
        """Who handed it in and answered, and with which words."""
        return self.sees_work or (self.report.version_number > 0 and self.is_reviewer)


def can_write_report(user: User, report: Report, day: date | None = None) -> bool:
    return ReportRights(user, report, day).may_write


def can_correct_report(user: User, report: Report, day: date | None = None) -> bool:
    return ReportRights(user, report, day).may_correct


def can_review_report(user: User, report: Report, day: date | None = None) -> bool:
    return ReportRights(user, report, day).may_review


def is_closed(period: Period, unit: Unit, day: date | None = None) -> bool:
    """By a closing over where the unit lay when the period ended, wherever it has moved since."""
    day = min(day or timezone.localdate(), period.ends_on)
    return Closure.objects.holding(unit, day).filter(period=period).exists()


def can_manage_methods_of(user: User, unit: Unit, day: date | None = None) -> bool:
    """Add methods of analysis for a board and all below it."""
    return unit.kind == Unit.Kind.BOARD and reaches(user, unit, Role.CONTROLLER, day=day)


def can_order_document(user: User, unit: Unit, day: date | None = None) -> bool:
    """Have the documents of all units below put together: it takes work, so not everyone."""
    return can_watch_reporting(user, unit, day)


def can_carry_over(user: User, unit: Unit, day: date | None = None) -> bool:
    return can_write_goals_of(user, unit, day)
