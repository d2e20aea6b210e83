"""A private Sendmail, as packaged by Debian: it cannot be installed next to Postfix, so it runs
from where contrib/install-packages unpacked it, with its own configuration, queue and log, and
without group privileges."""
import grp
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

import world as sandbox

HOME = pathlib.Path(os.environ.get("POSTSEAL_SANDBOX", "/var/lib/postseal-sandbox")) / "sendmail-bin"

MC = """\
divert(0)dnl
include(`{home}/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`a sandbox')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `gateway.example.com')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confPID_FILE', `{directory}/sendmail.pid')dnl
define(`QUEUE_DIR', `{directory}/queue')dnl
define(`STATUS_FILE', `{directory}/statistics')dnl
define(`ALIAS_FILE', `{directory}/aliases')dnl
define(`HELP_FILE', `')dnl
define(`confPRIVACY_FLAGS', `authwarnings')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_QUEUERETURN', `5d')dnl
define(`confMIN_QUEUE_AGE', `0')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
define(`confBAD_RCPT_THROTTLE', `0')dnl
define(`confCACERT', `{keys}/authority.pem')dnl
define(`confCACERT_PATH', `{keys}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {outside}')dnl
define(`SMTP_MAILER_ARGS', `TCP $h {outside}')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`relay_hosts_only')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port={submission}')dnl
{lines}
define(`POSTSEAL_MILTER', `unix:{milter}')dnl
define(`POSTSEAL_REINJECT', `Family=local, Addr={reinject}')dnl
include(`{source}/contrib/sendmail/postseal.m4')dnl
MAILER_DEFINITIONS
MAILER(`local')dnl
MAILER(`smtp')dnl
LOCAL_CONFIG
CR {domains}
"""

# syslog(3) in a program writes to /dev/log; this machine may have none, and its own must not be
# used.
IN_A_WORLD_OF_ITS_OWN = """\
mount --bind "$1" /etc/hosts
hostname gateway.example.com
mkdir -p "$2"
mount -t tmpfs tmpfs "$2"
for device in null zero full random urandom tty; do
	: >"$2/$device"
	mount --bind "/dev/$device" "$2/$device"
done
ln -s "$3" "$2/log"
mount --rbind "$2" /dev
shift 3
exec "$@"
"""


def unpack():
    """Makes Sendmail available, wherever this test runs."""
    if not (HOME / "unpacked").exists():
        sandbox.command(sandbox.SOURCE / "contrib/install-packages")


class Syslog:
    """A syslogd for one program: what it receives goes to a file, in the format of rsyslog."""

    def __init__(self, path, log):
        self.log = log
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        path.chmod(0o666)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with self.log.open("ab", buffering=0) as log:
            while True:
                try:
                    entry = self.socket.recv(65536)
                except OSError:
                    return
                # "<22>Nov 26 17:30:00 sm-mta[123]: text", without the name of the machine
                text = entry.split(b">", 1)[1].rstrip(b"\0\n")
                log.write(text[:16] + b"gateway " + text[16:] + b"\n")

    def close(self):
        self.socket.close()


class Sendmail:
    def __init__(self, directory, run):
        """`run`: a short path for sockets, to which only root may write, since Sendmail checks that."""
        self.directory, self.run = pathlib.Path(directory), pathlib.Path(run)
        self.queue = self.directory / "queue"
        self.log = self.directory / "log"
        self.config = self.directory / "sendmail.cf"
        self.reinject = self.run / "reinject.sock"
        self.environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(
            str(path) for path in HOME.glob("**/lib/*-linux-gnu"))}
        self.daemon = self.syslog = self.hosts = None

    def make(self, hosts, **places):
        """`hosts` replaces /etc/hosts."""
        self.hosts = hosts
        self.queue.mkdir(parents=True, mode=0o700)
        (self.directory / "statistics").touch()
        (self.directory / "aliases").touch()
        self.log.touch()
        mc = self.directory / "sendmail.mc"
        mc.write_text(MC.format(home=HOME, directory=self.directory, source=sandbox.SOURCE, reinject=self.reinject,
                                **places))
        self.config.write_bytes(sandbox.command("m4", f"-D_CF_DIR_={HOME}/usr/share/sendmail/cf/", mc))
        self.command("-bi")

    def line(self, *words):
        """The command that runs Sendmail with the gateway's host name, its peers, and a log of its own."""
        return ["unshare", "--mount", "--uts", "--propagation", "private", "sh", "-eu", "-c", IN_A_WORLD_OF_ITS_OWN, "sh",
                self.hosts, self.run / "dev", self.run / "log.sock", HOME / "usr/libexec/sendmail/sendmail", "-C",
                self.config, *words]

    def command(self, *words, **options):
        return sandbox.command(*self.line(*words), env=self.environment, **options)

    def start(self):
        if self.syslog is None:
            self.syslog = Syslog(self.run / "log.sock", self.log)
        self.daemon = subprocess.Popen(
            self.line("-L", "sm-mta", "-bD", "-q1s"), env=self.environment, stdin=subprocess.DEVNULL,
            stdout=(self.directory / "said").open("ab"), stderr=subprocess.STDOUT, start_new_session=True)
        sandbox.wait_until(self.is_up, "Sendmail's socket")
        # As done by postseal-sendmail.path.
        os.chown(self.reinject, 0, grp.getgrnam("postdrop").gr_gid)
        self.reinject.chmod(0o660)

    def is_up(self):
        if self.daemon.poll() is not None:
            raise sandbox.Trouble(f"Sendmail ended: {(self.directory / 'said').read_text()}")
        return self.reinject.exists()

    def stop(self):
        if self.daemon is not None:
            os.killpg(self.daemon.pid, signal.SIGTERM)
            self.daemon.wait()
            self.daemon = None

    def close(self):
        self.stop()
        if self.syslog is not None:
            self.syslog.close()


class SendmailWorld(sandbox.World):
    """Like any other world, except that the company's MTA is Sendmail."""

    def __init__(self, directory, build, tell=lambda text: None, parameters=None):
        super().__init__(directory, build, tell)
        self.lines = parameters or ""
        self.mta_run = pathlib.Path(f"{self.run}.mta".replace("/tmp/", "/run/"))
        self.milter_socket = self.mta_run / "milter" / "milter.sock"
        self.company = Sendmail(self.directory / "company", self.mta_run)

    def mta_settings(self):
        return f"""mta "sendmail"
milter listen "unix:{self.milter_socket}"
reinject "unix:{self.company.reinject}"
reinject user "root\""""

    def start_company(self):
        unpack()
        self.mta_run.mkdir(mode=0o755)
        self.milter_socket.parent.mkdir()
        shutil.chown(self.milter_socket.parent, "nobody")
        # An address of this machine that is not one of the outside's: Sendmail does not send to
        # itself.
        hosts = self.write_hosts("127.0.0.1 localhost\n127.0.0.3 gateway.example.com\n")
        self.company.make(hosts, keys=self.directory / "keys", outside=self.ports["outside"], submission=self.ports["submission"],
                          lines=self.lines, milter=self.milter_socket, domains=" ".join(sandbox.ALL_DOMAINS))
        self.company.start()
        sandbox.wait_until(lambda: sandbox.port_answers(self.ports["submission"]), "Sendmail")

    def check(self):
        return sandbox.command(*self.among_groups("env", f"SENDMAIL_CF={self.company.config}", self.bin / "postseal", "-f",
                                                  self.config, "check")).decode()

    def stop(self):
        self.company.close()
        super().stop()
        shutil.rmtree(self.mta_run, ignore_errors=True)
