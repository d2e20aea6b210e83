#!/usr/bin/python3
"""Detectors of one's own, with each checksum that postseal.conf(5) knows, compared with python-stdnum or, for weights that
nobody uses, with their sum: generated numbers that are right are found, once each, and those with a digit changed, two of
them exchanged, or a digit more or less are found if and only if they are right by chance.

Usage: test_checksum_oracle.py PROGRAM [SEED], where the program is detect_probe.
"""
import base64
import json
import random
import re
import subprocess
import sys
import tempfile
import unicodedata

import stdnum.dk.cpr
import stdnum.ean
import stdnum.gb.nhs
import stdnum.isbn
import stdnum.iso11649
import stdnum.iso7064.mod_97_10
import stdnum.issn
import stdnum.lei
import stdnum.luhn
import stdnum.nl.bsn
import stdnum.pl.pesel

EACH, ODD_WEIGHTS = 60, 30
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"


class Kind:
    """A detector; `lengths`: that numbers may have; `alphabet`: of which characters, the last one apart; `groups`: in
    which they are written; `is_right`: by somebody else."""

    def __init__(self, name, regex, checksum, lengths, is_right, alphabet=DIGITS, last=DIGITS, prefix="", groups=(), around="{}"):
        self.name, self.regex, self.checksum, self.lengths, self.is_right = name, regex, checksum, lengths, is_right
        self.alphabet, self.last, self.prefix, self.groups, self.around = alphabet, last, prefix, groups, around

    def line(self):
        return f'detect {self.name} regex "{self.regex}" checksum {self.checksum}\n'

    def any(self, rng):
        body = rng.choice(self.lengths) - len(self.prefix) - 1
        return self.prefix + "".join(rng.choice(self.alphabet) for _ in range(body)) + rng.choice(self.last)

    def right(self, rng):
        while True:
            number = self.any(rng)
            if self.is_right(number):
                return number

    def near(self, rng):
        """A right one, not quite."""
        number = list(self.right(rng))
        at = rng.randrange(len(self.prefix), len(number) - 1)
        way = rng.randrange(4)
        if way == 0:
            number[at] = rng.choice(self.alphabet)
        elif way == 1:
            number[at], number[at + 1] = number[at + 1], number[at]
        elif way == 2:
            number[-1] = rng.choice(self.last)
        else:
            number[at:at + 1] = rng.choice(([], [number[at], rng.choice(DIGITS)]))
        return "".join(number)

    def written(self, rng, number):
        """As people write it: in groups, in full width, an X as x."""
        if self.groups and len(number) == sum(self.groups) and rng.random() < 0.5:
            parts, at = [], 0
            for length in self.groups:
                parts.append(number[at:at + length])
                at += length
            number = " ".join(parts)
        if rng.random() < 0.2:
            number = "".join(chr(0xff10 + int(c)) if c in DIGITS else c for c in number)
        return self.around.format(number.lower() if rng.random() < 0.2 else number)


def weighted(weights, modulus):
    return lambda number: len(number) == len(weights) and sum(w * int(c) for w, c in zip(weights, number)) % modulus == 0


def entity_or_account(number):
    """A legal entity identifier that begins as an account does was read as one of these alone, and missed."""
    is_led = len(number) > 4 and number[:2].isalpha() and number[2:4].isdigit()
    return stdnum.lei.is_valid(number) or (is_led and stdnum.iso7064.mod_97_10.is_valid(number[4:] + number[:4]))


def reference(number):
    return stdnum.iso11649.is_valid(number) or (len(number) == 20 and stdnum.iso7064.mod_97_10.is_valid(number))


def odd(rng, index):
    """Weights and a modulus that no country uses, up to what is allowed."""
    count = rng.choice((2, 3, 7, 12, 25, 40))
    modulus = rng.choice((2, 9, 10, 11, 97, 1000, rng.randrange(2, 1001)))
    weights = [rng.randrange(modulus) for _ in range(count)]
    if weights[-1] == 0:
        weights[-1] = 1
    is_right = weighted(weights, modulus)
    if modulus == 11:  # the last one may be X
        is_right = lambda number: len(number) == count and (  # noqa: E731
            sum(w * (10 if c == "X" else int(c)) for w, c in zip(weights, number)) % 11 == 0)
    return Kind(f"odd{index}", rf"\bQ{index}-(\d{{{count - 1}}}[\dXx])\b", "weights {%s} modulo %d" % (" ".join(map(str, weights)), modulus), [count],
                is_right, last=DIGITS + "X" if modulus == 11 else DIGITS, around=f"Q{index}-{{}}")


def kinds(rng):
    nhs = " ".join(str(n) for n in range(10, 0, -1))
    return [
        Kind("imei", r"\bIMEI (\d{15})\b", "luhn", [15], stdnum.luhn.is_valid, around="IMEI {}"),
        Kind("luhn", r"\bL(\d{2,34})\b", "luhn", list(range(2, 35)), stdnum.luhn.is_valid, around="L{}"),
        Kind("lei", r"\b[A-Za-z0-9]{18}\d\d\b", "mod97", [20], entity_or_account, alphabet=DIGITS + LETTERS),
        Kind("reference", r"\b[Rr][Ff]\d\d[A-Za-z0-9]{4,21}\b", "mod97", list(range(8, 26)), reference, prefix="RF",
             last=DIGITS + LETTERS),
        Kind("ean", r"\bEAN (\d{13})\b", "ean13", [13], stdnum.ean.is_valid, around="EAN {}"),
        Kind("nhs", r"\b\d{3} ?\d{3} ?\d{4}\b", f"weights {{{nhs}}} modulo 11", [10], stdnum.gb.nhs.is_valid, groups=(3, 3, 4)),
        Kind("isbn", r"\bISBN (\d{9}[\dXx])\b", f"weights {{{nhs}}} modulo 11", [10], lambda n: stdnum.isbn.isbn_type(n) == "ISBN10",
             last=DIGITS + "X", around="ISBN {}"),
        Kind("issn", r"\bISSN (\d{4} ?\d{3}[\dXx])\b", "weights {8 7 6 5 4 3 2 1} modulo 11", [8], stdnum.issn.is_valid,
             last=DIGITS + "X", groups=(4, 4), around="ISSN {}"),
        Kind("bsn", r"\bBSN (\d{9})\b", "weights {9 8 7 6 5 4 3 2 10} modulo 11", [9], stdnum.nl.bsn.is_valid, around="BSN {}"),
        Kind("pesel", r"\bPESEL (\d{11})\b", "weights {1 3 7 9 1 3 7 9 1 3 1} modulo 10", [11],
             lambda n: len(n) == 11 and stdnum.pl.pesel.calc_check_digit(n[:-1]) == n[-1], around="PESEL {}"),
        Kind("cpr", r"\bCPR (\d{6} ?\d{4})\b", "weights {4 3 2 7 6 5 4 3 2 1} modulo 11", [10],
             lambda n: len(n) == 10 and stdnum.dk.cpr.checksum(n) == 0, groups=(6, 4), around="CPR {}"),
        *(odd(rng, i) for i in range(ODD_WEIGHTS)),
    ]


def message(text):
    return b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" \
        + base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")


def ask(program, rules, texts):
    with tempfile.NamedTemporaryFile() as messages, tempfile.NamedTemporaryFile("w") as configuration:
        for text in texts:
            made = message(text)
            messages.write(b"%d\n" % len(made) + made)
        messages.flush()
        configuration.write(rules)
        configuration.flush()
        done = subprocess.run([program, messages.name, configuration.name], capture_output=True, text=True, check=True)
    return [{each["detector"]: each["count"] for each in json.loads(line)} for line in done.stdout.splitlines()]


def main():
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 17)
    every = kinds(rng)
    # The first condition fails, so that the rule does not match; what all of them found is on record.
    rules = "".join(kind.line() for kind in every) + "match " + " ".join(f"detect {kind.name}{' at least 10000' if i == 0 else ''}" for i, kind in enumerate(every))
    rules += " deliver plain\notherwise deliver plain\n"
    tried, texts = [], []
    for kind in every:
        for number in [kind.right(rng) for _ in range(EACH)] + [kind.near(rng) for _ in range(EACH)] + [kind.any(rng) for _ in range(EACH)]:
            tried.append((kind, number))
            texts.append(f"The number {kind.written(rng, number)} is below.\r\n")
    found = ask(sys.argv[1], rules, texts)
    assert len(found) == len(tried), (len(found), len(tried))
    counts, wrong = {True: 0, False: 0}, []
    for (kind, number), text, each in zip(tried, texts, found):
        expected = re.search(kind.regex, unicodedata.normalize("NFKC", text)) is not None and bool(kind.is_right(number))
        counts[expected] += 1
        if each.get(kind.name, 0) != expected:
            wrong.append(f"{kind.line().strip()}: {text.strip()!r}: {'not ' if expected else ''}found")
    print(f"{counts[True]} right numbers, {counts[False]} wrong ones, {len(every)} detectors")
    assert counts[True] > EACH * len(every) and counts[False] > EACH * len(every), counts
    if wrong:
        sys.exit("\n".join(wrong[:20] + [f"{len(wrong)} in all"]))


if __name__ == "__main__":
    main()
