"""Hostile and broken mail: each message is sealed, refused with a sentence, or deferred; the milter
keeps running, and what is sealed opens to the bytes that were sent."""
import base64
import email.utils
import re
import smtplib
import socket

import pytest

import people
import world as sandbox
from messages import multipart, part, TEXT, HTML

# Rules that look into everything, so that every parser sees every message.
RULES = """
match sender "stop@example.com"                          reject "Stop."
match encrypted recipient domain "plain.example"         deliver plain
match opaque recipient domain "smime.example"            deliver smime
match text regex "xyzzy"                                 reject "No magic."
match attachment name "*.dwg"                            reject "No drawings."
match header "X-Test" "never*"                           reject "Never."
match text regex "^(a+)+$"                               reject "No a."
match recipient domain "smime.example"                   deliver smime
match recipient domain "pickup.example"                  deliver pickup
otherwise                                                deliver plain
"""
TO = "victim@smime.example"


@pytest.fixture(scope="module")
def base(world):
    return people.certify(world, TO).with_suffix("")


class Refused(Exception):
    """By Postfix, before the data."""


def raw_send(world, data, sender="anna@example.com", to=(TO,), mail_options="", bdat=False):
    """SMTP without smtplib's repairs; returns the reply to the data."""
    with socket.create_connection(("127.0.0.1", world.ports["submission"]), timeout=280) as s:
        file = s.makefile("rwb")

        def say(line, expect=b"2"):
            if line is not None:
                file.write(line)
                file.flush()
            while True:
                reply = file.readline()
                if reply[3:4] != b"-":
                    break
            if not reply.startswith(expect):
                raise Refused(reply.decode())
            return reply.decode()

        say(None)
        say(b"EHLO test\r\n")
        say(f"MAIL FROM:<{sender}>{mail_options}\r\n".encode())
        for address in to:
            say(f"RCPT TO:<{address}>\r\n".encode())
        if bdat:
            return say(b"BDAT %d LAST\r\n" % len(data) + data, b"")
        say(b"DATA\r\n", b"354")
        return say(data + b"\r\n.\r\n", b"")


def one_with(post, message_id, address=TO):
    mark = f"Message-ID: {message_id}".encode()
    return people.Received(sandbox.wait_until(
        lambda: [f for f in post.box(address).files() if mark in f.read_bytes()], message_id)[0].read_bytes())


def many_parts(count):
    body = (b"--m\r\n" + TEXT + b"\r\n") * count
    return body + b"--m--\r\n"


def deep(depth):
    opened = b"".join(b'--d%d\r\nContent-Type: multipart/mixed; boundary="d%d"\r\n\r\n' % (n, n + 1) for n in range(depth))
    return b'--d0\r\n'.join([b"", opened[6:]]) + b"--d%d\r\n" % depth + TEXT


SURVIVED = [
    ("1000 deep", b'multipart/mixed; boundary="d0"', deep(1000)),
    ("10000 deep", b'multipart/mixed; boundary="d0"', deep(10000)),
    ("messages in messages", b"message/rfc822", b"Content-Type: message/rfc822\r\n\r\n" * 2000 + b"x\r\n"),
    ("9000 parts", b'multipart/mixed; boundary="m"', many_parts(9000)),
    ("same boundary inside", b'multipart/mixed; boundary="s"',
     multipart("s", part('Content-Type: multipart/mixed; boundary="s"', multipart("s", TEXT)))),
    ("two boundaries", b'multipart/mixed; boundary="a"; boundary="b"', multipart("a", TEXT)),
    ("boundary of 5000", b"multipart/mixed; boundary=\"" + b"q" * 900 + b"\"", multipart("q" * 900, TEXT)),
    ("empty boundary", b'multipart/mixed; boundary=""', b"--\r\n\r\nx\r\n----\r\n"),
    ("NUL in a parameter", b'text/plain; charset="utf-8\\\x00"', b"x\r\n"),
    ("encoded words that are none", b"text/plain; name==?utf-8?b?!!!?=", b"x\r\n"),
    ("8-bit header", b"text/plain; name=\"\xff\xfe\xe4\"", b"x\r\n"),
    ("base64 of nonsense", b"text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64",
     base64.b64encode(b"\xd8\x00" * 300) + b"\r\n"),
    ("unknown charset", b"text/plain; charset=" + b"x" * 500, b"\xff" * 100 + b"\r\n"),
    ("utf-7", b"text/plain; charset=utf-7", b"+ADw-script+AD4-\r\n"),
    ("long lines", b"text/plain", b"y" * 950 + b"\r\n" + b"z" * 950 + b"\r\n"),
    ("RFC 2231 soup", b"text/plain; name*0*=utf-8''%ff; name*2=x; name*1*=%00; name*=''", b"x\r\n"),
    ("comments", b"text/plain (" + b"(" * 400 + b")" * 400 + b"); charset=utf-8", b"x\r\n"),
    ("html", b'text/html; charset="utf-8"', b"<!--" + b"<" * 5000 + b"\r\n"),
    ("uuencode", b"application/octet-stream\r\nContent-Transfer-Encoding: uuencode", b"begin 644 x\r\nM\r\nend\r\n"),
]


@pytest.mark.parametrize("name,content,body", SURVIVED, ids=[s[0] for s in SURVIVED])
def test_broken_structure_is_sealed_as_it_is(world, post, base, name, content, body):
    message_id = email.utils.make_msgid(domain="example.com")
    message = post.compose([TO], body, content=content, message_id=message_id)
    reply = raw_send(world, re.sub(rb"(?m)^\.", b"..", message))
    assert reply.startswith("250"), reply
    opened = people.open_smime(one_with(post, message_id), base)
    if b"\x00" not in content:
        assert opened.partition(b"\r\n\r\n")[2].rstrip(b"\r\n") == body.rstrip(b"\r\n")


def test_bare_line_ends_and_nul(world, post, base):
    """What Postfix makes of them is sealed; nothing is cut off."""
    message_id = email.utils.make_msgid(domain="example.com")
    body = b"one\ntwo\rthree\x00four\r\nfive\r\n"
    assert raw_send(world, post.compose([TO], body, message_id=message_id)).startswith("250")
    opened = people.open_smime(one_with(post, message_id), base).partition(b"\r\n\r\n")[2]
    assert opened.startswith(b"one\r\ntwo") and b"four\r\nfive" in opened


def test_too_many_parts_say_which_limit(world, post, base):
    reply = raw_send(world, post.compose([TO], many_parts(100_000), content=b'multipart/mixed; boundary="m"'))
    assert reply.startswith("552") and "limit parts" in reply


def test_expression_that_backtracks_defers(world, post, base):
    reply = raw_send(world, post.compose([TO], b"a" * 900 + b"!\r\n"))
    assert reply.startswith("451"), reply
    assert "match limit" in world.log("postseal-milter")


def test_large_header_line_and_many_fields(world, post, base):
    reply = raw_send(world, post.compose([TO], fields=["X-Long: " + "\r\n ".join(["w" * 900] * 1100)]))
    assert reply.startswith("552") or "limit headers" in reply or reply.startswith("250"), reply
    message_id = email.utils.make_msgid(domain="example.com")
    reply = raw_send(world, post.compose([TO], message_id=message_id,
                                         fields=[f"X-Field-{n}: value" for n in range(10_000)]))
    assert reply.startswith("250"), reply
    assert len(one_with(post, message_id).fields("X-Field-9999")) == 1


@pytest.mark.parametrize("message", [
    b"\r\nOnly a body.\r\n", b"", b"Subject: no body\r\n", b"X: y\r\n\r\n", b"Not a header at all\r\n",
    b"Content-Type: text/plain\r\n\r\nHello\r\n", b"From: \r\nTo: ;;;<<>>,,\r\nSubject: =?x?q?\r\n\r\nx\r\n",
    b"From: a@example.com, b@example.com\r\nSender: c@example.com\r\n\r\nx\r\n",
    b"MIME-Version: 1.0\r\nContent-Type: a/b\r\nContent-Type: c/d\r\nSubject: 1\r\nSubject: 2\r\n\r\nx\r\n",
], ids=["no header", "nothing", "no body", "odd field", "no colon", "no addresses", "broken addresses", "two authors",
        "fields twice"])
def test_incomplete_messages_are_sealed(world, post, base, message):
    before = len(post.box(TO).files())
    assert raw_send(world, message).startswith("250")
    sandbox.wait_until(lambda: len(post.box(TO).files()) == before + 1, "the copy")
    mail = people.Received(post.box(TO).files()[-1].read_bytes())
    assert len(mail.fields("Content-Type")) == len(mail.fields("MIME-Version")) == 1
    assert people.open_smime(mail, base).strip().endswith(message.partition(b"\r\n\r\n")[2].strip())


@pytest.mark.parametrize("value", [b"<a\xfcb@example.com>", b"<\xed\xa0\x80@example.com>", b"<" + b"a" * 50000 + b"@example.com>"])
def test_message_id_that_is_not_utf_8_was_deferred_for_ever(world, post, name, value):
    to = [f"{name}@plain.example", f"{name}@pickup.example"]
    post.accepted(b"From: <anna@example.com>\r\nTo: <x@plain.example>\r\nMessage-ID: " + value + b"\r\n\r\nHi.\r\n", to)
    for address in to:
        assert len(post.copies(address)) == 1
        post.box(address).one()


def test_null_sender(world, post, base):
    """Someone sends out a bounce: it is sealed if possible, and pickup is not available."""
    message_id = email.utils.make_msgid(domain="example.com")
    assert raw_send(world, post.compose([TO], message_id=message_id), sender="").startswith("250")
    assert one_with(post, message_id)["Return-Path"] == "<MAILER-DAEMON>"
    reply = raw_send(world, post.compose(["x@pickup.example"]), sender="", to=["x@pickup.example"])
    assert reply.startswith("550") and "no sender who could pass on the unlock code" in reply


def test_a_thousand_recipients(world, post, name):
    to = [f"{name}{n}@plain.example" for n in range(990)] + [f"{name}{n}@pickup.example" for n in range(10)]
    post.accepted(post.compose([], sender=f"{name}@example.com"), to, sender=f"{name}@example.com")
    assert world.postgres.query(f"select count(*) from postseal.copy where recipient like '{name}%'") == [["1000"]]
    codes = post.box(f"{name}@example.com").one().codes()
    assert len(codes) == 10


ODD = ["o'brien`drop-table$copy@plain.example", "a+b=c@plain.example", '"a b"@plain.example', "x" * 64 + "@plain.example",
       "{a|b}$PATH~#?@plain.example"]
ODDER = ['"o\'brien; drop table postseal.copy;--"@plain.example', "100%s%n@plain.example", "{a,b}@plain.example",
         "*)(uid=*))(|(uid=*@plain.example", "$(id)@plain.example", "\\$1@plain.example"]


@pytest.mark.parametrize("address", ODD)
def test_odd_addresses_are_only_text(world, post, address):
    quoted = address.replace("'", "''")
    assert raw_send(world, post.compose([]), to=[address]).startswith("250")
    assert world.postgres.query(f"select state from postseal.copy where recipient = '{quoted}'")[-1][0] in ("handed", "sent")


@pytest.mark.parametrize("address", ODDER)
def test_odder_addresses_are_refused(world, post, address):
    """They are not mailboxes under RFC 5321, or can be read as a different one."""
    with pytest.raises(Refused, match="^5"):
        raw_send(world, post.compose([]), to=[address])


def test_percent_in_a_refusal(world, post):
    """The reply contains it once, as it was in the address."""
    with pytest.raises(Refused, match='^553 5.1.3 The address "50%off@smime.example" is not accepted'):
        raw_send(world, post.compose([]), to=["50%off@smime.example"])


def test_smtputf8(world, post):
    sender, to = "anna@example.com", "j\u00f6rg@plain.example"
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        smtp.command_encoding = "utf-8"
        smtp.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"])
        assert smtp.rcpt(to)[0] == 250
        assert smtp.data(post.compose([], fields=["X-Name: J\u00f6rg"], sender=sender))[0] == 250
    assert world.postgres.query(f"select method from postseal.copy where recipient = '{to}'") == [["plain"]]


def test_chunking(world, post, base):
    """BDAT (RFC 3030)."""
    message_id = email.utils.make_msgid(domain="example.com")
    message = post.compose([TO], b".\r\n..\r\nlast\r\n", message_id=message_id)
    assert raw_send(world, message, bdat=True).startswith("250")
    assert people.open_smime(one_with(post, message_id), base) == people.entity_of(message)


def test_message_that_goes_round_is_refused(world, post):
    field = "Received: by gateway.example.com (Postseal) id 01a20d7c-90cd-7524-9844-505337cc3c16"
    post.accepted(post.compose(["a@plain.example"], fields=[field] * 2), ["a@plain.example"])
    reply = raw_send(world, post.compose([], fields=[field] * 3), to=["a@plain.example"])
    assert reply.startswith("554 5.4.6") and "loop" in reply


def test_encrypted_mail_passes_by_rule_or_is_wrapped(world, post, base, name):
    """simple-login/app#832: not garbled, and with one Content-Type."""
    inner = sandbox.command("openssl", "cms", "-encrypt", "-aes256", "-outform", "DER", f"{base}.pem", input=b"x")
    content = (b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
               b"Content-Transfer-Encoding: base64")
    body = base64.encodebytes(inner).replace(b"\n", b"\r\n")
    plain, message_id = f"{name}@plain.example", email.utils.make_msgid(domain="example.com")
    message = post.compose([TO, plain], body, content=content, message_id=message_id)
    post.accepted(message, [TO, plain])
    passed = post.box(plain).one()
    assert passed.body == body.replace(b"\r\n", b"\n") and len(passed.fields("Content-Type")) == 1
    assert world.postgres.query(f"select rule from postseal.copy where recipient = '{plain}'")[0][0].startswith("match encrypted")
    wrapped = one_with(post, message_id)
    assert people.open_smime(wrapped, base) == people.entity_of(message)
    assert len(wrapped.fields("Content-Type")) == len(wrapped.fields("Content-Transfer-Encoding")) == 1


def test_milter_never_died(world):
    """This test is the last one: a single process saw all of the above."""
    assert sandbox.is_running(world.programs["postseal-milter"])
    assert world.log("postseal-milter").count("listening on") == 1
