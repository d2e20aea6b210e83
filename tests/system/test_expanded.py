"""Behind Postfix's aliases, in two passes: each address that an alias expands to gets its own
decision, the record says what left, and the second pass knows who authenticated in the first."""
import json
import os
import re
import signal
import smtplib
import subprocess

import pytest

import people
import world as sandbox
from dovecot_auth import Authenticator
from person import Person
from test_inbound import TEXT, Outside, arrived, employee, envelope, results, signed

LOCAL = "gateway.example.com"
PARAMETERS = {
    "mydestination": LOCAL,
    "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
    "mailbox_size_limit": "0",
    "recipient_delimiter": "+",
    "virtual_alias_maps": "texthash:{directory}/aliases",
    "recipient_canonical_maps": "texthash:{directory}/canonical",
    "sender_bcc_maps": "texthash:{directory}/sender_bcc",
    "recipient_bcc_maps": "texthash:{directory}/recipient_bcc",
    "always_bcc": "archive@plain.example",
    "forward_path": "{directory}/forward/$user",
}
MAPS = {
    "aliases": """team@example.com joe@plain.example, sue@smime.example, pia@pickup.example
everybody@example.com team@example.com, sue@smime.example, anna@example.com, tom@partner.example
once@example.com once@plain.example
plus@example.com joe@plain.example, pia@pickup.example
home@example.com games@gateway.example.com
refused@example.com ceo@closed.example
private@example.com fred@smime.example
both@example.com both@example.com, fred@smime.example
staff@example.com crew@example.com, omar@example.com
crew@example.com lara@example.com, omar@example.com
""",
    "canonical": "old@plain.example new@smime.example\nformer@example.com omar@example.com\n",
    "sender_bcc": "boss@example.com copies@smime.example\n",
    "recipient_bcc": "watched@plain.example watcher@smime.example\nomar@example.com deputy@example.com\n",
}
SETTINGS = 'networks { "192.0.2.0/24" }\n'
RULES = sandbox.RULES.replace("match attachment", """receive any open
match recipient "ceo@plain.example" reject "They take no mail."
match recipient domain "closed.example" reject "They take no mail."
match attachment""")


def prepare(world):
    for name, text in MAPS.items():
        (world.directory / name).write_text(text)
    (world.directory / "forward").mkdir()
    world.authenticator = Authenticator(world.company_queue / "private" / "auth")
    world.company.set(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot", smtpd_sasl_path="private/auth")


@pytest.fixture(scope="module")
def keys(world):
    return {a: people.certify(world, a).with_suffix("") for a in
            ("sue@smime.example", "new@smime.example", "copies@smime.example", "watcher@smime.example", "fred@smime.example")}


@pytest.fixture
def secret(post, world, keys):
    """Sends a secret; returns what became of each copy that left, and checks that the record says
    the same, once."""
    def send(to, name, sender="anna@example.com", **options):
        # Recipients who get something of every message, or of other people's: only what is new
        # counts.
        body = f"The secret is {name}.\r\n".encode()
        message = post.compose(to, body, sender=sender, message_id=f"<{name}@example.com>")
        options.setdefault("send", lambda: post.accepted(message, to, sender=sender))()
        return Outcome(world, post, keys, name, people.entity_of(message))

    return send


class Outcome:
    def __init__(self, world, post, keys, name, entity):
        self.world, self.post, self.keys, self.name, self.entity = world, post, keys, name, entity

    def rows(self):
        return self.world.postgres.query(
            "select c.recipient, c.method, c.state, m.authenticated, m.client from postseal.copy c"
            f" join postseal.message m on m.id = c.message where m.message_id = '<{self.name}@example.com>' order by 1")

    def history(self, address):
        return self.world.postgres.query("select h.what, h.detail from postseal.history h join postseal.message m on m.id = h.message"
                                         f" where m.message_id = '<{self.name}@example.com>' and h.recipient = '{address}' order by h.at")

    def is_exactly(self, wanted):
        """{address: method}, and the archive of everything that is sent."""
        wanted = {**wanted, "archive@plain.example": "plain"}
        sandbox.wait_until(lambda: len(self.rows()) >= len(wanted), f"{len(wanted)} copies on record: {self.rows()}")
        sandbox.wait_until(self.world.nothing_waits, "the outbox to be empty")
        assert [r[:2] for r in self.rows()] == sorted([a, m] for a, m in wanted.items())
        for address, method in wanted.items():
            if not address.endswith(f"@{LOCAL}"):  # from there it goes on to where it is forwarded
                sandbox.wait_until(lambda a=address: self.arrived(a), f"the copy for {address}")
                assert self.arrived(address) == [method], address
        return self

    def arrived(self, address):
        """How each of our mails reached a mailbox."""
        found = []
        for path in self.post.box(address).files():
            mail = people.Received(path.read_bytes())
            assert not mail.fields("X-Postseal-Login") and b"postseal.invalid" not in mail.raw
            if address in self.keys and "pkcs7" in str(mail["Content-Type"]):
                if people.open_smime(mail, self.keys[address]) == self.entity:
                    found.append("smime")
            elif f"The secret is {self.name}.".encode() in mail.raw:
                found.append("tls" if "with ESMTPS" in mail["Received"] else "plain")
            elif "secure-mail" in str(mail["From"]) and "/m/" in mail.text() and not self.is_counted(path):
                found.append("pickup")
        return found

    counted = {}

    def is_counted(self, path):
        """Notices do not say which message they belong to: each counts for the first one that looks for it."""
        return self.counted.setdefault(path, self.name) != self.name


def test_wire_says_why(world):
    """It depends on main.cf before the wiring."""
    shown = world.wire("show")
    assert "# placement: expanded" in shown
    for name in ("virtual_alias_maps", "recipient_canonical_maps", "always_bcc", "sender_bcc_maps", "recipient_bcc_maps"):
        assert re.search(rf"^#   {name} = ", shown, re.M), name


@pytest.mark.parametrize("original", ["yes", "no"])
@pytest.mark.parametrize("to,wanted", [
    (["team@example.com"], {"joe@plain.example": "plain", "sue@smime.example": "smime", "pia@pickup.example": "pickup"}),
    (["everybody@example.com"], {"joe@plain.example": "plain", "sue@smime.example": "smime", "pia@pickup.example": "pickup",
                                 "anna@example.com": "plain", "tom@partner.example": "tls"}),
    (["once@example.com", "once@plain.example", "ONCE@plain.example"], {"once@plain.example": "plain"}),
    (["old@plain.example", "new@smime.example"], {"new@smime.example": "smime"}),
    (["watched@plain.example"], {"watched@plain.example": "plain", "watcher@smime.example": "smime"}),
], ids=["alias", "nested", "twice", "canonical", "recipient_bcc"])
def test_each_expanded_recipient_is_decided_by_itself(world, secret, name, to, wanted, original):
    """Promises 1 and 3; with and without enable_original_recipient."""
    world.company.set(enable_original_recipient=original)
    secret(to, name).is_exactly(wanted)


def test_bcc_is_unseen_in_two_passes(world, post, name):
    """Promise 5: the second pass decides for each that an alias leads to, and what one is sees none of the others."""
    blind = [f"{name}blind@plain.example", f"{name}blind@pickup.example"]
    people.certify(world, f"{name}@smime.example")
    to = [f"{name}@smime.example", f"{name}@plain.example", "plus+%s@example.com" % name]
    post.accepted(post.compose(to, fields=[f"Bcc: {', '.join(blind)}"]), [*to, *blind])
    for address in (*to[:2], f"joe+{name}@plain.example", f"pia+{name}@pickup.example", *blind):
        mail = post.box(address).one()
        assert not mail.fields("Bcc") and not [a for a in blind if a != address and a.encode() in mail.raw], address


def test_plus_addresses_are_expanded_too(secret, name):
    secret([f"plus+{name}@example.com"], name).is_exactly(
        {f"joe+{name}@plain.example": "plain", f"pia+{name}@pickup.example": "pickup"})


def test_copy_for_the_archive_of_a_sender_is_sealed_for_the_archive(secret, name):
    secret([f"{name}@plain.example"], name, sender="boss@example.com").is_exactly(
        {f"{name}@plain.example": "plain", "copies@smime.example": "smime"})


def test_forward_file_does_not_lead_past_the_policy(world, secret, name):
    """Promise 1: local(8) queues forwarded mail without asking milters or content_filter."""
    (world.directory / "forward" / "games").write_text(f"fred@smime.example, {name}@pickup.example\n")
    found = secret(["home@example.com"], name)
    found.is_exactly({f"games@{LOCAL}": "plain", "fred@smime.example": "smime", f"{name}@pickup.example": "pickup"})


def test_sendmail_command_is_covered(world, post, secret, name):
    """pickup(8) and non_smtpd_milters; a field that claims a login is ignored."""
    message = post.compose(["team@example.com"], f"The secret is {name}.\r\n".encode(), message_id=f"<{name}@example.com>",
                           fields=["X-Postseal-Login: " + "A" * 120])

    def send():
        subprocess.run(["/usr/sbin/sendmail", "-C", world.company.config, "-f", post.sender, "team@example.com"],
                       input=message.replace(b"\r\n", b"\n"), check=True, env={**os.environ, "MAIL_CONFIG": str(world.company.config)})

    found = secret(["team@example.com"], name, send=send)
    found.is_exactly({"joe@plain.example": "plain", "sue@smime.example": "smime", "pia@pickup.example": "pickup"})
    assert {row[3] for row in found.rows()} == {""}


# --- mail that comes in ---

def test_sealed_mail_is_opened_once_for_each_to_whom_it_is_expanded(world, post):
    """Nested aliases, a canonical map and a bcc map lead to the same people: each gets one copy, opened with their own key."""
    outside, author = Outside(world, post), "bob@partner.example"
    inner = signed(world, TEXT, author)
    message = outside.mail(envelope(inner, *(employee(world, a) for a in ("lara@example.com", "omar@example.com"))), ["staff@example.com"],
                           sender=author)
    employee(world, "deputy@example.com")
    outside.send(message, ["staff@example.com", "former@example.com"], sender=author)
    mails = {who: post.box(f"{who}@example.com").one() for who in ("lara", "omar", "deputy")}
    identifier = mails["lara"]["Message-ID"]
    sandbox.wait_until(lambda: any(identifier.encode() in path.read_bytes() for path in post.box("archive@plain.example").files()),
                       "the copy for the archive")
    archived, = [mail for mail in map(people.Received, (path.read_bytes() for path in post.box("archive@plain.example").files()))
                 if mail["Message-ID"] == identifier]
    assert [arrived(mails[who]) for who in ("lara", "omar")] == [inner] * 2
    assert [results(mails[who]) for who in ("lara", "omar")] == [{"x-decrypted": "pass", "smime": "pass"}] * 2
    assert arrived(mails["deputy"]) == arrived(archived) == people.entity_of(message)
    rows = world.postgres.query("select c.recipient, c.method from postseal.copy c join postseal.message m on m.id = c.message"
                                f" where m.message_id = '{identifier}' and c.state <> 'repeated' order by 1")
    assert rows == [["archive@plain.example", "plain"], ["deputy@example.com", "pass"], ["lara@example.com", "open"],
                    ["omar@example.com", "open"]]
    assert world.postgres.query(f"select kind, how from postseal.attestation where address = '{author}'") == [["smime", "signed mail"]]


# --- who authenticated ---

def login(world, message, to, user="anna.login", sender="anna@example.com"):
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        smtp.login(user, "any")
        smtp.sendmail(sender, to, message)


def test_login_is_on_record_in_the_second_pass(world, post, secret, name):
    message = post.compose(["x@plain.example"], f"The secret is {name}.\r\n".encode(), message_id=f"<{name}@example.com>",
                           fields=["X-Postseal-Login: " + "A" * 120])
    found = secret([], name, send=lambda: login(world, message, [f"{name}@plain.example"]))
    found.is_exactly({f"{name}@plain.example": "plain"})
    assert {tuple(row[3:]) for row in found.rows()} == {("anna.login", "localhost [127.0.0.1]")}


def test_who_did_not_authenticate_has_no_login(post, secret, name):
    found = secret([f"{name}@plain.example"], name).is_exactly({f"{name}@plain.example": "plain"})
    assert {row[3] for row in found.rows()} == {""}


def test_note_of_another_message_gives_no_login(world, post, secret, name):
    """Somebody on this machine has seen the field of a waiting message, and puts it into one of their own."""
    def waiting():
        listed = sandbox.command("postqueue", "-c", world.company.config, "-j").decode().splitlines()
        return [m["queue_id"] for m in map(json.loads, listed) if f"{name}other@plain.example" in str(m["recipients"])]

    world.company.set(defer_transports="postseal-edge")
    try:
        login(world, post.compose(["x@plain.example"], b"Other.\r\n"), [f"{name}other@plain.example"])
        queue_id = sandbox.wait_until(waiting, "the mail in the queue")[0]
        queued = sandbox.command("postcat", "-c", world.company.config, "-q", queue_id)
    finally:
        world.company.set(defer_transports="")
    note = re.search(rb"X-Postseal-Login: (\S+)", queued).group(1)
    assert b"anna.login" not in queued.partition(b"MESSAGE CONTENTS")[2]
    message = post.compose(["x@plain.example"], f"The secret is {name}.\r\n".encode(), message_id=f"<{name}@example.com>",
                           fields=[f"X-Postseal-Login: {note.decode()}"])
    with smtplib.SMTP("127.0.0.1", world.ports["second_pass"]) as smtp:
        smtp.sendmail("boss@example.com", [f"{name}@plain.example"], message)
    rows = sandbox.wait_until(lambda: Outcome(world, post, {}, name, b"").rows(), "the record")
    assert {row[3] for row in rows} == {""}
    sandbox.wait_until(lambda: "was not made by us for this message" in world.log("postseal-milter"), "the warning")


def test_lost_content_filter_does_not_leave_mail_undecided(world, post, secret, name):
    """Promise 1: without a second pass, the first pass decides."""
    world.company.set(content_filter="")
    try:
        to = [f"{name}@pickup.example", "sue@smime.example"]
        post.accepted(post.compose(to, f"The secret is {name}.\r\n".encode(), message_id=f"<{name}@example.com>"), to)
        assert post.box(f"{name}@pickup.example").one().link()
        assert [c["method"] for c in post.copies(f"{name}@pickup.example")] == ["pickup"]
    finally:
        world.company.set(content_filter=f"postseal-edge:[127.0.0.1]:{world.ports['second_pass']}")


def test_refusal_reaches_the_sender_as_a_bounce(world, post, name):
    sender = f"{name}@example.com"
    to = ["refused@example.com", f"{name}@plain.example"]
    post.accepted(post.compose(to, sender=sender), to, sender=sender)
    bounce = post.box(sender).one()
    assert re.search(rb"They\s+take\s+no\s+mail", bounce.raw)
    assert post.box(f"{name}@plain.example").files() == []


def test_what_a_rule_refused_came_back_whole_to_whoever_was_named(world, post, name):
    """Promise 1: a refusal in the second pass becomes a bounce, which bypasses every decision."""
    spy = f"{name}@plain.example"
    post.accepted(post.compose(["ceo@closed.example"], b"THE-DRAWING\r\n", sender=spy), ["ceo@closed.example"], sender=spy)
    bounce = post.box(spy).one()
    assert "They take no mail." in bounce.raw.decode() and b"THE-DRAWING" not in bounce.raw


def test_undecided_mail_went_to_the_fallback_relay(world, post, name):
    """Promise 1: while no decision can be made, the mail waits, whatever main.cf says about mail that waits."""
    to = f"{name}@plain.example"
    world.company.set(smtp_fallback_relay="[partner.example]")
    world.stop_program("postseal-milter")
    try:
        with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
            with pytest.raises(smtplib.SMTPException):  # the first pass asks the milter, too
                smtp.sendmail("anna@example.com", [to], post.compose([to]))
    finally:
        world.start_program("postseal-milter")
    world.postgres.query("alter role postseal_milter nologin")
    world.postgres.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postseal_milter'")
    try:
        post.accepted(post.compose([to]), [to])
        sandbox.wait_until(lambda: re.search(rf"postseal-edge/smtp\S+ .*to=<{to}>.*status=deferred", world.company.log.read_text()),
                           "the second pass to defer the mail")
        assert post.box(to).files() == []
    finally:
        world.postgres.query("alter role postseal_milter login")
        world.company.set(smtp_fallback_relay="")
    sandbox.command("postqueue", "-c", world.company.config, "-f")
    assert post.box(to).one()


@pytest.mark.parametrize("parameter,before,table,text", [
    ("header_checks", "", "regexp:{directory}/filter", "/^Subject:/ FILTER smtp:[127.0.0.1]:9\n"),
    ("smtpd_sender_restrictions", "check_sender_access ", "texthash:{directory}/filter", "example.com FILTER smtp:[127.0.0.1]:9\n"),
    ("smtpd_client_restrictions", "check_client_access ", "cidr:{directory}/filter", "127.0.0.1 REDIRECT boss@example.com\n"),
])
def test_filter_action_that_leads_past_the_second_pass_is_told(world, parameter, before, table, text):
    """Promise 1: FILTER overrides content_filter, although the first pass has decided nothing."""
    (world.directory / "filter").write_text("# FILTER smtp:[127.0.0.1]:9\n")
    sandbox.command("postconf", "-c", world.company.config, "-e",
                    f"{parameter}={before}{table.format(directory=world.directory)}")
    try:
        said = subprocess.run([str(w) for w in world.among_groups("env", f"MAIL_CONFIG={world.company.config}", world.bin / "postseal",
                                                                 "-f", world.config, "check")], capture_output=True, text=True).stdout
        assert re.search(r"^filters +good$", said, re.M), said
        (world.directory / "filter").write_text(text)
        said = subprocess.run([str(w) for w in world.among_groups("env", f"MAIL_CONFIG={world.company.config}", world.bin / "postseal",
                                                                 "-f", world.config, "check")], capture_output=True, text=True).stdout
        assert re.search(rf"^filters +WRONG: .*{parameter} has tables with REDIRECT or FILTER: ", said, re.M), said
    finally:
        sandbox.command("postconf", "-c", world.company.config, "-X", parameter)
# --- what overrides content_filter, and so misses the second pass ---

REJECTED = "ceo@plain.example"  # "They take no mail."


@pytest.mark.parametrize("parameter,value", [
    ("header_checks", f"regexp:{{ {{/^Subject: .*case 4711/ REDIRECT {REJECTED}}} }}"),
    ("header_checks", "regexp:{ {/^Subject: .*case 4711/ FILTER smtp:} }"),
    ("header_checks", f"regexp:{{ {{/^Subject: .*case 4711/ BCC {REJECTED}}} }}"),
    ("body_checks", f"regexp:{{ {{/the secret of 4711/ REDIRECT {REJECTED}}} }}"),
    ("milter_header_checks", f"regexp:{{ {{/^X-Postseal-Login:/ REDIRECT {REJECTED}}} }}"),
    ("smtpd_recipient_restrictions", f"check_recipient_access inline:{{ {{plain.example = REDIRECT {REJECTED}}} }}, permit_mynetworks, reject"),
    ("smtpd_sender_restrictions", "check_sender_access inline:{ {anna@example.com = FILTER relay:[127.0.0.1]} }"),
    ("smtpd_sender_restrictions", f"check_sender_access inline:{{ {{anna@example.com = BCC {REJECTED}}} }}"),
], ids=["header-redirect", "header-filter", "header-bcc", "body-redirect", "milter-header-redirect", "access-redirect", "access-filter", "access-bcc"])
def test_redirect_or_filter_skipped_the_second_pass(world, post, name, parameter, value):
    """Promise 1: it left in plain, with the sender's login in it, and nothing was on record. Now it
    is decided, or waits."""
    before = sandbox.command("postconf", "-c", world.company.config, "-h", parameter).decode().strip()
    world.company.set(**{parameter: value})
    to = f"left{name}@plain.example"
    try:
        started = len(world.company.log.read_text())
        post.accepted(post.compose([to], f"the secret of 4711, {name}\r\n".encode(), subject="case 4711"), [to])
        sandbox.wait_until(lambda: re.search(r"(status=deferred \(local data error|They take no mail)", world.company.log.read_text()[started:]),
                           "the mail to be refused, or to wait")
        for address in (to, REJECTED):
            assert post.box(address).files() == []
    finally:
        world.company.set(**{parameter: before})
        world.company.forget_queue()


# --- what was decided before ---

def test_unlock_code_went_to_a_stranger_whose_mail_was_forwarded(world, post, name):
    """Codes stay in the organisation: mail from outside cannot be offered for pick-up, and its sender is told why."""
    (world.directory / "forward" / "games").write_text(f"{name}@pickup.example\n")
    stranger = f"{name}@plain.example"
    post.accepted(post.compose(["home@example.com"], sender=stranger), ["home@example.com"], sender=stranger)
    mail = post.box(stranger).one()
    assert "the sender is not of the organisation" in mail.raw.decode()
    assert mail.codes() == {} and not re.search("http.*/track/", mail.raw.decode())
    assert post.box(f"{name}@pickup.example").files() == []


def first_pass_clients(world):
    """Process IDs of the clients that hand mail from the first pass to the second."""
    found = subprocess.run(["pgrep", "-f", "^smtp -n postseal-edge "], capture_output=True, text=True).stdout.split()
    return [int(pid) for pid in found if os.path.realpath(f"/proc/{pid}/cwd") == str(world.company.queue.resolve())]


def test_first_pass_that_did_not_hear_the_second_had_all_of_it_sent_twice(world, post, secret, name):
    """Promise 3. Its client dies while the milter is at work; Postfix then offers the same queue file again."""
    to = ["sue@smime.example", f"{name}@pickup.example", f"{name}@partner.example", f"{name}@plain.example"]
    with world.postgres.session() as session:
        session.ask("begin; lock table postseal.message in share mode")
        found = secret(to, name)
        sandbox.wait_until(lambda: session.ask("select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'"
                                               " and usename = 'postseal_milter'") == "t", "the milter to wait")
        for pid in first_pass_clients(world):
            os.kill(pid, signal.SIGKILL)
        session.ask("rollback")
    sandbox.wait_until(found.rows, "the record")

    def is_offered_again():
        sandbox.command("postqueue", "-c", world.company.config, "-f")
        return "offers again what the second has taken" in world.log("postseal-milter")

    sandbox.wait_until(is_offered_again, "the first pass to offer it again", 90)
    found.is_exactly({to[0]: "smime", to[1]: "pickup", to[2]: "tls", to[3]: "plain"})
    for address in to[1:]:
        post.box(address).one()


def same_but(message, before, after):
    assert message.count(before) == 1
    return message.replace(before, after)


@pytest.mark.parametrize("before, after, sender", [
    (b"Subject: ", b"Subject: Another ", "anna@example.com"), (b"\r\n\r\n", b"\r\nContent-Language: de\r\n\r\n", "anna@example.com"),
    (b"From: ", b"From: ", "other@example.com")])
def test_another_message_with_the_same_id_and_text_was_known_already(world, post, name, before, after, sender):
    """Promises 1 and 6. It passed unchanged and unrecorded if a .forward led to the same address again."""
    (world.directory / "forward" / "games").write_text(f"{name}@plain.example\n")
    message = post.compose(["games@gateway.example.com"], b"Hello.\r\n", message_id=f"<{name}@example.com>")
    for number, (text, who) in enumerate([(message, "anna@example.com"), (same_but(message, before, after), sender)], 1):
        post.accepted(text, ["games@gateway.example.com"], sender=who)
        sandbox.wait_until(lambda n=number: int(world.postgres.query(
            f"select count(*) from postseal.message where message_id = '<{name}@example.com>'")[0][0]) >= 2 * n,
            f"message {number} on record twice")


def requeue(world):
    sandbox.command("postsuper", "-c", world.company.config, "-r", "ALL")
    world.company.reload()  # pickup(8) looks at once, not within a minute


def test_requeued_mail_was_decided_on_once_more(world, post, keys, secret, name):
    """Promises 1, 3, 4 and 6: S/MIME arrived wrapped in S/MIME, the notice with the link was
    parked, and a copy for verified TLS had lost its transport."""
    world.company.set(defer_transports="smtp relay postseal-verified")
    to = ["sue@smime.example", f"{name}@pickup.example", f"{name}@partner.example", f"{name}@plain.example"]
    wanted = {to[0]: "smime", to[1]: "pickup", to[2]: "tls", to[3]: "plain", "archive@plain.example": "plain"}
    try:
        found = secret(to, name)
        sandbox.wait_until(lambda: len(found.rows()) == len(wanted), "the record")
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        sandbox.wait_until(lambda: all(f"to=<{a}>" in world.company.log.read_text() for a in to), "all to be deferred")
        requeue(world)
        sandbox.wait_until(lambda: world.log("postseal-milter").count(": decided before for ") >= 4, "all to come into the second pass", 90)
    finally:
        world.company.set(defer_transports="")

    def arrived(address):
        sandbox.command("postqueue", "-c", world.company.config, "-f")
        return found.arrived(address)

    for address in to:
        sandbox.wait_until(lambda a=address: arrived(a), f"the copy for {address}", 60)
        assert found.arrived(address) == [wanted[address]]
    again = [r[:2] for r in found.rows() if r[0] != "archive@plain.example"]  # which Postfix adds once more
    assert again == sorted([a, m] for a, m in wanted.items() if a != "archive@plain.example")
    is_followed_to_its_end(found, [to[0], to[2], to[3]])
    sandbox.wait_until(lambda: any(what == "notice sent" and "pickup.example[" in detail for what, detail in found.history(to[1])),
                       "the notice to be followed")


def is_followed_to_its_end(found, addresses):
    """Promise 6: what the next hop said is on record, once, and nothing is taken for its answer that Postfix told itself."""
    for address in addresses:
        sandbox.wait_until(lambda a=address: "sent" in [what for what, _ in found.history(a)], f"the copy for {address} to be sent")
        said = [detail for what, detail in found.history(address) if what == "sent"]
        assert len(said) == 1 and "queued as" in said[0] and not said[0].startswith("127.0.0.1"), said
        assert any(what == "deferred" for what, _ in found.history(address))


def test_held_mail_was_not_followed_once_it_was_requeued(world, post, keys, secret, name):
    """Promise 6. It is requeued twice: Postfix gives it new queue IDs each time, two of them, as there are two passes."""
    to = ["sue@smime.example", f"{name}@partner.example", f"{name}@plain.example", f"{name}@nowhere.invalid"]
    world.company.set(defer_transports="smtp relay postseal-verified")
    try:
        found = secret(to, name)
        sandbox.wait_until(lambda: len(found.rows()) == len(to) + 1, "the record")
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        for count in (1, 2):
            sandbox.wait_until(lambda n=count: all(world.company.log.read_text().count(f"to=<{a}>, relay=none") >= n for a in to[1:]),
                               "all to be deferred")
            sandbox.command("postsuper", "-c", world.company.config, "-h", "ALL")
            requeue(world)
            sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    finally:
        world.company.set(defer_transports="")
    states = dict.fromkeys(to[:3], "sent") | {to[3]: "failed"}

    def is_over():
        sandbox.command("postqueue", "-c", world.company.config, "-f")
        return {r[0]: r[2] for r in found.rows() if r[0] in states} == states

    sandbox.wait_until(is_over, "the end of each copy on record", 90)
    rows = world.postgres.query("select c.recipient, h.what, h.detail from postseal.history h join postseal.copy c on c.id = h.copy"
                                f" join postseal.message m on m.id = h.message where m.message_id = '<{name}@example.com>'"
                                " and h.what in ('sent', 'failed') and c.recipient <> 'archive@plain.example' order by 1")
    assert [r[:2] for r in rows] == sorted([a, s] for a, s in states.items())
    assert all("queued as" in r[2] and not r[2].startswith("127.0.0.1") for r in rows if r[1] == "sent"), rows
    for address in to[1:3]:
        post.box(address).one()


def test_requeued_copy_left_once_more_at_each_attempt_and_though_a_new_recipient_was_refused(world, post, secret, name):
    """Promise 3: what goes over verified TLS was put into the outbox before it was known whether the rest is accepted."""
    to = f"{name}@partner.example"
    world.company.set(defer_transports="smtp relay postseal-verified")
    try:
        found = secret([to], name)
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        sandbox.wait_until(lambda: f"to=<{to}>" in world.company.log.read_text(), "it to be deferred")
        world.company.set(always_bcc="ceo@closed.example")
        refused = world.company.log.read_text().count("They take no mail.")
        requeue(world)
        sandbox.wait_until(lambda: world.company.log.read_text().count("They take no mail.") > refused, "the refusal", 90)
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    finally:
        world.company.set(always_bcc="archive@plain.example", defer_transports="")
    sandbox.command("postqueue", "-c", world.company.config, "-f")
    sandbox.wait_until(lambda: to.encode() not in sandbox.command("postqueue", "-c", world.company.config, "-p"), "the queue to be without it")
    assert found.arrived(to) == []


def test_unlock_code_left_in_plain_where_an_alias_of_the_sender_leads(world, post, name):
    """Promise 1: it is for the sender only, and must not leave the organisation."""
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to], sender="private@example.com"), [to], sender="private@example.com")
    assert post.box(to).one().link()
    sandbox.wait_until(lambda: "<fred@smime.example>: this mail of the secure mail gateway" in world.log("postseal-milter"), "the refusal")
    assert not [f for f in post.box("fred@smime.example").files() if b"Unlock code" in f.read_bytes()]


def test_code_that_may_not_leave_the_organisation_was_told_to_nobody(world, post, keys, name):
    """Its sender reads mail elsewhere: they are told that there is a code, as the rules say, but get neither code nor link."""
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to], sender="private@example.com"), [to], sender="private@example.com")
    message = sandbox.wait_until(lambda: post.copies(to), "the decision in the second pass")[0]["message"]

    def told():
        mails = [people.Received(f.read_bytes()) for f in post.box("fred@smime.example").files()]
        opened = [people.open_smime(m, keys["fred@smime.example"]) for m in mails if "pkcs7" in str(m["Content-Type"])]
        return [text for text in opened if message.encode() in text]

    text = sandbox.wait_until(told, "the sender to be told, sealed")[0]
    assert b"may not leave" in text and b"/track/" not in text and b"/m/" not in text
    detail, = world.postgres.query(f"select detail from postseal.history where message = '{message}' and what = 'code not delivered'")[0]
    assert "fred@smime.example" in detail


def test_answer_of_a_member_left_in_plain_where_an_alias_leads(world, post, keys, name):
    """Promise 1: it is decided like any mail to that address, while the code is only for the
    sender's own mailbox."""
    person = Person(world, post, f"{name}@pickup.example")
    post.accepted(post.compose([person.address], b"THE-DIAGNOSIS\r\n", sender="both@example.com", subject="x"), [person.address],
                  sender="both@example.com")
    code = post.box("both@example.com").one().codes()[person.address]
    person.browser.get(person.mail("rotected message").link())
    person.browser.send({"code": code})
    person.enrol()
    person.browser.get("/inbox")
    person.browser.get("/reply/" + re.search(r"/message/([0-9a-f-]{36})", person.browser.page.text).group(1))
    person.browser.send()
    sandbox.wait_until(lambda: any(b"THE-DIAGNOSIS" in f.read_bytes() for f in post.box("both@example.com").files()), "the answer")

    def sealed():
        mails = [people.Received(f.read_bytes()) for f in post.box("fred@smime.example").files()]
        assert not [m for m in mails if b"THE-DIAGNOSIS" in m.raw or b"Unlock code" in m.raw]
        return [m for m in mails if "pkcs7" in str(m["Content-Type"]) and b"THE-DIAGNOSIS" in people.open_smime(m, keys["fred@smime.example"])]

    sandbox.wait_until(sealed, "the answer, sealed")
    assert "smime" in [c["method"] for c in post.copies("fred@smime.example")]
