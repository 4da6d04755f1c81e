"""Talks with words in them, for the tests of records and of who reads them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from dialogues.actions.confirming import answer_record, correct_record, document_talk, reopen_talk
from dialogues.actions.recording import write_part
from dialogues.actions.talks import hold_talk, start_talk
from dialogues.models import (
    Confirmation,
    Section,
    Talk,
    TalkKind,
    TalkTemplate,
    TalkVersion,
    TemplateVersion,
)
from dialogues.sheet import record_of
from stockholm_quality.tests.world import World, canary
from units.models import User
from units.wall import acting_as, upkeep

Outcome = Confirmation.Outcome
SAID = canary("samtalsord")


@upkeep()
def build_template(kind: str = TalkKind.EMPLOYEE) -> TemplateVersion:
    template = TalkTemplate.objects.create(code=f"prov-{kind}", kind=kind, name="Samtalet i provet")
    version = TemplateVersion.objects.create(template=template, number=1)
    shows = Section.Shows
    sections = [
        ("Året som har gått", "The year that has been", Section.Owner.JOINT, shows.RESULTS),
        ("Medarbetarens ord", "The employee's words", Section.Owner.EMPLOYEE, shows.TEXT),
        ("Förväntningar", "Expectations", Section.Owner.JOINT, shows.EXPECTATIONS),
        ("Utveckling", "Development", Section.Owner.JOINT, shows.COMPETENCE),
    ]
    Section.objects.bulk_create(
        Section(version=version, order=order, owner=owner, shows=show, heading=sv, heading_en=en)
        for order, (sv, en, owner, show) in enumerate(sections, 1)
    )
    version.published_at = timezone.now()
    version.save()
    return version


def fresh(talk: Talk) -> Talk:
    with upkeep():
        return Talk.objects.with_people().get(pk=talk.pk)


def build_talk(
    world: World,
    *,
    state: str = "held",
    who: str = "employee",
    holder: str = "manager",
    words: str = SAID,
    template: TemplateVersion | None = None,
    year: int | None = None,
) -> Talk:
    """A talk taken by the real steps as far as `state`: planned, held, documented, answered."""
    template = template or build_template()
    manager, employee = world.people[holder], world.people[who]
    with acting_as(manager):
        talk = start_talk(
            employment=world.employments[who],
            kind=template.template.kind,
            year=year or world.year,
            template=template,
            by=manager,
        )
        if state == "planned":
            return talk
        held_on = timezone.localdate() - timedelta(days=1)
        talk = hold_talk(talk=talk, held_on=held_on, by=manager)
        write(talk, 0, words, by=manager)
    if state == "held":
        return fresh(talk)
    finish(talk, by=manager)
    if state == "answered":
        answer(talk, by=manager)
        answer(talk, by=employee)
    return fresh(talk)


def write(talk: Talk, place: int, text: str, *, by: User, revision: int = 0) -> None:
    with acting_as(by):
        section = list(talk.template_version.sections.all())[place]
        write_part(talk=talk, section=section, revision=revision, text=text, by=by)


def finish(talk: Talk, *, by: User) -> TalkVersion:
    with acting_as(by):
        talk = Talk.objects.with_people().get(pk=talk.pk)
        return document_talk(talk=talk, mark=record_of(talk).mark, by=by)


def answer(talk: Talk, *, by: User, outcome: str = Outcome.CONFIRMED, words: str = "") -> None:
    with acting_as(by):
        number = Talk.objects.get(pk=talk.pk).version_number
        answer_record(talk=talk, number=number, outcome=outcome, words=words, by=by)


def reopen(talk: Talk, reason: str, *, by: User) -> None:
    with acting_as(by):
        reopen_talk(talk=talk, reason=reason, by=by)


def correct(talk: Talk, reason: str, *, by: User) -> None:
    with acting_as(by):
        correct_record(talk=talk, reason=reason, by=by)


def rows_of(model: Any, **where: Any) -> list[Any]:
    with upkeep():
        return list(model.objects.filter(**where))
