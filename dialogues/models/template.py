"""What a talk asks: templates are data, in versions, so that a talk keeps what it began with."""

from datetime import date
from typing import Self

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from goals.models import FOR_EVER
from units.models import Employment, Role, Unit, UnitLine, User
from units.periods import active_on


class TalkKind(models.TextChoices):
    """The kinds of talk (samtal) between an employee and their manager."""

    EMPLOYEE = "EMPLOYEE", _("Employee talk")
    FOLLOW_UP = "FOLLOW_UP", _("Half-year follow-up")
    SALARY = "SALARY", _("Salary talk")
    NEW = "NEW", _("Talk with someone new")
    LEAVING = "LEAVING", _("Talk with someone who leaves")


def in_own_language(swedish: str, english: str) -> str:
    """English for whoever reads English, where HR has written it; else Swedish."""
    return english if english and get_language() == "en" else swedish


PUBLISHED_STAYS = pgtrigger.Protect(
    name="published_stays",
    operation=pgtrigger.Update | pgtrigger.Delete,
    condition=pgtrigger.Q(old__published_at__isnull=False),
)


def _stays_with_the_published(look_up: str) -> pgtrigger.Trigger:
    """Nothing is added to, changed in or taken from what is published. `look_up` is the statement
    that finds when it was, of the row in question, and holds it for the rest of the transaction.
    """
    refuse = """
        {look_up} INTO published;
        IF published IS NOT NULL THEN
            RAISE EXCEPTION 'What is published never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'belongs_to_published';
        END IF;
    """
    return pgtrigger.Trigger(
        name="stays_with_the_published",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("published", "timestamptz")],
        func=f"""
            IF TG_OP <> 'INSERT' THEN {refuse.format(look_up=look_up.format(row="OLD"))} END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            {refuse.format(look_up=look_up.format(row="NEW"))}
            RETURN NEW;
        """,
    )


class TalkTemplateQuerySet(models.QuerySet["TalkTemplate"]):
    def kept_by(self, user: User, day: date | None = None) -> Self:
        """Those that HR of the board looks after; the city's own, HR of the city."""
        units = Unit.objects.in_scope_of(user, Role.HR, day=day)
        at_city = Unit.objects.filter(kind=Unit.Kind.CITY, pk__in=units.values("pk"))
        return self.filter(Q(unit__in=units) | Q(unit=None) & Q(models.Exists(at_city)))

    def offered_to(self, unit: Unit, kind: str, day: date | None = None) -> Self:
        """Those in use for a kind of talk in the unit: the city's and those of its own line."""
        line = UnitLine.objects.active_on(day).within_border().filter(descendant=unit)
        published = TemplateVersion.objects.filter(
            template=models.OuterRef("pk"), published_at__isnull=False
        )
        return self.filter(
            Q(unit=None) | Q(unit__in=line.values("ancestor")),
            models.Exists(published),
            kind=kind,
            is_in_use=True,
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class TalkTemplate(models.Model):
    class Audience(models.TextChoices):
        EMPLOYEE = "EMPLOYEE", _("Employees")
        MANAGER = "MANAGER", _("Managers")

    unit = models.ForeignKey(
        Unit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("for"),
        help_text=_("Empty: for the whole city."),
    )
    code = models.CharField(_("short name"), max_length=40, unique=True)
    kind = models.CharField(_("kind of talk"), max_length=9, choices=TalkKind)
    audience = models.CharField(
        _("for whom"), max_length=8, choices=Audience, default=Audience.EMPLOYEE
    )
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    is_in_use = models.BooleanField(_("offered for new talks"), default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = TalkTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("talk template")
        verbose_name_plural = _("talk templates")
        constraints = [
            models.CheckConstraint(
                name="talk_template_kind_is_known", condition=Q(kind__in=TalkKind.values)
            ),
            models.CheckConstraint(
                name="talk_template_audience_is_known",
                condition=Q(audience__in=["EMPLOYEE", "MANAGER"]),
            ),
            models.CheckConstraint(
                name="talk_template_has_code_and_name", condition=~Q(code="") & ~Q(name="")
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return in_own_language(self.name, self.name_en)

    @property
    def title_and_place(self) -> str:
        """For choices: a board's own copy keeps the name of the city's."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


class TemplateVersionQuerySet(models.QuerySet["TemplateVersion"]):
    def in_force(self) -> Self:
        """The latest published version of each template."""
        newer = TemplateVersion.objects.filter(
            template=models.OuterRef("template"),
            number__gt=models.OuterRef("number"),
            published_at__isnull=False,
        )
        return self.filter(~models.Exists(newer), published_at__isnull=False)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class TemplateVersion(models.Model):
    """A template as it was at a time. Edited until published; then it is for ever."""

    template = models.ForeignKey(
        TalkTemplate, models.PROTECT, related_name="versions", verbose_name=_("template")
    )
    number = models.PositiveSmallIntegerField(_("version"), editable=False)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+"
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = TemplateVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a talk template")
        verbose_name_plural = _("versions of talk templates")
        constraints = [
            models.UniqueConstraint(
                fields=["template", "number"], name="template_version_number_once"
            ),
            models.UniqueConstraint(
                fields=["template"],
                condition=Q(published_at__isnull=True),
                name="template_version_one_draft",
                violation_error_message=_("There is a version being written already."),
            ),
            models.CheckConstraint(
                # Nobody has published the portal's own.
                name="template_version_published_by_then",
                condition=Q(published_at__isnull=True, published_by__isnull=True)
                | Q(published_at__isnull=False),
            ),
        ]
        triggers = [PUBLISHED_STAYS]

    def __str__(self) -> str:
        return f"{self.template}, {self.number}"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Section(models.Model):
    class Owner(models.TextChoices):
        """Who prepares it and who writes it in the record."""

        EMPLOYEE = "EMPLOYEE", _("The employee")
        MANAGER = "MANAGER", _("The manager")
        BOTH = "BOTH", _("Both, each apart before the talk")
        JOINT = "JOINT", _("Both together, at the talk")

    class Visibility(models.TextChoices):
        SHARED = "SHARED", _("The two of them, once shared")
        OWN = "OWN", _("Its writer alone, as notes for oneself")

    class Shows(models.TextChoices):
        """What stands in the section besides its text."""

        TEXT = "TEXT", _("Text alone")
        RESULTS = "RESULTS", _("The expectations of the year that has been, with results")
        EXPECTATIONS = "EXPECTATIONS", _("The expectations of the coming year")
        COMPETENCE = "COMPETENCE", _("The competence plan")
        CRITERIA = "CRITERIA", _("The pay criteria")

    version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="sections", verbose_name=_("version")
    )
    order = models.PositiveSmallIntegerField(_("order"))
    owner = models.CharField(_("who writes"), max_length=8, choices=Owner, default=Owner.BOTH)
    visibility = models.CharField(
        _("who reads"), max_length=6, choices=Visibility, default=Visibility.SHARED
    )
    shows = models.CharField(_("shows besides"), max_length=12, choices=Shows, default=Shows.TEXT)
    heading = models.CharField(_("heading"), max_length=120)
    heading_en = models.CharField(_("heading in English"), max_length=120, blank=True)
    help_text = models.TextField(_("help"), max_length=1000, blank=True)
    help_text_en = models.TextField(_("help in English"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "order"],
                name="section_order_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                name="section_owner_is_known",
                condition=Q(owner__in=["EMPLOYEE", "MANAGER", "BOTH", "JOINT"]),
            ),
            models.CheckConstraint(
                name="section_of_both_is_shared",
                condition=Q(visibility="SHARED") | Q(visibility="OWN") & ~Q(owner="JOINT"),
                violation_error_message=_("What is written together is read by both."),
            ),
            models.CheckConstraint(
                name="section_shows_is_known",
                condition=Q(
                    shows__in=["TEXT", "RESULTS", "EXPECTATIONS", "COMPETENCE", "CRITERIA"]
                ),
            ),
            models.CheckConstraint(name="section_has_heading", condition=~Q(heading="")),
        ]
        triggers = [
            _stays_with_the_published(
                "SELECT v.published_at FROM dialogues_templateversion v "
                "WHERE v.id = {row}.version_id FOR SHARE"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return in_own_language(self.heading, self.heading_en)

    @property
    def help(self) -> str:
        return in_own_language(self.help_text, self.help_text_en)

    @property
    def is_own_notes(self) -> bool:
        return self.visibility == self.Visibility.OWN

    def is_prepared_by_employee(self) -> bool:
        return self.owner in {self.Owner.EMPLOYEE, self.Owner.BOTH}

    def is_prepared_by_manager(self) -> bool:
        return self.owner in {self.Owner.MANAGER, self.Owner.BOTH}


class CriteriaSetQuerySet(models.QuerySet["CriteriaSet"]):
    def kept_by(self, user: User, day: date | None = None) -> Self:
        return self.filter(unit__in=Unit.objects.in_scope_of(user, Role.HR, day=day).values("pk"))

    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def in_force(self) -> Self:
        """Published, and no correction of it is."""
        corrected = CriteriaSet.objects.annotate(group=Coalesce("staff_group_id", 0)).filter(
            unit=models.OuterRef("unit"),
            year=models.OuterRef("year"),
            group=Coalesce(models.OuterRef("staff_group_id"), 0),
            number__gt=models.OuterRef("number"),
            published_at__isnull=False,
        )
        return self.published().filter(~models.Exists(corrected))

    def applying_to(self, employment: Employment, year: int, day: date | None = None) -> Self:
        """Those in force in the year that hold for the employment, the one that applies first."""
        return self.applying_in(employment.unit_id, employment.staff_group_id, year, day)

    def applying_in(
        self,
        unit: int | models.OuterRef,
        staff_group: int | models.OuterRef | None,
        year: int | models.OuterRef,
        day: date | None = None,
    ) -> Self:
        """Those in force in the year that hold in the unit for the group, the one that applies
        first: the group's own before the general ones, the nearest unit's before those above."""
        return (
            self.in_force()
            .filter(
                Q(staff_group=None) | Q(staff_group=staff_group),
                active_on(day, "unit__lines_down__"),
                year=year,
                unit__lines_down__descendant=unit,
            )
            .order_by(F("staff_group").asc(nulls_last=True), "unit__lines_down__depth")
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CriteriaSet(models.Model):
    """The pay criteria (lönekriterier) of a year for a group of staff. Read by everyone.

    Edited until published; then it is for ever. A correction is a version of its own, with the next
    number, which everyone is asked to read anew.
    """

    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="criteria_sets", verbose_name=_("for")
    )
    year = models.PositiveSmallIntegerField(_("year"))
    staff_group = models.ForeignKey(
        "units.StaffGroup",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="criteria_sets",
        verbose_name=_("staff group"),
        help_text=_("Empty: for those whose group has no criteria of its own."),
    )
    number = models.PositiveSmallIntegerField(_("version"), default=1, editable=False)
    correction = models.TextField(
        _("what is corrected, and why"), max_length=1000, blank=True, editable=False
    )
    about = models.TextField(_("about the criteria"), max_length=2000, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+"
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = CriteriaSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("set of pay criteria")
        verbose_name_plural = _("sets of pay criteria")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "year", "staff_group", "number"],
                name="criteria_set_once",
                nulls_distinct=False,
                violation_error_message=_("There are pay criteria for this group and year."),
            ),
            models.CheckConstraint(
                name="criteria_set_correction_has_reason",
                condition=Q(number=1, correction="") | Q(number__gt=1) & ~Q(correction=""),
            ),
            models.CheckConstraint(
                name="criteria_set_is_of_a_year",
                condition=Q(year__gte=1990, year__lte=2200),
                violation_error_message=_("Write the year in four digits, such as 2027."),
            ),
            models.CheckConstraint(
                name="criteria_set_published_by_then",
                condition=Q(published_at__isnull=True, published_by__isnull=True)
                | Q(published_at__isnull=False),
            ),
        ]
        triggers = [PUBLISHED_STAYS]

    def __str__(self) -> str:
        whose = f"{self.unit}, {self.staff_group}" if self.staff_group else str(self.unit)
        return f"{whose} {self.year}"

    def get_absolute_url(self) -> str:
        return reverse("dialogues:criteria_set", args=[self.pk])

    @property
    def is_published(self) -> bool:
        return self.published_at is not None


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Criterion(models.Model):
    criteria_set = models.ForeignKey(
        CriteriaSet, models.PROTECT, related_name="criteria", verbose_name=_("pay criteria")
    )
    order = models.PositiveSmallIntegerField(_("order"))
    name = models.CharField(_("criterion"), max_length=120)
    about = models.TextField(_("what it means"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("pay criterion")
        verbose_name_plural = _("pay criteria")
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["criteria_set", "order"],
                name="criterion_order_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(name="criterion_has_name", condition=~Q(name="")),
        ]
        triggers = [
            _stays_with_the_published(
                "SELECT s.published_at FROM dialogues_criteriaset s "
                "WHERE s.id = {row}.criteria_set_id FOR SHARE"
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CriterionStep(models.Model):
    """A step of a criterion, in words. A step is never turned into pay."""

    criterion = models.ForeignKey(
        Criterion, models.PROTECT, related_name="steps", verbose_name=_("criterion")
    )
    number = models.PositiveSmallIntegerField(_("step"))
    name = models.CharField(_("name"), max_length=80)
    words = models.TextField(_("what it means"), max_length=1000)

    class Meta:
        verbose_name = _("step of a pay criterion")
        verbose_name_plural = _("steps of pay criteria")
        ordering = ["number", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["criterion", "number"],
                name="criterion_step_number_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                name="criterion_step_has_words", condition=~Q(words="") & ~Q(name="")
            ),
        ]
        triggers = [
            _stays_with_the_published(
                "SELECT s.published_at FROM dialogues_criteriaset s "
                "JOIN dialogues_criterion c ON c.criteria_set_id = s.id "
                "WHERE c.id = {row}.criterion_id FOR SHARE OF s"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CriteriaAcknowledgement(models.Model):
    """ "I know the criteria": said once of each set."""

    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    criteria_set = models.ForeignKey(CriteriaSet, models.PROTECT, related_name="acknowledgements")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [FOR_EVER]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "criteria_set"], name="criteria_acknowledged_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
