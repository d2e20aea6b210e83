"""What a message leaves in the database: rows and bytes, for each method, of a text of 2 kB to one recipient, and with a
file of 1 MB. Not a matter of speed: the machine may be busy. man/postseal-operations.7 has the figures."""
import base64
import pathlib
import random
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "contrib" / "sandbox"), str(SOURCE / "tests" / "system")]

import people  # noqa: E402
import world as sandbox  # noqa: E402

MESSAGES = 50
KILOBYTE, MEGABYTE = 1000, 1000000
METHODS = {"plain": "plain.example", "smime": "smime.example", "pgp": "pgp.example", "tls": "partner.example",
           "pickup": "pickup.example"}

# Of rows and their indexes as they are stored, without what is empty in between.
TABLES = "select relname from pg_class where relnamespace = 'postseal'::regnamespace and relkind = 'r' order by 1"


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


def measure(world, post, method, size, messages=MESSAGES):
    """(rows, bytes) that stay of one message when it has left: what is parked stays until it is read or expires."""
    to = f"size@{METHODS[method]}"
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty", 60)
    before = count(world)
    for _ in range(messages):
        post.accepted(post.compose([to], content(size)), [to])
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty", 60)
    after = count(world)
    return (after[0] - before[0]) / messages, (after[1] - before[1]) / messages


def main():
    from conftest import BUILD, Post
    world = sandbox.World(BUILD / "tests" / "world" / "sizing", BUILD)
    try:
        world.start()
        world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
        prepare(world)
        for method in METHODS:
            small = measure(world, Post(world), method, 2 * KILOBYTE)
            large = measure(world, Post(world), method, MEGABYTE, 5)
            print(f"{method:8} {small[0]:6.1f} rows {small[1]:9.0f} bytes; with 1 MB {large[1]:9.0f} bytes")
        print("indexes take", world.postgres.query(
            "select round(sum(pg_indexes_size(c.oid))::numeric / sum(pg_table_size(c.oid)), 2) from pg_class c"
            " where relnamespace = 'postseal'::regnamespace and relkind = 'r'")[0][0], "times the tables")
    finally:
        world.stop()


if __name__ == "__main__":
    main()
