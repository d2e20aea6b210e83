"""Milter, keeper and courier die as if by SIGKILL at every named point, and the client tries again: each
copy arrives exactly once, by its method, and the log agrees; and so does sealed mail that comes in. A rotation of a key file is killed, too,
and the command is given again. Needs a build with crash points."""
import os
import pwd
import re
import signal
import smtplib
import subprocess
import time

import pytest

import people
import world as sandbox
from person import Person, send
from test_inbound import TEXT, Outside, arrived, employee, encrypted, envelope, pgp_employee, pgp_mime, prepare  # noqa: F401
from test_portal_summaries import SETTINGS as SUMMARY, days_pass, enrol, marks, write

SETTINGS = 'networks { "192.0.2.0/24" }\n' + SUMMARY
RULES = 'table officers { "otto@example.com" }\n' + sandbox.RULES.replace(
    'rule "drawings" match attachment', 'receive any  open\nmatch subject tag "[ask]" hold "Ask." for <officers>\nmatch attachment', 1)

MILTER = ("milter-before-commit", "milter-after-commit", "milter-before-verdict")
INBOUND = ("keeper-before-answer", "milter-after-open", *MILTER)
COURIER = ("courier-before-issue", "courier-after-claim", "courier-before-send", "courier-in-data", "courier-before-settle",
           "courier-after-settle")
SUMMARIES = ("courier-before-summary", "courier-after-claim", "courier-in-data", "courier-before-settle", "courier-after-settle")
RELEASE = ("milter-before-release", "milter-after-release")
BY_LINK = ("portal-before-decision", "portal-after-decision")
BY_COMMAND = ("hold-before-decision", "hold-after-decision")
CLOSING = ("courier-before-closing", "courier-in-closing", "courier-after-closing", "courier-after-claim", "courier-in-data",
           "courier-before-settle", "courier-after-settle")
# How what waits for approval ends without being sent, and each step of it.
NOT_SENT = [*((how, point) for how in ("refused by link", "recalled by link") for point in BY_LINK),
            *(("refused by command", point) for point in BY_COMMAND),
            *((how, point) for how in ("refused by command", "recalled by command", "nobody decides") for point in CLOSING)]
ROTATE = ("rotate-between-files", "rotate-before-prepare", "rotate-before-batch", "rotate-after-batch")
RETIRE = ("retire-after-close", "retire-before-files", "retire-between-files")


def send_until_accepted(world, post, message, to, sender):
    """Like a mail client or an MTA in front; the milter is restarted as systemd would do it."""
    tries = 0

    def attempt():
        nonlocal tries
        tries += 1
        pid = world.programs.get("postseal-milter")
        if pid is None or not sandbox.is_running(pid):
            world.start_program("postseal-milter")
        try:
            code, text = post.send(message, to, sender=sender)
        except (AssertionError, smtplib.SMTPServerDisconnected):
            return False  # 4xx to MAIL or RCPT
        assert code == 250 or 400 <= code < 500, text
        return code == 250

    sandbox.wait_until(attempt, "the message to be accepted", 60)
    return tries


def keep_courier_alive(world, condition, what):
    def check():
        if not sandbox.is_running(world.programs["postseal-courier"]):
            world.start_program("postseal-courier")
        return condition()

    sandbox.wait_until(check, what, 90)


@pytest.mark.parametrize("point", (*MILTER, *COURIER))
def test_each_copy_arrives_exactly_once(world, post, name, point):
    sender = f"{name}@example.com"
    plain, smime, pickup = f"{name}@plain.example", f"{name}@smime.example", f"{name}@pickup.example"
    base = people.certify(world, smime).with_suffix("")
    message = post.compose([plain, smime, pickup], b"Once.\r\n", sender=sender)
    world.crash_file.write_text(point)
    tries = send_until_accepted(world, post, message, [plain, smime, pickup], sender)
    assert (tries > 1) == (point in MILTER)
    keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")
    assert not world.crash_file.exists()

    post.box(plain).one()
    assert people.open_smime(post.box(smime).one(), base) == people.entity_of(message)
    link = post.box(pickup).one().link()
    assert people.browse(link, post.box(sender).one().codes()[pickup])
    states = {a: [(c["method"], c["state"].replace("sent", "handed")) for c in post.copies(a) if c["state"] != "repeated"]
              for a in (plain, smime, pickup)}
    assert states == {plain: [("plain", "handed")], smime: [("smime", "handed")], pickup: [("pickup", "opened")]}


@pytest.mark.parametrize("point", SUMMARIES)
def test_member_is_told_once_a_day_of_each_message_exactly_once(world, person, point):
    enrol(person)
    write(person)
    write(person)
    world.stop_program("postseal-courier")
    days_pass(world, person)
    world.crash_file.write_text(point)
    world.start_program("postseal-courier", wait=False)
    sandbox.wait_until(lambda: not world.crash_file.exists(), "the courier to die")
    keep_courier_alive(world, lambda: marks(person) == 0 and world.nothing_waits(), "the summary to be handed over")
    person.mail("2 protected messages,")
    assert len(person.mails("protected message")) == 1


@pytest.mark.parametrize("point", (*MILTER, *RELEASE))
def test_what_is_held_is_held_once_and_sent_once(world, post, name, point):
    """Its approvers are asked once; whatever dies at whatever step, what was released is sent, and never twice."""
    sender = f"{name}@example.com"
    plain, pickup = f"{name}@plain.example", f"{name}@pickup.example"
    message = post.compose([plain, pickup], b"Once.\r\n", subject="[ask] Once", sender=sender)
    if point in MILTER:
        world.crash_file.write_text(point)
    tries = send_until_accepted(world, post, message, [plain, pickup], sender)
    assert (tries > 1) == (point in MILTER)
    keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")

    def asked():
        return [m for m in (people.Received(f.read_bytes()) for f in post.box("otto@example.com").files()) if sender in str(m["Subject"])]

    sandbox.wait_until(asked, "the mail to the approver")
    [[approval]] = world.postgres.query(f"select id from postseal.approval where sender = '{sender}'")
    if point in RELEASE:
        world.crash_file.write_text(point)
    world.postseal("hold", "release", approval)

    def is_done():
        if not sandbox.is_running(world.programs["postseal-milter"]):
            world.start_program("postseal-milter")
        return world.postgres.query(f"select 1 from postseal.approval where id = '{approval}' and done_at is not null")

    sandbox.wait_until(is_done, "the message to be sent", 90)
    sandbox.wait_until(lambda: not world.crash_file.exists(), "the program to die")
    keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")
    assert post.box(plain).one().raw.endswith(b"Once.\n") and len(asked()) == 1
    post.sender = sender
    code = sandbox.wait_until(lambda: people.find_code(post, pickup), "the unlock code")
    assert people.browse(post.box(pickup).one().link(), code).endswith(b"Once.\r\n")


class Held:
    """A message that waits for approval, and what its sender and approver can do about it."""

    def __init__(self, world, post, name):
        post.sender = self.sender = f"{name}@example.com"
        self.world, self.post, self.to = world, post, [f"{name}@plain.example", f"{name}@pickup.example"]
        post.accepted(post.compose(self.to, b"Once.\r\n", subject="[ask] Once"), self.to)
        sandbox.wait_until(world.nothing_waits, "the mails about it")
        [[self.id, self.record]] = world.postgres.query(f"select id, message from postseal.approval where sender = '{self.sender}'")

    def mails(self, address, about):
        found = [people.Received(f.read_bytes()) for f in self.post.box(address).files()]
        return [m for m in found if about in str(m["Subject"]) and (address == self.sender or self.sender in str(m["Subject"]))]

    def link(self, address, about):
        """A visitor whose page is open, by the link in a mail."""
        mail = sandbox.wait_until(lambda: self.mails(address, about), f"the mail to {address}")[-1]
        person = Person(self.world, self.post, address)
        person.browser.get(re.search(r"http://\S+/approval/\S{43}", mail.text()).group(0))
        return person.browser

    def decision(self):
        return self.world.postgres.query(f"select decision, decided_by, done_at is not null from postseal.approval where id = '{self.id}'")[0]


def press(world, browser, action, point):
    """Presses a button while the portal dies; whoever got no answer loads the page again, and presses again if it still asks."""
    world.crash_file.write_text(point)
    with pytest.raises(OSError):
        browser.send({"action": action})
    assert not world.crash_file.exists()
    world.start_program("postseal-portal")
    page = browser.get(browser.page.url)
    still_asks = f'value="{action}"' in page.text
    assert still_asks == (point == "portal-before-decision"), page.text
    return browser.send({"action": action}) if still_asks else page


def end_without_sending(world, held, how, point):
    if how == "refused by link":
        assert "refused" in press(world, held.link("otto@example.com", "Approval needed"), "refuse", point).text
    elif how == "recalled by link":
        assert "recalled" in press(world, held.link(held.sender, "waits for approval"), "recall", point).text
    elif point in BY_COMMAND:
        killed(world, point, "hold", "refuse", held.id)
        again = subprocess.run([world.bin / "postseal", "-f", world.config, "hold", "refuse", held.id], capture_output=True, text=True)
        assert (again.returncode, "refused already, by root" in again.stdout) == ((3, True) if point == "hold-after-decision" else (0, False))
    else:
        world.crash_file.write_text(point)
        if how == "nobody decides":
            world.postgres.query(f"update postseal.approval set expires_at = now() where id = '{held.id}'")
        else:
            world.postseal(*(("hold", "refuse", held.id) if how == "refused by command" else ("message", "recall", held.record)))


@pytest.mark.parametrize("how,point", NOT_SENT)
def test_what_is_not_approved_is_not_sent_and_its_sender_is_told_once(world, post, name, how, point):
    """Promises 2 and 3, at each step: the decision stands or was not made, nobody gets it, and the sender hears of it once."""
    held = Held(world, post, name)
    end_without_sending(world, held, how, point)
    keep_courier_alive(world, lambda: held.decision()[2] == "t" and not world.crash_file.exists() and world.nothing_waits(),
                       "its sender to be told")
    word = "recalled" if how.startswith("recalled") else "refused"
    by = {"link": "otto@example.com" if word == "refused" else held.sender, "command": "root"}.get(how.split()[-1], "")
    assert held.decision()[:2] == ["expired" if how == "nobody decides" else word, by]
    assert [[c["state"] for c in post.copies(address)] for address in held.to] == [[word], [word]]
    # What the MTA has taken has yet to come into the Maildir.
    told = how == "recalled by link" or sandbox.wait_until(lambda: held.mails(held.sender, f"was {word}"), "the mail to its sender")
    if how != "recalled by link":
        assert len(told) == 1 and all(address in told[0].text() for address in held.to)
    assert len(held.mails(held.sender, "")) == (1 if how == "recalled by link" else 2)
    assert not any(post.box(address).files() for address in held.to)
    assert len(held.mails("otto@example.com", "Approval needed")) == 1


@pytest.mark.parametrize("point", [*BY_LINK, *BY_COMMAND])
def test_what_is_released_is_sent_once_though_who_released_it_died(world, post, name, point):
    """The decision stands, or was not made and is made again; either way each recipient gets it once."""
    held = Held(world, post, name)
    if point in BY_LINK:
        assert "approved" in press(world, held.link("otto@example.com", "Approval needed"), "release", point).text
    else:
        killed(world, point, "hold", "release", held.id)
        again = subprocess.run([world.bin / "postseal", "-f", world.config, "hold", "release", held.id], capture_output=True, text=True)
        assert (again.returncode, "released already, by root" in again.stdout) == ((3, True) if point == "hold-after-decision" else (0, False))
    keep_courier_alive(world, lambda: held.decision()[2] == "t" and world.nothing_waits(), "the message to be sent")
    assert held.decision()[:2] == ["released", "otto@example.com" if point in BY_LINK else "root"]
    assert post.box(held.to[0]).one().raw.endswith(b"Once.\n") and post.box(held.to[1]).one().link()
    assert [c["state"].replace("handed", "sent") for c in post.copies(held.to[0])] == ["repeated", "sent"]
    told = sandbox.wait_until(lambda: held.mails(held.sender, "was approved"), "the mail to its sender")
    assert len(told) == 1 and all(address in told[0].text() for address in held.to)


def send_in_until_accepted(world, outside, message, to):
    """Like a stranger's MTA; systemd restarts what died."""
    def attempt():
        for program in ("postseal-keeper", "postseal-milter"):
            if not sandbox.is_running(world.programs[program]):
                world.start_program(program)
        try:
            outside.send(message, to)
        except (AssertionError, smtplib.SMTPServerDisconnected) as refusal:
            assert isinstance(refusal, smtplib.SMTPServerDisconnected) or re.match(r"b?['\"]?4", str(refusal)), refusal
            return False
        return True

    sandbox.wait_until(attempt, "the message to be accepted", 60)


@pytest.mark.parametrize("point,kind", [*((point, "S/MIME") for point in INBOUND), (INBOUND[0], "OpenPGP")])
def test_sealed_mail_that_comes_in_is_opened_exactly_once(world, post, name, point, kind):
    """Promises 2, 3 and 6: what was opened is on record, and whoever has no key gets it as it was sent."""
    reader, other, outside = f"{name}a@example.com", f"{name}b@example.com", Outside(world, post)
    if kind == "S/MIME":
        sealed = envelope(TEXT, employee(world, reader))
    else:
        gpg = pgp_employee(world, reader)
        sealed = pgp_mime(encrypted(gpg, TEXT))
        gpg.end()
    message = outside.mail(sealed, [reader, other])
    world.crash_file.write_text(point)
    send_in_until_accepted(world, outside, message, [reader, other])
    keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")
    assert not world.crash_file.exists()
    assert arrived(post.box(reader).one()) == TEXT
    assert arrived(post.box(other).one()) == people.entity_of(message)
    states = {a: [(c["method"], c["state"].replace("sent", "handed")) for c in post.copies(a) if c["state"] != "repeated"]
              for a in (reader, other)}
    assert states == {reader: [("open", "handed")], other: [("pass", "handed")]}


def test_answer_that_nobody_heard_is_looked_up_in_the_log(world, post, name):
    """The MTA has the mail, and the courier died before it recorded that: the mail is not sent again."""
    to = f"{name}@smime.example"
    people.certify(world, to)
    world.crash_file.write_text("courier-before-settle")
    post.accepted(post.compose([to, f"{name}@plain.example"]), [to, f"{name}@plain.example"])
    keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")
    events = world.postgres.query("select e.detail from postseal.event e join postseal.copy c on c.id = e.copy"
                                  f" where c.recipient = '{to}' and e.what = 'copy handed to the MTA'")
    assert len(events) == 1 and "found in the log of the MTA" in events[0][0]
    post.box(to).one()


def journal_of(world, directory):
    """What Postfix logged so far, as systemd's journal would have it."""
    entry = re.compile(r"^\S+ +\S+ +\S+ \S+ ([^\[]+)\[(\d+)\]: (.*)$")
    postfix = pwd.getpwnam("postfix").pw_uid
    entries = [f"_UID={postfix}\n__REALTIME_TIMESTAMP={time.time_ns() // 1000}\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER={found[1]}\n"
               f"SYSLOG_PID={found[2]}\nMESSAGE={found[3]}\n\n"
               for found in map(entry.match, world.company.log.read_text().splitlines()) if found]
    directory.mkdir()
    subprocess.run(["/lib/systemd/systemd-journal-remote", "-o", directory / "mail.journal", "-"],
                   input="".join(entries).encode(), check=True, capture_output=True)
    (directory / "mail.journal").chmod(0o644)


def test_answer_that_nobody_heard_is_looked_up_in_the_journal(world, post, name):
    """The log is not a file but systemd's journal."""
    to, directory, original = f"{name}@smime.example", world.directory / "journal", world.config.read_text()
    people.certify(world, to)
    world.stop_program("postseal-courier")
    world.config.write_text(re.sub('mta log ".*"', f'mta log "journal:{directory}"', original))
    try:
        world.start_program("postseal-courier")
        world.crash_file.write_text("courier-before-settle")
        post.accepted(post.compose([to, f"{name}@plain.example"]), [to, f"{name}@plain.example"])
        sandbox.wait_until(lambda: not sandbox.is_running(world.programs["postseal-courier"]), "the courier to die")
        post.box(to).one()  # so the log has all of it
        journal_of(world, directory)
        keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")
        events = world.postgres.query("select e.detail from postseal.event e join postseal.copy c on c.id = e.copy"
                                      f" where c.recipient = '{to}' and e.what = 'copy handed to the MTA'")
        assert len(events) == 1 and "found in the log of the MTA" in events[0][0]
        post.box(to).one()
    finally:
        world.stop_program("postseal-courier")
        world.config.write_text(original)
        world.start_program("postseal-courier")


def killed(world, point, *words):
    """Gives a command, which dies at this point."""
    world.crash_file.write_text(point)
    done = subprocess.run([world.bin / "postseal", "-f", world.config, *words], capture_output=True, text=True,
                          env={**os.environ, "POSTSEAL_CRASH_FILE": str(world.crash_file)})
    assert done.returncode == -signal.SIGKILL and not world.crash_file.exists(), done


@pytest.mark.parametrize("point", (*ROTATE, *RETIRE))
def test_rotation_that_died_is_finished_by_the_next(world, post, name, point):
    """Promise 2: what was parked before opens afterwards, and each file has one key, that in use."""
    sender, to = f"{name}@example.com", f"{name}@pickup.example"
    post.accepted(post.compose([to], b"Kept.\r\n", sender=sender), [to], sender=sender)
    sandbox.wait_until(world.nothing_waits, "the notice")
    if point in ROTATE:
        killed(world, point, "secrets", "rotate", "courier")
    assert "nothing needs the key" in world.postseal("secrets", "rotate", "courier")
    if point in RETIRE:
        killed(world, point, "secrets", "retire", "courier")
    world.postseal("secrets", "retire", "courier")
    assert [(world.directory / "secrets" / file).stat().st_size for file in ("courier.key", "courier.pub")] == [32, 32]
    states = dict(world.postgres.query("select state, count(*) from postseal.secret where name = 'courier' group by 1"))
    assert states.pop("in use") == "1" and set(states) == {"retired"}
    assert people.browse(post.box(to).one().link(), post.box(sender).one().codes()[to])


def test_two_couriers_at_once_send_once(world, post, name):
    to = [f"{name}{n}@pickup.example" for n in range(20)]
    first = world.programs["postseal-courier"]
    second = world.start_program("postseal-courier", wait=False)
    try:
        for address in to:
            post.accepted(post.compose([address], sender=f"{name}@example.com"), [address],
                          sender=f"{name}@example.com")
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        for address in to:
            post.box(address).one()
        post.box(f"{name}@example.com").wait(len(to))
    finally:
        second.terminate()
        second.wait(30)
        world.programs["postseal-courier"] = first
        world.save()
