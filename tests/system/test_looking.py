"""Rules look into documents as little as they can: each document is read once for all rules and recipients, none where no
rule asks, and all of a message within one deadline, in memory that does not grow with them.

How often a reader is asked is counted in two ways: by the milter, and by the processes: each reads one document and
ends, so those that were started and are gone were asked."""
import concurrent.futures
import os
import pathlib
import re
import signal
import threading
import time
import urllib.request

import documents
import pytest
import world as sandbox
from conftest import BUILD
from documents import zipped
from messages import base64_lines, multipart, noise, part

SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text().partition("POSTSEAL_SANITIZE:")[2].partition("\n")[0]
NUMBER = "756.1234.5678.97"
PROCESSES, TIMEOUT, DEADLINE = 4, 2, 7
SETTINGS = f"""
reader processes {PROCESSES}
reader timeout {TIMEOUT} seconds
reader deadline {DEADLINE} seconds
table terms words file "{{directory}}/words"
"""
RULES = r"""
match sender "first@example.com"                                  deliver plain
match sender "header@example.com" header "X-Class" "secret"       reject "It has the class."
match sender "header@example.com" subject tag "[secure]"          reject "It has the tag."
match sender "header@example.com" size over 1 GB                  reject "It is large."
match sender "header@example.com"                                 deliver plain
match sender "opaque@example.com" opaque                          reject "It cannot be looked into."
match sender "opaque@example.com"                                 deliver plain
match sender "found@example.com" detect ahv                       reject "It has the number."
match attachment name "*.dwg"                                     reject "It has a drawing."
match text regex "a secret word"                                  reject "It has the word."
match text regex "another secret word"                            reject "It has the other word."
match detect card                                                 reject "It has a card number."
match detect ahv at least 3                                       reject "It has three numbers."
match detect iban                                                 reject "It has an IBAN."
match text in <terms> at least 2                                  reject "It has two words."
match not detect ahv recipient domain "pickup.example"            reject "It has no number."
match opaque                                                      reject "It cannot be looked into."
otherwise                                                         deliver plain
"""
READERS = ("postseal-reader-office", "postseal-reader-pdf")
TO = "reader@plain.example"


def prepare(world):
    """Our programs in a directory of their own, where those that read documents say that they were started, and stop at
    once while there is a file that says so."""
    (world.directory / "words").write_text("appendicitis\nfracture\n")
    own = world.directory / "bin"
    own.mkdir()
    world.started, world.stops = world.run / "started", world.run / "stop"
    world.started.touch()
    world.started.chmod(0o666)
    world.killed = set()
    for program in (BUILD / "bin").iterdir():
        if program.name in READERS:
            (own / program.name).write_text(f"#!/bin/sh\necho $$ >>{world.started}\n[ -e {world.stops} ] && kill -STOP $$\n"
                                            f"exec {program}\n")
            (own / program.name).chmod(0o755)
        else:
            os.link(program.resolve(), own / program.name)
    world.bin = own


def is_child(pid, parent):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return f"\nPPid:\t{parent}\n" in status and "\nState:\tZ" not in status


class Readers:
    """The processes that the milter started to read documents."""

    def __init__(self, world):
        self.world = world

    def started(self):
        return [int(line) for line in self.world.started.read_text().split()]

    def waiting(self):
        """Those that are there: between messages, none of them was asked yet."""
        return [pid for pid in self.started() if is_child(pid, self.world.programs["postseal-milter"])]

    def counted(self):
        """By the milter, with each outcome."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.world.ports['milter_metrics']}/metrics").read().decode()
        found = {}
        for outcome, count in re.findall(r'^postseal_reader_documents_total\{format="\w+",outcome="([^"]+)"\} (\d+)', text, re.M):
            found[outcome] = found.get(outcome, 0) + int(count)
        return found

    def asked(self):
        """Both ways say the same: none of our documents makes a reader crash and be asked once more."""
        gone = len({*self.started()} - {*self.waiting()} - self.world.killed)
        counted = sum(self.counted().values())
        assert gone == counted, (gone, counted)
        return gone


    def kill(self):
        """Those that wait, whether they are stopped or not; the milter starts others."""
        for pid in self.waiting():
            self.world.killed.add(pid)
            os.kill(pid, signal.SIGKILL)

    def stop(self):
        """Those that are started from now on do nothing."""
        self.world.stops.touch()
        self.kill()

    def go_on(self):
        self.world.stops.unlink(missing_ok=True)
        self.kill()


@pytest.fixture
def readers(world):
    made = Readers(world)
    yield made
    made.go_on()


def message(post, attachments, to=(TO,), sender="anna", text=b"See the files.\r\n", subject="Files"):
    parts = [part(f"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=file{i}\n"
                  "Content-Transfer-Encoding: base64", base64_lines(data)) for i, data in enumerate(attachments)]
    body = multipart("b", part("Content-Type: text/plain", text), *parts)
    return post.compose(list(to), body, content=b"multipart/mixed; boundary=b", sender=f"{sender}@example.com", subject=subject)


def answer(post, *attachments, to=(TO,), sender="anna", **options):
    """Postfix's reply: "250", or the rule's sentence, or "4"."""
    code, text = post.send(message(post, attachments, to, sender, **options), list(to), sender=f"{sender}@example.com")
    return "4" if 400 <= code < 500 else "250" if code == 250 else text


# --- as little as possible ---

def test_each_document_is_read_once_for_all_rules_and_recipients(post, readers):
    files = [documents.docx_paragraph("nothing"), documents.pdf_plain("nothing"), documents.rtf_paragraph(NUMBER),
             zipped({"a.docx": documents.docx_paragraph("x"), "b.zip": zipped({"c.txt": "x"})})]
    before = readers.asked()
    to = [f"r{i}@{domain}.example" for i in range(3) for domain in ("plain", "pickup", "partner")]
    assert answer(post, *files, to=to) == "250"
    assert readers.asked() - before == len(files) + 2  # the two within the archive


@pytest.mark.parametrize("inside, said", [
    ("a secret word", "It has the word."), ("4539 5787 6362 1486", "It has a card number."),
    ("A fracture, and Appendicitis.", "It has two words."),
])
def test_document_that_decides_was_read_once_as_well(post, readers, inside, said):
    before = readers.asked()
    assert said in answer(post, zipped({"note.txt": inside}), documents.docx_paragraph("x"))
    assert readers.asked() - before == 2


def test_name_that_the_directory_of_an_archive_tells_needs_no_reader(post, readers):
    before = readers.asked()
    assert "It has a drawing." in answer(post, zipped({"plan.dwg": "x"}), documents.docx_paragraph("x"))
    assert readers.asked() == before


@pytest.mark.parametrize("sender", ["first", "header"])
def test_nothing_is_read_where_no_rule_on_content_is_reached(post, readers, sender):
    """Neither for a rule that decides before them, nor for those that look at the header and the size."""
    before = readers.asked()
    assert answer(post, documents.docx_paragraph(NUMBER), documents.pdf_plain(NUMBER), zipped({"plan.dwg": "x"}), sender=sender) == "250"
    assert readers.asked() == before


def test_nothing_is_read_where_there_is_no_document(post, readers):
    before = readers.asked()
    assert answer(post, b"only text\r\n", noise(50_000, "looking")) == "250"
    assert readers.asked() == before


# --- one deadline ---

def outcomes(readers, before):
    return {outcome: count - before.get(outcome, 0) for outcome, count in readers.counted().items() if count > before.get(outcome, 0)}


def test_attachments_share_one_deadline_with_readers_that_are_stopped(post, readers):
    """Each reader is given its time, several at once; those documents that the deadline leaves no time for are not even
    tried. All that is opaque."""
    files = [documents.docx_paragraph(f"nothing {i}") for i in range(40)]
    readers.stop()
    before = readers.counted()
    assert "It cannot be looked into." in answer(post, *files, sender="opaque")
    tried = outcomes(readers, before)
    assert list(tried) == ["too slow"] and PROCESSES <= tried["too slow"] <= PROCESSES * (DEADLINE // TIMEOUT + 1), tried


def test_rule_on_content_waits_for_readers_that_are_stopped(world, post, readers):
    """Without a rule on `opaque` before it the message waits: promise 1."""
    readers.stop()
    assert answer(post, documents.docx_paragraph(NUMBER), sender="found") == "4"
    assert "it took too long (a rule `match opaque`" in world.log("postseal-milter")
    readers.go_on()
    assert "It has the number." in answer(post, documents.docx_paragraph(NUMBER), sender="found")


def test_readers_stopped_while_they_waited_take_no_other_document_along(post, readers):
    """SIGSTOP for those that are ready: what they were given is opaque, what others read is found."""
    assert answer(post, *[documents.docx_paragraph("x")] * PROCESSES) == "250"
    waiting = sandbox.wait_until(readers.waiting, "readers that wait")
    for pid in waiting:
        os.kill(pid, signal.SIGSTOP)
    before = readers.counted()
    found = answer(post, *[documents.docx_paragraph("nothing")] * (PROCESSES + 2), documents.docx_paragraph(NUMBER), sender="found")
    assert "It has the number." in found
    tried = outcomes(readers, before)
    assert 1 <= tried["too slow"] <= len(waiting) and tried["done"] >= 3, tried


def test_message_that_waited_for_a_free_reader_was_deferred_before_its_deadline(post, readers):
    """Six messages at once, for whose documents there are not enough readers: what takes too long itself is opaque, and what
    gets no reader in its time, since others have them all, comes again."""
    files = [documents.docx_paragraph(f"nothing {i}") for i in range(PROCESSES)]
    readers.stop()
    before = readers.counted()

    def send(_):
        begun = time.monotonic()
        return answer(post, *files, sender="opaque"), time.monotonic() - begun

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert all(said == "4" or "It cannot be looked into." in said for said, _ in answers), answers
    assert any(said != "4" for said, _ in answers), answers
    assert all(seconds > DEADLINE - 2 for said, seconds in answers if said == "4"), answers
    assert max(seconds for _, seconds in answers) < DEADLINE + 5, answers
    assert set(outcomes(readers, before)) <= {"too slow", "busy"}


def test_message_without_documents_does_not_wait_for_readers_that_are_stopped(post, readers):
    readers.stop()
    before = readers.counted()
    slow = threading.Thread(target=answer, args=(post, *[documents.docx_paragraph("x")] * 20), kwargs={"sender": "opaque"})
    slow.start()
    assert answer(post, text=b"a secret word\r\n") != "250" and answer(post) == "250"
    slow.join()
    assert set(outcomes(readers, before)) == {"too slow"}


# --- memory ---

def resident(world, what):
    status = pathlib.Path(f"/proc/{world.programs['postseal-milter']}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) / 1000


def letters(megabytes, seed):
    """Lines that compress little, without digits."""
    hexadecimal = noise(megabytes * 500_000, seed).hex("\n", 30).encode()
    return hexadecimal.translate(bytes.maketrans(b"0123456789", b"ghijklmnop"))


@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what was freed")
def test_memory_of_the_milter_stays_flat_with_large_attachments(world, post, readers):
    """Text of 60 MB in attachments of more than 30 MB: it is in files while it is looked into."""
    def files(megabytes):
        return [zipped({f"{i}.txt": letters(megabytes, f"{i}")}) for i in range(4)] + [
            documents.repacked(documents.docx_paragraph("x"), **{"word/document.xml": (
                b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>'
                + letters(megabytes, "docx") + b"</w:t></w:r></w:p></w:body></w:document>")})]

    small, large = files(1), files(12)
    size = sum(map(len, large))
    assert size > 30_000_000, size
    assert answer(post, *small) == "250"
    pid = world.programs["postseal-milter"]
    peaks = []
    for attachments in (small, large):
        before = resident(world, "VmRSS")
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        done = readers.counted().get("done", 0)
        assert answer(post, *attachments, sender="found") == "250"
        assert readers.counted()["done"] - done == len(attachments)
        peaks.append(resident(world, "VmHWM") - before)
    print(f"{size / 1e6:.0f} MB of attachments: the milter grew by {peaks[1]:.1f} MB, with small ones by {peaks[0]:.1f} MB")
    assert peaks[1] < 8, peaks
