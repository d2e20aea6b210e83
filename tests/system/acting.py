"""Who the record must name when root gives a command with sudo(8)."""
import os
import pathlib
import pwd

UNSET = 2 ** 32 - 1


def login():
    """The kernel's own memory of who logged in (pam_loginuid(8)), which these tests may run below; or None."""
    user = int(pathlib.Path("/proc/self/loginuid").read_text())
    return None if user == UNSET else pwd.getpwuid(user).pw_name


def environment(name):
    """As sudo makes it."""
    return {**os.environ, "SUDO_USER": name}


def by_sudo(name):
    """The kernel is believed before the environment."""
    known = login() or name
    return "root" if known == "root" else f"{known} as root"
