"""The record is deleted when its time is up, and not before; what is on hold stays, and so does
what was sealed. The database's clock is moved for this (libfaketime)."""
import pathlib
import re
import signal

import pytest
import world as sandbox
from person import PORTAL_RULES as RULES, Person, send, state

LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
YEARS = 2
MANY = 2300  # messages: more than two batches
TABLES = ("message", "copy", "event", "reading", "activity")


@pytest.fixture(scope="module")
def clock_file(world):
    """This file holds the time that the database sees; it is reread each time."""
    file = world.postgres.directory / "clock"
    file.write_text("+0\n")
    world.stop_program("postseal-courier")
    world.postgres.stop()
    world.postgres.resume({"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
                           "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    for name in ("postseal-milter", "postseal-portal"):
        world.stop_program(name)
        world.start_program(name)
    return file


@pytest.fixture
def clock(world, clock_file):
    """Sets the database's clock that many days ahead of when the test began. It never goes back."""
    base = int(clock_file.read_text().strip("+d\n"))
    world.stop_program("postseal-courier")
    world.start_program("postseal-courier")
    world.postgres.query("delete from postseal.record_deletion")
    return lambda days: clock_file.write_text(f"+{base + days}d\n")


def run_courier(world, settings=f"record years {YEARS}\n"):
    """As after a restart: each of its chores does a round at once."""
    world.stop_program("postseal-courier")
    config = world.directory / "retention.conf"
    config.write_text(world.config.read_text().replace("retry first", settings + "retry first", 1))
    return world.start_program("postseal-courier", config=config)


def counts(world, where="true"):
    return {table: int(world.postgres.query(f"select count(*) from postseal.{table} where {where}")[0][0]) for table in TABLES}


def message_of(world, address):
    return world.postgres.query(f"select message from postseal.log where recipient = '{address}'")[0][0]


def is_on_record(world, address):
    return bool(world.postgres.query(f"select 1 from postseal.log where recipient = '{address}'"))


def hold(world, *words):
    return world.postseal("legal-hold", *words)


def deliver(world, post, address):
    post.accepted(post.compose([address]), [address])
    sandbox.wait_until(lambda: [copy["state"] for copy in post.copies(address)] == ["sent"], f"{address} to be sent")


def make_many(world, count=MANY):
    """Messages of long ago, as the milter writes them."""
    world.postgres.query(f"""with m as (insert into postseal.message (id, offered_at, sender, size)
            select gen_random_uuid(), now(), 'many@example.com', 1 from generate_series(1, {count}) returning id)
        insert into postseal.copy (id, message, recipient, address, rule_line, rule, method, reason, trace, state, first_state,
                                   first_reason, policy)
        select gen_random_uuid(), id, 'many@plain.example', 'many@plain.example', 1, 'otherwise', 'plain', 'r', '[]', 'sent', 'sent',
               'r', (select digest from postseal.policy_version limit 1) from m""")


def test_record_is_deleted_after_its_years_and_what_is_on_hold_is_not(world, post, clock, name):
    kept = {who: f"{name}.{who}@plain.example" for who in ("recipient", "message", "old")}
    for address in kept.values():
        deliver(world, post, address)
    post.sender = f"{name}.sender@example.com"
    deliver(world, post, f"{name}.sent@plain.example")
    hold(world, "add", "Case 7", "--person", kept["recipient"].upper(), "--reason", "Order of 2026-11-26")
    hold(world, "add", "Case 7", "--person", post.sender)
    hold(world, "add", "Case 8", "--message", message_of(world, kept["message"]))
    clock(365)
    deliver(world, post, f"{name}.later@plain.example")
    clock(731)
    before = counts(world)
    run_courier(world)
    sandbox.wait_until(lambda: not is_on_record(world, kept["old"]), "what is old to be deleted")
    stays = {kept["recipient"], kept["message"], f"{name}.sent@plain.example", f"{name}.later@plain.example"}
    assert {address for address in stays if is_on_record(world, address)} == stays
    rows = world.postgres.query("select setting, messages, copies, events, readings, activities, oldest < newest + interval '1 second',"
                                " before < at - interval '2 years' + interval '1 minute', newest < before, login"
                                " from postseal.record_deletion", "postseal_auditor")
    assert {row[0] for row in rows} == {"record years 2"} and {tuple(row[6:]) for row in rows} == {("t", "t", "t", "postseal_courier")}
    after = counts(world)
    for column, table in enumerate(TABLES, 1):
        assert sum(int(row[column]) for row in rows) == before[table] - after[table], table
    # Nothing is left of what was deleted; a hold and its own trace are.
    assert world.postgres.query("select 1 from postseal.event e where not exists (select from postseal.message m where m.id = e.message)") == []
    assert [row[0] for row in world.postgres.query(
        "select what from postseal.activity where subject in ('Case 7', 'Case 8') order by id")] == ["hold added"] * 3
    hold(world, "release", "Case 7", "--reason", "settled")
    run_courier(world)
    sandbox.wait_until(lambda: not is_on_record(world, kept["recipient"]), "what was released to be deleted")
    assert is_on_record(world, kept["message"]) and not is_on_record(world, f"{name}.sent@plain.example")
    listed = hold(world, "list", "--all")
    assert "settled" in listed and "Order of 2026-11-26" in listed and "Case 7" not in hold(world, "list")
    hold(world, "release", "Case 8")


def test_deletion_that_dies_in_the_middle_leaves_all_or_nothing(world, clock, name):
    """Promise 6: a deletion and the row that records it are committed together."""
    make_many(world)
    clock(3 * 366)
    before = counts(world, "true")
    many = "select count(*) from postseal.message where sender = 'many@example.com'"
    with world.postgres.session() as session:
        session.ask("begin; lock table postseal.record_deletion in exclusive mode")
        run_courier(world)
        waits = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%record_delete_due%'"
        pid, = sandbox.wait_until(lambda: world.postgres.query(waits), "the deletion to be under way")[0]
        world.stop_program("postseal-courier", signal.SIGKILL)
        session.ask("rollback")
    sandbox.wait_until(lambda: not world.postgres.query(f"select 1 from pg_stat_activity where pid = {pid}"), "its session to end")
    assert counts(world) == before and world.postgres.query("select 1 from postseal.record_deletion") == []
    run_courier(world)
    sandbox.wait_until(lambda: world.postgres.query(many) == [["0"]], "all to be deleted")
    rows = world.postgres.query("select messages, copies from postseal.record_deletion where messages > 0")
    assert len(rows) >= 3 and max(int(row[0]) for row in rows) <= 1000
    assert sum(int(row[0]) for row in rows) >= MANY
    assert all(len(row) == 2 for row in rows)


def test_two_couriers_delete_at_once_and_count_twice(world, clock):
    make_many(world, 20)
    world.stop_program("postseal-courier")
    clock(3 * 366)
    delete = f"select postseal.record_delete_due({YEARS}, 1000)"
    with world.postgres.session() as one, world.postgres.session() as other:
        one.ask(f"begin; {delete}")
        assert other.ask(delete) == "f"
        one.ask("commit")
    row, = world.postgres.query("select messages >= 20, copies >= 20 from postseal.record_deletion order by id desc limit 1")
    assert row == ["t", "t"]
    number = len(world.postgres.query("select 1 from postseal.record_deletion"))
    world.postgres.query(delete)
    assert len(world.postgres.query("select 1 from postseal.record_deletion")) == number


def test_hold_that_is_stated_while_something_is_deleted_waits_for_it(world, clock, name, post):
    deliver(world, post, f"{name}@plain.example")
    message = message_of(world, f"{name}@plain.example")
    world.stop_program("postseal-courier")
    clock(3 * 366)
    with world.postgres.session() as one, world.postgres.session() as other:
        one.ask(f"begin; select postseal.record_delete_due({YEARS}, 1000)")
        other.psql.stdin.write(f"select postseal.hold_add('Race', null, '{message}', null);\n\\echo :end\n".encode())
        other.psql.stdin.flush()
        sandbox.wait_until(lambda: world.postgres.query(
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%hold_add%'"), "the hold to wait")
        one.ask("commit")
    assert world.postgres.query("select 1 from postseal.holds where name = 'Race'") == []  # it says that there is none


@pytest.mark.parametrize("years", ["0", "-1", "null"])
def test_courier_that_was_taken_over_deletes_what_is_young(world, years):
    """Promise 6: a year is the minimum, whoever asks."""
    with pytest.raises(RuntimeError, match="for a year at least"):
        world.postgres.query(f"select postseal.record_delete_due({years}, 1000)", "postseal_courier")


@pytest.mark.parametrize("sql", ["select postseal.record_delete(array[]::uuid[], 1, 1)", "delete from postseal.message",
                                 "select postseal.hold_release('x', null)", "select postseal.hold_add('x', null, null, null)",
                                 "insert into postseal.legal_hold_end (hold, ended_by) values (1, 'x')", "delete from postseal.held_key",
                                 "delete from postseal.record_deletion"])
@pytest.mark.parametrize("role", ["postseal_milter", "postseal_courier", "postseal_portal", "postseal_auditor"])
def test_program_releases_a_hold_or_deletes_by_itself(world, role, sql):
    with pytest.raises(RuntimeError, match="permission denied"):
        world.postgres.query(sql, role)


def test_hold_was_changed_after_it_was_stated(world, name):
    hold(world, "add", name, "--person", f"{name}@plain.example")
    for sql in (f"delete from postseal.legal_hold where name = '{name}'", f"update postseal.legal_hold set reason = '' where name = '{name}'"):
        with pytest.raises(RuntimeError, match="only released"):
            world.postgres.query(sql)
    assert "already" in hold(world, "add", name, "--person", f"{name.upper()}@PLAIN.example")
    assert hold(world, "list").count(name) == 2  # of the matter and of the address
    hold(world, "release", name)
    assert "already" in hold(world, "release", name)
    with pytest.raises(sandbox.Trouble, match="nothing ever was"):
        hold(world, "release", f"{name}'s other matter")
    with pytest.raises(sandbox.Trouble, match="no such message"):
        hold(world, "add", name, "--message", "01a20d7c-90c6-7637-90e1-6481ec755f5a")
    assert "hold released" in world.postseal("activity", "list", name)


# --- what was sealed ---

def sealed(world, message):
    """What the database has of a message's content, and what opens it."""
    chunks = world.postgres.query("select c.number, encode(c.content, 'hex') from postseal.parcel_chunk c join postseal.parcel p"
                                  f" on p.id = c.parcel where p.message = '{message}' order by c.number")
    keys = "encode(link_hash, 'hex'), encode(salt, 'hex'), encode(wrapped, 'hex'), encode(boxed, 'hex'), encode(kept, 'hex')"
    return chunks, [world.postgres.query(f"select {keys} from postseal.{table} k join postseal.parcel p on p.id = k.parcel"
                                         f" where p.message = '{message}'") for table in ("parcel_key", "held_key")]


def expire(person, clock):
    clock(20)
    run_courier(person.world, "")
    sandbox.wait_until(lambda: state(person) == "expired", "the message to expire")


def recall(person, clock):
    person.world.postseal("message", "recall", message_of(person.world, person.address))


def delete(person, clock):
    person.unlock()
    person.enrol()
    place = re.search(r'href="/message/([^"]+)"', person.browser.get("/inbox").text).group(1)
    person.browser.get(f"/message/{place}")
    person.browser.send({"action": "delete-now"}, action=f"/delete/{place}")


def end_account(person, clock):
    person.unlock()
    person.enrol()
    person.world.postgres.query("delete from postseal.account where address = '%s'" % person.address)


@pytest.mark.parametrize("how", [expire, recall, delete, end_account])
def test_sealed_content_on_hold_was_deleted(world, person, clock, how):
    """Its reader can no longer open it; what was sealed, and what opens it, is kept until the hold ends."""
    send(person)
    link = person.mail("Protected message").link()
    sandbox.wait_until(person.code, "the code")
    message = message_of(world, person.address)
    hold(world, "add", person.address, "--person", person.address)
    chunks = sealed(world, message)[0]
    before = sealed(world, message)[1][0]
    how(person, clock)
    sandbox.wait_until(lambda: sealed(world, message)[1][0] == [], "the key to be gone")
    after, (_, held) = sealed(world, message)
    assert after == chunks and len(held) == 1
    assert held[0][:3] == before[0][:3]
    person.browser.get(link)
    assert person.browser.page.status == 410
    with pytest.raises(RuntimeError):
        world.postgres.query(f"delete from postseal.parcel where message = '{message}'", "postseal_courier")
    hold(world, "release", person.address)
    clock(50)
    run_courier(world, "")
    sandbox.wait_until(lambda: sealed(world, message) == ([], [[], []]), "what was released to be gone")


def test_tables_of_a_policy_are_deleted_with_their_time(world, clock, name):
    """They name people, like the messages that they decided about; what is in force stays, whatever its age."""
    def put(digest):
        world.postgres.query(f"select postseal.policy_put('{digest}-{name}', 'otherwise deliver plain', '{name}', 'n', 'start', '"
                             '[{"path": "/c", "kind": "configuration"}, {"path": "/t", "kind": "table", "digest": "d", "entries": 1,'
                             f""" "content": "{digest}@{name}.example"}}]')""", "postseal_milter")

    def delete():
        world.postgres.query(f"select postseal.record_delete_due({YEARS}, 100000)")
        return [row[0] for row in world.postgres.query(
            f"select content from postseal.policy_file where kind = 'table' and policy like '%-{name}' order by content")]

    world.stop_program("postseal-courier")
    for (matter,) in world.postgres.query("select distinct name from postseal.holds where released_at is null"):
        hold(world, "release", matter)
    put("one")
    put("two")
    both = [f"one@{name}.example", f"two@{name}.example"]
    clock(366)
    assert delete() == both
    hold(world, "add", "Case 9", "--person", f"x@{name}.example")
    clock(3 * 366)
    assert delete() == both, "a hold keeps it"
    hold(world, "release", "Case 9")
    before, = world.postgres.query("select coalesce(sum(policies), 0) from postseal.record_deletion")[0]
    assert delete() == both[1:]
    after, = world.postgres.query("select sum(policies) from postseal.record_deletion", "postseal_auditor")[0]
    assert int(after) == int(before) + 1
    assert world.postgres.query(f"select change from postseal.policy_changes where program = '{name}'", "postseal_auditor") \
        == [["not on record"]]
