"""A talk that is being prepared, with a template small enough to follow."""

import re
from datetime import date
from uuid import uuid4

from django.urls import reverse
from django.utils import timezone

from dialogues.models import (
    Answer,
    Confirmation,
    CriteriaSet,
    Criterion,
    CriterionStep,
    Party,
    Preparation,
    Section,
    Talk,
    TalkKind,
    TalkTemplate,
    TalkVersion,
    TemplateVersion,
)
from dialogues.snapshots import SCHEMA, TalkSnapshot, WeighingSnapshot, encoded
from stockholm_quality.tests.world import scene

SECRET = "kanariefågel-förberedelse åäö"
NOTES = "kanariefågel-anteckning"
JSON = {"headers": {"accept": "application/json"}}
SECTIONS = (
    {"heading": "Året som gått", "help_text": "Vad blev bra?"},
    {"heading": "Återkoppling till din chef", "owner": "EMPLOYEE"},
    {"heading": "Chefens tankar", "owner": "MANAGER"},
    {"heading": "Det vi kommer överens om", "owner": "JOINT"},
    {"heading": "Anteckningar för dig själv", "visibility": "OWN"},
)
SALARY_SECTIONS = (
    {"heading": "Lönekriterierna", "shows": "CRITERIA"},
    {"heading": "Anteckningar för dig själv", "visibility": "OWN"},
)


@scene()
def a_template(kind=TalkKind.EMPLOYEE, sections=SECTIONS):
    template = TalkTemplate.objects.create(code=f"prov-{uuid4().hex[:12]}", kind=kind, name="Prov")
    version = TemplateVersion.objects.create(template=template, number=1)
    Section.objects.bulk_create(
        Section(version=version, order=number, **{"owner": "BOTH", **section})
        for number, section in enumerate(sections)
    )
    return version


@scene()
def a_talk(world, *, kind=TalkKind.EMPLOYEE, sections=None, who="employee", **fields):
    if sections is None:
        sections = SALARY_SECTIONS if kind == TalkKind.SALARY else SECTIONS
    employment = world.employments[who]
    manager = world.people["manager"]
    given = {
        "employment": employment,
        "employee": employment.person,
        "holder": manager,
        "created_by": manager,
        "kind": kind,
        "year": world.year,
        "status": Talk.Status.INVITED,
    }
    if "template_version" not in fields:
        fields["template_version"] = a_template(kind, sections)
    return Talk.objects.create(**{**given, **fields})


@scene()
def criteria(world, year=None, *, number=2):
    """Published pay criteria of the unit, each with two steps."""
    made = CriteriaSet.objects.create(unit=world.units["unit"], year=year or world.year)
    for order in range(number):
        criterion = Criterion.objects.create(
            criteria_set=made, order=order, name=f"Kriterium {order}", about="Det här menas."
        )
        for step, name in ((1, "På väg"), (2, "Når väl")):
            CriterionStep.objects.create(
                criterion=criterion, number=step, name=name, words=f"{name} i ord"
            )
    CriteriaSet.objects.filter(pk=made.pk).update(
        published_at=timezone.now(), published_by=world.people["hr"], revision=2
    )
    made.refresh_from_db()
    return made


@scene()
def answered(world, *, kind=TalkKind.EMPLOYEE, year=None, weighed="", **fields):
    """A talk of an earlier year that both have answered."""
    year = year or world.year - 1
    talk = a_talk(
        world,
        kind=kind,
        year=year,
        status=Talk.Status.CLOSED,
        held_on=date(year, 3, 1),
        confirmed_at=timezone.now(),
        version_number=1,
        confirmed_version=1,
        **fields,
    )
    weighings = [WeighingSnapshot(criterion="Resultat", step="Når väl", weighed=weighed)]
    version = TalkVersion.objects.create(
        talk=talk,
        number=1,
        schema=SCHEMA,
        snapshot=encoded(
            TalkSnapshot(
                kind=kind,
                year=year,
                employee=talk.employee_id,
                holder=talk.holder_id,
                occupation="Barnskötare",
                unit="Ängen",
                template="Prov",
                template_version=1,
                held_on=talk.held_on,
                made_at=timezone.now(),
                weighings=weighings if weighed else [],
            )
        ),
        made_by=talk.holder,
    )
    Confirmation.objects.bulk_create(
        Confirmation(
            version=version,
            talk=talk,
            number=1,
            party=party,
            person=person,
            outcome=Confirmation.Outcome.CONFIRMED,
        )
        for party, person in ((Party.EMPLOYEE, talk.employee), (Party.MANAGER, talk.holder))
    )
    return talk


def address(talk, name="preparation"):
    return reverse(f"dialogues:{name}", args=[talk.pk])


def section_of(talk, heading):
    return talk.template_version.sections.get(heading__startswith=heading)


def forms_of(response):
    shown = [each.row for each in response.context["sections"] if each.row]
    criteria_rows = [row for each in response.context["sections"] for row in each.criteria]
    return {row.form.key: row.form for row in [*shown, *criteria_rows]}


def write(client, talk, heading, text, *, seen="", version=1, **more):
    """What the script sends of one section."""
    key = f"s-{section_of(talk, heading).pk}"
    data = {f"{key}-seen": seen, f"{key}-text": text, **more}
    return client.post(f"{address(talk)}?version={version}", data, **JSON)


def share(client, talk, **fields):
    return client.post(
        address(talk, "preparation_share"),
        {"form_token": str(uuid4()), "revision": revision_on_page(client, talk), **fields},
    )


def revision_on_page(client, talk):
    page = client.get(address(talk, "preparation_share"))
    return page.context["draft"].revision if page.status_code == 200 else 1


def waive(client, talk):
    return client.post(address(talk, "preparation_waive"), {"form_token": str(uuid4())})


@scene()
def preparations_of(talk):
    return list(Preparation.objects.filter(talk=talk).order_by("pk"))


def seen_by(client, talk, page="preparation"):
    return client.get(address(talk, page)).content.decode()


def without_tokens(page):
    page = re.sub(r'"X-CSRFToken": "[^"]*"', "", page)
    return re.sub(r'(csrfmiddlewaretoken|form_token|form_author)" value="[^"]*"', "", page)


@scene()
def answers_of(talk):
    return {
        answer.section.heading: answer.text
        for answer in Answer.objects.filter(talk=talk).select_related("section")
    }
