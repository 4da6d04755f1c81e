"""What a form that changes something carries: its token, and where its draft is kept."""

from uuid import uuid4

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from units.submissions import author_mark

register = template.Library()


@register.simple_tag(takes_context=True)
def form_token(context: Context, token: str = "") -> SafeString:
    """A hidden token that lets the form have one effect, however often it is sent, and a mark of
    whose page it stands on, so that a form kept through signing in is shown to nobody else.

    `token` is that of a form which may have been received already and is now sent once more."""
    return format_html(
        '<input type="hidden" name="form_token" value="{}">'
        '<input type="hidden" name="form_author" value="{}">',
        token or uuid4(),
        author_mark(context["request"].user),
    )


@register.simple_tag
def draft_attributes(key: str) -> SafeString:
    """Attributes for `<form>` that make the browser save what is written while one writes."""
    return format_html('data-draft-url="{}" data-draft-key="{}"', reverse("units:draft"), key)


@register.simple_tag
def draft_status() -> SafeString:
    """The line under a form that says when its text was last saved."""
    return format_html(
        '<p class="draft-status" role="status" data-draft-status data-saved="{}" data-failed="{}" '
        'data-signed-out="{}"></p>',
        gettext("Draft saved {time}"),
        gettext("The draft could not be saved. Your text is still here; we try again."),
        gettext("You have been signed out. Your text is still here: sign in again and save."),
    )
