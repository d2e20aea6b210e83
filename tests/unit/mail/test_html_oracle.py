#!/usr/bin/python3
"""Compares the text of generated pages with what Python's html.parser and html.unescape make of it.

Usage: test_html_oracle.py PROGRAM, where the program is test_html_text. A run of blanks counts as
one; differences are printed.
"""
import html
import html.entities
import html.parser
import pathlib
import random
import subprocess
import sys
import tempfile

PAGES = 6000
BLOCKS = ["p", "div", "li", "h1", "td", "blockquote", "section"]
INLINE = ["b", "i", "span", "a", "font", "u", "em", "x-y"]
SILENT = ["script", "style", "title"]
NAMES = sorted(html.entities.html5)


class Oracle(html.parser.HTMLParser):
    """Text with a blank for each block."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.silent = [], 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in SILENT
        if tag in BLOCKS or tag == "br":
            self.text.append(" ")

    def handle_endtag(self, tag):
        self.silent -= tag in SILENT
        if tag in BLOCKS:
            self.text.append(" ")

    def handle_data(self, data):
        if not self.silent:
            self.text.append(data)


def words(text):
    """HTML's blanks count as one; no-break spaces are letters."""
    for blank in "\t\n\f\r":
        text = text.replace(blank, " ")
    return " ".join(part for part in text.split(" ") if part)


def reference(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return "&" + rng.choice(NAMES)
    if kind == 1:
        return f"&#{rng.choice([33, 38, 60, 128, 150, 160, 8364, 0x1f600, 0x110000, 0xd800, 99999999999])}{rng.choice([';', ''])}"
    if kind == 2:
        return f"&#{rng.choice('xX')}{rng.choice(['41', '26', '3c', '20AC', '2013', '9d'])}{rng.choice([';', ''])}"
    return rng.choice(["&", "& ", "&;", "&nosuch;", "&notit;", "&amp", "&ampx"])


def word(rng):
    return "".join(rng.choice("abcxyz \n\tÄß€1>\"'/=-") for _ in range(rng.randrange(1, 6)))


def attributes(rng):
    said = []
    for _ in range(rng.randrange(3)):
        quote = rng.choice("\"'")
        said.append(f" {rng.choice(['href', 'class', 'id'])}{rng.choice(['=', ' = '])}{quote}"
                    f"{rng.choice(['a', '<b>', 'x>y', '&lt;', '/'])}{quote}")
    return "".join(said)


def page(rng, depth=0):
    made = []
    for _ in range(rng.randrange(1, 5)):
        kind = rng.randrange(8)
        if kind < 2 or depth > 4:
            made.append(word(rng))
        elif kind == 2:
            made.append(reference(rng))
        elif kind == 3:
            made.append(f"<!--{rng.choice([' x ', '<b>', 'a-b', ' -x', 'x>y'])}-->")
        elif kind == 4:
            name = rng.choice(SILENT)
            made.append(f"<{name}>{rng.choice(['x', 'if (a > b) c', 'p + q'])}</{name}>")
        elif kind == 5:
            made.append(rng.choice(["<br>", "<br/>", "<BR >", "<wbr>", "<img src='x'>", "<img src=\"x\"/>"]))
        else:
            name = rng.choice(BLOCKS if kind == 6 else INLINE)
            made.append(f"<{rng.choice([name, name.upper()])}{attributes(rng)}>{page(rng, depth + 1)}</{name}{rng.choice(['', ' '])}>")
    return "".join(made)


def expected(text):
    oracle = Oracle()
    oracle.feed(text)
    oracle.close()
    return words("".join(oracle.text))


def main():
    rng = random.Random(3676)
    pages = [page(rng) for _ in range(PAGES)]
    pages += [f"a&{name}b" for name in NAMES] + [f"&{name} " for name in NAMES]
    with tempfile.NamedTemporaryFile("w", suffix=".html") as file:
        file.write("".join(each.replace("\n", "\x01") + "\n" for each in pages))
        file.flush()
        printed = subprocess.run([sys.argv[1], file.name], capture_output=True, check=True).stdout.decode()
    found = [words(line.replace("\x01", "\n")) for line in printed.split("\n")[:-1]]
    assert len(found) == len(pages), (len(found), len(pages))
    wrong = [(text, seen, expected(text)) for text, seen in zip(pages, found) if seen != expected(text)]
    for text, seen, should in wrong[:10]:
        print(f"{text!r}\n  is     {seen!r}\n  should {should!r}")
    print(f"{len(pages)} pages, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
