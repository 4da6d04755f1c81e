from datetime import timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogues.models import Round, RoundChoice, TalkKind, TalkTemplate
from goals.years import plannable_years
from units.forms import LongTexts
from units.models import Role, Unit, User

DATE = {"type": "date"}
LONGEST = timedelta(days=366)


class RoundForm(LongTexts, forms.ModelForm):
    """A round being prepared, within what HR looks after."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Round
        fields = [
            "unit",
            "kind",
            "year",
            "template",
            "manager_template",
            "starts_on",
            "ends_on",
            "message",
        ]
        widgets = {
            "starts_on": forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
            "ends_on": forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
            "message": forms.Textarea(attrs={"rows": 4}),
        }
        help_texts = {
            "unit": gettext_lazy("Everybody who works there or below takes part."),
            "template": gettext_lazy(
                "What the talks ask. A talk keeps the version that it begins with."
            ),
            "manager_template": gettext_lazy(
                "For those who are managers themselves, in their own talk."
            ),
            "message": gettext_lazy(
                "Such as why the talks are held now, and where one can ask. Shown on each talk, to "
                "the employee and the manager."
            ),
        }

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.in_scope_of(by, Role.HR).exclude(kind=Unit.Kind.CITY)
        self.fields["unit"].queryset = units.active_on().in_swedish_order()
        self.fields["unit"].empty_label = _("Choose")
        self.fields["kind"].choices = [("", _("Choose")), *TalkKind.choices]
        years = sorted({*plannable_years(), *filter(None, [self.instance.year])})
        self.fields["year"] = forms.TypedChoiceField(
            label=self.fields["year"].label,
            help_text=self.fields["year"].help_text,
            coerce=int,
            choices=[(year, str(year)) for year in years],
        )
        audience = TalkTemplate.Audience
        self._templates("template", TalkTemplate.objects.all(), _("Choose"))
        self._templates(
            "manager_template",
            TalkTemplate.objects.filter(audience=audience.MANAGER),
            _("The same as for employees"),
        )
        if self.instance.pk:
            self.fields["revision"].initial = self.instance.revision

    def _templates(self, name: str, templates: Any, empty: str) -> None:
        """Those that any unit in scope may use, by kind; `clean` holds them to the unit chosen."""
        field = self.fields[name]
        scope = self.fields["unit"].queryset.order_by()
        mine = templates.filter(is_in_use=True, versions__published_at__isnull=False).distinct()
        line = Unit.objects.filter(lines_down__descendant__in=scope.values("pk"))
        mine = mine.filter(unit=None) | mine.filter(unit__in=line.values("pk"))
        found = sorted(
            mine.select_related("unit").distinct(),
            key=lambda each: (TalkKind.values.index(each.kind), each.pk),
        )
        field.queryset = mine.distinct()
        field.choices = [
            ("", empty),
            *(
                (TalkKind(kind).label, [(each.pk, each.title_and_place) for each in each_kind])
                for kind, each_kind in groupby(found, key=lambda each: each.kind)
            ),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error(
                "ends_on", _("The round ends before it starts. Choose a later last day.")
            )
        elif starts_on and ends_on and ends_on - starts_on > LONGEST:
            self.add_error(
                "ends_on", _("A round lasts a year at most. Choose an earlier last day.")
            )
        elif ends_on and ends_on < timezone.localdate():
            self.add_error("ends_on", _("That day has passed. Choose a later last day."))
        unit, kind = cleaned.get("unit"), cleaned.get("kind")
        if unit and kind:
            offered = set(TalkTemplate.objects.offered_to(unit, kind).values_list("pk", flat=True))
            for name in ("template", "manager_template"):
                template = cleaned.get(name)
                if template and template.pk not in offered:
                    self.add_error(
                        name,
                        _(
                            "The template is for another kind of talk, or not offered there. "
                            "Choose one for this kind."
                        ),
                    )
        return cleaned


class ChoicesForm(forms.Form):
    """Who takes part, of those whose keys are given; `seen` is what was chosen when the page was
    made."""

    def __init__(self, *args: Any, employments: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.employments = employments
        for pk in employments:
            self.fields[f"choice_{pk}"] = forms.ChoiceField(
                choices=RoundChoice.Decision.choices, required=False
            )
            self.fields[f"seen_{pk}"] = forms.ChoiceField(
                choices=RoundChoice.Decision.choices, required=False
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            raise ValidationError(_("Choose takes part or does not take part for each."))
        return cleaned

    @property
    def decisions(self) -> dict[int, str]:
        said = {pk: self.cleaned_data.get(f"choice_{pk}", "") for pk in self.employments}
        return {pk: decision for pk, decision in said.items() if decision}

    @property
    def seen(self) -> dict[int, str]:
        return {pk: self.cleaned_data.get(f"seen_{pk}", "") for pk in self.employments}
