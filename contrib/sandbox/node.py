"""A machine of its own: a Debian that is made from the mirror and booted in a container, without network."""
import os
import pathlib
import shutil
import subprocess

from world import Trouble, command, wait_until

# In front of a command: standard error goes where standard output does.
TOGETHER = ("sh", "-c", 'exec "$@" 2>&1', "sh")


def release():
    """The name of the Debian that runs here."""
    return dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line
                )["VERSION_CODENAME"].strip('"')


def mirror():
    """Where this machine has its packages from."""
    known = command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian",
                    f"Codename: {release()}").decode().split()
    return known[0] if known else "http://deb.debian.org/debian"


class Node:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root"
        self.container = None
        self.init = None

    def make(self, packages):
        """A Debian as small as it can be, with these packages; apt can still install others."""
        self.remove()
        self.directory.mkdir(parents=True)
        command("mmdebstrap", "--quiet", "--variant=minbase", "--skip=cleanup/apt/lists",
                f"--include={','.join(packages)}", release(), self.root, mirror())

    def install(self, package):
        """A package that was built here, and what it depends on."""
        shutil.copy(package, self.root / "var/tmp")
        return command("chroot", self.root, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", *TOGETHER, "apt-get", "install",
                       "-y", "-q", "--no-install-recommends", f"/var/tmp/{pathlib.Path(package).name}").decode()

    def boot(self):
        log = (self.directory / "console").open("wb")
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", f"--directory={self.root}", "--private-network", "--register=no",
             "--keep-unit", "--link-journal=no", f"--machine=postseal-{os.getpid()}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()
        wait_until(self.is_up, "the container to boot", 60)

    def is_up(self):
        if self.container.poll() is not None:
            raise Trouble(f"the container ended: {(self.directory / 'console').read_text(errors='replace')}")
        child = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        self.init = child[0] if child else None
        return self.init is not None and self.status("systemctl", "is-system-running") in ("running", "degraded")

    def inside(self, *words):
        return ["nsenter", "-t", self.init, "-a", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                *(str(w) for w in words)]

    def status(self, *words):
        """What it prints, whatever becomes of it."""
        return subprocess.run(self.inside(*words), capture_output=True, text=True, check=False).stdout.strip()

    def run(self, *words):
        return command(*self.inside(*words)).decode()

    def said(self, *words):
        """The same, with what it says on standard error."""
        return self.run(*TOGETHER, *words)

    def connected(self, *words):
        """A command of this machine, with the network of the container."""
        return ["nsenter", "-t", self.init, "-n", *(str(w) for w in words)]

    def end(self):
        if self.container is not None and self.container.poll() is None:
            self.container.kill()  # nothing in it is wanted any more, and it ends with systemd-nspawn
            self.container.wait()
        self.container = None

    def remove(self):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)
