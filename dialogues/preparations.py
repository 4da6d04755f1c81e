"""What has been written before a talk, as one of the two may read it, in the order of the talk's
template."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from dialogues.models import (
    Answer,
    CriteriaSet,
    Criterion,
    CriterionStep,
    CriterionView,
    Party,
    Preparation,
    Section,
    Talk,
)
from dialogues.sheet import sections_of
from units.models import User
from units.rules import can_see_name


def nested(rows: "QuerySet[Any]", *fields: str) -> ArraySubquery:
    """To annotate with: these fields of the rows that belong to each, in the same statement."""
    return ArraySubquery(rows.values(row=JSONObject(**{name: name for name in fields})))


@dataclass
class Written:
    """A preparation with what it says, by section and by criterion."""

    preparation: Preparation
    answers: dict[int, Answer] = field(default_factory=dict)
    views: dict[int, CriterionView] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to share: notes for oneself are not."""
        said = [answer.text for answer in self.answers.values() if not answer.is_own_notes]
        return not any(said) and not any(
            view.reasons or view.step_id for view in self.views.values()
        )


@dataclass(frozen=True)
class Part:
    """What somebody wrote under a section or a criterion; empty where they wrote nothing."""

    title: str
    text: str = ""
    step: CriterionStep | None = None
    is_own_notes: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.text and self.step is None


@dataclass(frozen=True)
class Pair:
    """The same section or criterion of both; None where one of them is not asked."""

    title: str
    mine: Part | None
    theirs: Part | None

    @property
    def is_empty(self) -> bool:
        return all(part is None or part.is_empty for part in (self.mine, self.theirs))


class Prepared:
    """All preparations of a talk that `user`, one of the two, may read."""

    def __init__(self, talk: Talk, user: User) -> None:
        self.talk, self.user = talk, user
        self.party = Party.EMPLOYEE if talk.employee_id == user.pk else Party.MANAGER
        self.sections = sections_of(talk)
        written = _written(talk, user)
        self.criteria = _criteria_applying(talk)
        known = {criterion.pk: criterion for criterion in self.criteria}
        told = {pk for one in written for pk in one.views}
        # Written of criteria that have been corrected since.
        if earlier := told - set(known):
            known |= {one.pk: one for one in _with_steps(Q(criterion__in=earlier))}
        for view in (view for one in written for view in one.views.values()):
            view.criterion = known[view.criterion_id]
        self.mine = [one for one in written if one.preparation.author_id == user.pk]
        self.others = sorted(
            (one for one in written if one.preparation.author_id != user.pk),
            key=lambda one: (one.preparation.author_id == talk.holder_id, one.preparation.number),
        )

    @property
    def draft(self) -> Written | None:
        """One's own, not shared."""
        return next((one for one in self.mine if one.preparation.shared_at is None), None)

    @property
    def shared(self) -> list[Written]:
        """One's own, the latest first."""
        return [one for one in self.mine[::-1] if one.preparation.shared_at is not None]

    @property
    def number(self) -> int | None:
        """Of the preparation that is being written, or would be; None once it has been shared and
        no further one is begun."""
        if self.draft:
            return self.draft.preparation.number
        return None if self.mine else 1

    def asks(self, section: Section, party: str | None = None) -> bool:
        if (party or self.party) == Party.EMPLOYEE:
            return section.is_prepared_by_employee()
        return section.is_prepared_by_manager()

    def answers_to_write(self) -> list[Answer]:
        """One for each section, unsaved where nothing is written yet."""
        written = self.draft.answers if self.draft else {}
        rows = []
        for section in filter(self.asks, self.sections):
            row = written.get(section.pk) or Answer(section=section)
            row.section = section
            rows.append(row)
        return rows

    def views_to_write(self) -> list[CriterionView]:
        """One for each criterion, and those written of criteria that have been corrected since."""
        written = dict(self.draft.views) if self.draft else {}
        rows = []
        for criterion in self.criteria:
            row = written.pop(criterion.pk, None) or CriterionView(criterion=criterion)
            row.criterion = criterion
            rows.append(row)
        return rows + [row for row in written.values() if row.reasons or row.step_id]

    def parts_of(self, written: Written, *, own_notes: bool = False) -> list[Part]:
        """What it says, section by section; what its writer was asked and left empty too."""
        keyed = self._parts(written, own_notes=own_notes)
        return [keyed[key] for key in self._order([written]) if key in keyed]

    def side_by_side(self, mine: Written | None, theirs: Written) -> list[Pair]:
        left = self._parts(mine) if mine else {}
        right = self._parts(theirs)
        both = [theirs, mine] if mine else [theirs]
        return [
            Pair((left.get(key) or right[key]).title, left.get(key), right.get(key))
            for key in self._order(both)
            if key in left or key in right
        ]

    def _parts(self, written: Written, *, own_notes: bool = False) -> dict[tuple[str, int], Part]:
        party = written.preparation.party
        parts: dict[tuple[str, int], Part] = {}
        for section in self.sections:
            answer = written.answers.get(section.pk)
            if (answer or self.asks(section, party)) and (own_notes or not section.is_own_notes):
                parts["s", section.pk] = Part(
                    section.title,
                    answer.text if answer else "",
                    is_own_notes=section.is_own_notes,
                )
        for criterion in self.criteria:
            parts["c", criterion.pk] = Part(criterion.name)
        for pk, view in written.views.items():
            steps = view.criterion.loaded_steps  # type: ignore[attr-defined]
            step = next((each for each in steps if each.pk == view.step_id), None)
            if view.reasons or step or ("c", pk) in parts:
                parts["c", pk] = Part(view.criterion.name, view.reasons, step)
        return parts

    def _order(self, written: Iterable[Written]) -> list[tuple[str, int]]:
        """The sections, the criteria after the one that shows them."""
        seen = [pk for one in written for pk in one.views]
        criteria = [("c", pk) for pk in dict.fromkeys([*_keys(self.criteria), *seen])]
        order: list[tuple[str, int]] = []
        for section in self.sections:
            order.append(("s", section.pk))
            if section.shows == Section.Shows.CRITERIA:
                order += criteria
        return list(dict.fromkeys([*order, *criteria]))


def _keys(criteria: Iterable[Criterion]) -> list[int]:
    return [criterion.pk for criterion in criteria]


# --- Reading it --------------------------------------------------------------------------------


def _criteria_applying(talk: Talk) -> list[Criterion]:
    """Those that the talk weighs by (`sheet.criteria_of`), in one statement."""
    if not talk.is_salary_talk:
        return []
    if talk.criteria_set_id:
        return _with_steps(Q(criterion__criteria_set=talk.criteria_set_id))
    sets = CriteriaSet.objects.applying_to(talk.employment, talk.year)
    return _with_steps(Q(criterion__criteria_set__in=sets.values("pk")[:1]))


def _with_steps(chosen: Q) -> list[Criterion]:
    """Each with its `loaded_steps`. What is published has steps in each criterion."""
    steps = CriterionStep.objects.filter(chosen).select_related("criterion")
    by_key: dict[int, Criterion] = {}
    for step in steps.order_by("criterion__order", "criterion", "number", "pk"):
        criterion = by_key.setdefault(step.criterion_id, step.criterion)
        criterion.__dict__.setdefault("loaded_steps", []).append(step)
    return list(by_key.values())


def _written(talk: Talk, user: User) -> list[Written]:
    opened = Q(author=user) | Q(is_own_notes=False)
    answers = Answer.objects.filter(opened, preparation=OuterRef("pk"))
    views = CriterionView.objects.filter(preparation=OuterRef("pk"))
    visible = Preparation.objects.visible_to(user).filter(talk=talk).order_by("number", "pk")
    visible = visible.annotate(
        its_answers=nested(answers, "id", "section_id", "text", "is_own_notes", "revision"),
        its_views=nested(views, "id", "criterion_id", "step_id", "reasons", "revision"),
    )
    return [
        Written(
            told,
            {row["section_id"]: Answer(**row) for row in told.its_answers},
            {row["criterion_id"]: CriterionView(**row) for row in told.its_views},
        )
        for told in list[Any](visible)
    ]


def name_of_other(talk: Talk, user: User) -> str:
    """Empty where the name may not show."""
    other = talk.holder if talk.employee_id == user.pk else talk.employee
    return str(other) if can_see_name(user, other) else ""
