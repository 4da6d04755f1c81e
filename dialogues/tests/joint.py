"""What the tests of the joint page share: what a window sends, and what is stored."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from dialogues.forms.rows import section_key
from dialogues.models import (
    CriteriaSet,
    Criterion,
    CriterionStep,
    Reading,
    RecordPart,
    Section,
    TalkKind,
    TalkTemplate,
    TemplateVersion,
)
from goals.models import Expectation, Goal
from units.models import Delegation
from units.wall import upkeep


def page_of(client, talk):
    return client.get(reverse("dialogues:joint", args=[talk.pk]))


def seen_in(client, talk, key):
    """What the hidden field of a row says in the page as it is now."""
    html = page_of(client, talk).content.decode()
    return html.split(f'name="{key}-seen" value="')[1].split('"')[0]


def save(client, talk, key, seen, **fields):
    """As sheet.js saves one row."""
    data = {f"{key}-seen": seen} | {f"{key}-{name}": value for name, value in fields.items()}
    url = reverse("dialogues:joint", args=[talk.pk])
    return client.post(url, data, headers={"Accept": "application/json"})


def keys_of(talk):
    with upkeep():
        return [section_key(each) for each in talk.template_version.sections.all()]


def text_of(talk, place):
    with upkeep():
        parts = RecordPart.objects.filter(talk=talk, section__order=place + 1)
        return parts.values_list("text", flat=True).first()


def stored(model, **where):
    with upkeep():
        return list(model.objects.filter(**where).order_by("pk"))


def readings(talk, **where):
    return len(stored(Reading, talk=talk, what=Reading.What.JOINT, **where))


def expectations_of(world, year, count=1, who="employee"):
    with upkeep():
        goal = Goal.objects.create(
            unit=world.units["unit"],
            level=Goal.Level.UNIT,
            title=f"Barnen är trygga {year}",
            first_year=year,
            last_year=year,
            status=Goal.Status.ADOPTED,
            version_number=1,
            adopted_at=timezone.now(),
            decided_on=timezone.localdate(),
        )
        return Expectation.objects.bulk_create(
            Expectation(
                employment=world.employments[who],
                goal=goal,
                text=f"Förväntan {number} {year}",
                given_at=timezone.now(),
                given_by=world.people["manager"],
            )
            for number in range(count)
        )


def goals_of(world, number, unit="unit"):
    with upkeep():
        return [
            Goal.objects.create(
                unit=world.units[unit],
                level=Goal.Level.UNIT,
                title=f"Mål {unit} {each}",
                first_year=world.year,
                last_year=world.year,
                parent=world.goals["board_goal"],
                status=Goal.Status.ADOPTED,
                version_number=1,
                adopted_at=timezone.now(),
                decided_on=timezone.localdate(),
            )
            for each in range(number)
        ]


def delegate_to_colleague(world):
    today = timezone.localdate()
    with upkeep():
        return Delegation.objects.create(
            employment=world.employments["employee"],
            delegate=world.people["colleague"],
            given_by=world.people["manager"],
            starts_on=today - timedelta(days=9),
            ends_on=today,
        )


def section_at(talk, place):
    with upkeep():
        return talk.template_version.sections.order_by("order")[place]


def criteria_of(world, count=1):
    with upkeep():
        kept = CriteriaSet.objects.create(unit=world.units["board"], year=world.year)
        for order in range(1, count + 1):
            criterion = Criterion.objects.create(
                criteria_set=kept, order=order, name=f"Kriterium {order}"
            )
            CriterionStep.objects.bulk_create(
                CriterionStep(criterion=criterion, number=n, name=f"Steg {n}", words="Ord")
                for n in (1, 2, 3)
            )
        kept.published_at = timezone.now()
        kept.save()
        return list(kept.criteria.all())


def salary_template(sections=1):
    with upkeep():
        template = TalkTemplate.objects.create(code="prov-lon", kind=TalkKind.SALARY, name="Lön")
        version = TemplateVersion.objects.create(template=template, number=1)
        owner, shows = Section.Owner, Section.Shows
        asked = [(owner.JOINT, shows.RESULTS), (owner.MANAGER, shows.CRITERIA)]
        asked += [(owner.EMPLOYEE, shows.TEXT)] * sections
        Section.objects.bulk_create(
            Section(version=version, order=order, owner=who, shows=shown, heading=f"Del {order}")
            for order, (who, shown) in enumerate(asked, 1)
        )
        version.published_at = timezone.now()
        version.save()
    return version
