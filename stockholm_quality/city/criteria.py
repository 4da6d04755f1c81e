"""The demo city's pay criteria, built in memory and stored in a handful of statements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dialogues.models import CriteriaSet, Criterion, CriterionStep
from stockholm_quality.city.organisation import texts
from units.models import StaffGroup, Unit, User


@dataclass
class PayCriteria:
    sets: list[CriteriaSet] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)
    steps: list[CriterionStep] = field(default_factory=list)
    # When each set is published, in the order of the sets.
    published: list[datetime] = field(default_factory=list)

    def store(self, by: User | None = None) -> None:
        """Store all of it, published by `by`: what is published takes no more criteria."""
        CriteriaSet.objects.bulk_create(self.sets)
        Criterion.objects.bulk_create(self.criteria)
        CriterionStep.objects.bulk_create(self.steps)
        for made, moment in zip(self.sets, self.published, strict=True):
            made.published_at, made.published_by = moment, by
            made.revision += 1
        CriteriaSet.objects.bulk_update(self.sets, ["published_at", "published_by", "revision"])


def pay_criteria(
    *,
    city: Unit,
    home: Unit,
    groups: Mapping[str, StaffGroup],
    published: Mapping[int, datetime],
) -> PayCriteria:
    """The criteria of each year of `published`, which says when they became known.

    `home` is the board that the demo is about, `groups` the staff groups by their codes. Nothing is
    stored yet: the rows can be looked at, and `store` stores them.
    """
    written = texts("criteria")
    units = {"city": city, "home": home}
    made = PayCriteria()
    for year, moment in sorted(published.items()):
        for each in written["set"]:
            criteria_set = CriteriaSet(
                unit=units[each["for"]],
                year=year,
                staff_group=groups[each["group"]] if each["group"] else None,
                about=each["about"],
            )
            made.sets.append(criteria_set)
            made.published.append(moment)
            for order, row in enumerate(each["criterion"], start=1):
                criterion = Criterion(
                    criteria_set=criteria_set, order=order, name=row["name"], about=row["about"]
                )
                made.criteria.append(criterion)
                made.steps += [
                    CriterionStep(criterion=criterion, number=number, name=name, words=words)
                    for number, (name, words) in enumerate(
                        zip(written["step_names"], row["words"], strict=True), start=1
                    )
                ]
    return made
