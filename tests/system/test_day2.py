"""What admins do for people once everything runs: mail that did not arrive, lost codes, colleagues
who leave, partners who lost everything."""
import json
import re
import subprocess

import pytest

import people
import world as sandbox
from person import PORTAL_RULES, Person, send, state
from visitor import Visitor

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
    """Promise 7: the old link and the old code no longer open anything; the new ones do."""
    send(person)
    old_link, old_code = person.mail("Protected message").link(), sandbox.wait_until(person.code, "the code")
    early = Visitor(person.browser.portal)
    form = early.get(old_link)
    status, (row,) = run("message", "new-code", message(person), person.address)
    assert (status, row["recipient"], row["done"]) == (0, person.address, True)
    new_link = person.mail("Protected message", 2).link()
    new_code = sandbox.wait_until(lambda: person.code(2), "the new code")
    assert new_link != old_link and new_code != old_code
    for code in (old_code, new_code):
        early.page = form
        assert "There is a newer link" in early.send({"code": code}).text
    person.browser.get(new_link)
    assert "The secret is 42." not in person.browser.send({"code": old_code}).text
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
    """With the same link, so that a code that was already passed on remains valid."""
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
    """One copy arrives, however often this is requested."""
    world.stop_program("postseal-courier")
    try:
        send(person)
        assert run("message", "resend", message(person))[1][0]["said"] == "its link and code are being created already"
    finally:
        world.start_program("postseal-courier")
    person.mail("Protected message")
    sandbox.wait_until(world.nothing_waits, "the courier")
    assert len(person.mails("Protected message")) == 1


# --- an employee leaves ---

def box(post, address):
    return [people.Received(f.read_bytes()) for f in post.box(address).files()]


def test_codes_of_somebody_who_left_went_to_nobody(world, run, post, person, name):
    """Codes, reports and answers go to the deputy; the leaver's page no longer gives access to the message."""
    left, deputy = post.sender, f"{name}.deputy@example.com"
    send(person)
    sandbox.wait_until(person.code, "the code")
    page = re.search(r"http\S*/track/\S+", box(post, left)[-1].text()).group(0)
    status, done = run("employee", "leave", "--deputy", deputy, left)
    assert status == 0 and [r["count"] for r in done if r["what"] == "messages handed over"] == [1]
    handed = sandbox.wait_until(lambda: [m for m in box(post, deputy) if "now in your care" in str(m["Subject"])], "word to the deputy")[0]
    assert f"{left}, who sent the message, has left" in handed.text()
    before = len(box(post, left))
    assert person.browser.get(page).status == 404
    link = re.search(r"http\S*/track/\S+", handed.text()).group(0)
    assert person.address in person.browser.get(link).text
    assert run("message", "new-code", message(person))[0] == 0
    code = sandbox.wait_until(lambda: [m.codes()[person.address] for m in box(post, deputy) if "Unlock code" in str(m["Subject"])],
                              "the code for the deputy")[0]
    notice = person.mail("Protected message", 2)
    assert str(notice["Reply-To"]).strip("<>") == deputy
    person.browser.get(notice.link())
    assert "The secret is 42." in person.browser.send({"code": code}).text
    sandbox.wait_until(lambda: [m for m in box(post, deputy) if ": read" in str(m["Subject"])], "the report")
    assert len(box(post, left)) == before
    status, rows = run("employee", "list", deputy)
    assert [(r["address"], r["deputy"], r["noted_by"]) for r in rows] == [(left, deputy, "root")]
    assert run("employee", "return", left)[0] == 0 and run("employee", "return", left)[0] == 3


def test_code_that_waits_in_the_outbox_goes_to_the_deputy(world, run, post, person, name):
    """The MTA was down when the employee left."""
    left, deputy = post.sender, f"{name}.deputy@example.com"
    door = world.company_queue / "public" / "postseal-mapped"
    door.rename(door.with_suffix(".away"))
    try:
        send(person)
        sandbox.wait_until(lambda: [r for r in run("outbox", "list")[1] if r["kind"] == "code" and r["state"] == "waiting"
                                    and r["recipients"] == [left]], "the code to wait")
        assert run("employee", "leave", "--deputy", deputy, left)[0] == 0
    finally:
        door.with_suffix(".away").rename(door)
    run("message", "resend", message(person))
    sandbox.wait_until(lambda: [m for m in box(post, deputy) if "Unlock code" in str(m["Subject"])], "the code for the deputy")
    assert box(post, left) == []


def test_keys_of_somebody_who_left_went_on_signing(world, run, name):
    """The keeper has no private key to use, and restores it unchanged."""
    address = f"{name}@example.com"
    base = world.authority.issue_mail(name, address).with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    fingerprint = run("key", "list", address)[1][0]["fingerprint"]
    sealed = world.postgres.query("select sealed from postseal.private_key p join postseal.key k on k.id = p.key"
                                  f" where fingerprint = '{fingerprint}'")
    status, done = run("employee", "leave", address)
    assert status == 0 and f"smime {fingerprint}" in [r["subject"] for r in done if r["what"] == "key retired"]
    assert run("key", "find", address)[0] == 3 and run("key", "list", address)[1][0]["role"] == "retired"
    assert world.postgres.query("select count(*) from postseal.private_key p join postseal.key k on k.id = p.key"
                                f" where fingerprint = '{fingerprint}'", "postseal_keeper") == [["0"]]
    assert run("employee", "return", address)[0] == 0
    assert run("key", "find", address)[0] == 0
    assert world.postgres.query("select sealed from postseal.private_key p join postseal.key k on k.id = p.key"
                                f" where fingerprint = '{fingerprint}'") == sealed
    what = world.postgres.query(f"select what from postseal.activity where subject = '{fingerprint}' order by id")
    assert what == [["key imported"], ["key changed"], ["key changed"]]


@pytest.mark.parametrize("words", [["outsider@pickup.example"], ["--deputy", "outsider@pickup.example", "anna@example.com"],
                                   ["--deputy", "anna@example.com", "anna@example.com"]], ids=" ".join)
def test_codes_do_not_leave_the_organisation_with_a_deputy(world, run, words):
    """Promise 7: whoever gets the codes must belong to the organisation, and still be there."""
    status, said = run("employee", "leave", *words)
    assert status in (1, 3) and ("not an address in the organisation's own domains" in said or "has left" in said)
    assert world.postgres.query("select * from postseal.left_employee where address = 'anna@example.com'") == []


def test_deputies_are_followed_and_never_in_a_circle(world, run, name):
    one, two, three = (f"{name}.{n}@example.com" for n in range(3))
    assert run("employee", "leave", "--deputy", two, one)[0] == 0
    assert run("employee", "leave", "--deputy", three, two)[0] == 0
    assert world.postgres.query(f"select postseal.deputy_of('{one}')") == [[three]]
    assert run("employee", "leave", "--deputy", one, three)[0] == 1
    assert world.postgres.query(f"select postseal.deputy_of('{one}')") == [[three]]


# --- a recipient who lost everything ---

def test_account_of_somebody_who_lost_everything_is_made_anew(world, run, post, person):
    """Promise 7: the admin opens nothing either, and what is said to be lost or kept is so."""
    send(person, b"The first secret.\r\n")
    person.unlock()
    link, code = person.mail("Protected message").link(), person.code()
    person.enrol()
    send(person, b"The second secret.\r\n")
    person.mail("Protected message", 2)
    second = message(person)
    status, rows = run("account", "reset", person.address)
    counted = {row["what"]: row["count"] for row in rows}
    assert status == 0 and counted["messages that link and code still open"] == 1
    assert counted["received messages lost, of which the senders are told"] == 1 and counted["browsers signed out"] == 1
    person.sign_in()
    assert person.browser.get("/inbox").path != "/inbox", "neither signed in still nor by the old password"
    assert [c["state"] for c in post.copies(person.address) if c["message"] == second] == ["lost"]
    sandbox.wait_until(lambda: [m for m in box(post, post.sender) if "lost" in str(m["Subject"])], "word to the sender")
    assert run("account", "list", person.address) == (0, [])
    # As the output says: with link and code, as before.
    person.browser.get(link)
    assert "The first secret." in person.browser.send({"code": code}).text
    # And the owner creates it again, with a code for the next message.
    proof = re.search(r"http://\S+/proof/\S+", person.mail("set up your account again").text()).group(0)
    person.browser.get(proof)
    answer = person.browser.send({"password": "another horse battery", "again": "another horse battery"})
    assert answer.status == 200 and "recovery" in answer.text
    assert run("account", "list", person.address)[1][0]["passkeys"] == 0
    send(person, b"The third secret.\r\n")
    assert sandbox.wait_until(lambda: person.code(2), "a code again")
    what = world.postgres.query(f"select what, actor from postseal.activity where subject = '{person.address}' order by id")
    assert ["account deleted", "root"] in what and what[-1] != ["account deleted", "root"]


def test_reset_that_cannot_mail_a_link_ends_no_account(world, run, person):
    send(person)
    person.unlock()
    person.enrol()
    path = world.directory / "secrets" / "courier.pub"
    path.rename(path.with_suffix(".away"))
    try:
        assert run("account", "reset", person.address)[0] == 1
    finally:
        path.with_suffix(".away").rename(path)
    assert run("account", "list", person.address)[1] != [] and person.browser.get("/inbox").path == "/inbox"


# --- a partner's new certificate ---

def issue(world, address, name):
    return world.authority.issue_mail(name, address)


def test_new_certificate_tells_which_others_mail_is_encrypted_to(world, run, post, name):
    address = f"{name}@auto.example"
    old, new = issue(world, address, f"{name}old"), issue(world, address, f"{name}new")
    (first,), (second,) = run("key", "import", old)[1], run("key", "import", new)[1]
    assert first["used"] and first["beside"] == [] and second["beside"] == [first["fingerprint"]]
    assert "; mail is encrypted to it and to " + first["fingerprint"][:16] in second["text"]
    post.accepted(post.compose([address]), [address])
    assert set(post.copies(address)[-1]["keys"].split()) == {first["fingerprint"], second["fingerprint"]}
    (again,) = run("key", "import", "--replace", new)[1]
    assert again["replaced"] == [first["fingerprint"]] and again["beside"] == []
    post.accepted(post.compose([address], subject="later"), [address])
    assert post.copies(address)[-1]["keys"] == second["fingerprint"]


def test_certificate_that_nobody_trusts_replaces_none(world, run, name):
    """Promise 1: with the old one gone, mail would have gone another way."""
    address = f"{name}@smime.example"
    (old,) = run("key", "import", issue(world, address, f"{name}old"))[1]
    path = world.authority.issue(f"{name}new", f"/CN={name}", f"subjectAltName=email:{address}\nkeyUsage=keyEncipherment\n"
                                 "extendedKeyUsage=emailProtection", sign=False)
    (new,) = run("key", "import", "--replace", path)[1]
    assert not new["used"] and new["replaced"] == [] and "not used yet" in new["text"]
    assert [k["fingerprint"] for k in run("key", "find", address)[1] if k["used"]] == [old["fingerprint"]]


def test_new_certificate_of_an_office_took_the_old_ones_place_but_not_its_words(world, run, post, name):
    """With the old one, what an admin had said of it was gone: mail to the chief was encrypted no more."""
    office, chief, former = f"{name}office@smime.example", f"{name}chief@auto.example", f"{name}former@auto.example"
    domain = f"{name}.auto.example"
    old, new = issue(world, office, f"{name}old"), issue(world, office, f"{name}new")
    for more in (("--for", chief), ("--for", former), ("--domain", domain)):
        (first,) = run("key", "import", *more, old)[1]
    assert run("trust", "revoke", former)[0] == 0
    (second,) = run("key", "import", "--replace", new)[1]
    assert second["replaced"] == [first["fingerprint"]] and second["taken_over"] == [chief, domain], second
    assert f", by your word from now on also for {chief}, from now on also for everybody in {domain}" in second["text"]
    for address in (chief, f"anybody@{domain}"):
        assert [k["fingerprint"] for k in run("key", "find", address)[1] if k["used"]] == [second["fingerprint"]]
    assert second["fingerprint"] not in str(run("key", "find", former)[1])
    post.accepted(post.compose([chief]), [chief])
    assert post.copies(chief)[-1]["keys"] == second["fingerprint"]
    # It is a word like any other, on record with what it rests on, and can be taken back.
    said = world.postgres.query("select author, how, evidence from postseal.attestation where revoked_at is null"
                                f" and address = '{chief}' and subject = '{second['fingerprint']}'")
    assert said == [["root", "administrator", f"imported in the place of {first['fingerprint']}"]]
    assert run("trust", "revoke", chief)[0] == 0
    assert not [k for k in run("key", "find", chief)[1] if k["used"]]


def test_certificate_for_fewer_addresses_replaces_none(world, run, name):
    one, two = f"{name}.one@smime.example", f"{name}.two@smime.example"
    (both,) = run("key", "import", world.authority.issue(f"{name}both", f"/CN={name}", f"subjectAltName=email:{one},email:{two}\n"
                  "keyUsage=keyEncipherment\nextendedKeyUsage=emailProtection"))[1]
    (new,) = run("key", "import", "--replace", issue(world, one, f"{name}new"))[1]
    assert new["beside"] == [both["fingerprint"]] and run("key", "find", two)[0] == 0
