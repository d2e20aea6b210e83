"""A private Postfix instance, with its own configuration, queue and log."""
import pathlib
import shutil
import subprocess
import time

SERVICES = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
local unix - n n - - local
scache unix - - n - 1 scache
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.config = self.directory / "etc"
        self.queue = self.directory / "queue"
        self.log = self.directory / "log"
        self.resolver = pathlib.Path("/etc/resolv.conf")  # this instance sees another one in its place

    def make(self, parameters, services):
        """Writes main.cf and master.cf."""
        for path in (self.config, self.queue, self.directory / "data"):
            path.mkdir(parents=True)
        subprocess.run(["chown", "postfix", self.directory / "data"], check=True)
        all_parameters = {
            "compatibility_level": "3.6",
            "queue_directory": self.queue,
            "data_directory": self.directory / "data",
            "maillog_file": self.log,
            "maillog_file_prefixes": self.directory,
            "inet_protocols": "ipv4",
            "inet_interfaces": "loopback-only",
            "mydestination": "",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "smtputf8_enable": "yes",
            "in_flow_delay": "0",
            "service_throttle_time": "1s",  # a service that could not start is tried again soon, not after a minute
            **parameters,
        }
        (self.config / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in all_parameters.items()))
        (self.config / "master.cf").write_text(SERVICES + "".join(f"{line}\n" for line in services))
        # A second instance must be known by name to the first, or be the only one here: -c does
        # that.
        self.log.touch()

    def fill_chroot(self, hosts):
        """What a chrooted smtpd needs to look up names, as put there by Debian."""
        (self.queue / "etc").mkdir()
        shutil.copy(hosts, self.queue / "etc" / "hosts")
        for name in ("nsswitch.conf", "services", "resolv.conf"):
            if pathlib.Path("/etc", name).exists():
                shutil.copy(pathlib.Path("/etc", name), self.queue / "etc")

    def set(self, **parameters):
        """Changes main.cf of a running Postfix."""
        subprocess.run(["postconf", "-c", str(self.config), "-e", *(f"{k}={v}" for k, v in parameters.items())], check=True)
        self.reload()

    def command(self, *words, hosts=None):
        line = ["postfix", "-c", str(self.config), *words]
        if hosts is not None:
            line = ["unshare", "-m", "--propagation", "private", "sh", "-c",
                    'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"',
                    str(hosts), str(self.resolver), *line]
        return subprocess.run(line, capture_output=True, text=True)

    def start(self, hosts=None):
        """`hosts` replaces /etc/hosts for this instance."""
        done = self.command("start", hosts=hosts)
        if done.returncode != 0:
            raise RuntimeError(f"Postfix does not start: {done.stderr}{self.log.read_text()}")

    def reload(self):
        """Ends when no idle process is left that has the former settings: postfix(1) does not wait for that."""
        former = self.children()
        self.command("reload")
        limit = time.monotonic() + 10
        while former & self.children() and time.monotonic() < limit:
            time.sleep(0.02)

    def children(self):
        """The process IDs of those who receive mail. One that is in a session keeps its settings until the end of it."""
        pid = self.queue / "pid" / "master.pid"
        if not pid.exists():
            return set()
        listed = subprocess.run(["pgrep", "-P", pid.read_text().strip(), "-x", "smtpd|cleanup|pickup"], capture_output=True, text=True)
        return set(listed.stdout.split())

    def stop(self):
        if (self.queue / "pid" / "master.pid").exists():
            self.command("abort")  # at once; mail in the queue stays there

    def forget_queue(self):
        """Deletes all queued mail."""
        subprocess.run(["postsuper", "-c", str(self.config), "-d", "ALL"], check=True, capture_output=True)
