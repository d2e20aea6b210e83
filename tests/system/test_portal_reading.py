"""What readers see in the portal: folders, messages, attachments, HTML."""
import base64
import concurrent.futures
import html
import io
import re
import zipfile
import time

import people
import pytest
import world as sandbox
from messages import base64_lines, lines, multipart, noise, part
from person import PORTAL_RULES as RULES, Person, send, state
from visitor import Visitor


def test_attachments_come_one_by_one_as_a_zip_and_as_the_whole(person, tmp_path):
    data = noise(3_000_000, "zip")
    inner = lines("From: <x@example.com>\nSubject: inner\n\nInner text.")
    body = multipart("b", part("Content-Type: text/plain", b"See all.\r\n"),
                     part('Content-Type: application/pdf; name="same.pdf"\nContent-Transfer-Encoding: base64',
                          base64_lines(data)),
                     part('Content-Type: text/plain; name="same.pdf"\nContent-Disposition: attachment\n'
                          "Content-Transfer-Encoding: quoted-printable", b"a=3Db\r\n"),
                     part("Content-Type: message/rfc822", inner))
    send(person, body, content=b'multipart/mixed; boundary="b"')
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    parts = [person.browser.get(f"/attachment/{message}/{i}").body for i in range(3)]
    assert parts == [data, b"a=b\r\n", inner]
    path = tmp_path / "all.zip"
    path.write_bytes(person.browser.get(f"/zip/{message}").body)
    listing = sandbox.command("/usr/bin/python3", "-c", "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\n"
                              "assert z.testzip() is None\nprint([(i.filename, i.file_size) for i in z.infolist()])",
                              path).decode()
    assert eval(listing) == [("same.pdf", len(data)), ("same (2).pdf", 5), ("inner.eml", len(inner))]
    whole = person.browser.get(f"/source/{message}").body
    assert people.entity_of(whole) == b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + body


def test_html_is_shown_in_a_frame_with_its_pictures(person):
    html = (b'<p style="color:red;position:fixed">Hello <b>you</b><img src="cid:logo@x" onerror="alert(1)">'
            b'<img src="https://tracker.example/p.gif"><a href="javascript:alert(1)">no</a>'
            b'<a href="https://example.com/">yes</a></p><script>alert(1)</script>\r\n')
    body = multipart("r", part("Content-Type: text/html; charset=utf-8", html),
                     part("Content-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64",
                          b"iVBORw0KGgo=\r\n"))
    send(person, body, content=b'multipart/related; boundary="r"')
    page = person.unlock()
    frame = re.search(r'<iframe[^>]*>', page.text).group(0)
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    shown = person.browser.get(re.search(r'src="(/html/[^"]+)"', frame).group(1))
    assert ('<p style="color:red;">Hello <b>you</b><img src="data:image/png;base64,iVBORw0KGgo=">'
            '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="><a>no') in shown.text
    assert "tracker" not in shown.text and "script" not in shown.text and "alert" not in shown.text
    assert '<a href="https://example.com/" target="_blank" rel="noopener noreferrer nofollow">yes</a>' in shown.text
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script-src 'none'" in shown.headers["Content-Security-Policy"]


def test_picture_that_no_html_shows_is_attached(person):
    """A phone numbers the pictures even in a plain text: there was no way to see them."""
    body = multipart("b", part("Content-Type: text/plain", b"Look:\r\n"),
                     part("Content-Type: image/png; name=x.png\nContent-Disposition: inline\nContent-ID: <x@x>\n"
                          "Content-Transfer-Encoding: base64", b"iVBORw0KGgo=\r\n"))
    for holder in (b"mixed", b"related"):
        count = len(person.mails("Protected message")) + 1
        send(person, body, content=b'multipart/' + holder + b'; boundary="b"')
        assert "x.png" in person.unlock(count).text
        message = person.browser.page.path.removeprefix("/message/")
        assert person.browser.get(f"/attachment/{message}/0").body == b"\x89PNG\r\n\x1a\n"


def test_nobody_reads_what_is_not_theirs(person, name):
    """Every identifier in every path, requested by a guest, a member and a stranger."""
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    other = Person(person.world, person.post, f"{name}.other@pickup.example")
    send(other)
    other.unlock()
    stranger = Visitor(person.browser.portal)
    for path in ("message", "html", "print", "source", "zip", "reply", "replyall", "forward", "draft"):
        answer = stranger.get(f"/{path}/{message}")
        assert answer.status in (200, 404) and answer.path == "/signin", path
        assert "secret" not in other.browser.get(f"/{path}/{message}").text, path
    assert other.browser.get(f"/attachment/{message}/0").status == 404
    other.enrol()
    for path in ("message", "html", "print", "source", "zip", "reply", "replyall", "forward", "draft"):
        answer = other.browser.get(f"/{path}/{message}")
        assert answer.status == 404, path
    other.browser.get("/settings")
    assert other.browser.send({"action": "delete-now"}, to=f"/delete/{message}", action="/settings/sessions").status == 404
    other.browser.get("/write")
    assert other.browser.send({"parent": message, "to": person.post.sender, "action": "send"}).status == 404
    other.browser.get("/write")
    assert other.browser.send({"draft": message, "to": person.post.sender, "action": "send"}).status == 404
    assert "The secret is 42." in person.browser.get(f"/message/{message}").text


def test_deleted_message_is_really_gone_and_the_record_stays(person):
    send(person, b"Delete these words.\r\n")
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    parcel = person.world.postgres.query(f"select parcel from postseal.parcel_key where id = '{message}'")[0][0]
    person.browser.get(f"/message/{message}")
    assert person.browser.send({"action": "delete-now"}, action=f"/delete/{message}").path == "/inbox"
    for table in ("parcel where id", "parcel_chunk where parcel", "parcel_key where parcel"):
        assert person.world.postgres.query(f"select count(*) from postseal.{table} = '{parcel}'") == [["0"]]
    assert state(person) == "opened"
    history = person.world.postgres.query(f"select what from postseal.history where recipient = '{person.address}'")
    assert ["deleted"] in history


def test_type_of_a_part_that_is_not_utf8(person):
    """The layout of such a message could not be printed, and the portal died."""
    odd = b"--b\r\nContent-Type: ap\xfb\x98\x96\x9c\x9etion/pdf; name=x\r\n\r\nodd\r\n--b--\r\n"
    send(person, odd, content=b'multipart/mixed; boundary="b"')
    assert person.unlock().status == 200
    message = person.browser.page.path.removeprefix("/message/")
    for _ in range(2):  # from the message, and from what was stored
        assert person.browser.get(f"/attachment/{message}/0").body == b"odd"


def test_multipart_without_a_boundary(person):
    """There was nothing to read; and with a long parameter that is not UTF-8, the search for parts never ended."""
    for wrong in (b"", b"; " + b"boundary".ljust(88, b"v") + b'="\xfe\xff\xff\xffo"', b"; boundary=other"):
        count = len(person.mails("Protected message")) + 1
        send(person, b"--b\r\n\r\nstill to be read\r\n--b--\r\n", content=b"multipart/mixed" + wrong)
        assert person.unlock(count).status == 200
        assert "still to be read" in person.browser.page.text


def test_bombs_are_harmless(person):
    """A thousand parts, endless nesting, a header without end: the page is shown, and soon."""
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(500))
    many = multipart("m", *[part("Content-Type: text/plain; name=x", b"x") for _ in range(3000)])
    html = b"<table>" * 30000 + b"<b>" * 30000
    for body, content in ((deep, b'multipart/mixed; boundary="b0"'), (many, b'multipart/mixed; boundary="m"'),
                          (html, b"text/html")):
        count = len(person.mails("Protected message")) + 1
        send(person, body, content=content)
        begun = time.monotonic()
        assert person.unlock(count).status == 200
        message = person.browser.page.path.removeprefix("/message/")
        assert person.browser.get(f"/html/{message}").status in (200, 404)
        assert time.monotonic() - begun < 60


@pytest.mark.parametrize("path", ["message", "source", "html", "print", "zip", "attachment", "reply", "replyall", "forward", "send"])
def test_whatever_shows_a_message_records_its_opening(person, path):
    """Promises 6 and 7: only the message's page did, and the courier's copy of the key was kept."""
    send(person)
    person.unlock()
    person.enrol()
    body = multipart("b", part("Content-Type: text/html", b"<p>words</p>"),
                     part('Content-Type: text/plain; name="a.txt"', b"A"))
    send(person, body, "Second", content=b'multipart/mixed; boundary="b"')
    person.mail("Protected message", 2)
    message = re.search(r"/message/(\S{36})", person.browser.get("/inbox").text).group(1)
    assert state(person) == "parked"
    if path == "send":
        person.browser.get("/write")
        answered = person.browser.send({"parent": message, "reply_kind": "forward", "to": "", "subject": "S", "action": "keep"})
    else:
        answered = person.browser.get(f"/{path}/{message}" + ("/0" if path == "attachment" else ""))
    assert answered.status == 200
    row, = person.world.postgres.query("select read_at is not null, opened_at is not null, boxed is null and link_boxed is null"
                                       f" from postseal.parcel_key where id = '{message}'")
    assert row == ["t", "t", "t"] and state(person) == "opened"
    Person(person.world, person.post, person.post.sender).mail(": read", 2)


def test_two_that_open_at_once_are_one_opening(person):
    """The record said it twice, and so did the mails to the sender."""
    send(person)
    person.unlock()
    person.enrol()
    send(person, subject="Second")
    person.mail("Protected message", 2)
    message = re.search(r"/message/(\S{36})", person.browser.get("/inbox").text).group(1)
    with concurrent.futures.ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: person.browser.ask(f"/source/{message}").status, range(16)))
    assert answers == [200] * 16
    copy = person.world.postgres.query(f"select copy from postseal.parcel_key where id = '{message}'")[0][0]
    for question in (f"event where copy = '{copy}' and what = 'opened'",
                     f"receipt where recipient = '{person.address}' and what = 'opened'"):
        assert int(person.world.postgres.query(f"select count(*) from postseal.{question}")[0][0]) <= 1, question


def test_link_and_code_do_not_make_the_message_theirs(person, name):
    """Link and code allow reading; only the mailbox's owner may delete from it."""
    other = Person(person.world, person.post, f"{name}.other@pickup.example")
    send(other)
    other.unlock()
    other.enrol()
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    other.browser.get(link)
    page = other.browser.send({"code": code})
    message = page.path.removeprefix("/message/")
    assert page.status == 200 and f"/delete/{message}" not in page.text
    other.browser.get("/settings")
    assert other.browser.send({"action": "delete-now"}, to=f"/delete/{message}", action="/settings/sessions").status == 404
    assert "The secret is 42." in other.browser.get(f"/message/{message}").text


def read(person, body, content, **options):
    count = len(person.mails("Protected message")) + 1
    send(person, body, content=content, **options)
    return person.unlock(count).text


def pre(page):
    """The plain text, with what makes it prose taken away."""
    shown = re.search(r'<div class="prose">(.*?)</div>', page, re.S).group(1)
    return html.unescape(re.sub(r"<[^>]+>", "", shown.replace("</p>", "</p>\n")))


def test_parts_without_a_name_have_one_that_opens(person):
    """An invitation was "attachment-5"; a phone did not know what to open it with."""
    parts = [("text/calendar; method=REQUEST", "invite.ics"), ("application/pdf", ".pdf"), ("image/heic", ".heic"),
             ("image/png; name=picture", "picture.png"), ("message/rfc822", "x.eml"),
             ('application/pdf; name="report.final"', "report.final"), ("x-unknown/x-thing", "attachment-")]
    body = multipart("b", part("Content-Type: text/plain", b"See all.\r\n"),
                     *[part(f"Content-Type: {kind}", b"Subject: x\r\n\r\nx\r\n") for kind, _ in parts])
    page = read(person, body, b'multipart/mixed; boundary="b"')
    names = re.findall(r'download="([^"]+)"', page)
    assert len(names) == len(parts) and all(wanted in name for name, (_, wanted) in zip(names, parts)), names
    message = person.browser.page.path.removeprefix("/message/")
    archive = zipfile.ZipFile(io.BytesIO(person.browser.get(f"/zip/{message}").body))
    assert "invite.ics" in archive.namelist()


def test_text_goes_on_after_a_picture(person):
    """Apple Mail writes text, picture, text: the second text was hidden as an attachment."""
    picture = part("Content-Type: image/png; name=p.png\nContent-Disposition: inline\nContent-Transfer-Encoding: base64",
                   b"iVBORw0KGgo=")
    body = multipart("b", part("Content-Type: text/plain", b"Before the picture.\r\n"), picture,
                     part("Content-Type: text/plain", b"After the picture.\r\n"))
    page = read(person, body, b'multipart/mixed; boundary="b"')
    assert "Before the picture." in pre(page) and "After the picture." in pre(page)
    assert re.findall(r'download="([^"]+)"', page) == ["p.png"]
    body = multipart("b", part("Content-Type: text/html", b"<p>Before</p>"), picture,
                     part("Content-Type: text/plain", b"A footer of the list.\r\n"))
    page = read(person, body, b'multipart/mixed; boundary="b"')
    assert "<iframe" in page and "A footer of the list." in page
    # What someone attached stays attached.
    body = multipart("b", part("Content-Type: text/plain", b"See file.\r\n"),
                     part("Content-Type: text/plain\nContent-Disposition: attachment", b"Attached.\r\n"))
    assert "Attached." not in read(person, body, b'multipart/mixed; boundary="b"')


@pytest.mark.parametrize("content, body", [
    (b"text/plain", "Gr\xfc\xdfe".encode("latin-1")), (b"text/plain; charset=us-ascii", "Gr\xfc\xdfe".encode("latin-1")),
    (b"text/plain; charset=iso-8859-1", "Gr\xfc\xdfe".encode("latin-1")), (b"text/plain", "Gr\xfc\xdfe".encode()),
    (b"text/plain; charset=x-unknown", "Gr\xfc\xdfe".encode("latin-1"))])
def test_text_without_a_charset_is_read(person, content, body):
    """Latin-1 without a declaration was garbled."""
    assert "Gr\xfc\xdfe" in pre(read(person, body + b"\r\n", content + b"\r\nContent-Transfer-Encoding: 8bit"))


RUSSIAN = "Уважаемая госпожа, благодарим вас за заказ. Приходите во вторник утром."


@pytest.mark.parametrize("charset, content", [
    ("koi8-r", b"text/plain"), ("cp1251", b"text/plain; charset=utf-8"), ("cp1251", b"text/plain; charset=us-ascii"),
    ("utf-16-le", b"text/plain"), ("utf-16-be", b"text/plain; charset=iso-8859-1"), ("utf-8", b"text/plain; charset=utf-16")])
def test_text_with_a_wrong_charset_is_read(person, charset, content):
    """Russian without a declaration was Latin with accents, and UTF-16 ended with its first character."""
    body = base64.encodebytes(RUSSIAN.encode(charset)).replace(b"\n", b"\r\n")
    page = read(person, body, content + b"\r\nContent-Transfer-Encoding: base64")
    assert RUSSIAN in pre(page)
    # What is downloaded is what was sent.
    message = person.browser.page.path.removeprefix("/message/")
    assert body in person.browser.get(f"/source/{message}").body


def test_page_is_read_in_the_charset_that_it_names(person):
    page = f"<html><head><meta charset=koi8-r></head><body><p>{RUSSIAN[:30]}</p></body></html>".encode("koi8-r")
    read(person, page + b"\r\n", b"text/html\r\nContent-Transfer-Encoding: 8bit")
    assert RUSSIAN[:30] in frame(person, person.browser.page.text)[0]


def test_raw_bytes_in_subjects_and_names_are_read(person):
    """Without RFC 2047 and RFC 2231, as old programs write them."""
    name = "Счёт за ноябрь.pdf"
    for charset in ("cp1251", "koi8-r", "utf-8"):
        file = (f'Content-Type: application/pdf; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
                "Content-Transfer-Encoding: base64\r\n\r\n").encode(charset) + base64.b64encode(b"%PDF-1.4") + b"\r\n"
        body = multipart("b", part("Content-Type: text/plain", b"See the file.\r\n"), file)
        message = person.post.compose([person.address], body, subject="SUBJECT", content=b'multipart/mixed; boundary="b"')
        count = len(person.mails("Protected message")) + 1
        person.post.accepted(message.replace(b"SUBJECT", RUSSIAN[:20].encode(charset)), [person.address])
        page = person.unlock(count).text
        assert f"<h1>{RUSSIAN[:20].strip()}</h1>" in page, charset
        assert f'download="{name}"' in page, charset


def test_flowed_text_is_joined(person):
    """RFC 3676 §4.2, §4.3: delsp=yes removes the blank; without it, the blank stays."""
    page = read(person, b"Donau \r\ndampf \r\nschiff\r\nnext\r\n", b"text/plain; format=flowed; delsp=yes")
    assert pre(page).splitlines()[:2] == ["Donaudampfschiff", "next"]
    page = read(person, b"one \r\ntwo\r\n", b"text/plain; format=flowed")
    assert pre(page).splitlines()[0] == "one two"


def test_nothing_in_a_subject_turns_the_direction(person):
    """U+202E in a subject or a name reverses what follows it (UAX #9)."""
    odd = "=?utf-8?B?" + base64.b64encode("\u202egpj.exe \u2066x\u200f".encode()).decode() + "?="
    page = read(person, b"x\r\n", b"text/plain", subject=odd, fields=(f"Cc: {odd} <c@example.com>",))
    assert "<h1>gpj.exe x</h1>" in page
    person.enrol()
    page += person.browser.get("/inbox").text
    page += person.browser.get("/reply/" + re.search(r"/message/(\S{36})", page).group(1)).text
    assert not set("\u202e\u2066\u200f") & set(page)


# --- bodies as mail clients make them ---

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n")
PDF = part("Content-Type: application/pdf; name=plan.pdf\nContent-Disposition: inline; filename=plan.pdf\nContent-Transfer-Encoding: base64",
           base64.b64encode(b"%PDF-1.4"))


def html_part(text):
    return part("Content-Type: text/html; charset=utf-8", f"<html><body>{text}</body></html>".encode())


def plain_part(text):
    return part("Content-Type: text/plain; charset=utf-8", text.encode())


def holder(kind, mark, *parts):
    return part(f'Content-Type: multipart/{kind}; boundary="{mark}"', multipart(mark, *parts))


def frame(person, page):
    """The frame's document, and the attachments."""
    return (person.browser.get(re.search(r'src="(/html/[^"]+)"', page).group(1)).text, re.findall(r'download="([^"]+)"', page))


def in_order(text, *words):
    places = [text.find(word) for word in words]
    return -1 not in places and places == sorted(places)


def test_second_half_of_a_mail_was_an_attachment(person):
    """Apple Mail, with a file dropped into formatted text: HTML, PDF, HTML, and a plain form of the whole."""
    body = multipart("a", plain_part("First half.\nSecond half.\n"),
                     holder("mixed", "m", html_part("<p>First <b>half</b>.</p>"), PDF, html_part("<p>Second <i>half</i>.</p>")))
    page = read(person, body, b'multipart/alternative; boundary="a"')
    shown, attached = frame(person, page)
    assert in_order(shown, "First <b>half</b>.", "Second <i>half</i>.") and attached == ["plan.pdf"]
    assert pre(page).count("Second half.") == 1
    person.enrol()
    message = re.search(r"/message/(\S{36})", person.browser.get("/inbox").text).group(1)
    answer = person.browser.get(f"/reply/{message}").text
    assert answer.count("&gt; First half.") == answer.count("&gt; Second half.") == 1


@pytest.mark.parametrize("content, body, words, files", [
    # HTML, PDF, HTML without a plain form
    (b'multipart/mixed; boundary="m"', multipart("m", html_part("<p>ONE</p>"), PDF, html_part("<p>TWO</p>")), ["ONE", "TWO"], ["plan.pdf"]),
    # Apple Mail: plain, picture, plain; and HTML with its own picture within related
    (b'multipart/alternative; boundary="a"', multipart("a", plain_part("ONE TWO"), holder("mixed", "m", holder(
        "related", "r", html_part('<p>ONE <img src="cid:l@x"></p>'), part("Content-Type: image/png\nContent-ID: <l@x>\nContent-Transfer-Encoding: base64", PNG)),
        PDF, html_part("<p>TWO</p>"))), ["ONE", "data:image/png", "TWO"], ["plan.pdf"]),
    # Outlook: alternative within related within mixed; followed by a gateway's disclaimer, as HTML
    # or as text
    (b'multipart/mixed; boundary="m"', multipart("m", holder("related", "r", holder("alternative", "a", plain_part("ONE"), html_part('<p>ONE<img src="cid:l@x"></p>')),
        part("Content-Type: image/jpg\nContent-ID: <l@x>\nContent-Transfer-Encoding: base64", PNG)), PDF, html_part("<p>DISCLAIMER</p>")),
        ["ONE", "data:image/jpg", "DISCLAIMER"], ["plan.pdf"]),
    (b'multipart/mixed; boundary="m"', multipart("m", plain_part("ONE & <ONE>"), html_part("<p>DISCLAIMER</p>")), ["ONE &amp; &lt;ONE&gt;", "DISCLAIMER"], []),
    # Thunderbird: alternative of plain and related; a list's footer as an alternative of its own
    (b'multipart/mixed; boundary="m"', multipart("m", holder("alternative", "a", plain_part("ONE"), holder("related", "r", html_part("<p>ONE</p>"))),
        PDF, holder("alternative", "b", plain_part("footer as text"), html_part("<p>FOOTER</p>")), plain_part("LAST")), ["ONE", "FOOTER", "LAST"], ["plan.pdf"]),
    # Pictures that no browser shows are attachments
    (b'multipart/related; boundary="r"', multipart("r", html_part('<p>ONE<img src="cid:l@x"></p>'), part("Content-Type: image/tiff\nContent-ID: <l@x>", b"II*\r\n"),
        part("Content-Type: image/heic; name=i.heic\nContent-ID: <h@x>", b"x\r\n")), ["ONE"], ["attachment-4.tif", "i.heic"]),
], ids=["html-pdf-html", "apple-related", "outlook-disclaimer", "text-disclaimer", "thunderbird-footer", "tiff"])
def test_parts_that_a_mail_client_shows_were_not_shown(person, content, body, words, files):
    """RFC 2046 §5.1.3: the parts of multipart/mixed in order, and the last part of
    multipart/alternative that can be shown."""
    page = read(person, body, content)
    shown, attached = frame(person, page)
    shown = shown.partition("<body>")[2]
    assert in_order(shown, *words) and all(shown.count(word) == 1 for word in words if word.isupper()), shown
    assert attached == files and "footer as text" not in shown
    for word in words:
        assert "data:" in word or html.unescape(word).lower() in pre(page).lower(), word


def test_links_in_text_beside_html_could_not_be_followed(person):
    """A text and a disclaimer as HTML are shown as one document."""
    text = plain_part('See https://shop.example/?a=1&b="2" and www.bank.example, or javascript:alert(1).')
    page = read(person, multipart("m", text, html_part("<p>DISCLAIMER</p>")), b'multipart/mixed; boundary="m"')
    shown, _ = frame(person, page)
    to_others = ' target="_blank" rel="noopener noreferrer nofollow"'
    assert f'<a href="https://shop.example/?a=1&amp;b="{to_others}>https://shop.example/?a=1&amp;b=</a>&quot;2&quot; and' in shown
    assert f'<a href="https://www.bank.example"{to_others}>www.bank.example</a>, or javascript:alert(1).' in shown


def test_attached_messages_unfold(person):
    """They could only be downloaded, and a phone has no program for them."""
    deepest = lines("From: third@example.com\nSubject: The third\nContent-Type: text/plain; name=deepest.txt\n\nDeepest words.")
    inner = (b'From: "Second" <second@example.com>\r\nSubject: The second\r\nContent-Type: multipart/mixed; boundary="bb"\r\n\r\n'
             + multipart("bb", html_part("<p>Inner words.</p>"), PDF, part("Content-Type: message/rfc822", deepest)))
    body = multipart("b", plain_part("Outer words."), part("Content-Type: message/rfc822", inner), PDF)
    page = read(person, body, b'multipart/mixed; boundary="b"')
    message = person.browser.page.path.removeprefix("/message/")
    places = re.findall(r'href="/attachment/[^/"]+/([^"]+)" download="([^"]+)"', page)
    assert places == [("0", "The second.eml"), ("0.0", "plan.pdf"), ("0.1", "The third.eml"), ("1", "plan.pdf")]
    assert page.count("in The second.eml") == 2 and "Outer words." in pre(page)
    unfolded = re.findall(r'<details class="unfolded">(.*?)</details>', page, re.S)
    assert len(unfolded) == 2 and "The second" in unfolded[0] and "second@example.com" in unfolded[0]
    assert "Deepest words." in unfolded[1] and "Inner words." not in page
    assert "Inner words." in person.browser.get(re.search(r'src="(/html/[^"]+)"', unfolded[0]).group(1)).text
    assert person.browser.get(f"/attachment/{message}/0.1").body == deepest
    assert person.browser.get(f"/attachment/{message}/0.0").body == b"%PDF-1.4"
    for wrong in ("0.2", "2", "1.0", "0.1.0", "0.", ".0", "0..0", "-1", "0/0", "99999999999999999999"):
        assert person.browser.get(f"/attachment/{message}/{wrong}").status == 404, wrong
        assert person.browser.get(f"/html/{message}/{wrong}").status == 404, wrong
    said = person.world.postgres.query(f"select detail from postseal.history where recipient = '{person.address}' and what = 'downloaded'")
    assert any("attachment 1.2" in row[0] for row in said), said


def test_picture_that_the_html_only_mentions_is_attached(person):
    """It counted as shown, and nobody saw it."""
    text = '<p>ONE <!-- <img src="cid:a@x"> --><img src="cid:b@x"><a href="cid:c@x">x</a></p>'
    pictures = [part(f"Content-Type: image/png; name={name}.png\nContent-ID: <{name[0]}@x>\nContent-Transfer-Encoding: base64", PNG)
                for name in ("a", "b", "b2", "c")]
    shown, attached = frame(person, read(person, multipart("r", html_part(text), *pictures), b'multipart/related; boundary="r"'))
    assert shown.count("data:image/png") == 1 and attached == ["a.png", "b2.png", "c.png"]
    # Wherever it is in the message, as mail programs resolve it.
    body = multipart("m", html_part('<p>ONE <img src="cid:b@x"></p>'), pictures[1])
    page = read(person, body, b'multipart/mixed; boundary="m"')
    shown, _ = frame(person, page)
    assert shown.count("data:image/png") == 1 and 'download="' not in page


def test_body_with_a_file_name_is_still_the_body(person):
    """Programs that name every part: there was only an attachment."""
    page = read(person, b"Named words.\r\n", b'text/plain; name="body.txt"')
    assert "Named words." in pre(page) and 'download="' not in page
    page = read(person, b"Attached words.\r\n", b"text/plain\r\nContent-Disposition: attachment")
    assert "Attached words." not in page and 'download="attachment-2.txt"' in page


def test_what_stands_in_a_report_or_was_attached_stays_for_itself(person):
    """RFC 6522; and a page that someone attached is not part of what they wrote."""
    body = multipart("r", plain_part("It failed."), part("Content-Type: message/delivery-status", b"Status: 5.1.1\r\n"), html_part("<p>X</p>"))
    page = read(person, body, b'multipart/report; report-type=delivery-status; boundary="r"')
    assert "<iframe" not in page and len(re.findall(r'download="', page)) == 2
    body = multipart("m", html_part("<p>ONE</p>"), part("Content-Type: text/html; name=page.html\nContent-Disposition: attachment", b"<p>PAGE</p>"))
    shown, attached = frame(person, read(person, body, b'multipart/mixed; boundary="m"'))
    assert "PAGE" not in shown and attached == ["page.html"]


@pytest.mark.parametrize("text, said", [
    ("<p>x</p><style>p { color: red }</style>", None), ('<p>x<img src="https://tracker.example/p.gif"></p>', "pictures from the Internet"),
    ('<table background="http://tracker.example/b.png"><tr><td>x</td></tr></table>', "pictures from the Internet"),
    ('<p style="background:url(http://tracker.example/b.png)">x</p>', "pictures from the Internet"),
    ("<p>x</p><script>alert(1)</script>", "active and embedded content"), ("<p>x<svg><path/></svg></p>", "active and embedded content"),
    ('<p>x</p><iframe src="https://x.example/"></iframe>', "active and embedded content"), ("<form><input name=a>x</form>", "form fields"),
    ('<p>x<img src="http://a.example/b"></p><video src="x"></video><button>y</button>',
     "pictures from the Internet, active and embedded content, form fields"),
    ("<p>" + "x " * 600_000 + "</p>", "the rest of a very long text")], ids=range(10))
def test_nobody_was_told_what_was_left_out(person, text, said):
    """In one line above the mail, and only if something was left out."""
    encoded = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
    shown, _ = frame(person, read(person, encoded, b"text/html\r\nContent-Transfer-Encoding: base64"))
    notes = re.findall(r'<body><p class="left-out" role="note">([^<]*)</p>', shown)
    assert notes == ([f"For your safety, this is not shown here: {said}."] if said else [])
    assert "tracker.example" not in shown and "<script" not in shown


def test_page_for_printing_is_one_document(person):
    """A long letter printed two of its eight pages: the rest was in a frame that paper does not scroll."""
    inner = b"From: third@example.com\r\nSubject: The annex\r\nContent-Type: text/html\r\n\r\n<p>Annex words.</p>\r\n"
    body = multipart("m", html_part("<p>The contract.</p>" * 300), PDF, part("Content-Type: message/rfc822", inner))
    page = read(person, body, b'multipart/mixed; boundary="m"', subject="Contract", fields=("Cc: Beat <beat@example.com>",))
    answer = person.browser.get(re.search(r'href="(/print/[^"]+)"', page).group(1))
    assert answer.text.count("The contract.") == 300 and "<iframe" not in answer.text and "<form" not in answer.text
    assert in_order(answer.text, "<title>Contract</title>", person.post.sender, "beat@example.com", "The contract.", "plan.pdf", "third@example.com",
                    "Annex words.")
    assert "sandbox" in answer.headers["Content-Security-Policy"] and "script-src 'none'" in answer.headers["Content-Security-Policy"]
