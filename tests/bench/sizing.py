"""How large a machine has to be. What a message leaves in the database: rows and bytes, for each method, of a text of 2 kB
to one recipient, and with a file of 1 MB. What each program needs at rest: memory, and connections to PostgreSQL. What it
needs while 20 sessions send 10 kB each: CPU time of a message, memory, connections. The machine may be busy: CPU time is
measured, and the rate that it allows is worked out of it. man/postseal-operations.7 has the figures.

Run as root: /usr/bin/python3 tests/bench/sizing.py [stored] [rest] [load]
"""
import base64
import pathlib
import random
import re
import statistics
import sys
import threading

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "contrib" / "sandbox"), str(SOURCE / "tests" / "system"), str(SOURCE / "tests" / "bench")]

import costs  # noqa: E402
import mail_client  # noqa: E402
import people  # noqa: E402
import speed  # noqa: E402
import submitting  # noqa: E402
import world as sandbox  # noqa: E402

MESSAGES = 50
KILOBYTE, MEGABYTE = 1000, 1000000
METHODS = {"plain": "plain.example", "smime": "smime.example", "pgp": "pgp.example", "tls": "partner.example",
           "pickup": "pickup.example"}

# Of rows as they are stored, without what is empty in between. Where a mail of ours is in queues (mta_mail) is forgotten
# some days later.
TABLES = ("select relname from pg_class where relnamespace = 'postseal'::regnamespace and relkind = 'r' and relname <> 'mta_mail'"
          " order by 1")


def prepare(world):
    """A recipient with a key for each method that needs one."""
    people.certify(world, "size@smime.example")
    people.make_pgp(world, "size@pgp.example").end()


def count(world):
    """(rows, bytes of rows) of all tables."""
    rows = size = 0
    for table, in world.postgres.query(TABLES):
        found = world.postgres.query(f"select count(*), coalesce(sum(pg_column_size(t.*)), 0) from postseal.{table} t")[0]
        rows, size = rows + int(found[0]), size + int(found[1])
    return rows, size


def content(size):
    """Text that does not compress, as a file that is attached does not."""
    return base64.encodebytes(random.Random(1).randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")


def wait_until_left(world):
    """Everything is handed over and delivered, and the record says so: the courier reads that in the MTA's log, later."""
    def is_empty():
        return not any(file.is_file() for name in ("incoming", "active", "deferred") for file in (world.company.queue / name).rglob("*"))

    sandbox.wait_until(lambda: world.nothing_waits() and is_empty(), "everything to leave", 120)
    moment, = world.postgres.query("select clock_timestamp()")[0]
    sandbox.wait_until(lambda: world.postgres.query(f"select min(read_at) > '{moment}' from postseal.mta_log") == [["t"]],
                       "the log to be read", 60)


def measure(world, post, method, size, messages=MESSAGES):
    """(rows, bytes) that stay of one message when it has left: what is parked stays until it is read or expires."""
    to = f"size@{METHODS[method]}"
    wait_until_left(world)
    before = count(world)
    for _ in range(messages):
        post.accepted(post.compose([to], content(size)), [to])
    wait_until_left(world)
    after = count(world)
    return (after[0] - before[0]) / messages, (after[1] - before[1]) / messages


def stored(world, post):
    for method in METHODS:
        small = measure(world, post, method, 2 * KILOBYTE)
        large = measure(world, post, method, MEGABYTE, 5)
        print(f"{method:8} {small[0]:6.1f} rows {small[1]:9.0f} bytes; with 1 MB {large[1]:9.0f} bytes")
    print("indexes take", world.postgres.query(
        "select round(sum(pg_indexes_size(c.oid))::numeric / sum(pg_table_size(c.oid)), 2) from pg_class c"
        " where relnamespace = 'postseal'::regnamespace and relkind = 'r'")[0][0], "times the tables")


# --- memory and connections ---

def memory(world):
    """{program: megabytes} of each with the processes that it has started; what several share is counted once."""
    of = {int(pid): name.removeprefix("postseal-") for name, pid in world.programs.items()}
    megabytes = dict.fromkeys(of.values(), 0.0)
    parents = {int(entry.name): int(fields[costs.PARENT]) for entry in pathlib.Path("/proc").glob("[0-9]*")
               if (fields := costs.read(entry.name)) is not None}
    for pid in parents:
        above = pid
        while above in parents and above not in of:
            above = parents[above]
        if above in of:
            megabytes[of[above]] += resident(pid)
    return megabytes


def resident(pid):
    """Its own share of the memory that it uses (Pss of proc(5))."""
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.M)
    return int(found[1]) / KILOBYTE if found else 0.0


def connections(session):
    """{role: connections} at this moment."""
    rows = session.ask("select string_agg(usename || '=' || n, ' ') from (select usename, count(*) as n from pg_stat_activity"
                       " where usename like 'postseal_%' group by 1) all_of_them")
    return {role: int(count) for role, count in (word.split("=") for word in rows.split())}


def rest(world):
    mail_client.start(world)
    submitting.start(world)
    session = world.postgres.session()
    print("at rest, MB:", ", ".join(f"{name} {size:.0f}" for name, size in sorted(memory(world).items())))
    print("at rest, connections:", ", ".join(f"{role} {count}" for role, count in sorted(connections(session).items())))
    session.end()


class Peak:
    """The most of each, while something else is going on."""

    def __init__(self, world):
        self.world, self.memory, self.connections = world, {}, {}
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()

    def run(self):
        session = self.world.postgres.session()
        while not self.end.wait(0.1):
            for most, now in ((self.memory, memory(self.world)), (self.connections, connections(session))):
                for name, value in now.items():
                    most[name] = max(value, most.get(name, 0))
        session.end()


def load(count=400, rounds=3):
    bench = speed.Bench(count)
    try:
        bench.start()
        with Peak(bench.world) as peak:
            for _ in range(rounds):
                for what, (to, sender) in speed.POSTSEAL.items():
                    bench.measure(what, bench.postseal, bench.world.programs["postseal-milter"], to, sender)
        for what, found in bench.shares.items():
            ours = statistics.median(sum(one.values()) - one["MTA"] - one["PostgreSQL"] for one in found)
            mta, database = (statistics.median(one[name] for one in found) for name in ("MTA", "PostgreSQL"))
            print(f"{what:13} {ours:5.1f} ms of CPU, PostgreSQL {database:4.1f}, MTA {mta:5.1f}: a core does {1000 / (ours + database + mta):4.0f}"
                  f" a second; here {statistics.median(bench.rates[what]):4.0f} were accepted")
        print("most, MB:", ", ".join(f"{name} {size:.0f}" for name, size in sorted(peak.memory.items())))
        print("most, connections:", ", ".join(f"{role} {number}" for role, number in sorted(peak.connections.items())))
    finally:
        bench.stop()


def main(wanted):
    from conftest import BUILD, Post
    world = sandbox.World(BUILD / "tests" / "world" / "sizing", BUILD)
    if wanted & {"stored", "rest"}:
        try:
            world.start(settings=mail_client.SETTINGS + submitting.SETTINGS,
                        prepare=lambda made: (mail_client.prepare(made), submitting.prepare(made)))
            world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
            prepare(world)
            if "rest" in wanted:
                rest(world)
            if "stored" in wanted:
                stored(world, Post(world))
        finally:
            world.stop()
    if "load" in wanted:
        load()


if __name__ == "__main__":
    main(set(sys.argv[1:]) or {"stored", "rest", "load"})
