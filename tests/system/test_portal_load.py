"""The portal under load, of which much is somebody's who means it no good: nobody waits for what another one does."""
import concurrent.futures
import contextlib
import subprocess
import time

import pytest
from person import PASSWORD, PORTAL_RULES as RULES, Person, send  # noqa: F401
from test_reader import same_browser
from visitor import Visitor

ELSEWHERE = {"X-Forwarded-For": "198.51.100.7"}
ATTACKERS = {"X-Forwarded-For": "203.0.113.7"}


@pytest.fixture
def member(person):
    send(person)
    person.unlock()
    person.enrol()
    return person


@contextlib.contextmanager
def locked(world, what):
    """Rows that nobody else can change meanwhile: whoever wants to waits, as behind anything else that takes long."""
    client = subprocess.Popen(["psql", "-X", "-q", "-t", "-d", world.postgres.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    client.stdin.write(f"begin; select 'locked ' || count(*) from (select from {what} for update) as rows;\n")
    client.stdin.flush()
    try:
        assert "locked" in client.stdout.readline()
        yield
    finally:
        client.stdin.close()
        client.wait(20)


def seconds_of(visitor, path):
    begun = time.monotonic()
    assert visitor.get(path).status == 200
    return time.monotonic() - begun


def signing_in(world, headers):
    visitor = Visitor(f"http://localhost:{world.ports['portal']}", headers)
    visitor.get("/signin")
    return visitor


def wrong_password(visitor):
    return visitor.send({"address": "nobody@pickup.example", "password": "wrong password"}).status


def test_new_cookie_for_each_request_is_no_new_visitor(world, member):
    """Whoever sent a new cookie each time had a thread each time, and after eight of them nobody else was served. Those
    requests wait here for a row of the attackers' network; members of that network, and others, wait for nothing."""
    wrong_password(signing_in(world, ATTACKERS))
    attackers = [signing_in(world, ATTACKERS) for _ in range(40)]
    assert len({c.value for a in attackers for c in a.jar}) == len(attackers)
    neighbour = same_browser(member)
    neighbour.headers.update(ATTACKERS)
    neighbour.get("/inbox")
    member.browser.headers.update(ELSEWHERE)
    with concurrent.futures.ThreadPoolExecutor(len(attackers)) as pool:
        with locked(world, "postseal.throttle"):
            asked = [pool.submit(wrong_password, attacker) for attacker in attackers]
            # What is turned away at once is more than a network may have waiting.
            done, _ = concurrent.futures.wait(asked, 20, concurrent.futures.FIRST_COMPLETED)
            assert {a.result() for a in done} == {503}
            for visitor in (signing_in(world, ELSEWHERE), member.browser, neighbour):
                assert max(seconds_of(visitor, page) for page in ("/settings", "/", "/style.css") * 3) < 2
        # Those who waited are answered: the password is wrong, or there were too many.
        assert {a.result() for a in asked} == {403, 429, 503}
    assert sum(a.result() != 503 for a in asked) >= 30
