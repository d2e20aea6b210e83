"""Mail in doubt: the MTA may have it, and nobody received its reply. Only the log of that MTA can
tell, and only a courier on the same machine can read it. Postfix is the real one, behind something
that breaks connections; machines are host names in separate namespaces, with one database."""
import pwd
import re
import socket
import subprocess
import threading
import time

import pytest

import people
import world as sandbox
from listener import Listener

PARAMETERS = {"virtual_alias_domains": "staff.example", "virtual_alias_maps": "texthash:{directory}/aliases"}


def prepare(world):
    (world.directory / "aliases").write_text("office@staff.example one@plain.example, two@plain.example\n")
    world.config.write_text(world.config.read_text().replace('domains { "example.com" }', 'domains { "example.com" "staff.example" }'))
    world.wire("-p", "edge", "apply")
    world.company.reload()


class Wire(Listener):
    """Sits between the courier and Postfix. `trouble` is what happens to a mail: None; "deaf":
    Postfix has all of it, and its reply is lost; "cut": the end is lost on the way, for both;
    "late": the courier is told that the connection is lost, and Postfix gets the end when `go_on`
    is set; "slow": the end waits for `go_on`, and nothing is lost."""

    def __init__(self, path):
        self.path, self.trouble = str(path), None
        self.held, self.go_on = threading.Event(), threading.Event()
        self.mails = 0
        self.listen(socket.create_server(("127.0.0.1", 0)))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"

    def talk(self, peer):
        mta = socket.socket(socket.AF_UNIX)
        mta.connect(self.path)
        deaf = threading.Event()
        threading.Thread(target=self.back, args=(mta, peer, deaf), daemon=True).start()
        self.forth(peer, mta, deaf)

    def back(self, mta, peer, deaf):
        try:
            while data := mta.recv(1 << 16):
                if deaf.is_set():
                    break
                peer.sendall(data)
        except OSError:
            pass
        self.end(peer)

    def forth(self, peer, mta, deaf):
        end = b"\r\n.\r\n"
        try:
            while data := peer.recv(1 << 20):
                at = data.find(end)
                if at < 0 or self.trouble is None:
                    mta.sendall(data)
                    continue
                self.mails += 1
                mta.sendall(data[:at])
                if self.trouble == "cut":
                    break
                if self.trouble in ("deaf", "late"):
                    deaf.set()
                if self.trouble == "late":
                    self.end(peer)
                if self.trouble in ("late", "slow"):
                    self.held.set()
                    assert self.go_on.wait(60)
                mta.sendall(data[at:])
                if self.trouble in ("deaf", "late"):
                    return
        except OSError:
            pass
        self.end(mta)
        self.end(peer)

    @staticmethod
    def end(side):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


@pytest.fixture
def wire(world):
    made = Wire(world.company_queue / "public" / "postseal")
    yield made
    made.close()


@pytest.fixture
def mapped_wire(world):
    made = Wire(world.company_queue / "public" / "postseal-mapped")
    yield made
    made.close()


class Machines:
    """The couriers of several machines. They share a database; each has its own MTA and that MTA's log."""

    def __init__(self, world):
        self.world = world

    def start(self, host, reinject=None, mapped=None, log=None, **settings):
        text = re.sub(r"^(retry first|courier lease|courier metrics|reinject timeout) .*\n", "", self.world.config.read_text(), flags=re.M)
        settings = {"retry_first": "60 seconds", "retry_last": "60 seconds", "courier_lease": "60 seconds",
                    "courier_workers": 1, "reinject_timeout": "30 seconds", **settings}
        for name, value in (("reinject", reinject), ("reinject mapped", mapped), ("mta log", log)):
            if value is not None:
                text, count = re.subn(rf'^{name} ".*"', f'{name} "{value}"', text, flags=re.M)
                assert count == 1
        path = self.world.directory / f"{host}.conf"
        path.write_text(text + "".join(f"{n.replace('_', ' ')} {v}\n" for n, v in settings.items()))
        self.stop()
        self.world.start_program("postseal-courier", host=host, config=path)

    def stop(self, *how):
        self.world.stop_program("postseal-courier", *how)


@pytest.fixture
def machines(world):
    made = Machines(world)
    made.stop()
    yield made
    made.stop()
    world.postgres.query("delete from postseal.outbox")
    world.start_program("postseal-courier")


@pytest.fixture
def empty_log(world):
    path = world.directory / "empty.log"
    path.write_text("")
    path.chmod(0o644)
    return path


def send_copy(world, post, name):
    """A message with one copy that goes through the outbox. Returns that copy's recipient."""
    to = f"{name}@smime.example"
    people.certify(world, to)
    post.accepted(post.compose([to, f"{name}@plain.example"]), [to, f"{name}@plain.example"])
    return to


def rows(world):
    return world.postgres.query("select state, postseal.courier_host(courier) from postseal.outbox")


def events(world, to, what):
    return [row[0] for row in world.postgres.query(
        "select e.detail from postseal.event e join postseal.copy c on c.message = e.message"
        f" where c.recipient = '{to}' and e.what = '{what}'")]


def in_doubt(world, post, machines, wire, name):
    """The MTA of machine "one" has the mail, and the courier there does not know."""
    wire.trouble = "deaf"
    machines.start("one", reinject=wire.url)
    to = send_copy(world, post, name)
    sandbox.wait_until(lambda: rows(world) == [["sending", "one"]] and wire.mails == 1, "the mail to be in doubt")
    post.box(to).one()
    machines.stop()
    world.postgres.query("update postseal.outbox set next_attempt_at = now()")
    return to


def test_courier_of_another_machine_sends_nothing_again(world, post, machines, wire, empty_log, name):
    """Promise 3. It searched the log of its own MTA, found nothing, and sent the mail a second time."""
    to = in_doubt(world, post, machines, wire, name)
    machines.start("two", log=empty_log)
    other = send_copy(world, post, f"{name}other")
    post.box(other).one()
    sandbox.wait_until(lambda: "1 messages may be with the MTA of one, whose courier" in world.log("postseal-courier"),
                       "the courier to warn")
    assert rows(world) == [["sending", "one"]]
    post.box(to).one()
    assert re.search(r"with one .* " + to, world.postseal("outbox", "list"))

    machines.start("one")
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    assert "found in the log of the MTA" in events(world, to, "copy handed to the MTA")[0]
    post.box(to).one()


def test_mail_of_a_machine_that_never_comes_back_is_sent(world, post, machines, wire, empty_log, name):
    """Promise 2: the mail may arrive twice, as it does here, but is not lost; and this is recorded
    before it is sent."""
    to = in_doubt(world, post, machines, wire, name)
    machines.start("two", log=empty_log, courier_doubt="3 seconds")
    post.box(to).wait(2)
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    assert len(events(world, to, "sent again in doubt")) == 1
    assert re.search(r"the courier one/\d+ of another machine .*may arrive twice", world.log("postseal-courier"))


def test_admin_says_that_a_machine_does_not_come_back(world, post, machines, wire, empty_log, name):
    to = in_doubt(world, post, machines, wire, name)
    machines.start("two", log=empty_log)
    assert world.postseal("outbox", "takeover", "three").startswith("0 messages")
    assert world.postseal("outbox", "takeover", "one").startswith("1 messages")
    assert "outbox taken over" in world.postseal("activity", "about", "one")
    post.box(to).wait(2)
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")


def test_mail_in_the_hand_of_a_living_courier_is_not_taken_over(world, post, machines, wire, empty_log, name):
    """The admin is wrong: the machine is alive, and its courier is about to receive the reply."""
    wire.trouble = "slow"
    machines.start("one", reinject=wire.url, retry_first="1 seconds")
    first = world.programs["postseal-courier"]
    to = send_copy(world, post, name)
    assert wire.held.wait(60)
    world.postseal("outbox", "takeover", "one")
    world.postgres.query("update postseal.outbox set next_attempt_at = now()")
    second = world.start_program("postseal-courier", host="two", config=world.directory / "one.conf")
    try:
        sandbox.wait_until(lambda: world.postgres.query("select next_attempt_at > now() from postseal.outbox") == [["t"]],
                           "the second courier to look at it")
        wire.go_on.set()
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    finally:
        second.terminate()
        second.wait(30)
        world.programs["postseal-courier"] = first
    post.box(to).one()
    assert events(world, to, "sent again in doubt") == []


def test_mail_that_was_cut_off_is_sent_again(world, post, machines, wire, name):
    """All of it was written, but not all arrived: Postfix logs that the connection was lost within the content."""
    wire.trouble = "cut"
    machines.start("one", reinject=wire.url, retry_first="1 seconds")
    to = send_copy(world, post, name)
    sandbox.wait_until(lambda: wire.mails >= 1, "the mail to be cut off")
    wire.trouble = None
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    post.box(to).one()
    assert "never accepted" in world.log("postseal-courier")


def test_mail_that_the_mta_has_not_taken_yet_is_not_sent_again(world, post, machines, wire, name):
    """Promise 3. The MTA had begun to receive it, its queue manager had logged nothing yet, and
    that was taken for "never"."""
    wire.trouble = "late"
    machines.start("one", reinject=wire.url, retry_first="1 seconds")
    to = send_copy(world, post, name)
    assert wire.held.wait(60)
    sandbox.wait_until(lambda: "has not yet said whether it has it" in world.log("postseal-courier"), "the courier to look")
    wire.trouble = None
    wire.go_on.set()
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    assert "found in the log of the MTA" in events(world, to, "copy handed to the MTA")[0]
    post.box(to).one()


def test_mail_to_an_alias_is_found_in_the_log(world, post, machines, mapped_wire, name):
    """The MTA accepted it for both recipients behind the alias: the numbers never matched, and the
    mail stayed in doubt for ever."""
    mapped_wire.trouble = "deaf"
    machines.start("one", mapped=mapped_wire.url, retry_first="1 seconds")
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to], sender="office@staff.example"), [to], sender="office@staff.example")
    sandbox.wait_until(lambda: mapped_wire.mails >= 1, "the code to be handed over")
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    for member in ("one", "two"):
        assert to in post.box(f"{member}@plain.example").one().codes()
    assert mapped_wire.mails == 1


def test_connection_to_the_database_is_lost_within_a_mail(world, post, machines, wire, name):
    """Mails claimed together with it waited for the end of the lease, on a dead connection."""
    to = [send_copy(world, post, f"{name}{n}") for n in range(4)]
    wire.trouble = "slow"
    machines.start("one", reinject=wire.url, retry_first="1 seconds")
    assert wire.held.wait(60)
    assert sandbox.wait_until(lambda: [r for r in rows(world) if r[0] == "sending"], "the claim") == [["sending", "one"]] * 4
    world.postgres.query("select pg_terminate_backend(pid, 10000) from pg_stat_activity where pid <> pg_backend_pid()"
                         " and usename = 'postseal_courier'")
    wire.trouble = None
    wire.go_on.set()
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    for address in to:
        post.box(address).one()
    assert "found in the log of the MTA" in events(world, to[0], "copy handed to the MTA")[0]


def test_mail_whose_recipients_cannot_be_read_keeps_nobody_waiting(world, post, machines, name):
    """It counted as an error of the whole claim, whose locks then stayed with an idle connection."""
    to = [send_copy(world, post, f"{name}{n}") for n in range(3)]
    world.postgres.query("delete from postseal.outbox_recipient where outbox ="
                         " (select id from postseal.outbox order by created_at limit 1)")
    machines.start("one", retry_first="1 seconds", retry_last="1 seconds")
    for address in to[1:]:
        post.box(address).one()
    sandbox.wait_until(lambda: rows(world) == [["waiting", ""]], "the others to be gone")
    assert "the recipients of this message in the outbox cannot be read" in world.log("postseal-courier")
    assert post.box(to[0]).files() == []


def journal_of(directory, lines):
    """systemd's journal with lines (user, program, text), as journald would have written them."""
    directory.mkdir()
    entries = "".join(f"__REALTIME_TIMESTAMP={time.time_ns() // 1000}\n_UID={pwd.getpwnam(user).pw_uid}\nSYSLOG_FACILITY=2\n"
                      f"SYSLOG_IDENTIFIER={program}\nSYSLOG_PID=1\nMESSAGE={text}\n\n" for user, program, text in lines)
    subprocess.run(["/lib/systemd/systemd-journal-remote", "-o", directory / "mail.journal", "-"], input=entries.encode(),
                   check=True, capture_output=True)
    (directory / "mail.journal").chmod(0o644)


def test_anybody_could_say_in_the_journal_that_the_mta_has_a_mail(world, post, machines, wire, name):
    """Promise 2: logger -p mail.info -t postfix/qmgr; the mail was then never sent."""
    wire.trouble = "cut"
    machines.start("one", reinject=wire.url, retry_first="60 seconds")
    to = send_copy(world, post, name)
    sandbox.wait_until(lambda: wire.mails and rows(world) == [["sending", "one"]], "the mail to be cut off")
    machines.stop()
    row = world.postgres.query("update postseal.outbox set next_attempt_at = now() returning id")[0][0]
    journal_of(world.directory / "journal", [
        ("nobody", "postfix/postseal/smtpd", f"4bXFORGEDz: client=localhost[127.0.0.1], orig_queue_id={row}"),
        ("nobody", "postfix/qmgr", "4bXFORGEDz: from=<anna@example.com>, size=1, nrcpt=1 (queue active)"),
        ("postfix", "postfix/qmgr", "4bXOTHERzz: removed")])
    machines.start("one", log=f"journal:{world.directory}/journal")
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    post.box(to).one()
