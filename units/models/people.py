"""People, what they are employed as, and the dated roles from which all rights come."""

from datetime import date
from typing import Any, NamedTuple, Self

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from units.models.organisation import Unit, UnitLine, UnitPlacement
from units.periods import (
    PeriodQuerySet,
    active_on,
    check_period,
    ends_after_start,
    is_today,
    no_overlap,
)
from units.sorting import swedish_order


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User", day: date | None = None) -> Self:
        """Those whose name `user` may see: all but people with protected identity, who show only
        to themselves, their managers and the HR administrators named for them."""
        kept = ProtectedIdentityKeeper.objects.active_on(day).filter(
            person=OuterRef("pk"), administrator=user
        )
        managed = Employment.objects.managed_by(user, day).filter(person=OuterRef("pk"))
        return self.filter(
            Q(has_protected_identity=False) | Q(pk=user.pk) | Exists(kept) | Exists(managed)
        )

    def in_swedish_order(self) -> Self:
        return self.order_by(swedish_order("family_name"), swedish_order("given_name"), "pk")


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, account: str | None) -> "User":
        """By account name or e-mail address, in either case of letters.

        Raises User.DoesNotExist. An account name holds no @, so the two never mean two people.
        """
        field = "email" if account and "@" in account else "account_name"
        user: User = self.get(**{field: (account or "").strip().lower()})
        return user

    def create_user(self, account_name: str, password: str | None = None, **fields: Any) -> "User":
        user = User(account_name=account_name.lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    @transaction.atomic
    def create_superuser(
        self, account_name: str, password: str | None = None, **fields: Any
    ) -> "User":
        """The first way into an empty portal: a system administrator of the city, made if missing.

        There is no superuser flag to set: all rights come from dated assignments.
        """
        user = self.create_user(account_name, password, **fields)
        RoleAssignment.objects.create(
            person=user,
            unit=Unit.objects.city_root(),
            role=Role.SYSTEM_ADMINISTRATOR,
            starts_on=timezone.localdate(),
        )
        return user


class _Met(NamedTuple):
    """An employment whose talks one holds: as its manager, or in the manager's place, which says
    whether the salary talk is covered."""

    employment: int
    person: int
    covers_salary: bool | None
    is_merged: bool


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["password", "last_login"],
)
class User(AbstractBaseUser):
    class Language(models.TextChoices):
        SWEDISH = "sv", _("Swedish")
        ENGLISH = "en", _("English")

    class Appearance(models.TextChoices):
        AUTO = "auto", _("As my device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    account_name = models.CharField(_("account name"), max_length=60, unique=True)
    email = models.EmailField(_("e-mail address"), unique=True)
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    employment_number = models.CharField(
        _("employment number"),
        max_length=20,
        unique=True,
        null=True,
        blank=True,
        help_text=_("The city's own number, never the personal identity number."),
    )
    has_protected_identity = models.BooleanField(
        _("protected identity"),
        default=False,
        help_text=_(
            "The name then shows only to the person, their managers and the HR administrators "
            "named for them."
        ),
    )
    is_active = models.BooleanField(_("may sign in"), default=True)
    language = models.CharField(
        _("language"), max_length=2, choices=Language, default=Language.SWEDISH
    )
    appearance = models.CharField(
        _("appearance"), max_length=5, choices=Appearance, default=Appearance.AUTO
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "account_name"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email", "given_name", "family_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                name="user_account_name_is_lower_case",
                condition=Q(account_name=Lower("account_name")) & ~Q(account_name__contains="@"),
                violation_error_message=_(
                    "Write the account name in lower case and without the sign @."
                ),
            ),
            models.CheckConstraint(
                name="user_email_is_lower_case",
                condition=Q(email=Lower("email")),
                violation_error_message=_("Write the e-mail address in lower case."),
            ),
            models.CheckConstraint(
                name="user_language_is_known", condition=Q(language__in=["sv", "en"])
            ),
            models.CheckConstraint(
                name="user_appearance_is_known",
                condition=Q(appearance__in=["auto", "light", "dark"]),
            ),
            models.CheckConstraint(
                name="user_employment_number_is_not_empty", condition=~Q(employment_number="")
            ),
            models.CheckConstraint(
                name="user_employment_number_is_no_identity_number",
                condition=~Q(employment_number__regex=r"^(\d{2})?\d{6}[-+]?\d{4}$"),
                violation_error_message=_(
                    "This looks like a personal identity number, which the portal does not store. "
                    "Write the employment number."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def clean(self) -> None:
        self.account_name = self.account_name.lower()
        self.email = self.email.lower()
        self.employment_number = self.employment_number or None

    @cached_property
    def roles_today(self) -> frozenset[tuple[str, int]]:
        """(role, unit id) of today, read once per request: a request has its own user object."""
        return frozenset(
            RoleAssignment.objects.active_on().filter(person=self).values_list("role", "unit_id")
        )

    @cached_property
    def managed_today(self) -> dict[int, int]:
        """The employments (pk) whose nearest manager this is today, and whose each is; read once
        per request."""
        if not self.has_role(Role.MANAGER):
            return {}
        return {row.employment: row.person for row in self._met_today if row.covers_salary is None}

    @cached_property
    def answered_for_today(self) -> list[int]:
        """Those, and the ended ones that went on as one of them, read once per request."""
        if not (self.managed_today and any(row.is_merged for row in self._met_today)):
            return [*self.managed_today]
        managed = Employment.objects.filter(pk__in=[*self.managed_today])
        going_on = Employment.objects.going_on_as(managed)
        return list(going_on.order_by().values_list("pk", flat=True))

    @cached_property
    def stood_in_for_today(self) -> dict[int, bool]:
        """The employments (pk) whose talks one holds in the manager's place today, and whether the
        salary talk is among them; read once per request."""
        named = [
            (row.employment, row.covers_salary)
            for row in self._met_today
            if row.covers_salary is not None
        ]
        # Where two name the same employment, the one that covers more counts.
        return dict(sorted(named))

    @cached_property
    def _met_today(self) -> list["_Met"]:
        """Of both in one statement."""
        named = Delegation.objects.in_force().filter(delegate=self).order_by()
        rows = named.values_list("employment", "employment__person", "covers_salary", Value(False))
        if self.has_role(Role.MANAGER):
            nothing = Value(None, output_field=models.BooleanField())
            merged = Exists(Unit.objects.filter(successor=OuterRef("unit")))
            managed = Employment.objects.managed_on(None, self).order_by()
            rows = rows.union(managed.values_list("pk", "person", nothing, merged), all=True)
        return [_Met(*row) for row in rows]

    def forget_today(self) -> None:
        """Read roles and relations anew: what gives or takes them calls this."""
        for name in [name for name in self.__dict__ if name.endswith("_today")]:
            del self.__dict__[name]

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.forget_today()

    def has_role(self, *roles: str) -> bool:
        """Whether the person holds one of the roles anywhere; never enough to open a record."""
        return any(role in roles for role, _unit in self.roles_today)


# How many mergers after each other an employment is followed through.
MERGERS_FOLLOWED = 2


class EmploymentQuerySet(PeriodQuerySet):
    def managed_by(self, user: User, day: date | None = None) -> Self:
        """Employments whose nearest manager is `user`: the manager of the unit itself or, where it
        has none, of the nearest unit above that has one.

        Who heads a unit is managed from above it, never by another manager of the same unit: an
        acting manager does not read what is expected of the one they stand in for.

        As of today it is read once for each `user` object, so that a page may ask it many times.
        """
        if is_today(day):
            return self.filter(pk__in=[*user.managed_today])
        return self.managed_on(day, user)

    def managed_on(self, day: date | None, user: User) -> Self:
        """`managed_by` on any day, asked of the database."""
        managers = RoleAssignment.objects.active_on(day).filter(role=Role.MANAGER)
        lines = UnitLine.objects.active_on(day).within_border()
        same_line_up = {"descendant": OuterRef("descendant"), "depth__gte": OuterRef("depth")}

        def headed_by(person: OuterRef) -> Exists:
            return Exists(managers.filter(unit=OuterRef("ancestor"), person=person))

        employee = OuterRef(OuterRef(OuterRef("person")))
        nearer = lines.filter(
            Exists(managers.filter(unit=OuterRef("ancestor"))),
            ~Exists(lines.filter(headed_by(OuterRef(employee)), **same_line_up)),
            descendant=OuterRef("descendant"),
            depth__lt=OuterRef("depth"),
        )
        mine = lines.filter(
            Exists(managers.filter(unit=OuterRef("ancestor"), person=user)),
            ~Exists(lines.filter(headed_by(employee), **same_line_up)),
            ~Exists(nearer),
            descendant=OuterRef("unit"),
        )
        return self.active_on(day).exclude(person=user).filter(Exists(mine))

    def answered_for_by(self, user: User, day: date | None = None) -> Self:
        """`managed_by`, and those that go on as one of these since their unit was merged."""
        if is_today(day):
            return self.filter(pk__in=user.answered_for_today)
        return self.going_on_as(Employment.objects.managed_by(user, day), day)

    def met_by(self, user: User, day: date | None = None) -> Self:
        """`answered_for_by`, and those with whom `user` holds the talks in the manager's place."""
        if is_today(day):
            return self.filter(pk__in=[*user.answered_for_today, *user.stood_in_for_today])
        return self.filter(
            Q(pk__in=Employment.objects.answered_for_by(user, day).values("pk"))
            | Q(pk__in=Employment.objects.stood_in_for_by(user, day).values("pk"))
        )

    def stood_in_for_by(self, user: User, day: date | None = None, *, salary: bool = False) -> Self:
        """Those with whom `user` holds the talks in the manager's place; with `salary`, the salary
        talk too."""
        if is_today(day):
            named_today = user.stood_in_for_today.items()
            return self.filter(pk__in=[pk for pk, covers in named_today if covers or not salary])
        named = Delegation.objects.in_force(day).filter(employment=OuterRef("pk"), delegate=user)
        return self.filter(Exists(named.filter(covers_salary=True) if salary else named))

    def not_left(self, day: date | None = None) -> Self:
        """Those that have not ended, or ended only because their unit was merged."""
        day = day or timezone.localdate()
        coming = Employment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day))
        return self.going_on_as(coming, day)

    def going_on_as(self, later: "EmploymentQuerySet", day: date | None = None) -> Self:
        """`later` themselves, and the ended employments that became one of them by a merger: a
        merged unit is the same unit going on, but who left it before that took nothing along."""
        going_on = Q(pk__in=later.order_by().values("pk"))
        for _step in range(MERGERS_FOLLOWED):
            same_person = later.order_by().filter(
                person=OuterRef("person"), unit=OuterRef("unit__successor")
            )
            later = Employment.objects.merged_by(day).filter(Exists(same_person))
            going_on |= Q(pk__in=later.values("pk"))
        return self.filter(going_on)

    def merged_by(self, day: date | None = None) -> Self:
        """Those that ended, before that day, with their unit when it was merged."""
        lived_on = UnitPlacement.objects.filter(unit=OuterRef("unit")).filter(
            Q(ends_on__isnull=True) | Q(ends_on__gt=OuterRef("ends_on"))
        )
        return self.filter(
            ~Exists(lived_on),
            unit__successor__isnull=False,
            ends_on__lt=day or timezone.localdate(),
        )

    def in_swedish_order(self) -> Self:
        return self.order_by(
            swedish_order("person__family_name"), swedish_order("person__given_name"), "pk"
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class StaffGroup(models.Model):
    """A group of staff whose work is paid by the same criteria (personalgrupp)."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("staff group")
        verbose_name_plural = _("staff groups")
        constraints = [
            models.CheckConstraint(
                name="staff_group_has_code_and_name", condition=~Q(code="") & ~Q(name="")
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Employment(models.Model):
    person = models.ForeignKey(
        User, models.PROTECT, related_name="employments", verbose_name=_("person")
    )
    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="employments", verbose_name=_("unit")
    )
    title = models.CharField(_("occupation"), max_length=120)
    staff_group = models.ForeignKey(
        StaffGroup,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="employments",
        verbose_name=_("staff group"),
        help_text=_("Decides which pay criteria apply."),
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = EmploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("employment")
        verbose_name_plural = _("employments")
        constraints = [
            ends_after_start("employment_ends_after_start"),
            no_overlap(
                "employment_once_in_a_unit",
                "person",
                "unit",
                message=_("The person is already employed in this unit during these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.title}"

    def clean(self) -> None:
        check_period(self.starts_on, self.ends_on)


class DelegationQuerySet(PeriodQuerySet):
    def in_force(self, day: date | None = None) -> Self:
        """Those that open something on `day`: the employment runs, and one of the delegate's own
        within the same authority."""
        lines = UnitLine.objects.active_on(day).within_border()
        of_employee = lines.filter(descendant=OuterRef(OuterRef(OuterRef("employment__unit"))))
        shared = lines.filter(
            descendant=OuterRef("unit"), ancestor__in=of_employee.values("ancestor")
        )
        works_there = Employment.objects.active_on(day).filter(
            Exists(shared), person=OuterRef("delegate")
        )
        return self.active_on(day).filter(active_on(day, "employment__"), Exists(works_there))

    def visible_to(self, user: User, day: date | None = None) -> Self:
        managed = Employment.objects.answered_for_by(user, day)
        return self.filter(
            Q(delegate=user) | Q(employment__person=user) | Q(employment__in=managed)
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Delegation(models.Model):
    """Who holds talks in the manager's place: with one person, and for a time."""

    employment = models.ForeignKey(
        Employment, models.PROTECT, related_name="delegations", verbose_name=_("employee")
    )
    delegate = models.ForeignKey(
        User, models.PROTECT, related_name="delegations", verbose_name=_("holds the talk")
    )
    covers_salary = models.BooleanField(_("salary talks too"), default=False)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), help_text=_("The last day."))
    given_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation of talks")
        verbose_name_plural = _("delegations of talks")
        constraints = [
            ends_after_start("delegation_ends_after_start"),
            no_overlap(
                "delegation_once_at_a_time",
                "employment",
                "delegate",
                message=_("The talks are delegated to this person already during these days."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def clean(self) -> None:
        check_period(self.starts_on, self.ends_on)


class Role(models.TextChoices):
    """What an assignment lets one do. Being an employee is no role: it comes of the employment."""

    MANAGER = "MANAGER", _("Manager")
    CONTROLLER = "CONTROLLER", _("Quality controller")
    HR = "HR", _("HR")
    REPRESENTATIVE = "REPRESENTATIVE", _("Safety or union representative")
    SYSTEM_ADMINISTRATOR = "SYSTEM_ADMINISTRATOR", _("System administrator")


class RoleAssignmentQuerySet(PeriodQuerySet):
    pass


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class RoleAssignment(models.Model):
    """Who holds which role in which unit, from when to when. The last day counts; the day after,
    the access is gone."""

    person = models.ForeignKey(User, models.PROTECT, related_name="roles", verbose_name=_("person"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="roles", verbose_name=_("unit"))
    role = models.CharField(_("role"), max_length=24, choices=Role)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        constraints = [
            ends_after_start("role_ends_after_start"),
            no_overlap(
                "role_held_once_at_a_time",
                "person",
                "role",
                "unit",
                message=_("The person already holds this role in this unit during these days."),
            ),
            models.CheckConstraint(name="role_is_known", condition=Q(role__in=Role.values)),
        ]
        indexes = [models.Index(fields=["unit", "role"], name="role_in_unit")]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.unit}"

    def clean(self) -> None:
        check_period(self.starts_on, self.ends_on)


class ProtectedIdentityKeeperQuerySet(PeriodQuerySet):
    pass


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ProtectedIdentityKeeper(models.Model):
    """An HR administrator named to see one person with protected identity."""

    person = models.ForeignKey(
        User, models.PROTECT, related_name="identity_keepers", verbose_name=_("person")
    )
    administrator = models.ForeignKey(
        User, models.PROTECT, related_name="kept_identities", verbose_name=_("HR administrator")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )

    objects = ProtectedIdentityKeeperQuerySet.as_manager()

    class Meta:
        verbose_name = _("administrator of a protected identity")
        verbose_name_plural = _("administrators of protected identities")
        constraints = [
            ends_after_start("identity_keeper_ends_after_start"),
            no_overlap(
                "identity_keeper_named_once",
                "person",
                "administrator",
                message=_("The administrator is already named for these days."),
            ),
            models.CheckConstraint(
                name="identity_keeper_is_another", condition=~Q(person=F("administrator"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def clean(self) -> None:
        check_period(self.starts_on, self.ends_on)
