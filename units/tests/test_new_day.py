"""What the command that runs each night brings, and what it leaves."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from stockholm_quality.tests.world import scene
from units.models import Draft, SignInFailure, Submission, Unit, UnitPlacement, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return User.objects.create_user(
        "vera.holm", email="vera.holm@example.org", given_name="Vera", family_name="Holm"
    )


@pytest.fixture
def quiet(capsys):
    def start():
        call_command("new_day")
        return capsys.readouterr().out

    return start


def test_a_planned_name_comes_into_force(quiet):
    today = timezone.localdate()
    city = Unit.objects.create(code="STAD", kind=Unit.Kind.CITY)
    UnitPlacement.objects.create(
        unit=city, name="Gamla namnet", starts_on=today - timedelta(days=9), ends_on=today
    )
    UnitPlacement.objects.create(unit=city, name="Nya namnet", starts_on=today + timedelta(days=1))
    UnitPlacement.objects.filter(unit=city, name="Gamla namnet").update(name="Dagens namn")
    # As it stands when midnight has passed and no placement has changed since.
    Unit.objects.filter(pk=city.pk).update(name="Gårdagens namn")

    quiet()

    city.refresh_from_db()
    assert city.name == "Dagens namn"


def test_old_sent_forms_are_removed_and_recent_ones_kept(quiet, person):
    old = Submission.objects.create(author=person, token=uuid4(), result_url="/")
    Submission.objects.filter(pk=old.pk).update(sent_at=timezone.now() - timedelta(days=31))
    recent = Submission.objects.create(author=person, token=uuid4(), result_url="/")
    Submission.objects.filter(pk=recent.pk).update(sent_at=timezone.now() - timedelta(days=29))

    quiet()

    assert list(Submission.objects.all()) == [recent]


def test_old_failed_sign_ins_are_removed_and_recent_ones_kept(quiet):
    old = SignInFailure.objects.create(account="vera", address="127.0.0.1")
    SignInFailure.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=31))
    recent = SignInFailure.objects.create(account="vera", address="127.0.0.1")
    SignInFailure.objects.filter(pk=recent.pk).update(at=timezone.now() - timedelta(days=29))

    quiet()

    assert list(SignInFailure.objects.all()) == [recent]


@scene()
def test_forgotten_drafts_are_removed_and_recent_ones_kept(quiet, person):
    now = timezone.now()
    Draft.objects.create(author=person, key="a", fields={}, saved_at=now - timedelta(days=61))
    recent = Draft.objects.create(
        author=person, key="b", fields={}, saved_at=now - timedelta(days=59)
    )

    quiet()

    assert list(Draft.objects.all()) == [recent]


def test_ended_sessions_are_removed_and_living_ones_kept(quiet):
    now = timezone.now()
    Session.objects.create(session_key="a" * 32, session_data="x", expire_date=now - timedelta(1))
    living = Session.objects.create(
        session_key="b" * 32, session_data="x", expire_date=now + timedelta(1)
    )

    quiet()

    assert list(Session.objects.all()) == [living]


@scene()
def test_the_command_counts_what_it_removed(quiet, person):
    Draft.objects.create(
        author=person, key="a", fields={}, saved_at=timezone.now() - timedelta(days=61)
    )

    report = quiet()

    assert " 1 " in report
