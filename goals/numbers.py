"""Numbers as people write them."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_MINUS = str.maketrans("−–", "--")  # as a word processor writes it
# 1 234,5 and 1234.5, but neither 12 5 nor 1e5; a point before exactly three digits may mean
# thousands as well as a fraction.
_NUMBER = re.compile(r"[+-]?\s*(\d+|\d{1,3}(\s\d{3})+)?([.,]\d*)?\s*%?")
_TWO_MEANINGS = re.compile(r"[+-]?\s*[1-9]\d{0,2}\.\d{3}\s*%?")


def decimals_in(number: Decimal) -> int:
    """How many decimals it takes to write the number in full."""
    return max(0, -int(number.normalize().as_tuple().exponent))


_SPACES = re.compile(r"\s")


class NumberField(forms.DecimalField):
    """A number with comma or point, pasted with its spaces, its minus sign or its per cent sign.

    What could mean two things, such as 1.200, is asked about and never guessed.
    """

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Write a number, such as 12 or 12,5."),
        "two_meanings": _("Write it with a comma (1,2) or without the point (1200)."),
        "max_decimal_places": _("At most four decimals can be kept."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 18, "decimal_places": 4, "required": False, **kwargs})
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip().translate(_MINUS)
            if _TWO_MEANINGS.fullmatch(value):
                raise ValidationError(self.error_messages["two_meanings"], code="two_meanings")
            if not _NUMBER.fullmatch(value):
                raise ValidationError(self.error_messages["invalid"], code="invalid")
            value = _SPACES.sub("", value).removesuffix("%").replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """Without the zeros that storing it gave it."""
        if not isinstance(value, Decimal):
            return value
        text = f"{value:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(".", ",")
