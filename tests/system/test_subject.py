"""Header protection (RFC 9788): the subject is hidden outside and present inside."""
import email
import email.header
import email.policy
import quopri
import re

import pytest

import people
from messages import base64_lines, multipart, part

RULES = """
match subject tag "[hide]" recipient domain { "smime.example" "pgp.example" }
      deliver smime, pgp hide subject
match recipient domain "smime.example"   deliver smime
otherwise                                deliver plain
"""


@pytest.fixture(scope="module")
def keys(world):
    base = people.certify(world, "sue@smime.example").with_suffix("")
    gpg = people.make_pgp(world, "pat@pgp.example")
    yield base, gpg
    gpg.end()


def open_both(post, keys, message, to=("sue@smime.example", "pat@pgp.example")):
    before = {a: len(post.box(a).files()) for a in to}
    post.accepted(message, to)
    mails = [post.box(a).wait(before[a] + 1)[-1] for a in to]
    return mails, [people.open_smime(mails[0], keys[0]), people.open_pgp(mails[1], keys[1])]


def test_subject_is_within_only(post, keys):
    message = post.compose(["sue@smime.example"], "Gr\u00fc\u00dfe\r\n".encode(), subject="[hide] =?utf-8?q?Gr=C3=BCn?=",
                           fields=["Keywords: secret, hidden", "Comments: hush", "X-Odd:  two  blanks",
                                   "References: <a@x>\r\n <b@x>"])
    mails, opened = open_both(post, keys, message)
    for mail, inside in zip(mails, opened):
        assert mail["Subject"] == "[...]" and not mail.fields("Keywords") and not mail.fields("Comments")
        assert "[hide]" not in mail.raw.decode() and mail.fields("References")
        parsed = email.message_from_bytes(inside, policy=email.policy.default)
        assert parsed["Subject"] == "Gr\u00fcn" and parsed["Keywords"] == "secret, hidden"
        assert parsed["Content-Type"].params["hp"] == "cipher"
        assert b"\r\nX-Odd:  two  blanks\r\n" in inside and b"\r\nReferences: <a@x>\r\n <b@x>\r\n" in inside
        outer = dict(o.split(": ", 1) for o in parsed.get_all("HP-Outer"))
        assert outer["Subject"] == "[...]" and outer["From"] == "<anna@example.com>"
        assert "Keywords" not in outer and "Comments" not in outer
        # Everything that is said to be outside is there, and nothing else of the message.
        for name, value in outer.items():
            unfolded = mail.header.decode().replace("\n ", " ")
            assert f"\n{name}: {value}".replace("\r\n ", " ") in unfolded, name
        # Older clients see the subject as the first line.
        assert parsed["Content-Type"].params["hp-legacy-display"] == "1"
        assert inside.endswith("\r\n\r\nSubject: Gr\u00fcn\r\n\r\nGr\u00fc\u00dfe\r\n".encode())


@pytest.mark.parametrize("charset,encoding", [("utf-8", "quoted-printable"), ("utf-8", "base64"),
                                              ("iso-8859-1", "quoted-printable"), ("iso-8859-1", "8bit")])
@pytest.mark.parametrize("extra", ["", "a", "bc", "\u00df" + " long" * 20])
def test_subject_is_the_first_line_of_encoded_text(post, keys, charset, encoding, extra):
    """In the character set and encoding of the text, whose own bytes do not change."""
    text = "Gr\u00fc\u00dfe = 1\r\n" * 30
    plain = text.encode(charset)
    body = {"8bit": plain, "base64": base64_lines(plain),
            "quoted-printable": quopri.encodestring(plain.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")}[encoding]
    subject = f"Gr\u00fcn{extra}"
    message = post.compose(["sue@smime.example"], body, content=f"text/plain; charset={charset}".encode(),
                           subject="[hide] " + email.header.Header(subject, "utf-8", maxlinelen=900).encode(),
                           fields=[f"Content-Transfer-Encoding: {encoding}"])
    _, opened = open_both(post, keys, message)
    for inside in opened:
        parsed = email.message_from_bytes(inside, policy=email.policy.default)
        assert parsed["Content-Type"].params["hp-legacy-display"] == "1" and inside.endswith(body)
        first, empty, rest = parsed.get_content().replace("\r\n", "\n").split("\n", 2)
        assert first.rstrip() == f"Subject: {subject}" and empty == "" and rest.strip() == text.replace("\r\n", "\n").strip()


def test_line_ends_in_a_subject_do_not_end_its_line(post, keys):
    message = post.compose(["sue@smime.example"], b"Hi\r\n", subject="[hide] =?utf-8?q?one=0D=0A=0D=0Atwo?=")
    _, opened = open_both(post, keys, message)
    for inside in opened:
        assert inside.endswith(b"\r\n\r\nSubject: one    two\r\n\r\nHi\r\n")


def test_subject_that_the_text_cannot_hold_is_no_line(post, keys):
    message = post.compose(["sue@smime.example"], b"Hi\r\n", subject="[hide] =?utf-8?q?=E2=82=AC?=",
                           content=b"text/plain; charset=iso-8859-1")
    _, opened = open_both(post, keys, message)
    for inside in opened:
        assert inside.endswith(b"\r\n\r\nHi\r\n") and b"legacy" not in inside


ELEMENT = '<div class="header-protection-legacy-display"><pre>Subject: Gr&#252;n &lt;&amp;&gt; long {}</pre></div>'
LONG = "x" * 90


def alternative(html_encoding):
    html = f'<html lang="de"><head><title>=</title></head><BODY style="margin: 0">\r\n<p>Gr\u00fc\u00dfe {LONG}</p></body></html>\r\n'
    encode = {"8bit": lambda t: t.encode(), "base64": lambda t: base64_lines(t.encode()),
              "quoted-printable": lambda t: quopri.encodestring(t.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n")}
    plain = part("Content-Type: text/plain;\n charset=utf-8\nContent-Transfer-Encoding: base64", base64_lines("Gr\u00fc\u00dfe".encode()))
    return html, multipart("inner", plain, part(f"Content-Transfer-Encoding: {html_encoding}\nContent-Type: text/html; charset=utf-8",
                                                encode[html_encoding](html)))


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_subject_is_in_text_and_html_of_several_parts(post, keys, encoding, nested):
    """What an ordinary mail client sends: the text in two forms, with pictures and a file. Nothing else changes."""
    html, body = alternative(encoding)
    content = b'multipart/alternative; boundary="inner"'
    if nested:
        related = multipart("middle", part('Content-Type: multipart/alternative; boundary="inner"', body),
                            part("Content-Type: image/png\nContent-ID: <x@y>\nContent-Transfer-Encoding: base64", b"AAAA\r\n"))
        body = multipart("outer", part('Content-Type: multipart/related;\n boundary="middle"', related),
                         part("Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt", b"File.\r\n"))
        content = b'multipart/mixed; boundary="outer"'
    subject = f"Gr\u00fcn <&> long {LONG}"
    message = post.compose(["sue@smime.example"], body, content=content,
                           subject="[hide] " + email.header.Header(subject, "utf-8", maxlinelen=900).encode())
    _, opened = open_both(post, keys, message)
    for inside in opened:
        parsed = email.message_from_bytes(inside, policy=email.policy.default)
        text, page = parsed.get_body(("plain",)), parsed.get_body(("html",))
        assert parsed["Content-Type"].params.get("hp-legacy-display") is None
        assert text["Content-Type"].params["hp-legacy-display"] == "1" and text["Content-Type"].params["charset"] == "utf-8"
        assert re.fullmatch(rf"Subject: {re.escape(subject)} *\n\nGr\u00fc\u00dfe", text.get_content().replace("\r\n", "\n").strip())
        shown = page.get_content().replace("\r\n", "\n")
        if encoding == "base64":
            assert shown == html.replace("\r\n", "\n") and "hp-legacy-display" not in page["Content-Type"].params
        else:
            assert page["Content-Type"].params["hp-legacy-display"] == "1"
            before, _, after = shown.partition(ELEMENT.format(LONG))
            assert before.rstrip("\n") + "\n" + after.lstrip("\n") == html.replace("\r\n", "\n")
            assert before.rstrip("\n").endswith('<BODY style="margin: 0">')
        if nested:
            file = next(parsed.iter_attachments())
            assert [p.get_content() for p in parsed.walk() if p.get_content_type() == "image/png"] == [b"\0\0\0"]
            assert list(parsed.iter_attachments())[-1].get_content().strip() == "File." and file is not None
        # The insertion is the only difference.
        assert len(inside) - len(body) < 3000 and inside.endswith(body[-300:] if nested else body[-100:])


@pytest.mark.parametrize("content,body", [
    (b'multipart/signed; protocol="application/pgp-signature"; boundary="b"', b"--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b--\r\n"),
    (b'multipart/mixed; boundary="b"', b"--b\r\nContent-Type: image/png\r\n\r\nHi\r\n--b\r\nContent-Type: text/plain\r\n\r\nX\r\n--b--\r\n"),
    (b'multipart/mixed; boundary="b"', b"--bb\r\nContent-Type: text/plain\r\n\r\nHi\r\n--bb--\r\n"),
    (b'multipart/mixed; boundary="b"', b"--b\r\nContent-Type: text/plain"),
    (b"multipart/mixed", b"--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b--\r\n"),
    (b"application/pdf", b"Hi\r\n")])
def test_what_cannot_take_the_subject_stays_as_it_is(post, keys, content, body):
    message = post.compose(["sue@smime.example"], body, subject="x [hide]", content=content)
    _, opened = open_both(post, keys, message)
    for inside in opened:
        head, _, rest = inside.partition(b"\r\n\r\n")
        assert rest.rstrip() == body.rstrip() and b'hp="cipher"' in head and b"legacy" not in inside


def test_bcc_and_fields_of_ours_do_not_travel_within(post, keys):
    """Promise 5."""
    message = post.compose(["sue@smime.example"], subject="x [hide]", fields=["Bcc: blind@x.example", "X-Postseal-Login: x",
                                                                             "Received: from x by y; z"])
    _, opened = open_both(post, keys, message)
    for inside in opened:
        assert b"blind@" not in inside and b"X-Postseal" not in inside and b"Received" not in inside


def test_without_the_option_the_subject_stays(post, keys):
    message = post.compose(["sue@smime.example"], subject="in the open")
    before = len(post.box("sue@smime.example").files())
    post.accepted(message, ["sue@smime.example"])
    mail = post.box("sue@smime.example").wait(before + 1)[-1]
    assert mail["Subject"] == "in the open" and people.open_smime(mail, keys[0]) == people.entity_of(message)


def test_nothing_outside_tells_the_subject(post, keys):
    """With two subjects, and with what Outlook and others write in addition."""
    message = post.compose(["sue@smime.example"], subject="[hide] Re: Takeover of Acme", fields=[
        "Subject: Takeover of Acme, again", "Thread-Topic: Takeover of Acme", "Thread-Index: AdX1",
        "X-Whatever: =?utf-8?q?Takeover_of?=\r\n Acme", "X-Mailer: Outlook"])
    mails, opened = open_both(post, keys, message)
    for mail, inside in zip(mails, opened):
        assert mail.fields("Subject") == ["[...]"] and mail["X-Mailer"] == "Outlook"
        assert not {"Thread-Topic", "Thread-Index", "X-Whatever"} & set(mail.parsed.keys())
        assert b"akeover" not in mail.raw
        head = inside.partition(b"\r\n\r\n")[0]
        assert b"Thread-Topic: Takeover of Acme\r\n" in head and head.count(b"\r\nSubject: ") == 2
        parsed = email.message_from_bytes(inside, policy=email.policy.default)
        assert parsed["Content-Type"].params["hp"] == "cipher"
        assert parsed["Content-Type"].params["protected-headers"] == "v1"


def test_tag_leaves_every_subject_and_folding_stays(post, keys):
    """A folded subject became one line of 1608 bytes, and one of two subjects kept its tag."""
    long = "\r\n ".join(["the quick brown fox jumps over the lazy dog and 0123456789"] * 25)
    message = post.compose(["sue@smime.example"], subject=f"[hide] {long}", fields=["Subject: two [hide]"])
    to = ["plain.reader@plain.example", "sue@smime.example"]
    before = len(post.box(to[0]).files())
    post.accepted(message, to)
    mail = post.box(to[0]).wait(before + 1)[-1]
    assert b"[hide]" not in mail.raw
    assert b"\nSubject: " + long.replace("\r\n", "\n").encode() + b"\n" in mail.raw and b"\nSubject: two\n" in mail.raw
