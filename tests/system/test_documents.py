"""Rules look into archives and office documents: what is in them is found, whatever makes them, and what cannot be
looked into is opaque, in bounded time and memory."""
import bz2
import gzip
import io
import json
import lzma
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

import docx
import documents
import openpyxl
import pytest
import world as sandbox
from conftest import BUILD, SOURCE
from documents import DONE, FORMS, TOO_DEEP, TOO_LARGE, TOO_MANY, TOO_MUCH_MEMORY, TOO_MUCH_WORK, ask, zipped
from messages import base64_lines, multipart, noise, part
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

sys.path.append(str(SOURCE / "tests" / "unit" / "policy"))
import test_detect_oracle as oracle  # noqa: E402

SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text().partition("POSTSEAL_SANITIZE:")[2].partition("\n")[0]
NUMBER, NEAR = "756.1234.5678.97", "756.1234.5678.9x"
RULES = r"""
match sender "text@example.com" text regex "\b756\.\d{4}\.\d{4}\.\d{2}\b"  reject "It has the number."
match sender "name@example.com" attachment name "*.dwg"                    reject "It has a drawing."
match sender "opaque@example.com" opaque                                   reject "It cannot be looked into."
detect nhs regex "\b\d{3} ?\d{3} ?\d{4}\b" checksum weights { 10 9 8 7 6 5 4 3 2 1 } modulo 11
table diagnoses words { "appendicitis" "fracture of the skull" }
rule "card"      match sender "detect@example.com" detect card          watch
rule "iban"      match sender "detect@example.com" detect iban          watch
rule "ahv"       match sender "detect@example.com" detect ahv           watch
rule "ssn"       match sender "detect@example.com" detect ssn           watch
rule "nhs"       match sender "detect@example.com" detect nhs           watch
rule "diagnoses" match sender "detect@example.com" text in <diagnoses>  watch
otherwise                                                                  deliver plain
"""
TO = "reader@plain.example"


def read(document):
    if b"%PDF-" in document[:1024]:
        return ask("postseal-reader-pdf", b"pdf", document)
    if document.startswith(b"\x78\x9f\x3e\x22"):
        return ask("postseal-reader-office", b"tnef", document)
    return ask("postseal-reader-office", b"rtf" if document.startswith(b"{") else b"zip", document)


def answer(post, sender, *attachments):
    """Postfix's reply to a message with these files: "250", or the rule's sentence, or "4"."""
    parts = [part(f"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=file{i}\n"
                  "Content-Transfer-Encoding: base64", base64_lines(data)) for i, data in enumerate(attachments)]
    body = multipart("b", part("Content-Type: text/plain", b"See the file.\r\n"), *parts)
    message = post.compose([TO], body, content=b"multipart/mixed; boundary=b", sender=f"{sender}@example.com")
    code, text = post.send(message, [TO], sender=f"{sender}@example.com")
    return "4" if 400 <= code < 500 else "250" if code == 250 else text


# --- the whole way ---

@pytest.mark.parametrize("form", FORMS)
def test_number_in_a_document_is_found_and_a_near_miss_is_not(post, form):
    assert "It has the number." in answer(post, "text", FORMS[form](NUMBER))
    assert answer(post, "text", FORMS[form](NEAR)) == "250"
    assert answer(post, "opaque", FORMS[form](NEAR)) == "250"


# What each detector looks for, and what is nearly that.
SOUGHT = {
    "card": ("4556 7375 8689 9855", "4556 7375 8689 9856"), "iban": ("DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
    "ahv": ("756.9217.0769.85", "756.9217.0769.86"), "ssn": ("219-38-7465", "000-38-7465"),
    "nhs": ("943 476 5919", "943 476 5918"), "diagnoses": ("Appendicitis", "Appendicitide"),
}


def watched(world, post, name, attachments):
    """The names of the rules that a message with these files matched, and for each detector how many it found in which
    part."""
    to = f"{name}@plain.example"
    parts = [part("Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=file\n"
                  "Content-Transfer-Encoding: base64", base64_lines(data)) for data in attachments]
    body = multipart("b", part("Content-Type: text/plain", b"See the files.\r\n"), *parts)
    post.accepted(post.compose([to], body, content=b"multipart/mixed; boundary=b", sender="detect@example.com"), [to],
                  sender="detect@example.com")
    [[trace]] = world.postgres.query(f"select trace::text from postseal.copy where recipient = '{to}'")
    steps = [step for step in json.loads(trace)["rules"] if step.get("watched")]
    assert len(steps) == len(SOUGHT) and not any("unanswered" in step for step in steps), steps
    found = {each.get("detector") or each["table"]: (each["count"], each["part"]) for step in steps for each in step.get("found", ())}
    return [step["name"] for step in steps if step["matched"]], found


@pytest.mark.parametrize("form", FORMS)
def test_what_each_detector_looks_for_is_found_in_every_form_and_near_misses_are_not(world, post, name, form):
    """One file for each of them, in one message: each is found in its own file, and nothing else is."""
    right, near = ([FORMS[form](pair[i]) for pair in SOUGHT.values()] for i in (0, 1))
    names, found = watched(world, post, f"{name}.right", right)
    assert names == list(SOUGHT)
    assert found == {detector: (1, f"part {i + 2}, application/octet-stream") for i, detector in enumerate(SOUGHT)}
    assert watched(world, post, f"{name}.near", near) == ([], {})


def test_words_of_a_table_are_counted_on_record_and_not_shown(world, post, name, tmp_path):
    """Of a table of words, neither how many nor where was on record."""
    content, to = b"text/plain; charset=utf-8", f"{name}@plain.example"
    message = post.compose([to], b"A fracture of the\r\nSKULL.\r\n", content=content, sender="detect@example.com")
    (tmp_path / "mail.eml").write_bytes(message)
    said = world.postseal("policy", "explain", "--from", "detect@example.com", "--to", to, tmp_path / "mail.eml")
    assert "found: 1 of <diagnoses> (part 1, text/plain)" in said
    post.accepted(message, [to], sender="detect@example.com")
    [[trace]] = world.postgres.query(f"select trace::text from postseal.copy where recipient = '{to}'")
    found = [each for step in json.loads(trace)["rules"] for each in step.get("found", ())]
    assert found == [{"table": "diagnoses", "count": 1, "part": "part 1, text/plain"}] and "skull" not in trace.lower()


NUMBER_KINDS = ("card", "iban", "ahv", "ssn")
SHORT = ("xlsx_sheet_name",)  # has room for a number only


def generated(form, make):
    """For each kind of number and each language, a file with a generated sentence."""
    rng, files = random.Random(form), []
    for kind in NUMBER_KINDS:
        for language, sentences in oracle.SENTENCES.items():
            written, is_longer = make(rng, kind)
            text = oracle.grouped(kind, written, "-" if form in SHORT else rng.choice([" ", "-"]), is_longer)
            around = rng.choice([one for one in sentences if "\r\n" not in one and not set(one) & set("[\u2019\u2039")])
            around = around.replace("{}", oracle.WORDS[language] + "{}") if kind == "ssn" else around
            files.append(FORMS[form](text if form in SHORT else around.replace("{}", text)))
    return files


@pytest.mark.parametrize("form", FORMS)
def test_generated_numbers_in_four_languages_are_found_in_every_form_and_near_misses_are_not(world, post, name, form):
    _, found = watched(world, post, f"{name}.right", generated(form, lambda rng, kind: (oracle.valid(rng, kind), False)))
    counts = {kind: count for kind, (count, _) in found.items()}
    assert counts == dict.fromkeys(NUMBER_KINDS, len(oracle.SENTENCES))

    def near(rng, kind):
        how, number = oracle.near_miss(rng, kind)
        return number, how == "a digit more"

    _, found = watched(world, post, f"{name}.near", generated(form, near))
    assert set(found) & set(NUMBER_KINDS) == set()


def test_number_in_one_of_many_attachments_is_found(post):
    others = [documents.docx_paragraph(f"nothing {i}") for i in range(12)]
    assert "It has the number." in answer(post, "text", *others, documents.docx_runs(NUMBER), *others)
    assert answer(post, "text", *others) == "250"


def test_name_in_an_archive_within_an_archive_is_found(post):
    plan = zipped({"folder/plan.DWG": b"x"})
    assert "It has a drawing." in answer(post, "name", zipped({"a.zip": plan}))
    assert "It has a drawing." in answer(post, "name", documents.repacked(documents.docx_paragraph("x"), **{
        "word/embeddings/package.zip": plan}))
    assert answer(post, "name", zipped({"a.zip": zipped({"plan.dwf": b"x"})})) == "250"


def test_name_behind_a_long_path_in_an_archive_within_an_archive_was_cut(post):
    for path in ("folder/" * 200, "ordner mit ä/" * 500):
        assert "It has a drawing." in answer(post, "name", zipped({"a.zip": zipped({f"{path}plan.dwg": b"x"})})), len(path)


def many(count):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for i in range(count):
            archive.writestr(f"xl/worksheets/sheet{i}.xml", "<worksheet/>")
        archive.writestr("[Content_Types].xml", "<Types/>")
    return data.getvalue()


def claimed(data, size):
    """The archive, whose only file claims a size in the directory and in front of the file."""
    directory = data.index(b"PK\1\2")
    changed = bytearray(data)
    struct.pack_into("<I", changed, directory + 24, size)
    struct.pack_into("<I", changed, 22, size)
    return bytes(changed)


def claimed64(size):
    """The same with sizes of 64 bits."""
    text = b"x" * 987_653
    data = documents.zip64({"a.txt": text})
    assert data.count(struct.pack("<Q", len(text))) == 2
    return data.replace(struct.pack("<Q", len(text)), struct.pack("<Q", size))


def two_directories():
    """Programs that read the end of the archive see another directory than those that read the longer record before it
    (4.3.14)."""
    data, other = documents.zip64_text(NUMBER), zipped({"b.txt": "nothing"})
    locator, end = data.index(b"PK\6\7"), data.index(b"PK\5\6")
    record, directory = data.index(b"PK\6\6"), other[other.index(b"PK\1\2"):other.index(b"PK\5\6")]
    changed = bytearray(data[:record] + directory + data[record:])
    struct.pack_into("<Q", changed, locator + len(directory) + 8, record + len(directory))
    struct.pack_into("<HHII", changed, end + len(directory) + 8, 1, 1, len(directory), record)
    return bytes(changed)


def other_size_in_front():
    """In 64 bits before the file, another size than in the directory."""
    text = b"x" * 987_653
    data = bytearray(documents.zip64({"a.txt": text}))
    struct.pack_into("<Q", data, data.index(struct.pack("<Q", len(text))), 10)
    return bytes(data)


def hidden_from_the_directory():
    """A file that only those see who read from the beginning."""
    first, second = zipped({"a.txt": NUMBER}), zipped({"b.txt": "nothing"})
    data = bytearray(first[:first.index(b"PK\1\2")] + second)
    end = data.rindex(b"PK\5\6")
    struct.pack_into("<I", data, end + 16, struct.unpack_from("<I", data, end + 16)[0] + first.index(b"PK\1\2"))
    directory = data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, directory + 42, first.index(b"PK\1\2"))
    return bytes(data)


def overlapping():
    """Two files that share their bytes, as in bombs that are not nested."""
    data = bytearray(zipped({"a.txt": b"a" * 100000, "b.txt": b"a" * 100000}))
    second = data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, second + 42, 0)
    return bytes(data)


def nested(depth):
    data = zipped({"note.txt": NUMBER})
    for _ in range(depth):
        data = zipped({"inner.zip": data}, zipfile.ZIP_STORED)
    return data


def xml_of(body):
    return documents.repacked(documents.docx_paragraph("x"), **{"word/document.xml": body})


def pdf_of(*objects):
    """Without a table of references: it is repaired."""
    numbered = "".join(f"{i} 0 obj {each} endobj\n" for i, each in enumerate(objects, 1))
    return f"%PDF-1.4\n{numbered}trailer<</Root 1 0 R>>\n%%EOF\n".encode()


def pdf_bomb(count=20_000_000):
    """A page of some kB that takes as many operators, within filters of filters."""
    stream = zlib.compress(zlib.compress(b"0 0 m 9 9 l " * count, 9), 9)
    return (b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj\n"
            b"4 0 obj<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n"
            % (len(stream), stream))


def encrypted(tmp_path):
    (tmp_path / "plan.txt").write_text(NUMBER)
    sandbox.command("zip", "-q", "-j", "-P", "x", tmp_path / "a.zip", tmp_path / "plan.txt")
    return (tmp_path / "a.zip").read_bytes()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
# Each is refused, or said to be opaque.
HOSTILE = {
    "1 GB of zeros": lambda tmp_path: zipped({"a.txt": bytes(1 << 30)}),
    "10 files of 100 MB": lambda tmp_path: zipped({f"{i}.xml": bytes(100_000_000) for i in range(10)}),
    "4 GB claimed": lambda tmp_path: claimed(zipped({"a.txt": b"x" * 1000}), 0xfffffff0),
    "10 GB claimed": lambda tmp_path: claimed64(10_000_000_000),
    "more claimed than there are numbers": lambda tmp_path: claimed64((1 << 64) - 1),
    "two directories": lambda tmp_path: two_directories(),
    "another size in front": lambda tmp_path: other_size_in_front(),
    "less claimed than there is": lambda tmp_path: claimed(zipped({"a.txt": b"x" * 1000}), 10),
    "100 000 sheets": lambda tmp_path: many(100_000),
    "hidden from the directory": lambda tmp_path: hidden_from_the_directory(),
    "overlapping": lambda tmp_path: overlapping(),
    "encrypted": encrypted,
    "encrypted with AES": lambda tmp_path: documents.zip_encrypted_with_aes(NUMBER),
    "cut off": lambda tmp_path: documents.docx_paragraph(NUMBER)[:-100],
    "checksum": lambda tmp_path: zipped({"a.txt": b"756.1234"}, zipfile.ZIP_STORED).replace(b"756.1234", b"756.1235"),
    "another method": lambda tmp_path: zipped({"a.txt": NUMBER}, zipfile.ZIP_LZMA),
    "another archive": lambda tmp_path: zipped({"a.dat": b"7z\xbc\xaf\x27\x1c" + bytes(100)}),
    "a message": lambda tmp_path: zipped({"a.eml": "Subject: x\r\n\r\nx"}),
    "laughs": lambda tmp_path: xml_of('<!DOCTYPE a [<!ENTITY a "756.1234"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'),
    "elements": lambda tmp_path: xml_of("<a>" * 100_000),
    "text boxes": lambda tmp_path: xml_of(f"<w:p {W}>" + "<w:p>" * 100),
    "no XML": lambda tmp_path: xml_of("<w:p>756.1234"),
    "encrypted OpenDocument": lambda tmp_path: documents.repacked(documents.odt_paragraph("x"), **{"META-INF/manifest.xml": documents.ODF_ENCRYPTED}),
    "OpenDocument with a password": lambda tmp_path: documents.odf_encrypted(documents.odt_paragraph(NUMBER)),
    "OpenDocument within OpenDocument with a password": lambda tmp_path: documents.odf_encrypted_whole(),
    "macros of OpenDocument": lambda tmp_path: documents.repacked(documents.odt_paragraph("x"), **{"Basic/Standard/Module1.xml": "<module>Sub Main</module>"}),
    "object in RTF": lambda tmp_path: rb"{\rtf1 a {\object\objemb{\*\objdata 0105000002}}}",
    "groups of RTF": lambda tmp_path: rb"{\rtf1 " + b"{" * 100_000,
    "PDF with a password": lambda tmp_path: documents.through(
        "qpdf", "--encrypt", "user", "owner", "256", "--", "{old}", "{new}", data=documents.pdf_plain(NUMBER)),
    "PDF with a password, 40 bits": lambda tmp_path: documents.through(
        "qpdf", "--allow-weak-crypto", "--encrypt", "user", "owner", "40", "--", "{old}", "{new}", data=documents.pdf_plain(NUMBER)),
    "PDF with a password, 128 bits": lambda tmp_path: documents.through(
        "qpdf", "--allow-weak-crypto", "--encrypt", "user", "owner", "128", "--use-aes=y", "--", "{old}", "{new}",
        data=documents.pdf_plain(NUMBER)),
    "PDF cut off": lambda tmp_path: b"%PDF-1.7\n1 0 obj<<",
    "PDF with scripts": lambda tmp_path: pdf_of("<</Type/Catalog/Pages 2 0 R/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(app.alert(1))>>]>>>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"),
    "240 MB of operators": lambda tmp_path: pdf_bomb(),
    "winmail.dat cut off": lambda tmp_path: documents.tnef_attachment(NUMBER)[:-500],
    "winmail.dat with another length": lambda tmp_path: documents.tnef_body("x").replace(
        struct.pack("<II", 0x00018004, 12), struct.pack("<II", 0x00018004, 0x7ffffff0)),
    "macros": lambda tmp_path: documents.repacked(documents.xlsx_shared("x"), **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)}),
    "binary sheets": lambda tmp_path: documents.repacked(documents.xlsx_shared("x"), **{"xl/worksheets/sheet1.bin": b"\1\0\2\0" + bytes(600)}),
    "an object": lambda tmp_path: documents.repacked(documents.docx_paragraph("x"), **{"word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_document_is_opaque_in_bounded_time_and_memory(post, tmp_path, kind):
    document = HOSTILE[kind](tmp_path)
    found = read(document)
    assert found.status == 0, "the reader died"
    assert found.outcome in (TOO_LARGE, TOO_DEEP, TOO_MANY, TOO_MUCH_MEMORY, TOO_MUCH_WORK) or (found.outcome == DONE and found.opaque), found
    assert SANITIZED or found.seconds < 4
    assert "It cannot be looked into." in answer(post, "opaque", document)
    assert answer(post, "text", document) in ("4", "It has the number.") or "It has the number." in answer(post, "text", document)


@pytest.mark.parametrize("make", [documents.docx_paragraph, documents.xlsx_shared, documents.pptx_slide])
@pytest.mark.parametrize("wrap", [lambda package: package, lambda package: zipped({"a.docx": package})], ids=["attached", "in an archive"])
def test_office_document_with_a_password_is_opaque(post, make, wrap):
    """A compound file, which no reader is asked about."""
    document = wrap(documents.office_encrypted(make(NUMBER)))
    assert "It cannot be looked into." in answer(post, "opaque", document)
    assert answer(post, "text", document) == "4"


def test_text_beside_macros_is_read(post):
    """The document is opaque, but what can be read counts."""
    macros = {"vbaProject.bin": documents.cfb({"PROJECT": b"ID".ljust(4096), "dir": noise(4096, "dir")})}
    for make, folder in ((documents.docx_runs, "word"), (documents.xlsx_shared, "xl"), (documents.pptx_slide, "ppt")):
        files = {f"{folder}/{name}": data for name, data in macros.items()}
        assert "It has the number." in answer(post, "text", documents.repacked(make(NUMBER), **files))
        assert answer(post, "text", documents.repacked(make(NEAR), **files)) == "4"
        assert "It cannot be looked into." in answer(post, "opaque", documents.repacked(make(NUMBER), **files))


def resident(world, what):
    status = pathlib.Path(f"/proc/{world.programs['postseal-milter']}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) / 1000


def work_of_readers(world):
    """Seconds of the processor that the milter's processes took, which have ended."""
    stat = pathlib.Path(f"/proc/{world.programs['postseal-milter']}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(SANITIZED, reason="without a limit to memory")
def test_pdf_that_takes_too_much_memory_was_said_to_crash_its_reader():
    """On a machine that is faster with the memory than with the work: it was killed as if it were taken over, and another
    one tried."""
    found = read(pdf_bomb(6_000_000))
    assert (found.status, found.outcome) == (0, TOO_MUCH_MEMORY), found


@pytest.mark.parametrize("filler", [b"\0", b"a line of text\n"], ids=["zeros", "text"])
def test_bombs_within_an_archive_are_opaque_in_bounded_memory(world, post, filler):
    """2 GB in an archive of some kB, none of whose archives is too large. As zeros, which are no text, it was read to its
    end, in 6 s of the readers' work, and was not opaque; it is told what it unpacks to before that is done."""
    bomb = zipped({"a.txt": filler * (200_000_000 // len(filler))})
    document = zipped({f"{i}.zip": bomb for i in range(10)})
    assert SANITIZED or read(bomb).seconds < 2 and read(bomb).unpacks == len(filler) * (200_000_000 // len(filler))
    pid = world.programs["postseal-milter"]
    before, worked = resident(world, "VmRSS"), work_of_readers(world)
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    assert "It cannot be looked into." in answer(post, "opaque", document)
    grown, worked = resident(world, "VmHWM") - before, work_of_readers(world) - worked
    print(f"{len(document)} bytes: the milter grew by {grown:.1f} MB, its readers worked for {worked:.1f} s")
    assert SANITIZED or (grown < 16 and worked < 4), (grown, worked)


def test_document_beside_a_bomb_is_read(post):
    bomb = zipped({"a.bin": bytes(200_000_000)})
    document = zipped({**{f"{i}.zip": bomb for i in range(6)}, "z.docx": documents.docx_paragraph(NUMBER)})
    assert "It has the number." in answer(post, "text", document)
    assert answer(post, "text", zipped({f"{i}.zip": bomb for i in range(6)})) == "4"
    assert answer(post, "text", zipped({f"{i}.zip": bomb for i in range(2)})) == "250"


@pytest.mark.skipif(SANITIZED, reason="sanitizers need more addresses than there is memory")
@pytest.mark.parametrize("program, megabytes", [("postseal-reader-office", 256), ("postseal-reader-pdf", 512)])
def test_readers_of_documents_are_limited_by_the_kernel(program, megabytes):
    """Memory, time, and files: before they read."""
    ours, theirs = socket.socketpair()
    pid = os.posix_spawn(BUILD / "bin" / program, [program], {}, file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)])
    theirs.close()
    proc = pathlib.Path(f"/proc/{pid}")
    try:
        sandbox.wait_until(lambda: "\nSeccomp:\t2\n" in (proc / "status").read_text(), "the filter of system calls")
        limits = {line[:26].strip(): line[26:].split()[:2] for line in (proc / "limits").read_text().splitlines()}
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        ours.close()
    assert limits["Max address space"] == [str(megabytes << 20)] * 2
    assert limits["Max cpu time"] == ["20", "20"] and limits["Max open files"] == ["1", "1"]
    assert limits["Max file size"] == limits["Max core file size"] == limits["Max processes"] == ["0", "0"]


CATALOG, KIDS = "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>"
DRAWN = f"stream\nBT /H 9 Tf 9 9 Td ({NUMBER}) Tj ET\nendstream"
HELVETICA = "/Font<</H<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"


def page_with(contents, resources=HELVETICA):
    return f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 99]/Resources<<{resources}>>/Contents {contents} 0 R>>"


# What is read has the number: no loop hides it.
LOOPS = {
    "pages": pdf_of(CATALOG, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"),
    "parents": pdf_of(CATALOG, "<</Type/Pages/Kids[3 0 R]/Count 1/Parent 3 0 R>>", page_with(4), f"<</Length 99>>{DRAWN}"),
    "outline": pdf_of("<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>", KIDS, page_with(6), "<</First 5 0 R/Last 5 0 R>>",
                      "<</Title(a)/Parent 4 0 R/First 5 0 R/Next 5 0 R/Dest[3 0 R/Fit]>>", f"<</Length 99>>{DRAWN}"),
    "lengths": pdf_of(CATALOG, KIDS, page_with(4), f"<</Length 4 0 R>>{DRAWN}"),
    "forms": pdf_of(CATALOG, KIDS, page_with(4, "/XObject<</F 5 0 R>>"), "<</Length 5>>stream\n/F Do\nendstream",
                    f"<</Type/XObject/Subtype/Form/BBox[0 0 200 99]/Resources<</XObject<</F 5 0 R>>{HELVETICA}>>/Length 99>>"
                    + DRAWN.replace("BT", "/F Do BT").replace("ET", "ET /F Do")),
    "a million pages": pdf_of(CATALOG, "<</Type/Pages/Kids[3 0 R]/Count 1000000>>", page_with(4), f"<</Length 99>>{DRAWN}"),
    "references": pdf_of("2 0 R", "1 0 R"),
}


@pytest.mark.parametrize("kind", LOOPS)
def test_pdf_that_refers_to_itself_ends(kind):
    """It is read, refused, or its process dies; it takes no longer than its size allows."""
    assert read(LOOPS[kind]).seconds < 4


@pytest.mark.parametrize("kind", LOOPS)
def test_message_with_a_pdf_that_refers_to_itself_gets_its_verdict(post, kind):
    """Opaque, or read, with what is on the page."""
    is_opaque = bool(read(LOOPS[kind]).opaque)
    assert is_opaque == (kind in ("pages", "references", "a million pages"))
    assert ("It cannot be looked into." in answer(post, "opaque", LOOPS[kind])) == is_opaque
    said = answer(post, "text", LOOPS[kind])
    assert said == "4" if is_opaque else "It has the number." in said


def one_page(contents=f"BT /H 9 Tf 9 9 Td ({NUMBER}) Tj ET", font="<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", page="", catalog="", more=()):
    """A document of one page, with what is said of these; `more` are objects from 6 on."""
    return pdf_of(CATALOG.replace("/Pages", f"{catalog}/Pages"), KIDS,
                  f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 99]/Resources<</Font<</H 5 0 R>>>>/Contents 4 0 R{page}>>",
                  f"<</Length {len(contents)}>>stream\n{contents}\nendstream", font, *more)


# The number in letters, A for 0: a font has shapes of digits for them, with names of its own.
IN_LETTERS = f"BT /H 9 Tf 9 9 Td ({''.join(chr(ord(c) + 17) if c.isdigit() else c for c in NUMBER)}) Tj ET"
OWN_NAMES = f"/Encoding<</Type/Encoding/Differences[65{''.join(f'/G{i:02}' for i in range(10))}]>>"


def type3():
    shapes = "".join(f"/G{i:02} 6 0 R" for i in range(10))
    return one_page(IN_LETTERS, font=f"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 65/LastChar 74"
                                     f"/Widths[{'9 ' * 10}]{OWN_NAMES}/CharProcs<<{shapes}>>/Resources<<>>>>",
                    more=("<</Length 24>>stream\n9 0 d0 1 1 5 5 re f       \nendstream",))


def lying():
    """A font that says that its digits are letters."""
    cmap = ("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n1 begincodespacerange <00> <ff> "
            "endcodespacerange\n1 beginbfrange <30> <39> <0041> endbfrange\nendcmap end end")
    return one_page(font="<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>", more=(f"<</Length {len(cmap)}>>stream\n{cmap}\nendstream",))


DRAW = f"BT /H 9 Tf 9 9 Td ({NUMBER}) Tj ET"
# What postseal.conf(5) names as not covered.
NOT_COVERED = {
    "type 3": type3, "ToUnicode": lying,
    "names of glyphs": lambda: one_page(IN_LETTERS, font=f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica{OWN_NAMES}>>"),
    "ActualText": lambda: one_page(f"/Span<</ActualText(x)>>BDC {DRAW} EMC"),
    "outside of the page": lambda: one_page(DRAW.replace("9 9 Td", "900 900 Td")),
    "more pages than it says": lambda: pdf_of(CATALOG, KIDS.replace("[3 0 R]", "[3 0 R 5 0 R]"), page_with(6), f"<</Length 99>>{DRAWN}", page_with(4),
                                              "<</Length 5>>stream\nBT ET\nendstream"),
    "labels of pages": lambda: one_page("BT ET", catalog=f"/PageLabels<</Nums[0<</P({NUMBER})>>]>>"),
    "default of a field": lambda: one_page("BT ET", page="/Annots[6 0 R]", catalog="/AcroForm<</Fields[6 0 R]>>", more=(
        f"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/DV({NUMBER})/Rect[9 9 99 30]/P 3 0 R>>",)),
    "property of its own": lambda: one_page("BT ET", more=(f"<</Secret({NUMBER})>>",)).replace(b"<</Root 1 0 R", b"<</Root 1 0 R/Info 6 0 R"),
    "formatted note": lambda: one_page("BT ET", page="/Annots[6 0 R]", more=(
        f"<</Type/Annot/Subtype/Text/RC(<body><p>{NUMBER}</p></body>)/Rect[9 9 99 30]/P 3 0 R>>",)),
}


@pytest.mark.parametrize("kind", NOT_COVERED)
def test_text_of_a_pdf_that_is_said_not_to_be_covered(kind):
    """Whoever mends one of these takes it out of postseal.conf(5); the same page without it is read."""
    found = read(NOT_COVERED[kind]())
    assert found.outcome == DONE and not found.opaque and NUMBER not in found.text.decode()
    assert NUMBER in read(one_page()).text.decode()


@pytest.mark.parametrize("count", ["/Count 1000000", "/Count 0", "/Count -1", ""])
def test_pdf_with_a_wrong_count_of_pages_was_an_empty_one(post, count):
    """The library found no page where other programs show one."""
    kids = KIDS.replace("/Count 1", count)
    document = pdf_of(CATALOG, kids, page_with(4), f"<</Length 99>>{DRAWN}")
    assert "It cannot be looked into." in answer(post, "opaque", document) or "It has the number." in answer(post, "text", document)
    assert answer(post, "text", document) != "250"


def test_archives_within_each_other_are_opened_to_a_limit(post):
    """Deeper than that they are opaque, whatever they grow to."""
    assert "It has the number." in answer(post, "text", nested(4))
    assert answer(post, "text", nested(9)) == "4"
    assert answer(post, "text", nested(20)) == "4"
    wide = zipped({"note.txt": "x"})
    for _ in range(4):
        wide = zipped({f"{i}.zip": wide for i in range(16)}, zipfile.ZIP_STORED)
    assert "It cannot be looked into." in answer(post, "opaque", wide)


def tar(mode):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = len(NUMBER)
        archive.addfile(member, io.BytesIO(NUMBER.encode()))
    return packed.getvalue()


def sqlite():
    with sqlite3.connect(":memory:") as database:
        database.execute("create table t(a text)")
        database.execute("insert into t values(?)", (NUMBER,))
    return database.serialize()


def openssl():
    return subprocess.run(["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-k", "x"], input=NUMBER.encode(), capture_output=True, check=True).stdout


def piped(*command):
    return subprocess.run(command, input=NUMBER.encode(), capture_output=True, check=True).stdout


MIME = b"From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
MESSAGE = MIME + base64_lines(NUMBER.encode())
IWA = b"\0\x80\0\0" + noise(60, "iwa") + NUMBER.encode()
# What nobody reads, some of it imitated by its first bytes: as it is, and in a ZIP archive under another name.
NOT_READ = {
    "tar": lambda: tar("w"), "tar.gz": lambda: tar("w:gz"), "gzip": lambda: gzip.compress(NUMBER.encode()),
    "bzip2": lambda: bz2.compress(NUMBER.encode()), "xz": lambda: lzma.compress(NUMBER.encode()),
    "lzma": lambda: lzma.compress(NUMBER.encode(), format=lzma.FORMAT_ALONE), "zstd": lambda: piped("zstd"), "lz4": lambda: piped("lz4"),
    "lzip": lambda: piped("lzip"), "7z": lambda: b"7z\xbc\xaf\x27\x1c" + bytes(100), "rar": lambda: b"Rar!\x1a\x07\x01\0" + bytes(100),
    "cab": lambda: b"MSCF" + bytes(100), "iso": lambda: bytes(32769) + b"CD001" + bytes(3000),
    "msg": lambda: documents.cfb({"__substg1.0_0037001F": NUMBER.encode("utf-16-le")}),
    "doc": lambda: documents.cfb({"WordDocument": NUMBER.encode().ljust(5000)}),
    "a message under another name": lambda: MESSAGE, "a message of Unix": lambda: MESSAGE.replace(b"\r\n", b"\n"),
    "a mailbox": lambda: b"From a@example.com Thu Nov 26 10:00:00 2026\n" + MESSAGE,
    "pages": lambda: zipped({"Index/Document.iwa": IWA, "preview.jpg": b"\xff\xd8\xff" + noise(200, "jpg")}),
    "pages of 2013": lambda: zipped({"Index.zip": zipped({"Document.iwa": IWA}, zipfile.ZIP_STORED)}),
    "xps": lambda: zipped({"[Content_Types].xml": "<Types/>", "Documents/1/Pages/1.fpage": f'<FixedPage><Glyphs UnicodeString="{NUMBER[:7]}"/><Glyphs Indices="20;21"/></FixedPage>'}),
    "sqlite": sqlite, "access": lambda: b"\0\1\0\0Standard ACE DB\0" + bytes(4000) + NUMBER.encode("utf-16-le"),
    "parquet": lambda: b"PAR1" + noise(2000, "parquet") + NUMBER.encode(), "wordperfect": lambda: b"\xffWPC" + noise(2000, "wpd") + NUMBER.encode(),
    "lotus": lambda: b"\0\0\2\0\6\4\6\0" + bytes(20) + NUMBER.encode() + bytes(20), "excel 4": lambda: b"\x09\4\6\0" + bytes(20) + NUMBER.encode(),
    "openssl": openssl, "keepass": lambda: bytes.fromhex("03d9a29a67fb4bb5") + noise(300, "kdbx"),
    "djvu": lambda: b"AT&TFORM" + struct.pack(">I", 900) + b"DJVU" + noise(900, "djvu") + NUMBER.encode(),
    "luks": lambda: b"LUKS\xba\xbe\0\2" + noise(5000, "luks"),
    "axcrypt": lambda: bytes.fromhex("c0b9072e4f93f146a015792ca1d9e821") + noise(900, "axcrypt"),
    "ansible": lambda: b"$ANSIBLE_VAULT;1.1;AES256\n" + noise(100, "vault").hex().encode(),
}


@pytest.mark.parametrize("kind", NOT_READ)
def test_format_that_nobody_reads_was_passed_over_in_silence(post, kind):
    document = NOT_READ[kind]()
    for file in (document, zipped({"a.dat": document})):
        assert "It cannot be looked into." in answer(post, "opaque", file)
        assert answer(post, "text", file) == "4"


def test_text_that_was_encoded_once_more_is_neither_read_nor_opaque(post):
    """As postseal.conf(5) says: base64 that was pasted, and a data: address."""
    pasted = base64_lines(f"Number {NUMBER}".encode())
    address = b'<p>See <a href="data:text/plain;base64,' + pasted.strip() + b'">the number</a>.</p>'
    for text in (b"Please decode:\r\n\r\n" + pasted, address):
        assert answer(post, "text", text) == answer(post, "opaque", text) == "250"
        assert answer(post, "text", zipped({"a.html": text})) == answer(post, "opaque", zipped({"a.html": text})) == "250"
    assert "It has the number." in answer(post, "text", b"Please decode: " + NUMBER.encode())


def test_what_is_like_a_message_is_text_that_is_read(post):
    """The fields of a message without any encoding, a header without a message, and a letter."""
    for text in (MIME, MIME.replace(b"base64", b"7bit") + NUMBER.encode(), b"Dear Anna:\r\nMIME-Version: what is it?\r\n\r\nYours: " + NUMBER.encode()):
        assert answer(post, "opaque", text) == "250"
        assert ("It has the number." in answer(post, "text", text)) == (NUMBER.encode() in text)


def test_ordinary_documents_are_not_opaque():
    """With pictures, fonts and settings of printers."""
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10
    for package in (documents.docx_paragraph("x"), documents.xlsx_shared("x"), documents.pptx_slide("x" * 9)):
        found = read(documents.repacked(package, **{
            "word/media/image1.png": picture, "word/fonts/font1.odttf": bytes(range(256)),
            "xl/printerSettings/printerSettings1.bin": bytes(300)}))
        assert found.outcome == DONE and not found.opaque


def test_list_with_a_byte_that_is_not_text_in_an_archive_was_neither_read_nor_opaque():
    lines = b"a line of a list\r\n" * 9000
    for data in (b"\x01" + lines, lines[:500] + b"\0" + lines):
        found = read(zipped({"list.csv": data}))
        assert found.outcome == DONE and not found.opaque and [name for name, _ in found.files] == ["list.csv"] and found.files[0][1] == data
    found = read(zipped({"list.csv": bytes(range(256)) * 200 + lines}))
    assert found.outcome == DONE and found.opaque
    found = read(zipped({"picture.bin": bytes(range(256)) * 200}))
    assert found.outcome == DONE and not found.opaque


# --- against what others find ---

def words(text):
    """Without blanks: programs differ in where they put them."""
    return "".join(text.split())


def test_text_of_word_is_what_another_program_finds(tmp_path):
    """In the same order."""
    document = docx.Document()
    for i in range(300):
        paragraph = document.add_paragraph(f"Paragraph {i} with ")
        paragraph.add_run("bold & <text>").bold = True
        paragraph.add_run(f" and\ttab, ümläut ß 漢字 {i * 7}")
    table = document.add_table(3, 3)
    for i in range(9):
        table.cell(i // 3, i % 3).text = f"cell {i}"
    document.save(tmp_path / "a.docx")
    theirs = subprocess.run(["docx2txt", tmp_path / "a.docx", "-"], capture_output=True, check=True).stdout.decode()
    ours = words(read((tmp_path / "a.docx").read_bytes()).text.decode())
    assert len(theirs) > 15000 and words(theirs) in ours


def test_cells_of_excel_are_what_another_program_finds(tmp_path):
    book = openpyxl.Workbook()
    for row in range(1, 200):
        book.active.append([f"name {row}", row * 1.5, row, f"756.{row:04}.5678.97", 7.561234567897e12, True, None, "a\nb"])
    data = documents.saved(book)
    text = read(data).text.decode()
    for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True):
        line = "\t".join(f"{value:g}" if isinstance(value, float) and value < 1e6 else str(int(value)) if isinstance(value, (float, bool))
                         else str(value) for value in row if value is not None)
        assert line in text, line


def test_text_of_opendocument_is_what_another_program_finds(tmp_path):
    (tmp_path / "a.odt").write_bytes(documents.odt([f"Paragraph {i}  with two blanks,\ta tab & ümläut <text> {i * 7}" for i in range(300)]))
    theirs = subprocess.run(["odt2txt", "--width=-1", "--encoding=UTF-8", tmp_path / "a.odt"], capture_output=True, check=True).stdout.decode()
    ours = words(read((tmp_path / "a.odt").read_bytes()).text.decode())
    assert len(theirs) > 15000 and words(theirs) in ours


SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CHOICE = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def office_part(name, xml):
    return zipped({"[Content_Types].xml": b"<Types/>", name: xml.encode()})


@pytest.mark.parametrize("name, xml, text", [
    ("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{SHEET}"><c t="inlineStr"><is><t>a se_x0063_r</t></is></c></worksheet>', b"a secr"),
    ("xl/sharedStrings.xml", f'<sst xmlns="{SHEET}"><si><r><t>a se_x00</t></r><r><t>63_r _x005F_x0063_</t></r></si></sst>',
     b"a secr _x0063_"),
    ("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{SHEET}"><c t="str"><v>a se_x0063_r</v></c></worksheet>', b"a secr"),
    ("xl/pivotCache/pivotCacheDefinition1.xml", f'<d xmlns="{SHEET}"><sharedItems><s v="a se_x0063_r"/></sharedItems></d>', b"a secr"),
    ("xl/pivotCache/pivotCacheRecords1.xml", f'<d xmlns="{SHEET}"><r><n v="7.561234567897E12"/></r></d>', b"7561234567897"),
    ("xl/styles.xml", f'<d xmlns="{SHEET}"><numFmt formatCode="&quot;a secr&quot;"/></d>', b"a secr"),
    ("word/document.xml", f'<w:d xmlns:w="{WORDS}"><w:fldSimple w:instr="QUOTE a secr"/></w:d>', b"a secr"),
    ("word/document.xml", '<d xmlns:v="urn:schemas-microsoft-com:vml"><v:textpath string="a secr"/></d>', b"a secr"),
    ("word/numbering.xml", f'<w:d xmlns:w="{WORDS}"><w:lvlText w:val="a secr"/></w:d>', b"a secr"),
    ("word/document.xml", f'<w:d xmlns:w="{WORDS}" xmlns:c="{CHOICE}"><w:p><w:r><w:t>a s</w:t></w:r><c:AlternateContent><c:Choice><w:r>'
     "<w:t>ec</w:t></w:r></c:Choice><c:Fallback><w:r><w:t>ec</w:t></w:r></c:Fallback></c:AlternateContent><w:r><w:t>r</w:t></w:r></w:p></w:d>",
     b"a secr"),
    ("Documents/1/Pages/1.fpage", '<FixedPage><Glyphs UnicodeString="a secr"/></FixedPage>', b"a secr"),
    ("visio/pages/page1.xml", '<s xmlns="http://schemas.microsoft.com/office/visio/2012/main"><Text>a s<cp IX="1"/>ecr</Text></s>', b"a secr"),
    ("content.xml", '<c xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" o:value="7.561234567897E+012"/>', b"7561234567897"),
    ("content.xml", '<c xmlns:f="urn:oasis:names:tc:opendocument:xmlns:form:1.0"><f:button f:label="a secr"/></c>', b"a secr"),
], ids=["escape", "escape in runs", "escape in a formula's text", "pivot table", "number of a pivot table", "format of numbers", "field", "WordArt",
        "label of a list", "alternative", "XPS", "Visio", "number of OpenDocument", "button"])
def test_what_an_office_program_shows_of_its_files_was_not_read(name, xml, text):
    """Promise 1: it stands in attributes, in escapes, and in what was copied for pivot tables."""
    found = ask("postseal-reader-office", b"zip", office_part(name, xml))
    assert text in found.text, found.text


@pytest.mark.parametrize("name, page", [
    ("word/a.htm", "<html>a se<b>c</b>r</html>"),
    ("word/afchunk.dat", "<!DOCTYPE html><p>a se<b>c</b>r"),
    ("word/a.xhtml", '<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml">a se<b>c</b>r</html>'),
])
def test_page_that_word_shows_within_its_document_was_read_as_parts_that_stand_apart(name, page):
    """Promise 1: w:altChunk. It is read like any attached page."""
    found = ask("postseal-reader-office", b"zip", office_part(name, page))
    assert found.files == [[name, page.encode()]] and found.opaque == []


def test_text_of_rtf_is_what_another_program_finds(tmp_path):
    """unrtf has question marks for what is not in ASCII."""
    (tmp_path / "a.rtf").write_bytes(documents.rtf("\n".join(f"Paragraph {i} with ümläut, ß and Ω {i * 7}" for i in range(300))))
    theirs = subprocess.run(["unrtf", "--text", "--nopict", "--quiet", tmp_path / "a.rtf"], capture_output=True, check=True,
                            env={"LC_ALL": "C.UTF-8"}).stdout.decode()
    ours = words(read((tmp_path / "a.rtf").read_bytes()).text.decode())
    assert "Paragraph 299" not in ours and ours.count("ümläut,ßandΩ") == 300
    ours = re.sub("[^ -~]", "?", ours)
    assert ours[ours.index("Paragraph"):] in re.sub("[^ -~]", "?", words(theirs))


def test_font_of_word_with_a_large_number_had_the_wrong_characters():
    """Word numbers the fonts of its themes from 31500 on."""
    text = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f31506\fcharset204 Arial;}}\f31506\'cf\'ee\'ea\'e0\par}"
    assert "Пока" in read(text).text.decode()


def test_text_of_pdf_is_what_another_program_finds(tmp_path):
    def draw(page):
        for i in range(30):
            for line in range(40):
                page.drawString(72, 750 - 15 * line, f"Page {i}, line {line}: {i * line * 7919} some words")
            page.showPage()
    (tmp_path / "a.pdf").write_bytes(documents.pdf(draw))
    theirs = subprocess.run(["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=txtwrite", "-sOutputFile=-", tmp_path / "a.pdf"],
                            capture_output=True, check=True).stdout.decode()
    ours = words(read((tmp_path / "a.pdf").read_bytes()).text.decode())
    assert len(words(theirs)) > 30000 and words(theirs) in ours


def pdf_with_note(kind, catalog=""):
    """A page without text; its note looks like a number."""
    shown = "BT /F 12 Tf 5 5 Td (" + NUMBER + ") Tj ET"
    return pdf_of("<</Type/Catalog/Pages 2 0 R" + catalog + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
                  "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Annots[4 0 R]>>",
                  "<</Type/Annot/Subtype/" + kind + "/Rect[10 10 199 99]/F 4/AP<</N 5 0 R>>>>",
                  "<</Type/XObject/Subtype/Form/BBox[0 0 189 89]/Resources<</Font<</F 6 0 R>>>>/Length %d>>stream\n" % len(shown)
                  + shown + "\nendstream",
                  "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")


@pytest.mark.parametrize("kind, catalog", [
    ("Stamp", ""), ("FreeText", ""), ("Watermark", ""), ("Widget/FT/Sig/T(s)", "/AcroForm<</Fields[4 0 R]>>"),
    ("Widget/FT/Tx/T(s)/V(x)", "/AcroForm<</Fields[4 0 R]>>")], ids=["stamp", "free text", "watermark", "signature", "field"])
def test_what_a_note_in_a_pdf_looks_like_was_not_read(kind, catalog):
    """Promise 1: every program shows its appearance, which may say more than its content."""
    found = read(pdf_with_note(kind, catalog))
    assert NUMBER.encode() in found.text and found.opaque == [] and found.outcome == DONE


@pytest.mark.parametrize("form", ["/XFA 7 0 R", "/XFA[(template) 7 0 R]"])
def test_form_that_only_acrobat_shows_was_neither_read_nor_opaque(form):
    """Promise 1: XFA."""
    assert "XFA" in " ".join(read(pdf_with_note("Stamp", "/AcroForm<</Fields[]" + form + ">>")).opaque)
    assert read(pdf_with_note("Stamp", "/AcroForm<</Fields[]/XFAx 1>>")).opaque == []


def test_text_in_a_character_set_that_is_not_embedded_is_opaque():
    """Japanese without embedded fonts: its numbers are those of a character collection."""
    def draw(page):
        pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
        page.setFont("HeiseiMin-W3", 12)
        page.drawString(72, 700, "\u6f22\u5b57")
    found = read(documents.pdf(draw))
    assert found.outcome == DONE and ("\u6f22\u5b57".encode() in found.text or found.opaque)


def test_files_in_winmail_dat_are_what_another_program_finds(tmp_path):
    files = {f"file {i}.bin": bytes((i * j * 7) & 0xff for j in range(i * 100 + 1)) for i in range(1, 20)}
    data = documents.tnef(b"x", attachments=[(name.encode(), content, []) for name, content in files.items()])
    subprocess.run(["tnef", "-C", tmp_path], input=data, check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files == dict(read(data).files)


def test_compressed_rtf_of_the_specification_is_read():
    """MS-OXRTFCP 4.1.1."""
    packed = bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
                           "0af32068656c090020627705b06c647d0a800fa0")
    found = read(documents.tnef(properties=[(documents.BINARY, 0x1009, packed)]))
    assert [content.strip() for _, content in found.files] == [b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}"]


def test_name_in_winmail_dat_is_found(post):
    data = documents.tnef(b"x", attachments=[(b"PLAN~1.DWG", b"x", [(documents.STRING, 0x3707, b"plan.dwg\0")])])
    assert "It has a drawing." in answer(post, "name", data)
