"""Search over subjects, names, addresses, names of files and dates, though all of it is sealed in the database."""
import html
import re
import time

import pytest
import world as sandbox
from messages import multipart, part
from person import PORTAL_RULES as RULES, Person, dump, send


@pytest.fixture
def member(person):
    send(person, subject="Kündigung der Wohnung")
    person.unlock()
    person.enrol()
    send(person, multipart("b", part("Content-Type: text/plain", b"See the file.\r\n"),
                           part('Content-Type: application/pdf; name="Invoice-2291.pdf"', b"%PDF-")), "The account",
         content=b'multipart/mixed; boundary="b"')
    sandbox.wait_until(person.world.nothing_waits, "the courier", 60)
    return person


def search(person, words="", **fields):
    person.browser.get("/inbox")
    return person.browser.send({"words": words, **fields}, action="/search")


def found(answer):
    assert answer.status == 200 and answer.path.startswith("/search/"), answer.text
    return [html.unescape(subject) for subject in re.findall(r'class="subject"[^>]*>([^<]*)<', answer.text)]


@pytest.mark.parametrize("words", ["wohnung", "KÜNDIGUNG", "kundigung", "gung wohn", "  der   Wohnung "])
def test_subject_is_found_however_it_is_typed(member, words):
    answer = search(member, words)
    assert found(answer) == ["Kündigung der Wohnung"] and "1 message<" in answer.text
    assert html.escape(words.strip()) in answer.text, "what was looked for is still there"


def test_names_addresses_and_files_are_found_before_the_message_was_opened(member, name):
    assert found(search(member, "invoice 2291")) == ["The account"]
    assert found(search(member, ".pdf")) == ["The account"]
    assert found(search(member, f"{name}.sender")) == ["The account", "Kündigung der Wohnung"]
    assert found(search(member, "wohnung account")) == []
    rows = member.world.postgres.query("select count(*) from postseal.parcel_key k join postseal.account a on a.id = k.account"
                                       f" where a.address = '{member.address}' and k.read_at is null")
    assert rows == [["1"]], "a search opens nothing"


def test_dates_are_days_of_the_reader(member):
    today, yesterday = time.strftime("%Y-%m-%d"), time.strftime("%Y-%m-%d", time.localtime(time.time() - 86400))
    both = ["The account", "Kündigung der Wohnung"]
    assert found(search(member, since=today, until=today)) == both == found(search(member, since=yesterday))
    assert found(search(member, until=yesterday)) == [] and found(search(member, "account", since=today)) == both[:1]
    assert found(search(member, since="nonsense", until="2026-99-99")) == both


def test_every_folder_is_searched_and_named(member):
    for action in ("keep", "send"):
        member.browser.get("/write")
        member.browser.send({"to": "office@example.com", "subject": f"Rent {action}", "text": "x", "action": action},
                            files=[("files", "lease.odt", "text/plain", b"A")])
    answer = search(member, "lease")
    assert found(answer) == ["Rent send", "Rent keep"]
    assert re.findall(r'class="folder"[^>]*>([^<]*)<', answer.text) == ["Sent", "Drafts"]
    assert found(search(member, "office@example.com")) == ["Rent send", "Rent keep"]
    # What was found is dealt with as in any list.
    draft = re.search(r'name="message-(\S{36})"(?:(?!name="message-).)*/draft/', answer.text, re.S).group(1)
    member.browser.page = answer
    again = member.browser.send({"action": "delete-now", f"message-{draft}": "yes"}, action=answer.path)
    assert again.path == answer.path and found(again) == ["Rent send"]


def test_results_are_paged_in_either_order(member):
    for i in range(27):
        member.browser.get("/write")
        member.browser.send({"to": "office@example.com", "subject": f"Paper {i}", "text": "x", "action": "keep"})
    def follow(page, name):
        return member.browser.get(html.unescape(re.search(rf'href="([^"]+)">{name}<', page.text)[1]))
    first = search(member, "paper")
    assert found(first) == [f"Paper {i}" for i in range(26, 1, -1)] and "27 messages<" in first.text
    second = follow(first, "Older messages")
    assert found(second) == ["Paper 1", "Paper 0"] and "Older messages" not in second.text
    assert found(follow(second, "Newer messages")) == found(first)
    oldest = follow(second, "Oldest first")
    assert found(oldest) == [f"Paper {i}" for i in range(25)] and "Older messages" not in oldest.text
    last = follow(oldest, "Newer messages")
    assert found(last) == ["Paper 25", "Paper 26"] and found(follow(last, "Older messages")) == found(oldest)


def test_words_stand_in_no_address_and_not_in_the_database(member):
    """Promise 7. Addresses of pages are in the logs of web servers, and in the history of a shared computer."""
    answer = search(member, "wohnung")
    assert "wohnung" not in answer.url.lower() and len(answer.path) > 100
    stolen = dump(member.world)
    for word in (b"wohnung", b"Wohnung", b"Invoice-2291", b"invoice-2291"):
        assert word not in stolen
    log = member.world.log("postseal-portal")
    assert "wohnung" not in log.lower()


def test_link_of_a_search_is_worth_nothing_to_another_member(member, name):
    path = search(member, "wohnung").path
    other = Person(member.world, member.post, f"{name}.other@pickup.example")
    send(other, subject="Wohnung of the other")
    other.unlock()
    other.enrol()
    assert other.browser.get(path).status == 404
    assert found(search(other, "wohnung")) == ["Wohnung of the other"]
    for wrong in ("x", "A" * 200, path.removeprefix("/search/")[:-1], path.removeprefix("/search/") + "A"):
        assert member.browser.get(f"/search/{wrong}").status == 404


def test_name_of_a_file_that_only_the_layout_tells_is_found_after_the_opening(member):
    """As in a message that was parked before names were stored with it."""
    query = member.world.postgres.query
    assert found(search(member, "invoice")) == ["The account"]
    message = re.search(r"/message/(\S{36})", member.browser.page.text).group(1)
    query(f"update postseal.parcel p set summary = null from postseal.parcel_key k where k.parcel = p.id and k.id = '{message}';"
          f" update postseal.parcel_key set indexed = null where id = '{message}' returning 1")
    assert found(search(member, "invoice")) == []
    member.browser.get(f"/message/{message}")
    assert len(found(search(member, "invoice"))) == 1


def test_damaged_rows_hide_nothing_else(member):
    query = member.world.postgres.query
    search(member, "wohnung")
    query("update postseal.parcel_key k set indexed = '\\x00' from postseal.account a where a.id = k.account"
          f" and a.address = '{member.address}' and k.read_at is null returning 1")
    assert found(search(member)) == ["Kündigung der Wohnung"]
    query("update postseal.parcel_key k set indexed = null, kept = '\\x00', sealed = null from postseal.account a where a.id = k.account"
          f" and a.address = '{member.address}' and k.read_at is null returning 1")
    for _ in range(2):
        assert found(search(member)) == ["Kündigung der Wohnung"]


def test_index_goes_with_the_account(member):
    """What another account is made for is not found by what the first one's key has sealed."""
    search(member, "wohnung")
    member.world.postgres.query(f"select postseal.account_end('{member.address}', 'a test')")
    rows = member.world.postgres.query("select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                       f" where c.recipient = '{member.address}' and k.indexed is not null")
    assert rows == [["0"]]
