"""What senders are told, reminders, and what expires."""
import concurrent.futures
import re

import pytest
import world as sandbox
from person import PORTAL_RULES as RULES, Person, send, state
from visitor import Visitor


def test_sender_is_told_once_that_it_was_read_in_the_thread(person):
    send(person, message_id="<thread@example.com>")
    person.unlock()
    person.browser.get(person.browser.page.path)
    receipt = Person(person.world, person.post, person.post.sender).mail(": read")
    assert receipt["In-Reply-To"] == "<thread@example.com>" and person.address in receipt.text()
    sandbox.wait_until(lambda: person.world.nothing_waits(), "the courier")
    assert len(Person(person.world, person.post, person.post.sender).mails(": read")) == 1


def test_receipt_by_rule_tells_how_it_was_sent_and_read(person):
    send(person, subject="[mdn] Terms")
    person.unlock()
    sender = Person(person.world, person.post, person.post.sender)
    assert f"{person.address}: protected" in sender.mail("How your message was sent").text()
    report = sender.mail(": read").parsed
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "disposition-notification"
    fields = report.get_payload()[1].as_string()
    assert f"Final-Recipient: rfc822;{person.address}" in fields and "; displayed" in fields


def test_receipt_as_delivery_status(person):
    send(person, subject="[dsn] Terms")
    person.unlock()
    report = Person(person.world, person.post, person.post.sender).mail(": read").parsed
    assert report.get_param("report-type") == "delivery-status"
    fields = report.get_payload()[1].as_string()
    assert f"Final-Recipient: rfc822; {person.address}" in fields and "Action: delivered" in fields


def later(person, days):
    """Moves the clock for one message: all its times are moved back."""
    person.world.postgres.query(
        "update postseal.parcel_key k set issued_at = k.issued_at - interval '{0} days',"
        " expires_at = k.expires_at - interval '{0} days' from postseal.copy c"
        " where c.id = k.copy and c.recipient = '{1}' returning 1".format(days, person.address))
    person.world.stop_program("postseal-courier")
    person.world.start_program("postseal-courier")  # it does its chores when it starts


def test_reader_is_reminded_twice_and_then_the_message_expires(person):
    send(person)
    link = person.mail("Protected message").link()
    sandbox.wait_until(person.code, "the code")
    later(person, 4)
    assert person.mail("Reminder").link() == link
    later(person, 7)
    assert person.mail("Reminder", 2).link() == link
    later(person, 4)
    expired = Person(person.world, person.post, person.post.sender).mail("expired unread")
    assert person.address in expired.text() and state(person) == "expired"
    assert len(person.mails("Reminder")) == 2
    person.browser.get(link)
    assert person.browser.page.status == 410
    gone = person.world.postgres.query(
        "select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
        f" where c.recipient = '{person.address}'")
    assert gone == [["0"]]


# --- what is deleted ---

def member(person, subject="First"):
    send(person, subject=subject)
    person.unlock()
    person.enrol()


def unread(person):
    return re.findall(r'/message/(\S{36})"', person.browser.get("/inbox").text)[0]


def delete(person, message):
    person.browser.get("/settings")
    return person.browser.send({"action": "delete-now"}, to=f"/delete/{message}", action="/settings/sessions")


def events(person):
    """Of the newest message."""
    message = person.post.copies(person.address)[-1]["message"]
    return [row[0] for row in person.world.postgres.query(
        f"select what from postseal.history where message = '{message}' and what not similar to '% (handed to the MTA|sent)' order by at")]


@pytest.mark.parametrize("tag, status", [("", None), ("[mdn] ", "; deleted"), ("[dsn] ", "Action: failed")])
def test_what_its_reader_deleted_unopened_was_said_to_wait_for_ever(person, tag, status):
    """On record, on the sender's page, and in the receipt, which says that its reader deleted it."""
    member(person)
    send(person, subject=f"{tag}Unread")
    person.mail("Protected message", 2)
    assert delete(person, unread(person)).path == "/inbox"
    assert state(person) == "deleted" and events(person)[-1] == "deleted" and "opened" not in events(person)
    sender = Person(person.world, person.post, person.post.sender)
    receipt = sender.mail("deleted without being opened")
    assert f"{person.address}: deleted without being opened" in receipt.text()
    if status is not None:
        assert status in receipt.parsed.get_payload()[1].as_string()
    sender.browser.get(re.findall(r"http://\S+/\w+/\S{43}(?=\s|$)", receipt.text())[-1])
    page = sender.browser.page.text
    assert "deleted without being opened" in page and "not read yet" not in page
    assert 'value="recall"' not in page and 'value="renew"' not in page
    assert person.world.postgres.query(
        f"select 1 from postseal.log where recipient = '{person.address}' and state = 'parked'") == []


def test_what_was_read_and_then_deleted_stays_read(person):
    member(person)
    message = unread(person)
    assert delete(person, message).path == "/inbox"
    assert state(person) == "opened" and events(person)[-1] == "deleted"
    Person(person.world, person.post, person.post.sender).mail("deleted by the recipient")
    assert delete(person, message).status == 410
    assert events(person).count("deleted") == 1


def test_message_that_two_windows_delete_at_once_is_deleted_once(person):
    """A message that is opened in one window while another deletes it has been read."""
    member(person)
    send(person, subject="Unread")
    person.mail("Protected message", 2)
    message = unread(person)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        browsers = [Visitor(person.browser.portal) for _ in range(8)]
        for browser in browsers:
            person.sign_in(browser=browser)
            browser.get("/settings")
        answers = list(pool.map(lambda b: b.send({"action": "delete-now"}, to=f"/delete/{message}", action="/settings/sessions").status, browsers))
    assert set(answers) <= {200, 404, 410}
    assert events(person).count("deleted") == 1 and state(person) == "deleted"
    sender = Person(person.world, person.post, person.post.sender)
    sender.mail("deleted without being opened")
    sandbox.wait_until(person.world.nothing_waits, "the courier")
    assert len(sender.mails(": deleted")) == 1
