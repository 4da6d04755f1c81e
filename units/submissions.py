"""One effect per form: a double click, a retry or a lost answer does the thing once."""

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpResponseRedirect

from stockholm_quality.web import AuthedRequest
from units.models import Submission


def once(request: AuthedRequest, act: Callable[[], str]) -> HttpResponseRedirect:
    """Run `act` for the form's token and go to the address it returns.

    A second request with the same token waits for the first and is sent to the same address. When
    `act` raises, nothing is stored, the token included. Raises BadRequest without a token.
    """
    try:
        token = UUID(request.POST.get("form_token", ""))
    except ValueError:
        raise BadRequest("The form carried no token.") from None
    with transaction.atomic():
        claimed = Submission.objects.bulk_create(
            [Submission(author=request.user, token=token, result_url="")], ignore_conflicts=True
        )
        mine = Submission.objects.select_for_update().filter(token=token, author=request.user)
        submission = mine.first()
        if submission is None:
            raise BadRequest("The form belongs to somebody else.")
        del claimed
        if not submission.result_url:
            submission.result_url = act()
            submission.save(update_fields=["result_url"])
    return HttpResponseRedirect(submission.result_url)
