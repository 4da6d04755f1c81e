"""Talks for tests, in whatever state: written straight into the tables, as if the way there had
been gone."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from dialogues.models import (
    Confirmation,
    Party,
    Section,
    Talk,
    TalkKind,
    TalkStep,
    TalkTemplate,
    TalkVersion,
    TemplateVersion,
)
from dialogues.sheet import record_of
from dialogues.snapshots import SCHEMA, encoded, snapshot_of
from stockholm_quality.tests.world import World
from units.models import User
from units.wall import upkeep

S = Talk.Status
WAY = [S.PLANNED, S.INVITED, S.PREPARING, S.HELD, S.DOCUMENTED, S.CONFIRMED, S.CLOSED]
ACTION_TO = {
    S.PLANNED: "start",
    S.INVITED: "propose_time",
    S.PREPARING: "share",
    S.HELD: "hold",
    S.DOCUMENTED: "document",
    S.CONFIRMED: "confirm",
    S.CLOSED: "close",
    S.DISCONTINUED: "discontinue",
}


@upkeep()
def small_template(kind: str = TalkKind.EMPLOYEE, **fields: Any) -> TemplateVersion:
    """A published template of one section that both write."""
    code = f"prov-{kind.lower()}-{TalkTemplate.objects.count()}"
    template = TalkTemplate.objects.create(code=code, kind=kind, name="Provmall", **fields)
    version = TemplateVersion.objects.create(template=template, number=1)
    Section.objects.create(version=version, order=1, heading="Om arbetet", owner="JOINT")
    TemplateVersion.objects.filter(pk=version.pk).update(published_at=timezone.now())
    version.refresh_from_db()
    return version


@upkeep()
def add_talk(
    world: World,
    who: str = "employee",
    holder: str = "manager",
    status: str = S.PLANNED,
    *,
    year: int | None = None,
    kind: str = TalkKind.EMPLOYEE,
    template: TemplateVersion | None = None,
    **fields: Any,
) -> Talk:
    """A talk in `status`, with the steps that led there and what the state must have."""
    employment = world.employments[who]
    now = timezone.now()
    given: dict[str, Any] = {}
    if status not in {S.PLANNED, S.INVITED, S.PREPARING, S.DISCONTINUED}:
        given |= {"held_on": timezone.localdate() - timedelta(days=1), "held_at": now}
    if status in {S.DOCUMENTED, S.CONFIRMED, S.CLOSED}:
        given |= {"version_number": 1, "documented_at": now}
    if status in {S.CONFIRMED, S.CLOSED}:
        given |= {"confirmed_version": 1, "confirmed_at": now}
    talk = Talk.objects.create(
        **{
            "employment": employment,
            "employee": employment.person,
            "holder": world.people[holder],
            "kind": kind,
            "year": year or world.year,
            "template_version": template or small_template(kind),
            "status": status,
            "created_by": world.people[holder],
            **given,
            **fields,
        }
    )
    way = WAY[: WAY.index(status) + 1] if status in WAY else [S.PLANNED, status]
    before = ""
    for reached in way:
        TalkStep.objects.create(
            talk=talk,
            action=ACTION_TO[reached],
            from_status=before,
            to_status=reached,
            by=talk.holder,
            words="Startat av misstag." if reached == S.DISCONTINUED else "",
        )
        before = reached
    if talk.version_number:
        version = TalkVersion.objects.create(
            talk=talk,
            number=1,
            schema=SCHEMA,
            snapshot=encoded(snapshot_of(record_of(talk))),
            made_by=talk.holder,
        )
        if talk.confirmed_version:
            _answer(version, talk.employee, Party.EMPLOYEE)
            _answer(version, talk.holder, Party.MANAGER)
    return talk


def _answer(version: TalkVersion, person: User, party: str) -> None:
    Confirmation.objects.create(
        version=version,
        talk=version.talk,
        number=version.number,
        party=party,
        person=person,
        outcome=Confirmation.Outcome.CONFIRMED,
    )
