"""Documents with a text in them, made by software that is not ours, and a process of the reader that is asked about
one."""
import dataclasses
import io
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import unittest.mock
import zipfile
import zlib

import docx
import openpyxl
import xlsxwriter
from conftest import BUILD
from messages import noise
from odf.draw import Frame, Page, TextBox
from odf.opendocument import OpenDocumentPresentation, OpenDocumentSpreadsheet, OpenDocumentText
from odf.style import MasterPage, PageLayout
from odf.table import Table, TableCell, TableRow
from odf.teletype import addTextToElement
from odf.text import Note, NoteBody, NoteCitation, P, Span
from reportlab.pdfgen import canvas

DONE, NO_FORMAT, TOO_LARGE, TOO_DEEP, TOO_MUCH_WORK, TOO_MUCH_MEMORY, TOO_MANY, DAMAGED = range(8)
TEXT, NAME, FILE, CONTENT, OPAQUE_TEXT, OPAQUE_FILES, UNPACKS = range(64, 71)


@dataclasses.dataclass
class Found:
    """What a process of the reader said about a document."""
    outcome: int = None
    status: int = None
    seconds: float = 0
    text: bytes = b""
    names: list = dataclasses.field(default_factory=list)
    files: list = dataclasses.field(default_factory=list)
    opaque: list = dataclasses.field(default_factory=list)
    answer: bytes = b""
    unpacks: int = None

    def take(self, kind, data):
        if kind == TEXT:
            self.text += data
        elif kind == NAME:
            self.names.append(data.decode())
        elif kind == FILE:
            self.files.append([data.decode(), b""])
        elif kind == CONTENT:
            self.files[-1][1] += data
        elif kind == UNPACKS:
            self.unpacks = int.from_bytes(data, "little")
        else:
            self.opaque.append(data.decode())


def ask(program, kind, document):
    """Asks a process of its own, as the milter does."""
    found, (ours, theirs) = Found(), socket.socketpair()
    pid = os.posix_spawn(BUILD / "bin" / program, [program], {}, file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)])
    theirs.close()
    try:
        ours.sendall(struct.pack("=24sI", kind, len(document)) + document)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it needs no more to refuse
    with ours.makefile("rb") as stream:
        while found.outcome is None:
            try:
                header = stream.read(8)
            except ConnectionResetError:
                header = b""
            if len(header) < 8:
                break
            piece, length = struct.unpack("=II", header)
            if piece < TEXT:
                found.outcome, found.answer = piece, stream.read(length)
            else:
                found.take(piece, stream.read(length))
    ours.close()
    _, status, usage = os.wait4(pid, 0)
    found.status = os.waitstatus_to_exitcode(status)
    found.seconds = usage.ru_utime + usage.ru_stime
    return found


def zipped(files, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def repacked(package, **changed):
    """The package with some of its files changed by a function, or added."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changed.items():
        files[name] = change(files[name]) if callable(change) else change
    return zipped(files)


def saved(document):
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


# --- Word ---

def docx_paragraph(text):
    document = docx.Document()
    document.add_heading("Report", 0)
    document.add_paragraph(f"The patient has the number {text} since June.")
    return saved(document)


def docx_runs(text):
    """Each character with a format of its own, as after corrections."""
    document = docx.Document()
    paragraph = document.add_paragraph("Number ")
    for i, character in enumerate(text):
        paragraph.add_run(character).bold = i % 2 == 0
    return saved(document)


def docx_table(text):
    document = docx.Document()
    table = document.add_table(2, 2)
    table.cell(0, 0).text, table.cell(1, 1).text = "AHV", text
    return saved(document)


def docx_header(text):
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = text
    return saved(document)


def docx_hidden_between(text):
    """Hidden text cuts the visible one in two."""
    document = docx.Document()
    paragraph = document.add_paragraph(text[:5])
    paragraph.add_run("hidden").font.hidden = True
    paragraph.add_run(text[5:])
    return saved(document)


def docx_hidden(text):
    document = docx.Document()
    document.add_paragraph("x ").add_run(text).font.hidden = True
    return saved(document)


def docx_property(text):
    document = docx.Document()
    document.core_properties.comments = f"about {text}"
    return saved(document)


def docx_part(text, part, xml):
    """With a part that python-docx does not make, in the words of ECMA-376."""
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    return repacked(docx_paragraph("x"), **{part: f'<?xml version="1.0" encoding="UTF-8"?>{xml.format(w=w, text=text)}'})


def docx_footnote(text):
    return docx_part(text, "word/footnotes.xml",
                     '<w:footnotes {w}><w:footnote w:id="2"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:footnote></w:footnotes>')


def docx_comment(text):
    return docx_part(text, "word/comments.xml",
                     '<w:comments {w}><w:comment w:id="1"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:comment></w:comments>')


def docx_deleted(text):
    """Deleted while changes are tracked: it is still in the file."""
    return docx_part(text, "word/document.xml",
                     '<w:document {w}><w:body><w:p><w:r><w:t xml:space="preserve">a </w:t></w:r><w:del w:id="1" w:author="a"><w:r><w:delText>{text}'
                     '</w:delText></w:r></w:del><w:r><w:t xml:space="preserve"> b</w:t></w:r></w:p></w:body></w:document>')


def docx_strict(text):
    """ISO/IEC 29500 Strict, with blanks between all elements, in UTF-16."""
    return repacked(docx_paragraph("x"), **{"word/document.xml": (
        '<?xml version="1.0" encoding="UTF-16"?>\n<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main">\n'
        f' <w:body>\n  <w:p>\n   <w:r>\n    <w:t>{text[:3]}</w:t>\n   </w:r>\n   <w:proofErr/>\n   <w:r>\n    <w:t>{text[3:]}</w:t>\n'
        '   </w:r>\n  </w:p>\n </w:body>\n</w:document>').encode("utf-16")})


def docx_embedded(text):
    """A workbook within."""
    return repacked(docx_paragraph("x"), **{"word/embeddings/Microsoft_Excel_Sheet1.xlsx": xlsx_shared(text)})


# --- Excel ---

def xlsx_shared(text):
    book = openpyxl.Workbook()
    book.active["B2"] = "Number"
    book.active["C2"] = text
    return saved(book)


def xlsx_rich(text):
    """A string of several formats, in the table of strings."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        bold = book.add_format({"bold": True})
        book.add_worksheet().write_rich_string("A1", "Number ", bold, text[:4], text[4:], bold, ".")
    return data.getvalue()


def xlsx_inline(text):
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"constant_memory": True}) as book:
        book.add_worksheet().write_row("A1", ["Number", text])
    return data.getvalue()


def xlsx_comment(text):
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        book.add_worksheet().write_comment("A1", text)
    return data.getvalue()


def xlsx_formula(text):
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        book.add_worksheet().write_formula("A1", f'="{text}"', None, text)
    return data.getvalue()


def xlsx_sheet_name(text):
    book = openpyxl.Workbook()
    book.active.title = text
    return saved(book)


def xlsx_header(text):
    book = openpyxl.Workbook()
    book.active.oddHeader.center.text = text
    return saved(book)


# --- PowerPoint ---

A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'


def pptx(**slides):
    """In the words of ECMA-376: nothing in Debian makes them."""
    return zipped({"[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
                   **{name: f'<?xml version="1.0"?><p:sld {A}><p:cSld><p:spTree><p:sp><p:txBody>{body}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>'
                      for name, body in slides.items()}})


def pptx_slide(text):
    return pptx(**{"ppt/slides/slide1.xml": f'<a:p><a:r><a:t>No. {text[:6]}</a:t></a:r><a:r><a:rPr b="1"/><a:t>{text[6:]}</a:t></a:r></a:p>'})


def pptx_notes(text):
    return pptx(**{"ppt/slides/slide1.xml": "<a:p/>", "ppt/notesSlides/notesSlide1.xml": f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"})


# --- OpenDocument ---

def odf(document, suffix):
    with tempfile.TemporaryDirectory() as folder:
        document.save(f"{folder}/a.{suffix}")
        return pathlib.Path(f"{folder}/a.{suffix}").read_bytes()


def odt(paragraphs):
    document = OpenDocumentText()
    for text in paragraphs:
        paragraph = P()
        addTextToElement(paragraph, text)
        document.text.addElement(paragraph)
    return odf(document, "odt")


def odt_paragraph(text):
    return odt(["Report", f"Number {text}"])


def odt_spans(text):
    document = OpenDocumentText()
    paragraph = P(text="Number ")
    for character in text:
        paragraph.addElement(Span(text=character))
    document.text.addElement(paragraph)
    return odf(document, "odt")


def odt_note(text):
    document = OpenDocumentText()
    paragraph = P(text="x")
    note = Note(noteclass="footnote")
    note.addElement(NoteCitation(text="1"))
    body = NoteBody()
    body.addElement(P(text=text))
    note.addElement(body)
    paragraph.addElement(note)
    document.text.addElement(paragraph)
    return odf(document, "odt")


def ods_cell(text):
    document = OpenDocumentSpreadsheet()
    table, row, cell = Table(name="Sheet"), TableRow(), TableCell(valuetype="string")
    cell.addElement(P(text=text))
    row.addElement(cell)
    table.addElement(row)
    document.spreadsheet.addElement(table)
    return odf(document, "ods")


def odp_slide(text):
    document, box, frame = OpenDocumentPresentation(), TextBox(), Frame(width="400pt", height="50pt", x="20pt", y="20pt")
    document.automaticstyles.addElement(PageLayout(name="layout"))
    document.masterstyles.addElement(MasterPage(name="master", pagelayoutname="layout"))
    page = Page(masterpagename="master", name="page")
    box.addElement(P(text=f"Number {text}"))
    frame.addElement(box)
    page.addElement(frame)
    document.presentation.addElement(page)
    return odf(document, "odp")


ODF_ENCRYPTED = """<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"><manifest:encryption-data/></manifest:file-entry>
</manifest:manifest>"""


def odf_encrypted(package):
    """Each file encrypted for itself, as in OpenDocument 1.2."""
    return repacked(package, **{"META-INF/manifest.xml": ODF_ENCRYPTED, "content.xml": noise(2000, "content"), "meta.xml": noise(500, "meta"),
                                "styles.xml": noise(2000, "styles")})


def odf_encrypted_whole():
    """The package within a package, as LibreOffice 24.2 writes it."""
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "encrypted-package": noise(5000, "package"),
                   "META-INF/manifest.xml": ODF_ENCRYPTED.replace("content.xml", "encrypted-package")})


# --- Office with a password, in the words of MS-OFFCRYPTO and MS-CFB: nothing in Debian makes it ---

def cfb(streams):
    """A compound file of streams of at least 4096 bytes each."""
    free, end, fat_mark, sector = 0xffffffff, 0xfffffffe, 0xfffffffd, 512
    chain, data, starts = [fat_mark, end], b"", []  # the table of sectors, and the directory
    for content in streams.values():
        first, count = len(chain), -(-len(content) // sector)
        starts.append(first)
        chain += [*range(first + 1, first + count), end]
        data += content.ljust(count * sector, b"\0")

    def entry(name, kind, right, child, start, size):
        encoded = name.encode("utf-16-le") + b"\0\0"
        return struct.pack("<64sHBBIII36xIQ", encoded, len(encoded), kind, 1, free, right, child, start, size)

    directory = entry("Root Entry", 5, free, 1, end, 0)
    for i, (name, content) in enumerate(streams.items()):
        directory += entry(name, 2, i + 2 if i + 1 < len(streams) else free, free, starts[i], len(content))
    header = struct.pack("<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 62, 3, 0xfffe, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    table = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))
    return header + struct.pack("<109I", 0, *[free] * 108) + table + directory.ljust(sector, b"\0") + data


def office_encrypted(package):
    """The key is not known: the bytes in place of the package are any."""
    about = b'<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption"><keyData saltSize="16"/></encryption>'
    return cfb({"EncryptionInfo": (struct.pack("<HHI", 4, 4, 0x40) + about).ljust(4096, b" "),
                "EncryptedPackage": struct.pack("<Q", len(package)) + noise(-(-len(package) // 16) * 16, "key")})


def zip_encrypted_with_aes(text):
    """As WinZip and 7-Zip encrypt: method 99 (APPNOTE.TXT, appendix E)."""
    data = bytearray(zipped({"note.txt": text + " " * 100}, zipfile.ZIP_STORED))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        struct.pack_into("<HH", data, data.index(mark) + at, 1, 99)
    at = data.index(text.encode())
    data[at:at + len(text)] = noise(len(text), "aes")
    return bytes(data)


# --- RTF ---

def rtf(text):
    """As WordPad writes it: each character outside ASCII by its number, with a replacement."""
    escaped = "".join(c if " " <= c <= "~" and c not in "\\{}" else "\\par\n" if c == "\n" else f"\\u{ord(c)}?" for c in text)
    return (r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 Calibri;}}{\*\generator Riched20 10.0;}\viewkind4\uc1"
            "\n\\pard\\f0 " + escaped + "\\par\n}").encode()


def rtf_paragraph(text):
    return rtf(f"Number {text}.")


def rtf_runs(text):
    """Cut by formats, groups, line ends, escapes and numbers of characters."""
    half = len(text) // 2
    runs = "".join(f"{{\\b {c}}}" if i % 3 == 0 else f"\\'{ord(c):02x}" if i % 3 == 1 else f"\\u{ord(c)}  \n" for i, c in enumerate(text))
    return (r"{\rtf1\ansi\uc1 Number " + runs.replace("  \n", "?\r\n") + r"\par}").encode() if half else b""


def rtf_header(text):
    return (r"{\rtf1\ansi{\header\pard " + text + r"\par}Text\par}").encode()


def rtf_note(text):
    return (r"{\rtf1\ansi Text{\footnote " + text + r"}and more\par}").encode()


def rtf_hidden_between(text):
    return (r"{\rtf1\ansi " + text[:6] + r"{\v hidden}" + text[6:] + r"\par}").encode()


def rtf_field(text):
    return (r'{\rtf1\ansi{\field{\*\fldinst HYPERLINK "https://example.com/x"}{\fldrslt ' + text + r"}}\par}").encode()


def rtf_in_zip(text):
    return zipped({"letter.rtf": rtf_runs(text)})


# --- PDF ---

def pdf(draw, **options):
    data = io.BytesIO()
    page = canvas.Canvas(data, **options)
    draw(page)
    page.drawString(72, 20, "end")
    page.save()
    return data.getvalue()


def through(*command, data, suffix=".pdf"):
    """What a command that reads and writes files makes of a document."""
    with tempfile.TemporaryDirectory() as folder:
        old, new = pathlib.Path(folder) / f"old{suffix}", pathlib.Path(folder) / "new.pdf"
        old.write_bytes(data)
        subprocess.run([word.format(old=old, new=new, folder=folder) for word in command], check=True, capture_output=True)
        return new.read_bytes()


def pdf_plain(text):
    return pdf(lambda page: page.drawString(72, 700, f"Number {text} here"))


def pdf_uncompressed(text):
    return pdf(lambda page: page.drawString(72, 700, f"Number {text} here"), pageCompression=0)


def pdf_letters(text):
    """Each letter is placed by itself, in one of two fonts."""
    def draw(page):
        x = 72
        for i, letter in enumerate(text):
            font = ("Helvetica", "Helvetica-Bold")[i % 2]
            page.setFont(font, 12)
            page.drawString(x, 700, letter)
            x += page.stringWidth(letter, font, 12)
    return pdf(draw)


def pdf_turned(text):
    def draw(page):
        page.rotate(90)
        page.drawString(100, -100, text)
    return pdf(draw)


def pdf_last_page(text):
    def draw(page):
        for i in range(40):
            page.drawString(72, 700, f"Page {i}")
            page.showPage()
        page.drawString(72, 700, text)
    return pdf(draw)


def pdf_invisible(text):
    """As behind a scanned page."""
    def draw(page):
        line = page.beginText(72, 700)
        line.setTextRenderMode(3)
        line.textLine(text)
        page.drawText(line)
    return pdf(draw)


def pdf_field(text):
    return pdf(lambda page: page.acroForm.textfield(name="number", value=text, x=72, y=700, width=300))


def pdf_note(text):
    return pdf(lambda page: page.textAnnotation(text, Rect=[72, 700, 100, 720]))


def pdf_title(text):
    return pdf(lambda page: page.setTitle(f"About {text}"))


def pdf_outline(text):
    def draw(page):
        page.bookmarkPage("a")
        page.addOutlineEntry(text, "a")
    return pdf(draw)


def pdf_object_streams(text):
    return through("qpdf", "--object-streams=generate", "{old}", "{new}", data=pdf_plain(text))


def pdf_for_reading_only(text):
    """Encrypted, but it opens without a password."""
    return through("qpdf", "--encrypt", "", "owner", "256", "--extract=n", "--", "{old}", "{new}", data=pdf_plain(text))


def pdf_printed(text):
    """Made from PostScript, as by a driver of a printer."""
    postscript = f"%!PS\n/Times-Roman findfont 12 scalefont setfont 72 700 moveto (Number {text} here) show showpage\n"
    return through("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-sOutputFile={new}", "{old}",
                   data=postscript.encode(), suffix=".ps")


def pdf_attachment(text):
    with tempfile.NamedTemporaryFile(suffix=".docx") as inner:
        inner.write(docx_runs(text))
        inner.flush()
        return through("qpdf", "{old}", "--add-attachment", inner.name, "--", "{new}", data=pdf_plain("x"))


def pdf_behind_other_bytes(text):
    return b"\r\n" * 100 + pdf_plain(text)


def pdf_in_zip(text):
    return zipped({"report.pdf": pdf_plain(text)})


# --- winmail.dat, in the words of MS-OXTNEF: nothing in Debian makes it ---

def tnef_attribute(level, kind, data):
    return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xffff)


def tnef_properties(*properties):
    """Each with its type, its identifier and its bytes."""
    data = struct.pack("<I", len(properties))
    for kind, identifier, value in properties:
        data += struct.pack("<HHII", kind, identifier, 1, len(value)) + value + bytes(-len(value) % 4)
    return data


def tnef(body=b"", properties=(), attachments=()):
    """Attachments: name, bytes and properties."""
    data = b"\x78\x9f\x3e\x22\x01\x00" + tnef_attribute(1, 0x00089006, b"\0\0\1\0")
    data += tnef_attribute(1, 0x00069007, struct.pack("<II", 1252, 0))
    data += tnef_attribute(1, 0x00078008, b"IPM.Microsoft Mail.Note\0") + tnef_attribute(1, 0x00018004, b"The subject\0")
    if body:
        data += tnef_attribute(1, 0x0002800c, body + b"\0")
    if properties:
        data += tnef_attribute(1, 0x00069003, tnef_properties(*properties))
    for name, content, more in attachments:
        data += tnef_attribute(2, 0x00069002, struct.pack("<HIHHI", 1, 0xffffffff, 0, 0, 0))
        data += tnef_attribute(2, 0x00018010, name + b"\0")
        if content:
            data += tnef_attribute(2, 0x0006800f, content)
        if more:
            data += tnef_attribute(2, 0x00069005, tnef_properties(*more))
    return data


STRING, UNICODE, BINARY, OBJECT = 0x1e, 0x1f, 0x102, 0x0d


def tnef_body(text):
    return tnef(f"Number {text}, f\u00fcr Anna".encode("cp1252"))


def tnef_unicode(text):
    return tnef(properties=[(UNICODE, 0x1000, f"Number {text}\0".encode("utf-16-le"))])


def tnef_html(text):
    return tnef(properties=[(BINARY, 0x1013, f"<p>Number {text[:4]}<b>{text[4:]}</b>".encode())])


def compressed_rtf(document):
    """MS-OXRTFCP 2.1.3.1, without references to the dictionary but the one that ends it."""
    end = struct.pack(">H", (207 + len(document)) % 4096 << 4)
    tokens = [document[i:i + 1] for i in range(len(document))] + [end]
    packed = b""
    for i in range(0, len(tokens), 8):
        run = tokens[i:i + 8]
        packed += bytes([sum(1 << bit for bit, token in enumerate(run) if len(token) > 1)]) + b"".join(run)
    checksum = zlib.crc32(packed, 0xffffffff) ^ 0xffffffff
    return struct.pack("<II4sI", len(packed) + 12, len(document), b"LZFu", checksum) + packed


def tnef_rtf(text):
    return tnef(properties=[(BINARY, 0x1009, compressed_rtf(rtf_runs(text)))])


def tnef_rtf_stored(text):
    """Not compressed."""
    document = rtf_runs(text)
    return tnef(properties=[(BINARY, 0x1009, struct.pack("<III", len(document) + 12, len(document), 0x414c454d) + bytes(4) + document)])


def tnef_attachment(text):
    return tnef(b"See the file.", attachments=[(b"letter.doc", docx_runs(text), [(STRING, 0x3707, b"a long letter.docx\0")])])


def tnef_message(text):
    """A message within the message, and in that one a file."""
    inner = tnef(b"x", attachments=[(b"note.txt", f"Number {text}\n".encode(), [])])
    return tnef(b"See the message.", attachments=[(b"message", b"", [(OBJECT, 0x3701, bytes(16) + inner)])])


# --- archives ---

def zip_text(text):
    return zipped({"a/note.txt": f"Number {text}\n"})


def zip_html(text):
    return zipped({"page.html": f"<p>Number {text[:4]}<b>{text[4:]}</b>"})


def zip_utf16(text):
    return zipped({"note.txt": text.encode("utf-16")}, zipfile.ZIP_STORED)


def zip_in_zip(text):
    return zipped({"inner.zip": zipped({"inner.zip": zip_text(text)}), "other.txt": "nothing"})


def zip64(files):
    """All that may be said in 64 bits is (4.5.3 of APPNOTE.TXT), as programs do that write what is longer than they know."""
    with unittest.mock.patch("zipfile.ZIP64_LIMIT", 0):
        return zipped(files)


def zip64_text(text):
    return zip64({"first.txt": "nothing", "note.txt": f"Number {text}\n"})


def zip64_streamed(text):
    """With the sizes in a descriptor behind the file."""
    class Stream(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise io.UnsupportedOperation

    packed = Stream()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("note.txt", "w", force_zip64=True) as file:
        file.write(f"Number {text}\n".encode())
    return packed.getvalue()


def docx_zip64(text):
    with zipfile.ZipFile(io.BytesIO(docx_runs(text))) as archive:
        return zip64({name: archive.read(name) for name in archive.namelist()})


def zip_docx(text):
    return zipped({"letter.docx": docx_runs(text), "table.xlsx": xlsx_shared("x")})


def zip_self_extracting(text):
    """A program that unpacks the archive behind it."""
    return b"MZ\x90\0" + bytes(range(256)) * 40 + zip_text(text)


FORMS = {make.__name__: make for make in (
    docx_paragraph, docx_runs, docx_table, docx_header, docx_hidden_between, docx_hidden, docx_property, docx_footnote,
    docx_comment, docx_deleted, docx_strict, docx_embedded, xlsx_shared, xlsx_rich, xlsx_inline, xlsx_comment, xlsx_formula,
    xlsx_sheet_name, xlsx_header, pptx_slide, pptx_notes, zip_text, zip_html, zip_utf16, zip_in_zip, zip_docx,
    zip_self_extracting, zip64_text, zip64_streamed, docx_zip64, odt_paragraph, odt_spans, odt_note, ods_cell, odp_slide, rtf_paragraph, rtf_runs, rtf_header, rtf_note,
    rtf_hidden_between, rtf_field, rtf_in_zip, pdf_plain, pdf_uncompressed, pdf_letters, pdf_turned, pdf_last_page, pdf_invisible,
    pdf_field, pdf_note, pdf_title, pdf_outline, pdf_object_streams, pdf_for_reading_only, pdf_printed, pdf_attachment,
    pdf_behind_other_bytes, pdf_in_zip, tnef_body, tnef_unicode, tnef_html, tnef_rtf, tnef_rtf_stored, tnef_attachment, tnef_message)}
