"""Numbers as people write them."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

_SPACES = re.compile(r"[\s\u00a0\u202f]")


class NumberField(forms.DecimalField):
    """A number with comma or point, pasted with its spaces, its minus sign or its per cent sign.

    What could mean two things, such as 1.200,5, is asked about and never guessed.
    """

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Write a number, such as 12 or 12,5."),
        "max_decimal_places": _("At most four decimals can be kept."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 18, "decimal_places": 4, "required": False, **kwargs})
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = _SPACES.sub("", value).replace("−", "-").removesuffix("%").replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """Without the zeros that storing it gave it."""
        if not isinstance(value, Decimal):
            return value
        text = f"{value:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(".", ",")
