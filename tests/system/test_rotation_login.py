"""login.key is rotated on two nodes while mail waits in the real Postfix, between the pass that knows who authenticated
and the pass that decides."""
import json
import re
import smtplib
from contextlib import contextmanager

import pytest

import world as sandbox
from dovecot_auth import Authenticator
from test_rotation import Node, keys_of, refused, states

# Aliases call for two passes.
PARAMETERS = {"virtual_alias_maps": "inline:{team@example.com=joe@plain.example}"}


def prepare(world):
    world.authenticator = Authenticator(world.company_queue / "private" / "auth")
    world.company.set(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot", smtpd_sasl_path="private/auth")


@pytest.fixture(scope="module")
def two(world):
    node = Node(world, "two")
    try:
        node.start("postseal-milter")
        yield node
    finally:
        node.stop()


def send(world, post, name):
    message = post.compose([f"{name}@plain.example"], message_id=f"<{name}@example.com>")
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        smtp.login("anna.login", "any")
        smtp.sendmail(post.sender, [f"{name}@plain.example"], message)


def queued(world):
    """Recipients of what waits in the MTA, put off: what is being delivered when it reloads is left alone for minutes."""
    listed = sandbox.command("postqueue", "-c", world.company.config, "-j").decode().splitlines()
    return {r["address"] for m in map(json.loads, listed) if m["queue_name"] == "deferred" for r in m["recipients"]}


@contextmanager
def between_the_passes(world, post, *names):
    """Each name's mail has passed the first milter, and reaches the second one afterwards."""
    world.company.set(defer_transports="postseal-edge")
    try:
        for name in names:
            send(world, post, name)
        addresses = {f"{name}@plain.example" for name in names}
        sandbox.wait_until(lambda: addresses <= queued(world), "mail between the passes")
        yield
    finally:
        world.company.set(defer_transports="")
        sandbox.command("postqueue", "-c", world.company.config, "-f")


def until_heard(world, state):
    """What has come to this state is known to both milters: they announce what they have whenever something changes."""
    sandbox.wait_until(lambda: world.postgres.query(
        "select bool_and(h.since > s.since) from postseal.secret_holder h join postseal.secret s using (name)"
        f" where s.name = 'login' and s.state = '{state}'") == [["t"]], "both milters to hear of it")


def logins(world, post, *names):
    """Who authenticated, according to the record."""
    for name in names:
        post.box(f"{name}@plain.example").one()
    return [world.postgres.query(f"select coalesce(authenticated, 'nobody') from postseal.message where message_id = '<{name}@example.com>'")[0][0]
            for name in names]


def lacking(world, mark):
    return world.postgres.query(f"select count(*) from postseal.secret_holder where name = 'login' and '{mark}' <> all(marks)")[0][0]


def test_who_sent_what_waited_was_forgotten_with_the_old_key(world, post, two, name):
    """Promise 3: a note that the first pass made with either key is opened by the second pass."""
    secrets = world.directory / "secrets"
    before = keys_of(secrets, "login.key")
    names = [f"{name}{when}" for when in ("before", "prepared", "after")]
    with between_the_passes(world, post, names[0]):
        world.postseal("secrets", "rotate", "--prepare", "login")
        assert keys_of(secrets, "login.key")[:1] == before
        new = states(world, "login")["prepared"]
        said = refused(world, "secrets", "rotate", "login")
        assert f"the key {new} is prepared, but not in use yet" in said and "postseal-milter on two. Copy login.key" in said
        send(world, post, names[1])
        two.copy()
        said = world.postseal("secrets", "rotate", "login")
        assert re.search(r"mail between the two passes may need the key [0-9a-f]{8} until \d{4}-\d\d-\d\d", said)
        assert lacking(world, new) == "0"
        send(world, post, names[2])
        sandbox.wait_until(lambda: len(queued(world)) == 3, "all of them between the passes")
    assert logins(world, post, *names) == ["anna.login"] * 3
    assert "mail between the two passes, until 2" in world.postseal("secrets", "status")


def test_key_that_mail_may_need_is_not_retired(world, two):
    both = keys_of(world.directory / "secrets", "login.key")
    said = refused(world, "secrets", "retire", "login")
    assert "mail between the two passes through the MTA may need it until" in said and "retire --now login" in said
    assert keys_of(world.directory / "secrets", "login.key") == both
    assert refused_usage(world, "secrets", "retire", "--now", "master")


def refused_usage(world, *words):
    with pytest.raises(sandbox.Trouble, match="usage"):
        world.postseal(*words)
    return True


def test_key_is_retired_once_no_note_of_it_counts_any_more(world, post, two, name):
    """A note expires a day after `queue lifetime`, of five days."""
    both = keys_of(world.directory / "secrets", "login.key")
    world.postgres.query("update postseal.secret set since = since - interval '6 days 1 minute' where name = 'login' and state = 'old'")
    assert "nothing needs the key" in world.postseal("secrets", "rotate", "login")
    assert "is retired" in world.postseal("secrets", "retire", "login")
    assert "1 keys removed" in two.postseal("secrets", "retire", "login")
    assert keys_of(world.directory / "secrets", "login.key") == keys_of(two.secrets, "login.key") == both[1:]
    with between_the_passes(world, post, name):
        pass
    assert logins(world, post, name) == ["anna.login"]


def test_stolen_key_was_believed_until_the_milter_was_restarted(world, post, two, name):
    """What is retired at once makes no note that counts, whoever has it, while the programs go on running; the new key's do."""
    old, new = f"{name}old", f"{name}new"
    with between_the_passes(world, post, old):
        world.postseal("secrets", "rotate", "--prepare", "login")
        two.copy()
        world.postseal("secrets", "rotate", "login")
        until_heard(world, "in use")
        send(world, post, new)
        assert "is retired" in two.postseal("secrets", "retire", "--now", "login")
        assert len(keys_of(world.directory / "secrets", "login.key")) == 2, "the file of the node whose milter is asked is as it was"
        until_heard(world, "retired")
        sandbox.wait_until(lambda: len(queued(world)) == 2, "both between the passes")
    assert logins(world, post, old, new) == ["nobody", "anna.login"]


def test_lost_key_was_waited_for_though_it_will_not_come(world, post, two, name):
    """postseal-operations(7), LOST KEY FILES: nothing is lost, and mail between the passes counts as from nobody. A key
    that is there cannot be abandoned by mistake."""
    before, after = f"{name}before", f"{name}after"
    assert "it is not lost, but in" in refused(world, "secrets", "abandon", "login")
    lost = states(world, "login")["in use"]
    with between_the_passes(world, post, before):
        for node in (world.directory / "secrets", two.secrets):
            (node / "login.key").unlink()
        world.postseal("secrets", "init")
        two.copy()
        for stop in (two.stop, lambda: world.stop_program("postseal-milter")):
            stop()
        with pytest.raises(sandbox.Trouble, match=rf"ended: .*login\.key.*{lost}"):
            world.start_program("postseal-milter")
        world.programs.pop("postseal-milter")
        assert "the first key of" in world.postseal("secrets", "abandon", "login")
        world.start_program("postseal-milter")
        two.start("postseal-milter")
        send(world, post, after)
        sandbox.wait_until(lambda: len(queued(world)) == 2, "both between the passes")
    assert logins(world, post, before, after) == ["nobody", "anna.login"]
    assert set(states(world, "login")) == {"retired"} and "login" not in world.postseal("secrets", "status")


def test_rotation_is_on_record(world, two):
    steps = [row[0] for row in world.postgres.query(
        "select what from postseal.activity where what like 'key file%' and subject = 'login' order by id")]
    assert steps[:2] == ["key file: key in use", "key file: key prepared"]
    assert steps.count("key file: key retired") == 3, "two were rotated, one abandoned"
