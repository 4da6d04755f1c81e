"""Steps that HR takes with one object: begin, publish, copy, correct, discard. Each is a page of
its own that says what will happen, and happens once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, OperationalError, models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from units.actions import OrganisationError
from units.admin_base import ScopedAdmin, once_or_again, words_for
from units.admin_forms import RemembersRevision, stamp_of
from units.models import Unit, User
from units.revisions import ComparedField, StaleRevisionError


def change_page(obj: models.Model) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def said_published(at: datetime | None) -> str:
    """When it was published, as the reader says a day and an hour, or that it is being written."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else _("Being written")


class StepForm(RemembersRevision, forms.Form):
    """One step with one object. Valid only inside a transaction: it holds the object."""

    title: ClassVar[Any]
    label: ClassVar[Any] = ""  # on the way to the page, where the title is too long for it
    explanation: ClassVar[Any]
    button: ClassVar[Any]
    required_css_class = "required"
    revision = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, obj: Any, by: User, units: Any, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.obj, self.by = obj, by
        self.remember(obj)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.queryset.model is Unit:
                field.queryset = units

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        rows = type(self.obj)._base_manager.select_for_update(of=("self",))
        current = rows.filter(pk=self.obj.pk).first()
        if current is None:
            raise ValidationError(_("Somebody has just discarded this. There is nothing to do."))
        if self.data.get("revision") != stamp_of(current):
            self.data = self.data.copy()
            self.data["revision"] = stamp_of(current)
            raise ValidationError(
                _(
                    "Somebody has changed this since you opened the page. Read it again, then "
                    "decide."
                )
            )
        self.obj = current
        return cleaned

    def carry_out(self) -> tuple[str, models.Model | None]:
        """Take the step; what to tell, and whose page to show, the list's when nobody's. Raises
        NotReadyError."""
        raise NotImplementedError


class StepsAdmin(ScopedAdmin):
    """A register whose objects are taken from step to step. `steps` names the pages."""

    class Media:
        css = {"all": ["css/admin_talks.css"]}

    steps: ClassVar[dict[str, type[StepForm]]] = {}

    def may_take(self, user: User, obj: Any, step: str) -> bool:
        """Whether the step is this user's to take, whatever the object's state."""
        return False

    def is_offered(self, obj: Any, step: str) -> bool:
        """Whether the state of the object lets the step be taken."""
        return True

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<path:object_id>/{step}/",
                self.admin_site.admin_view(self._step_view(step)),
                name=self._route(step),
            )
            for step in self.steps
        ]
        return [*pages, *super().get_urls()]

    def tools(self, request: HttpRequest, obj: Any) -> list[tuple[str, str]]:
        """Addresses and names of what can be done with the object beside saving it."""
        return [
            (reverse(f"admin:{self._route(step)}", args=[obj.pk]), form.label or form.title)
            for step, form in self.steps.items()
            if self.is_offered(obj, step) and self.may_take(request.user, obj, step)
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context["tools"] = self.tools(request, obj)
            _compare_rows(context)
        return super().render_change_form(request, context, *args, **kwargs)

    def _route(self, step: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{step}"

    def _step_view(self, step: str) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            obj = self.get_object(request, unquote(object_id))
            if obj is None:
                raise Http404
            if not self.may_take(request.user, obj, step):
                raise PermissionDenied
            form = self.steps[step](
                request.POST if request.method == "POST" else None,
                obj=obj,
                by=request.user,
                units=admin.site.get_model_admin(Unit).get_queryset(request),
            )
            if request.method == "POST":
                return once_or_again(request, lambda: self._take(request, obj, form))
            return self._step_page(request, obj, form)

        return view

    def _take(self, request: HttpRequest, obj: Any, form: StepForm) -> HttpResponse:
        try:
            # What fails in the database is undone, and the page still reads from it.
            with transaction.atomic():
                done = form.carry_out() if form.is_valid() else None
        except (IntegrityError, OperationalError, OrganisationError) as error:
            form.add_error(None, words_for(error))
            done = None
        except StaleRevisionError:
            form.add_error(None, _("Somebody has changed this meanwhile. Open the page again."))
            done = None
        if done is None:
            return self._step_page(request, obj, form)
        told, shown = done
        self.log_change(request, obj, told)
        messages.success(request, told)
        the_list = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return HttpResponseRedirect(change_page(shown) if shown else reverse(the_list))

    def _step_page(self, request: HttpRequest, obj: Any, form: StepForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "back": change_page(obj),
            "title": form.title,
            "subtitle": str(obj),
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/dialogues/step.html", context)


class RowsInline(admin.StackedInline):
    """Rows of an object that is written until it is published: open as long as the object is."""

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        register = admin.site.get_model_admin(self.parent_model)
        return obj is not None and register.has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        register = admin.site.get_model_admin(self.parent_model)
        return register.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        # Without scripts the page still has a place for one more.
        return 1 if self._may(request, obj) else 0


class NumberedForm(forms.ModelForm):
    """A row with a place among others. Left empty, the place is the last; the register numbers the
    rows anew when it has saved them all."""

    place: ClassVar[str]
    LAST: ClassVar[int] = 32_000

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.place in self.fields:
            self.fields[self.place].required = False
            self.fields[self.place].help_text = _("Empty: last.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get(self.place) is None and self.place not in self.errors:
            cleaned[self.place] = self.LAST
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # Two may have the same number until all are numbered anew.
        return {*super()._get_validation_exclusions(), self.place}


def _compare_rows(context: dict[str, Any]) -> None:
    """Beside the conflict of the object's own fields, that of its rows."""
    form = context["adminform"].form
    if not any(error.code == "stale" for error in form.non_field_errors().as_data()):
        return
    compared = []
    for inline in context["inline_admin_formsets"]:
        for row in inline.formset.initial_forms:
            for name in row.changed_data:
                if name not in row.fields:
                    continue
                field = row.fields[name]
                compared.append(
                    ComparedField(
                        f"{row.instance}: {field.label}",
                        _shown(row, name),
                        _shown_stored(row, name),
                    )
                )
    form.conflict = [each for each in form.conflict if each.changed] + compared


def _shown(row: forms.ModelForm, name: str) -> str:
    return _label(row, name, row.data.get(row.add_prefix(name), ""))


def _shown_stored(row: forms.ModelForm, name: str) -> str:
    return _label(row, name, row.initial.get(name, ""))


def _label(row: forms.ModelForm, name: str, value: Any) -> str:
    field = row.fields[name]
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))
    return str(value)
