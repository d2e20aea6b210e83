"""Installs Postseal with `postseal setup`, on a private machine (contrib/sandbox/machine.py)."""
import grp
import hashlib
import os
import pathlib
import pwd
import re
import stat

import pytest

from conftest import BUILD
from machine import OURS, Machine

ANSWERS = ("--organisation", "Example Corp", "--domain", "example.com", "--portal", "https://secure.example.com",
           "--database", "local")
@pytest.fixture(scope="module")
def the_machine(request):
    made = Machine(BUILD / "tests" / "world" / pathlib.Path(request.module.__file__).stem, BUILD)
    made.enter()
    try:
        made.start_outside()
        yield made
    finally:
        made.leave()


@pytest.fixture
def machine(the_machine):
    the_machine.reset()
    return the_machine


def describe(path):
    """Kind, owner, group, mode; and the content, unless it is a key or a socket. postconf(1) adds settings in any order."""
    status = path.lstat()
    content = ""
    if stat.S_ISREG(status.st_mode) and path.suffix not in (".key", ".pub", ".db"):
        lines = path.read_bytes().splitlines()
        content = hashlib.sha256(b"\n".join(sorted(lines) if path.name == "main.cf" else lines)).hexdigest()
    return (pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name, f"{stat.S_IMODE(status.st_mode):04o}",
            stat.S_IFMT(status.st_mode), content)


def files(*folders):
    found = [pathlib.Path(folder) for folder in folders if os.path.exists(folder)]
    return sorted({*found, *(path for folder in found for path in folder.rglob("*"))})


def state(machine):
    """Everything that setup makes."""
    accounts = [line for name in ("passwd", "group") for line in pathlib.Path("/etc", name).read_text().splitlines()
                if "postseal" in line]
    return ({str(path): describe(path) for path in files(*OURS, "/etc/postfix")}, sorted(accounts), machine.postgres.dump())


def moments(machine):
    """When each of the files was last modified: a run that changes nothing leaves these times alone."""
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns)
            for path in files("/etc/postseal", "/etc/postfix", "/etc/passwd", "/etc/group")
            if path.suffix != ".db"}


def set_up(machine, *words, **options):
    done = machine.run("postseal", "setup", *words, **options)
    assert done.returncode in (0, 1, 2), (done.returncode, done.stdout, done.stderr)
    return done


def made(done):
    """The steps that changed something."""
    return [line.split("  ")[0] for line in done.stdout.splitlines() if re.match(r"\S.*  +(create|write|add|change|enable) ", line)]


def install(machine):
    """Sets up, starts the programs as the output says, and sets up again, which wires Postfix."""
    first = set_up(machine, *ANSWERS, "--yes")
    assert "to do: systemd is not running: start postseal-milter" in first.stdout, first.stdout + first.stderr
    machine.start_postfix()
    machine.start_programs()
    second = set_up(machine, "--yes")
    assert second.returncode == 0, second.stdout + second.stderr
    assert made(second) == ["Postfix"]
    return second


@pytest.fixture(scope="module")
def whole(the_machine):
    """What an undisturbed run makes."""
    the_machine.reset()
    set_up(the_machine, *ANSWERS, "--yes")
    return state(the_machine)
