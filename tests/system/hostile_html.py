"""HTML that no honest person writes, generated from a seed: what makes parsers slow, large or deep.

Most of the quadratic kinds are known from gumbo itself (formatting elements that are reopened in
each paragraph, scopes that are searched for each tag, attributes that are compared with all earlier
ones) and from the HTML Standard's own algorithms: the list of active formatting elements, the
adoption agency, foster parenting.
"""
import random

LARGEST = 1024 * 1024  # bytes, mail/html_mail.c


def filled(make, size):
    """The pieces returned by make(i), up to the size."""
    pieces, length, i = [], 0, 0
    while True:
        piece = make(i)
        if length + len(piece) > size:
            return b"".join(pieces)
        pieces.append(piece)
        length += len(piece)
        i += 1


def formatting(chance, size):
    """Each paragraph reopens all of them; with different attributes, no Noah's Ark clause helps."""
    tag = chance.choice([b"b", b"i", b"font", b"a", b"nobr", b"u"])
    half = filled(lambda i: b"<%s id=%d>" % (tag, i), size // 3)
    return b"<p>" + half + filled(lambda i: b"<p>x", size - len(half) - 3)


def nesting(chance, size):
    tag = chance.choice([b"div", b"span", b"blockquote", b"ul><li", b"ol><li", b"dl><dd", b"section", b"center",
                         b"table><tr><td", b"svg><g", b"math><mrow", b"ruby><rt", b"font", b"q", b"big"])
    return filled(lambda i: b"<%s>" % tag, size)


def adoption(chance, size):
    """The adoption agency: an end tag of a formatting element below a block."""
    depth = chance.randrange(2, 40)
    return filled(lambda i: b"<a id=%d>" % i + b"<div>" * depth + b"</a>x", size)


def foster(chance, size):
    """What does not belong in a table is moved before it."""
    inner = chance.choice([b"<b>x</b>", b"<div>x", b"text", b"<table>", b"<tr>x", b"<p><b id=%d>"])
    return b"<table>" * chance.randrange(1, 200) + filled(lambda i: inner.replace(b"%d", b"%d" % i), size)


def attributes(chance, size):
    inner = chance.choice([lambda i: b" a%d" % i, lambda i: b" a=%d" % i, lambda i: b" %x=\"&lt;\"" % i,
                           lambda i: b" style='color:red;%d'" % i])
    return b"<p" + filled(inner, size) + b">x"


def long_attribute(chance, size):
    name = chance.choice([b"style", b"href", b"title", b"src", b"onclick", b"class"])
    inner = chance.choice([b"a", b";", b"color:red;", b"&amp;", b"(", b"\\", b"\xc3\xa9", b"\t\n "])
    return b"<a %s='" % name + inner * (size // len(inner)) + b"'>x</a><b>y"


def entities(chance, size):
    entity = chance.choice([b"&amp;", b"&#x10ffff;", b"&#0;", b"&notanentity;", b"&", b"&#", b"&CounterClockwiseContourIntegral",
                            b"&#99999999999999999999;", b"&lt;script&gt;"])
    return filled(lambda i: entity, size)


def selects(chance, size):
    return filled(lambda i: chance.choice([b"<select>", b"<option>", b"<optgroup>", b"</select>", b"<select><table>",
                                           b"<input>", b"<keygen>"]), size)


def foreign(chance, size):
    return filled(lambda i: chance.choice([
        b"<svg>", b"<math>", b"<foreignObject>", b"<annotation-xml encoding='text/html'>", b"<mi>", b"<desc>", b"<p>",
        b"<![CDATA[x]]>", b"</svg>", b"<font color=x>", b"<script>", b"<a xlink:href='x'>"]), size)


def templates(chance, size):
    return filled(lambda i: chance.choice([b"<template>", b"<template><tr>", b"</template>", b"<col>", b"<td>x"]), size)


def raw_text(chance, size):
    """Never closed: script, style and similar elements swallow the rest."""
    tag = chance.choice([b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noframes", b"plaintext",
                         b"!--", b"!doctype", b"?", b"![CDATA["])
    inner = chance.choice([b"</scr", b"<!--", b"-->", b"</", b"<", b"x", b"--!>"])
    return b"<%s>" % tag + inner * (size // len(inner))


def end_tags(chance, size):
    tag = chance.choice([b"b", b"p", b"div", b"body", b"html", b"table", b"br", b"a", b"form", b"sarcasm"])
    return b"<div><p><b>" * chance.randrange(100) + filled(lambda i: b"</%s>" % tag, size)


def headings_and_lists(chance, size):
    return filled(lambda i: chance.choice([b"<h1>", b"<h6>", b"</h3>", b"<li>", b"<dd>", b"<dt>", b"<ul>", b"</li>",
                                           b"<option>", b"<rt>", b"<rp>", b"<button>", b"<form>", b"<body id=%d>" % i,
                                           b"<html lang=%d>" % i, b"<frameset>", b"<isindex>", b"<image>"]), size)


def nothing(chance, size):
    """Bytes that are not text: NUL, broken UTF-8, controls."""
    inner = chance.choice([b"\0", b"\xff\xfe", b"\xf0\x9f", b"\x0c\x0b", b"<\0p>", b"<p\0=\0>", b"\xe2\x80\xae", b"\r"])
    return inner * (size // len(inner))


def soup(chance, size):
    """Anything after anything."""
    alphabet = [b"<", b">", b"/", b"=", b"'", b'"', b"&", b"!", b"-", b" ", b"a", b"b", b"p", b"table", b"td", b"svg",
                b"style", b"<b>", b"</b>", b"<p>", b"\0", b"\xc3\xa9", b";", b"#"]
    return filled(lambda i: chance.choice(alphabet), size)


KINDS = (formatting, nesting, adoption, foster, attributes, long_attribute, entities, selects, foreign, templates, raw_text,
         end_tags, headings_and_lists, nothing, soup)


def documents(seed, count):
    """(kind, bytes), most of them small: the cost of a large one is limited by its size."""
    chance = random.Random(seed)
    for i in range(count):
        kind = KINDS[i % len(KINDS)]
        size = int(30 * 2 ** chance.uniform(0, 9))
        if i % 2000 < len(KINDS):
            size = chance.choice([40_000, 200_000])
        yield kind.__name__, kind(chance, size)


def largest(seed):
    """Each kind as large as is processed, and a little larger."""
    chance = random.Random(seed)
    for kind in KINDS:
        yield kind.__name__, kind(chance, LARGEST)
    yield "too large", b"x" * (LARGEST + 1)
