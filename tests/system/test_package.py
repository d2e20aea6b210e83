"""The Debian package: built, looked through by lintian, installed in a Debian of its own that boots, configured as the
README says, upgraded, removed and purged."""
import concurrent.futures
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import people
import world as sandbox
from node import TOGETHER, Node

BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", sandbox.SOURCE / "build"))
PROGRAMS = ("keeper", "milter", "courier", "portal")
# What a mail server has, beside what postseal depends on.
SERVER = ["systemd", "systemd-sysv", "dbus", "postfix", "postgresql", "ca-certificates"]
CONFIGURATION = """organisation "Example Corp"
domains { "example.com" }
database "postgresql:///postseal"
portal url "https://secure.example.com"
keeper group "postseal_milter"
mta log "journal"
sign "any"
match recipient domain "pgp.example" deliver pgp
match recipient in domains deliver plain
otherwise deliver pickup
"""


def build(directory):
    """The package, of the files that are or would be in the repository."""
    tree = directory / "tree"
    shutil.rmtree(directory, ignore_errors=True)
    tree.mkdir(parents=True)
    names = sandbox.command("git", "-C", sandbox.SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in names.decode().split("\0"):
        if name and (sandbox.SOURCE / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(sandbox.SOURCE / name, tree / name)
    # The unit tests are run by others.
    sandbox.command("dpkg-buildpackage", "-us", "-uc", "-b", cwd=tree,
                    env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck parallel=2"})
    return next(directory.glob("postseal_*.deb"))


@pytest.fixture(scope="module")
def made():
    """The package, and a node that is not booted yet and has it installed: with what apt said."""
    node = Node(BUILD / "tests" / "node")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        making = pool.submit(node.make, SERVER)
        package = build(BUILD / "tests" / "package")
        making.result()
    try:
        said = node.install(package)
        node.boot()
        yield package, node, said
    finally:
        node.remove()


@pytest.fixture
def package(made):
    return made[0]


@pytest.fixture
def node(made):
    return made[1]


def contents(package):
    """Each file or directory of the package: mode, owner."""
    found = {}
    for line in sandbox.command("dpkg-deb", "-c", package).decode().splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        found[path[1:].split(" -> ")[0]] = mode, owner
    return found


# --- what it is ---

def test_lintian_has_nothing_to_say(package):
    changes = next(package.parent.glob("*.changes"))
    said = subprocess.run(["lintian", "--fail-on", "error,warning", "--allow-root", changes], capture_output=True, text=True, check=False)
    assert said.returncode == 0 and not re.findall(r"^[EW]: .*", said.stdout, re.M), said.stdout + said.stderr


def test_version_is_that_of_the_build(package):
    version = re.search(r"project\(postseal VERSION (\S+) ", (sandbox.SOURCE / "CMakeLists.txt").read_text()).group(1)
    assert package.name.split("_")[1] == version


def test_files_are_where_debian_has_them(package):
    there = contents(package)
    programs = {path.name for path in (BUILD / "bin").iterdir() if path.is_file()}
    for name in programs:
        place = "libexec/postseal" if name in ("postseal-gpg", "postseal-keyreader", "postseal-reader") else "sbin"
        assert there[f"/usr/{place}/{name}"] == ("-rwxr-xr-x", "root/root"), name
    for page in (sandbox.SOURCE / "man").iterdir():
        assert f"/usr/share/man/man{page.suffix[1:]}/{page.name}.gz" in there
    for path in ("/usr/libexec/postseal/wire", "/usr/lib/sysusers.d/postseal.conf", "/usr/lib/tmpfiles.d/postseal.conf",
                 "/usr/share/bash-completion/completions/postseal", "/usr/share/zsh/vendor-completions/_postseal",
                 *(f"/usr/share/doc/postseal/examples/{name}" for name in (
                     "nginx/postseal.conf", "caddy/Caddyfile", "grafana/postseal.json", "prometheus/postseal.rules.yml"))):
        assert path in there
    assert {path for path in there if path.startswith("/etc/") and not path.endswith("/")} == {
        "/etc/postseal/postseal.conf.example", "/etc/postseal/partners"}
    assert sandbox.command("dpkg-deb", "-I", package, "conffiles").decode().split() == [
        "/etc/postseal/partners", "/etc/postseal/postseal.conf.example"]


def test_manual_pages_are_without_fault(node):
    for page in (node.root / "usr/share/man").rglob("postseal*"):
        text = gzip.decompress(page.read_bytes())
        sandbox.command("mandoc", "-T", "lint", "-W", "warning", input=text)
        assert b"/usr/local" not in text, page


# --- installed ---

def unit(node, program, *properties):
    shown = node.run("systemctl", "show", f"postseal-{program}", "-p", ",".join(properties))
    return dict(line.split("=", 1) for line in shown.splitlines())


def test_users_and_directories_are_made(made):
    """systemd-sysusers did not take a colon in what a user is called, and the package could not be installed."""
    _, node, said = made
    assert not re.search(r"not a valid|rror|ailed", said), said
    for program in PROGRAMS:
        assert node.run("getent", "passwd", f"postseal_{program}").split(":")[4:] == [
            f"Postseal {program}", "/nonexistent", "/usr/sbin/nologin\n"]
    assert set(node.run("id", "-Gn", "postseal_courier").split()) == {"postseal_courier", "adm", "postdrop"}
    assert set(node.run("id", "-Gn", "postseal_keeper").split()) == {"postseal_keeper", "postseal_milter"}
    assert node.run("stat", "-c", "%n %U:%G %a", "/etc/postseal/secrets", "/var/spool/postseal",
                    "/var/spool/postfix/postseal").split("\n")[:3] == [
        "/etc/postseal/secrets root:root 711", "/var/spool/postseal postseal_milter:postseal_milter 700",
        "/var/spool/postfix/postseal postseal_milter:postfix 2750"]


def test_units_are_as_systemd_wants_them(node):
    for program in PROGRAMS:
        said = node.said("systemd-analyze", "verify", "--man=no", f"postseal-{program}.service")
        assert "postseal" not in said, said
        exposure = node.run("systemd-analyze", "security", "--no-pager", f"postseal-{program}.service")
        assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", exposure).group(1)) <= 2.0


def test_nothing_starts_before_there_is_a_configuration(node):
    for program in PROGRAMS:
        shown = unit(node, program, "ActiveState", "UnitFileState", "ConditionResult")
        assert shown == {"ActiveState": "inactive", "UnitFileState": "enabled", "ConditionResult": "no"}
    assert "postseal" not in node.run("systemctl", "--failed", "--no-legend")


def test_example_of_a_configuration_loads_as_it_is(node):
    said = node.status(*TOGETHER, "postseal", "-f", "/etc/postseal/postseal.conf.example", "check")
    assert re.search(r"^policy +good: \d+ rules", said, re.M), said
    assert not re.search(r"^postseal: ", said, re.M), said


# --- configured ---

CONFIGURE = """
runuser -u postgres -- createdb postseal
runuser -u postgres -- postseal database init
postseal secrets init
chown postseal_courier /etc/postseal/secrets/courier.key
chown postseal_keeper /etc/postseal/secrets/master.key
chown postseal_milter /etc/postseal/secrets/login.key
postconf -e mynetworks=127.0.0.0/8 myhostname=gateway.example.com mydestination= alias_maps= maillog_file= \
    default_transport=hold-all
postconf -M hold-all/unix='hold-all unix - - n - - error'
systemctl restart postfix
/usr/libexec/postseal/wire apply
systemctl reload postfix
systemctl start postseal-keeper postseal-milter postseal-courier postseal-portal
"""
SEND = """
import smtplib, sys
smtplib.SMTP("127.0.0.1", 25, timeout=60).sendmail("anna@example.com", sys.argv[1:2],
    f"From: anna@example.com\\r\\nTo: {sys.argv[1]}\\r\\nSubject: {sys.argv[2]}\\r\\n\\r\\nHello\\r\\n")
"""


def are_active(node):
    assert {p: node.status("systemctl", "is-active", f"postseal-{p}") for p in PROGRAMS} == dict.fromkeys(PROGRAMS, "active"), \
        node.status("journalctl", "--no-pager", "-n", "50", "-u", "postseal-*")


def asked(node, query):
    return node.run("runuser", "-u", "postgres", "--", "psql", "-d", "postseal", "-At", "-c", query).strip()


def send(node, recipient, subject):
    """Through the chrooted smtpd; returns method, state and how it was signed."""
    done = subprocess.run(node.connected(sys.executable, "-c", SEND, recipient, subject), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + node.status("journalctl", "--no-pager", "-n", "50")
    return asked(node, f"select method from postseal.log where recipient = '{recipient}' order by offered_at desc limit 1")


@pytest.fixture(scope="module")
def configured(made):
    _, node, _ = made
    (node.root / "etc/postseal/postseal.conf").write_text(CONFIGURATION)
    node.run("sh", "-e", "-c", CONFIGURE)
    are_active(node)
    sue = people.Gpg(node.directory / "sue", "sue@pgp.example", "future-default")
    anna = people.Gpg(node.directory / "anna", "anna@example.com", "future-default")
    for name, key in (("sue", sue.public()), ("anna", anna.secret())):
        (node.root / f"var/tmp/{name}.asc").write_bytes(key)
    for gpg in (sue, anna):
        gpg.end()
    # The wrapped key needs the master key, which only the keeper and root may read.
    node.run("runuser", "-u", "postgres", "--", "psql", "-q", "-d", "postseal", "-c", "create role root superuser login")
    node.run("postseal", "key", "import", "/var/tmp/sue.asc", "/var/tmp/anna.asc")
    return node


def test_programs_seal_sign_and_park_as_their_units_let_them(configured):
    """Units that start may still keep gpg, the keeper or the courier from what they must do."""
    node = configured
    assert send(node, "sue@pgp.example", "sealed") == "pgp"
    assert "for process" in node.run("journalctl", "--no-pager", "-u", "postseal-keeper") or \
        "gpg-agent" in node.run("systemctl", "status", "--no-pager", "postseal-keeper")
    assert send(node, "joe@out.example", "parked") == "pickup"
    sandbox.wait_until(lambda: asked(node, "select count(*) from postseal.outbox") == "0", "the outbox to be handed over")
    are_active(node)


def test_check_finds_the_installation_right(configured):
    said = configured.status(*TOGETHER, "postseal", "check")
    assert "WRONG" not in said, said


def test_each_group_setting_works_with_the_units(configured):
    """The units' filter of system calls kept a program from giving its socket to another group."""
    node = configured
    configuration = node.root / "etc/postseal/postseal.conf"
    configuration.write_text(CONFIGURATION.replace("portal url", 'portal listen "unix:/run/postseal-portal/portal.sock" '
                                                   'group "www-data" url') + 'milter group "postfix"\n')
    for user, group in (("portal", "www-data"), ("milter", "postfix")):
        node.run("usermod", "-a", "-G", group, f"postseal_{user}")
    node.run("systemctl", "restart", *(f"postseal-{p}" for p in PROGRAMS))
    are_active(node)
    sockets = {"/run/postseal-portal/portal.sock": "postseal_portal:www-data 660",
               "/var/spool/postfix/postseal/milter.sock": "postseal_milter:postfix 660",
               "/run/postseal-keeper/keeper.sock": "postseal_keeper:postseal_milter 660"}
    for path, owner in sockets.items():
        assert node.run("stat", "-c", "%U:%G %a", path).strip() == owner
    node.run("runuser", "-u", "www-data", "--", "test", "-w", "/run/postseal-portal/portal.sock")
    assert send(node, "sue@pgp.example", "sealed again") == "pgp"


def test_group_without_the_programs_user_is_told(configured):
    node = configured
    configuration = node.root / "etc/postseal/postseal.conf"
    kept = configuration.read_text()
    configuration.write_text(kept.replace('group "www-data"', 'group "games"'))
    node.status("systemctl", "restart", "postseal-portal")
    assert "portal.sock to the group games: Operation not permitted; the program's user must be a member of it" in node.run(
        "journalctl", "--no-pager", "-u", "postseal-portal")
    configuration.write_text(kept)
    node.run("systemctl", "restart", "postseal-portal")
    are_active(node)


def test_restarts_are_limited(configured):
    for program in PROGRAMS:
        shown = unit(configured, program, "StartLimitBurst", "StartLimitIntervalUSec", "RestartUSec")
        assert int(shown["StartLimitBurst"]) * 5 <= 3600 and shown["RestartUSec"] == "5s"
        assert shown["StartLimitIntervalUSec"] == "1h"


# --- later ---

def test_upgrade_starts_the_new_programs_and_keeps_what_waits(configured, package):
    node = configured
    waiting = asked(node, "select count(*) from postseal.parcel")
    before = {p: unit(node, p, "MainPID") for p in PROGRAMS}
    said = node.said("dpkg", "-i", f"/var/tmp/{package.name}")
    are_active(node)
    assert all(unit(node, p, "MainPID") != before[p] for p in PROGRAMS)
    assert waiting == asked(node, "select count(*) from postseal.parcel") != "0"
    assert "newer schema" not in said
    assert send(node, "sue@pgp.example", "after the upgrade") == "pgp"


def test_upgrade_to_a_newer_schema_tells_what_to_do(configured, package):
    """Mail waits while the tables are older than the programs."""
    node = configured
    asked(node, "alter table postseal.migration rename to migration_kept")
    said = node.said("dpkg", "-i", f"/var/tmp/{package.name}")
    assert "postseal database init" in said, said
    asked(node, "alter table postseal.migration_kept rename to migration")
    node.run("systemctl", "restart", *(f"postseal-{p}" for p in PROGRAMS))
    are_active(node)


def test_removed_package_lets_mail_wait_and_purged_one_keeps_the_keys(configured):
    """Promise 1: without Postseal, nothing leaves that it would have sealed."""
    node = configured
    said = node.said("dpkg", "-r", "postseal")
    assert "Postfix still hands its mail to Postseal" in said and "/etc/postfix/postseal.undo undo" in said
    done = subprocess.run(node.connected(sys.executable, "-c", SEND, "sue@pgp.example", "waits"), capture_output=True, text=True,
                          check=False)
    assert done.returncode != 0 and "451" in done.stderr
    node.run("/etc/postfix/postseal.undo", "undo")
    assert "postseal" not in node.run("postconf", "-n") + node.run("postconf", "-M")
    assert "stays" in node.said("dpkg", "-P", "postseal")
    there = node.run("sh", "-c", "ls -d /etc/postfix/postseal* /var/spool/postseal /var/spool/postfix/postseal /var/lib/postseal-portal "
                     "/etc/postseal/* /etc/systemd/system/*/postseal* 2>/dev/null || true").split()
    assert there == ["/etc/postseal/secrets"]
    assert node.run("ls", "/etc/postseal/secrets").split() == ["courier.key", "courier.pub", "login.key", "master.key"]
    assert "postseal_milter" in node.run("getent", "passwd", "postseal_milter")
