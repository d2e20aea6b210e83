"""Messages of many structures: (name, value of Content-Type with further Content-* fields, body).

Bodies are bytes as an SMTP client sends them, lines ending with CRLF.
"""
import base64
import hashlib


def lines(text):
    return text.replace("\n", "\r\n").encode()


def noise(length, seed):
    """Bytes that do not compress, the same in every run."""
    return hashlib.shake_256(seed.encode()).digest(length)


def base64_lines(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def part(fields, body):
    return fields.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body


def multipart(boundary, *parts, preamble=b"", epilogue=b""):
    mark = f"--{boundary}".encode()
    body = preamble + (b"\r\n" if preamble else b"")
    for each in parts:
        body += mark + b"\r\n" + each + b"\r\n"
    return body + mark + b"--\r\n" + epilogue


TEXT = part("Content-Type: text/plain; charset=utf-8", b"Hello.\r\n")
HTML = part("Content-Type: text/html; charset=utf-8", b"<p>Hello.</p>\r\n")


def nested(depth):
    inner = TEXT
    for level in range(depth):
        inner = part(f'Content-Type: multipart/mixed; boundary="n{level}"', multipart(f"n{level}", inner))
    return multipart("outer", inner)


def rfc822(body):
    return part("Content-Type: message/rfc822", body)


CALENDAR = lines("""BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:1@example.com
DTSTART:20261201T100000Z
SUMMARY:Meeting with a long summary that is folded
  over two lines
END:VEVENT
END:VCALENDAR
""")

REPORT = multipart(
    "rep", TEXT,
    part("Content-Type: message/delivery-status", lines("Reporting-MTA: dns; mx.example\n\n"
                                                        "Final-Recipient: rfc822; a@b.example\n"
                                                        "Action: failed\nStatus: 5.1.1\n")),
    part("Content-Type: text/rfc822-headers", lines("From: a@example.com\nSubject: x\n")))

SIGNED = multipart(
    "sig", part("Content-Type: text/plain", lines("-- signed, trailing blanks  \nline\n")),
    part('Content-Type: application/pkcs7-signature; name="smime.p7s"\nContent-Transfer-Encoding: base64',
         base64_lines(noise(600, "signature"))))

STRUCTURES = [
    ("plain", b"text/plain; charset=utf-8", lines("Hello.\n")),
    ("plain without parameters", b"text/plain", lines("Hello.\n")),
    ("8-bit UTF-8", b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
     lines("Gr\u00fc\u00dfe aus Z\u00fcrich, 42 \u20ac\n")),
    ("8-bit Latin-1", b"text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit",
     "Grüße\r\n".encode("latin-1")),
    ("8-bit without declaration", b"text/plain", "Grüße\r\n".encode("latin-1")),
    ("quoted-printable", b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
     lines("Gr=C3=BC=C3=9Fe, soft=\n break, blank=20\n")),
    ("quoted-printable that is wrong", b"text/plain\r\nContent-Transfer-Encoding: quoted-printable",
     lines("bad =ZZ and = \n=\n")),
    ("base64 text", b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
     base64_lines("Grüße".encode())),
    ("base64 without line end", b"application/pdf\r\nContent-Transfer-Encoding: base64", b"JVBERi0="),
    ("base64 broken", b"application/pdf\r\nContent-Transfer-Encoding: base64", lines("JV!!BE\n%%%\n")),
    ("format=flowed", b"text/plain; charset=utf-8; format=flowed; delsp=yes",
     lines("> quoted \n> and flowed \nline  \n-- \nsignature\n")),
    ("no trailing line end", b"text/plain", b"the end"),
    ("empty body", b"text/plain", b""),
    ("only line ends", b"text/plain", b"\r\n\r\n\r\n"),
    ("trailing empty lines", b"text/plain", lines("Hello.\n\n\n\n")),
    ("trailing blanks", b"text/plain", lines("one  \ntwo\t\n \n")),
    ("lines of dots", b"text/plain", lines(".\n..\n.three\n...\n")),
    ("lines that begin with From", b"text/plain", lines("From here\n>From there\nFrom \n")),
    ("long line", b"text/plain", b"x" * 990 + b"\r\n"),
    ("dashes", b"text/plain", lines("--\n-- \n---\n--=_boundary\n--=_boundary--\n")),
    ("PGP look-alike", b"text/plain", lines("-----BEGIN PGP MESSAGE-----\n\nnot one\n-----END PGP MESSAGE-----\n")),
    ("html", b"text/html; charset=utf-8", lines("<!doctype html><p>Hello &amp; bye</p>\n")),
    ("alternative", b'multipart/alternative; boundary="alt"', multipart("alt", TEXT, HTML)),
    ("related", b'multipart/related; boundary="rel"; type="text/html"',
     multipart("rel", HTML, part("Content-Type: image/png\nContent-ID: <i@x>\nContent-Transfer-Encoding: base64",
                                 base64_lines(noise(300, "png"))))),
    ("mixed with attachment", b'multipart/mixed; boundary="mix"',
     multipart("mix", TEXT, part('Content-Type: application/pdf; name="a b.pdf"\n'
                                 'Content-Disposition: attachment; filename="a b.pdf"\n'
                                 "Content-Transfer-Encoding: base64", base64_lines(noise(5000, "pdf"))))),
    ("nested", b'multipart/mixed; boundary="outer"', nested(12)),
    ("preamble and epilogue", b'multipart/mixed; boundary="pre"',
     multipart("pre", TEXT, preamble=b"This is a preamble.\r\n", epilogue=b"This is an epilogue.\r\n")),
    ("epilogue without line end", b'multipart/mixed; boundary="epi"', multipart("epi", TEXT, epilogue=b"end")),
    ("empty parts", b'multipart/mixed; boundary="emp"',
     multipart("emp", part("Content-Type: text/plain", b""), b"\r\n", TEXT)),
    ("parts without header", b'multipart/mixed; boundary="bare"', multipart("bare", b"\r\nHello", b"\r\nBye")),
    ("odd boundary", b"multipart/mixed; boundary=\"'()+_,-./:=? '\"", multipart("'()+_,-./:=? '", TEXT, HTML)),
    ("boundary that is a prefix", b'multipart/mixed; boundary="b"',
     multipart("b", part('Content-Type: multipart/mixed; boundary="bb"', multipart("bb", TEXT, HTML)), TEXT)),
    ("boundary not closed", b'multipart/mixed; boundary="open"', b"--open\r\n" + TEXT),
    ("no boundary at all", b"multipart/mixed", lines("--x\n\nHello\n--x--\n")),
    ("boundary that never comes", b'multipart/mixed; boundary="never"', lines("Hello\n")),
    ("calendar", b'text/calendar; charset=utf-8; method=REQUEST; name="invite.ics"', CALENDAR),
    ("invitation", b'multipart/alternative; boundary="cal"',
     multipart("cal", TEXT, part("Content-Type: text/calendar; method=REQUEST", CALENDAR))),
    ("winmail.dat", b'multipart/mixed; boundary="tnef"',
     multipart("tnef", TEXT, part('Content-Type: application/ms-tnef; name="winmail.dat"\n'
                                  "Content-Transfer-Encoding: base64",
                                  base64_lines(b"\x78\x9f\x3e\x22" + noise(900, "tnef"))))),
    ("delivery report", b'multipart/report; report-type=delivery-status; boundary="rep"', REPORT),
    ("disposition notification", b'multipart/report; report-type=disposition-notification; boundary="mdn"',
     multipart("mdn", TEXT, part("Content-Type: message/disposition-notification",
                                 lines("Final-Recipient: rfc822;a@b.example\nDisposition: manual-action;displayed\n")))),
    ("clear-signed S/MIME", b'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="sig"',
     SIGNED),
    ("signed PGP", b'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary="sig"',
     multipart("sig", TEXT, part("Content-Type: application/pgp-signature", lines("-----BEGIN PGP SIGNATURE-----\n")))),
    ("attached message", b'multipart/mixed; boundary="msg"',
     multipart("msg", TEXT, rfc822(lines("From: x@example.com\nSubject: inner\n\nInner.\n")))),
    ("only an attached message", b"message/rfc822", lines("From: x@example.com\nSubject: inner\n\nInner.\n")),
    ("external body", b'message/external-body; access-type=URL; url="http://x.example/"',
     lines("Content-Type: text/plain\n\n")),
    ("folded content fields", b"text/plain;\r\n\tcharset=utf-8;\r\n  format=fixed\r\nContent-Description: a\r\n\tlong\r\n one",
     lines("Hello.\n")),
    ("further content fields", b"text/plain\r\nContent-Language: de\r\nContent-ID: <c@example.com>\r\n"
     b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\nContent-Disposition: inline", lines("Hello.\n")),
    ("unknown type", b"x-unknown/x-thing; a=b", lines("Hello.\n")),
    ("broken type", b"text", lines("Hello.\n")),
    ("unknown charset", b"text/plain; charset=x-klingon", b"\xf8\xd0\xf8\xd3\r\n"),
    ("unknown encoding", b"text/plain\r\nContent-Transfer-Encoding: x-uue", lines("begin 644 x\n`\nend\n")),
    ("big attachment", b'multipart/mixed; boundary="big"',
     multipart("big", TEXT, part("Content-Type: application/zip\nContent-Transfer-Encoding: base64",
                                 base64_lines(noise(3_000_000, "zip"))))),
]
