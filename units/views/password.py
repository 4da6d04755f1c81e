"""The first password of a new account, which its owner sets through a link handed over by HR."""

from typing import Any

from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods

from units.actions import awaits_first_password
from units.models import User


@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class FirstPasswordView(PasswordResetConfirmView):
    """Never for an account that already has a password: nobody takes one over this way."""

    template_name = "registration/password_first.html"
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user and awaits_first_password(user) else None

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        # Two may hold the link: the second to send finds it used.
        person = User.objects.select_for_update().get(pk=form.user.pk)
        token = self.request.session.pop(INTERNAL_RESET_SESSION_TOKEN, None)
        if not (awaits_first_password(person) and self.token_generator.check_token(person, token)):
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        person.set_password(form.cleaned_data["new_password1"])
        person.save(update_fields=["password"])
        return HttpResponseRedirect(self.get_success_url())
