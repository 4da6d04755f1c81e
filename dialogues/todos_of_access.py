"""What the two are told when somebody asks to read a record of theirs in need."""

from datetime import date, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from dialogues.models import AccessGrant
from dialogues.todos_of_the_year import MOST_SHOWN, Todo
from units.models import User

TOLD_FOR = timedelta(days=14)


def grants_to_tell(user: User, day: date) -> list[Todo]:
    """To the employee and to whoever manages them or holds their talks, for two weeks; the latest
    first. One question to the database."""
    asked_for = (
        AccessGrant.objects.visible_to(user, day)
        .exclude(reader=user)
        .filter(opened_at__date__gt=day - TOLD_FOR, opened_at__date__lte=day)
        .order_by("-opened_at", "-pk")
    )
    return [
        Todo(
            _("A record of yours has been asked for in need: read by whom, and why")
            if grant.employee_id == user.pk
            else _("The record of an employee has been asked for in need: read by whom, and why"),
            grant.get_absolute_url(),
            f"{grant.get_kind_display()} {grant.year}, "
            + date_format(timezone.localdate(grant.opened_at)),
        )
        for grant in asked_for[:MOST_SHOWN]
    ]
