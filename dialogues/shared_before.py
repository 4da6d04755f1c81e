"""What each of the two has shared before a talk, by section and by criterion."""

from collections import defaultdict
from dataclasses import dataclass, field

from dialogues.models import Answer, CriterionView, Preparation, Talk
from units.models import User


@dataclass
class SharedBefore:
    answers: defaultdict[int, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    views: defaultdict[int, list[CriterionView]] = field(default_factory=lambda: defaultdict(list))


def shared_before(talk: Talk, user: User) -> SharedBefore:
    """What `user` may read of what has been shared; of each writer the latest version."""
    latest = (
        Preparation.objects.visible_to(user)
        .shared()
        .filter(talk=talk)
        .order_by("party", "author", "-number")
        .distinct("party", "author")
    )
    keys = [preparation.pk for preparation in latest]
    shared = SharedBefore()
    answers = Answer.objects.filter(preparation__in=keys, is_own_notes=False).exclude(text="")
    for answer in answers.order_by("preparation__party", "pk"):
        shared.answers[answer.section_id].append(answer)
    if talk.is_salary_talk:
        views = CriterionView.objects.filter(preparation__in=keys).select_related("step")
        for view in views.order_by("preparation__party", "pk"):
            shared.views[view.criterion_id].append(view)
    return shared
