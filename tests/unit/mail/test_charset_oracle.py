#!/usr/bin/python3
"""Promise 1: a card number in texts whose character set is declared, marked, said by the page, or not told, under every name
that iconv(3), Python and browsers know, and in forms that only some of them read. Where a browser (Node's TextDecoder is that of
Chromium) or Python's codec shows the number, a rule must see it, or be told that the part is opaque.

Usage: test_charset_oracle.py PROGRAM [MESSAGES [SEED]], where the program is charset_probe."""
import base64
import codecs
import collections
import encodings.aliases
import json
import random
import re
import subprocess
import sys
import tempfile

MESSAGES = 4000
CARD = "4111 1111 1111 1111"
DECODE = """
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const decoded = asked.map(([label, base64]) => {
    try { return new TextDecoder(label).decode(Buffer.from(base64, "base64")); } catch (error) { return null; }
});
process.stdout.write(JSON.stringify(decoded));
"""


def labels():
    listed = subprocess.run(["iconv", "-l"], capture_output=True, text=True, check=True).stdout
    names = set(re.split(r"[\s,/]+", listed.lower())) | set(encodings.aliases.aliases) | set(encodings.aliases.aliases.values())
    names |= {name.replace("_", "-") for name in names} | {"x-user-defined", "iso-8859-8-i", "x-sjis", "x-gbk", "unicode", "hz-gb-2312"}
    return sorted(name for name in names if 0 < len(name) <= 30)


# --- messages ---

def in_charset(rng, label, text):
    """The text in a character set of this name, or as ASCII if that does not work."""
    try:
        return text.encode(rng.choice([label, "utf-16", "utf-16-be", "utf-32", "cp037", "utf-7", "iso2022_jp"]))
    except (LookupError, UnicodeError):
        return text.encode()


def cut(text, between):
    """ASCII, with something after each character."""
    return b"".join(bytes([c]) + between for c in text.encode())


FORMS = {
    "as ASCII": lambda rng, label, text: text.encode(),
    "in a charset": in_charset,
    "with a mark": lambda rng, label, text: rng.choice([b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]) + text.encode(),
    "with shifts": lambda rng, label, text: cut(text, rng.choice([b"\x1b(B", b"\x1b(J", b"\x1b(B\x1b(J"])),
    "with zeros": lambda rng, label, text: cut(text, b"\0"),
    "with a bad byte": lambda rng, label, text: b"\xff \xc3\xa4 " + text.encode(),
    "full width": lambda rng, label, text: ("\u00e4 " + "".join(chr(ord(c) + 0xfee0) if c.isdigit() else c for c in text)).encode(),
}
PLACES = ("declared", "declared page", "said by a page", "said late", "said by XML", "said in a file", "not told")


class Sample:
    def __init__(self, rng, names):
        self.label, self.form, self.place = rng.choice(names), rng.choice(list(FORMS)), rng.choice(PLACES)
        self.is_page = self.place not in ("declared", "not told")
        self.declared = self.label if self.place.startswith("declared") else None
        self.said = self.label if self.place.startswith("said") else None
        self.body = FORMS[self.form](rng, self.label, f"card {CARD} of Ann")
        if self.place == "said by XML":
            self.body = (f'<?xml version="1.0" encoding="{self.label}"?><svg xmlns="http://www.w3.org/2000/svg"><text>').encode() + self.body
        elif self.is_page:
            meta = f'<meta charset="{self.label}">' if rng.random() < .5 else (
                f'<meta http-equiv=Content-Type content="text/html; charset={self.label}">')
            late = f"<!--{'x' * 1100}-->" if self.place == "said late" else ""
            self.body = (late + (meta if self.said else "") + "<p>").encode() + self.body

    def message(self):
        kind = {"said by XML": 'image/svg+xml; name="a.svg"', "said in a file": 'application/octet-stream; name="a.html"'}.get(
            self.place, "text/html" if self.is_page else "text/plain")
        charset = f'; charset="{self.declared}"' if self.declared else ""
        return (f"From: anna@example.com\r\nMIME-Version: 1.0\r\nContent-Type: {kind}{charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                ).encode() + base64.encodebytes(self.body).replace(b"\n", b"\r\n")

    def asked(self):
        """(label, bytes) that browsers may decode it by: by the mark, or else as it is declared, as the page says, or neither."""
        for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be")):
            if self.body.startswith(mark):
                return [(name, self.body)]
        said = "utf-8" if (self.said or "").startswith("utf-16") else self.said
        return [(label, self.body) for label in (self.declared, said) if label] + (
            [] if self.declared or self.said else [("utf-8", self.body), ("windows-1252", self.body)])


def by_python(sample):
    """Of mail programs that heed what is declared, and nothing else."""
    try:
        return sample.body.decode(codecs.lookup(sample.declared or "utf-8").name, "replace")
    except (LookupError, UnicodeError, ValueError, AssertionError):
        return sample.body.decode("latin-1")



def shown(text):
    """Without what nobody sees, in one width."""
    text = re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]", "", text)
    return "".join(chr(ord(c) - 0xfee0) if 0xff01 <= ord(c) <= 0xff5e else c for c in text)


def decode_all(asked):
    done = subprocess.run(["node", "-e", DECODE], input=json.dumps([(label, base64.b64encode(body).decode()) for label, body in asked]),
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else MESSAGES
    rng, names = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1), labels()
    samples = [Sample(rng, names) for _ in range(count)]
    asked = [(i, label, body) for i, sample in enumerate(samples) for label, body in sample.asked()]
    seen = collections.defaultdict(list)
    for (i, label, _), text in zip(asked, decode_all([(label, body) for _, label, body in asked])):
        # A browser that does not know the name reads the page as if nothing were said.
        seen[i] += [f"browser, {label}"] if CARD in shown(text if text is not None else samples[i].body.decode("latin-1")) else []
    with tempfile.NamedTemporaryFile() as file:
        for sample in samples:
            message = sample.message()
            file.write(b"%d\n" % len(message) + message)
        file.flush()
        answers = subprocess.run([program, file.name, CARD], capture_output=True, text=True, check=True).stdout.split()
    assert len(answers) == count
    missed = 0
    for i, (sample, answer) in enumerate(zip(samples, answers)):
        if CARD in shown(by_python(sample)):
            seen[i].append("Python")
        if seen[i] and answer not in "FO":
            missed += 1
            print(f"missed: {sample.label}, {sample.place}, {sample.form}: seen by {'; '.join(seen[i])}\n  {sample.body[:200]!r}")
    visible = sum(bool(seen[i]) for i in range(count))
    print(f"{count} messages under {len(names)} names: the number is seen in {visible}, of which {missed} missed; "
          f"{answers.count('F')} found, {answers.count('O')} opaque")
    sys.exit(missed > 0 or visible < count / 4)


if __name__ == "__main__":
    main()
