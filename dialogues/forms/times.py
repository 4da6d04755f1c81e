from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateformat import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogues.actions.times import Slot
from units.forms import LongTexts

ROWS = 3  # times that one proposes at once
LONGEST = 480  # minutes


class TimeField(forms.DateTimeField):
    """A day and a time of day, in the browser's own field."""

    def __init__(self, **kwargs: Any) -> None:
        shape = "%Y-%m-%dT%H:%M"
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "300"}, format=shape)
        super().__init__(
            input_formats=[shape, "%Y-%m-%d %H:%M", "%Y-%m-%d %H.%M"],
            widget=widget,
            error_messages={"invalid": _WRITE_IT},
            **kwargs,
        )


_WRITE_IT = gettext_lazy("Write the day and the time, such as 2026-11-24 09:30.")


class _Meeting(LongTexts, forms.Form):
    minutes = forms.IntegerField(
        label=gettext_lazy("How long, in minutes"), initial=60, min_value=10, max_value=LONGEST
    )
    place = forms.CharField(
        label=gettext_lazy("Place"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A room, or that you meet by video."),
    )


class ProposeForm(_Meeting):
    """Up to three times for the other to choose from."""

    words = forms.CharField(
        label=gettext_lazy("Words along"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "About the time and the place, nothing of what you will talk about."
        ),
    )
    field_order = [*(f"starts_{place}" for place in range(ROWS)), "minutes", "place", "words"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place in range(ROWS):
            label = _("Time {number}").format(number=place + 1)
            self.fields[f"starts_{place}"] = TimeField(label=label, required=not place)
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for place in range(ROWS):
            _refuse_past(self, f"starts_{place}", cleaned.get(f"starts_{place}"))
        return cleaned

    @property
    def slots(self) -> list[Slot]:
        times = [self.cleaned_data.get(f"starts_{place}") for place in range(ROWS)]
        minutes, place = self.cleaned_data["minutes"], self.cleaned_data["place"]
        return [Slot(starts_at, minutes, place) for starts_at in times if starts_at]


class InviteManyForm(_Meeting):
    """One time for each of several employees, after each other."""

    starts = TimeField(label=gettext_lazy("The first begins"))
    pause = forms.IntegerField(
        label=gettext_lazy("Minutes between two talks"), initial=15, min_value=0, max_value=LONGEST
    )
    a_day = forms.IntegerField(
        label=gettext_lazy("Talks in a day, at most"), initial=3, min_value=1, max_value=12
    )
    field_order = ["starts", "minutes", "pause", "a_day", "place"]

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts = cleaned.get("starts")
        _refuse_past(self, "starts", starts)
        if starts and timezone.localtime(starts).weekday() >= _SATURDAY:
            self.add_error("starts", _("Choose a working day, Monday to Friday."))
        if {"starts", "minutes", "pause", "a_day"} <= cleaned.keys():
            self._refuse_late()
        return cleaned

    def _refuse_late(self) -> None:
        last = timezone.localtime(self.cleaned_data["starts"]).replace(tzinfo=None)
        last += (min(self.cleaned_data["a_day"], self.number) - 1) * self._step()
        last += timedelta(minutes=self.cleaned_data["minutes"])
        first_day = timezone.localdate(self.cleaned_data["starts"])
        if last > datetime.combine(first_day, _LATEST_END):
            self.add_error(
                "a_day",
                _(
                    "The last talk of the day would end after {time}. Choose fewer in a day, "
                    "shorter talks or an earlier start."
                ).format(time=time_format(_LATEST_END, "H.i")),
            )

    def _step(self) -> timedelta:
        return timedelta(minutes=self.cleaned_data["minutes"] + self.cleaned_data["pause"])

    @property
    def slots(self) -> list[Slot]:
        """One for each, on working days from the first one on, at the same times each day."""
        first: datetime = timezone.localtime(self.cleaned_data["starts"])
        slots: list[Slot] = []
        day = first.date()
        while len(slots) < self.number:
            for place in range(min(self.cleaned_data["a_day"], self.number - len(slots))):
                at = datetime.combine(day, first.time()) + place * self._step()
                slots.append(
                    Slot(
                        timezone.make_aware(at),
                        self.cleaned_data["minutes"],
                        self.cleaned_data["place"],
                    )
                )
            day += timedelta(days=1)
            while day.weekday() >= _SATURDAY:
                day += timedelta(days=1)
        return slots


_SATURDAY = 5
_LATEST_END = time(20)


def _refuse_past(form: forms.Form, name: str, starts_at: datetime | None) -> None:
    if starts_at and starts_at <= timezone.now():
        form.add_error(name, ValidationError(_("Choose a time that is still to come.")))
