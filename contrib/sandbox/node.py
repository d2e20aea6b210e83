"""Private machines: a Debian made from the mirror, in which to build or which is booted in a
container, without network."""
import contextlib
import ctypes
import os
import pathlib
import pty
import select
import shutil
import subprocess
import time

from world import Trouble, command, wait_until

# Placed before a command: standard error goes where standard output does.
TOGETHER = ("sh", "-c", 'exec "$@" 2>&1', "sh")
ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8")
NETWORK = 0x40000000  # CLONE_NEWNET
libc = ctypes.CDLL(None, use_errno=True)


def release():
    """The name of the Debian that runs here."""
    return dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line
                )["VERSION_CODENAME"].strip('"')


def mirror():
    """The mirror from which this machine gets its packages."""
    known = command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian",
                    f"Codename: {release()}").decode().split()
    return known[0] if known else "http://deb.debian.org/debian"


class Root:
    """A minimal Debian; apt can install more as long as it is not booted."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root"

    def make(self, packages=()):
        self.remove()
        self.directory.mkdir(parents=True)
        command("mmdebstrap", "--quiet", "--variant=minbase", "--skip=cleanup/apt/lists",
                '--aptopt=APT::Get::Assume-Yes "true"', "--dpkgopt=force-unsafe-io",
                *(f"--include={name}" for name in packages), release(), self.root, mirror())

    def apart(self, line, directory="/", environment=()):
        """Runs a shell command in it while it is not booted, with this machine's network."""
        return command("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", f"--directory={self.root}",
                       f"--machine={self.name()}", f"--chdir={directory}", "env", "-i", *ENVIRONMENT,
                       "DEBIAN_FRONTEND=noninteractive", *environment, *TOGETHER, "sh", "-e", "-c", line).decode()

    def name(self):
        return f"{self.directory.name}-{os.getpid()}"

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class Node(Root):
    """A booted one."""

    def __init__(self, directory):
        super().__init__(directory)
        self.container = None
        self.init = None

    def boot(self):
        log = (self.directory / "console").open("wb")
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", f"--directory={self.root}", "--private-network", "--register=no",
             "--keep-unit", "--link-journal=no", f"--machine={self.name()}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()
        wait_until(self.is_up, "the container to boot", 60)

    def is_up(self):
        if self.container.poll() is not None:
            raise Trouble(f"the container ended: {(self.directory / 'console').read_text(errors='replace')}")
        child = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        self.init = child[0] if child else None
        return self.init is not None and self.status("systemctl", "is-system-running") in ("running", "degraded")

    # --- commands in it ---

    def inside(self, *words, directory="/"):
        return ["nsenter", "-t", self.init, "-a", f"--wdns={directory}", "env", "-i", *ENVIRONMENT, *(str(w) for w in words)]

    def status(self, *words):
        """What the command prints, whatever its exit status."""
        return subprocess.run(self.inside(*words), capture_output=True, text=True, check=False).stdout.strip()

    def run(self, *words, **place):
        return command(*self.inside(*words, **place)).decode()

    def said(self, *words, **place):
        """The same, including standard error."""
        return self.run(*TOGETHER, *words, **place)

    def at_a_terminal(self, line, answers, directory="/", seconds=900):
        """Types a shell command at a terminal where somebody answers its questions: (question,
        answer), in that order. Returns the exit status and everything shown."""
        leader, follower = pty.openpty()
        program = subprocess.Popen(["setsid", "--ctty", "--wait", *self.inside("TERM=dumb", "PAGER=cat", "sh", "-c", line, directory=directory)],
                                   stdin=follower, stdout=follower, stderr=follower)
        os.close(follower)
        shown, seen, limit = "", 0, time.monotonic() + seconds
        answers = list(answers)
        while time.monotonic() < limit:
            if answers and answers[0][0] in shown[seen:]:
                seen = len(shown)
                os.write(leader, f"{answers.pop(0)[1]}\n".encode())
            try:
                if select.select([leader], [], [], 1)[0]:
                    shown += os.read(leader, 65536).decode(errors="replace").replace("\r\n", "\n")
            except OSError:  # the other end is closed
                os.close(leader)
                if answers:
                    raise Trouble(f"{line} did not ask {answers[0][0]!r}:\n{shown}")
                return program.wait(10), shown
        os.close(leader)  # hang up
        program.wait(10)
        raise Trouble(f"{line} took more than {seconds} s, or asked what nobody answers:\n{shown}")

    @contextlib.contextmanager
    def network(self):
        """Inside, this thread and what it starts use the container's network."""
        ours = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        theirs = os.open(f"/proc/{self.init}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(theirs, NETWORK) != 0:
                raise OSError(ctypes.get_errno(), "entering the container's network")
            yield
        finally:
            libc.setns(ours, NETWORK)
            os.close(theirs)
            os.close(ours)

    def end(self):
        if self.container is not None and self.container.poll() is None:
            self.container.kill()  # nothing in it is needed any more, and it ends with systemd-nspawn
            self.container.wait()
        self.container = None

    def remove(self):
        self.end()
        super().remove()
