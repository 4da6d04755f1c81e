"""Samples for the page that shows every component."""

from types import SimpleNamespace
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.paginator import Paginator


class SampleForm(forms.Form):
    title = forms.CharField(label="Goal", help_text="One sentence.", max_length=60)
    text = forms.CharField(label="Expected result", widget=forms.Textarea, max_length=200)
    who = forms.MultipleChoiceField(
        label="For whom",
        choices=[("a", "Anna"), ("b", "Björn")],
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        return helper


def gallery_context() -> dict[str, Any]:
    node = {"url": "", "by": "", "is_mine": False, "note": "", "status_pill": None}
    pill = SimpleNamespace(kind="part", text="Partly, 11 of 18")
    mine = {"by": "Agreed 12 February 2026", "is_mine": True, "status_pill": pill}
    return {
        "nodes": [
            SimpleNamespace(**{**node, "level_label": "Your expectation", "text": "Mine", **mine}),
            SimpleNamespace(**{**node, "level_label": "The unit's goal", "text": "Ours"}),
            SimpleNamespace(**{**node, "level_label": "The council's goal", "text": "The city's"}),
        ],
        "todos": [
            SimpleNamespace(text="Prepare", url="/", due_text="By Friday", is_soon=True),
            SimpleNamespace(text="Read the notes", url="/", due_text="", is_soon=False),
        ],
        "rows": [
            SimpleNamespace(label="Goal", left="One", right="Two", changed=True),
            SimpleNamespace(label="Result", left="Same", right="Same", changed=False),
        ],
        "page_obj": Paginator(range(400), 10).get_page(5),
        "form": SampleForm(),
        "bad_form": SampleForm({"title": ""}),
    }
