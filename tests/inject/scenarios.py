"""Messages that each take a different way through Postseal, and what may become of them."""
import base64
import io
import random
import re
import zipfile

import injector
import people
from milter_client import Mail

SECRET = b"the falcon flies at midnight"
STRANGER = "bob@partner.example"  # has both, and writes to OWNER
OWNER = "signer@example.com"  # has a certificate and an OpenPGP key

SETTINGS = 'networks { "192.0.2.0/24" }\n' "spool memory 16 kB\ngpg timeout 3 seconds\nlimit message 10 MB\n"
RULES = """
table verified file "{table}"
tls domains <verified>

receive any                                                      open

match recipient domain "wrong.example" text regex "falcon flies"  reject "No birds."
match recipient domain "auto.example" text regex "falcon flies"  deliver pickup
match recipient domain "auto.example" attachment name "*.dwg"    reject "No drawings."
match recipient { "clear@plain.example" "clear@auto.example" } opaque reject "Unreadable."
match recipient domain "smime.example"                           deliver smime
match recipient domain "pgp.example"                             deliver pgp
match recipient domain in <verified>                             deliver tls
match recipient domain "pickup.example"                          deliver pickup
otherwise                                                        deliver plain
"""

FILLING = b"".join(b"%06d %s\r\n" % (n, b"x" * 60) for n in range(1000))


class Scenario:
    """`cold`: with no database connection and no gpg process ready."""

    def __init__(self, name, to, large=False, sender="anna@example.com", bcc=(), cold=False, parts=None, secret=True):
        self.name, self.to, self.bcc, self.sender, self.cold = name, to, bcc, sender, cold
        text = (FILLING if large else b"") + (SECRET if secret else b"nothing of note") + b"\r\n"
        self.content, self.body = (b" text/plain; charset=utf-8", text) if parts is None else parts(text)

    def recipients(self):
        return [*self.to, *self.bcc]

    def mail(self, number):
        fields = [(b"From", f" <{self.sender}>".encode()), (b"To", f" {', '.join(self.to)}".encode()),
                  (b"Subject", b" Hello"), (b"Message-ID", f" <{number}@example.com>".encode()),
                  (b"Date", b" Thu, 26 Nov 2026 10:00:00 +0000"), (b"MIME-Version", b" 1.0"),
                  (b"Content-Type", self.content)]
        return Mail(self.sender, self.recipients(), fields, self.body)

    def raw(self, number):
        """As a client sends it."""
        mail = self.mail(number)
        return b"".join(name + b":" + value + b"\r\n" for name, value in mail.fields) + b"\r\n" + mail.body

    def entity(self):
        return b"Content-Type:" + self.content + b"\r\n\r\n" + self.body


class Inbound(Scenario):
    """Mail from outside for an employee; `seal` makes of an entity what somebody sends."""

    def __init__(self, name, seal):
        super().__init__(name, [OWNER], sender=STRANGER)
        self.seal, self.inside = seal, self.body

    def prepare(self, readers):
        head, _, self.body = self.seal(readers, self.entity()).replace(b"\r\n", b"\n").partition(b"\n\n")
        self.body = self.body.replace(b"\n", b"\r\n")
        lines = re.sub(rb"\n[ \t]+", b" ", head).split(b"\n")
        self.fields = [tuple(line.split(b":", 1)) for line in lines if line.lower().startswith(b"content-")]

    def mail(self, number):
        mail = super().mail(number)
        mail.fields = [field for field in mail.fields if field[0] != b"Content-Type"] + self.fields
        return mail

    def seen(self, mail):
        return "opened" if mail.body == self.inside else "as it came in" if mail.body == self.body else "changed"


def smime_for_owner(readers, entity):
    return people.sandbox.command("openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform", "SMIME",
                                  f"{readers.own_certificate}.pem", input=entity)


def smime_signed(readers, entity):
    base = readers.certificates[STRANGER]
    return people.sandbox.command("openssl", "cms", "-sign", "-binary", "-signer", f"{base}.pem", "-inkey", f"{base}.key",
                                  "-outform", "SMIME", input=entity)


def pgp_for_owner(readers, entity):
    sealed = readers.stranger.run("--armor", "--trust-model", "always", "-r", OWNER, "--sign", "--encrypt", data=entity)
    return (b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="p"\n\n--p\n'
            b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--p\nContent-Type: application/octet-stream\n\n"
            + sealed + b"\n--p--\n")


def pgp_signed(readers, entity):
    signature = readers.stranger.run("--armor", "--detach-sign", data=entity.rstrip(b"\r\n"))
    return (b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary="p"\n\n--p\n'
            + entity.rstrip(b"\r\n") + b"\n--p\nContent-Type: application/pgp-signature\n\n" + signature + b"\n--p--\n")


def multipart(text):
    first = b"--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n"
    return (b' multipart/mixed; boundary="b"', first
            + b'--b\r\nContent-Type: application/pdf; name="a.pdf"\r\n\r\n' + text[:len(text) // 2]
            + b"\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n" + text + b"\r\n--b--\r\n")


def document(text):
    """The text is in a document, which postseal-reader-office reads."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
                                              f"<w:body><w:p><w:r><w:t>{text.decode()}</w:t></w:r></w:p></w:body></w:document>")
    encoded = base64.encodebytes(file.getvalue()).replace(b"\n", b"\r\n")
    return (b' multipart/mixed; boundary="b"', b"--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n--b\r\n"
            b'Content-Type: application/octet-stream; name="a.docx"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            + encoded + b"\r\n--b--\r\n")


SCENARIOS = [
    Scenario("document", ["a@auto.example"], large=True, parts=document),
    Scenario("document, read or refused", ["clear@auto.example"], parts=document),
    Scenario("document, nothing found", ["clear@plain.example"], large=True, parts=document, secret=False),
    Scenario("text", ["a@auto.example"], large=True, parts=multipart),
    Scenario("text, short", ["a@auto.example"]),
    Scenario("text, nothing found", ["a@auto.example"], large=True, parts=multipart, secret=False),
    Scenario("text, refused", ["a@wrong.example"], large=True),
    Scenario("smime", ["a@smime.example"]),
    Scenario("smime, large", ["a@smime.example"], large=True),
    Scenario("smime, signed", ["a@smime.example"], large=True, sender=OWNER),
    Scenario("pgp", ["a@pgp.example"]),
    Scenario("pgp, large", ["a@pgp.example"], large=True),
    Scenario("pgp, signed", ["a@pgp.example"], sender=OWNER),
    Scenario("pickup", ["a@pickup.example"], large=True),
    Scenario("tls", ["a@partner.example"], large=True),
    Scenario("many", ["a@smime.example", "a@plain.example", "a@pgp.example", "a@pickup.example", "a@partner.example"],
             bcc=["b@pickup.example", "b@smime.example"]),
    Inbound("open smime", smime_for_owner),
    Inbound("open pgp", pgp_for_owner),
    Inbound("check smime", smime_signed),
    Inbound("check pgp", pgp_signed),
    Scenario("cold", ["a@smime.example", "a@pgp.example", "a@pickup.example"], sender=OWNER, large=True, cold=True),
]


class People:
    """The people who can open what is sealed for them."""

    def __init__(self, world):
        self.world = world
        self.certificates = {a: people.certify(world, a).with_suffix("") for a in ("a@smime.example", "b@smime.example", STRANGER)}
        self.gpg = people.make_pgp(world, "a@pgp.example", "a-pgp")
        self.stranger = people.make_pgp(world, STRANGER, "stranger-pgp")
        own = self.own_certificate = people.certify(world, OWNER).with_suffix("")
        both = own.with_suffix(".both")
        both.write_text(own.with_suffix(".pem").read_text() + own.with_suffix(".key").read_text())
        world.postseal("key", "import", both)
        self.own = people.Gpg(world.directory / "keys" / "own-pgp", OWNER, "future-default")
        secret = world.directory / "keys" / "own.asc"
        secret.write_bytes(self.own.secret())
        world.postseal("key", "import", secret)
        self.gpg.run("--import", data=self.own.public())
        self.stranger.run("--import", data=self.own.public())
        for scenario in SCENARIOS:
            if isinstance(scenario, Inbound):
                scenario.prepare(self)

    def end(self):
        for gpg in (self.gpg, self.own, self.stranger):
            gpg.end()

    def opened(self, address, raw):
        """What the reader at that address finds in a mail; None if it is not sealed."""
        mail = people.Received(raw)
        kind = mail.parsed.get_content_type()
        if kind == "multipart/encrypted":
            return people.open_pgp(mail, self.gpg)
        if kind != "application/pkcs7-mime":
            return None
        opened = people.open_smime(mail, self.certificates[address])
        if b"smime-type=signed-data" in opened.split(b"\r\n\r\n")[0]:
            authority = self.world.directory / "keys" / "authority.pem"
            return people.sandbox.command("openssl", "cms", "-verify", "-CAfile", authority, "-binary", input=opened)
        return opened


def raw_of(mail):
    """As a Maildir has it, with LF."""
    head = b"".join(name + b":" + value + b"\n" for name, value in mail.fields if name)
    return head + b"\n" + mail.body.replace(b"\r\n", b"\n")


def worth(mail):
    """What our field says about signatures."""
    return [re.findall(rb"[a-z-]+=[a-z]+", value) for name, value in mail.fields if name == b"Authentication-Results"]


def outcome(scenario, verdict, reader):
    """What became of the MTA's message, in words that are the same each time it ends well."""
    if verdict.code == "5":
        return ("refused", re.sub(r"\s+", " ", verdict.text))
    if verdict.code == "discard":
        return ("nothing left with the MTA",)
    mail = verdict.mail
    names = tuple(sorted(name.lower() for name, _ in mail.fields if name))
    if isinstance(scenario, Inbound):
        return ("left", tuple(sorted(mail.recipients)), scenario.seen(mail), worth(mail), names)
    opened = [reader.opened(address, raw_of(mail)) for address in mail.recipients[:1]]
    seen = "nobody" if not opened else "in plain" if opened[0] is None else "sealed"
    whole = mail.body == scenario.body if seen == "in plain" else opened == [scenario.entity()]
    return ("left", tuple(sorted(mail.recipients)), seen, "whole" if whole else "changed", names)


RECORD = """select coalesce(string_agg(line, E'\\n' order by line), '') from (
    select 'copy ' || c.recipient || ' ' || coalesce(c.method, '-') || ' ' || c.state as line
        from postseal.copy c join postseal.message m on m.id = c.message where m.message_id = $id
    union all select 'mail ' || o.kind || ' to ' || r.address
        from postseal.outbox o join postseal.outbox_recipient r on r.outbox = o.id
        join postseal.message m on m.id = o.message where m.message_id = $id
    union all select 'parcel for ' || c.recipient from postseal.parcel_key k join postseal.copy c on c.id = k.copy
        join postseal.message m on m.id = c.message where m.message_id = $id) as lines"""


def record(ask, number):
    """What the database holds about a message: its copies, parcels and mail; sorted. Refusals, and
    earlier handovers to the MTA, are recorded at each offer."""
    lines = ask(RECORD.replace("$id", f"'<{number}@example.com>'")).split("\n")
    return tuple(line for n, line in enumerate(lines) if not line.endswith(" repeated")
                 and not (line.endswith(" refused") and line in lines[:n]))


def plan(counts, seed):
    """Failures, one of each kind before the second of any, so that rare calls come early. `counts`
    is {(scenario, program, call): how often}."""
    chance = random.Random(seed)
    groups = {}
    for (scenario, program, call), count in sorted(counts.items(), key=lambda item: (item[0][0].name, item[0][1:])):
        turns = list(range(1, count + 1))
        chance.shuffle(turns)
        if turns and injector.ERRORS.get(call):
            groups[scenario, program, call] = turns
    while groups:
        for scenario, program, call in chance.sample(list(groups), len(groups)):
            turns = groups[scenario, program, call]
            error = chance.choice(injector.ERRORS[call])
            lasting = error in injector.LASTING and chance.random() < 0.2
            yield scenario, injector.Failure(program, call, turns.pop(), error, lasting)
            if not turns:
                del groups[scenario, program, call]
