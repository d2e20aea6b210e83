"""`postseal check`: files, sockets, keys and certificates that the programs cannot use, or not for long; each installation is broken in
one place."""
import grp
import os
import pathlib
import shutil
import smtplib
import subprocess
import time


import world as sandbox
from installation import (  # noqa: F401
    both, checked, configured, locked, mended, prepare, pytest_generate_tests, set_to, sql, stop,
    test_broken_installation_is_told, test_right_installation_is_not_called_wrong,
    test_what_needs_attention_is_a_warning, world_of)

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


TABLE = 'table patients database "select 1 from crm.patient where email = $1"\n'


def foreign_table(grant):
    """A table of another application that its owner may read, and others only if they are granted access."""
    def change(world, mended):
        mended(world.postgres.query, "drop schema crm cascade")
        world.postgres.query("create schema crm; create table crm.patient (email text)")
        if grant:
            world.postgres.query("grant usage on schema crm to postseal_milter, postseal_portal; "
                                 "grant select on crm.patient to postseal_milter, postseal_portal")
        configured("^rule \"drawings\"", TABLE + "match recipient in <patients> deliver pickup\nrule \"drawings\"")(world, mended)
    return change


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


def waits_for_approval(world, mended):
    mended(world.read_rules_again)
    mended(world.config.write_text, world.config.read_text())
    configured('^rule "drawings"', 'table officers { "otto@example.com" }\nrule "ask" match subject regex "Budget" hold "Ask." for <officers>\nrule "drawings"')(world, mended)
    world.read_rules_again()
    mended(world.postgres.query, "delete from postseal.approval")
    message = b"From: <anna@example.com>\r\nTo: <joe@plain.example>\r\nSubject: Budget\r\n\r\nHello.\r\n"
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.sendmail("anna@example.com", ["joe@plain.example"], message)


def full_disk(world, mended):
    spool = world.directory / "portal-spool"
    sandbox.command("mount", "-t", "tmpfs", "-o", "size=4k,mode=0777", "none", spool)
    mended(sandbox.command, "umount", spool)
    (spool / "large").write_bytes(bytes(4096))


def socket_group(world, mended):
    path = world.milter_socket
    mended(os.chown, path, path.stat().st_uid, path.stat().st_gid)
    os.chown(path, -1, grp.getgrnam("daemon").gr_gid)


def no_portal(world, mended):
    stop("postseal-portal")(world, mended)
    configured(r"pickup expire 14 days|smime, pgp, pickup", "smime, pgp")(world, mended)


def no_journal(world, mended):
    """journald passes on what it is told, and keeps nothing."""
    mended(setattr, world, "journald", world.journald)
    world.journald = world.directory / "journald.conf"
    world.journald.write_text("[Journal]\n#Storage=auto\nStorage=none\n")
    configured("^mta log .*", 'mta log "journal"')(world, mended)
    set_to("maillog_file", "")(world, mended)


def log_of_syslog(age):
    """A file that rsyslog would have to write; it was last written that many seconds ago."""
    def change(world, mended):
        log = world.directory / "mail.log"
        log.touch(0o644)
        os.utime(log, (time.time() - age,) * 2)
        configured("^mta log .*", f'mta log "{log}"')(world, mended)
        set_to("maillog_file", "")(world, mended)
    return change


def mail_parked(world, mended):
    mended(world.postgres.query, "delete from postseal.parcel")
    message = b"From: <anna@example.com>\r\nTo: <joe@pickup.example>\r\nSubject: Hello\r\n\r\nHello.\r\n"
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.sendmail("anna@example.com", ["joe@pickup.example"], message)
    sandbox.wait_until(world.nothing_waits, "the notice to leave")


followed_under_another_name = both(
    stop("postseal-courier"),
    sql("update postseal.mta_log set source = 'old' || source, read_at = now() - interval '1 hour'",
        "update postseal.mta_log set source = substr(source, 4)"))


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
    "journal that keeps nothing": (no_journal, "mta log", "Storage=none"),
    "log that nobody writes to": (both(waiting_mail, log_of_syslog(3600)), "mta log",
                                  "nothing was written there since mail of .*does rsyslog run .*logrotate"),
    "verifier that is believed under our name": (configured("^gpg home", 'keys authenticated { "gateway.example.com" }\ngpg home'), "results",
                                                 "counts as forged; set authserv id"),
    # dates, and key files
    "root that has expired": (root("-60d", 30), "certificates", "Old Root.* expired on .*import its successor"),
    "own key that has expired": (old_own_key, "certificates", "our own key .*past.* expired on"),
    "certificate of the portal that has expired": (web_server("localhost", "-40d", 30), "portal certificate", "has expired"),
    "certificate of the portal for another name": (web_server("other.example"), "portal certificate", "another name"),
    "master.key of another installation": (both(own_key, another_installation("master.key")), "key store",
                                           "master.key does not open the private key .*otto.*1 of 1"),
    "courier.key of another installation": (both(waiting_mail, another_installation("courier.key", "courier.pub")), "key store",
                                            "courier.key does not open mail in the outbox"),
    "login.key of another installation": (both(waits_for_approval, another_installation("login.key")), "key store",
                                          "login.key does not open what waits for approval"),
    "postseal.conf that the finder may not read": (
        both(configured('(^finder socket .*) user "nobody"', r'\1 user "man"'), locked("postseal.conf", 0o400, "nobody")),
        "settings", "as postseal-finder does .user man."),
}

RIGHT = {
    "a log that was rotated since the last mail": both(waiting_mail, log_of_syslog(0)),
    "the portal under the name that its links have": mail_parked,
    "no rule for the portal, which does not run": no_portal,
    "a table of another application that the programs may read": foreign_table(True),
    "a web server in front of the portal": web_server("localhost"),
    "own keys": own_key,
}

WARNED = {
    "machine that was renamed": (configured('^hostname .*', 'hostname "old.example.com"'), "names",
                                 "hostname is old.example.com, but Postfix says that it is gateway.example.com"),
    "log that was followed under another name": (followed_under_another_name, "names", "one that was called old"),
    "portal that was renamed": (both(mail_parked, configured(r'url "http://localhost:', 'url "http://secure.example.com:')), "names",
                                "the links of 1 messages .* lead to http://localhost:"),
    "root that expires soon": (root("+0d", 10), "certificates", r"Old Root.* expires in 10 days"),
    "own key that expires soon": (lambda w, m: own_key(w, m, days=10), "certificates", "our own key .*otto.* expires in 10 days"),
    "certificate of the portal that expires soon": (web_server("localhost", days=10), "portal certificate", r"expires in \d+ days"),
    "Postfix that logs elsewhere": (both(set_to("maillog_file_prefixes", "/nowhere"), set_to("maillog_file", "/nowhere/postfix.log")), "mta log", "Postfix logs to /nowhere/postfix.log"),
    "log of the MTA that is not there": (configured(r"^mta log .*", 'mta log "/nowhere/mail.log"'), "mta log", "No such file"),
}


def test_successor_ends_the_warning(world_of, mended):
    """Anyone who has renewed in time is not warned until the old certificate has expired."""
    own_key(world_of, mended, days=10)
    assert checked(world_of)[1]["certificates"][0] == "WARNING"
    own_key(world_of, mended, days=60)
    assert checked(world_of)[1]["certificates"][0] == "good"


def test_password_list_that_is_missing_was_no_word_worth(world):
    """Every word of a dictionary was taken for a password, and only the log said so."""
    def said(*before):
        done = subprocess.run([*before, world.bin / "postseal", "-f", world.config, "check"], capture_output=True, text=True)
        return done.stdout + done.stderr
    assert "cracklib" not in said()
    missing = said("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /var/cache/cracklib && exec "$@"', "sh")
    assert "cracklib_dict.pwd cannot be read" in missing and "any word of a dictionary" in missing
