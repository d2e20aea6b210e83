"""`postseal check` on installations that are each broken in one place, and on correct ones, all listed by name. File
permissions are broken only for the programs' users: root, who runs check, would not notice anything wrong."""
import contextlib
import grp
import os
import pathlib
import pwd
import re
import shutil
import smtplib
import socket
import struct
import subprocess
import threading

import pytest

import directory_server
import world as sandbox
from listener import unix_socket
from name_server import NameServer

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def prepare(world):
    """Names for services, and ports for what a correct installation may have in addition."""
    world.submission = f"127.0.0.1:{world.ports['submission']}/inet"
    world.second_pass = f"127.0.0.1:{world.ports['second_pass']}/inet"
    world.company_value = lambda name: sandbox.command("postconf", "-c", world.company.config, "-h", name).decode().strip()
    world.spare = sandbox.free_ports(3)
    world.scanner = unix_socket(world.company_queue / "scanner.sock")
    world.names, world.others = NameServer(world.directory / "names"), NameServer(world.directory / "others")
    for server in (world.names, world.others):
        server.zone("signed.example", "")
    world.names.start()
    with world.config.open("a") as config:
        config.write(f'finder resolver "127.0.0.1@{world.names.port}"\nfinder anchor "{world.names.anchor}"\n')


@pytest.fixture(scope="module", autouse=True)
def name_server(world):
    yield
    world.names.stop()


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


# --- ways to break it ---

def stop(program):
    def change(world, mended):
        world.stop_program(program)
        mended(world.start_program, program)
    return change


def restarted(program, change):
    """A change that the program reads only when it starts."""
    def start(world, mended):
        text = world.config.read_text()

        def undo():
            world.stop_program(program)
            world.config.write_text(text)
            world.start_program(program)
        mended(undo)
        world.stop_program(program)
        change(world, mended)
        world.start_program(program)
    return start


def sql(statement, undo):
    def change(world, mended):
        mended(world.postgres.query, undo)
        world.postgres.query(statement)
    return change


TABLE = 'table patients database "select 1 from crm.patient where email = $1"\n'


def foreign_table(grant):
    """A table of another application that its owner may read, and others only if they are granted access."""
    def change(world, mended):
        mended(world.postgres.query, "drop schema crm cascade")
        world.postgres.query("create schema crm; create table crm.patient (email text)")
        if grant:
            world.postgres.query("grant usage on schema crm to postseal_milter, postseal_portal; "
                                 "grant select on crm.patient to postseal_milter, postseal_portal")
        configured(r"^match attachment", TABLE + "match recipient in <patients> deliver pickup\nmatch attachment")(world, mended)
    return change


def listener(answer):
    """Another program has the milter's port; it answers each connection with `answer` of what it received."""
    def change(world, mended):
        port = world.spare[0]
        server = socket.create_server(("127.0.0.1", port))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as client, contextlib.suppress(OSError):
                        client.settimeout(5)
                        client.sendall(answer(client.recv(4096)))
        thread = threading.Thread(target=serve)
        thread.start()
        mended(thread.join)
        mended(server.close)
        mended(server.shutdown, socket.SHUT_RDWR)
        configured(r'^milter listen "[^"]*"', f'milter listen "inet:{port}@127.0.0.1"')(world, mended)
        for name in ("smtpd_milters", "non_smtpd_milters"):
            postconf(world, "-e", f"{name}=inet:127.0.0.1:{port}")
        set_to("postseal-verified/unix/smtp_tls_policy_maps", "")(world, mended)
    return change


def as_another_milter(asked):
    """OpenDKIM's answer: it accepts what is offered, and wants no macros."""
    return b"" if len(asked) < 17 else struct.pack(">IcIII", 13, b"O", 6, 0x11, 0)


def another_installation(*names):
    """Key files that are in order, but do not belong to this database."""
    def change(world, mended):
        secrets = world.directory / "secrets"
        kept = world.directory / "kept"
        mended(shutil.rmtree, kept)
        mended(lambda: [shutil.move(kept / name, secrets / name) for name in names])
        kept.mkdir()
        for name in names:
            shutil.move(secrets / name, kept / name)
        if len(names) == 1:
            (secrets / names[0]).write_bytes(os.urandom(32))
            (secrets / names[0]).chmod(0o400)
            shutil.chown(secrets / names[0], "nobody")
        else:
            world.postseal("secrets", "init")
    return change


def own_key(world, mended, name="otto", **options):
    base = world.authority.issue_mail(name, f"{name}@example.com", **options)
    both_halves = base.with_suffix(".both")
    both_halves.write_bytes(base.read_bytes() + base.with_suffix(".key").read_bytes())
    world.postseal("key", "import", both_halves)
    mended(world.postgres.query, f"delete from postseal.key where owner like '%{name}%'")


def waiting_mail(world, mended):
    """A mail in the outbox that no courier picks up."""
    stop("postseal-courier")(world, mended)
    mended(world.postgres.query, "delete from postseal.outbox")
    message = b"From: <anna@example.com>\r\nTo: <joe@partner.example>\r\nSubject: Hello\r\n\r\nHello.\r\n"
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.sendmail("anna@example.com", ["joe@partner.example"], message)


def made_at(shift, *words):
    """Runs openssl with the clock set that far ahead or back."""
    sandbox.command("env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME={shift}", "openssl", *words)


def root(shift, days, name="Old"):
    def change(world, mended):
        path = world.directory / "keys" / f"{name}.pem"
        made_at(shift, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path.with_suffix(".key"), "-out", path,
                "-days", days, "-subj", f"/CN={name} Root", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                "keyUsage=critical,keyCertSign")
        world.postseal("key", "import", "--root", path)
        mended(world.postgres.query, f"delete from postseal.key where owner like '%{name} Root%'")
    return change


def old_own_key(world, mended):
    with_clock = sandbox.Authority(world.directory / "keys", make=False)
    base = with_clock.directory / "past"
    with_clock.issue_mail("past", "past@example.com")
    made_at("-40d", "x509", "-req", "-in", f"{base}.csr", "-CA", with_clock.directory / "authority.pem", "-CAkey",
            with_clock.directory / "authority.key", "-days", "20", "-extfile", f"{base}.ext", "-out", f"{base}.pem")
    both_halves = pathlib.Path(f"{base}.both")
    both_halves.write_bytes(pathlib.Path(f"{base}.pem").read_bytes() + pathlib.Path(f"{base}.key").read_bytes())
    world.postseal("key", "import", both_halves)
    mended(world.postgres.query, "delete from postseal.key where owner like '%past%'")


def web_server(name, shift="+0d", days=60):
    """In front of the portal, with a certificate for `name`."""
    def change(world, mended):
        port, base = world.spare[1], world.directory / "keys" / "web"
        world.authority.issue("web", f"/CN={name}", f"subjectAltName=DNS:{name}")
        made_at(shift, "x509", "-req", "-in", f"{base}.csr", "-CA", world.directory / "keys/authority.pem", "-CAkey",
                world.directory / "keys/authority.key", "-days", days, "-extfile", f"{base}.ext", "-out", f"{base}.pem")
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{base}.pem", "-key",
                                   f"{base}.key", "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        mended(server.wait)
        mended(server.kill)
        sandbox.wait_until(lambda: sandbox.port_answers(port), "the web server")
        configured(r'url "http://localhost:\d+"', f'url "https://localhost:{port}"')(world, mended)
    return change


def content_filter(options="receive_override_options=no_header_body_checks,no_milters"):
    """As in FILTER_README: what the filter was given comes back at a port that is open to this machine only. Postfix
    stands in for the filter."""
    def change(world, mended):
        port = world.spare[2]
        postconf(world, "-e", f"content_filter=scan:[127.0.0.1]:{port}")
        postconf(world, "-M", "-e", f"127.0.0.1:{port}/inet=127.0.0.1:{port} inet n - n - - smtpd -o content_filter= "
                 "-o mynetworks=127.0.0.0/8 -o smtpd_recipient_restrictions=permit_mynetworks,reject "
                 f"-o smtpd_authorized_xforward_hosts=127.0.0.0/8 {'-o ' if options else ''}{options}")
        postconf(world, "-M", "-e", "scan/unix=scan unix - - n - 2 smtp -o smtp_send_xforward_command=yes "
                 f"-o smtp_tls_security_level=none -o smtp_tcp_port={port}")
    return change


def wired(placement="edge"):
    def change(world, mended):
        world.wire("-p", placement, "apply")
    return change


def marked(world, mended):
    name = f"127.0.0.1:{world.spare[2]}/inet/smtpd_data_restrictions"
    postconf(world, "-P", "-e", f"{name}=check_client_access,regexp:{world.company.config}/postseal_mark")


def signer(world, mended):
    """The real OpenDKIM, at a port whose number reveals nothing."""
    directory, port = world.directory / "dkim", world.spare[0]
    directory.mkdir(exist_ok=True)
    sandbox.command("openssl", "genrsa", "-out", directory / "key", "2048")
    (directory / "conf").write_text(f"Mode s\nDomain example.com\nSelector s\nKeyFile {directory}/key\n"
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


def rewired(placement, *milters):
    """As an admin has them before Postseal comes."""
    def change(world, mended):
        world.wire("undo")
        listed(*milters)(world, mended)
        world.wire("-p", placement, "-s", f"inet:127.0.0.1:{world.spare[0]}", "apply")
    return change


def full_disk(world, mended):
    spool = world.directory / "portal-spool"
    sandbox.command("mount", "-t", "tmpfs", "-o", "size=4k,mode=0777", "none", spool)
    mended(sandbox.command, "umount", spool)
    (spool / "large").write_bytes(bytes(4096))


def socket_group(world, mended):
    path = world.milter_socket
    mended(os.chown, path, path.stat().st_uid, path.stat().st_gid)
    os.chown(path, -1, grp.getgrnam("daemon").gr_gid)


def two_passes(world, mended):
    """With aliases that point outside."""
    postconf(world, "-e", "virtual_alias_maps=inline:{team@example.com=joe@smime.example}")
    wired("expanded")(world, mended)


def receiving(networks, mynetworks):
    """With a rule for mail that comes in."""
    return both(configured(r"^match attachment", f'networks {{ {networks} }}\nreceive any open\nmatch attachment'),
                set_to("mynetworks", mynetworks))


publishing = both(configured(r"^organisation ", 'tls from dane, mta-sts\norganisation '),
                  set_to("postseal-verified/unix/smtp_dns_support_level", "dnssec"))


def milter_at_a_port(world, mended):
    """As wire has it then: without a table."""
    configured(r'^milter listen "[^"]*"', f'milter listen "inet:{world.spare[0]}@127.0.0.1"')(world, mended)
    for name in ("smtpd_milters", "non_smtpd_milters"):
        postconf(world, "-e", f"{name}=inet:127.0.0.1:{world.spare[0]}")
    set_to("postseal-verified/unix/smtp_tls_policy_maps", "")(world, mended)


def lost_table(world, mended):
    table = world.milter_socket.parent / "tls.sock"
    mended(table.with_suffix(".lost").rename, table)
    table.rename(table.with_suffix(".lost"))


def foreign_listener(world, mended):
    """In the table's place; it never answers."""
    lost_table(world, mended)
    path = world.milter_socket.parent / "tls.sock"
    other = unix_socket(path)
    path.chmod(0o777)
    mended(path.unlink)
    mended(other.close)


BROKEN = {
    # what the programs' users can do
    "postseal.conf that only root can read": (locked("postseal.conf"), "settings", "as postseal-keeper does .*Permission denied"),
    "file of a table that only root can read": (locked("verified"), "settings", "as postseal-milter does .*verified"),
    "master.key of another user": (locked("secrets/master.key", user="daemon"), "secrets", "chown nobody .*master.key.* may not read"),
    "login.key of another user": (locked("secrets/login.key", user="daemon"), "secrets", "chown nobody .*login.key"),
    "courier.pub that only root can read": (locked("secrets/courier.pub"), "secrets", "chmod 0444 .*courier.pub"),
    "spool of the milter that belongs to root": (locked("spool", 0o755), "spool", "spool directory: the user nobody may not write"),
    "spool of the portal that belongs to root": (locked("portal-spool", 0o755), "spool", "portal spool: the user nobody may not write"),
    "spool without space": (full_disk, "spool", "cannot write to .*No space left on device"),
    "home of gpg that belongs to root": (locked("run/gnupg", 0o755), "gpg", "gpg home: the user nobody may not write"),
    "gpg that is no program": (configured("^gpg home", 'gpg program "/etc/passwd"\ngpg home'), "gpg", "gpg at /etc/passwd"),
    "socket of the keeper that the milter may not use": (locked("run/keeper.sock", 0o600), "keeper", "as the milter does"),
    "keeper that is stopped": (stop("postseal-keeper"), "keeper", "keeper.sock"),
    "finder that is stopped though keys come from the network": (
        both(configured("^gpg home", "keys from database, wkd\ngpg home"), stop("postseal-finder")), "finder", "keys from.*finder.sock"),
    "socket of the finder that its askers may not use": (locked("run/finder.sock", 0o600), "finder", "as the user nobody .*usermod -a -G"),
    "log of the MTA that the courier may not read": (locked("company/log", 0o600), "mta log", "as the courier does .*usermod"),
    "database role that may not log in": (sql("alter role postseal_portal nologin", "alter role postseal_portal login"),
                                          "database roles", "as postseal-portal does .*not permitted to log in"),
    "table of another application without a grant": (foreign_table(False), "database roles",
                                                     "as postseal-milter does .*permission denied for schema crm"),
    # the milter's socket
    "socket of the milter with another group": (socket_group, "milter socket", "the user postfix may not write to .*milter.sock"),
    "table of the milter elsewhere": (set_to("postseal-verified/unix/smtp_tls_policy_maps", "socketmap:unix:elsewhere/tls.sock:domains"),
                                      "reinject verified", "not the milter's table"),
    "nobody to say what domains publish": (both(configured(r"^organisation ", 'tls from dane, mta-sts\norganisation '),
                                                set_to("postseal-verified/unix/smtp_tls_policy_maps", "")),
                                           "reinject verified", "does not learn what domains publish"),
    "milter at a port, which has no table": (both(publishing, restarted("postseal-milter", milter_at_a_port)), "reinject verified",
                                             "only beside a Unix socket, and listens at a port"),
    "table of the milter that is gone": (both(publishing, lost_table), "reinject verified", "its mail waits: .*tls.sock: No such file"),
    "table of the milter that Postfix may not ask": (
        both(publishing, lambda w, m: (m((w.milter_socket.parent / "tls.sock").chmod, 0o660), (w.milter_socket.parent / "tls.sock").chmod(0o600))),
        "reinject verified", "its mail waits: .*tls.sock: Permission denied"),
    "somebody else in the place of the table": (both(publishing, foreign_listener), "reinject verified", "does not answer as postseal-milter does"),
    "DANE for a Postfix that does not ask for signatures": (configured(r"^organisation ", 'tls from dane\norganisation '), "reinject verified",
                                                            "smtp_dns_support_level = disabled .*cannot verify by DANE"),
    "trust anchor that nothing is signed by": (
        both(publishing, restarted("postseal-finder", configured("^finder anchor .*", 'finder anchor "DIRECTORY/others/anchor"'))),
        "verified TLS", "DNSSEC can be validated .*signatures do not hold"),
    "another milter at its port": (listener(as_another_milter), "milter socket", "is another one than postseal-milter"),
    "no milter at its port": (listener(lambda asked: b"HTTP/1.0 400 Bad Request\r\n\r\n"), "milter socket",
                              "does not answer as a milter does"),
    # which mail reaches it
    "clients that have other milters": (set_to("smtpd_milter_maps", "inline:{127.0.0.1=DISABLE}"), "milters", "smtpd_milter_maps"),
    "filter before the queue": (set_to("SUBMISSION/smtpd_proxy_filter", "127.0.0.1:9"), "milters", "smtpd_proxy_filter"),
    "sendmail(1) without the milter": (set_to("postseal-pickup/unix/non_smtpd_milters", ""), "milters",
                                       "postseal-pickup/unix/non_smtpd_milters"),
    "OpenDKIM before it, at a port": (both(signer, listed("dkim", "ours")), "milter order", "sign before Postseal"),
    "filter that hands back to the milter": (content_filter(""), "milters", "sealed twice: add no_milters"),
    "mark on what a filter hands back": (both(content_filter(), wired(), marked), "transports", "marked as undecided"),
    "scanner that is stopped": (listed("unix:stopped.sock", "ours"), "milters", "unix:stopped.sock as well, which cannot be reached"),
    # recipients that change after it
    "copies by sender": (set_to("sender_bcc_maps", "inline:{a@example.com=b@example.com}"), "placement", "sender_bcc_maps"),
    "copies by recipient": (set_to("recipient_bcc_maps", "inline:{a@example.com=b@example.com}"), "placement", "recipient_bcc_maps"),
    "canonical addresses outside": (set_to("canonical_maps", "inline:{a@example.com=b@smime.example}"), "placement", "b@smime.example"),
    "recipients that are masqueraded": (set_to("masquerade_classes", "envelope_sender, envelope_recipient"), "placement", "masquerade"),
    "local aliases outside": (both(set_to("mydestination", "example.com"),
                                   set_to("alias_maps", "inline:{team=joe@smime.example}")), "placement", "joe@smime.example"),
    "mail of nobody sent on": (both(set_to("mydestination", "example.com"), set_to("luser_relay", "catch@example.com")),
                               "placement", "luser_relay"),
    # two passes
    "second pass that is decided in the first": (both(two_passes, set_to("milter_macro_defaults", "")), "placement", "decides twice"),
    "mail that the second pass hands to others": (both(two_passes, set_to("postseal-edge/unix/smtp_fallback_relay", "[x.example]")),
                                                  "placement", "smtp_fallback_relay"),
    "second pass that is reached from another address": (
        both(two_passes, set_to("postseal-edge/unix/smtp_bind_address", "192.0.2.9")), "placement", "connects from 192.0.2.9"),
    "second pass that is reached from the only interface": (
        both(two_passes, set_to("postseal-edge/unix/smtp_bind_address", ""), set_to("inet_interfaces", "192.0.2.9")),
        "placement", "connects from 192.0.2.9"),
    "second pass in a Postfix without IPv4": (both(two_passes, set_to("inet_protocols", "ipv6")), "placement", "does not start"),
    # mail from outside that a signer takes for ours
    "mail from outside in the second pass of all": (
        both(two_passes, lambda w, m: set_to("smtpd_data_restrictions", f"check_client_access regexp:{w.company.config}/postseal_mark")(w, m)),
        "mail from outside", "do not lead mail from outside.*sign what is forged"),
    "mail from outside that is permitted before": (
        both(two_passes, lambda w, m: set_to("smtpd_data_restrictions", w.company_value("smtpd_data_restrictions").replace(
            "postseal_mark,", "postseal_mark,permit_auth_destination,"))(w, m)),
        "mail from outside", "permit_auth_destination in smtpd_data_restrictions comes before"),
    "client of mail from outside that nobody names": (both(two_passes, set_to("postseal-outside/unix/smtp_send_xforward_command", "no")),
                                                      "mail from outside", "postseal-outside/unix: with smtp_send_xforward_command = no"),
    "client of mail from outside that no milter sees": (both(two_passes, set_to("OUTSIDE/smtpd_command_filter", "")),
                                                        "mail from outside", "with smtpd_command_filter = , milters are not told"),
    "second pass for mail from outside that is gone": (
        both(two_passes, lambda w, m: postconf(w, "-MX", "postseal-outside/unix")), "placement", "needs the transport postseal-outside/unix"),
    "second pass for mail from outside without the milter": (both(two_passes, set_to("OUTSIDE/smtpd_milters", "")), "milters", "does not name"),
    "copies handed over as mail of this machine": (
        both(signer, rewired("edge", "ours", "dkim"), set_to("postseal/unix/smtpd_authorized_xclient_hosts", "")),
        "mail from outside", "postseal/unix: with smtpd_authorized_xclient_hosts = , milters are not told"),
    "table of wire that is gone": (lambda world, mended: (world.company.config / "postseal_undecided").unlink(), "transports",
                                   "postseal_undecided, which .*: No such file .*mail waits"),
    # whom the verified connection trusts
    "authorities that cannot be read": (set_to("smtp_tls_CAfile", "/dev/null"), "reinject verified", "holds no certificate"),
    "authorities that are not in the chroot": (
        both(set_to("smtp_tls_CAfile", ""), set_to("smtp_tls_CApath", "/etc/ssl/certs"),
             lambda world, mended: postconf(world, "-F", "-e", "postseal-verified/unix/chroot=y")),
        "reinject verified", "no server can be verified, from within its chroot"),
    # dates, and key files
    "root that has expired": (root("-60d", 30), "certificates", "Old Root.* expired on .*import its successor"),
    "own key that has expired": (old_own_key, "certificates", "our own key .*past.* expired on"),
    "certificate of the portal that has expired": (web_server("localhost", "-40d", 30), "portal certificate", "has expired"),
    "certificate of the portal for another name": (web_server("other.example"), "portal certificate", "another name"),
    "master.key of another installation": (both(own_key, another_installation("master.key")), "key store",
                                           "master.key does not open the private key .*otto.*1 of 1"),
    "courier.key of another installation": (both(waiting_mail, another_installation("courier.key", "courier.pub")), "key store",
                                            "courier.key does not open mail in the outbox"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_installation_is_told(world_of, mended, name):
    change, look, sentence = BROKEN[name]
    change(world_of, mended)
    status, found = checked(world_of)
    wrong = {n: text for n, (verdict, text) in found.items() if verdict == "WRONG"}
    assert status == 1 and list(wrong) == [look], str(wrong)
    assert re.search(sentence, wrong[look]), wrong[look]


def without_chroot(world, mended):
    """And with a socket that smtpd knows by its full path."""
    postconf(world, "-F", "-e", "*/*/chroot=n")
    postconf(world, "-e", f"smtpd_milters=unix:{world.milter_socket}", f"non_smtpd_milters=unix:{world.milter_socket}")


def all_in_chroot(world, mended):
    """As on Debian."""
    for service in ("smtp/unix", "relay/unix", "cleanup/unix", "bounce/unix", "trace/unix", "rewrite/unix", "qmgr/unix"):
        postconf(world, "-F", "-e", f"{service}/chroot=y")


def no_portal(world, mended):
    stop("postseal-portal")(world, mended)
    configured(r"pickup expire 14 days|smime, pgp, pickup", "smime, pgp")(world, mended)


def postscreen(world, mended):
    postconf(world, "-M", "-e", "smtpd/pass=smtpd pass - - y - - smtpd")
    postconf(world, "-M", "-e", f"127.0.0.1:{world.spare[1]}/inet=127.0.0.1:{world.spare[1]} inet n - y - 1 postscreen")


def submission_with_login(world, mended):
    configured('^sign "any"', 'sign "mta"')(world, mended)
    for name, value in (("smtpd_sasl_auth_enable", "yes"), ("smtpd_sender_login_maps", "texthash:/dev/null"),
                        ("smtpd_sender_restrictions", "reject_sender_login_mismatch"),
                        ("smtpd_milters", "unix:postseal/milter.sock")):
        set_to(f"SUBMISSION/{name}", value)(world, mended)


RIGHT = {
    "at the edge, smtpd in its chroot, a Unix socket": lambda world, mended: None,
    "nothing in a chroot, the socket by its full path": without_chroot,
    "everything in the chroot": all_in_chroot,
    "after expansion, with aliases and copies": both(two_passes, set_to("always_bcc", "archive@example.com")),
    "after expansion, everything in the chroot": both(two_passes, all_in_chroot),
    "rspamd before it": listed("unix:scanner.sock", "ours"),
    "OpenDKIM behind it": both(signer, rewired("edge", "dkim")),
    "rspamd before it, OpenDKIM behind it, after expansion": both(signer, rewired("expanded", "unix:scanner.sock", "dkim")),
    "one address to send from, after expansion": both(set_to("smtp_bind_address", "192.0.2.9"), two_passes),
    "a single interface, after expansion": both(set_to("inet_interfaces", "192.0.2.9"), two_passes),
    "data restrictions that end with permit, in two passes": both(
        lambda w, m: w.wire("undo"), set_to("smtpd_data_restrictions", "reject_unauth_pipelining, permit"), wired("expanded")),
    "a content_filter beside it": both(content_filter(), wired()),
    "submission with logins that are bound to senders": submission_with_login,
    "no rule for the portal, which does not run": no_portal,
    "postscreen in front": postscreen,
    "no sendmail(1): without pickup": lambda world, mended: postconf(world, "-MX", "pickup/unix"),
    "a cleanup without milters that nothing uses": set_to("cleanup/unix/non_smtpd_milters", ""),
    "a table of another application that the programs may read": foreign_table(True),
    "a web server in front of the portal": web_server("localhost"),
    "the authorities of the system": both(set_to("smtp_tls_CAfile", ""), set_to("smtp_tls_CApath", "/etc/ssl/certs")),
    "own keys": own_key,
    "domains that publish what they take": publishing,
    "clients named as in Postfix, and a relay that hands over mail from outside": receiving(
        '"10.0.0.0/8" "2001:db8::/32"', "127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 10.0.0.0/9 10.128.0.0/9 10.0.0.0/8 [2001:db8::]/32 192.0.2.9"),
    "clients in tables of Postfix": receiving('"10.0.0.0/8"', "127.0.0.0/8 cidr:/dev/null"),
    "clients named for Postfix, without mail that comes in": set_to("mynetworks", "127.0.0.0/8 10.0.0.0/8"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_installation_is_not_called_wrong(world_of, mended, name):
    RIGHT[name](world_of, mended)
    status, found = checked(world_of)
    assert status == 0 and all(verdict == "good" for verdict, _ in found.values()), str(found)


# --- maps that answer for one address at a time ---

@pytest.fixture(scope="module")
def directory(world):
    """slapd with where an address leads to; Debian's postfix-ldap asks it."""
    certificate = world.authority.issue("directory", "/CN=localhost", "subjectAltName=DNS:localhost")
    server = directory_server.DirectoryServer(world.directory / "slapd", certificate)
    server.start(directory_server.person("Abuse", "abuse@example.com", "proxyAddresses: anna@example.com\n")
                 + directory_server.person("Joe", "joe@example.com", "proxyAddresses: joe@smime.example\n"))
    yield server
    server.stop()


def aliases_in(world, directory, query="(mail=%s)"):
    file = world.directory / "aliases.cf"
    file.write_text(f"server_host = ldap://127.0.0.1:{directory.plain}\nversion = 3\nbind = no\ntimeout = 5\n"
                    f"search_base = ou=people,{directory_server.SUFFIX}\nquery_filter = {query}\n"
                    "result_attribute = proxyAddresses\n")
    postconf(world, "-e", f"virtual_alias_maps=ldap:{file}")
    return lambda address: subprocess.run(["postmap", "-c", world.company.config, "-q", address, f"ldap:{file}"],
                                          capture_output=True, text=True).stdout.strip()


def test_directory_that_holds_aliases_was_called_good(world_of, directory):
    """What it holds of other addresses cannot be known: the doubt is told with what was seen."""
    answer = aliases_in(world_of, directory)
    assert answer("abuse@example.com") == "anna@example.com"
    status, found = checked(world_of)
    assert status == 0 and found["placement"][0] == "WARNING"
    assert re.search(r"virtual_alias_maps \(ldap:.*a directory answers for one address at a time.*none leads outside, but any other may",
                     found["placement"][1])


def test_directory_that_leads_outside_is_told(world_of, directory):
    answer = aliases_in(world_of, directory, "(cn=Joe)")  # whoever is asked for
    assert answer("postmaster@example.com") == "joe@smime.example"
    status, found = checked(world_of)
    assert status == 1 and found["placement"][0] == "WRONG"
    assert "postmaster@example.com leads to joe@smime.example after the milter" in found["placement"][1].replace("\t", "")


def test_directory_that_does_not_answer_is_told(world_of, directory):
    class Nobody:
        plain = world_of.spare[0]
    aliases_in(world_of, Nobody)
    status, found = checked(world_of)
    assert status == 1 and found["placement"][0] == "WRONG"
    assert re.search("virtual_alias_maps.*asking ldap:.*fatal: .*mail waits", found["placement"][1])


# --- what deserves a warning, though it works today ---

WARNED = {
    "clients that Postfix does not know": (receiving('"10.0.0.0/8"', "127.0.0.0/8 10.1.0.0/16"), "networks",
                                           "networks has 10.0.0.0/8, and mynetworks of Postfix has not"),
    "clients that only Postfix knows": (receiving('"10.0.0.0/8"', "127.0.0.0/8 10.0.0.0/8 192.0.2.0/24 [2001:db8::]/32"), "networks",
                                        "Postfix has 192.0.2.0/24 in mynetworks"),
    "OpenDKIM behind it, but not where copies and notices are handed over": (
        both(signer, listed("ours", "dkim")), "milter order", "does not sign what Postseal hands over"),
    "domain that takes verified TLS, though nobody can be asked": (
        both(publishing, sql("insert into postseal.domain_tls (domain, evidence, asked_at, outcome, why) values"
                             " ('partner.example', 'mta-sts', now(), 'failed', 'HTTP status 500')", "delete from postseal.domain_tls")),
        "verified TLS", "partner.example .mta-sts.: since 20.* UTC: HTTP status 500"),
    "root that expires soon": (root("+0d", 10), "certificates", r"Old Root.* expires in 10 days"),
    "own key that expires soon": (lambda w, m: own_key(w, m, days=10), "certificates", "our own key .*otto.* expires in 10 days"),
    "certificate of the portal that expires soon": (web_server("localhost", days=10), "portal certificate", r"expires in \d+ days"),
    "Postfix that logs elsewhere": (set_to("maillog_file", "/nowhere/postfix.log"), "mta log", "Postfix logs to /nowhere/postfix.log"),
    "log of the MTA that is not there": (configured(r"^mta log .*", 'mta log "/nowhere/mail.log"'), "mta log", "No such file"),
}


@pytest.mark.parametrize("name", WARNED)
def test_what_needs_attention_is_a_warning(world_of, mended, name):
    change, look, sentence = WARNED[name]
    change(world_of, mended)
    status, found = checked(world_of)
    assert status == 0 and {n for n, (verdict, _) in found.items() if verdict != "good"} == {look}, found
    assert found[look][0] == "WARNING" and re.search(sentence, found[look][1]), found[look]


def test_successor_ends_the_warning(world_of, mended):
    """Anyone who has renewed in time is not warned until the old certificate has expired."""
    own_key(world_of, mended, days=10)
    assert checked(world_of)[1]["certificates"][0] == "WARNING"
    own_key(world_of, mended, days=60)
    assert checked(world_of)[1]["certificates"][0] == "good"


def test_mail_passes_a_content_filter_beside_it(world_of, mended):
    """The mail was once marked as undecided again when the filter handed it back, and stayed in the queue."""
    both(content_filter(), wired())(world_of, mended)
    mended(world_of.company.reload)
    world_of.company.reload()
    sandbox.wait_until(lambda: sandbox.port_answers(world_of.spare[2]), "the port where mail comes back")
    assert checked(world_of, "--probe", "filtered@plain.example")[0] == 0
    box = world_of.maildirs / "plain.example" / "filtered"
    sandbox.wait_until(lambda: box.exists() and list(box.rglob("new/*")), "the mail")
