#!/usr/bin/python3
"""Compares what the portal shows and lists of generated messages with what Python's email package
finds in them: every part is shown or listed exactly once, also those of attached messages.

Usage: test_layout_oracle.py PROGRAM, where the program is layout_probe.
"""
import base64
import collections
import email
import email.policy
import html.parser
import json
import pathlib
import quopri
import random
import subprocess
import sys
import tempfile
import urllib.parse

MESSAGES = 2400
PICTURES = ["image/png", "image/jpeg", "image/gif", "image/tiff", "image/svg+xml"]
FILES = ["application/pdf", "application/octet-stream", "text/calendar; method=REQUEST", "text/csv", "audio/mpeg",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "text/x-amp-html", "message/delivery-status"]
HOLDERS = ["mixed", "mixed", "mixed", "alternative", "alternative", "related", "related", "signed", "report", "parallel", "x-own"]


class Making:
    """A message with a number in each part, so that no two are the same."""

    def __init__(self, rng):
        self.rng, self.count, self.cids = rng, 0, []

    def word(self):
        self.count += 1
        return f"part {self.count} of {self.rng.randrange(10 ** 9)}"

    def fields(self, kind, name=True):
        rng = self.rng
        said = [f"Content-Type: {kind}"]
        place = rng.choice(["", "", "inline", "attachment"]) if name else rng.choice(["", "", "", "inline"])
        if place:
            file = f'; filename="{rng.choice(["a b", "Plan", "x.pdf", "Ä"])} {self.count}"' if name and rng.random() < .7 else ""
            said.append(f"Content-Disposition: {place}{file}")
        return said

    def leaf(self, kind, content, name=True):
        said = self.fields(kind, name)
        encoding = self.rng.choice(["", "base64", "quoted-printable"])
        if kind.startswith("text/html"):
            encoding = ""
        content = content.encode()
        if encoding:
            said.append(f"Content-Transfer-Encoding: {encoding}")
        if encoding == "base64":
            content = base64.encodebytes(content)
        if encoding == "quoted-printable":
            content = quopri.encodestring(content)
        return "\n".join(said).encode() + b"\n\n" + content.rstrip(b"\n")

    def text(self):
        return self.leaf("text/plain; charset=utf-8", self.word(), self.rng.random() < .15)

    def html(self):
        rng = self.rng
        shown = [f"<p>{self.word()}</p>"]
        for _ in range(rng.randrange(3)):
            cid = f"{rng.randrange(6)}@x"
            shown.append(rng.choice(['<img src="cid:{}">', "<img src='CID:{}' alt=x>", "<!-- <img src='cid:{}'> -->",
                                     '<a href="cid:{}">x</a>', "<p>cid:{}</p>", '<img alt=1 src=cid:{}>']).format(cid))
        rng.shuffle(shown)
        return self.leaf("text/html; charset=utf-8", "".join(shown), rng.random() < .1)

    def picture(self):
        made = self.leaf(self.rng.choice(PICTURES), self.word())
        if self.rng.random() < .7:
            made = f"Content-ID: <{self.rng.randrange(6)}@x>\n".encode() + made
        return made

    def file(self):
        return self.leaf(self.rng.choice(FILES), self.word())

    def holder(self, depth):
        rng = self.rng
        mark = "b" * rng.randrange(1, 4) + rng.choice(["", "-x", str(rng.randrange(100)), "=_.", "--"]) + f"_{depth}"
        if rng.random() < .3:  # the beginning of an outer one's
            mark = f"_{depth}" + "b" * (9 - depth)
        parts = [self.part(depth + 1) for _ in range(rng.choice([1, 2, 2, 3, 3, 4]))]
        made = f'Content-Type: multipart/{rng.choice(HOLDERS)}; boundary="{mark}"\n\n'.encode()
        made += rng.choice([b"", b"This is MIME.\n"])
        for part in parts:
            made += f"--{mark}\n".encode() + part + b"\n"
        return made + f"--{mark}--".encode() + rng.choice([b"", b"\n", b"\nend\n"])

    def message(self, depth):
        inner = f"Subject: inner {self.word()}\nFrom: x@example.com\n".encode() + self.part(depth + 1)
        return b"Content-Type: message/rfc822\n\n" + inner

    def part(self, depth):
        kind = self.rng.random()
        if depth < 5 and kind < .4 + .5 * (depth == 0):
            return self.holder(depth)
        if depth < 4 and kind < .46:
            return self.message(depth)
        return self.rng.choice([self.text, self.text, self.html, self.html, self.picture, self.file])()

    def whole(self):
        top = f"From: a@example.com\nTo: b@example.com\nSubject: {self.word()}\nMIME-Version: 1.0\n".encode()
        return (top + self.part(0) + b"\n").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def leaves(message):
    """What Python finds: (depth of attached messages, type, bytes)."""
    found = []

    def walk(part, depth):
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload(0)
            found.append((depth, kind, None))
            walk(inner, depth + 1)
        elif part.is_multipart() and kind.startswith("multipart/"):
            for child in part.get_payload():
                walk(child, depth)
        elif part.is_multipart():  # message/delivery-status: Python makes parts of its blocks
            found.append((depth, kind, None))
        else:
            found.append((depth, kind, part.get_payload(decode=True)))
    walk(message, 0)
    return found


def decoded(raw, part):
    data = raw[part["offset"]:part["offset"] + part["length"]]
    if part["encoding"] == 1:
        return base64.b64decode(data)
    return quopri.decodestring(data) if part["encoding"] == 2 else data


def accounted(raw, layout, depth=0):
    """What the layout has: the same, and where it is."""
    found = []
    for place in ("body", "related", "attachments"):
        for part in layout[place]:
            silent = part["type"] in ("message/rfc822", "message/delivery-status")
            found.append((depth, part["type"], None if silent else decoded(raw, part)))
            if part["inner"]:
                found += accounted(raw, part["inner"], depth + 1)
    return found


class Pictures(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.cids = set()

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if tag == "img" and name == "src" and value and value.lower().startswith("cid:"):
                self.cids.add(urllib.parse.unquote(value[4:]))


def check_pictures(raw, layout):
    """Python's parser must agree which pictures the HTML shows."""
    parser = Pictures()
    for part in layout["body"]:
        if part["type"] == "text/html" and part["views"] & 2:
            parser.feed(decoded(raw, part).decode())
    assert all(part["cid"] in parser.cids for part in layout["related"]), "a picture counts as shown and is not"
    shown = [part["cid"] for part in layout["related"]]
    assert len(shown) == len(set(shown))
    for part in layout["attachments"]:
        if part["cid"] in parser.cids and part["type"] in ("image/png", "image/jpeg", "image/gif"):
            assert part["cid"] in shown, "a picture is shown and listed"
        if part["inner"]:
            check_pictures(raw, part["inner"])


def check_views(layout):
    """Whatever is in the body is seen in one of the views, and neither view is empty without the other."""
    assert all(part["views"] in (1, 2, 3) for part in layout["body"])
    if layout["body"]:
        assert any(part["views"] & 1 for part in layout["body"]) and any(part["views"] & 2 for part in layout["body"])
    names = [part["name"] for part in layout["attachments"]]
    assert all(names), "an attachment has no name"
    for part in layout["attachments"]:
        if part["type"] in ("application/pdf", "text/calendar", "image/png", "audio/mpeg"):
            assert "." in part["name"], part["name"]
        if part["inner"]:
            check_views(part["inner"])


def check(raw, layout):
    theirs, ours = collections.Counter(leaves(email.message_from_bytes(raw))), collections.Counter(accounted(raw, layout))
    assert theirs == ours, f"missing: {theirs - ours}\nfound in addition: {ours - theirs}"
    check_pictures(raw, layout)
    check_views(layout)


def main():
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 20261127)
    with tempfile.TemporaryDirectory() as folder:
        messages = [Making(rng).whole() for _ in range(MESSAGES)]
        names = [pathlib.Path(folder, str(i)) for i in range(MESSAGES)]
        for name, raw in zip(names, messages):
            name.write_bytes(raw)
        said = subprocess.run([sys.argv[1]], input="\n".join(map(str, names)), stdout=subprocess.PIPE, text=True, check=True)
        layouts = said.stdout.splitlines()
    assert len(layouts) == MESSAGES, f"{len(layouts)} answers"
    wrong, parts = 0, 0
    for i, (raw, text) in enumerate(zip(messages, layouts)):
        parts += len(leaves(email.message_from_bytes(raw)))
        try:
            check(raw, json.loads(text))
        except Exception as error:
            wrong += 1
            if wrong <= 3:
                print(f"message {i}: {error}\n{raw.decode()}\n")
    print(f"{MESSAGES} messages with {parts} parts, {wrong} differ")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
