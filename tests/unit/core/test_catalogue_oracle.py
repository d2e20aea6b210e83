#!/usr/bin/python3
"""Compares plural forms with those that Python's gettext finds by the rule in each catalogue, and
has catalogues of an organisation read that are not what they should be.

Usage: test_catalogue_oracle.py PROGRAM CATALOGUES, where the program is catalogue_probe.
"""
import gettext
import pathlib
import re
import subprocess
import sys
import tempfile

COUNTS = [*range(0, 300), 1000, 1001, 1002, 1012, 1022, 4294967295, 4294967296]
SOURCE = pathlib.Path(__file__).resolve().parents[3]
OFFERS = {"portal/pages/frame.html": r'href="\?lang=(\w+)"', "portal/pages/settings.html": r'data-fill="language-(\w+)"'}
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def ask(program, directory, questions):
    return subprocess.run([program, directory], input="".join(f"{q}\n" for q in questions).encode(), capture_output=True)


def plurals(catalogue):
    """The texts that have plural forms: in an MO file, both forms of the original follow each other."""
    originals = {key[0] for key in catalogue._catalog if isinstance(key, tuple)}
    return {text for text in originals if text}


def main():
    program, catalogues = sys.argv[1], sorted(pathlib.Path(sys.argv[2]).glob("*.mo"))
    tried = 0
    for path in catalogues:
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
        assert plurals(catalogue), path
        for one in plurals(catalogue):
            got = ask(program, "", [f"{path.stem} {count} {one}|many" for count in COUNTS])
            assert got.returncode == 0, got.stderr
            for count, text in zip(COUNTS, got.stdout.decode().splitlines(), strict=True):
                assert text == catalogue.ngettext(one, "many", count), (path.stem, count, text)
                tried += 1
    assert len(catalogues) == 7 and tried > 5000, tried
    # Whoever may write in a language may also choose it. English is the language of the texts.
    languages = {"en", *(path.stem for path in catalogues)}
    for name, pattern in OFFERS.items():
        text = (SOURCE / name).read_text()
        assert set(re.findall(pattern, text)) == languages, name
    setting = re.search(r'^WORD\(language, "en", "(.*)"\)', (SOURCE / "core/settings_table.h").read_text(), re.M).group(1)
    assert set(setting.split(", ")) == languages
    got = ask(program, "", [f"en {count} one|many" for count in (0, 1, 2)])
    assert got.stdout.decode().split() == ["many", "one", "many"]
    with tempfile.TemporaryDirectory() as name:
        own = pathlib.Path(name)
        source = own / "pl.po"
        source.write_text(HEADER.replace("charset=UTF-8\\n", "charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n")
                          + 'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "jeden"\nmsgstr[1] "wiele"\n')
        subprocess.run(["msgfmt", "-o", own / "pl.mo", source], check=True)
        refused = ask(program, own, [])
        assert refused.returncode == 1 and "has 2 plural forms, not the 3 of this language" in refused.stderr.decode(), refused
        whole = (own / "pl.mo").read_bytes()
        for size in range(len(whole)):
            (own / "pl.mo").write_bytes(whole[:size])
            cut = ask(program, own, [])
            assert cut.returncode == 1 and b"reading the translations" in cut.stderr, (size, cut)
    print(f"{tried} forms, {len(whole)} cut files")


main()
