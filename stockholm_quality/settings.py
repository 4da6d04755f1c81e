"""Settings, read from the environment. README.md, section Configure, explains each variable."""

import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

# --- What kind of portal this is ---------------------------------------------------------------

PORTAL_ENV = env.str("PORTAL_ENV", default="development")
if PORTAL_ENV not in {"development", "production"}:
    raise ImproperlyConfigured("PORTAL_ENV is either 'development' or 'production'.")
PRODUCTION = PORTAL_ENV == "production"
# The demo lives in a database of its own, so that `migrate` alone gives an empty portal.
DEMO = env.bool("PORTAL_DEMO", default=sys.argv[1:2] == ["demo"])

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="" if PRODUCTION else "only-for-development-" + "x" * 50)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DATABASE_URL = env.str("DATABASE_URL", default="")

if PRODUCTION:
    faults = [
        fault
        for fault, present in [
            ("SECRET_KEY is missing", not SECRET_KEY),
            ("ALLOWED_HOSTS is missing", not ALLOWED_HOSTS),
            (
                "DATABASE_URL is missing: the embedded database is not for production",
                not DATABASE_URL,
            ),
            ("DEBUG is on", DEBUG),
            ("the demo is not for production", DEMO),
        ]
        if present
    ]
    if faults:
        raise ImproperlyConfigured("Cannot start in production: " + "; ".join(faults) + ".")

# --- Applications ------------------------------------------------------------------------------

INSTALLED_APPS = [
    "stockholm_quality",
    "units",
    "goals",
    "dialogues",
    "stockholm_quality.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "js_lib_bootstrap5",
]

MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "stockholm_quality.middleware.ResponseHeadersMiddleware",
    "stockholm_quality.middleware.NoNullCharacterMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "units.middleware.AuthenticationMiddleware",
    "units.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "units.middleware.SignInRequiredMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    # Last: it calls the view.
    "units.middleware.ActorMiddleware",
]

ROOT_URLCONF = "stockholm_quality.urls"
WSGI_APPLICATION = "stockholm_quality.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "stockholm_quality.context.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "stockholm_quality.templatetags.ui",
                "units.templatetags.desk",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Database ----------------------------------------------------------------------------------

_session = (
    "-c statement_timeout=15000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000"
)
_pool = {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8), "timeout": 5}
if DATABASE_URL:
    _database = env.db_url("DATABASE_URL")
    if "postgresql" not in _database["ENGINE"]:
        raise ImproperlyConfigured("DATABASE_URL must point to PostgreSQL (postgresql://...).")
else:
    _database = {
        "ENGINE": "stockholm_quality.embedded",
        "NAME": "portal_demo" if DEMO else "portal",
        "EMBEDDED_DIR": env.path("EMBEDDED_DIR", default=str(BASE_DIR / ".postgres")),
    }
_database.setdefault("OPTIONS", {})
_database["OPTIONS"] |= {"pool": _pool, "options": _session}
_database |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PGHISTORY_APPEND_ONLY = True

# --- Signing in --------------------------------------------------------------------------------

AUTH_USER_MODEL = "units.User"
AUTHENTICATION_BACKENDS = ["units.signing_in.AccountBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["account_name", "email", "given_name", "family_name"]},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Failed sign-ins within the window after which further tries are refused.
SIGN_IN_WINDOW_MINUTES = 5
SIGN_IN_FAILURES_PER_ACCOUNT = 5
SIGN_IN_FAILURES_PER_ADDRESS = 10
# How many proxies of our own stand in front; 0 trusts no X-Forwarded-For.
PROXY_HOPS = env.int("PROXY_HOPS", default=0)

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60  # of idleness
SESSION_ABSOLUTE_AGE = 12 * 60 * 60  # whatever one does
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60  # of the link to a first password
CSRF_FAILURE_VIEW = "units.views.session.csrf_failure"
# What we say about somebody's work stays with us, and ends with the session.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Transport and headers ---------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    # The prefix binds a cookie to this very host over TLS; browsers refuse it elsewhere.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
    if PROXY_HOPS:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
else:
    LANGUAGE_COOKIE_NAME = "language"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in [
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "publickey-credentials-get",
        "screen-wake-lock",
        "usb",
        "xr-spatial-tracking",
    ]
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a manager may tick every one of their people

# --- Static files ------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / ".static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
_static = env.bool("STATIC_MANIFEST", default=PRODUCTION)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _static
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not _static
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- Language and time -------------------------------------------------------------------------

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", _("Swedish")), ("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Stockholm"

# --- Other services ----------------------------------------------------------------------------

# RKA's open database of key figures; only `import_kolada` and the administration ask it.
KOLADA_URL = env.str("KOLADA_URL", default="https://api.kolada.se/v3/")

# --- Mail and log ------------------------------------------------------------------------------

_mail = env.email_url(
    "EMAIL_URL", default="smtp://localhost:25" if PRODUCTION else "consolemail://"
)
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST = _mail["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds; a dead mail server holds nobody up
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="portal@localhost")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
