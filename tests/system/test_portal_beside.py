"""Files that are too large for mail go beside the message: behind a link for the company, on the message's page for members."""
import hashlib
import io
import re
import urllib.parse
import zipfile

import pytest
import world as sandbox
from messages import noise
from person import PORTAL_RULES as RULES, Person, dump
from test_portal_kept import arrived, member, tab  # noqa: F401 (a fixture)
from test_portal_uploads import begin, kept, rows, upload
from visitor import Visitor

SETTINGS = "portal upload 100 MB\nportal quota 200 MB\nlimit message 5 MB"
FILE = noise(7_000_000, "beside")


def send_large(member, data=FILE, name="Röntgen <1>.dcm", **fields):
    """Sends it; the mail that the company gets."""
    draft = begin(member.browser, **fields)
    upload(member.browser, draft, data, name=name)
    member.browser.get(f"/draft/{draft}")
    answer = member.browser.send({"action": "send"}, action="/send", files=[("files", "small.txt", "text/plain", b"small")])
    assert answer.path == "/sent", answer.text
    return sandbox.wait_until(lambda: (arrived(member) or [None])[-1], "the mail")


def link_in(mail):
    return re.search(r"http://\S+/file/\S{43}", mail.text()).group(0)


def here(member, link):
    """The link's path: the world's portal is elsewhere than its URL."""
    return urllib.parse.urlsplit(link).path


def downloads(member):
    return rows(member, "select what, detail from postseal.history where what = 'downloaded' and message in"
                        f" (select id from postseal.message where sender = '{member.address}') order by at")


def test_mail_to_the_company_has_a_link_instead_of_a_file_that_is_too_large(member):
    mail = send_large(member)
    assert [part.get_payload(decode=True) for part in mail.parsed.iter_attachments()] == [b"small"]
    text = mail.text()
    assert "Some words" in text and "too large for an email" in text and "7.0 MB" in text and "Röntgen" in text
    employee = Visitor(member.browser.portal)
    page = employee.get(here(member, link_in(mail)))
    assert page.status == 200 and member.address in page.text and "7 MB" in page.text and "Röntgen" in page.text and "<1>" not in page.text
    # Looking consumes nothing, and is no download.
    assert employee.get(here(member, link_in(mail))).status == 200 and downloads(member) == []
    place = re.search(r'href="(/file/\S+/download)"', page.text).group(1)
    answer = employee.get(place)
    assert answer.status == 200 and answer.body == FILE and answer.headers["Content-Length"] == "7000000"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''R%C3%B6ntgen")
    assert answer.headers["Content-Type"] == "application/octet-stream" and answer.headers["Accept-Ranges"] == "bytes"
    (what, detail), = downloads(member)
    assert "large file" in detail and "by its link" in detail
    # Again within ten minutes, it is the same download.
    assert employee.get(place).body == FILE and len(downloads(member)) == 1
    rows(member, "update postseal.large_file_link set read_at = read_at - interval '11 minutes'")
    assert employee.get(place, headers={"Range": "bytes=1-2"}).status == 206 and len(downloads(member)) == 2


@pytest.mark.parametrize("asked,status,begin_at,end", [
    ("bytes=0-0", 206, 0, 1), ("bytes=2097151-2097152", 206, 2097151, 2097153), ("bytes=6999999-", 206, 6999999, 7000000),
    ("bytes=-3", 206, 6999997, 7000000), ("bytes=65535-4200000", 206, 65535, 4200001), ("bytes=7000000-", 416, 0, 0), ("bytes=-0", 416, 0, 0),
    ("bytes=5-4", 200, 0, 7000000), ("bytes=0-1,5-6", 200, 0, 7000000), ("lines=1-2", 200, 0, 7000000)])
def test_part_of_a_file(member, asked, status, begin_at, end):
    place = here(member, link_in(send_large(member))) + "/download"
    answer = Visitor(member.browser.portal).get(place, headers={"Range": asked})
    assert answer.status == status and answer.body == (b"" if status == 416 else FILE[begin_at:end])
    if status == 206:
        assert answer.headers["Content-Range"] == f"bytes {begin_at}-{end - 1}/7000000"
        tag = answer.headers["ETag"]
        assert Visitor(member.browser.portal).get(place, headers={"Range": asked, "If-Range": tag}).status == 206
        assert Visitor(member.browser.portal).get(place, headers={"Range": asked, "If-Range": '"another"'}).status == 200
    if status == 416:
        assert answer.headers["Content-Range"] == "bytes */7000000"


def test_author_and_other_members_see_the_file_on_the_messages_page(member, world, post, name):
    other = Person(world, post, f"{name}.other@pickup.example")
    everybody = [member.address, other.address, "office@example.com"]
    post.accepted(post.compose(everybody, b"To both of you.\r\n", subject="Together"), everybody)
    other.unlock()
    other.enrol()
    member.browser.get("/inbox")
    sandbox.wait_until(lambda: "Together" in member.browser.get("/inbox").text, "the message")
    message = next(found for found in re.findall(r"/message/(\S{36})", member.browser.page.text)
                   if "Together" in tab(member.browser).get(f"/message/{found}").text)
    member.browser.get(f"/replyall/{message}")
    draft = member.browser.send({"text": "Here it is", "action": "save"}, action="/send").path.removeprefix("/draft/")
    upload(member.browser, draft, FILE, name="film.mp4")
    member.browser.get(f"/draft/{draft}")
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"
    sent = re.search(r"/message/\S{36}", member.browser.page.text).group(0)
    for browser, page in ((member.browser, sent), (other.browser, None)):
        if page is None:
            link = other.mail(f"Protected message from {member.address}").link()
            code = sandbox.wait_until(lambda: [m.codes()[other.address] for m in member.mails("Unlock code")
                                               if other.address in m.codes()], "the member's code")[0]
            browser.get(link)
            answer = browser.send({"code": code})
        else:
            answer = browser.get(page)
        place = re.search(r'href="(/large/\S{36}/\S{36})"', answer.text).group(1)
        assert "film.mp4" in answer.text and "7 MB" in answer.text
        got = browser.get(place)
        assert got.status == 200 and hashlib.sha256(got.body).digest() == hashlib.sha256(FILE).digest()
        assert browser.get(place, headers={"Range": "bytes=10-19"}).body == FILE[10:20]
        # It is nobody else's, nor another message's.
        strangers = Visitor(member.browser.portal)
        assert strangers.get(place).path == "/signin"
        assert browser.get(f"/large/{message}/{place[-36:]}").status == 404 and browser.get(place[:-36] + "nonsense").status == 404
    # Whoever reads with a mail program is told of it; whoever forwards it, too; and it is found by its name.
    original = member.browser.get(sent.replace("message", "source")).text
    assert "film.mp4 (7.0 MB)" in original and "beside the message, at http" in original
    assert "not forwarded with it" in tab(member.browser).get(sent.replace("message", "forward")).text
    finding = tab(member.browser)
    finding.get("/sent")
    assert sent in finding.send({"words": "film.mp4"}, action="/search").text
    assert any("large file 1, from" in detail and member.address in detail for _, detail in downloads(member))
    # On paper and among all attachments, which is on record as well, it was missing.
    printed = member.browser.get(sent.replace("message", "print")).text
    assert "film.mp4" in printed and "7 MB" in printed
    packed = zipfile.ZipFile(io.BytesIO(member.browser.get(sent.replace("message", "zip")).body))
    assert packed.namelist() == ["film.mp4"] and packed.read("film.mp4") == FILE
    # The author deletes their own copy, and the other still has theirs; then nobody has it.
    action = re.search(r'action="(/delete/\S{36})"', member.browser.get(sent).text).group(1)
    member.browser.send({"action": "delete-now"}, action=action)
    assert other.browser.get(place, headers={"Range": "bytes=10-19"}).body == FILE[10:20]


def test_two_large_files_of_a_message_were_one_on_record(member):
    """And each is one download, however many parts of it are asked for."""
    send_large(member)
    draft = begin(member.browser, subject="Two of them")
    for name in "one.bin", "two.bin":
        upload(member.browser, draft, FILE, name=name)
    member.browser.get(f"/draft/{draft}")
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"
    page = member.browser.get(re.search(r"/message/\S{36}", member.browser.page.text).group(0))
    places = re.findall(r'href="(/large/\S{36}/\S{36})"', page.text)
    assert len(places) == 2 and "Download all attachments" in page.text
    rows(member, "delete from postseal.reading where part like 'large file%' returning 1")
    for place in places:
        for begin_at in range(0, 50, 10):
            assert member.browser.get(place, headers={"Range": f"bytes={begin_at}-{begin_at + 9}"}).body == FILE[begin_at:begin_at + 10]
    # Unless the clock has just gone on to the next ten minutes.
    found = rows(member, "select part, count(*) from postseal.readings where part like 'large file%' group by part order by part")
    assert [part for part, _ in found] == ["large file 1", "large file 2"] and all(int(count) <= 2 for _, count in found)
    packed = zipfile.ZipFile(io.BytesIO(member.browser.get(page.path.replace("message", "zip")).body))
    assert packed.namelist() == ["one.bin", "two.bin"] and packed.testzip() is None


def test_link_ends_with_its_time_and_with_it_the_file(member):
    mail = send_large(member)
    sent = re.search(r"/message/\S{36}", member.browser.get("/sent").text).group(0)
    mine = f"account = (select id from postseal.account where address = '{member.address}')"
    action = re.search(r'action="(/delete/\S{36})"', member.browser.get(sent).text).group(1)
    member.browser.send({"action": "delete-now"}, action=action)
    # The company has it still, and it counts: or whoever deletes what they sent could fill the disk.
    assert int(rows(member, f"select postseal.mailbox_bytes(id) from postseal.account where address = '{member.address}'")[0][0]) >= len(FILE)
    place = here(member, link_in(mail))
    assert Visitor(member.browser.portal).get(place).status == 200
    rows(member, "update postseal.large_file_link set expires_at = now()")
    for path in (place, place + "/download"):
        answer = Visitor(member.browser.portal).get(path)
        assert answer.status == 404 and "no longer works" in answer.text
    sandbox.wait_until(lambda: rows(member, f"select count(*) from postseal.large_file where {mine}") == [["0"]], "the file to go", 90)


@pytest.mark.parametrize("change", [lambda s: s[:-1] + ("A" if s[-1] != "A" else "B"), lambda s: s[:-1], lambda s: s + "A", lambda s: "nonsense",
                                    lambda s: s + "/other", lambda s: s + "/download/x"])
def test_links_that_are_guessed_open_nothing(member, change):
    place = here(member, link_in(send_large(member)))
    base, _, secret = place.rpartition("/")
    assert Visitor(member.browser.portal).get(f"{base}/{change(secret)}").status == 404


def test_stolen_database_opens_no_file(member):
    """Promise 7."""
    mail = send_large(member, b"The patient's secret findings " * 300_000, name="findings-of-4711.pdf")
    secret = link_in(mail)[-43:]
    stolen = dump(member.world)
    for text in (b"secret findings", b"secret findings".hex().encode(), b"findings-of-4711", b"findings-of-4711".hex().encode(), secret.encode()):
        assert text not in stolen


def test_file_that_another_window_took_out_was_left_out_without_a_word(member):
    """Its box was ticked; the text was the same, so that the other window's version was sent."""
    draft = begin(member.browser)
    upload(member.browser, draft, FILE)
    first, second = tab(member.browser), tab(member.browser)
    first.get(f"/draft/{draft}")
    second.get(f"/draft/{draft}")
    fields = second.form("/send")[1]
    box = next(name for name in fields if name.startswith("large-"))
    second.ask("/send", urllib.parse.urlencode({**{name: value for name, value in fields.items() if name != box}, "action": "save"}).encode())
    assert kept(second.page) == []
    answer = first.send({"action": "send"}, action="/send")
    assert answer.status == 403 and "Nothing was sent" in answer.text
    assert arrived(member) == []


def test_same_form_sent_twice_sends_one_message(member):
    """A double click: the second finds the files gone with the first."""
    draft = begin(member.browser)
    upload(member.browser, draft, FILE)
    first, second = tab(member.browser), tab(member.browser)
    first.get(f"/draft/{draft}")
    second.get(f"/draft/{draft}")
    assert first.send({"action": "send"}, action="/send").path == "/sent"
    answer = second.send({"action": "send"}, action="/send")
    assert answer.status == 404 and "sent or deleted in another window" in answer.text and kept(answer) == []
    assert len(arrived(member)) == 1
