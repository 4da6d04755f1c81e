"""A talk is written while the database restarts, crashes, and workers are killed: nothing that was
acknowledged is lost, nothing is doubled, and nothing is half done."""

import html
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from stockholm_quality.tests.talk_portal import TalkPortal, talk_portal

ROUNDS = 20
SAVES = 20_000  # acknowledged in all rounds together
KILLS = 50
LONGEST_ROUND = 600  # seconds


@pytest.fixture(scope="module")
def portal() -> Iterator[TalkPortal]:
    with talk_portal() as running:
        yield running


def seen_in(portal: TalkPortal, who: str, key: str) -> str:
    page = portal.get(who, f"/samtal/{portal.talk}/gemensamt/").body
    return page.split(f'name="{key}-seen" value="')[1].split('"')[0]


def text_of(portal: TalkPortal, key: str) -> list[str]:
    statement = "SELECT text FROM dialogues_recordpart WHERE talk_id = %s AND section_id = %s"
    return [text for (text,) in portal.rows(statement, portal.talk, int(key[2:]))]


def test_the_database_restarted_between_two_saves_loses_and_doubles_nothing(
    portal: TalkPortal,
) -> None:
    key = portal.keys[2]
    seen = seen_in(portal, "employee", key)
    first = portal.save("employee", key, seen, "Före omstarten åäö")
    assert first.status == 200

    portal.restart_database()

    newer = _json(first.body)["seen"][key]
    again = portal.save("employee", key, newer, "Före omstarten åäö, och efter")
    assert again.status == 200, again.body
    assert text_of(portal, key) == ["Före omstarten åäö, och efter"]
    # A save whose answer was lost is sent once more by the page: no conflict, no second row.
    portal.restart_database()
    repeated = portal.save("employee", key, newer, "Före omstarten åäö, och efter")
    assert (repeated.status, _json(repeated.body)["conflicts"]) == (200, {})
    assert text_of(portal, key) == ["Före omstarten åäö, och efter"]


class Writer(threading.Thread):
    """Writes numbers into a section of its own, as fast as it is answered."""

    def __init__(self, portal: TalkPortal, who: str, key: str) -> None:
        super().__init__()
        self.portal, self.who, self.key = portal, who, key
        self.seen = seen_in(portal, who, key)
        self.acknowledged = self.tried = self.answers = 0
        self.over = threading.Event()

    def text(self, number: int) -> str:
        return f"{number} åäö " + f"rad {number}. " * 200

    def run(self) -> None:
        while not self.over.is_set():
            self.tried += 1
            try:
                answer = self.portal.save(self.who, self.key, self.seen, self.text(self.tried))
            except OSError:
                time.sleep(0.05)
                continue
            if answer.status == 200:
                self.acknowledged = self.tried
                self.answers += 1
                self.seen = _json(answer.body)["seen"][self.key]
            elif answer.status == 409:
                # Stored, and its answer lost: what the page does with `-sent`.
                self.seen = _json(answer.body)["seen"][self.key]
            else:
                time.sleep(0.05)


def crashed_while_written(portal: TalkPortal, rounds: int, saves: int) -> tuple[int, int, int]:
    """Crashes once so many saves have been acknowledged, in each round. Returns how many were
    acknowledged, lost and half written."""
    acknowledged = lost = half = 0
    for _round in range(rounds):
        writers = [
            Writer(portal, who, portal.keys[place])
            for who, place in (("manager", 0), ("employee", 1), ("manager", 2), ("employee", 3))
        ]
        for writer in writers:
            writer.start()
        deadline = time.monotonic() + LONGEST_ROUND
        while sum(writer.answers for writer in writers) < saves:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        portal.crash_database()
        # What is acknowledged from here on has been written after the recovery.
        for writer in writers:
            writer.over.set()
        for writer in writers:
            writer.join()
        portal.until_answers()
        for writer in writers:
            acknowledged += writer.answers
            (text,) = text_of(portal, writer.key) or [""]
            first = text.partition(" ")[0]
            # What stood there before it was written in begins with no number.
            number = int(first) if first.isdigit() else 0
            lost += number < writer.acknowledged
            half += bool(number) and text.strip() != writer.text(number).strip()
    return acknowledged, lost, half


@pytest.mark.slow
def test_a_crash_of_the_database_loses_nothing_that_was_acknowledged(portal: TalkPortal) -> None:
    acknowledged, lost, half = crashed_while_written(portal, ROUNDS, SAVES // ROUNDS)

    print(f"{acknowledged} saves acknowledged in {ROUNDS} crashes, {lost} lost, {half} half")
    assert acknowledged >= SAVES
    assert (lost, half) == (0, 0)


@pytest.mark.slow
def test_without_waiting_for_the_disk_something_is_lost(portal: TalkPortal) -> None:
    """That the test before would have seen it."""
    portal.waits_for_the_disk(False)
    try:
        _acknowledged, lost, _half = crashed_while_written(portal, 3, 100)
    finally:
        portal.waits_for_the_disk(True)
    assert lost


@pytest.mark.slow
def test_a_killed_worker_leaves_the_old_version_or_the_new_and_never_a_mixture(
    portal: TalkPortal,
) -> None:
    key, talk = portal.keys[0], f"/samtal/{portal.talk}"
    portal.save("manager", key, seen_in(portal, "manager", key), "Vi är överens")
    moved = 0
    for number in range(KILLS):
        status, version, *_rest = standing = state_of(portal)
        if status == "HELD":
            page = portal.get("manager", f"{talk}/fardigt/").body
            fields = {name: _hidden(page, name) for name in ("mark", "seen")}
            path = f"{talk}/fardigt/"
        else:
            fields, path = {"reason": "En sak till"}, f"{talk}/oppna-igen/"
        post = threading.Thread(target=_post_anyway, args=(portal, path, fields))
        post.start()
        # From before it is read to after it is answered.
        time.sleep(0.01 * (number % 25))
        portal.kill_workers()
        post.join()
        portal.until_answers()
        after = state_of(portal)
        moved += after != standing
        status, version, versions, finished, opened, revision_steps = after
        assert version == versions == finished, after
        assert finished - opened == (status == "DOCUMENTED"), after
        assert revision_steps, after
    print(f"{KILLS} workers killed, {moved} steps had been taken, none by half")
    assert 0 < moved < KILLS


def state_of(portal: TalkPortal) -> tuple[str, int, int, int, int, bool]:
    ((status, number),) = portal.rows(
        "SELECT status, version_number FROM dialogues_talk WHERE id = %s", portal.talk
    )
    ((versions,),) = portal.rows(
        "SELECT count(*) FROM dialogues_talkversion WHERE talk_id = %s", portal.talk
    )
    steps = portal.rows(
        "SELECT action, to_status FROM dialogues_talkstep WHERE talk_id = %s ORDER BY id",
        portal.talk,
    )
    actions = [action for action, _to in steps]
    agrees = steps[-1][1] == status
    return status, number, versions, actions.count("document"), actions.count("reopen"), agrees


def _post_anyway(portal: TalkPortal, path: str, fields: dict[str, str]) -> None:
    with suppress(OSError):
        portal.post("manager", path, fields)


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def _json(body: str) -> Any:
    return json.loads(body)
