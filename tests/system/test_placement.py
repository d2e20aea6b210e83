"""At the edge, in one pass: what leaves and how, whatever else the MTA is configured to do."""
import os
import pwd
import re
import smtplib
import subprocess

import pytest

import people
import world as sandbox
from dovecot_auth import Authenticator
from scanner import Scanner

# The company has aliases, but none leads to someone whom the rules would treat differently.
PARAMETERS = {
    "virtual_alias_domains": "staff.example",
    "virtual_alias_maps": "texthash:{directory}/aliases",
}
RULES = sandbox.RULES.replace("match attachment", """match recipient "list@staff.example" deliver smime
match attachment""")


def prepare(world):
    (world.directory / "aliases").write_text("carl@staff.example carl@plain.example\n"
                                             "list@staff.example one@plain.example, two@plain.example\n")
    world.config.write_text(world.config.read_text().replace('domains { "example.com" }', 'domains { "example.com" "staff.example" }'))
    world.wire("-p", "edge", "apply")
    world.authenticator = Authenticator(world.company_queue / "private" / "auth")
    world.company.set(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot", smtpd_sasl_path="private/auth")


@pytest.mark.parametrize("change", [["-X", "milter_header_checks"], ["-e", "milter_header_checks ="]], ids=["absent", "empty"])
def test_tls_copy_does_not_depend_on_header_checks(world, post, name, change):
    """Promise 1: a setting lost from main.cf lets no mail leave without verified TLS."""
    sandbox.command("postconf", "-c", world.company.config, *change)
    world.company.reload()
    verified, wrong, plain = f"{name}@partner.example", f"{name}@wrong.example", f"{name}@plain.example"
    for to in ([verified], [wrong], [verified, plain]):
        post.accepted(post.compose(to), to)
    for mail in post.box(verified).wait(2):
        assert "with ESMTPS" in mail["Received"]
        assert not [f for f in mail.parsed.keys() if f.lower().startswith("x-postseal")]
    post.box(plain).one()
    sandbox.wait_until(lambda: re.search(rf"to=<{wrong}>.*Server certificate not verified", world.company.log.read_text()),
                       "Postfix to refuse the connection")
    assert post.box(wrong).files() == []
    assert [(c["method"], c["state"] in ("handed", "sent")) for c in post.copies(verified)] == [("tls", True)] * 2


@pytest.mark.parametrize("setting", ["smtp_fallback_relay=[partner.example]", "smtp_tls_per_site=inline:{ {wrong.example = MAY} }",
                                     "smtp_tls_policy_maps=inline:{ {wrong.example = may} }", "smtp_tls_security_level=may",
                                     "smtp_tls_secure_cert_match=stranger.example",
                                     "smtp_generic_maps=inline:{ {@wrong.example = @partner.example} }"])
def test_setting_for_other_mail_let_tls_copies_leave_unverified(world, post, name, setting):
    """Promise 1: main.cf sends other mail elsewhere, or asks less of its peer; the verifying transport does not."""
    parameter, value = setting.split("=", 1)
    world.company.forget_queue()  # a destination that the queue manager has found dead is not tried
    before = sandbox.command("postconf", "-c", world.company.config, "-h", parameter).decode().strip()
    world.company.set(**{parameter: value})
    wrong = f"{name}@wrong.example"
    try:
        post.accepted(post.compose([wrong]), [wrong])
        sandbox.wait_until(lambda: re.search(rf"postseal-verified/smtp\S+ .*to=<{wrong}>.*Server certificate not verified",
                                             world.company.log.read_text()), "Postfix to refuse the connection")
        for address in (wrong, f"{name}@partner.example"):
            assert post.box(address).files() == []
    finally:
        world.company.set(**{parameter: before})


def test_refused_copy_came_back_whole_to_whoever_was_named(world, post, name):
    """Promise 1: a bounce is mail as well, and nobody decides on it; it contains the header and nothing else."""
    spy, nosuch = f"{name}.spy@plain.example", f"{name}.nosuch@partner.example"
    world.outside.set(smtpd_recipient_restrictions=f"check_recipient_access inline:{{ {{{nosuch} = 550 5.1.1 unknown}} }}, "
                                                   "reject_unauth_destination")
    try:
        post.accepted(post.compose([nosuch], b"THE-SECRET\r\n", sender=spy), [nosuch], sender=spy)
        bounce = post.box(spy).one()
    finally:
        world.outside.set(smtpd_recipient_restrictions="")
    assert "Undelivered" in bounce["Subject"] and b"unknown" in bounce.raw and b"THE-SECRET" not in bounce.raw


def test_requeued_copy_forgot_that_its_connection_must_be_verified(world, post, name):
    """Promise 1: postsuper -r passes mail to pickup(8), which does not know the content_filter of
    the service by which it arrived."""
    wrong, right = f"{name}@wrong.example", f"{name}@partner.example"
    deferred = rf"postfix/(?:postseal-verified/smtp|error)\S+ (\w+): to=<{wrong}>.*Server certificate not verified"

    def tried():
        return set(re.findall(deferred, world.company.log.read_text()))

    world.company.set(defer_transports="postseal-verified")
    try:
        post.accepted(post.compose([wrong]), [wrong])
        post.accepted(post.compose([right]), [right])
        sandbox.wait_until(lambda: all(re.search(f"to=<{to}>.*status=deferred", world.company.log.read_text()) for to in (right, wrong)),
                           "both to be deferred")  # the milter's own line names them, too
        sandbox.command("postsuper", "-c", world.company.config, "-r", "ALL")
    finally:
        world.company.set(defer_transports="")
    sandbox.wait_until(tried, "the requeued copy to be tried", 90)  # pickup(8) looks once a minute
    assert post.box(wrong).files() == []
    mail = post.box(right).one()
    assert "with ESMTPS" in mail["Received"] and not mail.fields("X-Postseal-Verified")


@pytest.mark.parametrize("courier", ["runs", "comes later"])
def test_held_mail_was_not_followed_once_it_was_requeued(world, post, name, courier):
    """Promise 6: Postfix gives it another queue ID, twice here, under which its deliveries are logged."""
    smime, plain, tls, gone = to = [f"{name}@{domain}" for domain in ("smime.example", "plain.example", "partner.example", "nowhere.invalid")]
    people.certify(world, smime)
    world.company.forget_queue()

    def queue_ids():
        return {a: set(re.findall(rf"error\S+ (\w+): to=<{a}>.*status=deferred", world.company.log.read_text())) for a in to}

    def wait_for(count):
        sandbox.wait_until(lambda: all(len(ids) == count for ids in queue_ids().values()), f"all to be deferred under queue ID {count}", 90)

    world.company.set(defer_transports="smtp relay postseal-verified")
    try:
        post.accepted(post.compose(to), to)
        wait_for(1)
        if courier == "comes later":
            world.stop_program("postseal-courier")
        for count in (2, 3):
            sandbox.command("postsuper", "-c", world.company.config, "-h", "ALL")
            sandbox.command("postsuper", "-c", world.company.config, "-r", "ALL")
            world.company.reload()  # pickup(8) looks at once
            wait_for(count)
    finally:
        world.company.set(defer_transports="")
    if courier == "comes later":
        world.start_program("postseal-courier")
    wanted = dict.fromkeys((smime, plain, tls), "sent") | {gone: "failed"}

    def is_over():
        sandbox.command("postqueue", "-c", world.company.config, "-f")
        return {a: post.copies(a)[-1]["state"] for a in to} == wanted

    sandbox.wait_until(is_over, "the end of each copy on record", 90)
    for address, end in wanted.items():
        said = world.postgres.query(f"select what, detail from postseal.history where recipient = '{address}' order by at")
        assert [what for what, _ in said].count(end) == 1, said
        assert "deferred" in [what for what, _ in said]
        if end == "sent":
            assert re.search(rf"{address.split('@')[1]}\S*\[127\..*: 250 2.0.0 Ok: queued as", dict(said)["sent"]), said
            post.box(address).one()
    sandbox.wait_until(lambda: world.postgres.query("select count(*) from postseal.mta_mail m join postseal.copy c using (message)"
                                                    f" where c.address = '{plain}'") == [["0"]], "nothing to be followed any more")


def test_copy_for_verified_tls_was_led_to_another_transport(world, post, name):
    """Promise 1: whatever the reason, a transport that does not verify its peer holds it."""
    to = f"{name}@partner.example"
    service = "postseal-tls/unix/content_filter"
    sandbox.command("postconf", "-c", world.company.config, "-P", "-e", f"{service}=smtp:")
    world.company.reload()
    try:
        post.accepted(post.compose([to]), [to])
        sandbox.wait_until(lambda: re.search(rf"to=<{to}>.*local data error", world.company.log.read_text()), "it to be deferred")
        assert post.box(to).files() == []
    finally:
        sandbox.command("postconf", "-c", world.company.config, "-P", "-e", f"{service}=postseal-verified:")
        world.company.reload()
        world.company.forget_queue()


def show_wiring(path, *options):
    return sandbox.command(sandbox.SOURCE / "contrib/postfix/wire", "-c", path, *options, "show").decode()


@pytest.mark.parametrize("setting", [
    "header_checks=regexp:{ {/^Subject: x/ BCC archive@smime.example} }",
    "smtpd_client_restrictions=check_client_access cidr:{directory}/clients",
    "luser_relay=someone@smime.example; mydestination=gateway.example.com; forward_path=",
    "alias_maps=texthash:{directory}/team; mydestination=gateway.example.com; forward_path=",
    "forward_path=/var/forward/$user; mydestination=gateway.example.com",
    "alias_maps=texthash:{directory}/team; virtual_transport=local",
    "virtual_maps=texthash:{directory}/team",
    "-P cleanup/unix/always_bcc=archive@smime.example",
    "-P cleanup/unix/virtual_alias_maps=inline:{a@example.com=b@smime.example}",
    "masquerade_classes=envelope_sender,envelope_recipient; masquerade_domains=example.com",
])
def test_what_adds_recipients_was_not_seen_by_wire(world, setting, tmp_path):
    """Promise 1: wire said "edge, since nothing here adds or changes recipients"."""
    for name in ("main.cf", "master.cf"):
        (tmp_path / name).write_text((world.company.config / name).read_text())
    (tmp_path / "clients").write_text("127.0.0.1 REDIRECT archive@smime.example\n")
    (tmp_path / "postseal.before").write_text((world.company.config / "postseal.before").read_text())
    option, change = ("-P", setting[3:]) if setting.startswith("-P ") else ("-e", setting)
    (tmp_path / "team").write_text(f"team :include:{tmp_path}/list\n")
    if option == "-P":
        sandbox.command("postconf", "-c", tmp_path, "-P", "-e", change)
    else:
        sandbox.command("postconf", "-c", tmp_path, "-X", "virtual_alias_maps")
        assert "# placement: edge" in show_wiring(tmp_path)
        sandbox.command("postconf", "-c", tmp_path, "-e", *change.replace("{directory}", str(tmp_path)).split("; "))
    shown = show_wiring(tmp_path)
    assert "# placement: expanded" in shown
    assert change.split("=")[0].replace("virtual_maps", "virtual_alias_maps") in shown.split("main.cf")[0]


def copy_configuration(world, path):
    for name in ("main.cf", "master.cf", "postseal.before"):
        (path / name).write_text((world.company.config / name).read_text())


def test_setting_that_no_wiring_covers_was_wired(world, tmp_path):
    """Promise 1: copies for verified TLS went to the default next hop of filters; a service kept its mail from the second pass."""
    copy_configuration(world, tmp_path)
    sandbox.command("postconf", "-c", tmp_path, "-e", "default_filter_nexthop=plain.example")
    with pytest.raises(sandbox.Trouble, match="default_filter_nexthop = plain.example would lead copies for verified TLS to that host"):
        show_wiring(tmp_path)
    sandbox.command("postconf", "-c", tmp_path, "-X", "default_filter_nexthop")
    service = f"127.0.0.1:{world.ports['submission']}/inet/content_filter"
    sandbox.command("postconf", "-c", tmp_path, "-P", "-e", f"{service}=scan:[127.0.0.1]:10024")
    assert "# placement: edge" in show_wiring(tmp_path, "-p", "edge")
    with pytest.raises(sandbox.Trouble, match=f"{service} = scan.* keeps the mail of that service off the second pass"):
        show_wiring(tmp_path, "-p", "expanded")


def test_transport_with_header_checks_of_its_own_stopped_nothing(world, tmp_path):
    """Promise 1: wire set its stops only in main.cf."""
    copy_configuration(world, tmp_path)
    sandbox.command("postconf", "-c", tmp_path, "-M", "-e", "slow/unix=slow unix - - n - - smtp -o smtp_header_checks=regexp:/etc/slow")
    sandbox.command(sandbox.SOURCE / "contrib/postfix/wire", "-c", tmp_path, "-p", "edge", "apply")
    checks = sandbox.command("postconf", "-c", tmp_path, "-P", "-h", "slow/unix/smtp_header_checks").decode().strip()
    assert re.fullmatch(r"pipemap:\{regexp:\S+_undecided,fail:\w+\},pipemap:\{regexp:\S+_only_verified,fail:\w+\},regexp:/etc/slow", checks)
    sandbox.command(sandbox.SOURCE / "contrib/postfix/wire", "-c", tmp_path, "undo")
    assert sandbox.command("postconf", "-c", tmp_path, "-P", "-h", "slow/unix/smtp_header_checks").decode().strip() == "regexp:/etc/slow"


@pytest.fixture
def scanner(world):
    """One more milter, wired in front of Postseal."""
    scanner = Scanner(world.company_queue / "scanner.sock")
    world.wire("undo")
    world.company.set(smtpd_milters="unix:scanner.sock")
    world.wire("-p", "edge", "apply")
    world.company.reload()
    yield scanner
    world.wire("undo")
    world.company.set(smtpd_milters="")
    world.wire("-p", "edge", "apply")
    world.company.reload()
    scanner.close()


def test_copies_were_out_when_another_milter_refused(world, post, name, scanner):
    """Promises 1 and 3: the sender was told of a virus, yet outbox and portal sent their copies, and did so again without it."""
    to = [f"{name}@plain.example", f"{name}@partner.example", f"{name}@pickup.example"]
    message = post.compose(to, b"Invoice.\r\n", fields=["X-Virus: yes"])
    code, text = post.send(message, to)
    assert (code, "Virus found" in text) == (550, True)
    assert scanner.seen == [b"Invoice.\r\n"]
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    assert not [a for a in to if post.copies(a)]
    post.accepted(message.replace(b"X-Virus: yes\r\n", b""), to)
    for address in to:
        post.box(address).one()


def test_sealed_copy_was_refused_as_too_large(world, post, name):
    """Promise 2: a message that was accepted grew when it was sealed, and cleanup(8) enforces the limit as well."""
    address = f"{name}@smime.example"
    base = people.certify(world, address).with_suffix("")
    world.company.set(message_size_limit="200000")
    try:
        to = [f"{name}@plain.example", address]  # the plain copy stays in place, the sealed one goes by the outbox
        message = post.compose(to, b"".join(os.urandom(36).hex().encode() + b"\r\n" for _ in range(2400)))
        assert len(message) < 200000
        post.accepted(message, to)
        sealed = post.box(address).one()
        assert len(sealed.raw) > 200000 and people.open_smime(sealed, base) == people.entity_of(message)
    finally:
        world.company.set(message_size_limit="0")


@pytest.mark.parametrize("parameter,value", [("header_checks", "regexp:{{/^Subject: .*case 4711/ REDIRECT spy@plain.example}}"),
                                             ("body_checks", "regexp:{{/the secret of 4711/ REDIRECT spy@plain.example}}")])
def test_what_sendmail_submits_was_redirected_undecided(world, post, name, parameter, value):
    """Promises 1 and 6: no milter saw it, and it had no mark."""
    sender, to = f"{name}@example.com", f"{name}@plain.example"
    world.company.set(**{parameter: value})
    world.wire("-p", "edge", "apply")
    world.company.reload()
    try:
        for subject, body in (("case 4711", b"the secret of 4711\n"), ("another", b"Hello.\n")):
            message = post.compose([to], body, subject=subject, sender=sender).replace(b"\r\n", b"\n")
            sandbox.command("sendmail", "-C", world.company.config, "-f", sender, to, input=message)
        assert re.search(rb"would\s+lead\s+this\s+message\s+past\s+the\s+mail\s+gateway", post.box(sender).one().raw)
        assert post.box(to).one()["Subject"] == "another" and post.box("spy@plain.example").files() == []
    finally:
        world.company.set(**{parameter: ""})
        world.wire("-p", "edge", "apply")
        world.company.reload()


def test_refusal_is_heard_at_once_and_the_login_is_on_record(world, post, name):
    message = post.compose(["x@plain.example"], message_id=f"<{name}@example.com>", fields=["X-Postseal-Login: AAAA"])
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        smtp.login("anna.login", "any")
        smtp.sendmail("anna@example.com", [f"{name}@plain.example"], message)
        with pytest.raises(smtplib.SMTPDataError, match="not possible"):
            smtp.sendmail("anna@example.com", [f"{name}@smime.example"], message)
    assert not post.box(f"{name}@plain.example").one().fields("X-Postseal-Login")
    assert world.postgres.query(f"select distinct authenticated from postseal.message where message_id = '<{name}@example.com>'") \
        == [["anna.login"]]


# --- mail to the organisation's own people ---

def test_unlock_code_reaches_a_sender_who_is_an_alias(post, name):
    """virtual_alias_domains: the code bounced with a null sender, because nobody had looked up where it goes."""
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to], sender="carl@staff.example"), [to], sender="carl@staff.example")
    assert to in post.box("carl@plain.example").one().codes()


def test_sealed_copy_to_a_list_reaches_its_members_unopened(world, post, name):
    base = people.certify(world, "list@staff.example").with_suffix("")
    to = ["list@staff.example", f"{name}@plain.example"]  # the plain copy stays in place, the sealed one goes through the outbox
    message = post.compose(to, b"For the list.\r\n")
    post.accepted(message, to)
    for member in ("one@plain.example", "two@plain.example"):
        assert people.open_smime(post.box(member).one(), base) == people.entity_of(message)
    assert [c["method"] for c in post.copies("list@staff.example")] == ["smime"]


def test_nobody_gets_a_copy_of_a_code_or_of_what_is_sealed(world, post, name):
    """always_bcc adds recipients to incoming mail, not to what Postseal hands over."""
    world.company.set(always_bcc=f"{name}@partner.example")
    try:
        to = [f"{name}@pickup.example", f"{name}@plain.example"]
        sender = f"{name}@example.com"
        post.accepted(post.compose(to, sender=sender), to, sender=sender)
        post.box(sender).one()
        post.box(f"{name}@pickup.example").one()
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        assert len(post.box(f"{name}@partner.example").files()) <= 1  # of the message itself, as Postfix does
    finally:
        world.company.set(always_bcc="")


# --- the sockets of re-injection ---

LISTENER = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("listening", flush=True)
while True:
    peer, _ = s.accept()
    try:
        peer.sendall(b"220 mail.example ESMTP\\r\\n")
        print(peer.recv(4096), flush=True)
    except OSError:
        pass
    peer.close()
"""


def test_somebody_else_on_the_socket_is_handed_nothing(world, post, name):
    """The MTA is down, and another user's process has taken its place."""
    other = pwd.getpwnam("daemon")
    place = world.run / name
    place.mkdir()
    place.chmod(0o777)
    path = place / "socket"
    original = world.config.read_text()
    fake = subprocess.Popen(["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups", "/usr/bin/python3", "-c", LISTENER, path],
                            stdout=subprocess.PIPE, text=True)
    try:
        assert fake.stdout.readline() == "listening\n"
        path.chmod(0o777)
        world.stop_program("postseal-courier")
        world.config.write_text(re.sub(r'^(reinject(?: mapped)?) "unix:.*"', rf'\1 "unix:{path}"', original, flags=re.M))
        world.start_program("postseal-courier")
        to = f"{name}@pickup.example"
        post.accepted(post.compose([to]), [to])
        said = f"user ID {other.pw_uid} is listening there, not postfix"
        sandbox.wait_until(lambda: said in world.log("postseal-courier"), "the courier to say so")
        with pytest.raises(sandbox.Trouble, match="is listening there, not postfix"):
            world.check()
    finally:
        fake.kill()
        heard = fake.stdout.read()
        world.stop_program("postseal-courier")
        world.config.write_text(original)
        world.start_program("postseal-courier")
    assert "EHLO" not in heard and "MAIL" not in heard
    post.box(to).one()


def test_socket_of_the_mta_is_for_its_group_alone(world):
    """Through a port, any process on the machine could send mail unseen."""
    path = world.company_queue / "public" / "postseal"
    tried = subprocess.run(["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "/usr/bin/python3", "-c",
                            f"import socket; socket.socket(socket.AF_UNIX).connect('{path}')"], capture_output=True, text=True)
    assert "PermissionError" in tried.stderr


@pytest.mark.parametrize("parameter,value", [("header_checks", "regexp:{{/^Subject: .*case 4711/ REDIRECT spy@plain.example}}"),
                                             ("header_checks", "regexp:{{/^Subject: .*case 4711/ REDIRECT spy@plain.example}, {/^X-/ IGNORE}}"),
                                             ("body_checks", "regexp:{{/the secret of 4711/ REDIRECT spy@plain.example}}"),
                                             ("receive_override_options", "no_milters"), ("smtpd_milters", "")])
def test_mail_of_which_no_milter_heard_left(world, post, name, parameter, value):
    """Promises 1 and 6: Postfix calls no milter if a header or body check redirects a mail, or if a
    setting says so."""
    before = sandbox.command("postconf", "-c", world.company.config, "-h", parameter).decode().strip()
    to = f"{name}@plain.example"
    world.company.set(**{parameter: value})
    started = len(world.company.log.read_text())
    try:
        post.accepted(post.compose([to], b"the secret of 4711\r\n", subject="case 4711"), [to])
        sandbox.wait_until(lambda: "local data error" in world.company.log.read_text()[started:], "it to wait")
        assert post.box(to).files() == [] and post.box("spy@plain.example").files() == []
    finally:
        world.company.set(**{parameter: before})
        world.company.forget_queue()


def test_wire_says_where_the_socket_is(world, tmp_path):
    """Whoever names another path learns before all mail waits that an smtpd in its chroot does not find it."""
    copy_configuration(world, tmp_path)
    service = f"127.0.0.1:{world.ports['submission']}/inet"
    queue = world.company.queue
    inside = rf"^# socket: {queue}/postseal/milter.sock, which Postfix calls unix:postseal/milter.sock, .*\(in one: {service}"
    assert re.search(inside, show_wiring(tmp_path), re.M)
    assert re.search(inside, show_wiring(tmp_path, "-m", f"unix:{queue}/postseal/milter.sock"), re.M)
    assert re.search("^# socket: inet:127.0.0.1:8899, a port", show_wiring(tmp_path, "-m", "inet:127.0.0.1:8899"), re.M)
    elsewhere = ("-m", "unix:/run/postseal/milter.sock")
    with pytest.raises(sandbox.Trouble, match=rf"/run/postseal/milter.sock is outside the queue directory(?s:.*){service}(?s:.*)milter listen"):
        show_wiring(tmp_path, *elsewhere)
    sandbox.command("postconf", "-c", tmp_path, "-F", "-e", "*/*/chroot=n")
    assert re.search("^# socket: /run/postseal/milter.sock; nothing that asks the milter is in a chroot", show_wiring(tmp_path, *elsewhere), re.M)
    assert re.search("^# socket: .* with and without a chroot$", show_wiring(tmp_path), re.M)
    sandbox.command("postconf", "-c", tmp_path, "-F", "-e", f"{service}/chroot=-")
    show_wiring(tmp_path, *elsewhere)
    sandbox.command("postconf", "-c", tmp_path, "-e", "compatibility_level=0")
    with pytest.raises(sandbox.Trouble, match="do not find it: " + service):
        show_wiring(tmp_path, *elsewhere)
