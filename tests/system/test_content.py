"""Rules that look into a message, tried through the real MTA: what they see, and what happens where
they cannot see."""
import base64
import email
import mailbox
import subprocess

import pytest

import people
import world as sandbox
from messages import base64_lines, multipart, part

RULES = """
match sender "encrypted@example.com" encrypted                reject "It is encrypted."
match sender "signed@example.com" signed                      reject "It is signed."
match sender "text@example.com" text regex "a secret word"    reject "It has the word."
match sender "name@example.com" attachment name "*.dwg"       reject "It has a drawing."
match sender "opaque@example.com" opaque                      reject "It cannot be looked into."
match sender "tag@example.com" subject tag "[secure]"         reject "It has the tag."
match sender "class@example.com" header "X-Class" "secret"    reject "It has the class."
match sender "plain@example.com" subject tag "[plain]"        deliver plain
match sender "plain@example.com"                              reject "It does not ask for less."
match sender "card@example.com" detect card                   reject "It has a card."
otherwise                                                     deliver plain
"""
TO = "reader@plain.example"


def answer(post, sender, content, body):
    """Postfix's reply to a message from one of the senders: "250", or the rule's sentence, or "4"."""
    message = post.compose([TO], body, content=content, sender=f"{sender}@example.com")
    code, text = post.send(message, [TO], sender=f"{sender}@example.com")
    return "4" if 400 <= code < 500 else "250" if code == 250 else text


@pytest.fixture(scope="module")
def base(world):
    return people.certify(world, "reader@smime.example").with_suffix("")


def zipped(tmp_path, *options):
    (tmp_path / "plan.txt").write_text("a secret word")
    sandbox.command("zip", "-q", "-j", *options, tmp_path / "a.zip", tmp_path / "plan.txt")
    return base64_lines((tmp_path / "a.zip").read_bytes())


def test_answer_in_clear_above_a_quoted_pgp_message_is_not_encrypted(post):
    """Promise 1."""
    quoted = b"Yes, 1234.\r\n\r\n> -----BEGIN PGP MESSAGE-----\r\n>\r\n> hQEMA\r\n> -----END PGP MESSAGE-----\r\n"
    assert answer(post, "encrypted", b"text/plain", quoted) == "250"


def test_pgp_message_alone_is_encrypted(post, tmp_path):
    armor = subprocess.run(["gpg", "--homedir", tmp_path, "--batch", "--passphrase", "x", "--pinentry-mode", "loopback",
                            "--symmetric", "--armor"], input=b"x", capture_output=True, check=True).stdout
    body = armor.replace(b"\n", b"\r\n")
    assert "It is encrypted." in answer(post, "encrypted", b"text/plain", body)
    mangled = multipart("b", part("Content-Type: text/plain", b""),
                        part("Content-Type: application/pgp-encrypted", b"Version: 1\r\n"),
                        part("Content-Type: application/octet-stream; name=encrypted.asc", body))
    assert "It is encrypted." in answer(post, "encrypted", b"multipart/mixed; boundary=b", mangled)


@pytest.mark.parametrize("fields", [b"application/pkcs7-mime; name=smime.p7m", b"application/octet-stream; name=smime.p7m"])
def test_smime_is_known_by_its_structure(post, base, fields):
    encrypted = sandbox.command("openssl", "cms", "-encrypt", "-aes256", "-outform", "DER", f"{base}.pem", input=b"x")
    content = fields + b"\r\nContent-Transfer-Encoding: base64"
    assert "It is encrypted." in answer(post, "encrypted", content, base64_lines(encrypted))
    assert answer(post, "signed", content, base64_lines(encrypted)) == "250"


@pytest.mark.parametrize("content, body", [
    (b"text/html", b"<p>a se<b>cr</b>et w&#111;rd</p>"),
    (b"text", b"a secret word"),
    (b"multipart/mixed", b"--b\r\n\r\na secret word\r\n--b--\r\n"),
    (b"message/rfc822\r\nContent-Transfer-Encoding: base64", base64_lines(b"Subject: x\r\n\r\na secret word\r\n")),
    (b"text/plain; format=flowed; delsp=yes", b"a sec \r\nret word\r\n"),
    (b"text/enriched", b"a se<bold>cret</bold> word"),
    (b"image/svg+xml", b"<svg><text>a se<tspan>cret</tspan> word</text></svg>"),
    (b"application/octet-stream", b"<!-- saved --><h1>a se<i>cret</i> word</h1>"),
    (b"text/plain; charset=utf-32\r\nContent-Transfer-Encoding: base64", base64_lines("a secret word".encode("utf-32"))),
    (b"text/vcard", b"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a se=\r\nc=72et =77ord\r\nEND:VCARD\r\n"),
], ids=["tags within a word", "type without subtype", "no boundary", "message in base64", "flowed", "enriched (RFC 1896)", "SVG",
        "page without type", "NUL bytes", "vCard 2.1"])
def test_rule_sees_what_a_reader_sees(post, content, body):
    """Promise 1."""
    assert "It has the word." in answer(post, "text", content, body)


@pytest.mark.parametrize("content, before, behind", [
    ("text/html", "<p>See <BDO class=x dir='RTL'>", "</BDO>."),
    ("text/html", "<bdo dir=rtl>!!<br>", "</bdo>"),
    ("text/html", "<span style='direction: rtl; unicode-bidi:/**/bidi-override'>", "</span>"),
    ("text/html", "<div dir=rtl><span style='unicode-bidi:isolate-overr\\69 de'>", "</span></div>"),
    ("text/plain", "See \u202e", "\u202c."),
], ids=["bdo", "line within", "CSS", "direction around", "U+202E"])
def test_words_written_backwards_for_a_reader_who_sees_them_forwards_were_missed(post, content, before, behind):
    """Promise 1: UAX #9, X4; CSS Writing Modes 3, 2.2."""
    body = f"{before}{'a secret word'[::-1]}{behind}\r\n".encode()
    assert "It has the word." in answer(post, "text", f"{content}; charset=utf-8".encode(), body)
    assert answer(post, "text", f"{content}; charset=utf-8".encode(), body.replace(b"drow", b"word")) == "250"


@pytest.mark.parametrize("content, body", [
    (b'application/octet-stream; name="a.dwg "', b"x"),
    (b"message/rfc822; name=a.dwg", b"Subject: x\r\n\r\nx"),
    (b"text/plain", b"begin 644 a.dwg\r\n#0V%T\r\n`\r\nend\r\n"),
    (b"application/octet-stream\r\nContent-Disposition: attachment; filename*0=a.; filename*1=dwg", b"x"),
], ids=["blank at the end", "attached message", "uuencode", "in pieces"])
def test_rule_sees_the_name_that_a_reader_gets(post, content, body):
    """Promise 1."""
    assert "It has a drawing." in answer(post, "name", content, body)


def test_what_cannot_be_looked_into_waits_unless_a_rule_decides(world, post, tmp_path):
    """Promise 1: an encrypted archive."""
    content = b"application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64"
    body = zipped(tmp_path, "-P", "password")
    assert "It cannot be looked into." in answer(post, "opaque", content, body)
    assert answer(post, "text", content, body) == "4"
    assert "is encrypted (a rule `match opaque`" in world.log("postseal-milter")
    assert answer(post, "name", content, body) == "250"  # names are not encrypted
    assert answer(post, "anna", content, body) == "250"  # no rule asks


def test_plain_archive_is_looked_into(post, tmp_path):
    content = b"application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64"
    body = zipped(tmp_path)
    assert answer(post, "opaque", content, body) == "250"
    assert "It has the word." in answer(post, "text", content, body)


def test_damaged_winmail_dat_is_opaque(post):
    content = b"application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64"
    body = base64.b64encode(bytes.fromhex("789f3e2201000106900800ffffff7f")) + b"\r\n"
    assert answer(post, "name", content, body) == "4"
    assert "It cannot be looked into." in answer(post, "opaque", content, body)


OCTETS = b"application/octet-stream\r\nContent-Transfer-Encoding: base64"


def test_mailbox_under_another_type_hid_its_words(post, tmp_path):
    """Promise 1: a file that Python's mailbox module writes (RFC 4155), and what merely begins like one."""
    message = email.message_from_bytes(b"From: anna@example.com\nContent-Transfer-Encoding: base64\n\n" + base64_lines(b"a secret word"))
    for kind in (mailbox.mbox, mailbox.MMDF):
        box = kind(tmp_path / kind.__name__)
        box.add(message)
        box.close()
        assert answer(post, "text", OCTETS, base64_lines((tmp_path / kind.__name__).read_bytes())) == "4"
    assert answer(post, "text", b"text/plain", b"From Monday on, we are closed.\r\nAnna\r\n") == "250"


def test_file_signed_with_openpgp_hid_its_words(post, tmp_path):
    """Promise 1: gpg compresses what it signs."""
    gpg = ["gpg", "--homedir", tmp_path, "--batch", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "a@example.com", "future-default", "default", "1d"], capture_output=True, check=True)
    for how in ("zlib", "none"):
        made = subprocess.run([*gpg, "--compress-algo", how, "--sign"], input=b"a secret word", capture_output=True, check=True).stdout
        assert answer(post, "text", OCTETS, base64_lines(made)) == "4"
    subprocess.run(["gpgconf", "--homedir", tmp_path, "--kill", "all"], check=True)


def test_signed_cms_under_another_type_hid_its_words(post, base):
    """Promise 1."""
    made = sandbox.command("openssl", "cms", "-sign", "-nodetach", "-outform", "DER", "-binary", "-signer", f"{base}.pem", "-inkey",
                           f"{base}.key", input=b"Content-Type: text/html\r\n\r\na se<b>cret</b> word\r\n")
    assert "It has the word." in answer(post, "text", OCTETS, base64_lines(made))


def test_uuencoded_file_was_looked_for_in_text_only(post):
    """Promise 1."""
    body = b"begin 644 a.dwg\r\n#0V%T\r\n`\r\nend\r\n"
    assert answer(post, "text", b"application/octet-stream; name=a.uue", body) == "4"


DRAWING = multipart("b", part('Content-Type: application/octet-stream; name="a.dwg"', b"x"))


@pytest.mark.parametrize("content, body", [
    (b"multipart/mixed; boundary=b\r\nContent-Type: text/plain", DRAWING),
    (b"text/plain\r\nContent-Transfer-Encoding: quoted-printable", b"a se= \r\ncret word"),
    (b"text/plain\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit", base64_lines(b"a secret word")),
    (b"text/plain\r\nContent-Transfer-Encoding: base64", base64_lines(b"a secre") + base64_lines(b"t word")),
], ids=["type twice", "soft line break with a blank", "encoding twice", "base64 behind its padding"])
def test_what_programs_read_in_different_ways_waits(post, content, body):
    """Promise 1: GMime read one thing, and mail programs read another."""
    assert "It cannot be looked into." in answer(post, "opaque", content, body)
    assert answer(post, "name", content, body) == "4" or answer(post, "text", content, body) == "4"


@pytest.mark.parametrize("sender, field", [
    ("tag", b"Subject: =?utf-8?b?W3NlY3VyZV0?= x"),
    ("tag", b"Subject: =?utf-8?b?QSBb?= =?utf-8?b?c2VjdXJlXQ==?="),
    ("tag", b"Subject: =?utf-8*en?q?[secure]?="),
    ("tag", b"Subject: =?utf-8?q?[secure] x"),
    ("class", b"X-Class: =?utf-8?b?c2VjcmV0?"),
    ("class", b"X-Class: =?utf-8?b?c2U=?= =?utf-8?b?Y3JldA==?="),
], ids=["no padding", "padding within", "language", "not closed", "header not closed", "padding within a header"])
def test_tag_hid_in_a_malformed_word(post, sender, field):
    """Promise 1: RFC 2047 as mail programs read it."""
    address = f"{sender}@example.com".encode()
    message = b"From: <%s>\r\nTo: <%s>\r\n%s\r\n\r\nx\r\n" % (address, TO.encode(), field)
    code, text = post.send(message, [TO], sender=address.decode())
    assert code == 550 and "It has the" in text


def test_calendar_entry_is_read_unfolded(post):
    """Promise 1: RFC 5545 3.1."""
    body = b"BEGIN:VCALENDAR\r\nSUMMARY:a secr\r\n et word\r\nEND:VCALENDAR\r\n"
    assert "It has the word." in answer(post, "text", b"text/calendar; method=REQUEST", body)


def test_plain_text_beside_the_encrypted_is_not_encrypted(post, tmp_path):
    """Promise 1: header lines of armor, and packets after the encrypted one."""
    gpg = ["gpg", "--homedir", tmp_path, "--batch", "--passphrase", "x", "--pinentry-mode", "loopback"]
    armor = subprocess.run([*gpg, "--symmetric", "--armor"], input=b"x", capture_output=True, check=True).stdout.replace(b"\n", b"\r\n")
    said = armor.replace(b"\r\n\r\n", b"\r\n" + b"Comment: the password is 1234\r\n" * 20 + b"\r\n", 1)
    packets = b"".join(subprocess.run([*gpg, how], input=b"x", capture_output=True, check=True).stdout for how in ("--symmetric", "--store"))
    behind = b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + base64_lines(packets) + b"-----END PGP MESSAGE-----\r\n"
    assert "It is encrypted." in answer(post, "encrypted", b"text/plain", armor)
    assert answer(post, "encrypted", b"text/plain", said) == "250"
    assert answer(post, "encrypted", b"text/plain", behind) == "250"


@pytest.fixture
def lone_cr(world):
    """Postfix before 3.7.10, and one that is told so, leaves a lone CR as it is."""
    world.company.set(cleanup_replace_stray_cr_lf="no")
    yield
    world.company.set(cleanup_replace_stray_cr_lf="yes")


def answer_with(post, sender, field, subject="Subject: x\r\n"):
    address = f"{sender}@example.com"
    code, text = post.send(f"From: <{address}>\r\nTo: <{TO}>\r\n{subject}{field}\r\n\r\nx\r\n".encode(), [TO], sender=address)
    return "250" if code == 250 else text


@pytest.mark.parametrize("sender, field, sentence", [
    ("class", "X-A: x\rX-Class: secret", "It has the class."),
    ("class", "X-A: x\rx-class : =?utf-8?q?secre=74?=\r", "It has the class."),
    ("tag", "X-A: x\rSubject: [secure] x", "It has the tag."),
    ("card", "X-A: x\rX-B: y\rComments: 4111 1111 1111 1111", "It has a card."),
])
def test_field_behind_a_lone_cr_was_no_field(post, lone_cr, sender, field, sentence):
    """Promise 1: Python and Thunderbird find a field there."""
    assert sentence in answer_with(post, sender, field)
    assert answer_with(post, sender, field.replace("\r", " ")) == "250"


def test_tag_behind_a_lone_cr_asks_for_less_of_nobody(post, lone_cr):
    assert answer_with(post, "plain", "X-A: x", "Subject: [plain] x\r\n") == "250"
    for subject in ("", "Subject: x\r\n", "Subject: \r\n"):
        assert "It does not ask for less." in answer_with(post, "plain", "X-A: x\rSubject: [plain] x", subject)


def test_tag_in_a_second_subject_behind_an_empty_one_asked_for_less(post):
    assert "It does not ask for less." in answer_with(post, "plain", "Subject: [plain] x", "Subject: \r\n")


def test_part_behind_a_lone_cr_was_no_part(post, lone_cr):
    """Promise 1: the same for a boundary."""
    body = b"--b\r\n\r\nx\r--b\rContent-Type: image/x; name=a.dwg\r\rx\r\n--b--\r\n"
    assert email.message_from_bytes(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body).get_payload()[1].get_filename() == "a.dwg"
    assert answer(post, "name", b"multipart/mixed; boundary=b", body) == "4"
    assert "It cannot be looked into." in answer(post, "opaque", b"multipart/mixed; boundary=b", body)
