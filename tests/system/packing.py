"""The Debian package, built in a clean root as README says, and a bare Debian with a world next to
it, for tests that install the package there."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import time

import people
import readme
import world as sandbox
from conftest import BUILD, SOURCE
from node import TOGETHER, Node, Root
from postfix import Postfix

PROGRAMS = ("keeper", "finder", "milter", "courier", "portal")
BARE = ["systemd", "systemd-sysv", "dbus"]
STEPS = readme.blocks("Put it in front of your Postfix")
BESIDE = readme.blocks("rspamd and OpenDKIM")
# Where the tree is in the clean root, and an admin's shell on the node: packages are next to it.
TREE = "/root/postseal"
OUTSIDE = "127.0.0.2"
DOMAINS = ("example.com", "partner.example", "bank.example", "pgp.example", "smime.example", "pickup.example", "out.example",
           "plain.example", "sub.partner.example")


# --- the package ---

def copy_tree(tree):
    """The files that are or would be in the repository."""
    names = sandbox.command("git", "-C", SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in names.decode().split("\0"):
        if name and (SOURCE / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, tree / name)


def build(builder, directory):
    """As README says, with nothing installed except what debian/control requires."""
    builder.make()
    try:
        copy_tree(builder.root / TREE[1:])
        for line in STEPS[0]:
            builder.apart(line, TREE, ["DEB_BUILD_OPTIONS=parallel=2"])
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for path in (builder.root / "root").glob("postseal*_*"):
            shutil.copy2(path, directory)
    finally:
        builder.remove()
    return next(directory.glob("postseal_*.deb"))


def repack(package, version):
    """The same package as if it were of another version."""
    unpacked = package.parent / version
    sandbox.command("dpkg-deb", "-R", package, unpacked)
    control = unpacked / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
    other = package.parent / "old" / f"postseal_{version}_{package.name.split('_')[-1]}"
    other.parent.mkdir()
    sandbox.command("dpkg-deb", "--root-owner-group", "-b", unpacked, other)
    shutil.rmtree(unpacked)
    return other


# --- the node, and what is around it ---

class Place(Node):
    """A bare Debian with an outside next to it: where its mail goes, and what the admin has at
    hand. Measures the time each of the admin's steps takes."""

    def __init__(self, directory):
        super().__init__(directory)
        self.outside = Postfix(self.directory / "outside")
        self.maildirs = self.directory / "outside" / "mail"
        self.took = {}

    def make(self, packages=BARE):
        super().make(packages)
        (self.root / TREE[1:]).mkdir()
        (self.root / "etc/hostname").write_text("gateway\n")
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 gateway.example.com gateway\n"
                                             f"{OUTSIDE} {' '.join(DOMAINS)}\n")
        keys = self.directory / "keys"
        keys.mkdir()
        self.authority = sandbox.Authority(keys)
        self.authority.issue("outside", "/CN=mail.bank.example", "subjectAltName=DNS:bank.example")
        # The authority is one of those that everybody trusts.
        trusted = self.root / "usr/local/share/ca-certificates"
        trusted.mkdir(parents=True)
        shutil.copy(keys / "authority.pem", trusted / "example.crt")
        shutil.copy(keys / "authority.pem", self.root / TREE[1:] / "ca.pem")

    def download(self, *words):
        """Downloads what apt will install when the node is booted and has no network."""
        self.timed("download", self.apart, f"apt-get install -q --download-only {' '.join(words)}", TREE)

    def timed(self, what, call, *arguments, **options):
        began = time.monotonic()
        try:
            return call(*arguments, **options)
        finally:
            self.took[what] = self.took.get(what, 0) + time.monotonic() - began

    def shell(self, line, answers=()):
        """A line from README, typed by the admin at a terminal: status, and what is shown."""
        return self.timed(line.split(" --")[0], self.at_a_terminal, line, answers, TREE)

    def good(self, line, answers=()):
        status, shown = self.shell(line, answers)
        assert status == 0, shown
        return shown

    def start_outside(self):
        """This machine's Postfix, on the node's network: what arrives there has left."""
        keys = self.directory / "keys"
        self.maildirs.mkdir(parents=True)
        shutil.chown(self.maildirs, "nobody")
        self.outside.make({"myhostname": "mail.bank.example", "virtual_mailbox_domains": " ".join(DOMAINS),
                           "virtual_mailbox_maps": "static:all", "virtual_transport": "store",
                           "store_destination_recipient_limit": "1",
                           "smtpd_tls_security_level": "may", "smtpd_tls_key_file": keys / "outside.key",
                           "smtpd_tls_cert_file": keys / "outside.pem", "smtpd_tls_received_header": "yes",
                           "smtpd_recipient_restrictions": "reject_unauth_destination"},
                          [f"{OUTSIDE}:2525 inet n - n - - smtpd",
                           f"store unix - n n - 10 pipe flags=DRh user=nobody "
                           f"argv={SOURCE}/contrib/sandbox/store {self.maildirs} ${{domain}} ${{user}}"])
        with self.network():
            self.outside.start()
            sandbox.wait_until(lambda: sandbox.port_answers(2525, OUTSIDE), "the outside Postfix")

    def lead_mail_outside(self):
        """There is no DNS on the node."""
        self.run("postconf", "-e", "smtp_dns_support_level=disabled", "smtp_host_lookup=native", "smtp_tcp_port=2525",
                 "queue_run_delay=3s", "minimal_backoff_time=3s")
        self.run("systemctl", "restart", "postfix")

    def remove(self):
        self.outside.stop()
        super().remove()

    # --- what the tests look at ---

    def unit(self, program, *properties):
        shown = self.run("systemctl", "show", f"postseal-{program}", "-p", ",".join(properties))
        return dict(line.split("=", 1) for line in shown.splitlines())

    def are_active(self, seconds=0):
        def active():
            return {self.status("systemctl", "is-active", f"postseal-{p}") for p in PROGRAMS} == {"active"}

        try:
            sandbox.wait_until(active, "the programs to run", seconds)
        except sandbox.Trouble as trouble:
            raise AssertionError(f"{trouble}: {self.status('journalctl', '--no-pager', '-n', '50', '-u', 'postseal-*')}")

    def asked(self, query):
        return self.run("psql", "-d", "postseal", "-XAt", "-c", query).strip()

    def submit(self, to, message):
        """From anna@example.com, to the node's Postfix."""
        with self.network(), smtplib.SMTP("127.0.0.1", 25, timeout=60) as smtp:
            smtp.sendmail("anna@example.com", [to], message)

    def send(self, to, message):
        """Submits it and returns when it is on record, which in two passes is later than accepted."""
        of_recipient = f"select count(*) from postseal.log where recipient = '{to}'"
        before = self.asked(of_recipient)
        self.submit(to, message)
        sandbox.wait_until(lambda: self.asked(of_recipient) != before, f"the mail to {to} to be on record")

    def method(self, recipient):
        """How the newest message to a recipient was delivered."""
        return self.asked(f"select method from postseal.log where recipient = '{recipient}' order by offered_at desc limit 1")

    def box(self, address):
        return people.Mailbox(self, address)

    def write(self, path, text):
        (self.root / path.lstrip("/")).write_text(text)

    def read(self, path):
        return (self.root / path.lstrip("/")).read_text()


def make_both():
    """The package, and a node that has not booted yet, on which it can be installed without a network."""
    node = Place(BUILD / "tests" / "node")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        making = pool.submit(node.make)
        package = build(Root(BUILD / "tests" / "builder"), BUILD / "tests" / "package")
        making.result()
    shutil.copy(package, node.root / "root")
    node.download(*STEPS[1][0].split()[2:])
    node.download(*BESIDE[0][0].split()[2:])
    return package, node


def lintian(package):
    return subprocess.run(["lintian", "--fail-on", "error,warning", "--allow-root", next(package.parent.glob("*.changes"))],
                          capture_output=True, text=True, check=False)


def contents(package):
    """Mode and owner of each file and directory in the package."""
    found = {}
    for line in sandbox.command("dpkg-deb", "-c", package).decode().splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        found[path[1:].split(" -> ")[0]] = mode, owner
    return found


def checked(node):
    """The output of `postseal check`, whatever its exit status."""
    return node.status(*TOGETHER, "postseal", "check")
