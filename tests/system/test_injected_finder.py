"""Every call that can fail where a key is asked for in the network before the decision, in turn: in the finder, in the
process that reads what was found, and in the milter that waits for them. (Promise 1)

POSTSEAL_INJECTIONS and POSTSEAL_INJECTIONS_SEED: as in test_injected.py, of which a third is tried here.
"""
import collections
import itertools
import random
import signal

import pytest

import injector
import people
import scenarios
import test_finder_keys
import test_injected
from test_finder_keys import wkd_target

WORLD = test_finder_keys.World
SETTINGS = test_finder_keys.SETTINGS
RULES = """
match recipient domain "auto.example"  deliver pgp, pickup
otherwise                              deliver plain
"""
PROGRAMS = ("postseal-finder", "postseal-keyreader", "postseal-milter")
KEYED, UNKEYED = "has a key", "has none"


class Bench(test_injected.Bench):
    def __init__(self, world):
        self.world = world
        self.injector = injector.Injector(world.run / "inject", world.bin.parent / "tests" / "libfail.so")
        self.database = world.postgres.session()
        self.connection, self.crashes = None, 0
        world.stop_program("postseal-courier")
        self.restart_finder()
        self.restart("postseal-milter")

    def end(self):
        self.database.end()

    def restart_finder(self):
        finder = self.world.finder
        if finder.program.poll() is None:
            finder.program.send_signal(signal.SIGTERM)
            finder.program.wait(30)
        finder.start(self.injector.environment)

    def revive(self):
        if self.world.finder.program.poll() is not None:
            self.crashes += 1
            self.restart_finder()
        super().revive()


@pytest.fixture(scope="module")
def bench(world):
    made = Bench(world)
    yield made
    made.end()


class Stranger:
    """Somebody new each time: what is found of anybody is kept."""

    def __init__(self, world, gpg, number, kind):
        self.address, self.gpg, self.kind = f"{gpg.address.split('@')[0]}{number}@auto.example", gpg, kind
        self.scenario = scenarios.Scenario(kind, [self.address])
        if kind == KEYED:
            gpg.run("--quick-gen-key", "--passphrase", "", f"Stranger <{self.address}>", "future-default", "default", "30d")
            world.keys[wkd_target(self.address)] = gpg.run("--export", self.address)


@pytest.fixture
def strangers(world, name):
    gpg, numbers = people.Gpg(world.directory / "keys" / "strangers", f"{name}@auto.example"), itertools.count(1)
    yield lambda kind: Stranger(world, gpg, next(numbers), kind)
    gpg.end()


def attempt(bench, stranger, failure=None):
    """How it left, according to what the MTA has, and according to the record; and how often it was offered."""
    number = f"f{next(test_injected.numbers)}"
    verdict, tries = bench.deliver(stranger.scenario, number, failure)
    record = {row[0] for row in bench.world.postgres.query(
        "select c.method from postseal.copy c join postseal.message m on m.id = c.message"
        f" where m.message_id = '<{number}@example.com>' and c.state <> 'repeated'")}
    if verdict.code == "discard":
        return "pickup", record, tries
    mail = people.Received(scenarios.raw_of(verdict.mail))
    assert scenarios.SECRET not in mail.raw and verdict.mail.recipients == [stranger.address]
    assert people.open_pgp(mail, stranger.gpg) == stranger.scenario.entity()
    return "pgp", record, tries


def test_whatever_fails_where_a_key_is_asked_for_nothing_leaves_weaker(bench, strangers):
    """A message is refused for now; or sealed with the key that was found; or parked, as where nothing is found."""
    counts = collections.Counter()
    for kind, method in ((KEYED, "pgp"), (UNKEYED, "pickup")):
        attempt(bench, strangers(kind))
        left, record, tries = attempt(bench, strangers(kind))
        assert (left, record, tries) == (method, {method}, 1)
        scenario = scenarios.Scenario(kind, [])
        counts.update({(scenario, *which): count for which, count in bench.injector.counts().items() if which[0] in PROGRAMS})
    called = {program: sum(n for (_, p, _), n in counts.items() if p == program) for program in PROGRAMS}
    assert all(called.values()), called
    # Most of the milter's calls are tried by test_injected.py.
    chance = random.Random(test_injected.SEED)
    plan = [(s, f) for s, f in scenarios.plan(counts, test_injected.SEED) if f.program != "postseal-milter" or chance.random() < 0.3]
    outcomes, wrong = collections.Counter(), []
    for scenario, failure in plan[:max(test_injected.COUNT // 3, 1)]:
        stranger = strangers(scenario.name)
        try:
            left, record, tries = attempt(bench, stranger, failure)
        except AssertionError as error:
            wrong.append(f"{scenario.name}, {failure} (called from {bench.where}): {error}")
            continue
        outcomes[failure.program, left, tries > 1] += bench.fired
        if record != {left} or (left == "pgp" and stranger.kind != KEYED):
            wrong.append(f"{scenario.name}, {failure} (called from {bench.where}): {left}, and on record {record}")
    print(f"{called} calls; {dict(outcomes)} by program, outcome, and whether it was refused at first; {bench.crashes} programs ended")
    assert not wrong, "\n".join(wrong)
    assert sum(outcomes.values()) > test_injected.COUNT // 6
    # Whatever failed has left nothing behind: the next stranger's key is found.
    bench.restart_finder()
    assert attempt(bench, strangers(KEYED))[:2] == ("pgp", {"pgp"})
