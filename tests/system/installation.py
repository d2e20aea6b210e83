"""Installations that are each broken in one place, and correct ones, for the tests of `postseal check`: a change is a function of
the world and of what undoes it. File permissions are broken only for the programs' users: root, who runs check, would not
notice anything wrong."""
import contextlib
import os
import pathlib
import pwd
import re
import subprocess

import pytest

import world as sandbox
from scanner import Scanner


def prepare(world):
    """Names for services, and ports for what a correct installation may have in addition."""
    world.submission = f"127.0.0.1:{world.ports['submission']}/inet"
    world.second_pass = f"127.0.0.1:{world.ports['second_pass']}/inet"
    world.company_value = lambda name: sandbox.command("postconf", "-c", world.company.config, "-h", name).decode().strip()
    world.spare = sandbox.free_ports(3)
    world.wirings = {}
    world.journald = pathlib.Path("/etc/systemd/journald.conf")
    world.scanner = Scanner(world.company_queue / "scanner.sock")


@pytest.fixture
def mended():
    """Undoes what a test broke, in reverse order."""
    with contextlib.ExitStack() as stack:
        yield stack.callback


@pytest.fixture
def world_of(world, mended):
    """The world; its configuration files are restored afterwards."""
    for file in (world.company.config / "main.cf", world.company.config / "master.cf", world.config,
                 *world.company.config.glob("postseal*")):
        mended(file.write_text, file.read_text())
    return world


def checked(world, *words):
    """(exit status, {look: (verdict, text)}); if a look both warns and succeeds, the warning counts."""
    done = subprocess.run([str(w) for w in world.among_groups(
        "sh", "-c", 'mount --bind "$0" /etc/systemd/journald.conf && exec "$@"', world.journald,
        "env", f"MAIL_CONFIG={world.company.config}", f"SSL_CERT_FILE={world.directory}/keys/authority.pem",
        world.bin / "postseal", "-f", world.config, "check", *words)], capture_output=True, text=True)
    assert not done.stderr, done.stderr
    found = {}
    for look, verdict, text in re.findall(r"^(.{18}?) *(good|WARNING|WRONG)(?:: (.*))?$", done.stdout, re.M):
        if found.get(look.strip(), ("good",))[0] == "good":
            found[look.strip()] = (verdict, text)
    return done.returncode, found


def postconf(world, *words):
    sandbox.command("postconf", "-c", world.company.config, *words)


def set_to(name, value):
    """Sets a parameter in main.cf or, as "SUBMISSION/name", of a service."""
    def change(world, mended):
        full = name.replace("SUBMISSION", world.submission).replace("OUTSIDE", world.second_pass.replace("127.0.0.1", "127.0.0.2"))
        postconf(world, *(["-P"] if "/" in full else []), "-e", f"{full}={value.replace('DIRECTORY', str(world.directory))}")
    return change


def configured(pattern, text):
    """Changes a line in postseal.conf."""
    def change(world, mended):
        new, count = re.subn(pattern, text.replace("DIRECTORY", str(world.directory)), world.config.read_text(), flags=re.M)
        assert count > 0
        world.config.write_text(new)
    return change


def locked(name, mode=0o400, user="root"):
    """Gives a file or directory in the world's directory to another user."""
    def change(world, mended):
        path = world.directory / name if not str(name).startswith("run/") else world.run / str(name)[len("run/"):]
        status = path.stat()
        mended(path.chmod, status.st_mode & 0o7777)
        mended(os.chown, path, status.st_uid, status.st_gid)
        os.chown(path, pwd.getpwnam(user).pw_uid, 0)
        path.chmod(mode)
    return change


def both(*changes):
    def change(world, mended):
        for one in changes:
            one(world, mended)
    return change


def stop(program):
    def change(world, mended):
        world.stop_program(program)
        mended(world.start_program, program)
    return change


def sql(statement, undo):
    def change(world, mended):
        mended(world.postgres.query, undo)
        world.postgres.query(statement)
    return change


def once(name, change):
    """For changes with wire, which takes its time: made once in a world, and from then on its result is copied."""
    def changed(world, mended):
        files = world.wirings.get(name)
        if files is None:
            change(world, mended)
            world.wirings[name] = {f: f.read_text() for f in world.company.config.iterdir() if f.is_file()}
            return
        for file in world.company.config.glob("postseal*"):
            file.unlink()
        for file, text in files.items():
            file.write_text(text)
    return changed


def signer(world, mended, mode="s"):
    """The real OpenDKIM, at a port whose number reveals nothing."""
    directory, port = world.directory / "dkim", world.spare[0]
    directory.mkdir(exist_ok=True)
    sandbox.command("openssl", "genrsa", "-out", directory / "key", "2048")
    (directory / "conf").write_text(f"Mode {mode}\nDomain example.com\nSelector s\nKeyFile {directory}/key\n"
                                    f"Socket inet:{port}@127.0.0.1\nRequireSafeKeys no\nSyslog no\n")
    program = subprocess.Popen(["opendkim", "-f", "-x", str(directory / "conf")])
    mended(program.wait)
    mended(program.kill)
    sandbox.wait_until(lambda: sandbox.port_answers(port), "opendkim")


def listed(*milters):
    def change(world, mended):
        postconf(world, "-e", "smtpd_milters=" + ",".join(
            {"ours": "unix:postseal/milter.sock", "dkim": f"inet:127.0.0.1:{world.spare[0]}"}.get(m, m) for m in milters))
    return change


def all_in_chroot(world, mended):
    """As on Debian."""
    for service in ("smtp/unix", "relay/unix", "cleanup/unix", "bounce/unix", "trace/unix", "rewrite/unix", "qmgr/unix"):
        postconf(world, "-F", "-e", f"{service}/chroot=y")


def receiving(networks, mynetworks):
    """With a rule for mail that comes in."""
    return both(configured("^rule \"drawings\"", f'networks {{ {networks} }}\nreceive any open\nrule "drawings"'),
                set_to("mynetworks", mynetworks))


# --- what check must say: a module with BROKEN, RIGHT and WARNED imports the tests, too ---

def pytest_generate_tests(metafunc):
    for kind in ("BROKEN", "RIGHT", "WARNED"):
        if kind.lower() in metafunc.fixturenames:
            installations = getattr(metafunc.module, kind)
            metafunc.parametrize(kind.lower(), installations.values(), ids=list(installations))


def test_broken_installation_is_told(world_of, mended, broken):
    change, look, sentence = broken
    change(world_of, mended)
    status, found = checked(world_of)
    wrong = {n: text for n, (verdict, text) in found.items() if verdict == "WRONG"}
    assert status == 1 and list(wrong) == [look], str(wrong)
    assert re.search(sentence, wrong[look]), wrong[look]


def test_right_installation_is_not_called_wrong(world_of, mended, right):
    right(world_of, mended)
    status, found = checked(world_of)
    assert status == 0 and all(verdict == "good" for verdict, _ in found.values()), str(found)


def test_what_needs_attention_is_a_warning(world_of, mended, warned):
    change, look, sentence = warned
    change(world_of, mended)
    status, found = checked(world_of)
    assert status == 0 and {n for n, (verdict, _) in found.items() if verdict != "good"} == {look}, found
    assert found[look][0] == "WARNING" and re.search(sentence, found[look][1]), found[look]
