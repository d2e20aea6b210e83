"""Mail that comes in through Sendmail. It has no XCLIENT: who is outside shows by the sender alone, who is nobody of ours."""
import email
import smtplib

import pytest

import people
import sendmail
import world as sandbox
from test_inbound import PROTECTED, TEXT, Outside, arrived, employee, envelope, refused, told_apart  # noqa: F401

WORLD = sendmail.SendmailWorld
SETTINGS = 'networks { "192.0.2.0/24" }\n'
RULES = """
receive sender domain "closed.example"  pass
receive any                             open
match recipient in domains              deliver plain
otherwise                               deliver plain
"""


class Stranger(Outside):
    def send(self, message, to, sender, asks=(), returns=()):
        with smtplib.SMTP("127.0.0.1", self.world.ports["submission"]) as smtp:
            smtp.ehlo()
            assert smtp.mail(sender, returns)[0] == 250
            for number, address in enumerate(to):
                assert smtp.rcpt(address, asks[number] if asks else ())[0] == 250
            code, text = smtp.data(message)
            assert code == 250, text


@pytest.fixture
def stranger(world, post, name):
    made = Stranger(world, post)
    made.address = f"{name}@partner.example"
    return made


def send(stranger, entity, to, asks=(), returns=(), subject="[...]"):
    """`asks`: for each recipient, what NOTIFY says, or None."""
    stranger.send(stranger.mail(entity, to, sender=stranger.address, subject=subject), to, stranger.address,
                  [[f"NOTIFY={ask}"] if ask else [] for ask in asks], returns)


def settle(world, addresses):
    """Waits until nothing is left to be said about their mail."""
    sandbox.wait_until(lambda: all(state in ("sent", "failed") for address in addresses for state, in world.postgres.query(
        f"select state from postseal.log where recipient = '{address}'")), "Sendmail's log to be read")
    sandbox.wait_until(lambda: not world.postgres.query("select 1 from postseal.receipt") and world.nothing_waits(), "our outbox to be empty")
    sandbox.wait_until(lambda: not list(world.company.queue.glob("[qhQ]f*")), "Sendmail's queue to be empty", 60)
    sandbox.wait_until(lambda: not sandbox.command("postqueue", "-c", world.outside.config, "-j").strip(), "the next hop's queue to be empty", 60)


def test_sealed_mail_is_opened_and_the_rest_passes_byte_for_byte(world, post, stranger, name):
    ours, theirs = f"{name}a@example.com", f"{name}b@example.com"
    sealed = envelope(TEXT, employee(world, ours))
    send(stranger, sealed, [ours])
    send(stranger, sealed, [theirs])
    assert arrived(post.box(ours).one()) == TEXT
    assert arrived(post.box(theirs).one()) == people.entity_of(stranger.mail(sealed, [theirs]))
    assert [post.copies(to)[0]["method"] for to in (ours, theirs)] == ["open", "pass"]


def test_each_gets_what_their_key_opens(world, post, stranger, name):
    """In copies of their own; forged results are removed from both."""
    ours, theirs = f"{name}a@example.com", f"{name}b@example.com"
    sealed = envelope(PROTECTED, employee(world, ours))
    forged = b"Authentication-Results: gateway.example.com; smime=pass\r\n"
    message = forged + stranger.mail(sealed, [ours, theirs], sender=stranger.address, subject="[...]")
    stranger.send(message, [ours, theirs], stranger.address)
    opened, passed = post.box(ours).one(), post.box(theirs).one()
    assert opened["Subject"] == "The real one" and passed["Subject"] == "[...]"
    assert arrived(passed) == people.entity_of(stranger.mail(sealed, [theirs]))
    for mail in (opened, passed):
        assert "smime=pass" not in str(email.message_from_bytes(mail.raw).get_all("Authentication-Results"))


NOTIFY = [None, "NEVER", "SUCCESS", "FAILURE", "SUCCESS,FAILURE,DELAY"]


def test_nobody_is_told_that_sealed_mail_arrived(world, post, stranger, name):
    """Whatever they ask for: a report would show the header as it became. What could not be opened looks the same."""
    everybody = []
    for number, ask in enumerate(NOTIFY):
        ours, theirs = (f"{name}{number}{which}@example.com" for which in "ab")
        sealed = envelope(PROTECTED, employee(world, ours))
        send(stranger, sealed, [ours], [ask], ["RET=FULL", "ENVID=known"])
        send(stranger, sealed, [theirs], [ask], ["RET=FULL", "ENVID=known"])
        assert post.box(ours).one()["Subject"] == "The real one" and post.box(theirs).one()["Subject"] == "[...]"
        everybody += [ours, theirs]
    settle(world, everybody)
    assert {post.copies(to)[0]["state"] for to in everybody} == {"sent"}
    assert post.box(stranger.address).files() == []


def test_each_of_two_recipients_is_told_of_as_asked(world, post, stranger, refused, name):
    """NOTIFY of one says nothing of the other, though both are opened, in one copy."""
    silent, told = f"{name}a@example.com", f"{name}b@example.com"
    refused(silent, told)
    sealed = envelope(PROTECTED, employee(world, silent), employee(world, told))
    send(stranger, sealed, [silent, told], ["NEVER", "SUCCESS,FAILURE"], ["RET=FULL", "ENVID=known"])
    settle(world, [silent, told])
    report = post.box(stranger.address).one()
    assert told.encode() in report.raw and silent.encode() not in report.raw.split(b"Reporting-MTA:")[1].split(b"\n\n--")[0]
    assert b"The real one" not in report.raw and b"550 5.0.0 delivery failed" in report.raw


@pytest.mark.parametrize("ask", NOTIFY)
def test_report_of_sendmail_showed_what_was_opened(world, post, stranger, refused, name, ask):
    """Where its sender had asked for nothing in particular. A failure is told by us to whoever asks, of what was opened and of
    what was not in the same words."""
    ours, theirs = f"{name}a@example.com", f"{name}b@example.com"
    refused(ours, theirs)
    sealed = envelope(PROTECTED, employee(world, ours))
    for to in (ours, theirs):
        send(stranger, sealed, [to], [ask], ["RET=FULL", "ENVID=known"])
    settle(world, (ours, theirs))
    assert [post.copies(to)[0]["method"] for to in (ours, theirs)] == ["open", "pass"]
    assert {post.copies(to)[0]["state"] for to in (ours, theirs)} == {"failed"}
    if ask in ("NEVER", "SUCCESS"):
        assert post.box(stranger.address).files() == []
        return
    both = post.box(stranger.address).wait(2)
    for report in both:
        assert b"The real one" not in report.raw and b"x-decrypted" not in report.raw
        # Its log does not say whether the next hop said so of the recipient or of the content.
        assert b"550 5.0.0 delivery failed" in report.raw and b"Original-Envelope-Id: known" in report.raw
    assert told_apart(both[0]) == told_apart(both[1])


@pytest.mark.parametrize("ask,is_told", [("SUCCESS", True), ("NEVER", False)])
def test_mail_that_was_not_sealed_is_reported_as_asked(world, post, stranger, name, ask, is_told):
    to = f"{name}a@example.com"
    send(stranger, TEXT, [to], [ask])
    settle(world, [to])
    assert post.copies(to)[0]["state"] == "sent"
    assert len(post.box(stranger.address).files()) == is_told
