"""Mail that is signed without being encrypted: openssl and gpgsm verify it, and every part of it decodes to what was sent,
whether it left in place, beside other copies, or over verified TLS."""
import email
import pathlib
import subprocess

import people
import pytest
import world as sandbox

RULES = """
table verified { "partner.example" }
tls domains <verified>
match header "X-Ask" "not" deliver plain
match recipient domain "partner.example" deliver tls sign
match recipient domain "smime.example" deliver smime
otherwise deliver plain sign
"""
EIGHT_BIT = "Grüße aus Zürich — 8 Bit.\r\nFrom here on:  \r\n.\r\n".encode()
TREE = (b"This is for old programs.\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"--c\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + EIGHT_BIT + b"\r\n"
        b"--c\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=C3=BC=C3=9Fe</p>\r\n"
        b"--c--\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAn attached message.\r\n" b"\r\n--b\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"
        b"--b--\r\n")


def give_certificate(world, address, **options):
    base = people.certify(world, address, **options).with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    return base


def decoded(raw):
    """What each part decodes to, with its type."""
    return [(part.get_content_type(), None if part.is_multipart() else part.get_payload(decode=True).rstrip(b"\r\n"))
            for part in email.message_from_bytes(raw).walk()]


def split(mail):
    """The content to the byte, and the signature in DER."""
    raw = mail.raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    between = b"--" + mail.parsed.get_boundary().encode() + b"\r\n"
    _, content, signature = raw.split(between)
    return content.removesuffix(b"\r\n"), email.message_from_bytes(signature).get_payload(decode=True)


def verified(world, mail, sender):
    """The content that openssl found signed, by a certificate for the sender."""
    content, signature = split(mail)
    files = {name: world.directory / f"signed.{name}" for name in ("content", "signature", "signer")}
    files["content"].write_bytes(content)
    files["signature"].write_bytes(signature)
    run = ["openssl", "cms", "-verify", "-CAfile", world.directory / "keys" / "authority.pem"]
    assert content == sandbox.command(*run, "-binary", "-inform", "DER", "-in", files["signature"], "-content", files["content"],
                                      "-signer", files["signer"])
    sandbox.command(*run, input=mail.raw)  # as one message, too
    assert sender in sandbox.command("openssl", "x509", "-in", files["signer"], "-noout", "-email").decode().split()
    return content


def is_seven_bit(raw):
    return all(byte < 128 for byte in raw) and all(len(line) <= 998 for line in raw.splitlines())


@pytest.mark.parametrize("kind, body, content", [
    ("ascii", b"Hello.\r\n\r\n-- \r\nAnna\r\n", b"text/plain; charset=us-ascii"),
    ("empty", b"", b"text/plain"),
    ("eight bit", EIGHT_BIT, b"text/plain; charset=utf-8"),
    ("long line", b"x" * 5000 + b"\r\n", b"text/plain"),
    ("tree", TREE, b'multipart/mixed; boundary="b"'),
])
@pytest.mark.parametrize("key", [(), ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")], ids=["rsa", "ec"])
def test_verifies_and_says_the_same(world, post, name, kind, body, content, key):
    sender, to = f"{name}@example.com", f"{name}@plain.example"
    give_certificate(world, sender, **({"key": key} if key else {}))
    message = post.compose([to], body, sender=sender, content=content, fields=["Content-Language: de"])
    post.accepted(message, [to], sender=sender)
    mail = post.box(to).one()
    signed = verified(world, mail, sender)
    assert is_seven_bit(signed)
    assert decoded(signed) == decoded(people.entity_of(message))
    if kind in ("ascii", "empty"):
        assert signed == people.entity_of(message)
    outer = mail.parsed
    assert outer.get_content_type() == "multipart/signed" and outer.get_param("micalg") == "sha-256"
    assert len(outer.get_payload()) == 2 and outer["Content-Language"] is None
    copy = post.copies(to)[0]
    assert copy["signed_by"] and copy["method"] == "plain" and "signed by" in copy["reason"]


def test_each_copy_as_its_rule_says(world, post, name):
    """Copies of one message: signed in place, sealed and signed, and over verified TLS as by its table."""
    sender = f"{name}@example.com"
    give_certificate(world, sender)
    plain, smime, tls = f"{name}@plain.example", f"{name}@smime.example", f"{name}@partner.example"
    base = people.certify(world, smime).with_suffix("")
    message = post.compose([plain, smime, tls], EIGHT_BIT, sender=sender)
    post.accepted(message, [plain, smime, tls], sender=sender)
    for address in (plain, tls):
        assert decoded(verified(world, post.box(address).one(), sender)) == decoded(people.entity_of(message))
    inner = people.open_smime(post.box(smime).one(), base)
    assert b"signed-data" in inner and post.copies(smime)[0]["signed_by"] == post.copies(plain)[0]["signed_by"]
    post.accepted(post.compose([plain], sender=sender, fields=["X-Ask: not"]), [plain], sender=sender)
    post.box(plain).wait(2)
    assert sum(mail.parsed.get_content_type() == "multipart/signed" for mail in post.box(plain).wait(2)) == 1


def test_gpgsm_verifies(world, post, name, tmp_path):
    """Another implementation than the one that signed."""
    sender, to = f"{name}@example.com", f"{name}@plain.example"
    give_certificate(world, sender)
    post.accepted(post.compose([to], EIGHT_BIT, sender=sender), [to], sender=sender)
    content, signature = split(post.box(to).one())
    (tmp_path / "content").write_bytes(content)
    (tmp_path / "signature").write_bytes(signature)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "gpgsm.conf").write_text("disable-crl-checks\n")
    authority = world.directory / "keys" / "authority.pem"
    print_ = sandbox.command("openssl", "x509", "-in", authority, "-noout", "-fingerprint", "-sha1").decode().split("=")[1].strip()
    (home / "trustlist.txt").write_text(f"{print_} S relax\n")
    run = ["gpgsm", "--homedir", str(home), "--batch"]
    subprocess.run(run + ["--import", str(authority)], check=True, capture_output=True)
    done = subprocess.run(run + ["--status-fd", "1", "--verify", "signature", "content"], cwd=tmp_path, capture_output=True)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    assert b"[GNUPG:] GOODSIG" in done.stdout, done


def why_not(post, message, to, sender):
    post.accepted(message, [to], sender=sender)
    post.box(to).one()
    copy = post.copies(to)[0]
    assert not copy["signed_by"]
    return copy["reason"]


def test_what_cannot_be_signed_leaves_as_it_is(world, post, name):
    """And the record says why: no certificate, not the author, signed already, or bytes that somebody else has signed."""
    sender = f"{name}@example.com"
    stranger, to = f"{name}2@example.com", [f"{name}{i}@plain.example" for i in range(5)]
    base = give_certificate(world, sender)
    assert "not signed: the sender has no key of their own" in why_not(post, post.compose(to[:1], sender=stranger), to[0], stranger)
    other = post.compose(to[1:2], sender=sender).replace(sender.encode(), b"boss@example.com", 1)
    assert "not signed: the author in From is not the sender" in why_not(post, other, to[1], sender)
    signed = sandbox.command("openssl", "cms", "-sign", "-binary", "-signer", base.with_suffix(".pem"),
                             "-inkey", base.with_suffix(".key"), input=b"Content-Type: text/plain\r\n\r\nSigned.\r\n")
    head = f"From: {sender}\r\nTo: {to[2]}\r\nSubject: x\r\n".encode()
    again = head + signed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert "not signed: it is already encrypted or signed" in why_not(post, again, to[2], sender)
    assert post.box(to[2]).one().raw.count(b"application/x-pkcs7-signature") == again.count(b"application/x-pkcs7-signature")
    within = (b"--m\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--m\r\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\";"
              b" micalg=pgp-sha256; boundary=n\r\n\r\n--n\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
              + EIGHT_BIT + b"\r\n--n\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--n--\r\n--m--\r\n")
    nested = post.compose(to[3:4], within, sender=sender, content=b"multipart/mixed; boundary=m")
    assert "a part that is an attached message, or is signed or encrypted, is not in 7 bits" in why_not(post, nested, to[3], sender)
    assert post.box(to[3]).one().raw.endswith(within.replace(b"\r\n", b"\n")) or within in post.box(to[3]).one().raw
    unclear = post.compose(to[4:], b"--m\r\nno field\r\nContent-Type: text/plain\r\n\r\n" + EIGHT_BIT + b"\r\n--m--\r\n", sender=sender,
                           content=b"multipart/mixed; boundary=m")
    assert "not signed: a header of it has lines that are no fields" in why_not(post, unclear, to[4], sender)


def test_large_message_is_signed_in_constant_memory(world, post, name):
    """25 MB with 8-bit text: encoded and signed from files without a name."""
    sender, to = f"{name}@example.com", f"{name}@plain.example"
    give_certificate(world, sender)
    body = ("ü" * 70 + "\r\n").encode() * 100_000
    before = peak(world)
    post.accepted(post.compose([to], body, sender=sender, content=b"text/plain; charset=utf-8"), [to], sender=sender)
    signed = verified(world, post.box(to).one(), sender)
    assert email.message_from_bytes(signed).get_payload(decode=True) == body
    assert peak(world) - before < 16 * 1024


def peak(world):
    """kB of the milter, at most so far."""
    status = pathlib.Path(f"/proc/{world.programs['postseal-milter']}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
