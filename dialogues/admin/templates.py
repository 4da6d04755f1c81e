"""Talk templates and their versions: HR keeps its own, looks at the city's, and copies them."""

# The stubs know less of an admin than there is: see the overrides in pyproject.toml.

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogues import rules
from dialogues.actions.templates import (
    begin_version,
    copy_template,
    discard_version,
    new_code,
    publish_version,
    renumber_sections,
)
from dialogues.admin.base import (
    NumberedForm,
    RowsInline,
    StepForm,
    StepsAdmin,
    change_page,
    said_published,
)
from dialogues.models import Section, TalkTemplate, TemplateVersion
from units.admin_base import BoardFilter, RelatedRow, RelatedRows, units_within_reach
from units.admin_forms import ScopedForm, unit_field
from units.models import Role, Unit, User
from units.sorting import swedish_order


def _check_may_keep(user: User, unit: Unit | None) -> None:
    if rules.can_keep_templates_of(user, unit):
        return
    if unit is None:
        raise ValidationError(
            {"unit": _("Choose a unit. Only HR of the city keeps templates for the whole city.")}
        )
    raise ValidationError({"unit": _("Choose a unit that you look after as HR.")})


def _own_board(user: User) -> Unit | None:
    """Where the person is HR, if that is one place only."""
    held = [unit for role, unit in user.roles_today if role == Role.HR]
    return Unit.objects.filter(pk=held[0]).first() if len(held) == 1 else None


class TemplateForm(ScopedForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "unit" in self.fields and not self.instance.pk:
            self.fields["unit"].initial = _own_board(self.request.user)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "unit" in self.fields and "unit" not in self.errors:
            _check_may_keep(self.request.user, cleaned.get("unit"))
        return cleaned


# --- Steps -------------------------------------------------------------------------------------


class BeginVersionForm(StepForm):
    title = gettext_lazy("Begin a new version")
    explanation = gettext_lazy(
        "You get a copy of the latest version to write in. Nothing changes for anybody until you "
        "publish it: new talks ask what the latest published version asks."
    )
    button = gettext_lazy("Begin a new version")

    def carry_out(self) -> tuple[str, TemplateVersion]:
        version = begin_version(template=self.obj)
        return _("You can now write version {number}.").format(number=version.number), version


class CopyTemplateForm(StepForm):
    title = gettext_lazy("Copy to my board")
    explanation = gettext_lazy(
        "You get a template of your own with the same sections. Change what you wish, then publish "
        "it. The one that you copy stays as it is, and your copy does not follow its changes."
    )
    button = gettext_lazy("Copy")
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("In Swedish.")
    )
    unit = unit_field(
        TalkTemplate._meta.get_field("unit"), label=gettext_lazy("For"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = self.obj.name
        self.fields["unit"].initial = _own_board(self.by)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "unit" not in self.errors:
            _check_may_keep(self.by, cleaned.get("unit"))
        return cleaned

    def carry_out(self) -> tuple[str, TemplateVersion]:
        copy = copy_template(
            template=self.obj, unit=self.cleaned_data["unit"], name=self.cleaned_data["name"]
        )
        told = _("{name} is yours to write in. It is offered once you have published it.")
        return told.format(name=copy.name), copy.versions.get()


class PublishVersionForm(StepForm):
    title = gettext_lazy("Publish")
    explanation = gettext_lazy(
        "Talks that are begun from now on ask what this version asks. Talks that have been begun "
        "keep the version that they have. A published version is never changed: whoever wants it "
        "otherwise begins a new one."
    )
    button = gettext_lazy("Publish the version")

    def carry_out(self) -> tuple[str, TemplateVersion]:
        version = publish_version(version=self.obj, revision=self.obj.revision, by=self.by)
        told = _("Version {number} is published from {day}.").format(
            number=version.number, day=date_format(timezone.localdate())
        )
        return told, version


class DiscardVersionForm(StepForm):
    title = gettext_lazy("Discard")
    explanation = gettext_lazy(
        "What has been written in this version is thrown away. The published version stays."
    )
    button = gettext_lazy("Discard the version")

    def carry_out(self) -> tuple[str, TalkTemplate]:
        template, number = self.obj.template, self.obj.number
        discard_version(version=self.obj, revision=self.obj.revision)
        return _("Version {number} is discarded.").format(number=number), template


# --- Registers ---------------------------------------------------------------------------------


def _state_of(version: TemplateVersion) -> str:
    if version.published_at is None:
        return _("Being written")
    day = timezone.localtime(version.published_at)
    return _("Published {day}").format(day=date_format(day, "DATE_FORMAT"))


@admin.register(TalkTemplate)
class TalkTemplateAdmin(StepsAdmin):
    form = TemplateForm
    list_display = ("shown_name", "kind", "audience", "shown_unit", "is_in_use", "is_ready")
    list_filter = ("kind", "audience", BoardFilter)
    search_fields = ("name", "name_en")
    list_select_related = ("unit",)
    ordering = ("kind", swedish_order("name"), "pk")
    autocomplete_fields = ("unit",)
    steps = {"begin": BeginVersionForm, "copy": CopyTemplateForm}

    def within_reach(self, user: User) -> "QuerySet[TalkTemplate]":
        """Its own and the city's; what another board has made is that board's."""
        published = TemplateVersion.objects.filter(
            template=OuterRef("pk"), published_at__isnull=False
        )
        reached = units_within_reach(user).values("pk")
        return (
            TalkTemplate.objects.filter(Q(unit=None) | Q(unit__in=reached))
            .annotate(is_published=Exists(published))
            .select_related("unit")
        )

    def may_add(self, user: User) -> bool:
        return user.has_role(Role.HR)

    def may_change(self, user: User, obj: TalkTemplate) -> bool:
        return rules.can_keep_templates_of(user, obj.unit)

    def may_take(self, user: User, obj: TalkTemplate, step: str) -> bool:
        return self.may_add(user) if step == "copy" else self.may_change(user, obj)

    def is_offered(self, obj: TalkTemplate, step: str) -> bool:
        return step == "copy" or not obj.versions.filter(published_at=None).exists()

    def related(self, user: User, obj: TalkTemplate) -> list[RelatedRows]:
        versions = obj.versions.order_by("-number")
        return [
            RelatedRows(
                title=_("versions"),
                headings=[_("version"), _("state")],
                rows=[
                    RelatedRow(
                        cells=[
                            _("Version {number}").format(number=version.number),
                            _state_of(version),
                        ],
                        url=change_page(version),
                    )
                    for version in versions
                ],
            )
        ]

    @admin.display(description=gettext_lazy("name"), ordering=swedish_order("name"))
    def shown_name(self, template: TalkTemplate) -> str:
        return template.title

    @admin.display(description=gettext_lazy("for"))
    def shown_unit(self, template: TalkTemplate) -> str:
        return str(template.unit) if template.unit else _("The whole city")

    @admin.display(description=gettext_lazy("published"), boolean=True)
    def is_ready(self, template: Any) -> bool:
        return bool(template.is_published)

    def get_fields(self, request: HttpRequest, obj: TalkTemplate | None = None) -> Any:
        if obj is None:
            return ("name", "name_en", "kind", "audience", "unit")
        return ("name", "name_en", "is_in_use", "kind", "audience", "shown_unit")

    def get_readonly_fields(self, request: HttpRequest, obj: TalkTemplate | None = None) -> Any:
        # Rounds and talks have been begun with the template as what it is.
        return () if obj is None else ("kind", "audience", "shown_unit")

    def save_model(self, request: HttpRequest, obj: TalkTemplate, form: Any, change: bool) -> None:
        if not change:
            obj.code = new_code(obj.name)
        super().save_model(request, obj, form, change)
        if not change:
            begin_version(template=obj)

    def response_add(
        self, request: HttpRequest, obj: TalkTemplate, post_url_continue: str | None = None
    ) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(change_page(obj.versions.get()))


class SectionForm(NumberedForm):
    place = "order"

    class Meta:
        widgets = {
            "help_text": AdminTextareaWidget(attrs={"rows": 7}),
            "help_text_en": AdminTextareaWidget(attrs={"rows": 7}),
        }


class SectionInline(RowsInline):
    model = Section
    form = SectionForm
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "order",
                    ("heading", "heading_en"),
                    ("help_text", "help_text_en"),
                    ("owner", "visibility", "shows"),
                )
            },
        ),
    )


@dataclass(frozen=True)
class ShownSection:
    """A section as the preview shows it, in the language that was asked for."""

    heading: str
    help: str
    section: Section

    @property
    def writer(self) -> str:
        """Who writes it in the record, where the two sit together."""
        alone = {Section.Owner.EMPLOYEE, Section.Owner.MANAGER}
        owner = self.section.owner if self.section.owner in alone else Section.Owner.JOINT
        return str(Section.Owner(owner).label)


class TemplatePathFilter(BoardFilter):
    unit_path = "template__unit"


@admin.register(TemplateVersion)
class TemplateVersionAdmin(StepsAdmin):
    """Reached from its template. Written until it is published; then it is for reading."""

    list_display = ("template", "number", "shown_published_at")
    list_filter = (TemplatePathFilter,)
    search_fields = ("template__name",)
    list_select_related = ("template",)
    ordering = (swedish_order("template__name"), "-number", "pk")
    fields = ("template", "number", "shown_published_at")
    readonly_fields = fields
    inlines = (SectionInline,)
    steps = {"publish": PublishVersionForm, "discard": DiscardVersionForm}

    def within_reach(self, user: User) -> "QuerySet[TemplateVersion]":
        reached = units_within_reach(user).values("pk")
        return TemplateVersion.objects.filter(
            Q(template__unit=None) | Q(template__unit__in=reached)
        ).select_related("template__unit")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False  # it would stand in the index beside its template

    def may_change(self, user: User, obj: TemplateVersion) -> bool:
        return not obj.is_published and rules.can_keep_templates_of(user, obj.template.unit)

    def may_take(self, user: User, obj: TemplateVersion, step: str) -> bool:
        return rules.can_keep_templates_of(user, obj.template.unit)

    def is_offered(self, obj: TemplateVersion, step: str) -> bool:
        if step == "discard" and obj.number == 1:
            return False  # the template would be left with nothing
        return not obj.is_published

    def tools(self, request: HttpRequest, obj: TemplateVersion) -> list[tuple[str, str]]:
        preview = reverse("admin:dialogues_templateversion_preview", args=[obj.pk])
        return [(preview, _("Preview")), *super().tools(request, obj)]

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def shown_published_at(self, version: TemplateVersion) -> str:
        return said_published(version.published_at)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        renumber_sections(form.instance)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(change_page(obj.template))

    # --- Preview ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        preview = path(
            "<path:object_id>/preview/",
            self.admin_site.admin_view(self.preview_view),
            name="dialogues_templateversion_preview",
        )
        return [preview, *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The version as the two will see it, in Swedish or English."""
        version = self.get_object(request, unquote(object_id))
        if version is None:
            raise Http404
        english = request.GET.get("language") == "en"
        shown = [_in_language(section, english=english) for section in version.sections.all()]
        template = version.template
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": version,
            "back": change_page(version),
            "title": _("Preview"),
            "subtitle": str(version),
            "name": template.name_en if english and template.name_en else template.name,
            "state": _state_of(version),
            "english": english,
            "before": [
                (
                    _("The employee writes before the talk"),
                    [each for each in shown if each.section.is_prepared_by_employee()],
                ),
                (
                    _("The manager writes before the talk"),
                    [each for each in shown if each.section.is_prepared_by_manager()],
                ),
            ],
            "record": [each for each in shown if not each.section.is_own_notes],
        }
        return TemplateResponse(request, "admin/dialogues/preview.html", context)


def _in_language(section: Section, *, english: bool) -> ShownSection:
    heading, help_text = section.heading, section.help_text
    if english:
        heading = section.heading_en or heading
        help_text = section.help_text_en or help_text
    return ShownSection(heading, help_text, section)
