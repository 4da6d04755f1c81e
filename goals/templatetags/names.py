"""Names on pages that people without authority over the unit read too."""

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from units.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def name_of(context: Context, person: User) -> str:
    """The person's name, where the reader may see it. However many are shown, the protected ones
    cost one query."""
    reader: User = context["request"].user
    if not person.has_protected_identity:
        return str(person)
    if "protected_names" not in context.render_context:
        protected = User.objects.visible_to(reader).filter(has_protected_identity=True)
        context.render_context["protected_names"] = set(protected.values_list("pk", flat=True))
    is_open = person.pk in context.render_context["protected_names"]
    return str(person) if is_open else _("a named employee")
