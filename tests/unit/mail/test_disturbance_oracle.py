#!/usr/bin/python3
"""Mail that was changed while it was encrypted (CBC), of every charset and transfer encoding: none of it may be shown. And mail
as people write it, in their languages and at every place in a block: all of it must be.

Usage: test_disturbance_oracle.py PROGRAM [TRIES [SEED]], where the program is disturbance_probe; tries for each kind of mail."""
import pathlib
import random
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(SOURCE / "tests" / "system")]

import efail  # noqa: E402

# what people write, beside the tries: catalogues in their languages, and what else stands in mail
LANGUAGES = {"de": ("iso-8859-1", "windows-1252"), "fr": ("iso-8859-15", "windows-1252"), "es": ("iso-8859-1",), "it": ("iso-8859-1",),
             "nl": ("iso-8859-1",), "pt": ("iso-8859-1", "windows-1252"), "pl": ("iso-8859-2", "windows-1250")}
ALSO = ["Grüße aus Genève\n-- \nJürgen Müller | Straße 5 | 80331 München\nTel.: +49 (0)89 / 123-456 <j.mueller@example.com>\n",
        "Größe:\t5 m², Preis: 12,50 £ (inkl. 19 % MwSt.)\n* Ärger\n* Öl\n> Übrigens: „zitiert“ – oder?\n",
        "<p>Für <b>Übermut</b> &amp; Spaß</p>\n<a href=\"http://example.com/?q=1\">Häuser</a>\n", "ÄRGER ÜBER ÖSTERREICH\n",
        "Señor Núñez, ¿cómo está usted? ¡Mañana! Åse Sjögren på Gärdet. Ça coûte cher à Noël.\n"]
# what stayed shut: signs in a row, at numbers, between blanks
SIGNS = ["*** Grüße ***\n", "§§ 305, 307 BGB; § 5 UStG\n", "a² + b² = c²\n", "~~~ Lösung ~~~\n", "| Größe | Menge |\n", "________\nFür Sie\n",
         "Temp.: 25 °C ± 2 °C\n", "12,50 € + 3,20 €\n", "[Größe: 5 %]\n"]
CYRILLIC = ["Уважаемые коллеги! Отправляю вам счёт № 5 от 12.03.2026 (PDF). С уважением, Пётр Ильич.\n",
            "Файл: отчёт.doc, размер 15 Кб. Смотрите http://example.com/ и пишите на info@example.com.\n"]


def judged(program, texts):
    with tempfile.NamedTemporaryFile() as file:
        for text in texts:
            file.write(b"%d\n" % len(text) + text)
        file.flush()
        said = subprocess.run([program, file.name], capture_output=True, text=True, check=True).stdout.strip()
    assert len(said) == len(texts), (len(said), len(texts))
    return said


def catalogue(language):
    text = (SOURCE / "core" / "po" / f"{language}.po").read_text()
    found = [re.sub(r"\\(.)", r"\1", each) for each in re.findall(r'^msgstr "(.+)"$', text, re.M)]
    return [each for each in found if not re.search("%|7KQ2M", each)]  # forms for programs, and a code, are not what people write


def genuine(rng):
    """{what: entity}: each text in its charset in 8bit, in UTF-8, and as quoted-printable; moved by 0 to 15 bytes."""
    made = {}
    written = [(language, charset, text) for language, charsets in LANGUAGES.items() for charset in charsets for text in catalogue(language)]
    written += [("also", "windows-1252", text) for text in ALSO * 16]
    written += [("signs", "windows-1252", text) for text in SIGNS * 16]
    written += [("also", charset, text) for charset in ("koi8-r", "windows-1251") for text in CYRILLIC * 16]
    for number, (language, charset, text) in enumerate(written):
        body = (text.rstrip("\n") + "\n").replace("\n", "\r\n").encode(charset, "ignore")
        for encoding in ("8bit", "qp"):
            head = f"Content-Type: text/plain; charset={charset}\r\nX: {'x' * (number % 16)}\r\nContent-Transfer-Encoding: "
            made[f"{language} {charset} {encoding} {number % 16} {text}"] = (head + efail.ENCODINGS[encoding] + "\r\n\r\n").encode() + efail.encoded(body, encoding)
    # The delimiter behind a text was judged as part of it.
    for number, boundary in enumerate(["3f4a9b2c71d0", "b1_a8f3", "=-abCDef12GhI", "=_NextPart_000_01DA"] * 16):
        part = f"\r\n--{boundary}\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße, Jürgen Müller"
        made[f"multipart {boundary} {number}"] = (f"Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\nX: {'x' * (number // 4)}\r\n"
                                                  f"{part * 2}\r\n--{boundary}--\r\n").encode("iso-8859-1")
    made.update({f"the mail of the tries: {cell}": text for cell, text in efail.CELLS.items()})
    return made


def rate(program, charset, rng, count=100_000):
    """The share of random blocks that look like text in a charset of single bytes; drawn from the bytes that it has, which
    the share is corrected for."""
    known = [byte for byte in range(256) if byte in b"\t\r\n\f" or 0x20 <= byte < 0x7f or
             byte >= 0x80 and (text := bytes([byte]).decode(charset, "ignore")) and not 0x80 <= ord(text) < 0xa0]
    body = efail.TEXTS[charset].encode(charset)
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    head = head.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * (-len(head) - 5 & 15) + b"\r\n\r\n", 1)
    assert len(head) % 16 == 0
    seen = 0
    for _ in range(count // 100_000):
        seen += judged(program, [head + body[:64] + bytes(rng.choices(known, k=16)) + b" " + body[64:96] for _ in range(100_000)]).count("o")
    return seen / count * (len(known) / 256) ** 16


def main():
    program, count, seed = sys.argv[1], int((sys.argv[2:] or ["1000"])[0]), (sys.argv[3:] or ["15"])[0]
    rng = random.Random(seed)
    failed = 0
    written = genuine(rng)
    for (what, _), said in zip(written.items(), judged(program, list(written.values()))):
        if said != "o":
            failed += 1
            print(f"NOT OPENED ({said}): {what[:150]}")
    print(f"{len(written)} genuine mails")
    total = 0
    for cell in efail.CELLS:
        made = [each for each in efail.tries(cell, count, seed)]
        texts = [(how, text) for how, _, _, text in made if text is not None]
        total += len(made)
        for (how, text), said in zip(texts, judged(program, [text for _, text in texts])):
            if said == "o":
                failed += 1
                print(f"SHOWN: {cell}, {how}: {text[:120]!r} … {text[-60:]!r}")
    print(f"{total} changed mails of {len(efail.CELLS)} kinds")
    for charset in ("iso-8859-1", "windows-1252", "koi8-r"):
        share = rate(program, charset, rng)
        print(f"{charset}: {share:.1e} of random blocks look like text")
        failed += share > 2.5e-5
    return failed > 0


sys.exit(main())
