"""A database filled by an older release, taken over by this one; and that database restored from a backup."""
import json
import pathlib
import shutil
import subprocess

import pytest

import people
import world as sandbox
from person import Person
from visitor import Visitor

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "9f6c6bd"
FACTS = json.loads((DATA / "facts.json").read_text())
RULES = """
match portal recipient "office@example.com"   deliver plain
match conversation                            deliver smime, pgp, pickup
match recipient domain "plain.example"        deliver plain
match recipient domain "smime.example"        deliver smime
match recipient domain "pickup.example"       deliver pickup expire 14 days
match recipient in domains                    deliver plain
otherwise                                     deliver plain
"""

# All times in the dump, moved to today: nothing in it has expired.
MOVE_TIMES = """
do $$
declare
    one record;
begin
    set session_replication_role = replica;
    for one in select table_name, column_name from information_schema.columns c join information_schema.tables t
                   using (table_schema, table_name)
               where table_schema = 'postseal' and data_type = 'timestamp with time zone' and table_type = 'BASE TABLE'
    loop
        execute format('update postseal.%I set %I = %I + (now() - %L::timestamptz)',
                       one.table_name, one.column_name, one.column_name, '{at}');
    end loop;
end
$$
"""


def restore(world, dump):
    """As postseal(8) says: roles first, then the dump, then the key files."""
    world.postgres.query("drop schema postseal cascade")
    subprocess.run(["psql", "-h", str(world.postgres.sockets), "-U", "root", "-d", "postseal", "-Xq", "-v", "ON_ERROR_STOP=1"],
                   input=dump, check=True, capture_output=True)


STRUCTURE = """
select 'column', table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
where table_schema = 'postseal'
union all select 'index', tablename, indexname, indexdef, '', '' from pg_indexes where schemaname = 'postseal'
union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' from pg_constraint
where connamespace = 'postseal'::regnamespace
union all select 'function', proname, pg_get_functiondef(oid), '', '', array_to_string(proacl::text[], ' ') from pg_proc
where pronamespace = 'postseal'::regnamespace
union all select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', '' from pg_trigger where not tgisinternal
union all select 'grant', table_name, grantee, privilege_type, '', '' from information_schema.role_table_grants
where table_schema = 'postseal'
union all select 'grant', table_name, column_name, grantee, privilege_type, '' from information_schema.column_privileges
where table_schema = 'postseal'
order by 1, 2, 3, 4, 5, 6"""
fresh = []


def prepare(world):
    fresh.extend(world.postgres.query(STRUCTURE))
    restore(world, (DATA / "database.sql").read_bytes())
    world.postgres.query(MOVE_TIMES.replace("{at}", FACTS["at"]))
    shutil.rmtree(world.directory / "secrets")
    shutil.copytree(DATA / "secrets", world.directory / "secrets")
    for name in ("master.key", "courier.key"):
        (world.directory / "secrets" / name).chmod(0o400)
    world.postseal("database", "init")
    world.postseal("secrets", "init")  # key files that did not exist then


def here(world, url):
    return url.replace(FACTS["portal"], f"http://localhost:{world.ports['portal']}")


def visitor(world, cookies=None):
    made = Visitor(f"http://localhost:{world.ports['portal']}",
                   {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {})
    return made


def test_schema_is_that_of_a_new_database(world):
    assert world.postgres.query(STRUCTURE) == fresh and len(fresh) > 500


def test_what_was_on_record_says_the_same(world):
    """Promise 6: nothing that was decided is lost or reads differently."""
    rows = world.postgres.query("select recipient, coalesce(method, ''), state, reason, rule_line from postseal.log"
                                " where offer = 1 order by copy")[:len(FACTS["log"])]
    assert len(rows) == len(FACTS["log"]) > 0
    states = [(row[0], row[2]) for row in FACTS["log"]]
    for row, (old, (recipient, state)) in zip(rows, zip(FACTS["log"], states)):
        assert (row[0], row[1], row[4]) == (recipient, old[1], old[4])
        assert row[2] == state or state in ("queued", "parked", "handed"), (row, old)  # those may have moved on since
        assert row[3] == old[3] or row[2] != state
    history = {tuple(row) for row in world.postgres.query("select message, copy, what, detail from postseal.history")}
    assert {tuple(row) for row in FACTS["history"]} <= history
    policies = world.postgres.query("select count(*) from postseal.log where policy is null")
    assert policies == [["0"]]


def test_mail_that_waited_in_the_outbox_leaves(world, post):
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty", 60)
    signed = people.open_smime(post.box("sue@smime.example").one(), DATA / "sue")
    text = sandbox.command("openssl", "cms", "-verify", "-CAfile", DATA / "authority.pem", "-no_check_time", input=signed)
    assert FACTS["waiting"]["text"].encode() in text
    assert post.copies("sue@smime.example")[-1]["state"] in ("handed", "sent")


def test_parcel_that_had_no_link_yet_gets_one(world, post):
    person = Person(world, post, "waiting@pickup.example")
    person.unlock()
    assert FACTS["waiting"]["parcel_text"] in person.browser.page.text


def test_link_and_code_open_what_was_unread(world, post):
    browser = visitor(world)
    browser.get(here(world, FACTS["unread"]["link"]))
    page = browser.send({"code": FACTS["unread"]["code"]})
    assert page.status == 200 and FACTS["unread"]["text"] in page.text
    assert post.copies("unread@pickup.example")[-1]["state"] == "opened"


def test_session_of_a_guest_goes_on(world):
    browser = visitor(world, FACTS["guest"]["cookie"])
    assert FACTS["guest"]["text"] in browser.get(FACTS["guest"]["path"]).text


def test_senders_page_is_there(world):
    page = visitor(world).get(here(world, FACTS["sender_page"]))
    assert page.status == 200 and "unread@pickup.example" in page.text


def test_member_has_inbox_draft_and_sent_mail(world):
    browser = visitor(world, FACTS["member"]["cookie"])
    assert "Second subject" in browser.get("/inbox").text
    browser = visitor(world)
    browser.get("/signin")
    answer = browser.send({"address": FACTS["member"]["address"], "password": FACTS["member"]["password"]})
    assert answer.path == "/inbox" and "Member subject" in answer.text
    assert FACTS["member"]["text"] in browser.get(FACTS["member"]["message"]).text
    assert "Draft subject" in browser.get("/drafts").text
    assert "Member subject" in browser.get("/sent").text


def is_signed(world, post, text):
    """The employee's key of then opens in the keeper, and signs what is sealed to a key of then."""
    to = "sue@smime.example"
    post.accepted(post.compose([to], text + b"\r\n"), [to])

    def verified():
        opened = [people.open_smime(people.Received(file.read_bytes()), DATA / "sue") for file in post.box(to).files()]
        return [signed for signed in (sandbox.command("openssl", "cms", "-verify", "-CAfile", DATA / "authority.pem", "-no_check_time", input=each)
                                  for each in opened) if text in signed]

    assert len(sandbox.wait_until(verified, "the signed copy")) == 1
    assert post.copies(to)[-1]["signed_by"]


def test_private_keys_sign(world, post):
    is_signed(world, post, b"Signed after the upgrade.")


ROWS = "select count(*), md5(coalesce(string_agg(r::text, ' ' order by r::text), '')) from postseal.{table} r"


@pytest.mark.parametrize("format", ["plain", "custom"])
def test_backup_brings_all_of_it_back(world, post, format):
    """pg_dump and the key files are the backup; what was written later is gone, and nothing else: each row is what it was, and
    private keys, accounts and parcels open."""
    for name in list(world.programs):
        world.stop_program(name)
    base = ["pg_dump", "-h", str(world.postgres.sockets), "-U", "root", "-d", "postseal", "-n", "postseal"]
    tables = world.postgres.query("select relname from pg_class where relnamespace = 'postseal'::regnamespace"
                                  " and relkind = 'r' order by 1")
    rows = {table: world.postgres.query(ROWS.format(table=table)) for table, in tables}
    dump = subprocess.run([*base, *(["-Fc"] if format == "custom" else [])], check=True, capture_output=True).stdout
    try:
        if format == "custom":
            dump = subprocess.run(["pg_restore", "-f", "-"], input=dump, check=True, capture_output=True).stdout
        restore(world, dump)
        assert {table: world.postgres.query(ROWS.format(table=table)) for table, in tables} == rows
        world.postseal("database", "init")
    finally:
        world.start_programs()
    browser = visitor(world)
    browser.get("/signin")
    browser.send({"address": FACTS["member"]["address"], "password": FACTS["member"]["password"]})
    assert FACTS["member"]["text"] in browser.get(FACTS["member"]["message"]).text
    is_signed(world, post, f"Signed after it was restored, {format}.".encode())
    # What was opened before opens, with the link and the code of then.
    again = visitor(world)
    again.get(here(world, FACTS["unread"]["link"]))
    assert FACTS["unread"]["text"] in again.send({"code": FACTS["unread"]["code"]}).text
