"""How the database and large messages scale: look-up among a million keys, writing the log after
ten million rows. Run as root: /usr/bin/python3 tests/bench/scale.py [LOG_ROWS]"""
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "contrib" / "sandbox"), str(SOURCE / "tests" / "system"), str(SOURCE / "tests" / "bench")]

from conftest import BUILD  # noqa: E402
from postgres import programs  # noqa: E402
from world import World, command  # noqa: E402

SECONDS = 8
FILL_KEYS = """
insert into postseal.key (id, kind, fingerprint, role, content, owner, not_before, not_after, pinned, imported_by)
select gen_random_uuid(), 'smime', md5(n::text) || md5((-n)::text), 'recipient', decode(repeat(md5(n::text), 40), 'hex'),
       'CN=' || n, now(), now() + interval '1 year', true, 'bench' from generate_series({a}, {b}) n;
insert into postseal.key_address (key, address)
select id, substr(owner, 4) || '@bench.example' from postseal.key where imported_by = 'bench'
on conflict do nothing;
analyze postseal.key; analyze postseal.key_address;
"""
FIND_KEY = """\\set n random(1, {count})
select k.fingerprint, k.content, k.owner, k.role, k.cannot_encrypt, k.pinned from postseal.key_address a
 cross join lateral (select * from postseal.key where id = a.key offset 0) k where a.address = :n || '@bench.example' and k.kind = 'smime'
 and k.role in ('recipient', 'own') order by k.imported_at, k.fingerprint;
"""
FILL_LOG = """
insert into postseal.message (id, offered_at, queue_id, sender, message_id, size)
select gen_random_uuid(), now() - interval '1 year' + n * interval '1 second', 'Q' || n,
       'u' || n % 1000 || '@example.com', '<' || n || '@x>', 10000
from generate_series({a}, {b}) n;
insert into postseal.copy (id, message, policy, recipient, address, rule_line, rule, method, reason, trace, state,
                           first_state, first_reason)
select gen_random_uuid(), id, (select min(digest) from postseal.policy_version), 'r' || queue_id || '@x.example', 'r' || queue_id || '@x.example', 1, 'otherwise', 'plain', 'r',
       '{{"rules": [{{"line": 1}}]}}', 'handed', 'handed', 'r' from postseal.message where queue_id like 'Q%'
       and not exists (select from postseal.copy c where c.message = message.id);
"""
WRITE_LOG = """\\set n random(1, 2000000000)
with m as (insert into postseal.message (id, queue_id, sender, message_id, size)
 values (gen_random_uuid(), 'B' || :n, 'b@example.com', '<' || :n || '>', 10000) returning id)
insert into postseal.copy (id, message, policy, recipient, address, rule_line, rule, method, reason, trace, state,
 first_state, first_reason) select gen_random_uuid(), id, (select min(digest) from postseal.policy_version), 'b@x.example', 'b@x.example', 1, 'otherwise', 'plain', 'r',
 '{{"rules": [{{"line": 1}}]}}', 'handed', 'handed', 'r' from m;
"""


class Scale:
    def __init__(self):
        self.world = World(BUILD / "tests" / "world" / "scale", BUILD)

    def pgbench(self, script, clients=1):
        """Transactions a second."""
        path = self.world.directory / "script.sql"
        path.write_text(script)
        done = command(programs() / "pgbench", "-h", self.world.postgres.sockets, "-U", "root", "-n", "-M", "prepared",
                       "-c", clients, "-T", SECONDS, "-f", path, "postseal").decode()
        return float(re.search(r"tps = ([0-9.]+)", done).group(1))

    def keys(self):
        rates = {}
        first = 1
        for count in (1000, 1_000_000):
            self.world.postgres.query(FILL_KEYS.format(a=first, b=count))
            first = count + 1
            self.pgbench(FIND_KEY.format(count=count))  # warm
            rates[count] = self.pgbench(FIND_KEY.format(count=count))
        print(f"key look-up: {1e3 / rates[1000]:.3f} ms among 1 000, {1e3 / rates[1_000_000]:.3f} ms among 1 000 000: "
              f"{rates[1000] / rates[1_000_000]:.2f} times (to reach: 1.2)", flush=True)

    def log(self, rows):
        self.world.postgres.query("checkpoint")
        empty = self.pgbench(WRITE_LOG.format(), 8)
        step = 500_000
        for start in range(1, rows, step):
            self.world.postgres.query(FILL_LOG.format(a=start, b=min(start + step - 1, rows)))
        self.world.postgres.query("analyze postseal.message; analyze postseal.copy")
        self.world.postgres.query("checkpoint")
        full = self.pgbench(WRITE_LOG.format(), 8)
        print(f"writing the log: {empty:.0f}/s when empty, {full:.0f}/s after {rows} messages: {full / empty:.2f} "
              "(to reach: 0.9)", flush=True)


def main():
    scale = Scale()
    try:
        scale.world.start()
        scale.world.postseal("key", "import", "--root", scale.world.directory / "keys" / "authority.pem")
        # Those that miss their bar say so themselves.
        missed = [name for name in ("bench_decide", "bench_detect") if subprocess.run([str(BUILD / "tests" / name)]).returncode != 0]
        scale.keys()
        scale.log(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
    finally:
        scale.world.stop()
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
