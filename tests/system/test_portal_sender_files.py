"""Files that the sender of a waiting message adds on the sender's page: too large for mail, sealed as the message is, for
those who can open it and nobody else."""
import html
import io
import re
import urllib.parse
import urllib.request
import uuid
import zipfile

import pytest

import world as sandbox
from looking import check, everywhere, open_page
from messages import noise
from person import PORTAL_RULES, Person, dump, send, state
from test_audit import ask, questions
from visitor import Visitor

RULES = """
table officers { "otto@example.com" }
match subject regex "(?i)budget" recipient domain "auto.example"  hold "Budgets need approval." for <officers>
match subject regex "(?i)twin" recipient domain "auto.example"  deliver pickup add header "X-Edition" "another"
""" + PORTAL_RULES
SETTINGS = 'pickup files "yes"\nportal upload 3 MB\nportal quota 5 MB'
DATA = noise(700_000, "a plan")
NAME = "Roof plan #7 – Süd.dwg"


def query(person, sql):
    return person.world.postgres.query(sql)


def message_of(person):
    return person.post.copies(person.address)[-1]["message"]


def sender(person, count=1):
    """The employee, with the sender's page of the newest message open."""
    employee = Person(person.world, person.post, person.post.sender)
    mail = employee.mail("Unlock code", count)
    employee.track = urllib.parse.urlsplit(re.search(r"http://\S+/track/\S{43}", mail.text()).group(0)).path
    assert employee.browser.get(employee.track).status == 200
    return employee


def place(employee):
    return employee.track.replace("/track/", "/track-file/")


def add(employee, *files, **options):
    """Adds files; the answer is what the browser shows then."""
    employee.browser.get(employee.track)
    return employee.browser.send(action=place(employee), files=[("file", name, "application/octet-stream", data) for name, data in files], **options)


def added(person, browser=None):
    """Name and place of the files on the message's page."""
    text = (browser or person.browser).page.text
    return re.findall(r'<a href="(/added/[^"]+)" download="([^"]*)"', text)


def events(person, what):
    return [row[0] for row in query(person, f"select detail from postseal.history where message = '{message_of(person)}' and what = '{what}'"
                                            f" and recipient = '{person.address}' order by at")]


def readings(person):
    return query(person, f"select part, what, coalesce(reader, '') from postseal.readings where message = '{message_of(person)}'"
                         " and part like 'added%' order by at")


def file_id(employee):
    return re.search(r'name="file" value="(\S{36})"', employee.browser.get(employee.track).text).group(1)


@pytest.fixture
def employee(person):
    send(person)
    sandbox.wait_until(person.code, "the code")
    return sender(person)


def test_file_is_added_seen_and_downloaded(person, employee):
    """By somebody without an account, who opens the message with link and code later."""
    assert NAME not in employee.browser.page.text and "Added files" in employee.browser.page.text
    answer = add(employee, (NAME, DATA))
    assert answer.path == employee.track and "It was added to the message." in answer.text
    assert NAME in answer.text and "700 kB" in answer.text and "Take out again" in answer.text
    page = person.unlock()
    assert "Added by the sender" in page.text and "700 kB" in page.text
    [(path, name)] = added(person)
    assert name == NAME
    got = person.browser.ask(path)
    assert got.status == 200 and got.body == DATA and got.headers["Content-Length"] == str(len(DATA))
    assert urllib.parse.quote(NAME) in got.headers["Content-Disposition"]
    assert got.headers["Content-Type"] == "application/octet-stream" and "sandbox" not in got.headers["Content-Security-Policy"]
    assert state(person) == "opened"
    # A member has it as well, and does so after signing in again.
    person.enrol()
    browser = Visitor(person.browser.portal)
    person.sign_in(browser=browser)
    browser.get(re.search(r"/message/\S{36}", browser.get("/inbox").text).group(0).rstrip('"'))
    [(again, _)] = added(person, browser)
    assert browser.ask(again).body == DATA


def test_file_is_added_after_the_message_was_read(person, employee):
    page = person.unlock()
    assert "Added by the sender" not in page.text
    assert "It was added" in add(employee, ("late.bin", b"later")).text
    person.browser.get(page.path)
    [(path, _)] = added(person)
    assert person.browser.ask(path).body == b"later"
    # Its name is not shown to the sender: nobody but the readers can tell it any more.
    shown = employee.browser.get(employee.track).text
    assert "late.bin" not in shown and "File 1" in shown


def test_several_files_at_once_are_listed_in_their_order(person, employee):
    add(employee, ("b.txt", b"b" * 10), ("a.txt", b"a" * 20))
    person.unlock()
    assert [name for _, name in added(person)] == ["b.txt", "a.txt"]
    assert [person.browser.ask(path).body for path, _ in added(person)] == [b"b" * 10, b"a" * 20]
    assert [detail.partition(", from")[0] for detail in events(person, "file added")] == ["file 1, 10 bytes", "file 2, 20 bytes"]


def test_added_files_were_missing_on_paper_and_among_all_attachments(person, employee):
    add(employee, ("taken-out.bin", b"never"), (NAME, DATA), ("late.txt", b"later"))
    employee.browser.send({"action": "take-out", "file": file_id(employee)}, to=employee.track)
    assert "The file was taken out." in employee.browser.send({"action": "take-out-now"}).text
    page = person.unlock()
    printed = person.browser.get(page.path.replace("message", "print")).text
    assert html.escape(NAME) in printed and "700 kB" in printed and "late.txt" in printed and "taken-out" not in printed
    packed = zipfile.ZipFile(io.BytesIO(person.browser.get(page.path.replace("message", "zip")).body))
    assert packed.namelist() == [NAME, "late.txt"] and packed.read(NAME) == DATA and packed.read("late.txt") == b"later"
    # They were given out: on record, and not to be taken out any more.
    assert [part for part, what, _ in readings(person) if what == "downloaded"] == ["added file 2", "added file 3"]
    assert employee.browser.get(employee.track).text.count("can no longer be taken out") == 2


@pytest.mark.parametrize("wanted, status, begin, end", [
    ("bytes=0-9", 206, 0, 10), ("bytes=65530-65545", 206, 65530, 65546), ("bytes=699990-", 206, 699990, 700000),
    ("bytes=-5", 206, 699995, 700000), ("bytes=0-99999999", 206, 0, 700000), ("bytes=-99999999", 206, 0, 700000),
    ("bytes=0-1,5-6", 200, 0, 700000), ("bytes=5-4", 200, 0, 700000), ("lines=0-1", 200, 0, 700000), ("bytes=x", 200, 0, 700000),
    ("bytes=700000-", 416, 0, 0), ("bytes=-0", 416, 0, 0), ("bytes=18446744073709551615-", 200, 0, 700000)])
def test_ranges(person, employee, wanted, status, begin, end):
    add(employee, (NAME, DATA))
    person.unlock()
    [(path, _)] = added(person)
    got = person.browser.ask(path, headers={"Range": wanted})
    assert got.status == status and got.body == (DATA[begin:end] if status != 416 else b"")
    if status == 206:
        assert got.headers["Content-Range"] == f"bytes {begin}-{end - 1}/700000"
        assert got.headers["Content-Length"] == str(end - begin)
    elif status == 416:
        assert got.headers["Content-Range"] == "bytes */700000"
    else:
        assert "Content-Range" not in got.headers
    assert got.headers["Accept-Ranges"] == "bytes"


def head(browser, path, **headers):
    request = urllib.request.Request(browser.portal + path, headers=headers, method="HEAD")
    with browser.opener.open(request, timeout=60) as response:
        return response.status, response.headers, response.read()


def test_range_of_another_version_is_not_sent_and_head_reads_nothing(person, employee):
    add(employee, (NAME, DATA))
    person.unlock()
    [(path, _)] = added(person)
    status, headers, body = head(person.browser, path)
    assert status == 200 and headers["Content-Length"] == "700000" and body == b""
    status, headers, body = head(person.browser, path, Range="bytes=0-9")
    assert status == 206 and headers["Content-Length"] == "10" and body == b""
    assert readings(person) == []  # and so it can still be taken out
    assert "Take out again" in employee.browser.get(employee.track).text
    tag = headers["ETag"]
    assert person.browser.ask(path, headers={"Range": "bytes=0-9", "If-Range": tag}).status == 206
    assert person.browser.ask(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status == 200
    assert readings(person) == [["added file 1", "downloaded", ""]]


def test_taken_out_before_anybody_read_it_and_not_after(person, employee):
    add(employee, (NAME, DATA), ("kept.txt", b"kept"))
    asked = employee.browser.send({"action": "take-out", "file": file_id(employee)}, to=employee.track)
    assert "Take this file out of the message?" in asked.text and NAME in asked.text and "700 kB" in asked.text
    person.unlock()
    (first, _), (second, _) = added(person)
    assert employee.browser.form()[1]["file"] == first[-36:] and person.browser.ask(first).status == 200
    # That was a download: too late.
    late = employee.browser.send({"action": "take-out-now"})
    assert "The file was not taken out" in late.text and late.text.count("can no longer be taken out") == 1
    asked = employee.browser.send({"action": "take-out", "file": second[-36:]}, to=employee.track)
    done = employee.browser.send({"action": "take-out-now"})
    assert "The file was taken out." in done.text and "kept.txt" not in done.text and NAME not in done.text
    gone = person.browser.ask(second)
    assert gone.status == 404 and b"kept" not in gone.body
    person.browser.get(f"/message/{first.split('/')[2]}")
    assert [path for path, _ in added(person)] == [first]
    assert [d.partition(", from")[0] for d in events(person, "file removed")] == ["file 2, 4 bytes"]
    assert query(person, f"select count(*) from postseal.large_file_parcel where file = '{second[-36:]}'") == [["0"]]
    # The next one has another number.
    add(employee, ("third.txt", b"third"))
    assert events(person, "file added")[-1].startswith("file 3, 5 bytes, from 127.0.0.0")
    again = employee.browser.send({"action": "take-out-now", "file": second[-36:]}, to=employee.track)
    assert "The file was not taken out" in again.text


def test_everything_is_on_record(person, employee):
    add(employee, (NAME, DATA))
    person.unlock()
    [(path, _)] = added(person)
    for _ in range(2):
        person.browser.ask(path)
    assert len(events(person, "file added")) == 1 and readings(person) == [["added file 1", "downloaded", ""]]
    history = query(person, f"select what, detail from postseal.history where message = '{message_of(person)}' order by at")
    assert any(what == "downloaded" and detail.startswith("added file 1, from ") for what, detail in history)
    assert any(what == "file added" for what, _ in history)
    told = person.world.postseal("message", "show", message_of(person))
    assert "file added" in told and "added file 1" in told
    assert NAME not in str(history) and NAME not in told
    [sql] = [sql for question, sql in questions() if "no rule saw them" in question]
    assert [row[1:4] for row in ask(person.world, sql) if row[1] == message_of(person)] == [[message_of(person), person.address, "file added"]]


def test_stolen_database_opens_nothing(person, employee):
    """Promise 7."""
    marker = b"The plan of the roof. " * 3000
    add(employee, (NAME, marker))
    stolen = dump(person.world)
    for clear in (b"plan of the roof", NAME.encode(), b"Roof plan"):
        assert clear not in stolen and clear.hex().encode() not in stolen
    secret = employee.track.rpartition("/")[2].encode()
    assert secret not in stolen
    person.unlock()
    [(path, _)] = added(person)
    assert person.browser.ask(path).body == marker
    # The name on the sender's page went with the courier's box.
    assert query(person, f"select track_name is null from postseal.sender_file where message = '{message_of(person)}'") == [["t"]]


def test_nothing_after_recall(person, employee):
    add(employee, (NAME, DATA))
    file = file_id(employee)
    stale = employee.browser.page
    employee.browser.send({"action": "recall"}, action=None)
    employee.browser.send({"action": "recall-now"})
    assert state(person) == "recalled"
    page = employee.browser.get(employee.track)
    assert "Added files" not in page.text and NAME not in page.text
    employee.browser.page = stale
    refused = employee.browser.send(action=place(employee), files=[("file", "x.bin", "text/plain", b"x")])
    assert "Nothing was added: the message is no longer available" in refused.text
    employee.browser.page = stale
    assert "The file was not taken out" in employee.browser.send({"action": "take-out-now", "file": file}, to=employee.track).text
    assert query(person, f"select count(*) from postseal.large_file_parcel where file = '{file}'") == [["0"]]
    sandbox.wait_until(lambda: is_swept(person, file), "the file to be deleted", 100)


def is_swept(person, file):
    person.world.postgres.query("select postseal.large_files_sweep(100)")
    return query(person, f"select count(*) from postseal.large_file where id = '{file}'") == [["0"]] \
        and query(person, f"select count(*) from postseal.large_file_chunk where file = '{file}'") == [["0"]]


def test_nothing_after_expiry(person, employee):
    add(employee, (NAME, DATA))
    stale = employee.browser.page
    person.unlock()
    [(path, _)] = added(person)
    query(person, "update postseal.parcel_key k set expires_at = now() - interval '1 second' from postseal.copy c"
                  f" where c.id = k.copy and c.recipient = '{person.address}' returning 1")
    assert person.browser.ask(path).status == 404
    assert "Added files" not in employee.browser.get(employee.track).text
    employee.browser.page = stale
    refused = employee.browser.send(action=place(employee), files=[("file", "x.bin", "text/plain", b"x")])
    assert "Nothing was added" in refused.text
    person.world.stop_program("postseal-courier")
    person.world.start_program("postseal-courier")
    sandbox.wait_until(lambda: is_swept(person, path[-36:]), "the file to be deleted")


def test_recipient_who_deletes_the_message_has_no_file_any_more(person, employee):
    add(employee, (NAME, DATA))
    person.unlock()
    person.enrol()
    key = re.search(r"/message/(\S{36})", person.browser.get("/inbox").text).group(1)
    person.browser.get(f"/message/{key}")
    [(path, _)] = added(person)
    person.browser.send({"action": "delete-now"}, action=f"/delete/{key}")
    assert person.browser.ask(path).status == 410
    sandbox.wait_until(lambda: is_swept(person, path[-36:]), "the file to be deleted")


def send_to(person, others, subject):
    to = [person.address, *others]
    person.post.accepted(person.post.compose(to, b"The secret is 42.\r\n", subject=subject), to)


def test_second_recipient_has_it_in_another_edition_of_the_message(person):
    """To which a rule has added something, and whose reader has no account yet."""
    other = Person(person.world, person.post, person.address.replace("pickup", "auto"))
    send_to(person, [other.address], "Twin plans")
    for each in (person, other):
        sandbox.wait_until(each.code, "the code")
    employee = sender(person)
    assert query(person, f"select count(distinct parcel) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                         f" where c.message = '{message_of(person)}'") == [["2"]]
    add(employee, (NAME, DATA))
    paths = []
    for each in (person, other):
        each.unlock()
        [(path, _)] = added(each)
        paths.append(path)
        assert each.browser.ask(path).body == DATA
        assert [d.partition(", from")[0] for d in events(each, "file added")] == ["file 1, 700000 bytes"]
    assert paths[0][-36:] == paths[1][-36:]
    # What belongs to one, the other cannot name.
    assert person.browser.ask(paths[1]).status == 404
    # It stays for the one who still has the message.
    query(person, "update postseal.parcel_key k set expires_at = now() - interval '1 second' from postseal.copy c"
                  f" where c.id = k.copy and c.recipient = '{other.address}' returning 1")
    person.world.stop_program("postseal-courier")
    person.world.start_program("postseal-courier")
    sandbox.wait_until(lambda: query(person, "select 1 from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                             f" where c.recipient = '{other.address}'") == [], "the expiry")
    assert other.browser.ask(paths[1]).status == 404 and person.browser.ask(paths[0]).body == DATA


def test_account_that_trusts_the_sender_has_it_without_a_code(person, employee):
    person.unlock()
    person.enrol()
    send(person, subject="Next")
    person.mail("Protected message", 2)
    receipt = sandbox.wait_until(lambda: Person(person.world, person.post, person.post.sender).mails("Unlock code"), "mail")
    assert len(receipt) == 1  # no code for the second one: its page is in the receipt of its opening
    key = re.findall(r"/message/(\S{36})", person.browser.get("/inbox").text)[0]
    person.browser.get(f"/message/{key}")
    text = sandbox.wait_until(lambda: [m for m in Person(person.world, person.post, person.post.sender).mails("")
                                       if message_page(m) and message_page(m) != employee.track], "the receipt")[-1]
    employee.track = message_page(text)
    add(employee, (NAME, DATA))
    person.browser.get(f"/message/{key}")
    [(path, _)] = added(person)
    assert person.browser.ask(path).body == DATA
    assert readings(person)[-1] == ["added file 1", "downloaded", person.address]


def message_page(mail):
    found = re.search(r"http://[^/\s]+(/track/\S{43})", mail.text())
    return found and found.group(1)


def test_while_somebody_has_to_approve_it_nothing_is_added_nor_ever_to_what_was_approved(person):
    """What is added is not looked into: it must not reach those for whom it would be."""
    officer = Person(person.world, person.post, "otto@example.com")
    held = Person(person.world, person.post, person.address.replace("pickup", "auto"))
    send_to(person, [held.address], "Budget 2027")
    sandbox.wait_until(person.code, "the code")
    assert state(held) == "held"
    employee = sender(person)
    assert "Added files" not in employee.browser.page.text
    refused = employee.browser.send({}, action=None, to=place(employee), files=[("file", "x.bin", "text/plain", b"x")])
    assert "it waits for approval" in refused.text
    mail = sandbox.wait_until(lambda: [m for m in officer.mails("Approval needed") if person.post.sender in str(m["Subject"])],
                              "the mail to the officer")[-1]
    officer.browser.get(re.search(r"http://\S+/approval/\S{43}", mail.text()).group(0))
    officer.browser.send({"action": "release"})
    asked = officer.browser.page
    if "release-now" in asked.text:
        officer.browser.send({"action": "release-now"})
    sandbox.wait_until(lambda: state(held) == "parked" and held.code(), "the released copy")
    assert "It was added" in add(employee, (NAME, DATA)).text
    person.unlock()
    assert len(added(person)) == 1
    held.unlock()
    assert added(held) == [] and events(held, "file added") == []


@pytest.fixture
def stranger(person):
    """Somebody else's page, and a member's browser, neither of which has anything to do with the message."""
    other = Person(person.world, person.post, f"x{uuid.uuid4().hex[:6]}@pickup.example")
    post_sender = person.post.sender
    person.post.sender = f"y{uuid.uuid4().hex[:6]}@example.com"
    send(other)
    sandbox.wait_until(other.code, "the code")
    other.employee = sender(other)
    other.unlock()
    person.post.sender = post_sender
    return other


def test_another_messages_secret_takes_out_nothing_and_another_reader_gets_nothing(person, employee, stranger):
    add(employee, (NAME, DATA))
    file = file_id(employee)
    browser = stranger.employee.browser
    browser.get(stranger.employee.track)
    for action in ("take-out", "take-out-now"):
        answer = browser.send({"action": action, "file": file}, to=stranger.employee.track)
        assert "The file was not taken out" in answer.text and NAME not in answer.text
        browser.get(stranger.employee.track)
    person.unlock()
    [(path, _)] = added(person)
    key = path.split("/")[2]
    theirs = re.search(r"/message/(\S{36})", stranger.browser.page.url).group(1)
    # The place of what members send does not know whether it was read, or taken out.
    assert person.browser.ask(f"/large/{key}/{file}").status == 404 and readings(person) == []
    for tried in (path, f"/added/{theirs}/{file}", f"/added/{key}/{theirs}", f"/added/{key}", f"/added/{key}/{file}/", f"/added/{key}/x"):
        assert stranger.browser.ask(tried).status == 404, tried
    nobody = Visitor(person.browser.portal)
    assert nobody.get(path).path == "/signin"
    assert person.browser.ask(path).body == DATA


@pytest.mark.parametrize("secret", ["x", "A" * 43, "../track"])
def test_unknown_secret_is_not_found_and_its_file_is_not_kept(person, employee, secret):
    before = query(person, "select count(*) from postseal.large_file")
    answer = employee.browser.send({}, to=f"/track-file/{secret}", files=[("file", "x.bin", "text/plain", b"x")])
    assert answer.status == 404 and query(person, "select count(*) from postseal.large_file") == before


def test_form_of_somebody_elses_page_adds_nothing(person, employee):
    """The token belongs to this browser and to our page, whoever knows the link."""
    other = Visitor(person.browser.portal)
    other.get(employee.track)
    answer = other.send({"token": "A" * 43}, action=place(employee), files=[("file", "x.bin", "text/plain", b"x")])
    assert answer.status == 403
    employee.browser.get(employee.track)
    mine = employee.browser.form(place(employee))[1]["token"]
    other.get(employee.track)
    assert other.send({"token": mine}, action=place(employee), files=[("file", "x.bin", "text/plain", b"x")]).status == 403
    assert employee.browser.send(action=place(employee), files=[("file", "x.bin", "text/plain", b"x")],
                                 headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert events(person, "file added") == []


def test_too_large_empty_and_none(person, employee):
    assert "Up to 3 MB at once." in employee.browser.page.text
    large = add(employee, ("large.bin", noise(4_500_000, "large")))
    assert large.status == 413 and "larger than allowed" in large.text
    assert "no file was chosen, or it is empty" in add(employee, ("empty.bin", b"")).text
    assert "no file was chosen, or it is empty" in add(employee, ("", b"")).text
    assert events(person, "file added") == []
    assert query(person, f"select count(*) from postseal.large_file where place = '{message_of(person)}'") == [["0"]]


def test_one_senders_files_have_room_for_so_much(person, employee):
    two = noise(2_000_000, "room")
    for name in ("one.bin", "two.bin"):
        assert "It was added" in add(employee, (name, two)).text
    full = add(employee, ("three.bin", two))
    assert "There is no room for this file." in full.text and "three.bin" not in full.text
    assert query(person, f"select count(*) from postseal.large_file where place = '{message_of(person)}' and not doomed") == [["0"]]
    # Another message of the same sender has no room of its own; what is taken out, and what ends, makes room.
    send(person, subject="Second")
    sandbox.wait_until(lambda: person.code(2), "the code")
    second = sender(person, 2)
    assert "There is no room" in add(second, ("three.bin", two)).text
    employee.browser.get(employee.track)
    employee.browser.send({"action": "take-out-now", "file": file_id(employee)}, to=employee.track)
    assert "It was added" in add(second, ("three.bin", two)).text
    # Somebody else has their own.
    person.post.sender = "room.of.another@example.com"
    send(person, subject="Third")
    sandbox.wait_until(lambda: person.code(1), "the code")
    assert "It was added" in add(sender(person), ("three.bin", two)).text


def test_no_more_than_fifty_files_at_a_message(person, employee):
    add(employee, *[(f"{n}.txt", b"x") for n in range(49)])
    assert len(re.findall(r'name="file" value="\S{36}"', employee.browser.page.text)) == 49
    last = add(employee, ("49.txt", b"x"), ("50.txt", b"x"))
    assert "There is no room for this file" in last.text and "49.txt" in last.text and "50.txt" not in last.text
    assert place(employee) not in last.text


def test_held_for_a_legal_matter_keeps_what_was_taken_out(person, employee):
    add(employee, (NAME, DATA))
    file, message = file_id(employee), message_of(person)
    person.world.postseal("legal-hold", "add", f"Case {message}", "--message", message)
    person.unlock()
    [(path, _)] = added(person)
    employee.browser.get(employee.track)
    assert "The file was taken out." in employee.browser.send({"action": "take-out-now", "file": file}, to=employee.track).text
    assert person.browser.ask(path).status == 404
    kept = f"select count(*) from postseal.large_file_chunk where file = '{file}'"
    person.world.postgres.query("select postseal.large_files_sweep(100)")
    assert int(query(person, kept)[0][0]) > 0
    person.world.postseal("legal-hold", "release", f"Case {message}")
    person.world.postgres.query("select postseal.held_keys_release()")
    sandbox.wait_until(lambda: is_swept(person, file), "the file to be deleted")


def test_pages_look_right(chromium, person, employee):
    add(employee, (NAME, DATA), ("Agreement, signed by both of us and by the witness at the notary's office (final version).pdf", b"x" * 1200))
    browser = Person(person.world, person.post, person.post.sender)
    browser.browser = employee.browser
    everywhere(chromium, browser, employee.track, "sender-files")
    chromium.run("await state.page.getByRole('button', {name: 'Take out again…'}).first().click(); await state.page.waitForLoadState();")

    check(chromium, "sender-files-takeout")
    path = person.unlock().path
    everywhere(chromium, person, path, "added-files")


def test_file_is_added_in_a_browser(chromium, person, employee, tmp_path):
    """Without any script, as the page has none."""

    file = tmp_path / "drawing.dwg"
    file.write_bytes(DATA)
    browser = Person(person.world, person.post, person.post.sender)
    browser.browser = employee.browser
    open_page(chromium, browser, employee.track, javaScriptEnabled=False, viewport={"width": 360, "height": 740})
    chromium.run("""
        await state.page.getByLabel("Add files that are too large for an email").setInputFiles(file);
        await state.page.getByRole("button", {name: "Add to the message"}).click();
        await state.page.locator("text=It was added to the message.").waitFor();
        await state.page.locator("text=drawing.dwg").first().waitFor();""", file=str(file))
    person.unlock()
    [(path, _)] = added(person)
    assert person.browser.ask(path).body == DATA
