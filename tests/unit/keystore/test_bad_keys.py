#!/usr/bin/python3
"""Keys and certificates that strangers made to be a burden: each is read, or refused with a sentence, in bounded time
and memory, and what is good in it is found. openssl and gpg make what can be made with them; the rest is written by
hand.

Usage: test_bad_keys.py PROGRAM, where the program is keyreader_probe.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ADDRESS = "bob@partner.example"
# Of computing. Whoever asks waits for 15 seconds, and then ends the process that reads.
SECONDS, KILOBYTES = 8, 400_000


def run(*command, data=b"", **options):
    return subprocess.run(list(map(str, command)), input=data, capture_output=True, check=True, **options).stdout


# --- certificates ---

def der(tag, *parts):
    content = b"".join(parts)
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (size if len(content) < 128 else bytes([0x80 | len(size)]) + size) + content


class Authority:
    """Makes certificates that are well-formed in every way that openssl knows."""

    def __init__(self, folder):
        self.folder = folder
        self.key = folder / "key.pem"
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)

    def certificate(self, extensions="", names=(ADDRESS,), units=0, purposes="emailProtection", dates=()):
        config = self.folder / "config"
        config.write_text("[req]\ndistinguished_name=d\nprompt=no\nstring_mask=utf8only\n[d]\nCN=Bob\n"
                          + "".join(f"{i}.OU={'x' * 60}\n" for i in range(units))
                          + f"[e]\nkeyUsage=digitalSignature,keyAgreement\nextendedKeyUsage={purposes}\n"
                          f"subjectAltName=@n\n{extensions}\n[n]\n" + "".join(f"email.{i}={name}\n" for i, name in enumerate(names)))
        if not dates:
            return run("openssl", "req", "-x509", "-config", config, "-extensions", "e", "-key", self.key,
                       "-days", "30", "-outform", "DER")
        request = self.folder / "request"
        run("openssl", "req", "-new", "-config", config, "-key", self.key, "-out", request)
        (self.folder / "index").write_text("")
        config.write_text(config.read_text() + f"[ca]\ndefault_ca=c\n[c]\ndatabase={self.folder}/index\nnew_certs_dir={self.folder}\n"
                          "rand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        pem = run("openssl", "ca", "-batch", "-config", config, "-extensions", "e", "-selfsign", "-keyfile", self.key, "-in", request,
                  "-startdate", dates[0], "-enddate", dates[1], "-notext")
        return run("openssl", "x509", "-outform", "DER", data=pem)


def bundle(certificates):
    """A SignedData without signatures (RFC 5652 §5.1)."""
    data = bytes.fromhex("06092a864886f70d010701")
    signed = der(0x30, b"\2\1\1", der(0x31), der(0x30, data), der(0xa0, *certificates), der(0x31))
    return der(0x30, bytes.fromhex("06092a864886f70d010702"), der(0xa0, signed))


def renumbered(certificate, count):
    """Copies with other subjects, and so with other fingerprints; their signatures do not hold."""
    return [certificate.replace(b"\x0c\x03Bob", b"\x0c\x03" + bytes([65 + i // 900 % 26, 65 + i // 30 % 30, 65 + i % 30])) for i in range(count)]


def with_modulus(certificate, bits):
    """With an RSA key of that size in place of its own."""
    number = der(2, b"\0" + b"\xc1" * (bits // 8))
    key = der(0x30, der(0x30, bytes.fromhex("06092a864886f70d0101010500")), der(3, b"\0" + der(0x30, number, b"\2\3\1\0\1")))
    return in_place_of_key(certificate, key)


def in_place_of_key(certificate, key):
    listed = run("openssl", "asn1parse", "-inform", "DER", data=certificate).decode()
    # the SEQUENCE that begins the public key
    at, head, length = map(int, re.search(r"^ *(\d+):d=2 +hl=(\d) l= *(\d+) cons: SEQUENCE *\n[^\n]*SEQUENCE *\n[^\n]*(?:id-ecPublicKey)", listed, re.M).groups())
    first = re.search(r"^ *(\d+):d=1 +hl=(\d) l= *(\d+)", listed, re.M)
    body, behind = int(first[1]) + int(first[2]), int(first[1]) + int(first[2]) + int(first[3])
    inner = certificate[body:at] + key + certificate[at + head + length:behind]
    return der(0x30, der(0x30, inner), certificate[behind:])


def certificates(authority):
    """{what: (bytes, is there a key)}"""
    good = authority.certificate()
    many = [f"person{i}@partner.example" for i in range(30_000)]
    yield "30 000 addresses", authority.certificate(names=[*many, ADDRESS]), True
    yield "a subject of 400 kB", authority.certificate(units=5000), True
    yield "20 000 policies", authority.certificate("certificatePolicies=" + ",".join(f"1.2.3.{i}" for i in range(20_000))), True
    yield "20 000 purposes", authority.certificate(purposes=",".join([*(f"1.2.3.{i}" for i in range(20_000)), "emailProtection"])), True
    yield "a comment of 900 kB", authority.certificate("nsComment=" + "x" * 900_000), True
    yield "an RSA key of 65 536 bits", with_modulus(good, 65_536), True
    yield "an RSA key of 4 million bits", with_modulus(good, 4_000_000), True
    yield "30 certificates in one bundle", bundle([*renumbered(good, 30), good]), True
    # Which of them are left out would be decided by their order: that is said, instead.
    yield "3000 certificates in one bundle", bundle([*renumbered(good, 3000), good]), False
    yield "200 000 levels of SEQUENCE", b"\x30\x80" * 200_000 + b"\0\0" * 200_000, False
    yield "200 000 levels of OCTET STRING", b"\x24\x80" * 200_000 + b"\0\0" * 200_000, False
    yield "a bundle within 100 000 levels", bundle([b"\xa0\x80" * 100_000]), False
    yield "8 MB of zeros", b"\x30\x82" + b"\0" * 8_000_000, False
    yield "a length of 4 GB", b"\x30\x84\xff\xff\xff\xff" + good, False
    yield "10 000 PEM blocks", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" * 10_000, False
    yield "100 000 BEGIN lines", b"-----BEGIN CERTIFICATE-----\n" * 100_000, False
    yield "a mail within 1000 mails", b"Content-Type: message/rfc822\n\n" * 1000 + b"Content-Type: application/pkix-cert\n\n", False
    yield "20 000 parts", (b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\nContent-Type: application/pkix-cert\n\nx\n" * 20_000), False


# --- time ---

def moments(authority):
    """{what: (bytes, (from, until) as seconds since 1970)}"""
    yield "until 9999", authority.certificate(dates=("20200101000000Z", "99991231235959Z")), (1577836800, 253402300799)
    yield "from 2999", authority.certificate(dates=("29990101000000Z", "30000101000000Z")), (32472144000, 32503680000)
    yield "ended with 1969", authority.certificate(dates=("19600101000000Z", "19691231235959Z")), (-315619200, -1)
    yield "ended when 1970 began", authority.certificate(dates=("19600101000000Z", "19700101000000Z")), (-315619200, None)


# --- OpenPGP ---

class Ring:
    def __init__(self, folder, *clock):
        self.home, self.clock = folder / f"gpg{len(clock)}", clock
        self.home.mkdir(mode=0o700)
        self.gpg("--quick-gen-key", f"Bob <{ADDRESS}>", "ed25519", "sign", "30d")
        self.fingerprint = re.search(rb"^fpr:+(\w+):", self.gpg("--with-colons", "-k", ADDRESS), re.M)[1].decode()
        self.gpg("--quick-add-key", self.fingerprint, "cv25519", "encr", "30d")
        self.key = self.gpg("--export", ADDRESS)

    def gpg(self, *words, data=b""):
        return run("gpg", "--homedir", self.home, "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *self.clock, *words,
                   data=data)

    def revocation(self):
        text = (self.home / "openpgp-revocs.d" / f"{self.fingerprint}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
        return self.gpg("--dearmor", data=text.encode())

    def end(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], capture_output=True)


def packets(key):
    """[(tag, packet)] of a key that gpg wrote: old and new headers with lengths of one or two bytes."""
    found, at = [], 0
    while at < len(key):
        if key[at] & 0x40:
            tag, length, head = key[at] & 0x3f, key[at + 1], 2
            if length >= 192:
                length, head = (length - 192 << 8) + key[at + 2] + 192, 3
        else:
            tag, size = key[at] >> 2 & 15, 1 << (key[at] & 3)
            length, head = int.from_bytes(key[at + 1:at + 1 + size], "big"), 1 + size
        found.append((tag, key[at:at + head + length]))
        at += head + length
    return found


def packet(tag, body):
    return bytes([0xc0 | tag, 0xff]) + len(body).to_bytes(4, "big") + body


def keyrings(ring):
    (_, primary), (_, user_id), (_, signature), (_, subkey), (_, binding) = packets(ring.key)
    broken = signature[:-1] + bytes([signature[-1] ^ 1])
    rest = subkey + binding
    good = primary + user_id + signature
    names = [packet(13, b"Bob %d <bob@partner.example>" % i) for i in range(10_000)]
    others = [packet(13, b"Other %d <other%d@partner.example>" % (i, i)) for i in range(10_000)]
    subkeys = [packet(14, subkey[2:-4] + i.to_bytes(4, "big")) + binding for i in range(10_000)]
    yield "10 000 user IDs of others", good + b"".join(name + signature for name in others) + rest, True
    yield "10 000 user IDs with signatures that do not hold", good + b"".join(name + signature for name in names) + rest, False
    yield "10 000 user IDs without signatures", good + b"".join(names) + rest, False
    yield "10 000 times the same user ID", primary + (user_id + signature) * 10_000 + rest, False
    yield "10 000 times the same signature", good + signature * 10_000 + rest, False
    yield "10 000 signatures that do not hold", good + broken * 10_000 + rest, False
    yield "10 000 subkeys that are not bound", good + rest + b"".join(subkeys), False
    yield "10 000 times the same key", ring.key * 10_000, False
    yield "a user ID of 4 MB", primary + packet(13, b"x" * 4_000_000 + b" <bob@partner.example>") + signature + rest, False
    yield "a signature of 4 MB", primary + user_id + packet(2, signature[2:] + b"x" * 4_000_000) + signature + rest, None
    yield "10 000 primary keys", b"".join(packet(6, primary[2:-4] + i.to_bytes(4, "big")) + user_id + signature for i in range(10_000)), None
    yield "a packet without an end", primary + user_id + b"\xc2\xff\xff\xff\xff\xff" + signature, False
    yield "1 MB of armour headers", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n" + b"Comment: x\n" * 100_000, False


def is_usable(key):
    return key["cannot"] is None and key["from"] <= time.time() and (key["until"] == 0 or key["until"] > time.time())


def moments_of_openpgp(folder, ring):
    """{what: (bytes, is it usable)}"""
    future = Ring(folder, "--faked-system-time", "20990101T000000", "--ignore-time-conflict")
    (_, primary), *rest = packets(ring.key)
    (_, primary_in_future), *_ = packets(future.key)
    yield "now", ring.key, True
    yield "made in 2099", future.key, False
    yield "revoked", primary + ring.revocation() + b"".join(packet for _, packet in rest), False
    yield "revoked in 2099", primary_in_future + future.revocation() + future.key[len(primary_in_future):], False
    yield "of another key", primary + future.revocation() + b"".join(packet for _, packet in rest), True
    future.end()


# --- all ---

def probe(program, kind, folder, cases):
    paths = []
    for number, data in enumerate(cases):
        paths.append(folder / f"{kind}{number}")
        paths[-1].write_bytes(data)
    return [json.loads(line) for line in run(program, kind, ADDRESS, *paths).splitlines()]


def complain(what, answer, is_key):
    """What is wrong with an answer."""
    if answer["seconds"] > SECONDS:
        yield f"took {answer['seconds']:.1f} seconds"
    if "took too long" in answer["why"]:
        yield "was never read"
    if answer["kilobytes"] > KILOBYTES:
        yield f"took {answer['kilobytes'] // 1000} MB"
    if is_key is not None and bool(answer["keys"]) != is_key:
        yield f"{'no ' * is_key}key: {answer['why']}"
    if not answer["keys"] and not answer["why"]:
        yield "no sentence"


def main():
    program, wrong, count = sys.argv[1], [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        authority, ring = Authority(folder), Ring(folder)
        for kind, cases in ("smime", list(certificates(authority))), ("pgp", list(keyrings(ring))):
            for (what, _, is_key), answer in zip(cases, probe(program, kind, folder, [data for _, data, _ in cases]), strict=True):
                count += 1
                if "-v" in sys.argv:
                    print(f"{answer['seconds']:6.2f} s {answer['kilobytes'] // 1000:5} MB {len(answer['keys'])} {what}: {answer['why'][:80]}")
                wrong += [f"{kind}, {what}: {why}" for why in complain(what, answer, is_key)]
        cases = list(moments(authority))
        for (what, _, wanted), answer in zip(cases, probe(program, "smime", folder, [data for _, data, _ in cases]), strict=True):
            count += 1
            found = [(key["from"], key["until"]) for key in answer["keys"]]
            if len(found) != 1 or found[0][0] != wanted[0] or (wanted[1] not in (None, found[0][1])) or found[0][1] == 0:
                wrong.append(f"{what}: {found}, not {wanted}")
        cases = list(moments_of_openpgp(folder, ring))
        for (what, _, wanted), answer in zip(cases, probe(program, "pgp", folder, [data for _, data, _ in cases]), strict=True):
            count += 1
            if any(map(is_usable, answer["keys"])) != wanted:
                wrong.append(f"pgp, {what}: {answer}")
        ring.end()
    print("\n".join(wrong))
    print(f"{count} keys, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
