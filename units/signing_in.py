"""Signing in with a password, and the limit on failed tries. Every way in calls this backend."""

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
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


def _find(account: str) -> User | None:
    try:
        return User.objects.get_by_natural_key(account)
    except User.DoesNotExist:
        return None


def _counted_as(account: str, user: User | None) -> str:
    """One count for each person, whichever of their names is tried; for others, for each text."""
    return user.account_name if user else account.strip().lower()[:254]


def is_held_off(request: HttpRequest, account: str) -> bool:
    """Whether so many tries have failed lately that the next is refused unread."""
    failures = SignInFailure.objects.recent()
    return _are_too_many(failures, request, _counted_as(account, _find(account)))


def _are_too_many(failures: QuerySet[SignInFailure], request: HttpRequest, counted_as: str) -> bool:
    by_account = failures.filter(account=counted_as).count()
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
        user = _find(username)
        counted_as = _counted_as(username, user)
        # Noted before it is known to fail, so that tries at the same moment count each other.
        attempt = SignInFailure.objects.create(account=counted_as, address=address_of(request))
        others = SignInFailure.objects.recent().exclude(pk=attempt.pk)
        if _are_too_many(others, request, counted_as):
            attempt.delete()
            return None
        if user is None:
            # The same work as for a real account, so that time does not tell who exists.
            User().set_password(password)
        if user and user.check_password(password) and self.get_user(user.pk):
            attempt.delete()
            return user
        return None

    def get_user(self, user_id: int) -> User | None:
        """Asked at every request: who has no employment and no role today has no access either.
        The roles come along, for hardly a page does without them."""
        employed = Employment.objects.active_on().filter(person=OuterRef("pk"))
        trusted = RoleAssignment.objects.active_on().filter(person=OuterRef("pk"))
        held = trusted.values(held=JSONObject(role="role", unit="unit_id"))
        user = (
            User.objects.filter(Exists(employed) | Exists(trusted), Q(is_active=True))
            .annotate(held=ArraySubquery(held))
            .filter(pk=user_id)
            .first()
        )
        if user:
            user.roles_today = frozenset((each["role"], each["unit"]) for each in user.held)
        return user
