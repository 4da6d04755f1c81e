"""An employee says that they know what is expected of them."""

from datetime import date
from typing import Self

import pghistory
from django.db import models
from django.db.models import F, OuterRef
from django.utils.translation import gettext_lazy as _

from goals.models import Expectation, ExpectationQuerySet
from units.models import User


class AcknowledgementQuerySet(models.QuerySet["Acknowledgement"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        return self.filter(expectation__in=Expectation.objects.visible_to(user, day))

    def in_step(self) -> Self:
        """Those that were given for the text in force, of the expectation and of its goal."""
        return self.filter(
            expectation_version=F("expectation__version_number"),
            goal_version=F("expectation__goal__version_number"),
        )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Acknowledgement(models.Model):
    """ "I know this": said once of each wording; a later change asks again."""

    expectation = models.ForeignKey(
        Expectation, models.PROTECT, related_name="acknowledgements", verbose_name=_("expectation")
    )
    expectation_version = models.PositiveSmallIntegerField()
    goal_version = models.PositiveSmallIntegerField()
    acknowledged_at = models.DateTimeField()

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        constraints = [
            models.UniqueConstraint(
                fields=["expectation", "expectation_version", "goal_version"],
                name="acknowledgement_once_for_a_wording",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


def with_acknowledgement(expectations: ExpectationQuerySet) -> ExpectationQuerySet:
    """Annotate `acknowledged_at`: when the employee said that they know the wording in force."""
    said = (
        Acknowledgement.objects.in_step()
        .filter(expectation=OuterRef("pk"))
        .values("acknowledged_at")[:1]
    )
    return expectations.annotate(acknowledged_at=models.Subquery(said))
