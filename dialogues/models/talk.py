"""A talk between an employee and their manager: its head, its steps, its times, its delegates.

The heads tell who meets whom and how far they have come; what is said lies in `preparation` and
`record`. All of it is walled (migration `dialogues.0003`): the database shows a row only to those
that the policies name, whatever a query asks for.
"""

from datetime import date, datetime
from typing import Self
from uuid import uuid4

import pgtrigger
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogues.models.round import Round
from dialogues.models.template import CriteriaSet, TalkKind, TemplateVersion
from goals.models import COUNTS_UP, FOR_EVER
from units.models import Employment, Role, RoleAssignment, UnitLine, User
from units.models.people import EmploymentQuerySet
from units.periods import is_today


class Party(models.TextChoices):
    """Which of the two."""

    EMPLOYEE = "EMPLOYEE", _("The employee")
    MANAGER = "MANAGER", _("The manager")


class TalkQuerySet(models.QuerySet["Talk"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """The head: the employee's own; those of the employees one manages today, or that were
        brought along to one; those held for somebody as a delegate; those opened in need."""
        managed = Employment.objects.answered_for_by(user, day)
        return self.filter(
            Q(employee=user)
            | Q(employment__in=managed)
            | Q(brought_to__in=managed)
            | Q(holder=user) & _standing_in(user, day)
            | Exists(
                AccessGrant.objects.running(timezone.now()).opened_by(user, OuterRef("pk"), day)
            )
        )

    def shared_by(self, user: User, day: date | None = None) -> Self:
        """Those that `user` is one of the two of: the employee, or whoever holds the talk and
        still manages the employee or stands in for the manager."""
        managed = Employment.objects.answered_for_by(user, day)
        return self.filter(
            Q(employee=user)
            | Q(holder=user) & (Q(employment__in=managed) | _standing_in(user, day))
        )

    def running(self) -> Self:
        return self.exclude(status__in=Talk.ENDED)

    def with_people(self) -> Self:
        return self.select_related(
            "employee", "holder", "employment__unit", "brought_to", "template_version__template"
        )


def _standing_in(user: User, day: date | None) -> Q:
    """Those whose manager `user` stands in for today; in salary talks only where that is said."""
    named = Employment.objects.stood_in_for_by(user, day)
    named_for_salary = Employment.objects.stood_in_for_by(user, day, salary=True)
    return Q(employment__in=named_for_salary) | ~Q(kind=TalkKind.SALARY) & Q(employment__in=named)


class Talk(models.Model):
    class Status(models.TextChoices):
        PLANNED = "PLANNED", _("Planned")
        INVITED = "INVITED", _("Invited")
        PREPARING = "PREPARING", _("Being prepared")
        HELD = "HELD", _("Held, being documented")
        DOCUMENTED = "DOCUMENTED", _("Documented, to be confirmed")
        CONFIRMED = "CONFIRMED", pgettext_lazy("talk", "Answered by both")
        CLOSED = "CLOSED", _("Concluded")
        DISCONTINUED = "DISCONTINUED", _("Discontinued")

    ENDED = (Status.CLOSED, Status.DISCONTINUED)
    BEFORE = (Status.PLANNED, Status.INVITED, Status.PREPARING)

    employment = models.ForeignKey(Employment, models.PROTECT, related_name="talks")
    # The employment's person: the wall and every list ask for it.
    employee = models.ForeignKey(User, models.PROTECT, related_name="talks")
    holder = models.ForeignKey(User, models.PROTECT, related_name="talks_held")
    kind = models.CharField(_("kind of talk"), max_length=9, choices=TalkKind)
    year = models.PositiveSmallIntegerField(_("year"))
    round = models.ForeignKey(Round, models.PROTECT, null=True, related_name="talks")
    template_version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="+")
    # Of a salary talk, from the day it is held; before that, those that apply that day.
    criteria_set = models.ForeignKey(CriteriaSet, models.PROTECT, null=True, related_name="+")
    previous = models.ForeignKey("self", models.PROTECT, null=True, related_name="followed_by")
    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.PLANNED)

    # When each had shared, or waived, their preparation. What it says lies behind its own policy.
    employee_ready_at = models.DateTimeField(null=True)
    holder_ready_at = models.DateTimeField(null=True)
    employee_waived = models.BooleanField(default=False)
    holder_waived = models.BooleanField(default=False)

    held_on = models.DateField(_("held on"), null=True, blank=True)
    next_on = models.DateField(_("next talk"), null=True, blank=True)
    held_at = models.DateTimeField(null=True)
    documented_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    version_number = models.PositiveSmallIntegerField(default=0)
    # The last version that both have answered: what later readers see.
    confirmed_version = models.PositiveSmallIntegerField(default=0)
    # Where the employee has taken the record along to, after a move.
    brought_to = models.ForeignKey(
        Employment, models.PROTECT, null=True, related_name="talks_brought"
    )

    calendar_uid = models.UUIDField(default=uuid4, unique=True)
    calendar_sequence = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    objects = TalkQuerySet.as_manager()

    class Meta:
        verbose_name = _("talk")
        verbose_name_plural = _("talks")
        triggers = [
            COUNTS_UP,
            # Whose talk it is decides who reads it.
            pgtrigger.ReadOnly(
                name="keeps_its_people",
                fields=["employment", "employee", "kind", "year", "template_version"],
            ),
            # What the two have said to each other goes on to another by the employee alone; before
            # that, the policies say who may hold it.
            pgtrigger.Protect(
                name="is_handed_over_by_the_employee",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "current_user = 'portal_app' AND OLD.holder_id <> NEW.holder_id "
                    "AND OLD.status NOT IN ('PLANNED', 'INVITED', 'PREPARING') "
                    "AND OLD.employee_id IS DISTINCT FROM portal_person()"
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["employment", "kind", "year"], name="talk_of_employment"),
            models.Index(fields=["round"], name="talk_of_round"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["employment", "kind", "year"],
                condition=~Q(status="DISCONTINUED"),
                name="talk_once_a_year",
            ),
            models.CheckConstraint(
                name="talk_kind_is_known", condition=Q(kind__in=TalkKind.values)
            ),
            models.CheckConstraint(
                name="talk_status_fits_its_dates",
                condition=Q(status__in=["PLANNED", "INVITED", "PREPARING"], held_on__isnull=True)
                | Q(status="HELD", held_on__isnull=False)
                | Q(status="DOCUMENTED", held_on__isnull=False, version_number__gte=1)
                | Q(
                    status__in=["CONFIRMED", "CLOSED"],
                    confirmed_at__isnull=False,
                    confirmed_version__gte=1,
                )
                | Q(status="DISCONTINUED", confirmed_version=0),
            ),
            models.CheckConstraint(name="talk_is_between_two", condition=~Q(holder=F("employee"))),
            models.CheckConstraint(
                name="talk_brought_along_is_confirmed",
                condition=Q(brought_to__isnull=True) | Q(confirmed_version__gte=1),
            ),
            models.CheckConstraint(
                name="talk_confirmed_version_exists",
                condition=Q(confirmed_version__lte=F("version_number")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("dialogues:talk", args=[self.pk])

    @property
    def is_salary_talk(self) -> bool:
        return self.kind == TalkKind.SALARY

    @property
    def is_before(self) -> bool:
        """Whether it is still to be held: the time of preparing."""
        return self.status in self.BEFORE

    @property
    def is_being_corrected(self) -> bool:
        return self.confirmed_version > 0 and self.status in {
            self.Status.HELD,
            self.Status.DOCUMENTED,
        }

    @property
    def are_both_ready(self) -> bool:
        return self.employee_ready_at is not None and self.holder_ready_at is not None

    def title(self) -> str:
        return f"{self.get_kind_display()} {self.year}"


class TalkStepQuerySet(models.QuerySet["TalkStep"]):
    def why(self, talk: Talk, action: str) -> str:
        """What was said the last time that the step was taken; empty when it never was."""
        steps = self.filter(talk=talk, action=action).order_by("-pk")
        return steps.values_list("words", flat=True).first() or ""


class TalkStep(models.Model):
    """What was done with a talk, by whom and when. Written once, never changed. Why lies here and
    not in the head, which more people see."""

    talk = models.ForeignKey(Talk, models.PROTECT, related_name="steps")
    action = models.CharField(max_length=20)
    from_status = models.CharField(max_length=12, choices=Talk.Status, blank=True)
    to_status = models.CharField(max_length=12, choices=Talk.Status)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    words = models.TextField(blank=True)

    objects = TalkStepQuerySet.as_manager()

    class Meta:
        triggers = [FOR_EVER]
        ordering = ["pk"]
        indexes = [models.Index(fields=["talk"], name="talk_step_of_talk")]

    def __str__(self) -> str:
        return self.action


class TalkTimeQuerySet(models.QuerySet["TalkTime"]):
    def open(self) -> Self:
        return self.filter(state__in=[TalkTime.State.PROPOSED, TalkTime.State.ACCEPTED])

    def waiting_for(self, user: User) -> Self:
        """What the other side has proposed, of talks that `user` is one of the two of. All who
        hold a talk, one after the other, are one side."""
        by_other = Q(talk__employee=user) ^ Q(proposed_by=F("talk__employee"))
        return self.filter(by_other, state=TalkTime.State.PROPOSED)


class TalkTime(models.Model):
    """A time that one of the two has proposed, and what the other said."""

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("Proposed")
        ACCEPTED = "ACCEPTED", _("Accepted")
        DECLINED = "DECLINED", _("Declined")
        CANCELLED = "CANCELLED", _("Cancelled")

    talk = models.ForeignKey(Talk, models.PROTECT, related_name="times")
    starts_at = models.DateTimeField(_("starts"))
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=60)
    place = models.CharField(_("place"), max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)
    words = models.CharField(_("words along"), max_length=300, blank=True)

    objects = TalkTimeQuerySet.as_manager()

    class Meta:
        verbose_name = _("time of a talk")
        verbose_name_plural = _("times of talks")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["talk"], condition=Q(state="ACCEPTED"), name="talk_time_one_accepted"
            ),
            models.UniqueConstraint(
                fields=["talk", "starts_at"],
                condition=Q(state__in=["PROPOSED", "ACCEPTED"]),
                name="talk_time_proposed_once",
            ),
            models.CheckConstraint(
                name="talk_time_lasts_a_while", condition=Q(minutes__gte=10, minutes__lte=480)
            ),
            models.CheckConstraint(
                name="talk_time_state_is_known",
                condition=Q(state__in=["PROPOSED", "ACCEPTED", "DECLINED", "CANCELLED"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


def openable_in_need(user: User, day: date | None = None) -> EmploymentQuerySet:
    """Whose records `user` may ask for in need: HR of the authority those of everyone below, a
    manager those of everyone whom they are above; never across an authority's border, and never
    one's own."""
    roles = RoleAssignment.objects.active_on(day)
    lines = UnitLine.objects.active_on(day).within_border()
    managers = roles.filter(role=Role.MANAGER, unit=OuterRef("ancestor"))
    # Who heads a unit has no manager above them on that level, or below it.
    headed_by_employee = lines.filter(
        Exists(managers.filter(person=OuterRef(OuterRef(OuterRef("person"))))),
        descendant=OuterRef("descendant"),
        depth__gte=OuterRef("depth"),
    )
    as_hr = roles.filter(person=user, role=Role.HR, unit=OuterRef("ancestor"))
    line = lines.filter(descendant=OuterRef("unit"))
    return Employment.objects.exclude(person=user).filter(
        Exists(line.filter(Exists(as_hr)))
        | Exists(line.filter(Exists(managers.filter(person=user)), ~Exists(headed_by_employee)))
    )


class AccessGrantQuerySet(models.QuerySet["AccessGrant"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """Whoever asked, the employee, and whoever manages them or stands in for the manager."""
        managed = Employment.objects.answered_for_by(user, day)
        return self.filter(
            Q(reader=user) | Q(employee=user) | Q(employment__in=managed) | _standing_in(user, day)
        )

    def running(self, now: object) -> Self:
        return self.filter(opened_at__lte=now, ends_at__gt=now)

    def opened_by(self, user: User, talk: object, day: date | None = None) -> Self:
        """Those of `user` for the talk, while the role that they were given by is still theirs."""
        if is_today(day) and not user.has_role(Role.MANAGER, Role.HR):
            return self.none()
        reached = openable_in_need(user, day).values("pk")
        return self.filter(reader=user, talk=talk, employment__in=reached)


class AccessGrant(models.Model):
    """A record opened in documented need by one who is not one of the two: for a reason, for a
    time, told to both (design, section 4). A try that found no record is kept as well."""

    employment = models.ForeignKey(Employment, models.PROTECT, related_name="+")
    employee = models.ForeignKey(User, models.PROTECT, related_name="+")
    talk = models.ForeignKey(Talk, models.PROTECT, null=True, related_name="grants")
    kind = models.CharField(_("kind of talk"), max_length=9, choices=TalkKind)
    year = models.PositiveSmallIntegerField(_("year"))
    reader = models.ForeignKey(User, models.PROTECT, related_name="grants")
    reason = models.TextField(_("why it is needed"), max_length=2000)
    opened_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()

    objects = AccessGrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("access in need")
        verbose_name_plural = _("accesses in need")
        triggers = [FOR_EVER]
        constraints = [
            models.CheckConstraint(name="access_grant_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="access_grant_is_limited", condition=Q(ends_at__gt=F("opened_at"))
            ),
            models.CheckConstraint(
                name="access_grant_is_for_another", condition=~Q(reader=F("employee"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("dialogues:access", args=[self.pk])

    def is_over(self, now: datetime) -> bool:
        return self.ends_at <= now


class Reading(models.Model):
    """That somebody read something of a talk: written before it is shown, in the same transaction;
    never changed."""

    class Capacity(models.TextChoices):
        EMPLOYEE = "EMPLOYEE", _("The employee")
        HOLDER = "HOLDER", _("Whoever holds the talk")
        DELEGATE = "DELEGATE", _("Delegate of the manager")
        MANAGER = "MANAGER", _("Later manager")
        NEED = "NEED", _("Access in need")

    class What(models.TextChoices):
        PREPARATION = "PREPARATION", _("Preparation")
        JOINT = "JOINT", _("Joint page")
        RECORD = "RECORD", _("Record")
        DOCUMENT = "DOCUMENT", _("Document")
        OWN_DATA = "OWN_DATA", _("Own data")

    talk = models.ForeignKey(Talk, models.PROTECT, null=True, related_name="readings")
    employee = models.ForeignKey(User, models.PROTECT, related_name="+")
    reader = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=8, choices=Capacity)
    what = models.CharField(max_length=11, choices=What)
    grant = models.ForeignKey(AccessGrant, models.PROTECT, null=True, related_name="readings")
    at = models.DateTimeField(default=timezone.now)
    request_id = models.UUIDField(default=uuid4)

    class Meta:
        verbose_name = _("reading of a talk")
        verbose_name_plural = _("readings of talks")
        triggers = [FOR_EVER]
        indexes = [
            models.Index(fields=["talk", "at"], name="reading_of_talk"),
            models.Index(fields=["employee", "at"], name="reading_about"),
        ]
        constraints = [
            models.CheckConstraint(
                name="reading_in_need_has_grant",
                condition=Q(capacity="NEED", grant__isnull=False)
                | ~Q(capacity="NEED") & Q(grant__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
