"""The commands of postseal-operations(7), typed as they stand there: a command that is changed there is changed for the
tests. Paths are those of the sandbox; its programs are started and stopped in systemd's place."""
import os
import re
import shlex

import world as sandbox

PAGE = (sandbox.SOURCE / "man" / "postseal-operations.7").read_text()


def section(name):
    return PAGE.split(f"\n.Sh {name}\n")[1].split("\n.Sh ")[0]


def blocks(name):
    """The commands in each display of a section."""
    return [block.strip() for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", section(name), re.S | re.M)]


class Admin:
    """Root on one machine. `etc` stands for /etc/postseal, `places` for other paths; `others`: {host: Admin}."""

    def __init__(self, world, etc=None, places=None, config=None, sockets=None, others=None):
        self.world, self.others = world, others or {}
        self.places = {**(places or {}), "/etc/postseal": etc or world.directory}
        self.bin = world.directory / "bin"
        self.config, self.sockets = config or world.config, sockets or world.postgres.sockets

    def write_command(self):
        self.bin.mkdir(exist_ok=True)
        words = self.world.among_groups("env", f"MAIL_CONFIG={self.world.company.config}", self.world.bin / "postseal",
                                        "-f", self.config)
        (self.bin / "postseal").write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        (self.bin / "postseal").chmod(0o755)

    def here(self, line):
        """As a shell of this world has to be told."""
        far = re.search(r"ssh root@(\w+) (.*)", line)
        if far:
            return f"{self.here(line[:far.start()])}sh -c {shlex.quote(self.others[far[1]].here(far[2]))}"
        for place, path in self.places.items():
            line = line.replace(place, str(path))
        return f"PATH={self.bin}:$PATH; {line}"

    def type(self, block):
        """Returns what was printed."""
        self.write_command()
        for other in self.others.values():
            other.write_command()
        return "".join(self.type_line(line) for line in block.splitlines())

    def type_line(self, line):
        words = line.split()
        if words[0] == "systemctl":
            self.systemctl(words[1], words[2:])
        elif re.fullmatch(r"ssh root@\w+ postseal setup --yes", line):
            self.others[words[1].removeprefix("root@")].world.start_programs()  # what else it does is test_setup's
        elif words[0] != "apt":  # test_package installs packages
            return sandbox.command("sh", "-ec", self.here(line), cwd=self.world.directory, env={
                **os.environ, "PGHOST": str(self.sockets), "PGUSER": "root"}).decode()
        return ""

    def systemctl(self, verb, programs):
        for name in programs if verb in ("stop", "restart") else ():
            self.world.stop_program(name)
        for name in programs if verb in ("start", "restart") else ():
            self.world.start_program(name)
