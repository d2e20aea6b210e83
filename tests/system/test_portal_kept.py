"""What someone has typed is not lost, whatever becomes of the form: it is shown again with all of
it, and says what to do."""
import re
import urllib.parse

import pytest
import world as sandbox
from person import PASSWORD, PORTAL_RULES as RULES, Person, send
from visitor import Forms, Visitor

WRITTEN = {"to": "office@example.com", "subject": "Grüße & <b>mehr</b>", "text": "First line.\r\n\r\n  \"Second\" </textarea> line, 10 € — ünd so.\r\n"}


@pytest.fixture
def member(person):
    send(person)
    person.unlock()
    person.message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser = Visitor(person.browser.portal)
    assert person.sign_in().path == "/inbox"
    return person


def tab(browser):
    """Another tab of the same browser."""
    other = Visitor(browser.portal, browser.headers)
    other.jar, other.opener = browser.jar, browser.opener
    return other


def written(answer):
    """The fields of the form in which a page lets people write."""
    found = [fields for action, fields in Forms(answer.text).forms if action == "/send"]
    assert len(found) == 1, answer.text
    return found[0]


def is_given_back(answer, wanted=None):
    fields, wanted = written(answer), wanted or WRITTEN
    # A browser sends line ends as CRLF, and omits the first one in a text area (HTML §4.10.11).
    assert fields["text"].replace("\r\n", "\n").removeprefix("\n").strip() == wanted["text"].replace("\r\n", "\n").strip()
    assert fields["subject"] == wanted["subject"] and fields["to"] == wanted["to"]
    wrong = re.findall(r'<p class="wrong" (?:id="wrong" )?role="alert">([^<]+)</p>', answer.text)
    assert len(wrong) == 1, answer.text
    return wrong[0]


def arrived(member, subject="Grüße"):
    office = Person(member.world, member.post, "office@example.com")
    return [mail for mail in office.mails(subject) if str(mail["Reply-To"]) == member.address]


def expire(member):
    member.world.postgres.query("update postseal.portal_session set expires_at = now() - interval '1 second' returning 1")


def sign_out(member):
    other = tab(member.browser)
    other.get("/inbox")
    assert other.send({}, action="/signout").path == "/"


def change_password(member):
    other = Person(member.world, member.post, member.address)
    other.sign_in()
    other.confirm()
    assert "changed" in other.browser.send({"password": PASSWORD + "!", "again": PASSWORD + "!"},
                                           action="/settings/password").text


def forget_cookies(member):
    """A browser that was closed, and opened again with its tabs."""
    member.browser.jar.clear()


@pytest.mark.parametrize("end", [expire, sign_out, change_password, forget_cookies])
def test_what_was_written_was_lost_when_the_session_was_over(member, end):
    member.browser.get("/write")
    end(member)
    answer = member.browser.send({**WRITTEN, "action": "send"}, files=[("files", "a.txt", "text/plain", b"A")])
    assert answer.status == 403 and "signed out" in is_given_back(answer) and "choose your new files again" in answer.text
    assert "Sign in and continue" in answer.text and "Settings" not in answer.text.partition("<main")[0]
    assert member.address not in answer.text
    other = tab(member.browser)
    assert member.sign_in(PASSWORD + "!" * (end == change_password), browser=other).path == "/inbox"
    answer = member.browser.send({"action": "send"}, action="/send")
    if answer.path != "/sent":  # the form was made before the sign-in, and is made anew
        assert answer.status == 403 and "press the button again" in is_given_back(answer)
        answer = member.browser.send({"action": "send"}, action="/send")
    assert answer.path == "/sent"
    sandbox.wait_until(lambda: arrived(member), "the message")
    sandbox.wait_until(member.world.nothing_waits, "the courier")
    mails = arrived(member)
    assert len(mails) == 1
    assert mails[0].text().strip() == WRITTEN["text"].replace("\r\n", "\n").strip()
    assert str(mails[0]["Subject"]) == WRITTEN["subject"]


def test_what_was_written_was_lost_with_the_token_of_an_earlier_session(member):
    """Signed out and in again in another window."""
    member.browser.get("/write")
    sign_out(member)
    member.sign_in(browser=tab(member.browser))
    answer = member.browser.send({**WRITTEN, "action": "keep"})
    assert answer.status == 403 and "in or out after this form" in is_given_back(answer) and "another tab" not in answer.text
    assert arrived(member) == [] and "/draft/" not in tab(member.browser).get("/drafts").text
    answer = member.browser.send({"action": "keep"}, action="/send")
    assert answer.path == "/drafts" and "/draft/" in answer.text


@pytest.mark.parametrize("is_signed_in", [True, False])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Origin": "https://evil.example"}])
def test_a_strangers_page_puts_no_words_into_the_form(member, headers, is_signed_in):
    """Only what was typed here is shown again: someone who follows a forged form must not find it
    ready to be sent."""
    member.browser.get("/write")
    token = written(member.browser.page)["token"]
    if not is_signed_in:
        expire(member)
    for given in ("x" * 43, token)[:1 if "Origin" in headers else 2]:
        answer = member.browser.ask("/send", f"token={given}&to=office@example.com&subject=S&text=Forged+words&action=send".encode(),
                                    headers=headers)
        assert answer.status == 403 and "Forged words" not in answer.text and 'action="/send"' not in answer.text
    assert all("Forged" not in mail.text() for mail in arrived(member, "S"))


def test_form_of_ours_from_an_older_browser_is_given_back(member):
    """A browser that sends no Fetch Metadata, and with our Referrer-Policy "Origin: null" (Fetch, §3.2)."""
    for origin in ("null", member.browser.portal):
        answer = Visitor(member.browser.portal).ask("/send", b"to=a@b.example&subject=S&text=My+words", headers={"Origin": origin})
        assert answer.status == 403 and written(answer)["text"].strip() == "My words"


def reply(member):
    member.browser.get(f"/reply/{member.message}")
    return {**WRITTEN, "to": written(member.browser.page)["to"]}


def recall_all(member):
    member.world.postgres.query(f"update postseal.parcel_key set expires_at = now() - interval '1 second' where id = '{member.message}' returning 1")


def delete_parent(member):
    other = tab(member.browser)
    other.get(f"/message/{member.message}")
    assert other.send({"action": "delete-now"}, action=f"/delete/{member.message}").path == "/inbox"


@pytest.mark.parametrize("end", [recall_all, delete_parent])
def test_answer_was_lost_when_its_message_was_gone(member, end):
    wanted = reply(member)
    end(member)
    for action in ("send", "keep"):
        answer = member.browser.send({**wanted, "action": action, "parent": member.message, "reply_kind": "reply"}, to="/send")
        assert answer.status == 404 and "deleted or recalled" in is_given_back(answer, wanted)
    assert written(answer)["parent"] == written(answer)["reply_kind"] == ""
    assert member.browser.send({"action": "keep"}, action="/send").path == "/drafts"
    assert "Grüße" in tab(member.browser).get("/drafts").text


def keep_draft(member):
    member.browser.get("/write")
    files = [("files", f"{name}.txt", "text/plain", name.encode()) for name in ("one", "two")]
    member.browser.send({**WRITTEN, "action": "keep"}, files=files)
    page = member.browser.get(re.search(r"/draft/\S{36}", member.browser.page.text).group(0))
    return written(page)["draft"]


def test_what_was_written_was_lost_when_its_draft_was_gone(member):
    """Sent from another window, or deleted there."""
    draft = keep_draft(member)
    other = tab(member.browser)
    other.get("/settings")
    assert other.send({"action": "delete-now"}, to=f"/delete/{draft}", action="/settings/sessions").path == "/drafts"
    answer = member.browser.send({"text": "More of it.", "action": "send"})
    assert answer.status == 404 and "draft has expired" in is_given_back(answer, {**WRITTEN, "text": "More of it."})
    assert "keep-0" not in answer.text and written(answer)["draft"] not in ("", draft)  # it is a new draft
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"


def test_file_that_was_not_wanted_was_ticked_again(member):
    """On a form that is shown again, even if nobody may look into the draft now."""
    draft = keep_draft(member)
    fields = {name: value for name, value in written(member.browser.page).items() if name != "keep-0"}
    sent = urllib.parse.urlencode({**fields, "to": "", "text": "t", "action": "send"}).encode()
    answer = member.browser.ask("/send", sent)
    assert answer.status == 400 and "one.txt" not in answer.text and "two.txt" in answer.text  # as it is saved
    assert written(answer)["keep-0"] == "yes" and "keep-1" not in written(answer)
    expire(member)
    answer = member.browser.ask("/send", sent)
    assert answer.status == 403 and "keep-0" not in written(answer) and written(answer)["keep-1"] == "yes"
    assert written(answer)["draft"] == draft and "one.txt" not in answer.text and "two.txt" not in answer.text


@pytest.mark.parametrize("files", [[("files", "film.mov", "video/quicktime", b"x" * 29_000_000)],
                                   [("files", f"{i}.txt", "text/plain", b"x") for i in range(101)],
                                   [("files", "film.mov", "video/quicktime", b"x" * 230_000_000)]],
                         ids=["29 MB", "101 files", "more than eight times too much"])
def test_what_was_written_was_lost_with_files_that_are_too_large(member, files):
    member.browser.get("/write")
    answer = member.browser.send({**WRITTEN, "action": "send"}, files=files)
    assert answer.status == 413 and "smaller" in is_given_back(answer) and "choose your new files again" in answer.text
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"


def test_longest_text_that_the_page_takes_is_taken(member):
    """A character within the page's limit has up to three bytes; of those beyond the basic plane,
    two have four (HTML §4.10.19.3)."""
    member.browser.get("/write")
    most = int(re.search(r'<textarea[^>]* maxlength="(\d+)"', member.browser.page.text).group(1))
    answer = member.browser.send({**WRITTEN, "text": "漢" * most, "action": "keep"}, files=[("files", "a", "text/plain", b"A")])
    assert answer.path == "/drafts"
    draft = re.search(r"/draft/(\S{36})", answer.text).group(1)
    assert written(member.browser.get(f"/draft/{draft}"))["text"].count("漢") == most


def test_what_was_written_was_lost_when_the_database_was_away(member):
    member.browser.get("/write")
    form = member.browser.page
    member.world.postgres.stop()
    try:
        answers = []
        for files in ((), [("files", "a.txt", "text/plain", b"A")]):
            member.browser.page = form
            answers.append(member.browser.send({**WRITTEN, "action": "send"}, files=files))
        for answer in answers:
            assert answer.status == 503 and "in a few minutes" in is_given_back(answer) and "another tab" not in answer.text
    finally:
        member.world.postgres.resume()
    answer = sandbox.wait_until(lambda: (lambda a: a.status != 503 and a)(member.browser.send({"action": "send"}, action="/send")),
                                "the database")
    assert answer.path == "/sent"
    sandbox.wait_until(lambda: arrived(member), "the message")
    assert len(arrived(member)) == 1


def test_portal_that_was_restarted_takes_the_form(member):
    member.browser.get("/write")
    member.world.stop_program("postseal-portal")
    member.world.start_program("postseal-portal")
    assert member.browser.send({**WRITTEN, "action": "send"}).path == "/sent"


def test_what_nobody_may_send_is_still_there_with_the_reason(member):
    for field, value in (("to", "hr@example.com"), ("to", ""), ("to", "x" * 3000 + "@")):
        member.browser.get("/write")
        answer = member.browser.send({**WRITTEN, field: value, "action": "send"}, files=[("files", "a", "text/plain", b"A")])
        assert answer.status == 400 and is_given_back(answer, {**WRITTEN, field: value}) and written(answer)["keep-0"] == "yes"


# --- every form with text fields ---

# What is typed into it, and into which page; or why it is not shown again.
TYPED = {
    ("write.html", "to"): "/write", ("write.html", "subject"): "/write", ("write.html", "text"): "/write",
    ("write.html", "address"): "is asked for after the session is over",
    ("unlock.html", "code"): "/m/" + "A" * 43, ("signin.html", "address"): "/signin", ("join.html", "address"): "/join",
    ("confirm.html", "code"): "is another code half a minute later", ("factor.html", "code"): "is another code half a minute later",
    ("totp.html", "code"): "is another code half a minute later", ("passkey.html", "name"): "names a key that is asked for anew",
    ("folders.html", "name"): "names a folder with a word or two", ("settings.html", "name"): "names the member with a word or two",
    ("security.html", "name"): "names a mail program with a word or two", ("approval.html", "because"): "is a sentence that may be left out",
    ("reopen.html", "recovery"): "a new password is chosen with it, and typed again"}


def typed_fields():
    for page in sorted((sandbox.SOURCE / "portal/pages").glob("*.html")):
        text = page.read_text()
        for form in re.findall(r'<form method="post".*?</form>', text, re.S):
            for field in re.findall(r'<(?:textarea|input(?: class="\w+")? type="(?:text|email)") [^>]*>', form):
                if "readonly" not in field:
                    yield page.name, re.search(r' name="(\w+)"', field).group(1)


def test_every_field_that_text_is_typed_into_is_known_here():
    assert set(typed_fields()) == set(TYPED)


@pytest.mark.parametrize("page, field", [key for key, place in TYPED.items() if place.startswith("/")])
def test_what_was_typed_was_lost_with_an_old_form(member, page, field):
    browser = member.browser if page == "write.html" else Visitor(member.browser.portal)
    browser.get(TYPED[page, field])
    action, fields = browser.form()
    fields = {**fields, field: "What <was> typed", "token": "x" * 43}
    answer = browser.ask(action or TYPED[page, field], urllib.parse.urlencode(fields).encode())
    assert answer.status == 403
    assert any(given.get(field, "").strip() == "What <was> typed" for _, given in Forms(answer.text).forms)


def test_code_was_emptied_after_a_slip(person):
    """Eleven symbols had to be typed again because one was wrong."""
    send(person)
    link = person.mail("Protected message").link()
    sandbox.wait_until(person.code, "the code")
    for code in ("7KQ2M-9XW3P", "7KQ2M-9XW3P-T"):
        person.browser.get(link)
        answer = person.browser.send({"code": code})
        assert answer.status in (400, 403) and f'value="{code}"' in answer.text
