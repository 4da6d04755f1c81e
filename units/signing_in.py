"""Signing in with a password, and the limit on failed tries. Every way in calls this backend."""

from ipaddress import ip_address
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
        hops = [hop for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= settings.PROXY_HOPS:
            return _well_formed(hops[-settings.PROXY_HOPS])
    return _well_formed(request.META.get("REMOTE_ADDR") or "")


def _well_formed(address: str) -> str:
    try:
        return str(ip_address(address.strip()))
    except ValueError:
        return UNKNOWN_ADDRESS


def _counted_as(account: str) -> str:
    return account.strip().lower()[:254]


def is_held_off(request: HttpRequest, account: str, besides: SignInFailure | None = None) -> bool:
    """Whether so many tries have failed lately, not counting `besides`, that the next is refused
    unread."""
    failures = SignInFailure.objects.recent()
    if besides:
        failures = failures.exclude(pk=besides.pk)
    by_account = failures.filter(account=_counted_as(account)).count()
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
        # Noted before it is known to fail, so that tries at the same moment count each other.
        attempt = SignInFailure.objects.create(
            account=_counted_as(username), address=address_of(request)
        )
        if is_held_off(request, username, besides=attempt):
            attempt.delete()
            return None
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            # The same work as for a real account, so that time does not tell who exists.
            User().set_password(password)
            user = None
        if user and user.check_password(password) and self.get_user(user.pk):
            attempt.delete()
            return user
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
