"""Members who are told once a day what has come: nothing is forgotten, and nothing told twice."""
import re
import time

import pytest
import world as sandbox
from person import PORTAL_RULES, Person, send, state
from test_audit import ask, questions
from visitor import Visitor

RULES = 'match subject tag "[soon]" recipient domain "pickup.example"  deliver pickup expire 1 day\n' + PORTAL_RULES
# Far from now, whatever the time of day: summaries are due when a test moves the clock.
SETTINGS = f'summary at "{(time.localtime().tm_hour + 12) % 24}:00"\n'


def choose(person, notices):
    person.browser.get("/settings")
    assert person.browser.send({"notices": notices}, action="/settings/notices").path == "/settings"


def enrol(person):
    """Somebody whom the sender knows, and who is told once a day."""
    send(person, subject="First")
    person.unlock()
    person.enrol()
    choose(person, "daily")
    return person


@pytest.fixture
def member(person):
    return enrol(person)


def issued(person, count):
    """Waits until the courier has handled this many messages to the member."""
    sandbox.wait_until(lambda: person.world.postgres.query(
        "select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
        f" where c.recipient = '{person.address}' and k.issued_at is not null") == [[str(count)]], f"{count} messages to be ready")
    sandbox.wait_until(person.world.nothing_waits, "the outbox to be empty")


def unlock_second(person):
    """Opens the first message of another sender with link and code."""
    link = person.mail("Protected message from", 2).link()
    code = sandbox.wait_until(person.code, "the code")
    person.browser.get(link)
    assert person.browser.send({"code": code}).status == 200


def write(person, subject="News", **options):
    send(person, subject=subject, **options)
    message = person.post.copies(person.address)[-1]["message"]
    sandbox.wait_until(lambda: "notice put off" in events(person, message), "the notice to be put off")
    return message


def events(person, message):
    return [row[0] for row in person.world.postgres.query(
        f"select what from postseal.history where message = '{message}' and recipient = '{person.address}' order by at",
        "postseal_auditor")]


def marks(person):
    """How many messages the member is yet to be told of."""
    [[count]] = person.world.postgres.query(
        "select count(*) from postseal.parcel_key k join postseal.account a on a.id = k.account"
        f" where a.address = '{person.address}' and k.summarise_since is not null")
    return int(count)


def do_chores(world):
    world.stop_program("postseal-courier")
    world.start_program("postseal-courier")  # it does its chores when it starts


def days_pass(world, *people, days=1):
    for person in people:
        world.postgres.query(
            f"update postseal.parcel_key k set summarise_since = k.summarise_since - interval '{days} days'"
            f" from postseal.account a where a.id = k.account and a.address = '{person.address}';"
            f"update postseal.account set summarised_at = summarised_at - interval '{days} days' where address = '{person.address}'")


def next_day(person, days=1):
    days_pass(person.world, person, days=days)
    do_chores(person.world)


def test_member_is_told_once_a_day_how_many_wait_from_whom(member):
    """Nothing that a notice does not say: no subject, and one link, which leads to the mailbox."""
    first = member.post.sender
    member.post.sender = f"other.{first}"
    send(member, subject="From somebody new")  # first contact: a mail of its own, with a link that needs a code
    unlock_second(member)
    write(member, "Quarterly figures")
    member.post.sender = first
    write(member, "Merger")
    message = write(member, "Dismissal")
    do_chores(member.world)  # not yet: nothing has been waiting since yesterday
    assert member.mails("protected messages") == [] and marks(member) == 3
    next_day(member)
    mail = member.mail("3 protected messages, Example Corp")
    text = mail.text()
    assert f"{first}: 2\n" in text and f"    other.{first}: 1\n" in text
    for subject in ("Quarterly", "Merger", "Dismissal", "News"):
        assert subject not in mail.raw.decode()
    assert set(re.findall(r"http://\S+", text)) == {f"http://localhost:{member.world.ports['portal']}/inbox"}
    assert mail["Return-Path"] == "<MAILER-DAEMON>" and len(member.mails("Protected message from")) == 2
    sandbox.wait_until(lambda: {"notice handed to the MTA", "notice sent"} <= set(events(member, message)), "what became of it")
    sql, = (sql for question, sql in questions() if "told once a day" in question)
    rows = [row for row in ask(member.world, sql) if row[0] == member.address]
    assert len(rows) == 3 and all(told > put_off for *_, put_off, told in rows)
    # The same day nothing more is told, the next day what has come since.
    write(member)
    do_chores(member.world)
    next_day(member)
    assert f"{first}: 1\n" in member.mail("1 protected message, Example Corp").text()
    next_day(member)
    sandbox.wait_until(member.world.nothing_waits, "the outbox to be empty")
    assert len(member.mails("protected message")) == 2 and marks(member) == 0
    signed_out = Visitor(member.browser.portal)
    assert signed_out.get("/inbox").path == "/signin"
    assert "Dismissal" in member.browser.get("/inbox").text


def test_member_is_told_in_their_language(member):
    member.browser.get("/settings")
    member.browser.send({"language": "de"}, action="/settings/language")
    assert "Eine E-Mail pro Tag, nach " in member.browser.get("/settings").text
    write(member)
    write(member)
    next_day(member)
    text = member.mail("2 geschützte Nachrichten, Example Corp").text()
    assert "Öffnen Sie" in text.replace("\n", " ") or "öffnen Sie" in text


def test_courier_that_stood_still_for_days_tells_of_everything_at_once(member):
    write(member)
    next_day(member)
    member.mail("1 protected message,")
    write(member)
    member.world.stop_program("postseal-courier")
    send(member)
    days_pass(member.world, member, days=2)
    member.world.start_program("postseal-courier")
    issued(member, 4)
    next_day(member)
    sandbox.wait_until(lambda: marks(member) == 0, "everything to be told")
    sandbox.wait_until(lambda: sum(int(str(m["Subject"]).split()[0]) for m in member.mails("protected message")) >= 3, "the mails")
    sandbox.wait_until(member.world.nothing_waits, "the outbox to be empty")
    assert sum(int(str(m["Subject"]).split()[0]) for m in member.mails("protected message")) == 3


def test_member_who_changes_back_is_told_at_once_of_what_was_put_off(member):
    write(member)
    write(member)
    assert marks(member) == 2
    choose(member, "each")
    do_chores(member.world)
    member.mail("2 protected messages,")
    before = len(member.mails("Protected message from"))
    send(member)
    member.mail("Protected message from", before + 1)
    assert marks(member) == 0 and len(member.mails("protected message")) == 1
    assert member.world.postgres.query(f"select notices from postseal.accounts where address = '{member.address}'", "postseal_auditor") == [["each"]]
    changes = member.world.postgres.query(f"select detail from postseal.activity where subject = '{member.address}'"
                                          " and what = 'wish for notices changed' order by at", "postseal_auditor")
    assert changes == [["daily"], ["each"]]


def test_what_was_read_recalled_or_expired_is_not_told(member):
    gone = [write(member, subject) for subject in ("Read", "Recalled", "Expired")]
    [[read]] = member.world.postgres.query("select k.id from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                           f" where c.message = '{gone[0]}'")
    assert member.browser.get(f"/message/{read}").status == 200
    member.world.postseal("message", "recall", gone[1])
    member.world.postgres.query("update postseal.parcel_key k set expires_at = now() from postseal.copy c"
                                f" where c.id = k.copy and c.message = '{gone[2]}' returning 1")
    next_day(member)
    sandbox.wait_until(lambda: marks(member) == 0, "the marks to be gone")
    write(member, "Still there")
    next_day(member)
    member.mail("1 protected message,")
    assert len(member.mails("protected message")) == 1
    assert all("notice handed to the MTA" not in events(member, message) for message in gone)


def test_first_contact_is_announced_at_once(member):
    member.post.sender = f"new.{member.post.sender}"
    send(member)
    assert "/m/" in member.mail("Protected message from new.").link()
    assert marks(member) == 0


def test_message_that_would_be_gone_by_then_is_announced_at_once(member):
    before = len(member.mails("Protected message from"))
    send(member, subject="[soon] Until tomorrow")
    member.mail("Protected message from", before + 1)
    assert marks(member) == 0


def test_message_that_an_admin_has_announced_again_is_not_told_once_more(member):
    message = write(member)
    assert "sent again" in member.world.postseal("message", "resend", message)
    do_chores(member.world)
    member.mail("Reminder: protected message from")
    assert marks(member) == 0


def test_reminder_is_part_of_the_summary(member):
    write(member)
    next_day(member)
    member.mail("1 protected message,")
    member.world.postgres.query("update postseal.parcel_key k set issued_at = k.issued_at - interval '4 days' from postseal.copy c"
                                f" where c.id = k.copy and c.recipient = '{member.address}' and k.opened_at is null returning 1")
    do_chores(member.world)
    sandbox.wait_until(lambda: marks(member) == 1, "the reminder")
    next_day(member)
    member.mail("1 protected message,", 2)
    assert member.mails("Reminder") == []


def test_account_that_was_closed_is_told_nothing(member):
    message = write(member)
    member.world.postseal("account", "reset", member.address)
    Person(member.world, member.post, member.post.sender).mail(": lost")
    do_chores(member.world)
    sandbox.wait_until(member.world.nothing_waits, "the outbox to be empty")
    assert member.mails("protected message") == [] and "notice handed to the MTA" not in events(member, message)


def from_two(member):
    """The senders of two messages that wait, and the messages."""
    first, other = member.post.sender, f"other.{member.post.sender}"
    member.post.sender = other
    send(member)
    unlock_second(member)
    messages = [write(member)]
    member.post.sender = first
    messages.append(write(member))
    return (first, other), messages


def test_senders_of_all_its_messages_are_told_that_a_summary_was_returned(member):
    senders, messages = from_two(member)
    world = member.world
    world.outside.set(smtpd_recipient_restrictions=f"check_recipient_access inline:{{ {{ {member.address} = 550 5.1.1 no such mailbox }} }}, "
                      "reject_unauth_destination")
    try:
        next_day(member)
        for sender in senders:
            text = Person(world, member.post, sender).mail("the email about it could not be delivered").text()
            assert member.address in text and "550 5.1.1" in text
    finally:
        world.outside.set(smtpd_recipient_restrictions="reject_unauth_destination")
    assert state(member) == "failed" and member.mails("protected message") == []
    for message in messages:
        assert events(member, message).count("notice not delivered") == 1


def test_senders_are_told_that_our_mta_did_not_take_a_summary(member):
    senders, messages = from_two(member)
    world = member.world
    world.company.stop()
    try:
        next_day(member)
        sandbox.wait_until(lambda: world.postgres.query("select 1 from postseal.outbox where copies is not null"), "the summary")

        def is_given_up():
            world.postgres.query("update postseal.outbox set expires_at = now(), next_attempt_at = now()"
                                 " where copies is not null and state = 'waiting'; notify postseal_outbox")
            return all("notice given up" in events(member, message) for message in messages)

        sandbox.wait_until(is_given_up, "it to be given up", 60)
    finally:
        world.company.start(world.directory / "hosts")
    world.postgres.query("update postseal.outbox set next_attempt_at = now() where state = 'waiting'; notify postseal_outbox")
    for sender in senders:
        assert member.address in Person(world, member.post, sender).mail("the email about it could not be delivered").text()
    assert state(member) == "failed"


def test_two_couriers_tell_each_member_once(world, post, name):
    people = []
    for number in range(3):
        post.sender = f"{name}.sender@example.com"
        world.postgres.query("delete from postseal.throttle")
        person = enrol(Person(world, post, f"{name}x{number}@pickup.example"))
        write(person)
        write(person)
        people.append(person)
    world.stop_program("postseal-courier")
    days_pass(world, *people)
    alone = world.directory / "two.conf"
    alone.write_text(re.sub(r"^courier metrics .*\n", "", world.config.read_text(), flags=re.M))
    first = world.start_program("postseal-courier", wait=False)
    pid = world.programs["postseal-courier"]
    second = world.start_program("postseal-courier", wait=False, host="two", config=alone)
    try:
        for courier in (first, second):
            sandbox.wait_until(lambda: f"postseal-courier[{courier.pid}]: handing mail" in world.log("postseal-courier"), "both couriers")
        for person in people:
            person.mail("2 protected messages,")
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        assert [len(person.mails("protected message")) for person in people] == [1, 1, 1]
        assert [courier.poll() for courier in (first, second)] == [None, None]
    finally:
        second.terminate()
        second.wait(30)
        world.programs["postseal-courier"] = pid


def test_only_the_two_choices_are_taken(member):
    choose(member, "never")
    page = member.browser.get("/settings").text
    assert re.search(r'value="daily"[^>]*checked', page) and not re.search(r'value="each"[^>]*checked', page)
