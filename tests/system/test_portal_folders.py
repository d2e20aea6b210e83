"""Lists of messages: their order and pages, a count, what is shown as unread, and several messages at once."""
import html
import io
import re
import urllib.parse
import zipfile

import people
import pytest
import world as sandbox
from messages import lines
from person import PORTAL_RULES as RULES, Person, dump, send, state
from visitor import Forms


@pytest.fixture(scope="module")
def reader(world):
    """Has 27 messages, which the tests of this file only look at."""
    from conftest import Post
    post = Post(world)
    post.sender = "lists.sender@example.com"
    reader = Person(world, post, "lists@pickup.example")
    send(reader, subject="Number 0")
    reader.unlock()
    reader.enrol()
    for i in range(1, 27):
        send(reader, subject=f"Number {i}")
    sandbox.wait_until(world.nothing_waits, "the courier", 60)
    return reader


@pytest.fixture
def member(person):
    """Has read the first message, and then received two more."""
    send(person, subject="First")
    person.unlock()
    person.enrol()
    for subject in ("Second", "Third"):
        send(person, subject=subject)
    sandbox.wait_until(person.world.nothing_waits, "the courier", 60)
    return person


def numbers(page):
    return [int(n) for n in re.findall(r'class="subject"[^>]*>Number (\d+)<', page)]


def link(page, name):
    found = re.search(rf'href="([^"]+)">{name}<', page)
    return found and html.unescape(found[1])


def entries(person, folder="/inbox"):
    """What the list shows: subject to (identifier, is new)."""
    page = person.browser.get(folder).text
    return {subject: (message, "New<" in line) for line in re.findall(r"<li>(?:(?!</li>).)*</li>", page, re.S)
            for message, subject in re.findall(r'/(?:message|draft)/(\S{36})".*class="subject"[^>]*>([^<]*)<', line, re.S)}


def act(person, action, *messages, folder="/inbox"):
    person.browser.get(folder)
    return person.browser.send({"action": action, **{f"message-{message}": "yes" for message in messages}}, action=folder)


def test_pages_in_either_order_lead_to_each_other(reader):
    first = reader.browser.get("/inbox").text
    assert numbers(first) == list(range(26, 1, -1)) and link(first, "Newer messages") is None
    second = reader.browser.get(link(first, "Older messages")).text
    assert numbers(second) == [1, 0] and link(second, "Older messages") is None
    assert numbers(reader.browser.get(link(second, "Newer messages")).text) == numbers(first)
    oldest = reader.browser.get(link(second, "Oldest first")).text
    assert numbers(oldest) == list(range(25)) and link(oldest, "Older messages") is None
    last = reader.browser.get(link(oldest, "Newer messages")).text
    assert numbers(last) == [25, 26] and link(last, "Newer messages") is None
    assert numbers(reader.browser.get(link(last, "Older messages")).text) == numbers(oldest)
    assert numbers(reader.browser.get(link(last, "Newest first")).text) == numbers(first)


def test_list_says_how_many_messages_there_are(reader, member):
    assert "27 messages, 26 unread<" in reader.browser.get("/inbox").text
    assert "3 messages, 2 unread<" in member.browser.get("/inbox?lang=en").text
    assert "3 Nachrichten, 2 ungelesen<" in member.browser.get("/inbox?lang=de").text
    assert "0 messages<" in member.browser.get("/sent?lang=en").text


def test_nonsense_in_a_link_shows_the_list(reader):
    assert numbers(reader.browser.get("/inbox?before=nonsense&after=x&order=y&select=z").text) == list(range(26, 1, -1))


def test_all_of_a_page_are_ticked_without_a_script(reader):
    page = reader.browser.get("/inbox").text
    assert " checked" not in page
    page = reader.browser.get(link(page, "Select all on this page")).text
    assert len(re.findall(r'<input type="checkbox"[^>]* checked', page)) == 25


def test_message_is_unread_again_until_it_is_opened_once_more(member):
    message, is_new = entries(member)["First"]
    assert not is_new
    member.browser.get(f"/message/{message}")
    assert member.browser.send({}, action=f"/unread/{message}").path == "/inbox"
    assert entries(member)["First"] == (message, True)
    member.browser.get(f"/message/{message}")
    assert entries(member)["First"] == (message, False)


def test_marks_say_nothing_to_the_sender(member):
    """Promise 6: a message is opened when its reader gets something of it, and not before."""
    ids = {subject: message for subject, (message, _) in entries(member).items()}
    assert act(member, "read", *ids.values()).path == "/inbox"
    assert not any(is_new for _, is_new in entries(member).values()) and state(member) == "parked"
    assert act(member, "unread", ids["Third"], ids["First"]).path == "/inbox"
    assert {subject for subject, (_, is_new) in entries(member).items() if is_new} == {"First", "Third"}
    rows = member.world.postgres.query("select k.read_at is not null from postseal.parcel_key k"
                                       f" where k.id in ('{ids['Second']}', '{ids['Third']}')")
    assert rows == [["f"], ["f"]]
    # Its first opening is still told.
    member.browser.get(f"/message/{ids['Second']}")
    Person(member.world, member.post, member.post.sender).mail(": read", 2)


def test_several_are_deleted_and_the_senders_told(member):
    ids = {subject: message for subject, (message, _) in entries(member).items()}
    assert act(member, "delete-now", ids["First"], ids["Third"]).path == "/inbox"
    assert set(entries(member)) == {"Second"} and "1 message, 1 unread<" in member.browser.page.text
    states = [copy["state"] for copy in member.post.copies(member.address)]
    assert sorted(states) == ["deleted", "opened", "parked"]


def test_messages_were_deleted_for_good_at_one_touch(member):
    """Beside "Download", for up to 25 at once, without a question; and their senders were told."""
    ids = {subject: message for subject, (message, _) in entries(member).items()}
    answer = act(member, "delete", ids["First"], ids["Third"])
    assert answer.status == 200 and "Delete for good?" in answer.text and "2 messages<" in answer.text
    assert set(entries(member)) == {"First", "Second", "Third"}
    member.browser.page = answer
    assert member.browser.send({"action": "delete-now"}, action="/inbox").path == "/inbox"
    assert set(entries(member)) == {"Second"}
    # A single one, from its page.
    member.browser.get(f"/message/{ids['Second']}")
    answer = member.browser.send({}, action=f"/delete/{ids['Second']}")
    assert answer.status == 200 and "Delete for good?" in answer.text and "<strong>Second</strong>" in answer.text
    assert link(answer.text, "Do not delete") == f"/message/{ids['Second']}" and set(entries(member)) == {"Second"}
    member.browser.page = answer
    assert member.browser.send({"action": "delete-now"}, action=f"/delete/{ids['Second']}").path == "/inbox"
    assert entries(member) == {}


def test_several_are_downloaded_as_messages_that_other_programs_open(member):
    send(member, lines("Accounts."), subject="Invoice: 1/2?")
    sandbox.wait_until(member.world.nothing_waits, "the courier", 60)
    ids = {subject: message for subject, (message, _) in entries(member).items()}
    answer = act(member, "download", *ids.values())
    assert answer.headers["Content-Disposition"].startswith("attachment") and "messages.zip" in answer.headers["Content-Disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    names = sorted(re.sub(r"^\d{4}-\d\d-\d\d ", "", name) for name in archive.namelist())
    assert names == ["First.eml", "Invoice_ 1_2_.eml", "Second.eml", "Third.eml"]
    for name in archive.namelist():
        subject = people.Received(archive.read(name))["Subject"]
        assert archive.read(name) == member.browser.get(f"/source/{ids[subject]}").body
    # Whoever downloads a message has opened it.
    assert state(member) == "opened" and not any(is_new for _, is_new in entries(member).values())


def test_nothing_that_is_ticked_is_somebody_elses(member, name):
    """Promise 7, as far as the portal is concerned: a box named after a message of another member."""
    other = Person(member.world, member.post, f"{name}.other@pickup.example")
    send(other, subject="Mine")
    other.unlock()
    other.enrol()
    ids = [message for message, _ in entries(member).values()]
    events = f"select count(*) from postseal.event where copy in (select id from postseal.copy where recipient = '{member.address}')"
    count = member.world.postgres.query(events)
    for action in ("read", "unread", "delete-now"):
        assert act(other, action, *ids).path == "/inbox"
    archive = zipfile.ZipFile(io.BytesIO(act(other, "download", *ids).body))
    assert archive.namelist() == [] and len(entries(member)) == 3
    assert [is_new for _, is_new in entries(member).values()] == [True, True, False]
    assert member.world.postgres.query(events) == count


def test_drafts_and_what_was_sent_are_deleted_together(member):
    for action in ("keep", "keep", "send"):
        member.browser.get("/write")
        member.browser.send({"to": "office@example.com", "subject": f"To {action}", "text": "x", "action": action})
    drafts = re.findall(r'name="message-(\S{36})"', member.browser.get("/drafts").text)
    assert len(drafts) == 2 and "Mark as unread" not in member.browser.page.text
    assert act(member, "delete-now", *drafts, folder="/drafts").path == "/drafts"
    assert "No messages." in member.browser.page.text
    sent, = entries(member, "/sent").values()
    assert act(member, "delete-now", sent[0], folder="/sent").path == "/sent" and entries(member, "/sent") == {}


# --- folders of one's own ---

def create(person, name):
    person.browser.get("/folders")
    answer = person.browser.ask("/folders", urllib.parse.urlencode(
        {"token": person.browser.form()[1]["token"], "action": "create", "name": name}).encode())
    return own_folders(person).get(name), answer


def own_folders(person):
    """Name to identifier."""
    return {html.unescape(name): id for id, name in re.findall(r'href="/folder/(\S{36})">([^<]*)<', person.browser.get("/folders").text)}


def move(person, folder, *messages, place="/inbox"):
    person.browser.get(place)
    fields = {f"message-{message}": "yes" for message in messages}
    return person.browser.send({"action": "move", "folder": folder, **fields}, action=place)


def test_messages_move_into_a_folder_of_ones_own_and_back(member):
    ids = {subject: message for subject, (message, _) in entries(member).items()}
    member.browser.get("/write")
    member.browser.send({"to": "office@example.com", "subject": "Answer", "text": "x", "action": "send"})
    sent, = entries(member, "/sent").values()
    assert 'value="move"' not in member.browser.get("/inbox").text, "there is no folder to move to"
    case, _ = create(member, "Case 7 & <more>")
    assert move(member, case, ids["First"], ids["Third"]).path == "/inbox" and set(entries(member)) == {"Second"}
    assert move(member, case, sent[0], place="/sent").path == "/sent" and entries(member, "/sent") == {}
    page = member.browser.get(f"/folder/{case}").text
    assert set(entries(member, f"/folder/{case}")) == {"First", "Third", "Answer"} and "3 messages, 1 unread<" in page
    assert "<h1>Case 7 &amp; &lt;more&gt;</h1>" in page
    assert "1 message, 1 unread<" in member.browser.get("/inbox").text
    # What is filed is found, and the search says where it is.
    member.browser.get("/inbox")
    assert 'class="folder">Case 7' in member.browser.send({"words": "third"}, action="/search").text
    assert move(member, "", ids["Third"], place=f"/folder/{case}").path == f"/folder/{case}"
    assert set(entries(member)) == {"Second", "Third"}


def test_only_the_first_folder_could_be_moved_to(member):
    names = ["Alpha", "Beta", "Gamma"]
    folders = {name: create(member, name)[0] for name in names}
    offered = re.findall(r'<option value="(\S{36})">([^<]*)</option>', member.browser.get("/inbox").text)
    assert offered == [(folders[name], name) for name in names]
    subject, (message, _) = next(iter(entries(member).items()))
    move(member, folders["Gamma"], message)
    assert set(entries(member, f"/folder/{folders['Gamma']}")) == {subject}


def test_folder_is_renamed_and_deleted_without_its_messages(member):
    case, _ = create(member, "Case 7")
    ids = [message for message, _ in entries(member).values()]
    move(member, case, *ids)
    member.browser.get("/folders")
    assert member.browser.send({"action": "rename", "name": " Case 8 \r\n"}).path == "/folders"
    assert own_folders(member) == {"Case 8": case}
    assert member.browser.send({"action": "delete"}).path == "/folders"
    assert own_folders(member) == {} and len(entries(member)) == 3
    assert member.browser.get(f"/folder/{case}").status == 404
    assert create(member, "  ")[1].status == 400


def test_folders_are_fifty_at_most_and_their_names_are_sealed(member):
    for i in range(50):
        member.browser.get("/folders")
        token = member.browser.form()[1]["token"]
        member.browser.ask("/folders", f"token={token}&action=create&name=Divorce+{i}".encode())
    folder, answer = create(member, "One more")
    assert folder is None and answer.status == 400 and 'value="One more"' in answer.text
    assert len(own_folders(member)) == 50
    assert b"Divorce" not in dump(member.world), "promise 7"


def test_nobody_files_into_or_out_of_somebody_elses_folder(member, name):
    other = Person(member.world, member.post, f"{name}.other@pickup.example")
    send(other, subject="Mine")
    other.unlock()
    other.enrol()
    case, _ = create(member, "Case 7")
    ids = [message for message, _ in entries(member).values()]
    move(member, case, ids[0])
    theirs, = entries(other).values()
    create(other, "Own")
    assert other.browser.get(f"/folder/{case}").status == 404
    assert move(other, case, theirs[0], *ids).path == "/inbox"
    assert len(entries(other)) == 1 and len(entries(member, f"/folder/{case}")) == 1 and len(entries(member)) == 2
    token = other.browser.form("/search")[1]["token"]
    for action in ("rename", "delete"):
        other.browser.ask("/folders", f"token={token}&action={action}&id={case}&name=Stolen".encode())
    assert own_folders(member) == {"Case 7": case}


# --- the address book ---

def test_address_book_has_those_whom_one_has_written_with(member, name):
    member.browser.get("/write")
    member.browser.send({"to": "office@example.com", "subject": "Question", "text": "x", "action": "send"})
    page = member.browser.get("/contacts").text
    people = re.findall(r'class="address"[^>]*>([^<]*)<', page)
    assert people == ["office@example.com", member.post.sender], "those of the newest messages come first"
    assert "3 messages, " in page and member.address not in people
    # A message to one of them, whose address is in no link.
    place, fields = next(form for form in Forms(page).forms if form[1].get("to") == "office@example.com")
    answer = member.browser.ask(place, urllib.parse.urlencode(fields).encode())
    assert "@" not in answer.url and 'value="office@example.com"' in answer.text
    place, fields = next(form for form in Forms(page).forms if form[1].get("words") == member.post.sender)
    answer = member.browser.ask(place, urllib.parse.urlencode(fields).encode())
    assert "3 messages<" in answer.text and "@" not in urllib.parse.unquote(answer.url)
