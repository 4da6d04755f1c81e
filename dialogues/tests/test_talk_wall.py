"""The second wall where a rule alone would not do: what is written in another's name, and access
that outlasts what it rests on."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from dialogues.models import (
    AccessGrant,
    CompetenceNeed,
    Confirmation,
    Party,
    Preparation,
    Reading,
    Talk,
    TalkKind,
    TalkStep,
)
from dialogues.rules import TalkRights
from dialogues.tests.talk_scenes import S, add_talk, small_template
from goals.models import Expectation
from stockholm_quality.tests.world import add_delegation
from units.models import Delegation, Employment, User
from units.wall import acting_as, for_purpose, upkeep

DAY = timedelta(days=1)


def refuses(by, write):
    with acting_as(by), pytest.raises(DatabaseError), transaction.atomic():
        write()


# --- A delegate who works there no longer --------------------------------------------------------


@pytest.mark.parametrize("moved_to", [None, "other_unit", "group"])
def test_a_delegation_holds_while_the_delegate_works_in_the_administration(world, moved_to):
    delegation = add_delegation(world, "employee", "neighbour", covers_salary=True)
    template = small_template()
    talks = [
        add_talk(world, holder="neighbour", template=template),
        add_talk(world, holder="neighbour", kind=TalkKind.SALARY, template=template),
    ]
    with upkeep():
        CompetenceNeed.objects.create(
            employment=delegation.employment,
            employee=world.employee,
            need="Språk",
            source=CompetenceNeed.Source.OWN_WISH,
            responsible=Party.EMPLOYEE,
            written_by=world.employee,
        )
    held = world.employments["neighbour"]

    def opened():
        # What one answers for is read once for each person that is fetched.
        neighbour = User.objects.get(pk=world.neighbour.pk)
        with acting_as(neighbour):
            shown = {
                "talks": set(Talk.objects.values_list("pk", flat=True)),
                "by the rules": set(
                    Talk.objects.visible_to(neighbour).values_list("pk", flat=True)
                ),
                "held": {each.pk for each in talks if TalkRights(neighbour, each).is_holder},
            }
            others = [
                Delegation.objects.in_force().exists(),
                Expectation.objects.filter(employment=delegation.employment).exists(),
                CompetenceNeed.objects.exists(),
                Employment.objects.met_by(neighbour).exists(),
            ]
        return shown, others

    everything = {talk.pk for talk in talks}
    assert opened() == (
        dict.fromkeys(["talks", "by the rules", "held"], everything),
        [True] * 4,
    )

    Employment.objects.filter(pk=held.pk).update(ends_on=timezone.localdate() - DAY)
    if moved_to:
        Employment.objects.create(
            person=world.neighbour,
            unit=world.units[moved_to],
            title="Barnskötare",
            starts_on=timezone.localdate(),
        )

    still = everything if moved_to == "group" else set()
    assert opened() == (
        dict.fromkeys(["talks", "by the rules", "held"], still),
        [bool(still)] * 4,
    )


# --- In one's own name and on one's own side -----------------------------------------------------


def test_nobody_answers_or_prepares_as_the_other_party(world):
    talk = add_talk(world, status=S.DOCUMENTED)
    with upkeep():
        version = talk.versions.get()
    for person, party in [(world.employee, Party.MANAGER), (world.manager, Party.EMPLOYEE)]:
        refuses(
            person,
            lambda person=person, party=party: Confirmation.objects.create(
                version=version,
                talk=talk,
                number=1,
                party=party,
                person=person,
                outcome=Confirmation.Outcome.CONFIRMED,
            ),
        )
        refuses(
            person,
            lambda person=person, party=party: Preparation.objects.create(
                talk=talk, author=person, party=party
            ),
        )


@pytest.mark.parametrize("status", [S.HELD, S.DOCUMENTED, S.CONFIRMED])
def test_no_manager_makes_themselves_holder_of_what_has_been_said(world, status):
    talk = add_talk(world, status=status)

    def become(person):
        Talk.objects.filter(pk=talk.pk).update(holder=person, revision=talk.revision + 1)

    refuses(world.acting_manager, lambda: become(world.acting_manager))
    refuses(world.manager, lambda: become(world.acting_manager))
    with acting_as(world.employee):
        become(world.acting_manager)


# --- Who is told of an access in need ------------------------------------------------------------


def test_the_manager_of_today_is_told_what_was_read_in_need(world, as_persona):
    talk = add_talk(world, holder="former_manager", status=S.CLOSED)
    now = timezone.now()
    with upkeep():
        grant = AccessGrant.objects.create(
            employment=talk.employment,
            employee=talk.employee,
            talk=talk,
            kind=talk.kind,
            year=talk.year,
            reader=world.hr,
            reason="Ett ärende.",
            opened_at=now - DAY,
            ends_at=now + DAY,
        )
        of_grant, of_another = (
            Reading.objects.create(
                talk=talk,
                employee=talk.employee,
                reader=reader,
                capacity=capacity,
                what=Reading.What.RECORD,
                grant=through,
            )
            for reader, capacity, through in [
                (world.hr, Reading.Capacity.NEED, grant),
                (world.former_manager, Reading.Capacity.HOLDER, None),
            ]
        )

    page = as_persona("manager").get(grant.get_absolute_url())

    assert list(page.context["readings"]) == [of_grant]
    with acting_as(world.manager):
        assert of_another not in Reading.objects.all()
    with acting_as(world.colleague):
        assert not Reading.objects.exists()


# --- Why a talk ended ----------------------------------------------------------------------------


def test_why_a_talk_ended_is_told_to_the_two_alone(world, as_persona):
    talk = add_talk(world, status=S.DISCONTINUED)
    why = "Startat av misstag."

    for name, is_told in [("employee", True), ("manager", True), ("acting_manager", False)]:
        page = as_persona(name).get(talk.get_absolute_url()).content.decode()
        assert (name, why in page) == (name, is_told)
    with acting_as(world.hr), for_purpose("figures"):
        [head] = Talk.objects.filter(pk=talk.pk).values()
        assert why not in head.values()
        assert not TalkStep.objects.filter(talk=talk).exists()
