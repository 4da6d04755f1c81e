"""The administration of the year: who reads what, and who fills indicators from Kolada."""

import itertools
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from goals.models import (
    AnalysisMethod,
    Goal,
    Indicator,
    KeyFigure,
    KeyFigureValue,
    Period,
    PlanYear,
    Report,
    ReportStep,
    Target,
)
from goals.tests.kolada_server import running_server
from stockholm_quality.tests.world import canary
from units.models import Role, RoleAssignment

pytestmark = pytest.mark.django_db

KPI = "N90001"
SECRET = canary("utkast-till-rapport")
REGISTERS = ["indicator", "keyfigure", "planyear", "report", "analysismethod"]
OFFICES = ["hr", "other_hr", "city_hr", "administrator"]


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    settings.LANGUAGES = [("en", "English")]
    with translation.override("en"):
        yield


@pytest.fixture
def server(monkeypatch, settings):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_server() as server:
        settings.KOLADA_URL = server.url
        yield server


class Year:
    """One row of each register in the board of the cast, and two in the other one."""

    def __init__(self, world):
        self.world = world
        self.plan_year = PlanYear.objects.create(
            unit=world.board, year=world.year, instructions="Anvisning för året"
        )
        day = date(world.year, 4, 30)
        self.period = Period.objects.create(
            plan_year=self.plan_year, code="T1", name="Tertial 1", kind=Period.Kind.INTERIM,
            starts_on=date(world.year, 1, 1), ends_on=day, opens_on=day,
            due_on=day + timedelta(days=20),
        )  # fmt: skip
        self.indicator = Indicator.objects.create(
            unit=world.board, title="Nöjda vårdnadshavare", unit_of_measure="%"
        )
        self.target = Target.objects.create(
            indicator=self.indicator, unit=world.unit, goal=world.goals["unit_goal"],
            year=world.year, annual_target=85,
        )  # fmt: skip
        self.hidden_target = Target.objects.create(
            indicator=self.indicator, unit=world.unit, goal=world.goals["unit_draft"],
            year=world.year + 1, annual_target=Decimal("77.31"), note=SECRET,
        )  # fmt: skip
        self.key_figure = KeyFigure.objects.create(
            indicator=self.indicator, kpi=KPI,
            title="Påhittat: nöjda vårdnadshavare, andel (%)",
        )  # fmt: skip
        self.report = Report.objects.create(
            unit=world.unit, period=self.period, status=Report.Status.CORRECTING, summary=SECRET,
            correction_reason=SECRET, version_number=1,
        )  # fmt: skip
        for who, kind in [("protected", "SUBMITTED"), ("controller", "RETURNED")]:
            ReportStep.objects.create(
                report=self.report, kind=kind, version_number=1, comment=SECRET,
                taken_by=world.people[who], taken_at=timezone.now(),
            )  # fmt: skip
        self.method = AnalysisMethod.objects.create(
            unit=world.board, name="Nämndens metod", help_text="När och hur"
        )
        self.others = Indicator.objects.create(
            unit=world.other_board, title="Trygga äldre", unit_of_measure="%"
        )

    def rows(self):
        return {
            "indicator": self.indicator,
            "keyfigure": self.key_figure,
            "planyear": self.plan_year,
            "report": self.report,
            "analysismethod": self.method,
        }


@pytest.fixture
def year(world):
    return Year(world)


def url_of(register, verb, *args):
    return reverse(f"admin:goals_{register}_{verb}", args=args)


def fields_of(key_figure, **changed):
    return {
        "kpi": key_figure.kpi,
        "title": key_figure.title,
        "municipality": key_figure.municipality,
        "revision": f"{key_figure.pk}.{key_figure.revision}",
        "form_token": str(uuid4()),
        **changed,
    }


def said(response):
    return [str(message) for message in response.context["messages"]]


def listed(client, register, query=""):
    return list(client.get(f"{url_of(register, 'changelist')}?{query}").context["cl"].result_list)


# --- Who reads what ------------------------------------------------------------------------------


@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("who", ["hr", "administrator"])
def test_a_row_is_read_by_the_offices_that_reach_it(year, as_persona, who, register):
    client, row = as_persona(who), year.rows()[register]

    assert row in listed(client, register)
    for verb in ("change", "history"):
        assert client.get(url_of(register, verb, row.pk)).status_code == 200
    assert client.post(url_of(register, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("who", ["other_hr", "city_hr"])
def test_hr_of_another_authority_finds_nothing_of_this_one(year, as_persona, who, register):
    client, row = as_persona(who), year.rows()[register]

    assert row not in listed(client, register)
    for verb in ("change", "history"):
        assert client.get(url_of(register, verb, row.pk)).status_code == 404
    assert client.post(url_of(register, "change", row.pk)).status_code == 404


@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("who", ["employee", "manager", "controller", "representative"])
def test_nobody_without_an_office_comes_in(year, as_persona, who, register):
    client, row = as_persona(who), year.rows()[register]

    for url in (url_of(register, "changelist"), url_of(register, "change", row.pk)):
        assert client.get(url).status_code == 403
    assert client.get(url_of("keyfigure", "import", year.key_figure.pk)).status_code == 403
    assert client.post(url_of("keyfigure", "import", year.key_figure.pk)).status_code == 403


@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("who", OFFICES)
def test_what_is_run_in_the_portal_is_only_read_here(year, as_persona, who, register, token):
    client = as_persona(who)
    may_write = register == "keyfigure" and who == "administrator"

    assert client.get(url_of(register, "add")).status_code == (200 if may_write else 403)
    if not may_write:
        assert client.post(url_of(register, "add"), token()).status_code == 403
        posted = client.post(url_of(register, "change", year.rows()[register].pk), token())
        assert posted.status_code == (404 if who in {"other_hr", "city_hr"} else 403)


@pytest.mark.parametrize("who", OFFICES)
def test_nothing_of_what_is_being_written_shows(year, as_persona, who):
    client = as_persona(who)
    urls = [reverse("admin:index"), reverse("admin:app_list", args=["goals"])]
    for register, row in year.rows().items():
        urls += [url_of(register, "changelist"), f"{url_of(register, 'changelist')}?q={SECRET[:9]}"]
        urls += [url_of(register, verb, row.pk) for verb in ("change", "history")]
    completion = reverse("admin:autocomplete")
    urls += [
        f"{completion}?app_label=goals&model_name=keyfigure&field_name=indicator",
        f"{completion}?app_label=goals&model_name=value&field_name=period",
        f"{completion}?app_label=goals&model_name=assessment&field_name=report",
    ]

    hidden = [SECRET, canary("unit_draft"), "77.31", canary("namn-other_protected")]
    for url in urls:
        body = client.get(url).content.decode()
        assert not [text for text in hidden if text in body], url


@pytest.mark.parametrize("model", ["value", "assessment", "analysis", "need", "target", "period",
                                   "activitynote", "reportversion", "keyfigurevalue"])  # fmt: skip
def test_what_belongs_to_its_unit_has_no_address(year, as_persona, model):
    client = as_persona("administrator")

    for url in (f"/admin/goals/{model}/", f"/admin/goals/{model}/1/change/"):
        assert client.get(url).status_code == 404


def test_the_steps_of_a_report_name_only_whom_one_may_know(year, as_persona):
    url = url_of("report", "change", year.report.pk)
    controller = canary("namn-controller")
    protected = canary("namn-protected")

    for who, sees in [("hr", True), ("administrator", False)]:
        body = as_persona(who).get(url).content.decode()
        assert controller in body
        assert (protected in body) is sees, who
        assert "Returned" in body


def test_an_indicator_shows_its_targets_and_its_key_figure(year, as_persona):
    body = as_persona("hr").get(url_of("indicator", "change", year.indicator.pk)).content.decode()

    assert year.world.unit_goal.title in body
    assert ">85<" in body
    assert url_of("keyfigure", "change", year.key_figure.pk) in body


def test_a_plan_year_shows_its_periods(year, as_persona):
    body = as_persona("hr").get(url_of("planyear", "change", year.plan_year.pk)).content.decode()

    assert "Tertial 1" in body
    assert "Anvisning för året" in body


def test_filters_and_search_narrow_the_lists(year, as_persona):
    client, other_board = as_persona("administrator"), year.world.other_board

    assert listed(client, "indicator", "q=Trygga") == [year.others]
    assert listed(client, "indicator", f"board={other_board.pk}") == [year.others]
    assert listed(client, "indicator", "direction__exact=LOWER") == []
    assert listed(client, "planyear", f"year={year.world.year}") == [year.plan_year]
    assert listed(client, "report", f"year={year.world.year}&status__exact=CORRECTING") == [
        year.report
    ]
    assert listed(client, "report", "year=1999") == []
    assert listed(client, "keyfigure", "state=stopped") == []
    assert listed(client, "keyfigure", f"board={other_board.pk}") == []
    for probe in ("summary__contains=x", "steps__comment__contains=x", "correction_reason=x"):
        assert client.get(f"{url_of('report', 'changelist')}?{probe}").status_code == 400
    for register, probe in itertools.product(REGISTERS, ["year=x", "state=x", "board=x", "p=99"]):
        assert client.get(f"{url_of(register, 'changelist')}?{probe}").status_code < 500


@pytest.mark.parametrize("register", REGISTERS)
def test_a_list_costs_the_same_for_many_rows(
    year, as_persona, register, django_assert_max_num_queries
):
    def cost():
        client = as_persona("administrator")
        with django_assert_max_num_queries(15) as queries:
            assert client.get(url_of(register, "changelist")).status_code == 200
        return len(queries)

    add_rows(year, 3, 1)
    few = cost()
    add_rows(year, 40, 2)

    assert cost() == few


def add_rows(year, count, batch):
    units = list(year.world.units.values())
    for number in range(count):
        indicator = Indicator.objects.create(
            unit=year.world.unit, title=f"Mått {number}", unit_of_measure="%"
        )
        KeyFigure.objects.create(
            indicator=indicator, kpi=f"N{batch}{number:04}", title=f"Mått {number}"
        )
        AnalysisMethod.objects.create(
            unit=year.world.unit, name=f"Metod {batch}.{number}", help_text="x"
        )
        plan_year = PlanYear.objects.create(
            unit=units[number % len(units)], year=2030 + 50 * batch + number
        )
        day = date(2030, 4, 30)
        period = Period.objects.create(
            plan_year=plan_year, code="T1", name="Tertial 1", kind="INTERIM", starts_on=day,
            ends_on=day, opens_on=day, due_on=day,
        )  # fmt: skip
        Report.objects.create(unit=year.world.unit, period=period)


# --- Key figures ---------------------------------------------------------------------------------


def test_a_system_administrator_maps_an_indicator(year, as_persona, token):
    client = as_persona("administrator")
    fields = {
        "indicator": year.others.pk, "kpi": "N00945", "title": "Rubrik", "municipality": "0180",
        **token(),
    }  # fmt: skip

    assert client.post(url_of("keyfigure", "add"), fields).status_code == 302
    assert KeyFigure.objects.get(kpi="N00945").indicator == year.others

    for wrong in ({"kpi": "945"}, {"municipality": "18"}, {"indicator": 987654}, {"title": ""}):
        refused = client.post(url_of("keyfigure", "add"), fields | token() | wrong)
        assert set(refused.context["adminform"].form.errors) >= set(wrong)
    again = client.post(url_of("keyfigure", "add"), fields | token())
    assert again.status_code == 200
    assert KeyFigure.objects.count() == 2


def test_indicators_are_chosen_by_typing(year, as_persona):
    found = as_persona("administrator").get(
        reverse("admin:autocomplete"),
        {"app_label": "goals", "model_name": "keyfigure", "field_name": "indicator",
         "term": "Nöjda"},
    )  # fmt: skip

    assert [row["text"] for row in found.json()["results"]] == [year.indicator.title]


def test_one_key_figure_is_imported_at_once(year, as_persona, server, token):
    client = as_persona("administrator")
    page = client.get(url_of("keyfigure", "change", year.key_figure.pk))
    url = url_of("keyfigure", "import", year.key_figure.pk)
    assert url in page.content.decode()
    assert 'name="form_token"' in client.get(url).content.decode()
    assert server.asked == []

    done = client.post(url, token(), follow=True)

    assert "30 new" in said(done)[0]
    body = done.content.decode()
    assert "Source: Kolada" in body
    assert "82.25" in body
    assert "missing" in body
    history = client.get(url_of("keyfigure", "history", year.key_figure.pk)).content.decode()
    assert "30 new" in history


def test_a_form_sent_twice_imports_once(year, as_persona, server, token):
    client, url = as_persona("administrator"), url_of("keyfigure", "import", year.key_figure.pk)
    same = token()

    first, second = client.post(url, same), client.post(url, same)

    assert (first.status_code, first.url) == (second.status_code, second.url)
    assert len(server.asked) == 2  # the title and the values, once
    assert client.post(url, {}).status_code == 400


def test_the_chosen_key_figures_are_imported_from_the_list(year, as_persona, server, token):
    client = as_persona("administrator")
    other = KeyFigure.objects.create(
        indicator=year.others, kpi="N90002", title="En annan rubrik än i Kolada"
    )
    url = url_of("keyfigure", "changelist")
    assert 'name="form_token"' in client.get(url).content.decode()

    fields = {"action": "import_now", "index": "0", **token()}
    done = client.post(
        url, fields | {"_selected_action": [year.key_figure.pk, other.pk]}, follow=True
    )

    messages = said(done)
    assert "30 new" in messages[0]
    assert "Kolada now calls it" in messages[1]
    other.refresh_from_db()
    assert "Påhittat: barn per avdelning" in other.stopped_because
    assert listed(client, "keyfigure", "state=stopped") == [other]


@pytest.mark.parametrize("who", ["hr", "other_hr", "city_hr"])
def test_hr_imports_nothing(year, as_persona, server, token, who):
    client = as_persona(who)
    pk = year.key_figure.pk
    closed = 403 if who == "hr" else 404

    for method in (client.get, client.post):
        assert method(url_of("keyfigure", "import", pk), token()).status_code == closed
    fields = {"action": "import_now", "index": "0", "_selected_action": [pk], **token()}
    client.post(url_of("keyfigure", "changelist"), fields)
    body = client.get(url_of("keyfigure", "changelist")).content.decode()

    assert "import_now" not in body
    assert server.asked == []
    assert not KeyFigureValue.objects.exists()


def test_a_role_that_has_ended_imports_nothing(year, as_persona, server, token):
    client = as_persona("administrator")
    RoleAssignment.objects.filter(role=Role.SYSTEM_ADMINISTRATOR).update(
        ends_on=timezone.localdate() - timedelta(days=1)
    )

    posted = client.post(url_of("keyfigure", "import", year.key_figure.pk), token())

    assert (posted.status_code, server.asked) == (403, [])


def test_without_network_the_page_says_so_and_the_values_stay(year, as_persona, settings, token):
    with running_server() as gone:
        settings.KOLADA_URL = gone.url
    KeyFigureValue.objects.create(key_figure=year.key_figure, year=2020, gender="T", value=5)

    done = as_persona("administrator").post(
        url_of("keyfigure", "import", year.key_figure.pk), token(), follow=True
    )

    assert "cannot be reached" in said(done)[0]
    assert KeyFigureValue.objects.get().value == 5


def test_a_new_title_is_confirmed_by_saving_it(year, as_persona, server, token):
    client, key_figure = as_persona("administrator"), year.key_figure
    server.kpis[KPI]["title"] = "Nöjda, ny rubrik"
    import_url = url_of("keyfigure", "import", key_figure.pk)
    client.post(import_url, token())
    change_url = url_of("keyfigure", "change", key_figure.pk)
    assert "Nöjda, ny rubrik" in client.get(change_url).content.decode()

    saved = client.post(change_url, fields_of(key_figure, title="Nöjda, ny rubrik"), follow=True)

    assert "no longer stopped" in said(saved)[0]
    key_figure.refresh_from_db()
    assert (key_figure.title, key_figure.stopped_because) == ("Nöjda, ny rubrik", "")
    assert "30 new" in said(client.post(import_url, token(), follow=True))[0]


def test_another_key_figure_begins_without_the_formers_values(year, as_persona, token):
    client, key_figure = as_persona("administrator"), year.key_figure
    KeyFigureValue.objects.create(key_figure=key_figure, year=2020, gender="T", value=5)
    url = url_of("keyfigure", "change", key_figure.pk)

    client.post(url, fields_of(key_figure, title="Bara rubriken"))
    assert KeyFigureValue.objects.exists()

    key_figure.refresh_from_db()
    client.post(url, fields_of(key_figure, kpi="N00001"))
    key_figure.refresh_from_db()
    assert (key_figure.kpi, KeyFigureValue.objects.exists()) == ("N00001", False)


def test_the_second_of_two_writers_sees_what_the_first_saved(year, as_persona):
    client, key_figure = as_persona("administrator"), year.key_figure
    url = url_of("keyfigure", "change", key_figure.pk)
    client.post(url, fields_of(key_figure, title="Den förstas"))

    second = client.post(url, fields_of(key_figure, title="Den andras"))

    assert second.status_code == 200
    body = second.content.decode()
    assert "Den förstas" in body
    assert "Den andras" in body


def test_drafts_of_goals_stay_out_of_the_targets(year, as_persona):
    goal = year.world.unit_draft
    assert Goal.objects.get(pk=goal.pk).is_draft
    for who in OFFICES:
        response = as_persona(who).get(url_of("indicator", "change", year.indicator.pk))
        assert goal.title not in response.content.decode()
