"""The year as its controller runs it: opening, periods, closing."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.actions import plans
from goals.models import Closure, Period, PlanYear, Report
from goals.rules import is_closed
from stockholm_quality.tests.side_by_side import side_by_side


def post(client, route, /, *args, **fields):
    return client.post(reverse(f"goals:{route}", args=args), {**fields, "form_token": uuid4()})


@pytest.fixture
def plan_year(world):
    return plans.open_plan_year(
        unit=world.board, year=world.year, instructions="Skriv kort", by=world.controller
    )


def fields_of(period, **changed):
    """What the form of a period sends, as its page shows it."""
    names = ("name", "code", "kind", "instructions", "revision")
    days = ("starts_on", "ends_on", "opens_on", "due_on")
    ticks = ("asks_values", "asks_half_yearly", "asks_judgement", "asks_needs")
    sent = {name: getattr(period, name) for name in (*names, *days)}
    return sent | {name: "on" for name in ticks if getattr(period, name)} | changed


def test_a_controller_opens_a_year_with_the_citys_four_periods(world, as_persona):
    controller = as_persona("controller")
    page = controller.get(reverse("goals:plan_year_new"))

    answer = post(
        controller, "plan_year_new", unit=world.board.pk, year=world.year + 1, instructions="Kort"
    )

    year = PlanYear.objects.get()
    assert [name for name in ("VP", "T1", "T2", "VB") if name not in page.content.decode()] == []
    assert answer.url == year.get_absolute_url()
    assert (year.unit, year.year, year.opened_by) == (
        world.board,
        world.year + 1,
        world.controller,
    )
    assert [period.code for period in year.periods.in_order()] == ["VP", "T1", "T2", "VB"]


def test_a_controller_opens_years_for_their_own_part_alone(world, as_persona):
    controller = as_persona("controller")
    form = controller.get(reverse("goals:plan_year_new")).context["form"]

    answer = post(controller, "plan_year_new", unit=world.other_board.pk, year=world.year)

    assert list(form.fields["unit"].queryset) == [world.department, world.board]
    assert answer.status_code == 200
    assert not PlanYear.objects.exists()


def test_a_year_opened_twice_is_refused_in_words_and_what_was_written_stays(
    world, as_persona, plan_year
):
    answer = post(
        as_persona("controller"),
        "plan_year_new",
        unit=world.department.pk,
        year=world.year,
        instructions="Mina anvisningar",
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert str(world.board) in answer.context["form"].non_field_errors()[0]
    assert "Mina anvisningar" in page
    assert PlanYear.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_controllers_who_open_a_year_at_once_open_one(world, as_persona):
    clients = [as_persona("controller") for _ in range(2)]

    answers = side_by_side(
        *(
            lambda client=client: post(
                client, "plan_year_new", unit=world.board.pk, year=world.year
            )
            for client in clients
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert PlanYear.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("employee", True),
        ("manager", True),
        ("controller", True),
        ("stranger", False),
        ("other_controller", False),
    ],
)
def test_one_sees_the_years_over_ones_own_unit(world, as_persona, plan_year, who, sees):
    page = as_persona(who).get(reverse("goals:plan_years"))

    assert page.status_code == 200
    assert (plan_year.get_absolute_url() in page.content.decode()) is sees
    assert page.context["may_open"] is (who in {"controller", "other_controller"})


def test_who_only_reads_the_year_sees_its_dates_and_no_way_to_change_it(
    world, as_persona, plan_year
):
    period = plan_year.periods.get(code="T1")
    page = as_persona("employee").get(plan_year.get_absolute_url()).content.decode()

    assert period.name in page
    assert "Skriv kort" in page
    for name in ("period_edit", "period_close", "remind", "reporting"):
        assert reverse(f"goals:{name}", args=[period.pk]) not in page


def test_the_year_says_how_many_of_how_many_have_handed_in(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")
    Report.objects.create(unit=world.unit, period=period, status="ACCEPTED", version_number=1)
    Report.objects.create(unit=world.next_unit, period=period, status="RETURNED", version_number=1)

    periods = as_persona("controller").get(plan_year.get_absolute_url()).context["periods"]

    counts = {each.code: (each.handed_in, each.to_report) for each in periods}
    assert counts == {"VP": (0, 5), "T1": (1, 5), "T2": (0, 5), "VB": (0, 5)}


@pytest.mark.parametrize(
    "name", ["plan_year_edit", "plan_year_close", "period_new", "period_edit", "period_close"]
)
@pytest.mark.parametrize("who", ["manager_above", "employee", "other_controller", "hr"])
def test_only_the_controller_runs_the_year(world, as_persona, plan_year, name, who):
    key = plan_year.periods.first().pk if name in {"period_edit", "period_close"} else plan_year.pk
    client = as_persona(who)

    assert client.get(reverse(f"goals:{name}", args=[key])).status_code == 403
    assert post(client, name, key).status_code == 403
    assert as_persona("controller").get(reverse(f"goals:{name}", args=[key])).status_code == 200


def test_the_instructions_are_changed_and_a_second_writer_sees_both(world, as_persona, plan_year):
    client = as_persona("controller")
    first = post(client, "plan_year_edit", plan_year.pk, revision=1, instructions="Först")

    second = post(client, "plan_year_edit", plan_year.pk, revision=1, instructions="Sedan")

    assert (first.status_code, second.status_code) == (302, 409)
    page = second.content.decode()
    assert "Först" in page
    assert "Sedan" in page
    plan_year.refresh_from_db()
    assert plan_year.instructions == "Först"


# --- Periods -----------------------------------------------------------------------------------


def test_a_period_of_ones_own_is_added_and_changed(world, as_persona, plan_year):
    year = world.year
    client = as_persona("controller")
    sent = fields_of(
        Period(
            name="Månads\r\nrapport",
            code="M1",
            kind="INTERIM",
            starts_on=date(year, 1, 1),
            ends_on=date(year, 1, 31),
            opens_on=date(year, 1, 25),
            due_on=date(year, 2, 10),
        )
    )

    added = post(client, "period_new", plan_year.pk, **sent)
    period = plan_year.periods.get(code="M1")
    changed = post(client, "period_edit", period.pk, **fields_of(period, name="Januari"))

    assert added.url == changed.url == plan_year.get_absolute_url()
    assert period.name == "Månads rapport"
    assert plan_year.periods.get(code="M1").name == "Januari"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"code": "T2"}, "__all__"),
        ({"kind": "PLAN"}, "__all__"),
        ({"code": "t 1"}, "code"),
        ({"due_on": "2031-01-01"}, "due_on"),
        ({"starts_on": "1990-01-01"}, "starts_on"),
        ({"name": " "}, "name"),
    ],
)
def test_a_period_that_cannot_be_is_refused_in_words(world, as_persona, plan_year, changed, field):
    period = plan_year.periods.get(code="T1")

    answer = post(as_persona("controller"), "period_edit", period.pk, **fields_of(period) | changed)

    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert Period.objects.get(pk=period.pk).revision == 1


def test_dates_that_turn_round_are_refused_in_words(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")
    sent = fields_of(period, ends_on=period.starts_on, starts_on=period.ends_on)

    answer = post(as_persona("controller"), "period_edit", period.pk, **sent)

    assert answer.context["form"].non_field_errors()


def test_a_plan_asks_for_no_results_whatever_was_ticked(world, as_persona, plan_year):
    period = plan_year.periods.get(code="VP")

    post(
        as_persona("controller"),
        "period_edit",
        period.pk,
        **fields_of(period, asks_values="on", asks_judgement="on"),
    )

    period.refresh_from_db()
    assert (period.revision, period.asks_values, period.asks_judgement) == (2, False, False)


def test_the_kind_stands_once_a_report_has_been_handed_in(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")
    Report.objects.create(unit=world.unit, period=period, status="SUBMITTED", version_number=1)

    post(as_persona("controller"), "period_edit", period.pk, **fields_of(period, kind="ANNUAL"))
    with pytest.raises(plans.PlanNotReadyError):
        plans.edit_period(period=period, revision=2, fields={"kind": "ANNUAL"}, by=world.controller)

    assert Period.objects.get(pk=period.pk).kind == "INTERIM"


@pytest.mark.django_db(transaction=True)
def test_two_controllers_in_one_period_lose_nothing(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")
    texts = ["Den enas anvisning", "Den andras anvisning"]
    clients = [as_persona("controller") for _ in texts]

    answers = side_by_side(
        *(
            lambda text=text, client=client: post(
                client, "period_edit", period.pk, **fields_of(period, instructions=text)
            )
            for text, client in zip(texts, clients, strict=True)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    conflict = next(answer for answer in answers if answer.status_code == 409)
    assert [text for text in texts if text not in conflict.content.decode()] == []


def test_a_box_unticked_in_a_draft_comes_back_unticked(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")
    client = as_persona("controller")
    client.post("/utkast/", {"key": f"period:{period.pk}", "name": "Nytt", "asks_needs": "on"})

    form = client.get(reverse("goals:period_edit", args=[period.pk])).context["form"]

    assert form["name"].value() == "Nytt"
    assert (form["asks_values"].value(), form["asks_needs"].value()) == (False, True)


@pytest.mark.parametrize(
    ("key", "route"),
    [
        ("planyear:new", "plan_year_new"),
        ("planyear:{year}", "plan_year_edit"),
        ("period:new:{year}", "period_new"),
        ("period:{period}", "period_edit"),
        ("reminder:{period}", "remind"),
    ],
)
def test_what_a_controller_was_writing_is_found_again(world, as_persona, plan_year, key, route):
    field = "text" if route == "remind" else "instructions"
    period = plan_year.periods.get(code="T1")
    kept = key.format(year=plan_year.pk, period=period.pk)
    args = [] if key == "planyear:new" else [int(kept.rpartition(":")[2])]
    client = as_persona("controller")
    client.post("/utkast/", {"key": kept, field: "Halvvägs"})

    form = client.get(reverse(f"goals:{route}", args=args)).context["form"]
    profile = client.get(reverse("profile")).content.decode()

    assert form[field].value() == "Halvvägs"
    assert f'href="{reverse(f"goals:{route}", args=args)}"' in profile


# --- Closing -----------------------------------------------------------------------------------


def test_a_period_is_closed_for_a_subtree_at_once_and_taken_back(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")
    client = as_persona("controller")

    post(client, "period_close", period.pk, unit=world.board.pk, with_below="on")

    closure = Closure.objects.get()
    assert all(is_closed(period, unit) for unit in (world.board, world.unit, world.group))
    assert not is_closed(plan_year.periods.get(code="T2"), world.unit)
    assert closure.closed_by == world.controller

    token = uuid4()
    address = reverse("goals:closure_lift", args=[closure.pk])
    lifted = [client.post(address, {"form_token": token}) for _ in range(2)]

    assert {answer.status_code for answer in lifted} == {302}
    assert not is_closed(period, world.unit)


def test_a_period_is_closed_for_one_unit_alone(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")

    post(as_persona("controller"), "period_close", period.pk, unit=world.department.pk)

    assert is_closed(period, world.department)
    assert not is_closed(period, world.unit)


def test_the_whole_year_is_closed_at_once(world, as_persona, plan_year):
    post(
        as_persona("controller"),
        "plan_year_close",
        plan_year.pk,
        unit=world.board.pk,
        with_below="on",
    )

    assert all(is_closed(period, world.unit) for period in plan_year.periods.all())


def test_closing_again_widens_a_closing_and_never_narrows_it(world, plan_year):
    periods = [plan_year.periods.get(code="T1")]

    for with_below in (False, True, False):
        plans.close_periods(
            periods=periods, unit=world.department, with_below=with_below, by=world.controller
        )

    assert Closure.objects.get().with_below


@pytest.mark.parametrize("unit", ["other_unit", "", "9" * 30, "-1", "city"])
def test_nothing_outside_the_year_can_be_closed(world, as_persona, plan_year, unit):
    period = plan_year.periods.get(code="T1")
    asked = world.units[unit].pk if unit in world.units else unit

    answer = post(as_persona("controller"), "period_close", period.pk, unit=asked)

    assert answer.status_code == 404
    assert not Closure.objects.exists()


def test_the_page_before_closing_says_whom_it_meets(world, as_persona, plan_year):
    period = plan_year.periods.get(code="T1")
    Report.objects.create(unit=world.unit, period=period, status="SUBMITTED", version_number=1)
    address = reverse("goals:period_close", args=[period.pk])
    client = as_persona("controller")

    whole = client.get(address).context["counts"].get()
    one = client.get(address, {"unit": world.unit.pk, "text": "Ängen"})

    assert (whole.handed_in, whole.missing) == (1, 4)
    assert one.context["unit"] == world.unit
    assert list(one.context["page_obj"]) == [world.unit]
    assert (one.context["counts"].get().handed_in, one.context["counts"].get().missing) == (1, 0)


def test_a_closing_shows_on_the_years_page_with_who_and_when(world, as_persona, plan_year):
    plans.close_periods(
        periods=plan_year.periods.all(), unit=world.unit, with_below=False, by=world.controller
    )

    page = as_persona("manager_above").get(plan_year.get_absolute_url()).content.decode()
    run = as_persona("controller").get(plan_year.get_absolute_url()).content.decode()

    lift = reverse("goals:closure_lift", args=[Closure.objects.first().pk])
    assert lift in run
    assert lift not in page
    assert str(world.controller) in run


def test_a_closing_by_someone_with_protected_identity_names_nobody(world, as_persona, plan_year):
    plans.close_periods(
        periods=plan_year.periods.all(), unit=world.unit, with_below=False, by=world.protected
    )

    page = as_persona("controller").get(plan_year.get_absolute_url()).content.decode()

    assert world.protected.family_name not in page


def test_yesterdays_controller_runs_nothing_today(world, as_persona, plan_year):
    world.controller.roles.update(ends_on=timezone.localdate() - timedelta(days=1))

    answer = as_persona("controller").get(reverse("goals:plan_year_edit", args=[plan_year.pk]))

    assert answer.status_code == 403
