"""Every address of the portal. `stockholm_quality/access_table.csv` says who may what."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import (
    LogoutView,
    PasswordChangeDoneView,
    PasswordChangeView,
)
from django.urls import include, path

from dialogues.views.home import home
from stockholm_quality import pages
from units.views import desk, session
from units.views.password import FirstPasswordView

urlpatterns = [
    path("", home, name="home"),
    path("logga-in/", session.SignInView.as_view(), name="login"),
    # Open to all: a sign-out that comes after the session has ended is no form to keep.
    path(
        "logga-ut/",
        login_not_required(LogoutView.as_view(http_method_names=["post"])),
        name="logout",
    ),
    path(
        "losenord/",
        PasswordChangeView.as_view(http_method_names=["get", "head", "post"]),
        name="password_change",
    ),
    path(
        "losenord/klart/",
        PasswordChangeDoneView.as_view(http_method_names=["get", "head"]),
        name="password_change_done",
    ),
    path("losenord/nytt/<uidb64>/<token>/", FirstPasswordView.as_view(), name="password_first"),
    path("profil/", desk.profile, name="profile"),
    path("sprak/", desk.set_language, name="set_language"),
    path("session/", session.ping, name="session_ping"),
    path("om/tillganglighet/", pages.accessibility, name="about_accessibility"),
    path("om/behorigheter/", pages.access, name="about_access"),
    path("admin/", admin.site.urls),
    path("", include("units.urls")),
    path("", include("goals.urls")),
    path("", include("dialogues.urls")),
]

if not settings.PRODUCTION:
    urlpatterns.append(path("komponenter/", pages.components, name="components"))

handler400 = "stockholm_quality.pages.bad_request"
handler403 = "stockholm_quality.pages.forbidden"
handler404 = "stockholm_quality.pages.not_found"
