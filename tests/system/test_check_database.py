"""`postseal check`: a database that answers, and yet takes nothing, or says things otherwise than our programs expect; each
installation is broken in one place."""
import os
import re
import shutil
import subprocess

import pytest

import world as sandbox
from installation import (  # noqa: F401
    both, checked, configured, mended, prepare, pytest_generate_tests, sql, test_broken_installation_is_told,
    test_right_installation_is_not_called_wrong, test_what_needs_attention_is_a_warning, world_of)

PROGRAMS = ("postseal-milter", "postseal-courier", "postseal-portal")


def of_role(role, setting):
    return sql(f"alter role {role} set {setting}", f"alter role {role} reset {setting.split('=')[0]}")


def of_cluster(name, value):
    """In postgresql.conf, for whoever commits from then on."""
    def change(world, mended):
        def set_now(statement, count):
            for one in (statement, "select pg_reload_conf()"):
                world.postgres.query(one)
            sandbox.wait_until(lambda: world.postgres.query(
                f"select count(*) from pg_settings where name = '{name}' and setting = '{value}'") == [[count]], "the setting", 30)
        mended(set_now, f"alter system reset {name}", "0")
        set_now(f"alter system set {name} = '{value}'", "1")
    return change


BROKEN = {
    "role that may only read": (of_role("postseal_milter", "default_transaction_read_only=on"), "database roles",
                                "as postseal-milter does .*nothing can be written there, as default_transaction_read_only"),
    "database that waits for a standby that is away": (of_cluster("synchronous_standby_names", "gone"), "database roles",
                                                       "writing to the database .synchronous_standby_names.*took too long"),
    "role that may not connect so often": (sql("alter role postseal_courier connection limit 0", "alter role postseal_courier connection limit -1"),
                                           "database roles", "as postseal-courier does .*too many connections .*alter role"),
}

RIGHT = {
    "bytes, dates and intervals as other programs want them": both(
        of_role("all", "bytea_output='escape'"), of_role("all", "datestyle='SQL, DMY'"), of_role("all", "intervalstyle='sql_standard'"),
        of_role("all", "standard_conforming_strings=off"), of_role("all", "default_transaction_isolation='serializable'"),
        of_role("all", "lock_timeout='1ms'")),
}

WARNED = {
    "role with fewer connections than its program uses": (
        sql("alter role postseal_milter connection limit 20", "alter role postseal_milter connection limit -1"), "database",
        "postseal_milter may have 20 connections at a time, and its program uses up to 32"),
    "program that uses more connections than the cluster has": (
        configured("^organisation ", "database connections 500\norganisation "), "database", "max_connections., and the milter alone uses up to 500"),
}


def test_database_that_writes_bytes_otherwise_kept_mail_from_the_portal(world_of, mended, post, name):
    """And check said that courier.key was another one's, and to put back the file of this database."""
    of_role("all", "bytea_output='escape'")(world_of, mended)
    for program in PROGRAMS:
        world_of.stop_program(program)
        world_of.start_program(program)
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to]), [to])
    post.box(to).one()
    status, found = checked(world_of)
    assert status == 0 and found["key store"][0] == "good", found


# --- a pooler between ---

PGBOUNCER = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Pooler:
    """PgBouncer, which gives each transaction whatever session is free."""

    def __init__(self, world, extra):
        self.directory, self.port = world.run / "pooler", world.spare[1]
        self.directory.mkdir(exist_ok=True)
        (self.directory / "users").write_text('"nobody" ""\n')
        (self.directory / "conf").write_text(
            f"[databases]\npostseal = host={world.postgres.sockets} user=root\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {self.directory}\n"
            f"listen_port = {self.port}\nauth_type = any\nauth_file = {self.directory}/users\npool_mode = transaction\n{extra}\n")
        shutil.chown(self.directory, "nobody")
        self.program = subprocess.Popen([PGBOUNCER, "-q", "-u", "nobody", str(self.directory / "conf")])
        sandbox.wait_until((self.directory / f".s.PGSQL.{self.port}").exists, "pgbouncer")

    def stop(self):
        self.program.terminate()
        self.program.wait()


@pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")
@pytest.mark.parametrize("extra,sentence", [("", "unsupported startup parameter.*that is PgBouncer, which cannot be between"),
                                            ("ignore_startup_parameters = options", "something is between, such as PgBouncer")])
def test_pooler_between_is_told(world_of, mended, extra, sentence):
    pooler = Pooler(world_of, extra)
    mended(pooler.stop)
    configured("^database .*", f'database "postgresql:///postseal?host={pooler.directory}&port={pooler.port}"')(world_of, mended)
    status, found = checked(world_of)
    assert status == 1 and found["database"][0] == "WRONG" and re.search(sentence, found["database"][1]), found["database"]
