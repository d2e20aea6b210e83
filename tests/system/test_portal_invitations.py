"""Invitations, as Outlook, Google and Apple send them, are readable cards above the text."""
import html
import re
import time

import pytest
from conftest import BUILD
from documents import DONE, TOO_MUCH_WORK, ask
from messages import base64_lines, lines, multipart, part
from looking import everywhere
from person import PORTAL_RULES as RULES, Person, send

SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text().partition("POSTSEAL_SANITIZE:")[2].partition("\n")[0]

ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(method, event, zone=ZONE):
    return lines(f"BEGIN:VCALENDAR\nPRODID:Microsoft Exchange Server 2010\nVERSION:2.0\nMETHOD:{method}\n{zone}"
                 f"BEGIN:VEVENT\nUID:1@example.com\nDTSTAMP:20261101T100000Z\n{event}END:VEVENT\nEND:VCALENDAR\n")


MEETING = """ORGANIZER;CN=Anna Becker:mailto:anna@example.com
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Pat:MAILTO:pat@pickup.example
ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Bob <b>:mailto:bob@example.net
DESCRIPTION;LANGUAGE=de-DE:The agenda\\, as discussed
SUMMARY;LANGUAGE=de-DE:Review of the first q
 uarter
DTSTART;TZID=W. Europe Standard Time:20261124T150000
DTEND;TZID=W. Europe Standard Time:20261124T160000
RRULE:FREQ=WEEKLY;UNTIL=20261224T140000Z;INTERVAL=2;BYDAY=TU,TH;WKST=MO
LOCATION:Room 3\\; https://meet.example/x?a=1&b=2
STATUS:CONFIRMED
SEQUENCE:0
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:DISPLAY
END:VALARM
"""


def outlook(data, method="REQUEST"):
    text = part("Content-Type: text/plain; charset=utf-8", b"The agenda, as discussed.\r\n")
    page = part("Content-Type: text/html; charset=utf-8", b"<p>The agenda, as discussed.</p>\r\n")
    invitation = part(f'Content-Type: text/calendar; charset="utf-8"; method={method}\nContent-Transfer-Encoding: base64',
                      base64_lines(data))
    return b'multipart/alternative; boundary="o"', multipart("o", text, page, invitation)


def google(data):
    text = part("Content-Type: text/plain; charset=utf-8", b"You have been invited.\r\n")
    invitation = part("Content-Type: text/calendar; charset=UTF-8; method=REQUEST\nContent-Transfer-Encoding: 7bit", data)
    inner = part('Content-Type: multipart/alternative; boundary="g"', multipart("g", text, invitation))
    file = part('Content-Type: application/ics; name="invite.ics"\nContent-Disposition: attachment; filename="invite.ics"\n'
                "Content-Transfer-Encoding: base64", base64_lines(data))
    return b'multipart/mixed; boundary="m"', multipart("m", inner, file)


def apple(data):
    text = part("Content-Type: text/plain; charset=us-ascii", b"Anna sent an invitation.\r\n")
    file = part('Content-Disposition: attachment; filename="iCal-20261124.ics"\n'
                'Content-Type: text/calendar; charset=utf-8; method=REQUEST; name="iCal-20261124.ics"\n'
                "Content-Transfer-Encoding: quoted-printable", data.replace(b"=", b"=3D"))
    return b'multipart/alternative; boundary="a"', multipart("a", text, file)


def cards(page):
    """The cards as lists of (label, value), the first of which is what it is and its title."""
    shown = []
    for card in re.findall(r'<section class="invitation">(.*?)</section>', page, re.S):
        clean = lambda markup: html.unescape(" ".join(re.sub(r"<[^>]+>", " ", markup).split()))
        head = [(clean(re.search(r"<p[^>]*>(.*?)</p>", card, re.S).group(1)), clean(re.search(r"<h2>(.*?)</h2>", card, re.S).group(1)))]
        shown.append(head + [(clean(a), clean(b)) for a, b in re.findall(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", card, re.S)])
    return shown


def shown(person, content, body, path=None):
    count = len(person.mails("Protected message")) + 1
    send(person, body, content=content)
    person.unlock(count)
    message = person.browser.page.path.removeprefix("/message/")
    return person.browser.get((path or "/message/{}").format(message)).text


WANTED = [("Invitation", "Review of the first quarter"),
          ("When", "Tuesday, 24 Nov 2026, 15:00 \u2013 16:00 (W. Europe Standard Time, UTC+01:00)"),
          ("Repeats", "every 2 weeks: Tuesday, Thursday; until 24 Dec 2026"),
          ("Where", "Room 3; https://meet.example/x?a=1&b=2"), ("Organizer", "Anna Becker <anna@example.com>"),
          ("Invited", "Pat <pat@pickup.example> no answer yet bob@example.net (Bob <b>) accepted, optional")]


@pytest.mark.parametrize("sent_by", [outlook, google, apple])
def test_invitation_is_a_card_with_its_file(person, sent_by):
    data = calendar("REQUEST", MEETING)
    page = shown(person, *sent_by(data))
    assert cards(page) == [WANTED]
    assert '<a href="https://meet.example/x?a=1&amp;b=2"' in page and "<b>" not in page
    link = re.search(r'<a href="(/attachment/[^"]+)" download="([^"]+\.ics)">Download for your calendar</a>', page)
    assert person.browser.get(link.group(1)).body == data, link.group(2)
    # The letter's text stays, the file is among the attachments, and what is printed has the card as well.
    assert len(re.findall(r'data-fill|<ul class="attachments">', page)) == 1
    message = person.browser.page.path.split("/")[2]
    printed = person.browser.get(f"/print/{message}").text
    assert cards(printed) == [WANTED] and "Download for your calendar" not in printed


@pytest.mark.parametrize("method, event, title, said", [
    ("REQUEST", MEETING.replace("SEQUENCE:0", "SEQUENCE:2"), "Changed invitation", {}),
    ("CANCEL", MEETING, "Cancelled event", {}),
    ("REQUEST", MEETING.replace("STATUS:CONFIRMED", "STATUS:CANCELLED"), "Cancelled event", {}),
    ("REPLY", "ATTENDEE;PARTSTAT=DECLINED;CN=Pat:mailto:pat@pickup.example\nSUMMARY:Review\nDTSTART;VALUE=DATE:20261224\n",
     "Answer to an invitation", {"Answer": "Pat <pat@pickup.example> declined", "When": "Thursday, 24 Dec 2026, all day"}),
    ("COUNTER", MEETING, "Proposal to change an event", {}), ("PUBLISH", MEETING, "Event", {}),
    ("REQUEST", "SUMMARY:One of them\nRECURRENCE-ID;VALUE=DATE:20261125\nDTSTART;VALUE=DATE:20261126\nSTATUS:TENTATIVE\n",
     "Invitation", {"Date in the series": "Wednesday, 25 Nov 2026", "Status": "not confirmed yet"}),
])
def test_card_says_what_kind_of_message_it_is(person, method, event, title, said):
    card, = cards(shown(person, *outlook(calendar(method, event), method)))
    assert card[0][0] == title and said.items() <= dict(card[1:]).items()


def test_invitation_without_a_text_shows_its_notes(person):
    page = shown(person, b"text/calendar; charset=utf-8; method=REQUEST", calendar("REQUEST", MEETING))
    assert cards(page)[0][-1] == ("Notes", "The agenda, as discussed")


def test_card_is_in_the_language_of_the_reader(post, world):
    reader = Person(world, post, "german@pickup.example", **{"Accept-Language": "de"})
    card, = cards(shown(reader, *outlook(calendar("REQUEST", MEETING))))
    assert card[0][0] == "Einladung"
    assert ("Wann", "Dienstag, 24.11.2026, 15:00 \u2013 16:00 (W. Europe Standard Time, UTC+01:00)") in card
    assert ("Wiederholung", "alle 2 Wochen: Dienstag, Donnerstag; bis 24.12.2026") in card


def test_forwarded_invitation_is_a_card_of_its_message(person):
    content, body = google(calendar("REQUEST", MEETING))
    inner = b"From: x@example.com\r\nSubject: The invitation\r\nContent-Type: " + content + b"\r\n\r\n" + body
    page = shown(person, b'multipart/mixed; boundary="f"', multipart(
        "f", part("Content-Type: text/plain", b"See below.\r\n"), part("Content-Type: message/rfc822", inner)))
    assert cards(page) == [WANTED] and page.index("<details class=\"unfolded\"") < page.index('class="invitation"')
    link = re.search(r'href="(/attachment/[^"/]+/0\.0)" download="invite.ics">Download', page).group(1)
    assert person.browser.get(link).body == calendar("REQUEST", MEETING)


def forwarded(*messages):
    """A message to which these, content type and body, are attached."""
    return b'multipart/mixed; boundary="f"', multipart(
        "f", part("Content-Type: text/plain", b"See below.\r\n"),
        *(part("Content-Type: message/rfc822", b"From: x@example.com\r\nSubject: One\r\nContent-Type: " + content + b"\r\n\r\n" + body)
          for content, body in messages))


def test_each_of_many_forwarded_invitations_has_its_card(person):
    page = shown(person, *forwarded(*(google(calendar("REQUEST", MEETING)) for _ in range(8))))
    assert cards(page) == [WANTED] * 8


@pytest.mark.parametrize("path", ["/message/{}", "/print/{}"])
def test_calendars_of_attached_messages_together_take_little_time(person, path):
    """Five of each of twenty attached messages were read, one after the other: a page took two minutes."""
    slow = [event_of(b"DTSTART:x\r\n" * 19000 + b"SUMMARY:%d\r\n" % i) for i in range(100)]
    files = lambda calendars: multipart("c", *(part("Content-Type: text/calendar", data) for data in calendars))
    messages = [(b"multipart/mixed; boundary=c", files(slow[i:i + 5])) for i in range(0, 100, 5)]
    content, body = forwarded(*messages)
    place = shown(person, content, body) and person.browser.page.path
    begun = time.monotonic()
    assert person.browser.get(path.format(place.removeprefix("/message/"))).status == 200
    assert time.monotonic() - begun < (20 if SANITIZED else 3)


@pytest.mark.parametrize("rule", ["RRULE:FREQ=WEEKLY;BYDAY=" + ",".join(["MO"] * 400), "RRULE:FREQ=NEVER", "RDATE:sometime",
                                  "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY;BYDAY=" + ",".join(["MO"] * 400)])
def test_series_whose_rule_cannot_be_read_is_no_single_event(person, rule):
    card, = cards(shown(person, *outlook(calendar("REQUEST", f"SUMMARY:Series\nDTSTART;VALUE=DATE:20261224\n{rule}\n"))))
    assert ("Repeats", "repeats") in card


@pytest.mark.parametrize("called, said", [
    ('"CEO <ceo@example.com>"', "eve@evil.example (CEO <ceo@example.com>)"), ("ceo@example.com", "eve@evil.example (ceo@example.com)"),
    ("CEO\u3164\u3164", "eve@evil.example (CEO\u3164\u3164)"), ("Eve", "Eve <eve@evil.example>"), ("eve@evil.example", "eve@evil.example")])
def test_name_in_a_calendar_does_not_stand_for_the_address(person, called, said):
    event = f"SUMMARY:S\nDTSTART;VALUE=DATE:20261224\nORGANIZER;CN={called}:mailto:eve@evil.example\nATTENDEE;CN={called}:mailto:eve@evil.example\n"
    card, = cards(shown(person, *outlook(calendar("REQUEST", event))))
    assert ("Organizer", said) in card and ("Invited", said + " no answer yet") in card


def test_calendar_that_cannot_be_read_is_an_attachment(person):
    """No markup, no card, and the message is shown."""
    for data in (b"\xff\xfe\x00garbage", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"x" * 300_000, b""):
        page = shown(person, *outlook(data))
        assert cards(page) == [] and "invite.ics" in page and "<iframe" in page


def event_of(text):
    return b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + text + b"END:VEVENT\r\nEND:VCALENDAR\r\n"


SIZE = 250_000
BOMBS = {
    "nested": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 17000,
    "events": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 9000 + b"END:VCALENDAR\r\n",
    "attendees": event_of(b"ATTENDEE:mailto:a@b\r\n" * 12000),
    "parameters": event_of(b"ATTENDEE" + b";CN=x" * 50000 + b":mailto:x\r\n"),
    "unknown properties": event_of(b"X-A;X-B=1:2\r\n" * 15000),
    "a long line": event_of(b"SUMMARY:" + b"x" * SIZE + b"\r\n"),
    "folds": event_of(b"SUMMARY:x" + b"\r\n x" * 60000 + b"\r\n"),
    "escapes": event_of(b"SUMMARY:" + b"\\n" * (SIZE // 2) + b"\r\n"),
    "quotes": event_of(b'ATTENDEE;CN="' + b'"' * SIZE + b"\r\n"),
    "every second": event_of(b"DTSTART:19700101T000000Z\r\nRRULE:FREQ=SECONDLY;BYSECOND=" + b",".join([b"1"] * 60000) + b"\r\n"),
    "many weekdays": event_of(b"DTSTART:19700101T000000Z\r\nRRULE:FREQ=YEARLY;BYDAY=" + b",".join([b"1MO"] * 60000) + b"\r\n"),
    "many rules": event_of(b"DTSTART:19700101T000000Z\r\n" + b"RRULE:FREQ=SECONDLY\r\n" * 10000),
    "dates": event_of(b"RDATE:" + b",".join([b"20200101T000000Z"] * 15000) + b"\r\n"),
    "another calendar": event_of(b"RRULE:RSCALE=CHINESE;FREQ=YEARLY\r\n"),
    "a zone of seconds": b"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\n"
                         + b"BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nRRULE:FREQ=SECONDLY\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n" * 2000
                         + b"END:VTIMEZONE\r\nBEGIN:VEVENT\r\nDTSTART;TZID=X:20200101T000000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "zones": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n" * 5000
             + b"BEGIN:VEVENT\r\nDTSTART;TZID=Y:20200101T000000\r\nEND:VEVENT\r\n" * 20 + b"END:VCALENDAR\r\n",
    "a zone file": event_of(b"DTSTART;TZID=/../../etc/passwd:20200101T000000\r\n"),
    "colons": b":" * SIZE, "bytes": b"\xff" * SIZE, "nothing": b"",
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_calendar_is_read_in_bounded_time(name):
    found = ask("postseal-reader-office", b"calendar", BOMBS[name])
    assert found.status == 0 and found.outcome in (DONE, TOO_MUCH_WORK), vars(found)
    assert found.seconds < (5 if SANITIZED else .5)


def test_card_on_phone_and_desktop(chromium, person):
    shown(person, *outlook(calendar("REQUEST", MEETING)))
    path = person.browser.page.path
    everywhere(chromium, person, path, "invitation")
