"""`postseal check`: each installation that was broken in one place is reported, and a working one is not."""
import contextlib
import os
import pathlib
import re
import shutil

import pytest

import world as sandbox
from scanner import Scanner


def prepare(world):
    # A name, so that tests can say which service they mean.
    world.submission = f"127.0.0.1:{world.ports['submission']}/inet"
    world.milter = "unix:postseal/milter.sock"
    # Milters beside it, which can be reached.
    world.beside = [Scanner(world.company_queue / name) for name in ("dkim.sock", "spam.sock")]


@pytest.fixture
def broken(world):
    """Restores main.cf, master.cf and postseal.conf."""
    files = [world.company.config / "main.cf", world.company.config / "master.cf", world.config]
    kept = [f.read_text() for f in files]
    yield
    for file, text in zip(files, kept):
        file.write_text(text)


def set_parameter(world, setting):
    """"name=value", or "-P service/type/name=value" for one service."""
    words = setting.replace("SUBMISSION", world.submission).split(" ", 1)
    option, change = (words[:1], words[1]) if words[0] == "-P" else ([], setting)
    sandbox.command("postconf", "-c", world.company.config, *option, "-e", change)


def says(world, look, sentence=None):
    """The only looks that may report something wrong; the sentence is that of the last."""
    with pytest.raises(sandbox.Trouble) as trouble:
        world.check()
    wrong = re.findall(r"^(.+?) +WRONG: (.*)$", str(trouble.value), re.M)
    assert [w[0] for w in wrong] == look.split(", "), wrong
    assert sentence is None or re.search(sentence, wrong[-1][1]), wrong[-1][1]


def test_nothing_is_wrong_where_all_works(world):
    for line in world.check().splitlines():
        assert re.match(r".{18} good", line), line


# What is set in main.cf (or, with -P, for a service in master.cf), and what check must say about
# it.
BROKEN = [
    ("smtpd_milters=", "milters", "smtpd_milters .* does not name"),
    ("non_smtpd_milters=", "milters", "non_smtpd_milters .* does not name"),
    ("receive_override_options=no_milters", "milters", "disables the milter"),
    ("-P SUBMISSION/smtpd_milters=", "milters", "SUBMISSION/smtpd_milters .* bypasses the milter"),
    ("-P SUBMISSION/receive_override_options=no_milters", "milters", "SUBMISSION/receive_override_options"),
    ("smtpd_milters=unix:dkim.sock,unix:postseal/milter.sock", "milter order", "sign before Postseal seals"),
    ("smtpd_milters=unix:postseal/milter.sock,unix:spam.sock", "milter order", "asks unix:spam.sock after Postseal.* wire -s"),
    ("milter_default_action=accept", "milter failures", "default action accept"),
    ("milter_default_action=quarantine", "milter failures", "default action quarantine"),
    ("smtpd_milters={unix:postseal/milter.sock,default_action=accept}", "milter failures", "default action accept"),
    ("-P SUBMISSION/milter_default_action=accept", "milter failures", "SUBMISSION/smtpd_milters"),
    ("milter_protocol=2", "milter failures", "milter_protocol = 2"),
    ("smtpd_milters={unix:postseal/milter.sock,protocol=2}", "milter failures", "milter_protocol = 2"),
    ("smtpd_milters={unix:postseal/milter.sock, command_timeout = 5s}", "milter failures", "milter_command_timeout = 5s"),
    ("smtpd_milters={unix:postseal/milter.sock,content_timeout=20s}", "milter failures", "milter_content_timeout = 20s"),
    ("always_bcc=archive@example.com", "placement", "always_bcc = archive@example.com adds recipients"),
    ("-P cleanup/unix/always_bcc=archive@example.com", "placement", "cleanup/unix/always_bcc = archive@example.com adds recipients"),
    ("header_checks=regexp:{ {/^Subject: x/ BCC archive@smime.example} }", "placement", "header_checks has tables with BCC"),
    ("smtpd_helo_restrictions=check_helo_access texthash:DIRECTORY/redirects", "placement", "smtpd_helo_restrictions has tables with BCC or REDIRECT"),
    ("smtp_generic_maps=inline:{a@example.com=b@smime.example}", "placement", "smtp_generic_maps .* leads to b@smime.example"),
    ("smtp_header_checks=", "transports", "do not stop what nobody has decided on"),
    ("smtpd_data_restrictions=", "transports", "do not mark"),
    ("-P SUBMISSION/smtpd_data_restrictions=", "transports", "SUBMISSION.* do not mark"),
    ("-P relay/unix/smtp_header_checks=", "transports", "relay/unix"),
    ("header_checks=regexp:{ {/^(X-|Postseal)/ IGNORE} }", "transports", "answers \"IGNORE\" to the header line"),
    ("-P postseal-pickup/unix/body_checks=regexp:DIRECTORY/redirects", "transports", "pickup/unix has no mark"),
    ("default_filter_nexthop=plain.example", "transports", "qmgr/unix.*FILTER smtp:plain.example"),
    ("-P postseal-cleanup/unix/message_size_limit=1000000", "sizes", "refuses what grew"),
    ("header_size_limit=59900", "sizes", "59900 cuts off header fields, .* more than 58900 may have been cut off"),
    ("-P cleanup/unix/header_size_limit=20000", "sizes", "cleanup/unix: header_size_limit = 20000 cuts off"),
    ("milter_macro_defaults=", "sizes", "does not tell the milter the message_size_limit"),
    ("-P local/unix/alias_maps=hash:/etc/aliases", "placement", "local/unix.* alias_maps = hash:/etc/aliases may lead anywhere"),
    ("-P local/unix/forward_path=$home/.forward", "placement", "forward_path = .* may lead anywhere"),
    ("virtual_alias_maps=texthash:DIRECTORY/outside", "placement", "team@example.com leads to joe@smime.example"),
    ("recipient_canonical_maps=inline:{a@example.com=b@smime.example}", "placement", "leads to b@smime.example"),
    ("content_filter=postseal-edge:[127.0.0.1]:9", "reinject mapped, placement", "decides twice"),
    ("-P postseal/unix/smtpd_milters=unix:postseal/milter.sock", "reinject", "sealed twice"),
    ("-P postseal-mapped/unix/smtpd_milters=unix:postseal/milter.sock", "reinject mapped", "sealed twice"),
    ("-P postseal/unix/smtpd_milters=unix:dkim.sock,unix:spam.sock", "reinject", "other than those that sign"),
    ("smtpd_milters=unix:nobody.sock,unix:postseal/milter.sock", "milters", r"unix:nobody.sock as well, which cannot be reached .*No such file"),
    ("smtpd_milters=inet:127.0.0.1:9,unix:postseal/milter.sock", "milters", r"inet:127.0.0.1:9 as well, .*Connection refused"),
    ("-P postseal-verified/unix/smtp_tls_security_level=may", "reinject verified", "may does not verify the server"),
    ("-P postseal-verified/unix/smtp_tls_policy_maps=hash:/etc/x", "reinject verified", "smtp_tls_policy_maps = .* could"),
    ("-P postseal-verified/unix/smtp_fallback_relay=[relay.example]", "reinject verified", "smtp_fallback_relay = "),
    ("-P postseal-verified/unix/smtp_tls_per_site=hash:/etc/x", "reinject verified", "smtp_tls_per_site = "),
    ("-P postseal-verified/unix/smtp_generic_maps=hash:/etc/x", "reinject verified", "smtp_generic_maps = "),
    ("-P postseal-verified/unix/smtp_tls_secure_cert_match=hostname", "reinject verified", "smtp_tls_secure_cert_match = "),
    ("bounce_size_limit=50000", "bounces", "return whole"),
    ("-P bounce/unix/bounce_size_limit=100", "bounces", "bounce/unix .* return whole"),
    ("-P postseal-tls/unix/content_filter=", "reinject verified", "is not a transport in master.cf"),
]


@pytest.mark.parametrize("setting,look,sentence", BROKEN, ids=[b[0] for b in BROKEN])
def test_postfix_that_lets_mail_go_its_own_way_is_told(world, broken, setting, look, sentence):
    maps = world.directory / "maps"
    maps.mkdir(exist_ok=True)
    (maps / "outside").write_text("info@example.com anna@example.com\nteam@example.com joe@smime.example\n")
    (maps / "redirects").write_text("old.example REDIRECT joe@smime.example\n")
    set_parameter(world, setting.replace("DIRECTORY", str(maps)))
    says(world, look, sentence.replace("SUBMISSION", world.submission))


def test_transport_that_looks_at_no_mark_was_not_named(world, broken):
    """Promise 1: a REDIRECT to an address that pipe(8) delivers took mail that nobody had decided on."""
    set_parameter(world, "header_checks=regexp:{ {/^Subject: x/ REDIRECT spy@fax.example} }")
    sandbox.command("postconf", "-c", world.company.config, "-M", "-e", "fax/unix=fax unix - n n - - pipe flags=R user=nobody argv=/bin/false")
    with pytest.raises(sandbox.Trouble, match=r"transports +WRONG: .*header_checks has tables with REDIRECT: .*look at no mark.*: .*fax/unix"):
        world.check()


GOOD_SETTINGS = [
    "header_checks=regexp:{ {/^X-/ IGNORE} {/^Postseal-/ DUNNO} }",
    "-P SUBMISSION/content_filter=smtp:[127.0.0.1]:9",
    "smtpd_milters=unix:postseal/milter.sock,unix:dkim.sock",
    "smtpd_milters={unix:postseal/milter.sock,connect_timeout=5s}",
    "smtpd_milters={unix:nobody.sock,default_action=accept,protocol=2,content_timeout=1s},unix:postseal/milter.sock",
    "masquerade_classes=envelope_sender,envelope_recipient",
    "-P postseal/unix/smtpd_milters=unix:dkim.sock",
    "milter_default_action=reject",
    "virtual_alias_maps=inline:{info@example.com=anna@example.com}",
    "virtual_alias_maps=regexp:/dev/null",
    "-P SUBMISSION/smtpd_milters=unix:postseal/milter.sock",
]


@pytest.mark.parametrize("setting", GOOD_SETTINGS)
def test_what_works_is_not_called_wrong(world, broken, setting):
    set_parameter(world, setting)
    assert "WRONG" not in world.check()


def test_milter_at_a_port_is_not_called_wrong(world, broken):
    """inet:8891@localhost is libmilter's notation for what Postfix calls inet:localhost:8891."""
    port = sandbox.free_ports(1)[0]
    world.stop_program("postseal-milter")
    kept = world.config.read_text()
    try:
        world.config.write_text(kept.replace(f"unix:{world.milter_socket}", f"inet:{port}@127.0.0.1"))
        world.start_program("postseal-milter")
        for name in ("smtpd_milters", "non_smtpd_milters"):
            sandbox.command("postconf", "-c", world.company.config, "-e", f"{name}=inet:localhost:{port}")
        says(world, "reinject verified", "socketmap:unix:postseal/tls.sock:domains is not the milter's table")
        sandbox.command("postconf", "-c", world.company.config, "-P", "-e", "postseal-verified/unix/smtp_tls_policy_maps=")
        assert "WRONG" not in world.check()
    finally:
        world.stop_program("postseal-milter")
        world.config.write_text(kept)
        world.start_program("postseal-milter")


@contextlib.contextmanager
def changed(path, mode=None, user=None):
    status = path.stat()
    if mode is not None:
        path.chmod(mode)
    if user is not None:
        shutil.chown(path, user)
    try:
        yield
    finally:
        path.chmod(status.st_mode & 0o7777)
        os.chown(path, status.st_uid, status.st_gid)


def test_socket_that_smtpd_may_not_use_is_told(world):
    with changed(world.milter_socket, 0o600):
        says(world, "milter socket", "the user postfix may not write to .*milter.sock")
    with changed(world.milter_socket.parent, 0o700):
        with pytest.raises(sandbox.Trouble) as trouble:
            world.check()
    wrong = dict(re.findall(r"^(.+?) +WRONG: (.*)$", str(trouble.value), re.M))
    assert set(wrong) == {"milter socket", "reinject verified"}  # the milter's table is in the same directory
    assert "the user postfix may not enter" in wrong["milter socket"]
    assert re.search("its mail waits: .*tls.sock: Permission denied", wrong["reinject verified"])


def test_log_that_anybody_may_write_to_is_told(world):
    with changed(world.company.log, 0o666):
        says(world, "mta log", "anybody may write to it")


def test_socket_outside_the_chroot_is_told(world, broken):
    """For example in /run: that path does not exist for a chrooted smtpd, whatever its mode."""
    sandbox.command("postconf", "-c", world.company.config, "-e", f"smtpd_milters=unix:{world.milter_socket}")
    with pytest.raises(sandbox.Trouble, match=r"milter socket +WRONG: .*runs in a chroot"):
        world.check()


def test_socket_outside_the_chroot_of_an_old_master_cf_is_told(world, broken):
    """Its "-" means "y" where compatibility_level was never set; it was taken for "n", and all mail waited."""
    sandbox.command("postconf", "-c", world.company.config, "-F", "-e", f"{world.submission}/chroot=-")
    sandbox.command("postconf", "-c", world.company.config, "-e", f"smtpd_milters=unix:{world.milter_socket}")
    assert "WRONG" not in world.check()
    sandbox.command("postconf", "-c", world.company.config, "-e", "compatibility_level=0")
    with pytest.raises(sandbox.Trouble, match=r"milter socket +WRONG: .*runs in a chroot"):
        world.check()


def test_courier_outside_the_group_is_told(world, broken):
    world.config.write_text(world.config.read_text().replace('courier user "nobody"', 'courier user "daemon"'))
    with pytest.raises(sandbox.Trouble, match=r"reinject +WRONG: .*usermod -a -G postdrop daemon.*may not enter"):
        world.check()


@pytest.mark.parametrize("program,sentence", [("postseal-milter", "connecting to postseal-milter at"),
                                              ("postseal-portal", "connecting to postseal-portal at")])
def test_program_that_is_stopped_is_told(world, program, sentence):
    world.stop_program(program)
    try:
        with pytest.raises(sandbox.Trouble, match=rf"programs +WRONG: {sentence}"):
            world.check()
    finally:
        world.start_program(program)


def test_courier_that_is_stopped_is_told(world, post, name):
    world.stop_program("postseal-courier")
    try:
        to = [f"{name}@partner.example"]
        post.accepted(post.compose(to), to)
        assert "WRONG" not in world.check()
        world.postgres.query("update postseal.outbox set next_attempt_at = now() - interval '3 minutes'")
        says(world, "programs", "1 messages in the outbox have been due .* is it running")
    finally:
        world.start_program("postseal-courier")
    post.box(to[0]).one()


def test_spool_that_cannot_be_written_is_told(world):
    with changed(world.directory / "spool", 0o755, "root"):
        says(world, "spool", "the user nobody may not write to")


def test_key_file_of_somebody_else_is_told(world):
    with changed(world.directory / "secrets" / "courier.key", user="daemon"):
        says(world, "secrets", "chown nobody .*the user nobody may not read .*courier.key \\(owner daemon")


def test_key_files_of_two_installations_are_told(world, tmp_path):
    path = world.directory / "secrets" / "courier.pub"
    kept = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(os.urandom(32))
    try:
        says(world, "secrets", "courier.pub does not match courier.key")
    finally:
        path.write_bytes(kept)
        path.chmod(0o444)


def test_signing_for_whom_the_mta_lets_through_is_told(world, broken):
    world.config.write_text(world.config.read_text().replace('sign "any"', 'sign "mta"'))
    assert "WRONG" not in world.check()  # nobody authenticates
    set_parameter(world, "-P SUBMISSION/smtpd_sasl_auth_enable=yes")
    says(world, "logins", "may send as any colleague")
    set_parameter(world, "smtpd_sender_login_maps=texthash:/dev/null")
    says(world, "logins")
    set_parameter(world, "-P SUBMISSION/smtpd_sender_restrictions=reject_sender_login_mismatch")
    assert "WRONG" not in world.check()


def test_port_for_reinjection_is_warned_of(world, broken):
    port = sandbox.free_ports(1)[0]
    sandbox.command("postconf", "-c", world.company.config, "-M", "-e",
                    f"127.0.0.1:{port}/inet=127.0.0.1:{port} inet n - n - - smtpd -o smtpd_milters= "
                    "-o syslog_name=postfix/postseal")
    world.company.reload()
    sandbox.wait_until(lambda: sandbox.port_answers(port), "the port")
    world.config.write_text(re.sub(r'^reinject "unix:.*"', f'reinject "smtp://127.0.0.1:{port}"', world.config.read_text(),
                                   flags=re.M))
    text = world.check()
    assert re.search(r"^reinject +good: .*a Unix socket is safer", text, re.M)


def test_two_passes_are_looked_at(world, broken):
    """As wire sets them up, and with each of the parts missing."""
    files = [world.company.config / "main.cf", world.company.config / "master.cf"]
    world.wire("-p", "expanded", "apply")
    try:
        wired = [f.read_text() for f in files]
        assert re.search(r"^placement +good: after alias expansion", world.check(), re.M)
        sandbox.command("postconf", "-c", world.company.config, "-e", "always_bcc=archive@example.com")
        assert "WRONG" not in world.check()
        for setting, look, sentence in [
                ("milter_macro_defaults=postseal_size_limit=0", "placement", "decides twice"),
                (f"-P 127.0.0.1:{world.ports['second_pass']}/inet/receive_override_options=", "placement", "must not be mapped"),
                (f"-P 127.0.0.1:{world.ports['second_pass']}/inet/smtpd_milters=", "milters", "second_pass|does not name"),
                ("-P postseal-edge/unix/smtp_bind_address=192.0.2.9", "placement", "connects from 192.0.2.9 .*all of it is returned"),
                ("inet_protocols=ipv6", "placement", "Postfix does not start"),
                ("-P SUBMISSION/content_filter=", "filters", "SUBMISSION.*keep its mail off the second pass.*postconf -PX")]:
            set_parameter(world, setting)
            says(world, look, sentence.replace("SUBMISSION", world.submission))
            for file, text in zip(files, wired):
                file.write_text(text)
            sandbox.command("postconf", "-c", world.company.config, "-e", "always_bcc=archive@example.com")
    finally:
        pathlib.Path(world.company.config / "postseal.before").unlink(missing_ok=True)
