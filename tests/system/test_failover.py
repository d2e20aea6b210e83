"""The primary PostgreSQL dies under load and a standby takes over, on two nodes that were set up with the commands of
postseal-operations(7): every accepted message arrives exactly once, by its method."""
import re
import signal
import threading
import urllib.parse

import pytest

import people
import world as sandbox
from manual import Admin, blocks, section
from test_rotation import Node

SET_UP, DATABASE, COMMITS, GONE = blocks("SEVERAL NODES")
MESSAGES, SENDERS = 120, 6


@pytest.fixture(scope="module")
def standby(world):
    standby = world.postgres.make_standby(world.directory / "standby")
    for name in list(world.programs):
        world.stop_program(name)
    places = ",".join(urllib.parse.quote(str(one.sockets), safe="") for one in (world.postgres, standby))
    assert "//db1,db2/" in DATABASE
    world.config.write_text(re.sub("^database .*", DATABASE.replace("db1,db2", places), world.config.read_text(), flags=re.M))
    for sql in ("alter system reset synchronous_standby_names", "select pg_reload_conf()"):
        world.postgres.query(sql)
    Admin(world).type(COMMITS)
    sandbox.wait_until(lambda: world.postgres.query("select sync_state from pg_stat_replication") == [["sync"]],
                       "commits to wait for the standby")
    world.start_programs()
    yield standby
    standby.stop("immediate")


@pytest.fixture(scope="module")
def node2(world, standby):
    """Its key files came by the command of the page, with their owners; both nodes hand mail to one Postfix here."""
    for name in ("etc", "node2"):
        (world.directory / name).mkdir()
    sandbox.command("cp", "-a", world.directory / "secrets", world.config, world.directory / "verified", world.directory / "etc")
    copy = SET_UP.splitlines()[0]
    Admin(world, world.directory / "etc", others={"node2": Admin(world, world.directory / "node2")}).type(copy)
    node = Node(world, "node2")
    node.config.write_text(node.config.read_text().replace(str(node.secrets), f"{world.directory}/node2/secrets"))
    try:
        for program in ("postseal-keeper", "postseal-courier"):
            node.start(program)
        yield node
    finally:
        node.stop()


def send_all(post, messages, accepted, first_done):
    """Sends each until it is accepted, like an MTA in front."""
    for to, message in messages:
        def attempt():
            try:
                return post.send(message, to, sender="load@example.com")[0] == 250
            except (AssertionError, OSError):
                return False

        sandbox.wait_until(attempt, "a message to be accepted", 90)
        accepted.append(to)
        if len(accepted) > MESSAGES // 4:
            first_done.set()


def test_standby_takes_over_under_load(world, post, standby, node2):
    people.certify(world, "r@smime.example")
    base = world.directory / "keys" / "r-smime-example"
    jobs = []
    for number in range(MESSAGES):
        to = [f"f{number}@plain.example"] if number % 3 == 0 else [f"f{number}@pickup.example"] if number % 3 == 1 \
            else [f"f{number}@plain.example", "r@smime.example"]
        jobs.append((to, post.compose(to, b"%d\r\n" % number, sender="load@example.com")))
    accepted, first_done = [], threading.Event()
    threads = [threading.Thread(target=send_all, args=(post, jobs[n::SENDERS], accepted, first_done))
               for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    assert first_done.wait(60)
    world.postgres.kill()
    promote = re.search(r"^\.Pq Li (select pg_promote\(\))", section("SEVERAL NODES"), re.M)[1]
    assert standby.query(promote) == [["t"]]
    for thread in threads:
        thread.join()
    assert len(accepted) == MESSAGES

    primary, world.postgres = world.postgres, standby
    try:
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty", 90)
        for to, _ in jobs:
            post.box(to[0]).one()
        smime = post.box("r@smime.example").wait(MESSAGES // 3)
        assert sorted(int(people.open_smime(m, base).partition(b"\r\n\r\n")[2]) for m in smime) == \
            list(range(2, MESSAGES, 3))
        assert len(post.box("load@example.com").files()) == MESSAGES // 3  # one code for each parked message
        # What was on record when the primary died before the MTA had its verdict was offered again, and is decided again.
        rows = standby.query("select count(*), count(distinct address) from postseal.copy where address like 'f%' and state <> 'repeated'")
        assert rows == [[str(MESSAGES), str(MESSAGES)]]
        states = dict(standby.query("select method || replace(state, 'handed', 'sent'), count(*) from postseal.copy"
                                    " where state <> 'repeated' group by 1"))
        assert states == {"plainsent": str(2 * MESSAGES // 3), "pickupparked": str(MESSAGES // 3),
                          "smimesent": str(MESSAGES // 3)}

        # A node that will not come back holds nothing up.
        for program in node2.programs:
            program.send_signal(signal.SIGKILL)
            program.wait(30)
        node2.programs.clear()
        Admin(world, sockets=standby.sockets).type(GONE)
        assert standby.query("select count(*) from postseal.secret_holder where node = 'node2'") == [["0"]]
        post.accepted(post.compose(["last@pickup.example"]), ["last@pickup.example"])
        post.box("last@pickup.example").one()
    finally:
        world.postgres = primary
