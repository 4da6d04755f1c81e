"""The time of a talk as a calendar file (iCalendar, RFC 5545): one event for as long as the talk
lives, with a number that grows when it changes, so that calendars move it and never double it.

Says nothing but that there is a talk: calendars are shared, and mail is read on locked screens.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from dialogues.models import Talk, TalkTime

PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"
CONTENT_TYPE = "text/calendar; charset=utf-8"
REMINDED_BEFORE = timedelta(minutes=15)


def calendar_of(
    talk: Talk, time: TalkTime, *, url: str, method: str = PUBLISH, attendee: str = ""
) -> bytes:
    """`url` is the talk's address, whole. `attendee` is an e-mail address, in what is mailed."""
    event = Event()
    event.add("uid", f"{talk.calendar_uid}@tydliga-mal")
    event.add("sequence", talk.calendar_sequence)
    event.add("dtstamp", timezone.now())
    event.add("dtstart", timezone.localtime(time.starts_at))
    event.add("dtend", timezone.localtime(time.starts_at + timedelta(minutes=time.minutes)))
    event.add("summary", str(talk.get_kind_display()))
    event.add("description", _("More in the portal: {url}").format(url=url))
    event.add("url", url)
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    if time.place:
        event.add("location", time.place)
    if attendee:
        event["organizer"] = vCalAddress(f"MAILTO:{settings.DEFAULT_FROM_EMAIL}")
        invited = vCalAddress(f"MAILTO:{attendee}")
        # Whether it suits is answered in the portal, where the other may propose another time.
        invited.params["rsvp"] = vText("FALSE")
        event.add("attendee", invited, encode=False)
    if method != CANCEL:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", str(talk.get_kind_display()))
        alarm.add("trigger", -REMINDED_BEFORE)
        event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Stockholms stad//Tydliga mål//SV")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
