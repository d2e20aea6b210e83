"""Header protection (RFC 9788): the subject is hidden outside and there inside."""
import email
import email.header
import email.policy
import quopri

import pytest

import people
from messages import base64_lines

RULES = """
match subject tag "[hide]" recipient domain { "smime.example" "pgp.example" }
      deliver smime, pgp hide subject
match recipient domain "smime.example"   deliver smime
otherwise                                deliver plain
"""


@pytest.fixture(scope="module")
def keys(world):
    base = people.certify(world, "sue@smime.example").with_suffix("")
    gpg = people.Gpg(world.directory / "keys" / "gnupg", "pat@pgp.example", "future-default")
    (world.directory / "keys" / "pgp.asc").write_bytes(gpg.public())
    world.postseal("key", "import", world.directory / "keys" / "pgp.asc")
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
    """In the character set and encoding of the text, whose own bytes stay as they are."""
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


def test_subject_that_the_text_cannot_hold_is_no_line(post, keys):
    message = post.compose(["sue@smime.example"], b"Hi\r\n", subject="[hide] =?utf-8?q?=E2=82=AC?=",
                           content=b"text/plain; charset=iso-8859-1")
    _, opened = open_both(post, keys, message)
    for inside in opened:
        assert inside.endswith(b"\r\n\r\nHi\r\n") and b"legacy" not in inside


def test_what_cannot_take_a_line_stays_as_it_is(post, keys):
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b--\r\n"
    message = post.compose(["sue@smime.example"], body, subject="x [hide]", content=b'multipart/mixed;\r\n\tboundary="b"')
    _, opened = open_both(post, keys, message)
    for inside in opened:
        head, _, rest = inside.partition(b"\r\n\r\n")
        assert rest == body and b'boundary="b";\r\n hp="cipher"\r\n' in head + b"\r\n" and b"legacy" not in head


def test_bcc_and_route_do_not_travel_within(post, keys):
    message = post.compose(["sue@smime.example"], subject="x [hide]", fields=["Bcc: blind@x.example", "X-Postseal-Route: x",
                                                                             "Received: from x by y; z"])
    _, opened = open_both(post, keys, message)
    for inside in opened:
        assert b"blind@" not in inside and b"Route" not in inside and b"Received" not in inside


def test_without_the_option_the_subject_stays(post, keys):
    message = post.compose(["sue@smime.example"], subject="in the open")
    before = len(post.box("sue@smime.example").files())
    post.accepted(message, ["sue@smime.example"])
    mail = post.box("sue@smime.example").wait(before + 1)[-1]
    assert mail["Subject"] == "in the open" and people.open_smime(mail, keys[0]) == people.entity_of(message)
