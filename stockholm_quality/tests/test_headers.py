"""Every response carries the headers of the table below, and every cookie its marks."""

import pytest
from django.contrib.auth.decorators import login_not_required
from django.test import Client
from django.urls import path, reverse

from stockholm_quality import urls
from stockholm_quality.tests import access_talks_forms
from stockholm_quality.tests.world import PASSWORD
from stockholm_quality.tests.world_talks import build_talks
from stockholm_quality.tests.world_year import build_whole_year

HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
}
IN_PRODUCTION = {
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "LANGUAGE_COOKIE_SECURE": True,
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
    "LANGUAGE_COOKIE_NAME": "__Host-language",
    "ROOT_URLCONF": __name__,
}


@login_not_required
def broken(request):
    raise RuntimeError("something nobody should read")


urlpatterns = [path("trasig/", broken), *urls.urlpatterns]
handler400, handler403, handler404 = urls.handler400, urls.handler403, urls.handler404


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    for name, value in IN_PRODUCTION.items():
        setattr(settings, name, value)


def faults_of(answer):
    """What of the table is missing or otherwise on a response."""
    faults = {
        name: answer.headers.get(name)
        for name, value in HEADERS.items()
        if answer.headers.get(name) != value
    }
    policy = {part.strip() for part in answer.headers["Content-Security-Policy"].split(";")}
    if policy != POLICY:
        faults["Content-Security-Policy"] = str(policy ^ POLICY)
    permissions = answer.headers.get("Permissions-Policy", "")
    if not all(f"{name}=()" in permissions for name in ("camera", "microphone", "geolocation")):
        faults["Permissions-Policy"] = permissions
    return faults


def answers(world, as_persona):
    """(what it is, the response, whether it may be stored), for every kind of answer."""
    signed_in, nobody = as_persona("administrator"), Client()
    manager = as_persona("manager")
    yield "page", signed_in.get("/", secure=True), False
    yield "door", nobody.get("/logga-in/", secure=True), False
    yield "redirect to the door", nobody.get("/", secure=True), False
    yield "401", nobody.get("/", secure=True, headers={"HX-Request": "true"}), False
    yield "404", signed_in.get("/finns-inte/", secure=True), False
    yield "404 of a record", signed_in.get("/mal/999999/", secure=True), False
    yield "404 for nobody", nobody.get("/finns-inte/", secure=True), False
    yield "404 under static", signed_in.get("/static/finns-inte.css", secure=True), False
    adopt = reverse("goals:new", args=[world.unit.pk])
    yield "403", signed_in.get(adopt, secure=True), False
    yield "400", manager.post(adopt, {"title": "Barnen"}, secure=True), False
    yield "400 for a host", nobody.get("/", secure=True, headers={"Host": "ond.example"}), False
    yield "405", signed_in.get("/utkast/", secure=True), False
    yield "405 of a verb", signed_in.delete("/mal/", secure=True), False
    yield "options", signed_in.options("/mal/", secure=True), False
    yield "json", signed_in.get("/session/", secure=True), False
    yield "fragment", signed_in.get("/mal/", secure=True, headers={"HX-Request": "true"}), False
    held = nobody.post("/mal/1/andra/", {"title": "x"}, secure=True)
    yield "form without a session", held, False
    strict = Client(enforce_csrf_checks=True)
    yield "forged form", strict.post("/logga-in/", {}, secure=True), False
    yield "after sign-out", as_persona("employee").post("/logga-ut/", secure=True), False
    yield "admin", signed_in.get("/admin/", secure=True), False
    yield "admin list", signed_in.get("/admin/units/unit/", secure=True), False
    yield "admin 404", signed_in.get("/admin/finns/inte/", secure=True), False
    yield "admin for nobody", nobody.get("/admin/", secure=True), False
    yield "static", nobody.get("/static/css/tokens.css", secure=True), True
    yield "head", signed_in.head("/", secure=True), False
    for client in (signed_in, nobody):
        client.raise_request_exception = False
    yield "500", signed_in.get("/trasig/", secure=True), False
    yield "500 for nobody", nobody.get("/trasig/", secure=True), False


def test_every_response_carries_the_headers(world, as_persona):
    seen, faults = {}, {}
    for name, answer, may_be_stored in answers(world, as_persona):
        seen[name] = answer.status_code
        if answer.streaming:
            list(answer.streaming_content)  # closes the file
        found = faults_of(answer)
        if ("no-store" in answer.headers.get("Cache-Control", "")) == may_be_stored:
            found["Cache-Control"] = answer.headers.get("Cache-Control")
        if "Server" in answer.headers or "X-Powered-By" in answer.headers:
            found["Server"] = "tells what runs"
        if found:
            faults[name] = found

    assert faults == {}
    assert {200, 302, 400, 401, 403, 404, 405, 500} <= set(seen.values())
    assert (seen["404 under static"], seen["static"], seen["500"]) == (404, 200, 500)


def answers_of_year(world, as_persona):
    """(what it is, the response) for every kind of answer that the year has brought."""
    build_whole_year(world)
    manager, stranger = as_persona("manager"), as_persona("stranger")
    accepted, working = world.reports["accepted"], world.reports["working"]
    for kind in ("pdf", "docx"):
        address = reverse("goals:report_document", args=[accepted.pk, kind])
        yield kind, stranger.get(address, secure=True)
        address = reverse("goals:document_file", args=[world.builds["ready"].pk, kind])
        yield f"{kind} of a board", stranger.get(address, secure=True)
    table = reverse("goals:unit_table", args=[world.unit.pk, world.year])
    yield "table", stranger.get(table, secure=True)
    sheet = working.get_absolute_url()
    wants_json = {"Accept": "application/json"}
    rows = {"summary-summary": "Vi är framme.", "summary-seen": f"{working.revision}:x"}
    yield "rows", manager.post(sheet, rows, secure=True, headers=wants_json)
    rows["summary-summary"] = "Vi är nästan framme."
    yield "rows in conflict", manager.post(sheet, rows, secure=True, headers=wants_json)
    yield "too late", manager.post(accepted.get_absolute_url(), {}, secure=True)
    missing = reverse("goals:report_document", args=[working.pk, "pdf"])
    yield "404 of a document", stranger.get(missing, secure=True)


def test_documents_tables_and_answers_to_the_script_carry_the_headers(world, as_persona):
    seen, faults = {}, {}
    for name, answer in answers_of_year(world, as_persona):
        seen[name] = answer.status_code
        found = faults_of(answer)
        if "no-store" not in answer.headers.get("Cache-Control", ""):
            found["Cache-Control"] = answer.headers.get("Cache-Control")
        if found:
            faults[name] = found

    assert faults == {}
    assert seen["rows in conflict"] == seen["too late"] == 409
    assert set(seen.values()) == {200, 404, 409}


def answers_of_talks(world, as_persona):
    """(what it is, the response) for every kind of answer that the talks have brought."""
    build_talks(world)
    employee, stranger = as_persona("employee"), as_persona("stranger")
    talks = world.talks

    def page(route, *keys):
        return reverse(f"dialogues:{route}", args=keys)

    record = page("record_pdf", talks["confirmed"].pk, 1)
    yield "record", employee.get(record, secure=True)
    yield "404 of a record", stranger.get(record, secure=True)
    yield "calendar", employee.get(page("talk_calendar", talks["half_shared"].pk), secure=True)
    yield "own data", employee.get(page("own_data_json"), secure=True)
    yield "own data to read", employee.get(page("own_data_pdf"), secure=True)
    yield "news", employee.get(page("joint_news", talks["held"].pk), secure=True)
    sheet, wants_json = page("joint", talks["held"].pk), {"Accept": "application/json"}
    rows = access_talks_forms.form_of(world, "dialogues:joint", "a talk that is held", "employee")
    yield "rows", employee.post(sheet, rows, secure=True, headers=wants_json)
    rows = {name: f"{value} Igen." if "text" in name else value for name, value in rows.items()}
    yield "rows in conflict", employee.post(sheet, rows, secure=True, headers=wants_json)
    closed = page("joint", talks["confirmed"].pk)
    yield "too late", employee.post(closed, {"s-1-text": "Vi läser."}, secure=True)


def test_records_calendars_own_data_and_rows_carry_the_headers(world, as_persona):
    seen, faults = {}, {}
    for name, answer in answers_of_talks(world, as_persona):
        seen[name] = answer.status_code
        found = faults_of(answer)
        if "no-store" not in answer.headers.get("Cache-Control", ""):
            found["Cache-Control"] = answer.headers.get("Cache-Control")
        if found:
            faults[name] = found

    assert faults == {}
    assert seen["rows in conflict"] == seen["too late"] == 409
    assert set(seen.values()) == {200, 204, 404, 409}


def test_without_tls_one_is_sent_to_tls_with_the_headers(world):
    answer = Client().get("/logga-in/")

    faults = faults_of(answer)
    # Browsers ignore it without TLS, and Django rightly leaves it out.
    assert faults.pop("Strict-Transport-Security") is None
    assert faults == {}
    assert answer.status_code == 301
    assert answer.url == "https://testserver/logga-in/"


def test_an_error_page_tells_nothing_of_what_went_wrong(world, as_persona):
    client = as_persona("manager")
    client.raise_request_exception = False

    page = client.get("/trasig/", secure=True).content.decode()

    assert "Något gick fel hos oss" in page
    assert "nobody should read" not in page
    assert "Traceback" not in page


def test_every_cookie_is_bound_to_the_host_over_tls_and_closed_to_scripts(world):
    client = Client()
    client.get("/logga-in/", secure=True)
    client.post("/sprak/", {"language": "en"}, secure=True)
    client.post("/logga-in/", {"username": "employee", "password": PASSWORD}, secure=True)

    cookies = client.cookies

    assert set(cookies) == {"__Host-sessionid", "__Host-csrftoken", "__Host-language"}
    assert {(cookie["secure"], cookie["httponly"]) for cookie in cookies.values()} == {(True, True)}
    assert {cookie["samesite"] for cookie in cookies.values()} <= {"Lax", "Strict"}
    assert {(cookie["path"], cookie["domain"]) for cookie in cookies.values()} == {("/", "")}


def test_a_signed_in_page_is_kept_apart_by_its_cookie(world, as_persona):
    answer = as_persona("employee").get("/", secure=True)

    assert "Cookie" in answer.headers["Vary"]
