"""What is promised, from the council's goal to the unit's."""

from datetime import date
from typing import Any, Self

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from units.models import Role, Unit, UnitLine, User
from units.sorting import swedish_order

# The six parts of the city's form for a unit goal, the goal itself first (quality programme).
GOAL_PARTS = (
    "title",
    "expected_result",
    "working_method",
    "resource_use",
    "follow_up",
    "development",
)


def label_of(part: str) -> str:
    """What a part of the goal is called, in the reader's language."""
    label: str = str(Goal._meta.get_field(part).verbose_name)  # type: ignore[union-attr]
    return label


# A forgotten version check is an error in the database, never a silently lost text.
COUNTS_UP = pgtrigger.Trigger(
    name="revision_counts_up",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func="""
        IF NEW.revision <> OLD.revision + 1 THEN
            RAISE EXCEPTION 'revision % does not follow %', NEW.revision, OLD.revision
                USING ERRCODE = 'serialization_failure', TABLE = TG_TABLE_NAME;
        END IF;
        RETURN NEW;
    """,
)


def number_order(field: str = "number") -> tuple[Any, str]:
    """`order_by` expressions: 1.2 before 1.10, and what has no such number last."""
    parts = Func(F(field), Value("."), function="string_to_array")
    in_numbers = Case(
        When(
            **{f"{field}__regex": r"^[0-9]{1,9}([.][0-9]{1,9})*$"},
            then=Cast(parts, ArrayField(models.IntegerField())),
        )
    )
    return in_numbers, field


_BY_TITLE = (swedish_order("title"), "pk")


class GoalQuerySet(models.QuerySet["Goal"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """Adopted goals are open to everyone signed in; a draft to those who answer for the unit:
        its managers, the managers above and the subtree's controllers."""
        answered_for = Unit.objects.in_scope_of(user, Role.MANAGER, Role.CONTROLLER, day=day)
        return self.filter(Q(status=Goal.Status.ADOPTED) | Q(unit__in=answered_for))

    def adopted(self) -> Self:
        return self.filter(status=Goal.Status.ADOPTED)

    def drafts(self) -> Self:
        return self.filter(status=Goal.Status.DRAFT)

    def for_year(self, year: int) -> Self:
        return self.filter(first_year__lte=year, last_year__gte=year)

    def at_level(self, *levels: str) -> Self:
        return self.filter(level__in=levels)

    def holding(self, text: str) -> Self:
        """Goals whose title holds every word of the text."""
        return self.filter(*(Q(title__icontains=word) for word in text.split()))

    def with_line(self) -> Self:
        """With the whole line up to the council, in one statement."""
        return self.select_related(
            "unit", "parent__unit", "parent__parent__unit", "parent__parent__parent__unit"
        )

    def with_taken_up(self, year: int, board: Unit | None = None) -> Self:
        """Annotate `is_taken_up`: whether a board or a unit (of `board`'s line, when given) serves
        or contributes to the goal, or to one that lies under it."""
        condition = _taken_up_below(year, board)
        return self.annotate(is_taken_up=Case(When(condition, then=True), default=False))

    def not_taken_up_below(self, year: int, board: Unit | None = None) -> Self:
        """Those that `with_taken_up` would say False of."""
        return self.exclude(_taken_up_below(year, board))

    def from_the_top(self) -> Self:
        """The council's goals first, then the boards', then the units'."""
        level = Case(
            *(When(level=level, then=Value(place)) for place, level in enumerate(Goal.Level)),
            output_field=models.SmallIntegerField(),
        )
        return self.order_by(level, *number_order(), swedish_order("unit__name"), *_BY_TITLE)

    def in_order_of_numbers(self) -> Self:
        return self.order_by(*number_order(), *_BY_TITLE)

    def in_order_of_units(self) -> Self:
        return self.order_by(swedish_order("unit__name"), *number_order(), *_BY_TITLE)

    def servable_by(self, unit: Unit, year: int, day: date | None = None) -> Self:
        """The goals that a goal of `unit` may serve: a board's goal serves the council's; a unit's
        serves the goals of the boards on its own line upwards."""
        goals = self.adopted().for_year(year)
        if unit.kind == Unit.Kind.BOARD:
            return goals.at_level(Goal.Level.ORIENTATION, Goal.Level.OPERATIONAL_AREA)
        line = UnitLine.objects.active_on(day).filter(descendant=unit, depth__gt=0)
        return goals.at_level(Goal.Level.BOARD).filter(unit__in=line.values("ancestor"))


def _taken_up_below(year: int, board: Unit | None) -> Q:
    carriers = Goal.objects.adopted().for_year(year)
    carriers = carriers.at_level(Goal.Level.BOARD, Goal.Level.UNIT)
    if board:
        carriers = carriers.filter(Q(unit=board) | Q(parent__unit=board))
    contributions = GoalContribution.objects.filter(goal__in=carriers)
    above = contributions.filter(supported__parent__isnull=False)
    # Asked once for all goals: asked for each, it takes minutes with a thousand of them.
    return (
        Q(pk__in=carriers.filter(parent__isnull=False).values("parent"))
        | Q(pk__in=carriers.filter(parent__parent__isnull=False).values("parent__parent"))
        | Q(pk__in=contributions.values("supported"))
        | Q(pk__in=above.values("supported__parent"))
    )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Goal(models.Model):
    """A goal at any level. The row holds the text in force; `GoalVersion` holds every text that
    was adopted."""

    class Level(models.TextChoices):
        ORIENTATION = "ORIENTATION", _("The council's orientation goal")
        OPERATIONAL_AREA = "OPERATIONAL_AREA", _("The council's goal for an operational area")
        BOARD = "BOARD", _("Board goal")
        UNIT = "UNIT", _("Unit goal")

    class Status(models.TextChoices):
        DRAFT = "DRAFT", _("Draft")
        ADOPTED = "ADOPTED", _("Adopted")

    level = models.CharField(_("level"), max_length=16, choices=Level)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="goals", verbose_name=_("unit"))
    first_year = models.PositiveSmallIntegerField(_("first year"))
    last_year = models.PositiveSmallIntegerField(_("last year"))
    number = models.CharField(_("number"), max_length=12, blank=True)
    title = models.CharField(_("goal"), max_length=500)
    expected_result = models.TextField(_("expected result"), max_length=4000, blank=True)
    working_method = models.TextField(_("working method"), max_length=4000, blank=True)
    resource_use = models.TextField(_("use of resources"), max_length=4000, blank=True)
    follow_up = models.TextField(_("follow-up"), max_length=4000, blank=True)
    development = models.TextField(_("development"), max_length=4000, blank=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("serves the goal"),
    )
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.DRAFT)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    reference_number = models.CharField(
        _("reference number"), max_length=40, blank=True, help_text=_("Diarienummer.")
    )
    adopted_at = models.DateTimeField(null=True, editable=False)
    adopted_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="adopted_goals"
    )
    version_number = models.PositiveSmallIntegerField(default=0, editable=False)
    is_verified = models.BooleanField(
        _("wording checked in a public source"), default=True, editable=False
    )
    is_example = models.BooleanField(_("example data"), default=False, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = GoalQuerySet.as_manager()

    class Meta:
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        indexes = [
            models.Index(fields=["unit", "first_year"], name="goal_of_unit_and_year"),
            models.Index(fields=["first_year", "last_year", "level"], name="goal_of_year"),
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="goal_title_words"),
        ]
        constraints = [
            models.CheckConstraint(
                name="goal_level_is_known",
                condition=Q(level__in=["ORIENTATION", "OPERATIONAL_AREA", "BOARD", "UNIT"]),
            ),
            models.CheckConstraint(
                name="goal_status_is_known", condition=Q(status__in=["DRAFT", "ADOPTED"])
            ),
            models.CheckConstraint(
                name="goal_years_in_order",
                condition=Q(
                    last_year__gte=F("first_year"), first_year__gte=1990, last_year__lte=2200
                ),
            ),
            models.CheckConstraint(
                name="goal_of_board_or_unit_is_yearly",
                condition=~Q(level__in=["BOARD", "UNIT"]) | Q(first_year=F("last_year")),
            ),
            models.CheckConstraint(name="goal_has_words", condition=~Q(title="")),
            models.CheckConstraint(
                name="goal_adopted_has_date_and_version",
                condition=Q(status="DRAFT", adopted_at__isnull=True, version_number=0)
                | Q(status="ADOPTED", adopted_at__isnull=False, version_number__gte=1),
            ),
            models.CheckConstraint(
                name="goal_adopted_by_has_date",
                condition=Q(adopted_by__isnull=True) | Q(adopted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="goal_adopted_by_board_has_decision",
                condition=~Q(level="BOARD", status="ADOPTED")
                | (Q(decided_on__isnull=False) & ~Q(reference_number="")),
                violation_error_message=_(
                    "A board's goal is adopted with the date of the decision and its number."
                ),
            ),
            models.UniqueConstraint(
                fields=["first_year", "last_year", "number"],
                name="goal_council_number_once_a_period",
                condition=Q(level__in=["ORIENTATION", "OPERATIONAL_AREA"]),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()

    def get_absolute_url(self) -> str:
        return reverse("goals:detail", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def is_councils(self) -> bool:
        return self.level in {self.Level.ORIENTATION, self.Level.OPERATIONAL_AREA}

    @property
    def years(self) -> str:
        if self.first_year == self.last_year:
            return str(self.first_year)
        return f"{self.first_year}–{self.last_year}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class GoalContribution(models.Model):
    """A further goal that a goal contributes to, beside the one it serves."""

    goal = models.ForeignKey(Goal, models.CASCADE, related_name="contributions")
    supported = models.ForeignKey(Goal, models.PROTECT, related_name="supporters")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["goal", "supported"], name="contribution_once"),
            models.CheckConstraint(
                name="contribution_not_to_itself", condition=~Q(goal=F("supported"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.goal_id} > {self.supported_id}"


class GoalVersion(models.Model):
    """A text as it was adopted: written once, never changed, never removed."""

    goal = models.ForeignKey(Goal, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(_("goal"), max_length=500)
    expected_result = models.TextField(_("expected result"), blank=True)
    working_method = models.TextField(_("working method"), blank=True)
    resource_use = models.TextField(_("use of resources"), blank=True)
    follow_up = models.TextField(_("follow-up"), blank=True)
    development = models.TextField(_("development"), blank=True)
    parent = models.ForeignKey(
        Goal, models.PROTECT, null=True, related_name="+", verbose_name=_("serves the goal")
    )
    # The titles as they were that day, one to a line: the goals themselves may be reworded.
    contributes_to = models.TextField(_("Also contributes to"), blank=True)
    decided_on = models.DateField(_("decided on"), null=True)
    reference_number = models.CharField(_("reference number"), max_length=40, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="goal_versions")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of a goal")
        verbose_name_plural = _("versions of goals")
        constraints = [
            models.UniqueConstraint(fields=["goal", "number"], name="goal_version_numbered_once"),
            models.CheckConstraint(
                name="goal_version_after_the_first_has_reason",
                condition=Q(number=1) | ~Q(reason=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="version_is_for_ever", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"
