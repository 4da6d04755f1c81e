"""What the two write together, and the record that it becomes when both have answered."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogues.models.talk import Party, Talk
from dialogues.models.template import Criterion, CriterionStep, Section
from goals.models import COUNTS_UP, FOR_EVER, Expectation
from units.models import User


class RecordPart(models.Model):
    """A section of the joint page, as it stands. Each is saved by itself, so that the two meet
    only in the same section."""

    talk = models.ForeignKey(Talk, models.PROTECT, related_name="parts")
    section = models.ForeignKey(Section, models.PROTECT, related_name="+")
    text = models.TextField(max_length=20_000, blank=True)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("part of a record")
        verbose_name_plural = _("parts of records")
        triggers = [COUNTS_UP]
        constraints = [models.UniqueConstraint(fields=["talk", "section"], name="record_part_once")]

    def __str__(self) -> str:
        return str(self.pk)


class CriterionWeighing(models.Model):
    """What was weighed under one pay criterion, and what would raise the pay. No amount, and no
    figure made of steps: a step is words."""

    talk = models.ForeignKey(Talk, models.PROTECT, related_name="weighings")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    step = models.ForeignKey(CriterionStep, models.PROTECT, null=True, related_name="+")
    weighed = models.TextField(_("what was weighed"), max_length=6000, blank=True)
    would_raise = models.TextField(_("what would raise the pay"), max_length=6000, blank=True)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("weighing of a pay criterion")
        verbose_name_plural = _("weighings of pay criteria")
        triggers = [COUNTS_UP]
        constraints = [
            models.UniqueConstraint(fields=["talk", "criterion"], name="criterion_weighing_once")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class TalkVersionQuerySet(models.QuerySet["TalkVersion"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """The two see each; later readers of the talk, what both have answered."""
        answers = Confirmation.objects.filter(version=OuterRef("pk"))
        return self.filter(
            Q(talk__in=Talk.objects.shared_by(user, day).values("pk"))
            | Q(
                Exists(answers.filter(party=Party.EMPLOYEE)),
                Exists(answers.filter(party=Party.MANAGER)),
                talk__in=Talk.objects.visible_to(user, day).values("pk"),
                number__lte=F("talk__confirmed_version"),
            )
        )


class TalkVersion(models.Model):
    """The record as typed data (`dialogues.snapshots`), frozen when the two were asked to confirm
    it: written once, never changed."""

    talk = models.ForeignKey(Talk, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    schema = models.PositiveSmallIntegerField()
    snapshot = models.JSONField()
    reason = models.TextField(_("why it is corrected"), blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = TalkVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a record")
        verbose_name_plural = _("versions of records")
        triggers = [FOR_EVER]
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["talk", "number"], name="talk_version_number_once")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Confirmation(models.Model):
    """What one of the two answered to a version of the record."""

    class Outcome(models.TextChoices):
        CONFIRMED = "CONFIRMED", _("Confirmed")
        WITH_REMARK = "WITH_REMARK", _("Confirmed with a remark")
        DECLINED = "DECLINED", _("Declined to confirm")

    version = models.ForeignKey(TalkVersion, models.PROTECT, related_name="confirmations")
    talk = models.ForeignKey(Talk, models.PROTECT, related_name="confirmations")
    # The version's, for the wall: a later reader sees what belongs to an answered version.
    number = models.PositiveSmallIntegerField()
    party = models.CharField(max_length=8, choices=Party)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    outcome = models.CharField(_("answer"), max_length=11, choices=Outcome)
    words = models.TextField(_("remark or reason"), max_length=4000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        triggers = [FOR_EVER]
        constraints = [
            models.UniqueConstraint(fields=["version", "party"], name="confirmation_once_each"),
            models.CheckConstraint(
                name="confirmation_says_why",
                condition=Q(outcome="CONFIRMED")
                | Q(outcome__in=["WITH_REMARK", "DECLINED"]) & ~Q(words=""),
            ),
            models.CheckConstraint(
                name="confirmation_party_is_known", condition=Q(party__in=["EMPLOYEE", "MANAGER"])
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ExpectationResultQuerySet(models.QuerySet["ExpectationResult"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        return self.filter(expectation__in=Expectation.objects.visible_to(user, day).values("pk"))


class ExpectationResult(models.Model):
    """How an expectation went, as one of the two sees it: each has a word of their own."""

    class Outcome(models.TextChoices):
        FULL = "FULL", pgettext_lazy("expectation", "Fully met")
        PARTIAL = "PARTIAL", pgettext_lazy("expectation", "Partly met")
        NOT = "NOT", pgettext_lazy("expectation", "Not met")
        DROPPED = "DROPPED", _("No longer relevant")

    expectation = models.ForeignKey(Expectation, models.PROTECT, related_name="results")
    employment = models.ForeignKey("units.Employment", models.PROTECT, related_name="+")
    employee = models.ForeignKey(User, models.PROTECT, related_name="+")
    party = models.CharField(max_length=8, choices=Party)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    talk = models.ForeignKey(Talk, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(_("result"), max_length=8, choices=Outcome)
    words = models.TextField(_("in own words"), max_length=2000, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)

    objects = ExpectationResultQuerySet.as_manager()

    class Meta:
        verbose_name = _("result of an expectation")
        verbose_name_plural = _("results of expectations")
        triggers = [COUNTS_UP]
        constraints = [
            models.UniqueConstraint(fields=["expectation", "party"], name="result_once_each"),
            models.CheckConstraint(
                name="result_outcome_is_known",
                condition=Q(outcome__in=["FULL", "PARTIAL", "NOT", "DROPPED"]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
