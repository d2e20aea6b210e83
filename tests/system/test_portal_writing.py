"""What members write in the portal, and to whom."""
import base64
import html
import re
import urllib.parse

import pytest
import world as sandbox
from messages import multipart, noise, part
from person import PASSWORD, PORTAL_RULES as RULES, Person, send
from visitor import Visitor


def test_address_is_proven_by_a_link_and_a_conversation_begun(person):
    browser = person.browser
    browser.get("/join")
    said = browser.send({"address": person.address}).text
    link = re.search(r"http://\S+/proof/\S{43}", person.mail("please confirm your email address").text()).group(0)
    browser.get(link)
    answer = browser.send({"password": PASSWORD, "again": PASSWORD})
    assert "recovery" in answer.text
    assert browser.get(link).status == 404  # it works once
    browser.get("/write")
    files = [("files", "plän.txt", "text/plain", b"attached\r\n")]
    answer = browser.send({"to": "office@example.com", "subject": "Grüße", "text": "Hello there.\r\nBye",
                           "action": "send"}, files=files)
    assert answer.path == "/sent" and "Grüße" in answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Grüße")
    assert mail["From"].addresses[0].addr_spec == "secure-mail@example.com"
    assert mail["Reply-To"] == person.address and ".portal@example.com>" in mail["Message-ID"]
    assert mail.parsed.get_body(("plain",)).get_content() == "Hello there.\nBye\n"
    attached = list(mail.parsed.iter_attachments())
    assert [a.get_filename() for a in attached] == ["plän.txt"]
    assert attached[0].get_payload(decode=True) == b"attached\r\n"
    # The answer does not reveal whether an address has an account.
    again = Visitor(browser.portal)
    again.get("/join")
    token = r'value="[^"]*"'
    assert re.sub(token, "", again.send({"address": person.address}).text) == re.sub(token, "", said)


@pytest.mark.parametrize("to, why", [
    ("hr@example.com", "cannot write to"), ("x@elsewhere.example", "cannot be reached"),
    ("closed@example.com", "This office is closed. Please call."), ("", "enter a recipient"),
    ("no address", "enter a recipient")])
def test_members_write_only_where_a_rule_allows_it(person, to, why):
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/write")
    answer = person.browser.send({"to": to, "subject": "S", "text": "kept text", "action": "send"})
    assert answer.status == 400 and why in answer.text and "kept text" in answer.text


def test_reply_reaches_the_employee_in_the_thread_and_the_answer_is_sealed(person):
    post = person.post
    send(person, message_id="<first@example.com>", fields=("References: <older@example.com>",))
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    data = noise(20_000_000, "reply")
    assert "in this conversation" not in person.browser.get("/write").text
    assert "and to people in this conversation" in person.browser.get(f"/reply/{message}").text
    fields = person.browser.form()[1]
    assert fields["to"] == post.sender and fields["subject"] == "Re: About your account"
    assert "> The secret is 42." in fields["text"]
    answer = person.browser.send({"text": "My answer", "action": "send"},
                                 files=[("files", "big.bin", "application/octet-stream", data)])
    assert answer.path == "/sent", answer.text
    reply = Person(person.world, post, post.sender).mail("Re: About your account")
    assert reply["In-Reply-To"] == "<first@example.com>"
    assert reply["References"] == "<older@example.com> <first@example.com>"
    assert next(reply.parsed.iter_attachments()).get_payload(decode=True) == data
    # The employee answers from any mail client; without a tag, the answer is sealed again.
    to = f"{post.sender.split('.')[0]}@pickup.example"
    assert reply["Reply-To"] == to
    answer = post.compose([to], b"Thank you.\r\n", subject="Re: About your account",
                          fields=(f"In-Reply-To: {reply['Message-ID']}",))
    post.accepted(answer, [to])
    person.mail("Protected message", 2)
    assert post.copies(to)[-1]["method"] == "pickup"
    page = person.browser.get("/sent").text
    assert re.search(f"{post.sender}: (on its way|delivered)", page)


def test_reply_to_all_reaches_everybody_in_the_conversation(person, name):
    """Bob has an account, Carl has none: this is neither checked nor revealed."""
    post = person.post
    bob = Person(person.world, post, f"{name}.bob@pickup.example")
    carl = Person(person.world, post, f"{name}.carl@pickup.example")
    everybody = [person.address, bob.address, carl.address, "office@example.com"]
    post.accepted(post.compose(everybody, b"To all of you.\r\n", subject="Together"), everybody)
    for each in (person, bob):
        each.unlock()
        each.enrol()
    person.browser.get("/inbox")
    message = re.search(r"/message/(\S{36})", person.browser.page.text).group(1)
    person.browser.get(f"/replyall/{message}")
    assert set(person.browser.form()[1]["to"].split(", ")) == {post.sender, bob.address, carl.address, "office@example.com"}
    answer = person.browser.send({"text": "To all", "action": "send"})
    assert answer.path == "/sent", answer.text
    for address in ("office@example.com", post.sender):
        assert "To all" in Person(person.world, post, address).mail("Re: Together").text()
    # Between people outside there is a code as well: it goes to the one who wrote.
    for each in (bob, carl):
        link = each.mail(f"Protected message from {person.address}").link()
        code = sandbox.wait_until(lambda: [m.codes()[each.address] for m in person.mails("Unlock code")
                                           if each.address in m.codes()], "the member's code")[0]
        each.browser.get(link)
        assert "To all" in each.browser.send({"code": code}).text
    assert [r[0] for r in person.world.postgres.query(
        f"select state from postseal.log where sender = '{person.address}' order by recipient")].count("opened") == 2


def member(person):
    """With an account and a message; returns the message's identifier."""
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    return message


def own(person, folder):
    """The newest message in one's own folder."""
    return re.search(r'name="message-(\S{36})"', person.browser.get(folder).text).group(1)


def answer(person, parent, to, how="reply"):
    person.browser.get("/write")
    return person.browser.send({"parent": parent, "reply_kind": how, "to": to, "subject": "S", "text": "kept", "action": "send"})


CEO = "ceo@example.com"


@pytest.mark.parametrize("how", ["reply", "replyall", "forward", "nonsense", ""])
def test_a_draft_cannot_be_answered(person, how):
    """A draft to an employee allowed its author to write to them."""
    member(person)
    person.browser.get("/write")
    person.browser.send({"to": CEO, "subject": "S", "text": "t", "action": "keep"})
    draft = own(person, "/drafts")
    assert answer(person, draft, CEO, how).status == 404
    for path in ("reply", "replyall", "forward"):
        assert person.browser.get(f"/{path}/{draft}").status == 404
    assert Person(person.world, person.post, CEO).mails("S") == []


@pytest.mark.parametrize("to", [f"office@example.com, x: {CEO};", f"x: {CEO}, office@example.com",
                                f'office@example.com, "{CEO}" <office@example.com>', f"office@example.com ({CEO})"])
def test_what_was_sent_cannot_be_answered(person, to):
    """It allowed people to write to anyone they had named in the header of their own message."""
    member(person)
    person.browser.get("/write")
    assert person.browser.send({"to": to, "subject": "Sent", "text": "t", "action": "send"}).status in (200, 400)
    if "/message/" not in person.browser.get("/sent").text:
        return
    sent = own(person, "/sent")
    assert f"x: {CEO}" not in person.browser.get(f"/message/{sent}").text
    for how in ("reply", "replyall"):
        assert answer(person, sent, CEO, how).status == 404
        assert person.browser.get(f"/{how}/{sent}").status == 404
    assert answer(person, sent, CEO, "forward").status == 400  # a forwarded message is subject to the rules
    assert Person(person.world, person.post, CEO).mails("S") == []


def another_member(person, name):
    """Somebody who got a message together with the person; both are members now."""
    bob = Person(person.world, person.post, f"{name}.bob@pickup.example")
    both = [person.address, bob.address]
    person.post.accepted(person.post.compose(both, subject="Both"), both)
    for each in (person, bob):
        each.unlock()
        each.enrol()
    return bob


def test_what_another_member_wrote_names_nobody_who_may_be_written_to(person, name):
    """Two members conspire: one names in the header whomever the other wants to write to."""
    bob = another_member(person, name)
    message = own(person, "/inbox")
    person.browser.get(f"/replyall/{message}")
    person.browser.send({"to": f"{bob.address}, x: {CEO};", "text": "t", "action": "send"})
    link = bob.mail(f"Protected message from {person.address}").link()
    code = sandbox.wait_until(lambda: [m.codes()[bob.address] for m in person.mails("Unlock code")
                                       if bob.address in m.codes()], "the member's code")[0]
    bob.browser.get(link)
    bob.browser.send({"code": code})
    received = own(bob, "/inbox")
    assert CEO not in bob.browser.get(f"/message/{received}").text
    assert answer(bob, received, CEO, "replyall").status == 400
    assert answer(bob, received, person.address, "replyall").path == "/sent"


def test_list_shows_the_address_of_a_member_beside_the_name(person, name):
    """Anybody outside may call themselves what they like; employees keep their names."""
    bob = another_member(person, name)
    person.browser.get("/settings")
    person.browser.send({"name": "The CEO"}, action="/settings/name")
    message = own(person, "/inbox")
    person.browser.get(f"/replyall/{message}")
    assert person.browser.send({"text": "t", "action": "send"}).path == "/sent"
    link = bob.mail(f"Protected message from {person.address}").link()
    code = sandbox.wait_until(lambda: [m.codes()[bob.address] for m in person.mails("Unlock code")
                                       if bob.address in m.codes()], "the member's code")[0]
    bob.browser.get(link)
    bob.browser.send({"code": code})
    names = [html.unescape(who) for who in re.findall(r'class="who"[^>]*>([^<]*)<', bob.browser.get("/inbox").text)]
    assert f"The CEO <{person.address}>" in names and len(names) == 2, names


def test_whether_an_address_has_an_account_is_not_told(person, name):
    """Neither with a draft as parent, nor by what is said about the address."""
    member(person)
    known = Person(person.world, person.post, f"{name}.known@pickup.example")
    member(known)
    unknown = f"{name}.other@pickup.example"
    person.browser.get("/write")
    person.browser.send({"to": f"{known.address}, {unknown}", "subject": "S", "text": "t", "action": "keep"})
    draft = own(person, "/drafts")
    seen = set()
    for address in (known.address, unknown):
        pages = [answer(person, draft, address).text]
        person.browser.get("/write")
        pages.append(person.browser.send({"to": address, "subject": "S", "text": "t", "action": "send"}).text)
        seen.add(tuple(re.sub(r'value="[^"]*"', "", page).replace(address, "X") for page in pages))
    assert len(seen) == 1


def test_a_draft_of_an_answer_is_an_answer_to_what_was_received(person):
    """Its parent comes from the browser each time as well."""
    message = member(person)
    person.browser.get(f"/reply/{message}")
    person.browser.send({"text": "half", "action": "keep"})
    draft = own(person, "/drafts")
    person.browser.get(f"/draft/{draft}")
    assert person.browser.send({"parent": draft, "to": CEO, "text": "t", "action": "send"}).status == 404


@pytest.mark.parametrize("fields, to", [
    ((), ["{sender}"]), (("Reply-To: The team <team@example.com>",), ["team@example.com"]),
    (("Reply-To: team@example.com, <other@example.com>",), ["team@example.com", "other@example.com"])])
def test_answer_goes_to_reply_to(person, fields, to):
    """RFC 5322 §3.6.2; it went to the sender of the envelope."""
    send(person, fields=fields)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get(f"/reply/{message}")
    wanted = [address.format(sender=person.post.sender) for address in to]
    assert person.browser.form()[1]["to"].split(", ") == wanted
    assert person.browser.send({"text": "t", "action": "send"}).path == "/sent"
    for address in wanted:
        Person(person.world, person.post, address).mail("Re: About your account")


def test_reply_to_all_does_not_forget_ann_beside_joann(person, name):
    """Parts of addresses were compared."""
    to = [person.address, f"jo{name}@example.com", f"{name}@example.com"]
    person.post.accepted(person.post.compose(to, subject="Ann"), [person.address])
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get(f"/replyall/{message}")
    assert person.browser.form()[1]["to"].split(", ") == [person.post.sender, *to[1:]]


def test_nobody_writes_to_the_whole_world(person):
    """Anybody with a mailbox can be a member."""
    member(person)
    person.world.postgres.query("update postseal.throttle set count = 0 returning 1")
    send(person, subject="Many")
    to = [f"{i}.{person.address}" for i in range(45)]
    person.post.accepted(person.post.compose([person.address, *to], subject="Many"), [person.address])
    person.mail("Protected message", 3)
    message = own(person, "/inbox")
    for i in range(3):
        person.browser.get(f"/replyall/{message}")
        answered = person.browser.send({"text": "t", "action": "send"})
    assert answered.status == 429 and "many people" in answered.text


def test_nobody_writes_to_everybody_in_the_company(person):
    """And what is too much for now is kept."""
    member(person)
    postgres = person.world.postgres
    postgres.query("update postseal.throttle set count = 0 returning 1")
    for status in (200, 429):
        person.browser.get("/write")
        answered = person.browser.send({"to": "office@example.com", "subject": f"All {status}", "text": "kept text",
                                        "action": "send"})
        assert answered.status == status
        postgres.query("update postseal.throttle set count = 200 where what = 'company recipients' and count > 0 returning 1")
    assert "many people" in answered.text and "kept text" in answered.text
    assert "All 429" in person.browser.get("/drafts").text
    postgres.query("update postseal.throttle set count = 0 returning 1")


def test_forward_keeps_the_files_that_are_wanted(person):
    body = multipart("b", part("Content-Type: text/plain", b"See both.\r\n"),
                     part('Content-Type: text/plain; name="one.txt"', b"ONE\r\n"),
                     part('Content-Type: text/plain; name="two.txt"', b"TWO\r\n"))
    send(person, body, content=b'multipart/mixed; boundary="b"')
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get(f"/forward/{message}")
    assert person.browser.form()[1]["subject"] == "Fwd: About your account"
    answer = person.browser.send({"to": person.post.sender, "action": "send"})
    assert answer.status == 400 and "cannot write to" in answer.text  # being in the conversation is not enough
    answer = person.browser.send({"to": "office@example.com", "keep-0": "", "action": "send"}, action="/send")
    assert answer.path == "/sent", answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Fwd: About your account")
    assert [(a.get_filename(), a.get_payload(decode=True)) for a in mail.parsed.iter_attachments()] == [
        ("two.txt", b"TWO\r\n")]
    assert mail["In-Reply-To"] is None


@pytest.mark.parametrize("action", ["save", "send"])
def test_file_of_the_forwarded_message_was_taken_for_one_of_the_draft(person, action):
    """The numbers in a window are those of the version that it shows, whatever another window saved since."""
    body = multipart("b", part("Content-Type: text/plain", b"See both.\r\n"),
                     part('Content-Type: text/plain; name="private.txt"', b"Not for the office.\r\n"),
                     part('Content-Type: text/plain; name="office.txt"', b"For the office.\r\n"))
    send(person, body, content=b'multipart/mixed; boundary="b"')
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    first = person.browser
    second = Visitor(first.portal)
    second.jar, second.opener = first.jar, first.opener
    first.get(f"/forward/{message}")
    draft = first.send({"to": "office@example.com", "keep-0": "", "action": "save"}, action="/send")
    assert "office.txt" in draft.text and "private.txt" not in draft.text
    second.get(draft.path)
    assert first.send({"text": "From the first window", "action": "save"}, action="/send").status == 200
    answer = second.send({"text": "From the second window", "action": action}, action="/send")
    assert answer.status == 409 and "in the other version" in answer.text and "private.txt" not in answer.text
    assert second.send({"action": "send"}, action="/send").path == "/sent"
    mail = Person(person.world, person.post, "office@example.com").mail("Fwd: About your account")
    assert mail.parsed.get_body(("plain",)).get_content().strip() == "From the second window" and not list(mail.parsed.iter_attachments())


@pytest.mark.parametrize("kind, before", [(b"text/plain", b""), (b"text/html", b"<style>" + b"p { color: black } " * 5000 + b"</style>")])
def test_forwarding_cut_the_text_without_a_word(person, kind, before):
    """What is forwarded is text alone, which nobody else has; of a page, its style sheet had counted as text."""
    line = b"This line is one of a long letter.<br>\r\n" if before else b"This line is one of a long letter.\r\n"
    send(person, before + line * 3000 + b"The end of it.\r\n", content=kind)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    text = html.unescape(person.browser.get(f"/forward/{message}").text)
    assert "> The end of it." in text and "too long" not in text
    assert "The text is too long to be shown in full" in html.unescape(person.browser.get(f"/reply/{message}").text)


def test_name_of_a_recipient_brought_others_into_the_header(person):
    """GMime prints this name so that it reads as two additional mailboxes, which nobody had checked."""
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/write")
    name = base64.b64encode(b'"\\" <emp@example.com>, "\\" z').decode()
    answer = person.browser.send({"to": f"=?utf-8?b?{name}?= <office@example.com>", "subject": "Forged", "text": "Hello",
                                  "action": "send"})
    assert answer.path == "/sent", answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Forged")
    assert [a.addr_spec for a in mail["To"].addresses] == ["office@example.com"] and b"emp@" not in mail.raw


def test_form_that_comes_again_with_another_text_was_thrown_away(person):
    """Back in the browser, corrected, and sent: it is another message, although the form is the same."""
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/write")
    action, form = person.browser.form()
    for text in ("First text", "Second text", "Second text"):
        person.browser.page = None
        answer = person.browser.ask(action, urllib.parse.urlencode(
            {**form, "to": "office@example.com", "subject": f"Twice {person.address}", "text": text, "action": "send"}).encode())
        assert answer.path == "/sent", answer.text
    office = Person(person.world, person.post, "office@example.com")
    office.mail(f"Twice {person.address}", 2)
    sandbox.wait_until(person.world.nothing_waits, "the courier")
    assert sorted(m.text().strip() for m in office.mails(f"Twice {person.address}")) == ["First text", "Second text"]


def test_form_that_comes_again_with_another_file_was_thrown_away(person):
    """The same name and size are not the same file, and a file that is unticked makes another message."""
    send(person)
    person.unlock()
    person.enrol()
    office = Person(person.world, person.post, "office@example.com")
    person.browser.get("/write")
    form, subject = person.browser.page, f"Other file {person.address}"
    for content in (b"first", b"other", b"other"):
        person.browser.page = form
        answer = person.browser.send({"to": "office@example.com", "subject": subject, "text": "t", "action": "send"},
                                     files=[("files", "a.txt", "text/plain", content)])
        assert answer.path == "/sent", answer.text
    office.mail(subject, 2)
    sandbox.wait_until(person.world.nothing_waits, "the courier")
    contents = [next(m.parsed.iter_attachments()).get_payload(decode=True) for m in office.mails(subject)]
    assert sorted(contents) == [b"first", b"other"]


def test_file_that_the_draft_does_not_have_was_passed_over(person):
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/write")
    answer = person.browser.send({"to": "office@example.com", "subject": "Stale numbers", "text": "kept text", "action": "save"},
                                 files=[("files", "a.txt", "text/plain", b"A")])
    answer = person.browser.send({"keep-1": "yes", "action": "send"}, action="/send")
    assert answer.status == 403 and "files could not be accepted" in answer.text and "kept text" in answer.text and "a.txt" in answer.text
    assert "Stale numbers" not in person.browser.get("/sent").text


def test_a_button_pressed_twice_sends_once(person):
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/write")
    form = person.browser.page
    for _ in range(2):
        person.browser.page = form
        answer = person.browser.send({"to": "office@example.com", "subject": "Pressed twice", "text": "t", "action": "send"},
                                     files=[("files", "a.txt", "text/plain", b"A")])
        assert answer.path == "/sent" and answer.text.count("Pressed twice") == 1
    sandbox.wait_until(lambda: person.world.nothing_waits(), "the courier")
    office = Person(person.world, person.post, "office@example.com")
    office.mail("Pressed twice")
    assert len(office.mails("Pressed twice")) == 1


def test_draft_is_kept_sealed_and_gone_on_with(person):
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get(f"/reply/{message}")
    answer = person.browser.send({"text": "half a thought", "action": "keep"},
                                 files=[("files", "a.txt", "text/plain", b"A")])
    assert answer.path == "/drafts"
    draft = re.search(r"/draft/(\S{36})", answer.text).group(1)
    person.browser.get(f"/draft/{draft}")
    fields = person.browser.form()[1]
    assert fields["text"].strip() == "half a thought" and fields["parent"] == message and fields["keep-0"] == "yes"
    answer = person.browser.send({"text": "a whole one", "action": "send"},
                                 files=[("files", "b.txt", "text/plain", b"B")])
    assert answer.path == "/sent" and person.browser.get("/drafts").text.count("/draft/") == 0
    mail = Person(person.world, person.post, person.post.sender).mail("Re: About your account")
    assert [a.get_payload(decode=True) for a in mail.parsed.iter_attachments()] == [b"A", b"B"]


def test_names_of_files_cannot_break_the_header(person):
    """For an upload on its way to the company, and for an attachment on its way to the reader."""
    send(person)
    person.unlock()
    person.enrol()
    odd = 'a\u202etxt.exe"; x=y'
    person.browser.get("/write")
    person.browser.send({"to": "office@example.com", "subject": "Names\r\nBcc: x@evil.example", "text": "t", "action": "send"},
                        files=[("files", odd.replace('"', "%22"), "text/html\nX-Evil: yes", b"N")])
    mail = Person(person.world, person.post, "office@example.com").mail("Names")
    assert mail["Bcc"] is None and "X-Evil" not in mail.raw.decode() and "evil.example" in mail["Subject"]
    attached = next(mail.parsed.iter_attachments())
    assert attached.get_content_type() == "text/html" and attached.get_payload(decode=True) == b"N"
