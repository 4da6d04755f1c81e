"""The council's goals from a file: all of it is right, or nothing is stored and each fault told."""

import threading
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import translation

from goals.imports import (
    LARGEST_FILE,
    ImportFault,
    ImportRefusedError,
    import_council_goals,
    read_council_goals,
)
from goals.models import Goal, GoalVersion
from units.models import Unit

SHIPPED = Path(settings.BASE_DIR) / "goals/data/council_goals.csv"
HEADER = "mandate_period,number,level,parent_number,title,verified"
TOP = "2031-2034,1,orientation,,En stad,yes"
BELOW = "2031-2034,1.1,operational_area,1,Alla barn lär,yes"

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    def write(*rows, header=HEADER, encoding="utf-8", name="goals.csv"):
        path = tmp_path / name
        path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
        return path

    return write


@pytest.fixture
def store():
    def store(path, **options):
        return import_council_goals(read_council_goals(path), source=path.name, **options)

    return store


def run(path, *options):
    out = StringIO()
    call_command("import_council_goals", str(path), *options, stdout=out)
    return out.getvalue()


def number_above(goal):
    assert goal.parent is not None
    return goal.parent.number


def faults_of(path):
    """Line and column of each fault; the texts are in the language of the day."""
    with pytest.raises(ImportRefusedError) as refused:
        import_council_goals(read_council_goals(path), source=path.name)
    assert all(fault.reason for fault in refused.value.faults)
    assert Goal.objects.count() == 0
    return [(fault.line, fault.column) for fault in refused.value.faults]


# --- What is stored ----------------------------------------------------------------------------


def test_the_shipped_file_is_stored_whole():
    run(SHIPPED)

    rows = SHIPPED.read_text(encoding="utf-8").splitlines()[1:]
    assert Goal.objects.count() == len(rows) == 21
    assert GoalVersion.objects.count() == len(rows)


def test_a_goal_is_adopted_at_once_with_its_first_version_and_no_date(write, store):
    store(write(TOP, BELOW))

    goal = Goal.objects.get(number="1.1")
    assert (goal.status, goal.version_number, goal.decided_on, goal.adopted_by) == (
        Goal.Status.ADOPTED,
        1,
        None,
        None,
    )
    assert (goal.first_year, goal.last_year, number_above(goal)) == (2031, 2034, "1")
    assert goal.unit.kind == Unit.Kind.CITY
    assert [(v.number, v.title, v.reason) for v in goal.versions.all()] == [
        (1, "Alla barn lär", "")
    ]


def test_the_mark_for_checked_wording_follows_the_column(write, store):
    store(write(TOP, BELOW.replace(",yes", ",no")))

    assert dict(Goal.objects.values_list("number", "is_verified")) == {"1": True, "1.1": False}


def test_a_second_import_changes_nothing(write, store):
    path = write(TOP, BELOW)
    store(path)
    before = list(Goal.objects.order_by("pk").values())

    outcome = store(path)

    assert (len(outcome.created), len(outcome.changed), len(outcome.unchanged)) == (0, 0, 2)
    assert list(Goal.objects.order_by("pk").values()) == before
    assert GoalVersion.objects.count() == 2


def test_a_new_title_is_a_new_version_that_names_the_file(write, store):
    store(write(TOP, BELOW))

    outcome = store(write(TOP, BELOW.replace("lär", "leker"), name="ny.csv"))

    goal = Goal.objects.get(number="1.1")
    assert [changed.pk for changed in outcome.changed] == [goal.pk]
    assert (goal.title, goal.version_number) == ("Alla barn leker", 2)
    versions = list(goal.versions.order_by("number").values_list("number", "title"))
    assert versions == [(1, "Alla barn lär"), (2, "Alla barn leker")]
    assert "ny.csv" in goal.versions.get(number=2).reason


def test_a_new_parent_is_a_new_version(write, store):
    second = TOP.replace(",1,", ",2,")
    store(write(TOP, second, BELOW))

    store(write(TOP, second, BELOW.replace("area,1,", "area,2,")))

    goal = Goal.objects.get(number="1.1")
    assert (number_above(goal), goal.version_number) == ("2", 2)


def test_a_changed_mark_alone_is_no_new_version(write, store):
    store(write(TOP))

    outcome = store(write(TOP.replace(",yes", ",no")))

    goal = Goal.objects.get()
    assert (len(outcome.changed), goal.is_verified, goal.version_number) == (1, False, 1)


def test_the_councils_own_goals_replace_example_data(write, store):
    path = write(TOP)
    store(path, is_example=True)

    store(path)

    assert Goal.objects.get().is_example is False


def test_goals_that_the_file_does_not_hold_are_left_and_counted(write, store):
    store(write(TOP, BELOW))

    outcome = store(write(TOP))

    assert [goal.number for goal in outcome.missing] == ["1.1"]
    assert Goal.objects.count() == 2


def test_goals_of_other_periods_are_not_counted_as_missing(write, store):
    store(write(TOP))

    outcome = store(write(TOP.replace("2031-2034", "2035-2038")))

    assert outcome.missing == []


def test_a_dry_run_tells_what_would_happen_and_stores_nothing(write):
    report = run(write(TOP, BELOW), "--dry-run")

    assert "Alla barn lär" in report
    assert (Goal.objects.count(), GoalVersion.objects.count(), Unit.objects.count()) == (0, 0, 0)


def test_the_report_counts_created_changed_unchanged_and_left(write):
    run(write(TOP, BELOW, TOP.replace(",1,", ",2,")))

    with translation.override(settings.LANGUAGE_CODE):
        report = run(write(TOP, BELOW.replace("lär", "leker"), TOP.replace(",1,", ",3,")))

    counts = [line.rpartition(": ")[2] for line in report.splitlines() if line[:1].strip()]
    assert counts == ["1", "1", "1", "1"]


# --- Shapes of files that are fine ---------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_understood(write, store, delimiter):
    rows = [row.replace(",", delimiter) for row in (TOP, BELOW)]

    store(write(*rows, header=HEADER.replace(",", delimiter)))

    assert Goal.objects.count() == 2


def test_a_byte_order_mark_and_windows_line_ends_are_understood(tmp_path, store):
    path = tmp_path / "goals.csv"
    path.write_bytes("\r\n".join([HEADER, TOP, BELOW, ""]).encode("utf-8-sig"))

    store(path)

    assert Goal.objects.get(number="1.1").title == "Alla barn lär"


def test_a_goal_may_stand_before_the_one_it_lies_under(write, store):
    store(write(BELOW, TOP))

    assert number_above(Goal.objects.get(number="1.1")) == "1"


def test_columns_in_another_order_and_empty_lines_are_understood(write, store):
    header = "verified,title,parent_number,level,number,mandate_period"

    store(write("", "yes,En stad,,orientation,1,2031-2034", ",,,,,", header=header))

    assert Goal.objects.get().title == "En stad"


def test_a_goal_may_lie_under_one_that_is_stored_already(write, store):
    store(write(TOP))

    store(write(BELOW))

    assert number_above(Goal.objects.get(number="1.1")) == "1"


def test_a_title_in_quotation_marks_keeps_its_comma_and_loses_its_line_break(write, store):
    store(write(TOP.replace("En stad", '"En stad,\n  för alla"')))

    assert Goal.objects.get().title == "En stad, för alla"


def test_letters_composed_in_two_ways_are_the_same_title(write, store):
    store(write(TOP.replace("En stad", "Åtta mål")))

    outcome = store(write(TOP.replace("En stad", "A\u030atta ma\u030al")))

    assert len(outcome.unchanged) == 1


# --- Rows that are wrong -----------------------------------------------------------------------

WRONG_ROWS = {
    "no period": ("mandate_period", TOP.replace("2031-2034", "")),
    "period in words": ("mandate_period", TOP.replace("2031-2034", "nästa")),
    "period of one year number": ("mandate_period", TOP.replace("2031-2034", "2031")),
    "period backwards": ("mandate_period", TOP.replace("2031-2034", "2034-2031")),
    "period of five years": ("mandate_period", TOP.replace("2031-2034", "2031-2035")),
    "period long ago": ("mandate_period", TOP.replace("2031-2034", "1031-1034")),
    "period in other digits": ("mandate_period", TOP.replace("2031", "２０３１")),
    "no number": ("number", TOP.replace(",1,", ",,")),
    "number made into a date": ("number", TOP.replace(",1,", ",01-jan,")),
    "number with a final point": ("number", TOP.replace(",1,", ",1.,")),
    "number too long": ("number", TOP.replace(",1,", f",{'1' * 13},")),
    "unknown level": ("level", TOP.replace("orientation", "vision")),
    "no level": ("level", TOP.replace("orientation", "")),
    "orientation goal with a parent": ("parent_number", TOP.replace("n,,", "n,2,")),
    "operational area without a parent": ("parent_number", BELOW.replace("area,1", "area,")),
    "unknown parent": ("parent_number", BELOW.replace("area,1", "area,7")),
    "itself as parent": ("parent_number", BELOW.replace("area,1", "area,1.1")),
    "empty title": ("title", TOP.replace("En stad", "")),
    "blank title": ("title", TOP.replace("En stad", '"  "')),
    "too long title": ("title", TOP.replace("En stad", "m" * 501)),
    "bell in the title": ("title", TOP.replace("En stad", "En\x07stad")),
    "no verified": ("verified", TOP.removesuffix("yes")),
    "wrong verified": ("verified", TOP.replace(",yes", ",kanske")),
    "too few columns": ("", "2031-2034,1,orientation"),
    "too many columns": ("", TOP + ",och mer"),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_a_wrong_row_is_named_by_line_and_column(write, what):
    column, row = WRONG_ROWS[what]
    fine = TOP.replace(",1,", ",9,")

    assert faults_of(write(fine, row)) == [(3, column)]


def test_a_title_of_just_the_right_length_is_stored(write, store):
    store(write(TOP.replace("En stad", "m" * 500)))

    assert len(Goal.objects.get().title) == 500


def test_every_fault_of_a_file_is_told_at_once(write):
    row = "nästa,x,vision,,,kanske"

    assert faults_of(write(TOP, row, "bara detta")) == [
        (3, "mandate_period"),
        (3, "number"),
        (3, "level"),
        (3, "title"),
        (3, "verified"),
        (4, ""),
    ]


def test_a_number_that_stands_twice_in_a_period_is_refused(write):
    assert faults_of(write(TOP, TOP.replace("En stad", "En annan stad"))) == [(3, "number")]


def test_the_same_number_in_two_periods_is_fine(write, store):
    store(write(TOP, TOP.replace("2031-2034", "2035-2038")))

    assert Goal.objects.count() == 2


def test_periods_that_overlap_in_the_file_are_refused(write):
    second = TOP.replace("2031-2034", "2033-2036")

    assert faults_of(write(TOP, second)) == [(3, "mandate_period")]


def test_a_period_that_overlaps_with_a_stored_one_is_refused(write, store):
    store(write(TOP))

    with pytest.raises(ImportRefusedError) as refused:
        store(write(TOP.replace("2031-2034", "2032-2035")))

    assert [(f.line, f.column) for f in refused.value.faults] == [(2, "mandate_period")]


def test_a_parent_that_is_no_orientation_goal_is_refused(write):
    third = "2031-2034,1.1.1,operational_area,1.1,Ännu ett,yes"

    assert faults_of(write(TOP, BELOW, third)) == [(4, "parent_number")]


def test_a_goal_does_not_change_level(write, store):
    store(write(TOP, TOP.replace(",1,", ",2,")))

    with pytest.raises(ImportRefusedError) as refused:
        store(write("2031-2034,2,operational_area,1,En stad,yes"))

    assert [(f.line, f.column) for f in refused.value.faults] == [(2, "level")]


def test_a_line_break_in_a_title_does_not_shift_the_lines_of_later_faults(write):
    first = TOP.replace("En stad", '"En\nstad"')

    assert faults_of(write(first, BELOW.replace(",yes", ",kanske"))) == [(4, "verified")]


# --- Files that are wrong ------------------------------------------------------------------------


def test_a_wrong_header_names_what_is_missing_unknown_and_double(write):
    header = "mandate_period,number,number,level,parent_number,titel,verified"

    assert faults_of(write(TOP, header=header)) == [(1, "title"), (1, "titel"), (1, "number")]


def test_quotation_marks_that_never_end_are_refused(write):
    assert faults_of(write(TOP, BELOW.replace("Alla", '"Alla'))) == [(3, "")]


def test_latin_letters_are_refused_with_the_line(write):
    assert faults_of(write(TOP, BELOW, encoding="latin-1")) == [(3, "")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \n \n",
        b"\xef\xbb\xbf",
        HEADER.encode() + b"\n",
        b"PK\x03\x04 a spreadsheet",
        b"\xd0\xcf\x11\xe0 an old spreadsheet",
        HEADER.encode() + b"\n\0\0\0",
        (HEADER + "\n" + TOP).encode("utf-16"),
        bytes(range(256)),
    ],
    ids=[
        "empty", "blank", "mark only", "header only", "spreadsheet", "old spreadsheet", "zeros",
        "UTF-16", "binary",
    ],
)  # fmt: skip
def test_a_file_that_holds_no_goals_is_refused_as_a_whole(tmp_path, content):
    path = tmp_path / "goals.csv"
    path.write_bytes(content)

    assert faults_of(path) == [(0, "")]


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert faults_of(tmp_path / "nowhere.csv") == [(0, "")]
    assert faults_of(tmp_path) == [(0, "")]


def test_a_file_of_more_than_five_megabytes_is_refused_unread(write):
    row = TOP.replace("En stad", "m" * 400)
    path = write(*[row] * (LARGEST_FILE // 400))

    assert faults_of(path) == [(0, "")]


# --- The command -------------------------------------------------------------------------------


def test_the_command_tells_line_column_and_reason_and_fails(write):
    path = write(TOP.replace(",yes", ",kanske"))
    with translation.override(settings.LANGUAGE_CODE):
        try:
            read_council_goals(path)
        except ImportRefusedError as error:
            fault = error.faults[0]
    assert fault == ImportFault(2, "verified", fault.reason)

    with pytest.raises(CommandError) as failed:
        run(path)

    report = str(failed.value).splitlines()
    assert len(report) == 2
    assert report[1].endswith(f"2, verified: {fault.reason}")


def test_the_command_speaks_the_language_of_the_settings(write, settings):
    settings.LANGUAGE_CODE = "en"

    with translation.override("sv"), pytest.raises(CommandError) as failed:
        run(write(TOP.replace(",yes", ",kanske")))

    assert str(failed.value).endswith("line 2, verified: Write yes or no.")


def test_hundreds_of_faults_are_told_in_part_and_counted(write):
    with pytest.raises(CommandError) as failed:
        run(write(*["bara detta"] * 200))

    report = str(failed.value).splitlines()
    assert len(report) == 52
    assert "150" in report[-1]


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_store_each_goal_once(write):
    rows = [TOP.replace(",1,", f",{number},") for number in range(1, 41)]
    path = write(*rows)
    start = threading.Barrier(2, timeout=20)
    outcomes = []

    def import_it():
        try:
            parsed = read_council_goals(path)
            start.wait()
            outcomes.append(import_council_goals(parsed, source=path.name))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=import_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(len(outcome.created) for outcome in outcomes) == [0, 40]
    assert (Goal.objects.count(), GoalVersion.objects.count()) == (40, 40)


def test_the_history_names_the_file(write, store):
    store(write(TOP, name="budget.csv"))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.metadata->>'imported_from' FROM goals_goalevent e"
            " JOIN pghistory_context c ON c.id = e.pgh_context_id"
        )
        assert cursor.fetchall() == [("budget.csv",)]
