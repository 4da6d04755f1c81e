"""Talk templates: shipped with the portal, kept by HR in versions, unchangeable once published."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from dialogues.actions.templates import (
    NotReadyError,
    begin_version,
    copy_template,
    discard_version,
    publish_version,
    ship_templates,
    shipped_templates,
)
from dialogues.models import Section, TalkKind, TalkTemplate, TemplateVersion
from units.revisions import StaleRevisionError
from units.wall import acting_as

pytestmark = pytest.mark.django_db


def latest(code):
    return TemplateVersion.objects.filter(template__code=code).order_by("number").last()


def shipped(code="stad-medarbetarsamtal"):
    ship_templates()
    return TalkTemplate.objects.get(code=code)


# --- Shipped with the portal -------------------------------------------------------------------


def test_migrating_is_enough_to_have_the_templates():
    in_force = TemplateVersion.objects.in_force().filter(template__unit=None)

    assert set(in_force.values_list("template__kind", "template__audience")) == {
        ("EMPLOYEE", "EMPLOYEE"),
        ("EMPLOYEE", "MANAGER"),
        ("FOLLOW_UP", "EMPLOYEE"),
        ("NEW", "EMPLOYEE"),
        ("LEAVING", "EMPLOYEE"),
        ("SALARY", "EMPLOYEE"),
    }
    assert set(in_force.values_list("template__kind", flat=True)) == set(TalkKind.values)


def test_shipping_again_changes_nothing():
    ship_templates()
    before = list(TemplateVersion.objects.order_by("pk").values())

    assert ship_templates() == 0
    assert list(TemplateVersion.objects.order_by("pk").values()) == before


def test_templates_are_shipped_anew_into_an_empty_database():
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE dialogues_talktemplate CASCADE")

    assert ship_templates() == 6


def test_a_changed_text_becomes_a_new_version_and_the_old_one_stays(monkeypatch):
    template = shipped()
    written = shipped_templates()
    written[0]["section"][0]["help_text"] = "Ett bättre ord."
    monkeypatch.setattr("dialogues.actions.templates.shipped_templates", lambda edition: written)

    assert ship_templates() == 1

    first, second = template.versions.order_by("number")
    assert second.sections.first().help_text == "Ett bättre ord."
    assert first.sections.first().help_text != "Ett bättre ord."
    assert TemplateVersion.objects.in_force().get(template=template) == second


@pytest.mark.parametrize("is_published", [True, False])
def test_a_template_that_hr_has_made_its_own_is_left_alone(world, monkeypatch, is_published):
    template = shipped()
    version = begin_version(template=template)
    version.sections.filter(order=1).update(help_text="Våra egna ord.")
    if is_published:
        publish_version(version=version, revision=1, by=world.people["city_hr"])
    written = shipped_templates()
    written[0]["section"][0]["help_text"] = "Ett bättre ord."
    monkeypatch.setattr("dialogues.actions.templates.shipped_templates", lambda edition: written)

    assert ship_templates() == 0
    assert latest(template.code) == version


@pytest.mark.parametrize("template", shipped_templates(), ids=lambda each: each["code"])
def test_every_shipped_text_is_in_both_languages_and_says_what_does_not_belong(template):
    for written in template["section"]:
        section = Section(**written)
        section.clean_fields(exclude=["version"])
        assert section.heading_en
        assert section.help_text
        assert section.help_text_en
    told = " ".join(section["help_text"] for section in template["section"]).lower()
    assert "hälsa" in told
    assert "privatliv" in told
    assert [s["owner"] for s in template["section"] if s["visibility"] == "OWN"] == ["BOTH"]


def test_the_managers_own_talk_follows_the_personnel_policy():
    headings = [section.heading for section in latest("stad-chefssamtal").sections.all()]

    for point in ("Tydliga mål", "Delegation", "Följa upp", "Beslut när resultaten uteblir"):
        assert any(heading.startswith(point) for heading in headings), point


def test_the_salary_talk_has_the_criteria_and_the_employees_own_view():
    sections = latest("stad-lonesamtal").sections.all()

    assert [section.owner for section in sections if section.shows == "CRITERIA"] == ["BOTH"]
    assert any(
        section.owner == "EMPLOYEE" and section.heading == "Din egen syn" for section in sections
    )


# --- Versions ----------------------------------------------------------------------------------


def test_a_new_version_begins_as_a_copy_and_only_one_is_written_at_a_time():
    template = shipped()

    version = begin_version(template=template)

    assert version.number == 2
    assert not version.is_published
    assert [s.heading for s in version.sections.all()] == [
        s.heading for s in template.versions.get(number=1).sections.all()
    ]
    with pytest.raises(NotReadyError):
        begin_version(template=template)


def test_a_version_without_a_section_that_both_read_is_not_published(world):
    version = begin_version(template=shipped())
    version.sections.exclude(visibility="OWN").delete()

    with pytest.raises(NotReadyError):
        publish_version(version=version, revision=1, by=world.people["city_hr"])


def test_publishing_what_somebody_else_has_changed_meanwhile_is_refused(world):
    version = begin_version(template=shipped())
    TemplateVersion.objects.filter(pk=version.pk).update(revision=2)

    with pytest.raises(StaleRevisionError):
        publish_version(version=version, revision=1, by=world.people["city_hr"])


def test_a_discarded_version_leaves_the_published_one():
    template = shipped()

    discard_version(version=begin_version(template=template), revision=1)

    assert [version.number for version in template.versions.all()] == [1]


def test_a_copy_is_the_units_own_and_asks_the_same(world):
    copy = copy_template(template=shipped(), unit=world.units["board"], name="Samtal på Södermalm")

    (version,) = copy.versions.all()
    assert not version.is_published
    assert version.sections.count() == 10
    assert copy.code.startswith("samtal-pa-sodermalm-")
    assert copy not in TalkTemplate.objects.offered_to(world.units["unit"], "EMPLOYEE")


# --- What is published stays -------------------------------------------------------------------

SECTION_WRITES = [
    "UPDATE dialogues_section SET help_text = 'x' WHERE version_id = %(published)s",
    "DELETE FROM dialogues_section WHERE version_id = %(published)s",
    'UPDATE dialogues_section SET version_id = %(draft)s, "order" = 99'
    ' WHERE version_id = %(published)s AND "order" = 1',
    'UPDATE dialogues_section SET version_id = %(published)s, "order" = 99'
    ' WHERE version_id = %(draft)s AND "order" = 1',
    'INSERT INTO dialogues_section (version_id, "order", owner, visibility, shows, heading,'
    " heading_en, help_text, help_text_en)"
    " VALUES (%(published)s, 99, 'BOTH', 'SHARED', 'TEXT', 'x', '', '', '')",
    "UPDATE dialogues_templateversion SET published_at = NULL WHERE id = %(published)s",
    "UPDATE dialogues_templateversion SET number = 99 WHERE id = %(published)s",
    "DELETE FROM dialogues_templateversion WHERE id = %(published)s",
]


@pytest.mark.parametrize("statement", SECTION_WRITES)
@pytest.mark.parametrize("as_portal", [True, False])
def test_the_database_refuses_to_change_what_is_published(world, statement, as_portal):
    template = shipped()
    named = {"published": latest(template.code).pk, "draft": begin_version(template=template).pk}

    person = world.people["city_hr"]

    with (
        pytest.raises(DatabaseError, match=r"never changes|Cannot update or delete"),
        acting_as(person) if as_portal else transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, named)


def test_a_version_being_written_takes_every_change():
    version = begin_version(template=shipped())

    Section.objects.create(version=version, order=99, heading="Ett till")
    version.sections.filter(order=1).update(help_text="Nytt")
    version.sections.filter(order=2).delete()
    TemplateVersion.objects.filter(pk=version.pk).update(published_at=timezone.now())

    assert version.sections.count() == 10
