"""Two authorities and their people, and what a browser sends to the administration."""

import re
from datetime import date
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from dialogues.models import CriteriaSet, Criterion, Section, TalkTemplate, TemplateVersion
from goals.actions.plans import proposed_periods
from goals.models import AnalysisMethod, Indicator, KeyFigure, PlanYear, Report
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


def make_year(unit, board):
    """One of each register of the year, about the unit and its board."""
    indicator = Indicator.objects.create(unit=unit, title=f"Andel {unit}", unit_of_measure="%")
    year = PlanYear.objects.create(unit=board, year=START.year)
    period = proposed_periods(year.year)[1]
    period.plan_year = year
    period.save()
    return {
        "goals_indicator": indicator,
        "goals_keyfigure": KeyFigure.objects.create(
            indicator=indicator, kpi=f"N1503{unit.pk % 10}", title=f"Andel {unit}"
        ),
        "goals_planyear": year,
        "goals_report": Report.objects.create(unit=unit, period=period),
        "goals_analysismethod": AnalysisMethod.objects.create(
            unit=board, name="Metoden", help_text="När något upprepas."
        ),
    }


def make_talk_registers(board):
    """A template and pay criteria of the board's own, which HR still writes."""
    template = TalkTemplate.objects.create(
        unit=board, code=f"egen-{board.code.lower()}", kind="EMPLOYEE", name=f"Samtal {board}"
    )
    version = TemplateVersion.objects.create(template=template, number=1)
    Section.objects.create(version=version, order=1, heading="Året som gått")
    criteria = CriteriaSet.objects.create(unit=board, year=START.year)
    return {
        "dialogues_talktemplate": template,
        "dialogues_templateversion": version,
        "dialogues_criteriaset": criteria,
        "dialogues_criterion": Criterion.objects.create(
            criteria_set=criteria, order=1, name="Resultat"
        ),
    }


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
        self.staff_group = StaffGroup.objects.create(code="HAND", name="Handläggare")
        self.leave_a, self.leave_b, self.protected_leave = (
            Leave.objects.create(
                employment=person.employments.get(),
                starts_on=date(2024, 3, 1),
                ends_on=date(2024, 3, 31),
            )
            for person in (self.employee_a, self.employee_b, self.protected_a)
        )

        self.year_a = make_year(self.unit_a, self.board_a)
        self.year_b = make_year(self.unit_b, self.board_b)
        self.talks_a = make_talk_registers(self.board_a)
        self.talks_b = make_talk_registers(self.board_b)

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
            "units_leave": person.employments.get().leaves.get(),
            "units_roleassignment": hr.roles.get(),
            **(self.year_a if side == "a" else self.year_b),
            **(self.talks_a if side == "a" else self.talks_b),
        }


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


LISTS = [
    "units_unit",
    "units_unitplacement",
    "units_user",
    "units_employment",
    "units_leave",
    "units_staffgroup",
    "units_roleassignment",
    "units_protectedidentitykeeper",
    "goals_goal",
    "goals_indicator",
    "goals_keyfigure",
    "goals_planyear",
    "goals_report",
    "goals_analysismethod",
    "dialogues_talktemplate",
    "dialogues_templateversion",
    "dialogues_criteriaset",
    "dialogues_criterion",
]
STEPS_OF_TALKS = {
    "dialogues_talktemplate": ("begin", "copy"),
    "dialogues_templateversion": ("publish", "discard"),
    "dialogues_criteriaset": ("add_criterion", "publish", "copy", "correct", "discard"),
    "dialogues_criterion": ("remove",),
}


def every_url(world):
    """Every address of the administration, with an object of authority A where it takes one."""
    objects = world.objects_of("a") | {
        "units_protectedidentitykeeper": world.keeping,
        "units_staffgroup": world.staff_group,
        "goals_goal": None,
    }
    urls = [reverse("admin:index"), reverse("admin:jsi18n"), reverse("admin:autocomplete")]
    urls += [reverse("admin:app_list", args=[label]) for label in ("units", "goals", "dialogues")]
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
    urls += [reverse("admin:units_user_first_password", args=[world.employee_a.pk])]
    key_figure = world.year_a["goals_keyfigure"].pk
    urls += [reverse("admin:goals_keyfigure_import", args=[key_figure])]
    urls += [
        reverse(f"admin:{name}_{step}", args=[world.talks_a[name].pk])
        for name, steps in STEPS_OF_TALKS.items()
        for step in steps
    ]
    version = world.talks_a["dialogues_templateversion"].pk
    urls += [reverse("admin:dialogues_templateversion_preview", args=[version])]
    return urls


NEW_PERSON = {
    "account_name": "ny",
    "email": "Ny@Stad.test",
    "given_name": "Ny",
    "family_name": "Åström",
    "title": "Barnskötare",
    "starts_on": "2026-02-01",
}


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
        "units_leave": (
            {
                "employment": world.employee_a.employments.get().pk,
                "starts_on": "2026-01-01",
                "ends_on": "2026-06-30",
            },
            Leave,
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


ADDABLE = ["units_user", "units_unit", "units_employment", "units_leave", "units_roleassignment",
           "units_protectedidentitykeeper"]  # fmt: skip
