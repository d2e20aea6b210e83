"""postseal-operations(7): its commands exist, a backup made with them opens after being restored with them into an empty
cluster, an older release is upgraded by them and backed up then, and with a key file only what the page says is lost."""
import contextlib
import re
import shutil
import smtplib
import subprocess

import pytest

import people
import test_upgrade
import world as sandbox
from manual import PAGE, Admin, blocks
from person import Person
from postgres import Postgres
from visitor import Visitor

ANNA, BOB, CARL = "anna@example.com", "bob@example.com", "carl@example.com"


def test_commands_of_the_page_are_there(world):
    printed = subprocess.run([world.bin / "postseal", "-h"], capture_output=True, text=True, check=True).stdout
    there = {line.strip().split("  ")[0] for line in printed.splitlines() if line.startswith("  ")}
    said = re.findall(r"^(?:\.Ic |ssh \S+ )?postseal ((?:[a-z]+ ?)+)", PAGE, re.M)
    assert len(said) > 20
    for words in said:
        assert any(words.strip() == command or words.startswith(f"{command} ") or f"{words.strip()}" == command.split()[0]
                   for command in there), words


CONTENTS = """select t.relname, (xpath('//c/text()', q))[1], (xpath('//d/text()', q))[1] from (
    select relname, query_to_xml(format('select count(*) as c, md5(coalesce(string_agg(r::text, E''\\n'' order by r::text), %L)) as d'
                                        ' from postseal.%I r', '', relname), false, true, '') as q
    from pg_class where relnamespace = 'postseal'::regnamespace and relkind = 'r') t order by 1"""


@contextlib.contextmanager
def restored(world, label):
    """Types the commands of the page: back-up, and restore into an empty cluster, where this yields the cluster and its admin."""
    back_up, restore = blocks("BACK-UP AND RESTORE")[:2]
    home = world.directory / label
    for name in ("backup", "safe", "etc", "new"):
        (home / name).mkdir(parents=True)
    sandbox.command("cp", "-a", world.directory / "secrets", world.config, world.directory / "verified", home / "etc")
    places = {"/backup/": f"{home}/backup/", "/safe/": f"{home}/safe/"}
    Admin(world, home / "etc", places).type(back_up)
    empty = Postgres(home / "empty")
    empty.start()
    try:
        empty.run("dropdb", "-h", empty.sockets, "-U", "root", "postseal")
        config = home / "new.conf"
        config.write_text(world.config.read_text().replace(world.postgres.url, empty.url)
                          .replace(f"{world.directory}/secrets", f"{home}/new/secrets"))
        there = Admin(world, home / "new", places, config, empty.sockets)
        there.type(restore)
        yield empty, there
    finally:
        empty.stop("immediate")
        shutil.rmtree(empty.sockets, ignore_errors=True)


def rotate(cluster, admin):
    """Opens every row that these keys sealed."""
    for name in ("courier", "master"):
        for node, in cluster.query("select distinct node from postseal.secret_holder"):
            admin.type(f"postseal secrets forget {node}")
        admin.type(f"postseal secrets rotate {name}")


def test_back_up_is_restored_into_an_empty_cluster_by_the_commands_of_the_page(world, post):
    """Promise 2. A rotation in that cluster opens every row that a key file sealed."""
    post.accepted(post.compose(["kept@pickup.example"]), ["kept@pickup.example"])
    sandbox.wait_until(world.nothing_waits, "links and codes", 60)
    with restored(world, "first") as (empty, there):
        assert (world.directory / "first" / "new" / "verified").read_bytes() == (world.directory / "verified").read_bytes(), \
            "tables were forgotten"
        counted = "select count(*) from postseal.message", "select count(*) from postseal.parcel_key"
        assert [empty.query(sql) for sql in counted] == [world.postgres.query(sql) for sql in counted]
        rotate(empty, there)


# --- lost key files (login.key: test_rotation_login.py) ---

def own_key(world, name):
    """As its owner got it from the authority, with a password."""
    base = world.authority.issue_mail(name, f"{name}@example.com").with_suffix("")
    (world.directory / "password").write_text("a password\n")
    sandbox.command("openssl", "pkcs12", "-export", "-in", f"{base}.pem", "-inkey", f"{base}.key", "-passout",
                    f"file:{world.directory}/password", "-out", world.directory / f"{name}.p12")


def goes_out_signed(world, post, sender, name):
    """According to openssl, which opens it and verifies the signature."""
    base = people.certify(world, f"{name}@smime.example").with_suffix("")
    to = [f"{name}@smime.example"]
    post.accepted(post.compose(to, sender=sender), to, sender=sender)
    signed = people.open_smime(post.box(to[0]).one(), base)
    said = sandbox.command("openssl", "cms", "-verify", "-CAfile", world.directory / "keys" / "authority.pem",
                           "-signer", "/dev/stdout", "-out", "/dev/null", input=signed)
    return f"email:{sender}" in sandbox.command("openssl", "x509", "-noout", "-ext", "subjectAltName", input=said).decode()


def is_deferred(post, sender, to):
    """And none of it has gone out."""
    try:
        code, _ = post.send(post.compose([to], sender=sender), [to], sender=sender)
    except (AssertionError, smtplib.SMTPException, OSError):
        code = 451
    return 400 <= code < 500 and not post.box(to).files()


def test_with_master_key_more_or_less_was_lost_than_the_page_says(world, post):
    """Promise 1: what is to be signed waits until its key is there again; all other mail flows."""
    admin = Admin(world)
    make, restart, give = blocks("LOST KEY FILES")[0].splitlines()
    abandon = blocks("LOST KEY FILES")[-1]
    for name in ("anna", "bob"):
        own_key(world, name)
        admin.type(give.replace("anna", name))
    assert goes_out_signed(world, post, ANNA, "before")
    admin.type("postseal secrets rotate master\npostseal secrets retire master")

    (world.directory / "secrets" / "master.key").unlink()
    admin.type(make)
    with pytest.raises(sandbox.Trouble, match="postseal-keeper ended: .*master.key: it lacks the key"):
        admin.type(restart)
    world.programs.pop("postseal-keeper")
    admin.type(abandon + "\n" + restart)
    sealed = "while@smime.example"
    people.certify(world, sealed)
    for sender in (ANNA, BOB):
        assert is_deferred(post, sender, sealed)
    post.accepted(post.compose([sealed], sender=CARL), [sealed], sender=CARL)
    post.box(sealed).one()

    admin.type(give)
    assert goes_out_signed(world, post, ANNA, "after")
    people.certify(world, "bob@smime.example")
    assert is_deferred(post, BOB, "bob@smime.example")
    fingerprint, = {row[0] for row in world.postgres.query(
        "select fingerprint from postseal.key k join postseal.key_address a on a.key = k.id"
        f" where k.role = 'own' and a.address = '{BOB}'")}
    admin.type(f"postseal key delete {fingerprint}")
    post.accepted(post.compose([sealed], sender=BOB), [sealed], sender=BOB)
    post.box(sealed).wait(2)


def person_for(world, post, name):
    world.postgres.query("delete from postseal.throttle")
    return Person(world, post, f"{name}@pickup.example")


def park(world, post, person):
    post.accepted(post.compose([person.address], b"The secret is 42.\r\n"), [person.address])
    person.mail("Protected message")


def test_with_courier_key_more_or_less_was_lost_than_the_page_says(world, post):
    """Promise 2: what is lost is told to its senders in the end, and nothing else is lost."""
    post.sender = CARL
    admin = Admin(world)
    early, unread, asked, member = (person_for(world, post, name) for name in ("early", "unread", "asked", "member"))
    for person in (early, unread, asked, member):
        park(world, post, person)
    member.unlock()
    member.enrol()
    post.accepted(post.compose([member.address], b"The second is 43.\r\n"), [member.address])
    member.mail("Protected message", 2)
    sender = Person(world, post, CARL)

    def ask_for_a_new_link(person):
        codes = next(m for m in sender.mails("Unlock code") if person.address in m.codes())
        sender.browser.get(re.search(r"http://\S+/track/\S{43}", codes.text()).group(0))
        offered = "Create a new link" in sender.browser.page.text
        assert sender.browser.send({"action": "renew"}).status < 500
        return offered

    people.certify(world, "lost@smime.example")
    world.stop_program("postseal-courier")
    to = ["stays@plain.example", "lost@smime.example", "late@pickup.example"]
    post.accepted(post.compose(to), to)
    (waiting, *_), = world.postgres.query("select count(*) from postseal.outbox where kind = 'copy'")
    assert waiting == "1", "one copy is in place, one waits for the courier, and one is parked"
    assert ask_for_a_new_link(asked), "the courier will do that once it runs, and has lost its key then"
    assert "The secret is 42." not in asked.unlock().text

    (world.directory / "secrets" / "courier.key").unlink()
    listed = admin.type(blocks("LOST KEY FILES")[1])
    in_outbox = [t for t in to[:2] if t in listed]
    assert len(in_outbox) == 1, listed

    # No more is lost.
    texts = []
    kept, = set(to[:2]) - set(in_outbox)
    post.box(kept).one()
    assert "The secret is 42." in early.unlock().text
    member.browser = Visitor(member.browser.portal)
    assert member.sign_in().path == "/inbox"
    for message in re.findall(r"/message/[^\"]+", member.browser.page.text):
        texts.append(member.browser.get(message).text)
    assert any("The second is 43." in text for text in texts)
    new = person_for(world, post, "new")
    park(world, post, new)
    assert "The secret is 42." in new.unlock().text

    # A new link cannot be made for what was parked before, and no link that works is lost for it.
    identifier, = {c["message"] for c in post.copies(unread.address)}
    assert not ask_for_a_new_link(unread)
    assert "the old link and code still open it" in subprocess.run(
        [world.bin / "postseal", "-f", world.config, "message", "new-code", identifier], capture_output=True, text=True, check=False).stdout
    sandbox.wait_until(lambda: world.postgres.query("select 1 from postseal.event where what = 'not renewed'"),
                       "the courier to find out", 60)
    for person in (unread, asked):
        world.postgres.query("delete from postseal.throttle")
        assert "The secret is 42." in person.unlock().text and len(person.mails("Protected message")) == 1

    # What was in the outbox is lost, and its sender is told once its time is over.
    assert not post.box(in_outbox[0]).files() and not post.box(to[2]).files()
    world.postgres.query("update postseal.outbox set expires_at = now(), next_attempt_at = now();"
                         "update postseal.parcel_key set expires_at = now() where issued_at is null")
    admin.systemctl("restart", ["postseal-courier"])
    sandbox.wait_until(lambda: any(in_outbox[0] in m.raw.decode() for m in sender.mails("")
                                   if "could not" in str(m["Subject"]).lower() or "undeliver" in str(m["Subject"]).lower()),
                       "the sender to be told", 60)
    sandbox.wait_until(lambda: post.copies(to[2])[0]["state"] == "expired", "what had no link to expire")
    sandbox.wait_until(world.nothing_waits, "nothing to be left")
    assert not post.box(in_outbox[0]).files() and not post.box(to[2]).files()


# --- upgrade; the last, for the database is replaced ---

def test_what_the_upgrade_stops_was_not_started_again():
    """The programs for members' mail programs."""
    lines = [line.split() for block in blocks("UPGRADE") for line in block.splitlines() if line.startswith("systemctl ")]
    stopped, started = ({name for words in lines if words[1] == verb for name in words[2:]} for verb in ("stop", "start"))
    assert stopped == started and "postseal-pop" in stopped


def test_older_release_is_upgraded_by_the_commands_of_the_page(world, post):
    """Promise 2: until then, no program runs with a schema that is not its own, and mail waits in the MTA."""
    stop, *rest = blocks("UPGRADE")[0].splitlines()
    admin = Admin(world)
    admin.type(stop)
    test_upgrade.restore(world, (test_upgrade.DATA / "database.sql").read_bytes())
    world.postgres.query(test_upgrade.MOVE_TIMES.replace("{at}", test_upgrade.FACTS["at"]))
    shutil.rmtree(world.directory / "secrets")
    shutil.copytree(test_upgrade.DATA / "secrets", world.directory / "secrets")
    for name in ("master.key", "courier.key"):
        (world.directory / "secrets" / name).chmod(0o400)
    for name in ("postseal-keeper", "postseal-milter", "postseal-courier", "postseal-portal"):
        with pytest.raises(sandbox.Trouble, match=f"{name} ended: .*(the database lacks .*postseal database init|login.key: No such file .*postseal secrets init)"):
            admin.systemctl("start", [name])
        world.programs.pop(name)
    post.sender = CARL
    assert is_deferred(post, CARL, "upgraded@plain.example")
    admin.type("\n".join(rest))
    post.accepted(post.compose(["upgraded@plain.example"]), ["upgraded@plain.example"])
    sandbox.wait_until(world.nothing_waits, "the outbox of the older release to be empty", 60)
    post.box("upgraded@plain.example").one()
    waited = people.open_smime(post.box("sue@smime.example").one(), test_upgrade.DATA / "sue")
    text = sandbox.command("openssl", "cms", "-verify", "-CAfile", test_upgrade.DATA / "authority.pem", "-no_check_time", input=waited)
    assert test_upgrade.FACTS["waiting"]["text"].encode() in text
    # Once nothing writes any more, a back-up of it has every row, and its key files open them.
    admin.type(stop)
    before = world.postgres.query(CONTENTS)
    assert len(before) > 60 and dict((row[0], int(row[1])) for row in before)["parcel_key"] > 0
    with restored(world, "upgraded") as (cluster, there):
        restored_rows = cluster.query(CONTENTS)
        # That the commands were given is on record, too.
        assert {old[0] for old, new in zip(before, restored_rows) if old != new} <= {"activity"} and len(restored_rows) == len(before)
        rotate(cluster, there)
        sealed = "select fingerprint, role from postseal.key where role = 'own' order by 1"
        assert cluster.query(sealed) == world.postgres.query(sealed) != []
        after = dict((row[0], row[1]) for row in cluster.query(CONTENTS))
        assert {table: after[table] for table in ("key", "parcel_key", "outbox", "account", "message", "copy")} == \
            {row[0]: row[1] for row in before if row[0] in ("key", "parcel_key", "outbox", "account", "message", "copy")}
