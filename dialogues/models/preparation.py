"""What each writes alone before a talk. Nobody else sees it, nor that it is there, until it is
shared; and then only who has shared or waived their own."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogues.models.talk import Party, Talk
from dialogues.models.template import Criterion, CriterionStep, Section
from goals.models import COUNTS_UP
from units.models import User


class PreparationQuerySet(models.QuerySet["Preparation"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and what the other has shared once oneself is ready."""
        return self.filter(
            Q(author=user)
            | Q(shared_at__isnull=False, talk__employee=user, talk__employee_ready_at__isnull=False)
            | Q(
                shared_at__isnull=False,
                party=Party.EMPLOYEE,
                talk__holder=user,
                talk__holder_ready_at__isnull=False,
                talk__in=Talk.objects.shared_by(user).values("pk"),
            )
        )

    def shared(self) -> Self:
        return self.filter(shared_at__isnull=False)


class Preparation(models.Model):
    """Shared, it is an official document and never changes: what is added later is a new one."""

    talk = models.ForeignKey(Talk, models.PROTECT, related_name="preparations")
    author = models.ForeignKey(User, models.PROTECT, related_name="preparations")
    party = models.CharField(max_length=8, choices=Party)
    number = models.PositiveSmallIntegerField(default=1)
    shared_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)

    objects = PreparationQuerySet.as_manager()

    class Meta:
        verbose_name = _("preparation")
        verbose_name_plural = _("preparations")
        triggers = [COUNTS_UP]
        constraints = [
            models.UniqueConstraint(
                fields=["talk", "author", "number"], name="preparation_number_once"
            ),
            models.UniqueConstraint(
                fields=["talk", "author"],
                condition=Q(shared_at__isnull=True),
                name="preparation_one_unshared",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Answer(models.Model):
    """What is written under one section of a preparation. Own notes are never shared."""

    preparation = models.ForeignKey(Preparation, models.CASCADE, related_name="answers")
    talk = models.ForeignKey(Talk, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    section = models.ForeignKey(Section, models.PROTECT, related_name="+")
    # The section's, kept here for the wall: notes for oneself open to nobody else.
    is_own_notes = models.BooleanField(default=False)
    text = models.TextField(max_length=20_000, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        triggers = [COUNTS_UP]
        constraints = [
            models.UniqueConstraint(
                fields=["preparation", "section"], name="answer_once_for_a_section"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class CriterionView(models.Model):
    """How its author sees one pay criterion, before the salary talk: a step and the reasons."""

    preparation = models.ForeignKey(Preparation, models.CASCADE, related_name="criterion_views")
    talk = models.ForeignKey(Talk, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    step = models.ForeignKey(CriterionStep, models.PROTECT, null=True, related_name="+")
    reasons = models.TextField(max_length=6000, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("view of a pay criterion")
        verbose_name_plural = _("views of pay criteria")
        triggers = [COUNTS_UP]
        constraints = [
            models.UniqueConstraint(fields=["preparation", "criterion"], name="criterion_view_once")
        ]

    def __str__(self) -> str:
        return str(self.pk)
