"""A number that an employee's own programs put where nobody looks: it is found, or the message waits, but it never passes in
silence. Asked of `postseal policy test`, which reads as the milter does, by way of the same readers."""
import json
import subprocess

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
    "page of XPS": lambda n: opc("Documents/1/Pages/1.fpage", f'<FixedPage><Glyphs UnicodeString="{n}"/></FixedPage>'),
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
