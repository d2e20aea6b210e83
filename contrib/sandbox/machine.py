"""A private machine to install on: /etc, /run and /var as on a fresh Debian with Postfix and
PostgreSQL, and a loopback on which every port is free. This process moves there (mount and network
namespaces), with everything it starts; its changes are gone when it leaves. The machine's own
services see nothing of it."""
import ctypes
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import postgres  # noqa: E402
import world as sandbox  # noqa: E402
from postfix import Postfix  # noqa: E402

MOUNTS, NETWORK = 0x00020000, 0x40000000  # CLONE_NEWNS, CLONE_NEWNET
PROGRAMS = ("postseal-keeper", "postseal-finder", "postseal-milter", "postseal-courier", "postseal-portal")
CONFIG = pathlib.Path("/etc/postseal/postseal.conf")
OURS = ("/etc/postseal", "/var/spool/postseal", "/var/lib/postseal-portal", "/run/postseal", "/run/postseal-keeper",
        "/run/postseal-finder",
        "/var/spool/postfix/postseal", "/var/spool/postfix/postseal-members")
ACCOUNTS = ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


class Cluster(postgres.Postgres):
    """PostgreSQL as set up by Debian: the system user is the database user (peer)."""

    def __init__(self, directory, sockets, port=5432, settings="", authentication="peer"):
        super().__init__(directory)
        self.sockets, self.port, self.settings = pathlib.Path(sockets), port, settings
        self.authentication = authentication

    def start(self):
        user = pwd.getpwnam("postgres")
        for path in (self.directory, self.sockets):
            path.mkdir(parents=True, exist_ok=True)
            os.chown(path, user.pw_uid, user.pw_gid)
        self.run(postgres.programs() / "initdb", "-D", self.data, "-A", self.authentication, "-U", "postgres", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync")
        (self.data / "postgresql.auto.conf").write_text(
            f"unix_socket_directories = '{self.sockets}'\nport = {self.port}\nlisten_addresses = ''\n"
            f"{self.settings}\n")
        self.resume()

    def ask(self, sql, database="postgres"):
        """As the superuser."""
        return self.run("psql", "-h", self.sockets, "-p", self.port, "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c",
                        sql).stdout.decode().strip()

    def dump(self):
        """Roles, databases with their owners, and the schema: the same for two that were set up alike."""
        roles = self.ask("select rolname, rolcanlogin, rolcreaterole, rolsuper from pg_roles where rolname !~ '^pg_' order by 1")
        databases = self.ask("select datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding) from pg_database"
                             " order by 1")
        if "postseal" not in databases:
            return roles, databases, ""
        schema = self.run("pg_dump", "-h", self.sockets, "-p", self.port, "-s", "-d", "postseal").stdout.decode()
        return roles, databases, "\n".join(line for line in schema.splitlines() if not line.startswith(("--", "\\")))


class Machine:
    def __init__(self, directory, build):
        self.directory = pathlib.Path(directory)
        self.build = pathlib.Path(build)
        self.bin = self.directory / "bin"
        self.postgres = Cluster("/var/lib/postgresql/main", "/run/postgresql")
        self.outside = Postfix(self.directory / "outside")
        self.maildirs = self.directory / "outside" / "mail"
        self.running = {}

    # --- moving in and out ---

    def enter(self):
        self.away = [(os.open(f"/proc/self/ns/{name}", os.O_RDONLY), kind)
                     for name, kind in (("mnt", MOUNTS), ("net", NETWORK))]
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        must(libc.unshare(MOUNTS | NETWORK), "making namespaces")
        sandbox.command("mount", "--make-rprivate", "/")
        sandbox.command("ip", "link", "set", "lo", "up")
        for path, kept in (("etc", "."), ("var/spool", "."), ("var/lib", "postfix"), ("var/log", None), ("run", None)):
            self.make_private(path, kept)
        self.install()
        self.furnish()

    def make_private(self, path, kept):
        """Covers the folder with one of our own; the entries in `kept` are copied."""
        copy, original = self.directory / "root" / path, pathlib.Path("/", path)
        copy.mkdir(parents=True)
        if kept is not None:
            (copy / kept).mkdir(exist_ok=True)
            sandbox.command("cp", "-a", f"{original}/{kept}/.", copy / kept)
        sandbox.command("mount", "--bind", copy, original)

    def leave(self):
        self.stop_company()
        self.outside.stop()
        self.postgres.stop()
        for descriptor, kind in self.away:
            must(libc.setns(descriptor, kind), "leaving namespaces")
            os.close(descriptor)

    # --- what is there before anybody installs Postseal ---

    def install(self):
        """Installs the programs, and wire next to them, as below a prefix."""
        self.bin.mkdir()
        for path in (*(self.build / "bin").iterdir(), sandbox.SOURCE / "contrib/postfix/wire"):
            shutil.copy(path, self.bin)

    def furnish(self):
        for name, mode in (("/var/log/mail.log", 0o640),):
            path = pathlib.Path(name)
            path.touch()
            path.chmod(mode)
            shutil.chown(path, "root", "adm")
        pathlib.Path("/run/lock").mkdir()
        self.write_main_cf()
        self.pristine = self.directory / "pristine"
        self.pristine.mkdir()
        for name in ACCOUNTS:
            if pathlib.Path("/etc", name).exists():
                shutil.copy2(f"/etc/{name}", self.pristine)
        sandbox.command("cp", "-a", "/etc/postfix", self.pristine)
        self.postgres.start()

    def write_main_cf(self):
        """As debconf writes it for an internet site, except that outgoing mail goes to the simulated outside."""
        pathlib.Path("/etc/aliases").write_text("postmaster: root\n")
        pathlib.Path("/etc/postfix/main.cf").write_text(
            "compatibility_level = 3.6\nmyhostname = gateway.example.com\nmydestination = localhost\n"
            "alias_maps = hash:/etc/aliases\nalias_database = hash:/etc/aliases\nmynetworks = 127.0.0.0/8\n"
            "relayhost = [127.0.0.1]:2525\ninet_interfaces = loopback-only\ninet_protocols = ipv4\n"
            "maillog_file = /var/log/mail.log\nqueue_run_delay = 3s\nminimal_backoff_time = 3s\n"
            "service_throttle_time = 1s\n")
        sandbox.command("newaliases")

    def start_outside(self):
        nobody = pwd.getpwnam("nobody")
        self.maildirs.mkdir(parents=True)
        os.chown(self.maildirs, nobody.pw_uid, nobody.pw_gid)
        self.outside.make({"myhostname": "mail.partner.example", "virtual_mailbox_domains": "static:all",
                           "virtual_mailbox_maps": "static:all", "virtual_transport": "store",
                           "store_destination_recipient_limit": "1",
                           "smtpd_recipient_restrictions": "reject_unauth_destination"},
                          ["127.0.0.1:2525 inet n - n - - smtpd",
                           f"store unix - n n - 10 pipe flags=DRh user=nobody "
                           f"argv={sandbox.SOURCE}/contrib/sandbox/store {self.maildirs} ${{domain}} ${{user}}"])
        self.outside.start()
        sandbox.wait_until(lambda: sandbox.port_answers(2525), "the outside Postfix")

    # --- as the admin ---

    def run(self, *words, under=(), **options):
        """Runs one of our programs, under another program if needed; returns what subprocess.run() does."""
        return subprocess.run([*under, str(self.bin / words[0]), *(str(w) for w in words[1:])], capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"},
                              **{"stdin": subprocess.DEVNULL, **options})

    def postseal(self, *words, **options):
        done = self.run("postseal", *words, **options)
        if done.returncode != 0:
            raise sandbox.Trouble(f"postseal {' '.join(str(w) for w in words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def start_postfix(self):
        sandbox.command("postfix", "start")
        sandbox.wait_until(lambda: sandbox.port_answers(25), "Postfix")

    def start_programs(self):
        """Like the admin of a machine without systemd."""
        for name in PROGRAMS:
            log = self.directory / name
            with log.open("wb") as output:
                user = name.replace("-", "_")
                self.running[name] = subprocess.Popen(["setpriv", "--reuid", user, "--regid", user, "--init-groups",
                                                       self.bin / name, "-f", CONFIG], stdin=subprocess.DEVNULL,
                                                      stdout=output, stderr=output, start_new_session=True)

            def is_up():
                if self.running[name].poll() is not None:
                    raise sandbox.Trouble(f"{name} ended: {log.read_text()}")
                return "listening" in log.read_text() or "handing mail" in log.read_text()

            sandbox.wait_until(is_up, f"{name} to be ready")

    def stop_company(self):
        for program in self.running.values():
            program.terminate()
            program.wait(30)
        self.running = {}
        lock = pathlib.Path("/var/spool/postfix/pid/master.pid")
        if lock.exists() and lock.read_text().strip():
            sandbox.end_process(int(lock.read_text()))
            lock.unlink()

    def reset(self):
        """The state before Postseal was installed."""
        self.stop_company()
        for path in OURS:
            shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree("/etc/postfix")
        sandbox.command("cp", "-a", self.pristine / "postfix", "/etc/postfix")
        for name in ACCOUNTS:
            if (self.pristine / name).exists():
                shutil.copy2(self.pristine / name, "/etc")
        self.postgres.ask("drop database if exists postseal with (force)")
        roles = self.postgres.ask("select rolname from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres'").split()
        for role in roles:
            self.postgres.ask(f'drop role "{role}"')


def taken(port):
    """Someone else listens there."""
    return socket.create_server(("127.0.0.1", port))
