"""master.key and courier.key are rotated on two nodes while mail flows through the real Postfix, and each command is
killed half-way and given again."""
import os
import pty
import re
import shutil
import signal
import subprocess
import threading

import pytest

import people
import world as sandbox
from person import Person
from postgres import Postgres

ANNA = "anna@example.com"
WAITING = 110  # more than go into one transaction
BOXES = (("outbox", "boxed_key"), ("parcel_key", "boxed"), ("parcel_key", "link_boxed"), ("parcel", "phone"),
         ("sender_page", "boxed"))


class Node:
    """A second machine: to its programs it has another name, and key files of its own."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.secrets = world.directory / f"secrets-{name}"
        self.config = world.directory / f"{name}.conf"
        self.programs = []
        self.copy()
        *metrics, portal = sandbox.free_ports(5)
        metrics = dict(zip(("keeper", "courier", "milter", "portal"), metrics))
        text = re.sub(r'^(keeper|courier|milter|portal) metrics .*$', lambda m: f'{m[1]} metrics "127.0.0.1:{metrics[m[1]]}"',
                      world.config.read_text(), flags=re.M)
        self.config.write_text(text.replace(f"{world.directory}/secrets", str(self.secrets))
                               .replace("/keeper.sock", f"/keeper-{name}.sock").replace("/keeper-gnupg", f"/keeper-gnupg-{name}")
                               .replace("/milter.sock", f"/milter-{name}.sock")
                               .replace(f'listen "127.0.0.1:{world.ports["portal"]}"', f'listen "127.0.0.1:{portal}"')
                               .replace("/keeper-agent.sock", f"/keeper-agent-{name}.sock"))

    def copy(self):
        """As rsync -a from the first node would."""
        shutil.rmtree(self.secrets, ignore_errors=True)
        shutil.copytree(self.world.directory / "secrets", self.secrets)
        for path in self.secrets.iterdir():
            shutil.chown(path, "nobody" if path.name != "courier.pub" else "root")

    def start(self, program):
        first = self.world.programs.get(program)
        try:
            self.programs.append(self.world.start_program(program, host=self.name, config=self.config))
        finally:
            self.world.programs[program] = first

    def stop(self):
        for program in self.programs:
            program.terminate()
            program.wait(30)
        self.programs.clear()

    def postseal(self, *words):
        return sandbox.command(self.world.bin / "postseal", "-f", self.config, *words).decode()


class Traffic:
    """Mail of every kind, until it is stopped; each mail is offered until it is accepted."""

    def __init__(self, post, name):
        self.post, self.name, self.sent, self.trouble = post, name, [], None
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()
        assert self.trouble is None, self.trouble

    def run(self):
        try:
            while not self.end.wait(0.2) and len(self.sent) < 600:
                number = len(self.sent)
                to = ("sue@smime.example", "pat@pgp.example", f"{self.name}{number}@pickup.example")[number % 3]
                # One copy stays in place, and one goes by way of the outbox.
                both = [to, f"{self.name}{number}@plain.example"]
                message = self.post.compose(both, b"Number %d.\r\n" % number, sender=ANNA)
                sandbox.wait_until(lambda: self.post.send(message, both, sender=ANNA)[0] == 250, "the MTA to accept", 60)
                self.sent.append(to)
        except BaseException as trouble:
            self.trouble = trouble

    def progress(self, count=6):
        goal = len(self.sent) + count
        sandbox.wait_until(lambda: len(self.sent) >= goal or self.trouble, "mail to flow", 60)


@pytest.fixture(scope="module")
def company(world):
    """Anna signs with both methods; Sue and Pat can verify that."""
    base = people.certify(world, ANNA).with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    people.certify(world, "sue@smime.example")
    ours = people.Gpg(world.directory / "keys" / "anna-gpg", ANNA)
    secret = world.directory / "keys" / "anna.secret"
    secret.write_bytes(ours.secret())
    world.postseal("key", "import", secret)
    pat = people.make_pgp(world, "pat@pgp.example")
    pat.run("--import", data=ours.public())
    yield pat
    for gpg in (ours, pat):
        gpg.end()


@pytest.fixture(scope="module")
def two(world, company):
    node = Node(world, "two")
    try:
        for program in ("postseal-keeper", "postseal-courier"):
            node.start(program)
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="module")
def waiting(world, company):
    """Messages parked before anything is rotated, and a backup from that time."""
    from conftest import Post
    post = Post(world)
    post.sender = ANNA
    to = [f"w{number}@pickup.example" for number in range(WAITING)]
    for some in (to, ["solo@pickup.example"]):
        post.accepted(post.compose(some, b"From before.\r\n", sender=ANNA), some)
    sandbox.wait_until(world.nothing_waits, "links and codes", 60)
    sandbox.wait_until(lambda: len(post.box(to[-1]).files()) == 1, "the last notice")
    backup = world.directory / "backup"
    backup.mkdir()
    (backup / "dump").write_bytes(subprocess.run(["pg_dump", "--no-owner", "-n", "postseal", "-d", world.postgres.url],
                                                 check=True, capture_output=True).stdout)
    shutil.copytree(world.directory / "secrets", backup / "secrets")
    return to


def keys_of(path, name):
    data = (path / name).read_bytes()
    return [data[at:at + 32] for at in range(0, len(data), 32)]


def states(world, name):
    rows = world.postgres.query(f"select state, mark from postseal.secret where name = '{name}'")
    return {row[0]: row[1] for row in rows}


def marks(world, table, column):
    return {row[0]: int(row[1]) for row in world.postgres.query(
        f"select coalesce(postseal.box_mark({column}), ''), count(*) from postseal.{table} where {column} is not null group by 1")}


def all_marks(world):
    return set().union(*(marks(world, *box) for box in BOXES))


def kill_when(world, condition, *words):
    """Kills the command as soon as the condition holds."""
    running = subprocess.Popen([world.bin / "postseal", "-f", world.config, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def is_so():
        assert running.poll() is None, running.stdout.read()
        return condition()

    try:
        sandbox.wait_until(is_so, f"{' '.join(words)} to be half-way")
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
        running.stdout.close()
        # A lock that the command was still waiting for must not be granted afterwards.
        world.postgres.query("select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
                             " and query ~ 'secret_|settle|rewrap'")


class Held:
    """Someone else's transaction, open for the duration of the block."""

    def __init__(self, world, sql):
        self.session, self.sql = world.postgres.session(), sql

    def __enter__(self):
        self.session.ask(f"begin; {self.sql}")

    def __exit__(self, *_):
        self.session.ask("rollback")
        self.session.end()


def refused(world, *words):
    done = subprocess.run([world.bin / "postseal", "-f", world.config, *words], capture_output=True, text=True)
    assert done.returncode == 1, done
    return done.stderr


def test_first_rotation_of_the_couriers_key(world, post, company, two, waiting):
    """Promise 2: nothing that the old key sealed is lost, wherever the command dies."""
    secrets = world.directory / "secrets"
    before = keys_of(secrets, "courier.key")
    with Traffic(post, "courier") as traffic:
        traffic.progress()
        # Killed between the key file and the database.
        with Held(world, "lock table postseal.secret in share mode"):
            kill_when(world, lambda: len(keys_of(secrets, "courier.pub")) == 2, "secrets", "rotate", "--prepare", "courier")
        assert states(world, "courier") == {}
        said = world.postseal("secrets", "rotate", "--prepare", "courier")
        assert "copy it and courier.pub to every other node" in said
        both = keys_of(secrets, "courier.key")
        assert both[:1] == before and len(both) == 2, "the key that the killed run made is used"
        old, new = (states(world, "courier")[state] for state in ("in use", "prepared"))

        # The second node has the old file, so the new key must not seal anything.
        said = refused(world, "secrets", "rotate", "courier")
        assert f"the key {new} is prepared, but not in use yet" in said and "postseal-courier on two" in said
        assert new not in all_marks(world)
        traffic.progress()
        two.copy()

        # Killed while it is re-sealing the rows.
        key = world.postgres.query("select max(id::text) from postseal.parcel_key where boxed is not null")[0][0]
        with Held(world, f"select from postseal.parcel_key where id = '{key}' for update"):
            kill_when(world, lambda: new in marks(world, "parcel_key", "boxed"), "secrets", "rotate", "courier")
            assert states(world, "courier") == {"old": old, "in use": new}
        traffic.progress()
        assert re.search(rf"{old}\b.*\d+ keys of unread messages", world.postseal("secrets", "status"))
        assert "rows still need it" in refused(world, "secrets", "retire", "courier")
        assert "nothing needs the key" in world.postseal("secrets", "rotate", "courier")
        assert all_marks(world) == {new}

        # Killed while it waits for writes in progress.
        with Held(world, "lock table postseal.outbox in row exclusive mode"):
            kill_when(world, lambda: states(world, "courier").get("closed") == old, "secrets", "retire", "courier")
        assert keys_of(secrets, "courier.key") == both
        assert f"key {old} is retired" in world.postseal("secrets", "retire", "courier")
        assert keys_of(secrets, "courier.key") == both[1:] and len(keys_of(secrets, "courier.pub")) == 1
        assert "1 keys removed" in two.postseal("secrets", "retire", "courier")
        assert "0 keys removed" in two.postseal("secrets", "retire", "courier")
        assert keys_of(two.secrets, "courier.key") == both[1:]
        traffic.progress()
    all_arrived(world, post, company, traffic)


def all_arrived(world, post, pat, traffic):
    """Each mail arrived once, signed by Anna, according to openssl and gpg; what waits opens with link and code."""
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty", 90)
    for number, to in enumerate(traffic.sent):
        post.box(f"{traffic.name}{number}@plain.example").one()
        if to.endswith("@pickup.example"):
            post.box(to).one()
    numbers = {"sue@smime.example": [], "pat@pgp.example": []}
    base = world.directory / "keys" / "sue-smime-example"
    for mail in post.box("sue@smime.example").wait(traffic.sent.count("sue@smime.example")):
        signed = people.open_smime(mail, base)
        text = sandbox.command("openssl", "cms", "-verify", "-CAfile", world.directory / "keys" / "authority.pem", input=signed)
        numbers["sue@smime.example"].append(int(re.search(rb"Number (\d+)", text)[1]))
    for mail in post.box("pat@pgp.example").wait(traffic.sent.count("pat@pgp.example")):
        checked = pat.run("--status-fd", "1", "--decrypt", data=people.pgp_data(mail))
        assert b"GOODSIG" in checked
        numbers["pat@pgp.example"].append(int(re.search(rb"Number (\d+)", checked)[1]))
    for to, found in numbers.items():
        assert sorted(found) == [number for number, sent in enumerate(traffic.sent) if sent == to]
        assert found
    post.sender = ANNA
    last = [to for to in traffic.sent if to.endswith("@pickup.example")][-1]
    for to in (f"w{WAITING - 1}@pickup.example", last):
        world.postgres.query("delete from postseal.throttle")
        person = Person(world, post, to)
        answer = person.unlock()
        assert "From before." in answer.text or "Number" in answer.text
    shutil.rmtree(post.box("sue@smime.example").path)
    shutil.rmtree(post.box("pat@pgp.example").path)


def test_what_waited_gets_a_new_link_by_the_new_key(world, post, waiting):
    """For that, the courier opens its box, which the rotation has re-sealed."""
    post.sender = ANNA
    person, sender = Person(world, post, "solo@pickup.example"), Person(world, post, ANNA)
    codes = next(mail for mail in sender.mails("Unlock code") if person.address in mail.codes())
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", codes.text()).group(0))
    sender.browser.send({"action": "renew"})
    assert "From before." in person.unlock(2).text


def test_program_with_the_old_file_does_not_start(world, waiting, two):
    """A node that was switched off during the rotation could neither open what waits nor seal anything that others can
    open."""
    three = Node(world, "three")
    shutil.rmtree(three.secrets)
    shutil.copytree(world.directory / "backup" / "secrets", three.secrets)
    for program in ("postseal-courier", "postseal-portal", "postseal-milter"):
        with pytest.raises(sandbox.Trouble, match="it lacks the key [0-9a-f]{8}, which is in use; copy the file from a node that has it"):
            three.start(program)


def test_nothing_is_sealed_with_a_retired_key(world, waiting):
    """Promise 2: a program that did not know yet would write what nobody can open any more."""
    retired = states(world, "courier")["retired"]
    for table, column in BOXES:
        if marks(world, table, column):
            with pytest.raises(RuntimeError, match="sealed with a key that is no longer in use"):
                world.postgres.query(f"update postseal.{table} set {column} = decode('{retired}', 'hex') || substring({column} from 5)")


def test_rotation_of_the_master_key(world, post, company, two, waiting):
    secrets = world.directory / "secrets"
    with Traffic(post, "master") as traffic:
        traffic.progress()
        with Held(world, "lock table postseal.secret in share mode"):
            kill_when(world, lambda: len(keys_of(secrets, "master.key")) == 2, "secrets", "rotate", "master")
        both = keys_of(secrets, "master.key")
        assert len(both) == 2
        two.copy()
        key = world.postgres.query("select max(key::text) from postseal.private_key")[0][0]
        with Held(world, f"select from postseal.private_key where key = '{key}' for update"):
            kill_when(world, lambda: "old" in states(world, "master"), "secrets", "rotate", "master")
        traffic.progress()
        for name in ("postseal-keeper",):
            world.stop_program(name)
            world.start_program(name)
        traffic.progress()
        assert "nothing needs the key" in world.postseal("secrets", "rotate", "master")
        assert "is retired" in world.postseal("secrets", "retire", "master")
        assert keys_of(secrets, "master.key") == both[1:]
        world.stop_program("postseal-keeper")
        world.start_program("postseal-keeper")
        traffic.progress()
    all_arrived(world, post, company, traffic)


def at_a_terminal(world, *words):
    """What the command shows on a terminal beside what it prints, and what it prints."""
    leader, follower = pty.openpty()
    done = subprocess.run([world.bin / "postseal", "-f", world.config, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=follower, text=True, check=False)
    os.close(follower)
    shown = b""
    with open(leader, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(65536):
                shown += part
        except OSError:  # the other end is closed
            pass
    assert done.returncode == 0, shown
    return shown.decode(), done.stdout


def test_rotation_showed_no_progress(world, company, two, waiting):
    """Thousands of rows were sealed anew without a sign of life."""
    world.postseal("secrets", "rotate", "--prepare", "courier")
    two.copy()
    for node in {row[0] for row in world.postgres.query("select node from postseal.secret_holder")} & {"three"}:
        world.postseal("secrets", "forget", node)  # which never started
    shown, printed = at_a_terminal(world, "secrets", "rotate", "courier")
    bars = [(bar.count("#"), int(done), int(total)) for bar, done, total in re.findall(r"\[([# ]{30})\] (\d+) of (\d+) rows", shown)]
    assert bars[0][:2] == (0, 0) and len(bars) > 2 and bars == sorted(bars), shown
    total = sum(int(rows) for rows in re.findall(r": (\d+) .* sealed with the new key", printed))
    assert bars[0][2] == total > WAITING and shown.endswith("\r\033[K") and bars[-1][0] < 30
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "secrets", "retire", "courier"], capture_output=True, check=True)
    assert done.stderr == b""
    two.postseal("secrets", "retire", "courier")


def test_key_that_is_imported_after_a_rotation_is_wrapped_by_the_new_key(world, company, two):
    base = people.certify(world, "late@example.com").with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    assert world.postgres.query("select distinct encode(substring(sealed for 4), 'hex') from postseal.private_key") == \
        [[states(world, "master")["in use"]]]


def test_each_step_is_on_record(world, waiting):
    steps = [tuple(row) for row in world.postgres.query("select what, subject from postseal.activity where what like 'key file%' order by id")]
    for name in ("courier", "master"):
        assert [what for what, subject in steps if subject == name][-1] == "key file: key retired"
        assert ("key file: key prepared", name) in steps and ("key file: key old", name) in steps
    assert "key file: key in use" in world.postseal("activity", "list", "courier")


def test_back_up_of_before_opens_with_the_key_files_of_before(world, waiting):
    """Into a cluster of its own. A rotation there shows that everything opens, since it must open each row."""
    restored = Postgres(world.directory / "restored")
    restored.start()
    try:
        secrets = world.directory / "restored-secrets"
        shutil.copytree(world.directory / "backup" / "secrets", secrets)
        config = world.directory / "restored.conf"
        config.write_text(world.config.read_text().replace(world.postgres.url, restored.url)
                          .replace(f"{world.directory}/secrets", str(secrets)))
        there = [world.bin / "postseal", "-f", config]
        sandbox.command(*there, "database", "init")
        restored.query("drop schema postseal cascade")
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", restored.url], check=True, capture_output=True,
                       input=(world.directory / "backup" / "dump").read_bytes())
        nodes = {row[0] for row in restored.query("select node from postseal.secret_holder")}
        assert "two" in nodes
        for node in nodes:
            sandbox.command(*there, "secrets", "forget", node)
        for name in ("courier", "master"):
            assert "nothing needs the key" in sandbox.command(*there, "secrets", "rotate", name).decode()
    finally:
        restored.stop("immediate")
        shutil.rmtree(restored.sockets, ignore_errors=True)


# Every column of the database that may hold data sealed by a key file, and all other binary columns. A new column must
# be added here and, if a key file seals it, also where it is re-sealed (delivery/rewrap.c, keystore/rewrap.c):
# otherwise its data is lost with a retired key.
SEALED_BY_COURIER = {"outbox.boxed_key", "parcel.phone", "parcel_key.boxed", "parcel_key.link_boxed", "held_key.boxed",
                     "held_key.link_boxed", "sender_page.boxed"}
SEALED_BY_LOGIN = {"approval.key"}
SEALED_BY_MASTER = {"private_key.sealed", "retired_key.sealed", "ca.sealed", "key_request.sealed"}
OTHERS = {
    "account.public_key", "account.recovery_salt", "account.recovery_wrapped", "account.salt", "account.totp", "account.wrapped", "gone_link.link_hash",
    "address_proof.token_hash", "approval.header", "approval_chunk.content", "approval_link.digest", "application_password.digest", "application_password.wrapped", "ca.certificate", "ca.request", "ca_crl.content", "ca_issued.serial",
    "certificate_status.certificate", "certificate_status.issuer", "decided.imprint", "key.content", "key_between.content",
    "key_found.content", "key_mailed.content", "key_mailed.digest", "key_request.request", "key_upload.content", "revocation_list.content",
    "message.identity", "offer.identity", "own_folder.name", "held_key.kept", "held_key.link_hash", "held_key.salt", "held_key.sealed", "held_key.wrapped",
    "large_file.about", "large_file.mark", "large_file.wrapped", "large_file_chunk.content", "large_file_link.digest", "large_file_link.wrapped",
    "large_file_parcel.boxed", "large_file_piece.header", "parcel.public_key", "sender_file.track_name",
    "outbox.header", "outbox_chunk.content", "parcel.header", "parcel.layout", "parcel.summary", "parcel_chunk.content",
    "parcel_key.indexed", "parcel_key.subject", "parcel_key.kept", "parcel_key.link_hash", "parcel_key.salt", "parcel_key.sealed", "parcel_key.wrapped",
    "passkey.credential", "passkey.public_key", "portal_session.challenge", "portal_session.cookie_hash", "portal_session.wrapped",
    "sender_page.digest", "session_key.wrapped", "throttle.whom", "trust_link.digest", "unsaved.boxed", "unsaved.sealed"}


def test_no_column_that_a_key_seals_is_forgotten(world):
    """Promise 2: private keys of employees who have left and keys of parcels on hold have tables of their own, which
    were nearly forgotten."""
    there = {f"{table}.{column}" for table, column in world.postgres.query(
        "select c.table_name, c.column_name from information_schema.columns c join information_schema.tables t"
        " using (table_schema, table_name) where c.table_schema = 'postseal' and t.table_type = 'BASE TABLE' and data_type = 'bytea'")}
    assert there - OTHERS == SEALED_BY_COURIER | SEALED_BY_LOGIN | SEALED_BY_MASTER
    anew = {f"{table}.{column}" for name in ("delivery", "keystore")
            for table, column in re.findall(r"update postseal\.(\w+) set (\w+) = \$2", (sandbox.SOURCE / name / "rewrap.c").read_text())}
    assert anew == SEALED_BY_COURIER | SEALED_BY_LOGIN | SEALED_BY_MASTER
    guarded = {f"{table}.{column}" for table, column in world.postgres.query(
        "select event_object_table, event_object_column from information_schema.triggered_update_columns"
        " where trigger_schema = 'postseal' and trigger_name like '%_closed'")}
    assert guarded == anew
