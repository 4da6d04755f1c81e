"""What should never be sent: a clear message or a sane fallback, never an error, nothing stored."""

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues.models import Acknowledgement
from goals.models import Expectation, Goal, GoalContribution, GoalVersion
from stockholm_quality.tests.world import add_goal, scene
from units.models import Employment, User

HUGE = "9" * 5_000  # more digits than Python reads as a number
NUMBERS = ["abc", "-1", "²", "9" * 22, HUGE, "\0", ""]
TEXTS = {
    "empty": "",
    "blank": " \r\n\t ",
    "NUL": "Bar\0nen",
    "long": "å" * 100_000,
}
GOOD_TEXTS = [
    "Barnen 🌻🧵 trivs",
    "Åsa, Älva och Örjan",
    "<script>alert(1)</script> & 'så' \"vidare\"",
]


def forms(world):
    """Who sends what where: every form with fields that are in order but for its token."""
    goal, draft, expectation = world.unit_goal, world.unit_draft, world.expectation
    today = timezone.localdate()
    terms = {
        "expected_result": "Fler lånar böcker",
        "support": "Nya böcker",
        "due_on": f"{world.year}-12-01",
    }
    return {
        "goal new": (
            "manager",
            reverse("goals:new", args=[world.unit.pk]),
            {"title": "Barnen trivs", "expected_result": "Alla", "parent": world.board_goal.pk},
        ),
        "goal edit": (
            "manager",
            reverse("goals:edit", args=[draft.pk]),
            {"title": "Barnen trivs", "parent": world.board_goal.pk, "revision": 1},
        ),
        "goal change": (
            "manager",
            reverse("goals:change", args=[goal.pk]),
            {
                "title": "Barnen trivs",
                "parent": world.board_goal.pk,
                "reason": "Ny plan",
                "decided_on": today,
                "revision": 1,
            },
        ),
        "adopt": (
            "manager",
            reverse("goals:adopt", args=[draft.pk]),
            {"decided_on": today, "reference_number": "1.2-3", "revision": 1},
        ),
        "discard": ("manager", reverse("goals:discard", args=[draft.pk]), {"revision": 1}),
        "give": (
            "manager",
            reverse("dialogues:give", args=[goal.pk]),
            {
                "text": "Läs",
                "sign": "Varje dag",
                **terms,
                "employments": world.employments["colleague"].pk,
            },
        ),
        "expectation edit": (
            "manager",
            reverse("dialogues:expectation_edit", args=[expectation.pk]),
            {"text": "Läs", "sign": "Varje dag", **terms, "goal": goal.pk, "revision": 1},
        ),
        "withdraw": (
            "manager",
            reverse("dialogues:expectation_withdraw", args=[expectation.pk]),
            {"reason": "Bytt uppdrag", "revision": 1},
        ),
        "acknowledge": (
            "employee",
            reverse("dialogues:acknowledge", args=[expectation.pk]),
            {"version": 1, "goal_version": 1},
        ),
        "profile": ("employee", reverse("profile"), {"language": "sv", "appearance": "dark"}),
    }


FORMS = [
    "goal new",
    "goal edit",
    "goal change",
    "adopt",
    "discard",
    "give",
    "expectation edit",
    "withdraw",
    "acknowledge",
    "profile",
]
every_form = pytest.mark.parametrize("form", FORMS)
STORED = [Goal, GoalVersion, GoalContribution, Expectation, Acknowledgement, Employment]


@scene()
def stored():
    """Everything that a form could change, as it is."""
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in STORED}
    people = User.objects.order_by("pk").values()
    rows["User"] = [{**person, "last_login": None} for person in people]
    return rows


def send(client, address, fields):
    answer = client.post(address, {**fields, "form_token": uuid4()})
    assert answer.status_code in {200, 302, 400, 403, 404, 409}, (fields, answer.status_code)
    return answer


@every_form
def test_the_form_in_order_is_stored(world, as_persona, form):
    """Without this, the tests below would prove nothing."""
    who, address, fields = forms(world)[form]
    before = stored()

    answer = send(as_persona(who), address, fields)

    assert answer.status_code == 302
    assert stored() != before


@every_form
def test_no_field_holds_text_that_is_missing_too_long_or_unstorable(world, as_persona, form):
    who, address, fields = forms(world)[form]
    client, before = as_persona(who), stored()
    optional = {"sign", "expected_result", "support", "due_on", "reference_number", "parent"}

    for name in fields:
        for kind, text in TEXTS.items():
            if name in optional and kind in {"empty", "blank"}:
                continue
            answer = send(client, address, {**fields, name: text})

            assert stored() == before, (name, kind)
            if answer.status_code == 200:
                assert answer.context["form"].errors, (name, kind)


@every_form
def test_broken_numbers_store_nothing(world, as_persona, form):
    who, address, fields = forms(world)[form]
    client, before = as_persona(who), stored()
    keys = {
        "revision",
        "parent",
        "goal",
        "employments",
        "version",
        "goal_version",
        "contributes_to",
    }

    for name in keys & {*fields, "contributes_to"}:
        for number in NUMBERS:
            if name in {"parent", "contributes_to"} and not number.strip("\0 "):
                continue  # nothing chosen, which is a choice
            if name == "contributes_to" and not address.endswith(
                ("/nytt/", "/andra/", "/ny-version/")
            ):
                continue
            if name == "contributes_to" and "forvantningar" in address:
                continue
            send(client, address, {**fields, name: number})

            assert stored() == before, (name, number[:30])


@every_form
def test_a_form_with_nothing_or_thousands_of_fields_stores_nothing(world, as_persona, form):
    who, address, fields = forms(world)[form]
    client, before = as_persona(who), stored()

    nothing = send(client, address, {})
    many = client.post(address, {**fields, **{f"field{number}": "x" for number in range(5_100)}})
    big = client.post(address, {**fields, "title": "x" * 1_100_000})

    assert nothing.status_code in {200, 302, 409}
    assert (many.status_code, big.status_code) == (400, 400)
    assert "Inget har ändrats" in many.content.decode()
    assert stored() == before


@pytest.mark.parametrize("text", GOOD_TEXTS)
def test_every_language_and_sign_is_kept_as_written_and_shown_harmless(world, as_persona, text):
    client = as_persona("manager")
    _who, address, fields = forms(world)["goal new"]

    saved = send(client, address, {**fields, "title": text, "working_method": text})
    page = client.get(saved.url).content.decode()

    goal = Goal.objects.get(title=text)
    assert goal.working_method == text
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "day",
    ["2199-01-01", "0026-01-15", "1926-01-15", "imorgon", "2026-13-45", "0000-00-00", "9" * 5_000],
)
@pytest.mark.parametrize("form", ["adopt", "goal change"])
def test_a_decision_ahead_long_ago_or_on_no_day_is_refused(world, as_persona, form, day):
    who, address, fields = forms(world)[form]
    before = stored()

    answer = send(as_persona(who), address, {**fields, "decided_on": day})

    assert answer.status_code == 200
    assert "decided_on" in answer.context["form"].errors
    assert stored() == before


@pytest.mark.parametrize("day", ["2000-01-01", "9999-12-31", "2026-02-30", "i morgon", "\0", "1e9"])
@pytest.mark.parametrize("form", ["give", "expectation edit"])
def test_an_expectation_by_no_day_of_its_year_or_the_next_is_refused(world, as_persona, form, day):
    who, address, fields = forms(world)[form]
    before = stored()

    answer = send(as_persona(who), address, {**fields, "due_on": day})

    assert answer.status_code == 200
    assert "due_on" in answer.context["form"].errors
    assert stored() == before


# --- Things that exist but are not to be chosen ------------------------------------------------


@pytest.mark.parametrize("field", ["parent", "contributes_to"])
@pytest.mark.parametrize("form", ["goal new", "goal edit", "goal change"])
def test_no_goal_of_another_line_year_level_or_state_can_be_served(world, as_persona, form, field):
    who, address, fields = forms(world)[form]
    next_year = {"first_year": world.year + 1, "last_year": world.year + 1}
    add_goal(world, "next_years", "board", "BOARD", "area", **next_year)
    client, before = as_persona(who), stored()
    fields["contributes_to"] = []

    for name in [
        "other_board_goal",
        "next_years",
        "board_draft",
        "area",
        "orientation",
        "unit_goal",
        "other_unit_draft",
    ]:
        answer = send(client, address, {**fields, field: world.goals[name].pk})

        assert answer.status_code == 200, name
        assert field in answer.context["form"].errors, name
        assert stored() == before


@pytest.mark.parametrize("chosen", ["stranger", "neighbour", "left_yesterday", "manager"])
def test_nothing_is_given_to_anybody_but_ones_own_employees(world, as_persona, chosen):
    who, address, fields = forms(world)["give"]
    before = stored()
    mine, theirs = world.employments["colleague"].pk, world.employments[chosen].pk

    answer = send(as_persona(who), address, {**fields, "employments": [mine, theirs]})

    assert answer.status_code == 200
    assert "employments" in answer.context["form"].errors
    assert stored() == before


@pytest.mark.parametrize("chosen", ["other_unit_goal", "unit_draft", "board_goal", "loose_goal"])
def test_an_expectation_moves_to_no_goal_outside_the_employees_line(world, as_persona, chosen):
    who, address, fields = forms(world)["expectation edit"]
    before = stored()

    answer = send(as_persona(who), address, {**fields, "goal": world.goals[chosen].pk})

    assert "goal" in answer.context["form"].errors
    assert stored() == before


@pytest.mark.parametrize("field", ["language", "appearance"])
@pytest.mark.parametrize("value", ["", "de", "\0", "x" * 100_000, "sv\r\nSet-Cookie: x"])
def test_the_profile_takes_only_what_it_offers(world, as_persona, field, value):
    who, address, fields = forms(world)["profile"]
    before = stored()

    answer = send(as_persona(who), address, {**fields, field: value})

    assert field in answer.context["form"].errors
    assert stored() == before


@pytest.mark.parametrize("value", ["", "de", "\0", "x" * 100_000])
def test_the_language_switch_takes_only_what_it_offers(world, as_persona, value):
    answer = as_persona("employee").post("/sprak/", {"language": value, "next": "/\0"})

    assert answer.status_code == 302
    assert User.objects.get(account_name="employee").language == "sv"


# --- Query strings and addresses ---------------------------------------------------------------

NONSENSE = [
    "abc",
    "-1",
    "0",
    "99999999",
    "019901",
    "0001",
    "2026-13-45",
    "0001-01-01",
    "9999-12-31",
    "9" * 22,
    HUGE,
    "%00",
    "a%00b",
    "%F0%9F%8C%BB",
    "%ff%fe",
    "'%20OR%201=1",
    "²",
    "%D9%A3",
    "x" * 5_000,
    "_%25",
]
PARAMETERS = [
    *("page", "year", "day", "under", "text", "board", "section", "newer", "older", "units"),
    *("next", "language", "q"),
]


WORST = ["-1", "019901", "2026-13-45", "0001-01-01", HUGE, "%00", "%ff%fe", "²"]


@pytest.mark.parametrize(
    ("who", "nonsenses"),
    [
        ("manager", WORST),
        *(pytest.param(who, NONSENSE, marks=pytest.mark.slow) for who in ("employee", "hr")),
    ],
    ids=["manager", "employee", "hr"],
)
def test_nonsense_in_the_query_string_falls_back(world, as_persona, who, nonsenses):
    client = as_persona(who)
    pages = [
        "/",
        reverse("units:list"),
        reverse("goals:tree"),
        reverse("goals:loose_ends"),
        reverse("dialogues:unit", args=[world.unit.pk]),
        reverse("dialogues:people", args=[world.unit.pk]),
        world.unit_goal.get_absolute_url(),
        world.area.get_absolute_url(),
        reverse("goals:versions", args=[world.unit_goal.pk]),
        reverse("goals:new", args=[world.unit.pk]),
        reverse("profile"),
        reverse("about_access"),
        "/logga-in/",
    ]

    for page in pages:
        allowed = {client.get(page).status_code, 200, 404}
        for nonsense in nonsenses:
            everything = "&".join(f"{name}={nonsense}" for name in PARAMETERS)
            answer = client.get(f"{page}?{everything}")

            assert answer.status_code in allowed, (page, nonsense[:30], answer.status_code)


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("nonsense", [HUGE, "019901"])
def test_one_nonsensical_parameter_breaks_no_list(world, as_persona, parameter, nonsense):
    client = as_persona("manager")
    unit = reverse("dialogues:unit", args=[world.unit.pk])

    for page in (unit, reverse("units:list"), reverse("goals:tree")):
        answer = client.get(f"{page}?{parameter}={nonsense}")

        assert answer.status_code in {200, 404}, (page, answer.status_code)


@pytest.mark.parametrize(
    "key", ["0", "999999", "9" * 22, HUGE, "-1", "abc", "1%00", "%F0%9F%8C%BB"]
)
def test_addresses_of_nothing_are_not_found(world, as_persona, key):
    client = as_persona("manager")

    for page in (
        "mal/{}/",
        "mal/{}/andra/",
        "mal/{}/versioner/",
        "enheter/{}/",
        "forvantningar/{}/",
    ):
        assert client.get(f"/{page.format(key)}").status_code == 404
    for page in ("mal/{}/slang/", "forvantningar/{}/kanner-till/"):
        assert client.post(f"/{page.format(key)}", {"form_token": uuid4()}).status_code == 404


@pytest.mark.parametrize(
    "path", ["%00", "css/%00.css", "..%2f..%2fmanage.py", "../manage.py", "%ff"]
)
def test_static_addresses_lead_nowhere_else(world, path, client):
    assert client.get(f"/static/{path}").status_code == 404


@pytest.mark.parametrize("text", [*TEXTS.values(), *GOOD_TEXTS])
def test_the_writing_help_takes_anything(world, as_persona, text):
    answer = as_persona("manager").post(
        "/mal/skrivhjalp/", {"title": text, "expected_result": text, "follow_up": text}
    )

    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


# --- Fields that no form has -------------------------------------------------------------------


@every_form
def test_no_form_changes_a_field_that_is_not_its_own(world, as_persona, form):
    """Every field of every model is sent along; all but the form's own must stay as they were."""
    who, address, fields = forms(world)[form]
    client = as_persona(who)
    intruding = {}
    for model in [*STORED, User]:
        for field in model._meta.get_fields():
            intruding |= {field.name: "2", getattr(field, "attname", field.name): "2"}
    words = {
        "status": "ADOPTED",
        "level": "BOARD",
        "is_active": "",
        "kind": "CITY",
        "password": "x",
    }
    own = set(fields) | {"csrfmiddlewaretoken", "form_token"}
    form_fields = {
        "goal new": {
            "working_method",
            "resource_use",
            "follow_up",
            "development",
            "contributes_to",
        },
        "goal change": {"reference_number"},
    }
    form_fields["goal edit"] = form_fields["goal new"] | {"expected_result"}
    form_fields["goal change"] |= form_fields["goal edit"]
    own |= form_fields.get(form, set())
    before = stored()

    answer = client.post(
        address,
        {
            **{name: value for name, value in (intruding | words).items() if name not in own},
            **fields,
            "form_token": uuid4(),
        },
    )

    assert answer.status_code == 302
    after = stored()
    changed = {
        f"{model}.{name}"
        for model, rows in after.items()
        for row in rows
        for name, value in row.items()
        if (old := next((each for each in before[model] if each["id"] == row["id"]), None))
        and old[name] != value
    }
    assert changed <= EFFECTS[form]


ADOPTED = {
    "Goal.status",
    "Goal.adopted_at",
    "Goal.adopted_by_id",
    "Goal.decided_on",
    "Goal.reference_number",
    "Goal.version_number",
    "Goal.revision",
}
EFFECTS = {
    "goal new": set(),
    "goal edit": {"Goal.title", "Goal.parent_id", "Goal.revision"},
    "goal change": {
        "Goal.title",
        "Goal.parent_id",
        "Goal.revision",
        "Goal.decided_on",
        "Goal.reference_number",
        "Goal.version_number",
    },
    "adopt": ADOPTED,
    "discard": set(),
    "give": set(),
    "expectation edit": {
        "Expectation.text",
        "Expectation.sign",
        "Expectation.expected_result",
        "Expectation.support",
        "Expectation.due_on",
        "Expectation.goal_id",
        "Expectation.version_number",
        "Expectation.revision",
    },
    "withdraw": {
        "Expectation.status",
        "Expectation.withdrawn_at",
        "Expectation.withdrawn_by_id",
        "Expectation.withdrawal_reason",
        "Expectation.revision",
    },
    "acknowledge": set(),
    "profile": {"User.language", "User.appearance"},
}


@pytest.mark.parametrize("form", ["goal new", "give", "acknowledge"])
def test_what_a_form_makes_takes_nothing_else_from_what_was_sent(world, as_persona, form):
    who, address, fields = forms(world)[form]
    foreign = {
        "unit": world.other_unit.pk,
        "level": "BOARD",
        "status": "ADOPTED",
        "version_number": 9,
        "first_year": 2000,
        "employment": world.employments["stranger"].pk,
        "given_by": world.people["stranger"].pk,
        "given_at": "2000-01-01",
        "adopted_by": world.people["stranger"].pk,
        "is_example": "on",
        "expectation_version": 9,
        "acknowledged_at": "2000-01-01",
    }

    send(as_persona(who), address, {**foreign, **fields})

    if form == "goal new":
        goal = Goal.objects.get(title="Barnen trivs")
        made = (goal.unit, goal.level, goal.status, goal.version_number, goal.first_year)
        assert made == (world.unit, "UNIT", "DRAFT", 0, world.year)
        assert (goal.adopted_by, goal.is_example) == (None, False)
    elif form == "give":
        with scene():
            given = Expectation.objects.get(text="Läs")
        assert given.employment == world.employments["colleague"]
        assert given.given_by == world.people["manager"]
        assert given.given_at.year == world.year
    else:
        said = Acknowledgement.objects.get(expectation=world.expectation)
        assert (said.expectation_version, said.acknowledged_at.year) == (1, world.year)
