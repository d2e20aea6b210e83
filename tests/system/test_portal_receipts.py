"""What senders are told, reminders, and what expires."""

import world as sandbox
from person import PORTAL_RULES as RULES, Person, send, state
def test_sender_is_told_once_that_it_was_read_in_the_thread(person):
    send(person, message_id="<thread@example.com>")
    person.unlock()
    person.browser.get(person.browser.page.path)
    receipt = Person(person.world, person.post, person.post.sender).mail("was read")
    assert receipt["In-Reply-To"] == "<thread@example.com>" and person.address in receipt.text()
    sandbox.wait_until(lambda: person.world.nothing_waits(), "the courier")
    assert len(Person(person.world, person.post, person.post.sender).mails("was read")) == 1


def test_receipt_by_rule_tells_how_it_was_sent_and_read(person):
    send(person, subject="[mdn] Terms")
    person.unlock()
    sender = Person(person.world, person.post, person.post.sender)
    assert f"{person.address}: waits" in sender.mail("How your message was sent").text()
    report = sender.mail("was read").parsed
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "disposition-notification"
    fields = report.get_payload()[1].as_string()
    assert f"Final-Recipient: rfc822;{person.address}" in fields and "; displayed" in fields


def test_receipt_as_delivery_status(person):
    send(person, subject="[dsn] Terms")
    person.unlock()
    report = Person(person.world, person.post, person.post.sender).mail("was read").parsed
    assert report.get_param("report-type") == "delivery-status"
    fields = report.get_payload()[1].as_string()
    assert f"Final-Recipient: rfc822; {person.address}" in fields and "Action: delivered" in fields


def later(person, days):
    """The clock is moved for one message: all its times lie so much earlier."""
    person.world.postgres.query(
        "update postseal.parcel_key k set issued_at = k.issued_at - interval '{0} days',"
        " expires_at = k.expires_at - interval '{0} days' from postseal.copy c"
        " where c.id = k.copy and c.recipient = '{1}' returning 1".format(days, person.address))
    person.world.stop_program("postseal-courier")
    person.world.start_program("postseal-courier")  # which keeps house as it starts


def test_reader_is_reminded_twice_and_then_the_message_expires(person):
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    later(person, 4)
    assert person.mail("Reminder").link() == link
    later(person, 7)
    assert person.mail("Reminder", 2).link() == link
    later(person, 4)
    expired = Person(person.world, person.post, person.post.sender).mail("expired unread")
    assert person.address in expired.text() and state(person) == "expired"
    assert len(person.mails("Reminder")) == 2
    person.browser.get(link)
    assert person.browser.send({"code": code}).status == 403
    gone = person.world.postgres.query(
        "select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
        f" where c.recipient = '{person.address}'")
    assert gone == [["0"]]
