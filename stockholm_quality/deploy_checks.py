"""System checks of what must hold where the portal is in use, beside Django's own
(`manage.py check --deploy`)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LONGEST_IDLENESS = 60 * 60
LONGEST_SESSION = 12 * 60 * 60
OUTERMOST = [
    # What these add must be on every response, whatever answers.
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "stockholm_quality.middleware.ResponseHeadersMiddleware",
]
CLOSED_BY_DEFAULT = [
    "django.middleware.csrf.CsrfViewMiddleware",
    "units.middleware.AuthenticationMiddleware",
    "units.middleware.SignInRequiredMiddleware",
]
COOKIES = ["SESSION_COOKIE", "CSRF_COOKIE", "LANGUAGE_COOKIE"]


@register(Tags.security, deploy=True)
def check_content_security_policy(**kwargs: Any) -> list[CheckMessage]:
    """No inline code, no code from elsewhere, and nothing at all that is not named."""
    directives = settings.CONTENT_SECURITY_POLICY.get("DIRECTIVES", {})
    found: list[CheckMessage] = [
        Error(
            f"The content security policy lets {source} through in {name}.",
            hint="Move the code into a file of its own under static/.",
            id="portal.E001",
        )
        for name, sources in directives.items()
        for source in sources
        if source.startswith(("'unsafe-", "http:", "https:", "*"))
    ]
    closed = ["default-src", "base-uri", "object-src", "frame-ancestors"]
    found += [
        Error(f"The content security policy leaves {name} open.", id="portal.E002")
        for name in closed
        if list(directives.get(name, [])) != ["'none'"]
    ]
    return found


@register(Tags.security, deploy=True)
def check_cookies(**kwargs: Any) -> list[CheckMessage]:
    """Cookies are bound to this very host over TLS, and closed to scripts and other sites."""
    found: list[CheckMessage] = []
    for cookie in COOKIES:
        faults = [
            fault
            for fault, is_so in [
                ("has no __Host- prefix", not _of(cookie, "NAME", "").startswith("__Host-")),
                ("is sent to other hosts", _of(cookie, "DOMAIN", None) is not None),
                ("is bound to a path", _of(cookie, "PATH", "/") != "/"),
                (
                    "is sent from other sites",
                    _of(cookie, "SAMESITE", None) not in {"Lax", "Strict"},
                ),
                ("is open to scripts", not _of(cookie, "HTTPONLY", False)),
                ("travels without TLS", not _of(cookie, "SECURE", False)),
            ]
            if is_so
        ]
        found += [Error(f"The cookie {cookie} {fault}.", id="portal.E003") for fault in faults]
    return found


def _of(cookie: str, part: str, otherwise: Any) -> Any:
    return getattr(settings, f"{cookie}_{part}", otherwise)


def _name_of(validator: Any) -> str:
    return str(validator["NAME"]).rpartition(".")[2]


@register(Tags.security, deploy=True)
def check_sessions_and_passwords(**kwargs: Any) -> list[CheckMessage]:
    demands: list[tuple[str, str, Callable[[], bool]]] = [
        (
            "Sessions are not kept in the database, where they can be ended for a person.",
            "portal.E004",
            lambda: settings.SESSION_ENGINE == "django.contrib.sessions.backends.db",
        ),
        (
            "A session lives for more than an hour of idleness, or its hour is not renewed.",
            "portal.E005",
            lambda: (
                settings.SESSION_COOKIE_AGE <= LONGEST_IDLENESS
                and settings.SESSION_SAVE_EVERY_REQUEST
            ),
        ),
        (
            "A session lives for more than twelve hours.",
            "portal.E006",
            lambda: settings.SESSION_ABSOLUTE_AGE <= LONGEST_SESSION,
        ),
        (
            "New passwords are not hashed with Argon2.",
            "portal.E007",
            lambda: "Argon2" in settings.PASSWORD_HASHERS[0],
        ),
        (
            "Passwords may be short or common.",
            "portal.E008",
            lambda: (
                {"MinimumLengthValidator", "CommonPasswordValidator"}
                <= {_name_of(each) for each in settings.AUTH_PASSWORD_VALIDATORS}
            ),
        ),
        (
            "There is more than one way to sign in.",
            "portal.E009",
            lambda: settings.AUTHENTICATION_BACKENDS == ["units.signing_in.AccountBackend"],
        ),
        (
            "Messages travel in a cookie of their own, with the texts they hold.",
            "portal.E013",
            lambda: (
                settings.MESSAGE_STORAGE == "django.contrib.messages.storage.session.SessionStorage"
            ),
        ),
    ]
    return [Error(text, id=message_id) for text, message_id, holds in demands if not holds()]


@register(Tags.security, deploy=True)
def check_every_response_gets_its_headers(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if list(settings.MIDDLEWARE[: len(OUTERMOST)]) != OUTERMOST:
        found.append(
            Error(
                "Something answers outside the middleware that sets the security headers.",
                hint=f"Begin MIDDLEWARE with {', '.join(OUTERMOST)}.",
                id="portal.E010",
            )
        )
    found += [
        Error(f"{name} is missing from MIDDLEWARE.", id="portal.E011")
        for name in CLOSED_BY_DEFAULT
        if name not in settings.MIDDLEWARE
    ]
    found += [
        Error(f"The permissions policy does not close {feature}.", id="portal.E012")
        for feature in ("camera", "geolocation", "microphone", "payment", "usb")
        if settings.PERMISSIONS_POLICY.get(feature) != []
    ]
    return found
