"""Large files of a draft: they are sent in pieces, sealed as they arrive, and an upload goes on after whatever cut it off."""
import concurrent.futures
import hashlib
import http.client
import json
import re
import urllib.parse

import pytest
import world as sandbox
from messages import noise
from person import PORTAL_RULES as RULES, Person, dump, send
from test_portal_drafts import save
from test_portal_kept import arrived, member, tab, written  # noqa: F401 (a fixture)
from test_portal_large import memory
from visitor import Visitor, multipart

SETTINGS = "portal upload 400 MB\nportal quota 700 MB"
PIECE = 2 * 1024 * 1024
FILE = noise(2 * PIECE + 12345, "upload")


def begin(browser, **fields):
    """A draft that is saved: its identifier."""
    browser.get("/write")
    return save(browser, **{"to": "office@example.com", "subject": "Grüße", **fields}).path.removeprefix("/draft/")


def token(browser):
    return written(browser.page)["token"]


def announce(browser, draft, name="plan.pdf", size=len(FILE), **fields):
    data = {"token": token(browser), "form": draft, "name": name, "type": "application/pdf", "size": size, "modified": "17", **fields}
    answer = browser.ask("/upload", urllib.parse.urlencode(data).encode())
    return answer.status, json.loads(answer.body)


def piece(browser, draft, file, offset, data, **fields):
    body, kind = multipart({"token": token(browser), "form": draft, "offset": offset, **fields}, [("piece", "piece", "application/octet-stream", data)])
    answer = browser.ask(f"/upload/{file}", body, kind)
    return answer.status, json.loads(answer.body)


def upload(browser, draft, data=FILE, **fields):
    """All of it; its identifier."""
    status, said = announce(browser, draft, size=len(data), **fields)
    assert status == 200, said
    while not said["whole"]:
        status, said = piece(browser, draft, said["file"], said["arrived"], data[said["arrived"]:said["arrived"] + PIECE])
        assert status == 200, said
    return said["file"]


def rows(member, sql):
    return member.world.postgres.query(sql)


def kept(answer):
    return re.findall(r'name="(?:keep-\d+|large-\S+)"[^>]*/?><span[^>]*>([^<]+)<', answer.text)


def test_file_in_pieces_is_a_file_of_the_draft_and_goes_with_the_message(member):
    draft = begin(member.browser)
    upload(member.browser, draft, name="Plän & <b>.pdf")
    page = member.browser.get(f"/draft/{draft}")
    assert kept(page) == ["Plän &amp; &lt;b&gt;.pdf"]
    answer = member.browser.send({"text": "With a plan", "action": "save"}, action="/send",
                                 files=[("files", "small.txt", "text/plain", b"small")])
    assert kept(answer) == ["small.txt", "Plän &amp; &lt;b&gt;.pdf"]
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"
    mail = sandbox.wait_until(lambda: (arrived(member) or [None])[-1], "the mail")
    small, large = mail.parsed.iter_attachments()
    assert small.get_payload(decode=True) == b"small" and large.get_payload(decode=True) == FILE
    assert large.get_content_type() == "application/pdf" and "Plän" in large.get_filename()
    sent = re.search(r"/message/\S{36}", member.browser.get("/sent").text).group(0)
    assert "Plän" in member.browser.get(sent).text
    sandbox.wait_until(lambda: rows(member, "select count(*) from postseal.large_file") == [["0"]], "the pieces to be removed", 90)
    assert rows(member, "select count(*) from postseal.large_file_chunk") == [["0"]]


def test_name_of_a_file_that_has_lines_adds_no_header_field(member):
    draft = begin(member.browser)
    for name in ("a\r\nX-Evil: yes\r\n\r\nb.pdf", "ä\r\nX-Evil: yes.pdf"):
        upload(member.browser, draft, name=name, type="text/html\r\nX-Evil: yes")
    member.browser.get(f"/draft/{draft}")
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"
    mail = sandbox.wait_until(lambda: (arrived(member) or [None])[-1], "the mail")
    parts = list(mail.parsed.iter_attachments())
    assert [part.get_payload(decode=True) == FILE for part in parts] == [True, True]
    assert not [part for part in mail.parsed.walk() if part["X-Evil"]]


def test_upload_began_again_when_the_connection_had_broken(member):
    draft = begin(member.browser)
    status, said = announce(member.browser, draft)
    assert (status, said["arrived"], said["whole"]) == (200, 0, False)
    assert piece(member.browser, draft, said["file"], 0, FILE[:PIECE]) == (200, {**said, "arrived": PIECE})
    body, kind = multipart({"token": token(member.browser), "form": draft, "offset": PIECE}, [("piece", "piece", "a/b", FILE[PIECE:2 * PIECE])])
    place = urllib.parse.urlsplit(member.browser.portal)
    connection = http.client.HTTPConnection(place.hostname, place.port)
    connection.putrequest("POST", f"/upload/{said['file']}")
    for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))),
                        ("Cookie", "; ".join(f"{c.name}={c.value}" for c in member.browser.jar))):
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body[:len(body) // 2])
    connection.close()
    # The page is loaded again, by a program that was started again, and the same file is chosen.
    member.world.stop_program("postseal-portal")
    member.world.start_program("postseal-portal")
    member.browser.get(f"/draft/{draft}")
    assert announce(member.browser, draft) == (200, {**said, "arrived": PIECE})
    # Another one of the same name is another file.
    assert announce(member.browser, draft, modified="18")[1]["file"] != said["file"]
    assert announce(member.browser, draft, size=len(FILE) + 1)[1]["file"] != said["file"]
    for offset in (PIECE, 2 * PIECE):
        status, now = piece(member.browser, draft, said["file"], offset, FILE[offset:offset + PIECE])
        assert status == 200
    assert now["whole"] and kept(member.browser.get(f"/draft/{draft}")) == ["plan.pdf"]


def test_pieces_that_do_not_follow_are_refused_with_a_sentence(member):
    draft = begin(member.browser)
    file = announce(member.browser, draft)[1]["file"]
    first, end = FILE[:PIECE], FILE[2 * PIECE:]
    for offset, data, status in ((PIECE, first, 409), (1, first, 409), ("x", first, 409), (-1, first, 409), (2 ** 62, first, 409), (0, b"", 400),
                                 (0, first[:-1], 400), (0, first + b"x", 400), (0, first + b"x" * 900_000, 400)):
        refused, said = piece(member.browser, draft, file, offset, data)
        assert (refused, said["arrived"]) == (status, 0) and said["message"].endswith("."), (offset, len(data))
    body, kind = multipart({"token": token(member.browser), "form": draft, "offset": 0}, [("piece", "piece", "a/b", first + b"x" * 2_000_000)])
    assert member.browser.ask(f"/upload/{file}", body, kind).status == 413
    member.browser.get(f"/draft/{draft}")
    assert piece(member.browser, draft, file, 0, first)[0] == 200
    refused, said = piece(member.browser, draft, file, 0, first)
    assert (refused, said["arrived"]) == (409, PIECE)
    assert piece(member.browser, draft, file, PIECE, FILE[PIECE:2 * PIECE])[0] == 200
    assert piece(member.browser, draft, file, 2 * PIECE, end + b"x")[0] == 400
    assert piece(member.browser, draft, file, 2 * PIECE, end)[0] == 200
    refused, said = piece(member.browser, draft, file, len(FILE), b"x")
    assert (refused, said["arrived"]) == (409, len(FILE))
    body, kind = multipart({"token": token(member.browser), "form": draft, "offset": 0}, [("a", "a", "a/b", b"1"), ("b", "b", "a/b", b"2")])
    assert member.browser.ask(f"/upload/{file}", body, kind).status == 400


@pytest.mark.parametrize("fields", [{"size": 0}, {"size": -1}, {"size": "1e9"}, {"size": ""}, {"name": ""}, {"size": 2 ** 70}])
def test_announcements_that_say_nothing_are_refused(member, fields):
    draft = begin(member.browser)
    assert announce(member.browser, draft, **fields)[0] == 400
    assert rows(member, "select count(*) from postseal.large_file where account = (select id from postseal.account"
                        f" where address = '{member.address}')") == [["0"]]


def test_nobody_adds_to_the_draft_of_another(member, world, post):
    other = Person(world, post, "other.uploader@pickup.example")
    send(other)
    other.unlock()
    other.enrol()
    draft = begin(member.browser)
    file = announce(member.browser, draft)[1]["file"]
    theirs = begin(other.browser)
    assert announce(other.browser, draft)[0] == 404
    for place in (draft, theirs):
        assert piece(other.browser, place, file, 0, FILE[:PIECE])[0] == 404
    second = begin(member.browser)
    assert second != draft
    # In another draft of the same member, it is not known either, nor without one.
    for place in (second, "", "nonsense", "01900000-0000-7000-8000-00000000000d"):
        assert piece(member.browser, place, file, 0, FILE[:PIECE])[0] == 404
        assert announce(member.browser, place)[0] == (200 if place == second else 404)
    assert piece(member.browser, draft, "nonsense", 0, FILE[:PIECE])[0] == 404
    # A form that is not ours adds nothing.
    body = urllib.parse.urlencode({"token": "x" * 43, "form": draft, "name": "a", "size": "5"}).encode()
    assert member.browser.ask("/upload", body).status == 403
    member.browser.get(f"/draft/{draft}")
    # Nor does one whose list is told to have what is another's.
    mine = upload(member.browser, draft)
    other.browser.get(f"/draft/{theirs}")
    other.browser.send({"action": "save", f"listed-{mine}": "yes", "listed-nonsense": "yes"}, action="/send")
    assert kept(member.browser.get(f"/draft/{draft}")) == ["plan.pdf"]
    strangers = Visitor(member.browser.portal)
    assert strangers.ask("/upload", body).status == 403 and strangers.ask(f"/upload/{file}", body).status == 403


def test_files_of_a_draft_are_no_larger_together_than_allowed(member):
    draft = begin(member.browser)
    assert announce(member.browser, draft, size=400_000_001)[0] == 413
    assert announce(member.browser, draft, size=400_000_000)[0] == 200
    status, said = announce(member.browser, draft, name="another.pdf", size=1)
    assert status == 413 and said["message"] == "The files are too large."


def test_uploads_count_in_the_room_of_their_member(member):
    first, second = begin(member.browser), begin(member.browser)
    account = f"(select id from postseal.account where address = '{member.address}')"
    rows(member, "insert into postseal.large_file (id, account, place, mark, wrapped, about, size, arrived)"
                 f" values (gen_random_uuid(), {account}, '{first}', 'm', 'w', 'a', 699000000, 699000000)")
    member.browser.get(f"/draft/{second}")
    status, said = announce(member.browser, second)
    assert status == 507 and "no room left" in said["message"]
    # What two announce at once is counted as it arrives.
    rows(member, f"update postseal.large_file set size = 690000000, arrived = 690000000 where account = {account}")
    files = [announce(member.browser, second, name=f"{number}.pdf", size=9_000_000)[1]["file"] for number in range(2)]
    given = [piece(member.browser, second, file, offset, FILE[:PIECE])[0] for offset in (0, PIECE) for file in files]
    assert given == [200, 200, 200, 200]
    # The one that does not fit is given up, so that the other one does.
    assert [piece(member.browser, second, file, 2 * PIECE, FILE[:PIECE])[0] for file in files] == [507, 200]
    assert piece(member.browser, second, files[0], 2 * PIECE, FILE[:PIECE])[0] == 404
    # And so is what is written beside.
    rows(member, f"update postseal.large_file set size = 699999000, arrived = 699999000 where size = 690000000 and account = {account}")
    assert "There is no room left" in save(member.browser, "More words").text
    rows(member, f"update postseal.large_file set doomed = true where account = {account}")
    assert save(member.browser, "More words").status == 200


@pytest.mark.parametrize("what", ["another file", "a draft"])
def test_upload_that_was_cut_off_took_up_room_for_a_day(member, what):
    draft, another = begin(member.browser), begin(member.browser)
    account = f"(select id from postseal.account where address = '{member.address}')"
    member.browser.get(f"/draft/{draft}")
    cut_off = announce(member.browser, draft, name="cut off.pdf", size=300_000_000)[1]["file"]
    assert piece(member.browser, draft, cut_off, 0, FILE[:PIECE])[0] == 200
    rows(member, f"update postseal.large_file set size = 700000000, arrived = 699999000 where account = {account}")
    member.browser.get(f"/draft/{another}")
    # Somebody may still be sending it.
    if what == "a draft":
        assert "There is no room left" in save(member.browser, "More words" * 200).text
    else:
        assert announce(member.browser, another)[0] == 507
    rows(member, f"update postseal.large_file set touched_at = now() - interval '11 minutes' where account = {account}")
    if what == "a draft":
        assert save(member.browser, "More words" * 200).status == 200
    else:
        assert announce(member.browser, another)[0] == 200
    assert rows(member, f"select doomed from postseal.large_file where id = '{cut_off}'") in ([["t"]], [])


def test_upload_that_was_cut_off_goes_on_while_there_is_room(member):
    draft = begin(member.browser)
    cut_off = announce(member.browser, draft)[1]["file"]
    assert piece(member.browser, draft, cut_off, 0, FILE[:PIECE])[0] == 200
    rows(member, f"update postseal.large_file set touched_at = now() - interval '11 minutes' where id = '{cut_off}'")
    assert announce(member.browser, draft, name="another.pdf", size=1000)[0] == 200
    status, said = announce(member.browser, draft)
    assert said["file"] == cut_off and said["arrived"] == PIECE


def test_two_windows_send_the_same_file_together(member):
    draft = begin(member.browser)
    browsers = [tab(member.browser) for _ in range(4)]
    for browser in browsers:
        browser.get(f"/draft/{draft}")

    def go(browser):
        status, said = announce(browser, draft)
        file = said["file"]
        while said["arrived"] < len(FILE):
            status, said = piece(browser, draft, file, said["arrived"], FILE[said["arrived"]:said["arrived"] + PIECE])
            assert status in (200, 409), said
        return file

    with concurrent.futures.ThreadPoolExecutor(len(browsers)) as pool:
        files = list(pool.map(go, browsers))
    # Whoever asks after it was whole begins anew; all others send one file.
    whole = rows(member, f"select count(*) from postseal.large_file where place = '{draft}' and arrived = size")
    assert int(whole[0][0]) == len(set(files))
    assert member.browser.get(f"/draft/{draft}").text.count("plan.pdf") == len(set(files))
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"
    mail = sandbox.wait_until(lambda: (arrived(member) or [None])[-1], "the mail")
    assert [part.get_payload(decode=True) == FILE for part in mail.parsed.iter_attachments()] == [True] * len(set(files))


def test_stolen_database_tells_nothing_of_uploads(member):
    draft = begin(member.browser)
    upload(member.browser, draft, b"The patient's secret findings " * 100_000, name="findings-of-4711.pdf")
    stolen = dump(member.world)
    for secret in (b"secret findings", b"The patient's secret findings ".hex().encode(), b"findings-of-4711", b"findings-of-4711".hex().encode()):
        assert secret not in stolen
    assert b"large_file_chunk" in stolen


def test_file_is_taken_out_again(member):
    draft = begin(member.browser)
    upload(member.browser, draft)
    upload(member.browser, draft, name="second.pdf")
    member.browser.get(f"/draft/{draft}")
    action, fields = member.browser.form("/send")
    boxes = [name for name in fields if name.startswith("large-")]
    body, kind = multipart({**{name: value for name, value in fields.items() if name != boxes[0]}, "action": "save"}, [("files", "", "a/b", b"")])
    assert kept(member.browser.ask("/send", body, kind)) == ["second.pdf"]
    assert announce(member.browser, draft, size=399_000_000)[0] == 413
    # What was never listed in a window is not taken out by it.
    old = tab(member.browser)
    old.get(f"/draft/{draft}")
    upload(member.browser, draft, name="third.pdf")
    assert kept(old.send({"action": "save"}, action="/send")) == ["second.pdf", "third.pdf"]


def test_draft_that_is_discarded_deletes_its_files_and_so_does_its_account(member):
    draft = begin(member.browser)
    upload(member.browser, draft)
    unfinished = announce(member.browser, draft, name="unfinished.pdf")[1]["file"]
    assert piece(member.browser, draft, unfinished, 0, FILE[:PIECE])[0] == 200
    for text in ("Saved again", "And again"):
        member.browser.get(f"/draft/{draft}")
        save(member.browser, text)
    assert kept(member.browser.get(f"/draft/{draft}")) == ["plan.pdf"]
    member.browser.send({"action": "discard"}, action="/send")
    action = re.search(r'action="(/delete/\S{36})"', member.browser.page.text).group(1)
    assert member.browser.send({"action": "delete-now"}, action=action).path == "/drafts"
    mine = f"account = (select id from postseal.account where address = '{member.address}')"
    assert rows(member, f"select count(*) from postseal.large_file where not doomed and {mine}") == [["0"]]
    upload(member.browser, begin(member.browser))
    mine = rows(member, f"select id from postseal.large_file where {mine}")
    rows(member, f"delete from postseal.account where address = '{member.address}'")
    ids = "', '".join(sum(mine, []))
    sandbox.wait_until(lambda: rows(member, f"select count(*) from postseal.large_file where id in ('{ids}')") == [["0"]], "the files to go", 90)
    assert rows(member, f"select count(*) from postseal.large_file_piece where file in ('{ids}')") == [["0"]]


def test_uploads_that_were_abandoned_stayed_for_ever(member):
    draft = begin(member.browser)
    whole = upload(member.browser, draft)
    unfinished = announce(member.browser, draft, name="unfinished.pdf")[1]["file"]
    piece(member.browser, draft, unfinished, 0, FILE[:PIECE])
    rows(member, "update postseal.large_file set touched_at = now() - interval '25 hours'")
    sandbox.wait_until(lambda: rows(member, f"select id from postseal.large_file where place = '{draft}'") == [[whole]], "the abandoned one to go", 90)
    assert piece(member.browser, draft, unfinished, PIECE, FILE[PIECE:2 * PIECE])[0] == 404
    assert kept(member.browser.get(f"/draft/{draft}")) == ["plan.pdf"]


def test_large_file_of_a_draft_takes_constant_memory(member):
    size, one = 300_000_000, noise(PIECE, "constant")
    draft = begin(member.browser)
    before = memory(member, "VmRSS")
    status, said = announce(member.browser, draft, size=size)
    while not said["whole"]:
        status, said = piece(member.browser, draft, said["file"], said["arrived"], one[:size - said["arrived"]])
        assert status == 200
    assert memory(member, "VmHWM") - before < 60_000_000
    member.browser.get(f"/draft/{draft}")
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"
    sent = re.search(r"/message/\S{36}", member.browser.get("/sent").text).group(0)
    place = re.search(r"/large/\S{36}/\S{36}", member.browser.get(sent).text).group(0)
    digest, wanted = hashlib.sha256(), hashlib.sha256()
    response = member.browser.opener.open(member.browser.portal + place, timeout=300)
    while got := response.read(1 << 20):
        digest.update(got)
    for offset in range(0, size, PIECE):
        wanted.update(one[:size - offset])
    assert digest.digest() == wanted.digest()
    assert memory(member, "VmHWM") - before < 60_000_000
