"""What the two wrote together before a talk was discontinued: theirs to read, and no document."""

from django.http import HttpResponse
from django.shortcuts import render

from dialogues.documents import chapters_of
from dialogues.models import Reading
from dialogues.readings import note_reading
from dialogues.rules import TalkRights
from dialogues.sheet import record_of
from dialogues.snapshots import snapshot_of
from dialogues.views.record import people_of
from stockholm_quality.web import AuthedRequest


def what_was_written(request: AuthedRequest, rights: TalkRights) -> HttpResponse:
    note_reading(rights, Reading.What.JOINT)
    snapshot = snapshot_of(record_of(rights.talk))
    context = {
        "talk": rights.talk,
        "chapters": chapters_of(snapshot, people_of(request.user, snapshot)),
    }
    return render(request, "dialogues/joint_ended.html", context)
