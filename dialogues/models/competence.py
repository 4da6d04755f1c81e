"""The competence plan (kompetensutvecklingsplan): what somebody needs to learn, and how."""

from datetime import date
from typing import Any, Self

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogues.models.talk import Party, Talk
from goals.models import COUNTS_UP, Expectation, Goal
from units.models import Employment, User


def origin_words(need: Any) -> str:
    """Where a need, or an event of one, comes from; what is not the reader's to see stays out."""
    label = str(CompetenceNeed.Source(need.source).label)
    about = ""
    if need.goal is not None:
        about = need.goal.title
    elif need.expectation is not None:
        about = Truncator(need.expectation.text).chars(120)
    return f"{label}: {about}" if about else label


class CompetenceNeedQuerySet(models.QuerySet["CompetenceNeed"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """The employee, whoever manages them today or holds the talks in the manager's place, and
        whoever manages where they brought it along."""
        managed = Employment.objects.answered_for_by(user, day)
        stood_in_for = Employment.objects.stood_in_for_by(user, day)
        return self.filter(
            Q(employee=user)
            | Q(employment__in=managed)
            | Q(brought_to__in=managed)
            | Q(employment__in=stood_in_for)
        )

    def open(self) -> Self:
        return self.filter(state=CompetenceNeed.State.OPEN)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CompetenceNeed(models.Model):
    """A need, from where it comes to what it led to. It stays open from year to year until done
    or dropped."""

    class Source(models.TextChoices):
        GOAL = "GOAL", _("A goal of the unit")
        EXPECTATION = "EXPECTATION", _("An expectation")
        OWN_WISH = "OWN_WISH", _("An own wish")

    class State(models.TextChoices):
        OPEN = "OPEN", pgettext_lazy("need", "Open")
        DONE = "DONE", pgettext_lazy("need", "Done")
        DROPPED = "DROPPED", _("Dropped")

    employment = models.ForeignKey(Employment, models.PROTECT, related_name="competence_needs")
    employee = models.ForeignKey(User, models.PROTECT, related_name="competence_needs")
    talk = models.ForeignKey(Talk, models.PROTECT, null=True, related_name="competence_needs")
    need = models.TextField(_("need"), max_length=1000)
    source = models.CharField(_("comes from"), max_length=11, choices=Source)
    goal = models.ForeignKey(
        Goal, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("goal")
    )
    expectation = models.ForeignKey(
        Expectation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("expectation"),
    )
    activity = models.TextField(_("activity"), max_length=1000, blank=True)
    responsible = models.CharField(
        _("responsible"), max_length=8, choices=Party, default=Party.EMPLOYEE
    )
    due_on = models.DateField(_("by when"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.OPEN)
    done_on = models.DateField(_("done on"), null=True, blank=True)
    effect = models.TextField(_("what it led to"), max_length=2000, blank=True)
    drop_reason = models.TextField(_("why it was dropped"), max_length=1000, blank=True)
    brought_to = models.ForeignKey(Employment, models.PROTECT, null=True, related_name="+")
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)

    objects = CompetenceNeedQuerySet.as_manager()

    events: models.Manager[Any]

    class Meta:
        verbose_name = _("need in a competence plan")
        verbose_name_plural = _("needs in competence plans")
        triggers = [COUNTS_UP]
        indexes = [models.Index(fields=["employment", "state"], name="competence_of_employment")]
        constraints = [
            models.CheckConstraint(name="competence_need_has_words", condition=~Q(need="")),
            models.CheckConstraint(
                name="competence_source_is_known",
                condition=Q(source="GOAL", expectation__isnull=True)
                | Q(source="EXPECTATION", goal__isnull=True)
                | Q(source="OWN_WISH", goal__isnull=True, expectation__isnull=True),
            ),
            models.CheckConstraint(
                name="competence_state_fits",
                condition=Q(state="OPEN", done_on__isnull=True)
                | Q(state="DONE", done_on__isnull=False)
                | Q(state="DROPPED") & ~Q(drop_reason=""),
            ),
            models.CheckConstraint(
                name="competence_responsible_is_known",
                condition=Q(responsible__in=["EMPLOYEE", "MANAGER"]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("dialogues:competence_need", args=[self.pk])

    @property
    def origin_words(self) -> str:
        return origin_words(self)

    def is_late_on(self, day: date) -> bool:
        return self.state == self.State.OPEN and self.due_on is not None and self.due_on < day
