"""One effect per form: a double click, a retry or a lost answer does the thing once."""

from collections.abc import Callable
from uuid import UUID, uuid5

from django.core.exceptions import BadRequest
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.http import HttpResponseRedirect

from stockholm_quality.web import AuthedRequest
from units.models import Submission, User

# What a form carries besides what somebody wrote in it.
NOT_CONTENT = frozenset({"csrfmiddlewaretoken", "form_token", "form_author"})
_AUTHOR = Signer(salt="form author")


def once(request: AuthedRequest, act: Callable[[], str]) -> HttpResponseRedirect:
    """Run `act` for the form's token and go to the address it returns.

    A second request with the same token and the same content waits for the first and is sent to
    the same address. When `act` raises, nothing is stored, the token included. Raises BadRequest
    without a token, or with one that somebody else has used.
    """
    token = _token(request)
    with transaction.atomic():
        Submission.objects.bulk_create(
            [Submission(author=request.user, token=token, result_url="")], ignore_conflicts=True
        )
        mine = Submission.objects.select_for_update().filter(token=token, author=request.user)
        if not mine.first():
            raise BadRequest("The form belongs to somebody else.")
        submission, is_new = Submission.objects.get_or_create(
            token=_effect(request, token), defaults={"author": request.user, "result_url": ""}
        )
        if is_new:
            submission.result_url = act()
            submission.save(update_fields=["result_url"])
    return HttpResponseRedirect(submission.result_url)


def repeated(request: AuthedRequest) -> HttpResponseRedirect | None:
    """Where this very form led when it had its effect; None when it has had none.

    For a view that no longer finds its record once the form has had its effect.
    """
    try:
        token = _token(request)
    except BadRequest:
        return None
    done = Submission.objects.filter(token=_effect(request, token), author=request.user)
    submission = done.exclude(result_url="").first()
    return HttpResponseRedirect(submission.result_url) if submission else None


def author_mark(author: User) -> str:
    """For a hidden field: whose page the form stands on, which nobody else can make."""
    return _AUTHOR.sign(str(author.pk))


def is_marked_for(mark: str, person: User) -> bool:
    try:
        return _AUTHOR.unsign(mark) == str(person.pk)
    except BadSignature:
        return False


def _token(request: AuthedRequest) -> UUID:
    try:
        return UUID(request.POST.get("form_token", ""))
    except ValueError:
        raise BadRequest("The form carried no token.") from None


def _effect(request: AuthedRequest, token: UUID) -> UUID:
    """Names what is sent, not only the page it is sent from: who goes back in the browser and
    changes the text has written something new, which must not be taken for a repetition. A line
    break is one however it comes: on its way through another page it may take another shape."""
    content = sorted(
        (name, [value.replace("\r\n", "\n") for value in values])
        for name, values in request.POST.lists()
        if name not in NOT_CONTENT
    )
    return uuid5(token, repr((request.path, content)))
