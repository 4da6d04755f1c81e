"""What is done to reach a goal."""

from datetime import date
from typing import Self

import pghistory
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from goals.models.goal import COUNTS_UP, Goal
from units.models import Role, Unit, User


class ActivityQuerySet(models.QuerySet["Activity"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """Everyone sees what is done for an adopted goal; what is only proposed, or done for
        drafts alone, those who answer for the unit."""
        answered_for = Unit.objects.in_scope_of(user, Role.MANAGER, Role.CONTROLLER, day=day)
        for_adopted = ActivityGoal.objects.filter(
            activity=OuterRef("pk"), goal__status=Goal.Status.ADOPTED
        )
        return self.filter(
            (Exists(for_adopted) & ~Q(state=Activity.State.PROPOSED)) | Q(unit__in=answered_for)
        )

    def in_year(self, year: int) -> Self:
        return self.filter(starts_on__lte=date(year, 12, 31), due_on__gte=date(year, 1, 1))

    def for_goals(self, goals: "models.QuerySet[Goal]") -> Self:
        served = ActivityGoal.objects.filter(activity=OuterRef("pk"), goal__in=goals)
        return self.filter(Exists(served))

    def agreed(self) -> Self:
        return self.exclude(state=Activity.State.PROPOSED)

    def unfinished(self) -> Self:
        return self.exclude(state__in=[Activity.State.DONE, Activity.State.STOPPED])

    def in_order(self) -> Self:
        return self.order_by("due_on", "pk")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Activity(models.Model):
    """Something to be done, by someone, by a day, for one or more of the unit's goals."""

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("Proposed")
        NOT_BEGUN = "NOT_BEGUN", _("Not begun")
        BEGUN = "BEGUN", _("Begun")
        DONE = "DONE", _("Done")
        DEVIATES = "DEVIATES", _("Deviates")
        STOPPED = "STOPPED", _("Stopped")

    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="activities", verbose_name=_("unit")
    )
    title = models.CharField(_("activity"), max_length=300)
    description = models.TextField(_("what is to be done"), max_length=2000, blank=True)
    goals = models.ManyToManyField(
        Goal,
        through="goals.ActivityGoal",
        related_name="activities",
        verbose_name=_("for the goals"),
    )
    responsible = models.ForeignKey(
        User, models.PROTECT, related_name="activities", verbose_name=_("responsible")
    )
    starts_on = models.DateField(_("from"))
    due_on = models.DateField(_("to be done by"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.NOT_BEGUN)
    progress = models.TextField(_("how it goes"), max_length=2000, blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True)
    # A measure decided in a follow-up keeps the assessment that it came of.
    assessment = models.ForeignKey(
        "goals.Assessment",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="measures",
        verbose_name=_("decided in"),
    )
    continues = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="continued_by"
    )
    is_example = models.BooleanField(_("example data"), default=False, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes = [
            models.Index(fields=["responsible", "due_on"], name="activity_of_person"),
            models.Index(fields=["unit", "due_on"], name="activity_of_unit"),
        ]
        constraints = [
            models.CheckConstraint(name="activity_has_words", condition=~Q(title="")),
            models.CheckConstraint(
                name="activity_state_is_known",
                condition=Q(
                    state__in=["PROPOSED", "NOT_BEGUN", "BEGUN", "DONE", "DEVIATES", "STOPPED"]
                ),
            ),
            models.CheckConstraint(
                name="activity_due_after_start",
                condition=Q(due_on__gte=F("starts_on")),
                violation_error_message=_("The activity is to be done before it starts."),
            ),
            models.CheckConstraint(
                name="activity_done_has_a_day",
                condition=Q(state="DONE", done_on__isnull=False)
                | (~Q(state="DONE") & Q(done_on__isnull=True)),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("goals:activity", args=[self.pk])

    @property
    def is_finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.STOPPED}

    def is_late_on(self, day: date) -> bool:
        return not self.is_finished and self.due_on < day


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ActivityGoal(models.Model):
    """That an activity is done for a goal."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="for_goals")
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="by_activities")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activity", "goal"], name="activity_goal_once")
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} > {self.goal_id}"
