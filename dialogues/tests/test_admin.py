"""Templates and pay criteria in the administration: by scope, in versions, once."""

from uuid import uuid4

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from dialogues.actions.criteria import correct_criteria
from dialogues.actions.templates import begin_version, copy_template, ship_templates
from dialogues.models import CriteriaSet, Criterion, CriterionStep, TalkTemplate, TemplateVersion
from dialogues.tests.criteria_world import make_criteria

pytestmark = pytest.mark.django_db

YEAR = timezone.localdate().year
MOST_QUERIES = 20


@pytest.fixture
def citys(world):
    ship_templates()
    return TalkTemplate.objects.get(code="stad-medarbetarsamtal")


@pytest.fixture
def own(world, citys):
    return copy_template(template=citys, unit=world.units["board"], name="Vårt samtal")


def page_of(obj, what="change"):
    return reverse(f"admin:dialogues_{obj._meta.model_name}_{what}", args=[obj.pk])


def step(client, obj, what, **fields):
    """Open the page of the step and send what a browser would."""
    url = page_of(obj, what)
    form = client.get(url).context["form"]
    sent = {n: form[n].value() for n in form.fields if form[n].value() is not None}
    return client.post(url, {**sent, **fields, "form_token": str(uuid4())})


def saving(client, url, **changes):
    """What a browser sends from a page of the administration, rows included."""
    page = client.get(url)
    data = {"form_token": str(uuid4())}
    form = page.context["adminform"].form
    data |= {n: form[n].value() for n in form.fields if form[n].value() is not None}
    for inline in page.context["inline_admin_formsets"]:
        formset = inline.formset
        data |= {
            f"{formset.prefix}-{name}": value
            for name, value in formset.management_form.initial.items()
        }
        for row in formset.forms:
            data |= {
                row.add_prefix(name): row[name].value()
                for name in row.fields
                if row[name].value() not in (None, False)
            }
    return {**data, **changes}


# --- Scope -------------------------------------------------------------------------------------


def test_talks_preparations_and_records_are_not_registered():
    registered = {
        model.__name__ for model in admin.site._registry if model._meta.app_label == "dialogues"
    }

    assert registered == {"TalkTemplate", "TemplateVersion", "CriteriaSet", "Criterion"}


CHANGES = {  # of the city's template, and of the board's own: opened, and may be changed
    "hr": ((200, False), (200, True)),
    "city_hr": ((200, True), (404, None)),
    "other_hr": ((200, False), (404, None)),
    "administrator": ((200, False), (200, False)),
    "manager": ((403, None), (403, None)),
    "employee": ((403, None), (403, None)),
    "controller": ((403, None), (403, None)),
    "representative": ((403, None), (403, None)),
}


@pytest.mark.parametrize("who", CHANGES)
def test_each_board_keeps_its_own_templates_and_looks_at_the_citys(
    world, as_persona, citys, own, who
):
    client = as_persona(who)

    for template, (status, may_change) in zip((citys, own), CHANGES[who], strict=True):
        for obj in (template, template.versions.get()):
            assert client.get(page_of(obj)).status_code == status
            assert client.get(page_of(obj, "history")).status_code == status
        page = client.get(page_of(template))
        if status == 200:
            assert page.context["has_change_permission"] is may_change
            offered = [url for url, _label in page.context["tools"]]
            assert (page_of(template, "begin") in offered) is (may_change and template == citys)
        preview = client.get(page_of(template.versions.get(), "preview"))
        assert preview.status_code == status


@pytest.mark.parametrize("what", ["publish", "discard"])
@pytest.mark.parametrize("who", ["other_hr", "city_hr", "administrator", "manager", "employee"])
def test_nobody_else_takes_a_step_with_a_boards_version(world, as_persona, own, who, what):
    client = as_persona(who)
    version = own.versions.get()
    url = page_of(version, what)

    assert client.get(url).status_code in {403, 404}
    sent = {"form_token": str(uuid4()), "revision": f"{version.pk}.1"}
    assert client.post(url, sent).status_code in {403, 404}
    version.refresh_from_db()
    assert not version.is_published


@pytest.mark.parametrize(
    ("who", "change", "take"),
    [
        ("hr", 200, 200), ("other_hr", 404, 404), ("city_hr", 404, 404),
        ("administrator", 200, 403), ("manager", 403, 403), ("employee", 403, 403),
    ],
)  # fmt: skip
def test_pay_criteria_are_kept_by_hr_of_the_board(world, as_persona, who, change, take):
    made = make_criteria(world.units["unit"], YEAR, published=False)
    client = as_persona(who)

    for obj in (made, made.criteria.get()):
        assert client.get(page_of(obj)).status_code == change
    for what in ("add_criterion", "publish", "copy", "discard"):
        assert client.get(page_of(made, what)).status_code == take
    assert client.get(page_of(made.criteria.get(), "remove")).status_code == take


@pytest.mark.parametrize("model", ["talktemplate", "criteriaset"])
def test_lists_open_to_office_roles_and_only_hr_adds(world, as_persona, model):
    listed, added = (reverse(f"admin:dialogues_{model}_{what}") for what in ("changelist", "add"))

    for who, expected in {
        "hr": (200, 200), "city_hr": (200, 200), "administrator": (200, 403),
        "manager": (403, 403), "employee": (403, 403),
    }.items():  # fmt: skip
        client = as_persona(who)
        assert (client.get(listed).status_code, client.get(added).status_code) == expected, who


def test_nothing_is_deleted_by_the_administrations_own_page(world, as_persona, own):
    made = make_criteria(world.units["unit"], YEAR, published=False)
    client = as_persona("hr")

    for obj in (own, own.versions.get(), made, made.criteria.get()):
        assert client.post(page_of(obj, "delete"), {"post": "yes"}).status_code == 403


# --- Templates ---------------------------------------------------------------------------------


def test_hr_makes_a_template_writes_it_and_publishes_it(world, as_persona):
    client = as_persona("hr")
    add = reverse("admin:dialogues_talktemplate_add")
    data = saving(
        client, add, name="Samtal i grupp", kind="EMPLOYEE", audience="EMPLOYEE",
        unit=world.units["board"].pk,
    )  # fmt: skip

    answer = client.post(add, data)

    template = TalkTemplate.objects.get(name="Samtal i grupp")
    version = template.versions.get()
    assert answer.url == page_of(version)
    rows = {
        "sections-TOTAL_FORMS": 2,
        "sections-0-heading": "Andra",
        "sections-0-owner": "BOTH", "sections-0-visibility": "SHARED", "sections-0-shows": "TEXT",
        "sections-1-heading": "Första", "sections-1-order": 1,
        "sections-1-owner": "JOINT", "sections-1-visibility": "SHARED", "sections-1-shows": "TEXT",
    }  # fmt: skip
    answer = client.post(page_of(version), saving(client, page_of(version), **rows))
    assert answer.url == page_of(template)
    assert [(s.order, s.heading) for s in version.sections.all()] == [(1, "Första"), (2, "Andra")]

    assert step(client, version, "publish").url == page_of(version)
    version.refresh_from_db()
    assert version.published_by == world.people["hr"]
    assert template in TalkTemplate.objects.offered_to(world.units["unit"], "EMPLOYEE")


def test_hr_of_a_board_makes_no_template_for_the_whole_city(world, as_persona, citys):
    client = as_persona("hr")
    before = TalkTemplate.objects.count()
    add = reverse("admin:dialogues_talktemplate_add")

    for unit in ("", world.units["other_board"].pk, world.units["city"].pk):
        data = saving(client, add, name="För alla", kind="NEW", audience="EMPLOYEE", unit=unit)
        assert "unit" in client.post(add, data).context["adminform"].form.errors
        answer = step(client, citys, "copy", unit=unit, name="För alla")
        assert "unit" in answer.context["form"].errors
    assert TalkTemplate.objects.count() == before


def test_a_board_copies_the_citys_template(world, as_persona, citys):
    answer = step(as_persona("hr"), citys, "copy", name="Vårt medarbetarsamtal")

    copy = TalkTemplate.objects.get(name="Vårt medarbetarsamtal")
    assert copy.unit == world.units["board"]
    assert answer.url == page_of(copy.versions.get())


def test_a_published_version_is_for_reading(world, as_persona, citys):
    version = citys.versions.get()
    client = as_persona("city_hr")
    page = client.get(page_of(version))

    assert page.context["has_change_permission"] is False
    assert [url for url, _label in page.context["tools"]] == [page_of(version, "preview")]
    data = {"form_token": str(uuid4()), "sections-TOTAL_FORMS": 0, "sections-INITIAL_FORMS": 0}
    assert client.post(page_of(version), data).status_code == 403
    told = step(client, version, "publish").context["form"].non_field_errors()
    assert "published already" in str(told) or "publicerad" in str(told)


def test_when_it_was_published_is_said_as_people_say_it(world, as_persona, citys):
    version = citys.versions.get()
    at = date_format(timezone.localtime(version.published_at), "DATETIME_FORMAT")
    page = reverse("admin:dialogues_templateversion_change", args=[version.pk])

    assert at in as_persona("hr").get(page).content.decode()


def test_two_who_write_the_same_version_see_what_the_other_wrote(world, as_persona, own):
    version = own.versions.get()
    client = as_persona("hr")
    url = page_of(version)
    mine = saving(client, url, **{"sections-0-heading": "Min rubrik"})
    theirs = saving(client, url, **{"sections-0-heading": "Deras rubrik"})
    assert client.post(url, theirs).status_code == 302

    answer = client.post(url, mine)

    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert [(row.left, row.right) for row in form.conflict] == [("Min rubrik", "Deras rubrik")]
    assert version.sections.first().heading == "Deras rubrik"
    again = {**mine, "revision": form["revision"].value(), "form_token": str(uuid4())}
    assert client.post(url, again).status_code == 302
    assert version.sections.first().heading == "Min rubrik"


def test_publishing_waits_when_somebody_has_written_meanwhile(world, as_persona, own):
    version = own.versions.get()
    client = as_persona("hr")
    url = page_of(version, "publish")
    opened = client.get(url).context["form"]["revision"].value()
    client.post(page_of(version), saving(client, page_of(version)))

    answer = client.post(url, {"revision": opened, "form_token": str(uuid4())})

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not TemplateVersion.objects.get(pk=version.pk).is_published


def test_a_double_click_begins_one_version(world, as_persona, citys):
    client = as_persona("city_hr")
    url = page_of(citys, "begin")
    sent = {
        "revision": client.get(url).context["form"]["revision"].value(),
        "form_token": str(uuid4()),
    }

    assert client.post(url, sent).url == client.post(url, sent).url
    assert citys.versions.count() == 2


def test_the_preview_is_in_swedish_and_in_english(world, as_persona, citys):
    client = as_persona("hr")
    url = page_of(citys.versions.get(), "preview")

    swedish, english = (
        client.get(url, {"language": code}).content.decode() for code in ["sv", "en"]
    )
    assert "Återkoppling till din chef" in swedish
    assert "Feedback to your manager" not in swedish
    assert "Feedback to your manager" in english


def test_a_discarded_version_is_gone(world, as_persona, citys):
    version = begin_version(template=citys)

    assert step(as_persona("city_hr"), version, "discard").url == page_of(citys)
    assert citys.versions.count() == 1


# --- Pay criteria ------------------------------------------------------------------------------


def test_hr_writes_criteria_with_steps_and_publishes_them(world, as_persona):
    client = as_persona("hr")
    add = reverse("admin:dialogues_criteriaset_add")
    client.post(add, saving(client, add, unit=world.units["board"].pk, year=YEAR))
    made = CriteriaSet.objects.get()
    for name in ("Resultat", "Samarbete"):
        step(client, made, "add_criterion", name=name)
    for criterion in made.criteria.all():
        rows = {
            "steps-TOTAL_FORMS": 2,
            "steps-0-name": "På väg", "steps-0-words": "Lär sig arbetet.",
            "steps-1-name": "Framme", "steps-1-words": "Driver arbetet.",
            "order": 1,
        }  # fmt: skip
        answer = client.post(page_of(criterion), saving(client, page_of(criterion), **rows))
        assert answer.url == page_of(made)

    assert [each.name for each in made.criteria.all()] == ["Samarbete", "Resultat"]
    assert list(CriterionStep.objects.values_list("number", flat=True).order_by("pk")) == [
        1, 2, 1, 2,
    ]  # fmt: skip
    assert step(client, made, "publish").url == page_of(made)
    made.refresh_from_db()
    assert made.published_by == world.people["hr"]
    assert client.get(page_of(made.criteria.first())).context["has_change_permission"] is False


def test_hr_writes_no_criteria_for_others(world, as_persona):
    client = as_persona("hr")
    add = reverse("admin:dialogues_criteriaset_add")

    for unit in ("city", "other_board"):
        data = saving(client, add, unit=world.units[unit].pk, year=YEAR)
        assert "unit" in client.post(add, data).context["adminform"].form.errors
    assert not CriteriaSet.objects.exists()


def test_two_sets_for_the_same_group_and_year_are_refused_in_words(world, as_persona):
    make_criteria(world.units["board"], YEAR)
    client = as_persona("hr")
    add = reverse("admin:dialogues_criteriaset_add")

    answer = client.post(add, saving(client, add, unit=world.units["board"].pk, year=YEAR))

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert CriteriaSet.objects.count() == 1


def test_published_criteria_are_corrected_with_a_reason(world, as_persona):
    made = make_criteria(world.units["board"], YEAR)
    client = as_persona("hr")
    assert client.get(page_of(made)).context["has_change_permission"] is False
    assert step(client, made, "correct").context["form"].errors
    step(client, made, "correct", reason="Fel ord i steg två.")

    correction = CriteriaSet.objects.get(number=2)
    assert correction.correction == "Fel ord i steg två."
    assert not correction.is_published
    step(client, correction, "publish")
    assert list(CriteriaSet.objects.in_force()) == [correction]


def test_two_who_write_the_same_criterion_see_what_the_other_wrote(world, as_persona):
    made = make_criteria(world.units["board"], YEAR, published=False)
    criterion = made.criteria.get()
    client = as_persona("hr")
    url = page_of(criterion)
    mine = saving(client, url, **{"steps-0-words": "Mina ord"})
    client.post(url, saving(client, url, **{"steps-0-words": "Deras ord"}))

    answer = client.post(url, mine)

    conflict = answer.context["adminform"].form.conflict
    assert [(row.left, row.right) for row in conflict] == [("Mina ord", "Deras ord")]
    assert criterion.steps.first().words == "Deras ord"


def test_a_criterion_and_a_set_being_written_are_taken_away(world, as_persona):
    made = make_criteria(world.units["board"], YEAR, published=False)
    client = as_persona("hr")

    assert step(client, made.criteria.get(), "remove").url == page_of(made)
    assert not Criterion.objects.exists()
    answer = step(client, made, "discard")
    assert answer.url == reverse("admin:dialogues_criteriaset_changelist")
    assert not CriteriaSet.objects.exists()


def test_the_pages_ask_a_constant_number_of_questions(
    world, as_persona, citys, django_assert_max_num_queries
):
    for number in range(12):
        copy_template(template=citys, unit=world.units["board"], name=f"Mall {number}")
        made = make_criteria(world.units["board"], YEAR + number)
    correction = correct_criteria(criteria_set=made, reason="Fel ord.")
    client = as_persona("hr")
    own = TalkTemplate.objects.get(name="Mall 0")
    urls = [
        reverse("admin:dialogues_talktemplate_changelist"),
        reverse("admin:dialogues_templateversion_changelist"),
        reverse("admin:dialogues_criteriaset_changelist"),
        reverse("admin:dialogues_criterion_changelist"),
        page_of(own), page_of(own.versions.get()), page_of(own.versions.get(), "preview"),
        page_of(correction), page_of(correction.criteria.get()),
    ]  # fmt: skip

    for url in urls:
        with django_assert_max_num_queries(MOST_QUERIES):
            assert client.get(url).status_code == 200
