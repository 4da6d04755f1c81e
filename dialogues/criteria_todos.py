"""The pay criteria that somebody has not yet said that they know. One question to the database."""

from datetime import date

from django.utils.translation import gettext as _

from dialogues.models.criteria import criteria_to_know, not_known_by
from dialogues.todos_of_the_year import MOST_SHOWN, Todo
from units.models import User


def todos_from_criteria(user: User, day: date) -> list[Todo]:
    """The published criteria that the person is to know, until they say that they do."""
    unknown = not_known_by(criteria_to_know(user, day), user).select_related("unit", "staff_group")
    return [
        Todo(
            _("The pay criteria have been corrected: read them anew")
            if criteria_set.number > 1
            else _("Read the pay criteria for {year} and say that you know them").format(
                year=criteria_set.year
            ),
            criteria_set.get_absolute_url(),
            str(criteria_set.staff_group or criteria_set.unit),
        )
        for criteria_set in unknown.order_by("year", "pk")[:MOST_SHOWN]
    ]
