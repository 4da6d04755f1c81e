"""The follow-up: what a unit says of a period, how it was handed in, and what came back."""

from datetime import date
from typing import Self

import pghistory
import pgtrigger
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from goals.models.activity import Activity
from goals.models.goal import COUNTS_UP, Goal
from goals.models.plan import Period
from units.models import Role, Unit, User

FOR_EVER = pgtrigger.Protect(name="is_for_ever", operation=pgtrigger.Update | pgtrigger.Delete)


class Judgement(models.TextChoices):
    """How a goal is met (måluppfyllelse), and how an indicator's annual target is."""

    FULL = "FULL", _("Fully")
    PARTIAL = "PARTIAL", _("Partly")
    NOT = "NOT", _("Not")


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """What was ever handed in is open to everyone, in the words it was handed in; what is
        being written, to those who answer for the unit."""
        answered_for = Unit.objects.in_scope_of(user, Role.MANAGER, Role.CONTROLLER, day=day)
        return self.filter(Q(version_number__gt=0) | Q(unit__in=answered_for))

    def submitted(self) -> Self:
        return self.filter(version_number__gt=0)

    def with_place(self) -> Self:
        return self.select_related("unit", "period__plan_year__unit")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Report(models.Model):
    """A unit's plan or follow-up for one period. Its rows (values, assessments, notes) hold what
    is being written; its versions hold what was handed in."""

    class Status(models.TextChoices):
        BEGUN = "BEGUN", _("Begun")
        SUBMITTED = "SUBMITTED", _("Handed in")
        RETURNED = "RETURNED", _("Returned")
        ACCEPTED = "ACCEPTED", _("Accepted")
        CORRECTING = "CORRECTING", _("Being corrected")

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="reports", verbose_name=_("unit"))
    period = models.ForeignKey(
        Period, models.PROTECT, related_name="reports", verbose_name=_("period")
    )
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.BEGUN)
    summary = models.TextField(_("summary"), max_length=6000, blank=True)
    version_number = models.PositiveSmallIntegerField(default=0, editable=False)
    correction_reason = models.TextField(_("why it is corrected"), max_length=1000, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes = [models.Index(fields=["period", "status"], name="report_of_period")]
        constraints = [
            models.UniqueConstraint(fields=["unit", "period"], name="report_once"),
            models.CheckConstraint(
                name="report_status_is_known",
                condition=Q(
                    status__in=["BEGUN", "SUBMITTED", "RETURNED", "ACCEPTED", "CORRECTING"]
                ),
            ),
            models.CheckConstraint(
                name="report_handed_in_has_a_version",
                condition=Q(status="BEGUN", version_number=0)
                | Q(status="CORRECTING")
                | Q(status__in=["SUBMITTED", "RETURNED", "ACCEPTED"], version_number__gte=1),
            ),
            models.CheckConstraint(
                name="report_correction_has_reason",
                condition=~Q(status="CORRECTING") | ~Q(correction_reason=""),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.unit}, {self.period}"

    def get_absolute_url(self) -> str:
        return reverse("goals:report", args=[self.unit_id, self.period_id])

    @property
    def is_being_written(self) -> bool:
        return self.status in {self.Status.BEGUN, self.Status.RETURNED, self.Status.CORRECTING}


class ReportVersion(models.Model):
    """What was handed in, as typed data (`goals.snapshots`): written once, never changed."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    schema = models.PositiveSmallIntegerField()
    snapshot = models.JSONField()
    reason = models.TextField(_("why it is corrected"), blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("version of a report")
        verbose_name_plural = _("versions of reports")
        constraints = [
            models.UniqueConstraint(
                fields=["report", "number"], name="report_version_numbered_once"
            )
        ]
        triggers = [FOR_EVER]

    def __str__(self) -> str:
        return f"{self.report_id}.{self.number}"


class ReportStep(models.Model):
    """Who took the report from one state to the next, when, and with which words."""

    class Kind(models.TextChoices):
        SUBMITTED = "SUBMITTED", _("Handed in")
        RETURNED = "RETURNED", _("Returned")
        ACCEPTED = "ACCEPTED", _("Accepted")
        CORRECTION = "CORRECTION", _("Correction begun")

    report = models.ForeignKey(Report, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind)
    version_number = models.PositiveSmallIntegerField()
    comment = models.TextField(_("comment"), blank=True)
    taken_at = models.DateTimeField(default=timezone.now)
    taken_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="report_step_kind_is_known",
                condition=Q(kind__in=["SUBMITTED", "RETURNED", "ACCEPTED", "CORRECTION"]),
            ),
            models.CheckConstraint(
                name="report_step_back_has_words",
                condition=~Q(kind__in=["RETURNED", "CORRECTION"]) | ~Q(comment=""),
            ),
        ]
        triggers = [FOR_EVER]

    def __str__(self) -> str:
        return f"{self.report_id} {self.kind}"


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def submitted(self) -> Self:
        return self.filter(submitted_at__isnull=False)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Assessment(models.Model):
    """How a goal is met, judged by a person who gives the reason; never computed into place."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="assessments")
    goal = models.ForeignKey(Goal, models.PROTECT, related_name="assessments")
    judgement = models.CharField(
        _("how the goal is met"), max_length=7, choices=Judgement, blank=True
    )
    reason = models.TextField(_("reason"), max_length=4000, blank=True)
    # What the portal suggested when the judgement was made, and why the person sees it otherwise.
    suggestion = models.CharField(max_length=7, choices=Judgement, blank=True, editable=False)
    difference = models.TextField(
        _("why it differs from the suggestion"), max_length=1000, blank=True
    )
    submitted_judgement = models.CharField(max_length=7, choices=Judgement, blank=True)
    submitted_reason = models.TextField(blank=True)
    submitted_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        indexes = [
            models.Index(
                fields=["goal", "submitted_judgement"],
                name="assessment_submitted",
                condition=Q(submitted_at__isnull=False),
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["report", "goal"], name="assessment_once"),
            models.CheckConstraint(
                name="assessment_judgements_are_known",
                condition=Q(
                    judgement__in=["", "FULL", "PARTIAL", "NOT"],
                    suggestion__in=["", "FULL", "PARTIAL", "NOT"],
                    submitted_judgement__in=["", "FULL", "PARTIAL", "NOT"],
                ),
            ),
            models.CheckConstraint(
                name="assessment_submitted_at_a_time",
                condition=Q(submitted_at__isnull=False) | Q(submitted_judgement=""),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.report_id} {self.goal_id}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AnalysisMethod(models.Model):
    """A way to look for the cause that a board has added to the portal's own."""

    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="analysis_methods", verbose_name=_("belongs to")
    )
    name = models.CharField(_("name"), max_length=80)
    help_text = models.TextField(_("when and how one uses it"), max_length=1000)
    prompts = models.TextField(
        _("questions to answer"), max_length=2000, blank=True, help_text=_("One to a line.")
    )
    is_in_use = models.BooleanField(_("can be chosen"), default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = models.Manager["AnalysisMethod"]()

    class Meta:
        verbose_name = _("method of analysis")
        verbose_name_plural = _("methods of analysis")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "name"],
                name="analysis_method_named_once",
                violation_error_message=_("There is a method with this name already."),
            )
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Analysis(models.Model):
    """Why it went as it did, step by step (the quality programme's analysmetoder)."""

    class Method(models.TextChoices):
        FIVE_WHYS = "FIVE_WHYS", _("Five whys")
        FISHBONE = "FISHBONE", _("Fishbone")
        BEFORE_AND_AFTER = "BEFORE_AND_AFTER", _("What changed, and when")
        COMPARISON = "COMPARISON", _("Beside those who succeed")
        OWN = "OWN", _("The board's own method")

    report = models.ForeignKey(Report, models.PROTECT, related_name="analyses")
    goal = models.ForeignKey(Goal, models.PROTECT, related_name="analyses")
    deviation = models.TextField(
        _("what was the result, and how does it deviate?"), max_length=4000, blank=True
    )
    pattern = models.TextField(
        _("how does it look over time, between groups and beside similar units?"),
        max_length=4000,
        blank=True,
    )
    method = models.CharField(_("method"), max_length=16, choices=Method, blank=True)
    own_method = models.ForeignKey(
        AnalysisMethod, models.PROTECT, null=True, blank=True, related_name="+"
    )
    cause = models.TextField(_("what is the cause?"), max_length=6000, blank=True)
    lesson = models.TextField(_("what did we learn?"), max_length=4000, blank=True)
    decision = models.TextField(_("what do we decide?"), max_length=4000, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("analysis")
        verbose_name_plural = _("analyses")
        constraints = [
            models.UniqueConstraint(fields=["report", "goal"], name="analysis_once"),
            models.CheckConstraint(
                name="analysis_own_method_is_named",
                condition=Q(method="OWN", own_method__isnull=False)
                | (~Q(method="OWN") & Q(own_method__isnull=True)),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.report_id} {self.goal_id}"

    @property
    def is_begun(self) -> bool:
        return any([self.deviation, self.pattern, self.cause, self.lesson, self.decision])


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ActivityNote(models.Model):
    """What a report says of an activity."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="activity_notes")
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="notes")
    state = models.CharField(_("state"), max_length=9, choices=Activity.State)
    text = models.TextField(_("how it goes"), max_length=2000, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "activity"], name="activity_note_once"),
            models.CheckConstraint(
                name="activity_note_state_is_known",
                condition=Q(state__in=["NOT_BEGUN", "BEGUN", "DONE", "DEVIATES", "STOPPED"]),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.report_id} {self.activity_id}"


class NeedQuerySet(models.QuerySet["Need"]):
    def submitted(self) -> Self:
        return self.filter(submitted_at__isnull=False)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Need(models.Model):
    """Something that a unit needs in order to develop (utvecklingsbehov), for the level above."""

    class Theme(models.TextChoices):
        COMPETENCE = "COMPETENCE", _("Competence")
        STAFFING = "STAFFING", _("Staffing")
        METHODS = "METHODS", _("Working methods")
        LEADERSHIP = "LEADERSHIP", _("Leadership and participation")
        DIGITAL = "DIGITAL", _("Digital tools")
        PREMISES = "PREMISES", _("Premises and equipment")
        COOPERATION = "COOPERATION", _("Cooperation with others")
        OTHER = "OTHER", _("Other")

    report = models.ForeignKey(Report, models.PROTECT, related_name="needs")
    goal = models.ForeignKey(
        Goal, models.PROTECT, null=True, blank=True, related_name="needs", verbose_name=_("goal")
    )
    theme = models.CharField(_("theme"), max_length=11, choices=Theme)
    text = models.TextField(_("what the unit needs"), max_length=1000)
    submitted_at = models.DateTimeField(null=True, editable=False)
    # Taken away while being corrected: told as before until the report is handed in anew.
    is_dropped = models.BooleanField(default=False, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("need for development")
        verbose_name_plural = _("needs for development")
        constraints = [
            models.CheckConstraint(name="need_has_words", condition=~Q(text="")),
            models.CheckConstraint(
                name="need_theme_is_known",
                condition=Q(
                    theme__in=[
                        "COMPETENCE",
                        "STAFFING",
                        "METHODS",
                        "LEADERSHIP",
                        "DIGITAL",
                        "PREMISES",
                        "COOPERATION",
                        "OTHER",
                    ]
                ),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return self.text


class Reminder(models.Model):
    """One message to those who are late."""

    period = models.ForeignKey(Period, models.PROTECT, related_name="reminders")
    text = models.TextField(_("message"), max_length=2000)
    sent_at = models.DateTimeField(default=timezone.now)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return str(self.pk)


class ReminderRecipient(models.Model):
    """Whom a reminder went to, and for which unit."""

    reminder = models.ForeignKey(Reminder, models.CASCADE, related_name="recipients")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reminder", "unit", "person"], name="reminder_recipient_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id} {self.person_id}"


class DocumentBuildQuerySet(models.QuerySet["DocumentBuild"]):
    def readable(self) -> Self:
        """Those that are ready and name nobody whose identity has been protected since."""
        protected = User.objects.filter(has_protected_identity=True).order_by().values("pk")
        ready = self.filter(state=DocumentBuild.State.READY)
        return ready.exclude(named__overlap=ArraySubquery(protected))


class DocumentBuild(models.Model):
    """A board's document being put together, and then the document. `done` of `total` units."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        RUNNING = "RUNNING", _("Being put together")
        READY = "READY", _("Ready")
        FAILED = "FAILED", _("Could not be put together")

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    period = models.ForeignKey(Period, models.PROTECT, related_name="document_builds")
    language = models.CharField(max_length=2, choices=User.Language, default=User.Language.SWEDISH)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    seen_alive_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    pdf = models.BinaryField(null=True)
    docx = models.BinaryField(null=True)
    # The keys of those whose names stand in it.
    named = ArrayField(models.BigIntegerField(), default=list)

    objects = DocumentBuildQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="document_build_state_is_known",
                condition=Q(state__in=["WAITING", "RUNNING", "READY", "FAILED"]),
            ),
            models.CheckConstraint(
                name="document_build_ready_holds_both",
                condition=~Q(state="READY")
                | Q(ready_at__isnull=False, pdf__isnull=False, docx__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.period_id}"

    def get_absolute_url(self) -> str:
        return reverse("goals:document_build", args=[self.pk])
