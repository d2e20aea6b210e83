"""Codes and notices that the next hop refuses: reported once, to whoever can act."""
import people
import pytest
import world as sandbox
from person import PORTAL_RULES as RULES, Person, send, state

SETTINGS = 'postmaster "postmaster@example.com"\nreceipts "trouble"\nremind first 1 second last 2 days\n'


@pytest.fixture
def refused(world):
    """Makes the outside refuse these addresses from now on, like a mail server that no longer has the mailboxes."""
    def refuse(*addresses):
        table = " ".join(f"{{ {a} = 550 5.1.1 no such mailbox }}" for a in addresses)
        world.outside.set(smtpd_recipient_restrictions="check_recipient_access inline:{ " + table + " }, reject_unauth_destination"
                          if addresses else "reject_unauth_destination")
    yield refuse
    refuse()


def mails(world, post, address, subject):
    return [m for m in (people.Received(f.read_bytes()) for f in post.box(address).files()) if subject in str(m["Subject"])]


def told(world, post, address, subject):
    return sandbox.wait_until(lambda: mails(world, post, address, subject), f"{address} to be told of {subject!r}")[0]


def events(world, message, what):
    return [row[0] for row in world.postgres.query(
        f"select detail from postseal.history where message = '{message}' and what = '{what}'", "postseal_auditor")]


def settled(world):
    """Waits until nothing is left in our outbox or in Postfix's queue, and its log has been read."""
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    sandbox.wait_until(lambda: not sandbox.command("postqueue", "-c", world.company.config, "-j").strip(), "Postfix's queue to be empty", 40)
    sandbox.wait_until(lambda: world.postgres.query("select 1 from postseal.mta_log where read_at > now() - interval '1 second'")
                       and not world.postgres.query("select 1 from postseal.receipt"), "the log to be read")
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")


def test_notice_that_the_recipients_server_refused_was_told_in_no_language(world, post, refused, person):
    refused(person.address)
    send(person, b"Guten Tag, das Ergebnis liegt vor und wir bitten um Ihre Antwort.\r\n")
    message = person.post.copies(person.address)[0]["message"]
    mail = told(world, post, person.post.sender, "the email about it could not be delivered")
    text = mail.parsed.get_body(("plain",)).get_content()
    assert "550 5.1.1" in text and person.address in text and "/track/" in text
    assert state(person) == "failed"
    settled(world)
    assert len(mails(world, post, person.post.sender, "the email about it")) == 1
    detail, = events(world, message, "notice not delivered")
    assert detail.startswith(person.address) and "no such mailbox" in detail


def test_code_that_did_not_reach_its_sender_was_told_to_nobody(world, post, refused, name):
    """The report contains neither code nor link; if it is itself returned, nobody is told."""
    to, sender = f"{name}@pickup.example", f"{name}.gone@example.com"
    refused(sender)
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    message = post.copies(to)[0]["message"]
    mail = told(world, post, "postmaster@example.com", f"An unlock code could not be delivered to {sender}")
    text = mail.parsed.get_body(("plain",)).get_content()
    assert "no such mailbox" in text and f"postseal message new-code {message}" in text
    assert "/track/" not in text and "/m/" not in text and not mail.codes()
    assert mail["Return-Path"] == "<MAILER-DAEMON>"  # how pipe(8) writes the null sender
    settled(world)
    assert len(mails(world, post, "postmaster@example.com", sender)) == 1
    assert len(events(world, message, "code not delivered")) == 1
    assert 'postseal_undelivered_total{kind="code"} ' in sandbox.command(
        "curl", "-s", f"http://127.0.0.1:{world.ports['courier_metrics']}/metrics").decode()
    # As the mail says: this works once the sender has a mailbox.
    refused()
    world.postseal("message", "new-code", message)
    sandbox.wait_until(lambda: mails(world, post, sender, "Unlock code"), "the code")


def test_what_was_told_is_told_again_after_a_restart(world, post, refused, person):
    """The log is read on from the recorded position, so that nothing is reported twice, or not at all."""
    refused(person.address)
    world.stop_program("postseal-courier")
    send(person)
    world.start_program("postseal-courier")
    told(world, post, person.post.sender, "the email about it could not be delivered")
    for _ in range(2):
        world.stop_program("postseal-courier")
        world.start_program("postseal-courier")
    settled(world)
    assert len(mails(world, post, person.post.sender, "the email about it")) == 1
