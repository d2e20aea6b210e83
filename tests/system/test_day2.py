"""What an admin does for people once everything runs: what did not arrive, codes that were lost, colleagues who leave,
partners who lost everything."""
import json
import re
import subprocess

import pytest

import people
import world as sandbox
from person import PORTAL_RULES, Person, send, state

RULES = PORTAL_RULES


@pytest.fixture
def run(world):
    """Runs the command; returns its exit status and rows."""

    def run(*words):
        done = subprocess.run([world.bin / "postseal", "-f", world.config, *words, "--json"], capture_output=True, text=True,
                              timeout=120)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    return run


def message(person):
    return person.post.copies(person.address)[-1]["message"]


def history(world, identifier):
    return world.postgres.query(f"select what, coalesce(detail, '') from postseal.history where message = '{identifier}' order by at")


# --- a new link, a new code ---

def test_recipient_whose_code_was_lost_gets_another(world, run, person):
    """Promise 7: the old link and the old code open nothing any more; the new ones do."""
    send(person)
    old_link, old_code = person.mail("Protected message").link(), sandbox.wait_until(person.code, "the code")
    status, (row,) = run("message", "new-code", message(person), person.address)
    assert (status, row["recipient"], row["done"]) == (0, person.address, True)
    new_link = person.mail("Protected message", 2).link()
    new_code = sandbox.wait_until(lambda: person.code(2), "the new code")
    assert new_link != old_link and new_code != old_code
    for link, code in ((old_link, old_code), (old_link, new_code), (new_link, old_code)):
        person.browser.get(link)
        assert "The secret is 42." not in person.browser.send({"code": code}).text
    assert "The secret is 42." in person.unlock(2).text
    assert ["renewed", "new link and code, by root"] in history(world, message(person))


def test_locked_message_is_free_again(run, person):
    send(person)
    person.browser.get(person.mail("Protected message").link())
    sandbox.wait_until(person.code, "the code")
    for _ in range(5):
        person.browser.send({"code": "00000-00000-0"})
    sandbox.wait_until(lambda: state(person) == "locked", "the lock")
    assert run("message", "resend", message(person))[1][0]["said"].startswith("its link no longer works")
    assert run("message", "new-code", message(person))[0] == 0
    assert state(person) == "parked" and "The secret is 42." in person.unlock(2).text


def test_code_cannot_be_made_anew_for_what_was_read(run, person):
    send(person)
    person.unlock()
    sandbox.wait_until(lambda: state(person) == "opened", "the opening")
    status, (row,) = run("message", "new-code", message(person))
    assert (status, row["done"], row["said"]) == (3, False, "it was opened already")


# --- sending again ---

def test_email_with_the_link_goes_out_again(world, run, person):
    """The same link, so that a code that was told stays right."""
    send(person)
    link = person.mail("Protected message").link()
    sandbox.wait_until(person.code, "the code")
    status, (row,) = run("message", "resend", message(person))
    assert (status, row["done"]) == (0, True)
    world.stop_program("postseal-courier")  # it looks for such mail when it starts, and each minute
    world.start_program("postseal-courier")
    assert person.mail("Reminder: protected message").link() == link
    assert "The secret is 42." in person.unlock().text


def test_what_the_mta_has_or_delivered_is_not_sent_again(world, run, post, name):
    """Promise 3."""
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: post.copies(to)[0]["state"] == "sent", "the delivery")
    status, (row,) = run("message", "resend", post.copies(to)[0]["message"])
    assert (status, row["done"]) == (3, False) and "it would arrive twice" in row["said"]
    assert len(post.box(to).files()) == 1 and world.nothing_waits()


def test_what_waits_in_the_outbox_is_tried_at_once(world, run, person):
    """One copy arrives, however often it is asked for."""
    world.stop_program("postseal-courier")
    try:
        send(person)
        assert run("message", "resend", message(person))[1][0]["said"] == "its link and code are being created already"
    finally:
        world.start_program("postseal-courier")
    person.mail("Protected message")
    sandbox.wait_until(world.nothing_waits, "the courier")
    assert len(person.mails("Protected message")) == 1
