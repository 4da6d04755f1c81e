"""Text that someone is writing: kept on the server, for its author alone, until it is saved."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from units.models import Draft, User

LONGEST_DRAFT = 200_000  # characters in all fields together
LONGEST_KEY = 120
MOST_DRAFTS = 100  # per person; the oldest make room
KEPT_FOR = timedelta(days=60)


class DraftTooLongError(ValueError):
    """The form holds more text than a draft may."""


def save_draft(*, author: User, key: str, fields: dict[str, list[str]]) -> Draft:
    """Keep `fields` under `key`, replacing what was kept. Raises DraftTooLongError."""
    if sum(len(value) for values in fields.values() for value in values) > LONGEST_DRAFT:
        raise DraftTooLongError
    draft, created = Draft.objects.update_or_create(
        author=author, key=key, defaults={"fields": fields, "saved_at": timezone.now()}
    )
    if created:
        kept = author.drafts.order_by("-saved_at").values("pk")[:MOST_DRAFTS]
        author.drafts.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
        author.drafts.filter(saved_at__lt=timezone.now() - KEPT_FOR).delete()
    return draft


def find_draft(author: User, key: str) -> Draft | None:
    return author.drafts.filter(key=key).first()


def drop_draft(author: User, key: str) -> None:
    author.drafts.filter(key=key).delete()


def as_initial(draft: Draft | None, *many: str) -> dict[str, Any]:
    """The draft as a form's `initial`; fields named in `many` hold several values or none."""
    if draft is None:
        return {}
    initial: dict[str, Any] = {name: [] for name in many}
    for name, values in draft.fields.items():
        initial[name] = values if name in many else values[-1]
    return initial
