#!/usr/bin/python3
"""Promise 1: hides the tag "[secure]" in generated subjects, in malformed encoded words (RFC 2047)
that mail programs decode, and compares what rules see with what others read: Python's two parsers,
Perl's Encode, and readers that do what Thunderbird, mailparser and Outlook are known to do.

Usage: test_words_oracle.py PROGRAM [SUBJECTS [SEED]], where the program is words_probe. Where one
of the others reads the tag, the rule must, and nobody may read it once it was removed; the rest of
an honest subject stays.
"""
import base64
import collections
import email
import email.errors
import email.header
import email.policy
import json
import random
import re
import subprocess
import sys
import tempfile

SUBJECTS = 3000
TAG = "[secure]"


# --- making subjects ---

class Maker:
    """One subject; `tricks` are the names of those that were used."""

    def __init__(self, rng, is_honest):
        self.rng, self.is_honest, self.tricks = rng, is_honest, []

    def trick(self, *names):
        """One of them, or None: usually none, so that few are combined."""
        if self.is_honest or self.rng.random() < 0.6:
            return None
        self.tricks.append(self.rng.choice(names))
        return self.tricks[-1]

    def base64(self, data):
        text = base64.b64encode(data).decode()
        kind = self.trick("no padding", "half the padding", "blank within", "junk within", "equals within", "symbols of URLs", "more behind the padding",
                          "too much padding", "tab within", "8-bit within")
        at = self.rng.randrange(len(text) or 1)
        within = {"blank within": " ", "junk within": self.rng.choice("!*.-_"), "equals within": "=", "tab within": "\t", "8-bit within": "\udce9"}
        if kind == "no padding":
            return text.rstrip("=")
        if kind == "half the padding":
            return text.rstrip("=") + "=" * (text.count("=") // 2)
        if kind == "symbols of URLs":
            return text.replace("+", "-").replace("/", "_")
        if kind == "more behind the padding":
            return base64.b64encode(data[:4]).decode() + base64.b64encode(data[4:]).decode()
        if kind == "too much padding":
            return text + "=" * self.rng.randrange(1, 4)
        return text[:at] + within[kind] + text[at:] if kind else text

    def quoted(self, data):
        text = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 or self.rng.random() < 0.3 and byte in b"[]:," else f"={byte:02X}" for byte in data)
        kind = self.trick("blanks as they are", "underscores", "small digits", "wrong digits", "equals at the end", "question mark", "tab within", "8-bit")
        if kind == "question mark":
            return text.replace("Offer", "Offer?")
        if kind == "8-bit":
            return re.sub("=(..)", lambda match: chr(0xdc00 + int(match[1], 16)) if int(match[1], 16) > 127 else match[0], text)
        return {None: text, "blanks as they are": text.replace("=20", " "), "underscores": text.replace("=20", "_"), "small digits": text.lower(),
                "wrong digits": text + "=ZZ", "equals at the end": text + "=", "tab within": text.replace("=20", "\t")}[kind]

    def word(self, text):
        charset = self.trick("utf-7", "utf-16", "iso-8859-1", "x-unknown", "us-ascii", "utf8", "windows-1252", "iso-2022-jp", "gb18030", "") or "utf-8"
        try:
            data = text if isinstance(text, bytes) else text.encode(charset)
        except (LookupError, UnicodeError):
            data = text.encode()
        letter = self.rng.choice("bBqQ")
        payload = self.base64(data) if letter in "bB" else self.quoted(data)
        said = charset + {"language": "*en", "language of nothing": "*"}.get(self.trick("language", "language of nothing"), "")
        if self.trick("charset in capitals"):
            said = said.upper()
        return f"=?{said}?{letter}?{payload}{'' if self.trick('not closed', 'not closed', 'closed twice') == 'not closed' else '?='}"

    def cut(self, text):
        """In two: between characters if honest."""
        at = self.rng.randrange(1, len(text))
        if self.trick("within a character"):
            data = text.encode()
            return [data[:at], data[at:]]
        return [text[:at], text[at:]]

    def subject(self):
        text = self.rng.choice([f"{TAG} Offer", f"{TAG} Grüße und Maß", f"Offer {TAG}", TAG, f"{TAG} ü", "Offer", f"ü {TAG} ü"])
        hidden = self.trick("invisible", "wide", "small", "encoded twice", "blank in the tag")
        if hidden == "invisible":
            text = text.replace("sec", "sec" + self.rng.choice("\u00ad\u200b\u2060\ufeff"))
        elif hidden == "wide":
            text = text.replace("secure", "\uff53ecur\uff45")
        elif hidden == "small":
            text = text.upper()
        elif hidden == "encoded twice":
            text = f"=?utf-8?q?{text.replace(' ', '_')}?="
        kind = self.rng.choice(["raw", "word", "words", "mixed", "long"] if self.is_honest else ["word", "word", "words", "words", "mixed", "long"])
        if kind == "raw":
            return text.replace("ü", "u").replace("ß", "s")
        if kind == "word":
            value = self.word(text)
        elif kind == "long":
            value = self.word(text + " x" * self.rng.randrange(100, 300))
        elif kind == "words" and len(text) > 1:
            gap = {"no blank": "", "fold": "\n ", "tabs": "\t\t"}.get(self.trick("no blank", "fold", "tabs"), " ")
            value = gap.join(self.word(piece) for piece in self.cut(text))
        else:
            near = self.trick("text beside the word", "in quotes", "in brackets", "fold before the word")
            around = {"text beside the word": ("a", "b"), "in quotes": ('"', '"'), "in brackets": ("(", ")"), "fold before the word": ("\n\t", "")}.get(near, ("a ", " b"))
            value = around[0] + self.word(text) + around[1]
        if self.trick("fold anywhere"):
            at = self.rng.randrange(1, len(value) + 1)
            value = value[:at] + self.rng.choice(["\n ", "\n\t", "\n  "]) + value[at:]
        return value


# --- what others read ---

def shown(text):
    """Without what nobody sees, in small letters."""
    text = "".join(chr(ord(c) - 0xfee0) if "\uff01" <= c <= "\uff5e" else c for c in text if c not in "\u00ad\u200b\u2060\ufeff\0")
    return re.sub(r"\s+", " ", text).lower()


def to_text(data, charset):
    for name in (charset, "utf-8", "latin-1"):
        try:
            return data.decode(name or "utf-8", "replace" if name == charset else "strict")
        except (LookupError, UnicodeError):
            pass
    return ""


def by_header(value):
    """Python's email.header."""
    try:
        pieces = email.header.decode_header(value.replace("\n", ""))
    except email.errors.HeaderParseError:
        return value
    return "".join(data if isinstance(data, str) else to_text(data, charset) for data, charset in pieces)


def by_policy(value):
    """Python's parser of the standard policy."""
    data = b"Subject: " + value.encode("utf-8", "surrogateescape") + b"\n\n"
    return str(email.message_from_bytes(data, policy=email.policy.default)["subject"])


def by_perl(values):
    """Perl's Encode::MIME::Header, all at once."""
    program = ('use Encode; binmode STDOUT, ":utf8"; local $/; for (split /\\0/, <STDIN>, -1) '
               '{ my $t = eval { decode("MIME-Header", $_) }; $t //= ""; $t =~ s/\\0//g; print $t, "\\0" }')
    data = b"\0".join(value.encode("utf-8", "surrogateescape") for value in values)
    lines = subprocess.run(["perl", "-e", program], input=data, capture_output=True, check=True).stdout.decode("utf-8", "replace").split("\0")
    assert len(lines) == len(values) + 1, (len(lines), len(values))
    return lines


class Reader:
    """Decodes whatever looks like a word, as programs do that were written against the mail of others.
    `both`: base64 is of either alphabet, or what is not in the first is skipped. `ends`: base64 ends at
    the first thing that it is not. `joins`: the bytes of adjacent words are converted together.
    `unclosed`: a word may end with the value. `folds`: a fold is nothing."""

    def __init__(self, both, ends, joins, unclosed, folds):
        self.both, self.ends, self.joins, self.unclosed, self.folds = both, ends, joins, unclosed, folds

    def data(self, letter, payload):
        raw = payload.encode("utf-8", "surrogateescape")
        if letter in "qQ":
            return re.sub(rb"=([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), raw.replace(b"_", b" "))
        if self.both:
            raw = raw.replace(b"-", b"+").replace(b"_", b"/")
        raw = re.sub(rb"\s", b"", raw)
        raw = re.split(rb"[^A-Za-z0-9+/]", raw)[0] if self.ends else re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        raw = raw[:len(raw) - (len(raw) % 4 == 1)]
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))

    def read(self, value):
        value = re.sub(r"\n\s+", "", value) if self.folds else value.replace("\n", "")
        end = r"(?:\?=|$)" if self.unclosed else r"\?="
        pieces = re.split(rf"=\?([^?*]*)(?:\*[^?]*)?\?([bBqQ])\?(.*?){end}", value)
        out, data, charset = "", b"", ""
        for i, between in enumerate(pieces[0::4]):
            if between.strip() or i == 0:
                out, data = out + to_text(data, charset) + between, b""
            if 4 * i + 3 < len(pieces):
                said, letter, payload = pieces[4 * i + 1:4 * i + 4]
                if not self.joins or said.lower() != charset:
                    out, data = out + to_text(data, charset), b""
                data, charset = data + self.data(letter, payload), said.lower()
        return out + to_text(data, charset)


READERS = {"mailparser": Reader(True, False, True, False, False), "Thunderbird": Reader(False, False, True, False, False),
           "one by one": Reader(False, True, False, False, False), "Outlook": Reader(False, False, False, True, False),
           "Outlook with folds": Reader(False, True, True, True, True)}


def readings(values):
    """For each value, the names of those who read the tag in it."""
    perl = by_perl(values)
    for value, text in zip(values, perl):
        texts = {"Perl": text, "Python's header": by_header(value), "Python's policy": by_policy(value)}
        texts.update({name: reader.read(value) for name, reader in READERS.items()})
        yield {name: text for name, text in texts.items()}


# --- comparing ---

def probe(program, values):
    with tempfile.NamedTemporaryFile() as file:
        for value in values:
            data = b" " + value.encode("utf-8", "surrogateescape")
            file.write(b"%d\n%s" % (len(data), data))
        file.flush()
        lines = subprocess.run([program, file.name], stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")[:-1]
    assert len(lines) == len(values), (len(lines), len(values))
    return [(line[0] == "T", bytes.fromhex(line[2:])) for line in lines]


def is_fit(value):
    """RFC 5322 §2.1.1, §2.2.3: ASCII, in lines that are short enough and not blank."""
    lines = value.split(b"\n")
    return value.isascii() and all(len(line) <= 998 for line in lines) and all(line.strip() for line in lines[1:])


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else SUBJECTS
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 2047)
    makers = [Maker(rng, is_honest=i % 10 == 0) for i in range(count)]
    values = [maker.subject() for maker in makers]
    found = probe(program, values)
    left = [value.decode("utf-8", "surrogateescape")[1:] for _, value in found]
    counts, wrong = collections.Counter(), []
    for maker, value, (seen, removed), before, after in zip(makers, values, found, readings(values), readings(left)):
        others = [name for name, text in before.items() if TAG in shown(text)]
        still = [name for name, text in after.items() if TAG in shown(text)]
        counts["read by others"] += bool(others)
        counts["read by all others"] += len(others) == len(before)
        counts["seen by rules alone"] += seen and not others
        problem = ("not seen" if others and not seen else "not removed" if still else
                   "unfit" if seen and not is_fit(removed) and is_fit(value.encode("utf-8", "surrogateescape")) else None)
        if maker.is_honest:
            whole = "".join(before["Python's policy"].replace(TAG, "").split())
            problem = problem or (None if all("".join(text.split()) == whole for text in after.values()) else "not whole")
        if problem:
            wrong.append((problem, maker.tricks, value, others, removed, still))
    for item in wrong[:int(sys.argv[4]) if len(sys.argv) > 4 else 5]:
        print(json.dumps([str(each) for each in item], indent=1))
    print(f"{count} subjects, {dict(counts)}, {len(wrong)} wrong")
    print(collections.Counter(trick for item in wrong for trick in item[1]).most_common(8) if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
