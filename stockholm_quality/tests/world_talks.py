"""Talks in the world of the tests: in every state, held by everyone who may hold one, with a canary
in each text that somebody may not read."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from dialogues.actions.templates import ship_templates
from dialogues.models import (
    AccessGrant,
    Answer,
    CompetenceNeed,
    Confirmation,
    CriteriaSet,
    Criterion,
    CriterionStep,
    CriterionView,
    CriterionWeighing,
    ExpectationResult,
    Party,
    Preparation,
    Reading,
    RecordPart,
    Round,
    Section,
    Talk,
    TalkKind,
    TalkStep,
    TalkTemplate,
    TalkTime,
    TalkVersion,
    TemplateVersion,
)
from dialogues.snapshots import (
    SCHEMA,
    CompetenceSnapshot,
    ExpectationSnapshot,
    PartSnapshot,
    ResultSnapshot,
    TalkSnapshot,
    WeighingSnapshot,
    encoded,
)
from stockholm_quality.tests.world import (
    LONG_AGO,
    World,
    add_delegation,
    add_expectation,
    add_goal,
    add_person,
    canary,
    scene,
)
from units.models import Draft, Employment, Role, RoleAssignment

# Those who play in the talks alone, after `world.PERSONAS` in the access table.
TALK_PERSONAS = {
    "delegate": "works next door; holds talks with the employee in the manager's place, today",
    "delegate_ended": "works next door; held talks with the employee until yesterday",
    "moved": "worked in Ängen until three weeks ago, now next door",
    "need_reader": "HR of the administration, who has opened the colleague's record in need",
}

_S = Talk.Status
_WAY = [_S.PLANNED, _S.INVITED, _S.PREPARING, _S.HELD, _S.DOCUMENTED, _S.CONFIRMED, _S.CLOSED]
_STEP_TO = dict(
    zip(
        [*_WAY, _S.DISCONTINUED],
        ["start", "propose_time", "share", "hold", "document", "confirm", "close", "discontinue"],
        strict=True,
    )
)
_HELD = (_S.HELD, _S.DOCUMENTED, _S.CONFIRMED, _S.CLOSED)
_VERSIONED = (_S.DOCUMENTED, _S.CONFIRMED, _S.CLOSED)
_TEMPLATES = {
    TalkKind.EMPLOYEE: "stad-medarbetarsamtal",
    TalkKind.SALARY: "stad-lonesamtal",
    TalkKind.FOLLOW_UP: "stad-halvarsuppfoljning",
    TalkKind.NEW: "stad-ny-medarbetare",
    TalkKind.LEAVING: "stad-avslutningssamtal",
}
_SIDES = {Party.EMPLOYEE: "medarbetare", Party.MANAGER: "chef"}


@scene()
def build_talks(world: World) -> None:
    """Add talks to the world: `world.talks["held"]`, `world.grants["running"]` and so on."""
    ship_templates()
    _build_people(world)
    _build_criteria(world)
    _build_expectations(world)
    _build_before(world)
    _build_held(world)
    _build_records(world)
    _build_salary_talks(world)
    _build_needs(world)
    _build_access(world)
    _build_rounds(world)
    _build_template(world)
    Draft.objects.create(
        author=world.people["employee"],
        key=f"answer:{world.talks['documented'].pk}",
        fields={"outcome": ["WITH_REMARK"], "words": [canary("osparad-anmärkning")]},
        saved_at=timezone.now(),
    )


def _build_people(world: World) -> None:
    today = timezone.localdate()
    for name in ("delegate", "delegate_ended", "moved"):
        add_person(world, name, "next_unit")
    add_person(world, "need_reader", "board")
    RoleAssignment.objects.create(
        person=world.people["need_reader"],
        role=Role.HR,
        unit=world.units["board"],
        starts_on=LONG_AGO,
    )
    moved_on = today - timedelta(days=20)
    now = world.employments["moved"]
    now.starts_on = moved_on
    now.save()
    world.employments["moved_before"] = Employment.objects.create(
        person=world.people["moved"],
        unit=world.units["unit"],
        title="Barnskötare",
        starts_on=LONG_AGO,
        ends_on=moved_on - timedelta(days=1),
    )
    yesterday = today - timedelta(days=1)
    for name, begins, ends in (
        ("delegate", today, today),
        ("delegate_ended", yesterday - timedelta(days=9), yesterday),
    ):
        world.delegations[name] = add_delegation(world, "employee", name, begins, ends)


def _build_criteria(world: World) -> None:
    """The board's of four years, another board's, and one set that HR still writes."""
    year = world.year
    for unit, name in (("board", "board"), ("other_board", "other")):
        for back in range(3):
            _add_criteria(world, f"{name}_{back}", unit, year - back)
    draft = _add_criteria(world, "draft", "board", year + 1, published=False)
    draft.about = canary("lönekriterier-utkast")
    draft.save()


def _add_criteria(
    world: World, name: str, unit: str, year: int, *, published: bool = True
) -> CriteriaSet:
    made = CriteriaSet.objects.create(unit=world.units[unit], year=year, about="Så väger vi.")
    criterion = Criterion.objects.create(criteria_set=made, order=1, name="Resultat")
    CriterionStep.objects.bulk_create(
        CriterionStep(criterion=criterion, number=number, name=step, words="När målen")
        for number, step in enumerate(("På väg", "Framme"), 1)
    )
    if published:
        made.published_at = timezone.now()
        made.save(update_fields=["published_at"])
    world.criteria_sets[name] = made
    return made


def _build_expectations(world: World) -> None:
    """What the talk of next year agrees on, and what it looks back on."""
    ahead = world.year + 1
    years = {"first_year": ahead, "last_year": ahead}
    for name in ("next_goal", "spare_next_goal"):
        add_goal(world, name, "unit", "UNIT", title="Alla barn kan räkna", **years)
    add_expectation(world, "agreed", "employee", "next_goal", due_on=date(ahead, 11, 30))
    for party, side in _SIDES.items():
        expectation = world.expectations["known_expectation"]
        author = world.people["employee" if party == Party.EMPLOYEE else "manager"]
        ExpectationResult.objects.create(
            expectation=expectation,
            employment=expectation.employment,
            employee=expectation.employment.person,
            party=party,
            author=author,
            outcome="PARTIAL",
            words=f"Sju av nio {canary(f'utfall-{side}')}",
        )


# --- One talk ------------------------------------------------------------------------------------


def template_of(kind: str) -> TemplateVersion:
    template = TalkTemplate.objects.get(code=_TEMPLATES[TalkKind(kind)])
    return TemplateVersion.objects.in_force().get(template=template)


def add_talk(
    world: World,
    name: str,
    status: str,
    *,
    years: int = 0,
    who: str = "employee",
    holder: str = "manager",
    kind: str = TalkKind.EMPLOYEE,
    **fields: Any,
) -> Talk:
    """A talk of `years` from now in `status`, as if the way there had been gone."""
    employment, now = world.employments[who], timezone.now()
    given: dict[str, Any] = {}
    if status in _HELD:
        given |= {"held_on": timezone.localdate() - timedelta(days=1), "held_at": now}
    if status in _VERSIONED:
        given |= {"version_number": 1, "documented_at": now}
    if status in {_S.CONFIRMED, _S.CLOSED}:
        given |= {"confirmed_version": 1, "confirmed_at": now}
    if status in _HELD and kind == TalkKind.SALARY:
        given["criteria_set"] = world.criteria_sets[f"board_{-years}"]
    talk = Talk.objects.create(
        **{
            "employment": employment,
            "employee": employment.person,
            "holder": world.people[holder],
            "kind": kind,
            "year": world.year + years,
            "template_version": template_of(kind),
            "status": status,
            "created_by": world.people[holder],
            **given,
            **fields,
        }
    )
    world.talks[name] = talk
    before = ""
    for reached in _WAY[: _WAY.index(status) + 1] if status in _WAY else [_S.PLANNED, status]:
        TalkStep.objects.create(
            talk=talk,
            action=_STEP_TO[reached],
            from_status=before,
            to_status=reached,
            by=talk.holder,
            words=canary(f"{name}-slut") if reached == _S.DISCONTINUED else "",
        )
        before = reached
    return talk


def prepare(world: World, name: str, party: str, *, shared: bool) -> Preparation:
    """What one of the two wrote before the talk, notes for oneself included."""
    talk, side = world.talks[name], _SIDES[Party(party)]
    author = talk.employee if party == Party.EMPLOYEE else talk.holder
    preparation = Preparation.objects.create(
        talk=talk,
        author=author,
        party=party,
        shared_at=timezone.now() if shared else None,
    )
    said = canary(f"{name}-{side}-delad" if shared else f"{name}-{side}-utkast")
    texts = {
        Section.Visibility.SHARED: f"Vi läser mer {said}",
        Section.Visibility.OWN: f"Att tänka på {canary(f'{name}-{side}-anteckning')}",
    }
    for visibility, text in texts.items():
        section = talk.template_version.sections.filter(owner="BOTH", visibility=visibility)
        Answer.objects.create(
            preparation=preparation,
            talk=talk,
            author=author,
            section=section.last(),
            is_own_notes=visibility == Section.Visibility.OWN,
            text=text,
        )
    if talk.is_salary_talk:
        criterion = world.criteria_sets[f"board_{world.year - talk.year}"].criteria.get()
        CriterionView.objects.create(
            preparation=preparation,
            talk=talk,
            author=author,
            criterion=criterion,
            step=criterion.steps.first(),
            reasons=f"För att {said}-skäl",
        )
    if shared:
        ready = "employee_ready_at" if party == Party.EMPLOYEE else "holder_ready_at"
        Talk.objects.filter(pk=talk.pk).update(
            revision=talk.revision + 1, **{ready: timezone.now()}
        )
        talk.refresh_from_db()
    return preparation


def write(world: World, name: str) -> None:
    """What the two have written together, not frozen yet."""
    talk = world.talks[name]
    section = talk.template_version.sections.filter(owner="JOINT").first()
    RecordPart.objects.create(
        talk=talk,
        section=section,
        text=f"Vi kom överens {canary(f'{name}-gemensamt')}",
        written_by=talk.holder,
    )
    if talk.is_salary_talk:
        CriterionWeighing.objects.create(
            talk=talk,
            criterion=talk.criteria_set.criteria.get(),
            weighed=f"Resultatet {canary(f'{name}-vägt')}",
            would_raise=f"Mer ansvar {canary(f'{name}-höja')}",
            written_by=talk.holder,
        )


def freeze(world: World, name: str, number: int = 1, reason: str = "") -> TalkVersion:
    """A version of the record with a text of each kind in it."""
    talk = world.talks[name]
    said = canary(f"{name}-version{number}")
    section = talk.template_version.sections.filter(owner="JOINT").first()
    expectation = ExpectationSnapshot(
        pk=0,
        year=talk.year,
        version_number=1,
        goal="Alla barn kan läsa",
        text=f"Språkplan {said}-förväntan",
        results=[ResultSnapshot(party="EMPLOYEE", outcome="FULL", words=f"Klart {said}-utfall")],
    )
    need = CompetenceSnapshot(
        pk=0,
        need=f"Teckenstöd {said}-behov",
        source="OWN_WISH",
        responsible="MANAGER",
        state="OPEN",
    )
    weighing = WeighingSnapshot(
        criterion="Resultat", weighed=f"Väl {said}-vägt", would_raise=f"Mer {said}-höja"
    )
    snapshot = TalkSnapshot(
        kind=talk.kind,
        year=talk.year,
        employee=talk.employee_id,
        holder=talk.holder_id,
        occupation=talk.employment.title,
        unit=talk.employment.unit.name,
        template="Medarbetarsamtal",
        template_version=1,
        held_on=talk.held_on,
        made_at=timezone.now(),
        parts=[
            PartSnapshot(
                section=section.pk, heading=section.heading, owner="JOINT", text=f"Sagt {said}"
            )
        ],
        results=[expectation],
        expectations=[expectation],
        competence=[need],
        weighings=[weighing] if talk.is_salary_talk else [],
    )
    return TalkVersion.objects.create(
        talk=talk,
        number=number,
        schema=SCHEMA,
        snapshot=encoded(snapshot),
        reason=reason,
        made_by=talk.holder,
    )


def answer(version: TalkVersion, party: str, words: str = "", outcome: str = "") -> None:
    talk = version.talk
    Confirmation.objects.create(
        version=version,
        talk=talk,
        number=version.number,
        party=party,
        person=talk.employee if party == Party.EMPLOYEE else talk.holder,
        outcome=outcome or ("WITH_REMARK" if words else "CONFIRMED"),
        words=words,
    )


def _record(world: World, name: str, status: str, **fields: Any) -> Talk:
    """A talk that both have answered: one with a remark, the other declined."""
    talk = add_talk(world, name, status, **fields)
    version = freeze(world, name)
    answer(version, Party.EMPLOYEE, canary(f"{name}-anmärkning"))
    answer(version, Party.MANAGER, canary(f"{name}-avstår"), "DECLINED")
    return talk


# --- All of them ---------------------------------------------------------------------------------


def _build_before(world: World) -> None:
    """Before they are held: nothing written, both writing, one ready, both ready."""
    add_talk(world, "planned", _S.PLANNED, kind=TalkKind.FOLLOW_UP)
    add_talk(world, "preparing", _S.INVITED, years=-8)
    for party in Party.values:
        prepare(world, "preparing", party, shared=False)
    _add_time(world, "preparing", "proposed", "manager")
    add_talk(world, "half_shared", _S.PREPARING, years=-7)
    prepare(world, "half_shared", Party.EMPLOYEE, shared=True)
    prepare(world, "half_shared", Party.MANAGER, shared=False)
    _add_time(world, "half_shared", "accepted", "employee", state=TalkTime.State.ACCEPTED)
    add_talk(world, "both_shared", _S.PREPARING, years=-6)
    for party in Party.values:
        prepare(world, "both_shared", party, shared=True)
    # The former manager's unshared words stay theirs; what the employee shared comes along.
    add_talk(world, "former_preparing", _S.PREPARING, years=-9, holder="former_manager")
    prepare(world, "former_preparing", Party.EMPLOYEE, shared=True)
    prepare(world, "former_preparing", Party.MANAGER, shared=False)
    add_talk(world, "delegated_preparing", _S.PREPARING, years=-11, holder="delegate")
    prepare(world, "delegated_preparing", Party.EMPLOYEE, shared=True)
    prepare(world, "delegated_preparing", Party.MANAGER, shared=True)
    for name, who, holder in (
        ("protected_preparing", "protected", "manager"),
        ("strangers_preparing", "stranger", "other_manager"),
        ("managers_preparing", "manager", "manager_above"),
    ):
        add_talk(world, name, _S.PREPARING, who=who, holder=holder)
        prepare(world, name, Party.EMPLOYEE, shared=True)
        prepare(world, name, Party.MANAGER, shared=False)
    add_talk(world, "discontinued", _S.DISCONTINUED, years=-2)
    for party in Party.values:
        prepare(world, "discontinued", party, shared=False)


def _add_time(world: World, talk: str, name: str, by: str, **fields: Any) -> None:
    world.times[name] = TalkTime.objects.create(
        talk=world.talks[talk],
        starts_at=timezone.now() + timedelta(days=7),
        place=f"Rum 3 {canary(f'{talk}-plats')}",
        words=f"Eller i telefon {canary(f'{talk}-tidsord')}",
        proposed_by=world.people[by],
        **fields,
    )


def _build_held(world: World) -> None:
    for name, years, holder in (
        ("held", 1, "manager"),
        ("former_held", -5, "former_manager"),
        ("ended_held", -10, "delegate_ended"),
        ("delegated_held", -12, "delegate"),
    ):
        add_talk(world, name, _S.HELD, years=years, holder=holder)
        write(world, name)
    prepare(world, "held", Party.EMPLOYEE, shared=True)
    prepare(world, "held", Party.MANAGER, shared=False)
    add_talk(world, "colleagues_held", _S.HELD, who="colleague")
    write(world, "colleagues_held")
    add_talk(world, "documented", _S.DOCUMENTED, years=-4)
    answer(freeze(world, "documented"), Party.MANAGER, canary("documented-anmärkning"))


def _build_records(world: World) -> None:
    _record(world, "confirmed", _S.CONFIRMED, years=-1)
    _record(world, "closed", _S.CLOSED, years=-2)
    _record(world, "former_confirmed", _S.CONFIRMED, years=-3, holder="former_manager")
    _record(world, "delegated_confirmed", _S.CONFIRMED, years=-13, holder="delegate")
    _record(world, "colleagues", _S.CONFIRMED, years=-1, who="colleague")
    _record(world, "protecteds", _S.CONFIRMED, years=-1, who="protected")
    _record(world, "strangers", _S.CONFIRMED, years=-1, who="stranger", holder="other_manager")
    _record(world, "managers", _S.CONFIRMED, years=-1, who="manager", holder="manager_above")
    brought_to = world.employments["moved"]
    _record(world, "brought", _S.CONFIRMED, years=-1, who="moved_before", brought_to=brought_to)
    _record(world, "left", _S.CONFIRMED, years=-2, who="moved_before")
    # The correction waits for its answers: until then later readers see the first version.
    why = canary("correcting-rättelse")
    talk = _record(world, "correcting", _S.CONFIRMED)
    freeze(world, "correcting", 2, reason=why)
    Talk.objects.filter(pk=talk.pk).update(
        status=_S.DOCUMENTED, version_number=2, revision=talk.revision + 1
    )
    talk.refresh_from_db()


def _build_salary_talks(world: World) -> None:
    salary = TalkKind.SALARY
    add_talk(world, "salary_preparing", _S.PREPARING, kind=salary)
    prepare(world, "salary_preparing", Party.EMPLOYEE, shared=True)
    prepare(world, "salary_preparing", Party.MANAGER, shared=False)
    add_talk(world, "salary_held", _S.HELD, years=-1, kind=salary)
    write(world, "salary_held")
    _record(world, "salary", _S.CONFIRMED, years=-2, kind=salary)
    # Not among those that the delegate stands in for.
    add_talk(world, "delegated_salary", _S.PREPARING, years=-9, holder="delegate", kind=salary)


def _build_needs(world: World) -> None:
    needs = world.needs_of_talks
    for name, who in (
        ("open", "employee"),
        ("colleagues", "colleague"),
        ("protecteds", "protected"),
        ("strangers", "stranger"),
        ("managers", "manager"),
        ("brought", "moved_before"),
        ("left", "moved_before"),
    ):
        needs[name] = add_need(world, name, who)
    needs["brought"].brought_to = world.employments["moved"]
    needs["brought"].revision += 1
    needs["brought"].save()
    needs["done"] = add_need(
        world,
        "done",
        "employee",
        state="DONE",
        done_on=timezone.localdate(),
        effect=canary("behov-done-effekt"),
    )
    needs["dropped"] = add_need(
        world, "dropped", "employee", state="DROPPED", drop_reason=canary("behov-dropped-skäl")
    )


def add_need(world: World, name: str, who: str, **fields: Any) -> CompetenceNeed:
    employment = world.employments[who]
    return CompetenceNeed.objects.create(
        **{
            "employment": employment,
            "employee": employment.person,
            "need": f"Teckenstöd {canary(f'behov-{name}')}",
            "activity": f"Skugga någon {canary(f'behov-{name}-aktivitet')}",
            "source": CompetenceNeed.Source.OWN_WISH,
            "written_by": employment.person,
            **fields,
        }
    )


def _build_access(world: World) -> None:
    """One grant that runs, one that has ended, and one that found no record."""
    now = timezone.now()
    for name, talk, who, reader, opened in (
        ("running", "colleagues", "colleague", "need_reader", now),
        ("ended", "confirmed", "employee", "need_reader", now - timedelta(days=9)),
        ("nothing", None, "employee", "manager_above", now),
    ):
        employment = world.employments[who]
        world.grants[name] = AccessGrant.objects.create(
            employment=employment,
            employee=employment.person,
            talk=world.talks[talk] if talk else None,
            kind=TalkKind.EMPLOYEE,
            year=world.year - 1 if talk else world.year - 30,
            reader=world.people[reader],
            reason=f"Behövs för ett ärende {canary(f'åtkomst-{name}')}",
            opened_at=opened,
            ends_at=opened + timedelta(days=1),
        )
    Reading.objects.create(
        talk=world.talks["colleagues"],
        employee=world.people["colleague"],
        reader=world.people["need_reader"],
        capacity=Reading.Capacity.NEED,
        what=Reading.What.RECORD,
        grant=world.grants["running"],
    )


def _build_rounds(world: World) -> None:
    today = timezone.localdate()
    template = TalkTemplate.objects.get(code=_TEMPLATES[TalkKind.EMPLOYEE])
    for name, unit, status in (
        ("planned", "department", Round.Status.PLANNED),
        ("started", "board", Round.Status.STARTED),
        ("other", "other_board", Round.Status.PLANNED),
    ):
        hr = world.people["other_hr" if name == "other" else "hr"]
        started = {"started_at": timezone.now(), "started_by": hr}
        world.rounds[name] = Round.objects.create(
            unit=world.units[unit],
            kind=TalkKind.EMPLOYEE,
            year=world.year,
            template=template,
            starts_on=today,
            ends_on=today + timedelta(days=60),
            status=status,
            opened_by=hr,
            **(started if status == Round.Status.STARTED else {}),
        )


def _build_template(world: World) -> None:
    """The board's own template, which HR still writes."""
    template = TalkTemplate.objects.create(
        code="sodermalm", kind=TalkKind.EMPLOYEE, name="Södermalms samtal", unit=world.board
    )
    version = TemplateVersion.objects.create(template=template, number=1)
    Section.objects.create(version=version, order=1, heading=canary("samtalsmall-utkast"))
