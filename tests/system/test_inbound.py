"""Mail that comes in: opened with keys that only the keeper has, or passed as it was sent. What is opened was made by
openssl; what arrives is compared with what was given to openssl."""
import base64
import email.utils
import json
import os
import pathlib
import random
import re
import smtplib
import subprocess
import time
import uuid

import pytest

import attacks
import efail
import messages
import people
import world as sandbox
from ber import closed, der, elements, opened

SETTINGS = 'networks { "192.0.2.0/24" }\n'
RULES = """
receive sender domain "old.example"            open old ciphers
receive sender domain "closed.example"         pass
receive sender domain "marked.example"         open mark encrypted "[was encrypted]" mark signed "[verified]"
receive any                                    open

match sender "hr@example.com"                  deliver pickup
match conversation                             deliver smime, pickup
match recipient domain "smime.example"         deliver smime hide subject
otherwise                                      deliver plain
"""

STRANGER = "bob@partner.example"


def prepare(world):
    sandbox.command("postconf", "-c", world.company.config, "smtpd_authorized_xclient_hosts=127.0.0.0/8")
    sandbox.command("postfix", "-c", world.company.config, "reload")


class Outside:
    """Somebody outside, who writes to employees."""

    def __init__(self, world, post):
        self.world, self.post = world, post

    def mail(self, entity, to, sender=STRANGER, subject="Hello", fields=(), author=None):
        """A message around a MIME entity."""
        head = [*fields, f"From: {author or f'<{sender}>'}", f"To: {', '.join(to)}", f"Subject: {subject}",
                f"Message-ID: {email.utils.make_msgid(domain='partner.example')}", f"Date: {email.utils.formatdate()}",
                "MIME-Version: 1.0"]
        return "\r\n".join(head).encode() + b"\r\n" + entity

    def send(self, message, to, sender=STRANGER, client="203.0.113.5", login=None, asks=(), returns=()):
        """`asks` and `returns`: parameters of RCPT and MAIL (RFC 3461)."""
        with smtplib.SMTP("127.0.0.1", self.world.ports["submission"]) as smtp:
            smtp.ehlo()
            attributes = f"ADDR={client}" + (f" LOGIN={login}" if login else "")
            code, text = smtp.docmd("XCLIENT", attributes)
            assert code == 220, text
            smtp.ehlo()
            code, text = smtp.mail(sender, ["BODY=8BITMIME", *returns])
            assert code == 250, text
            for address in to:
                code, text = smtp.rcpt(address, asks)
                assert code == 250, text
            code, text = smtp.data(message)
            assert code == 250, str(code).encode() + b" " + text
            return re.sub(rb"queued as \w+", b"queued", text)

    def sent(self, entity, to, **options):
        """Sends the entity, and returns what reaches each mailbox."""
        to = [to] if isinstance(to, str) else to
        around = {k: options.pop(k) for k in ("client", "login") if k in options}
        message = self.mail(entity, to, **options)
        self.send(message, to, sender=options.get("sender", STRANGER), **around)
        mails = [self.post.box(address).one() for address in to]
        return (message, *mails)


@pytest.fixture
def outside(world, post):
    return Outside(world, post)


def employee(world, address, **issue):
    """An employee whose private key the keeper has; returns the path of the certificate."""
    path = people.certify(world, address, **issue)
    base = path.with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(path.read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    return path


def envelope(entity, *certificates, options=("-aes-256-cbc",), form="SMIME"):
    """What openssl makes of an entity: a MIME entity again, or DER."""
    made = sandbox.command("openssl", "cms", "-encrypt", "-binary", *options, "-outform", form, *certificates, input=entity)
    return as_entity(made) if form == "SMIME" else made


def as_entity(made):
    """openssl's output as it travels: CRLF, and without its MIME-Version, which the message has."""
    lines = re.sub(rb"\r?\n", b"\r\n", made)
    return re.sub(rb"^MIME-Version: 1\.0\r\n", b"", lines)


def pkcs7(der, kind="enveloped-data"):
    return (f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="smime.p7m"\r\n'
            'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n\r\n').encode() \
        + messages.base64_lines(der)


TEXT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe, the secret is 42.\r\n"


def arrived(mail):
    """The entity of a mail in a Maildir, with CRLF."""
    return people.entity_of(re.sub(rb"\r?\n", b"\r\n", mail.raw))


CIPHERS = {"CBC": ("-aes-256-cbc",), "CBC 128": ("-aes-128-cbc",), "GCM": ("-aes-256-gcm",),
           "in pieces, BER": ("-aes-256-cbc", "-stream"), "by key identifier": ("-aes-256-cbc", "-keyid"),
           "OAEP": ("-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep"),
           "OAEP with SHA-256": ("-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")}


@pytest.mark.parametrize("how", CIPHERS)
def test_enveloped_mail_is_opened_to_the_bytes_that_were_sealed(world, post, outside, name, how):
    """Promise 4, the other way round."""
    address = f"{name}@example.com"
    certificate = employee(world, address)
    cipher, *options = CIPHERS[how]
    sealed = envelope(TEXT, "-recip", certificate, *options, options=(cipher,))
    message, mail = outside.sent(sealed, address)
    assert arrived(mail) == TEXT
    assert mail["Subject"] == "Hello"
    copy = post.copies(address)[0]
    assert copy["method"] == "open" and len(copy["keys"]) == 64


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_key_agreement_is_opened(world, post, outside, name, curve):
    address = f"{name}@example.com"
    certificate = employee(world, address, key=("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}"))
    for options in (("-aes-256-gcm",), ("-aes-128-cbc", "-keyid")):
        sealed = envelope(TEXT, certificate, options=options)
        outside.send(outside.mail(sealed, [address]), [address])
    mails = post.box(address).wait(2)
    assert [arrived(mail) for mail in mails] == [TEXT, TEXT]


def test_every_structure_comes_out_as_it_went_in(world, post, outside, name):
    """Promise 4."""
    address = f"{name}@example.com"
    certificate = employee(world, address)
    # CBC without a signature: bytes of no charset cannot be told from those that somebody has changed.
    sent = {kind: b"Content-Type: " + content + b"\r\n\r\n" + body
            for kind, content, body in messages.STRUCTURES if kind != "big attachment"}
    for kind, entity in sent.items():
        outside.send(outside.mail(envelope(entity, certificate, options=("-aes-256-gcm",)), [address], subject=kind), [address])
    got = {mail["Subject"]: arrived(mail) for mail in post.box(address).wait(len(sent))}
    for kind, entity in sent.items():
        assert got[kind] == (entity if entity.endswith(b"\r\n") else entity + b"\r\n"), kind
    assert {copy["method"] for copy in post.copies(address)} == {"open"}


def test_only_those_whose_key_opens_it_get_it_opened(world, post, outside, name):
    """Promises 1 to 3 for mail that comes in: everybody gets one copy, and nobody reads what is not for them."""
    reader, other, guest = f"{name}a@example.com", f"{name}b@example.com", f"{name}@plain.example"
    certificate = employee(world, reader)
    employee(world, other)
    sealed = envelope(TEXT, certificate)
    message, opened, closed, relayed = outside.sent(sealed, [reader, other, guest])
    assert arrived(opened) == TEXT
    assert arrived(closed) == arrived(relayed) == people.entity_of(message)
    assert [post.copies(a)[0]["method"] for a in (reader, other, guest)] == ["open", "pass", "plain"]
    assert "encrypted for other keys" in post.copies(other)[0]["reason"]
    for address in (reader, other, guest):
        post.box(address).one()


def test_same_message_for_two_readers_is_decrypted_for_both(world, post, outside, name):
    first, second = f"{name}a@example.com", f"{name}b@example.com"
    sealed = envelope(TEXT, employee(world, first), employee(world, second))
    _, one, two = outside.sent(sealed, [first, second])
    assert arrived(one) == arrived(two) == TEXT
    keys = {post.copies(a)[0]["keys"] for a in (first, second)}
    assert len(keys) == 2


def changed(der, at):
    return der[:at] + bytes([der[at] ^ 1]) + der[at + 1:]


def gcm_as_enveloped(entity, certificate):
    """AES-GCM within EnvelopedData, as no standard allows: its tag is missing."""
    der = envelope(entity, certificate, options=("-aes-256-gcm",), form="DER")
    # id-ct-authEnvelopedData becomes enveloped-data, as long in the text of the mail's type only
    return pkcs7(der.replace(bytes.fromhex("060b2a864886f70d0109100117"), bytes.fromhex("060b2a864886f70d0109100107")))


def of_another_kind(certificate):
    """The readers' names in a RecipientInfo that their keys are not for: key agreement that names an RSA key."""
    other = certificate.with_name(f"{certificate.stem}-agreed.pem")
    serial = sandbox.command("openssl", "x509", "-in", certificate, "-noout", "-serial").decode().strip().partition("=")[2]
    keys = certificate.parent
    sandbox.command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    other.with_suffix(".key"), "-out", other.with_suffix(".csr"), "-subj", "/CN=other")
    sandbox.command("openssl", "x509", "-req", "-in", other.with_suffix(".csr"), "-CA", keys / "authority.pem", "-CAkey",
                    keys / "authority.key", "-set_serial", f"0x{serial}", "-days", "10", "-out", other)
    return envelope(TEXT, other)


BROKEN = {
    "key agreement for an RSA key": of_another_kind,
    "another cipher": lambda certificate: envelope(TEXT, certificate, options=("-des3",)),
    "a bit of the ciphertext": lambda certificate: pkcs7(changed(envelope(TEXT, certificate, form="DER"), -40)),
    "a bit under GCM": lambda certificate: pkcs7(changed(envelope(TEXT, certificate, options=("-aes-256-gcm",), form="DER"), -40)),
    "the tag of GCM": lambda certificate: pkcs7(changed(envelope(TEXT, certificate, options=("-aes-256-gcm",), form="DER"), -3)),
    "GCM without authentication": lambda certificate: gcm_as_enveloped(TEXT, certificate),
    "the encrypted key": lambda certificate: pkcs7(changed(der := envelope(TEXT, certificate, form="DER"), der.index(bytes.fromhex("04820100")) + 60)),
    "bytes behind": lambda certificate: pkcs7(envelope(TEXT, certificate, form="DER") + b"Hello"),
    "no entity": lambda certificate: envelope(b"Just text.\r\n", certificate),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_opened_passes_byte_for_byte(world, post, outside, name, what):
    address = f"{name}@example.com"
    sealed = BROKEN[what](employee(world, address))
    message, mail = outside.sent(sealed, address)
    assert arrived(mail) == people.entity_of(message)
    assert post.copies(address)[0]["method"] == "pass"


def pass_byte_for_byte(outside, address, entities):
    """Sends all of them, and returns {name: mail}."""
    sent = {what: outside.mail(entity, [address], subject=what) for what, entity in entities.items()}
    replies = {outside.send(message, [address]) for message in sent.values()}
    mails = {mail["Subject"]: mail for mail in outside.post.box(address).wait(len(sent))}
    # whatever was wrong with them, nobody can tell
    assert len(replies) == 1
    assert len({tuple(sorted(name.lower() for name in mail.parsed.keys() if not re.match("content-|authentication-results", name, re.I)))
                for mail in mails.values()}) == 1
    for what, message in sent.items():
        assert arrived(mails[what]) == people.entity_of(message), what
        assert set(results(mails[what]).values()) <= {"neutral"}, what
    assert {copy["method"] for copy in outside.post.copies(address)} == {"pass"}
    return mails


PAGE = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + b"The secret is 42. " * 40 + b"</p>\r\n"


def test_mail_that_was_changed_on_its_way_was_shown(world, post, outside, name):
    """Promise 1, the other way round."""
    address = f"{name}@example.com"
    certificate = employee(world, address)
    cbc, gcm = (envelope(PAGE, certificate, options=(cipher,), form="DER") for cipher in ("-aes-256-cbc", "-aes-256-gcm"))
    sealed = pkcs7(gcm)
    mails = pass_byte_for_byte(outside, address, {
        **{what: wrap(sealed) for what, wrap in attacks.WRAPPED.items()},
        **{what: pkcs7(attacks.change_ciphertext(cbc, change)) for what, change in attacks.CBC.items()},
        **{what: pkcs7(change(gcm)) for what, change in attacks.GCM.items()},
        **{what: pkcs7(change(cbc)) for what, change in attacks.STRUCTURE.items()}})
    outside.send(outside.mail(sealed, [address]), [address])
    outside.send(outside.mail(pkcs7(attacks.change_ciphertext(cbc, lambda iv, text: (iv, text))), [address]), [address])
    assert [arrived(mail) for mail in post.box(address).wait(len(mails) + 2) if mail["Subject"] == "Hello"] == [PAGE, PAGE]
    # openssl shows what was made of it
    shown = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-recip", certificate, "-inkey", certificate.with_suffix(".key")],
                           input=mails["gadgets in the middle"].raw, capture_output=True)
    assert b'<img ignore="123' in shown.stdout


def is_of_one_byte_each(block):
    """Could it be text in a charset of single bytes?"""
    return all(byte in b"\t\r\n\f\033" or 0x20 <= byte < 0x7f or byte >= 0xa0 for byte in block)


def test_random_block_that_looked_like_text_was_shown(world, post, outside, name):
    """One in seventy does: whoever changes mail may try as often as they like."""
    address = f"{name}@example.com"
    certificate = employee(world, address)
    cbc = envelope(PAGE, certificate, form="DER")
    wanted = [b"<img src=//%04d/" % number for number in range(1000)]
    all_of_them = attacks.change_ciphertext(cbc, attacks.with_gadgets(attacks.KNOWN, *wanted))
    shown = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", certificate,
                            "-inkey", certificate.with_suffix(".key")], input=all_of_them, capture_output=True).stdout
    found = [text for text in wanted if is_of_one_byte_each(shown[shown.index(text) - 16:shown.index(text)])]
    pass_byte_for_byte(outside, address, {
        text.decode(): pkcs7(attacks.change_ciphertext(cbc, attacks.with_gadgets(attacks.KNOWN, text))) for text in found[:3]})


TRIES, SENT = 1000, 8  # for each kind of mail, of which there are 42: what is tried, and the most text-like of it


def test_changed_mail_in_any_charset_and_encoding_was_shown(world, post, outside, name):
    """In 42 000 tries; all of them, and more, without the way through the mail: tests/unit/mail/test_disturbance_oracle.py."""
    address = f"{name}@example.com"
    certificate = employee(world, address)
    wrapped = sandbox.command("openssl", "pkeyutl", "-encrypt", "-certin", "-inkey", certificate, input=efail.KEY)
    template = envelope(PAGE, certificate, form="DER")
    sent = {}
    for cell, text in efail.CELLS.items():
        made = [(how, iv, blocks, changed) for how, iv, blocks, changed in efail.tries(cell, TRIES) if changed is not None]
        made.sort(key=lambda each: efail.strangeness(each[3], text))
        for number, (how, iv, blocks, _) in enumerate(made[:SENT]):
            sent[f"{cell} {how} {number}"] = pkcs7(efail.structure(template, wrapped, iv, blocks))
    mails = pass_byte_for_byte(outside, address, sent)
    assert len(efail.CELLS) == 42 and len(mails) == 42 * SENT
    # unchanged, each of them opens
    good = [efail.Sealed(text) for text in efail.CELLS.values()]
    for each in good:
        outside.send(outside.mail(pkcs7(efail.structure(template, wrapped, each.iv, each.blocks)), [address]), [address])
    opened = [arrived(mail) for mail in post.box(address).wait(len(mails) + len(good)) if mail["Subject"] == "Hello"]
    assert sorted(opened) == sorted(efail.CELLS.values())


OPAQUE = b'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\nContent-Transfer-Encoding: binary\r\n\r\n'


def test_what_was_signed_in_binary_was_shown_changed(world, post, outside, name):
    """Its length stays, and so its structure; random blocks are nothing unusual in it. Every block of the text is tried."""
    address, author = f"{name}@example.com", f"{name}@marked.example"
    certificate = employee(world, address)
    signed_page = sandbox.command("openssl", "cms", "-sign", "-binary", "-nodetach", "-signer",
                                  path := world.authority.issue_mail(name, author), "-inkey", path.with_suffix(".key"), "-outform", "DER",
                                  input=PAGE)
    _, mail = outside.sent(envelope(OPAQUE + signed_page, certificate), address, sender=author)
    assert results(mail) == {"x-decrypted": "pass", "smime": "pass"}
    other = f"{name}b@example.com"
    certificate = employee(world, other)
    sealed = efail.Sealed(OPAQUE + signed_page)
    wrapped = sandbox.command("openssl", "pkeyutl", "-encrypt", "-certin", "-inkey", certificate, input=efail.KEY)
    template = envelope(PAGE, certificate, form="DER")
    rng, end, sent, behind = random.Random(3), (sealed.text.index(PAGE) + len(PAGE)) // 16 + 1, {}, {}
    for known in range(1, len(sealed.blocks) - 1):
        wanted = efail.wanted_text(rng)
        for what, block in {"chosen": sealed.gadget(wanted, known)[0], "random": rng.randbytes(16)}.items():
            blocks = [*sealed.blocks[:known - 1], block, *sealed.blocks[known:]]
            (sent if known <= end else behind)[f"{what} block {known}"] = pkcs7(efail.structure(template, wrapped, sealed.iv, blocks))
    assert len(sent) > 100 and len(behind) > 100
    inner = {"no CMS structure": b"\x01\x02" * 100, "without certificate": attacks.sign(path, PAGE, "-nodetach", "-nocerts"),
             "compressed": closed(bytes.fromhex("2a864886f70d0109100109"), [(0x02, b"\0"), (0x30, b""), (0x30, b"")])}
    sent.update((what, envelope(OPAQUE + structure, certificate)) for what, structure in inner.items())
    pass_byte_for_byte(outside, other, sent)
    # the certificates: whose the text is can be changed, to nobody's; the text cannot
    for entity in behind.values():
        outside.send(outside.mail(entity, [other], subject="Behind", sender=author), [other], sender=author)
    shown = [mail for mail in post.box(other).wait(len(sent) + len(behind)) if mail["Subject"] == "Behind" and "x-decrypted" in results(mail)]
    assert len(shown) < len(behind) and {results(mail)["smime"] for mail in shown} <= {"policy"}
    for mail in shown:
        assert sandbox.command("openssl", "cms", "-verify", "-noverify", "-binary", input=re.sub(rb"\r?\n", b"\r\n", mail.raw)) == PAGE


def test_what_was_signed_in_clear_was_shown_changed(world, post, outside, name):
    """By blocks that change places, each with a random one that happens to be text, for whoever knows all of it but one line."""
    address, author = f"{name}@example.com", f"{name}@marked.example"
    certificate = employee(world, address)
    entity = signed(world, TEXT, author)
    changed = {"a word": entity.replace(b"42", b"43"), "the signature": entity[:-90] + (b"A" if entity[-90:-89] != b"A" else b"B") + entity[-89:]}
    assert entity not in changed.values()
    pass_byte_for_byte(outside, address, {what: envelope(each, certificate) for what, each in changed.items()})


def test_text_in_a_charset_of_single_bytes_is_opened_where_it_names_one(world, post, outside, name):
    address = f"{name}@example.com"
    certificate = employee(world, address)
    text = "\r\n\r\nGrüße aus Genève\r\n".encode("latin-1")
    named = b'Content-Type: text/plain;\r\n charset="ISO-8859-1"\r\nContent-Transfer-Encoding: 8bit' + text
    within = b'Content-Type: multipart/mixed; boundary="m"\r\n\r\n' + messages.multipart("m", named.rstrip(b"\r\n"))
    nameless = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit" + text
    for entity in (named, within):
        outside.send(outside.mail(envelope(entity, certificate), [address]), [address])
    assert sorted(arrived(mail) for mail in post.box(address).wait(2)) == sorted((named, within))
    other = f"{name}b@example.com"
    pass_byte_for_byte(outside, other, {"Nameless": envelope(nameless, employee(world, other))})


def test_old_ciphers_only_by_rule(world, post, outside, name):
    address = f"{name}@example.com"
    sealed = envelope(TEXT, employee(world, address), options=("-des3",))
    _, mail = outside.sent(sealed, address, sender="bob@old.example")
    assert arrived(mail) == TEXT
    assert "3DES-CBC" in post.copies(address)[0]["reason"]


def test_layers_within_one_another_are_opened(world, post, outside, name):
    address = f"{name}@example.com"
    certificate = employee(world, address)
    sealed = TEXT
    for _ in range(3):
        sealed = envelope(sealed, certificate)
    _, mail = outside.sent(sealed, address)
    assert arrived(mail) == TEXT


def test_layers_are_opened_to_a_limit(world, post, outside, name):
    """Whoever seals a mail twenty times keeps nobody busy for longer than four; what is left inside arrives as it was."""
    address = f"{name}@example.com"
    certificate, entities = employee(world, address), [TEXT]
    for _ in range(20):
        entities.append(envelope(entities[-1], certificate))
    for number, count in enumerate((4, 5, len(entities) - 1), 1):
        outside.send(outside.mail(entities[count], [address], subject=str(count)), [address])
        mail, = [m for m in post.box(address).wait(number) if m["Subject"] == str(count)]
        assert arrived(mail) == entities[count - 4], count
        assert post.copies(address)[-1]["reason"].count("within it") == 3


def test_rule_says_that_mail_passes(world, post, outside, name):
    address = f"{name}@example.com"
    sealed = envelope(TEXT, employee(world, address))
    message, mail = outside.sent(sealed, address, sender="bob@closed.example")
    assert arrived(mail) == people.entity_of(message)
    assert post.copies(address)[0]["method"] == "pass"


@pytest.mark.parametrize("sender,client,login,method", [
    ("hr@example.com", "192.0.2.7", None, "pickup"),      # one of ours, and its rule
    ("hr@example.com", "203.0.113.5", "hr@example.com", "pickup"),
    ("hr@example.com", "203.0.113.5", None, "pass"),      # a stranger who uses a colleague's address
    ("bob@partner.example", "192.0.2.7", None, "pass"),   # a relay of ours that hands over mail from outside
    ("bob@partner.example", "203.0.113.5", None, "pass"),
])
def test_sender_alone_does_not_make_mail_ours(world, post, outside, name, sender, client, login, method):
    address = f"{name}@example.com"
    outside.send(outside.mail(TEXT, [address], sender=sender), [address], sender=sender, client=client, login=login)
    assert post.copies(address)[0]["method"] == method


OURS = "gateway.example.com"
KEPT = ["mx.partner.example; spf=pass (gateway.example.com) smtp.mailfrom=b@c.example", "gateway.example.com.evil.example; smime=pass",
        "my-gateway.example.com; smime=pass", "example.com; smime=pass", "(gateway.example.com) mx.partner.example; dkim=none",
        '"mx.gateway.example.com"; none', "mx.partner.example 1; auth=pass smtp.auth=gateway.example.com", "mx1;\r\n gateway.example.com=pass"]
NAMED = [OURS, OURS.upper(), "Gateway.Example.com", f'"{OURS}"', '"gate\\way.example.com"', f"{OURS}.", "gateway.(x)example . com",
         "\uff47ateway.example.com", "gateway\u3002example.com", f"=?utf-8?q?{OURS}?=", f"=?us-ascii?b?{base64.b64encode(OURS.encode()).decode()}?=",
         f"\u00a0{OURS}", f"\ufeff{OURS}", f"\x0b{OURS}", f"\u200b{OURS}", '"gateway".example.com', "gate\u200bway.example.com"]


def forged_fields(count):
    """The ways in which RFC 8601 §2.2 and its forerunners allow our name to be written, and those in which readers may take a
    field for one, in any combination."""
    choose = random.Random(8601).choice
    blank = [" ", "\t", "\r\n ", "\r\n\t", "(x)", " (a (nested \\) comment)) ", "(\"\r\n ;)", ""]
    version = ["", " 1", " 1 ", "(v)1", "\t99", " 1\r\n ", "/1", "="]
    rest = ["; smime=pass", ";\r\n\tsmime=pass", " ; none", "(c); x-decrypted=pass", "", ";", ";;"]
    name = ["Authentication-Results", "authentication-results", "AUTHENTICATION-RESULTS"]
    fields = [f"Authentication-Results: {named}; smime=pass" for named in NAMED]
    fields += [f"{choose(name)}: {choose(blank)}{choose(NAMED)}{choose(blank)}{choose(version)}{choose(rest)}" for _ in range(count)]
    return [*fields, "Authentication-Results: (never ends gateway.example.com; smime=pass", "Authentication-Results: \"never ends; smime=pass",
            "Authentication-Results:", "Authentication-Results: ; smime=pass"]


def test_forged_results_are_removed(world, post, outside, name):
    """RFC 8601 §5. Ours stands above all others."""
    address, author = f"{name}@example.com", f"{name}@partner.example"
    fields = [*forged_fields(250), *(f"Authentication-Results: {kept}" for kept in KEPT)]
    random.Random(5).shuffle(fields)
    message = outside.mail(signed(world, TEXT, author), [address], sender=author, fields=["X-Postseal-Login: forged"])
    outside.send("\r\n".join(fields).encode() + b"\r\n" + message, [address], sender=author)
    mail = post.box(address).one()
    first, *others = mail.fields("Authentication-Results")
    assert first.startswith(OURS) and results(mail)["smime"] == "pass"
    assert sorted(" ".join(each.split()) for each in others) == sorted(" ".join(each.split()) for each in KEPT)
    assert not mail.fields("X-Postseal-Login")
    assert arrived(mail) == people.entity_of(message)


def test_tags_of_ours_are_removed_before_one_is_written(world, post, outside, name):
    address = f"{name}@example.com"
    certificate = employee(world, address)
    cases = (("bob@marked.example", envelope(TEXT, certificate), "[was encrypted] Offer"),
             ("bob@marked.example", TEXT, "Offer"), (STRANGER, TEXT, "Offer"))
    for sender, entity, _ in cases:
        outside.send(outside.mail(entity, [address], sender=sender, subject="[was encrypted] =?utf-8?q?=5BWAS_encrypted=5D?= Offer"),
                     [address], sender=sender)
    assert sorted(mail["Subject"] for mail in post.box(address).wait(3)) == sorted(wanted for _, _, wanted in cases)


def test_subject_that_travelled_inside_is_shown(world, post, outside, name):
    """Header protection (RFC 9788): what another gateway of this kind sends is its own counterpart."""
    address = f"{name}@example.com"
    certificate = employee(world, address)
    entity = (b'Content-Type: text/plain; charset=utf-8; protected-headers="v1"; hp="cipher"\r\nSubject: The real one\r\n'
              b"HP-Outer: Subject: [...]\r\n\r\nHello.\r\n")
    _, mail = outside.sent(envelope(entity, certificate), address, subject="[...]")
    assert mail["Subject"] == "The real one" and mail.body == b"Hello.\n"


# --- what is said to who is outside ---

PROTECTED = (b'Content-Type: text/plain; charset=utf-8; protected-headers="v1"; hp="cipher"\r\nSubject: The real one\r\n'
             b"HP-Outer: Subject: [...]\r\n\r\nHello.\r\n")


@pytest.fixture
def refused(world):
    """Makes the mailboxes' server refuse these addresses from now on."""
    def refuse(*addresses):
        table = " ".join(f"{{ {a} = 550 5.1.1 no such mailbox }}" for a in addresses)
        world.outside.set(smtpd_recipient_restrictions="check_recipient_access inline:{ " + table + " }, reject_unauth_destination"
                          if addresses else "reject_unauth_destination")
    yield refuse
    refuse()


def settle(world, addresses):
    """Waits until nothing is left to be said about their mail."""
    sandbox.wait_until(lambda: all(state in ("sent", "failed") for address in addresses for state, in world.postgres.query(
        f"select state from postseal.log where recipient = '{address}'")), "the MTA's log to be read")
    sandbox.wait_until(lambda: not world.postgres.query("select 1 from postseal.receipt") and world.nothing_waits(), "our outbox to be empty")
    sandbox.wait_until(lambda: not sandbox.command("postqueue", "-c", world.company.config, "-j").strip(), "Postfix's queue to be empty", 40)


def told_apart(report):
    """A report without what differs from one to the next anyway: dates, identifiers, who is meant."""
    text = re.sub(rb"(?m)^(Date|Received|Message-ID|Delivered-To|X-Original-To|Return-Path|Arrival-Date|X-Postfix-Queue-ID):.*\n(?:[ \t].*\n)*", b"",
                  report.raw)
    return re.sub(rb"r\d+[ab]@|=_?[\w/.+-]{8,}|--[\w/.=+-]{8,}", b"x", text)


def test_what_was_opened_went_back_to_whoever_sent_it(world, post, outside, name):
    """Whoever has caught sealed mail sends it again from their own address, and asks what became of it."""
    thief, ours, theirs = f"{name}@partner.example", f"{name}a@example.com", f"{name}b@example.com"
    certificate = employee(world, ours)
    employee(world, theirs)
    for to in (ours, theirs):
        message = outside.mail(envelope(PROTECTED, certificate), [to], sender=thief, subject="[...]")
        outside.send(message, [to], sender=thief, asks=["NOTIFY=SUCCESS,FAILURE,DELAY"], returns=["RET=FULL", "ENVID=known"])
    assert post.box(ours).one()["Subject"] == "The real one"
    assert post.box(theirs).one()["Subject"] == "[...]"
    settle(world, (ours, theirs))
    assert post.box(thief).files() == []


def test_report_of_what_could_not_be_delivered_showed_what_was_opened(world, post, outside, refused, name):
    """Mail that comes in with nearly too many hops, or is a little too large, is returned whenever its sender likes."""
    thief, ours, theirs = f"{name}@partner.example", f"{name}a@example.com", f"{name}b@example.com"
    certificate = employee(world, ours)
    employee(world, theirs)
    refused(ours, theirs)
    for to in (ours, theirs):
        message = outside.mail(envelope(PROTECTED, certificate), [to], sender=thief, subject="[...]")
        outside.send(message, [to], sender=thief, asks=[f"ORCPT=rfc822;{to}"], returns=["RET=FULL", "ENVID=known"])
    both = post.box(thief).wait(2)
    settle(world, (ours, theirs))
    assert len(post.box(thief).files()) == 2
    assert {post.copies(to)[0]["method"] for to in (ours, theirs)} == {"open", "pass"}
    for report in both:
        assert b"The real one" not in report.raw and b"x-decrypted" not in report.raw
        assert b"550 5.1.1" in report.raw and b"Original-Envelope-Id: known" in report.raw and b"Original-Recipient: rfc822;" in report.raw
    assert told_apart(both[0]) == told_apart(both[1])


def test_reply_about_what_was_opened_went_back_to_whoever_sent_it(world, post, outside, name):
    """What a scanner at the next hop finds is about the content."""
    thief, ours = f"{name}@partner.example", f"{name}a@example.com"
    certificate = employee(world, ours)
    world.outside.set(header_checks="regexp:{ {/^Subject: The real one/ REJECT it names the wall} }")
    try:
        outside.send(outside.mail(envelope(PROTECTED, certificate), [ours], sender=thief, subject="[...]"), [ours], sender=thief)
        report = post.box(thief).one()
    finally:
        world.outside.set(header_checks="")
    assert b"550 5.0.0 delivery failed" in report.raw and b"wall" not in report.raw


@pytest.mark.parametrize("asks", ["NOTIFY=NEVER", "NOTIFY=SUCCESS"])
def test_who_wants_no_report_gets_none(world, post, outside, refused, name, asks):
    thief, ours = f"{name}@partner.example", f"{name}a@example.com"
    certificate = employee(world, ours)
    refused(ours)
    outside.send(outside.mail(envelope(TEXT, certificate), [ours], sender=thief), [ours], sender=thief, asks=[asks])
    settle(world, (ours,))
    assert post.copies(ours)[0]["state"] == "failed" and post.box(thief).files() == []


def test_whom_to_tell_of_a_return_was_remembered_for_ever(world, post, outside, name):
    """Of mail that arrived, as of mail that never will: once it cannot be returned any more. Until then it can, after it arrived, too."""
    sender, to = f"{name}@partner.example", f"{name}a@example.com"
    outside.send(outside.mail(envelope(TEXT, employee(world, to)), [to], sender=sender), [to], sender=sender)
    settle(world, (to,))
    now, = (row[0] for row in world.postgres.query(f"select id from postseal.copy where address = '{to}'"))
    # As if it had been decided twelve days ago (outbox and MTA try for five days each), and another ten.
    old, younger = (f"{int((time.time() - 86400 * days) * 1000):012x}7{now.replace('-', '')[13:]}" for days in (12, 10))
    for age in (old, younger):
        world.postgres.query(f"insert into postseal.copy select (jsonb_populate_record(c, jsonb_build_object('id', '{age}'))).*"
                             f" from postseal.copy c where id = '{now}'; insert into postseal.tell_returned (copy, sender)"
                             f" values ('{age}', '{sender}')")
    world.stop_program("postseal-courier")
    world.start_program("postseal-courier")
    sandbox.wait_until(lambda: not world.postgres.query(f"select 1 from postseal.tell_returned where copy = '{old}'"),
                       "the courier to forget it", 90)
    rows = world.postgres.query(f"select copy from postseal.tell_returned where sender = '{sender}' order by 1")
    assert rows == [[str(uuid.UUID(younger))], [now]]


def test_mail_that_was_not_sealed_is_reported_by_the_mta(world, post, outside, name):
    sender, to = f"{name}@partner.example", f"{name}a@example.com"
    outside.send(outside.mail(TEXT, [to], sender=sender), [to], sender=sender, asks=["NOTIFY=SUCCESS"])
    assert b"Successful Mail Delivery Report" in post.box(sender).one().raw


def test_opened_record_is_kept_when_the_message_is_offered_again_without_the_keeper(world, post, outside, name):
    """Promise 1: without the keeper, what may be encrypted for somebody waits."""
    address = f"{name}@example.com"
    sealed = envelope(TEXT, employee(world, address))
    message = outside.mail(sealed, [address])
    world.stop_program("postseal-keeper")
    try:
        with pytest.raises(AssertionError, match="451|4.7.0|cannot be secured"):
            outside.send(message, [address])
        # nobody needs it for these
        outside.send(outside.mail(sealed, [address], sender="bob@closed.example"), [address], sender="bob@closed.example")
        outside.send(outside.mail(TEXT, [address]), [address])
        assert sorted(arrived(mail) for mail in post.box(address).wait(2)) == sorted((people.entity_of(message), TEXT))
    finally:
        world.start_program("postseal-keeper")
    outside.send(message, [address])
    assert sorted(arrived(mail) for mail in post.box(address).wait(3)) == sorted((people.entity_of(message), TEXT, TEXT))


def test_explain_says_what_would_happen_to_mail_that_comes_in(world, name):
    said = world.postseal("policy", "explain", "--inbound", "--from", "hr@example.com", "--to", f"{name}@example.com")
    assert "receive any" in said and "=> pass" in said
    assert "=> pickup" in world.postseal("policy", "explain", "--from", "hr@example.com", "--to", f"{name}@example.com")


# what a rule asks for, and mail that has it: fields, entity, sender, recipient
CONDITIONS = {
    "any": {},
    'sender "bob@partner.example"': {"sender": "bob@partner.example"},
    'sender domain "partner.example"': {"sender": "bob@partner.example"},
    'recipient "anna@example.com"': {"to": "anna@example.com"},
    'recipient domain "example.com"': {},
    'subject tag "[open]"': {"subject": "[open] Hello"},
    'header "X-Sealed" "yes"': {"fields": ["X-Sealed: yes"]},
    "size over 10 kB": {"entity": TEXT + b"All work and no play.\r\n" * 1000},
    "size under 10 kB": {},
    "encrypted": {"entity": b"sealed"},
    "signed": {"entity": b"signed"},
    'encrypted sender domain "partner.example"': {"entity": b"sealed", "sender": "bob@partner.example"},
}
ALWAYS = ("any", 'recipient domain "example.com"', "size under 10 kB")


def test_every_condition_of_mail_that_comes_in_is_explained(world, outside, name):
    reader = f"{name}@example.com"
    made = {b"sealed": envelope(TEXT, employee(world, reader)), b"signed": signed(world, TEXT, f"{name}@partner.example")}
    config, file = world.directory / "conditions.conf", world.directory / "conditions.eml"

    def explained(condition, entity=TEXT, sender="carl@elsewhere.example", to=reader, **options):
        file.write_bytes(outside.mail(made.get(entity, entity), [to], sender=sender, **options))
        config.write_text(world.config.read_text().replace(RULES, f"receive {condition}  open\nreceive any  pass\notherwise  deliver plain\n"))
        said = json.loads(sandbox.command(world.bin / "postseal", "-f", config, "policy", "explain", "--inbound", "--from", sender,
                                          "--to", to, file, "--json"))
        return said[0]

    for condition, options in CONDITIONS.items():
        copy = explained(condition, **options)
        assert copy["rule"] == f"receive {condition} open" and copy["method"] == ("open" if "encrypted" in condition else "pass"), condition
        if condition not in ALWAYS:
            copy = explained(condition)
            assert copy["rule"] == "receive any pass" and copy["trace"]["rules"][0]["because_not"] in condition, condition


# --- answers ---

def exchange_encoded(field):
    """As Exchange writes what is too long for it."""
    return "=?us-ascii?Q?" + field.replace("<", "=3C").replace(">", "=3E").replace("@", "=40") + "?="


ANSWERS = {
    "In-Reply-To alone": lambda mail: [f"In-Reply-To: {mail}"],
    "References alone": lambda mail: [f"References: {mail}"],
    "last of a thread": lambda mail: ["In-Reply-To: <second@partner.example>", "References: " + "\r\n ".join(
        ["<first@partner.example>", mail, *(f"<{n}@partner.example>" for n in range(100)), "<second@partner.example>"])],
    "on a line of its own": lambda mail: [f"In-Reply-To:\r\n\t{mail}"],
    "with a comment before": lambda mail: [f'In-Reply-To: Your message of "Fri, 27 Nov 2026 10:00:00 +0100" {mail} (Bob)'],
    "without brackets": lambda mail: [f"In-Reply-To: {mail[1:-1]}"],
    "without blanks between": lambda mail: [f"References: <first@partner.example>{mail}<second@partner.example>"],
    "folded within": lambda mail: [f"References: {mail[:20]}\r\n {mail[20:]}"],
    "encoded": lambda mail: [f"In-Reply-To: {exchange_encoded(mail)}"],
    "two fields": lambda mail: ["References: <first@partner.example>", f"References: {mail}"],
}


def test_reply_to_mail_that_came_sealed_went_in_plain(world, post, outside, name):
    """Whatever the mail program of an employee makes of the header, and of the subject."""
    reader, other = f"{name}a@example.com", f"{name}b@example.com"
    certificate = employee(world, reader)
    employee(world, other)
    sealed, _, _ = outside.sent(envelope(TEXT, certificate), [reader, other])
    in_plain = outside.mail(TEXT, [reader], author="<carl@partner.example>", sender="carl@partner.example")
    outside.send(in_plain, [reader], sender="carl@partner.example")
    identifiers = [email.message_from_bytes(message)["Message-ID"] for message in (sealed, in_plain)]
    wanted = {}
    for number, (form, fields) in enumerate(ANSWERS.items()):
        to, sender = f"{name}.{number}@plain.example", (reader, other)[number % 2]
        post.accepted(post.compose([to], subject=f"Another subject: {form}", fields=fields(identifiers[0]), sender=sender), [to],
                      sender=sender)
        wanted[to] = "pickup"
    for number, fields in enumerate(([], [f"In-Reply-To: {identifiers[1]}"], ["References: <of@nobody.example>"])):
        to = f"{name}.not{number}@plain.example"
        post.accepted(post.compose([to], fields=fields, sender=reader), [to], sender=reader)
        wanted[to] = "plain"
    assert {to: post.copies(to)[0]["method"] for to in wanted} == wanted


# --- signatures ---

def signed(world, entity, address, detached=True, certificate=None, options=()):
    """What openssl makes of an entity that somebody outside signs."""
    path = certificate or world.directory / "keys" / f"{re.sub(r'[^a-z0-9]', '-', address)}.pem"
    if not path.exists():
        path = world.authority.issue_mail(path.stem, address)
    form = ("-outform", "SMIME") if detached else ("-nodetach", "-outform", "SMIME")
    return as_entity(sandbox.command("openssl", "cms", "-sign", "-binary", "-signer", path, "-inkey", path.with_suffix(".key"),
                                     *form, *options, input=entity))


def results(mail):
    """What our own field says: {method: result}."""
    fields = [field for field in mail.fields("Authentication-Results") if field.startswith("gateway.example.com;")]
    assert len(fields) <= 1
    return dict(re.findall(r"([a-z-]+)=([a-z]+)", re.sub(r"\([^)]*\)", "", fields[0]))) if fields else {}


@pytest.mark.parametrize("detached", [True, False], ids=["detached", "opaque"])
def test_good_signature_of_the_author_passes_byte_for_byte(world, post, outside, name, detached):
    address, author = f"{name}@example.com", f"{name}@marked.example"
    message, mail = outside.sent(signed(world, TEXT, author, detached), address, sender=author)
    assert arrived(mail) == people.entity_of(message)
    assert results(mail)["smime"] == "pass" and mail["Subject"] == "[verified] Hello"
    assert f'body.smime-identifier="{author}"' in mail["Authentication-Results"]
    copy = post.copies(address)[0]
    assert copy["method"] == "pass" and "signature: pass, made with" in copy["reason"]
    # openssl agrees, and the statement is on record
    assert sandbox.command("openssl", "cms", "-verify", "-CAfile", world.directory / "keys/authority.pem",
                           input=re.sub(rb"\r?\n", b"\r\n", mail.raw)) == TEXT
    assert world.postgres.query(f"select kind, how from postseal.attestation where address = '{author}'") == [
        ["smime", "signed mail"]]


PAGES = TEXT + b"All work and no play makes Jack a dull boy.\r\n" * 400_000  # 18 MB
OPAQUE_FORMS = {"as DER": (TEXT, ()), "as BER": (TEXT, ("-stream",)), "without attributes": (TEXT, ("-noattr",)),
                "large": (PAGES, ("-stream",))}


@pytest.mark.parametrize("form", OPAQUE_FORMS)
def test_opaque_signature_of_a_large_message_was_not_checked(world, post, outside, name, form):
    """Nothing that it covers need be in memory."""
    address, author = f"{name}@example.com", f"{name}@partner.example"
    entity, options = OPAQUE_FORMS[form]
    path = world.authority.issue_mail(name, author)
    ber = sandbox.command("openssl", "cms", "-sign", "-binary", "-nodetach", "-signer", path, "-inkey", path.with_suffix(".key"),
                          "-outform", "DER", *options, input=entity)
    _, before = burden_of(world)
    for subject, made in (("Good", ber), ("Changed", ber.replace(b"secret is 42", b"secret is 43"))):
        outside.send(outside.mail(pkcs7(made, "signed-data"), [address], sender=author, subject=subject), [address], sender=author)
    mails = {mail["Subject"]: mail for mail in post.box(address).wait(2)}
    good = mails["Good"]
    assert [results(mails[subject])["smime"] for subject in ("Good", "Changed")] == ["pass", "fail"]
    assert sandbox.command("openssl", "cms", "-verify", "-CAfile", world.directory / "keys/authority.pem",
                           input=re.sub(rb"\r?\n", b"\r\n", good.raw)) == entity
    _, after = burden_of(world)
    assert after - before < 12_000  # kilobytes


def test_signature_within_an_envelope_counts(world, post, outside, name):
    address, author = f"{name}@example.com", f"{name}@marked.example"
    inner = signed(world, TEXT, author)
    _, mail = outside.sent(envelope(inner, employee(world, address)), address, sender=author)
    assert arrived(mail) == inner
    assert results(mail) == {"x-decrypted": "pass", "smime": "pass"}
    assert mail["Subject"] == "[was encrypted] [verified] Hello"


def two_authors(mail_from):
    return f"<{mail_from}>\r\nFrom: <ceo@example.com>"


def mixed_with(entity, text=b"Content-Type: text/plain\r\n\r\nPlease pay.\r\n"):
    return b'Content-Type: multipart/mixed; boundary="m"\r\n\r\n' + messages.multipart("m", entity.rstrip(b"\r\n"), text)


def with_third_part(entity):
    boundary = re.search(rb'boundary="([^"]+)"', entity).group(1)
    head, _, tail = entity.rpartition(b"--" + boundary + b"--")
    return head + b"--" + boundary + b"\r\nContent-Type: text/plain\r\n\r\nPlease pay.\r\n--" + boundary + b"--" + tail


def with_thousands_of_addresses(world, bob):
    """A good certificate otherwise: with 40 000 of them and twenty signers, a mail of 1 MB took the milter 8 s."""
    names = "".join(f"email.{i}=r{i}@marked.example\n" for i in range(4000))
    return world.authority.issue(f"{bob.partition('@')[0]}-many", "/CN=many", "subjectAltName=@names\nkeyUsage=digitalSignature\n"
                                 f"extendedKeyUsage=emailProtection\n[names]\nemail.x={bob}\n{names}")


# what is sent, who From says wrote it, and what is wanted of the signature
SPOOFED = {
    "another author": (lambda world, bob: signed(world, TEXT, bob), "<ceo@example.com>", "policy"),
    "two authors": (lambda world, bob: signed(world, TEXT, bob), two_authors, "policy"),
    "two in one field": (lambda world, bob: signed(world, TEXT, bob), lambda bob: f"<{bob}>, <ceo@example.com>", "policy"),
    "other text": (lambda world, bob: signed(world, TEXT, bob).replace(b"42", b"43"), None, "fail"),
    "within other text": (lambda world, bob: mixed_with(signed(world, TEXT, bob)), None, None),
    "a third part": (lambda world, bob: with_third_part(signed(world, TEXT, bob)), None, None),
    "of nobody known": (lambda world, bob: signed(world, TEXT, bob, certificate=world.authority.issue_mail(
        bob.replace("@", "-at-"), bob, sign=False)), None, "policy"),
    "weak digest": (lambda world, bob: signed(world, TEXT, bob, options=("-md", "sha1")), None, "policy"),
    "thousands of addresses": (lambda world, bob: signed(world, TEXT, bob, certificate=with_thousands_of_addresses(world, bob)),
                               None, "policy"),
    "without certificate": (lambda world, bob: signed(world, TEXT, bob, options=("-nocerts",)), None, "neutral"),
}


@pytest.mark.parametrize("how", SPOOFED)
def test_signature_counts_only_for_what_it_covers_and_for_the_author(world, post, outside, name, how):
    """Müller et al., "Johnny, you are fired!", 2019."""
    make, author, wanted = SPOOFED[how]
    address, bob = f"{name}@example.com", f"{name}@marked.example"
    author = author(bob) if callable(author) else author
    message, mail = outside.sent(make(world, bob), address, sender=bob, author=author)
    assert arrived(mail) == people.entity_of(message)
    assert results(mail).get("smime") == wanted and mail["Subject"] == "Hello"
    assert world.postgres.query(f"select 1 from postseal.attestation where address = '{bob}'") == []


def test_authority_that_is_trusted_for_domains_made_mail_of_our_own_chief_look_genuine(world, post, outside, name):
    chief, root = f"{name}.ceo@example.com", world.directory / "keys" / "authority.pem"
    entity, partner = signed(world, TEXT, chief), signed(world, TEXT, f"{name}@marked.example")

    def result(entity, author, subject):
        to = f"{name}.{subject}@example.com"
        return results(outside.sent(entity, to, sender=author, subject=subject)[1]).get("smime")

    assert result(entity, chief, "before") == "pass"
    world.postseal("key", "import", "--root", "--trust", "domain", root)
    try:
        assert result(entity, chief, "chief") == "policy"
        assert result(partner, f"{name}@marked.example", "partner") == "pass"
    finally:
        world.postseal("key", "import", "--root", "--trust", "organisation", root)
    assert result(entity, chief, "after") == "pass"


@pytest.fixture(scope="module")
def bob(world):
    return "bob@spoofed.example", world.authority.issue_mail("bob-spoofed", "bob@spoofed.example")


@pytest.fixture(scope="module")
def eve(world):
    return world.authority.issue_mail("eve-spoofed", "eve@spoofed.example")


def signatures_in(outside, address, bob, messages_sent):
    """What is said about each of the messages: {subject: result}."""
    for message in messages_sent.values():
        outside.send(message, [address], sender=bob)
    mails = {mail["Subject"]: mail for mail in outside.post.box(address).wait(len(messages_sent))}
    for what, message in messages_sent.items():
        assert arrived(mails[what]) == people.entity_of(message), what
    return {what: results(mails[what]).get("smime") for what in messages_sent}


def test_signature_was_taken_for_one_of_other_text(outside, name, bob, eve):
    """Müller et al., 2019, §4: what is signed is not what is shown."""
    address, (author, certificate) = f"{name}@example.com", bob
    sent = {what: outside.mail(make(certificate, eve), [address], sender=author, subject=what)
            for what, (make, _) in attacks.SIGNATURES.items()}
    assert signatures_in(outside, address, author, sent) == {what: wanted for what, (_, wanted) in attacks.SIGNATURES.items()}


def test_signature_was_taken_for_one_of_another_author(outside, name, bob):
    """Müller et al., 2019, §4.3: who signed is not who is shown."""
    address, (author, certificate) = f"{name}@example.com", bob
    entity = attacks.detached(TEXT, attacks.sign(certificate, TEXT))
    sent = {what: outside.mail(entity, [address], author=names.format(bob=author), subject=what)
            for what, (names, _) in attacks.AUTHORS.items()}
    assert signatures_in(outside, address, author, sent) == {what: wanted for what, (_, wanted) in attacks.AUTHORS.items()}


# --- OpenPGP ---

def pgp_employee(world, address, kind="future-default"):
    """An employee whose OpenPGP key the keeper has; returns a home of gpg with it."""
    gpg = people.Gpg(world.directory / "keys" / f"{address}.gnupg", address, kind)
    path = world.directory / "keys" / f"{address}.secret.asc"
    path.write_bytes(gpg.secret())
    world.postseal("key", "import", path)
    return gpg


def encrypted(gpg, data, *words, to=None):
    """What gpg makes of it, with CRLF."""
    made = gpg.run("--armor", "--trust-model", "always", "-r", to or gpg.address, *words, "--encrypt", data=data)
    return made.replace(b"\n", b"\r\n")


def pgp_mime(armor):
    return (b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="pgp"\r\n\r\n'
            + messages.multipart("pgp", b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
                                 b"Content-Type: application/octet-stream\r\n\r\n" + armor.rstrip(b"\r\n")))


def exchange_mangled(armor):
    return (b'Content-Type: multipart/mixed; boundary="mix"\r\n\r\n'
            + messages.multipart("mix", b"Content-Type: text/plain\r\n\r\n", b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
                                 b"Content-Type: application/octet-stream\r\n\r\n" + armor.rstrip(b"\r\n")))


FORMS = {"PGP/MIME": (pgp_mime, TEXT, TEXT), "mangled by Exchange": (exchange_mangled, TEXT, TEXT),
         "as text": (lambda armor: b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + armor, TEXT.partition(b"\r\n\r\n")[2], TEXT)}


@pytest.mark.parametrize("form", FORMS)
def test_openpgp_is_opened_to_the_bytes_that_were_sealed(world, post, outside, name, form):
    address = f"{name}@example.com"
    wrap, data, wanted = FORMS[form]
    gpg = pgp_employee(world, address)
    try:
        _, mail = outside.sent(wrap(encrypted(gpg, data)), address)
    finally:
        gpg.end()
    assert arrived(mail) == wanted
    copy = post.copies(address)[0]
    assert copy["method"] == "open" and copy["keys"] == gpg.fingerprint()


NOT_OPENED = {
    "changed": lambda gpg: pgp_mime(re.sub(rb"(?m)^(.{30}).", lambda m: m[1] + (b"A" if m[0][-1:] != b"A" else b"B"),
                                           encrypted(gpg, TEXT * 20))),
    "without MDC": lambda gpg: pgp_mime(encrypted(gpg, TEXT, "--rfc2440", "--disable-mdc", "--cipher-algo", "3DES")),
    "several in a row": lambda gpg: b"Content-Type: text/plain\r\n\r\n" + encrypted(gpg, b"One.\r\n") + encrypted(gpg, b"Two.\r\n"),
    "beside other text": lambda gpg: b"Content-Type: text/plain\r\n\r\nHello.\r\n" + encrypted(gpg, b"One.\r\n"),
    "no entity": lambda gpg: pgp_mime(encrypted(gpg, b"Just text.\r\n")),
}


@pytest.mark.parametrize("what", NOT_OPENED)
def test_openpgp_that_cannot_be_opened_passes_byte_for_byte(world, post, outside, name, what):
    address = f"{name}@example.com"
    gpg = pgp_employee(world, address)
    try:
        message, mail = outside.sent(NOT_OPENED[what](gpg), address)
    finally:
        gpg.end()
    assert arrived(mail) == people.entity_of(message)
    assert post.copies(address)[0]["method"] == "pass"


def test_openpgp_mail_that_was_changed_on_its_way_was_shown(world, post, outside, name):
    """And what was not changed is shown: armor need not have a checksum (RFC 9580 §6.1), without which gpg reads a third of
    what has partial lengths."""
    address = f"{name}@example.com"
    gpg = pgp_employee(world, address)
    pages = [PAGE + b" " * blanks + b"\r\n" for blanks in range(3)]
    try:
        good = [gpg.run("--trust-model", "always", "-r", address, "-z", "0", "--encrypt", data=page) for page in pages]
        others = {what: gpg.run(*words, "--output", "-", data=TEXT) for what, words in attacks.PGP_WORDS.items()}
    finally:
        gpg.end()
    data = good[0]
    sealed = pgp_mime(attacks.armored(data))
    mails = pass_byte_for_byte(outside, address, {
        **{what: wrap(sealed) for what, wrap in attacks.WRAPPED.items() if "encoding" not in what},
        **{what: pgp_mime(attacks.armored(change(data))) for what, change in attacks.PGP.items()},
        **{what: pgp_mime(attacks.armored(other)) for what, other in others.items()},
        "as HTML": b"Content-Type: text/html\r\n\r\n" + attacks.armored(data)})
    for made in (*good, attacks.joined(attacks.packets(data))):
        outside.send(outside.mail(pgp_mime(attacks.armored(made)), [address]), [address])
    opened = [arrived(mail) for mail in post.box(address).wait(len(mails) + 4) if mail["Subject"] == "Hello"]
    assert sorted(opened) == sorted([*pages, pages[0]])


def test_nobody_gets_mail_decrypted_with_the_key_of_a_colleague(world, post, outside, name):
    """Whoever has caught mail for a colleague sends it to themselves; gpg would use any key that the agent has."""
    victim, thief = f"{name}a@example.com", f"{name}b@example.com"
    keys = [pgp_employee(world, address) for address in (victim, thief)]
    try:
        sealed = pgp_mime(encrypted(keys[0], TEXT))
        _, mail = outside.sent(sealed, victim)
        assert arrived(mail) == TEXT  # so that the agent has the key
        message, mail = outside.sent(sealed, thief)
    finally:
        for key in keys:
            key.end()
    assert arrived(mail) == people.entity_of(message)


def test_openpgp_mail_to_more_than_fifty_of_us_stayed_shut_for_the_rest(world, post, outside, name):
    """Each of their keys is tried, and opens it."""
    addresses = [f"{name}.{number}@example.com" for number in range(53)]
    gpg = people.Gpg(world.directory / "keys" / f"{name}.gnupg", addresses[0], "future-default")
    path = world.directory / "keys" / f"{name}.secret.asc"
    try:
        for address in addresses[1:]:
            gpg.run("--quick-gen-key", "--passphrase", "", f"Test <{address}>", "future-default", "default", "30d")
        path.write_bytes(gpg.run("--passphrase", "", "--armor", "--export-secret-keys"))
        world.postseal("key", "import", path)
        sealed = encrypted(gpg, TEXT, *(word for address in addresses[1:] for word in ("-r", address)))
        outside.send(outside.mail(pgp_mime(sealed), addresses), addresses)
    finally:
        gpg.end()
    assert [arrived(post.box(address).one()) for address in addresses] == [TEXT] * len(addresses)


# --- what is made to be a burden ---

def repeated(structure, which, times):
    """A CMS structure in which all that one of its sets contains is there many times."""
    kind, parts = opened(structure)
    parts[which] = parts[which][0], parts[which][1] * times
    return closed(kind, parts)


DIGESTS, SIGNERS, READERS = 1, -1, 1


def burdened_signature(world, bob, which, times):
    """A signature of Bob's in a multipart/signed, heavier than it was."""
    path = world.authority.issue_mail(re.sub(r"\W", "-", bob), bob)
    signature = sandbox.command("openssl", "cms", "-sign", "-binary", "-signer", path, "-inkey", path.with_suffix(".key"), "-outform", "DER",
                                input=TEXT + b"\r\n")
    return (b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s"\r\n\r\n'
            + messages.multipart("s", TEXT + b"\r\n", pkcs7(repeated(signature, which, times)).replace(
                b"application/pkcs7-mime; smime-type=enveloped-data", b"application/pkcs7-signature").rstrip(b"\r\n")))


def of_many_readers(certificate, times):
    """Ours is the last of them."""
    kind, (version, readers, content) = opened(envelope(TEXT, certificate, form="DER"))
    (_, reader), = elements(readers[1])
    stranger = der(0x30, reader.replace(b"Example Root", b"Example Ruth"))
    return pkcs7(closed(kind, [version, (0x31, stranger * times + der(0x30, reader)), content]))


BURDENS = {
    "60 000 digests": lambda world, bob, certificate: burdened_signature(world, bob, DIGESTS, 60_000),
    "1000 signers": lambda world, bob, certificate: burdened_signature(world, bob, SIGNERS, 1000),
    "20 000 readers": lambda world, bob, certificate: of_many_readers(certificate, 20_000),
    "levels without end": lambda world, bob, certificate: pkcs7(b"\x30\x80" * 500_000 + b"\0\0" * 500_000),
    "a length of 4 GB": lambda world, bob, certificate: pkcs7(b"\x30\x84\xff\xff\xff\xff" + envelope(TEXT, certificate, form="DER")),
}


def burden_of(world):
    """Seconds of computing, and the kilobytes it has needed at most, of the milter."""
    pid = world.programs["postseal-milter"]
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    peak = re.search(r"^VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1]
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak)


def test_same_signature_without_a_burden_is_good(world, outside, name):
    address, bob = f"{name}@example.com", f"{name}@partner.example"
    _, mail = outside.sent(burdened_signature(world, bob, DIGESTS, 1), address, sender=bob)
    assert results(mail) == {"smime": "pass"}


@pytest.mark.parametrize("what", BURDENS)
def test_message_that_kept_the_gateway_busy_passes_byte_for_byte(world, post, outside, name, what):
    """OpenSSL hashes what is signed once for each digest that the structure names: 800 kB took it minutes."""
    address, bob = f"{name}@example.com", f"{name}@partner.example"
    before, _ = burden_of(world)
    message, mail = outside.sent(BURDENS[what](world, bob, employee(world, address)), address, sender=bob)
    after, kilobytes = burden_of(world)
    assert arrived(mail) == people.entity_of(message)
    assert "pass" not in results(mail).values()
    assert after - before < 10 and kilobytes < 500_000
