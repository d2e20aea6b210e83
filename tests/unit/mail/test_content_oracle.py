#!/usr/bin/python3
"""Promise 1: hides a file "x.dwg" or the word "xyzzy" in generated messages, using what mail
programs read in different ways, and compares what rules find with what other programs find:
Python's email, zipfile and tarfile, unzip, tar, cpio and ar, and a reader that takes either choice
wherever programs differ.

Usage: test_content_oracle.py PROGRAM [MESSAGES [SEED]], where the program is content_probe. A rule
must match, or the message must be opaque to it, wherever any of the others finds the thing; and
messages without tricks are not opaque.
"""
import base64
import binascii
import bz2
import collections
import email
import email.policy
import gzip
import html.parser
import io
import itertools
import lzma
import os
import pathlib
import quopri
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import zipfile
import zlib

MESSAGES = 3000
WORD, FILE = "xyzzy", "x.dwg"


# --- making messages ---

class Maker:
    """One message; `tricks` are the names of those that were used."""

    def __init__(self, rng, is_honest):
        self.rng, self.is_honest, self.tricks = rng, is_honest, []

    def trick(self, *names):
        """One of them, or None: usually none, so that few are combined."""
        if self.is_honest or self.rng.random() < 0.55:
            return None
        name = self.rng.choice(names)
        self.tricks.append(name)
        return name

    # Transfer encodings.
    def base64(self, data):
        text = base64.encodebytes(data)
        kind = self.trick("padding within", "junk", "no padding", "text behind", "equals within", "blank lines", "long line")
        if kind == "padding within":
            cut = self.rng.choice([1, 2, 4, 5, 7]) % max(len(data), 1)
            return base64.encodebytes(data[:cut]) + base64.encodebytes(data[cut:])
        if kind == "junk":
            at = self.rng.randrange(len(text) or 1)
            return text[:at] + self.rng.choice([b"!", b"-", b"\x80", b"()", b"."]) + text[at:]
        if kind == "no padding":
            return text.replace(b"=", b"")
        if kind == "text behind":
            return base64.encodebytes(b"a") + b"xyzzy\n"
        if kind == "equals within":
            at = self.rng.randrange(len(text) or 1)
            return text[:at] + b"=" + text[at:]
        return text.replace(b"\n", b"\n\n") if kind == "blank lines" else text.replace(b"\n", b"") + b"\n" if kind else text

    def quoted(self, data):
        text = quopri.encodestring(data)
        kind = self.trick("soft break", "soft break with blanks", "soft break with tab", "all encoded", "small digits", "wrong digits")
        if kind and kind.startswith("soft"):
            blank = {"soft break": b"", "soft break with blanks": b"  ", "soft break with tab": b"\t"}[kind]
            return text.replace(b"xy", b"xy=" + blank + b"\n")
        if kind in ("all encoded", "small digits"):
            form = "=%02X" if kind == "all encoded" else "=%02x"
            return b"=\n".join("".join(form % byte for byte in data[i:i + 20]).encode() for i in range(0, len(data), 20)) + b"\n"
        return text.replace(b"x", b"x=ZZ") if kind else text

    def encoded(self, data):
        """Its field and its content."""
        is_ascii = all(byte < 128 and byte not in (0, 13) for byte in data)
        kind = self.rng.choice(["base64", "quoted-printable"] + ["7bit"] * (2 * is_ascii))
        content = {"base64": self.base64, "quoted-printable": self.quoted, "7bit": lambda data: data + b"\n"}[kind](data)
        fields = b"Content-Transfer-Encoding: " + kind.encode() + b"\n"
        twice = self.trick("encoding twice before", "encoding twice behind", "encoding with a comment", "encoding unknown", "uuencode")
        if twice == "encoding twice before":
            fields = b"Content-Transfer-Encoding: " + self.rng.choice([b"7bit", b"base64"]) + b"\n" + fields
        elif twice == "encoding twice behind":
            fields += b"Content-Transfer-Encoding: " + self.rng.choice([b"7bit", b"base64"]) + b"\n"
        elif twice == "encoding with a comment":
            fields = fields[:-1] + b" (c)\n"
        elif twice == "encoding unknown":
            fields = fields.replace(kind.encode(), b"x-" + kind.encode())
        elif twice == "uuencode":
            lines = b"".join(binascii.b2a_uu(data[i:i + 45]) for i in range(0, len(data), 45))
            fields, content = b"Content-Transfer-Encoding: x-uuencode\n", b"begin 644 a\n" + lines + b"`\nend\n"
        return fields, content

    # Fields.
    def type(self, value):
        value = value.encode() if isinstance(value, str) else value
        kind = self.trick("type twice before", "type twice behind", "type folded", "type in capitals", "blank before the colon",
                          "line without a colon", "line of blanks", "bare CR", "folded before the value", "NUL")
        field = b"Content-Type: " + value + b"\n"
        other = b"Content-Type: " + self.rng.choice([b"text/plain", b"image/png", b"multipart/mixed; boundary=zz"]) + b"\n"
        if kind == "type folded":
            return field.replace(b";", b";\n ")
        if kind == "blank before the colon":
            return field.replace(b":", b" :", 1)
        if kind == "line without a colon":
            return b"nonsense\n" + field
        if kind == "line of blanks":
            return self.rng.choice([b" \n" + field, field + b"\t\n"])
        if kind == "bare CR":
            return self.rng.choice([b"X-A: b\r" + field, field[:-1] + b"\rX-A: b\n", other[:-1] + b"\r" + field, field[:-1] + b"\r" + other])
        if kind == "folded before the value":
            return field.replace(b": ", b":\n\t")
        if kind == "NUL":
            return field.replace(b";", b"\0;", 1)
        if kind == "type in capitals":
            return field.replace(b"Content-Type", b"CONTENT-TYPE")
        return {None: field, "type twice before": other + field, "type twice behind": field + other}[kind]

    def named(self, name):
        """Type and disposition of a file."""
        kind = self.trick("name in pieces", "name encoded", "name in words", "two names", "disposition twice", "blank behind", "dots behind",
                          "folder", "invisible letter", "open quote", "capitals")
        plain = b'application/octet-stream; name="%s"' % name.encode()
        attached = b'Content-Disposition: attachment; filename="%s"\n'
        if kind == "name in pieces":
            return self.type("application/octet-stream") + b'Content-Disposition: attachment; filename*1="%s"; filename*0="%s"\n' % (
                name[1:].encode(), name[:1].encode())
        if kind == "name encoded":
            return self.type("application/octet-stream; name*=utf-8''" + "".join("%%%02x" % byte for byte in name.encode()))
        if kind == "name in words":
            return self.type(b'application/octet-stream; name="=?utf-8?b?%s?="' % base64.b64encode(name.encode()))
        if kind == "two names":
            return self.type(b'application/octet-stream; name="a.txt"; name="%s"' % name.encode())
        if kind == "disposition twice":
            fields = [attached % name.encode(), attached % b"a.txt"]
            self.rng.shuffle(fields)
            return self.type("application/octet-stream") + b"".join(fields)
        if kind == "open quote":
            return self.type(b'application/octet-stream; name="%s' % name.encode())
        shown = {"blank behind": name + " ", "dots behind": name + "..", "folder": "a/b\\\\" + name, "capitals": name.upper(),
                 "invisible letter": name[:-1] + "\u200d" + name[-1:]}.get(kind, name)
        return self.type(plain.replace(name.encode(), shown.encode())) + (
            attached % shown.encode() if self.rng.random() < 0.5 or kind else b"")

    def boundary(self):
        """A parameter, and the boundary."""
        mark = self.rng.choice(["b", "=_part", "a b c", "'()+_,-./:=?"]) + f"{self.rng.randrange(100):02}"
        kind = self.trick("two boundaries", "boundary in pieces", "boundary encoded", "boundary with a comment", "boundary with blanks",
                          "boundary in blanks", "boundary escaped", "boundary and charset")
        plain = f'boundary="{mark}"'
        other = {"two boundaries": f"boundary=zz; {plain}", "boundary in pieces": f'boundary*0="{mark[:1]}"; boundary*1="{mark[1:]}"',
                 "boundary encoded": "boundary*=us-ascii''" + "".join("%%%02x" % byte for byte in mark.encode()),
                 "boundary with a comment": f"(c) {plain} (c)", "boundary with blanks": plain.replace("=", " = ", 1),
                 "boundary in blanks": f'boundary="{mark} "', "boundary escaped": f'boundary="\\{mark}"',
                 "boundary and charset": f"charset=utf-8;; {plain};"}
        return other.get(kind, plain), mark.encode()

    # Structures.
    def multipart(self, leaf):
        parameter, mark = self.boundary()
        text = b"Content-Type: text/plain\n\nSee the file.\n"
        parts = [text, leaf] if self.rng.random() < 0.7 else [leaf, text]
        kind = self.trick("not closed", "closed too early", "blanks behind the mark", "in base64", "preamble", "no multipart in the type",
                          "text behind the mark", "blanks before the mark", "bare CR behind the mark")
        end = b"--" + mark + b"--\n"
        body = b"".join(b"--" + mark + b"\n" + part + b"\n" for part in parts) + (b"" if kind == "not closed" else end)
        if kind == "closed too early":
            body = end + body
        if kind == "blanks behind the mark":
            body = body.replace(mark + b"\n", mark + b" \t\n")
        if kind == "text behind the mark":
            body = body.replace(mark + b"\n", mark + b" x\n", 1)
        if kind == "blanks before the mark":
            body = body.replace(b"--" + mark + b"\n", b" --" + mark + b"\n")
        if kind == "bare CR behind the mark":
            body = body.replace(b"--" + mark + b"\n", b"--" + mark + b"\r")
        if kind == "preamble":
            body = leaf + b"\n" + body.replace(leaf, text)
        name = "application/x-other" if kind == "no multipart in the type" else "multipart/" + self.rng.choice(["mixed", "alternative", "related", "form-data", "x-other"])
        fields = self.type(f"{name}; {parameter}")
        if kind == "in base64":
            return fields + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(body)
        return fields + b"\n" + body

    def attached(self, leaf):
        """A message within a message."""
        inner = b"From: a@b.example\nSubject: inner\nMIME-Version: 1.0\n" + leaf
        kind = self.rng.randrange(4)
        if kind == 3:
            mark = b"dig%d" % self.rng.randrange(10 ** 6)
            return self.type(b"multipart/digest; boundary=" + mark) + b"\n--" + mark + b"\n\n" + inner + b"\n--" + mark + b"--\n"
        if kind == 0:
            return self.type("message/rfc822") + b"\n" + inner
        fields, content = self.encoded(inner)
        type_of = self.type("message/rfc822") if kind == 1 else self.named("mail.eml")
        return type_of + fields + b"\n" + content

    # What is hidden.
    def charset(self):
        kind = self.trick("utf-16", "utf-16le", "utf-7", "utf-32", "ibm037", "two charsets", "wrong charset")
        if kind == "two charsets":
            return "utf-16le", "utf-16le; charset=utf-8" if self.rng.random() < 0.5 else "utf-8; charset=utf-16le"
        if kind == "wrong charset":
            return "utf-8", "x-klingon"
        return kind or "utf-8", kind or "utf-8"

    def word(self):
        kind = self.rng.choice(["plain", "page", "calendar", "file"])
        text = {"plain": f"Say {WORD} now.\n", "file": f"a;{WORD};b\n", "page": f"<html><p>Say {WORD} now.</p></html>\n",
                "calendar": f"BEGIN:VCALENDAR\nSUMMARY:Say {WORD} now.\nEND:VCALENDAR\n"}[kind]
        hidden = self.trick("invisible", "tags", "folded", "control")
        if hidden == "invisible":
            letter = self.rng.choice("\u00ad\u034f\u115f\u17b4\u180b\u180e\u200b\u200d\u2060\u2064\u3164\ufe0f\ufeff\uffa0\U000e0020\U000e0101")
            text = text.replace("xyz", f"xy{letter}z")
        elif hidden == "tags" and kind == "page":
            text = text.replace("xyz", self.rng.choice(["x<b>y</b>z", "xy<!-- -->z", "x&#121;z", "xy&shy;z", "x<b></b>y\0z"]))
        elif hidden == "folded" and kind == "calendar":
            text = text.replace("xyz", "xy\n z")
        elif hidden == "control":
            text = text.replace("xyz", "xy\x02z")
        encoding, said = self.charset()
        fields, content = self.encoded(text.encode(encoding, "replace"))
        name = {"plain": "text/plain", "page": "text/html", "calendar": "text/calendar", "file": "application/octet-stream"}[kind]
        return self.type(f"{name}; charset={said}") + fields + b"\n" + content

    def packed(self):
        """A file in an archive, its bytes and a name for them."""
        kind = self.rng.choice(["zip"] * 3 + ([] if self.is_honest else ["sfx", "tar", "v7", "gz", "bz2", "xz", "lzma", "cpio", "ar", "nested", "zst"]))
        if kind != "zip":
            self.tricks.append(kind)
        return pack(kind, self.rng), "a." + {"sfx": "exe", "v7": "tar", "nested": "zip"}.get(kind, kind)

    def file(self):
        if self.rng.random() < 0.5:
            fields, content = self.encoded(b"AC1032")
            return self.named(FILE) + fields + b"\n" + content
        data, name = self.packed()
        fields, content = self.encoded(data)
        return self.named(name) + fields + b"\n" + content

    def message(self):
        leaf = self.word() if self.rng.random() < 0.5 else self.file()
        for _ in range(self.rng.randrange(4)):
            leaf = self.multipart(leaf) if self.rng.random() < 0.65 else self.attached(leaf)
        if {"line without a colon", "line of blanks", "NUL", "bare CR"} & set(self.tricks):  # in the header, the MTA ends it there
            leaf = b"Content-Type: multipart/mixed; boundary=top\n\n--top\n" + leaf + b"\n--top--\n"
        return b"From: anna@example.com\nSubject: hi\nMIME-Version: 1.0\n" + leaf


def tar(form, mode="w:"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:
        archive.addfile(tarfile.TarInfo(FILE), io.BytesIO())
    return out.getvalue()


def zipped(name, content=b"", before=b""):
    out = io.BytesIO(before)
    with zipfile.ZipFile(out, "a" if before else "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def piped(*command, data=b"", cwd=None):
    return subprocess.run(command, input=data, capture_output=True, cwd=cwd, check=False, timeout=20).stdout


def made_by_tools():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / FILE).write_bytes(b"AC1032")
        # Always the same archive: a time whose bytes are a line end in quoted-printable is another one after transport.
        os.utime(pathlib.Path(folder) / FILE, (1_700_000_000, 1_700_000_000))
        piped("ar", "q", "a.a", FILE, cwd=folder)
        return {"v7": piped("tar", "--format=v7", "-c", FILE, cwd=folder), "ar": (pathlib.Path(folder) / "a.a").read_bytes(),
                **{form: piped("cpio", "-o", "--reproducible", "-H", form, data=FILE.encode(), cwd=folder) for form in ("newc", "odc", "bin", "crc")}}


TOOLS = made_by_tools()


def pack(kind, rng):
    plain = tar(tarfile.USTAR_FORMAT)
    return {"zip": lambda: zipped(FILE), "sfx": lambda: zipped(FILE, before=b"MZ" + bytes(rng.randrange(1, 3000))),
            "tar": lambda: plain, "v7": lambda: TOOLS["v7"], "gz": lambda: gzip.compress(plain, mtime=1_700_000_000), "bz2": lambda: bz2.compress(plain),
            "xz": lambda: lzma.compress(plain), "lzma": lambda: lzma.compress(plain, lzma.FORMAT_ALONE),
            "zst": lambda: piped("zstd", "-c", data=plain), "ar": lambda: TOOLS["ar"],
            "cpio": lambda: TOOLS[rng.choice(["newc", "odc", "bin", "crc"])],
            "nested": lambda: zipped("a.zip", zipped(FILE) * 1)}[kind]()


# --- reading them ---

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.text = ""

    def handle_data(self, data):
        self.text += data


INVISIBLE = re.compile("[\u00ad\u034f\u115f\u17b4\u180b\u180e\u200b\u200d\u2060\u2064\u3164\ufe0f\ufeff\uffa0\U000e0020\U000e0101\x02]")


def text_forms(data, charset):
    for name in {charset or "utf-8", "utf-8"}:
        try:
            text = data.decode(name, "replace")
        except (LookupError, UnicodeError):
            continue
        page = Page()
        page.feed(text)
        unfolded = re.sub("\r?\n[ \t]", "", text) if re.match("\\W*BEGIN:V", text) else ""
        yield from (text, page.text if re.match(r"\W*<", text) else "", unfolded)


def says(data, charset):
    return any(WORD in INVISIBLE.sub("", text) for text in text_forms(data, charset))


def is_drawing(name):
    return INVISIBLE.sub("", name or "").strip(" .").lower().endswith(".dwg")


def names_within(data):
    """Names of files in archives, including nested ones."""
    if len(data) < 8:
        return []
    for opener in (gzip.decompress, bz2.decompress, lzma.decompress):
        try:
            return names_within(opener(data))
        except (OSError, lzma.LZMAError, zlib.error, ValueError, EOFError):
            pass
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return names_within(piped("zstd", "-dc", data=data))
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                found += [name] + names_within(archive.read(name))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError, zlib.error):
        pass
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            found += archive.getnames()
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError):
        pass
    if not found and data[:2] in (b"07", b"\xc7\x71", b"\x71\xc7"):
        found += piped("cpio", "-t", data=data).decode("utf-8", "replace").split("\n")
    if not found and data[:7] == b"!<arch>":
        found += [line.rstrip("/ ") for line in re.findall(r"x\.dwg/?", data.decode("latin-1"))]
    return found


def found_in_leaf(names, data, charset, main_type):
    found = set()
    if any(map(is_drawing, names)) or any(map(is_drawing, names_within(data))):
        found.add("N")
    if says(data, charset):
        found.add("T")
    return found


def by_python(message):
    """With the email module, whose two policies read differently."""
    found = set()
    for policy in (email.policy.compat32, email.policy.default):
        try:
            root = email.message_from_bytes(message, policy=policy)
            for part in root.walk():
                if not part.is_multipart():
                    data = part.get_payload(decode=True) or b""
                    found |= found_in_leaf([part.get_filename() or ""], data, part.get_content_charset(), part.get_content_maintype())
                    if (part.get_filename() or "").lower().strip().endswith(".eml"):
                        found |= by_python(data)
        except (LookupError, ValueError, AttributeError, TypeError, IndexError, email.errors.MessageError):
            pass
    return found


class Reader:
    """As simple as a mail program can be. `last`: of anything given twice, the last one counts.
    `goes_on`: base64 continues after its padding. `strips`: blanks after a soft line break are
    removed."""

    def __init__(self, last, goes_on, strips):
        self.last, self.goes_on, self.strips = last, goes_on, strips

    def pick(self, values):
        return (values[-1] if self.last else values[0]) if values else ""

    def field(self, fields, name):
        return self.pick([value for key, value in fields if key.lower() == name])

    def parameter(self, value, name):
        plain = [quoted or token for quoted, token in re.findall(rf'[;\s]{name}\s*=\s*(?:"([^"]*)"?|([^\s;"]+))', value, re.I)]
        pieces = sorted(re.findall(rf'[;\s]{name}\*(\d+)\*?\s*=\s*"?([^";\s]*)', value, re.I), key=lambda piece: int(piece[0]))
        encoded = re.findall(rf"[;\s]{name}\*\s*=\s*[^']*'[^']*'([^;\s]*)", value, re.I)
        return self.pick(plain) or "".join(text for _, text in pieces) or (
            urllib.parse.unquote(encoded[0]) if encoded else "")

    def decode(self, body, encoding):
        if encoding == "base64":
            symbols = re.sub(rb"[^A-Za-z0-9+/=]", b"", body)
            groups = re.findall(rb"[A-Za-z0-9+/]+=*", symbols) if self.goes_on else [symbols.split(b"=")[0]]
            out = b""
            for group in groups:
                group = group.rstrip(b"=")
                out += base64.b64decode(group[:len(group) - (len(group) % 4 == 1)] + b"=" * (-len(group) % 4 % 3))
            return out
        if encoding == "quoted-printable":
            if self.strips:
                body = re.sub(rb"=[ \t]+(\r?\n)", rb"=\1", body)
            return quopri.decodestring(body)
        return body

    def read(self, message, depth=0, default="text/plain"):
        head, _, body = message.partition(b"\n\n")
        if message.startswith(b"\n"):
            head, body = b"", message[1:]
        lines = re.sub(r"\r?\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\n")
        fields = [(line.partition(":")[0].strip(), line.partition(":")[2].strip()) for line in lines]
        kind, disposition = self.field(fields, "content-type") or default, self.field(fields, "content-disposition")
        encoding = self.field(fields, "content-transfer-encoding").split("(")[0].strip().lower()
        data, name = self.decode(body, encoding), self.parameter(disposition, "filename") or self.parameter(kind, "name")
        if depth > 12:
            return set()
        if kind.lower().startswith("multipart/"):
            mark = self.parameter(kind, "boundary").rstrip().encode()
            pieces = re.split(rb"(?:^|\n)--" + re.escape(mark) + rb"(?:--)?[ \t]*(?=\n|$)", data) if mark else []
            inner = "message/rfc822" if kind.lower().startswith("multipart/digest") else "text/plain"
            return set().union(*(self.read(piece[1:], depth + 1, inner) for piece in pieces[1:]))
        if kind.lower().startswith("message/rfc822") or name.lower().strip(" .").endswith(".eml"):
            return self.read(data, depth + 1)
        return found_in_leaf([name], data, self.parameter(kind, "charset"), kind.split("/")[0].lower())


READERS = [Reader(*choices) for choices in itertools.product((False, True), repeat=3)]


def found_by_others(message):
    found = by_python(message)
    for reader in READERS:
        try:
            found |= reader.read(message)
        except (ValueError, LookupError, binascii.Error):
            pass
    return found


# --- comparing ---

def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else MESSAGES
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 2045)
    made = []
    for i in range(count):
        maker = Maker(rng, is_honest=i % 10 == 0)
        made.append((maker.message(), maker))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(b"%d\n%s" % (len(message), message) for message, _ in made))
        file.flush()
        lines = subprocess.run([program, file.name], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8", "replace").split("\n")[:-1]
    assert len(lines) == count, (len(lines), count)
    counts, wrong = collections.Counter(), []
    for (message, maker), line in zip(made, lines):
        answer, _, why = line.partition(" ")
        others = found_by_others(message)
        counts["found by others"] += bool(others)
        counts["matched"] += bool(others) and others <= set(answer)
        counts["opaque"] += bool(others) and not others <= set(answer)
        if any(sign not in answer and sign.lower() not in answer for sign in others):
            wrong.append((maker.tricks, answer, others, message, "left in plain"))
        if maker.is_honest and ("t" in answer or "n" in answer or not others):
            wrong.append((maker.tricks, answer, others, message, f"honest, {why or 'and nobody finds it'}"))
    for tricks, answer, others, message, what in wrong[:int(sys.argv[4]) if len(sys.argv) > 4 else 5]:
        print(f"{what}: {tricks}: rules {answer!r}, others {others}\n{message.decode('latin-1')}\n{'=' * 80}")
    print(f"{count} messages, {dict(counts)}, {len(wrong)} wrong")
    print(collections.Counter(trick for tricks, _, _, _, _ in wrong for trick in tricks).most_common(8) if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
