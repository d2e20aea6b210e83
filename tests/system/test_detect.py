"""Detectors of numbers in messages, tried through the real MTA: what they find, and that the numbers are
on record nowhere."""
import base64
import io
import json
import re
import zipfile

import pytest

import world as sandbox
from messages import base64_lines, multipart, part

RULES = """
detect nhs regex "\\b\\d{3} ?\\d{3} ?\\d{4}\\b" checksum weights { 10 9 8 7 6 5 4 3 2 1 } modulo 11
match sender "two@example.com" detect ahv at least 2       reject "It has two AHV numbers."
match sender "two@example.com"                             deliver plain
match sender "four@example.com" detect ahv at least 4      reject "It has four AHV numbers."
match sender "four@example.com"                            deliver plain
match sender "not@example.com" not detect card             reject "It has no card."
match detect card                                          reject "It has a card number."
match detect iban                                          reject "It has an IBAN."
match detect ahv                                           reject "It has an AHV number."
match detect ssn                                           reject "It has a social security number."
match detect nhs                                           reject "It has an NHS number."
otherwise                                                  deliver plain
"""
TO = "reader@plain.example"
AHV = "It has an AHV number."

# None of the numbers is written in a test as it is sent: the last test looks for them everywhere.
NUMBERS = {"card": "4539 5787 6362 1486", "iban": "DE89 3704 0044 0532 0130 00", "ahv": "756.9217.0769.85", "ssn": "219-38-7465",
           "nhs": "943 476 5919"}


def answer(post, body, content=b"text/plain; charset=utf-8", sender="anna", subject="Hello", fields=()):
    """Postfix's reply: "250", or the rule's sentence, or "4"."""
    body = body if isinstance(body, bytes) else body.encode()
    message = post.compose([TO], body, content=content, sender=f"{sender}@example.com", subject=subject, fields=fields)
    code, text = post.send(message, [TO], sender=f"{sender}@example.com")
    return "4" if 400 <= code < 500 else "250" if code == 250 else text


@pytest.mark.parametrize("kind, said", [("card", "a card number"), ("iban", "an IBAN"), ("ahv", "an AHV number"),
                                        ("ssn", "a social security number"), ("nhs", "an NHS number")])
def test_number_is_found_and_one_with_a_digit_changed_is_not(post, kind, said):
    number = NUMBERS[kind]
    wrong = "000" + number[3:] if kind == "ssn" else number[:-1] + str((int(number[-1]) + 1) % 10)
    assert said in answer(post, f"Please note {number}, thank you.\r\n")
    assert answer(post, f"Please note {wrong}, thank you.\r\n") == "250"


def utf16(text):
    return base64_lines(text.encode("utf-16"))


WIDE = "".join(chr(0xff10 + int(c)) if c.isdigit() else c for c in NUMBERS["ahv"])
HTML = b"text/html; charset=utf-8"


@pytest.mark.parametrize("content, body", [
    (b"text/plain; charset=utf-8", NUMBERS["ahv"].replace(".", "\u202f")),
    (b"text/plain; charset=utf-8", NUMBERS["ahv"].replace(".", "\u2011")),
    (b"text/plain; charset=utf-8", WIDE),
    (b"text/plain; charset=utf-8", "\u00ad".join(NUMBERS["ahv"])),
    (b"text/plain; charset=utf-8", NUMBERS["ahv"].replace("0769.", "0769.\r\n")),
    (b"text/plain; charset=utf-8", "> 756.9217\r\n> 0769.85"),
    (HTML, "<p>756<b>.92</b>17<!-- x -->.07<wbr>69.85</p>"),
    (HTML, "&#55;56&nbsp;9217&#x20;0769&ensp;85"),
    (HTML, "<table><tr><td>756</td><td>9217</td><td>0769</td><td>85</td></tr></table>"),
    (b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", b"=37=35=36.92=\r\n17.0769.8=\r\n5"),
    (b"text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64", utf16(NUMBERS["ahv"])),
    (b"text/plain; format=flowed; delsp=yes", b"756.9217. \r\n0769.85\r\n"),
    (b"message/rfc822", b"Subject: 756.9217.0769.85\r\n\r\nx\r\n"),
    (b"text/csv; name=a.csv\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64",
     base64_lines(b"name;number\r\nMuster;7569217076985\r\n")),
    (b"application/octet-stream", b"7569217076985"),
], ids=["no-break space", "hyphen", "full width", "soft hyphens", "line end", "quoted", "tags", "references", "cells", "quoted-printable",
        "UTF-16", "flowed", "subject within", "attachment", "no type"])
def test_number_is_found_as_it_is_written_and_encoded(post, content, body):
    assert AHV in answer(post, body, content)


def test_number_is_found_in_header_and_file_names(post, tmp_path):
    """"Befund 756…" in a subject left in plain."""
    encoded = "=?utf-8?B?" + base64.b64encode(b"Befund 756.9217.07").decode() + "?=\r\n =?utf-8?Q?69.85?="
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{NUMBERS['ahv']}.txt", "x")
    assert AHV in answer(post, "x", subject=f"Befund {NUMBERS['ahv']}")
    assert AHV in answer(post, "x", subject=encoded)
    assert AHV in answer(post, "x", fields=["Thread-Topic: 756 9217 0769 85"])
    assert AHV in answer(post, "x", b"text/plain; name=7569217076985.txt\r\nContent-Disposition: attachment")
    assert AHV in answer(post, base64_lines(packed.getvalue()), b"application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64")


def test_different_numbers_are_counted(post):
    number = NUMBERS["ahv"]
    assert answer(post, f"{number}, {number.replace('.', '')}", sender="two") == "250"
    assert "two AHV" in answer(post, f"{number}, 756.1234.5678.97", sender="two")
    both = multipart("b", part("Content-Type: text/plain", number.encode()), part("Content-Type: text/html", b"<p>756.1234.5678.97"))
    assert "two AHV" in answer(post, both, b"multipart/alternative; boundary=b", sender="two")


def test_threshold_counts_subject_names_text_and_documents_together(post):
    """The fourth is in the file itself."""
    numbers = NUMBERS["ahv"], "756.1234.5678.97", "756.3047.5009.62", "756.8800.5641.37"

    def said(subject, name, text, inside):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("note.txt", inside)
        file = part(f"Content-Type: application/zip; name=\"{name}.zip\"\nContent-Transfer-Encoding: base64", base64_lines(packed.getvalue()))
        body = multipart("b", part("Content-Type: text/plain", text.encode()), file)
        return answer(post, body, b"multipart/mixed; boundary=b", sender="four", subject=f"Befund {subject}")

    assert "It has four AHV numbers." in said(*numbers)
    for missing in range(4):
        assert said(*("nothing" if i == missing else number for i, number in enumerate(numbers))) == "250"
        assert said(*(numbers[missing - 1] if i == missing else number for i, number in enumerate(numbers))) == "250"


@pytest.mark.parametrize("sender, body", [("anna", "x"), ("two", NUMBERS["ahv"]), ("not", "x")], ids=["none", "fewer", "not"])
def test_what_cannot_be_looked_into_waits(world, post, sender, body, tmp_path):
    """Promise 1: an encrypted archive, beside fewer numbers than the rule asks for."""
    (tmp_path / "a.txt").write_text("x")
    sandbox.command("zip", "-q", "-j", "-P", "x", tmp_path / "a.zip", tmp_path / "a.txt")
    name = "4539578763621486" if sender == "two" else "a"
    inner = part(f"Content-Type: application/zip; name={name}.zip\nContent-Transfer-Encoding: base64",
                 base64_lines((tmp_path / "a.zip").read_bytes()))
    both = multipart("b", part("Content-Type: text/plain", body.encode()), inner)
    assert answer(post, both, b"multipart/mixed; boundary=b", sender=sender) == "4"
    if sender == "two":  # the last test looks for the whole number
        sandbox.wait_until(lambda: "4539************.zip" in world.log("postseal-milter"), "the log")


def test_what_was_found_is_on_record_without_the_number(world, post, tmp_path):
    file = tmp_path / "mail.eml"
    file.write_bytes(post.compose([TO], b"See 756.9217.0769.85, and 7569217076985.\r\n"))
    said = world.postseal("policy", "explain", "--from", "anna@example.com", "--to", TO, file)
    assert "found: ahv, 1, such as 756.****.****.85 (part 1, text/plain)" in said
    rows = json.loads(world.postseal("policy", "explain", "--json", "--from", "anna@example.com", "--to", TO, file))
    found = [step["found"] for step in rows[0]["trace"]["rules"] if "found" in step]
    assert found[-1] == [{"detector": "ahv", "count": 1, "part": "part 1, text/plain", "sample": "756.****.****.85"}]
    assert AHV in answer(post, NUMBERS["ahv"])
    [[trace]] = world.postgres.query("select trace::text from postseal.copy where reason like '%an AHV number%' order by decided_at desc limit 1")
    assert '"sample": "756.****.****.85"' in trace


def test_numbers_are_in_no_log_and_not_in_the_database(world, post):
    """Runs last in this file: after all that was refused, deferred and delivered."""
    dump = sandbox.command("pg_dump", "-h", world.postgres.sockets, "-U", "root", "postseal").decode(errors="replace")
    assert "756.****.****.85" in dump
    logs = {path: path.read_text(errors="replace") for pattern in ("log/*", "*/log")
            for path in world.directory.glob(pattern) if path.is_file()}
    assert any("It has a card number." in text for text in logs.values()) and len(logs) > 4
    for where, text in [("database", dump), *logs.items()]:
        digits = re.sub(r"(?<=\d)[ .\u00ad-](?=\d)", "", text)
        for number in NUMBERS.values():
            assert number not in text and re.sub(r"[ .-]", "", number) not in digits, where
