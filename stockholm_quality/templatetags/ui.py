"""The portal's components, one tag each; their markup is in templates/components/."""

from collections.abc import Iterable
from typing import Any, Protocol

from django import template
from django.core.paginator import Page
from django.forms import BaseForm
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _

register = template.Library()


class PillFields(Protocol):
    """What a thread node's `status_pill` must have."""

    kind: str
    text: str


class ThreadNode(Protocol):
    """One level of the thread, the reader's own level first."""

    level_label: str
    text: str
    url: str
    by: str
    is_mine: bool
    note: str
    status_pill: PillFields | None


class Todo(Protocol):
    """One thing that remains to be done."""

    text: str
    url: str
    due_text: str
    is_soon: bool


class ComparedRow(Protocol):
    """One field in two versions."""

    label: str
    left: str
    right: str
    changed: bool


@register.inclusion_tag("components/icon.html")
def icon(name: str) -> dict[str, Any]:
    """A decorative picture; the words beside it must say the same."""
    return {"name": name}


@register.simple_block_tag
def panel(content: str, title: str = "", level: int = 2, id: str = "") -> SafeString:
    """A card. Two panels with the same title on one page need an `id` each."""
    heading_id = f"{id or slugify(title) or 'panel'}-title"
    return render_to_string(
        "components/panel.html",
        {"content": content, "title": title, "level": level, "id": id, "heading_id": heading_id},
    )


@register.inclusion_tag("components/thread.html")
def thread(
    nodes: Iterable[ThreadNode], size: str = "large", horizontal: bool = False, label: str = ""
) -> dict[str, Any]:
    """The line from somebody's expectation up to the council. `size` is large or small."""
    return {
        "nodes": nodes,
        "size": size,
        "horizontal": horizontal,
        "label": label or _("How it hangs together"),
    }


@register.inclusion_tag("components/pill.html")
def pill(kind: str, text: str = "") -> dict[str, Any]:
    """A state in a word and a shape. `kind`: full, part, not, none, draft or info."""
    words = {
        "full": _("Fully"),
        "part": _("Partly"),
        "not": _("Not"),
        "none": _("Not yet judged"),
        "draft": _("Draft"),
        "info": _("Information"),
    }
    return {"kind": kind, "text": text or words[kind]}


@register.inclusion_tag("components/todo_list.html")
def todo_list(todos: Iterable[Todo]) -> dict[str, Any]:
    """What remains, in words, with dates."""
    return {"todos": todos}


@register.simple_block_tag
def field_help(content: str, summary: str = "") -> SafeString:
    """Help beside a field; with a `summary` it stays folded until asked for."""
    return render_to_string("components/field_help.html", {"content": content, "summary": summary})


@register.inclusion_tag("components/who_reads.html")
def who_reads(text: str) -> dict[str, Any]:
    """Who will read what is written in the field above."""
    return {"text": text}


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: str, text: str, url: str = "", action: str = "") -> dict[str, Any]:
    """What to say and do where there is nothing yet."""
    return {"title": title, "text": text, "url": url, "action": action}


@register.simple_block_tag
def data_table(content: str, caption: str, show_caption: bool = False) -> SafeString:
    """A table (thead and tbody are the content) in a region that can scroll sideways."""
    return render_to_string(
        "components/data_table.html",
        {"content": content, "caption": caption, "show_caption": show_caption},
    )


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: Context, page_obj: Page, label: str = "") -> dict[str, Any]:
    """Links to the pages of a list, keeping the rest of the query string."""
    return {
        "request": context["request"],
        "page_obj": page_obj,
        "numbers": page_obj.paginator.get_elided_page_range(
            page_obj.number, on_each_side=1, on_ends=1
        ),
        "label": label or _("Pages"),
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: BaseForm, intro: str = "") -> dict[str, Any]:
    """Every error of the forms, each with a link to its field; nothing when there are none."""
    return {
        "errors": [error for form in forms for error in _errors(form)],
        "intro": intro or _("Nothing you wrote is lost. Correct this and save again:"),
    }


@register.inclusion_tag("components/compare_fields.html")
def compare_fields(
    rows: Iterable[ComparedRow], mine_label: str, theirs_label: str, level: int = 3
) -> dict[str, Any]:
    """Two versions beside each other, `left` under `mine_label`; what is the same is folded."""
    rows = list(rows)
    return {
        "rows": rows,
        "same": [row for row in rows if not row.changed],
        "mine_label": mine_label,
        "theirs_label": theirs_label,
        "level": level,
    }


def _errors(form: BaseForm) -> list[dict[str, str]]:
    found = [{"text": str(text), "label": "", "target": ""} for text in form.non_field_errors()]
    for name in form.fields:
        field = form[name]
        # A group of radio buttons or checkboxes has no element with the field's own id.
        target = "" if field.is_hidden else field.id_for_label or f"{field.auto_id}_0"
        found += [
            {"text": str(text), "label": str(field.label), "target": target}
            for text in field.errors
        ]
    return found
