"""Answers from Kolada that cannot be relied on: the old values stay, and a message says why."""

import time
from email.utils import format_datetime

import pytest
from django.utils import timezone, translation

from goals.kolada import LARGEST_ANSWER, MOST_PAGES, Kolada, KoladaError
from goals.tests.kolada_server import running_server
from goals.tests.kolada_world import (
    CHILDREN,
    HASTY,
    SATISFIED,
    YEARS,
    asked,
    mapped,
    outcome_of,
    run,
    stored,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch, settings):
    with asked(monkeypatch, settings) as server:
        yield server


@pytest.fixture
def satisfied(server):
    return mapped(server, SATISFIED)


@pytest.fixture
def children(server):
    return mapped(server, CHILDREN)


def changed_row(**fields):
    return lambda rows: rows[3].update(fields)


def changed_value(**fields):
    return lambda rows: rows[3]["values"][0].update(fields)


def repeat(rows):
    rows.append(rows[3])


def repeat_gender(rows):
    rows[3]["values"].append(rows[3]["values"][0])


def without_value(rows):
    del rows[3]["values"][0]["value"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (changed_row(kpi="N11111"), "answered for N11111"),
        (changed_value(gender="X"), "unknown gender: X"),
        (changed_value(value=1e14), "out of range"),
        (changed_value(value="99999999999999.99999"), "out of range"),
        (changed_value(value=-(10**4000)), "out of range"),
        (changed_value(value="NaN"), "out of range"),
        (changed_value(value="12,5"), "another form"),
        (changed_value(value=True), "another form"),
        (changed_row(values=None), "another form"),
        (without_value, "another form"),
        (repeat, "answered twice for 2018"),
        (repeat_gender, "answered twice for 2018"),
    ],
)
def test_a_row_that_is_wrong_leaves_everything_as_it_was(server, satisfied, children, spoil, why):
    run("--years", "2012-2026")
    before = stored(satisfied)
    server.rows[SATISFIED][0]["values"][0]["value"] = 1
    server.rows[CHILDREN][0]["values"][0]["value"] = 2
    spoil(server.rows[SATISFIED])

    out, problems = run("--years", "2012-2026")

    assert why in problems
    assert SATISFIED in problems
    assert "The old values stay." in problems
    assert "1 changed" in out  # the other one
    assert stored(satisfied) == before


def test_a_row_of_another_municipality_or_year_is_refused(server, satisfied):
    page = server.page(SATISFIED, "0180", [str(year) for year in YEARS], 1)
    for field, value, why in [
        ("municipality", "1480", "in 1480"),
        ("period", 1999, "a year not asked for: 1999"),
    ]:
        rows = [{**page["values"][0], field: value}]
        server.instead["data/"] = lambda handler, rows=rows: handler.say(
            {"count": 1, "values": rows}
        )
        assert why in outcome_of(server, satisfied).problem
    assert stored(satisfied) == []


def say(body, status=200, **headers):
    return lambda handler: handler.say(body, status, **headers)


def cut(handler):
    handler.say(b'{"count": 1, "values": [', Content_Length="900")
    handler.close_connection = True


def hang_up(handler):
    handler.close_connection = True


def keep_silent(handler):
    time.sleep(0.8)


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _second in range(30):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def flood(handler):
    handler.say(b" " * (LARGEST_ANSWER + 1))


def ever_onwards(handler):
    number = len(handler.server.kolada.asked)
    handler.say({"count": 0, "values": [], "next_url": f"/v3/data/?page={number}"})


def round_in_a_ring(handler):
    handler.say({"count": 0, "values": [], "next_url": f"/v3{handler.path[3:]}"})


@pytest.mark.parametrize("where", ["kpi/", "data/"])
@pytest.mark.parametrize(
    ("misbehave", "why"),
    [
        (say({}, 500), "the error 500"),
        (say({}, 403), "the error 403"),
        (say({}, 404), "404"),
        (say({}, 302, Location="/v3/elsewhere"), "the error 302"),
        (say({}, 429, Retry_After="3600"), "alone for 3600 seconds"),
        (say({}, 429, Retry_After="0"), "too much to do"),
        (say({}, 503, Retry_After="0"), "too much to do"),
        (say(b"<html>Hello</html>"), "is broken"),
        (say(b'{"count": 3, "values": [{"kpi":'), "is broken"),
        (say(b"[" * 100_000), "another form"),
        (say([]), "another form"),
        (say({"count": 0}), "another form"),
        (say(b"\xff\xfe", Content_Encoding="gzip"), "broke in the middle"),
        (cut, "broke in the middle"),
        (hang_up, "broke in the middle"),
        (keep_silent, "not answer in time"),
        (drip, "not answer in time"),
        (flood, "too large"),
    ],
)
def test_whatever_kolada_does_the_old_values_stay(server, satisfied, where, misbehave, why):
    outcome_of(server, satisfied)
    before = stored(satisfied)
    server.instead[where] = misbehave

    outcome = outcome_of(server, satisfied)

    assert why in outcome.problem
    assert outcome.problem.endswith("The old values stay.")
    assert str(satisfied) in outcome.told
    assert stored(satisfied) == before
    satisfied.refresh_from_db()
    assert satisfied.stopped_because == ""


@pytest.mark.parametrize(
    ("misbehave", "why"), [(ever_onwards, "no end"), (round_in_a_ring, "no end")]
)
def test_pages_without_end_are_not_read_for_ever(server, satisfied, misbehave, why):
    server.instead["data/"] = misbehave

    assert why in outcome_of(server, satisfied).problem
    assert len(server.asked) <= 1 + MOST_PAGES


@pytest.mark.parametrize("count", [9, 11, -1])
def test_an_answer_that_counts_otherwise_than_it_holds_is_refused(server, satisfied, count):
    page = server.page(SATISFIED, "0180", [str(year) for year in YEARS], 1)
    server.instead["data/"] = say({**page, "count": count})

    assert f"it says {count} and holds 10" in outcome_of(server, satisfied).problem


def test_a_missing_page_is_noticed(server, satisfied):
    server.rows_in_a_page = 4
    server.counts_all_pages = True
    page = server.page(SATISFIED, "0180", [str(year) for year in YEARS], 1)
    server.instead["data/"] = say({**page, "next_url": None})

    assert "it says 10 and holds 4" in outcome_of(server, satisfied).problem


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://169.254.169.254/v3/data",
        "http://127.0.0.1:{other}/v3/data",
        "https://127.0.0.1:{port}/v3/data",
        "//evil.test/v3/data",
        "http://127.0.0.1:{port}@evil.test/",
        "http://someone:secret@127.0.0.1:{port}/v3/data",
        "file:///etc/passwd",
        "http://[",
    ],
)
def test_a_page_on_another_server_is_not_followed(server, satisfied, elsewhere):
    port = int(server.url.split(":")[2].split("/")[0])
    url = elsewhere.format(port=port, other=port + 1)
    server.instead["data/"] = say({"count": 0, "values": [], "next_url": url})

    assert "another server" in outcome_of(server, satisfied).problem
    assert len(server.asked) == 2


def test_kolada_is_asked_again_after_the_wait_it_names(server, satisfied):
    soon = format_datetime(timezone.now(), usegmt=True)
    for told_wait in ("0", soon, "soon"):
        busy = iter([True])

        def once_busy(handler, busy=busy, told_wait=told_wait):
            if next(busy, False):
                handler.say({}, 429, Retry_After=told_wait)
            else:
                handler.say({"count": 1, "values": [server.kpis[SATISFIED]]})

        server.instead["kpi/"] = once_busy
        assert outcome_of(server, satisfied).problem == ""


def test_a_key_figure_that_kolada_no_longer_has_is_told(server, satisfied):
    del server.kpis[SATISFIED]

    assert "no such key figure" in outcome_of(server, satisfied).problem


def test_a_description_of_another_key_figure_is_refused(server, satisfied):
    server.instead["kpi/"] = say({"count": 1, "values": [server.kpis[CHILDREN]]})

    assert "another key figure" in outcome_of(server, satisfied).problem


def test_without_network_every_key_figure_says_so_and_the_command_fails(
    server, satisfied, children, settings
):
    with running_server() as gone:
        settings.KOLADA_URL = gone.url

    _out, problems = run()

    assert problems.count("cannot be reached") == 2
    assert "2 of 2" in problems
    for url in ("ftp://127.0.0.1/", "nonsense", "http://["):
        with Kolada(url, HASTY) as kolada, pytest.raises(KoladaError, match="cannot be reached"):
            kolada.title_of(SATISFIED)


def test_messages_come_in_the_language_of_the_settings(server, satisfied, settings):
    settings.LANGUAGE_CODE = "en"
    server.kpis[SATISFIED]["title"] = "Annan"

    with translation.override("sv"):
        assert "Kolada now calls it" in run()[1]
