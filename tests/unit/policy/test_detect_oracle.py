#!/usr/bin/python3
"""What the built-in detectors find in generated messages, compared with python-stdnum: numbers that
it calls valid, in the forms in which people write them and mail programs encode them, and in the cells of
lists and tables, are found; ones that it calls invalid are not, nor decimals. Nothing that is put on record
has the number.

Usage: test_detect_oracle.py PROGRAM [MESSAGES [SEED]], where the program is detect_probe.
"""
import base64
import collections
import html
import json
import quopri
import random
import re
import subprocess
import sys
import tempfile
import urllib.parse

import stdnum.ean
import stdnum.iban
import stdnum.luhn
import stdnum.us.ssn
from stdnum import numdb

MESSAGES = 60000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# --- numbers ---

# Issuer, how its numbers begin, and how long they are: https://en.wikipedia.org/wiki/Payment_card_number
ISSUERS = [
    ("American Express", ["34", "37"], [15]), ("Visa", ["4"], [16]), ("Mastercard", ["51", "52", "53", "54", "55"], [16]),
    ("Mastercard", [str(n) for n in range(2221, 2721)], [16]), ("Discover", ["6011", "644", "645", "649", "65"], [16, 19]),
    ("Diners Club", ["36", "300", "305", "3095", "38", "39"], [14]), ("JCB", [str(n) for n in range(3528, 3590)], [16, 19]),
    ("UnionPay", ["62"], [16, 17, 18, 19]), ("Maestro", ["5018", "5020", "5038", "6304", "6759", "6761", "6763"], [12, 13, 15, 16, 19]),
    ("Mir", ["2200", "2204"], [16]),
]
NO_ISSUER = ["0", "1", "21", "73", "75", "9100"]

def countries():
    """Country and structure, as SWIFT's registry has them."""
    database = numdb.get("iban")
    found = {}
    for first in LETTERS:
        for second in LETTERS:
            properties = database.info(first + second + "00")[0][1]
            if "bban" in properties:
                found[first + second] = re.findall(r"(\d+)!([nac])", properties["bban"])
    return found


COUNTRIES = countries()


def digits(rng, count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def card(rng):
    _, prefixes, lengths = rng.choice(ISSUERS)
    prefix = rng.choice(prefixes)
    body = prefix + digits(rng, rng.choice(lengths) - len(prefix) - 1)
    return body + stdnum.luhn.calc_check_digit(body)


def iban(rng):
    country = rng.choice(list(COUNTRIES))
    alphabet = {"n": "0123456789", "a": LETTERS, "c": "0123456789" * 2 + LETTERS}
    bban = "".join(rng.choice(alphabet[kind]) for count, kind in COUNTRIES[country] for _ in range(int(count)))
    return country + stdnum.iban.calc_check_digits(country + "00" + bban) + bban


def ahv(rng):
    body = "756" + digits(rng, 9)
    return body + stdnum.ean.calc_check_digit(body)


def ssn(rng):
    while True:
        number = digits(rng, 9)
        if stdnum.us.ssn.is_valid(number):
            return number


MAKERS = {"card": card, "iban": iban, "ahv": ahv, "ssn": ssn}


def is_valid(kind, number):
    if kind == "card":
        return stdnum.luhn.is_valid(number) and any(
            number.startswith(prefix) and len(number) in lengths for _, prefixes, lengths in ISSUERS for prefix in prefixes)
    if kind == "iban":
        return stdnum.iban.is_valid(number, check_country=False)
    if kind == "ahv":
        return number.startswith("756") and len(number) == 13 and stdnum.ean.is_valid(number)
    return stdnum.us.ssn.is_valid(number)


def swapped(rng, number):
    places = [i for i in range(4, len(number) - 1) if number[i] != number[i + 1]]
    at = rng.choice(places) if places else 4
    return number[:at] + number[at + 1] + number[at] + number[at + 2:]


def changed(rng, number):
    places = [i for i, c in enumerate(number) if c.isdigit() and i >= 4]
    at = rng.choice(places)
    return number[:at] + rng.choice([d for d in "0123456789" if d != number[at]]) + number[at + 1:]


def near_ssn(rng):
    number = digits(rng, 9)
    return rng.choice(["000" + number[3:], "666" + number[3:], "9" + number[1:], number[:3] + "00" + number[5:],
                       number[:5] + "0000", "078051120", "219099999", "457555462"])


def wrong_beginning(rng, kind, number):
    if kind == "card":
        body = rng.choice(NO_ISSUER) + number[2:-1]
        return body + stdnum.luhn.calc_check_digit(body)
    if kind == "ahv":
        body = rng.choice(["755", "757", "400", "040", "978"]) + number[3:-1]
        return body + stdnum.ean.calc_check_digit(body)
    country = rng.choice(["XX", "AA", "US", "JP", "ZZ", "CN"])
    return country + stdnum.iban.calc_check_digits(country + number[2:]) + number[4:]


def has_another(kind, number):
    """Written in groups, a number may have a card within it; and so may an IBAN that is wrong, behind its country."""
    start = 4 if kind == "iban" else 0
    pieces = [number[i:i + n] for i in range(start, len(number), 4) for n in range(12, 20) if (i, n) != (0, len(number))]
    if kind == "iban":
        pieces += re.findall(r"\d+", number)
    return kind in ("card", "iban") and any(stdnum.luhn.is_valid(piece) for piece in pieces if len(piece) >= 12 and piece[0] not in "017")


def valid(rng, kind):
    while True:
        number = MAKERS[kind](rng)
        if kind != "card" or not has_another(kind, number):
            return number


def near_miss(rng, kind):
    """(how it was made, what looks like a number and is none)"""
    while True:
        number = MAKERS[kind](rng)
        if kind == "ssn":
            how, number = "not issued", near_ssn(rng)
        else:
            how = rng.choice(["a digit changed", "two digits swapped", "a digit more", "a digit less", "another beginning"])
            if how == "a digit changed":
                number = changed(rng, number)
            elif how == "two digits swapped":
                number = swapped(rng, number)
            elif how == "a digit more":
                number += rng.choice("0123456789")
            elif how == "a digit less":
                number = number[:-1]
            else:
                number = wrong_beginning(rng, kind, number)
        if how == "a digit more" and kind == "card" and len(number) == 20:
            continue
        others = [number[:-1]] * (how == "a digit more") + [number] * (how != "a digit more" or kind == "iban")
        if len(number) >= 9 and not any(has_another(kind, other) for other in others) and not any(
                is_valid(other, number) for other in MAKERS):
            # Another issuer of cards may have it, which the list above does not know in full.
            if kind != "card" or how == "another beginning" or not stdnum.luhn.is_valid(number):
                return how, number


# --- how they are written ---

GROUPS = {"card": {14: [4, 6, 4], 15: [4, 6, 5]}, "ahv": {13: [3, 4, 4, 2]}, "ssn": {9: [3, 2, 4]}}
SEPARATORS = [" ", " ", "-", ".", "\u00a0", "\u202f", "\u2009", "\u3000", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212",
              "\u00b7", "/", " - ", " \u2013 ", "  ", "\t", "_", "+", "*", "=", "|", " | ", "\u2800"]
INVISIBLE = ["\u00ad", "\u200b", "\u200c", "\u2060", "\ufeff", "\u034f"]
DIGIT_FORMS = {"full width": 0xff10, "Arabic": 0x660, "mathematical": 0x1d7ce, "Devanagari": 0x966}


def grouped(kind, number, separator, is_longer=False):
    """`is_longer`: by a digit that is no group of its own, which would be no part of the number."""
    sizes = GROUPS.get(kind, {}).get(len(number), [4] * 9)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(number[at:at + size])
        at += size
    if at < len(number):
        pieces.append(number[at:])
    pieces = [piece for piece in pieces if piece]
    if is_longer and len(pieces[-1]) == 1:
        pieces[-2:] = ["".join(pieces[-2:])]
    return separator.join(pieces)


def in_other_digits(rng, text):
    name = rng.choice(list(DIGIT_FORMS))
    text = "".join(chr(DIGIT_FORMS[name] + int(c)) if c in "0123456789" else c for c in text)
    if name == "full width":
        text = "".join(chr(ord(c) - ord("!") + 0xff01) if c.isascii() and c.isalpha() else c for c in text)
    return name, text


def written(rng, kind, number, one_line, is_longer):
    """(the form, the text)"""
    form = rng.choice(["one piece", "groups", "groups", "groups", "other digits", "invisible", "line end", "line end within", "lower case"])
    if form == "one piece" or (one_line and form.startswith("line end")) or (form == "lower case" and not is_valid(kind, number)):
        return "one piece", number
    if form == "groups":
        separator = rng.choice([s for s in SEPARATORS if not (one_line and s == "\t")])
        return f"groups by {separator!a}", grouped(kind, number, separator, is_longer)
    if form == "other digits":
        text = number if rng.random() < .5 else grouped(kind, number, rng.choice([" ", "-", "\u3000", "\uff0d"]), is_longer)
        return in_other_digits(rng, text)
    if form == "invisible":
        text = number if rng.random() < .5 else grouped(kind, number, rng.choice([" ", "-", "."]), is_longer)
        return form, "".join(c + (rng.choice(INVISIBLE) if rng.random() < .3 else "") for c in text)
    if form == "line end":
        text = grouped(kind, number, " ", is_longer)
        blanks = [i for i, c in enumerate(text) if c == " "]
        at = rng.choice(blanks)
        return form, text[:at] + "\r\n" + text[at + 1:]
    if form == "line end within":
        cuts = [at for at in range(4, len(number) - 3) if not stdnum.luhn.is_valid(number[at:]) and not stdnum.luhn.is_valid(number[:at])]
        at = rng.choice(cuts or [5])
        return form, number[:at] + "\r\n" + number[at:]
    return form, grouped(kind, number, " ", is_longer).lower()


# --- what stands around them ---

SENTENCES = {
    "en": ["The patient with {} was admitted on 12 May.", "Please charge it to my card: {}\r\nThanks, Anna", "See {} (page 3).",
           "Number {}, valid until 12/27", "Reference: {};", "I paid 250.00 from {} yesterday.", "[{}] as discussed"],
    "de": ["Die Patientin mit der Nummer {} wurde am 12. Mai aufgenommen.", "Bitte belasten Sie: {}\r\nFreundliche Gr\u00fcsse", "Nr.: {}",
           "Siehe {} (Seite 3).", "Versicherten-Nr. {}, g\u00fcltig bis Ende Jahr", "Konto \u00ab{}\u00bb er\u00f6ffnet", "Zahlung von {}!"],
    "fr": ["Le patient portant le num\u00e9ro {} est arriv\u00e9 le 12 mai.", "Veuillez d\u00e9biter : {}\r\nCordialement", "Voir {} (page 3).",
           "N\u00b0 {}, valable jusqu\u2019en d\u00e9cembre", "R\u00e9f\u00e9rence \u00ab\u00a0{}\u00a0\u00bb", "Pay\u00e9 par {} hier."],
    "it": ["Il paziente con il numero {} \u00e8 stato ricoverato il 12 maggio.", "Addebitare: {}\r\nCordiali saluti", "Vedi {} (pagina 3).",
           "N. {}, valido fino a dicembre", "Riferimento \u2039{}\u203a", "Pagato con {} ieri."],
}
WORDS = {"en": "SSN ", "de": "US-Sozialversicherungsnummer ", "fr": "num\u00e9ro de s\u00e9curit\u00e9 sociale am\u00e9ricaine ", "it": "numero di previdenza sociale (SSN) "}
HARMLESS = ["Tel. +41 44 123 45 67", "12.05.2026, 14:30", "CHF 1'250.00", "47.376886543210987, 8.541694000000001",
            "550e8400-e29b-41d4-a716-446655440000", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "2026-05-12T14:30:00.123456Z",
            "v1.2.3-4567", "192.168.100.200", "+1 (212) 555-0123", "EAN 4006381333931", "ISBN 978-3-16-148410-0",
            "RF18 5390 0754 7034", "21 00000 00003 13947 14300 09017", "10 20 30 40 50 60 70 80", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"]


def sentence(rng, kind, text, is_alone):
    language = rng.choice(list(SENTENCES))
    line = rng.choice(SENTENCES[language])
    if kind == "ssn":
        line = line.replace("{}", WORDS[language] + "{}")
    line = line.replace("{}", text)
    return line if is_alone or rng.random() < .6 else f"{rng.choice(HARMLESS)}\r\n\r\n{line}\r\n\r\n{rng.choice(HARMLESS)}\r\n"


# --- messages ---

TAGS = ["<b>", "</b>", "<span>", "</span>", "<wbr>", "<!-- 1 -->", "<font color=red>", "<i></i>", "<a name=x>"]


def in_html(rng, text):
    """A page in which the number is split by tags and character references."""
    page = []
    for c in text:
        if c == "\r":
            continue
        if c == "\n":
            page.append(rng.choice(["<br>", "</div><div>", "</p><p>"]))
        elif c == "\u00a0":
            page.append(rng.choice(["&nbsp;", "&#160;", c]))
        elif c == "\u00ad":
            page.append(rng.choice(["&shy;", "&#xAD;", c]))
        elif rng.random() < .15 and c.isalnum():
            page.append(rng.choice([f"&#{ord(c)};", f"&#x{ord(c):x};", f"&#{ord(c):05};"]))
        else:
            page.append(html.escape(c))
        if rng.random() < .1:
            page.append(rng.choice(TAGS))
    return "<html><body><p>" + "".join(page) + "</body></html>"


def encoded(rng, kind, text):
    """Header fields and body of a part."""
    # Programs that do not heed the character set see a digit in each ideographic space, and no character references.
    wide = [] if "\u3000" in text or "&#" in text else ["utf-16", "utf-16le", "utf-32"]
    charset = rng.choice(["utf-8", "utf-8", "latin1"] + wide)
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        charset, data = "utf-8", text.encode()
    if charset.startswith(("utf-16", "utf-32")):
        return f"{kind}; charset={charset}", "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    ways = ["base64", "quoted-printable"] + (["8bit"] if max(map(len, data.split(b"\r\n"))) < 900 else [])
    way = rng.choice(ways)
    if way == "base64":
        body = base64.encodebytes(data).replace(b"\n", b"\r\n")
    elif way == "quoted-printable":
        body = b"\r\n".join(quopri.encodestring(line, quotetabs=True).replace(b"\n", b"\r\n") for line in data.split(b"\r\n"))
    else:
        body = data
    return f"{kind}; charset={charset}", way, body


def part(rng, kind, text, extra=""):
    kind, way, body = encoded(rng, kind, text)
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {way}\r\n{extra}".encode() + b"\r\n" + body


def encoded_word(rng, text, is_split):
    way = rng.choice(["B", "Q"])
    words = []
    cut = rng.randrange(4, 12) if is_split else len(text)
    for piece in [text[i:i + cut] for i in range(0, len(text), cut)]:
        if way == "B":
            words.append("=?utf-8?B?" + base64.b64encode(piece.encode()).decode() + "?=")
        else:
            words.append("=?utf-8?Q?" + "".join(f"={c:02X}" for c in piece.encode()) + "?=")
    return "\r\n ".join(words)


PLACES = ["plain", "plain", "html", "html", "alternative", "attachment", "attached message", "subject", "file name", "sender's name"]


def message(rng, place, text, is_split):
    """`is_split`: in a header, within the number; some programs show a blank there."""
    subject, sender = b"Report", b"anna@example.com"
    if place == "subject":
        subject = encoded_word(rng, text, is_split).encode() if not text.isascii() or rng.random() < .5 else text.encode()
    if place == "sender's name":
        sender = f"{encoded_word(rng, text, is_split)} <anna@example.com>".encode()
    header = b"From: %s\r\nTo: sue@example.net\r\nSubject: %s\r\nMIME-Version: 1.0\r\n" % (sender, subject)
    if place == "plain":
        return header + part(rng, "text/plain", text)
    if place == "html":
        return header + part(rng, "text/html", in_html(rng, text))
    if place == "alternative":
        inner = [part(rng, "text/plain", text), part(rng, "text/html", in_html(rng, text))]
        kind = b"multipart/alternative"
    elif place == "attachment":
        inner = [part(rng, "text/plain", "See attached."),
                 part(rng, "text/csv", f"name,number\r\nMuster,{text}\r\n", "Content-Disposition: attachment; filename=list.csv\r\n")]
        kind = b"multipart/mixed"
    elif place == "attached message":
        inner = [b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" + part(rng, "text/plain", text)]
        kind = b"multipart/mixed"
    elif place == "file name":
        name = urllib.parse.quote(text, safe="")
        inner = [part(rng, "text/plain", "See attached."),
                 part(rng, "text/plain", "x", f"Content-Disposition: attachment;\r\n filename*=utf-8''{name}.txt\r\n")]
        kind = b"multipart/mixed"
    else:
        return header + part(rng, "text/plain", "Hello.")
    return header + b"Content-Type: %s; boundary=b\r\n\r\n" % kind + b"".join(b"--b\r\n" + p + b"\r\n" for p in inner) + b"--b--\r\n"


# --- lists ---

NAMES = ["Muster", "Anna", "M\u00fcller", "\u00d6zil", "Smith & Co", "offen"]
BYTES = "\x01\x02\x05\x07\x0e\x14\x1a\x7f"  # of no text; a program shows them as boxes, or not at all
LIST_PLACES = ["csv", "csv", "csv as a file", "csv as a file", "plain", "html table", "attached message"]
FIELDS = ["From: {} <a@b.example>", "Sender: {} <a@b.example>", "Reply-To: a@b.example, \"{}\" <b@b.example>", "To: a@b.example ({})",
          "Cc: {} <a@b.example>", "Date: Sat, 28 Nov 2026 11:30:47 +0000 ({})", "Organization: {}", "Subject: {}", "Comments: {}"]
DECIMAL_SENTENCES = ["The result is {} on average.", "It was {} of the total; see below.", "Im Mittel {} pro Tag.", "Der Wert ist {} gewesen.",
                     "Environ {} par jour."]


def in_cell(rng, kind, number, is_longer):
    """As exports have it: in one piece, or in its usual groups. Nine digits are an SSN only in groups."""
    if kind == "ssn":
        return "groups", grouped(kind, number, rng.choice([" ", "-"]))
    if rng.random() < .6:
        return "one piece", number
    return "groups", grouped(kind, number, rng.choice([" ", " ", "-"]), is_longer)


def row(rng, cell, separator, form):
    """Cells around the number, as text. Where dots separate cells, the next one is a word, and no cell but the first is of four
    digits: with cells beside it, which stand apart by a tab alone, a near miss in groups of four could be a number."""
    identifier = str(rng.randrange(1, 700)) if rng.random() < .8 else str(rng.randrange(1990, 2040))
    name, count = rng.choice(NAMES), rng.choice("0123456789")
    if separator == ".":
        return [identifier, cell, "Muster"]
    if form == "groups" and len(identifier) == 4:
        identifier = "7"
    return rng.choice([[identifier, cell], [identifier, cell, name], [name, identifier, cell], [name, cell, count], [name, cell],
                       [cell, count, name], [identifier, cell, count]])


def in_list(rng, cell, form, how, is_table):
    """(its separator, lines of cells)"""
    separators = [",", ",", ";", "\t", "\t", ", ", "|", '"'] + ["."] * (form == "one piece")
    separator = rng.choice(separators)
    lines = [row(rng, rng.choice(["x", "offen", ""]) if separator != "." else "x", separator, form) for _ in range(rng.randrange(4))]
    ours = row(rng, cell, separator, form)
    if how == "a digit less" and (separator in ("\t", "|") or is_table):
        ours = [rng.choice(NAMES), cell, rng.choice(NAMES)]  # another digit may be the one that is missing
    at = rng.randrange(len(lines) + 1)
    # The next line may be more of a number in groups, and the end of the one before the beginning.
    if ours[-1] == cell and at < len(lines):
        lines[at] = [rng.choice(NAMES), "x"]
    if ours[0] == cell and at > 0:
        lines[at - 1] = ["x", rng.choice(NAMES)]
    lines.insert(at, ours)
    return separator, lines


def joined(separator, lines):
    if separator == '"':
        return "".join(",".join(f'"{cell}"' for cell in line) + "\r\n" for line in lines)
    return "".join(separator.join(line) + "\r\n" for line in lines)


def table(rng, lines):
    between = rng.choice(["", "\r\n ", " "])
    opening, closing = rng.choice([("<td>", "</td>"), ("<td align=right>", "</td>"), ("<th>", "</th>"), ("<td>", ""), ("<td><b>", "</b></td>")])
    rows = "".join("<tr>" + between.join(f"{opening}{html.escape(cell)}{closing}" for cell in line) + "</tr>\r\n" for line in lines)
    return f"<html><body><table>{rows}</table></body></html>"


def with_bytes(rng, text):
    """A byte at the beginning, or some anywhere, of which there are few."""
    if rng.random() < .5:
        return rng.choice(BYTES + "\0") + text
    for _ in range(1 + len(text) // 100):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(BYTES) + text[at:]
    return text


def list_file(rng, text):
    """Of an unknown type, or as a browser calls it."""
    kind = rng.choice(["application/octet-stream", "application/vnd.ms-excel", "application/x-unknown"])
    data = text.encode(rng.choice(["utf-8", "utf-8", "cp1252", "utf-16"]))
    return (f"Content-Type: {kind}; name=list.csv\r\nContent-Disposition: attachment; filename=list.csv\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n").encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")


def list_message(rng, place, separator, lines, has_bytes):
    header = b"From: anna@example.com\r\nTo: sue@example.net\r\nSubject: Export\r\nMIME-Version: 1.0\r\n"
    text = joined(separator, lines)
    if place == "html table":
        return header + part(rng, "text/html", table(rng, lines))
    if place == "plain":
        return header + part(rng, "text/plain", text)
    if place == "attached message":
        inner = b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" + part(rng, "text/plain", text)
    elif place == "csv":
        inner = part(rng, "text/csv", text, "Content-Disposition: attachment; filename=list.csv\r\n")
    else:
        inner = list_file(rng, with_bytes(rng, text) if has_bytes else text)
    body = [part(rng, "text/plain", "See attached."), inner]
    return header + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(b"--b\r\n" + p + b"\r\n" for p in body) + b"--b--\r\n"


def decimal(rng):
    """A card's number behind a point, with no more digits than programs print; and, behind a dot, than databases do."""
    while True:
        number = card(rng)
        if len(number) <= 16:
            break
    point = rng.choice(".,")
    before = rng.choice(["0", "0", rng.choice("123456789")] + [str(rng.randrange(10, 1000))] * (point == "."))
    return number, before + point + number


class ListCase:
    """A number in a cell of its own is found, whatever is in the next one; a near miss is not."""

    def __init__(self, rng):
        self.kind = rng.choice(list(MAKERS))
        self.place = rng.choice(LIST_PLACES)
        self.is_right = rng.random() < .5
        self.how, self.number = ("valid", valid(rng, self.kind)) if self.is_right else near_miss(rng, self.kind)
        self.form, cell = in_cell(rng, self.kind, self.number, self.how == "a digit more")
        separator, lines = in_list(rng, cell, self.form, self.how, self.place == "html table")
        has_bytes = self.place == "csv as a file" and rng.random() < .5
        self.form += f" in cells by {separator!a}" + " with control bytes" * has_bytes
        self.text = joined(separator, lines)
        self.message = list_message(rng, self.place, separator, lines, has_bytes)
        self.kinds_right = {self.kind} if self.is_right else set()


class DecimalCase:
    """What is behind a decimal point in a sentence is no card's number, though its check digit is right."""

    def __init__(self, rng):
        self.kind, self.place, self.is_right, self.how, self.form = "card", "plain", False, "a decimal", "in a sentence"
        self.number, text = decimal(rng)
        self.text = rng.choice(DECIMAL_SENTENCES).replace("{}", text)
        self.message = message(rng, self.place, self.text, False)
        self.kinds_right = set()


class FieldCase:
    """A number in a field that the reader of an attached message is shown, or of the message itself, is found."""

    def __init__(self, rng):
        self.kind = rng.choice([kind for kind in MAKERS if kind != "ssn"])
        self.is_right = rng.random() < .5
        self.how, self.number = ("valid", valid(rng, self.kind)) if self.is_right else near_miss(rng, self.kind)
        self.form, text = in_cell(rng, self.kind, self.number, self.how == "a digit more")
        self.text = rng.choice(FIELDS).replace("{}", text)
        name = self.text.partition(":")[0]
        inner = f"{self.text}\r\n\r\nHello.\r\n".encode()
        self.place = rng.choice(["attached message", "attached file", "outer"]) + "'s field " + name
        if self.place.startswith("outer"):
            self.message = inner
        elif self.place.startswith("attached message"):
            self.message = b"From: anna@example.com\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + inner
        else:
            self.message = (b"From: anna@example.com\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.eml\r\n"
                            b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(inner).replace(b"\n", b"\r\n"))
        self.kinds_right = {self.kind} if self.is_right else set()


class Case:
    def __init__(self, rng):
        self.kind = rng.choice(list(MAKERS))
        self.place = rng.choice(PLACES)
        one_line = self.place in ("subject", "file name", "sender's name", "attachment")
        self.is_right = rng.random() < .5
        self.how, self.number = ("valid", valid(rng, self.kind)) if self.is_right else near_miss(rng, self.kind)
        self.form, text = written(rng, self.kind, self.number, one_line or self.how in ("a digit more", "another beginning"),
                                  self.how == "a digit more")
        if self.is_right and not self.form.startswith("line end") and rng.random() < .1:
            self.form += ", a digit behind"
            text += rng.choice([" ", "-"] + ["\t"] * (not one_line)) + rng.choice("0123456789")  # tabs may not be seen in a name
        if self.place == "file name":
            text = text.replace("/", "-")
        if self.place == "attachment":
            text = text.replace("\t", " ")
        line = sentence(rng, self.kind, text, self.form.startswith("line end"))
        if one_line:
            line = " ".join(line.split("\r\n")[0 if text in line.split("\r\n")[0] else 2:][:1])
        self.text = line if self.place != "file name" else line.replace("/", "-")
        self.message = message(rng, self.place, self.text, self.is_right)
        self.kinds_right = {self.kind} if self.is_right else set()


def complaint(case, line):
    found = {entry["detector"]: entry for entry in json.loads(line)}
    # Programs that show blanks between encoded words show an IBAN in pieces.
    is_split = case.is_right and case.place in ("subject", "sender's name")
    if not case.kinds_right <= set(found) or (set(found) != case.kinds_right and not is_split):
        return f"found {sorted(found)}"
    if not is_split and any(entry["count"] != 1 for entry in found.values()):
        return "counted more than once"
    plain = re.sub(r"[^0-9A-Z]", "", line.upper())
    if case.number in plain or any(entry["sample"].count("*") < 6 for entry in found.values()):
        return "is on record"
    return None


KINDS_OF_CASE = [Case] * 6 + [ListCase] * 4 + [DecimalCase, FieldCase]


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else MESSAGES
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    rng = random.Random(seed)
    cases = [rng.choice(KINDS_OF_CASE)(rng) for _ in range(count)]
    with tempfile.NamedTemporaryFile() as file:
        for case in cases:
            file.write(b"%d\n" % len(case.message) + case.message)
        file.flush()
        lines = subprocess.run([sys.argv[1], file.name], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    assert len(lines) == count
    wrong = [(case, line) for case, line in zip(cases, lines) if complaint(case, line)]
    classes = collections.Counter()
    for case, line in wrong[:int(20)]:
        print(f"{complaint(case, line)}: {case.kind} {case.number} ({case.how}), {case.form}, in {case.place}\n  {case.text!a}\n  {line}")
    for case, line in wrong:
        classes[case.kind, case.how, case.form, case.place] += 1
    right = sum(case.is_right for case in cases)
    print(f"{count} messages (seed {seed}): {right} with a number, {count - right} with a near miss; {len(wrong)} wrong")
    for reason, times in classes.most_common(15):
        print(" ", times, *reason)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
