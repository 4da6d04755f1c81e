"""The door: who comes in, who is held off, and what cannot be told from outside."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import BasePasswordHasher, identify_hasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world import PASSWORD
from units.models import Employment, RoleAssignment, SignInFailure, User
from units.signing_in import UNKNOWN_ADDRESS, AccountBackend, address_of

DOOR = "/logga-in/"


def knock(account, password=PASSWORD, client=None, **extra):
    """Try to sign in; whether it worked."""
    client = client or Client()
    answer = client.post(DOOR, {"username": account, "password": password}, **extra)
    assert answer.status_code in {200, 302}
    return answer.status_code == 302 and "_auth_user_id" in client.session


@pytest.mark.parametrize(
    "account",
    ["employee", "EMPLOYEE", " Employee ", "employee@example.se", "Employee@EXAMPLE.se"],
)
def test_signing_in_with_account_name_or_address_in_either_case(world, account):
    assert knock(account)


@pytest.mark.parametrize(
    ("account", "password"),
    [
        ("employee", PASSWORD.upper()),
        ("employee", f" {PASSWORD}"),
        ("employee", ""),
        ("", PASSWORD),
        ("nobody", PASSWORD),
        ("nobody@example.se", PASSWORD),
        ("employee\0", PASSWORD),
        ("x" * 100_000, PASSWORD),
        ("employee", "x" * 100_000),
        ("🌻", "åäö"),
        ("' OR 1=1 --", PASSWORD),
        ("other_employee_0", "!"),
    ],
)
def test_nobody_comes_in_with_the_wrong_words(world, account, password):
    assert not knock(account, password)


def test_who_has_left_or_may_not_sign_in_does_not_come_in(world):
    User.objects.filter(account_name="colleague").update(is_active=False)

    assert not knock("left_yesterday")
    assert not knock("colleague")


def test_access_ends_at_the_next_request_after_the_last_day(world, as_persona):
    client = as_persona("employee")
    assert client.get("/").status_code == 200
    yesterday = timezone.localdate() - timedelta(days=1)
    Employment.objects.filter(person=world.people["employee"]).update(ends_on=yesterday)

    answer = client.get("/")

    assert answer.status_code == 302
    assert answer.url.startswith(DOOR)


def test_a_role_alone_gives_access_and_its_end_takes_it(world, as_persona):
    Employment.objects.filter(person=world.people["representative"]).update(
        ends_on=timezone.localdate() - timedelta(days=1)
    )
    client = as_persona("representative")
    assert client.get("/").status_code == 200
    RoleAssignment.objects.filter(person=world.people["representative"]).update(
        ends_on=timezone.localdate() - timedelta(days=1)
    )

    assert client.get("/").status_code == 302


# --- The limit on failed tries -----------------------------------------------------------------


def test_the_sixth_failed_try_for_one_account_is_refused_unread(world):
    for number in range(5):
        assert not knock("employee", "fel", REMOTE_ADDR=f"10.0.0.{number}")

    client = Client(REMOTE_ADDR="10.0.1.1")
    answer = client.post(DOOR, {"username": "EMPLOYEE", "password": PASSWORD})

    assert "_auth_user_id" not in client.session
    assert "Vänta fem minuter" in answer.content.decode()
    assert SignInFailure.objects.count() == 5


@pytest.mark.parametrize("door", [DOOR, "the backend"])
def test_both_names_of_an_account_give_one_count(world, door):
    names = ["employee", "employee@example.se", " Employee", "EMPLOYEE@example.se", "employee"]
    for number, name in enumerate(names):
        assert not knock(name, "fel", REMOTE_ADDR=f"10.0.0.{number}")

    for name in ("employee", "employee@example.se"):
        if door == DOOR:
            assert not knock(name, REMOTE_ADDR="10.0.1.1")
        else:
            request = RequestFactory().post(DOOR, REMOTE_ADDR="10.0.1.1")
            assert AccountBackend().authenticate(request, name, PASSWORD) is None

    assert set(SignInFailure.objects.values_list("account", flat=True)) == {"employee"}


def test_others_come_in_while_one_account_is_held_off(world):
    for number in range(5):
        knock("employee", "fel", REMOTE_ADDR=f"10.0.0.{number}")

    assert knock("colleague", REMOTE_ADDR="10.0.1.1")


def test_the_eleventh_failed_try_from_one_address_is_refused(world):
    for number in range(10):
        assert not knock(f"okänd{number}", "fel", REMOTE_ADDR="10.0.0.1")

    assert not knock("employee", REMOTE_ADDR="10.0.0.1")
    assert knock("employee", REMOTE_ADDR="10.0.0.2")


def test_the_hold_passes_with_its_window(world, settings):
    for _ in range(5):
        knock("employee", "fel")
    assert not knock("employee")
    SignInFailure.objects.update(
        at=timezone.now() - timedelta(minutes=settings.SIGN_IN_WINDOW_MINUTES, seconds=1)
    )

    assert knock("employee")


def test_signing_in_well_counts_as_no_failure(world):
    for _ in range(12):
        assert knock("employee")

    assert SignInFailure.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_count_each_other(world, settings):
    refused = "Vänta fem minuter"

    answers = side_by_side(
        *(
            lambda: Client().post(DOOR, {"username": "employee", "password": "fel"})
            for _ in range(12)
        )
    )

    assert SignInFailure.objects.filter(account="employee").count() <= 5
    assert all(answer.status_code == 200 for answer in answers)
    assert (
        refused
        in Client().post(DOOR, {"username": "employee", "password": PASSWORD}).content.decode()
        or SignInFailure.objects.count() < 5
    )


def test_the_administration_has_no_door_of_its_own(world):
    words = {"username": "administrator", "password": PASSWORD, "next": "/admin/"}
    answer, refused = Client().get("/admin/login/"), Client().post("/admin/login/", words)

    assert (answer.status_code, refused.status_code) == (302, 405)
    assert answer.url.partition("?")[0] == reverse("login")
    for _ in range(5):
        knock("administrator", "fel")
    held = Client()
    held.post("/admin/login/", {"username": "administrator", "password": PASSWORD})
    assert "_auth_user_id" not in held.session
    assert not knock("administrator", client=held)


@pytest.mark.parametrize(
    ("hops", "forwarded", "seen"),
    [
        (0, None, "10.0.0.1"),
        (0, "1.2.3.4", "10.0.0.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "inte en adress", UNKNOWN_ADDRESS),
        (1, "1.2.3.4:5678", UNKNOWN_ADDRESS),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "'; DROP TABLE", UNKNOWN_ADDRESS),
    ],
)
def test_the_address_is_what_our_own_proxies_saw(settings, hops, forwarded, seen):
    settings.PROXY_HOPS = hops
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    request = RequestFactory().post(DOOR, REMOTE_ADDR="10.0.0.1", headers=headers)

    assert address_of(request) == seen


def test_a_claimed_address_opens_no_way_round_the_limit(world):
    for number in range(10):
        knock(f"okänd{number}", "fel", headers={"X-Forwarded-For": f"1.2.3.{number}"})

    assert not knock("employee", headers={"X-Forwarded-For": "9.9.9.9"})


def test_behind_a_proxy_each_caller_is_counted_alone(world, settings):
    settings.PROXY_HOPS = 1
    for number in range(10):
        knock(f"okänd{number}", "fel", headers={"X-Forwarded-For": "1.2.3.4"})

    assert not knock("employee", headers={"X-Forwarded-For": "9.9.9.9, 1.2.3.4"})
    assert knock("employee", headers={"X-Forwarded-For": "1.2.3.5"})


def test_a_malformed_address_from_a_proxy_breaks_nothing(world, settings):
    settings.PROXY_HOPS = 1

    assert knock("employee", headers={"X-Forwarded-For": "1.2.3.4, skräp"})


# --- What cannot be told from outside ----------------------------------------------------------


class CountingHasher(BasePasswordHasher):
    """Counts how often a password is worked on; the only honest measure of the time it takes."""

    algorithm = "counting"
    work = 0

    def encode(self, password, salt):
        type(self).work += 1
        return f"counting${salt}${password}"

    def decode(self, encoded):
        algorithm, salt, password = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": password}

    def verify(self, password, encoded):
        return self.encode(password, self.decode(encoded)["salt"]) == encoded

    def harden_runtime(self, password, encoded):
        pass


@pytest.mark.parametrize("account", ["employee", "nobody", "left_yesterday", "other_employee_0"])
def test_every_account_costs_the_same_work_known_or_not(world, settings, account):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    for user in User.objects.exclude(password="!"):
        user.set_password(PASSWORD)
        user.save()
    CountingHasher.work = 0

    knock(account, "fel")

    assert CountingHasher.work == 1


def test_every_account_costs_as_many_questions_to_the_database(world):
    def questions(account):
        with Asked() as asked:
            knock(account, "fel")
        return len(asked)

    known = {questions(account) for account in ("employee", "employee@example.se")}
    unknown = {questions(account) for account in ("nobody", "nobody@example.se")}

    assert known == unknown
    assert len(known) == 1


def test_known_and_unknown_accounts_get_the_same_page(world):
    def page(account):
        answer = Client().post(DOOR, {"username": account, "password": "fel"})
        text = answer.content.decode().replace(account, "")
        return [line for line in text.splitlines() if "csrf" not in line.lower()]

    assert page("employee") == page("nobody") == page("left_yesterday")


def test_the_backend_needs_a_request_to_count_by(world):
    assert AccountBackend().authenticate(None, "employee", PASSWORD) is None


# --- Passwords ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("kort", False),
        ("x" * 14, False),
        ("employee employee", False),
        ("employee@example.se", False),
        ("password12345678", True),
        ("123456789987654321", False),
        ("en mening med flera ord", True),
        ("räksmörgås på tåget", True),
    ],
)
def test_the_rules_for_passwords(world, password, is_good):
    try:
        validate_password(password, world.people["employee"])
        accepted = True
    except ValidationError:
        accepted = False

    assert accepted == is_good


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(world, as_persona):
    mine, elsewhere = as_persona("employee"), as_persona("employee")
    new = "en annan lång mening"
    fields = {"new_password1": new, "new_password2": new}

    wrong = mine.post("/losenord/", {**fields, "old_password": "fel"})
    right = mine.post("/losenord/", {**fields, "old_password": PASSWORD})

    assert wrong.status_code == 200
    assert right.status_code == 302
    assert mine.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert knock("employee", new)


def test_new_passwords_are_hashed_with_argon2(settings):
    from stockholm_quality import settings as real

    settings.PASSWORD_HASHERS = real.PASSWORD_HASHERS
    user = User()
    user.set_password(PASSWORD)

    assert identify_hasher(user.password).algorithm == "argon2"
