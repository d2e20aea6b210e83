"""Drafts: what a member writes is saved, sealed, at each button, and no window overwrites another's text."""
import concurrent.futures
import re
import urllib.parse

import pytest
from person import PASSWORD, PORTAL_RULES as RULES, dump, send, totp
from test_portal_kept import WRITTEN, expire, forget_cookies, member, sign_out, tab, written  # noqa: F401 (a fixture)
from visitor import Visitor


def drafts(member):
    return set(re.findall(r"/draft/(\S{36})", tab(member.browser).get("/drafts").text))


def text_of(member, draft):
    return written(tab(member.browser).get(f"/draft/{draft}"))["text"].strip()


def save(browser, text="Some words", **fields):
    return browser.send({**WRITTEN, "text": text, "action": "save", **fields}, action="/send")


def test_save_and_continue_shows_when_it_was_saved_and_keeps_the_files(member):
    member.browser.get("/write")
    answer = member.browser.send({**WRITTEN, "action": "save"}, action="/send", files=[("files", "one.txt", "text/plain", b"1")])
    assert answer.path.startswith("/draft/") and re.search(r"Saved on .* This draft is kept until", answer.text)
    assert "one.txt" in answer.text and written(answer)["subject"] == WRITTEN["subject"]
    answer = member.browser.send({"text": "More words", "action": "save"}, action="/send",
                                 files=[("files", "two.txt", "text/plain", b"2")])
    assert "one.txt" in answer.text and "two.txt" in answer.text and written(answer)["text"].strip() == "More words"
    assert len(drafts(member)) == 1
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent"
    assert drafts(member) == set()


def test_draft_had_another_address_each_time_it_was_saved(member):
    """What a window shows, and a list that was opened before, leads to the present version."""
    member.browser.get("/write")
    first = save(member.browser, "As it began").path
    listed, = re.findall(r"/draft/\S{36}", tab(member.browser).get("/drafts").text)
    assert save(member.browser, "As it went on").path == first == listed
    assert written(tab(member.browser).get(first))["text"].strip() == "As it went on"
    version = written(member.browser.page)["draft"]
    assert first != f"/draft/{version}" and written(tab(member.browser).get(f"/draft/{version}"))["text"].strip() == "As it went on"
    assert member.browser.send({"text": "To be discarded", "action": "discard"}, action="/send").path == first.replace("draft", "discard")
    assert f'href="{first}"' in member.browser.page.text
    assert written(member.browser.get(first))["text"].strip() == "To be discarded"
    assert save(member.browser, "Kept after all").path == first and len(drafts(member)) == 1
    assert member.browser.send({"to": "office@example.com", "action": "send"}, action="/send").path == "/sent"
    assert member.browser.get(first).status == 404


def test_several_drafts_are_listed_continued_and_discarded(member):
    for text in ("First words", "Second words", "Third words"):
        member.browser.get("/write")
        save(member.browser, text, subject=text)
    kept = {text_of(member, draft): draft for draft in drafts(member)}
    assert set(kept) == {"First words", "Second words", "Third words"}
    member.browser.get(f"/draft/{kept['Second words']}")
    answer = member.browser.send({"action": "discard"}, action="/send")
    assert "Discard this draft?" in answer.text and "Second words" in answer.text and len(drafts(member)) == 3
    go_on = re.search(r'href="(/draft/\S{36})"', answer.text).group(1)
    assert written(tab(member.browser).get(go_on))["text"].strip() == "Second words"
    action = re.search(r'action="(/delete/\S{36})"', answer.text).group(1)
    assert member.browser.send({"action": "delete-now"}, action=action).path == "/drafts"
    assert {text_of(member, draft) for draft in drafts(member)} == {"First words", "Third words"}


def test_nothing_is_saved_for_a_form_that_nobody_filled_in(member):
    member.browser.get("/write")
    assert member.browser.send({"action": "discard"}, action="/send").path == "/drafts"
    assert drafts(member) == set()


@pytest.mark.parametrize("action", ["save", "keep", "send"])
def test_two_windows_overwrote_each_others_text(member, action):
    member.browser.get("/write")
    save(member.browser, "As it began", to="office@example.com")
    draft = drafts(member).pop()
    first, second = tab(member.browser), tab(member.browser)
    first.get(f"/draft/{draft}")
    second.get(f"/draft/{draft}")
    assert save(first, "From the first window").status == 200
    answer = second.send({"text": "From the second window", "action": action}, action="/send")
    assert answer.status == 409 and "saved in another window" in answer.text
    assert written(answer)["text"].strip() == "From the second window"
    assert {text_of(member, draft) for draft in drafts(member)} == {"From the first window", "From the second window"}
    other = re.search(r'href="/draft/(\S{36})"', answer.text).group(1)
    assert text_of(member, other) == "From the first window"
    # From now on the two are drafts of their own.
    assert save(second, "Second, continued").status == 200
    assert second.send({"action": "send"}, action="/send").path == "/sent"
    assert {text_of(member, draft) for draft in drafts(member)} == {"From the first window"}


def test_form_that_is_sent_twice_is_one_draft(member):
    member.browser.get("/write")
    form = member.browser.page
    for _ in range(2):
        member.browser.page = form
        assert save(member.browser).status == 200
    assert len(drafts(member)) == 1
    member.browser.page = form
    assert save(member.browser, "Other words").status == 409
    assert {text_of(member, draft) for draft in drafts(member)} == {"Some words", "Other words"}


def test_windows_that_save_at_the_same_moment_lose_nothing(member):
    member.browser.get("/write")
    save(member.browser, "Window 0")
    draft = drafts(member).pop()
    windows = []
    for _ in range(4):  # as many forms with files as a member may send at once
        window = Visitor(member.browser.portal)
        member.sign_in(PASSWORD, window)
        window.get(f"/draft/{draft}")
        windows.append(window)
    with concurrent.futures.ThreadPoolExecutor(len(windows)) as pool:
        answers = list(pool.map(lambda i: save(windows[i], f"Window {i + 1}").status, range(len(windows))))
    assert sorted(answers) == [200] + [409] * 3
    assert {text_of(member, draft) for draft in drafts(member)} == {f"Window {i + 1}" for i in range(4)}


@pytest.mark.parametrize("to, why", [("hr@example.com", "cannot write to"), ("", "enter a recipient")])
def test_files_were_chosen_again_because_of_a_wrong_recipient(member, to, why):
    """What was written is saved whichever button is pressed, with its files."""
    member.browser.get("/write")
    answer = member.browser.send({**WRITTEN, "to": to, "action": "send"}, action="/send",
                                 files=[("files", "long.txt", "text/plain", b"x" * 100_000)])
    assert answer.status == 400 and why in answer.text and "choose your new files again" not in answer.text
    assert "long.txt" in answer.text and written(answer)["keep-0"] == "yes"
    assert len(drafts(member)) == 1
    assert member.browser.send({"to": "office@example.com", "action": "send"}, action="/send").path == "/sent"
    assert drafts(member) == set()
    sent = member.browser.get("/sent").text
    page = member.browser.get(re.search(r"/message/\S{36}", sent).group(0))
    assert "long.txt" in page.text


def test_text_is_saved_when_a_file_is_too_large(member):
    member.browser.get("/write")
    answer = member.browser.send({**WRITTEN, "action": "send"}, action="/send",
                                 files=[("files", "film.mov", "video/quicktime", b"x" * 29_000_000)])
    assert answer.status == 413 and [text_of(member, draft) for draft in drafts(member)] == [
        WRITTEN["text"].replace("\r\n", "\n").strip()]
    assert "film.mov" not in answer.text


def test_form_of_another_site_saves_nothing(member):
    member.browser.get("/write")
    answer = member.browser.ask("/send", b"token=" + b"x" * 43 + b"&text=Forged&action=save", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403 and drafts(member) == set()


def test_drafts_of_another_member_are_neither_replaced_nor_shown(member, world, post, name):
    member.browser.get("/write")
    save(member.browser, "Mine alone")
    draft = drafts(member).pop()
    form, version = (written(tab(member.browser).get(f"/draft/{draft}"))[name] for name in ("form", "draft"))
    other = type(member)(world, post, f"{name}.other@pickup.example")
    send(other)
    other.unlock()
    other.enrol()
    for of_other in (draft, version):
        assert other.browser.get(f"/draft/{of_other}").status == 404 and other.browser.get(f"/discard/{of_other}").status == 404
    other.browser.get("/write")
    answer = other.browser.send({**WRITTEN, "action": "save", "form": form, "draft": version}, action="/send")
    assert answer.status == 404 and "Mine alone" not in answer.text
    assert text_of(member, draft) == "Mine alone"
    other.browser.get("/write")
    assert save(other.browser, "Theirs", form=form).status == 200  # another account's identifier means nothing here
    assert text_of(member, draft) == "Mine alone"


def test_draft_is_sealed_in_the_database(member, world):
    """Promise 7."""
    member.browser.get("/write")
    save(member.browser, "Words that a thief would like", subject="A subject that a thief would like")
    stolen = dump(world)
    assert b"a thief would like" not in stolen and drafts(member)
    assert b"a thief would like".hex().encode() not in stolen


# --- the session is over ---

def over(member, text="Written too late", end=expire):
    """What the page says when the button is pressed after the session has ended."""
    member.browser.get("/write")
    end(member)
    answer = member.browser.send({**WRITTEN, "text": text, "action": "send"}, action="/send")
    assert answer.status == 403 and "Sign in and continue" in answer.text
    return answer


def sign_in_there(browser, address, password=PASSWORD, **fields):
    return browser.send({"address": address, "password": password, "action": "signin", **fields}, to="/signin/writing", action="/send")


@pytest.mark.parametrize("end", [expire, sign_out, forget_cookies])
def test_signs_in_on_the_page_and_continues(member, end):
    over(member, end=end)
    wrong = sign_in_there(member.browser, member.address, "another password")
    assert wrong.status == 403 and "not correct" in wrong.text and written(wrong)["text"].strip() == "Written too late"
    answer = sign_in_there(member.browser, member.address, text="Written too late, and changed")
    assert answer.path.startswith("/draft/") and written(answer)["text"].strip() == "Written too late, and changed"
    assert len(drafts(member)) == 1
    assert member.browser.send({"action": "send"}, action="/send").path == "/sent" and drafts(member) == set()


def test_signs_in_on_the_page_with_a_second_step(member):
    member.confirm()
    secret = re.search(r'class="secret">([A-Z2-7]+)<', member.browser.get("/settings/totp").text).group(1)
    member.browser.send({"code": totp(secret, -1)})
    member.browser.jar.clear()
    member.sign_in()
    member.browser.send({"code": totp(secret)}, action="/factor")
    member.browser.get("/write")
    member.browser.jar.clear()
    answer = member.browser.send({**WRITTEN, "text": "In two steps", "action": "send"}, action="/send")
    assert answer.status == 403
    half = sign_in_there(member.browser, member.address)
    assert half.path == "/factor" and "In two steps" not in half.text
    answer = member.browser.send({"code": totp(secret, 1)}, action="/factor")
    assert answer.path.startswith("/draft/") and written(answer)["text"].strip() == "In two steps"


def test_is_found_in_the_drafts_after_signing_in_elsewhere(member):
    over(member)
    elsewhere = Visitor(member.browser.portal)
    member.sign_in(browser=elsewhere)
    found = re.search(r"/draft/\S{36}", elsewhere.get("/drafts").text).group(0)
    assert written(elsewhere.get(found))["text"].strip() == "Written too late"


def test_files_of_the_draft_stay_with_it(member):
    member.browser.get("/write")
    member.browser.send({**WRITTEN, "action": "save"}, action="/send", files=[("files", "one.txt", "text/plain", b"1"),
                                                                             ("files", "two.txt", "text/plain", b"2")])
    fields = {name: value for name, value in written(member.browser.page).items() if name != "keep-0"}
    expire(member)
    answer = member.browser.ask("/send", urllib.parse.urlencode({**fields, "text": "Continued", "action": "save"}).encode())
    assert answer.status == 403
    answer = sign_in_there(member.browser, member.address)
    assert written(answer)["text"].strip() == "Continued" and "two.txt" in answer.text and "one.txt" not in answer.text
    assert len(drafts(member)) == 1


def test_what_was_written_is_not_shown_to_another_account(member, world, post, name):
    other = type(member)(world, post, f"{name}.other@pickup.example")
    send(other)
    other.unlock()
    other.enrol()
    over(member, "For nobody else")
    assert b"For nobody else" not in dump(world) and b"For nobody else".hex().encode() not in dump(world)
    answer = sign_in_there(member.browser, other.address)
    assert "another account" in answer.text and "For nobody else" not in answer.text
    assert drafts(other) == set() and "For nobody else" not in tab(member.browser).get("/drafts").text
    member.browser = Visitor(member.browser.portal)
    member.sign_in()
    assert [text_of(member, draft) for draft in drafts(member)] == ["For nobody else"]


def test_another_accounts_window_does_not_take_what_was_written(member, world, post, name):
    other = type(member)(world, post, f"{name}.other@pickup.example")
    send(other)
    other.unlock()
    other.enrol()
    member.browser.get("/write")
    form = member.browser.page
    sign_out(member)
    other.sign_in(browser=tab(member.browser))
    member.browser.page = form
    answer = member.browser.send({**WRITTEN, "text": "For nobody else", "action": "send"}, action="/send")
    assert answer.status == 403 and "another account" in answer.text and "For nobody else" not in answer.text
    assert drafts(other) == set()
    member.browser = Visitor(member.browser.portal)
    member.sign_in()
    assert [text_of(member, draft) for draft in drafts(member)] == ["For nobody else"]


def test_stranger_puts_nothing_into_a_mailbox(member, world):
    """Even one who knows the account's identifier: its proof is checked when the member signs in."""
    author = written(member.browser.get("/write"))["author"]
    proof = written(member.browser.page)["proof"]
    stranger = Visitor(member.browser.portal)
    for given in ("", "x" * 43, proof):  # the last one belongs to another form
        stranger.get("/signin")
        token = stranger.form("/signin")[1]["token"]
        stranger.ask("/send", urllib.parse.urlencode({"token": token, "author": author, "proof": given, "to": "office@example.com",
                                                      "form": "01900000-0000-7000-8000-0000000000ff", "text": "Planted", "action": "send"}).encode())
    member.browser = Visitor(member.browser.portal)
    assert member.sign_in().path == "/inbox" and drafts(member) == set()
    assert world.postgres.query("select count(*) from postseal.unsaved") == [["0"]]
    # There is room for little.
    for number in range(15):
        stranger.ask("/send", urllib.parse.urlencode({"token": token, "author": author, "text": "Planted", "action": "send",
                                                      "form": f"01900000-0000-7000-8000-0000000001{number:02}"}).encode())
    assert world.postgres.query("select count(*) from postseal.unsaved") == [["10"]]
