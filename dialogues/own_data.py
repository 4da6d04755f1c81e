"""All that the portal holds about one person (registerutdrag, GDPR article 15).

Which tables that is stands in `own_data_subjects`. Other people are not named: what is about them
is theirs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from dialogues.documents import People, chapters_of
from dialogues.own_data_subjects import SUBJECTS, Subject
from dialogues.snapshots import TalkSnapshot
from goals.documents.content import language
from goals.documents.model import Block, Document, Facts, Heading, Label, Paragraph, cleaned
from units.drafts import as_unsaved
from units.models import Draft, User

PUBLISHER = "Stockholms stad"


@dataclass(frozen=True)
class Chapter:
    subject: Subject
    rows: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return str(self.subject.title)


def own_data(person: User) -> list[Chapter]:
    """One chapter for each subject, in one query each. To be read by the person alone: the wall
    shows whoever else asks what they may see, which is less."""
    return [
        Chapter(
            subject,
            list(
                subject.model._default_manager.filter(subject.of(person))
                .order_by("pk")
                .values(*subject.fields)
            ),
        )
        for subject in SUBJECTS
    ]


def numbers_held(person: User) -> list[tuple[Subject, int]]:
    """How many rows each subject has, in one query for all."""
    counted = [
        subject.model._default_manager.filter(subject.of(person))
        .order_by()
        .annotate(held=models.Value(subject.key))
        .values("held")
        .annotate(number=models.Count("pk"))
        .values_list("held", "number")
        for subject in SUBJECTS
    ]
    numbers = dict(counted[0].union(*counted[1:], all=True))
    return [(subject, numbers.get(subject.key, 0)) for subject in SUBJECTS]


def as_data(person: User, chapters: Iterable[Chapter]) -> dict[str, Any]:
    """For a machine to read: keys in English, values as they are stored."""
    return {
        "person": person.account_name,
        "made_at": timezone.now(),
        "chapters": {
            chapter.subject.key: [
                {path.replace("__", "."): value for path, value in row.items()}
                for row in chapter.rows
            ]
            for chapter in chapters
        },
    }


def as_document(person: User, chapters: Iterable[Chapter]) -> Document:
    return Document(
        title=_("Your data in the portal"),
        subtitle=str(person),
        facts=[(_("Made"), date_format(timezone.localtime(), "DATETIME_FORMAT"))],
        language=language(),
        publisher=PUBLISHER,
        running=_("Extract from the register"),
        page_words=(_("Page"), _("of")),
        blocks=list(_blocks(chapters)),
    )


def _blocks(chapters: Iterable[Chapter]) -> Iterator[Block]:
    yield Paragraph(
        text=_(
            "All that the portal holds about you. Other people are not named. What somebody else "
            "is still writing alone is not here: it is nobody's but theirs until it is shared."
        )
    )
    for chapter in chapters:
        yield Heading(level=1, text=chapter.title)
        if not chapter.rows:
            yield Paragraph(text=_("Nothing."))
        for place, row in enumerate(chapter.rows, 1):
            facts = list(facts_of(chapter.subject, row))
            if len(chapter.rows) > 1:
                yield Label(text=f"{place}.")
            yield Facts(rows=cleaned(facts))


def facts_of(subject: Subject, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what it is, what it says), without what is empty."""
    for path, name in subject.fields.items():
        if row[path] in (None, "", [], {}):
            continue
        field = _field(subject.model, path)
        label = capfirst(str(name or field.verbose_name))
        if path == "snapshot":
            yield from _record(row[path])
        elif path == "fields":
            yield from _unsaved(row)
        elif path in subject.words:
            yield label, str(subject.words[path].get(row[path], row[path]))
        elif path != "key":
            yield label, _in_words(field, row[path])


def _record(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    snapshot = msgspec.convert(data, TalkSnapshot)
    people = People({}, snapshot.employee, snapshot.holder)
    for chapter in chapters_of(snapshot, people):
        if chapter.plain:
            yield chapter.heading, chapter.plain


def _unsaved(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a draft says, and of which form it is."""
    found = as_unsaved(Draft(**row))
    yield _("Form"), found.label
    if found.texts:
        yield _("Text"), "\n".join(found.texts)


def _field(model: type[models.Model], path: str) -> Any:
    *through, last = path.split("__")
    for name in through:
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]
    return model._meta.get_field(last)


def _in_words(field: Any, value: Any) -> str:
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value)
    return str(value)
