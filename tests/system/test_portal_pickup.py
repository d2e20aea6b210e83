"""First contact: the notice, link and unlock code, codes by SMS, a new code, recall."""
import base64
import http.server
import json
import re
import threading

import people
import pytest
import world as sandbox
from person import PORTAL_RULES as RULES, Person, dump, send, state
from visitor import Visitor

SMS_PORT = sandbox.free_ports(1)[0]
SETTINGS = f'sms "http://127.0.0.1:{SMS_PORT}/send"\nsign "login"'  # nobody authenticates here


def test_notice_is_text_and_html_without_anything_active(person):
    send(person, subject="Very private words")
    notice = person.mail("Protected message")
    assert notice["Auto-Submitted"] == "auto-generated" and notice["Reply-To"] == person.post.sender
    text = notice.parsed.get_body(("plain",)).get_content()
    html = notice.parsed.get_body(("html",)).get_content()
    for each in (text, html):
        assert person.post.sender in each and "Example Corp" in each and notice.link() in each
    assert "private words" not in notice.raw.decode() and "The secret" not in text
    assert not re.search(r"<(script|img|link|iframe|form|object)|src=|url\(", html)
    assert all(len(line) <= 78 for line in text.splitlines() if "http" not in line)


@pytest.mark.parametrize("domain, fields, word", [
    ("pickup.example", (), "has sent you"), ("pickup.example", ("Content-Language: de-CH",), "gesendet"),
    ("pickup.example", ("Content-Language: fr",), "vous a envoyé"), ("pickup.example", ("Content-Language: it-IT",), "inviato")])
def test_notice_speaks_the_language_of_the_message(world, post, name, domain, fields, word):
    to = f"{name}@{domain}"
    post.accepted(post.compose([to], fields=fields), [to])
    assert word in post.box(to).one().text()


@pytest.mark.parametrize("language, named", [
    ("en", "Åsa Sample <{0}> at Example Corp has sent"), ("de", "Åsa Sample <{0}> (Example Corp) hat Ihnen"), ("fr", "Åsa Sample <{0}> (Example Corp) vous a"),
    ("it", "Åsa Sample <{0}> (Example Corp) Le ha"), ("es", "Åsa Sample <{0}> (Example Corp) le ha"), ("nl", "Åsa Sample <{0}> (Example Corp) heeft"),
    ("pl", "Åsa Sample <{0}> (Example Corp) przesyła"), ("pt", "Åsa Sample <{0}> (Example Corp) enviou-lhe")])
def test_notice_named_no_person_but_an_address(world, post, name, language, named):
    to, sender = f"{name}@pickup.example", post.sender
    message = post.compose([to], fields=[f"Content-Language: {language}"]).replace(f"From: <{sender}>".encode(), f"From: =?utf-8?q?=C3=85sa_Sample?= <{sender}>".encode())
    post.accepted(message, [to])
    notice = post.box(to).one()
    assert " ".join(named.format(sender).split()) in " ".join(notice.text().split())
    assert "Åsa Sample" in str(notice["Subject"]) and "Åsa Sample" in notice["From"].addresses[0].display_name
    assert sender not in str(notice["Subject"]) and notice["Reply-To"] == sender


@pytest.mark.parametrize("named", ['"the.bank@bank.example"', '"=?utf-8?q?x?="', '"\u202eelpmaS asÅ"', '"' + "x" * 200 + '"', ""])
def test_name_that_may_deceive_is_left_out_of_the_notice(world, post, name, named):
    to, sender = f"{name}@pickup.example", post.sender
    encoded = f"=?utf-8?b?{base64.b64encode(named.strip(chr(34)).encode()).decode()}?=" if named else ""
    post.accepted(post.compose([to]).replace(f"From: <{sender}>".encode(), f"From: {encoded} <{sender}>".encode()), [to])
    notice = post.box(to).one()
    assert f"Protected message from {sender}" in str(notice["Subject"]) and "<" not in notice.text().replace("<http", "")


@pytest.mark.parametrize("authors", ["The Head <head@example.com>", "The Head <head@example.com>, {0}", "{0}, The Head <head@example.com>"])
def test_name_of_somebody_else_stood_beside_the_senders_address(world, post, name, authors):
    """An assistant sends for the head of the house."""
    to, sender = f"{name}@pickup.example", post.sender
    own = f"Anna Sample <{sender}>"
    post.accepted(post.compose([to]).replace(f"From: <{sender}>".encode(), f"From: {authors.format(own)}".encode()), [to])
    notice = post.box(to).one()
    assert f"Protected message from {sender}" in str(notice["Subject"])
    assert "The Head" not in notice.text() + str(notice["From"]) + str(notice["Subject"])


def test_page_of_a_link_tells_nothing_but_the_organisation(person):
    send(person)
    link = person.mail("Protected message").link()
    page = person.browser.get(link).text
    assert "Example Corp" in page and person.post.sender not in page and person.address not in page
    for _ in range(20):
        person.browser.get(link)
    assert state(person) == "parked"
    assert person.unlock().status == 200 and state(person) == "opened"


def test_a_code_without_the_form_of_the_page_is_refused(person):
    """Cross-site request forgery: the token belongs to this browser and to our page."""
    send(person)
    link, code = person.mail("Protected message").link(), person.code() or sandbox.wait_until(person.code, "code")
    stranger = Visitor(person.browser.portal)
    assert stranger.ask(link, f"code={code}".encode()).status == 403
    other = Visitor(person.browser.portal)
    other.get(link)
    token = other.form()[1]["token"]
    assert stranger.ask(link, f"code={code}&token={token}".encode()).status == 403
    person.browser.get(link)
    assert person.browser.send({"code": code}, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert state(person) == "parked"


def test_cookie_changes_when_a_message_is_opened(person):
    """Session fixation: someone who planted a cookie cannot read what the victim opens."""
    send(person)
    person.browser.get(person.mail("Protected message").link())
    before = {c.value for c in person.browser.jar if c.name == "postseal"}
    person.unlock()
    assert not before & {c.value for c in person.browser.jar if c.name == "postseal"}


def test_code_as_a_telephone_writes_it(person):
    """A dash, a full stop or a blank of autocorrection was a typing mistake, and all of it had to be typed again."""
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    person.browser.get(link)
    slip = code[:-1] + ("A" if code[-1] != "A" else "B")
    answer = person.browser.send({"code": slip})
    field = re.search(r'<input class="code"[^>]*>', answer.text).group(0)
    assert answer.status == 400 and f'value="{slip}"' in field and 'aria-invalid="true"' in field and "autofocus" in field
    assert 'id="wrong"' in answer.text and 'aria-errormessage="wrong"' in field
    typed = code.replace("-", "\u2013", 1).replace("-", ".\u00a0") + "\u200b."
    assert "The secret is 42." in person.browser.send({"code": typed}).text


def test_two_letters_looked_alike(person):
    """The same reference is in the notice and in the mail with the code; another letter has another one."""
    found = []
    for count in (1, 2):
        send(person, subject=f"Letter {count}")
        notice = person.mail("Protected message", count).text()
        sandbox.wait_until(lambda: person.code(count), "the code")
        codes = Person(person.world, person.post, person.post.sender).mail("Unlock code", count).text()
        found.append([re.search(r"Reference: (\d{3} \d{3})\.", text).group(1) for text in (notice, codes)])
    assert found[0][0] == found[0][1] and found[1][0] == found[1][1] and found[0] != found[1]


def test_locked_message_can_have_a_new_code(person):
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    for _ in range(5):
        person.browser.get(link)
        answer = person.browser.send({"code": people.another_code(code)})
    assert "locked" in answer.text and state(person) == "locked"
    sender = Person(person.world, person.post, person.post.sender)
    alert = sender.mail(": locked")
    page = re.search(r"http://\S+/track/\S{43}", alert.text()).group(0)
    sender.browser.get(page)
    assert "locked: too many" in sender.browser.page.text
    sender.browser.send({"action": "renew"})
    new = person.mail("Protected message", 2).link()
    assert new != link and sandbox.wait_until(lambda: person.code(2), "new code") != code
    assert person.unlock(2).status == 200 and "The secret is 42." in person.browser.page.text
    old = person.browser.get(link)
    assert old.status == 410 and "There is a newer link" in old.text


def test_codes_are_limited_for_each_network_and_each_recipient(person):
    """However many links someone has, tries are limited for each network and each recipient."""
    stranger = Visitor(person.browser.portal, {"X-Forwarded-For": "198.51.100.77"})
    code = people.another_code("7KQ2M-9XW3P-T")

    def attempt(browser, link):
        browser.get(link)
        return browser.send({"code": code}).status

    assert [attempt(stranger, "/m/" + "A" * 43) for _ in range(61)] == [403] * 60 + [429]
    neighbour = Visitor(person.browser.portal, {"X-Forwarded-For": "198.51.100.3"})
    assert attempt(neighbour, "/m/" + "A" * 43) == 429
    for _ in range(5):
        send(person)
    person.mail("Protected message", 5)
    links = [m.link() for m in person.mails("Protected message")]
    statuses = [attempt(Visitor(person.browser.portal, {"X-Forwarded-For": f"203.0.{n}.1"}), links[n // 5])
                for n in range(21)]
    assert statuses == [403] * 20 + [429]


def sender_page(person, count=1):
    """What the sender's page says, opened by its link."""
    sender = Person(person.world, person.post, person.post.sender)
    mail = sender.mail("Unlock code", count)
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", mail.text()).group(0))
    return sender.browser


def test_senders_page_says_which_message_it_is_about_while_something_can_be_done(person):
    """The subject is sealed with what only the link has, and for no longer than the courier has the message's key."""
    subject = "Offer <b>no. 7</b>"
    send(person, subject=subject)
    sandbox.wait_until(person.code, "the code")
    browser = sender_page(person)
    shown = "Offer &lt;b&gt;no. 7&lt;/b&gt;"
    assert shown in browser.page.text
    for said in ("You are asked before this happens", "The present link and code then stop working"):
        assert said in browser.page.text
    assert subject.encode() not in dump(person.world) and subject.encode().hex().encode() not in dump(person.world)
    assert shown in browser.send({"action": "recall"}).text
    browser.get(browser.page.path)
    again = browser.send({"action": "renew"})
    assert "A new link is on its way" in again.text
    person.unlock(2)
    page = sender_page(person, 2).page
    assert ">read<" in page.text and shown not in page.text and "Offer" not in page.text
    assert person.world.postgres.query("select count(*) from postseal.parcel_key where subject is not null and boxed is null") == [["0"]]


def test_recall_while_unread_and_not_after(person):
    send(person)
    link = person.mail("Protected message").link()
    sender = Person(person.world, person.post, person.post.sender)
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", sender.mail("Unlock code").text()).group(0))
    assert "not read yet" in sender.browser.page.text
    page = sender.browser.page.url
    waiting = Visitor(person.browser.portal)
    waiting.get(link)  # a window with the form for the code
    asked = sender.browser.send({"action": "recall"})
    assert "Recall this message?" in asked.text and person.address in asked.text and state(person) == "parked"
    done = sender.browser.send({"action": "recall-now"})
    assert "The message was recalled." in done.text and ">recalled<" in done.text and state(person) == "recalled"
    sender.browser.page = asked  # pressed once more
    assert "Nothing was changed" in sender.browser.send({"action": "recall-now"}).text
    assert "was recalled" not in sender.browser.get(page).text  # it is said once
    for gone in (person.browser.get(link), waiting.send({"code": sandbox.wait_until(person.code, "code")})):
        assert gone.status == 410 and "This message was recalled" in gone.text and person.post.sender not in gone.text
    assert "wurde zurückgerufen" in person.browser.get(f"{link}?lang=de").text
    person.browser.get(f"{link}?lang=en")
    send(person)
    person.unlock(2)
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", sender.mail("Unlock code", 2).text()).group(0))
    assert ">read<" in sender.browser.page.text and 'value="recall"' not in sender.browser.page.text


def test_nothing_can_be_added_to_a_message_unless_the_setting_says_so(person):
    """No rule would look at it."""
    send(person)
    sandbox.wait_until(person.code, "the code")
    browser = sender_page(person)
    assert "Added files" not in browser.page.text and 'type="file"' not in browser.page.text
    place = browser.page.path.replace("/track/", "/track-file/")
    answer = browser.send(to=place, files=[("file", "plan.dwg", "application/octet-stream", b"x" * 100_000)])
    assert "Nothing was added" in answer.text
    query = person.world.postgres.query
    assert query("select count(*) from postseal.large_file") == [["0"]]
    assert query("select count(*) from postseal.parcel where files_added is not null") == [["0"]]
    person.unlock()
    assert "Added by the sender" not in person.browser.page.text


def expire(person):
    person.world.postgres.query("update postseal.parcel_key k set expires_at = now() - interval '1 second' from postseal.copy c"
                                f" where c.id = k.copy and c.recipient = '{person.address}' returning 1")


def tidy(world):
    """The courier does its chores when it starts."""
    world.stop_program("postseal-courier")
    world.start_program("postseal-courier")


def gone_links(world):
    return int(world.postgres.query("select count(*) from postseal.gone_link")[0][0])


@pytest.mark.parametrize("is_read", [False, True])
def test_who_comes_too_late_reads_that(person, is_read):
    send(person)
    link = person.mail("Protected message").link()
    if is_read:
        person.unlock()
    expire(person)
    late = Visitor(person.browser.portal)
    assert late.get(link).status == 410 and "This message has expired" in late.page.text
    tidy(person.world)
    sandbox.wait_until(lambda: not person.world.postgres.query(
        f"select 1 from postseal.parcel_key k join postseal.copy c on c.id = k.copy where c.recipient = '{person.address}'"),
        "the key to go")
    assert late.get(link).status == 410 and "This message has expired" in late.page.text
    # For a year.
    person.world.postgres.query("update postseal.gone_link set gone_at = now() - interval '1 year' returning 1")
    before = gone_links(person.world)
    tidy(person.world)
    sandbox.wait_until(lambda: gone_links(person.world) < before, "old links to be forgotten")
    assert late.get(link).status == 200 and 'name="code"' in late.page.text


def test_link_of_a_deleted_message_says_so(person):
    send(person)
    link = person.mail("Protected message").link()
    message = person.unlock().path.rpartition("/")[2]
    person.enrol()
    assert Visitor(person.browser.portal).get(link).status == 200  # it is in a mailbox now
    person.browser.get(f"/message/{message}")
    person.browser.send({"action": "delete-now"}, action=f"/delete/{message}")
    stranger = Visitor(person.browser.portal)
    assert stranger.get(link).status == 410 and "This message was deleted" in stranger.page.text


@pytest.mark.parametrize("how, says", [("recalled", "This message was recalled"), ("expired", "This message has expired"),
                                       ("tidied", "This message has expired"), ("deleted", "This message was deleted")])
def test_member_who_came_too_late_was_told_that_the_page_does_not_exist(person, name, how, says):
    send(person)
    person.unlock()
    person.enrol()
    send(person, subject="Second")
    place = re.search(r"/message/\S{36}", person.mail("Protected message", 2).text()).group(0)
    if how == "recalled":
        person.world.postseal("message", "recall", person.post.copies(person.address)[-1]["message"])
    elif how == "deleted":
        person.browser.get(place)
        person.browser.send({"action": "delete-now"}, action=place.replace("message", "delete"))
    else:
        expire(person)
    if how == "tidied":
        tidy(person.world)
        sandbox.wait_until(lambda: not person.world.postgres.query(
            f"select 1 from postseal.parcel_key where id = '{place.rpartition('/')[2]}'"), "the key to go")
    assert person.browser.get(place).status == 410 and says in person.browser.page.text
    # Nobody else hears of it.
    other = Person(person.world, person.post, f"{name}.else@pickup.example")
    send(other)
    other.unlock()
    assert other.browser.get(place).status == 404
    other.enrol()
    assert other.browser.get(place).status == 404 and Visitor(person.browser.portal).get(place).path == "/signin"


def test_link_of_a_message_that_was_lost_asked_for_its_code(person):
    """And then it said that link and code do not belong together."""
    send(person)
    link = person.mail("Protected message").link()
    person.world.postgres.query("delete from postseal.parcel_key k using postseal.copy c"
                                f" where c.id = k.copy and c.recipient = '{person.address}' returning 1")
    assert state(person) == "lost"
    late = Visitor(person.browser.portal)
    assert late.get(link).status == 410 and "This message was lost" in late.page.text


def test_link_that_was_never_made_gets_the_form(person):
    for link in ("/m/" + "A" * 43, "/m/x", "/m/" + "A" * 5000):
        page = Visitor(person.browser.portal).get(link)
        assert page.status in (200, 404, 414) and "no longer be opened" not in page.text
    send(person)
    link = person.mail("Protected message").link()
    # While its new link is being made, the old one is neither here nor there.
    person.world.postgres.query("update postseal.parcel_key k set issued_at = null from postseal.copy c"
                                f" where c.id = k.copy and c.recipient = '{person.address}' returning 1")
    assert person.browser.get(link).status == 200


@pytest.fixture
def hook():
    """The admin's hook: stores what it is asked to send, and replies with `status`."""
    asked, status = [], [204]

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", SMS_PORT), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield asked, status
    server.shutdown()
    thread.join()
    server.server_close()


def test_code_goes_by_sms_and_the_tag_never_out(person, hook):
    asked, _ = hook
    send(person, subject="[sms:+41791234567] Results")
    notice = person.mail("Protected message")
    assert "sent to your phone" in notice.text()
    (path, said), = asked
    assert path == "/send" and said["to"] == "+41791234567" and person.post.sender in said["text"]
    code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]", said["text"]).group(0)
    told = Person(person.world, person.post, person.post.sender).mail("Your protected message to")
    assert code not in told.text() and "by SMS" in told.text()
    person.browser.get(notice.link())
    page = person.browser.send({"code": code})
    assert "<h1>Results</h1>" in page.text and "+4179" not in page.text
    # The number is not readable in the database either.
    assert b"+41791234567" not in dump(person.world)


def vouches(person):
    return person.world.postgres.query(f"select author from postseal.attestation where address = '{person.address}' and how = 'unlock code'")


def test_code_to_a_strangers_telephone_made_a_colleague_vouch_for_them(person, hook):
    """Promise 1: whoever may relay wrote to an accomplice in a colleague's name, with a number of their own in the subject."""
    asked, _ = hook
    send(person, subject="[sms:+41791234567] Results")
    link = person.mail("Protected message").link()
    person.browser.get(link)
    assert person.browser.send({"code": re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]", asked[0][1]["text"]).group(0)}).status == 200
    person.enrol()
    assert "<h1>Results</h1>" in person.browser.get("/inbox").text or "Results" in person.browser.get("/").text
    assert vouches(person) == []
    send(person, subject="Another")
    person.browser.get(person.mail("Protected message", 2).link())
    person.browser.send({"code": sandbox.wait_until(person.code, "the code")})
    assert vouches(person) == [[person.post.sender]], "this code went to the colleague"


def test_code_goes_to_the_sender_when_the_hook_fails(person, hook):
    _, status = hook
    status[0] = 500
    send(person, subject="[sms:+41791234567] Results")
    assert sandbox.wait_until(person.code, "the code") and "The sender will give it" in person.mail("Protected message").text()
    # The reason is told to the sender and recorded, without the hook's URL, which would let others use it.
    assert "could not be sent to the phone number" in Person(person.world, person.post, person.post.sender).mail("Unlock code").text()
    message = person.post.copies(person.address)[0]["message"]
    assert person.world.postgres.query(f"select detail from postseal.history where message = '{message}' and what = 'SMS not delivered'") \
        == [["the hook did not accept it: the sender gets the code"]]
