"""Rules with `hold`: a copy waits, sealed, until somebody who may approve it releases or refuses it, its sender recalls
it, or its time is over; what is released goes as the rules behind it say, once."""
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

import people
import world as sandbox
from messages import base64_lines, multipart, part
from person import Person, dump

RULES = """
table officers { "otto@example.com" "Zoe@Example.com" }
table auditors { "audit@example.com" }
table cleared database "select 1 from public.cleared where address = $1"
rule "budget" match subject regex "(?i)budget" not recipient in domains
      hold "Budgets need approval." for <officers> show subject
rule "twice"  match subject regex "(?i)twice" not recipient in domains hold "Auditors look at this." for <auditors> expire 1 day
match subject regex "(?i)if cleared" recipient in <cleared> deliver plain
match subject regex "(?i)forbidden" recipient domain "rival.example" reject "Nothing for rivals."
rule "locked" match opaque hold "It cannot be looked into." for <officers> expire 3 hours
match opaque subject regex "(?i)with a rule" deliver plain
match text regex "Sesame" deliver plain
match recipient domain "smime.example"  deliver smime
match recipient domain "pickup.example" deliver pickup
otherwise deliver plain
"""

def prepare(world):
    world.postgres.query("create table public.cleared (address text); grant select on public.cleared to public")


SECRET = b"The wall will be 1.2 million.\r\n"
ARRIVED = b"The wall will be 1.2 million.\n"  # in a Maildir


def approvals(world, message):
    return world.postgres.query("select id, decision, decided_by, decided_because, done_at is not null from postseal.approval"
                                f" where message = '{message}' order by held_at")


def held(world, post, to, subject="Budget 2027", **options):
    """Sends a message of which a copy is held, and returns it with its identifier and that of the approval."""
    message = post.compose(to, SECRET, subject=subject, **options)
    post.accepted(message, to)
    copy = next(c for address in to for c in reversed(post.copies(address)) if c["state"] == "held")
    return message, copy["message"], approvals(world, copy["message"])[0][0]


def last(post, address):
    return post.copies(address)[-1]


def is_done(world, approval):
    return world.postgres.query(f"select 1 from postseal.approval where id = '{approval}' and done_at is not null") == [["1"]]


def finish(world, approval):
    sandbox.wait_until(lambda: is_done(world, approval), "what was decided to be carried out")


def refused(world, *words):
    done = subprocess.run([world.bin / "postseal", "-f", world.config, *words], capture_output=True, text=True)
    assert done.returncode == 3, done
    return done.stdout + done.stderr


def officer(world, post, address="otto@example.com"):
    return Person(world, post, address)


def link_for(person, sender, about="Approval needed"):
    """The link in the mail about this sender's message."""
    def find():
        return [m for m in person.mails(about) if sender in str(m["Subject"]) or sender in m.text() or about != "Approval needed"]

    mail = sandbox.wait_until(find, f"the mail for {person.address}")[-1]
    return re.search(r"http://\S+/approval/\S{43}", mail.text()).group(0)


@pytest.fixture
def sender(post, name):
    post.sender = f"{name}.sender@example.com"
    return post.sender


def test_held_copy_goes_by_the_next_rules_once_it_is_released(world, post, name, sender):
    """Per recipient: the colleague gets it at once. What arrives is what was sent, by the method of the rules behind."""
    smime, pickup, plain, colleague = (f"{name}@smime.example", f"{name}@pickup.example", f"{name}@plain.example",
                                       f"{name}@example.com")
    base = people.certify(world, smime).with_suffix("")
    to = [smime, pickup, plain, colleague]
    message, record, approval = held(world, post, to)
    assert post.box(colleague).one().raw.endswith(ARRIVED)
    for address in to[:3]:
        copy = last(post, address)
        assert (copy["method"], copy["state"], copy["reason"]) == ("hold", "held", "Budgets need approval.")
        assert not post.box(address).files()
    assert "waits" in world.postseal("hold", "list") and "Budgets need approval." in world.postseal("hold", "show", approval)

    assert "released" in world.postseal("hold", "release", approval, "--reason", "It is public.")
    finish(world, approval)
    assert people.open_smime(post.box(smime).one(), base) == people.entity_of(message)
    assert post.box(plain).one().raw.endswith(ARRIVED)
    link = post.box(pickup).one().link()
    code = sandbox.wait_until(lambda: people.find_code(post, pickup), "the unlock code")
    assert people.browse(link, code).endswith(SECRET)
    assert [c["method"] for c in post.copies(smime)] == ["hold", "smime"]
    assert [c["state"] for c in post.copies(smime)][0] == "repeated"
    assert last(post, plain)["method"] == "plain" and last(post, pickup)["method"] == "pickup"
    events = world.postgres.query(f"select what, detail from postseal.history where message = '{record}' and what = 'approved'")
    assert events == [["approved", "by root: It is public."]] * 3
    assert world.postgres.query("select decision, decided_by, decided_because, sender, array_length(recipients, 1)"
                                f" from postseal.approvals where message = '{record}'", "postseal_auditor") \
        == [["released", "root", "It is public.", sender, "3"]]
    teller = Person(world, post, sender)
    assert all(a in teller.mail("waits for approval").text() for a in (smime, pickup, plain, "Budgets need approval."))
    told = teller.mail("was approved").text()
    assert "root" in told and f"{plain}: unprotected" in " ".join(told.split())
    assert "released already, by root" in refused(world, "hold", "refuse", approval)
    assert world.postgres.query(f"select count(*) from postseal.approval_chunk where approval = '{approval}'") == [["0"]]


def test_subject_is_in_the_mail_to_those_who_approve_only_if_the_rule_says_so(world, post, name, sender):
    """Nor in what the sender is told: mail in the open would say what the rule keeps back."""
    for subject, approver, shows in (("Budget for Xanadu", "otto@example.com", True), ("Xanadu, twice", "audit@example.com", False)):
        held(world, post, [f"{name}@plain.example"], subject=subject)
        person = officer(world, post, approver)
        link = link_for(person, sender)
        (mail,) = [m for m in person.mails("Approval needed") if link in m.text()]
        assert (b"Xanadu" in mail.raw) == ("Xanadu" in mail.text()) == shows
    told = Person(world, post, sender)
    sandbox.wait_until(lambda: len(told.mails("waits for approval")) == 2, "what the sender is told")
    assert not any(b"Xanadu" in m.raw or "Xanadu" in m.text() for m in told.mails("waits for approval"))


def test_held_message_is_sealed(world, post, name, sender):
    """Promise 7: neither its content nor its subject nor a link is in the database; login.key opens it."""
    to = [f"{name}@plain.example"]
    held(world, post, to, subject="Budget for Xanadu")
    link = link_for(officer(world, post), sender)
    stolen = dump(world)
    for secret in (SECRET.strip(), b"Xanadu", link.rsplit("/", 1)[1].encode(), SECRET.strip().hex().encode(), b"Xanadu".hex().encode()):
        assert secret not in stolen


def test_answer_row_by_row_was_taken_for_that_of_the_next_batch(world, post, name, sender):
    """The milter reads what is held row by row, and commits on the same connection: libpq then answered the batch in this
    way, too, so that what had been committed counted as failed."""
    to = [f"{name}@plain.example"]
    for number in range(3):
        _, _, approval = held(world, post, to, subject=f"Budget {number}")
        world.postseal("hold", "release", approval)
        finish(world, approval)
    post.box(to[0]).wait(3)
    assert "not answered in time" not in world.log("postseal-milter")


def test_link_shows_and_asks_and_its_form_releases(world, post, name, sender):
    to = [f"{name}@plain.example", f"{name}.bcc@plain.example"]
    _, record, approval = held(world, post, to)
    otto = officer(world, post)
    mail = otto.mail(f"Approval needed for a message from {sender}").text()
    assert "Budget 2027" in mail and "Budgets need approval." in mail and all(a in mail for a in to)
    link = link_for(otto, sender)
    for ask in ("GET", "HEAD", "GET"):
        with urllib.request.urlopen(urllib.request.Request(link, method=ask)) as answer:
            assert answer.status == 200
    forged = urllib.request.Request(link, b"action=release&token=" + b"A" * 43, method="POST")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(forged)
    assert approvals(world, record)[0][1] == ""
    page = otto.browser.get(link)
    assert all(a in page.text for a in (sender, *to, "Budgets need approval.")) and "Budget 2027" not in page.text
    assert SECRET.decode().strip() not in page.text and SECRET.decode().strip() not in mail
    assert "<script" not in page.text
    page = otto.browser.send({"action": "release", "because": "Agreed."})
    assert "approved" in page.text and "otto@example.com" in page.text and "Agreed." in page.text
    finish(world, approval)
    assert all(post.box(a).one().raw.endswith(ARRIVED) for a in to)
    assert approvals(world, record)[0][1:4] == ["released", "otto@example.com", "Agreed."]
    assert "otto@example.com" in Person(world, post, sender).mail("was approved").text()
    # The form that is still open somewhere changes nothing any more.
    assert "<form" not in otto.browser.get(link).text.split("<main")[1].split("</main")[0]


def test_bcc_is_unseen_in_what_was_approved(world, post, name, sender):
    """Promise 5: those who approve see who gets it, and no copy says so."""
    to, blind = [f"{name}@plain.example", f"{name}@pickup.example"], f"{name}blind@plain.example"
    post.accepted(post.compose(to, SECRET, subject="Budget 2027", fields=[f"Bcc: {blind}"]), [*to, blind])
    approval = approvals(world, last(post, blind)["message"])[0][0]
    otto = officer(world, post)
    assert blind in otto.browser.get(link_for(otto, sender)).text
    otto.browser.send({"action": "release"})
    finish(world, approval)
    for address in (*to, blind):
        mail = post.box(address).one()
        assert not mail.fields("Bcc")
        assert address == blind or blind.encode() not in mail.raw, address
    assert blind not in Person(world, post, to[1]).unlock().text


def test_refusal_tells_the_sender_why(world, post, name, sender):
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to)
    zoe = officer(world, post, "zoe@example.com")
    zoe.browser.get(link_for(zoe, sender))
    assert "refused" in zoe.browser.send({"action": "refuse", "because": "Not\nbefore Monday."}).text
    told = " ".join(Person(world, post, sender).mail("was refused").text().split())
    assert "zoe@example.com" in told and "Not before Monday." in told and to[0] in told
    copy = last(post, to[0])
    assert copy["state"] == "refused" and copy["reason"].startswith("refused by zoe@example.com: Not")
    assert not post.box(to[0]).files()
    assert "refused already" in refused(world, "hold", "release", approval)


def test_two_approvers_at_once_are_one_decision(world, post, name, sender):
    """Whichever comes first: released and sent once, or refused and never sent."""
    for number in range(4):
        to = [f"{name}.{number}@plain.example"]
        _, record, approval = held(world, post, to, subject=f"Budget {number}")
        visitors = []
        for address in ("otto@example.com", "zoe@example.com"):
            person = officer(world, post, address)
            sandbox.wait_until(lambda: len([m for m in person.mails("Approval needed") if sender in str(m["Subject"])]) == number + 1, "its mail")
            person.browser.get(link_for(person, sender))
            visitors.append(person)
        deciding = [threading.Thread(target=visitor.browser.send, args=({"action": action},))
                    for visitor, action in zip(visitors, ("release", "refuse" if number % 2 else "release"))]
        for thread in deciding:
            thread.start()
        for thread in deciding:
            thread.join()
        finish(world, approval)
        decision, by = approvals(world, record)[0][1:3]
        assert (decision == "released") == (number % 2 == 0 or by == "otto@example.com")
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        if decision == "released":
            post.box(to[0]).one()
        else:
            assert not post.box(to[0]).files()
        decided = world.postgres.query(f"select count(*) from postseal.event where message = '{record}' and what in ('approved', 'refused')")
        assert decided == [["1"]]


def page_about(world, post, address, about, recipient):
    """A person's open page about the message to this recipient."""
    def find():
        return [m for m in person.mails(about) if f"    {recipient}\n" in m.text()]

    person = Person(world, post, address)
    mail = sandbox.wait_until(find, f"the mail for {address}")[-1]
    person.browser.get(re.search(r"http://\S+/approval/\S{43}", mail.text()).group(0))
    return person.browser


ROUNDS = 24


def test_sender_recalls_while_an_approver_releases(world, post, name, sender):
    """Whoever comes first: it is sent once, or never; everybody is told the same, each once, by page and by mail."""
    to = [[f"{name}.{number}@plain.example"] for number in range(ROUNDS)]
    records = {}
    for number in range(ROUNDS):
        _, records[number], _ = held(world, post, to[number], subject=f"Budget number {number}.")
    anna, told, won = Person(world, post, sender), {}, {"released": 0, "recalled": 0}

    def mails_about(number):
        return {about: len([m for m in anna.mails(about) if to[number][0] in m.text()]) for about in ("was approved", "was recalled")}

    for number, record in records.items():
        release = page_about(world, post, "otto@example.com", "Approval needed", to[number][0])
        recall = page_about(world, post, sender, "waits for approval", to[number][0])
        by_command = number % 3 == 2
        both = [threading.Thread(target=release.send, args=({"action": "release"},)),
                threading.Thread(target=subprocess.run, args=([world.bin / "postseal", "-f", world.config, "message", "recall", record],),
                                 kwargs={"capture_output": True}) if by_command
                else threading.Thread(target=recall.send, args=({"action": "recall"},))]
        for thread in both[::1 if number % 2 else -1]:
            thread.start()
        for thread in both:
            thread.join()
        approval, decision, by = approvals(world, record)[0][:3]
        finish(world, approval)
        won[decision] += 1
        assert (decision, by) in [("released", "otto@example.com"), ("recalled", "root" if by_command else sender)]
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        assert [c["state"].replace("handed", "sent") for c in post.copies(to[number][0])] \
            == (["repeated", "sent"] if decision == "released" else ["recalled"])
        shown = {"released": "approved", "recalled": "recalled"}[decision]
        for browser in (release, recall):
            # What the button answered was so at that moment: a release that the milter had not carried out yet is recalled.
            assert by_command or browser is release or shown in browser.page.text
            page = browser.get(browser.page.url).text.split("<main")[1].split("</main")[0]
            assert shown in page and by in page and "<form" not in page
        told[number] = {"was approved": int(decision == "released"), "was recalled": int(decision == "recalled" and by_command)}
        if decision == "released":
            assert post.box(to[number][0]).one().raw.endswith(ARRIVED)
    sandbox.wait_until(lambda: {number: mails_about(number) for number in told} == told, "each outcome to be told once")
    assert [len(post.box(to[number][0]).files()) for number in told] == [each["was approved"] for each in told.values()]
    assert all(won.values()), won


def test_nobody_decides_in_time(world, post, name, sender):
    """It is refused then, and released by nobody, even in the moment before the courier notices."""
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to)
    assert world.postgres.query(f"select expires_at - held_at from postseal.approval where id = '{approval}'") == [["5 days"]]
    os.kill(world.programs["postseal-courier"], signal.SIGSTOP)
    try:
        world.postgres.query(f"update postseal.approval set expires_at = now() where id = '{approval}'")
        assert "its time is over" in refused(world, "hold", "release", approval)
    finally:
        os.kill(world.programs["postseal-courier"], signal.SIGCONT)
    told = Person(world, post, sender).mail("was refused").text()
    assert "Nobody approved" in told and to[0] in told
    assert last(post, to[0])["state"] == "refused" and last(post, to[0])["reason"] == "nobody approved it in time"
    otto = officer(world, post)
    assert "nobody decided in time" in otto.browser.get(link_for(otto, sender)).text
    assert approvals(world, record)[0][1:3] == ["expired", ""]


def test_sender_recalls_what_is_held(world, post, name, sender):
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to)
    otto, anna = officer(world, post), Person(world, post, sender)
    otto.browser.get(link_for(otto, sender))
    link = link_for(anna, sender, "waits for approval")
    # The sender's link recalls, and does nothing else; the officer's recalls nothing.
    anna.browser.get(link)
    anna.browser.send({"action": "release"})
    otto.browser.send({"action": "recall"})
    assert approvals(world, record)[0][1] == ""
    anna.browser.get(link)
    assert "recalled" in anna.browser.send({"action": "recall"}).text
    assert last(post, to[0])["state"] == "recalled"
    otto.browser.get(link_for(otto, sender))
    assert "recalled" in otto.browser.page.text
    assert "recalled already" in refused(world, "hold", "release", approval)
    finish(world, approval)
    assert not post.box(to[0]).files() and not anna.mails("was recalled")


def test_admin_recalls_what_is_held(world, post, name, sender):
    to = [f"{name}@plain.example", f"{name}.b@plain.example"]
    _, record, approval = held(world, post, to)
    assert "waits for approval" in refused(world, "message", "resend", record)
    said = world.postseal("message", "recall", record)
    assert said.count("recalled") == 2
    assert approvals(world, record)[0][1:3] == ["recalled", "root"]
    assert [last(post, a)["state"] for a in to] == ["recalled", "recalled"]
    told = Person(world, post, sender).mail("was recalled").text()
    assert "root" in told and all(address in told for address in to)


def test_approver_without_the_right_decides_nothing(world, post, name, sender):
    """Who has left the table approves nothing, though the portal was not restarted; nor does a link that is none."""
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to)
    otto = officer(world, post)
    link = link_for(otto, sender)
    otto.browser.get(link)
    original = world.config.read_text()
    world.config.write_text(original.replace('"otto@example.com" ', ""))
    try:
        answer = otto.browser.send({"action": "release"})
        assert answer.status == 403 and "no longer among those who approve" in answer.text
        assert otto.browser.get(link).status == 403 and to[0] not in otto.browser.page.text
        world.config.write_text(original.replace("table officers", "table others").replace("<officers>", "<others>"))
        assert otto.browser.get(link).status == 403
    finally:
        world.config.write_text(original)
    assert approvals(world, record)[0][1] == ""
    for secret in ("A" * 43, "x", link.rsplit("/", 1)[1][:-1]):
        assert otto.browser.get(f"/approval/{secret}").status == 404
    assert otto.browser.get(link).status == 200
    # Nor does the database let the portal decide without a link, or as somebody else.
    for sql in (f"select postseal.approval_decide('{approval}', 'released', 'x', '')", "update postseal.approval set decision = 'released'",
                f"select postseal.approval_done('{approval}')", "select key from postseal.approval", "select * from postseal.approval_chunk",
                "select digest from postseal.approval_link"):
        with pytest.raises(RuntimeError, match="permission denied"):
            world.postgres.query(sql, "postseal_portal")


def test_sender_approves_no_message_of_their_own(world, post, name):
    to = [f"{name}@plain.example"]
    post.sender = "otto@example.com"
    _, record, _ = held(world, post, to)
    assert world.postgres.query("select person, is_sender from postseal.approval_link l join postseal.approval a on a.id = l.approval"
                                f" where a.message = '{record}' order by person") == [["otto@example.com", "t"], ["zoe@example.com", "f"]]
    # Nor by another address of theirs: From says who wrote it.
    post.sender = f"{name}.box@example.com"
    message = post.compose(to, SECRET, subject="Budget 2027").replace(post.sender.encode(), b"otto@example.com", 1)
    post.accepted(message, to)
    assert world.postgres.query("select person from postseal.approval_link l join postseal.approval a on a.id = l.approval"
                                f" where a.sender = '{post.sender}' and not is_sender") == [["zoe@example.com"]]
    post.sender = "audit@example.com"
    code, text = post.send(post.compose(to, SECRET, subject="Twice"), to)
    assert code == 550 and "nobody but its sender could approve it" in text


def test_each_rule_that_holds_is_approved_by_its_own(world, post, name, sender):
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to, subject="Budget, twice")
    world.postseal("hold", "release", approval)
    finish(world, approval)
    (_, again) = approvals(world, record)
    assert again[1] == "" and last(post, to[0])["state"] == "held" and not post.box(to[0]).files()
    auditor = officer(world, post, "audit@example.com")
    auditor.browser.get(link_for(auditor, sender))
    assert "Auditors look at this." in auditor.browser.page.text
    auditor.browser.send({"action": "release"})
    finish(world, again[0])
    post.box(to[0]).one()
    assert [c["method"] for c in post.copies(to[0])] == ["hold", "hold", "plain"]


def test_released_message_that_the_rules_now_forbid_goes_nowhere(world, post, name, sender):
    """Promise 1: the policy in force when it is released decides; the sender hears why."""
    to = [f"{name}@rival.example"]
    _, record, approval = held(world, post, to)
    original = world.config.read_text()
    world.config.write_text(original.replace("(?i)forbidden", "(?i)budget"))
    try:
        world.read_rules_again()
        world.postseal("hold", "release", approval)
        finish(world, approval)
    finally:
        world.config.write_text(original)
        world.read_rules_again()
    copy = last(post, to[0])
    assert copy["state"] == "refused" and copy["reason"] == "Nothing for rivals."
    told = sandbox.wait_until(lambda: [m for m in map(people.Received, (f.read_bytes() for f in post.box(sender).files()))
                                       if b"Nothing for rivals." in m.raw], "the bounce")
    assert b"was approved, but" in b" ".join(told[0].raw.split())
    assert not post.box(to[0]).files()


def test_released_message_that_cannot_be_decided_in_time_is_refused(world, post, name, sender):
    """Promise 3: it does not wait for ever, and its sender hears that nobody got it."""
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to, subject="Budget, if cleared")
    world.postgres.query("alter table public.cleared rename to gone")
    try:
        world.postseal("hold", "release", approval)
        sandbox.wait_until(lambda: '"public.cleared" does not exist' in world.postseal("hold", "show", approval), "the trouble")
        assert last(post, to[0])["state"] == "held" and not is_done(world, approval)
        world.postgres.query(f"update postseal.approval set decided_at = decided_at - interval '30 days' where id = '{approval}'")
        finish(world, approval)
    finally:
        world.postgres.query("alter table public.gone rename to cleared")
    assert approvals(world, record)[0][1:4] == ["refused", "Postseal", "it was approved, but could not be sent in time"]
    copy = last(post, to[0])
    assert copy["state"] == "refused" and "it was approved, but could not be sent: " in copy["reason"]
    assert to[0] in Person(world, post, sender).mail("was refused").text()
    assert not post.box(to[0]).files()


@pytest.mark.parametrize("subject, is_sent", [("With a rule for it", True), ("Without one", False)])
def test_what_is_held_because_it_is_opaque_needs_a_rule_below(world, post, name, sender, subject, is_sent):
    """It is released and still not sent if the rules below would have to look into it. The rule's own `expire` counts."""
    to = [f"{name}@plain.example"]
    (world.directory / "note.txt").write_text("Sesame")
    sandbox.command("zip", "-q", "-j", "-P", "x", world.directory / f"{name}.zip", world.directory / "note.txt")
    body = multipart("b", part("Content-Type: application/zip\nContent-Disposition: attachment; filename=a.zip\n"
                               "Content-Transfer-Encoding: base64", base64_lines((world.directory / f"{name}.zip").read_bytes())))
    post.accepted(post.compose(to, body, subject=subject, content=b"multipart/mixed; boundary=b"), to)
    approval = approvals(world, last(post, to[0])["message"])[0][0]
    assert last(post, to[0])["reason"] == "It cannot be looked into."
    assert world.postgres.query(f"select expires_at - held_at from postseal.approval where id = '{approval}'") == [["03:00:00"]]
    world.postseal("hold", "release", approval)
    if is_sent:
        finish(world, approval)
        assert post.box(to[0]).one().body.replace(b"\n", b"\r\n").strip() == body.strip()
        return
    sandbox.wait_until(lambda: "cannot be answered" in world.postseal("hold", "show", approval), "the trouble")
    assert last(post, to[0])["state"] == "held" and not is_done(world, approval)
    world.postgres.query(f"update postseal.approval set decided_at = decided_at - interval '30 days' where id = '{approval}'")
    finish(world, approval)
    assert last(post, to[0])["state"] == "refused" and not post.box(to[0]).files()


def test_message_offered_again_is_held_once(world, post, name, sender):
    """Nobody is asked twice about one message; what somebody sends again is another one."""
    to = [f"{name}@plain.example"]
    message, record, _ = held(world, post, to)
    post.accepted(message, to)
    assert len(post.copies(to[0])) == 2 and last(post, to[0])["message"] != record


def test_login_key_is_rotated_while_a_message_waits(world, post, name, sender):
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to)
    before = world.postgres.query(f"select encode(substring(key for 4), 'hex') from postseal.approval where id = '{approval}'")
    said = world.postseal("secrets", "rotate", "login")
    assert "messages that wait for approval sealed with the new key" in said
    after = world.postgres.query(f"select encode(substring(key for 4), 'hex') from postseal.approval where id = '{approval}'")
    assert before != after
    world.postseal("hold", "release", approval)
    finish(world, approval)
    assert post.box(to[0]).one().raw.endswith(ARRIVED)


def test_message_on_hold_for_a_matter_is_kept_though_refused(world, post, name, sender):
    to = [f"{name}@plain.example"]
    _, record, approval = held(world, post, to)

    def is_kept():
        world.postgres.query("select postseal.approvals_forget()")
        return world.postgres.query(f"select count(*) from postseal.approval_chunk where approval = '{approval}'") != [["0"]]

    world.postseal("legal-hold", "add", f"Case {name}", "--message", record)
    world.postseal("hold", "refuse", approval)
    finish(world, approval)
    assert is_kept()
    world.postseal("legal-hold", "release", f"Case {name}")
    assert not is_kept()


def test_explain_and_test_know_what_is_held(world, name):
    to = f"{name}@plain.example"
    (world.directory / "m.eml").write_bytes(f"From: anna@example.com\r\nTo: {to}\r\nSubject: Budget\r\n\r\nHello.\r\n".encode())
    said = world.postseal("policy", "explain", "--from", "anna@example.com", "--to", to, world.directory / "m.eml")
    assert '"budget": match subject regex' in said and "=> hold: Budgets need approval." in said
    expected = world.directory / "rules.expect"
    expected.write_text(f'from "anna@example.com" to "{to}" subject "Budget" gives hold by "budget"\n'
                        f'from "anna@example.com" to "{to}" subject "Lunch" gives only plain\n')
    world.postseal("policy", "test", expected)


def test_former_words_of_the_command_still_work(world, post, name, sender):
    """Scripts say `approval`, and `hold add` for a legal matter; the record has the words of today."""
    _, record, approval = held(world, post, [f"{name}@plain.example"])
    assert approval in world.postseal("approval", "list") and record in world.postseal("approval", "show", approval)
    world.postseal("hold", "add", f"Case {name}", "--message", record)
    assert record in world.postseal("legal-hold", "list") and record not in world.postseal("hold", "list")
    assert "refused" in world.postseal("approval", "refuse", approval, "--reason", "No.")
    finish(world, approval)
    assert world.postgres.query(f"select subject from postseal.activity where what = 'command given' and detail ~ '{approval}|{name}'"
                                " order by id") == [["legal-hold add"], ["hold refuse"]]
    assert "`postseal legal-hold list`" in refused(world, "hold", "release", f"Case {name}")


def test_identifier_that_is_none_is_said(world):
    assert "not an identifier" in refused(world, "hold", "show", "x")
    assert "none waits, or waited" in refused(world, "hold", "release", "01a20d7c-90c6-7637-90e1-6481ec755f5a")
