"""Many messages by different methods while components fail at random, but in the same way for the
same seed. At the end: every accepted message arrived exactly once by the right method, or is parked
once; nothing protected was seen in plain outside; and the log agrees, one for one.

Run as root: /usr/bin/python3 tests/system/soak.py [MESSAGES [SEED]]   (contrib/check --long does)
"""
import collections
import os
import pathlib
import random
import re
import signal
import sys
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "contrib" / "sandbox"), str(SOURCE / "tests" / "system")]

import people  # noqa: E402
import world as sandbox  # noqa: E402
from conftest import BUILD, Post  # noqa: E402

SENDERS, FAULT_EVERY, LIMIT = 8, 2.0, 3000
SMIME = [f"r{n}@smime.example" for n in range(5)]
PGP = "r@pgp.example"
SECRET = "QUOKKA"  # in every body; no copy of a protected message may show it


class Job:
    def __init__(self, number, rng):
        self.number = number
        self.id = f"<soak.{number}@example.com>"
        kinds = rng.choices(["plain", "smime", "pickup", "tls", "pgp", "split"], [30, 30, 12, 10, 3, 15])[0]
        self.to = {"plain": [f"s{number}@plain.example"], "smime": [rng.choice(SMIME)], "pgp": [PGP],
                   "tls": [f"s{number}@partner.example"], "pickup": [f"s{number}@pickup.example"],
                   "split": [f"s{number}@plain.example", rng.choice(SMIME), f"s{number}@pickup.example"]}[kinds]
        self.body = f"{SECRET} {number}\r\n".encode() * rng.choice([1, 1, 10, 500, 20000 if number % 97 == 0 else 5])


class Soak:
    def __init__(self, count, seed):
        self.rng = random.Random(seed)
        self.world = sandbox.World(BUILD / "tests" / "world" / "soak", BUILD)
        self.post = Post(self.world)
        self.jobs = [Job(n, self.rng) for n in range(count)]
        self.next = iter(self.jobs)
        self.lock = threading.Lock()
        self.refusals = collections.Counter()
        self.faults = collections.Counter()
        self.failed = []

    # --- load ---

    def take(self):
        with self.lock:
            return next(self.next, None)

    def send(self, job):
        """Like an MTA in front: tries until it is accepted."""
        message = self.post.compose(job.to, job.body, message_id=job.id, sender="load@example.com")
        limit = time.monotonic() + 300
        while time.monotonic() < limit:
            try:
                code, text = self.post.send(message, job.to, sender="load@example.com")
            except (AssertionError, OSError) as error:
                code, text = 0, str(error)
            if code == 250:
                return
            if code >= 500:
                raise sandbox.Trouble(f"{job.id} was refused: {code} {text}")
            self.refusals[code] += 1
            time.sleep(0.2)  # a client that retries at once would only be in the way
        raise sandbox.Trouble(f"{job.id} was not accepted in time")

    def work(self):
        try:
            while (job := self.take()) is not None and not self.failed:
                self.send(job)
        except Exception as error:  # the main thread reports it
            self.failed.append(error)

    # --- faults ---

    def restart(self, name, how):
        self.world.stop_program(name, how)
        sandbox.wait_until(lambda: self.try_start(name), f"{name} to start", 60)

    def try_start(self, name):
        try:
            self.world.start_program(name)
            return True
        except sandbox.Trouble:
            return False  # the database is not up yet: systemd would retry as well

    def fault(self):
        world = self.world
        name = self.rng.choice(["milter dies", "courier dies", "keeper dies", "courier ends", "connections are killed",
                                "database dies", "reload", "queue is flushed"])
        self.faults[name] += 1
        if name.endswith(" dies") and name != "database dies":
            self.restart(f"postseal-{name.split()[0]}", signal.SIGKILL)
        elif name == "courier ends":
            self.restart("postseal-courier", signal.SIGTERM)
        elif name == "connections are killed":
            world.postgres.query("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'postseal%'")
        elif name == "database dies":
            world.postgres.stop("immediate")
            world.postgres.resume()
        elif name == "reload":
            os.kill(world.programs["postseal-milter"], signal.SIGHUP)
        else:
            world.company.command("flush")

    def keep_alive(self):
        for name, pid in list(self.world.programs.items()):
            if not sandbox.is_running(pid):
                raise sandbox.Trouble(f"{name} died by itself: {self.world.log(name)[-2000:]}")

    # --- what became of it ---

    def wait_for_the_end(self):
        world = self.world
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty", 600)
        for postfix in (world.company, world.outside):
            def is_empty(queue=postfix.queue):
                postfix.command("flush")
                return not any(p.is_file() for d in ("incoming", "active", "deferred") for p in (queue / d).rglob("*"))

            sandbox.wait_until(is_empty, "the queues to be empty", 600)

    def arrived(self, address):
        """Message-IDs of the mails in a Maildir, counted."""
        found = collections.Counter()
        for path in self.post.box(address).files():
            head = path.read_bytes().partition(b"\n\n")[0].decode(errors="replace")
            found[re.search(r"(?im)^message-id: *(\S+)", head).group(1)] += 1
        return found

    def check_arrivals(self):
        wanted = collections.defaultdict(list)
        for job in self.jobs:
            for to in job.to:
                wanted[to].append(job)
        for to, jobs in wanted.items():
            found = self.arrived(to)
            if to.endswith("@pickup.example"):
                assert sum(found.values()) == len(jobs), f"{to}: {found}"
            else:
                assert found == {job.id: 1 for job in jobs}, \
                    f"{to}: {[(i, n) for i, n in found.items() if n != 1]}, {len(found)} of {len(jobs)}"
        parked = sum(to.endswith("@pickup.example") for job in self.jobs for to in job.to)
        assert len(self.post.box("load@example.com").files()) == parked

    def check_plain_text(self):
        for domain in ("smime.example", "pgp.example", "pickup.example"):
            for path in (self.world.maildirs / domain).rglob("*"):
                assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path

    def check_log(self):
        rows = self.world.postgres.query("select recipient, message_id, method, replace(state, 'handed', 'sent')"
                                         " from postseal.log where state <> 'repeated'")
        wanted = {"plain.example": ("plain", "sent"), "partner.example": ("tls", "sent"), "pickup.example": ("pickup", "parked")}
        assert len(rows) == sum(len(job.to) for job in self.jobs)
        for to, message_id, method, state in rows:
            domain = to.split("@")[1]
            if domain in ("smime.example", "pgp.example"):
                assert (method, state) == (domain[:-8], "sent"), (to, method, state)
            else:
                assert (method, state) == wanted[domain], (to, message_id, method, state)

    def run(self):
        world = self.world
        world.start(settings="queue lifetime 1 days\n")
        world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
        bases = [people.certify(world, address).with_suffix("") for address in SMIME]
        gpg = people.make_pgp(world, PGP)
        begin = time.monotonic()
        threads = [threading.Thread(target=self.work) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        while any(t.is_alive() for t in threads) and time.monotonic() - begin < LIMIT:
            time.sleep(self.rng.uniform(0.2, 2 * FAULT_EVERY))
            self.keep_alive()
            self.fault()
        for thread in threads:
            thread.join(300)
        if self.failed:
            raise self.failed[0]
        seconds = time.monotonic() - begin
        self.wait_for_the_end()
        self.check_arrivals()
        self.check_plain_text()
        self.check_log()
        mail = self.post.box(SMIME[0]).files()[0]
        assert SECRET.encode() in people.open_smime(people.Received(mail.read_bytes()), bases[0])
        gpg.end()
        print(f"{len(self.jobs)} messages in {seconds:.0f} s; faults: {dict(self.faults)}; "
              f"deferred and sent again: {dict(self.refusals)}; each arrived exactly once")


def main():
    soak = Soak(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    try:
        soak.run()
    finally:
        soak.world.stop()


if __name__ == "__main__":
    main()
