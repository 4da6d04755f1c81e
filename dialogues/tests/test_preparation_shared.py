"""What is prepared stays hidden until it is shared; then it opens to who is ready, for ever."""

from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dialogues.actions.preparing import share_preparation
from dialogues.models import Preparation, Reading, Talk
from dialogues.tests.preparing import (
    NOTES,
    SECRET,
    a_talk,
    address,
    answers_of,
    forms_of,
    preparations_of,
    section_of,
    seen_by,
    share,
    waive,
    without_tokens,
    write,
)
from stockholm_quality.tests.world import scene
from units.wall import acting_as

PAGES = ("preparation", "preparation_share", "preparation_waive", "preparation_other")


@pytest.fixture
def talk(world):
    return a_talk(world)


@pytest.fixture
def two(as_persona):
    return as_persona("employee"), as_persona("manager")


# --- Hiding ----------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", [0, 1])
@pytest.mark.parametrize("page", PAGES)
def test_the_others_pages_are_the_same_whether_or_not_one_has_written(talk, two, writer, page):
    reader = two[1 - writer]
    before = without_tokens(seen_by(reader, talk, page))

    write(two[writer], talk, "Året", SECRET)
    write(two[writer], talk, "Anteckningar", NOTES)
    two[writer].get(address(talk))
    two[writer].get(address(talk, "preparation_share"))

    assert without_tokens(seen_by(reader, talk, page)) == before
    with scene():
        assert not Reading.objects.filter(talk=talk).exists()


@pytest.mark.parametrize("first", [0, 1])
def test_what_is_shared_opens_when_the_other_has_shared_too(talk, two, first):
    one, other = two[first], two[1 - first]
    write(one, talk, "Året", "Skrivet av den ena")
    write(one, talk, "Anteckningar", NOTES)
    share(one, talk)

    assert "Skrivet av den ena" not in seen_by(other, talk)
    assert other.get(address(talk)).context["other_ready_at"]
    closed = other.get(address(talk, "preparation_other"))
    assert closed.status_code == 403
    assert "Skrivet av den ena" not in closed.content.decode()

    write(other, talk, "Året", "Skrivet av den andra")
    share(other, talk)

    for client in two:
        page = seen_by(client, talk, "preparation_other")
        assert "Skrivet av den ena" in page
        assert "Skrivet av den andra" in page
        assert NOTES not in page


@pytest.mark.parametrize("first", [0, 1])
def test_waiving_opens_what_the_other_has_shared_and_shows_nothing_of_ones_own(talk, two, first):
    one, other = two[first], two[1 - first]
    write(one, talk, "Året", "Delat")
    share(one, talk)
    write(other, talk, "Året", SECRET)
    waive(other, talk)

    assert "Delat" in seen_by(other, talk, "preparation_other")
    assert SECRET not in seen_by(other, talk, "preparation_other")
    page = one.get(address(talk, "preparation_other"))
    assert page.status_code == 200
    assert SECRET not in page.content.decode()
    assert one.get(address(talk)).context["other_has_waived"]
    assert SECRET in seen_by(other, talk)


def test_own_notes_are_never_out(talk, two):
    for client in two:
        write(client, talk, "Året", "Delat")
        write(client, talk, "Anteckningar", f"{NOTES}-{client is two[0]}")
        share(client, talk)

    for client, others in zip(two, (False, True), strict=True):
        assert f"{NOTES}-{others}" not in seen_by(client, talk)
        assert NOTES not in seen_by(client, talk, "preparation_other")
        assert f"{NOTES}-{not others}" in seen_by(client, talk)


def test_nothing_can_be_shared_but_notes_for_oneself(talk, two):
    write(two[0], talk, "Anteckningar", NOTES)

    response = share(two[0], talk)

    assert response.status_code == 302
    assert preparations_of(talk)[0].shared_at is None


# --- Sharing ---------------------------------------------------------------------------------


def test_the_page_of_sharing_shows_what_is_shared_and_nothing_else(talk, two):
    write(two[0], talk, "Året", SECRET)
    write(two[0], talk, "Anteckningar", NOTES)

    page = seen_by(two[0], talk, "preparation_share")

    assert SECRET in page
    assert NOTES not in page


def test_what_was_written_since_it_was_read_is_not_shared(talk, two):
    write(two[0], talk, "Året", "Läst")
    data = {
        "form_token": str(uuid4()),
        "revision": two[0].get(address(talk, "preparation_share")).context["draft"].revision,
    }
    write(two[0], talk, "Återkoppling", "Skrivet sedan")

    stale = two[0].post(address(talk, "preparation_share"), data)

    assert stale.status_code == 409
    assert "Skrivet sedan" in stale.content.decode()
    assert preparations_of(talk)[0].shared_at is None


def test_a_double_click_shares_once(talk, two):
    write(two[0], talk, "Året", "Delat")
    data = {
        "form_token": str(uuid4()),
        "revision": two[0].get(address(talk, "preparation_share")).context["draft"].revision,
    }

    answers = [two[0].post(address(talk, "preparation_share"), data) for _ in range(2)]

    assert [answer.url for answer in answers] == [address(talk)] * 2
    with scene():
        assert talk.steps.filter(action="share").count() == 1
    assert "error" not in {m.level_tag for m in two[0].get(address(talk)).context["messages"]}


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30, "٣"])
def test_a_strange_revision_shares_nothing(talk, two, revision):
    write(two[0], talk, "Året", "Delat")

    assert share(two[0], talk, revision=revision).status_code == 409
    assert preparations_of(talk)[0].shared_at is None


def test_a_window_left_open_writes_nothing_into_what_has_been_shared(talk, two):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)

    late = write(two[0], talk, "Året", "För sent")
    key = f"s-{section_of(talk, 'Året').pk}"
    page = two[0].post(f"{address(talk)}?version=1", {f"{key}-seen": "", f"{key}-text": "Sent"})

    assert late.status_code == 409
    assert late.json()["error"]
    assert "Sent" in page.content.decode()
    assert [row.number for row in preparations_of(talk)] == [1]
    assert answers_of(talk)["Året som gått"] == "Delat"


def test_something_more_is_a_version_beside_the_first(talk, two):
    write(two[0], talk, "Året", "Första")
    share(two[0], talk)
    waive(two[1], talk)
    begin = {"form_token": str(uuid4()), "begin": "1"}

    two[0].post(address(talk), begin)
    two[0].post(address(talk), begin)
    page = two[0].get(address(talk))
    key = f"s-{section_of(talk, 'Året').pk}"
    seen = forms_of(page)[key]["seen"].value()

    assert forms_of(page)[key]["text"].value() == "Första"
    assert write(two[0], talk, "Året", "Andra", seen=seen, version=1).status_code == 409
    assert write(two[0], talk, "Året", "Andra", seen=seen, version=2).status_code == 200
    assert "Andra" not in seen_by(two[1], talk, "preparation_other")
    share(two[0], talk)
    shown = seen_by(two[1], talk, "preparation_other")
    assert "Första" in shown
    assert "Andra" in shown
    assert [row.number for row in preparations_of(talk)] == [1, 2]


def test_who_has_shared_is_not_noted_as_having_waived(talk, two):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)
    waive(two[0], talk)

    with scene():
        talk.refresh_from_db()
    assert not talk.employee_waived
    assert two[0].get(address(talk, "preparation_waive")).status_code == 302


def test_after_waiving_one_can_still_write_and_share(talk, two):
    waive(two[0], talk)
    write(two[0], talk, "Året", "Ändå")
    share(two[0], talk)
    waive(two[1], talk)

    assert "Ändå" in seen_by(two[1], talk, "preparation_other")


def test_what_is_shared_after_a_waiver_is_ready_from_then(talk, two):
    waive(two[0], talk)
    with scene():
        long_ago = timezone.now() - timedelta(days=4)
        Talk.objects.filter(pk=talk.pk).update(
            employee_ready_at=long_ago, revision=F("revision") + 1
        )
    write(two[0], talk, "Året", "Ändå")
    share(two[0], talk)

    with scene():
        talk.refresh_from_db()
    assert timezone.localdate(talk.employee_ready_at) == timezone.localdate()
    assert not talk.employee_waived


def test_sharing_locks_the_talk_first_as_saving_a_row_does(world, talk, two):
    """In another order one who shares and saves at once would stop both."""
    write(two[0], talk, "Året", "Delat")
    with acting_as(world.employee), CaptureQueriesContext(connection) as queries:
        preparation = Preparation.objects.get(talk=talk)
        share_preparation(
            talk=talk, preparation=preparation, revision=preparation.revision, by=world.employee
        )

    locks = [each["sql"] for each in queries if "FOR UPDATE" in each["sql"]]
    tables = [sql.split('FROM "')[1].split('"')[0] for sql in locks]
    assert tables.index("dialogues_talk") < tables.index("dialogues_preparation")


def test_nothing_is_shared_or_waived_once_the_talk_has_been_held(talk, two):
    write(two[0], talk, "Året", "Utkast")
    with scene():
        Talk.objects.filter(pk=talk.pk).update(
            status=Talk.Status.HELD, held_on=timezone.localdate(), revision=2
        )

    share(two[0], talk)
    waive(two[1], talk)
    two[0].post(address(talk), {"form_token": str(uuid4()), "begin": "1"})

    with scene():
        talk.refresh_from_db()
    assert (talk.employee_ready_at, talk.holder_ready_at) == (None, None)
    assert [row.shared_at for row in preparations_of(talk)] == [None]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dialogues_answer SET text = 'ändrat', revision = revision + 1",
        "UPDATE dialogues_preparation SET shared_at = NULL, revision = revision + 1",
        "UPDATE dialogues_answer SET is_own_notes = true, revision = revision + 1",
        "DELETE FROM dialogues_answer",
        "DELETE FROM dialogues_preparation",
    ],
)
def test_what_is_shared_cannot_be_changed_past_the_portal_either(world, talk, two, statement):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)

    for name in ("employee", "manager"):
        with (
            suppress(ProgrammingError),
            acting_as(world.people[name]),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            assert cursor.rowcount == 0

    assert answers_of(talk) == {"Året som gått": "Delat"}
    assert preparations_of(talk)[0].shared_at


# --- The reading log -------------------------------------------------------------------------


def readings_of(world, talk, who):
    with scene():
        return list(
            Reading.objects.filter(talk=talk, reader=world.people[who]).values_list(
                "what", flat=True
            )
        )


def test_each_page_that_shows_what_is_shared_is_noted_once(world, talk, two):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)
    waive(two[1], talk)

    two[1].get(address(talk))
    two[1].get(address(talk, "preparation_other"))
    two[0].get(address(talk))

    assert readings_of(world, talk, "manager") == ["PREPARATION"]
    assert readings_of(world, talk, "employee") == ["PREPARATION"]
