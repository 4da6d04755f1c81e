"""Production starts only when it is safe to, and says what is missing when it is not."""

import pytest
from django.core.checks import run_checks

from stockholm_quality import deploy_checks
from stockholm_quality.tests.production import run_in_production

PRODUCTION = {
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
    "LANGUAGE_COOKIE_NAME": "__Host-language",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "LANGUAGE_COOKIE_SECURE": True,
}


def test_the_deploy_check_is_silent_in_production():
    checked = run_in_production("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "no issues" in checked.stdout
    assert "silenced" not in checked.stdout or "(0 silenced)" in checked.stdout


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS is missing"),
        ({"DATABASE_URL": None}, "DATABASE_URL is missing"),
        ({"DEBUG": "true"}, "DEBUG is on"),
        ({"PORTAL_DEMO": "true"}, "the demo is not for production"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "must point to PostgreSQL"),
        ({"PORTAL_ENV": "prod"}, "PORTAL_ENV is either"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_production_refuses_to_start_and_says_why(changed, named):
    started = run_in_production("-c", "import stockholm_quality.settings", **changed)

    assert started.returncode != 0
    assert named in started.stderr.splitlines()[-1]


def test_production_names_everything_that_is_missing_at_once():
    started = run_in_production(
        "manage.py",
        "check",
        SECRET_KEY=None,
        ALLOWED_HOSTS=None,
        DATABASE_URL=None,
        DEBUG="1",
    )

    assert started.returncode != 0
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "DEBUG"):
        assert name in started.stderr


def test_the_demo_command_does_not_start_in_production():
    started = run_in_production("manage.py", "demo", "--no-serve")

    assert started.returncode != 0
    assert "the demo is not for production" in started.stderr


def test_both_sets_of_own_checks_are_registered():
    from django.core.checks.registry import registry

    own = {check.__name__ for check in registry.get_checks(include_deployment_checks=True)}

    assert {
        "check_durability",
        "check_no_code_sets_synchronous_commit",
        "check_content_security_policy",
        "check_cookies",
        "check_sessions_and_passwords",
        "check_every_response_gets_its_headers",
    } <= own


def found(settings, **changed):
    for name, value in {**PRODUCTION, **changed}.items():
        setattr(settings, name, value)
    messages = run_checks(tags=["security"], include_deployment_checks=True)
    return {message.id for message in messages if message.id and message.id.startswith("portal.")}


def test_the_portals_own_deploy_checks_are_silent_in_production(settings):
    assert found(settings) == set()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"CONTENT_SECURITY_POLICY": "script-src 'unsafe-inline'"}, "portal.E001"),
        ({"CONTENT_SECURITY_POLICY": "style-src 'unsafe-hashes'"}, "portal.E001"),
        ({"CONTENT_SECURITY_POLICY": "img-src *"}, "portal.E001"),
        ({"CONTENT_SECURITY_POLICY": "font-src https:"}, "portal.E001"),
        ({"CONTENT_SECURITY_POLICY": "default-src 'self'"}, "portal.E002"),
        ({"CONTENT_SECURITY_POLICY": "frame-ancestors 'self'"}, "portal.E002"),
        ({"SESSION_COOKIE_NAME": "sessionid"}, "portal.E003"),
        ({"SESSION_COOKIE_SAMESITE": "None"}, "portal.E003"),
        ({"SESSION_COOKIE_HTTPONLY": False}, "portal.E003"),
        ({"CSRF_COOKIE_SECURE": False}, "portal.E003"),
        ({"CSRF_COOKIE_DOMAIN": ".example.se"}, "portal.E003"),
        ({"LANGUAGE_COOKIE_SAMESITE": None}, "portal.E003"),
        ({"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}, "portal.E004"),
        ({"SESSION_COOKIE_AGE": 3601}, "portal.E005"),
        ({"SESSION_SAVE_EVERY_REQUEST": False}, "portal.E005"),
        ({"SESSION_ABSOLUTE_AGE": 13 * 3600}, "portal.E006"),
        ({"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}, "portal.E007"),
        ({"AUTH_PASSWORD_VALIDATORS": []}, "portal.E008"),
        (
            {"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"]},
            "portal.E009",
        ),
        (
            {"MESSAGE_STORAGE": "django.contrib.messages.storage.fallback.FallbackStorage"},
            "portal.E013",
        ),
        ({"MIDDLEWARE": list(reversed(deploy_checks.OUTERMOST))}, "portal.E010"),
        ({"MIDDLEWARE": deploy_checks.OUTERMOST}, "portal.E011"),
        ({"PERMISSIONS_POLICY": {"camera": ["self"]}}, "portal.E012"),
    ],
)
def test_a_deploy_check_sees_what_it_is_there_for(settings, changed, message):
    if "CONTENT_SECURITY_POLICY" in changed:
        name, _space, source = changed["CONTENT_SECURITY_POLICY"].partition(" ")
        directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        changed = {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {**directives, name: [source]}}}

    assert message in found(settings, **changed)


@pytest.fixture(autouse=True)
def _real_hashers(settings, _quick_passwords):
    from stockholm_quality import settings as real

    settings.PASSWORD_HASHERS = real.PASSWORD_HASHERS
