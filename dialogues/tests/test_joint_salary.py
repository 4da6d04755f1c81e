"""The joint page of a salary talk: the pay criteria one by one, and what is not said there."""

import pytest

from dialogues.actions.recording import write_result
from dialogues.actions.steps import StepRefusedError
from dialogues.models import CriterionWeighing, ExpectationResult, Party
from dialogues.tests.joint import (
    criteria_of,
    expectations_of,
    keys_of,
    page_of,
    salary_template,
    save,
    seen_in,
    stored,
)
from dialogues.tests.records import build_talk
from units.wall import acting_as, upkeep


def test_the_manager_weighs_criterion_by_criterion_and_the_employee_reads(world, as_persona):
    (criterion,) = criteria_of(world)
    talk = build_talk(world, template=salary_template(), words="")
    key = f"c-{criterion.pk}"
    manager, employee = as_persona("manager"), as_persona("employee")
    step = criterion.steps.all()[1]

    save(
        manager,
        talk,
        key,
        seen_in(manager, talk, key),
        step_id=step.pk,
        weighed="Leder arbetslaget",
        would_raise="Tar ansvar för fler",
    )
    forced = save(employee, talk, key, "0:x", step_id=step.pk, weighed="Mitt", would_raise="")

    (row,) = stored(CriterionWeighing)
    assert (row.step_id, row.weighed) == (step.pk, "Leder arbetslaget")
    assert forced.status_code == 409
    page = page_of(employee, talk).content.decode()
    assert "Leder arbetslaget" in page
    assert f'name="{key}-weighed"' not in page


def test_the_employees_own_view_of_the_pay_is_the_employees_alone(world, as_persona):
    talk = build_talk(world, template=salary_template(), words="")
    own = keys_of(talk)[2]
    manager, employee = as_persona("manager"), as_persona("employee")

    save(employee, talk, own, seen_in(employee, talk, own), text="Min egen syn")

    page = page_of(manager, talk).content.decode()
    assert "Min egen syn" in page
    assert f'name="{own}-text"' not in page


def test_a_salary_talk_shows_last_years_results_and_says_nothing_of_them(world, as_persona):
    (expectation,) = expectations_of(world, world.year - 1)
    with upkeep():
        ExpectationResult.objects.create(
            expectation=expectation,
            employment=expectation.employment,
            employee=world.employee,
            party=Party.MANAGER,
            author=world.manager,
            outcome="FULL",
            words="Sagt i medarbetarsamtalet",
        )
    talk = build_talk(world, template=salary_template(), words="")
    key = f"x-{expectation.pk}"
    manager = as_persona("manager")

    page = page_of(manager, talk).content.decode()
    sent = save(manager, talk, key, "0:x", outcome="NOT", words="Sagt om lön")
    with acting_as(world.manager), pytest.raises(StepRefusedError):
        write_result(
            talk=talk,
            expectation=expectation,
            revision=1,
            fields={"outcome": "NOT", "words": "Sagt om lön"},
            by=world.manager,
        )

    assert "Sagt i medarbetarsamtalet" in page
    assert f"{key}-words" not in page
    assert sent.status_code == 409
    (row,) = stored(ExpectationResult)
    assert (row.outcome, row.words) == ("FULL", "Sagt i medarbetarsamtalet")
