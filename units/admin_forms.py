"""Forms of the administration for people and organisation."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget, AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from units.actions import (
    OrganisationError,
    check_above,
    close_unit,
    days_left_out,
    merge_unit,
    place_unit,
)
from units.models import Employment, RoleAssignment, StaffGroup, Unit, UnitPlacement, User
from units.revisions import ComparedField
from units.rules import is_system_administrator

CHANGED_MEANWHILE = gettext_lazy(
    "Somebody else saved this while you were writing. Nothing of yours is lost: compare what you "
    "wrote with what is stored, change what needs changing, and save again."
)


def stamp_of(*rows: models.Model) -> str:
    """What a form remembers of the rows it was opened on, to tell later whether they changed."""
    parts = []
    for row in rows:
        revision = getattr(row, "revision", None)
        if revision is None:
            stored = {field.attname: str(getattr(row, field.attname)) for field in row._meta.fields}
            revision = salted_hmac("units.admin_forms", str(stored)).hexdigest()
        parts.append(f"{row.pk}.{revision}")
    return "-".join(parts)


def _shown(value: Any, field: forms.Field) -> str:
    if isinstance(field, forms.BooleanField):
        return _("Yes") if value else _("No")
    if value is None or value == "":
        return ""
    if isinstance(value, date):
        return date_format(value)
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        return str(dict(field.choices).get(value, value))
    return str(value)


class RemembersRevision(forms.BaseForm):
    """A form with the hidden field `revision`, and the comparison for who comes second."""

    conflict: list[ComparedField]

    def remember(self, *rows: models.Model) -> None:
        self.conflict = []
        self.fields["revision"].initial = stamp_of(*rows)

    def check_unchanged(self, stamp: str, read_stored: Callable[[], dict[str, Any]]) -> None:
        """Raise a ValidationError, with `conflict` filled, unless `stamp` is the one remembered.

        The form then remembers `stamp`, so that saving it again is a decision.
        """
        name = self.add_prefix("revision")
        if self.data.get(name) == stamp:
            return
        stored = read_stored()
        compared = [
            ComparedField(
                str(field.label), _shown(self._mine(key), field), _shown(stored[key], field)
            )
            for key, field in self.fields.items()
            if key in stored
        ]
        self.conflict = [row for row in compared if row.changed] or compared
        self.data = self.data.copy()
        self.data[name] = stamp
        raise ValidationError(CHANGED_MEANWHILE, code="stale")

    def _mine(self, key: str) -> Any:
        return self.cleaned_data.get(key, self.data.get(self.add_prefix(key)))


class ScopedForm(RemembersRevision, forms.ModelForm):
    """The form of every register: it notices that somebody else saved in between, and says what
    the database refused. The register gives the class its `request`."""

    request: ClassVar[HttpRequest]
    revision = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conflict = []
        if self.instance.pk:
            self.remember(self.instance)
        else:
            del self.fields["revision"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if refusal := getattr(self.request, "refusal", ""):
            raise ValidationError(refusal)
        if self.instance.pk:
            rows = type(self.instance)._base_manager.select_for_update(of=("self",))
            current = rows.get(pk=self.instance.pk)
            names = {field.name for field in self.instance._meta.fields} & set(self.fields)
            self.check_unchanged(
                stamp_of(current),
                lambda: {name: getattr(current, name) for name in names if name != "revision"},
            )
        return cleaned


def unit_field(source: models.Field, **kwargs: Any) -> forms.ModelChoiceField:
    """A choice of unit by typing; the caller sets the queryset, which decides what is accepted."""
    return forms.ModelChoiceField(
        Unit.objects.none(), widget=AutocompleteSelect(source, admin.site), **kwargs
    )


def _check_exists(unit: Unit | None, day: date | None, field: str) -> None:
    if unit and day and not Unit.objects.active_on(day).filter(pk=unit.pk).exists():
        raise ValidationError(
            {field: _("That unit does not exist on {day}.").format(day=date_format(day))}
        )


def _check_exists_throughout(form: "ScopedForm") -> None:
    """What somebody does in a unit ends no later than the unit."""
    unit = form.cleaned_data.get("unit") or getattr(form.instance, "unit", None)
    starts_on, ends_on = (form.cleaned_data.get(name) for name in ("starts_on", "ends_on"))
    if (
        unit is None
        or starts_on is None
        or not {"unit", "starts_on", "ends_on"} & set(form.changed_data)
    ):
        return
    if ends_on and ends_on < starts_on:
        return  # told by the model
    _check_exists(unit, starts_on, "unit" if "unit" in form.fields else "starts_on")
    missing = next(days_left_out(starts_on, ends_on, unit.placements.all()), None)
    if missing:
        told = _("The unit ends on {day}. Choose that day or an earlier one.")
        day = date_format(missing[0] - timedelta(days=1))
        raise ValidationError({"ends_on": told.format(day=day)})


def _check_above(parent: Unit | None, starts_on: date | None, ends_on: date | None = None) -> None:
    _check_exists(parent, starts_on, "parent")
    if parent and starts_on and not (ends_on and ends_on < starts_on):
        try:
            check_above(parent, starts_on, ends_on)
        except OrganisationError as error:
            raise ValidationError({"parent": str(error)}) from error


# --- People --------------------------------------------------------------------------------------


class PersonAddForm(ScopedForm):
    """A new person and, in the same step, what they are employed as. HR always employs; a system
    administrator may also make an account for somebody who is not employed by the city."""

    unit = unit_field(Employment._meta.get_field("unit"), label=gettext_lazy("Unit"))
    title = forms.CharField(label=gettext_lazy("Occupation"), max_length=120)
    staff_group = forms.ModelChoiceField(
        StaffGroup.objects.none(),
        label=gettext_lazy("Staff group"),
        help_text=Employment._meta.get_field("staff_group").help_text,
        required=False,
        widget=AutocompleteSelect(Employment._meta.get_field("staff_group"), admin.site),
    )
    starts_on = forms.DateField(label=gettext_lazy("From"), widget=AdminDateWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model in (("unit", Unit), ("staff_group", StaffGroup)):
            register = admin.site.get_model_admin(model)
            self.fields[name].queryset = register.get_queryset(self.request)
        self.fields["starts_on"].initial = timezone.localdate()
        if is_system_administrator(self.request.user):
            for name in ("unit", "title", "starts_on"):
                self.fields[name].required = False
            self.fields["unit"].help_text = _("Empty: an account without an employment.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        unit, title = cleaned.get("unit"), cleaned.get("title")
        if unit and not title and "title" not in self.errors:
            self.add_error("title", _("Write what the person is employed as."))
        if unit and not cleaned.get("starts_on") and "starts_on" not in self.errors:
            self.add_error("starts_on", _("Say from which day the person is employed."))
        _check_exists(unit, cleaned.get("starts_on"), "unit")
        return cleaned

    def employment_of(self, person: User) -> Employment | None:
        if not self.cleaned_data.get("unit"):
            return None
        names = ("unit", "title", "staff_group", "starts_on")
        employed = {key: self.cleaned_data[key] for key in names}
        placements = employed["unit"].placements.all()
        # The form asks for no last day: in a unit that is to be closed it is the unit's own.
        missing = next(days_left_out(employed["starts_on"], None, placements), None)
        ends_on = missing[0] - timedelta(days=1) if missing else None
        return Employment(person=person, ends_on=ends_on, **employed)


class EmploymentForm(ScopedForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        _check_exists_throughout(self)
        return cleaned


class LeaveForm(ScopedForm):
    """Days within an employment. A leave until further notice ends with it at the latest."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "employment" not in self.fields:
            self._check_within(self.instance.employment)
        elif employment := cleaned.get("employment"):
            self._check_one_may(employment)
            self._check_within(employment)
        return cleaned

    def _check_one_may(self, employment: Employment) -> None:
        register = admin.site.get_model_admin(Employment)
        if not register.has_change_permission(self.request, employment):
            told = _("You may not register leave from this employment. Ask a colleague in HR.")
            self.add_error("employment", told)

    def _check_within(self, employment: Employment) -> None:
        starts_on, ends_on = (self.cleaned_data.get(name) for name in ("starts_on", "ends_on"))
        first, last = employment.starts_on, employment.ends_on
        if starts_on and starts_on < first:
            told = _("The employment begins on {day}. Choose that day or a later one.")
            self.add_error("starts_on", told.format(day=date_format(first)))
        told = _("The employment ends on {day}. Choose that day or an earlier one.")
        for name, day in (("starts_on", starts_on), ("ends_on", ends_on)):
            if day and last and day > last:
                self.add_error(name, told.format(day=date_format(last)))


class NotToOneselfForm(ScopedForm):
    """Nobody gives a right to themselves; `receiver` names the field of who gets it."""

    receiver = "person"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        receiver = cleaned.get(self.receiver)
        if receiver is not None and receiver.pk == self.request.user.pk:
            self.add_error(self.receiver, _("Nobody gives a right to themselves. Ask a colleague."))
        return cleaned


class RoleAssignmentForm(NotToOneselfForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        _check_exists_throughout(self)
        return cleaned


# --- Organisation --------------------------------------------------------------------------------


class UnitAddForm(ScopedForm):
    """A new unit and its first placement."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    parent = unit_field(
        UnitPlacement._meta.get_field("parent"), label=gettext_lazy("Lies under"), required=False
    )
    starts_on = forms.DateField(label=gettext_lazy("From"), widget=AdminDateWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = admin.site.get_model_admin(Unit).get_queryset(self.request)
        self.fields["starts_on"].initial = timezone.localdate()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_city = cleaned.get("kind") == Unit.Kind.CITY
        if not is_city and not cleaned.get("parent") and "parent" not in self.errors:
            self.add_error("parent", _("Choose the unit that it lies under."))
        _check_above(cleaned.get("parent"), cleaned.get("starts_on"))
        return cleaned

    def placement_of(self, unit: Unit) -> UnitPlacement:
        placed = {key: self.cleaned_data[key] for key in ("parent", "name", "starts_on")}
        return UnitPlacement(unit=unit, **placed)


class PlacementForm(ScopedForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if {"parent", "starts_on", "ends_on"} & set(self.changed_data):
            _check_above(cleaned.get("parent"), starts_on, ends_on)
        if starts_on and "ends_on" not in self.errors and (ends_on is None or ends_on >= starts_on):
            self._check_lost_days(starts_on, ends_on)
        return cleaned

    def _check_lost_days(self, starts_on: date, ends_on: date | None) -> None:
        before = UnitPlacement.objects.get(pk=self.instance.pk)
        kept = UnitPlacement(starts_on=starts_on, ends_on=ends_on)
        for first, last in days_left_out(before.starts_on, before.ends_on, [kept]):
            lost = Q(ends_on__isnull=True) | Q(ends_on__gte=first)
            if last:
                lost &= Q(starts_on__lte=last)
            if (
                UnitPlacement.objects.filter(lost, parent=before.unit_id).exists()
                or Employment.objects.filter(lost, unit=before.unit_id).exists()
                or RoleAssignment.objects.filter(lost, unit=before.unit_id).exists()
            ):
                raise ValidationError(
                    _(
                        "Units, people or roles lie in the unit on days when it would no longer "
                        "exist. Change their dates first."
                    )
                )


class OrganisationForm(RemembersRevision, forms.Form):
    """A dated change of one unit. Valid only inside a transaction: it locks the unit."""

    title: ClassVar[Any]
    explanation: ClassVar[Any]
    button: ClassVar[Any]
    required_css_class = "required"
    revision = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Any, *, unit: Unit, units: "models.QuerySet[Unit]", by: User, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.unit, self.by = unit, by
        placements = list(unit.placements.select_related("parent").order_by("starts_on"))
        self.latest = placements[-1] if placements else UnitPlacement(unit=unit)
        self.remember(unit, *placements)
        self.stamp = str(self.fields["revision"].initial)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = units
            if isinstance(field, forms.DateField):
                field.initial = timezone.localdate()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        Unit.objects.select_for_update(of=("self",)).get(pk=self.unit.pk)
        placements = self.unit.placements.select_related("parent").order_by("starts_on")
        self.stamp = stamp_of(self.unit, *placements)
        latest = placements.last()
        self.check_unchanged(
            self.stamp,
            lambda: {"name": latest.name, "parent": latest.parent} if latest else {},
        )
        return cleaned

    def carry_out(self) -> str:
        """Make the change and return what to tell. Raises OrganisationError."""
        raise NotImplementedError


class PlaceForm(OrganisationForm):
    title = gettext_lazy("Rename or move")
    explanation = gettext_lazy(
        "From the day you choose, the unit has this name and lies under this unit. What was before "
        "stays as it was."
    )
    button = gettext_lazy("Rename or move")
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    parent = unit_field(
        UnitPlacement._meta.get_field("parent"), label=gettext_lazy("Lies under"), required=False
    )
    starts_on = forms.DateField(label=gettext_lazy("From"), widget=AdminDateWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = self.latest.name
        if self.unit.kind == Unit.Kind.CITY:
            del self.fields["parent"]
            return
        self.fields["parent"].required = True
        self.fields["parent"].initial = self.latest.parent_id
        # The unit above the highest one that somebody reaches is not theirs to choose, but stays.
        self.fields["parent"].queryset |= Unit.objects.filter(pk=self.latest.parent_id)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # How long it must exist, the action knows.
        _check_exists(cleaned.get("parent"), cleaned.get("starts_on"), "parent")
        return cleaned

    def carry_out(self) -> str:
        cleaned = self.cleaned_data
        place_unit(
            unit=self.unit,
            parent=cleaned.get("parent"),
            name=cleaned["name"],
            starts_on=cleaned["starts_on"],
        )
        return _("{name} is placed from {day}.").format(
            name=cleaned["name"], day=date_format(cleaned["starts_on"])
        )


class EndingForm(OrganisationForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.unit.goals.filter(status="DRAFT").exists():
            raise ValidationError(
                _("Somebody is writing goals for the unit. They are adopted or discarded first.")
            )
        return cleaned


class CloseForm(EndingForm):
    title = gettext_lazy("Close")
    explanation = gettext_lazy(
        "The unit ends with its last day, and the roles in it with it. Its history and its goals "
        "stay. People and units that lie in it are moved first."
    )
    button = gettext_lazy("Close the unit")
    last_day = forms.DateField(label=gettext_lazy("Last day"), widget=AdminDateWidget)

    def carry_out(self) -> str:
        last_day = self.cleaned_data["last_day"]
        close_unit(unit=self.unit, last_day=last_day, by=self.by)
        return _("{name} is closed after {day}.").format(name=self.unit, day=date_format(last_day))


class MergeForm(EndingForm):
    title = gettext_lazy("Merge into another unit")
    explanation = gettext_lazy(
        "The day after the last day, people and sub-units belong to the other unit. The goals and "
        "the history of this one stay."
    )
    button = gettext_lazy("Merge")
    into = unit_field(Unit._meta.get_field("successor"), label=gettext_lazy("Merge into"))
    last_day = forms.DateField(label=gettext_lazy("Last day"), widget=AdminDateWidget)

    def carry_out(self) -> str:
        into, last_day = self.cleaned_data["into"], self.cleaned_data["last_day"]
        merge_unit(unit=self.unit, into=into, last_day=last_day, by=self.by)
        return _("{name} is part of {into} after {day}.").format(
            name=self.unit, into=into, day=date_format(last_day)
        )
