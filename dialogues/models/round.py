"""A round of talks: which part of the organisation holds which talks, between which dates."""

from datetime import date
from typing import Self

import pghistory
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogues.models.template import TalkKind, TalkTemplate
from goals.models import COUNTS_UP
from units.models import Employment, Role, Unit, User


class RoundQuerySet(models.QuerySet["Round"]):
    def kept_by(self, user: User, day: date | None = None) -> Self:
        return self.filter(unit__in=Unit.objects.in_scope_of(user, Role.HR, day=day))

    def running(self) -> Self:
        return self.filter(status=Round.Status.STARTED)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Round(models.Model):
    class Status(models.TextChoices):
        PLANNED = "PLANNED", _("Being prepared")
        STARTED = "STARTED", _("Running")
        ENDED = "ENDED", pgettext_lazy("round", "Ended")

    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="rounds", verbose_name=_("part of the organisation")
    )
    kind = models.CharField(_("kind of talk"), max_length=9, choices=TalkKind)
    year = models.PositiveSmallIntegerField(
        _("year"), help_text=_("The year that the talks set expectations for.")
    )
    template = models.ForeignKey(
        TalkTemplate, models.PROTECT, related_name="+", verbose_name=_("template for employees")
    )
    manager_template = models.ForeignKey(
        TalkTemplate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("template for managers"),
        help_text=_("Empty: the same for managers as for everyone."),
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    message = models.TextField(_("words to those concerned"), max_length=2000, blank=True)
    status = models.CharField(_("state"), max_length=7, choices=Status, default=Status.PLANNED)
    opened_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    started_at = models.DateTimeField(null=True, editable=False)
    started_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+"
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("round of talks")
        verbose_name_plural = _("rounds of talks")
        triggers = [COUNTS_UP]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind", "year"],
                name="round_once",
                violation_error_message=_(
                    "There is a round of this kind for this part and year already."
                ),
            ),
            models.CheckConstraint(
                name="round_ends_after_start",
                condition=Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("The round ends before it starts."),
            ),
            models.CheckConstraint(
                name="round_status_is_known",
                condition=Q(status="PLANNED", started_at__isnull=True, started_by__isnull=True)
                | Q(
                    status__in=["STARTED", "ENDED"],
                    started_at__isnull=False,
                    started_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="round_kind_is_known", condition=Q(kind__in=TalkKind.values)
            ),
            models.CheckConstraint(
                name="round_is_of_a_year", condition=Q(year__gte=1990, year__lte=2200)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.year}, {self.unit}"

    def get_absolute_url(self) -> str:
        return reverse("dialogues:round", args=[self.pk])


class RoundChoice(models.Model):
    """What HR decided of somebody who is not simply included."""

    class Decision(models.TextChoices):
        INCLUDE = "INCLUDE", _("Takes part")
        LEAVE_OUT = "LEAVE_OUT", _("Does not take part")

    round = models.ForeignKey(Round, models.CASCADE, related_name="choices")
    employment = models.ForeignKey(Employment, models.PROTECT, related_name="+")
    decision = models.CharField(max_length=9, choices=Decision)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "employment"], name="round_choice_once_for_an_employment"
            ),
            models.CheckConstraint(
                name="round_choice_is_known", condition=Q(decision__in=["INCLUDE", "LEAVE_OUT"])
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
