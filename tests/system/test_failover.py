"""The primary PostgreSQL dies under load and a standby takes over: every accepted message arrives
exactly once, by its method."""
import threading

import pytest

import people
import world as sandbox

MESSAGES, SENDERS = 120, 6


@pytest.fixture(scope="module")
def standby(world):
    standby = world.postgres.make_standby(world.directory / "standby")
    for name in list(world.programs):
        world.stop_program(name)
    both = f"postgresql:///postseal?host={world.postgres.sockets},{standby.sockets}&target_session_attrs=read-write"
    world.config.write_text(world.config.read_text().replace(world.postgres.url, both))
    world.start_programs()
    yield standby
    standby.stop("immediate")


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


def test_standby_takes_over_under_load(world, post, standby):
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
    standby.promote()
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
        rows = standby.query("select count(*), count(distinct address) from postseal.copy where address like 'f%'")
        assert rows == [[str(MESSAGES), str(MESSAGES)]]
        states = dict(standby.query("select method || replace(state, 'handed', 'sent'), count(*) from postseal.copy group by 1"))
        assert states == {"plainsent": str(2 * MESSAGES // 3), "pickupparked": str(MESSAGES // 3),
                          "smimesent": str(MESSAGES // 3)}
    finally:
        world.postgres = primary
