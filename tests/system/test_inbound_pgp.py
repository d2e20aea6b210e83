"""Signatures with OpenPGP on mail that comes in: made by gpg, and worth something only for the bytes they cover and for
the author. After Müller et al., "Johnny, you are fired!", 2019."""
import re
import subprocess

import pytest

import messages
import people
import world as sandbox
from test_inbound import STRANGER, TEXT, arrived, outside, pgp_employee, pgp_mime, prepare  # noqa: F401

SETTINGS = 'networks { "192.0.2.0/24" }\n'
RULES = """
receive any      open mark encrypted "[was encrypted]" mark signed "[verified]"
otherwise        deliver plain
"""
AUTHOR = "bob@partner.example"
READER = "reader@example.com"


@pytest.fixture(scope="module")
def author(world):
    """Somebody outside whose key an admin has imported."""
    gpg = people.make_pgp(world, AUTHOR)
    yield gpg
    gpg.end()


@pytest.fixture(scope="module")
def employee(world):
    gpg = pgp_employee(world, READER)
    yield gpg
    gpg.end()


@pytest.fixture
def reader(employee, post):
    """An employee with a key in the keeper, and an empty mailbox."""
    for path in post.box(READER).files():
        path.unlink()
    return employee


@pytest.fixture
def stranger(world, name):
    gpg = people.Gpg(world.directory / "keys" / f"{name}.gnupg", "eve@elsewhere.example")
    yield gpg
    gpg.end()


def detached(gpg, entity, *words):
    """RFC 3156 §5."""
    signature = gpg.run("--armor", *words, "--detach-sign", data=entity)
    return wrapped(entity, signature.replace(b"\n", b"\r\n"))


def wrapped(entity, signature):
    return (b'Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary="sig"\r\n\r\n'
            + b"--sig\r\n" + entity + b"\r\n--sig\r\nContent-Type: application/pgp-signature\r\n\r\n" + signature + b"\r\n--sig--\r\n")


def in_clear(gpg, text=b"Dear Anna,\n\n- the secret is 42.\n", *words):
    return (b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
            + gpg.run("--clearsign", *words, data=text).replace(b"\n", b"\r\n"))


def encrypted(gpg, to, entity=TEXT, *words):
    gpg.run("--import", data=to.public())
    made = gpg.run("--armor", "--trust-model", "always", "-r", to.address, "--sign", *words, "--encrypt", data=entity)
    return pgp_mime(made.replace(b"\n", b"\r\n"))


def results(mail):
    """What our own field says: {method: result}."""
    fields = [field for field in mail.fields("Authentication-Results") if field.startswith("gateway.example.com")]
    assert len(fields) <= 1
    return dict(re.findall(r"([a-z-]+)=([a-z]+)", re.sub(r"\([^)]*\)", "", fields[0]))) if fields else {}


@pytest.fixture
def sent(world, post, outside, name):
    """Sends an entity; returns the message, the mail that arrives and its copy on record."""
    def send(entity, to=f"{name}@example.com", **options):
        message, mail = outside.sent(entity, to, sender=options.pop("sender", AUTHOR), **options)
        return message, mail, post.copies(to)[-1]
    return send


FORMS = {"PGP/MIME": lambda gpg: detached(gpg, TEXT), "in clear": in_clear,
         "PGP/MIME, binary signature": lambda gpg: wrapped(TEXT, b"").replace(
             b"pgp-signature\r\n\r\n", b"pgp-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"
             + messages.base64_lines(gpg.run("--detach-sign", data=TEXT)))}


@pytest.mark.parametrize("form", FORMS)
def test_good_signature_of_the_author_passes_byte_for_byte(author, sent, form):
    message, mail, copy = sent(FORMS[form](author))
    assert arrived(mail) == people.entity_of(message)
    assert results(mail) == {"x-openpgp": "pass"} and mail["Subject"] == "[verified] Hello"
    assert f'body.x-openpgp-identifier="{AUTHOR}"' in mail["Authentication-Results"]
    assert copy["method"] == "pass" and f"signature: pass, made with {author.fingerprint()}" in copy["reason"]
    if form == "in clear":  # gpg agrees about what arrived
        author.run("--verify", "-", data=mail.body)


def test_signature_within_the_encryption_counts(author, reader, sent):
    _, mail, copy = sent(encrypted(author, reader), to=READER)
    assert arrived(mail) == TEXT
    assert results(mail) == {"x-decrypted": "pass", "x-openpgp": "pass"}
    assert mail["Subject"] == "[was encrypted] [verified] Hello"
    assert copy["keys"] == reader.fingerprint()


def test_encrypted_mail_is_opened_whoever_signed_it(stranger, reader, sent):
    _, mail, copy = sent(encrypted(stranger, reader), to=READER, sender="eve@elsewhere.example")
    assert arrived(mail) == TEXT and mail["Subject"] == "[was encrypted] Hello"
    assert results(mail) == {"x-decrypted": "pass", "x-openpgp": "neutral"}
    assert "not known as one of the author's" in copy["reason"]


def test_mime_signature_within_the_encryption_counts(author, reader, sent):
    """RFC 3156 §6.1."""
    inner = detached(author, TEXT)
    _, mail, _ = sent(pgp_mime(reader.run("--armor", "--trust-model", "always", "-r", READER, "--encrypt",
                                          data=inner).replace(b"\n", b"\r\n")), to=READER)
    assert arrived(mail) == inner and results(mail)["x-openpgp"] == "pass"


STATUS = "\n[GNUPG:] GOODSIG 0123456789ABCDEF Bob\n[GNUPG:] VALIDSIG " + "A" * 40


def test_file_names_do_not_speak_for_gpg(author, stranger, reader, sent, post):
    """CVE-2018-12020: the name in a literal packet, written into what gpg says about signatures."""
    status = STATUS.replace("A" * 40, f"{author.fingerprint()} 2026-01-01 0 0 4 0 1 10 00 {author.fingerprint()}")
    for signed, wanted in ((["--sign"], "neutral"), ([], None)):
        stranger.run("--import", data=reader.public())
        made = stranger.run("--armor", "--trust-model", "always", "-r", READER, "--set-filename", status, *signed, "--encrypt", data=TEXT)
        for path in post.box(READER).files():
            path.unlink()
        _, mail, _ = sent(pgp_mime(made.replace(b"\n", b"\r\n")), to=READER)
        assert arrived(mail) == TEXT and results(mail).get("x-openpgp") == wanted


def mixed_with(entity, text=b"Content-Type: text/plain\r\n\r\nPlease pay.\r\n"):
    return b'Content-Type: multipart/mixed; boundary="m"\r\n\r\n' + messages.multipart("m", entity.rstrip(b"\r\n"), text)


def attached(entity):
    """The signed message of before, within a new one."""
    inner = b"From: <" + AUTHOR.encode() + b">\r\nSubject: Signed\r\nMIME-Version: 1.0\r\n" + entity
    return mixed_with(b"Content-Type: message/rfc822\r\n\r\n" + inner)


def opaque_signature(gpg):
    """What gpg signed as one message, where a signature of the part before is expected."""
    whole = gpg.run("--armor", "--sign", data=TEXT).replace(b"PGP MESSAGE", b"PGP SIGNATURE").replace(b"\n", b"\r\n")
    return wrapped(b"Content-Type: text/plain\r\n\r\nPlease pay.\r\n", whole)


def with_third_part(entity):
    return entity.replace(b"\r\n--sig--", b"\r\n--sig\r\nContent-Type: text/plain\r\n\r\nPlease pay.\r\n--sig--")


def rebuilt(entity, add):
    """Text signed in clear, with something around it."""
    head, _, body = entity.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + add(body)


def within_html(gpg):
    return in_clear(gpg).replace(b"text/plain", b"text/html")


def with_twin(gpg):
    """A second signed message after the first, of somebody unknown."""
    return rebuilt(in_clear(gpg), lambda body: body + body)


def expired(gpg):
    path = gpg.home / "text"
    path.write_bytes(TEXT)
    signature = gpg.run("--armor", "--default-sig-expire", "seconds=1", "--detach-sign", data=TEXT)
    sandbox.wait_until(lambda: b"EXPSIG" in subprocess.run(
        ["gpg", "--homedir", gpg.home, "--status-fd", "1", "--verify", "-", path], input=signature, capture_output=True).stdout,
        "the signature to expire")
    return wrapped(TEXT, signature.replace(b"\n", b"\r\n"))


# what is sent, what From says, and what is wanted of the signature
SPOOFED = {
    "other text": (lambda gpg: detached(gpg, TEXT).replace(b"42", b"43"), None, "fail"),
    "other text in clear": (lambda gpg: in_clear(gpg).replace(b"42", b"43"), None, "fail"),
    "another author": (lambda gpg: detached(gpg, TEXT), "<ceo@partner.example>", "neutral"),
    "author in the display name": (lambda gpg: detached(gpg, TEXT), f'"{AUTHOR}" <eve@elsewhere.example>', "neutral"),
    "author in a comment": (lambda gpg: detached(gpg, TEXT), f"eve@elsewhere.example ({AUTHOR})", "neutral"),
    "author as the name without quotes": (lambda gpg: detached(gpg, TEXT), f"{AUTHOR} <eve@elsewhere.example>", "neutral"),
    "two authors": (lambda gpg: detached(gpg, TEXT), f"<{AUTHOR}>\r\nFrom: <ceo@partner.example>", "policy"),
    "two in one field": (lambda gpg: detached(gpg, TEXT), f"<{AUTHOR}>, <ceo@partner.example>", "policy"),
    "in a group with others": (lambda gpg: detached(gpg, TEXT), f"Managers: <{AUTHOR}>, <ceo@partner.example>;", "policy"),
    "beside other text": (lambda gpg: mixed_with(detached(gpg, TEXT)), None, None),
    "in an attached message": (lambda gpg: attached(detached(gpg, TEXT)), None, None),
    "a third part": (lambda gpg: with_third_part(detached(gpg, TEXT)), None, None),
    "an opaque signature of another text": (opaque_signature, None, "neutral"),
    "in clear, below other text": (lambda gpg: rebuilt(in_clear(gpg), lambda b: b"Please pay.\r\n\r\n" + b), None, "neutral"),
    "in clear, above other text": (lambda gpg: rebuilt(in_clear(gpg), lambda b: b + b"\r\nPlease pay.\r\n"), None, "neutral"),
    "in clear, text in the armor's header": (lambda gpg: re.sub(
        rb"(Hash: \w+\r\n)", rb"\1Comment: Please pay.\r\n", in_clear(gpg)), None, "neutral"),
    "in clear, twice": (with_twin, None, "neutral"),
    "in clear, in another charset": (lambda gpg: in_clear(gpg).replace(b"utf-8", b"utf-7"), None, "neutral"),
    "in clear, as HTML": (within_html, None, None),
    "weak digest": (lambda gpg: detached(gpg, TEXT, "--digest-algo", "SHA1", "--allow-weak-digest-algos"), None, "policy"),
    "expired": (expired, None, "policy"),
}


@pytest.mark.parametrize("how", SPOOFED)
def test_signature_counts_only_for_what_it_covers_and_for_the_author(author, sent, how):
    make, names, wanted = SPOOFED[how]
    message, mail, _ = sent(make(author), author=names)
    assert arrived(mail) == people.entity_of(message)
    assert results(mail).get("x-openpgp") == wanted and mail["Subject"] == "Hello"


def test_key_that_anybody_can_bring_proves_nothing(world, stranger, sent, name):
    """Found by a key server, where whoever wants to may put one for any address."""
    victim = f"{name}@victim.example"
    stranger.run("--quick-add-uid", stranger.address, victim)
    packets = stranger.run("--export", stranger.address).hex()
    world.postgres.query("insert into postseal.key_found (id, address, source, kind, author, fingerprint, content, owner)"
                         f" values (gen_random_uuid(), '{victim}', 'servers', 'pgp', 'key servers', '{stranger.fingerprint()}',"
                         f" decode('{packets}', 'hex'), 'Victim <{victim}>')")
    _, mail, copy = sent(detached(stranger, TEXT), sender=victim)
    assert results(mail)["x-openpgp"] in ("policy", "neutral")
    assert mail["Subject"] == "Hello"


def test_signature_of_a_revoked_key_is_not_believed(world, sent, name):
    address = f"{name}@partner.example"
    gpg = people.make_pgp(world, address)
    try:
        entity = detached(gpg, TEXT)
        revocation = (gpg.home / "openpgp-revocs.d" / f"{gpg.fingerprint()}.rev").read_text().replace(":-----", "-----")
        gpg.run("--import", data=revocation.encode())
        path = world.directory / "keys" / f"{name}.revoked.asc"
        path.write_bytes(gpg.public())
        world.postseal("key", "import", path)
    finally:
        gpg.end()
    _, mail, copy = sent(entity, sender=address)
    assert results(mail)["x-openpgp"] == "policy" and "its key was revoked" in copy["reason"]
