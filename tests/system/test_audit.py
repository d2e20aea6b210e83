"""The record as auditors query it: the questions of postseal-audit(7), and who did what."""
import json
import pathlib
import pwd
import re
import subprocess

import acting
import people
import pytest
import world as sandbox
from messages import multipart, part
from person import PASSWORD, PORTAL_RULES, Person, dump, send, totp
from visitor import Visitor

RULES = """
table verified file "{table}"
tls domains <verified>
table officers { "officer@example.com" }
rule "trial" match recipient domain "plain.example"  watch
match subject tag "[approve]"                 hold "An officer looks at this." for <officers>
match subject tag "[refused]"                 reject "We do not write that."
match recipient domain in <verified>          deliver tls
match recipient domain "smime.example"        deliver smime
""" + PORTAL_RULES
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


def write(person, to, subject="Hello", fields=()):
    """From the employee; returns the record's identifier."""
    post = person.post
    code, said = post.send(post.compose([to], subject=subject, fields=fields), [to])
    message, = person.world.postgres.query(f"select id from postseal.message where sender = '{post.sender}' order by id desc limit 1")[0]
    return message, code, said


def change_rules(world, name):
    """And back."""
    original = world.config.read_text()
    for text in (original.replace("[refused]", f"[{name}]"), original):
        world.config.write_text(text)
        world.read_rules_again()


def fare_badly(world, person, name):
    """All that an officer asks about and that does not happen by itself: refused, held, not delivered, put off, recalled,
    deleted."""
    post, waiting = person.post, f"{name}.waiting@pickup.example"
    assert write(person, f"{name}@plain.example")[1] == 250
    assert write(person, f"{name}@plain.example", "[refused] Hello")[1] >= 500
    assert write(person, f"{name}@plain.example", fields=[
        "Received: by gateway.example.com (Postseal) id 01a20d7c-90cd-7524-9844-505337cc3c16"] * 3)[1] >= 500
    for decision in ("release", "refuse"):
        write(person, f"{name}.held@plain.example", "[approve] Hello")
        approval, = world.postgres.query("select approval from postseal.approvals where decision is null")[0]
        world.postseal("hold", decision, approval, "--reason", "so it is")
    # The server at the next hop shows somebody else's certificate.
    write(person, f"{name}@wrong.example")
    sandbox.wait_until(lambda: world.postgres.query(
        f"select 1 from postseal.history where recipient = '{name}@wrong.example' and what = 'deferred'"), "it to be deferred")
    message, *_ = write(person, waiting)
    world.postgres.query(f"insert into postseal.event (message, copy, what, detail) select message, id, 'notice not delivered', 'x'"
                         f" from postseal.copy where message = '{message}'", "postseal_courier")
    world.postgres.query(f"insert into postseal.event (message, copy, what, detail) select message, id, 'file added', 'x'"
                         f" from postseal.copy where message = '{message}'")
    guesser = Person(world, post, waiting)
    link, code = guesser.mail("Protected message").link(), sandbox.wait_until(guesser.code, "the code")
    for _ in range(5):
        guesser.browser.get(link)
        guesser.browser.send({"code": people.another_code(code)})
    message, *_ = write(person, f"{name}.recalled@pickup.example")
    world.postseal("message", "recall", message)
    people.certify(world, f"{name}.soon@smime.example", days=10)
    # A member writes, and wants to be told once a day.
    place, = world.postgres.query("select k.id from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                  f" where c.recipient = '{person.address}'")[0]
    person.browser.get(f"/reply/{place}")
    assert person.browser.send({"text": "An answer.", "action": "send"}).path == "/sent"
    person.browser.get("/settings")
    person.browser.send({"notices": "daily"}, action="/settings/notices")
    send(person)
    sandbox.wait_until(lambda: world.postgres.query(
        f"select 1 from postseal.history where recipient = '{person.address}' and what = 'notice put off'"), "the notice to be put off")
    for matter in ("Case 7", "Case 8"):
        world.postseal("legal-hold", "add", matter, "--person", person.address, "--reason", "an order")
    world.postseal("legal-hold", "release", "Case 8", "--reason", "settled")
    world.postgres.query("insert into postseal.activity (at, actor, what, subject) values (now() - interval '3 years', 'x', 'x', 'x')")
    world.postgres.query("select postseal.record_delete_due(2, 1000)", "postseal_courier")
    change_rules(world, name)


def test_every_question_of_the_manual_is_answered(world, person, name):
    """Promise 6: in the role of an auditor, which can see nothing else; and none of them comes back empty."""
    person.post.sender = f"{name}.sender@example.com"
    smime, key = live(world, person, name)
    fare_badly(world, person, name)
    message, = world.postgres.query(f"select message from postseal.log where recipient = '{person.address}' order by offered_at")[0]
    day, = world.postgres.query("select current_date")[0]
    answers = {question: ask(world, sql, person=person.address, message=message, day=day, key=key, rule="trial")
               for question, sql in questions()}
    assert len(answers) >= 20
    assert [question for question, rows in answers.items() if not rows] == []

    def answer(words):
        rows, = [rows for question, rows in answers.items() if words in question]
        return rows

    received = answer("this person receive")
    assert [row[2:4] for row in received] == [["pickup", "opened"], ["pickup", "parked"]]
    opened = answer("opened, and from which network")
    assert [row[2] for row in opened] == ["unlocked", "opened", "shown", "shown"] and "127.0.0.0/24" in opened[0][3]
    assert opened[2][3] == "text, from 127.0.0.0/24, by link and code"
    # To answer it, the member was shown it again.
    assert opened[3][3] == f"text, from 127.0.0.0/24, signed in as {person.address}"
    assert [row[1:] for row in answer("Who read this message")] == [
        [person.address, "text", "127.0.0.0/24", reader] for reader in ("", person.address)]
    wrong = [row for row in answer("wrong unlock codes") if row[1] == person.address]
    assert [row[2] for row in wrong] == ["from 127.0.0.0/24"]
    assert [row[3] for row in answer("imported, changed or deleted")] == ["key imported"]
    assert [row[2] for row in answer("encrypted to this key")] == [smime]
    tried = [row[2] for row in answer("signed in, and which") if row[1] == person.address]
    assert tried == ["signed in", "wrong password", "signed in"]
    assert person.address in [row[0] for row in answer("accounts exist")]
    assert [row[:2] for row in answer("holds were released")] == [["Case 8", person.address]]
    assert {row[-1] for row in answer("not accepted for another")} != {""} and len(answer("What waits for approval")) == 2
    assert {row[2] for row in answer("Who approved a message, or refused")} == {"approved", "refused"}
    assert [row[1:3] for row in answer("What was refused")][0][1] == f"{name}@plain.example"
    put_off, = [row for row in answer("on its way") if row[2] == f"{name}@wrong.example"]  # others may still be, for a moment
    assert put_off[4] != ""
    assert [row[5] for row in answer("What did each policy change")] == ["removed", "added"] * 2
    assert [row[:2] + row[5:] for row in answer("What is on hold")] == [["Case 7", person.address, "an order"]]
    about = [row[2] for row in answer("on record of this person")]
    assert {"parked", "unlocked", "opened", "account made", "wrong password"} <= set(about)
    assert PASSWORD not in str(answers)


def about(world, person):
    """What is on record of a person, as the auditor asks."""
    return [tuple(row) for row in ask(world, "select what, role, detail from postseal.about(:'person');", person=person)]


def test_person_whose_domain_is_in_another_script_was_not_on_record(world, post, name):
    """The envelope's address was compared with the folded one; and only mail, keys and accounts were looked through."""
    person, ascii = f"jörg{name}@bücher.plain.example", f"jörg{name}@xn--bcher-kva.plain.example"
    elsewhere, utf8 = f"{name}@plain.example", {"options": ("SMTPUTF8",)}
    post.accepted(post.compose([elsewhere], sender=person), [elsewhere], sender=person, **utf8)
    post.accepted(post.compose([elsewhere], sender=ascii), [elsewhere], sender=ascii.upper().replace("Ö", "ö"), **utf8)
    post.accepted(post.compose([person]), [person], **utf8)
    loop = b"Received: by gateway.example.com (Postseal) id 01a20d7c-90cd-7524-9844-505337cc3c16\r\n" * 3
    assert post.send(loop + post.compose([elsewhere], sender=person), [elsewhere], sender=person, **utf8)[0] >= 500
    world.postseal("legal-hold", "add", f"Case {name}", "--person", person, "--reason", "an order")
    world.postseal("legal-hold", "release", f"Case {name}", "--reason", "settled")
    world.postgres.query(f"insert into postseal.left_employee (address, deputy, noted_by) values ('{ascii}', 'b@example.com', 'root'),"
                         f" ('{name}@example.com', '{ascii}', 'root')")
    for given in (person, ascii):
        subprocess.run([world.bin / "postseal", "-f", world.config, "account", "delete", given], capture_output=True)
    # As an officer, and as someone who reads what another account has.
    other, = world.postgres.query(f"select message from postseal.log where recipient = '{elsewhere}' limit 1")[0]
    world.postgres.query(f"insert into postseal.event (message, copy, what, detail) select message, copy, 'approved', 'by {person}: yes'"
                         f" from postseal.log where message = '{other}'")
    world.postgres.query(f"select postseal.reading_add('{other}', (select copy from postseal.log where message = '{other}'), 'shown',"
                         f" 'text', '127.0.0.0/24', '{ascii}')")
    # What the MTA could not deliver goes on being told.
    sandbox.wait_until(lambda: world.postgres.query("select count(*) from postseal.log where state in ('queued', 'handed')"
                                                    f" and concat(sender, recipient) ~ '{name}[^0-9]'") == [["0"]], "it to arrive or fail")
    found = about(world, person)
    assert {row[:2] for row in found if not re.match("message |handed|sent|queued|failed|deferred", row[0])} == {
        ("not accepted", "sender"), ("shown", "reader"), ("approved", "actor"), ("left", "owner"), ("deputy", "owner"), ("on hold", "owner"),
        ("released from hold", "owner"), ("hold added", "named"), ("hold released", "named"), ("command given", "named")}
    assert sorted(row[1] for row in found if row[0].startswith("message ")) == ["recipient", "sender", "sender"]
    assert len([row for row in found if row[0] == "command given" and "account delete" in row[2]]) == 2
    for written in (ascii, person.upper(), f" {ascii} "):
        assert about(world, written) == found
    # In letters that are small in another way than the database's locale has it: KELVIN SIGN, and a letter with its dots apart.
    for odd in (f"{name}\u212a@plain.example", f"jo\u0308{name}@PLAIN.example"):
        world.postgres.query(f"insert into postseal.activity (actor, login, what, subject, detail) values ('root', 'root', 'odd', '{odd}', '')")
    for written in (f"{name}k@plain.example", f"j\u00f6{name}@plain.example"):
        assert [row[:2] for row in about(world, written)] == [("odd", "owner")], written
    assert about(world, f"örg{name}@bücher.plain.example") == about(world, f"jörg{name}@bucher.plain.example") == []
    for written in (person, ascii):
        assert len(json.loads(world.postseal("message", "list", "--json", written))) == 3
        assert len(json.loads(world.postseal("activity", "about", "--json", written))) == len(found)
    copy = next(row for row in json.loads(world.postseal("message", "list", "--json", ascii)) if row["recipient"] == person)
    assert "=> plain" in world.postseal("message", "why", copy["message"], person)


def test_database_compares_addresses_as_the_programs_do(world):
    """In the database's own words, which no program is asked for."""
    domains = ["bücher.example", "BÜCHER.Example", "faß.example", "παράδειγμα.δοκιμή", "例え.テスト", "пример.испытание",
               "a-ü-b.example", "münchen-ost.xn--bcher-kva.example", "ليهمابتكلموشعربي؟.example", "ひとつ屋根の下2.example", "bu\u0308cher.example",
               "плюс.example", "ÅÄÖ.example", "plain.example", "XN--BCHER-KVA.EXAMPLE"]
    for domain in domains:
        done = subprocess.run([world.bin / "postseal", "-f", world.config, "legal-hold", "add", f"IDNA {domain}", "--person", f"Ö.x@{domain}"],
                              capture_output=True, text=True)
        if done.returncode:
            continue  # no such domain is possible, so no address on record has it
        key, = world.postgres.query(f"select person[1] from postseal.legal_hold where name = 'IDNA {domain}'")[0]
        assert world.postgres.query(f"select postseal.address_key('Ö.x@{domain}')") == [[key]], domain
        world.postseal("legal-hold", "release", f"IDNA {domain}")
    assert int(world.postgres.query("select count(*) from postseal.holds where name like 'IDNA %'")[0][0]) >= 10


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
          and has_column_privilege('postseal_auditor', c.oid, a.attnum, 'select')
          and col_description(c.oid, a.attnum) is null""")
    assert without == []


def test_auditor_may_read_what_the_manual_lists_and_nothing_else(world):
    """Keys as they came by mail could be read, and the manual said that no keys could."""
    listed = (SOURCE / "man/postseal-audit.7").read_text().split(".Sh QUESTIONS")[0]
    named = {word for line in re.findall(r"^\.It Li (.+)$", listed, re.M) for word in line.split() if word != ","}
    may = {f"{schema}.{relation}" for schema, relation in world.postgres.query(
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
              and has_schema_privilege('postseal_auditor', n.oid, 'usage')
              and case when c.relkind in ('r', 'v', 'm', 'p', 'f') then has_any_column_privilege('postseal_auditor', c.oid, 'select')
                       when c.relkind = 'S' then has_sequence_privilege('postseal_auditor', c.oid, 'select,usage,update') end""")}
    functions = {f"postseal.{function}" for (function,) in world.postgres.query(
        """select proname from pg_proc where pronamespace = 'postseal'::regnamespace and prokind = 'f'
            and has_function_privilege('postseal_auditor', oid, 'execute') and prorettype <> 'trigger'::regtype
            -- Others act with the auditor's own rights.
            and (prosecdef or exists (select from aclexplode(proacl) a where a.grantee = 'postseal_auditor'::regrole))""")}
    # Triggers ask, in whoever's name a row is written: has the key been given up that sealed this?
    functions.remove("postseal.secret_is_closed")
    assert (sorted((may | functions) - named), sorted(named - may - functions)) == ([], [])
    # What holds content or keys is in no column either.
    columns = world.postgres.query("""select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'postseal'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
          and has_column_privilege('postseal_auditor', c.oid, a.attnum, 'select') and a.atttypid = 'bytea'::regtype""")
    assert columns == []
    changes = world.postgres.query("""select c.relname from pg_class c where c.relnamespace = 'postseal'::regnamespace
        and c.relkind in ('r', 'v') and (has_any_column_privilege('postseal_auditor', c.oid, 'insert, update')
                                         or has_table_privilege('postseal_auditor', c.oid, 'delete, truncate, trigger'))""")
    assert changes == []


def test_who_deleted_a_key_was_not_on_record(world, name):
    """With the command, behind sudo, and with psql, bypassing all programs."""
    keys = []
    for n in range(2):
        people.certify(world, f"{name}.{n}@smime.example")
        keys += world.postgres.query("select k.fingerprint from postseal.key k join postseal.key_address a on a.key = k.id"
                                     f" where a.address = '{name}.{n}@smime.example'")[0]
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "key", "delete", keys[0]],
                          env=acting.environment("anna"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    world.postgres.query(f"delete from postseal.key where fingerprint = '{keys[1]}'")
    by_command, by_hand = activity(world, keys[0]), activity(world, keys[1])
    assert [row[2] for row in by_command] == [row[2] for row in by_hand] == ["key imported", "key deleted"]
    assert by_command[1][:2] == (acting.by_sudo("anna"), "root")
    assert by_hand[1][:2] == ("root", "root")
    assert "key deleted" in world.postseal("activity", "list", keys[0][:12])


def test_key_that_an_admins_word_gave_to_a_person_was_not_on_record_as_theirs(world, name):
    """The auditor's view had only the addresses that are in keys."""
    office, chief = f"{name}office@plain.example", f"{name}chief@plain.example"
    path = world.authority.issue_mail(f"{name}office", office)
    world.postseal("key", "import", "--for", chief, path)
    (listed,) = json.loads(world.postseal("key", "list", "--json", chief))
    assert listed["addresses"] == [chief, office]
    seen = ask(world, "select fingerprint, addresses from postseal.keys where :'person' = any (addresses);", person=chief)
    assert [tuple(row) for row in seen] == [(listed["fingerprint"], "{" + f"{chief},{office}" + "}")]
    for person in (chief, office):
        assert ("key held", "owner", f"smime {listed['fingerprint']}") in about(world, person)
    # While it stands.
    world.postseal("trust", "revoke", chief)
    assert "key held" not in [row[0] for row in about(world, chief)] and "key held" in [row[0] for row in about(world, office)]
    world.postseal("key", "delete", listed["fingerprint"])


def test_who_logged_in_is_believed_before_the_environment(world, name):
    """Whoever is root can call themselves anyone; the kernel remembers who they were (pam_loginuid(8))."""
    command = f'echo {pwd.getpwnam("daemon").pw_uid} >/proc/self/loginuid 2>/dev/null; exec "$0" "$@"'
    subprocess.run(["sh", "-c", command, world.bin / "postseal", "-f", world.config, "account", "delete", f"{name}@pickup.example"],
                   env=acting.environment("anna"), capture_output=True)
    actor, = world.postgres.query(f"select actor from postseal.activity where detail = '{name}@pickup.example' and what = 'command given'")[0]
    assert actor == (acting.by_sudo("anna") if acting.login() else "daemon as root")


def tries(world, person):
    """Attempts at the account, without the first sign-in's."""
    return [row[2] for row in activity(world, person.address) if row[2].startswith(("wrong", "too many"))]


def test_attempts_beyond_the_limit_left_no_trace(world, person):
    """One row for each account and quarter of an hour: whoever goes on trying fills no record."""
    send(person)
    person.unlock()
    person.enrol()
    other = Person(world, person.post, person.address)
    for _ in range(14):
        other.sign_in("not the password")
    assert tries(world, person) == ["wrong password"] * 10 + ["too many attempts"]
    world.postgres.query("delete from postseal.throttle")  # a quarter of an hour later
    other.sign_in("not the password")
    for _ in range(12):
        other.sign_in("not the password")
    assert tries(world, person)[11:] == ["wrong password"] * 10 + ["too many attempts"]
    assert {row[3] for row in activity(world, person.address) if row[2] == "too many attempts"} == {"127.0.0.0/24"}
    assert world.postgres.query(f"select distinct detail from postseal.activity where subject = '{person.address}'"
                                " and what = 'too many attempts'") == [["limit: password client"]]


def factors(world, person):
    return world.postgres.query("select one_time_passwords, passkeys, last_signed_in is not null from postseal.accounts"
                                f" where address = '{person.address}'", "postseal_auditor")[0]


def test_wrong_second_factor_is_on_record_with_what_the_account_has(world, person):
    send(person)
    person.unlock()
    person.enrol()
    assert factors(world, person) == ["f", "0", "t"]
    person.browser.get("/settings/totp")
    secret = re.search(r'class="secret">([A-Z2-7]+)<', person.browser.page.text).group(1)
    person.browser.send({"code": totp(secret)})
    world.postgres.query("insert into postseal.passkey (id, account, credential, public_key, algorithm, counter, name)"
                         f" select gen_random_uuid(), id, '{person.address}', 'x', -7, 0, 'key' from postseal.account"
                         f" where address = '{person.address}'")
    assert factors(world, person) == ["t", "1", "t"]
    other = Person(world, person.post, person.address)
    assert other.sign_in().path == "/factor"
    assert other.browser.get("/factor").status == 200
    other.browser.send({"credential": "x", "client": "x", "data": "x", "signature": "x"}, action="/factor/passkey")
    assert tries(world, person) == ["wrong second factor"]
    for _ in range(8):
        other.browser.get("/factor")
        other.browser.send({"code": "000000"}, action="/factor")
    assert tries(world, person) == ["wrong second factor"] * 6 + ["too many attempts"]
    assert {row[3] for row in activity(world, person.address) if row[2].startswith(("wrong", "too"))} == {"127.0.0.0/24"}


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
