"""The administration as a side door: what it shows to whom, and what it lets them do."""

import re
import threading
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from units.models import (
    Employment,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    Submission,
    Unit,
    UnitPlacement,
    User,
)

pytestmark = pytest.mark.django_db

START = date(2024, 1, 1)
CANARY = "Kanariefågel"
OTHERS_CANARY = "Främlingsson"


def make_unit(code, kind, parent, starts_on=START):
    unit = Unit.objects.create(code=code, kind=kind)
    UnitPlacement.objects.create(
        unit=unit, parent=parent, name=f"Enhet {code}", starts_on=starts_on
    )
    unit.refresh_from_db()
    return unit


def make_person(account, unit=None, role=None, role_unit=None, **fields):
    person = User(
        account_name=account,
        email=f"{account}@stad.test",
        given_name=fields.pop("given_name", account.title()),
        family_name=fields.pop("family_name", "Ek"),
        **fields,
    )
    person.set_unusable_password()
    person.save()
    if unit:
        Employment.objects.create(person=person, unit=unit, title="Handläggare", starts_on=START)
    if role:
        RoleAssignment.objects.create(
            person=person, unit=role_unit or unit, role=role, starts_on=START
        )
    return person


class World:
    """Two authorities, A and B, each with a department, a unit and people."""

    def __init__(self):
        self.city = Unit.objects.city_root()
        self.city.placements.update(starts_on=START)
        self.board_a = make_unit("A", "BOARD", self.city)
        self.department_a = make_unit("A1", "DEPARTMENT", self.board_a)
        self.unit_a = make_unit("A11", "UNIT", self.department_a)
        self.other_unit_a = make_unit("A12", "UNIT", self.department_a)
        self.board_b = make_unit("B", "BOARD", self.city)
        self.unit_b = make_unit("B11", "UNIT", self.board_b)
        self.hr_a = make_person("hra", self.unit_a, Role.HR, self.board_a)
        self.second_hr_a = make_person("hratwo", self.unit_a, Role.HR, self.board_a)
        self.hr_b = make_person("hrb", self.unit_b, Role.HR, self.board_b)
        self.sysadmin = make_person("sys", None, Role.SYSTEM_ADMINISTRATOR, self.city)
        self.manager_a = make_person("chefa", self.unit_a, Role.MANAGER)
        self.controller_a = make_person("kontroller", self.unit_a, Role.CONTROLLER, self.board_a)
        self.employee_a = make_person("anna", self.unit_a, family_name="Almqvist")
        self.employee_b = make_person("berit", self.unit_b, family_name=OTHERS_CANARY)
        self.protected_a = make_person(
            "skyddad", self.unit_a, family_name=CANARY, has_protected_identity=True
        )
        self.keeping = ProtectedIdentityKeeper.objects.create(
            person=self.protected_a, administrator=self.second_hr_a, starts_on=START
        )
        self.protected_role = RoleAssignment.objects.create(
            person=self.protected_a, unit=self.unit_a, role=Role.REPRESENTATIVE, starts_on=START
        )

    def objects_of(self, side):
        """One of each registered kind, of authority A or B."""
        unit, person = (
            (self.unit_a, self.employee_a) if side == "a" else (self.unit_b, self.employee_b)
        )
        hr = self.hr_a if side == "a" else self.hr_b
        return {
            "units_unit": unit,
            "units_unitplacement": unit.placements.get(),
            "units_user": person,
            "units_employment": person.employments.get(),
            "units_roleassignment": hr.roles.get(),
        }


@pytest.fixture
def world(db):
    return World()


def signed_in(person):
    client = Client()
    client.force_login(User.objects.get(pk=person.pk))
    return client


def text_of(response):
    if hasattr(response, "render") and not response.is_rendered:
        response.render()
    return response.content.decode()


def without_token(response, pk):
    """The body, without what differs between any two answers."""
    body = re.sub(r"""(CSRFToken": "|middlewaretoken" value=")\w+""", "", text_of(response))
    return body.replace(f"/{pk}/", "")


def change_url(obj):
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def sent(client, url, follow=False, **fields):
    """What a browser sends: the page's own hidden values and the inlines', then the changes."""
    page = client.get(url)
    data = {"form_token": str(uuid4())}
    if "adminform" in (page.context or {}):
        form = page.context["adminform"].form
        for name in form.fields:
            value = form[name].value()
            if value is True:
                data[name] = "on"
            elif value not in (None, False):
                data[name] = str(value)
        for inline in page.context["inline_admin_formsets"]:
            formset = inline.formset
            for name, value in formset.management_form.initial.items():
                data[f"{formset.prefix}-{name}"] = str(value)
    elif "form" in (page.context or {}):
        form = page.context["form"]
        data |= {n: str(form[n].value()) for n in form.fields if form[n].value() is not None}
    return client.post(url, data | fields, follow=follow)


def errors_of(response):
    context = response.context
    form = context["adminform"].form if "adminform" in context else context["form"]
    return form.errors


# --- Who comes in --------------------------------------------------------------------------------

LISTS = [
    "units_unit",
    "units_unitplacement",
    "units_user",
    "units_employment",
    "units_roleassignment",
    "units_protectedidentitykeeper",
    "goals_goal",
]


def every_url(world):
    """Every address of the administration, with an object of authority A where it takes one."""
    objects = world.objects_of("a") | {
        "units_protectedidentitykeeper": world.keeping,
        "goals_goal": None,
    }
    urls = [reverse("admin:index"), reverse("admin:jsi18n"), reverse("admin:autocomplete")]
    urls += [reverse("admin:app_list", args=[label]) for label in ("units", "goals")]
    urls += [reverse("admin:password_change"), reverse("admin:password_change_done")]
    for name in LISTS:
        urls += [reverse(f"admin:{name}_changelist"), reverse(f"admin:{name}_add")]
        pk = objects[name].pk if objects[name] else 1
        urls += [
            reverse(f"admin:{name}_{verb}", args=[pk]) for verb in ("change", "history", "delete")
        ]
    urls += [
        reverse(f"admin:units_unit_{tool}", args=[world.unit_a.pk])
        for tool in ("place", "close", "merge")
    ]
    return urls


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
        "units.RoleAssignment",
        "units.ProtectedIdentityKeeper",
        "goals.Goal",
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

    for name in ("units_user", "units_employment"):
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
    urls += [f"{reverse('admin:units_roleassignment_changelist')}?q=skyddad"]
    hidden = [world.protected_a, employment, world.protected_role, world.keeping]

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
    for model, field in [("employment", "person"), ("roleassignment", "person")]:
        assert not any(CANARY in text for text in completions(client, model, field, "skydd"))


def test_a_protected_identity_shows_to_the_administrator_named_for_it(world):
    client = signed_in(world.second_hr_a)

    assert CANARY in text_of(client.get(reverse("admin:units_user_changelist")))
    assert client.get(change_url(world.protected_a)).status_code == 200
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
    probes += ["board=99999999999999999999", "kind__exact=%00", "is_active__exact=7", *dates]

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


def test_the_shortcut_to_any_object_is_gone(world):
    assert signed_in(world.sysadmin).get(f"/admin/r/1/{world.protected_a.pk}/").status_code == 404


@pytest.mark.parametrize("name", ["hr_a", "sysadmin"])
def test_nothing_is_deleted(world, name):
    client = signed_in(getattr(world, name))
    counts = [model.objects.count() for model in (Unit, User, Employment, RoleAssignment)]

    for register, obj in world.objects_of("a").items():
        url = reverse(f"admin:{register}_delete", args=[obj.pk])
        assert client.get(url).status_code == 403
        assert client.post(url, {"post": "yes"}).status_code == 403
        page = client.post(
            reverse(f"admin:{register}_changelist"),
            {"action": "delete_selected", "_selected_action": obj.pk, "post": "yes"},
        )
        assert page.status_code in {200, 302, 403}

    assert counts == [model.objects.count() for model in (Unit, User, Employment, RoleAssignment)]


# --- People and roles ----------------------------------------------------------------------------

NEW_PERSON = {
    "account_name": "ny",
    "email": "Ny@Stad.test",
    "given_name": "Ny",
    "family_name": "Åström",
    "title": "Barnskötare",
    "starts_on": "2026-02-01",
}


def test_hr_employs_a_new_person_in_one_step(world):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON,
        unit=world.unit_a.pk,
    )

    assert response.status_code == 302
    person = User.objects.get(account_name="ny")
    assert person.email == "ny@stad.test"
    assert not person.has_usable_password()
    assert person.employments.get().unit == world.unit_a


@pytest.mark.parametrize("unit", ["", "unit_b"])
def test_hr_employs_nobody_outside_its_units(world, unit):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON,
        unit=getattr(world, unit).pk if unit else "",
    )

    assert "unit" in errors_of(response)
    assert not User.objects.filter(account_name="ny").exists()


def test_an_account_that_exists_is_told_in_words(world):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON | {"account_name": "BERIT"},
        unit=world.unit_a.pk,
    )

    assert "account_name" in errors_of(response)
    assert OTHERS_CANARY not in text_of(response)


def test_a_system_administrator_makes_an_account_without_employment(world):
    account = NEW_PERSON | {"title": "", "starts_on": ""}

    response = sent(signed_in(world.sysadmin), reverse("admin:units_user_add"), **account)

    assert response.status_code == 302
    assert not User.objects.get(account_name="ny").employments.exists()


def test_marking_a_protected_identity_keeps_the_person_in_sight_of_who_marked(world):
    client = signed_in(world.hr_a)

    sent(client, change_url(world.employee_a), has_protected_identity="on")

    world.employee_a.refresh_from_db()
    assert world.employee_a.has_protected_identity
    assert client.get(change_url(world.employee_a)).status_code == 200
    for other in (world.second_hr_a, world.sysadmin):
        assert signed_in(other).get(change_url(world.employee_a)).status_code == 404


def test_hr_does_not_change_who_holds_an_office_role_nor_itself(world):
    client = signed_in(world.hr_a)

    for person in (world.hr_a, world.second_hr_a):
        assert client.get(change_url(person)).status_code == 200
        assert client.post(change_url(person), {"is_active": ""}).status_code == 403


def test_hr_reads_but_does_not_change_who_now_works_for_another_authority(world):
    Employment.objects.filter(person=world.employee_a).update(ends_on=date(2025, 1, 1))
    client = signed_in(world.hr_a)
    assert sent(client, change_url(world.employee_a), given_name="A").status_code == 302

    Employment.objects.create(
        person=world.employee_a, unit=world.unit_b, title="Lärare", starts_on=date(2025, 1, 2)
    )

    assert client.get(change_url(world.employee_a)).status_code == 200
    assert client.post(change_url(world.employee_a), {}).status_code == 403
    assert "Enhet B11" not in text_of(client.get(change_url(world.employee_a)))


@pytest.mark.parametrize(
    ("who", "fields", "error"),
    [
        ("hr_a", {"role": "HR"}, "role"),
        ("hr_a", {"role": "SYSTEM_ADMINISTRATOR"}, "role"),
        ("hr_a", {"unit": "unit_b"}, "unit"),
        ("hr_a", {"unit": "city"}, "unit"),
        ("hr_a", {"person": "hr_a"}, "person"),
        ("hr_a", {"person": "employee_b"}, "person"),
        ("sysadmin", {"person": "sysadmin", "role": "HR"}, "person"),
    ],
)
def test_a_role_that_one_may_not_give_is_refused(world, who, fields, error):
    given = {"person": "employee_a", "unit": "unit_a", "role": "MANAGER"} | fields
    for name in ("person", "unit"):
        given[name] = getattr(world, given[name]).pk
    before = RoleAssignment.objects.count()

    response = sent(
        signed_in(getattr(world, who)),
        reverse("admin:units_roleassignment_add"),
        **given,
        starts_on="2026-01-01",
    )

    assert list(errors_of(response)) == [error]
    assert RoleAssignment.objects.count() == before


def test_hr_gives_a_role_and_later_ends_it_and_changes_nothing_else_of_it(world):
    client = signed_in(world.hr_a)
    sent(
        client, reverse("admin:units_roleassignment_add"), person=world.employee_a.pk,
        unit=world.unit_a.pk, role="MANAGER", starts_on="2026-01-01",
    )  # fmt: skip
    assignment = world.employee_a.roles.get()

    response = sent(
        client, change_url(assignment), ends_on="2026-06-30", person=world.hr_a.pk,
        unit=world.unit_b.pk, role="HR", id=99, pk=99,
    )  # fmt: skip

    assert response.status_code == 302
    assignment.refresh_from_db()
    assert (assignment.person, assignment.unit) == (world.employee_a, world.unit_a)
    assert (assignment.role, assignment.ends_on) == ("MANAGER", date(2026, 6, 30))
    assert assignment.revision == 2


def test_assignments_of_the_office_roles_and_ones_own_are_only_read(world):
    client = signed_in(world.hr_a)

    for assignment in (world.hr_a.roles.get(), world.second_hr_a.roles.get()):
        assert client.get(change_url(assignment)).status_code == 200
        response = client.post(change_url(assignment), {"ends_on": "2030-01-01"})
        assert response.status_code == 403
    own = world.sysadmin.roles.get()
    assert signed_in(world.sysadmin).post(change_url(own), {}).status_code == 403
    assert signed_in(world.hr_a).post(change_url(world.hr_a.employments.get())).status_code == 403


# --- Mass assignment -----------------------------------------------------------------------------

CHANGEABLE = {
    "units_unit": {"code", "kind"},
    "units_unitplacement": {"name", "parent_id", "starts_on", "ends_on"},
    "units_user": {
        "account_name", "email", "given_name", "family_name", "employment_number",
        "has_protected_identity", "is_active",
    },
    "units_employment": {"title", "starts_on", "ends_on"},
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGEABLE)
@pytest.mark.parametrize("who", ["hr_a", "sysadmin"])
def test_a_form_changes_only_its_own_fields(world, name, who):
    obj = world.objects_of("a")[name]
    model = type(obj)
    before = model.objects.filter(pk=obj.pk).values().get()
    everything = {
        field.name: {"DateField": "2027-03-04", "BooleanField": "on"}.get(
            field.get_internal_type(), "1"
        )
        for field in model._meta.fields
        if field.attname not in CHANGEABLE[name] and field.name != "revision"
    }

    response = sent(signed_in(getattr(world, who)), change_url(obj), **everything)

    assert response.status_code == 302
    after = model.objects.filter(pk=obj.pk).values().get()
    assert {key for key in after if after[key] != before[key]} == {"revision"}


def test_saving_a_person_leaves_the_password_alone(world):
    client = signed_in(world.hr_a)
    hashed = world.employee_a.password

    sent(client, change_url(world.employee_a), password="pbkdf2_sha256$1$x$y", last_login="x")

    world.employee_a.refresh_from_db()
    assert world.employee_a.password == hashed


# --- Two writers and double clicks ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field", "mine", "theirs"),
    [
        ("units_unit", "code", "KOD-MIN", "KOD-DIN"),
        ("units_unitplacement", "name", "Mitt namn", "Ditt namn"),
        ("units_user", "given_name", "Mitt", "Ditt"),
        ("units_employment", "title", "Min titel", "Din titel"),
    ],
)
def test_the_second_writer_sees_both_texts_and_loses_neither(world, name, field, mine, theirs):
    obj = world.objects_of("a")[name]
    client = signed_in(world.sysadmin)
    revision = str(client.get(change_url(obj)).context["adminform"].form["revision"].value())
    assert sent(client, change_url(obj), **{field: theirs}).status_code == 302

    second = sent(client, change_url(obj), **{field: mine, "revision": revision})

    assert second.status_code == 200
    body = text_of(second)
    assert mine in body
    assert theirs in body
    obj.refresh_from_db()
    assert (getattr(obj, field), obj.revision) == (theirs, 2)
    known = second.context["adminform"].form["revision"].value()
    third = sent(client, change_url(obj), **{field: mine, "revision": known})
    obj.refresh_from_db()
    assert (third.status_code, getattr(obj, field), obj.revision) == (302, mine, 3)


def test_a_form_without_its_revision_saves_nothing(world):
    response = sent(
        signed_in(world.sysadmin), change_url(world.employee_a), given_name="X", revision=""
    )

    assert response.status_code == 200
    world.employee_a.refresh_from_db()
    assert world.employee_a.given_name == "Anna"


def test_the_second_writer_of_a_naming_is_told_too(world):
    world.keeping.administrator = world.hr_a
    world.keeping.save()
    client = signed_in(world.hr_a)
    client_two = signed_in(world.second_hr_a)
    ProtectedIdentityKeeper.objects.create(
        person=world.protected_a, administrator=world.second_hr_a, starts_on=START
    )
    url = change_url(world.keeping)
    revision = client_two.get(url).context["adminform"].form["revision"].value()
    assert client.post(url).status_code == 403
    assert sent(client_two, url, ends_on="2030-01-01").status_code == 302

    second = sent(client_two, url, ends_on="2031-01-01", revision=revision)

    assert second.context["adminform"].form.conflict != []
    world.keeping.refresh_from_db()
    assert world.keeping.ends_on == date(2030, 1, 1)


def adds(world):
    """For each register one addition, and how to count what it makes."""
    return {
        "units_user": ({**NEW_PERSON, "unit": world.unit_a.pk}, User),
        "units_unit": (
            {
                "code": "NY",
                "kind": "UNIT",
                "name": "Ny enhet",
                "parent": world.department_a.pk,
                "starts_on": "2026-01-01",
            },
            UnitPlacement,
        ),
        "units_employment": (
            {
                "person": world.employee_a.pk,
                "unit": world.other_unit_a.pk,
                "title": "Lärare",
                "starts_on": "2026-01-01",
            },
            Employment,
        ),
        "units_roleassignment": (
            {
                "person": world.employee_a.pk,
                "unit": world.unit_a.pk,
                "role": "MANAGER",
                "starts_on": "2026-01-01",
            },
            RoleAssignment,
        ),
        "units_protectedidentitykeeper": (
            {
                "person": world.protected_a.pk,
                "administrator": world.hr_a.pk,
                "starts_on": "2026-01-01",
            },
            ProtectedIdentityKeeper,
        ),
    }


ADDABLE = ["units_user", "units_unit", "units_employment", "units_roleassignment",
           "units_protectedidentitykeeper"]  # fmt: skip


@pytest.mark.parametrize("name", ADDABLE)
def test_sending_an_addition_twice_makes_one(world, name):
    fields, model = adds(world)[name]
    client, token, url = signed_in(world.second_hr_a), uuid4(), reverse(f"admin:{name}_add")
    before = model.objects.count()

    first = sent(client, url, **fields, form_token=token)
    again = sent(client, url, **fields, form_token=token)

    assert (first.status_code, again.status_code) == (302, 302)
    assert first.headers["Location"] == again.headers["Location"]
    assert model.objects.count() == before + 1


@pytest.mark.parametrize("name", ADDABLE)
def test_the_same_addition_from_two_forms_is_refused_in_words(world, name):
    fields, model = adds(world)[name]
    client, url = signed_in(world.second_hr_a), reverse(f"admin:{name}_add")
    sent(client, url, **fields)
    before = model.objects.count(), Submission.objects.count()

    response = sent(client, url, **fields)

    assert response.status_code == 200
    assert errors_of(response)
    assert (model.objects.count(), Submission.objects.count()) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ADDABLE)
@pytest.mark.parametrize("same_form", [True, False])
def test_three_additions_at_once_make_one(name, same_form):
    world = World()
    fields, model = adds(world)[name]
    url, token = reverse(f"admin:{name}_add"), uuid4()
    before = model.objects.count()
    clients = [signed_in(world.second_hr_a) for _ in range(3)]
    barrier, statuses = threading.Barrier(3), []

    def add(client):
        try:
            barrier.wait()
            data = fields | {"form_token": token if same_form else uuid4()}
            statuses.append(client.post(url, data).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == ([302, 302, 302] if same_form else [200, 200, 302])
    assert model.objects.count() == before + 1


def test_a_double_click_on_a_change_saves_once_and_raises_no_conflict(world):
    client, url, token = signed_in(world.hr_a), change_url(world.employee_a), uuid4()
    revision = client.get(url).context["adminform"].form["revision"].value()
    fields = {"given_name": "Annika", "revision": revision, "form_token": token}

    answers = [sent(client, url, **fields) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    world.employee_a.refresh_from_db()
    assert (world.employee_a.given_name, world.employee_a.revision) == ("Annika", 2)


def test_an_addition_without_a_token_is_refused(world):
    client = signed_in(world.hr_a)

    response = client.post(reverse("admin:units_user_add"), NEW_PERSON)

    assert response.status_code == 400


# --- Organisation --------------------------------------------------------------------------------


def test_hr_adds_a_unit_with_its_first_placement(world):
    fields, _model = adds(world)["units_unit"]

    response = sent(signed_in(world.hr_a), reverse("admin:units_unit_add"), **fields)

    assert response.status_code == 302
    unit = Unit.objects.get(code="NY")
    assert (unit.name, unit.placements.get().parent) == ("Ny enhet", world.department_a)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": "BOARD"}, "kind"),
        ({"kind": "CITY"}, "kind"),
        ({"parent": "unit_b"}, "parent"),
        ({"parent": "city"}, "parent"),
        ({"parent": None}, "parent"),
        ({"starts_on": "1999-01-01"}, "parent"),
        ({"code": "A11"}, "code"),
    ],
)
def test_a_unit_that_hr_may_not_add_is_refused(world, fields, error):
    good, _model = adds(world)["units_unit"]
    if "parent" in fields:
        fields["parent"] = getattr(world, fields["parent"]).pk if fields["parent"] else ""

    response = sent(signed_in(world.hr_a), reverse("admin:units_unit_add"), **good | fields)

    assert list(errors_of(response)) == [error]


def test_a_second_city_or_a_city_under_a_unit_is_refused_in_words(world):
    good, _model = adds(world)["units_unit"]
    client, url = signed_in(world.sysadmin), reverse("admin:units_unit_add")

    response = sent(client, url, **good | {"kind": "CITY", "parent": ""})

    assert "__all__" in errors_of(response)
    response = sent(client, change_url(world.board_a), kind="CITY")
    assert "__all__" in errors_of(response)


def test_a_unit_is_renamed_and_moved_from_a_day(world):
    client = signed_in(world.hr_a)
    today = timezone.localdate()

    response = sent(
        client, reverse("admin:units_unit_place", args=[world.unit_a.pk]), name="Nya namnet",
        parent=world.board_a.pk, starts_on=today.isoformat(),
    )  # fmt: skip

    assert response.status_code == 302
    world.unit_a.refresh_from_db()
    assert world.unit_a.name == "Nya namnet"
    assert world.unit_a.placements.count() == 2
    assert "Nya namnet" in text_of(client.get(change_url(world.unit_a)))


def test_a_cycle_is_refused_in_words(world):
    client = signed_in(world.hr_a)
    fields = {"name": "X", "parent": world.unit_a.pk, "starts_on": "2026-01-01"}

    moved = sent(client, reverse("admin:units_unit_place", args=[world.department_a.pk]), **fields)
    mended = sent(
        client, change_url(world.department_a.placements.get()), **fields | {"ends_on": ""}
    )

    for response in (moved, mended):
        assert response.status_code == 200
        assert len(errors_of(response)["__all__"]) == 1
    assert world.department_a.placements.get().parent == world.board_a


def test_an_overlapping_placement_is_refused_in_words(world):
    later = UnitPlacement.objects.filter(unit=world.unit_a).get()
    later.ends_on = date(2026, 1, 31)
    later.save()
    UnitPlacement.objects.create(
        unit=world.unit_a, parent=world.department_a, name="Sedan", starts_on=date(2026, 2, 1)
    )

    response = sent(signed_in(world.hr_a), change_url(later), ends_on="2026-03-31")

    assert errors_of(response)["__all__"]


def test_hr_moves_a_unit_only_within_its_reach(world):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_unit_place", args=[world.unit_a.pk]),
        parent=world.board_b.pk,
    )

    assert "parent" in errors_of(response)


def test_a_unit_with_people_is_not_closed_and_the_reason_is_told(world):
    url = reverse("admin:units_unit_close", args=[world.unit_a.pk])

    response = sent(signed_in(world.hr_a), url, last_day="2026-12-31")

    assert errors_of(response)["__all__"]
    assert world.unit_a.placements.get().ends_on is None


def test_a_closed_unit_is_still_found_by_its_hr(world):
    client = signed_in(world.hr_a)
    yesterday = timezone.localdate() - timedelta(days=1)

    response = sent(
        client,
        reverse("admin:units_unit_close", args=[world.other_unit_a.pk]),
        last_day=yesterday.isoformat(),
    )

    assert response.status_code == 302
    assert client.get(change_url(world.other_unit_a)).status_code == 200
    assert signed_in(world.hr_b).get(change_url(world.other_unit_a)).status_code == 404


def test_a_unit_that_begins_tomorrow_is_found_by_its_hr_alone(world):
    tomorrow = timezone.localdate() + timedelta(days=1)
    coming = make_unit("A99", "UNIT", world.department_a, tomorrow)

    assert signed_in(world.hr_a).get(change_url(coming)).status_code == 200
    assert signed_in(world.hr_b).get(change_url(coming)).status_code == 404


def test_merging_moves_the_people(world):
    today = timezone.localdate()

    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_unit_merge", args=[world.unit_a.pk]),
        into=world.other_unit_a.pk,
        last_day=today.isoformat(),
    )

    assert response.status_code == 302
    world.unit_a.refresh_from_db()
    assert world.unit_a.successor == world.other_unit_a
    assert world.employee_a.employments.count() == 2


def test_the_second_organiser_of_a_unit_sees_both(world):
    client = signed_in(world.hr_a)
    url = reverse("admin:units_unit_place", args=[world.unit_a.pk])
    revision = client.get(url).context["form"]["revision"].value()
    sent(client, url, name="Din benämning", starts_on="2026-02-01")

    second = sent(client, url, name="Min benämning", starts_on="2026-02-01", revision=revision)

    assert second.status_code == 200
    assert "Din benämning" in text_of(second)
    assert "Min benämning" in text_of(second)
    assert world.unit_a.placements.order_by("starts_on").last().name == "Din benämning"


def test_sending_an_organisation_form_twice_has_one_effect(world):
    client, token = signed_in(world.hr_a), uuid4()
    url = reverse("admin:units_unit_place", args=[world.unit_a.pk])
    revision = client.get(url).context["form"]["revision"].value()
    fields = {"name": "Ny", "starts_on": "2026-02-01", "revision": revision, "form_token": token}

    answers = [sent(client, url, **fields).headers["Location"] for _ in range(2)]

    assert answers[0] == answers[1]
    assert world.unit_a.placements.count() == 2


def test_a_period_that_ends_before_it_starts_is_refused_at_the_field(world):
    client = signed_in(world.sysadmin)
    objects = world.objects_of("b")

    for name in ("units_unitplacement", "units_employment", "units_roleassignment"):
        response = sent(client, change_url(objects[name]), ends_on="2020-01-01")
        assert list(errors_of(response)) == ["ends_on"], name


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
        with django_assert_max_num_queries(15) as queries:
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
    urls += [reverse(f"admin:{name}_add") for name in ADDABLE[:4]]
    urls += [
        reverse(f"admin:units_unit_{tool}", args=[world.unit_a.pk])
        for tool in ("place", "close", "merge")
    ]

    for url in urls:
        with django_assert_max_num_queries(15):
            assert client.get(url).status_code == 200, url


def test_lists_are_in_swedish_order(world):
    for number, name in enumerate(("Öberg", "Zorn", "Åberg", "Ärla")):
        make_person(f"p{number}", world.unit_b, family_name=name)

    rows = signed_in(world.hr_b).get(reverse("admin:units_user_changelist"))

    names = [row.family_name for row in rows.context["cl"].result_list]
    assert names == ["Ek", OTHERS_CANARY, "Zorn", "Åberg", "Ärla", "Öberg"]
