#!/usr/bin/python3
"""Generated messages in 7 bits, read again by Python's email package: every part has the same
fields and the same decoded content, and every byte that leaves is what RFC 5321 allows.

Usage: test_seven_bit_oracle.py PROGRAM, where the program is seven_bit_probe.
"""
import base64
import email
import email.policy
import pathlib
import quopri
import random
import subprocess
import sys
import tempfile

MESSAGES = 3000
ENCODING = "content-transfer-encoding"
WORDS = ["Grüße", "aus", "Zürich", "—", "From here", ".", "a=b", "--", "--b0.", "x" * 200, "日本語", "\t", " ", "e"]


class Making:
    """One message; `dirty` says whether anything in it is not in 7 bits, `cannot` whether what is so must not change."""

    def __init__(self, rng):
        self.rng, self.boundaries, self.dirty, self.cannot = rng, 0, False, False

    def text(self, plain):
        rng = self.rng
        end = rng.choice(["\r\n", "\r\n", "\r\n", ""])
        lines = [" ".join(rng.choice(WORDS) for _ in range(rng.randrange(8))) for _ in range(rng.randrange(6))]
        if rng.random() < .1:
            lines.append("y" * rng.choice([997, 998, 999, 5000, 20000]))
        text = "\r\n".join(lines) + end
        if plain:
            text = "".join(c for c in text if ord(c) < 128)
            text = "\r\n".join(line[:998] for line in text.split("\r\n"))
        return text.encode(rng.choice(["utf-8", "utf-8", "utf-16"]) if not plain else "ascii")

    def note(self, content, sealed, encoded):
        lines = content.split(b"\r\n")
        dirty = any(b > 127 or b in (0, 10, 13) for line in lines for b in line) or any(len(line) > 998 for line in lines)
        self.dirty |= dirty
        self.cannot |= dirty and (sealed or encoded)

    def leaf(self, sealed):
        rng = self.rng
        fields = [rng.choice(["Content-Type: text/plain; charset=utf-8", "content-type:TEXT/HTML;\r\n\tcharset=utf-8", "X-None: of us",
                              "Content-Type: application/octet-stream; name=\"a b\""])]
        encoding = rng.choice(["", "", "8bit", "8BIT", "7bit", "binary", "base64", "quoted-printable"])
        content = self.text(rng.random() < .4)
        if rng.random() < .05:
            content = bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 100, 9000])))
        if encoding == "base64":
            content = base64.encodebytes(content).replace(b"\n", b"\r\n")
        if encoding == "quoted-printable":
            content = quopri.encodestring(content).replace(b"\r\n", b"\n").replace(b"\r", b"=0D").replace(b"\n", b"\r\n")
        self.note(content, sealed, encoding in ("base64", "quoted-printable"))
        if encoding:
            fields.insert(rng.randrange(2), f"Content-Transfer-Encoding: {encoding}")
        if rng.random() < .3:
            fields.append("Content-Disposition:   attachment;\r\n  filename=x")
        return "\r\n".join(fields).encode() + b"\r\n\r\n" + content

    def multipart(self, depth, sealed):
        rng = self.rng
        kind = rng.choice(["mixed", "alternative", "related", "digest", "signed" if rng.random() < .3 else "mixed"])
        boundary = f"b{self.boundaries}" + rng.choice(["", "_x", "=_" + "z" * 50])
        self.boundaries += 1
        fields = [f"Content-Type: multipart/{kind};\r\n\tboundary=\"{boundary}\""]
        if rng.random() < .5:
            fields.append("Content-Transfer-Encoding: 8bit")
        out = "\r\n".join(fields).encode() + b"\r\n\r\n"
        if rng.random() < .3:
            out += b"This is for old programs.\r\n"
        for _ in range(rng.randrange(1, 4)):
            if kind == "digest" and rng.random() < .5:
                made = b"\r\n" + self.inner(depth + 1)
            else:
                made = self.entity(depth + 1, sealed or kind == "signed")
            if kind == "digest":
                made = made.replace(b"X-None: of us", b"Content-Type: text/x")
            out += f"--{boundary}\r\n".encode() + made + b"\r\n"
        if depth > 0 and rng.random() < .05:
            return out
        return out + f"--{boundary}--".encode() + rng.choice([b"\r\n", b"", b"\r\nepilogue\r\n"])

    def inner(self, depth):
        """A message of somebody else's, whose bytes stay."""
        return b"From: a@x.example\r\nSubject:  =?utf-8?q?x=C3=BC?= y\r\n" + self.entity(depth + 1, True)

    def message(self, depth):
        fields = b"Content-Type: message/rfc822\r\n" + self.rng.choice([b"", b"Content-Transfer-Encoding: 8bit\r\n"])
        return fields + b"\r\n" + self.inner(depth)

    def entity(self, depth=0, sealed=False):
        draw = self.rng.random()
        if depth < 4 and draw < .35:
            return self.multipart(depth, sealed)
        if depth < 4 and draw < .45:
            return self.message(depth)
        return self.leaf(sealed)


def facts(raw):
    """Each part: its fields but for the encoding, and what it decodes to."""
    found = []
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        fields = [(name, value) for name, value in part.raw_items() if name.lower() != ENCODING]
        content = None if part.is_multipart() else part.get_payload(decode=True)
        if content is not None and part.get(ENCODING, "").lower() in ("base64", "quoted-printable"):
            content = content.rstrip(b"\r\n")
        found.append((fields, None if content is None else content.rstrip(b"\r\n")))
    return found


def wrong(made, raw, said, out):
    """What is wrong, or None."""
    if said.startswith("failed"):
        return said
    if not made.dirty and said != "as it is":
        return "was in 7 bits, and is not taken for it"
    if made.dirty and said == "as it is":
        return "is taken for 7 bits"
    if made.cannot:
        return None if said not in ("written", "as it is") else "what must stay was changed"
    if said == "as it is":
        return None if facts(out) == facts(raw) else "changed"
    if said != "written":
        return f"was not written: {said}"
    lines = out.split(b"\r\n")
    if any(b > 127 or b in (0, 10, 13) for line in lines for b in line) or any(len(line) > 998 for line in lines):
        return "is not in 7 bits afterwards"
    return None if facts(out) == facts(raw) else "has other parts afterwards"


def main():
    rng = random.Random(8551)
    counts = {}
    with tempfile.TemporaryDirectory() as directory:
        paths, makings, raws = [], [], []
        for number in range(MESSAGES):
            making = Making(rng)
            raw = making.entity()
            path = pathlib.Path(directory) / str(number)
            path.write_bytes(raw)
            paths.append(path), makings.append(making), raws.append(raw)
        answer = subprocess.run([sys.argv[1]], input="".join(f"{path}\n" for path in paths), capture_output=True, text=True, check=True)
        said = answer.stdout.splitlines()
        assert len(said) == MESSAGES, answer
        for path, making, raw, word in zip(paths, makings, raws, said):
            out = pathlib.Path(f"{path}.out").read_bytes()
            fault = wrong(making, raw, word, out)
            assert fault is None, f"{fault}\n{raw}\n{word}\n{out}"
            counts[word] = counts.get(word, 0) + 1
    assert counts["written"] > MESSAGES / 10 and counts["as it is"] > MESSAGES / 10, counts
    print(MESSAGES, "messages:", counts)


if __name__ == "__main__":
    main()
