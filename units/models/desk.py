"""What a person is in the middle of: unsaved text, forms just sent, sign-ins that failed."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from units.models.people import User


class Draft(models.Model):
    """What someone has written in a form and not yet saved. Read by nobody but its author."""

    author = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    key = models.CharField(max_length=120)
    fields = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "key"], name="draft_one_per_form"),
        ]

    def __str__(self) -> str:
        return self.key


class Submission(models.Model):
    """A form that has had its effect, known by the token it carried, so that a retry has none."""

    author = models.ForeignKey(User, models.CASCADE, related_name="submissions")
    token = models.UUIDField(unique=True)
    result_url = models.CharField(max_length=300)
    sent_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return str(self.token)


class SignInFailureQuerySet(models.QuerySet["SignInFailure"]):
    def recent(self) -> Self:
        window = timedelta(minutes=settings.SIGN_IN_WINDOW_MINUTES)
        return self.filter(at__gt=timezone.now() - window)


class SignInFailure(models.Model):
    account = models.CharField(max_length=254)
    address = models.GenericIPAddressField()
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = SignInFailureQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "at"], name="failure_by_account"),
            models.Index(fields=["address", "at"], name="failure_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.at}"
