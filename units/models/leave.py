"""When somebody is away from their work for a time."""

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models.people import Employment
from units.periods import PeriodQuerySet, check_period, ends_after_start, no_overlap


class LeaveQuerySet(PeriodQuerySet):
    pass


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Leave(models.Model):
    """Days away from an employment (tjänstledighet), without any cause: causes of leave may tell
    of health or family, and have no place in the portal."""

    employment = models.ForeignKey(
        Employment, models.PROTECT, related_name="leaves", verbose_name=_("employment")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = LeaveQuerySet.as_manager()

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leaves")
        constraints = [
            ends_after_start("leave_ends_after_start"),
            no_overlap(
                "leave_once_at_a_time",
                "employment",
                message=_("The person is already on leave during these days."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def clean(self) -> None:
        check_period(self.starts_on, self.ends_on)
