"""The pages of activities: who may be made responsible, who may say how it goes."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.forms.indicator import FEW_PEOPLE
from goals.models import Activity, ActivityGoal
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.world import add_goal, add_person, canary, scene
from units.drafts import save_draft, unsaved_texts

MOST_QUERIES = 15


def post(client, name, *args, **fields):
    return client.post(reverse(f"goals:{name}", args=args), {"form_token": uuid4(), **fields})


def filled(world, **fields: Any) -> dict[str, Any]:
    return {
        "title": "Läsa högt varje dag",
        "description": "",
        "goals": [world.unit_goal.pk],
        "responsible": world.employee.pk,
        "starts_on": date(world.year, 2, 1),
        "due_on": date(world.year, 11, 1),
        **fields,
    }


def add_activity(world, goal="unit_goal", **fields: Any) -> Activity:
    made = Activity.objects.create(
        **{
            "unit": world.goals[goal].unit,
            "title": f"Läsa högt {canary(goal)}",
            "responsible": world.employee,
            "starts_on": date(world.year, 1, 1),
            "due_on": date(world.year, 12, 31),
            **fields,
        }
    )
    ActivityGoal.objects.create(activity=made, goal=world.goals[goal])
    return made


def many_people(world, number=FEW_PEOPLE):
    for each in range(number):
        add_person(world, f"kollega{each}", "unit", given_name="Kim", family_name=f"Berg{each}")


# --- Planning ------------------------------------------------------------------------------------


def test_an_activity_is_planned_for_several_goals_of_the_unit(world, as_persona):
    add_goal(world, "second_goal", "unit", "UNIT", "board_goal")
    both = [world.unit_goal.pk, world.second_goal.pk]

    answer = post(as_persona("manager"), "activity_new", both[0], **filled(world, goals=both))

    made = Activity.objects.get()
    assert answer.url == world.unit_goal.get_absolute_url()
    assert set(made.goals.values_list("pk", flat=True)) == set(both)
    assert (made.responsible, made.state) == (world.employee, "NOT_BEGUN")
    assert made.title in as_persona("stranger").get(answer.url).content.decode()


def test_sending_the_form_twice_makes_one_activity(world, as_persona):
    chief, sent = as_persona("manager"), filled(world, form_token=uuid4())

    for _time in range(2):
        assert post(chief, "activity_new", world.unit_goal.pk, **sent).status_code == 302

    assert Activity.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("goals", lambda w: [w.other_unit_goal.pk]),
        ("goals", lambda w: [w.board_goal.pk]),
        ("goals", lambda w: []),
        ("responsible", lambda w: w.stranger.pk),
        ("responsible", lambda w: w.neighbour.pk),
        ("responsible", lambda w: w.left_yesterday.pk),
        ("responsible", lambda w: w.other_protected.pk),
        ("responsible", lambda w: ""),
        ("title", lambda w: "  "),
    ],
)
def test_nothing_of_others_can_be_reached_by_a_made_up_form(world, as_persona, field, wrong):
    sent = filled(world, **{field: wrong(world)})

    answer = post(as_persona("manager"), "activity_new", world.unit_goal.pk, **sent)

    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Activity.objects.exists()


def test_what_is_done_before_it_starts_is_refused_in_words(world, as_persona):
    sent = filled(world, due_on=date(world.year, 1, 1))

    answer = post(as_persona("manager"), "activity_new", world.unit_goal.pk, **sent)

    assert answer.context["form"].non_field_errors()
    assert not Activity.objects.exists()


def test_a_manager_chooses_among_their_own_and_sees_their_protected_employee(world, as_persona):
    address = reverse("goals:activity_new", args=[world.unit_goal.pk])

    own = as_persona("manager").get(address).context["form"].fields["responsible"].choices

    offered = {value for value, _label in own}
    assert {world.employee.pk, world.manager.pk, world.protected.pk} <= offered
    assert not offered & {world.neighbour.pk, world.stranger.pk, world.left_yesterday.pk}


def test_a_protected_name_is_not_offered_to_who_may_not_see_it(world, as_persona):
    address = reverse("goals:activity_new", args=[world.board_goal.pk])

    page = as_persona("controller").get(address)

    assert world.employee.family_name in page.content.decode()
    assert world.protected.family_name not in page.content.decode()
    sent = filled(world, goals=[world.board_goal.pk], responsible=world.protected.pk)
    answer = post(as_persona("controller"), "activity_new", world.board_goal.pk, **sent)
    assert "responsible" in answer.context["form"].errors


# --- A large unit: the responsible one is searched for -------------------------------------------


def test_in_a_large_unit_a_name_that_fits_one_person_is_enough(world, as_persona):
    many_people(world)
    chief = as_persona("manager")

    page = chief.get(reverse("goals:activity_new", args=[world.unit_goal.pk]))
    answer = post(
        chief,
        "activity_new",
        world.unit_goal.pk,
        **filled(world, responsible="", person="kim berg7@"),
    )
    again = post(
        chief,
        "activity_new",
        world.unit_goal.pk,
        **filled(world, responsible="", person="kollega7@example"),
    )

    assert "Berg7" not in page.content.decode()
    assert "person" in answer.context["form"].errors
    assert again.status_code == 302
    assert Activity.objects.get().responsible == world.people["kollega7"]


def test_a_name_that_fits_several_offers_them_and_keeps_what_was_written(world, as_persona):
    many_people(world)
    chief = as_persona("manager")
    sent = filled(world, responsible="", person="Berg1")

    asked = post(chief, "activity_new", world.unit_goal.pk, **sent)
    choices = asked.context["form"].fields["responsible"].choices
    chosen = world.people["kollega11"].pk
    saved = post(chief, "activity_new", world.unit_goal.pk, **{**sent, "responsible": chosen})

    assert "responsible" in asked.context["form"].errors
    assert sent["title"] in asked.content.decode()
    assert chosen in {value for value, _label in choices}
    assert saved.status_code == 302
    assert Activity.objects.get().responsible_id == chosen


def test_nobody_is_responsible_by_accident_in_a_large_unit(world, as_persona):
    many_people(world)

    answer = post(
        as_persona("manager"), "activity_new", world.unit_goal.pk, **filled(world, responsible="")
    )

    assert "person" in answer.context["form"].errors


# --- Changing ------------------------------------------------------------------------------------


def test_who_is_responsible_stays_so_after_they_have_left(world, as_persona):
    made = add_activity(world, responsible=world.left_yesterday)

    answer = post(
        as_persona("manager"),
        "activity_edit",
        made.pk,
        **filled(world, responsible=world.left_yesterday.pk, revision=1, title="Ny"),
    )

    assert answer.url == made.get_absolute_url()
    made.refresh_from_db()
    assert (made.title, made.responsible) == ("Ny", world.left_yesterday)


def test_a_change_on_an_old_page_shows_both_texts(world, as_persona):
    made = add_activity(world)
    chief = as_persona("manager")
    post(chief, "activity_edit", made.pk, **filled(world, title="Andras text", revision=1))

    stale = post(chief, "activity_edit", made.pk, **filled(world, title="Min text", revision=1))

    assert stale.status_code == 409
    assert {"Min text", "Andras text"} <= {
        text for row in stale.context["conflict"] for text in (row.left, row.right)
    }
    made.refresh_from_db()
    assert made.title == "Andras text"


def test_a_name_that_may_not_be_seen_shows_in_no_form_or_conflict(world, as_persona):
    made = add_activity(world, goal="board_goal", responsible=world.protected)
    controller = as_persona("controller")
    sent = filled(
        world,
        goals=[world.board_goal.pk],
        responsible=world.protected.pk,
        revision=0,
    )

    pages = [
        controller.get(reverse("goals:activity_edit", args=[made.pk])),
        post(controller, "activity_edit", made.pk, **sent),
        controller.get(made.get_absolute_url()),
        controller.get(world.board_goal.get_absolute_url()),
    ]

    assert [page.status_code for page in pages] == [200, 409, 200, 200]
    for page in pages:
        assert world.protected.family_name not in page.content.decode()


# --- Saying how it goes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("employee", 200),
        ("manager", 200),
        ("acting_manager", 200),
        ("colleague", 403),
        ("stranger", 403),
        ("manager_above", 403),
        ("other_manager", 403),
        ("former_manager", 403),
    ],
)
def test_who_is_responsible_and_the_manager_say_how_it_goes(world, as_persona, who, status):
    made = add_activity(world)

    client = as_persona(who)

    assert client.get(reverse("goals:activity_progress", args=[made.pk])).status_code == status
    may_edit = 200 if status == 200 and who != "employee" else 403
    assert client.get(reverse("goals:activity_edit", args=[made.pk])).status_code == may_edit


def test_what_is_done_gets_its_day(world, as_persona):
    made = add_activity(world)

    post(as_persona("employee"), "activity_progress", made.pk, state="DONE", revision=1)

    made.refresh_from_db()
    assert (made.state, made.done_on) == ("DONE", timezone.localdate())
    post(as_persona("employee"), "activity_progress", made.pk, state="BEGUN", revision=2)
    made.refresh_from_db()
    assert (made.state, made.done_on) == ("BEGUN", None)


@pytest.mark.parametrize("state", ["DEVIATES", "STOPPED"])
def test_what_deviates_or_is_stopped_takes_a_reason(world, as_persona, state):
    made = add_activity(world)

    answer = post(as_persona("employee"), "activity_progress", made.pk, state=state, revision=1)

    assert "progress" in answer.context["form"].errors


def test_nobody_proposes_what_is_agreed(world, as_persona):
    made = add_activity(world)

    answer = post(
        as_persona("employee"), "activity_progress", made.pk, state="PROPOSED", revision=1
    )

    assert "state" in answer.context["form"].errors


def test_two_who_say_how_it_goes_see_each_others_words(world, as_persona):
    made = add_activity(world)
    sent = {"state": "BEGUN", "revision": 1}
    post(as_persona("employee"), "activity_progress", made.pk, progress="Halvvägs", **sent)

    stale = post(as_persona("manager"), "activity_progress", made.pk, progress="Klart", **sent)

    assert stale.status_code == 409
    assert "Halvvägs" in stale.content.decode()
    made.refresh_from_db()
    assert made.progress == "Halvvägs"


# --- Reading and throwing away -------------------------------------------------------------------


def test_a_draft_s_activity_is_not_there_for_others(world, as_persona):
    made = add_activity(world, goal="other_unit_draft")

    for name in ("activity", "activity_edit", "activity_progress"):
        answer = as_persona("manager").get(reverse(f"goals:{name}", args=[made.pk]))
        assert answer.status_code == 404
    assert post(as_persona("manager"), "activity_discard", made.pk, revision=1).status_code == 404
    assert as_persona("other_manager").get(made.get_absolute_url()).status_code == 200


def test_a_late_activity_says_so_on_the_goals_page(world, as_persona):
    made = add_activity(world, due_on=timezone.localdate() - timedelta(days=1))

    assert as_persona("stranger").get(made.get_absolute_url()).context["is_late"]
    page = as_persona("stranger").get(world.unit_goal.get_absolute_url())
    assert "pill-not" in page.content.decode()


def test_the_name_of_who_is_responsible_shows_only_where_it_may(world, as_persona):
    made = add_activity(world, responsible=world.protected)

    for who, sees in (("stranger", False), ("colleague", False), ("manager", True)):
        for address in (made.get_absolute_url(), world.unit_goal.get_absolute_url()):
            page = as_persona(who).get(address).content.decode()
            assert (world.protected.family_name in page) == sees


def test_what_has_not_begun_is_thrown_away_once(world, as_persona):
    made, begun = add_activity(world), add_activity(world, state="BEGUN")
    chief, sent = as_persona("manager"), {"revision": 1, "form_token": uuid4()}

    assert post(as_persona("employee"), "activity_discard", made.pk, **sent).status_code == 403
    stale = post(chief, "activity_discard", made.pk, revision=9)
    thrown = [post(chief, "activity_discard", made.pk, **sent) for _time in range(2)]
    refused = post(chief, "activity_discard", begun.pk, revision=1)

    assert stale.url == made.get_absolute_url()
    assert [answer.url for answer in thrown] == [world.unit_goal.get_absolute_url()] * 2
    assert refused.url == begun.get_absolute_url()
    assert list(Activity.objects.all()) == [begun]


@pytest.mark.parametrize(
    ("key", "name", "pk", "query"),
    [
        ("indicator:new:{unit}", "indicator_new", "unit", ""),
        ("indicator:new:{unit}:{goal}", "indicator_new", "unit", "?goal={goal}"),
        ("indicator:{goal}", "indicator_edit", "goal", ""),
        ("activity:new:{goal}", "activity_new", "goal", ""),
        ("activity:{goal}", "activity_edit", "goal", ""),
        ("activity:{goal}:progress", "activity_progress", "goal", ""),
    ],
)
@scene()
def test_what_was_not_saved_is_found_again(world, key, name, pk, query):
    numbers = {"unit": world.unit.pk, "goal": world.unit_goal.pk}
    fields = {"title": ["Halvskriven"], "sort": ["SHARE"], "state": ["BEGUN"], "goals": ["7"]}
    save_draft(author=world.manager, key=key.format(**numbers), fields=fields)

    found = next(one for one in unsaved_texts(world.manager) if one.texts == ["Halvskriven"])

    assert found.url == reverse(f"goals:{name}", args=[numbers[pk]]) + query.format(**numbers)


def test_the_pages_ask_as_often_for_200_people_as_for_5(world, as_persona):
    made = add_activity(world)
    chief = as_persona("manager")
    counts = []
    for number in (5, 40, 155):
        for each in range(number):
            add_person(world, f"p{number}x{each}", "unit")
            add_activity(world)
        counts.append([])
        for name, pk in (
            ("activity_new", world.unit_goal.pk),
            ("activity_edit", made.pk),
            ("activity", made.pk),
            ("activity_progress", made.pk),
            ("detail", world.unit_goal.pk),
        ):
            address = reverse(f"goals:{name}", args=[pk])
            chief.get(address)
            with Asked() as queries:
                chief.get(address)
            verbs = [query["sql"].split()[0] for query in queries]
            counts[-1].append(len([each for each in verbs if each[:4] not in {"SAVE", "RELE"}]))

    assert counts[0] == counts[1]
    assert all(more <= few + 1 for few, more in zip(counts[0], counts[2], strict=True))
    assert max(map(max, counts)) <= MOST_QUERIES
