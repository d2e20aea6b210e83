"""A number that an employee's own programs put where nobody looks: it is found, or the message waits, but it never passes in
silence. Asked of `postseal policy test`, which reads as the milter does, by way of the same readers."""
import base64
import io
import json
import subprocess
import zipfile
import zlib

import documents
from conftest import BUILD
from messages import base64_lines, multipart, part

CONFIG = """organisation "Example Corp"
domains { "example.com" }
database "postgresql:///nowhere"
portal url "https://secure.example.com"
match detect card or detect iban or detect ahv reject "It has a number."
otherwise deliver plain
"""
CARD = "4556 7375 8689 9855"
DIGITS = CARD.replace(" ", "")
NEAR = "4556 7375 8689 9856"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
HEAD = b"From: anna@example.com\r\nTo: x@plain.example\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n"


def with_file(data, name="file.bin", content="application/octet-stream"):
    data = data.encode() if isinstance(data, str) else data
    file = part(f'Content-Type: {content}\nContent-Disposition: attachment; filename="{name}"\nContent-Transfer-Encoding: base64',
                base64_lines(data))
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + multipart("b", part("Content-Type: text/plain", b"See.\r\n"), file)


def with_text(text, content="text/plain; charset=utf-8"):
    return HEAD + f"Content-Type: {content}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n".encode()


def verdicts(directory, messages):
    """"reject" for what was found, "wait" for what cannot be looked into, or "plain"."""
    (directory / "postseal.conf").write_text(CONFIG)
    expectations = ""
    for i, message in enumerate(messages):
        (directory / f"{i}.eml").write_bytes(message)
        expectations += f'from "anna@example.com" to "x@plain.example" file "{i}.eml" gives reject\n'
    (directory / "rules.expect").write_text(expectations)
    done = subprocess.run([BUILD / "bin" / "postseal", "-f", directory / "postseal.conf", "policy", "test", "--json", "rules.expect"],
                          cwd=directory, capture_output=True, text=True)
    assert done.stderr == ""
    return [row["found"].split()[0].rstrip(",:") for row in json.loads(done.stdout)]


# --- Office ---

def word(xml, name="word/document.xml", root="document"):
    inside = f"<w:body>{xml}</w:body>" if root == "document" else xml
    names = ('xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml" '
             'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"')
    return documents.repacked(documents.docx_paragraph("x"), **{name: f"{XML}<w:{root} {names}>{inside}</w:{root}>"})


def word_field(xml):
    return word(f'<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData>{xml}</w:ffData></w:fldChar></w:r></w:p>')


def excel(xml="", name="xl/worksheets/sheet1.xml", root="worksheet"):
    sheet = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return documents.repacked(documents.xlsx_shared("x"), **{name: f"{XML}<{root} {sheet}>{xml}</{root}>"})


def opendocument(xml):
    names = " ".join(f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for short, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("form", "form")))
    content = f"{XML}<office:document-content {names}><office:body><office:text>{xml}</office:text></office:body></office:document-content>"
    return documents.repacked(documents.odt(["x"]), **{"content.xml": content})


def cells(*repeated):
    """A digit a cell, as LibreOffice writes them: equal neighbours once."""
    row = "".join(f'<table:table-cell table:number-columns-repeated="{count}"><text:p>{digit}</text:p></table:table-cell>'
                  for digit, count in repeated)
    return opendocument(f"<table:table><table:table-row>{row}</table:table-row></table:table>")


def opc(name, xml):
    return documents.zipped({"[Content_Types].xml": "<Types/>", name: xml})


OFFICE = {
    "watermark of Word": lambda n: word(f'<w:p><w:r><w:pict><v:shape><v:textpath string="{n}"/></v:shape></w:pict></w:r></w:p>'),
    "instruction of a field": lambda n: word(f'<w:p><w:fldSimple w:instr=" QUOTE &quot;{n}&quot; "/></w:p>'),
    "default of a form field": lambda n: word_field(f'<w:textInput><w:default w:val="{n}"/></w:textInput>'),
    "choice of a form field": lambda n: word_field(f'<w:ddList><w:listEntry w:val="{n}"/></w:ddList>'),
    "help of a form field": lambda n: word_field(f'<w:helpText w:type="text" w:val="{n}"/>'),
    "title of a content control": lambda n: word(f'<w:p><w:sdt><w:sdtPr><w:alias w:val="{n}"/></w:sdtPr></w:sdt></w:p>'),
    "name of a shape": lambda n: word(f'<w:p><w:r><w:drawing><wp:docPr id="1" name="{n}"/></w:drawing></w:r></w:p>'),
    "data of a form in attributes": lambda n: documents.repacked(documents.docx_paragraph("x"), **{"customXml/item1.xml": f'<a><card no="{n}"/></a>'}),
    "source of a pivot table": lambda n: excel(f'<cacheFields><cacheField name="a"><sharedItems><s v="{n}"/></sharedItems></cacheField></cacheFields>',
                                               "xl/pivotCache/pivotCacheDefinition1.xml", "pivotCacheDefinition"),
    "record of a pivot table": lambda n: excel(f'<r><x v="1"/><s v="{n.replace(" ", "")}"/><n v="12345678"/></r>',
                                               "xl/pivotCache/pivotCacheRecords1.xml", "pivotCacheRecords"),
    "cells of another workbook": lambda n: excel(f'<externalBook><sheetDataSet><sheetData><row><cell t="str"><v>{n.replace(" ", "")}</v></cell>'
                                                 '<cell><v>12345678</v></cell></row></sheetData></sheetDataSet></externalBook>',
                                                 "xl/externalLinks/externalLink1.xml", "externalLink"),
    "text of a link in Excel": lambda n: excel(f'<hyperlinks><hyperlink ref="A1" display="{n}"/></hyperlinks>'),
    "title of a hint in Excel": lambda n: excel(f'<dataValidations><dataValidation promptTitle="{n}"/></dataValidations>'),
    "scenario of Excel": lambda n: excel(f'<scenarios><scenario name="x"><inputCells r="A1" val="{n}"/></scenario></scenarios>'),
    "comment of a name in Excel": lambda n: excel(f'<definedNames><definedName name="k" comment="{n}">1</definedName></definedNames>', "xl/workbook.xml", "workbook"),
    "filter of Excel": lambda n: excel(f'<autoFilter><filterColumn><filters><filter val="{n}"/></filters></filterColumn></autoFilter>'),
    "format of a number": lambda n: excel(f'<numFmts><numFmt numFmtId="170" formatCode="&quot;{n}&quot;"/></numFmts>', "xl/styles.xml", "styleSheet"),
    "name of a shape in PowerPoint": lambda n: documents.pptx(**{"ppt/slides/slide1.xml": f'<p:cNvPr id="1" name="{n}"/>'}),
    "field of a form in LibreOffice": lambda n: opendocument(f'<office:forms><form:form><form:text form:current-value="{n}"/></form:form></office:forms>'),
    "formula without a result": lambda n: opendocument(f'<table:table><table:table-row><table:table-cell table:formula="of:=&quot;{n}&quot;"/>'
                                                       "</table:table-row></table:table>"),
    "equal cells, written once": lambda n: cells(("4", 1), ("5", 2), ("6", 1), ("7", 1), ("3", 1), ("7", 1), ("5", 1), ("8", 1), ("6", 1), ("8", 1), ("9", 2),
                                                 ("8", 1), ("5", 1), (n[-1], 1)),
    "deletion that is recorded in LibreOffice": lambda n: opendocument(
        f'<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>{n[-4:]}</text:p></text:deletion></text:changed-region>'
        f'</text:tracked-changes><text:p>{n[:-4]}<text:change text:change-id="c1"/>.</text:p>'),
    "data of a shape in Visio": lambda n: opc("visio/pages/page1.xml", f'<PageContents><Cell N="Value" V="{n}"/></PageContents>'),
}


def test_number_that_only_an_attribute_has_passed_in_silence(tmp_path):
    found = verdicts(tmp_path, [with_file(OFFICE[name](CARD)) for name in OFFICE])
    assert dict(zip(OFFICE, found)) == dict.fromkeys(OFFICE, "reject")
    found = verdicts(tmp_path, [with_file(OFFICE[name](NEAR)) for name in OFFICE])
    assert dict(zip(OFFICE, found)) == dict.fromkeys(OFFICE, "plain")


def test_numbers_of_drawings_are_places():
    text = documents.ask("postseal-reader-office", b"zip", opendocument(f'<draw:polygon draw:points="{CARD}" draw:name="{{{CARD}}}"/>')).text
    assert text and CARD.encode() not in text


# --- PDF ---

def stream(text, about=""):
    data = text if isinstance(text, bytes) else text.encode()
    return f"<</Length {len(data)}{about}>>stream\n".encode() + data + b"\nendstream"


def pdf(content="", page="", catalog="", resources="", further=(), font="<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"):
    """In the words of ISO 32000, without a table of objects, which every program makes anew. What is further begins with object 6."""
    objects = [f"<</Type/Catalog/Pages 2 0 R{catalog}>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>{resources}>>{page}>>",
               stream(content), font, *further]
    data = b"%PDF-1.7\n"
    for i, value in enumerate(objects, 1):
        data += f"{i} 0 obj\n".encode() + (value if isinstance(value, bytes) else value.encode()) + b"\nendobj\n"
    return data + b"trailer<</Root 1 0 R>>\n%%EOF\n"


def shown(text):
    return f"BT /F 12 Tf 72 700 Td ({text}) Tj ET"


def layer(text):
    return pdf(f"/OC /O BDC {shown(text)} EMC", catalog="/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>", resources="/Properties<</O 6 0 R>>",
               further=["<</Type/OCG/Name(Hidden)>>"])


def fields(values):
    places = " ".join(f"{6 + i} 0 R" for i in range(len(values)))
    return pdf(shown("x"), f"/Annots[{places}]", f"/AcroForm<</Fields[{places}]/DA(/F 9 Tf)>>", further=[
        f"<</Type/Annot/Subtype/Widget/Rect[{50 + 20 * i} 50 {68 + 20 * i} 90]/FT/Tx/T(d{i}){value}>>" for i, value in enumerate(values)])


def tag(text):
    return pdf(shown("x"), catalog="/MarkInfo<</Marked true>>/StructTreeRoot 6 0 R", further=[
        "<</Type/StructTreeRoot/K 7 0 R>>", f"<</Type/StructElem/S/Figure/P 6 0 R/Pg 3 0 R/Alt({text})/K 0>>"])


def described_file(text):
    return pdf(shown("x"), catalog="/Names<</EmbeddedFiles<</Names[(a)6 0 R]>>>>", further=[
        f"<</Type/Filespec/F(a.txt)/UF(a.txt)/Desc({text})/EF<</F 7 0 R>>>>", stream("x", "/Type/EmbeddedFile")])


PDF = {
    "layer that is off": layer,
    "outside of what a page shows": lambda n: pdf(shown(n), "/CropBox[0 0 50 50]"),
    "outside of what a page shows, elsewhere": lambda n: pdf(shown(n), "/CropBox 6 0 R", further=["[0 0 50 50]"]),
    "instead of a picture": tag,
    "XMP": lambda n: pdf(shown("x"), catalog="/Metadata 6 0 R", further=[stream(f"<x><dc:description>{n}</dc:description></x>", "/Type/Metadata/Subtype/XML")]),
    "tool tip of a field": lambda n: fields([f"/TU({n})"]),
    "a field for each digit": lambda n: fields([f"/V({digit})" for digit in n.replace(" ", "")]),
    "a field for each group": lambda n: fields([f"/V({group})" for group in n.split()]),
    "what was typed into a list": lambda n: fields([f"/FT/Ch/Ff 393216/Opt[(a)(b)]/V({n})"]),
    "description of an attached file": described_file,
}


def test_number_in_a_corner_of_a_pdf_passed_in_silence(tmp_path):
    found = verdicts(tmp_path, [with_file(PDF[name](CARD)) for name in PDF])
    assert dict(zip(PDF, found)) == dict.fromkeys(PDF, "reject")
    found = verdicts(tmp_path, [with_file(PDF[name](NEAR)) for name in PDF])
    assert dict(zip(PDF, found)) == dict.fromkeys(PDF, "plain")


def packed_pages(crop):
    """The page is in a stream of objects, as Acrobat writes it."""
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]{crop}/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    return pdf(shown("x"), further=[stream(zlib.compress(f"9 0 {page}".encode()), "/Type/ObjStm/N 1/First 4/Filter/FlateDecode")])


def glyphs():
    """As programs write them that do not say which characters these are: by their numbers in the font, where 0 is the 19th."""
    font = ("<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/X"
            "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 600/FontDescriptor 6 0 R>>]>>")
    numbers = "".join(f"{int(digit) + 19:04x}" for digit in DIGITS)
    return pdf(f"BT /F 12 Tf 72 700 Td <{numbers}> Tj ET", font=font, further=[
        "<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox[0 0 1000 1000]/Ascent 800/Descent -200/ItalicAngle 0/CapHeight 700/StemV 80>>"])


def test_pdf_whose_text_is_not_what_it_shows_was_not_opaque(tmp_path):
    made = {"cropped in a stream of objects": packed_pages("/CropBox[0 0 50 50]"), "cropped elsewhere": packed_pages("/CropBox 6 0 R"),
            "cropped in too many ways": packed_pages("".join(f"/CropBox[0 0 {600 + 3 * i} 800]" for i in range(1100))), "glyphs by number": glyphs(),
            "XFA": pdf(shown("Please wait"), catalog="/AcroForm<</Fields[]/XFA[(datasets)6 0 R]>>", further=[stream("<xfa:datasets/>")]),
            "script at the start": pdf(shown("x"), catalog="/OpenAction<</S/JavaScript/JS(app.beep)>>")}
    found = verdicts(tmp_path, [with_file(made[name]) for name in made])
    assert dict(zip(made, found)) == dict.fromkeys(made, "wait")
    ordinary = {"all of the page": packed_pages("/CropBox[0 0 600 800]"), "XFA beside fields": pdf(
        shown("x"), "/Annots[6 0 R]", "/AcroForm<</Fields[6 0 R]/XFA[]>>", further=["<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]/FT/Tx/T(a)/V(b)>>"])}
    found = verdicts(tmp_path, [with_file(ordinary[name]) for name in ordinary])
    assert dict(zip(ordinary, found)) == dict.fromkeys(ordinary, "plain")


# --- mail, archives, calendars, and other programs' files ---

def archive_with_comment(text, of_file=False):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        file = zipfile.ZipInfo("a.txt")
        if of_file:
            file.comment = text.encode()
        else:
            archive.comment = text.encode()
        archive.writestr(file, "x")
    return packed.getvalue()


SHOWN = {
    "what Outlook asks its reader to do": lambda n: HEAD + f"X-Message-Flag: {n}\r\nContent-Type: text/plain\r\n\r\nx\r\n".encode(),
    "title of a page": lambda n: with_file(f"<html><head><title>{n}</title></head><body>x", "page.html", "text/html"),
    "comment of an archive": lambda n: with_file(archive_with_comment(n)),
    "comment of a file in an archive": lambda n: with_file(archive_with_comment(n, of_file=True)),
}


def test_number_in_a_flag_a_title_or_a_comment_passed_in_silence(tmp_path):
    found = verdicts(tmp_path, [SHOWN[name](CARD) for name in SHOWN])
    assert dict(zip(SHOWN, found)) == dict.fromkeys(SHOWN, "reject")
    found = verdicts(tmp_path, [SHOWN[name](NEAR) for name in SHOWN])
    assert dict(zip(SHOWN, found)) == dict.fromkeys(SHOWN, "plain")


def encoded(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def entry(line):
    return f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def card(line):
    return f"BEGIN:VCARD\r\nVERSION:3.0\r\n{line}\r\nEND:VCARD\r\n"


def test_file_within_a_calendar_entry_or_card_was_not_opaque(tmp_path):
    made = {"lower case": entry(f"ATTACH;VALUE=BINARY;ENCODING=base64:{encoded(CARD)}"), "an address with data": entry(
                f"ATTACH:data:text/plain;base64,{encoded(CARD)}"),
            "note of vCard 3": card(f"NOTE;ENCODING=b:{encoded(CARD)}"), "note of vCard 2.1": card(f"NOTE;BASE64:\r\n {encoded(CARD)}\r\n"),
            "sound of vCard 4": card(f"SOUND:data:text/plain;base64,{encoded(CARD)}"),
            "behind a picture": card(f"PHOTO;ENCODING=b;TYPE=JPEG:{encoded(bytes([0xff, 0xd8, 0xff]) * 30000)}\r\nNOTE;ENCODING=b:{encoded(CARD)}"),
            "at the very end": f"BEGIN:VCARD\r\nNOTE;ENCODING=b:{encoded(CARD)}"}
    found = verdicts(tmp_path, [with_file(made[name], "a.ics") for name in made])
    assert dict(zip(made, found)) == dict.fromkeys(made, "wait")
    ordinary = {"a person's picture": card(f"PHOTO;ENCODING=b;TYPE=JPEG:{encoded(bytes([0xff, 0xd8, 0xff]) * 30000)}"),
                "of an iPhone": card(f"PHOTO;ENCODING=BASE64;TYPE=JPEG:\r\n {encoded(bytes([0xff, 0xd8, 0xff]) * 300)}\r\n"),
                "a certificate": card(f"KEY;X509;ENCODING=BASE64:\r\n {encoded(bytes([0x30, 0x82, 5]) + bytes(300))}\r\n"),
                "nothing encoded": entry("SUMMARY:Meeting; ENCODING=BASE 64")}
    found = verdicts(tmp_path, [with_file(ordinary[name], "a.vcf") for name in ordinary])
    assert dict(zip(ordinary, found)) == dict.fromkeys(ordinary, "plain")


def test_file_of_a_program_that_is_not_read_was_not_opaque(tmp_path):
    letter = documents.zipped({"Index/Document.iwa": b"\0\x19\0\0\x15\x50" + CARD.encode(), "preview.jpg": b"\xff\xd8\xff\xe0" + bytes(99)})
    made = {"Pages": letter, "Pages in an archive": documents.zipped({"letter.pages": letter}),
            "Access": b"\0\1\0\0Standard ACE DB\0" + bytes(3000) + CARD.encode("utf-16-le"), "SQLite": b"SQLite format 3\0\x10\0\1\1" + bytes(3000) + CARD.encode(),
            "web archive of Safari": b"bplist00\xd1\1\2_\x10\x0fWebMainResourceO\x11\1\0" + CARD.encode("utf-16-be"),
            "SQLite in an archive": documents.zipped({"a.db": b"SQLite format 3\0\x10\0\1\1" + bytes(3000)}),
            "restricted by Microsoft": b"\x76\xe8\x04\x60\xc4\x11\xe3\x86" + bytes(90), "protected by Purview": b".pfile" + bytes(90),
            "openssl enc": b"Salted__" + bytes(range(90)), "KeePass": b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5" + bytes(90), "Apple archive": b"AA01" + bytes(90)}
    found = verdicts(tmp_path, [with_file(made[name]) for name in made])
    assert dict(zip(made, found)) == dict.fromkeys(made, "wait")


# --- text ---

def between(separator):
    return lambda n: separator.join(n.split())


WRITTEN = {
    "blanks of Braille": between("\u2800"), "plus": between("+"), "stars": between("*"), "colons": between(":"), "bars": between("|"),
    "a drawn table": between(" | "), "drawn lines": between("\u2502"), "equals": between("="), "backslashes": between("\\"),
    "a digit a cell of a drawn table": lambda n: " | ".join(n.replace(" ", "")),
    "by thousands": lambda n: f"{int(n.replace(' ', '')):,}".replace(",", "'"), "by thousands, in German": lambda n: f"{int(n.replace(' ', '')):,}".replace(",", "."),
    "by thousands, in French": lambda n: f"{int(n.replace(' ', '')):,}".replace(",", "\u202f"),
    "digits of a font of symbols": lambda n: "".join(chr(0xf000 + ord(c)) if c != " " else c for c in n),
}


def test_number_with_other_separators_passed_in_silence(tmp_path):
    found = verdicts(tmp_path, [with_text(f"It is {WRITTEN[name](CARD)} today") for name in WRITTEN])
    assert dict(zip(WRITTEN, found)) == dict.fromkeys(WRITTEN, "reject")
    found = verdicts(tmp_path, [with_text(f"It is {WRITTEN[name](NEAR)} today") for name in WRITTEN])
    assert dict(zip(WRITTEN, found)) == dict.fromkeys(WRITTEN, "plain")
    amounts = ["7'569'217'076'985'000", "1'756'921'707'698'5", "at 10:20:30 and 11:45:56:37"]
    assert verdicts(tmp_path, [with_text(amount) for amount in amounts]) == ["plain"] * len(amounts)


def test_account_number_with_a_box_for_each_digit_passed_in_silence(tmp_path):
    """As banks print them, and as forms and tables have them."""
    for number, wanted in (("DE89370400440532013000", "reject"), ("CH9300762011623852957", "reject"), ("DE89370400440532013001", "plain")):
        found = verdicts(tmp_path, [with_text(f"Account {separator.join(number)} of") for separator in (" ", "  ", " | ", "|", "\t", "\r\n")])
        assert found == [wanted] * len(found)
    apart = pdf(" ".join(f"BT /F 12 Tf {40 + 20 * i} 700 Td ({c}) Tj ET" for i, c in enumerate("DE89370400440532013000")))
    assert verdicts(tmp_path, [with_file(apart), with_file(fields([f"/V({c})" for c in "DE89370400440532013000"]))]) == ["reject"] * 2


def test_word_that_a_line_end_divides_in_a_pdf_was_no_word():
    """Word and LibreOffice divide words where they set text in columns."""
    made = pdf("BT /F 12 Tf 14 TL 72 700 Td (It is an Appendi-) Tj T* (citis, they say, in the E-) Tj T* (Mail, of the 1980-) Tj T* (ties -) Tj T* (so) Tj ET")
    lines = documents.ask("postseal-reader-pdf", b"pdf", made).text.decode().splitlines()
    assert "Appendicitis" in lines and not {"EMail", "1980ties"} & set(lines)
    assert lines.count("so") == 1


def test_word_in_the_name_of_a_file_or_a_category_passed_in_silence(tmp_path):
    (tmp_path / "wishes.conf").write_text(CONFIG.partition("match")[0] + 'table diagnoses words { "Appendicitis" "Hepatitis C" }\n'
                                          'match text in <diagnoses> at least 2 hold "Two." for <some>\n'
                                          'match text in <diagnoses> reject "One."\notherwise deliver plain\n'
                                          + 'table some { "dpo@example.com" }\n')
    made = [with_file("x", "Report_Appendicitis_2026.pdf"), with_file(documents.zipped({"Appendicitis.txt": "x"})),
            HEAD + b"Keywords: Appendicitis\r\nContent-Type: text/plain\r\n\r\nx\r\n", HEAD + b"X-Message-Flag: Appendicitis?\r\nContent-Type: text/plain\r\n\r\nx\r\n",
            with_file("Hepatitis C", "Appendicitis.txt"), with_file("x", "Appendicitides.pdf"), HEAD + b"X-Other: Appendicitis\r\n\r\nx\r\n"]
    text = ""
    for i, (message, wanted) in enumerate(zip(made, ["reject"] * 4 + ["hold", "plain", "plain"])):
        (tmp_path / f"{i}.eml").write_bytes(message)
        text += f'from "anna@example.com" to "x@plain.example" file "{i}.eml" gives {wanted}\n'
    (tmp_path / "wishes.expect").write_text(text)
    done = subprocess.run([BUILD / "bin" / "postseal", "-f", tmp_path / "wishes.conf", "policy", "test", "wishes.expect"], cwd=tmp_path, capture_output=True,
                          text=True)
    assert (done.stdout, done.stderr) == ("7 of 7 expectations hold\n", "")
