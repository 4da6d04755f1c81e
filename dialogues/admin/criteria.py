"""Pay criteria: HR writes them, with the steps of each in words, and publishes them once."""

# The stubs know less of an admin than there is: see the overrides in pyproject.toml.

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dialogues import rules
from dialogues.actions.criteria import (
    copy_criteria,
    correct_criteria,
    discard_criteria,
    place_criterion,
    publish_criteria,
    remove_criterion,
    renumber_steps,
)
from dialogues.admin.base import (
    NumberedForm,
    RowsInline,
    StepForm,
    StepsAdmin,
    change_page,
    said_published,
)
from dialogues.models import CriteriaSet, Criterion, CriterionStep
from units.admin_base import BoardFilter, RelatedRow, RelatedRows, units_within_reach
from units.admin_forms import ScopedForm, stamp_of
from units.models import Role, StaffGroup, User
from units.sorting import swedish_order


class CriteriaSetForm(ScopedForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "unit" in self.fields:
            self.fields["year"].initial = timezone.localdate().year + 1

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        unit = cleaned.get("unit")
        if unit and not rules.can_keep_criteria_of(self.request.user, unit):
            raise ValidationError({"unit": _("Choose a unit that you look after as HR.")})
        return cleaned


# --- Steps -------------------------------------------------------------------------------------


class AddCriterionForm(StepForm):
    title = gettext_lazy("Add a criterion")
    explanation = gettext_lazy(
        "Name it, and say what it means. On the next page you write its steps, from the first to "
        "the last, in words that one can recognise one's work in."
    )
    button = gettext_lazy("Add")
    name = forms.CharField(label=gettext_lazy("Criterion"), max_length=120)
    about = forms.CharField(
        label=gettext_lazy("What it means"),
        max_length=1000,
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 4}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.obj.is_published:
            raise ValidationError(_("The pay criteria are published and never change."))
        return cleaned

    def carry_out(self) -> tuple[str, Criterion]:
        criterion = Criterion.objects.create(
            criteria_set=self.obj,
            order=self.obj.criteria.count() + 1,
            name=self.cleaned_data["name"],
            about=self.cleaned_data["about"],
        )
        self.obj.revision += 1
        self.obj.save(update_fields=["revision"])
        return _("{name} is added. Now write its steps.").format(name=criterion), criterion


class PublishCriteriaForm(StepForm):
    title = gettext_lazy("Publish")
    explanation = gettext_lazy(
        "Everyone in the city reads the criteria from now on, and those they concern are asked to "
        "say that they know them. Published criteria never change: what turns out to be wrong is "
        "corrected in a new version that everyone is asked to read anew."
    )
    button = gettext_lazy("Publish the pay criteria")

    def carry_out(self) -> tuple[str, CriteriaSet]:
        published = publish_criteria(criteria_set=self.obj, revision=self.obj.revision, by=self.by)
        told = _("The pay criteria are published from {day}.")
        if published.number > 1:
            told = _(
                "The corrected pay criteria are published from {day}. Those they concern are asked "
                "anew to say that they know them."
            )
        return told.format(day=date_format(timezone.localdate())), published


class CopyCriteriaForm(StepForm):
    title = gettext_lazy("Copy to another year or group")
    label = gettext_lazy("Copy")
    explanation = gettext_lazy(
        "You get the same criteria with the same steps to write on in. Nobody else sees them until "
        "you publish them."
    )
    button = gettext_lazy("Copy")
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=1990, max_value=2200)
    staff_group = forms.ModelChoiceField(
        StaffGroup.objects.none(),
        label=gettext_lazy("Staff group"),
        required=False,
        help_text=CriteriaSet._meta.get_field("staff_group").help_text,
        widget=AutocompleteSelect(CriteriaSet._meta.get_field("staff_group"), admin.site),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff_group"].queryset = StaffGroup.objects.all()
        self.fields["staff_group"].initial = self.obj.staff_group
        self.fields["year"].initial = self.obj.year + 1

    def carry_out(self) -> tuple[str, CriteriaSet]:
        copy = copy_criteria(
            criteria_set=self.obj,
            year=self.cleaned_data["year"],
            staff_group=self.cleaned_data["staff_group"],
        )
        return _("The copy for {year} is yours to write in.").format(year=copy.year), copy


class CorrectCriteriaForm(StepForm):
    title = gettext_lazy("Correct")
    explanation = gettext_lazy(
        "You get a copy to correct. What is published stands until you publish the correction. "
        "Talks that have been begun keep the criteria that they have, and everyone concerned is "
        "asked anew to say that they know them."
    )
    button = gettext_lazy("Begin the correction")
    reason = forms.CharField(
        label=gettext_lazy("What is corrected, and why"),
        max_length=1000,
        help_text=gettext_lazy("Everyone who reads the corrected criteria reads this."),
        widget=AdminTextareaWidget(attrs={"rows": 4}),
    )

    def carry_out(self) -> tuple[str, CriteriaSet]:
        correction = correct_criteria(criteria_set=self.obj, reason=self.cleaned_data["reason"])
        return _("The correction is begun. Publish it when it is right."), correction


class DiscardCriteriaForm(StepForm):
    title = gettext_lazy("Discard")
    explanation = gettext_lazy(
        "The criteria that are being written here are thrown away. Nothing that is published is "
        "touched."
    )
    button = gettext_lazy("Discard the criteria")

    def carry_out(self) -> tuple[str, None]:
        discard_criteria(criteria_set=self.obj, revision=self.obj.revision)
        return _("What was being written is discarded."), None


class RemoveCriterionForm(StepForm):
    title = gettext_lazy("Remove")
    explanation = gettext_lazy("The criterion and its steps are removed from the pay criteria.")
    button = gettext_lazy("Remove the criterion")

    def carry_out(self) -> tuple[str, CriteriaSet]:
        name, revision = self.obj.name, self.obj.criteria_set.revision
        kept = remove_criterion(criterion=self.obj, revision=revision)
        return _("{name} is removed.").format(name=name), kept


# --- Registers ---------------------------------------------------------------------------------


@admin.register(CriteriaSet)
class CriteriaSetAdmin(StepsAdmin):
    form = CriteriaSetForm
    list_display = ("unit", "staff_group", "year", "number", "shown_published_at")
    list_filter = ("year", BoardFilter)
    search_fields = ("unit__name", "staff_group__name")
    list_select_related = ("unit", "staff_group")
    ordering = ("-year", swedish_order("unit__name"), "staff_group", "-number", "pk")
    autocomplete_fields = ("unit", "staff_group")
    steps = {
        "add_criterion": AddCriterionForm,
        "publish": PublishCriteriaForm,
        "copy": CopyCriteriaForm,
        "correct": CorrectCriteriaForm,
        "discard": DiscardCriteriaForm,
    }

    def within_reach(self, user: User) -> "QuerySet[CriteriaSet]":
        reached = units_within_reach(user).values("pk")
        return CriteriaSet.objects.filter(unit__in=reached).select_related("unit", "staff_group")

    def may_add(self, user: User) -> bool:
        return user.has_role(Role.HR)

    def may_change(self, user: User, obj: CriteriaSet) -> bool:
        return not obj.is_published and rules.can_keep_criteria_of(user, obj.unit)

    def may_take(self, user: User, obj: CriteriaSet, step: str) -> bool:
        return rules.can_keep_criteria_of(user, obj.unit)

    def is_offered(self, obj: CriteriaSet, step: str) -> bool:
        if step == "copy":
            return True
        return obj.is_published == (step == "correct")

    def tools(self, request: HttpRequest, obj: CriteriaSet) -> list[tuple[str, str]]:
        tools = super().tools(request, obj)
        if obj.is_published:
            tools.insert(0, (obj.get_absolute_url(), _("As everyone reads them")))
        return tools

    def related(self, user: User, obj: CriteriaSet) -> list[RelatedRows]:
        criteria = obj.criteria.annotate(count=Count("steps"))
        return [
            RelatedRows(
                title=_("criteria"),
                headings=[_("criterion"), _("what it means"), _("steps")],
                rows=[
                    RelatedRow(
                        cells=[
                            criterion.name,
                            criterion.about,
                            ngettext("{count} step", "{count} steps", criterion.count).format(
                                count=criterion.count
                            ),
                        ],
                        url=change_page(criterion),
                    )
                    for criterion in criteria
                ],
            )
        ]

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def shown_published_at(self, criteria_set: CriteriaSet) -> str:
        return said_published(criteria_set.published_at)

    def get_fields(self, request: HttpRequest, obj: CriteriaSet | None = None) -> Any:
        if obj is None:
            return ("unit", "year", "staff_group", "about")
        corrected = ("number", "correction") if obj.number > 1 else ()
        return ("unit", "year", "staff_group", "about", *corrected, "shown_published_at")

    def get_readonly_fields(self, request: HttpRequest, obj: CriteriaSet | None = None) -> Any:
        if obj is None:
            return ()
        # A correction is of the very same criteria.
        fixed = ("year", "staff_group", "number", "correction") if obj.number > 1 else ()
        return ("unit", *fixed, "shown_published_at")

    def response_add(
        self, request: HttpRequest, obj: CriteriaSet, post_url_continue: str | None = None
    ) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(change_page(obj))


class CriterionForm(ScopedForm):
    """Written together with its steps: whoever changes one of them changes the criterion."""

    def remember(self, *rows: Any) -> None:
        super().remember(*rows, *self.instance.steps.all())

    def clean(self) -> dict[str, Any]:
        sets = CriteriaSet.objects.select_for_update(of=("self",))
        sets.get(pk=self.instance.criteria_set_id)
        self.cleaned_data = forms.ModelForm.clean(self) or self.cleaned_data
        if refusal := getattr(self.request, "refusal", ""):
            raise ValidationError(refusal)
        current = Criterion.objects.get(pk=self.instance.pk)
        self.check_unchanged(
            stamp_of(current, *current.steps.all()),
            lambda: {"order": current.order, "name": current.name, "about": current.about},
        )
        return self.cleaned_data


class StepRowForm(NumberedForm):
    place = "number"

    class Meta:
        widgets = {"words": AdminTextareaWidget(attrs={"rows": 3})}


class CriterionStepInline(RowsInline):
    model = CriterionStep
    form = StepRowForm
    fields = ("number", "name", "words")


@admin.register(Criterion)
class CriterionAdmin(StepsAdmin):
    """Reached from its pay criteria, with its steps. Read when those are published."""

    form = CriterionForm
    list_display = ("name", "criteria_set")
    search_fields = ("name",)
    list_select_related = ("criteria_set__unit", "criteria_set__staff_group")
    ordering = ("criteria_set", "order", "pk")
    fields = ("shown_set", "name", "about", "order")
    readonly_fields = ("shown_set",)
    inlines = (CriterionStepInline,)
    steps = {"remove": RemoveCriterionForm}

    def within_reach(self, user: User) -> "QuerySet[Criterion]":
        reached = units_within_reach(user).values("pk")
        return Criterion.objects.filter(criteria_set__unit__in=reached).select_related(
            "criteria_set__unit", "criteria_set__staff_group"
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False  # it would stand in the index beside its pay criteria

    def may_change(self, user: User, obj: Criterion) -> bool:
        kept = obj.criteria_set
        return not kept.is_published and rules.can_keep_criteria_of(user, kept.unit)

    def may_take(self, user: User, obj: Criterion, step: str) -> bool:
        return rules.can_keep_criteria_of(user, obj.criteria_set.unit)

    def is_offered(self, obj: Criterion, step: str) -> bool:
        return not obj.criteria_set.is_published

    @admin.display(description=gettext_lazy("pay criteria"))
    def shown_set(self, criterion: Criterion) -> str:
        kept = criterion.criteria_set
        return format_html('<a href="{}">{}</a>', change_page(kept), kept)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        criterion = form.instance
        renumber_steps(criterion)
        place_criterion(criterion.criteria_set, criterion)
        kept = CriteriaSet.objects.get(pk=criterion.criteria_set_id)
        kept.revision += 1
        kept.save(update_fields=["revision"])

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(change_page(obj.criteria_set))
