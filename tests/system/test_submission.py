"""What members send with mail programs, through a submission service of the real Postfix."""
import base64
import email.utils
import os
import re
import smtplib
import subprocess
import urllib.request

import pytest

import mail_client
import submitting
import world as sandbox
from mail_client import application_password
from person import PASSWORD, PORTAL_RULES, Person, send
from submitting import connect, postconf, service_of

RULES = 'match portal recipient "friend@pickup.example" deliver pickup\n' + PORTAL_RULES
SETTINGS = mail_client.SETTINGS + submitting.SETTINGS + "portal quota 3 MB\n"
WRONG = "ABCDE-FGHJK-MNPQR-STVWX"


def prepare(world):
    mail_client.prepare(world)
    submitting.prepare(world)


@pytest.fixture(scope="module", autouse=True)
def program(world):
    mail_client.start(world)
    return submitting.start(world)


@pytest.fixture
def member(person):
    """With a password for a mail program, and one message of an employee."""
    send(person)
    person.unlock()
    person.enrol()
    person.secret = application_password(person)
    return person


def sign_in(member, secret=None):
    client = connect(member.world)
    client.login(member.address, secret or member.secret)
    return client


def compose(member, to, subject="From a mail program", body=b"Hello.\r\n", fields=(), sender=None, message_id=None):
    return member.post.compose(to, body, subject=subject, fields=fields, sender=sender or member.address,
                               message_id=message_id or email.utils.make_msgid(domain="member.example"))


def submit(member, to, message, client=None, sender=None):
    """The reply to the first command that is refused, or to the end of the message."""
    with client or sign_in(member) as client:
        code, text = client.mail(member.address if sender is None else sender)
        for address in to if code == 250 else ():
            code, text = client.rcpt(address)
            if code != 250:
                break
        if code == 250:
            code, text = client.data(message)
        return code, text.decode()


def box(member, address):
    return Person(member.world, member.post, address)


def record(member):
    return member.world.postgres.query(
        "select c.recipient, c.method, m.authenticated, m.client from postseal.copy c join postseal.message m"
        f" on m.id = c.message where m.sender = '{member.address}' order by c.recipient")


def queued(world):
    return subprocess.run(["postqueue", "-c", world.company.config, "-p"], capture_output=True, text=True).stdout


# --- sending ---

def test_message_goes_as_if_written_in_the_portal(member, name):
    fields = ("X-Mailer: Test", "Reply-To: somebody@else.example", "Received: from [192.0.2.7] by home",
              "In-Reply-To: <first@example.com>", "Bcc: hidden@example.com")
    subject = f"Grüße {name}"
    message = compose(member, ["office@example.com"], subject="=?utf-8?q?Gr=C3=BC=C3=9Fe_" + name + "?=", fields=fields)
    assert submit(member, ["office@example.com"], message)[0] == 250
    mail = box(member, "office@example.com").mail(subject)
    assert mail["From"].addresses[0].addr_spec == "secure-mail@example.com" and member.address in str(mail["From"])
    assert mail["Reply-To"] == member.address and ".portal@example.com>" in mail["Message-ID"]
    assert mail["To"] == "office@example.com" and mail["In-Reply-To"] == "<first@example.com>"
    assert "Hello." in mail.text()
    for field in ("X-Mailer", "Bcc", "Sender"):
        assert mail[field] is None, field
    assert "192.0.2.7" not in str(mail.parsed) and "else.example" not in str(mail.parsed)
    assert record(member) == [["office@example.com", "plain", member.address, "mail program, 127.0.0.0/24"]]
    # It is among what the member sent, sealed to the account, and opens there.
    page = member.browser.get("/sent").text
    assert subject in page and "office@example.com" in page
    sent = re.search(r"/message/(\S{36})", page).group(1)
    assert "Hello." in member.browser.get(f"/message/{sent}").text
    assert member.address in member.browser.get(f"/source/{sent}").text
    # Postfix was told to discard it.
    assert member.address not in queued(member.world)


def test_employee_who_wrote_is_answered(member, name):
    subject = f"Answer {name}"
    assert submit(member, [member.post.sender], compose(member, [member.post.sender], subject=subject))[0] == 250
    reply = box(member, member.post.sender).mail(subject)
    # The employee answers from any mail client; without a tag, the answer is sealed again.
    answer = member.post.compose([member.address], b"Thank you.\r\n", subject=f"Re: {subject}",
                                 fields=(f"In-Reply-To: {reply['Message-ID']}",))
    member.post.accepted(answer, [member.address])
    assert sandbox.wait_until(lambda: member.post.copies(member.address)[-1]["method"], "the answer") == "pickup"


def test_somebody_outside_gets_it_through_the_portal(member, name):
    """A rule allows it."""
    subject = f"Outside {name}"
    assert submit(member, ["friend@pickup.example"], compose(member, ["friend@pickup.example"], subject=subject))[0] == 250
    friend = box(member, "friend@pickup.example")
    link = sandbox.wait_until(lambda: [m.link() for m in friend.mails(f"Protected message from {member.address}")],
                              "the notice")[-1]
    code = sandbox.wait_until(lambda: [m.codes()[friend.address] for m in member.mails("Unlock code")
                                       if friend.address in m.codes()], "the member's code")[0]
    friend.browser.get(link)
    assert "Hello." in friend.browser.send({"code": code}).text
    assert ["friend@pickup.example", "pickup", member.address, "mail program, 127.0.0.0/24"] in record(member)


def test_nobody_is_named_who_does_not_get_it(member, name):
    """Who answers may write to everybody named: a member could let others write to whom they must not."""
    subject = f"Named {name}"
    head = (f"From: {member.address}\r\nTo: Office <office@example.com>, \"ceo@example.com\" <x@elsewhere.example>\r\n"
            f"Cc: ceo@example.com, =?utf-8?q?a=2C_ceo=40example=2Ecom?= <{member.post.sender}>\r\n"
            f"Subject: {subject}\r\nMessage-ID: {email.utils.make_msgid()}\r\n\r\n")
    to = ["office@example.com", member.post.sender]
    assert submit(member, to, head.encode() + b"Hello.\r\n")[0] == 250
    mail = box(member, "office@example.com").mail(subject)
    assert [a.addr_spec for a in mail["To"].addresses] == ["office@example.com"]
    assert [a.addr_spec for a in mail["Cc"].addresses] == [member.post.sender]
    assert "elsewhere" not in str(mail.parsed)
    assert mail["Date"] is not None


def test_hidden_recipient_stays_hidden(member, name):
    """Promise 5: those whom only the envelope names are in no copy."""
    subject = f"Hidden {name}"
    assert submit(member, ["office@example.com", member.post.sender],
                  compose(member, ["office@example.com"], subject=subject))[0] == 250
    for address in ("office@example.com", member.post.sender):
        assert member.post.sender not in str(box(member, address).mail(subject)["To"])


def test_message_that_is_offered_again_goes_once(member, name):
    """Promise 3."""
    message = compose(member, ["office@example.com"], subject=f"Once {name}")
    for _ in range(3):
        assert submit(member, ["office@example.com"], message)[0] == 250
    # To others it is another message.
    assert submit(member, [member.post.sender], message)[0] == 250
    box(member, member.post.sender).mail(f"Once {name}")
    assert sorted(row[0] for row in record(member)) == sorted([member.post.sender, "office@example.com"])
    assert len(box(member, "office@example.com").mails(f"Once {name}")) == 1


@pytest.mark.parametrize("why", ["it was returned", "a day has passed"])
def test_message_that_somebody_sent_again_was_thrown_away(member, name, why):
    """The same identifier and date, since it was sent again as it is; those who should have it do not have it, or may not."""
    office, postgres = "office@example.com", member.world.postgres
    message = compose(member, [office], subject=f"Again {name}")
    mine = f"select id from postseal.message where sender = '{member.address}'"
    assert submit(member, [office], message)[0] == 250
    box(member, office).mail(f"Again {name}")
    state = f"select state from postseal.copy where message in ({mine}) order by decided_at"
    sandbox.wait_until(lambda: postgres.query(state) == [["sent"]], "the MTA's log to tell")
    if why == "it was returned":
        postgres.query(f"select postseal.copy_move(id, 'failed', 'it was returned') from postseal.copy where message in ({mine})")
    else:
        postgres.query(f"update postseal.offer set offered_at = now() - interval '25 hours' where message in ({mine}) returning 1")
    for _ in range(2):
        assert submit(member, [office], message)[0] == 250
    sandbox.wait_until(lambda: len(box(member, office).mails(f"Again {name}")) == 2, "both")
    assert len(postgres.query(state)) == 2
    # The third was the second once more, and that is on record.
    assert postgres.query(f"select e.message = m.message from postseal.event e, (select message from postseal.offer where message"
                          f" in ({mine})) m where e.what = 'offered again' and e.message in ({mine})") == [["t"]]


def test_message_that_says_the_same_was_thrown_away(member, name):
    """Promise 2: what has no identifier or no date is no repetition, as two messages of a device may be alike."""
    message = compose(member, ["office@example.com"], subject=f"Twice {name}")
    for n, field in enumerate((b"Message-ID: ", b"Date: ")):
        lines = message.replace(b"Subject: Twice", b"Subject: Twice %d" % n).split(b"\r\n")
        bare = b"\r\n".join(line for line in lines if not line.startswith(field))
        assert len(bare) < len(message) - 10
        for _ in range(2):
            assert submit(member, ["office@example.com"], bare)[0] == 250
        sandbox.wait_until(lambda subject=f"Twice {n} {name}": len(box(member, "office@example.com").mails(subject)) == 2, "both")


def test_files_and_large_messages_arrive(member, name):
    data = os.urandom(1_500_000)
    encoded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    content = (b'multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\n'
               b'Content-Type: application/octet-stream; name="data.bin"\r\nContent-Transfer-Encoding: base64\r\n'
               b'Content-Disposition: attachment; filename="data.bin"\r\n\r\n' + encoded + b"--b--\r\n")
    head, _, _ = compose(member, ["office@example.com"], subject=f"Large {name}").partition(b"Content-Type:")
    message = head + b"Content-Type: " + content
    assert submit(member, ["office@example.com"], message)[0] == 250
    attached = next(box(member, "office@example.com").mail(f"Large {name}").parsed.iter_attachments())
    assert attached.get_payload(decode=True) == data
    # What members wrote has room for 3 MB here.
    again = message.replace(b"See the file.", b"See it again.").replace(b"Message-ID: <", b"Message-ID: <x")
    code, text = submit(member, ["office@example.com"], again)
    assert code == 552 and "no room left in your mailbox" in text, text


# --- real programs ---

def test_curl_sends(member, name, tmp_path):
    (tmp_path / "mail").write_bytes(compose(member, ["office@example.com"], subject=f"Curl {name}"))
    ports = member.world.ports
    for number, (url, mechanism) in enumerate(((f"smtps://localhost:{ports['members']}", "PLAIN"),
                                               (f"smtps://localhost:{ports['members']}", "LOGIN"),
                                               (f"smtp://localhost:{ports['members_starttls']}", "PLAIN"))):
        done = subprocess.run(["curl", "-sS", "--ssl-reqd", "--cacert", member.world.directory / "keys" / "authority.pem", "-u",
                               f"{member.address}:{member.secret}", "--login-options", f"AUTH={mechanism}", url,
                               "--mail-from", member.address, "--mail-rcpt", "office@example.com", "-T",
                               tmp_path / "mail"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (number, done.stderr)
    box(member, "office@example.com").mail(f"Curl {name}")


# --- to whom, and as whom ---

@pytest.mark.parametrize("to, why", [
    ("hr@example.com", "cannot write to hr@example.com from here unless they wrote to you first"),
    ("x@elsewhere.example", "x@elsewhere.example cannot be reached from here"),
    ("x@plain.example", "cannot be reached from here"),
    ("closed@example.com", "This office is closed. Please call."),
    ("office", ""), ("office%elsewhere.example@example.com", ""), ("@example.com:x@elsewhere.example", "")])
def test_members_write_only_where_the_portal_allows_it(member, to, why):
    code, text = submit(member, [to], compose(member, [to]))
    assert 500 <= code < 600 and why in text, text
    assert record(member) == []


def test_others_do_not_get_it_either_where_one_is_refused(member, name):
    with sign_in(member) as client:
        client.mail(member.address)
        assert client.rcpt("office@example.com")[0] == 250
        assert client.rcpt("x@elsewhere.example")[0] == 550
        assert client.data(compose(member, ["office@example.com", "x@elsewhere.example"], subject=f"Part {name}"))[0] == 250
    mail = box(member, "office@example.com").mail(f"Part {name}")
    assert [a.addr_spec for a in mail["To"].addresses] == ["office@example.com"]
    assert [row[0] for row in record(member)] == ["office@example.com"]


def test_who_wrote_can_be_written_to_while_the_message_is_there(member):
    assert submit(member, [member.post.sender], compose(member, [member.post.sender]))[0] == 250
    member.world.postgres.query("update postseal.parcel_key k set expires_at = now() from postseal.account a"
                                f" where a.id = k.account and k.folder = 'inbox' and a.address = '{member.address}' returning 1")
    code, text = submit(member, [member.post.sender], compose(member, [member.post.sender]))
    assert code == 550 and "unless they wrote to you first" in text


@pytest.mark.parametrize("sender", ["anna@example.com", "x@elsewhere.example", "", "office@example.com"])
def test_envelope_is_from_the_member(member, sender):
    code, text = submit(member, ["office@example.com"], compose(member, ["office@example.com"]), sender=sender)
    assert code == 550 and f"You can send only as {member.address}" in text, text


@pytest.mark.parametrize("head", [
    "From: anna@example.com", "From: {own}, anna@example.com", "From: {own}\r\nFrom: anna@example.com",
    "From: {own}\r\nSender: anna@example.com", "From: \"{own}\" <anna@example.com>",
    "From: group: anna@example.com, {own};"])
def test_header_is_from_the_member(member, head):
    message = (head.format(own=member.address) + "\r\nTo: office@example.com\r\nSubject: S\r\n\r\nHello.\r\n").encode()
    code, text = submit(member, ["office@example.com"], message)
    assert code == 550 and member.address in text, text
    assert record(member) == []


def test_name_of_the_member_is_that_of_the_account(member, name):
    message = compose(member, ["office@example.com"], subject=f"Name {name}").replace(
        b"From: <", b"From: The board of Example Corp <")
    assert submit(member, ["office@example.com"], message)[0] == 250
    assert "board" not in str(box(member, "office@example.com").mail(f"Name {name}").parsed)


def test_nobody_sends_without_signing_in(member):
    with connect(member.world) as client:
        client.ehlo()
        code, text = client.mail(member.address)
        assert code == 550 and b"once they have signed in" in text


def test_many_people_outside_are_too_many(member):
    """Counted together with what is written in the portal."""
    codes = []
    for _ in range(200):
        code, text = submit(member, ["friend@pickup.example"], compose(member, ["friend@pickup.example"]))
        codes.append(code)
        if code != 250:
            break
    assert codes[-1] == 450 and "many people in the past hour" in text and len(codes) > 5


def counted(member):
    return sum(int(row[0]) for row in member.world.postgres.query(
        "select count from postseal.throttle where what in ('outside recipients', 'company recipients')"))


def test_recipients_of_what_was_not_sent_counted(member, name):
    """Nor do those of what is sent once more: trying again, as a mail program does, must not lead to a refusal."""
    member.world.postgres.query("update postseal.throttle set count = 0 returning 1")
    to = ["friend@pickup.example", "office@example.com"]
    large = compose(member, to, subject=f"Large {name}", body=base64.encodebytes(os.urandom(2_800_000)))
    assert submit(member, to, large)[0] == 552 and counted(member) == 0
    small = compose(member, to, subject=f"Small {name}")
    for _ in range(3):
        assert submit(member, to, small)[0] == 250
    assert counted(member) == 2


def test_many_people_of_the_company_are_too_many(member):
    """A stolen password of a mail program sends no more than that."""
    to, postgres = ["office@example.com"], member.world.postgres
    assert submit(member, to, compose(member, to))[0] == 250
    postgres.query("update postseal.throttle set count = 200 where what = 'company recipients' returning 1")
    code, text = submit(member, to, compose(member, to))
    assert code == 450 and "many people in the past hour" in text
    postgres.query("update postseal.throttle set count = 0 returning 1")


# --- who may sign in ---

def reply_to_wrong(member, secret, address=None):
    with connect(member.world) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login(address or member.address, secret)
    return caught.value.smtp_code, caught.value.smtp_error.decode()


def test_only_a_password_for_mail_programs_signs_in(member):
    for wrong in (PASSWORD, WRONG, "x"):
        code, text = reply_to_wrong(member, wrong)
        assert code == 535 and "the address or the password is not correct" in text
    assert reply_to_wrong(member, member.secret, "somebody@pickup.example")[0] == 535
    assert reply_to_wrong(member, member.secret, "no address")[0] == 535
    assert "application password is wrong: network=127.0.0.0/24" in member.world.log("postseal-submission")
    found = member.world.postgres.query("select count(*) from postseal.activity where what = 'wrong application password'"
                                        f" and subject = '{member.address}' and network = '127.0.0.0/24'")
    assert found[0][0] in ("3", "6")  # smtplib tries each mechanism


def test_signing_in_is_on_record_once_for_a_network(member):
    for _ in range(2):
        sign_in(member).quit()
    assert member.world.postgres.query("select network, detail from postseal.activity where what = 'signed in by mail client'"
                                       f" and subject = '{member.address}'") == [["127.0.0.0/24", "Thunderbird"]]


def test_guessing_is_throttled_together_with_reading(member):
    for _ in range(10):
        mail_client.refusal(member, WRONG)
    code, text = reply_to_wrong(member, member.secret)
    assert code == 535 and "too many attempts" in text
    member.world.postgres.query("delete from postseal.throttle")
    sign_in(member).quit()


def test_revoked_password_ends_also_what_is_open(member):
    client = sign_in(member)
    assert client.mail(member.address)[0] == 250
    client.rset()
    member.world.postgres.query("delete from postseal.application_password p using postseal.account a where a.id = p.account"
                                f" and a.address = '{member.address}' returning 1")
    code, text = client.mail(member.address)
    if code == 250:
        code, text = client.rcpt("office@example.com")
    assert code == 550 and b"was revoked" in text, text
    client.close()
    assert reply_to_wrong(member, member.secret)[0] == 535


def test_message_that_was_begun_before_the_password_was_revoked_went_out(member, name):
    message = compose(member, ["office@example.com"], subject=f"Late {name}")
    client = sign_in(member)
    assert client.mail(member.address)[0] == 250 and client.rcpt("office@example.com")[0] == 250
    member.world.postgres.query("delete from postseal.application_password p using postseal.account a where a.id = p.account"
                                f" and a.address = '{member.address}' returning 1")
    code, text = client.data(message)
    assert code == 550 and b"was revoked" in text, text
    client.close()
    assert record(member) == []


def test_no_password_is_taken_without_tls(member):
    with smtplib.SMTP("localhost", member.world.ports["members_starttls"], timeout=60) as client:
        client.ehlo()
        assert client.has_extn("auth")
        plain = base64.b64encode(f"\0{member.address}\0{member.secret}".encode()).decode()
        code, text = client.docmd("AUTH", f"PLAIN {plain}")
        assert code == 535 and b"only over TLS" in text
        assert client.mail(member.address)[0] == 550
        client.starttls(context=mail_client.trust(member.world))
        client.login(member.address, member.secret)


def test_settings_of_the_portal_say_where_to_send(member):
    assert member.confirm().path == "/settings/security"
    page = member.browser.send({"name": "Phone"}, action="/settings/application").text
    said = re.sub(r"<[^>]+>|\s+", " ", page[page.index("Outgoing server (SMTP)"):])
    assert re.search(rf"localhost +Port +{member.world.ports['members']} +Encryption +SSL/TLS +User name +{member.address}", said)


# --- what is lost or down ---

def test_without_the_setting_of_the_milter_nothing_leaves(member, name):
    """The company's milter refuses what a member sends, who would be an employee to it; and without any milter, Postfix
    keeps the message."""
    world, setting = member.world, f"{service_of(member.world)}/smtpd_milters"

    def offer():
        return submit(member, ["x@plain.example"], compose(member, ["x@plain.example"], subject=f"Lost {name}"))

    try:
        postconf(world, "-P", "-X", setting)
        world.company.reload()
        sandbox.wait_until(lambda: offer()[0] == 451, "the company's milter")
        assert "asks about a message of a member of the portal" in world.log("postseal-milter")
        postconf(world, "-P", "-e", f"{setting}=")
        world.company.reload()
        sandbox.wait_until(lambda: offer()[0] == 250, "the service without a milter")
        sandbox.wait_until(lambda: "undecided" in queued(world).lower(), "the queue to keep it")
    finally:
        postconf(world, "-P", "-e", f"{setting}=unix:postseal-members/milter.sock")
        world.company.reload()
        world.company.forget_queue()
    sandbox.wait_until(lambda: offer()[0] == 550, "the members' milter")
    assert box(member, "x@plain.example").mails(f"Lost {name}") == [] and record(member) == []


def test_while_the_program_is_down_nothing_is_accepted(member, name):
    world = member.world
    client = sign_in(member)
    assert client.noop()[0] == 250
    world.stop_program("postseal-submission")
    try:
        try:
            code, text = client.mail(member.address)
            if code == 250:
                code, text = client.rcpt("office@example.com")
            assert 400 <= code < 500, text
        except smtplib.SMTPServerDisconnected:
            pass
        with pytest.raises((smtplib.SMTPException, OSError)):
            sign_in(member)
    finally:
        world.start_program("postseal-submission")
    sandbox.wait_until(lambda: can_send(member, name), "the members' service")
    assert len(box(member, "office@example.com").mails(f"Down {name}")) <= 1


def can_send(member, name):
    try:
        return submit(member, ["office@example.com"], compose(
            member, ["office@example.com"], subject=f"Down {name}", message_id=f"<down.{name}@member.example>"))[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def test_while_the_database_is_down_nothing_is_accepted(member, name):
    """And nobody is told that the password is wrong."""
    world = member.world
    client = sign_in(member)
    world.postgres.stop()
    try:
        code, text = client.mail(member.address)
        if code == 250:
            code, text = client.rcpt("office@example.com")
        assert code == 451, text
        assert reply_to_wrong(member, member.secret)[0] == 454
    finally:
        world.postgres.resume()
    sandbox.wait_until(lambda: can_send(member, f"{name}.db"), "the members' service")


# --- its place in Postfix ---

def look(world):
    """What `postseal check` says of it, and whether it finds anything wrong at all."""
    try:
        text, is_good = world.check(), True
    except sandbox.Trouble as error:
        text, is_good = str(error), False
    return "\n".join(re.findall(r"^submission +(.*)$", text, re.M)), is_good


def test_check_looks_at_the_service_and_the_program(world):
    service = service_of(world)

    def said_with(setting):
        name, _, value = setting.partition("=")
        before = submitting.SERVICE | submitting.TLS
        postconf(world, "-P", "-e", f"{service}/{name}={value}")
        try:
            return look(world)
        finally:
            postconf(world, "-P", "-e", f"{service}/{name}={before.get(name, '')}")

    # The careless service is warned of.
    assert look(world) == (f"WARNING: members sign in at {service_of(world, 'members_starttls')}: with smtpd_tls_auth_only=yes"
                           " there, no mail program sends its password before TLS, in vain", True)
    for wrong in ("smtpd_milters=", "smtpd_milters=unix:postseal/milter.sock",
                  "smtpd_milters=unix:postseal-members/milter.sock,unix:postseal/milter.sock"):
        said, is_good = said_with(wrong)
        assert said.startswith("WRONG: reading master.cf: members sign in at") and not is_good, said
    said, is_good = said_with("receive_override_options=no_milters")
    assert "no_milters" in said and not is_good
    for bypass in ("smtpd_proxy_filter=127.0.0.1:10025", "smtpd_milter_maps=inline:{127.0.0.1=DISABLE}"):
        said, is_good = said_with(bypass)
        assert bypass.partition("=")[0] in said and not is_good, said
    assert "content_filter=retry:undecided" in said_with("content_filter=")[0]
    assert "milter_default_action=tempfail" in said_with("milter_default_action=accept")[0]
    world.stop_program("postseal-submission")
    try:
        assert "WRONG: connecting to postseal-submission" in look(world)[0]
    finally:
        submitting.start(world)


def test_wire_leaves_the_service_as_it_is(world):
    def services():
        shown = sandbox.command("postconf", "-c", world.company.config, "-P").decode().splitlines()
        return [line for line in shown if line.startswith((service_of(world), service_of(world, "members_starttls")))]

    before = services()
    assert len(before) > 20
    for placement in ("expanded", "edge"):
        assert str(world.ports["members"]) not in world.wire("-p", placement, "show")
        world.wire("-p", placement, "apply")
        assert services() == before
    world.company.reload()


def test_program_says_what_is_wrong_with_its_settings(world, tmp_path):
    path = tmp_path / "postseal.conf"

    def said(settings):
        path.write_text(world.config.read_text().replace("submission sasl", "#").replace("submission milter", "#") + settings)
        done = subprocess.run([world.bin / "postseal-submission", "-f", path], capture_output=True, timeout=60)
        return done.returncode, done.stderr.decode()

    status, text = said("")
    assert status == 78 and "submission sasl is not set" in text
    status, text = said('\nsubmission sasl "/nowhere/sasl.sock"\nsubmission milter "unix:/nowhere/milter.sock"\n')
    assert status == 1 and "/nowhere/milter.sock" in text


def test_metrics_count_what_was_sent(member):
    submit(member, ["office@example.com"], compose(member, ["office@example.com"]))
    with urllib.request.urlopen(f"http://127.0.0.1:{member.world.ports['submission_metrics']}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    assert float(re.search(r'postseal_submission_messages_total\{outcome="sent"\} (\d+)', text).group(1)) > 0
    assert float(re.search(r'postseal_submission_signins_total\{outcome="right"\} (\d+)', text).group(1)) > 0
