"""Signing in with a password, and the limit on failed tries. Every way in calls this backend."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from units.models import Employment, RoleAssignment, SignInFailure, User

UNKNOWN_ADDRESS = "::"  # a server behind a socket knows none


def address_of(request: HttpRequest) -> str:
    """The caller's address as our own proxies saw it; what the caller claims counts for nothing."""
    if settings.PROXY_HOPS:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        if len(hops) >= settings.PROXY_HOPS:
            return hops[-settings.PROXY_HOPS].strip() or UNKNOWN_ADDRESS
    return request.META.get("REMOTE_ADDR") or UNKNOWN_ADDRESS


def is_held_off(request: HttpRequest, account: str) -> bool:
    """Whether so many tries have failed lately that the next is refused unread."""
    failures = SignInFailure.objects.recent()
    by_account = failures.filter(account=account.strip().lower()).count()
    by_address = failures.filter(address=address_of(request)).count()
    return (
        by_account >= settings.SIGN_IN_FAILURES_PER_ACCOUNT
        or by_address >= settings.SIGN_IN_FAILURES_PER_ADDRESS
    )


class AccountBackend(BaseBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if request is None or not username or password is None:
            return None
        if is_held_off(request, username):
            return None
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            # The same work as for a real account, so that time does not tell who exists.
            User().set_password(password)
            user = None
        if user and user.check_password(password) and self.get_user(user.pk):
            return user
        SignInFailure.objects.create(
            account=username.strip().lower()[:254], address=address_of(request)
        )
        return None

    def get_user(self, user_id: int) -> User | None:
        """Asked at every request: who has no employment and no role today has no access either."""
        employed = Employment.objects.active_on().filter(person=OuterRef("pk"))
        trusted = RoleAssignment.objects.active_on().filter(person=OuterRef("pk"))
        return (
            User.objects.filter(Exists(employed) | Exists(trusted), Q(is_active=True))
            .filter(pk=user_id)
            .first()
        )
