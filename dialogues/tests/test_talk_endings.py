"""How a talk ends, or goes on, when one of the two is no longer there: nobody is left stuck with
it, and no answer is undone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.confirming import answer_record, correct_record
from dialogues.models import Confirmation, Reading, RecordPart
from dialogues.rules import TalkRights
from dialogues.states import Action
from dialogues.tests.talk_scenes import S, add_talk
from dialogues.todos_of_talks import todos_of_talks
from stockholm_quality.tests.world import LONG_AGO
from units.models import Employment, Role, RoleAssignment
from units.wall import acting_as, upkeep

TODAY, DAY = timezone.localdate(), timedelta(days=1)


def url(name, talk):
    return reverse(f"dialogues:{name}", args=[talk.pk])


def routes(answer):
    return [way.url for way in answer.context["ways"]]


@upkeep()
def _fresh(talk):
    talk.refresh_from_db()
    return talk


def _answered_by(talk, person):
    with acting_as(person):
        answer_record(
            talk=talk,
            number=talk.version_number,
            outcome=Confirmation.Outcome.CONFIRMED,
            by=person,
        )


@pytest.fixture
def left(world):
    """Who left the unit yesterday and works elsewhere since."""
    Employment.objects.create(
        person=world.left_yesterday,
        unit=world.units["other_unit"],
        title="Förskollärare",
        starts_on=TODAY,
    )
    return world.left_yesterday


# --- An answer is not undone ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "ends"), [("manager", "manager"), ("former_manager", "manager")]
)
def test_what_the_employee_has_answered_is_not_buried(world, as_persona, token, holder, ends):
    talk = add_talk(world, holder=holder, status=S.DOCUMENTED)
    _answered_by(talk, world.employee)

    client = as_persona(ends)
    answer = client.post(url("talk_discontinue", talk), {"reason": "Slut.", **token()})

    assert answer.status_code == 409
    assert _fresh(talk).status == S.DOCUMENTED
    assert url("talk_discontinue", talk) not in routes(client.get(talk.get_absolute_url()))


def test_a_manager_beside_the_holder_ends_no_talk_that_has_been_held(world):
    for status, may in [(S.PREPARING, True), (S.HELD, False), (S.DOCUMENTED, False)]:
        talk = add_talk(world, status=status, year=world.year - list(S).index(status))
        with acting_as(world.acting_manager):
            rights = TalkRights(world.acting_manager, talk)
            assert (status, rights.may(Action.DISCONTINUE)) == (status, may)
            assert not rights.may(Action.TAKE_OVER)


def test_what_the_two_wrote_stays_readable_when_the_talk_is_discontinued(world, as_persona, token):
    talk = add_talk(world, status=S.HELD)
    with upkeep():
        section = talk.template_version.sections.get()
        RecordPart.objects.create(
            talk=talk, section=section, text="Vi sa detta.", written_by=world.manager
        )
    as_persona("manager").post(url("talk_discontinue", talk), {"reason": "Slut.", **token()})
    assert _fresh(talk).status == S.DISCONTINUED

    for name in ("employee", "manager"):
        client = as_persona(name)
        assert url("joint", talk) in routes(client.get(talk.get_absolute_url()))
        assert "Vi sa detta." in client.get(url("joint", talk)).content.decode()
    assert as_persona("acting_manager").get(url("joint", talk)).status_code == 404
    with upkeep():
        read = Reading.objects.filter(talk=talk, what=Reading.What.JOINT)
        assert {each.reader for each in read} >= {world.employee, world.manager}


# --- The employment has ended --------------------------------------------------------------------


@pytest.mark.parametrize("status", [S.PREPARING, S.HELD, S.DOCUMENTED])
def test_who_has_left_ends_the_talk_that_nobody_can_go_on_with(
    world, left, as_persona, token, status
):
    talk = add_talk(world, "left_yesterday", status=status)
    client = as_persona("left_yesterday")

    page = client.get(talk.get_absolute_url())
    with acting_as(left):
        asked = todos_of_talks(left, TODAY)
    answer = client.post(url("talk_discontinue", talk), {"reason": "Jag slutade.", **token()})

    assert routes(page)[0] == url("talk_discontinue", talk)
    assert page.context["standing"].tasks == []
    assert status == S.DOCUMENTED or asked == []
    assert answer.status_code == 302
    assert _fresh(talk).status == S.DISCONTINUED


def test_who_has_left_still_answers_what_the_manager_has_answered(world, left, as_persona, token):
    talk = add_talk(world, "left_yesterday", status=S.DOCUMENTED)
    with upkeep():
        Confirmation.objects.create(
            version=talk.versions.get(),
            talk=talk,
            number=1,
            party="MANAGER",
            person=world.manager,
            outcome=Confirmation.Outcome.CONFIRMED,
        )

    page = as_persona("left_yesterday").get(talk.get_absolute_url())

    assert routes(page)[0] == url("talk_confirm", talk)
    assert url("talk_discontinue", talk) not in routes(page)
    _answered_by(talk, left)
    assert _fresh(talk).status == S.CONFIRMED


def test_who_has_left_opens_no_answered_record_that_nobody_could_answer_anew(
    world, left, as_persona
):
    talk = add_talk(world, "left_yesterday", status=S.CONFIRMED)
    client = as_persona("left_yesterday")

    assert url("talk_correct", talk) not in routes(client.get(talk.get_absolute_url()))
    assert client.get(url("talk_correct", talk)).status_code == 302
    assert _fresh(talk).status == S.CONFIRMED


def test_without_a_manager_a_held_talk_is_not_handed_to_anybody(world, as_persona):
    talk = add_talk(world, status=S.HELD)
    RoleAssignment.objects.filter(role=Role.MANAGER).delete()

    page = as_persona("employee").get(talk.get_absolute_url())

    assert url("talk_hand_over", talk) not in routes(page)
    assert page.context["left"]


# --- What goes along -----------------------------------------------------------------------------


def test_a_record_is_taken_along_to_a_later_employment_also_one_to_come(world, as_persona, token):
    talk = add_talk(world, status=S.CLOSED)
    client = as_persona("employee")
    assert url("talk_bring", talk) not in routes(client.get(talk.get_absolute_url()))
    beside, to_come = (
        Employment.objects.create(
            person=world.employee, unit=world.units[unit], title="Kock", starts_on=starts_on
        )
        for unit, starts_on in [("next_unit", LONG_AGO), ("other_unit", TODAY + 30 * DAY)]
    )

    assert url("talk_bring", talk) in routes(client.get(talk.get_absolute_url()))
    refused = client.post(url("talk_bring", talk), {"employment": beside.pk, **token()})
    client.post(url("talk_bring", talk), {"employment": to_come.pk, **token()})

    assert "employment" in refused.context["form"].errors
    assert _fresh(talk).brought_to == to_come


def test_what_was_taken_along_is_taken_back_while_it_is_corrected(world, as_persona, token):
    later = Employment.objects.create(
        person=world.employee, unit=world.units["other_unit"], title="Kock", starts_on=TODAY
    )
    talk = add_talk(world, status=S.CLOSED, brought_to=later)
    with acting_as(world.employee):
        correct_record(talk=talk, reason="Ett fel år.", by=world.employee)
    client = as_persona("employee")

    assert url("talk_bring", talk) in routes(client.get(talk.get_absolute_url()))
    client.post(url("talk_bring", talk), {"employment": "", **token()})

    assert (_fresh(talk).brought_to, talk.status) == (None, S.HELD)
