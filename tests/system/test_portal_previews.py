"""Pictures and PDF documents are seen before they are downloaded, whatever is in them."""
import concurrent.futures
import io
import random
import re
import time

import pytest
from conftest import BUILD
from documents import DAMAGED, DONE, TOO_LARGE, TOO_MUCH_MEMORY, TOO_MUCH_WORK, ask
from looking import everywhere
from messages import base64_lines, multipart, part
from person import PORTAL_RULES as RULES, Person, send
from PIL import Image, ImageOps
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas
from visitor import Visitor
from world import wait_until

SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text().partition("POSTSEAL_SANITIZE:")[2].partition("\n")[0]
EDGE = 640
NOTHING = (1, 1)


def pdf(draw, size=(595, 842)):
    made = io.BytesIO()
    page = canvas.Canvas(made, pagesize=size)
    draw(page)
    page.save()
    return made.getvalue()


def letter(page):
    page.setFont("Helvetica", 60)
    page.drawString(60, 700, "Contract")
    page.setFillColorRGB(0, .4, 0)
    page.rect(60, 60, 300, 300, fill=1)


def japanese(page):
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    page.setFont("HeiseiMin-W3", 40)
    page.drawString(60, 700, "\u65e5\u672c\u8a9e")


def picture(form, size=(1600, 1000), **options):
    """Blue above left, red elsewhere."""
    made, image = io.BytesIO(), Image.new("RGB", size, (200, 30, 30))
    image.paste((0, 0, 255), (0, 0, size[0] // 2, size[1] // 2))
    image.save(made, form, **options)
    return made.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    return picture("JPEG", exif=exif.tobytes())


def corners(image):
    return [image.getpixel((int(image.width * x), int(image.height * y))) for x, y in ((.2, .2), (.8, .2), (.2, .8), (.8, .8))]


def preview(kind, document):
    """What a process of its own makes of it."""
    found = ask("postseal-reader-preview", kind + b" preview", document)
    assert found.status == 0, vars(found)
    return found


# --- the whole way ---

def attach(name, kind, data):
    return part(f'Content-Type: {kind}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
                "Content-Transfer-Encoding: base64", base64_lines(data))


def page_with(person, *parts):
    count = len(person.mails("Protected message")) + 1
    send(person, multipart("b", part("Content-Type: text/plain", b"See the files.\r\n"), *parts), content=b'multipart/mixed; boundary="b"')
    return person.unlock(count).text


def previews(page):
    """(where its link leads, where the picture is, alternative text)"""
    return re.findall(r'<a class="preview" href="([^"]+)"[^>]*><img loading="lazy" src="([^"]+)" alt="([^"]+)"', page)


def look(person, path):
    answer = person.browser.get(path)
    assert answer.status == 200
    return Image.open(io.BytesIO(answer.body))


FILES = [("contract.pdf", "application/pdf", pdf(letter)), ("photo.jpg", "image/jpeg", picture("JPEG")),
         ("plan.png", "application/octet-stream", picture("PNG")), ("notes.txt", "text/plain", b"Notes.\r\n")]


def test_pictures_and_pages_are_previewed_and_link_to_the_file(person):
    page = page_with(person, *(attach(*file) for file in FILES))
    shown = previews(page)
    assert [text for _, _, text in shown] == ["Preview of contract.pdf", "Preview of photo.jpg", "Preview of plan.png"]
    for (link, path, _), (_, _, data) in zip(shown, FILES):
        assert person.browser.get(link).body == data
        image = look(person, path)
        assert image.format == "JPEG" and max(image.size) == EDGE
    contract = look(person, shown[0][1]).convert("L")
    assert min(contract.crop((40, 80, 330, 120)).getdata()) < 60, "the word in a font that is not in the file is missing"
    assert corners(look(person, shown[1][1]))[0][2] > 200 and corners(look(person, shown[2][1]))[3][0] > 150
    assert "<script" not in page


def test_what_cannot_be_previewed_has_a_picture_that_nobody_sees(person):
    for name, kind, data in [("x.pdf", "application/pdf", b"%PDF-1.4 junk"), ("x.jpg", "image/jpeg", b"\xff\xd8\xff junk"),
                             ("x.png", "image/png", b"<svg onload=alert(1)>"), ("x.pdf", "application/pdf", b"")]:
        (_, path, _), = previews(page_with(person, attach(name, kind, data)))
        assert look(person, path).size == NOTHING
    assert previews(page_with(person, attach("x.svg", "image/svg+xml", b"<svg/>"), attach("x.html", "text/html", b"<p>"))) == []


def test_file_of_an_attached_message_is_previewed(person):
    inner = (b"From: x@example.com\r\nSubject: Inner\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
             + multipart("i", part("Content-Type: text/plain", b"Words.\r\n"), attach(*FILES[0])))
    (_, path, _), = previews(page_with(person, part("Content-Type: message/rfc822", inner)))
    assert path.endswith("/0.0") and max(look(person, path).size) == EDGE


def test_only_the_first_of_many_are_previewed(person):
    page = page_with(person, *(attach(f"{i}.png", "image/png", b"x") for i in range(30)))
    assert len(previews(page)) == 20 and len(re.findall(r'data-fill|class="hint"', page)) >= 30


def test_preview_is_for_those_who_may_read_the_message(person, name):
    page = page_with(person, *(attach(*file) for file in FILES))
    path = previews(page)[0][1]
    other = Person(person.world, person.post, f"{name}.other@pickup.example")
    send(other)
    other.unlock()
    assert other.browser.get(path).status == 404
    stranger = Visitor(person.browser.portal).get(path)
    assert stranger.path == "/signin"
    for wrong in (path[:-1] + "3", path[:-1] + "9", path[:-2], path + "/0", path + ".0"):
        assert person.browser.get(wrong).status == 404, wrong


def test_preview_is_recorded_and_kept_nowhere(person):
    page = page_with(person, *(attach(*file) for file in FILES))
    path = previews(page)[1][1]
    answer = person.browser.get(path)
    assert "no-store" in answer.headers["Cache-Control"] and answer.headers["Content-Type"] == "image/jpeg"
    message = person.post.copies(person.address)[-1]["message"]
    rows = person.world.postgres.query(f"select what, part from postseal.reading where message = '{message}' order by part")
    assert ["shown", "attachment 2"] in rows and ["downloaded", "attachment 2"] not in rows


def enrolled(person, name, *parts):
    """A member who got a message with these parts: the browser, the message's place, and its previews."""
    member = Person(person.world, person.post, f"{name}@pickup.example")
    page = page_with(member, *parts)
    place = member.browser.page.path
    member.enrol()
    return member.browser, place, [path for _, path, _ in previews(page)]


def seconds_of(browser, path):
    begun = time.monotonic()
    assert browser.get(path).status == 200
    return time.monotonic() - begun


def test_previews_of_others_do_not_hold_up_a_page_or_another_preview(person, name):
    """Twenty files that take all the time a preview may take, for each of some visitors: everybody's messages waited."""
    files = [attach(f"{i}.pdf", "application/pdf", tiles()) for i in range(20)]
    crowd = [enrolled(person, f"{name}.{i}", *files) for i in range(4)]
    browser, place, (path,) = enrolled(person, f"{name}.quiet", attach(*FILES[1]))
    usual = max(seconds_of(browser, place) for _ in range(3))
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        begun = time.monotonic()
        asked = [pool.submit(Visitor.get, browser, path) for browser, _, paths in crowd for path in paths]
        wait_until(lambda: any(a.done() for a in asked), "a preview")
        took = [seconds_of(browser, place) for _ in range(5)]
        # It waits for those that are being made, each of which is abandoned after five seconds, not for all eighty.
        assert seconds_of(browser, path) < 15
        assert {a.result().status for a in asked} == {200}
        assert max(took) < usual + (10 if SANITIZED else 2), took
        # Of each message about a second was spent in vain, and then no more.
        assert time.monotonic() - begun < 60
    spent, _, paths = crowd[0]
    assert seconds_of(spent, paths[0]) < 2


def test_previews_on_phone_and_desktop(chromium, person):
    page_with(person, *(attach(*file) for file in FILES))

    def loaded():
        chromium.run("""
            for (const image of await state.page.locator("a.preview img").all()) {
                await image.scrollIntoViewIfNeeded();
                await image.evaluate((i) => i.complete || new Promise((done) => { i.onload = i.onerror = done; }));
                if (await image.evaluate((i) => i.naturalWidth) < 100) throw new Error("a preview is missing");
            }""")
    everywhere(chromium, person, person.browser.page.path, "previews", loaded)


# --- the process that makes them ---

@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_is_turned_as_the_camera_was_held(orientation):
    data = turned(orientation)
    image = Image.open(io.BytesIO(preview(b"picture", data).answer))
    wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).resize(image.size)
    assert all(abs(a - b) < 12 for one, other in zip(corners(image), corners(wanted)) for a, b in zip(one, other))


@pytest.mark.parametrize("size", [(1, 1), (30, 20), (641, 3), (3, 30000), (5000, 4000)])
def test_picture_is_never_enlarged_and_fits(size):
    for form in ("JPEG", "PNG"):
        image = Image.open(io.BytesIO(preview(b"picture", picture(form, size)).answer))
        scale = min(1, EDGE / max(size))
        assert image.size == tuple(max(1, round(edge * scale)) for edge in size), (form, size)


def test_page_with_letters_that_are_not_there_has_no_preview():
    """Better nothing than a contract without its words."""
    assert preview(b"pdf", pdf(japanese)).outcome == DAMAGED
    assert preview(b"pdf", pdf(letter)).outcome == DONE


def operators(text, size=b"600 800"):
    return (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 " + size + b"]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>endobj\n"
            b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n" % (len(text), text)
            + b"5 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X 5 0 R>>>>/Length 12>>stream\n/X Do /X Do  \nendstream endobj\n"
            b"trailer<</Root 1 0 R>>\n%%EOF\n")


def tiles(step=b".0001"):
    """A pattern of endlessly many tiles."""
    return (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Pattern<</P 5 0 R>>>>>>endobj\n"
            b"4 0 obj<</Length 41>>stream\n/Pattern cs /P scn 0 0 600 800 re f      \nendstream endobj\n"
            b"5 0 obj<</Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep " + step + b"/YStep " + step
            + b"/Resources<<>>/Length 10>>stream\n0 0 9 9 re f\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")


random.seed(5)
HOSTILE = {
    "endlessly many tiles": (b"pdf", tiles()),
    "a form within itself": (b"pdf", operators(b"/X Do " * 1000)),
    "many lines": (b"pdf", operators(b"".join(b"%d %d m %d %d l S\n" % tuple(random.randrange(800) for _ in range(4)) for _ in range(200000)))),
    "dashes": (b"pdf", operators(b"[.0001 .0001] 0 d 0 0 m 600 800 l S " * 50)),
    "an endless page": (b"pdf", operators(b"0 0 9 9 re f", b"99999999 1")),
    "a page of no size": (b"pdf", operators(b"0 0 9 9 re f", b"0 0")),
    "no page": (b"pdf", b"%PDF-1.4\ntrailer<</Root 1 0 R>>"), "nothing": (b"pdf", b""),
    "nested": (b"pdf", operators(b"q " * 300000)), "arrays": (b"pdf", operators(b"[" * 300000)),
    "a huge PNG": (b"picture", picture("PNG", (12000, 12000))), "a large PNG": (b"picture", picture("PNG", (7900, 7900))),
    "a progressive JPEG": (b"picture", picture("JPEG", (7900, 7900), progressive=True)),
    "a JPEG cut off": (b"picture", picture("JPEG")[:4000]), "a PNG cut off": (b"picture", picture("PNG")[:400]),
    "a PNG of no size": (b"picture", picture("PNG")[:16] + bytes(8) + picture("PNG")[24:]),
    "another format": (b"picture", picture("GIF")), "an empty picture": (b"picture", b""),
    "Exif that points nowhere": (b"picture", turned(6).replace(b"MM\0*\0\0\0\x08", b"MM\0*\xff\xff\xff\xff")),
    "Exif that is long": (b"picture", turned(6).replace(b"\0\x01\x01\x12", b"\xff\xff\x01\x13")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_or_painted_in_bounded_time(name):
    kind, data = HOSTILE[name]
    found = preview(kind, data)
    assert found.outcome in (DONE, TOO_LARGE, TOO_MUCH_WORK, TOO_MUCH_MEMORY, DAMAGED), vars(found)
    assert found.seconds < (40 if SANITIZED else 6)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_damaged_pictures_never_break_the_process(form):
    random.seed(3)
    whole = picture(form, (300, 200))
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(random.randrange(1, 30)):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        preview(b"picture", bytes(damaged))


def test_process_for_previews_opens_no_file_once_it_reads():
    """Fonts that a PDF names are read before."""
    fonts = [f"{name}{style}".encode() for name in ("Helvetica", "Arial", "TimesNewRoman") for style in ("", "-Bold", ",Italic")]
    outcomes = {name: preview(b"pdf", pdf(letter).replace(b"/BaseFont /Helvetica", b"/BaseFont /" + name)).outcome for name in fonts}
    assert outcomes[b"Helvetica"] == outcomes[b"Arial"] == DONE and set(outcomes.values()) <= {DONE, DAMAGED}, outcomes
