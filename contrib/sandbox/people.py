"""Recipients with keys, made with openssl and gpg, and the mail that reaches them."""
import email
import email.policy
import pathlib
import re
import subprocess

import world as sandbox
from visitor import Visitor


def certify(world, address, name=None, import_as=("key", "import"), options=(), **issue):
    """Makes a certificate for an address, and imports it; returns its base path (.pem, .key)."""
    name = name or re.sub(r"[^a-z0-9]", "-", address)
    path = world.authority.issue_mail(name, address, **issue)
    world.postseal(*import_as, *options, path)
    return path


class Gpg:
    """A gpg home with a secret key."""

    def __init__(self, home, address, kind="default", expire="30d"):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, mode=0o700)
        self.address = address
        self.run("--quick-gen-key", "--passphrase", "", f"Test <{address}>", kind, "default", expire)

    def run(self, *words, data=None):
        done = subprocess.run(["gpg", "--homedir", str(self.home), "--batch", "--yes", "--pinentry-mode",
                               "loopback", *words], input=data, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"gpg {' '.join(words)}: {done.stderr.decode()}")
        return done.stdout

    def public(self):
        return self.run("--armor", "--export", self.address)

    def secret(self):
        return self.run("--passphrase", "", "--armor", "--export-secret-keys", self.address)

    def fingerprint(self):
        listing = self.run("--with-colons", "--list-keys", self.address).decode()
        return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr"))

    def decrypt(self, data):
        return self.run("--decrypt", data=data)

    def end(self):
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], capture_output=True)


def make_pgp(world, address, name=None, kind="future-default", *options):
    """A recipient with an imported OpenPGP key."""
    name = name or address
    gpg = Gpg(world.directory / "keys" / name, address, kind, *options)
    path = world.directory / "keys" / f"{name}.asc"
    path.write_bytes(gpg.public())
    world.postseal("key", "import", path)
    return gpg


class Mailbox:
    """A Maildir at the outside Postfix."""

    def __init__(self, world, address):
        local, domain = address.split("@")
        self.path = world.maildirs / domain / local / "new"

    def files(self):
        return sorted(self.path.glob("*")) if self.path.is_dir() else []  # names begin with the time

    def wait(self, count=1, seconds=30):
        sandbox.wait_until(lambda: len(self.files()) >= count, f"{count} mails in {self.path}", seconds)
        files = self.files()
        assert len(files) == count, f"{len(files)} mails in {self.path}, expected {count}"
        return [Received(f.read_bytes()) for f in files]

    def one(self, seconds=30):
        return self.wait(1, seconds)[0]


class Received:
    """A mail as it arrived; `raw` with LF, as the Maildir has it."""

    def __init__(self, raw):
        self.raw = raw
        self.header, _, self.body = raw.partition(b"\n\n")
        self.parsed = email.message_from_bytes(raw, policy=email.policy.default)

    def __getitem__(self, name):
        return self.parsed[name]

    def fields(self, name):
        return self.parsed.get_all(name, [])

    def text(self):
        part = self.parsed.get_body(preferencelist=("plain",))
        return part.get_content()

    def link(self):
        return re.search(r"http://\S+/m/\S{43}", self.text()).group(0)

    def codes(self):
        """{recipient: code}"""
        return {to: code for code, to in
                re.findall(r"^\s+([0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z])\s+(\S+)$", self.text(), re.M)}


def entity_of(message):
    """The MIME entity of a message as it was sent: Content-* fields, empty line, body; CRLF."""
    header, _, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", header)
    kept = [f for f in fields if f.lower().startswith(b"content-")]
    return b"".join(f + b"\r\n" for f in kept) + b"\r\n" + body


def open_smime(mail, base):
    """What openssl finds in an encrypted mail."""
    return sandbox.command("openssl", "cms", "-decrypt", "-recip", f"{base}.pem", "-inkey", f"{base}.key",
                           "-binary", input=mail.raw)


def open_pgp(mail, gpg):
    """What gpg finds in a PGP/MIME mail."""
    assert mail.parsed.get_content_type() == "multipart/encrypted"
    version, _ = mail.parsed.iter_parts()
    assert version.get_content_type() == "application/pgp-encrypted"
    return gpg.decrypt(pgp_data(mail))


def pgp_data(mail):
    """The armored part of a PGP/MIME mail."""
    return list(mail.parsed.iter_parts())[1].get_payload(decode=True)


# --- the portal, as a browser without a window ---

def visitor(link):
    return Visitor(link.split("/m/")[0])


def get(link):
    return visitor(link).get(link).body


def try_code(link, code, using=None):
    """(status, page)"""
    browser = using or visitor(link)
    browser.get(link)
    answer = browser.send({"code": code})
    return answer.status, answer.body


def browse(link, code):
    """Opens a message with link and code, and returns it."""
    browser = visitor(link)
    status, page = try_code(link, code, browser)
    assert status == 200, page
    return browser.get(browser.page.path.replace("/message/", "/source/")).body


def find_code(post, recipient):
    """The code that the sender received for a recipient; None until it has arrived."""
    for path in post.box(post.sender).files():
        mail = Received(path.read_bytes())
        if "Unlock code" in str(mail["Subject"]) and recipient in mail.codes():
            return mail.codes()[recipient]
    return None


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def another_code(code):
    """A well-formed code that is wrong."""
    symbols = list(code.replace("-", "")[:10])
    for symbol in ALPHABET:
        for place in range(10):
            changed = symbols[:place] + [symbol] + symbols[place + 1:]
            value = 0
            for each in changed:
                value = value * 32 + ALPHABET.index(each)
            if changed != symbols and value % 37 < 32:
                return "".join(changed) + ALPHABET[value % 37]
    raise AssertionError(code)
