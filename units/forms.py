from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from units.models import User
from units.signing_in import is_held_off


def _with_short_line_breaks(to_python: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        return to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)

    return convert


# Said by the validator, which fills in the figures.
_TOO_LONG = _(
    "At most %(limit_value)d characters fit here, and the text has %(show_value)d. Shorten it."
)


class LongTexts:
    """For forms with long texts: who pastes too much is told how much, and nothing is cut off.

    A line break is one character, as the browser counts it, though it is sent as two.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.to_python = _with_short_line_breaks(field.to_python)
                field.error_messages["max_length"] = _TOO_LONG
            if isinstance(field.widget, forms.Textarea) and "maxlength" in field.widget.attrs:
                field.widget.attrs["data-limit"] = field.widget.attrs.pop("maxlength")


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _(
            "The account or the password is wrong. Check both and try again. "
            "The password tells capital letters from small ones."
        ),
        "held_off": _(
            "Too many tries have failed. Wait five minutes and try again, "
            "or ask your HR administrator for help."
        ),
        "inactive": _("This account may no longer sign in."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Account name or e-mail address")
        self.fields["username"].max_length = 254
        self.fields["username"].widget.attrs |= {"maxlength": 254, "autocomplete": "username"}
        self.fields["password"].label = _("Password")

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username")
        if self.request and username and is_held_off(self.request, username):
            raise ValidationError(self.error_messages["held_off"], code="held_off")
        return super().clean()


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["language", "appearance"]
        widgets = {"language": forms.RadioSelect, "appearance": forms.RadioSelect}
