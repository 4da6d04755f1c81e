"""The organisation as a dated tree: a unit is who it is, a placement says where it lay and when."""

from datetime import date
from typing import TYPE_CHECKING, Self

import pghistory
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from units.periods import PeriodQuerySet, active_on, check_period, ends_after_start, no_overlap
from units.sorting import swedish_order

if TYPE_CHECKING:
    from units.models.people import User


class UnitQuerySet(models.QuerySet["Unit"]):
    def active_on(self, day: date | None = None) -> Self:
        placed = UnitPlacement.objects.active_on(day).filter(unit=OuterRef("pk"))
        return self.filter(Exists(placed))

    def below(self, unit: "Unit", day: date | None = None) -> Self:
        """The unit itself and all under it on that day, without crossing an authority's border."""
        lines = UnitLine.objects.active_on(day).within_border().filter(ancestor=unit)
        return self.filter(Exists(lines.filter(descendant=OuterRef("pk"))))

    def above(self, unit: "Unit", day: date | None = None) -> Self:
        """The unit itself and all over it on that day, up to the city, nearest first."""
        lines = UnitLine.objects.active_on(day).filter(descendant=unit)
        return self.filter(lines_down__in=lines).order_by("lines_down__depth")

    def in_scope_of(self, user: "User", *roles: str, day: date | None = None) -> Self:
        """Units that an assignment to one of `roles` reaches: its unit and all below, stopping at
        the border of the next authority (design, section 4)."""
        lines = (
            UnitLine.objects.active_on(day)
            .within_border()
            .filter(
                active_on(day, "ancestor__roles__"),
                ancestor__roles__person=user,
                ancestor__roles__role__in=roles,
            )
        )
        return self.filter(pk__in=lines.values("descendant"))

    def children_on(self, unit: "Unit", day: date | None = None) -> Self:
        placed = UnitPlacement.objects.active_on(day).filter(unit=OuterRef("pk"), parent=unit)
        return self.filter(Exists(placed))

    def in_swedish_order(self) -> Self:
        return self.order_by(swedish_order("name"), "pk")

    def city_root(self) -> "Unit":
        """The city, made as of today when the portal is still empty."""
        city = self.filter(kind=Unit.Kind.CITY).first()
        if city is None:
            with transaction.atomic():
                city = self.create(code="STHLM", kind=Unit.Kind.CITY)
                UnitPlacement.objects.create(
                    unit=city, name="Stockholms stad", starts_on=timezone.localdate()
                )
                city.refresh_from_db()
        return city


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Unit(models.Model):
    class Kind(models.TextChoices):
        CITY = "CITY", _("City")
        BOARD = "BOARD", _("Board with its administration")
        DEPARTMENT = "DEPARTMENT", _("Department")
        UNIT = "UNIT", _("Unit")
        GROUP = "GROUP", _("Group")

    class Operation(models.TextChoices):
        """What a unit works with: the classes of the city's quality award, and its offices."""

        PRESCHOOL = "PRESCHOOL", _("Preschool")
        SCHOOL = "SCHOOL", _("School")
        ELDER_CARE = "ELDER_CARE", _("Elder care")
        SOCIAL_CARE = "SOCIAL_CARE", _("Social services and disability support")
        CULTURE = "CULTURE", _("Culture and sports")
        STREETS = "STREETS", _("Streets, parks and buildings")
        OFFICE = "OFFICE", _("Administration and support")
        OTHER = "OTHER", _("Other operations")

    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    operation = models.CharField(
        _("works with"),
        max_length=11,
        choices=Operation,
        blank=True,
        help_text=_("Which units it is compared with."),
    )
    name = models.CharField(
        _("name"),
        max_length=200,
        editable=False,
        default="",
        help_text=_("The name of the day, kept by the database from the dated placements."),
    )
    successor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessors",
        verbose_name=_("merged into"),
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.CheckConstraint(
                name="unit_kind_is_known",
                condition=Q(kind__in=["CITY", "BOARD", "DEPARTMENT", "UNIT", "GROUP"]),
            ),
            models.CheckConstraint(
                name="unit_operation_is_known",
                condition=Q(
                    operation__in=[
                        "",
                        "PRESCHOOL",
                        "SCHOOL",
                        "ELDER_CARE",
                        "SOCIAL_CARE",
                        "CULTURE",
                        "STREETS",
                        "OFFICE",
                        "OTHER",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="unit_does_not_succeed_itself",
                condition=Q(successor__isnull=True) | ~Q(successor=F("pk")),
            ),
            models.UniqueConstraint(
                "kind",
                name="unit_city_is_one",
                condition=Q(kind="CITY"),
                violation_error_message=_("There is a city already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    def get_absolute_url(self) -> str:
        return reverse("dialogues:unit", args=[self.pk])

    @property
    def writes_unit_goals(self) -> bool:
        return self.kind in {self.Kind.DEPARTMENT, self.Kind.UNIT, self.Kind.GROUP}


class UnitPlacementQuerySet(PeriodQuerySet):
    pass


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class UnitPlacement(models.Model):
    """Where a unit lay and what it was called, for a time. To rename or move is a new row."""

    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="placements", verbose_name=_("unit")
    )
    parent = models.ForeignKey(
        Unit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="child_placements",
        verbose_name=_("lies under"),
    )
    name = models.CharField(_("name"), max_length=200)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = UnitPlacementQuerySet.as_manager()

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        constraints = [
            ends_after_start("placement_ends_after_start"),
            no_overlap(
                "placement_one_at_a_time",
                "unit",
                message=_("The unit already has a placement during these days."),
            ),
            models.CheckConstraint(
                name="placement_not_under_itself",
                condition=Q(parent__isnull=True) | ~Q(parent=F("unit")),
                violation_error_message=_("A unit cannot lie under itself."),
            ),
            models.CheckConstraint(
                name="placement_has_a_name",
                condition=~Q(name=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_period(self.starts_on, self.ends_on)


class UnitLineQuerySet(PeriodQuerySet):
    def within_border(self) -> Self:
        return self.filter(crosses_border=False)


class UnitLine(models.Model):
    """Every unit's line upwards, itself first (depth 0), for the days it held.

    Derived by the database from the placements (migration `units.0002`) and written by nothing
    else; the same statement refuses a cycle. `crosses_border` is true when the line leaves an
    authority, that is a board with its administration.
    """

    ancestor = models.ForeignKey(Unit, models.CASCADE, related_name="lines_down")
    descendant = models.ForeignKey(Unit, models.CASCADE, related_name="lines_up")
    depth = models.PositiveSmallIntegerField()
    crosses_border = models.BooleanField()
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    objects = UnitLineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["descendant", "depth"], name="unitline_up"),
            models.Index(fields=["ancestor", "descendant"], name="unitline_down"),
        ]

    def __str__(self) -> str:
        return f"{self.descendant_id} < {self.ancestor_id}"
