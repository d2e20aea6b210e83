"""Every call that can fail on a message's way to its verdict fails in turn, in the milter and in
the programs it asks: the client gets a 4xx, or the failure made no difference; and after the
client's retry, everything is as if nothing had failed. (Promises 1 to 4)

POSTSEAL_INJECTIONS says how many failures are tried (250), POSTSEAL_INJECTIONS_SEED which ones.
"""
import itertools
import os
import pathlib
import smtplib
import subprocess
import sys
import time

import pytest

import people
import world as sandbox

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "inject"))

import injector  # noqa: E402
import milter_client  # noqa: E402
import scenarios  # noqa: E402

RULES, SETTINGS = scenarios.RULES, scenarios.SETTINGS
COUNT = int(os.environ.get("POSTSEAL_INJECTIONS", 250))
SEED = int(os.environ.get("POSTSEAL_INJECTIONS_SEED", 1))
TRIES, SPARE_DESCRIPTORS = 5, 12

numbers = itertools.count(1)


class Bench:
    """The milter and its helpers with calls that fail, and this test as their MTA."""

    def __init__(self, world):
        self.world = world
        library = pathlib.Path(world.bin).parent / "tests" / "libfail.so"
        self.injector = injector.Injector(world.run / "inject", library)
        self.database = world.postgres.session()
        self.connection = None
        self.crashes = 0
        world.stop_program("postseal-courier")
        for name in ("postseal-keeper", "postseal-milter"):
            self.restart(name)
        self.readers = scenarios.People(world)

    def end(self):
        self.readers.end()
        self.database.end()

    def restart(self, name):
        self.world.stop_program(name)
        self.programs = getattr(self, "programs", {})
        self.programs[name] = self.world.start_program(name, environment=self.injector.environment)

    def revive(self):
        """Restarts what has died, as systemd does."""
        for name, program in list(self.programs.items()):
            if program.poll() is not None:
                self.crashes += 1
                self.connection = None
                self.restart(name)

    def cool(self):
        """Leaves no database connection, and no process that runs gpg."""
        milter = self.programs["postseal-milter"].pid
        self.database.ask("select pg_terminate_backend(pid, 5000) from pg_stat_activity where"
                          " usename = 'postseal_milter' limit 1000")
        subprocess.run(["pkill", "-KILL", "-P", str(milter), "postseal-gpg"])

    def offer(self, scenario, number, queue_id, failure=None):
        """The verdict as the client behind an MTA sees it: None for 4xx."""
        try:
            if self.connection is None:
                self.connection = milter_client.Connection(self.world.milter_socket)
            with self.injector.armed(failure):
                verdict = self.connection.offer(scenario.mail(number), queue_id)
            return None if verdict.code == "4" else verdict
        except milter_client.Gone:
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            self.revive_after_end()
            return None

    def revive_after_end(self):
        """A program that dies closes its connections first, and is gone a moment later."""
        limit = time.monotonic() + 0.3
        while time.monotonic() < limit and all(p.poll() is None for p in self.programs.values()):
            time.sleep(0.005)
        self.revive()

    def deliver(self, scenario, number, failure=None):
        """Offers it until it is accepted, as a client does; (verdict, offers)."""
        for tries in range(1, TRIES + 1):
            verdict = self.offer(scenario, number, f"Q{number}x{tries}", failure if tries == 1 else None)
            self.revive()
            if tries == 1:
                self.fired, self.where = self.injector.fired() > 0, self.injector.where()
            if verdict is not None:
                return verdict, tries
            if tries > 1:
                self.revive_after_end()
        raise AssertionError("it is never accepted")

    def result(self, scenario, failure=None):
        """The outcome for a message: at the MTA, and in the database; and how often it was offered."""
        number = next(numbers)
        if scenario.cold:
            self.cool()
        verdict, tries = self.deliver(scenario, number, failure)
        found = scenarios.outcome(scenario, verdict, self.readers), scenarios.record(self.database.ask, number)
        return found, tries

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.programs['postseal-milter'].pid}/fd").iterdir()))


@pytest.fixture(scope="module")
def bench(world):
    made = Bench(world)
    yield made
    made.end()


def reference(bench, scenario):
    """The outcome when nothing fails, and the calls made on the way."""
    bench.result(scenario)
    (found, tries) = bench.result(scenario)
    assert tries == 1
    return found, bench.injector.counts()


def describe(bench, scenario, failure):
    return f"{scenario.name}; {failure} (called from {bench.where})"


def references(bench):
    """{scenario: outcome}, {(scenario, program, call): how often}"""
    found, counts = {}, {}
    for scenario in scenarios.SCENARIOS:
        found[scenario], calls = reference(bench, scenario)
        counts.update({(scenario, *which): count for which, count in calls.items()})
    return found, counts


def test_whatever_fails_nothing_leaves_weaker_is_lost_or_doubled(bench):
    found, counts = references(bench)
    failures = list(itertools.islice(scenarios.plan(counts, SEED), COUNT))
    fired = refused = 0
    wrong = []
    descriptors = bench.descriptors()
    for scenario, failure in failures:
        try:
            after, tries = bench.result(scenario, failure)
        except AssertionError as error:
            after, tries = error, TRIES
        fired += bench.fired
        refused += tries > 1
        if after != found[scenario]:
            wrong.append(f"{describe(bench, scenario, failure)}: {after}, not {found[scenario]}")
        elif bench.descriptors() > descriptors + SPARE_DESCRIPTORS:
            wrong.append(f"{describe(bench, scenario, failure)}: {bench.descriptors()} descriptors, not {descriptors}")
            descriptors = bench.descriptors()
    print(f"{len(failures)} failures, {fired} happened, {refused} messages refused for now, {bench.crashes} programs ended")
    assert not wrong, "\n".join(wrong)
    assert fired > len(failures) / 2


# --- the same with the real Postfix, courier and mailboxes ---

def send(bench, scenario, number, failure):
    """Sends like a client that retries; (how often, whether it was refused permanently)."""
    for tries in range(1, TRIES + 1):
        try:
            with bench.injector.armed(failure if tries == 1 else None):
                code, said = bench.post.send(scenario.raw(number), scenario.recipients(), sender=scenario.sender)
        except (AssertionError, smtplib.SMTPException) as error:
            code, said = 451, str(error)  # at MAIL or RCPT, by the assertion of send()
        assert code == 250 or 400 <= code < 500 or "No birds" in said, said
        bench.revive()
        if code == 250 or code >= 500:
            return tries
        if tries > 1:
            bench.revive_after_end()
    raise AssertionError(f"it is never accepted: {said}")


def received(world, address):
    """{Message-ID: mails} in a mailbox."""
    found = {}
    for path in people.Mailbox(world, address).files():
        mail = people.Received(path.read_bytes())
        found.setdefault(mail["Message-ID"], []).append(mail)
    return found


def queue_is_empty(company):
    return not any(path.is_file() for name in ("incoming", "active", "deferred") for path in (company.queue / name).rglob("*"))


def check_mailboxes(world, sent):
    """Each copy arrived once, and none of the sealed ones in plain; each parcel is announced once."""
    wrong, announced = [], 0
    boxes = {address: received(world, address) for scenario in sent.values() for address in scenario.recipients()}
    for number, scenario in sent.items():
        for address in scenario.recipients():
            mails = boxes[address].get(f"<{number}@example.com>", [])
            domain = address.split("@")[1]
            parked = domain == "pickup.example" or (domain == "auto.example" and scenario.name != "text, nothing found")
            announced += parked
            expected = 0 if parked or domain == "wrong.example" else 1
            if len(mails) != expected:
                wrong.append(f"{number} ({scenario.name}): {len(mails)} mails for {address}, not {expected}")
            if domain in ("smime.example", "pgp.example") and any(scenarios.SECRET in mail.raw for mail in mails):
                wrong.append(f"{number} ({scenario.name}): in plain for {address}")
    parcels = world.postgres.query("select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                   " join postseal.message m on m.id = c.message where m.message_id like '<p%'")
    if parcels != [[str(announced)]]:
        wrong.append(f"{parcels[0][0]} parcels, not {announced}")
    return wrong


def test_whatever_fails_each_copy_arrives_once_through_postfix(world, bench, post):
    bench.post = post
    _, counts = references(bench)
    world.start_program("postseal-courier")
    sent = {}
    failures = [(s, f) for s, f in itertools.islice(scenarios.plan(counts, SEED + 1), COUNT) if f.program != "gpg"]
    for scenario, failure in failures[:max(COUNT // 8, 1)]:
        number = f"p{next(numbers)}"
        sent[number] = scenario
        if scenario.cold:
            bench.cool()
        send(bench, scenario, number, failure)
    # The courier has been stopped until now: the messages of the other test wait as well.
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty", 90 + COUNT)
    sandbox.wait_until(lambda: queue_is_empty(world.company), "the queue of Postfix to be empty", 60)
    wrong = check_mailboxes(world, sent)
    print(f"{len(sent)} failures through Postfix")
    assert not wrong, "\n".join(wrong)
