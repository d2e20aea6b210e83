#!/usr/bin/python3
"""What is kept of a mail's style sheet, compared with what tinycss2 reads in it: sheets made at random of names,
values, escapes, comments, strings, URLs and mistakes. Nothing that could load anything is left, and nothing that is
allowed is lost.

Usage: test_css_oracle.py PROGRAM, where the program is html_probe; differences are printed.
"""
import pathlib
import random
import re
import subprocess
import sys

import tinycss2

SHEETS, RULES = 700, 8
# What a selector becomes; M is the scope. None: the rule is left out.
SELECTORS = {
    "p": "M p", "*": "M *", "TD.x": "M TD.x", "#a": "M #a", ".x.y": "M .x.y", "a:hover": "M a:hover",
    "a:HOVER::before": "M a:HOVER::before", "tr:nth-child( 2n + 1 ) td": "M tr:nth-child(2n+1) td",
    "tr:nth-child(odd)": "M tr:nth-child(odd)", "a[href]": "M a[href]", "a[href^='tel:']": 'M a[href^="tel\\3a "]',
    "td [ class ~= x ]": 'M td [class~="x"]', "ul>li": "M ul>li", "h1 + p ~ p": "M h1+p~p", "\\70": "M p", ".a\\:b": "M .a\\3a b",
    "html": "M", ":root": "M", "body": "M>mail-body", "html body": "M>mail-body", "html>body.x": "M>mail-body.x",
    "body > table": "M>mail-body>table", "html p": "M p", "body p, .x": "M>mail-body p,M .x", "div body": "M div body", "p::selection": None,
    "a:not(.x)": None, "html>p": None, "p,,": "M p", "p >": None, "> p": None, "p{}} q": None, "@x p": None, ".": None, "[a='x'": None,
    "a:is(p)": None, ".1x": None, "p|q": None, "&p": None, "p/**/q": "M p q", "div p:first-child/* */.x": "M div p:first-child .x",
}
SOURCE = pathlib.Path(__file__).resolve().parents[3]
LISTS = (SOURCE / "mail" / "css_declarations.c").read_text()


def listed(name):
    return set(re.findall(r'"([^"]+)"', re.search(rf"{name}\[\] = \{{(.*?)\}};", LISTS, re.DOTALL).group(1)))


PROPERTIES, FUNCTIONS, UNITS = listed("properties"), listed("functions"), listed("units")
LOADING = {"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade"}
NAMES = sorted(PROPERTIES) + ["position", "behavior", "-moz-binding", "filter", "--own", "z-index", "src"]
VALUES = ["red", "#fff", "#003366", "#12345", "#zzz", "0", "1px", "-2.5em", "+3E1px", "50%", "1e3", ".5", "12pt", "3foo", "auto",
          "!important", "! important", "rgb(1,2,3)", "RGBA( 1 , 2 , 3 / 50% )", "calc(1px + 2%)", "expression(alert(1))",
          "url(http://canary.invalid/a)", "url( 'http://canary.invalid/b' )", 'url("b"c)', "u\\72l(x)", "\\75 rl(x)", "URL(x y)",
          "image-set('x' 1x)", "linear-gradient(red, blue)", "attr(title)", "var(--x)", "'Segoe UI'", '"a;b}c"', "'a\\'b'",
          "'a\\\nb'", "'open\n", "Arial", "\\41 rial", "m\\000065 dium", "a\\,b", "é", "\\1F600", "/* ; } */",
          "/", ",", "(", ")", "[x]", "{y:z}", "<", ">", "&", "<!--", "-->", "@media", "@import url(x);", "progid:X.Y(z=1)", "\\", "`",
          "url(a\\)b)", "url(a(b)", "1\\70x", "-", "--", "-\\-a", "+", "#\\66 ff", "5e", "5e-", "6--x"]


def value(rng):
    return rng.choice(["", " ", "  ", "/**/"]).join(rng.choice(VALUES) for _ in range(rng.randint(1, 4)))


def declaration(rng):
    name = rng.choice(NAMES)
    if rng.random() < .1:
        name = name[0] + f"\\{ord(name[1]):x} " + name[2:]
    if rng.random() < .1:
        name = name.upper()
    return f"{name}{rng.choice(['', ' ', '/*x*/'])}{rng.choice([':'] * 9 + [''])}{rng.choice(['', ' '])}{value(rng)}"


def sheet(rng):
    rules = []
    for number in range(RULES):
        body = rng.choice(["; ", ";", ";;", " ;\n"]).join(declaration(rng) for _ in range(rng.randint(1, 4)))
        if rng.random() < .05:
            body = f"@page{{margin:0}} {body}"
        rule = f".c{number}{rng.choice(['', ' ', '/**/'])}{{{body}}}"
        if rng.random() < .1:
            rule = rng.choice(["@media screen{%s}", "@supports (x:y){%s}", "<!--%s-->", "@import 'x';%s", "@font-face{src:url(x)}%s"]) % rule
        rules.append(rule)
    return "\n".join(rules)


class Refused(Exception):
    pass


def flat(nodes):
    """The tokens of a value without blanks and without what would load a picture; Refused: one is not allowed."""
    for node in nodes:
        kind = node.type
        if kind in ("whitespace", "comment") or (kind == "error" and node.kind.startswith("eof-")):
            continue
        if kind == "url" or (kind == "function" and node.lower_name in LOADING):
            continue
        if kind == "function" and node.lower_name in FUNCTIONS:
            yield ("function", node.lower_name)
            yield from flat(node.arguments)
            yield ("end",)
        elif kind == "() block":
            yield ("(",)
            yield from flat(node.content)
            yield ("end",)
        elif kind == "ident":
            yield (kind, node.value)
        elif kind == "string":
            yield (kind, node.value)
        elif kind == "hash" and re.fullmatch("[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}", node.value):
            yield (kind, node.value)
        elif kind in ("number", "percentage"):
            yield (kind, float(node.value))
        elif kind == "dimension" and node.lower_unit in UNITS:
            yield (kind, float(node.value), node.lower_unit)
        elif kind == "literal" and node.value in (",", "/", "+", "-", "*", "!"):
            yield (kind, node.value)
        else:
            raise Refused(kind)


def declarations(content):
    for node in tinycss2.parse_declaration_list(content, skip_comments=True, skip_whitespace=True):
        if node.type == "declaration" and node.lower_name in PROPERTIES:
            try:
                tokens = list(flat(node.value))
            except Refused:
                continue
            # Where a URL stood behind it, "!important" is at the end now.
            important = tokens[-2:] == [("literal", "!"), ("ident", "important")]
            if tokens or node.important:
                yield (node.lower_name, tuple(tokens[:-2] if important else tokens), node.important or important)


def rules(nodes):
    """(class, declarations) of each rule that has any."""
    for node in nodes:
        if node.type == "at-rule" and node.lower_at_keyword == "media" and node.content is not None:
            yield from rules(tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True))
        elif node.type == "qualified-rule":
            name = re.fullmatch(r"(?:\.m[0-9a-f]{8} )?\.(c\d+)\s*", tinycss2.serialize(node.prelude).replace("/**/", ""))
            if name:
                yield (name.group(1), list(declarations(node.content)))


def harmless(nodes):
    """Nothing but rules within the scope and media queries, and in them nothing but what the lists name."""
    for node in nodes:
        if node.type == "at-rule" and node.lower_at_keyword == "media":
            harmless(tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True))
            continue
        assert node.type == "qualified-rule", node
        assert tinycss2.serialize(node.prelude).startswith(".m"), node
        for inner in tinycss2.parse_declaration_list(node.content, skip_whitespace=True):
            assert inner.type == "declaration" and inner.lower_name in PROPERTIES, inner
            list(flat(inner.value))
            assert not re.search(r"url\(|expression", tinycss2.serialize([t for t in inner.value if t.type != "string"]).lower())


def shown(text):
    """The sheet that is left of this one, in its page."""
    page = subprocess.run([sys.argv[1]], input=f"<style>{text}</style><p>x".encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    kept = re.search(r'<div class="mail[^>]*><style>(.*?)</style>', page, re.DOTALL)
    assert page.count("</style>") == 1 + bool(kept), page
    return kept.group(1) if kept else ""


def selectors():
    """How many are not what they should be."""
    wrong = 0
    for selector, expected in SELECTORS.items():
        kept = shown(f"{selector} {{ color: red }}")
        scope = "." + kept[1:10]
        found = kept.split("{")[0].replace(scope, "M") if "color" in kept else None
        if found != expected:
            wrong += 1
            print(f"{selector} became {found}, not {expected}")
    return wrong


def main():
    rng, compared, wrong = random.Random(16), 0, selectors()
    for _ in range(SHEETS):
        text = sheet(rng)
        kept = shown(text)
        clean = tinycss2.parse_stylesheet(kept, skip_comments=True, skip_whitespace=True)
        harmless(clean)
        expected = list(rules(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)))
        found = list(rules(clean))
        compared += len(expected)
        if expected != found:
            wrong += 1
            if wrong <= 3:
                print(f"--- of\n{text}\n--- kept\n{kept}\n--- expected\n{expected}\n--- found\n{found}")
    print(f"{compared} rules in {SHEETS} sheets, {wrong} sheets differ")
    sys.exit(wrong > 0 or compared < SHEETS * RULES // 3)


main()
