"""What is expected of one person."""

from datetime import date
from typing import Any, Self

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from goals.models.goal import COUNTS_UP, Goal
from units.models import Employment, User

# What may be agreed beside the expectation itself, in the order that it is read.
_TERMS = ("expected_result", "sign", "support", "due_on")


def terms_of(said: Any, *names: str) -> list[tuple[str, str]]:
    """Label and text of what was agreed beside an expectation, or beside one of its events."""
    terms = []
    for name in names or _TERMS:
        if value := getattr(said, name):
            label = str(Expectation._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            text = date_format(value) if isinstance(value, date) else str(value)
            terms.append((capfirst(label), text))
    return terms


def holds_any(expectations: "ExpectationQuerySet", day: date | None = None) -> Q:
    """In a query of employments: whether any of these was given in one, or in that which went on
    as it when the unit was merged."""
    merged = Employment.objects.merged_by(day or timezone.localdate())
    given_before = expectations.filter(
        employment__in=merged,
        employment__person=OuterRef("person"),
        employment__unit__successor=OuterRef("unit"),
    )
    given_here = expectations.filter(employment=OuterRef("pk"))
    return Q(Exists(given_here)) | Q(Exists(given_before))


class ExpectationQuerySet(models.QuerySet["Expectation"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """The two: the employee, and the manager of the employment that it was given in, also after
        the unit has been merged into another, or who stands in for the manager on that day.

        The second wall says the same again (`portal_meets`)."""
        answered_for = Employment.objects.answered_for_by(user, day)
        stood_in_for = Employment.objects.stood_in_for_by(user, day)
        # `Employment.met_by` taken apart: each part can be looked up in an index.
        return self.filter(
            Q(employment__person=user)
            | Q(employment__in=answered_for)
            | Q(employment__in=stood_in_for)
        )

    def held_by(self, user: User) -> Self:
        return self.filter(employment__person=user)

    def not_left(self, day: date | None = None) -> Self:
        """Without those of an employment that one has left."""
        return self.filter(employment__in=Employment.objects.not_left(day))

    def left(self, day: date | None = None) -> Self:
        """Those of an employment that one has left."""
        return self.exclude(employment__in=Employment.objects.not_left(day))

    def in_force(self) -> Self:
        return self.filter(status=Expectation.Status.ACTIVE)

    def withdrawn(self) -> Self:
        return self.filter(status=Expectation.Status.WITHDRAWN)

    def for_year(self, year: int) -> Self:
        return self.filter(goal__first_year=year)

    def from_year(self, year: int) -> Self:
        return self.filter(goal__first_year__gte=year)

    def with_line(self) -> Self:
        """With the goal it serves and the line up to the council, in one statement."""
        return self.select_related(
            "employment__person",
            "employment__unit",
            "goal__unit",
            "goal__parent__unit",
            "goal__parent__parent__unit",
            "goal__parent__parent__parent__unit",
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Expectation(models.Model):
    """What is expected of one employee in the year of a unit goal. Read by the two of them.

    Behind the second wall: outside `units.wall.acting_as` no row is seen.
    """

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", _("In force")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    employment = models.ForeignKey(
        Employment, models.PROTECT, related_name="expectations", verbose_name=_("employee")
    )
    goal = models.ForeignKey(
        Goal, models.PROTECT, related_name="expectations", verbose_name=_("unit goal")
    )
    text = models.TextField(_("expectation"), max_length=2000)
    sign = models.TextField(_("how it shows"), max_length=1000, blank=True)
    expected_result = models.TextField(_("expected result"), max_length=1000, blank=True)
    support = models.TextField(_("support needed"), max_length=1000, blank=True)
    due_on = models.DateField(_("by when"), null=True, blank=True)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.ACTIVE)
    version_number = models.PositiveSmallIntegerField(default=1, editable=False)
    given_at = models.DateTimeField(editable=False)
    given_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawal_reason = models.TextField(_("reason"), max_length=1000, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = ExpectationQuerySet.as_manager()

    events: models.Manager[Any]  # every state the row has had, kept by triggers

    class Meta:
        verbose_name = _("expectation")
        verbose_name_plural = _("expectations")
        constraints = [
            models.CheckConstraint(
                name="expectation_status_is_known", condition=Q(status__in=["ACTIVE", "WITHDRAWN"])
            ),
            models.CheckConstraint(name="expectation_has_words", condition=~Q(text="")),
            models.CheckConstraint(
                name="expectation_withdrawn_by_someone_for_a_reason",
                condition=Q(status="ACTIVE", withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | (
                    Q(status="WITHDRAWN", withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & ~Q(withdrawal_reason="")
                ),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("dialogues:expectation", args=[self.pk])

    @property
    def is_in_force(self) -> bool:
        return self.status == self.Status.ACTIVE

    @property
    def terms_beside_thread(self) -> list[tuple[str, str]]:
        """What the thread of a start page does not hold, and who says that they know it reads."""
        return terms_of(self, "expected_result", "support")
