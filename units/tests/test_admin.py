"""The administration as a side door: who comes in, and what each sees."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import F
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from units.models import (
    Employment,
    Leave,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    StaffGroup,
    Unit,
    UnitPlacement,
    User,
)
from units.tests.admin_world import (
    ADDABLE,
    CANARY,
    LISTS,
    OTHERS_CANARY,
    START,
    STEPS_OF_TALKS,
    World,
    change_url,
    errors_of,
    every_url,
    make_person,
    sent,
    signed_in,
    text_of,
    without_token,
)

pytestmark = pytest.mark.django_db

MOST_QUERIES = 15


@pytest.fixture
def world(db):
    return World()


# --- Who comes in --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["employee_a", "manager_a", "controller_a", "protected_a"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_without_an_office_role_comes_in_anywhere(world, name, method):
    client = signed_in(getattr(world, name))

    statuses = {url: getattr(client, method)(url).status_code for url in every_url(world)}

    assert statuses == dict.fromkeys(statuses, 403)


def test_who_is_not_signed_in_is_sent_to_sign_in(world):
    client = Client()

    for url in every_url(world):
        last, _status = client.get(url, follow=True).redirect_chain[-1]
        assert last == f"{reverse('login')}?{urlencode({'next': url}, safe='/')}", url


MADE_ELSEWHERE = {
    "units_unitplacement_add", "goals_goal_add", "goals_indicator_add", "goals_planyear_add",
    "goals_report_add", "goals_analysismethod_add", "dialogues_templateversion_add",
    "dialogues_criterion_add",
}  # fmt: skip
KEPT_BY_HR = {"dialogues_talktemplate_add", "dialogues_criteriaset_add"} | {
    f"{name}_{step}" for name, steps in STEPS_OF_TALKS.items() for step in steps
}
CLOSED = {  # to HR of the authority, and to a system administrator; all else opens
    "hr_a": {*MADE_ELSEWHERE, "goals_keyfigure_add", "goals_keyfigure_import",
             "units_staffgroup_add",
             "units_protectedidentitykeeper_change", "units_protectedidentitykeeper_history"},
    "sysadmin": {*MADE_ELSEWHERE, *KEPT_BY_HR,
                 "units_protectedidentitykeeper_add", "units_protectedidentitykeeper_change",
                 "units_protectedidentitykeeper_changelist",
                 "units_protectedidentitykeeper_history"},
}  # fmt: skip


@pytest.mark.parametrize("who", CLOSED)
def test_who_holds_an_office_role_opens_all_but_what_is_named_here(world, who):
    client = signed_in(getattr(world, who))
    statuses = {
        resolve(url).url_name: client.get(url).status_code
        for url in every_url(world)
        if not url.startswith("/admin/goals/goal/1/")
    }

    refused = {name for name, status in statuses.items() if status in {403, 404}}

    deletes = {f"{name}_delete" for name in LISTS if name != "goals_goal"}
    assert refused == CLOSED[who] | deletes | {"autocomplete"}
    assert {statuses[name] for name in statuses if name not in refused} == {200}


@pytest.mark.parametrize("name", [name for name in LISTS if name != "units_staffgroup"])
def test_hr_of_another_authority_finds_nothing_of_this_one(world, name):
    client = signed_in(world.hr_b)
    objects = world.objects_of("a") | {"units_protectedidentitykeeper": world.keeping}

    for verb in ("change", "history"):
        pk = objects[name].pk if name in objects else 1
        assert client.get(reverse(f"admin:{name}_{verb}", args=[pk])).status_code == 404


def test_the_door_of_the_administration_is_the_portals_own(world):
    url = reverse("admin:login")

    assert Client().get(url).headers["Location"] == "/logga-in/?next=/admin/"
    assert signed_in(world.employee_a).get(url).status_code == 403
    assert signed_in(world.hr_a).get(url).headers["Location"] == "/admin/"
    for elsewhere in ("//evil.test/", "https://evil.test/admin/"):
        response = signed_in(world.hr_a).get(url, {"next": elsewhere})
        assert response.headers["Location"] == "/admin/"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_are_refused(world, method):
    client = signed_in(world.sysadmin)

    for url in every_url(world):
        assert getattr(client, method)(url).status_code == 405, url


def test_a_role_that_has_ended_lets_nobody_in(world):
    yesterday = timezone.localdate() - timedelta(days=1)
    client = signed_in(world.hr_a)
    assert client.get(reverse("admin:index")).status_code == 200

    world.hr_a.roles.update(ends_on=yesterday)

    assert client.get(reverse("admin:index")).status_code == 403


def test_only_the_named_models_are_registered():
    names = {model._meta.label for model in admin.site._registry}

    assert names == {
        "units.Unit",
        "units.UnitPlacement",
        "units.User",
        "units.Employment",
        "units.Leave",
        "units.StaffGroup",
        "units.RoleAssignment",
        "units.ProtectedIdentityKeeper",
        "goals.Goal",
        "goals.Indicator",
        "goals.KeyFigure",
        "goals.PlanYear",
        "goals.Report",
        "goals.AnalysisMethod",
        "dialogues.TalkTemplate",
        "dialogues.TemplateVersion",
        "dialogues.CriteriaSet",
        "dialogues.Criterion",
    }


# --- What each sees ------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["change", "history"])
def test_hr_opens_its_own_and_the_others_are_as_if_they_were_not(world, verb):
    client = signed_in(world.hr_a)

    for name, obj in world.objects_of("a").items():
        response = client.get(reverse(f"admin:{name}_{verb}", args=[obj.pk]))
        assert response.status_code == 200, name
    for name, obj in world.objects_of("b").items():
        foreign = client.get(reverse(f"admin:{name}_{verb}", args=[obj.pk]))
        missing = client.get(reverse(f"admin:{name}_{verb}", args=[987654]))
        assert (foreign.status_code, missing.status_code) == (404, 404), name
        assert without_token(foreign, obj.pk) == without_token(missing, 987654), name


@pytest.mark.parametrize("tool", ["place", "close", "merge"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_hr_cannot_organise_another_authority_nor_its_own_board(world, tool, method):
    client = signed_in(world.hr_a)
    url = f"admin:units_unit_{tool}"

    assert getattr(client, method)(reverse(url, args=[world.unit_b.pk])).status_code == 404
    assert getattr(client, method)(reverse(url, args=[world.board_a.pk])).status_code == 403
    assert client.get(reverse(url, args=[world.unit_a.pk])).status_code == 200


def test_lists_hold_ones_own_authority_alone(world):
    own, others, everything = (
        signed_in(person) for person in (world.hr_a, world.hr_b, world.sysadmin)
    )

    for name in ("units_user", "units_employment", "units_leave"):
        url = reverse(f"admin:{name}_changelist")
        assert "Almqvist" in text_of(own.get(url))
        assert OTHERS_CANARY not in text_of(own.get(url))
        assert OTHERS_CANARY in text_of(others.get(url))
        assert "Almqvist" not in text_of(others.get(url))
        assert OTHERS_CANARY in text_of(everything.get(url))
        assert "Almqvist" in text_of(everything.get(url))
    for name in ("units_unit", "units_unitplacement"):
        url = reverse(f"admin:{name}_changelist")
        assert "Enhet B11" not in text_of(own.get(url))
        assert "Enhet B11" in text_of(others.get(url))
        assert "Enhet B11" in text_of(everything.get(url))
    url = reverse("admin:units_roleassignment_changelist")
    assert {row.person for row in own.get(url).context["cl"].result_list} == {
        world.hr_a, world.second_hr_a, world.manager_a, world.controller_a,
    }  # fmt: skip
    assert [row.person for row in others.get(url).context["cl"].result_list] == [world.hr_b]


def completions(client, model, field, term=""):
    response = client.get(
        reverse("admin:autocomplete"),
        {"app_label": "units", "model_name": model, "field_name": field, "term": term},
    )
    assert response.status_code == 200
    return {row["text"] for row in response.json()["results"]}


def test_completion_offers_what_the_lists_hold(world):
    client = signed_in(world.hr_a)

    assert completions(client, "employment", "unit", "Enhet") == {
        "Enhet A", "Enhet A1", "Enhet A11", "Enhet A12",
    }  # fmt: skip
    assert completions(client, "unitplacement", "parent", "B11") == set()
    assert completions(client, "employment", "person", "Almq") == {"Anna Almqvist"}
    assert completions(client, "employment", "staff_group") == {"Handläggare"}
    assert completions(client, "leave", "employment", "Almq") == {"Anna Almqvist, Handläggare"}
    assert completions(client, "leave", "employment", OTHERS_CANARY) == set()
    # Any field of any model may be named in the address, also of one that is not registered.
    assert OTHERS_CANARY not in str(completions(client, "draft", "author"))
    assert completions(client, "roleassignment", "person", OTHERS_CANARY) == set()
    assert completions(signed_in(world.sysadmin), "roleassignment", "person", OTHERS_CANARY) == {
        f"Berit {OTHERS_CANARY}"
    }


@pytest.mark.parametrize("name", ["hr_a", "hr_b", "sysadmin"])
def test_a_protected_identity_shows_nowhere_to_the_unnamed(world, name):
    client = signed_in(getattr(world, name))
    employment = world.protected_a.employments.get()
    urls = every_url(world)
    urls += [f"{reverse('admin:units_user_changelist')}?q={word}" for word in ("skyddad", CANARY)]
    urls += [f"{reverse('admin:units_employment_changelist')}?q=skyddad"]
    urls += [f"{reverse('admin:units_leave_changelist')}?q=skyddad"]
    urls += [f"{reverse('admin:units_leave_add')}?employment={employment.pk}"]
    urls += [f"{reverse('admin:units_roleassignment_changelist')}?q=skyddad"]
    hidden = [
        *(world.protected_a, employment, world.protected_leave, world.protected_role),
        world.keeping,
    ]

    for url in urls:
        body = text_of(client.get(url)).replace("?q=skyddad", "").replace('value="skyddad"', "")
        assert CANARY not in body.replace(f'value="{CANARY}"', ""), url
        assert "skyddad@" not in body, url
    for obj in hidden:
        for verb in ("change", "history"):
            meta = obj._meta
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{verb}", args=[obj.pk])
            closed = {404, 403} if obj == world.keeping else {404}
            assert client.get(url).status_code in closed, url
            assert client.post(url).status_code in closed, url
    for model, field in [
        ("employment", "person"),
        ("leave", "employment"),
        ("roleassignment", "person"),
    ]:
        assert not any(CANARY in text for text in completions(client, model, field, "skydd"))


def test_a_protected_identity_shows_to_the_administrator_named_for_it(world):
    client = signed_in(world.second_hr_a)

    assert CANARY in text_of(client.get(reverse("admin:units_user_changelist")))
    assert client.get(change_url(world.protected_a)).status_code == 200
    assert client.get(change_url(world.protected_leave)).status_code == 200
    assert client.get(change_url(world.keeping)).status_code == 200


def test_a_hand_made_choice_of_a_protected_or_foreign_person_is_refused(world):
    client = signed_in(world.hr_a)
    url = reverse("admin:units_roleassignment_add")

    for person in (world.protected_a, world.employee_b):
        response = sent(
            client, url, person=person.pk, unit=world.unit_a.pk, role="MANAGER",
            starts_on="2026-01-01",
        )  # fmt: skip
        assert "person" in errors_of(response)
        assert CANARY not in text_of(response)
        assert OTHERS_CANARY not in text_of(response)


def test_the_history_names_only_those_whom_one_may_know(world):
    sent(signed_in(world.second_hr_a), change_url(world.employee_a), given_name="Annika")
    world.second_hr_a.family_name = CANARY
    world.second_hr_a.has_protected_identity = True
    world.second_hr_a.save()
    url = reverse("admin:units_user_history", args=[world.employee_a.pk])

    body = text_of(signed_in(world.hr_a).get(url))

    assert CANARY not in body
    assert "hratwo" not in body
    assert CANARY in text_of(signed_in(world.second_hr_a).get(url))


@pytest.mark.parametrize(
    "probe",
    [
        "person__password__startswith=a",
        "person__account_name=skyddad",
        "person__has_protected_identity=1",
        "person__employments__expectations__text__contains=a",
        "unit__goals__title__contains=a",
        "unit__placements__name=x",
        "password__startswith=a",
        "employments__expectations__text__contains=a",
        "employment__person__has_protected_identity=1",
        "leaves__isnull=0",
        "staff_group__isnull=1",
        "has_protected_identity__exact=1",
        "identity_keepers__isnull=0",
        "_popup=1",
        "_to_field=id",
        "_to_field=password",
    ],
)
def test_probing_a_list_is_refused(world, probe):
    client = signed_in(world.hr_a)

    for name in LISTS:
        if name != "goals_goal" or "__" not in probe:
            url = reverse(f"admin:{name}_changelist")
            assert client.get(f"{url}?{probe}").status_code == 400, (name, probe)


def test_what_makes_no_sense_in_an_address_is_no_server_error(world):
    client = signed_in(world.sysadmin)
    dates = [
        "starts_on__year=x",
        "starts_on__month=77",
        "starts_on__year=2026&starts_on__month=2&starts_on__day=31",
        "starts_on__year=99999",
    ]
    probes = ["q=%00", "p=999", "p=x", "o=9.9", "all=", "period=x", "year=x", "board=x"]
    probes += ["board=99999999999999999999", "group=x", "group=99999999999999999999"]
    probes += ["kind__exact=%00", "is_active__exact=7", *dates]

    for name in LISTS:
        for probe in probes:
            response = client.get(f"{reverse(f'admin:{name}_changelist')}?{probe}")
            assert response.status_code < 500, (name, probe)
    for probe in ["term=%00", "page=x", "page=99"]:
        response = client.get(
            f"{reverse('admin:autocomplete')}?app_label=units&model_name=employment"
            f"&field_name=unit&{probe}"
        )
        assert response.status_code < 500, probe
    for pk in ["x", "%00", "9" * 30, "-1"]:
        assert client.get(f"/admin/units/user/{pk}/change/").status_code == 404


@pytest.mark.parametrize("sent_along", ["_popup=1", "_to_field=id"])
def test_forms_open_in_no_popup(world, sent_along):
    client = signed_in(world.hr_a)
    urls = [change_url(world.employee_a), reverse("admin:units_user_add")]

    for url in urls:
        assert client.get(f"{url}?{sent_along}").status_code == 400
        assert client.post(url, dict([sent_along.split("=")])).status_code == 400


def test_the_shortcut_to_any_object_is_gone(world):
    assert signed_in(world.sysadmin).get(f"/admin/r/1/{world.protected_a.pk}/").status_code == 404


@pytest.mark.parametrize("name", ["hr_a", "sysadmin"])
def test_nothing_is_deleted(world, name):
    client = signed_in(getattr(world, name))
    kinds = (Unit, User, Employment, Leave, StaffGroup, RoleAssignment)
    counts = [model.objects.count() for model in kinds]

    for register, obj in {
        **world.objects_of("a"),
        "units_staffgroup": world.staff_group,
    }.items():
        url = reverse(f"admin:{register}_delete", args=[obj.pk])
        assert client.get(url).status_code == 403
        assert client.post(url, {"post": "yes"}).status_code == 403
        page = client.post(
            reverse(f"admin:{register}_changelist"),
            {"action": "delete_selected", "_selected_action": obj.pk, "post": "yes"},
        )
        assert page.status_code in {200, 302, 403}

    assert counts == [model.objects.count() for model in kinds]


# --- Work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["hr_a", "sysadmin"])
@pytest.mark.parametrize("name", [name for name in LISTS if name != "goals_goal"])
def test_a_list_costs_the_same_for_many_rows(world, name, who, django_assert_max_num_queries):
    def grow(count):
        start = User.objects.count()
        people = User.objects.bulk_create(
            User(
                account_name=f"p{number}", email=f"p{number}@stad.test", given_name="P",
                family_name=f"{number}", password="!", has_protected_identity=number % 10 == 0,
            )
            for number in range(start, start + count)
        )  # fmt: skip
        for model, extra in [
            (Employment, {"title": "T", "unit": world.unit_a}),
            (RoleAssignment, {"role": Role.REPRESENTATIVE, "unit": world.unit_a}),
        ]:
            model.objects.bulk_create(
                model(person=person, starts_on=START, **extra) for person in people
            )
        Leave.objects.bulk_create(
            Leave(employment=employment, starts_on=START)
            for employment in Employment.objects.filter(person__in=people)
        )
        groups = StaffGroup.objects.bulk_create(
            StaffGroup(code=f"G{start + number}", name="G") for number in range(count)
        )
        Employment.objects.filter(person__in=people).update(
            staff_group=groups[0], revision=F("revision") + 1
        )
        ProtectedIdentityKeeper.objects.bulk_create(
            ProtectedIdentityKeeper(person=person, administrator=world.hr_a, starts_on=START)
            for person in people
            if person.has_protected_identity
        )
        units = Unit.objects.bulk_create(
            Unit(code=f"U{start + number}", kind="GROUP") for number in range(count)
        )
        UnitPlacement.objects.bulk_create(
            UnitPlacement(unit=unit, parent=world.unit_a, name="G", starts_on=START)
            for unit in units
        )

    url = reverse(f"admin:{name}_changelist")

    def cost():
        client = signed_in(getattr(world, who))
        with django_assert_max_num_queries(MOST_QUERIES) as queries:
            response = client.get(url)
        # The sysadmin does not keep protected identities at all.
        assert response.status_code == (
            403 if (name, who) == ("units_protectedidentitykeeper", "sysadmin") else 200
        )
        return len(queries)

    grow(10)
    few = cost()
    grow(290)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    assert cost() == few


@pytest.mark.parametrize("who", ["hr_a", "sysadmin"])
def test_object_pages_cost_little(world, who, django_assert_max_num_queries):
    client = signed_in(getattr(world, who))
    urls = [change_url(obj) for obj in world.objects_of("a").values()]
    urls += [change_url(world.staff_group)]
    urls += [reverse(f"admin:{name}_add") for name in ADDABLE[:5]]
    urls += [
        reverse(f"admin:units_unit_{tool}", args=[world.unit_a.pk])
        for tool in ("place", "close", "merge")
    ]

    for url in urls:
        with django_assert_max_num_queries(MOST_QUERIES):
            assert client.get(url).status_code == 200, url


def test_lists_are_in_swedish_order(world):
    for number, name in enumerate(("Öberg", "Zorn", "Åberg", "Ärla")):
        make_person(f"p{number}", world.unit_b, family_name=name)

    rows = signed_in(world.hr_b).get(reverse("admin:units_user_changelist"))

    names = [row.family_name for row in rows.context["cl"].result_list]
    assert names == ["Ek", OTHERS_CANARY, "Zorn", "Åberg", "Ärla", "Öberg"]
