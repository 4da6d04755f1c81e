"""What talks ask: the templates that the portal brings along, and the versions that HR makes."""

import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _

from dialogues.models import Section, TalkTemplate, TemplateVersion
from units.actions import OrganisationError
from units.models import Unit, User
from units.revisions import StaleRevisionError

EDITION = 1
_DATA = Path(__file__).resolve().parent.parent / "data"
# What a template asks, without where it stands.
SECTION_FIELDS = (
    "order",
    "owner",
    "visibility",
    "shows",
    "heading",
    "heading_en",
    "help_text",
    "help_text_en",
)
LONGEST_STEM = 30


class NotReadyError(OrganisationError):
    """Something is missing; the message says what."""


def shipped_templates(edition: int = EDITION) -> list[dict[str, Any]]:
    """The templates as they are written in an edition, each with its `section` rows in order."""
    with (_DATA / f"templates_{edition}.toml").open("rb") as file:
        templates: list[dict[str, Any]] = tomllib.load(file)["template"]
    for template in templates:
        template["section"] = [
            {"visibility": "SHARED", "shows": "TEXT", **section, "order": order}
            for order, section in enumerate(template["section"], start=1)
        ]
    return templates


@transaction.atomic
def ship_templates(edition: int = EDITION) -> int:
    """Bring the portal's own templates to an edition, and return how many versions were published.

    A template is known by its short name. A changed text becomes a new published version; a
    template that HR has written or begun a version of is HR's from then on.
    """
    published = 0
    for written in shipped_templates(edition):
        sections = written.pop("section")
        code = written.pop("code")
        template, _created = TalkTemplate.objects.get_or_create(code=code, defaults=written)
        published += _ship_version(template, sections)
    return published


def _ship_version(template: TalkTemplate, sections: list[dict[str, Any]]) -> bool:
    latest = template.versions.order_by("number").last()
    if latest is not None:
        is_hrs = latest.published_at is None or latest.published_by_id is not None
        asked = latest.sections.order_by("order")
        if is_hrs or list(asked.values(*SECTION_FIELDS)) == sections:
            return False
    version = TemplateVersion.objects.create(
        template=template, number=latest.number + 1 if latest else 1
    )
    Section.objects.bulk_create(Section(version=version, **section) for section in sections)
    version.published_at = timezone.now()
    version.revision += 1
    version.save(update_fields=["published_at", "revision"])
    return True


@transaction.atomic
def begin_version(*, template: TalkTemplate) -> TemplateVersion:
    """A copy of the latest version, to write in. Raises NotReadyError while there is one."""
    TalkTemplate.objects.select_for_update().get(pk=template.pk)
    latest = template.versions.order_by("number").last()
    if latest is not None and not latest.is_published:
        raise NotReadyError(
            _("A version is being written already. Continue with that one, or discard it.")
        )
    version = TemplateVersion.objects.create(
        template=template, number=latest.number + 1 if latest else 1
    )
    if latest is not None:
        _copy_sections(latest, version)
    return version


@transaction.atomic
def publish_version(*, version: TemplateVersion, revision: int, by: User) -> TemplateVersion:
    """From now on new talks ask this; talks that have begun keep what they began with."""
    version = _hold(version, revision)
    sections = list(version.sections.all())
    if not any(not section.is_own_notes for section in sections):
        raise NotReadyError(
            _("Write at least one section that the two of them read. Then publish the version.")
        )
    version.published_at = timezone.now()
    version.published_by = by
    version.revision += 1
    version.save(update_fields=["published_at", "published_by", "revision"])
    return version


@transaction.atomic
def discard_version(*, version: TemplateVersion, revision: int) -> None:
    version = _hold(version, revision)
    version.sections.all().delete()
    version.delete()


@transaction.atomic
def copy_template(*, template: TalkTemplate, unit: Unit | None, name: str) -> TalkTemplate:
    """A template of the unit's own that asks what this one asks today, not published yet."""
    latest = template.versions.filter(published_at__isnull=False).order_by("number").last()
    latest = latest or template.versions.order_by("number").last()
    copy = TalkTemplate.objects.create(
        unit=unit,
        code=new_code(name),
        kind=template.kind,
        audience=template.audience,
        name=name,
        name_en=template.name_en,
    )
    version = TemplateVersion.objects.create(template=copy, number=1)
    if latest is not None:
        _copy_sections(latest, version)
    return copy


def new_code(name: str) -> str:
    """A short name that no other template has."""
    stem = slugify(name)[:LONGEST_STEM].strip("-") or "mall"
    return f"{stem}-{get_random_string(6, 'abcdefghjkmnpqrstuvwxyz23456789')}"


def renumber_sections(version: TemplateVersion) -> None:
    """Number them from one in the order they have; two with the same number, the older first."""
    changed = []
    for number, section in enumerate(version.sections.order_by("order", "pk"), start=1):
        if section.order != number:
            section.order = number
            changed.append(section)
    Section.objects.bulk_update(changed, ["order"])


def _copy_sections(source: TemplateVersion, target: TemplateVersion) -> None:
    Section.objects.bulk_create(
        Section(version=target, **section) for section in source.sections.values(*SECTION_FIELDS)
    )


def _hold(version: TemplateVersion, revision: int) -> TemplateVersion:
    version = (
        TemplateVersion.objects.select_for_update(of=("self",))
        .select_related("template")
        .get(pk=version.pk)
    )
    if version.is_published:
        raise NotReadyError(_("The version is published already. Begin a new one to change it."))
    if version.revision != revision:
        raise StaleRevisionError(version)
    return version
