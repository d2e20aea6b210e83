"""What rules cost that look into content: messages of 10 kB of prose that ten detectors read, compared with a milter that
only collects them, in alternating rounds; the time of a decision that reads a .docx of 1 MB, and what the reader alone
takes for one. Fails if a bar is missed, and says which.

Run as root: /usr/bin/python3 tests/bench/looking.py [--rounds N] [COUNT]"""
import argparse
import email.message
import io
import pathlib
import random
import smtplib
import statistics
import sys
import time
import urllib.request
import zipfile
from xml.parsers import expat

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "contrib" / "sandbox"), str(SOURCE / "tests" / "bench"), str(SOURCE / "tests" / "system")]

import docx  # noqa: E402
import documents  # noqa: E402
import speed  # noqa: E402

DOCUMENTS, MEGABYTE = 10, 1_000_000
RATIO_MIN, DECISION_MS_MAX, READER_MS_MAX = 0.85, 50, 50
NAMES = ("card", "iban", "ahv", "ssn", "nhs", "nino", "pesel", "imei", "lei", "case")
RULES = r"""
detect nhs   regex "\b\d{3} ?\d{3} ?\d{4}\b" checksum weights {10 9 8 7 6 5 4 3 2 1} modulo 11
detect nino  regex "\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"
detect pesel regex "\b\d{11}\b" checksum weights {1 3 7 9 1 3 7 9 1 3 1} modulo 10
detect imei  regex "\b\d{15}\b" checksum luhn
detect lei   regex "\b[A-Z0-9]{18}\d\d\b" checksum mod97
detect case  regex "\bCASE-\d{6}\b"
""" + "".join(f'match recipient domain "looked.example" detect {name} deliver smime\n' for name in NAMES) + """
match recipient domain "smime.example" deliver smime
match recipient domain "pgp.example"   deliver pgp
otherwise deliver plain
"""
WORDS = ("the patient was admitted on a Monday in May and her number is given below with the bill of last year which has been "
         "paid in part by transfer while the rest remains open until the report of the clinic arrives").split()


def prose(length):
    """Sentences, none of which has what is looked for."""
    chosen, text = random.Random(1), ""
    while len(text) < length:
        text += " ".join(chosen.choice(WORDS) for _ in range(12)).capitalize() + ".\n"
    return text[:length]


def words(chosen):
    return " ".join(chosen.choice(WORDS) for _ in range(38)) + f" {chosen.randrange(1000)}.{chosen.randrange(100):02}"


def words_with_numbers(chosen):
    return " ".join(chosen.choice(WORDS) + str(chosen.randrange(100)) for _ in range(40))


# Both have as much text as a book: what decides is how much of it could be the beginning of a number.
CONTENTS = {"prose, with a sum in each paragraph": (words, True), "words with a number behind each": (words_with_numbers, False)}


def document(paragraph):
    """A .docx of 1 MB: 4000 paragraphs, and a picture that does not compress."""
    made, chosen = docx.Document(), random.Random(2)
    for _ in range(4000):
        made.add_paragraph(paragraph(chosen))
    file = io.BytesIO()
    made.save(file)
    if len(file.getvalue()) < MEGABYTE:
        with zipfile.ZipFile(file, "a") as package:
            package.writestr("word/media/image1.jpeg", random.Random(3).randbytes(MEGABYTE - len(file.getvalue())))
    return file.getvalue()


missed = []


def judge(what, figure, is_reached, bar):
    """Prints the figure and what is to be reached, and remembers if it is not."""
    print(f"{what}: {figure} ({'reaches' if is_reached else 'MISSES'} the bar: {bar})", flush=True)
    if not is_reached:
        missed.append(f"{what}: {figure}, not {bar}")


def bare(package):
    """Seconds that unpacking and parsing take alone."""
    begun = time.process_time()
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if data.startswith(b"<"):
                expat.ParserCreate(namespace_separator=" ").Parse(data, True)
    return time.process_time() - begun


def reader():
    """Of the processor, with starting the process: the best of ten."""
    for what, (paragraph, _) in CONTENTS.items():
        content = document(paragraph)
        spent, alone = min(documents.ask("postseal-reader-office", b"zip", content).seconds for _ in range(10)), min(bare(content) for _ in range(10))
        judge(f"a .docx of {len(content) / 1e6:.1f} MB of {what}, its reader alone", f"{1e3 * spent:.1f} ms of the processor, {1e3 * alone:.1f} ms for "
              "unpacking and parsing without an interest in the result", 1e3 * spent < READER_MS_MAX, f"less than {READER_MS_MAX} ms")


class Looking(speed.Bench):
    def round(self, _):
        milter, program = self.peers["collect"]
        self.measure("collect", milter, program.pid, ["to@looked.example"])
        pid = self.world.programs["postseal-milter"]
        self.measure("plain", self.postseal, pid, ["to@plain.example"])
        self.measure("ten detectors", self.postseal, pid, ["to@looked.example"])

    def report(self):
        rate = {what: statistics.median(values) for what, values in self.rates.items()}
        for what in ("plain", "ten detectors"):
            ratio = rate[what] / rate["collect"]
            if what == "ten detectors":
                judge(f"{what} / collect", f"{ratio:.2f}", ratio >= RATIO_MIN, f"at least {RATIO_MIN}")
            else:
                print(f"{what} / collect: {ratio:.2f}")
        self.report_shares()

    def decided(self):
        """(seconds, decisions) so far."""
        port = self.world.ports["milter_metrics"]
        lines = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode().splitlines()
        return [float(next(line.split()[-1] for line in lines if line.startswith(f'postseal_phase_seconds_{what}{{phase="decide"}}')))
                for what in ("sum", "count")]

    def documents(self, content):
        """Milliseconds of a decision about a message with a document: the median."""
        spent = []
        self.wire(self.postseal)
        for number in range(DOCUMENTS + 1):
            message = email.message.EmailMessage()
            message["From"], message["To"], message["Subject"] = "anna@example.com", "to@looked.example", f"Document {number}"
            message.set_content("Please see the document.\n")
            message.add_attachment(content, maintype="application", filename="report.docx",
                                   subtype="vnd.openxmlformats-officedocument.wordprocessingml.document")
            before = self.decided()
            with smtplib.SMTP("127.0.0.1", self.world.ports["submission"]) as smtp:
                smtp.send_message(message)
            after = self.decided()
            spent.append(1e3 * (after[0] - before[0]) / (after[1] - before[1]))
        return statistics.median(spent[1:])

    def judge_documents(self):
        for what, (paragraph, has_bar) in CONTENTS.items():
            content = document(paragraph)
            decided = self.documents(content)
            what, figure = f"a .docx of {len(content) / 1e6:.1f} MB of {what}", f"decided in {decided:.1f} ms"
            if has_bar:
                judge(what, figure, decided < DECISION_MS_MAX, f"less than {DECISION_MS_MAX} ms")
            else:
                print(f"{what}: {figure}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("count", type=int, nargs="?", default=400)
    options = parser.parse_args()
    letter = speed.BUILD / "tests" / "looking.txt"
    letter.write_text("From: anna@example.com\nTo: to@looked.example\n\n"
                      + prose(speed.LENGTH))
    bench = Looking(options.count, RULES, letter)
    try:
        reader()
        bench.start()
        bench.judge_documents()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", flush=True)
            bench.round(())
        bench.report()
    finally:
        bench.stop()
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
