"""What Outlook packs into winmail.dat is read as if it had been sent as it is; phones cannot open that file."""
import html
import io
import random
import re
import struct
import zipfile

import documents
import pytest
from documents import BINARY, OBJECT, STRING, UNICODE, tnef
from messages import base64_lines, multipart, part
from person import PORTAL_RULES as RULES, Person, send
from PIL import Image

NOISE = random.Random(16)
FILES = {"Plan 3.pdf": NOISE.randbytes(300001), "Bericht für Ève.docx": documents.docx_runs("x"),
         "notes.txt": b"N", "nothing.bin": b"", "last.zip": NOISE.randbytes(77)}
PACKED = ("winmail.dat", "application/ms-tnef")


def attachments(files):
    """Names as Windows has them, long ones in Unicode."""
    return [(b"SHORT~1.XYZ", content, [(UNICODE, 0x3707, (name + "\0").encode("utf-16-le"))]) for name, content in files.items()]


def winmail(data, name="winmail.dat", kind="application/ms-tnef", encoding="base64"):
    content = {"base64": base64_lines, "binary": bytes, "quoted-printable": quoted}[encoding](data)
    return part(f'Content-Type: {kind}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
                f"Content-Transfer-Encoding: {encoding}", content)


def quoted(data):
    text = "".join(f"={byte:02X}" for byte in data)
    return b"=\r\n".join(text[i:i + 72].encode() for i in range(0, len(text), 72)) + b"=\r\n"


def page_with(person, *parts, text=b"See the files.\r\n"):
    count = len(person.mails("Protected message")) + 1
    first = [part("Content-Type: text/plain", text)] if text is not None else []
    send(person, multipart("b", *first, *parts), content=b'multipart/mixed; boundary="b"')
    return person.unlock(count).text


def listed(page):
    """{name: where it is}, in the order of the page"""
    found = re.findall(r'<a [^>]*href="(/attachment/[^"]+)"[^>]*download="([^"]+)"', page)
    return {html.unescape(name): place for place, name in found}


def contents(person, page):
    return {name: person.browser.get(place).body for name, place in listed(page).items()}


@pytest.mark.parametrize("kind, name, encoding", [
    (*reversed(PACKED), "base64"), ("application/octet-stream", "att00001.dat", "base64"),
    ("application/vnd.ms-tnef", "winmail.dat", "quoted-printable")])
def test_files_in_winmail_dat_are_listed_and_given_byte_for_byte(person, kind, name, encoding):
    data = tnef(b"The text within.", attachments=attachments(FILES))
    page = page_with(person, winmail(data, name, kind, encoding), part('Content-Type: text/plain; name="own.txt"', b"OWN\r\n"))
    assert list(listed(page)) == ["own.txt", *FILES, name], "what it was in comes last"
    assert contents(person, page) == {**FILES, "own.txt": b"OWN\r\n", name: data}
    assert "See the files." in page and "The text within." not in page, "the message has a text of its own"


def test_file_of_any_place_and_size_in_winmail_dat_is_given_whole(person):
    """Decoding begins in the middle of the part."""
    sizes = [1, 2, 3, 49149, 65536, 70001, 5, 200000, 1]
    files = {f"{i}.bin": NOISE.randbytes(size) for i, size in enumerate(sizes)}
    page = page_with(person, winmail(tnef(b"x", attachments=attachments(files))))
    found = contents(person, page)
    assert {name: found[name] for name in files} == files


def test_zip_print_forward_and_search_have_the_files_of_winmail_dat(person):
    page = page_with(person, winmail(tnef(b"x", attachments=attachments(FILES))))
    message = re.search(r"/zip/([0-9a-f-]+)", page)[1]
    packed = zipfile.ZipFile(io.BytesIO(person.browser.get(f"/zip/{message}").body))
    assert packed.testzip() is None
    assert {name: packed.read(name) for name in packed.namelist() if name != "winmail.dat"} == FILES
    printed = html.unescape(person.browser.get(f"/print/{message}").text)
    assert [*FILES, "winmail.dat"] == sorted([*FILES, "winmail.dat"], key=printed.index)
    person.enrol()
    person.browser.get("/inbox")
    assert "About your account" in person.browser.send({"words": "bericht eve"}, action="/search").text
    person.browser.get(f"/forward/{message}")
    form = person.browser.form()[1]
    assert len([field for field in form if field.startswith("keep-")]) == len(FILES) + 1
    answer = person.browser.send({"to": "office@example.com", "keep-0": "", "action": "send"}, action="/send")
    assert answer.path == "/sent", answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Fwd: About your account")
    assert {a.get_filename(): a.get_payload(decode=True) for a in mail.parsed.iter_attachments()} == FILES


def test_download_that_comes_first_does_not_keep_winmail_dat_closed(person):
    """It does not wait for postseal-reader. What the page lists is numbered behind what was there before."""
    data = tnef(b"x", attachments=attachments(FILES))
    page = page_with(person, winmail(data), part('Content-Type: text/plain; name="own.txt"', b"OWN\r\n"))
    message = re.search(r"/zip/([0-9a-f-]+)", page)[1]
    assert len(person.world.postgres.query("update postseal.parcel set layout = null where id = (select parcel from postseal.parcel_key"
                                           f" where id = '{message}') returning id")) == 1
    assert person.browser.get(f"/attachment/{message}/0").body == data
    packed = zipfile.ZipFile(io.BytesIO(person.browser.get(f"/zip/{message}").body))
    assert packed.namelist() == ["winmail.dat", "own.txt"]
    page = person.browser.get(f"/message/{message}").text
    assert list(listed(page)) == ["own.txt", *FILES, "winmail.dat"] and contents(person, page)["winmail.dat"] == data


@pytest.mark.parametrize("more", [[], [(STRING, 0x370e, b"image/jpeg\0")]])
def test_picture_in_winmail_dat_is_previewed(person, more):
    made = io.BytesIO()
    Image.new("RGB", (900, 700), (0, 0, 255)).save(made, "JPEG")
    page = page_with(person, winmail(tnef(b"x", attachments=[(b"photo.jpg", made.getvalue(), more)])))
    shown = Image.open(io.BytesIO(person.browser.get(re.search(r'src="(/preview/[^"]+)"', page)[1]).body))
    assert shown.format == "JPEG" and shown.getpixel((20, 20))[2] > 200


@pytest.mark.parametrize("own", [None, b" \r\n\r\n"])
@pytest.mark.parametrize("form", ["body", "unicode", "rtf", "rtf_stored"])
def test_text_of_winmail_dat_is_that_of_a_message_without_any(person, form, own):
    page = page_with(person, winmail(getattr(documents, f"tnef_{form}")("4711")), text=own)
    assert "Number 4711" in html.unescape(re.sub("<(?!a )[^>]*>", "", page))
    assert list(listed(page)) == ["winmail.dat"]


def test_html_of_winmail_dat_is_that_of_a_message_without_any(person):
    page = page_with(person, winmail(documents.tnef_html("4711")), text=None)
    frame = re.search(r'src="(/html/[^"]+)"', page)[1]
    assert "<p>Number 4711<b></b>" in person.browser.get(frame).text.replace("\n", "")


def test_winmail_dat_that_is_the_whole_message_is_read(person):
    data = tnef("Für Sie".encode("cp1252"), attachments=attachments({"a.txt": b"A"}))
    send(person, base64_lines(data), content=b"application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64")
    page = person.unlock().text
    assert "Für Sie" in page and contents(person, page) == {"a.txt": b"A", "winmail.dat": data}


def test_message_within_winmail_dat_is_read_in_place(person):
    inner = tnef(b"The inner text.", attachments=attachments({"note.txt": b"Inner note.\r\n"}))
    page = page_with(person, winmail(tnef(b"x", attachments=[(b"message", b"", [(OBJECT, 0x3701, bytes(16) + inner)])])))
    assert list(listed(page)) == ["The subject.dat", "note.txt", "winmail.dat"] and "The inner text." in page
    found = contents(person, page)
    assert found["note.txt"] == b"Inner note.\r\n" and found["The subject.dat"] == inner


def test_winmail_dat_in_an_attached_message_is_read(person):
    attached = (b"From: a@example.com\r\nSubject: Attached\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" +
                multipart("c", part("Content-Type: text/plain", b"Hi.\r\n"), winmail(tnef(b"x", attachments=attachments(FILES)))))
    page = page_with(person, part("Content-Type: message/rfc822", attached))
    found = contents(person, page)
    assert {name: found[name] for name in FILES} == FILES


GOOD = tnef(b"The text.", attachments=attachments({"a.txt": b"AAAA"}))
BROKEN = {"cut off": GOOD[:-30], "only its beginning": GOOD[:4], "wrong sum": GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
          "a size that it does not have": GOOD[:60] + struct.pack("<BII", 1, 0x0002800c, 0x7fffffff),
          "a negative size": GOOD[:60] + struct.pack("<BII", 1, 0x0002800c, 0xfffffff0) + GOOD[60:],
          "noise": GOOD[:4] + NOISE.randbytes(5000),
          "properties without end": tnef(properties=[(STRING, 0x1000, b"x")]).replace(struct.pack("<I", 1), struct.pack("<I", 0x7fffffff), 1),
          "damaged RTF alone": tnef(properties=[(BINARY, 0x1009, b"\xff" * 40)])}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_winmail_dat_is_a_file_like_others(person, what):
    page = page_with(person, winmail(BROKEN[what]))
    assert "See the files." in page and contents(person, page)["winmail.dat"] == BROKEN[what]
    assert list(listed(page)) == ["winmail.dat"]


def test_winmail_dat_with_ten_thousand_files_is_bounded(person):
    data = tnef(b"x", attachments=[(b"f%d.txt" % i, b"%d" % i, []) for i in range(10000)])
    page = page_with(person, winmail(data))
    names = list(listed(page))
    assert len(names) == 1001 and names[-1] == "winmail.dat"
    assert "has more parts than can be listed here" in page
    assert person.browser.get(listed(page)["f999.txt"]).body == b"999"
    assert person.browser.get(listed(page)["winmail.dat"]).body == data


def test_many_winmail_dat_are_bounded(person):
    parts = [winmail(tnef(b"x", attachments=attachments({f"{i}.txt": b"%d" % i})), f"{i}.dat") for i in range(8)]
    page = page_with(person, *parts)
    assert len(listed(page)) == 8 + 5 and contents(person, page)["4.txt"] == b"4"


def test_damaged_message_within_winmail_dat_is_a_file_in_it(person):
    inner = tnef(b"x", attachments=attachments({"a.txt": b"A"}))[:-40]
    data = tnef(b"x", attachments=[(b"message", b"", [(OBJECT, 0x3701, bytes(16) + inner)]), *attachments({"b.txt": b"B"})])
    found = contents(person, page_with(person, winmail(data)))
    assert list(found) == ["message", "b.txt", "winmail.dat"] and found["message"] == inner and found["b.txt"] == b"B"


def test_name_in_winmail_dat_leads_nowhere(person):
    page = page_with(person, winmail(tnef(b"x", attachments=attachments({"..\\..\\etc/passwd": b"P", "a\u202efdp.exe": b"E"}))))
    assert list(listed(page)) == ["passwd", "a_fdp.exe", "winmail.dat"]
