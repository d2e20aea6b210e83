"""The company's MTA is Sendmail."""
import email
import re
import smtplib
import subprocess

import pytest

import people
import sendmail
import world as sandbox
from messages import base64_lines, noise
from test_approval import finish, held
from test_opaque import locked, prepare, reply  # noqa: F401 (prepare is for conftest.world)
from test_rules import bounces
from test_doubt import Wire, events, machines, rows, send_copy  # noqa: F401 (machines is a fixture)

WORLD = sendmail.SendmailWorld
RULES = """
table officers { "otto@example.com" }
match sender "opaque@example.com" opaque      deliver pickup
match sender "held@example.com" not recipient in domains hold "Budgets need approval." for <officers>
match sender "one@example.com" recipient domain "auto.example" refuse recipient "Nothing for rivals."
match sender "draft@example.com" attachment name "*.dwg" reject "Drawings may not leave by mail."
match recipient domain "plain.example"        deliver plain
match recipient domain "smime.example"        deliver smime
match recipient domain "pgp.example"          deliver pgp
match recipient domain "pickup.example"       deliver pickup expire 14 days
match subject tag "[secure]"                  deliver smime, pgp, pickup
match recipient in domains                    deliver plain
otherwise                                     deliver smime, pgp, plain
"""


@pytest.fixture(scope="module")
def sue(world):
    return people.certify(world, "sue@smime.example").with_suffix("")


@pytest.fixture(scope="module")
def pat(world):
    gpg = people.make_pgp(world, "pat@pgp.example", kind="default")
    yield gpg
    gpg.end()


def test_each_method_in_one_message(world, post, sue, pat):
    """A plain, an S/MIME, a PGP, a pickup and a Bcc recipient, and nobody gets anything else."""
    ben = people.certify(world, "ben@smime.example").with_suffix("")
    shown = ["joe@plain.example", "sue@smime.example", "pat@pgp.example", "pia@pickup.example"]
    message = post.compose(shown, b"The secret is 42.\r\n")
    post.accepted(message, [*shown, "ben@smime.example"])
    entity = people.entity_of(message)

    assert people.open_smime(post.box("sue@smime.example").one(), sue) == entity
    assert people.open_smime(post.box("ben@smime.example").one(), ben) == entity
    assert people.open_pgp(post.box("pat@pgp.example").one(), pat) == entity
    assert post.box("joe@plain.example").one().body == b"The secret is 42.\n"
    notice = post.box("pia@pickup.example").one()
    code = post.box("anna@example.com").one().codes()["pia@pickup.example"]
    assert people.entity_of(people.browse(notice.link(), code)) == entity
    for address in [*shown, "ben@smime.example"]:
        post.box(address).one()


@pytest.mark.parametrize("domain", ["plain.example", "smime.example", "pgp.example", "pickup.example"])
def test_one_recipient(world, post, name, domain):
    """Alone, each copy in place, except the parked one."""
    address = f"{name}@{domain}"
    base = people.certify(world, address).with_suffix("") if domain == "smime.example" else None
    gpg = people.make_pgp(world, address) if domain == "pgp.example" else None
    message = post.compose([address], base64_lines(noise(200_000, name)), content=b"application/octet-stream\r\nContent-Transfer-Encoding: base64")
    post.accepted(message, [address], sender=f"{name}@example.com")
    mail = post.box(address).one()
    if domain == "smime.example":
        assert people.open_smime(mail, base) == people.entity_of(message)
    elif domain == "pgp.example":
        assert people.open_pgp(mail, gpg) == people.entity_of(message)
        gpg.end()
    elif domain == "plain.example":
        assert mail.body == people.entity_of(message).split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n")
    else:
        code = post.box(f"{name}@example.com").one().codes()[address]
        assert people.entity_of(people.browse(mail.link(), code)) == people.entity_of(message)


def test_held_copies_leave_once_they_are_released(world, post, name):
    """By the methods of the rules behind; the colleague has the message at once."""
    plain, sealed, parked, colleague = f"{name}@plain.example", f"{name}@smime.example", f"{name}@pickup.example", f"{name}@example.com"
    base = people.certify(world, sealed).with_suffix("")
    post.sender = "held@example.com"
    message, _, approval = held(world, post, [plain, sealed, parked, colleague])
    entity = people.entity_of(message)
    assert post.box(colleague).one().raw.endswith(entity.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n"))
    assert not any(post.box(address).files() for address in (plain, sealed, parked))
    world.postseal("hold", "release", approval)
    finish(world, approval)
    assert post.box(plain).one().raw.endswith(entity.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n"))
    assert people.open_smime(post.box(sealed).one(), base) == entity
    code = sandbox.wait_until(lambda: people.find_code(post, parked), "the unlock code")
    assert people.entity_of(people.browse(post.box(parked).one().link(), code)) == entity
    sandbox.wait_until(lambda: post.copies(plain)[-1]["state"] == "sent", "the log to say that it is sent")
    assert [copy["method"] for copy in post.copies(plain)] == ["hold", "plain"]


def test_held_copy_that_is_refused_never_leaves(world, post, name):
    post.sender, to = "held@example.com", f"{name}@plain.example"
    _, _, approval = held(world, post, [to])
    world.postseal("hold", "refuse", approval)
    finish(world, approval)
    sandbox.wait_until(world.nothing_waits, "the courier")
    assert not post.box(to).files()


def test_recipient_that_a_rule_refuses_gets_nothing_and_the_others_theirs(world, post, name):
    """The sender hears of it in a bounce, or at once where nobody else is left."""
    rival, other = f"{name}@auto.example", f"{name}@plain.example"
    post.sender = "one@example.com"
    post.accepted(post.compose([rival, other]), [rival, other])
    post.box(other).one()
    bounce, = sandbox.wait_until(lambda: bounces(post, rival), "the bounce")
    assert "Nothing for rivals." in bounce.text()
    code, text = post.send(post.compose([rival]), [rival])
    assert code == 550 and f"<{rival}>: Nothing for rivals." in text
    assert not post.box(rival).files()


def test_message_that_a_rule_rejects_is_refused_with_its_sentence(world, post, name):
    to = [f"{name}@plain.example", f"{name}@auto.example"]
    message = post.compose(to, content=b'application/octet-stream; name="plan.dwg"')
    code, text = post.send(message, to, sender="draft@example.com")
    assert code == 550 and "Drawings may not leave by mail." in text
    sandbox.wait_until(world.nothing_waits, "the courier")
    assert not any(post.box(address).files() for address in to)


def test_what_cannot_be_looked_into_is_delivered_as_its_rule_says(world, post, name):
    to = f"{name}@plain.example"
    for data, expected in ((locked(world), "pickup"), (b"Nothing is hidden.\r\n", "plain")):
        assert reply(post, data, to=(to,), sender="opaque", name='filename="report.bin"')[0] == 250
        assert post.copies(to)[-1]["method"] == expected


@pytest.mark.parametrize(("before", "after", "complaint"), [
    ('"plain.example"        deliver plain', '"plain.example"        deliver tls', "found tls with mta \"sendmail\""),
    ('"plain.example"        deliver plain', '"plain.example"        deliver smime, tls', "found tls with mta \"sendmail\""),
    ('sign "any"', 'sign "mta"', "found sign \"mta\" with mta \"sendmail\""),
])
def test_what_sendmail_cannot_enforce_is_refused_by_name(world, before, after, complaint):
    """Promise 1: a rule that nobody enforces is not a rule."""
    config = world.directory / "refused.conf"
    config.write_text(world.config.read_text().replace(before, after))
    for words in (("postseal", "-f", config, "check"), ("postseal-milter", "-f", config)):
        with pytest.raises(sandbox.Trouble, match=complaint):
            sandbox.command(world.bin / words[0], *words[1:])


def refusal(world, post, name):
    """The reply to the first command that is refused."""
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        for answer in (lambda: smtp.mail(post.sender), lambda: smtp.rcpt(f"{name}@plain.example"),
                       lambda: smtp.data(post.compose([f"{name}@plain.example"]))):
            code, text = answer()
            if code != 250:
                return f"{code} {text.decode()}"
    return "250"


def test_mail_of_the_other_mta_is_deferred(world, post, name):
    """Promise 1: what is enforced depends on the MTA in the settings."""
    config = world.directory / "postfix.conf"
    config.write_text(world.config.read_text().replace('mta "sendmail"', 'mta "postfix"'))
    world.stop_program("postseal-milter")
    world.start_program("postseal-milter", config=config)
    try:
        assert refusal(world, post, name).startswith("451 4.3.5")
    finally:
        world.stop_program("postseal-milter")
        world.start_program("postseal-milter")
    assert "is not the one that the setting mta names" in world.log("postseal-milter")


def test_a_milter_that_is_gone_defers(world, post, name):
    """Promise 1: F=T."""
    world.stop_program("postseal-milter")
    try:
        assert refusal(world, post, name).startswith("451 4.3.2")
    finally:
        world.start_program("postseal-milter")
    post.accepted(post.compose([f"{name}@plain.example"]), [f"{name}@plain.example"])
    post.box(f"{name}@plain.example").one()


# --- the record ---

def queue_ids(world, address):
    return [row[0] for row in world.postgres.query(
        f"select queue_id from postseal.log where recipient = '{address}' order by offered_at")]


def test_queue_id_and_what_became_of_each_copy_are_on_record(world, post, name):
    """Promise 6. The queue ID is the one in Sendmail's own log, and so is the next hop's reply."""
    plain, other, sealed = f"{name}@plain.example", f"{name}other@plain.example", f"{name}@smime.example"
    people.certify(world, sealed)
    post.accepted(post.compose([plain, other, sealed]), [plain, other, sealed])

    def details():
        return {a: world.postgres.query(f"select state, state_detail from postseal.log where recipient = '{a}'")[0]
                for a in (plain, other, sealed)}

    sandbox.wait_until(lambda: all(state == "sent" for state, _ in details().values()), "all to be sent, on record")
    ident, = set(queue_ids(world, plain) + queue_ids(world, other))
    log = world.company.log.read_text()
    assert re.search(rf"sm-mta\[\d+\]: {ident}: to=\S*<{plain}>", log)
    for _, detail in details().values():
        found = re.fullmatch(r"\S+ \[127\.0\.0\.1\], trusted TLSv1\.\d with cipher \S+: Ok: queued as (\w+)", detail)
        assert found and f"{found[1]}: " in world.outside.log.read_text()


def test_what_waits_and_what_comes_back_is_on_record(world, post, name):
    plain, nowhere = f"{name}@plain.example", f"{name}@nowhere.example"
    world.outside.stop()
    try:
        post.accepted(post.compose([plain]), [plain])
        sandbox.wait_until(lambda: world.postgres.query(
            "select e.detail from postseal.event e join postseal.copy c on c.id = e.copy where e.what = 'deferred'"
            f" and c.address = '{plain}' and e.detail like '%Connection refused%'"), "the delay to be on record")
    finally:
        world.outside.start()
    post.box(plain).one()
    sandbox.wait_until(lambda: post.copies(plain)[0]["state"] == "sent", "the delivery to be on record")
    post.sender = f"{name}@example.com"
    post.accepted(post.compose([nowhere]), [nowhere])
    sandbox.wait_until(lambda: post.copies(nowhere)[0]["state"] == "failed", "the failure to be on record")
    assert "Host unknown" in post.copies(nowhere)[0]["reason"]


def test_a_bounce_shows_the_header_alone(world, post, name):
    """Promise 1: a message that is bounced with its full text goes unencrypted to whoever was named as its sender."""
    post.sender = f"{name}@example.com"
    post.accepted(post.compose([f"{name}@nowhere.example"], b"The secret is 42.\r\n"), [f"{name}@nowhere.example"],
                  options=["RET=FULL"])
    bounce = post.box(post.sender).one()
    assert b"Final-Recipient: RFC822; %s@nowhere.example" % name.encode() in bounce.raw and b"secret" not in bounce.raw


def test_what_is_sent_again_is_sent_again(world, post, name):
    """Promise 3."""
    message = post.compose([f"{name}@plain.example"])
    for _ in range(2):
        post.accepted(message, [f"{name}@plain.example"])
    post.box(f"{name}@plain.example").wait(2)
    assert len(set(queue_ids(world, f"{name}@plain.example"))) == 2


# --- mail in doubt ---

@pytest.fixture
def wire(world):
    made = Wire(world.company.reinject)
    yield made
    made.close()


def test_mail_whose_answer_is_lost_is_found_in_the_log(world, post, machines, wire, name):
    """Promise 3: Sendmail has it, and it is not sent again."""
    wire.trouble = "deaf"
    machines.start("one", reinject=wire.url)
    to = send_copy(world, post, name)
    sandbox.wait_until(lambda: rows(world) == [["sending", "one"]] and wire.mails == 1, "the mail to be in doubt")
    post.box(to).one()
    machines.stop()
    world.postgres.query("update postseal.outbox set next_attempt_at = now()")
    machines.start("one")
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    assert "found in the log of the MTA" in events(world, to, "copy handed to the MTA")[0]
    post.box(to).one()


def test_mail_whose_end_is_lost_is_sent(world, post, machines, wire, name):
    """Promise 2: Sendmail logs that it received only part of it."""
    wire.trouble = "cut"
    machines.start("one", reinject=wire.url)
    to = send_copy(world, post, name)
    sandbox.wait_until(lambda: rows(world) == [["sending", "one"]] and wire.mails == 1, "the mail to be in doubt")
    machines.stop()
    sandbox.wait_until(lambda: "collect: premature EOM" in world.company.log.read_text(), "Sendmail to notice")
    world.postgres.query("update postseal.outbox set next_attempt_at = now()")
    machines.start("one")
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    assert not events(world, to, "sent again in doubt")
    post.box(to).one()


# --- what check sees ---

def test_check_finds_nothing_wrong(world):
    text = world.check()
    assert "WRONG" not in text, text
    assert "placement" in text and "reinject verified" not in text


@pytest.mark.parametrize(("before", "after", "look", "complaint"), [
    (r"(Xpostseal, .*), F=T", r"\1", "milter failures", "goes through undecided"),
    (r"Xpostseal, S=unix:", r"Xpostseal, S=unix:/another", "milters", "bypasses the milter"),
    (r"O InputMailFilters=postseal", "O InputMailFilters=dkim, postseal\nXdkim, S=inet:8891@localhost", "milter order",
     "have dkim sign before"),
    (r"(Name=MTA, .*)", r"\1, InputMailFilters=", "milters", "bypasses the milter"),
    (r"(Name=MTA, .*)", r"\1, InputMailFilters=dkim;postseal\nXdkim, S=inet:8891@localhost", "milter order",
     "filters .dkim;postseal. have dkim sign before"),
    (r"(Name=MTA, .*)", r"\1, InputMailFilters=other\nXother, S=inet:8899@localhost, F=T", "milters", "bypasses the milter"),
    (r"(Name=postseal, .*), InputMailFilters=", r"\1", "milters", "sealed twice"),
    (r"O DaemonPortOptions=Name=postseal.*", "", "milters", "none of its daemons listens at"),
    (r"authwarnings,nobodyreturn", "authwarnings", "bounces", "expected nobodyreturn"),
    (r"Kpostseal syslog", "Kvirtuser hash /etc/mail/virtusertable", "placement", "has a virtusertable"),
])
def test_check_names_what_is_wrong(world, before, after, look, complaint):
    config = world.company.config
    good = config.read_text()
    broken, count = re.subn(before, after, good)
    assert count == 1
    config.write_text(broken)
    try:
        with pytest.raises(sandbox.Trouble) as told:
            world.check()
    finally:
        config.write_text(good)
    assert re.search(rf"^{look} +WRONG: .*{complaint}", str(told.value), re.M), told.value


def test_filters_of_the_daemon_itself_are_not_called_wrong(world):
    """Sendmail separates the names there with semicolons."""
    config = world.company.config
    good = config.read_text()
    config.write_text(re.sub(r"(Name=MTA, .*)", r"\1, InputMailFilters=postseal;dkim\nXdkim, S=inet:8891@localhost", good))
    try:
        assert "WRONG" not in world.check()
    finally:
        config.write_text(good)


def test_probe_is_followed_to_the_next_hop(world, name):
    """By way of Sendmail: plain, and for the portal, of which nothing stays."""
    for to in (f"{name}@plain.example", f"{name}@pickup.example"):
        done = subprocess.run([str(w) for w in world.among_groups(world.bin / "postseal", "-f", world.config, "check", "--probe", to,
                                                                  "--via", f"smtp://127.0.0.1:{world.ports['submission']}")],
                              capture_output=True, text=True, check=False)
        stations = re.findall(r"^(.{18}?) *(good|WARNING|WRONG)", done.stdout, re.M)
        assert done.returncode == 0 and {verdict for _, verdict in stations} == {"good"}, done.stdout
        assert [station.strip() for station, _ in stations][:5] == ["accepted", "decided", "sealed", "handed back", "next hop"], done.stdout


def test_check_names_aliases_that_lead_outside(world):
    aliases = world.company.directory / "aliases"
    aliases.write_text("team: joe@smime.example\n")
    try:
        with pytest.raises(sandbox.Trouble, match="placement +WRONG: checking the aliases of Sendmail"):
            world.check()
    finally:
        aliases.write_text("")


# --- bytes and aliases ---

def test_bytes_of_a_plain_and_of_a_sealed_mail_arrive(world, post, name):
    """Promise 4. Sendmail itself breaks lines of more than 990 bytes, and refolds fields that contain addresses."""
    plain, sealed = f"{name}@plain.example", f"{name}@smime.example"
    base = people.certify(world, sealed).with_suffix("")
    body = ("schön \t \r\n.\r\n..dots\r\nFrom here\r\n" + "x" * 990 + "\r\n\r\n\r\n").encode()
    message = post.compose([plain, sealed], body, subject=" three  spaces ", fields=["X-Odd:none", "X-Folded: a\r\n\t b\r\n  c"])
    post.accepted(message, [plain, sealed])
    arrived = post.box(plain).one()
    assert arrived.body == body.replace(b"\r\n", b"\n")
    for field in ("Subject:  three  spaces \n", "X-Odd:none\n", "X-Folded: a\n\t b\n  c\n"):
        assert field.encode() in arrived.raw
    assert people.open_smime(post.box(sealed).one(), base) == people.entity_of(message)


def test_signed_mail_with_lines_that_sendmail_wraps_opens_to_its_bytes(world, post, name):
    """Promise 4. According to openssl and gpg: the signature is Anna's, and what it covers is what she sent."""
    post.sender = f"{name}@example.com"
    base = people.certify(world, post.sender).with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    ours = people.Gpg(world.directory / "keys" / f"{name}-own", post.sender)
    secret = world.directory / "keys" / f"{name}.secret"
    secret.write_bytes(ours.secret())
    world.postseal("key", "import", secret)
    sealed = people.certify(world, f"{name}@smime.example").with_suffix("")
    pgp = people.make_pgp(world, f"{name}@pgp.example")
    pgp.run("--import", data=ours.public())
    ours.end()
    to = [f"{name}@smime.example", f"{name}@pgp.example", f"{name}@pickup.example"]
    body = b"".join(b"%d " % length + b"x" * length + b"\r\n" for length in (980, 989, 990, 991, 992, 998, 2500, 9000)) + "ö \t\r\n".encode()
    message = post.compose(to, body)
    post.accepted(message, to)

    signed = people.open_smime(post.box(to[0]).one(), sealed)
    entity = sandbox.command("openssl", "cms", "-verify", "-CAfile", world.directory / "keys" / "authority.pem", input=signed)
    assert body in entity or body == decoded(entity)
    data = people.pgp_data(post.box(to[1]).one())
    opened = pgp.run("--decrypt", data=data)
    assert b"GOODSIG" in pgp.run("--status-fd", "1", "--decrypt", data=data)
    assert body in opened or body == decoded(opened)
    code = post.box(post.sender).one().codes()[to[2]]
    assert people.entity_of(people.browse(post.box(to[2]).one().link(), code)) == people.entity_of(message)
    pgp.end()
    for address in to[:2]:
        assert post.copies(address)[0]["signed_by"], "it was not signed"


def decoded(entity):
    return email.message_from_bytes(entity).get_payload(decode=True)


def test_nobody_behind_an_alias_gets_what_was_parked_for_it(world, post, name):
    """Promise 1. Sendmail expands aliases after the milter has run; if the milter removes the recipient, the addresses
    it stands for go too."""
    aliases = world.company.directory / "aliases"
    aliases.write_text(f"{name}team: {name}a@plain.example, {name}b@plain.example\n")
    world.company.command("-bi")
    team, plain = f"{name}team@gateway.example.com", f"{name}@plain.example"
    post.sender = f"{name}@example.com"
    message = post.compose([team, plain], b"The secret is 42.\r\n", subject="[secure] Hello")
    try:
        post.accepted(message, [team, plain])
        assert post.box(plain).one().body == b"The secret is 42.\n"
        for person in ("a", "b"):
            mail = post.box(f"{name}{person}@plain.example").one()
            assert b"The secret" not in mail.body and mail.link()
        assert [c["method"] for c in post.copies(team)] == ["pickup"]
    finally:
        aliases.write_text("")
        world.company.command("-bi")
