"""Pay criteria for tests."""

from django.utils import timezone

from dialogues.models import CriteriaSet, Criterion, CriterionStep


def make_criteria(unit, year, staff_group=None, *, published=True, words="Når målen", **fields):
    """A set with one criterion of two steps, published unless said otherwise."""
    made = CriteriaSet.objects.create(unit=unit, year=year, staff_group=staff_group, **fields)
    criterion = Criterion.objects.create(criteria_set=made, order=1, name="Resultat")
    for number, name in enumerate(("På väg", "Framme"), start=1):
        CriterionStep.objects.create(criterion=criterion, number=number, name=name, words=words)
    if published:
        made.published_at = timezone.now()
        made.save(update_fields=["published_at"])
    return made
