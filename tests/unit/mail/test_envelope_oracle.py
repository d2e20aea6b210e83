#!/usr/bin/python3
"""Promise 1: what is not encrypted in messages that `match encrypted` lets pass: readable text in each
free field of CMS structures and of OpenPGP messages. And the other way round: what openssl and gpg
encrypt, in many forms, is encrypted.

Usage: test_envelope_oracle.py PROGRAM, where the program is content_probe. `openssl asn1parse` must
take each structure that is made here for one.
"""
import base64
import os
import pathlib
import random
import subprocess
import sys
import tempfile

TEXT = b"The password of the safe is 1234, and nobody but you may know it. " * 6
RNG = random.Random(5652)


def noise(count):
    return bytes(RNG.randrange(256) for _ in range(count))


# --- CMS (RFC 5652) ---

def der(tag, *parts):
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x82]) + len(content).to_bytes(2, "big")
    return bytes([tag]) + length + content


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytes([40 * first + second])
    for number in rest:
        groups = [number & 127]
        while number := number >> 7:
            groups.append(number & 127 | 128)
        out += bytes(reversed(groups))
    return der(6, out)


RSA, OAEP, AES, ENVELOPED, DATA = (oid(text) for text in (
    "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7", "2.16.840.1.101.3.4.1.42", "1.2.840.113549.1.7.3", "1.2.840.113549.1.7.1"))
WRAP, ECDH, EC = (oid(text) for text in ("2.16.840.1.101.3.4.1.45", "1.3.132.1.11.1", "1.2.840.10045.2.1"))


def name(text=b"Example CA"):
    return der(0x30, der(0x31, der(0x30, oid("2.5.4.3"), der(0x0c, text))))


def transport(issuer=None, serial=None, algorithm=None, key=None, identifier=None):
    who = der(0x80, identifier) if identifier else der(0x30, issuer or name(), der(2, serial or b"\x01" + noise(15)))
    return der(0x30, der(2, b"\0"), who, algorithm or der(0x30, RSA, der(5)), der(4, key or noise(256)))


def agreement(originator=None, ukm=b"", key=None, rid=None):
    public = originator or der(0xa1, der(0x30, EC), der(3, b"\0\x04" + noise(64)))
    reader = rid or der(0x30, name(), der(2, b"\x01" + noise(15)))
    return der(0xa1, der(2, b"\x03"), der(0xa0, public), ukm, der(0x30, ECDH, der(0x30, WRAP)),
               der(0x30, der(0x30, reader, der(4, key or noise(40)))))


def envelope(*recipients, content=None, iv=None, before=b"", behind=b""):
    info = der(0x30, DATA, der(0x30, AES, der(4, iv or noise(16))), der(0x80, content or noise(4096)))
    return der(0x30, ENVELOPED, der(0xa0, der(0x30, der(2, b"\2"), before, der(0x31, *(recipients or [transport()])), info, behind)))


def label():
    """The label of RSAES-OAEP (RFC 8017 A.2.1)."""
    return der(0x30, OAEP, der(0x30, der(0xa2, der(0x30, oid("1.2.840.113549.1.1.9"), der(4, TEXT)))))


GOOD_CMS = {"key transport": envelope(), "key agreement": envelope(agreement()), "key identifier": envelope(transport(identifier=noise(20))),
            "many recipients": envelope(*(transport() for _ in range(80))), "both": envelope(transport(), agreement(), content=noise(20000)),
            "large content": envelope(content=noise(60000)), "small content": envelope(content=noise(16)),
            "several issuers": envelope(*(transport(name(b"CA of company %d" % i)) for i in range(20)))}
BAD_CMS = {"issuers": envelope(*(transport(name(b"%d " % i + TEXT)) for i in range(20))), "one issuer": envelope(transport(name(TEXT * 4))),
           "serial number": envelope(transport(serial=TEXT)), "encrypted key": envelope(transport(key=TEXT)),
           "key identifier": envelope(transport(identifier=TEXT)), "parameters of key transport": envelope(transport(algorithm=label())),
           "content": envelope(content=TEXT * 20), "content in UTF-16": envelope(content=(TEXT * 20).decode().encode("utf-16")),
           "content in base64": envelope(content=base64.b64encode(TEXT * 20)), "content behind noise": envelope(content=noise(4096) + TEXT),
           "initialisation vector": envelope(iv=TEXT), "originator": envelope(before=der(0xa0, der(0xa0, der(4, TEXT)))),
           "attributes": envelope(behind=der(0xa1, der(0x30, oid("1.2.3"), der(0x31, der(4, TEXT))))),
           "user keying material": envelope(agreement(ukm=der(0xa1, der(4, TEXT)))), "wrapped key": envelope(agreement(key=TEXT[:120])),
           "public key": envelope(agreement(originator=der(0xa1, der(0x30, EC), der(3, b"\0" + TEXT)))),
           "parameters of the public key": envelope(agreement(originator=der(0xa1, der(0x30, EC, der(4, TEXT)), der(3, b"\0\4" + noise(64))))),
           "other attribute of a key": envelope(agreement(rid=der(0xa0, der(4, noise(20)), der(0x30, oid("1.2.3"), der(4, TEXT))))),
           "other recipient": envelope(der(0xa4, oid("1.2.3"), der(4, TEXT)))}


# --- OpenPGP (RFC 9580) ---

def packet(tag, body):
    return bytes([0xc0 | tag, 0xff]) + len(body).to_bytes(4, "big") + body


def session_key(material=None, algorithm=1, reader=None):
    return packet(1, b"\3" + (reader or noise(8)) + bytes([algorithm]) + (material or b"\x08\0\x80" + noise(255)))


def protected(body=None):
    return packet(18, b"\1" + (body or noise(3000)))


def armor(*packets, headers=b""):
    return b"-----BEGIN PGP MESSAGE-----\n" + headers + b"\n" + base64.encodebytes(b"".join(packets)) + b"-----END PGP MESSAGE-----\n"


COMMENT = b"".join(b"Comment: %s\n" % TEXT[i:i + 60] for i in range(0, 300, 60))
GOOD_PGP = {"one key": armor(session_key(), protected()), "ten keys": armor(*(session_key() for _ in range(10)), protected()),
            "elliptic curve": armor(*(session_key(b"\1\7\x40" + noise(32) + b"\x30" + noise(48), 18) for _ in range(30)), protected()),
            "hidden readers": armor(*(session_key(b"\1\7\x40" + noise(32) + b"\x30" + noise(48), 18, bytes(8)) for _ in range(30)), protected()),
            "a comment": armor(session_key(), protected(), headers=b"Comment: by a program\n")}
BAD_PGP = {"readers": armor(*(session_key(reader=TEXT[i:i + 8], material=b"\0\x08" + noise(1)) for i in range(0, 400, 8)), protected()),
           "session key": armor(session_key(TEXT), protected()), "session key of an unknown algorithm": armor(session_key(TEXT, 99), protected()),
           "content": armor(session_key(), protected(TEXT * 8)), "literal data before": armor(packet(11, b"b\0\0\0\0\0" + TEXT), session_key(), protected()),
           "marker": armor(packet(10, TEXT), session_key(), protected()), "padding": armor(packet(21, TEXT), session_key(), protected()),
           "padding behind": armor(session_key(), protected(), packet(21, TEXT)), "user ID": armor(packet(13, TEXT), session_key(), protected()),
           "signature before": armor(packet(2, TEXT), session_key(), protected()), "private use": armor(packet(60, TEXT), session_key(), protected()),
           "salt of a password": armor(packet(3, b"\4\7\3" + TEXT[:120]), packet(3, b"\4\7\3" + TEXT[:120]), protected()),
           "comments of many messages": armor(session_key(), protected(), headers=COMMENT) * 20,
           "text between": armor(session_key(), protected()) + TEXT + armor(session_key(), protected())}


# --- made by others ---

def run(*command, data=b""):
    return subprocess.run(list(map(str, command)), input=data, capture_output=True, check=True).stdout


def by_openssl(folder):
    keys = []
    for kind, options in ("rsa", ["-newkey", "rsa:2048"]), ("ec", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]):
        keys.append(folder / f"{kind}.pem")
        run("openssl", "req", "-x509", *options, "-nodes", "-subj", f"/O=Example Corporation/CN={kind} CA", "-keyout", folder / "key", "-out", keys[-1])
    for size in (0, 30, 300000):
        for more in ([keys[0]], [keys[1]], keys, keys * 4, ["-keyid", keys[0]], ["-aes-256-gcm", keys[0]], ["-des3", keys[0]]):
            yield f"openssl {more} {size}", run("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", *["-stream"] * ("-aes-256-gcm" not in more), *more,
                                                       data=os.urandom(1) * size)


def by_gpg(folder):
    for size in (1, 500, 300000):
        for more in (["-z", "0"], ["--cipher-algo", "CAMELLIA256"], ["--comment", "by a program"]):
            yield f"gpg {more} {size}", run("gpg", "--homedir", folder, "--batch", "--quiet", "--passphrase", "x", "--pinentry-mode", "loopback", "--symmetric",
                                            "--s2k-count", "1024", "--armor", *more, data=b"x" * size)


def main():
    smime = b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
    inline = b"Content-Type: text/plain\n\n"
    cases = []
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = pathlib.Path(name_of_folder)
        for is_good, structures in (True, GOOD_CMS), (False, BAD_CMS):
            for what, data in structures.items():
                run("openssl", "asn1parse", "-inform", "DER", data=data)
                cases.append((is_good, f"CMS: {what}", smime + base64.encodebytes(data)))
        for is_good, texts in (True, GOOD_PGP), (False, BAD_PGP):
            cases += [(is_good, f"OpenPGP: {what}", inline + text) for what, text in texts.items()]
        cases += [(True, what, smime + base64.encodebytes(data)) for what, data in by_openssl(folder)]
        cases += [(True, what, inline + text) for what, text in by_gpg(folder)]
        (folder / "all").write_bytes(b"".join(b"%d\n%s" % (len(message), message) for _, _, message in cases))
        lines = run(sys.argv[1], folder / "all").decode("utf-8", "replace").split("\n")[:-1]
    assert len(lines) == len(cases), (len(lines), len(cases))
    wrong = [f"{'not ' * is_good}encrypted: {what}" for (is_good, what, _), line in zip(cases, lines) if ("e" in line.split(" ")[0]) != is_good]
    print("\n".join(wrong))
    print(f"{len(cases)} messages, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
