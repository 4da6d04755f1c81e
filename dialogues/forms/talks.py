from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogues.models import TalkKind, TalkTemplate, TemplateVersion
from dialogues.rules import can_start_talk
from goals.years import plannable_years
from units.forms import LongTexts
from units.models import Employment, Role, RoleAssignment, User


def versions_offered(employment: Employment) -> list[TemplateVersion]:
    """The latest version of each template offered in the unit, by kind of talk; the most fitting
    of its kind first: written for the employee's role, and kept nearest."""
    offered = reduce(
        or_, (TalkTemplate.objects.offered_to(employment.unit, kind) for kind in TalkKind.values)
    )
    versions = TemplateVersion.objects.in_force().filter(template__in=offered.values("pk"))
    heads = RoleAssignment.objects.active_on().filter(
        person=employment.person_id, role=Role.MANAGER
    )
    audience = TalkTemplate.Audience
    suits = audience.MANAGER if heads.exists() else audience.EMPLOYEE

    def fits(version: TemplateVersion) -> tuple[int, bool, bool, int]:
        template = version.template
        kind = TalkKind.values.index(template.kind)
        return kind, template.audience != suits, template.unit_id is None, template.pk

    return sorted(versions.select_related("template__unit"), key=fits)


class StartTalkForm(forms.Form):
    """Which talk a manager, or whoever stands in for one, begins with an employee."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind of talk"))
    year = forms.TypedChoiceField(
        label=gettext_lazy("Year"),
        coerce=int,
        help_text=gettext_lazy("The year that the talk sets expectations for."),
    )
    template = forms.ChoiceField(
        label=gettext_lazy("Template"),
        required=False,
        help_text=gettext_lazy(
            "What the talk asks. The talk keeps the template that it begins with, also when HR "
            "writes a new one."
        ),
    )

    def __init__(self, *args: Any, by: User, employment: Employment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = [kind for kind in TalkKind if can_start_talk(by, employment, kind)]
        self.versions = {
            version.pk: version
            for version in versions_offered(employment)
            if version.template.kind in self.kinds
        }
        self._choices("kind", [(kind.value, kind.label) for kind in self.kinds])
        self._choices("year", [(year, str(year)) for year in plannable_years()])
        by_kind = groupby(self.versions.values(), key=lambda version: version.template.kind)
        self._choices(
            "template",
            [
                ("", _("The one that fits the kind of talk")),
                *(
                    (
                        TalkKind(kind).label,
                        [(each.pk, each.template.title_and_place) for each in versions],
                    )
                    for kind, versions in by_kind
                ),
            ],
        )

    def _choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """`template` becomes the TemplateVersion to begin with."""
        cleaned = super().clean() or self.cleaned_data
        kind, chosen = cleaned.get("kind"), cleaned.get("template")
        if not kind:
            return cleaned
        of_kind = [each for each in self.versions.values() if each.template.kind == kind]
        if not of_kind:
            raise ValidationError(
                _("There is no template for this kind of talk in the unit. Ask HR for one.")
            )
        version = self.versions[int(chosen)] if chosen else of_kind[0]
        if version not in of_kind:
            self.add_error(
                "template", _("The template is for another kind of talk. Choose one for this kind.")
            )
        cleaned["template"] = version
        return cleaned


class HoldForm(forms.Form):
    held_on = forms.DateField(
        label=gettext_lazy("The talk was held on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Today or an earlier day."),
    )

    def clean_held_on(self) -> Any:
        held_on = self.cleaned_data["held_on"]
        if held_on > timezone.localdate():
            raise ValidationError(_("The talk is noted as held on the day it is held, or after."))
        return held_on


class DiscontinueForm(LongTexts, forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why the talk is discontinued"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "Such as that the employment ends, or that the talk was started by mistake. Nothing "
            "about health, private life or union matters."
        ),
    )


class HandOverForm(forms.Form):
    """To which of the managers of today, when there are several."""

    to = forms.ChoiceField(label=gettext_lazy("Your manager today"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, managers: dict[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        field.choices = [(str(pk), name) for pk, name in managers.items()]  # type: ignore[attr-defined]
        if len(managers) == 1:
            field.initial = str(next(iter(managers)))


class BringForm(forms.Form):
    """Where the record goes along; nowhere when the field is empty."""

    employment = forms.ChoiceField(
        label=gettext_lazy("Where the record goes along"),
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, employments: list[Employment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.employments = {str(each.pk): each for each in employments}
        self.fields["employment"].choices = [  # type: ignore[attr-defined]
            ("", _("Nowhere: it stays where it was written")),
            *((pk, f"{each.unit}, {each.title}") for pk, each in self.employments.items()),
        ]

    def clean_employment(self) -> Employment | None:
        return self.employments.get(self.cleaned_data["employment"])
