"""postseal policy test: files of expectations, which admins keep beside their rules."""
import json
import subprocess

import pytest

from conftest import BUILD
from messages import base64_lines, multipart, part

CONFIG = """organisation "Example Corp"
domains { "example.com" }
database "postgresql:///nowhere"
portal url "https://secure.example.com"
networks { "10.0.0.0/8" }
sign "mta"
table partners { "partner.example" }
rule "night" match time "22:00-06:00" sender "it@example.com" reject "Not at night."
rule "partners" match recipient domain in <partners> deliver tls, pickup
rule "personal" match subject tag "[secure]" or text regex "AHV 756" deliver smime, pgp, pickup
rule "inside" match client in networks authenticated deliver plain
otherwise deliver smime, plain
"""
MESSAGE = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nNo. AHV 756.1\r\n"
BROKEN = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"

GOOD = """
# What the rules promise.
from "anna@example.com" to "sue@partner.example" gives tls by "partners"
from "anna@example.com" to { "a@x.example", "b@x.example" } file "mail.eml" gives smime, pgp by "personal"
from "anna@example.com" to "a@x.example" subject "[secure] Grüezi" gives only smime, pgp, pickup
from "anna@example.com" to "a@x.example" text "Your AHV 756.2" gives smime by "personal"
from "it@example.com" to "a@x.example" time "2026-11-27 23:30" gives reject by "night"
from "it@example.com" to "a@x.example" time "2026-11-27 12:30" gives only smime, plain
from "it@example.com" to "a@x.example" time "2026-11-27 12:30" user "it" client "10.1.2.3"
      gives plain by "inside"
from "anna@example.com" to "a@x.example" file "broken.eml" gives wait
include "more.expect"
"""


def run_in(directory, text, *words):
    (directory / "rules.expect").write_text(text)
    return subprocess.run([BUILD / "bin" / "postseal", "-f", directory / "postseal.conf", "policy", "test", *words, "rules.expect"],
                          cwd=directory, capture_output=True, text=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"})


@pytest.fixture
def run(tmp_path):
    """postseal policy test with this text; there is no database."""
    (tmp_path / "postseal.conf").write_text(CONFIG)
    (tmp_path / "mail.eml").write_bytes(MESSAGE)
    (tmp_path / "broken.eml").write_bytes(BROKEN)
    (tmp_path / "more.expect").write_text('from "" to "x@partner.example" gives tls\n')

    return lambda text, *words: run_in(tmp_path, text, *words)


def test_expectations_that_hold(run):
    done = run(GOOD)
    assert (done.stderr, done.stdout, done.returncode) == ("", "10 of 10 expectations hold\n", 0)


def test_what_does_not_hold_says_what_was_found(run):
    done = run(GOOD.replace("gives tls by", "gives smime by").replace("gives wait", "gives plain")
               .replace('gives smime by "personal"', 'gives smime by "partners"').replace("gives only smime, plain", "gives only smime"))
    assert done.returncode == 1 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == ('rules.expect:3: sue@partner.example: expected smime by "partners", '
                        'found tls, pickup by "partners" in line 9')
    assert lines[1] == ('rules.expect:6: a@x.example: expected smime by "partners", '
                        'found smime, pgp, pickup by "personal" in line 10')
    assert lines[2] == "rules.expect:8: a@x.example: expected only smime, found smime, plain by line 12"
    assert lines[3].startswith("rules.expect:11: a@x.example: expected plain, found wait: deciding by the rule \"personal\" in line 10: ")
    assert lines[4:] == ["6 of 10 expectations hold"]


def test_portal_and_rules_that_watch_are_tried(tmp_path):
    """Rules for members of the portal, and those that only watch, could not be tried."""
    (tmp_path / "postseal.conf").write_text(CONFIG.replace('rule "night"', '''
rule "office" match portal recipient "office@example.com" deliver plain
rule "trial" match subject regex "offer" watch
rule "night"'''))
    done = run_in(tmp_path, """
from "sue@x.example" portal to "office@example.com" subject "offer" gives only plain by "office"
from "sue@x.example" portal to "anna@example.com" gives refuse
from "sue@x.example" to "office@example.com" subject "An offer" gives smime
from "sue@x.example" portal portal to "office@example.com" gives plain
""", "--json")
    rows = json.loads(done.stdout)
    assert [row["holds"] for row in rows] == [True] * 3 and [row["watched"] for row in rows] == [[], [], ["trial"]]
    assert rows[1]["found"] == "refuse: no rule lets members of the portal write there"
    assert "rules.expect:5:29: found portal, expected" in done.stderr and done.returncode == 1


@pytest.mark.parametrize("head", [
    "Content-Type: message/rfc822", "Content-Type: application/octet-stream; name=mail.eml\nContent-Transfer-Encoding: base64"])
def test_type_of_a_part_within_an_attached_message_is_seen(tmp_path, head):
    """Also of one that is attached as a file."""
    def mail(kind):
        inner = b"Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n" + multipart(
            "i", part("Content-Type: text/plain", b"x\r\n"), part(f"Content-Type: {kind}\nContent-Transfer-Encoding: base64", b"eA==\r\n"))
        body = multipart("b", part("Content-Type: text/plain", b"x\r\n"), part(head, base64_lines(inner) if "base64" in head else inner))
        return b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body

    (tmp_path / "postseal.conf").write_text(CONFIG.replace('rule "night"', 'rule "dicom" match attachment type "application/dicom" reject "x"\nrule "night"'))
    (tmp_path / "dicom.eml").write_bytes(mail("Application/DICOM"))
    (tmp_path / "other.eml").write_bytes(mail("image/png"))
    done = run_in(tmp_path, """
from "anna@example.com" to "a@x.example" file "dicom.eml" gives reject by "dicom"
from "anna@example.com" to "a@x.example" file "other.eml" gives smime
""")
    assert (done.stderr, done.stdout) == ("", "2 of 2 expectations hold\n")


def test_rows_for_programs(run):
    done = run(GOOD, "--json")
    rows = json.loads(done.stdout)
    assert len(rows) == 10 and all(row["holds"] for row in rows) and done.returncode == 0
    assert rows[0] == {"file": "rules.expect", "line": 3, "recipient": "sue@partner.example", "holds": True,
                       "expected": 'tls by "partners"', "found": 'tls, pickup by "partners" in line 9', "watched": []}


@pytest.mark.parametrize("line, wanted", [
    ('from "a@x.example" to "b@x.example" gives smoke', ":1:43: found smoke, expected a method such as smime or pickup, reject, refuse, hold or wait"),
    ('from "a@x.example" to "b@x.example"', ":1:36: found the end of the line, expected gives, what the rules say"),
    ('to "b@x.example" gives plain', ":1:29: found the end of the line, expected from, the sender"),
    ('from "a@x.example" gives plain', ":1:31: found the end of the line, expected to, a recipient"),
    ('from "a@x.example" from "b@x.example"', ":1:20: found from, expected it once"),
    ('from "ä@x.example" to { "b@x.example" gives plain', ":1:39: found gives, expected another text in quotes or a closing brace"),
    ('from "a@x.example" colour "blue"', ":1:20: found colour, expected from, to, user, client"),
    ('from "a@x.example" to "b@x.example" file "none.eml" gives plain', ":1:1: reading ./none.eml: No such file or directory"),
    ('from "a@x.example" to "b@" gives plain', ":1:1: "),
    ('from "a@x.example" to "b@x.example" time "noon" gives plain', 'reading the time "noon": it is not a time such as'),
    ('from "a@x.example" to "b@x.example" client "home" gives plain', 'reading the client "home": it is not an address such as'),
    ('from "a@x.example" to "b@x.example" file "mail.eml" text "x" gives plain', "expected either file, or subject and text"),
    ('include "nothing.expect"', ":1:9: including ./nothing.expect: "),
    ("# nothing", "found no expectation"),
])
def test_errors_name_their_place(run, line, wanted):
    done = run(line + "\n")
    assert done.returncode == 1 and "rules.expect" in done.stderr and wanted in done.stderr, done.stderr


ASKED = """organisation "Example Corp"
domains { "example.com" }
database "host=/nowhere dbname=nothing"
portal url "https://secure.example.com"
directory staff url "ldaps://127.0.0.1:1" base "dc=example"
table lawyers directory staff filter "(&(mail=%s)(ou=law))"
table clients database "select 1 from crm.client where domain = $1"
table known { "a@example.com" }
rule "clients" match recipient domain in <clients> deliver tls
rule "lawyers" match sender in <lawyers> deliver smime
rule "rest" otherwise deliver plain
"""


def test_tables_are_asked_of_nobody_where_their_members_are_given(tmp_path):
    """Without a directory and a database, and from there on: each line about a table is what holds for the lines below."""
    (tmp_path / "postseal.conf").write_text(ASKED)

    def run(text):
        (tmp_path / "rules.expect").write_text(text)
        return subprocess.run([BUILD / "bin" / "postseal", "-f", tmp_path / "postseal.conf", "policy", "test", "rules.expect"],
                              cwd=tmp_path, capture_output=True, text=True)

    good = """
table lawyers { "Law@Example.com", "b@b\u00fccher.example" }
table clients { }
from "law@example.com" to "x@client.example" gives only smime by "lawyers"
from "b@xn--bcher-kva.example" to "x@client.example" gives only smime by "lawyers"
from "other@example.com" to "x@client.example" gives only plain by "rest"
table clients { "client.example" }
from "law@example.com" to "x@client.example" gives only tls by "clients"
# A query or filter is asked for the whole domain, and so is this.
from "law@example.com" to "x@sub.client.example" gives only smime by "lawyers"
table lawyers {}
from "law@example.com" to "x@sub.client.example" gives only plain by "rest"
"""
    done = run(good)
    assert (done.stderr, done.stdout, done.returncode) == ("", "6 of 6 expectations hold\n", 0)
    done = run(good.replace("table clients { }", "# not given"))
    assert done.returncode == 1 and "asking the table <clients>" in done.stderr
    done = run(good.replace('table lawyers { "Law', "# "))
    assert done.returncode == 1 and "asking the table <lawyers>" in done.stderr


@pytest.mark.parametrize("line, wanted", [
    ("table nobody { }", ":1:1: there is no table <nobody> in the rules"),
    ('table known { "b@example.com" }', ":1:1: the members of the table <known> are known: it is neither in a directory nor in the database"),
    ("table lawyers", ":1:14: found the end of the line, expected the members of the table in braces"),
    ('table lawyers "a@example.com"', ':1:15: found "a@example.com", expected the members of the table in braces'),
    ('table lawyers { "a@example.com" x }', ":1:33: found x, expected another text in quotes or a closing brace"),
    ('table lawyers { "a@example.com" } x', ":1:35: found x, expected the end of the line"),
    ('table "lawyers" { }', ':1:7: found "lawyers", expected the name of a table'),
    ('table lawyers { "a b@example.com" }', ":1:1: reading the members of the table <lawyers>: "),
])
def test_errors_about_members_name_their_place(tmp_path, line, wanted):
    (tmp_path / "postseal.conf").write_text(ASKED)
    (tmp_path / "rules.expect").write_text(line + "\n")
    done = subprocess.run([BUILD / "bin" / "postseal", "-f", tmp_path / "postseal.conf", "policy", "test", "rules.expect"],
                          cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "rules.expect" + wanted in done.stderr, done.stderr


WISHES = CONFIG.partition("table partners")[0] + """
table secrets words { "password" }
table abroad { ".cn" ".xn--p1ai" }
rule "abroad"   match recipient domain in <abroad>            reject "No mail to this country."
rule "password" match opaque text in <secrets>                reject "The password may not be in the same mail."
rule "nothing"  match opaque not text in <secrets> sender "nobody@example.com" deliver plain
rule "locked"   match opaque                                  deliver pickup
rule "rest"     otherwise                                     deliver plain
"""


@pytest.fixture
def wish(tmp_path):
    """What becomes of these lines under WISHES."""
    (tmp_path / "wishes.conf").write_text(WISHES)

    def test(text):
        (tmp_path / "wishes.expect").write_text(text)
        return subprocess.run([BUILD / "bin" / "postseal", "-f", tmp_path / "wishes.conf", "policy", "test", "wishes.expect"],
                              cwd=tmp_path, capture_output=True, text=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"})
    return test


def test_rule_about_a_word_beside_what_is_opaque_waited_for_ever(wish, tmp_path):
    """A password in the mail with the locked archive is one; that none is in the archive, nobody knows."""
    for name, text in (("with", b"The password is x"), ("without", b"As agreed")):
        archive = multipart("b", part("Content-Type: text/plain", text + b"\r\n"),
                            part("Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64", base64_lines(b"7z\xbc\xaf\x27\x1c" + bytes(90))))
        (tmp_path / f"{name}.eml").write_bytes(b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + archive)
    done = wish('from "a@example.com" to "x@x.example" file "with.eml" gives reject by "password"\n'
                'from "a@example.com" to "x@x.example" file "without.eml" gives pickup by "locked"\n'
                'from "nobody@example.com" to "x@x.example" file "without.eml" gives wait\n')
    assert (done.stdout, done.returncode) == ("3 of 3 expectations hold\n", 0)
    assert done.stderr.count("too late") == 1 and "where the other conditions of the one in line 12 hold" in done.stderr  # "nothing"


def test_country_was_no_domain(wish):
    done = wish('from "a@example.com" to { "x@y.CN" "x@a.b.cn" "x@a.рф" } gives reject by "abroad"\n'
                'from "a@example.com" to { "x@cn.example" "x@acn.example" } gives plain by "rest"\n')
    assert (done.stdout, done.returncode) == ("5 of 5 expectations hold\n", 0)


def test_word_of_the_language_as_a_name_was_no_word(tmp_path):
    (tmp_path / "wishes.conf").write_text(WISHES + 'table words words { "a" }\n')
    done = subprocess.run([BUILD / "bin" / "postseal", "-f", tmp_path / "wishes.conf", "policy", "test", "none"], capture_output=True, text=True)
    assert "wishes.conf:15:7: found words, expected a word that the language does not use itself" in done.stderr
