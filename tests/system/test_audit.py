"""The record as auditors query it: the questions of postseal-audit(7), and who did what."""
import os
import pathlib
import re
import subprocess

import people
import pytest
import world as sandbox
from messages import multipart, part
from person import PASSWORD, PORTAL_RULES, Person, dump, send
from visitor import Visitor

RULES = 'match recipient domain "smime.example"        deliver smime\n' + PORTAL_RULES
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def questions():
    """The manual's questions, and the SQL that answers each of them."""
    text = (SOURCE / "man/postseal-audit.7").read_text().split(".Sh QUESTIONS")[1]
    return re.findall(r"^\.It\n(.+?)\n\.Bd -literal\n(.+?)\n\.Ed$", text, re.M | re.S)


def ask(world, sql, **variables):
    """As the auditor, by psql, with its variables."""
    words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    done = subprocess.run(["psql", "-h", str(world.postgres.sockets), "-U", "postseal_auditor", "-d", "postseal", "-XAtq",
                           "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1", *words], input=sql, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [row.split("\x1f") for row in done.stdout.rstrip("\n").split("\x1e")] if done.stdout.strip() else []


def activity(world, subject):
    return [tuple(row) for row in world.postgres.query(
        f"select actor, login, what, coalesce(network, '-') from postseal.activity where subject = '{subject}' order by id")]


@pytest.fixture
def person(world, post, name):
    return Person(world, post, f"{name}@pickup.example")


def live(world, person, name):
    """A person who lost the code once, read the mail, created an account and mistyped the password;
    a key, and one that was deleted."""
    smime = f"{name}@smime.example"
    people.certify(world, smime)
    person.post.accepted(person.post.compose([smime]), [smime])
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    person.browser.get(link)
    person.browser.send({"code": people.another_code(code)})
    person.browser.get(link)
    person.browser.send({"code": code})
    person.enrol()
    other = Visitor(person.browser.portal)
    other.get("/signin")
    other.send({"address": person.address, "password": "not the password"})
    other.send({"address": person.address, "password": PASSWORD})
    key, = world.postgres.query(f"select k.fingerprint from postseal.key k join postseal.key_address a on a.key = k.id"
                                f" where a.address = '{smime}'")[0]
    return smime, key


def test_every_question_of_the_manual_is_answered(world, person, name):
    """Promise 6: in the role of an auditor, which can see nothing else."""
    smime, key = live(world, person, name)
    world.postseal("hold", "add", "Case 7", "--person", person.address, "--reason", "an order")
    message, = world.postgres.query(f"select message from postseal.log where recipient = '{person.address}'")[0]
    day, = world.postgres.query("select current_date")[0]
    answers = {question: ask(world, sql, person=person.address, message=message, day=day, key=key, rule="trial")
               for question, sql in questions()}
    assert len(answers) >= 20
    unanswered = {question for question, rows in answers.items() if not rows}
    assert not {question for question in unanswered if not re.search(
        r"refused|waits for approval|not accepted|not delivered|on its way|still waiting|recalled, deleted|expire within|unprotected|this person send|holds were|deleted from|could not be delivered|only watches|told once a day|no rule saw them", question)}

    def answer(words):
        rows, = [rows for question, rows in answers.items() if words in question]
        return rows

    received = answer("this person receive")
    assert [row[2:4] for row in received] == [["pickup", "opened"]]
    opened = answer("opened, and from which network")
    assert [row[2] for row in opened] == ["unlocked", "opened", "shown"] and "127.0.0.0/24" in opened[0][3]
    assert opened[2][3] == "text, from 127.0.0.0/24, by link and code"
    assert [row[1:] for row in answer("Who read this message")] == [[person.address, "text", "127.0.0.0/24", ""]]
    wrong = [row for row in answer("wrong unlock codes") if row[1] == person.address]
    assert [row[2] for row in wrong] == ["from 127.0.0.0/24"]
    assert [row[3] for row in answer("imported, changed or deleted")] == ["key imported"]
    assert [row[2] for row in answer("encrypted to this key")] == [smime]
    tried = [row[2] for row in answer("signed in, and which") if row[1] == person.address]
    assert tried == ["signed in", "wrong password", "signed in"]
    assert person.address in [row[0] for row in answer("accounts exist")]
    assert [row[:2] + row[5:] for row in answer("What is on hold")] == [["Case 7", person.address, "an order"]]
    about = [row[2] for row in answer("on record of this person")]
    assert {"parked", "unlocked", "opened", "account made", "wrong password"} <= set(about)
    assert PASSWORD not in str(answers)


FILES = multipart("b", part("Content-Type: text/plain", b"See both.\r\n"),
                  part('Content-Type: application/pdf; name="secret plans.pdf"', b"%PDF-1.4 plans\r\n"),
                  part('Content-Type: text/plain; name="b.txt"\nContent-Disposition: attachment', b"Text\r\n"))


def readings(world, message):
    return [tuple(row) for row in world.postgres.query(
        "select what, part, network, coalesce(reader, '-'), coalesce(recipient, '-') from postseal.readings"
        f" where message = '{message}' order by at", "postseal_auditor")]


def open_all(browser, place):
    """The message three times, and each of its downloads."""
    for _ in range(3):
        assert browser.get(f"/message/{place}").status == 200
        assert browser.get(f"/source/{place}").status == 200
        assert browser.get(f"/attachment/{place}/0").status == 200
        assert browser.get(f"/attachment/{place}/1").status == 200
        assert browser.get(f"/zip/{place}").status == 200


def test_later_openings_and_downloads_left_no_trace(world, person):
    """Promise 6: not only the first opening, and a member's as well; the reader is shown nothing
    that is not on record."""
    send(person, FILES, content=b'multipart/mixed; boundary="b"')
    person.unlock()
    identity, = world.postgres.query(f"select message from postseal.log where recipient = '{person.address}'")[0]
    place, = world.postgres.query("select k.id from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel"
                                  f" where p.message = '{identity}'")[0]
    parts = [("shown", "text"), ("downloaded", "original"), ("downloaded", "attachment 1"),
             ("downloaded", "attachment 2"), ("downloaded", "all attachments")]

    def rows(reader):
        return [(*part, "127.0.0.0/24", reader, person.address) for part in parts]

    open_all(person.browser, place)
    assert readings(world, identity) == rows("-")
    person.enrol()
    open_all(person.browser, place)
    assert readings(world, identity) == rows("-") + rows(person.address)
    assert person.browser.get(f"/attachment/{place}/2").status == 404
    assert person.browser.get(f"/attachment/{place}/4294967295").status == 404
    assert readings(world, identity) == rows("-") + rows(person.address)
    world.postgres.query("update postseal.reading set ten_minutes = ten_minutes - 1")  # ten minutes later
    assert person.browser.get(f"/message/{place}").status == 200
    assert readings(world, identity)[-1] == rows(person.address)[0] and len(readings(world, identity)) == 11
    assert b"secret plans" not in dump(world)
    shown = world.postseal("message", "show", identity)
    assert f"attachment 2, from 127.0.0.0/24, signed in as {person.address}" in shown


def test_author_opens_what_was_sent_from_the_portal(world, person):
    send(person)
    person.unlock()
    received = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get(f"/reply/{received}")
    assert person.browser.send({"text": "An answer.", "action": "send"}).path == "/sent"
    sent, = world.postgres.query("select k.id from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel"
                                 f" where k.folder = 'sent' and p.sender = '{person.address}'")[0]
    for _ in range(3):
        assert "An answer." in person.browser.get(f"/message/{sent}").text
    identity, = world.postgres.query(f"select message from postseal.log where sender = '{person.address}'")[0]
    assert readings(world, identity) == [("shown", "text", "127.0.0.0/24", person.address, "-")]


@pytest.mark.parametrize("sql", ["insert into postseal.reading (message, what, part, network, ten_minutes)"
                                 " values ('01a20d7c-90c6-7637-90e1-6481ec755f5a', 'shown', 'text', '', 1)",
                                 "update postseal.reading set network = ''", "delete from postseal.reading"])
@pytest.mark.parametrize("role", ["postseal_milter", "postseal_courier", "postseal_portal", "postseal_auditor"])
def test_reading_was_rewritten_by_a_program(world, role, sql):
    """Promise 6: what is on record is only added to."""
    with pytest.raises(RuntimeError, match="permission denied"):
        world.postgres.query(sql, role)


def test_message_that_was_not_accepted_left_no_record(world, post, name):
    """Promise 6: messages refused not by a rule but by a limit, a loop, or a rule that cannot be answered."""
    sender = f"{name}@example.com"
    loop = b"Received: by gateway.example.com (Postseal) id 01a20d7c-90cd-7524-9844-505337cc3c16\r\n" * 3
    code, said = post.send(loop + post.compose(["a@plain.example"], sender=sender), ["a@plain.example"], sender=sender)
    assert 500 <= code < 600, said
    rows = world.postgres.query(f"select sender, reason from postseal.not_accepted where sender = '{sender}'", "postseal_auditor")
    assert [row[0] for row in rows] == [sender] and "mail loop" in rows[0][1]
    assert post.box("a@plain.example").files() == []


def test_each_column_that_an_auditor_reads_has_a_comment(world):
    without = world.postgres.query("""select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'postseal'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
          and has_table_privilege('postseal_auditor', c.oid, 'select') and c.relname not in ('policy_version', 'policy_in_force')
          and col_description(c.oid, a.attnum) is null""")
    assert without == []


def test_who_deleted_a_key_was_not_on_record(world, name):
    """With the command, behind sudo, and with psql, bypassing all programs."""
    keys = []
    for n in range(2):
        people.certify(world, f"{name}.{n}@smime.example")
        keys += world.postgres.query("select k.fingerprint from postseal.key k join postseal.key_address a on a.key = k.id"
                                     f" where a.address = '{name}.{n}@smime.example'")[0]
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "key", "delete", keys[0]],
                          env={**os.environ, "SUDO_USER": "anna"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    world.postgres.query(f"delete from postseal.key where fingerprint = '{keys[1]}'")
    by_command, by_hand = activity(world, keys[0]), activity(world, keys[1])
    assert [row[2] for row in by_command] == [row[2] for row in by_hand] == ["key imported", "key deleted"]
    assert by_command[1][0] in ("anna as root", "root") and by_command[1][1] == "root"
    assert by_hand[1][:2] == ("root", "root")
    assert "key deleted" in world.postseal("activity", "list", keys[0][:12])


def test_what_an_account_owner_does_is_on_record_with_the_network(world, person):
    send(person)
    person.unlock()
    person.enrol()
    world.postseal("account", "delete", person.address)
    done = activity(world, person.address)
    assert {row[2] for row in done} >= {"account made", "trust stated", "signed in", "trust revoked", "account deleted"}
    assert [row[3] for row in done if row[2] == "signed in"] == ["127.0.0.0/24"]
    assert [row[1] for row in done if row[2] == "account made"] == ["postseal_portal"]
    assert [row[0] for row in done if row[2] == "account deleted"] == ["root"]
    assert "account deleted" in world.postseal("activity", "about", person.address)


@pytest.mark.parametrize("sql", ["insert into postseal.activity (actor, what, subject) values ('a', 'b', 'c')",
                                 "update postseal.activity set actor = 'nobody'", "delete from postseal.activity"])
@pytest.mark.parametrize("role", ["postseal_milter", "postseal_courier", "postseal_portal", "postseal_auditor"])
def test_activity_was_rewritten_by_a_program(world, role, sql):
    """Promise 6: what is on record is only added to, and names the role."""
    with pytest.raises(RuntimeError, match="permission denied"):
        world.postgres.query(sql, role)
