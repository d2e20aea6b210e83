"""A complete private mail world on loopback: the company's PostgreSQL, Postfix and Postseal, and
an outside Postfix with TLS and Maildirs. contrib/try shows it; the system tests run in it.

Everything lives in one directory; nothing of the machine's own services is touched. The company's
Postfix finds its peers through a hosts file that only it sees (a mount namespace).

The company's Postfix is set up as Debian ships it where that costs little: smtpd in its chroot, the milter's socket
below the queue directory, accessible only to Postfix's group (0660), re-injection over sockets that only the group
postdrop can reach. What is less strict than on a real machine, and why:
- all our programs run as the user nobody, since this machine may not have our users; they see groups of their own, in
  which nobody belongs to postdrop;
- cleanup, qmgr and the smtp clients do not run in the chroot: each world would need a private copy of Debian's chroot;
- queue and backoff times are seconds, and limits on sizes and connections are off, so that tests need not wait;
- no other transport uses opportunistic TLS towards the outside: only postseal-verified speaks TLS, so that a test sees
  which way a mail went.
"""
import fcntl
import grp
import hashlib
import json
import os
import pathlib
import pwd
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

import prepared
from postfix import Postfix
from postgres import Postgres

SOURCE = pathlib.Path(__file__).resolve().parents[2]

# Who is where. Both addresses are the outside Postfix; at the second it shows a certificate
# that belongs to somebody else.
DOMAINS = {
    "127.0.0.1": ["example.com", "plain.example", "smime.example", "pgp.example", "partner.example",
                  "pickup.example", "auto.example"],
    "127.0.0.2": ["wrong.example"],
}
ALL_DOMAINS = [name for names in DOMAINS.values() for name in names]

RULES = """
table verified file "{table}"
tls domains <verified>

rule "drawings" match attachment name "*.dwg" reject "Drawings may not leave by mail. Please call security."
match recipient domain "plain.example"        deliver plain
match recipient domain "smime.example"        deliver smime
match recipient domain "pgp.example"          deliver pgp
match recipient domain in <verified>          deliver tls
match recipient domain "pickup.example"       deliver pickup expire 14 days
match subject tag "[secure]"                  deliver smime, pgp, pickup
match recipient in domains                    deliver plain
otherwise                                     deliver smime, pgp, plain
"""


class Trouble(Exception):
    """Part of the world did not start; the text says what, and where to look."""


RESERVED = []  # locks on ports, as long as this process lives


def reserve(port):
    """Reserves a port among worlds that run at the same time, even while nobody listens on it. The
    kernel releases the lock with its process."""
    directory = pathlib.Path("/tmp/postseal-ports")
    directory.mkdir(mode=0o777, exist_ok=True)
    lock = (directory / str(port)).open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    RESERVED.append(lock)
    return True


def free_ports(count):
    """Different ports that nobody listens on. They are below those that the kernel assigns to
    outgoing connections (ip_local_port_range), which could take one before its server does."""
    ports = []
    for _ in range(1000):
        port = random.randrange(10000, 32000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        if reserve(port):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise Trouble(f"found no {count} free ports on loopback")


def wait_until(condition, what, seconds=120):
    """Polls; the world never sleeps for a fixed time to let something happen."""
    limit = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > limit:
            raise Trouble(f"waited {seconds} s for {what}")
        time.sleep(0.05)


def port_answers(port, address="127.0.0.1"):
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def command(*words, **options):
    """Runs a program and returns what it printed; on failure, raises an error with everything it said."""
    done = subprocess.run([str(w) for w in words], capture_output=True, **options)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise Trouble(f"{' '.join(str(w) for w in words)} failed:\n{said}")
    return done.stdout


class World:
    def __init__(self, directory, build, tell=lambda text: None, parameters=None):
        """`parameters`: for the company's main.cf, before it is wired."""
        self.directory = pathlib.Path(directory)
        self.parameters = parameters or {}
        self.build = pathlib.Path(build)
        self.bin = self.build / "bin"
        self.tell = tell
        # Paths of sockets must be short, wherever the world is.
        self.run = pathlib.Path(f"/tmp/postseal-run.{hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]}")
        self.config = self.directory / "postseal.conf"
        self.groups = self.directory / "group"
        self.crash_file = self.run / "crash"
        self.state_file = self.directory / "state.json"
        self.maildirs = self.directory / "outside" / "mail"
        # Through a link, for the same reason.
        self.company_queue = self.run / "queue"
        self.milter_socket = self.company_queue / "postseal" / "milter.sock"
        self.ports = {}
        self.programs = {}
        self.postgres = Postgres(self.directory / "postgres")
        self.company = Postfix(self.directory / "company")
        self.outside = Postfix(self.directory / "outside")

    # --- making it ---

    def start(self, rules=RULES, settings="", prepare=None):
        """Makes and starts everything from nothing; if that fails, ends what was started. `prepare`
        is called with the world before the programs are started."""
        if os.geteuid() != 0:
            raise Trouble("Postfix can only be started by root: run this as root")
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        try:
            self.start_all(rules, settings, prepare)
        except BaseException:
            self.stop()
            raise

    def start_all(self, rules, settings, prepare):
        self.directory.mkdir(parents=True)
        for name in ("log", "spool", "portal-spool", "keys"):
            (self.directory / name).mkdir()
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir()
        nobody = pwd.getpwnam("nobody")
        for path in (self.run, self.directory / "spool", self.directory / "portal-spool"):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self.make_groups()
        names = ("submission", "second_pass", "outside", "portal", "milter_metrics", "courier_metrics",
                 "portal_metrics", "keeper_metrics", "finder_metrics", "pop", "pop_stls", "pop_metrics", "members", "members_starttls", "submission_metrics")
        self.ports = dict(zip(names, free_ports(len(names))))
        self.save()
        self.tell("starting PostgreSQL")
        with prepared.cluster(self.build, command) as cluster:
            self.postgres.start(cluster)
        self.make_certificates()
        self.write_config(rules, settings)
        self.tell("making the database and the key files")
        self.postseal("database", "init")
        self.postseal("secrets", "init")
        self.tell("starting the outside Postfix")
        self.start_outside()
        self.tell("starting the company's Postfix")
        self.start_company()
        if prepare is not None:
            prepare(self)
        self.tell("starting Postseal")
        self.start_programs()
        self.save()

    def make_certificates(self):
        with prepared.keys(self.build, make_certificates) as keys:
            shutil.copytree(keys, self.directory / "keys", dirs_exist_ok=True)
        self.authority = Authority(self.directory / "keys", make=False)

    def write_config(self, rules, settings=""):
        table = self.directory / "verified"
        table.write_text("partner.example\nwrong.example\n")
        self.rules = rules
        self.config.write_text(f"""organisation "Example Corp"
domains {{ "example.com" }}
hostname "gateway.example.com"
database "{self.postgres.url}"
secrets "{self.directory}/secrets"
spool directory "{self.directory}/spool"
portal spool "{self.directory}/portal-spool"
{"" if settings.startswith("sign ") or chr(10) + "sign " in settings else 'sign "any"  # nobody authenticates here'}
milter user "nobody"
courier user "nobody"
portal listen "127.0.0.1:{self.ports['portal']}" url "http://localhost:{self.ports['portal']}" user "nobody"
gpg home "{self.run}/gnupg"
keeper socket "{self.run}/keeper.sock" mode "0666" user "nobody"
keeper home "{self.run}/keeper-gnupg"
keeper agent "{self.run}/keeper-agent.sock"
milter metrics "127.0.0.1:{self.ports['milter_metrics']}"
courier metrics "127.0.0.1:{self.ports['courier_metrics']}"
portal metrics "127.0.0.1:{self.ports['portal_metrics']}"
keeper metrics "127.0.0.1:{self.ports['keeper_metrics']}"
finder metrics "127.0.0.1:{self.ports['finder_metrics']}"
finder socket "{self.run}/finder.sock" user "nobody"
retry first 2 seconds last 5 seconds
courier lease 10 seconds
reinject timeout 4 seconds
mta log "{self.company.log}"
{self.mta_settings()}
{self.fill(settings)}
{rules.replace("{table}", str(table))}""")

    def fill(self, settings):
        """The settings of a test, with this world's directory, queue and ports."""
        for name, port in self.ports.items():
            settings = settings.replace(f"{{port {name}}}", str(port))
        return settings.replace("{directory}", str(self.directory)).replace("{queue}", str(self.company_queue))

    def mta_settings(self):
        """Where the company's MTA and Postseal meet."""
        return f"""milter listen "unix:{self.milter_socket}"
reinject "unix:{self.company_queue}/public/postseal"
reinject verified "unix:{self.company_queue}/public/postseal-tls"
reinject mapped "unix:{self.company_queue}/public/postseal-mapped\""""

    def start_outside(self):
        keys, port = self.directory / "keys", self.ports["outside"]
        nobody = pwd.getpwnam("nobody")
        self.maildirs.mkdir(parents=True)
        os.chown(self.maildirs, nobody.pw_uid, nobody.pw_gid)
        self.outside.make({
            "myhostname": "mail.partner.example",
            "virtual_mailbox_domains": " ".join(ALL_DOMAINS),
            "virtual_mailbox_maps": "static:all",
            "virtual_transport": "store",
            "store_destination_recipient_limit": "1",
            "message_size_limit": "0",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_key_file": keys / "outside.key",
            "smtpd_tls_cert_file": keys / "outside.pem",
            "smtpd_recipient_restrictions": "reject_unauth_destination",
            # Any local part is somebody's mailbox, and has no special meaning.
            "allow_min_user": "yes", "allow_untrusted_routing": "yes", "allow_percent_hack": "no",
            "swap_bangpath": "no", "resolve_dequoted_address": "no",
        }, [f"127.0.0.1:{port} inet n - n - - smtpd",
            f"127.0.0.2:{port} inet n - n - - smtpd -o smtpd_tls_cert_file={keys}/stranger.pem "
            f"-o smtpd_tls_key_file={keys}/stranger.key",
            f"store unix - n n - 10 pipe flags=DRh user=nobody "
            f"argv={SOURCE}/contrib/sandbox/store {self.maildirs} ${{domain}} ${{user}}"])
        self.outside.start()
        wait_until(lambda: port_answers(port), "the outside Postfix")

    def write_hosts(self, first="127.0.0.1 localhost gateway.example.com\n"):
        hosts = self.directory / "hosts"
        hosts.write_text(first + "".join(f"{address} {' '.join(names)}\n" for address, names in DOMAINS.items()))
        return hosts

    def start_company(self):
        hosts = self.write_hosts()
        self.company.make({
            "myhostname": "gateway.example.com",
            "mynetworks": "127.0.0.0/8",
            "relay_domains": " ".join(ALL_DOMAINS),
            "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            "smtp_tcp_port": self.ports["outside"],
            "smtp_tls_security_level": "none",
            "smtp_tls_CAfile": self.directory / "keys" / "authority.pem",
            # Tests send more than its 10 MB; a test of its own (test_faults.py) sets a limit.
            "message_size_limit": "0",
            "smtpd_client_connection_count_limit": "0",
            "minimal_backoff_time": "3s", "maximal_backoff_time": "5s", "queue_run_delay": "3s",
            **{name: value.replace("{directory}", str(self.directory)) for name, value in self.parameters.items()},
        }, [f"127.0.0.1:{self.ports['submission']} inet n - y - - smtpd"])
        self.company_queue.symlink_to(self.company.queue)
        self.make_milter_directory()
        self.wire("apply")
        self.company.fill_chroot(hosts)
        self.company.start(hosts)
        wait_until(lambda: port_answers(self.ports["submission"]), "the company's Postfix")

    def wire(self, *words):
        return command(SOURCE / "contrib/postfix/wire", "-c", self.company.config, "-e", self.ports["second_pass"],
                       *words).decode()

    def make_milter_directory(self):
        """As wire makes it for the user postseal_milter, which this machine may not have."""
        path = self.company.queue / "postseal"
        path.mkdir()
        os.chown(path, pwd.getpwnam("nobody").pw_uid, grp.getgrnam("postfix").gr_gid)
        path.chmod(0o2750)

    def make_groups(self):
        """The machine's groups, plus ours, which only our programs see: the courier's user belongs to postdrop."""
        lines = pathlib.Path("/etc/group").read_text().splitlines()
        self.groups.write_text("".join(
            (f"{line}{'' if line.endswith(':') else ','}nobody" if line.startswith("postdrop:") else line) + "\n"
            for line in lines))

    def among_groups(self, *words):
        """Wraps a command so that it sees these groups."""
        return ["unshare", "-m", "--propagation", "slave", "sh", "-c",
                'mount --bind "$0" /etc/group && exec "$@"', str(self.groups), *(str(w) for w in words)]

    # --- our programs ---

    def start_programs(self):
        for name in ("postseal-keeper", "postseal-finder", "postseal-milter", "postseal-courier", "postseal-portal"):
            self.start_program(name)

    def start_program(self, name, wait=True, descriptors=None, environment=None, host=None, config=None):
        """`descriptors`: how many files it may have open; `environment`: added to its environment;
        `host`: the host name that it sees; `config`: another postseal.conf."""
        def limit():
            if descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        log = self.directory / "log" / name
        started = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            # POSTSEAL_UNDER: a command under which programs run, such as valgrind
            under = os.environ.get("POSTSEAL_UNDER", "").split()
            if host is not None:
                under = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host, *under]
            program = subprocess.Popen(self.among_groups(*under, self.bin / name, "-f", config or self.config), stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=output, start_new_session=True,
                                       preexec_fn=limit, env={**os.environ, "POSTSEAL_CRASH_FILE": str(self.crash_file),
                                                              **(environment or {})})
        self.programs[name] = program.pid
        self.save()

        def is_up():
            if program.poll() is not None:
                raise Trouble(f"{name} ended: {log.read_bytes()[started:].decode(errors='replace')}")
            return b"listening" in log.read_bytes()[started:] or b"handing mail" in log.read_bytes()[started:]

        if wait:
            wait_until(is_up, f"{name} to be ready")
        return program

    def stop_program(self, name, how=signal.SIGTERM):
        pid = self.programs.pop(name, None)
        if pid is not None:
            end_process(pid, how)
            self.save()

    def log(self, name):
        return (self.directory / "log" / name).read_text(errors="replace")

    def postseal(self, *words, **options):
        return command(self.bin / "postseal", "-f", self.config, *words, **options).decode()

    def read_rules_again(self):
        """The milter loads the rules in the file."""
        told = len(self.log("postseal-milter"))
        os.kill(self.programs["postseal-milter"], signal.SIGHUP)
        said = wait_until(lambda: re.search("reload(ed|ing).*", self.log("postseal-milter")[told:]), "the rules to be read again")
        if said[1] == "ing":
            raise Trouble(self.log("postseal-milter")[told:])

    def check(self):
        """What `postseal check` says about this world; raises Trouble if something is wrong."""
        return command(*self.among_groups("env", f"MAIL_CONFIG={self.company.config}", self.bin / "postseal", "-f",
                                          self.config, "check")).decode()

    def nothing_waits(self, postgres=None):
        """Has everything that was accepted been handed to the MTA: no mail in the outbox, no parcel
        without its links?"""
        return (postgres or self.postgres).query(
            "select (select count(*) from postseal.outbox)"
            " + (select count(*) from postseal.parcel where issued_at is null)") == [["0"]]

    # --- keeping and ending ---

    def save(self):
        self.state_file.write_text(json.dumps({"ports": self.ports, "programs": self.programs}))

    def load(self):
        """Takes over a world that an earlier process started; False if there is none."""
        if not self.state_file.exists():
            return False
        state = json.loads(self.state_file.read_text())
        self.ports, self.programs = state["ports"], state["programs"]
        self.authority = Authority(self.directory / "keys", make=False)
        return True

    def stop(self):
        if not self.programs and not self.load():
            return
        for name in list(self.programs):
            self.stop_program(name)
        self.company.stop()
        self.outside.stop()
        self.postgres.stop()
        for path in (self.run, self.postgres.sockets):
            shutil.rmtree(path, ignore_errors=True)
        self.state_file.unlink(missing_ok=True)


def make_certificates(directory):
    """An authority, the outside's certificate, and a certificate that belongs to someone else."""
    authority = Authority(directory)
    names = ",".join(f"DNS:{n}" for n in DOMAINS["127.0.0.1"])
    authority.issue("outside", "/CN=mail.partner.example", f"subjectAltName={names}")
    authority.issue("stranger", "/CN=stranger.example", "subjectAltName=DNS:stranger.example")


class Authority:
    """A certificate authority, made with openssl."""

    def __init__(self, directory, make=True):
        self.directory = directory
        if make:
            command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                    directory / "authority.key", "-out", directory / "authority.pem", "-days", "90",
                    "-subj", "/O=Example Trust/CN=Example Root", "-addext",
                    "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, subject, extensions, key=("-newkey", "rsa:2048"), days=60, sign=True):
        """Writes NAME.key and NAME.pem; returns the path of the certificate."""
        base = self.directory / name
        config = base.with_suffix(".ext")
        config.write_text(extensions + "\n")
        command("openssl", "req", "-new", *key, "-nodes", "-keyout", f"{base}.key", "-out", f"{base}.csr",
                "-subj", subject)
        signer = (["-CA", self.directory / "authority.pem", "-CAkey", self.directory / "authority.key",
                   "-CAcreateserial"] if sign else ["-signkey", f"{base}.key"])
        command("openssl", "x509", "-req", "-in", f"{base}.csr", *signer, "-days", days, "-extfile", config,
                "-out", f"{base}.pem")
        return pathlib.Path(f"{base}.pem")

    def issue_mail(self, name, address, **options):
        """A certificate for S/MIME."""
        return self.issue(name, f"/CN={name}", f"subjectAltName=email:{address}\n"
                          "keyUsage=digitalSignature,keyEncipherment,keyAgreement\n"
                          "extendedKeyUsage=emailProtection", **options)


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def end_process(pid, how=signal.SIGTERM):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
    wait_until(lambda: not is_running(pid), f"process {pid} to end", 100)
