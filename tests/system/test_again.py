"""What happens twice, late or not at all: offers, retries, giving up, reload, shutdown."""
import concurrent.futures
import re
import smtplib

import pytest

import milter_client
import people
import world as sandbox
from mta import Mta


@pytest.fixture
def stub(world):
    """The courier talks to a stub instead of Postfix."""
    stub = Mta()
    original = world.config.read_text()
    world.stop_program("postseal-courier")
    world.config.write_text(re.sub(r'^(reinject|reinject mapped) "unix:.*"', rf'\1 "smtp://127.0.0.1:{stub.port}"', original,
                                   flags=re.M))
    world.start_program("postseal-courier")
    yield stub
    world.stop_program("postseal-courier")
    world.config.write_text(original)
    world.start_program("postseal-courier")
    stub.close()


def be_slow(world, stub):
    """The stub is slow, and the courier has patience."""
    world.stop_program("postseal-courier")
    world.config.write_text(world.config.read_text().replace("reinject timeout 4 seconds", "reinject timeout 60 seconds"))
    world.start_program("postseal-courier")
    stub.trouble = "slow"


def wait_outbox_empty(world):
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")


def as_offered(message, to, sender):
    header, _, body = message.partition(b"\r\n\r\n")
    return milter_client.Mail(sender, to, [tuple(field.split(b":", 1)) for field in header.split(b"\r\n")], body)


def offer_unheard(world, message, to, sender, queue_id):
    """The milter has replied, and the MTA died before it read the reply: its log does not know the
    queue ID, although it has mentioned other mail by then."""
    if world.postgres.query("select bool_or(tells) from postseal.mta_log") != [["t"]]:
        with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
            smtp.sendmail(sender, ["first@plain.example"], b"Subject: The first\r\n\r\nHello.\r\n")
        sandbox.wait_until(lambda: world.postgres.query("select bool_or(tells) from postseal.mta_log") == [["t"]],
                           "the log to tell of a mail")
    connection = milter_client.Connection(world.milter_socket)
    verdict = connection.offer(as_offered(message, to, sender), queue_id)
    assert verdict.code in ("accept", "discard"), verdict.text
    connection.close()


def decisions(world, address):
    return [tuple(row) for row in world.postgres.query(
        f"select method, state, offer from postseal.log where recipient = '{address}' order by offered_at, offer")]


def test_message_whose_answer_nobody_heard_is_recognised_when_it_comes_again(world, post, name):
    """Promise 3: what was committed stays as it is; the in-place copy is made again, and both are on record."""
    smime, pickup, plain = f"{name}@smime.example", f"{name}@pickup.example", f"{name}@plain.example"
    sender, to = f"{name}@example.com", [smime, pickup, plain]
    people.certify(world, smime)
    message = post.compose(to, sender=sender)
    offer_unheard(world, message, to, sender, f"UNHEARD{name}")
    post.accepted(message, to, sender=sender)
    wait_outbox_empty(world)
    for address in (*to, sender):  # each copy, the notice, and the code: once
        post.box(address).one()
    assert len(decisions(world, pickup)) == 1
    in_place, other = (plain, smime) if len(decisions(world, plain)) == 2 else (smime, plain)
    assert [(state, offer) for _, state, offer in decisions(world, in_place)][0] == ("repeated", "1")
    assert len(decisions(world, in_place)) == 2 and len(decisions(world, other)) == 1
    assert world.postgres.query("select count(*) from postseal.history h join postseal.message m on m.id = h.message"
                                f" where h.what = 'offered again' and m.sender = '{sender}'") == [["1"]]


def test_outbox_copy_that_the_mta_had_was_queued_again(world, post, name):
    """Promise 3: its next hop does not answer, so it is with the MTA, like the copy in place, when the client comes again."""
    smime, plain, sender = f"{name}@smime.example", f"{name}@plain.example", f"{name}@example.com"
    people.certify(world, smime)
    message = post.compose([smime, plain], sender=sender)
    world.outside.stop()
    try:
        offer_unheard(world, message, [smime, plain], sender, f"TWICE{name}")
        sandbox.wait_until(lambda: [decisions(world, a)[-1][1] for a in (smime, plain)] == ["handed"] * 2, "the MTA to have both")
        post.accepted(message, [smime, plain], sender=sender)
        assert sorted(len(decisions(world, address)) for address in (smime, plain)) == [1, 2]
        wait_outbox_empty(world)
    finally:
        world.outside.start()
    sandbox.command("postqueue", "-c", world.company.config, "-f")
    for address in (smime, plain):
        sandbox.wait_until(lambda a=address: decisions(world, a)[-1][1] == "sent", "the copy to arrive")
        post.box(address).one()


def test_offer_that_the_mta_had_given_up_became_a_message(world, post, name):
    """Promise 3: the database is stuck for longer than the MTA waits. What nobody waits for is not committed, since a
    later offer of the same message may have been accepted meanwhile."""
    to, sender, queue_id = f"{name}@auto.example", f"{name}@example.com", f"GIVENUP{name}"
    message = post.compose([to], subject="[secure] Hello", sender=sender)
    connection, stuck = milter_client.Connection(world.milter_socket), world.postgres.session()
    try:
        stuck.ask("begin; lock table postseal.key_address in access exclusive mode")
        connection.begin(as_offered(message, [to], sender), queue_id)
        connection.put(b"E")
        sandbox.wait_until(lambda: stuck.ask("select count(*) from pg_locks where not granted and relation ="
                                             " 'postseal.key_address'::regclass") == "1", "the milter to wait")
        connection.close()
    finally:
        stuck.ask("rollback")
        stuck.end()
    sandbox.wait_until(lambda: f"{queue_id}: deferring" in world.log("postseal-milter"), "the offer to be given up")
    post.accepted(message, [to], sender=sender)
    wait_outbox_empty(world)
    post.box(to).one()
    assert [offer for _, state, offer in decisions(world, to) if state == "parked"] == ["1"]
    assert world.postgres.query(f"select count(*) from postseal.message where queue_id = '{queue_id}'"
                                " and id in (select message from postseal.parcel)") == [["0"]]


@pytest.mark.parametrize("added", [b"Message-Id: <20261127040000.%s@gateway.example.com>\r\nDate: Fri, 27 Nov 2026 04:00:00 +0000 (UTC)",
                                   b"Message-ID: <1@x>\r\nDate: Fri, 27 Nov 2026 04:00:00 +0000 (UTC)"])
def test_date_and_id_that_the_mta_adds_made_a_retry_another_message(world, post, name, added):
    """Promise 3: Postfix completes the header of each offer, with its time and its queue ID."""
    to, sender, queue_id = [f"{name}@plain.example", f"{name}@pickup.example"], f"{name}@example.com", f"UNHEARD{name}"
    written = b"From: <%s>\r\nTo: %s\r\nSubject: Report" % (sender.encode(), to[0].encode())
    if b"%s" in added:
        added = added % queue_id.encode()
    else:
        message_id, added = added.split(b"\r\n")
        written += b"\r\n" + message_id.replace(b"<1@", f"<{name}@".encode())
    offer_unheard(world, written + b"\r\n" + added + b"\r\n\r\nHello.\r\n", to, sender, queue_id)
    post.accepted(written + b"\r\n\r\nHello.\r\n", to, sender=sender)
    wait_outbox_empty(world)
    for address in to:
        post.box(address).one()


@pytest.mark.parametrize("command, paths", [(b"R", ["a@plain.example", "b@plain.example"]), (b"M", ["a@example.com", "b@example.com"])])
def test_address_was_refused_for_good_for_what_the_mta_said_of_the_one_before(world, command, paths):
    """libmilter, short of memory, keeps the macros of the command before, as it does where none are sent. (Promise 1:
    any doubt is a temporary failure.)"""
    connection = milter_client.Connection(world.milter_socket)
    macro = "{rcpt_addr}" if command == b"R" else "{mail_addr}"
    if command == b"R":
        connection.macros(b"M", "{mail_addr}", "anna@example.com")
        connection.ask(b"M", milter_client.text("<anna@example.com>"))
    connection.macros(command, macro, paths[0])
    connection.ask(command, milter_client.text(f"<{paths[0]}>"))
    with pytest.raises(milter_client.Answered) as answered:
        connection.ask(command, milter_client.text(f"<{paths[1]}>"))
    assert answered.value.data.startswith(b"4") or answered.value.answer == b"t"
    connection.macros(command, macro, "c@plain.example")  # told anew, it counts
    with pytest.raises(milter_client.Answered) as answered:
        connection.ask(command, milter_client.text(f"<{paths[1]}>"))
    assert answered.value.data.startswith(b"553")
    connection.close()


def test_one_that_cannot_be_committed_takes_no_other_along(world, post, name):
    """Promise 2: messages that are ready at the same time share a commit; one that is already on
    record makes it fail for all."""
    sender, count = f"{name}@example.com", 24
    to = [f"{name}.{n}@{'pickup' if n % 3 else 'plain'}.example" for n in range(count)]
    messages = [post.compose([address], b"Number %d.\r\n" % n, sender=sender) for n, address in enumerate(to)]
    for n in (3, 4):
        offer_unheard(world, messages[n], [to[n]], sender, f"UNHEARD{name}{n}")
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        done = [pool.submit(post.accepted, message, [address], sender=sender) for message, address in zip(messages, to)]
        for each in done:
            each.result()
    for n, address in enumerate(to):
        post.box(address).one()
        assert len(decisions(world, address)) == (2 if n == 3 else 1)  # a copy in place is decided again


def test_messages_that_come_together_share_their_commits(world, post, name):
    """With twenty busy sessions, PostgreSQL commits far less often than messages are accepted; a
    single session has a commit of its own. A commit takes a tenth of a second here, as on a slow disk: where it takes no time
    there is nothing to share."""
    sessions, each = 20, 6

    def commit_delay(setting):
        world.postgres.query(f"alter system {setting}")
        world.postgres.query("select pg_reload_conf()")

    def commits():
        return int(world.postgres.query("select count(distinct xmin::text) from postseal.message"
                                        f" where sender = '{name}@example.com'")[0][0])

    def send(session):
        with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
            for n in range(each):
                smtp.sendmail(f"{name}@example.com", [f"{name}@plain.example"], b"Subject: %d.%d\r\n\r\nHello.\r\n" % (session, n))

    send(sessions)
    assert commits() == each
    commit_delay("set commit_delay = 100000")
    commit_delay("set commit_siblings = 0")
    try:
        with concurrent.futures.ThreadPoolExecutor(sessions) as pool:
            list(pool.map(send, range(sessions)))
    finally:
        commit_delay("reset commit_delay")
        commit_delay("reset commit_siblings")
    assert commits() - each < sessions * each * 2 / 3


def test_same_message_sent_again_was_swallowed(world, post, name):
    """Promise 2: the MTA accepted the first; someone who sends the same file once more has sent two messages."""
    pickup, plain, sender = f"{name}@pickup.example", f"{name}@plain.example", f"{name}@example.com"
    message = post.compose([pickup, plain], sender=sender)
    for _ in range(3):
        post.accepted(message, [pickup, plain], sender=sender)
    for address in (pickup, plain, sender):
        post.box(address).wait(3)
    assert len(decisions(world, pickup)) == len(decisions(world, plain)) == 3
    assert {offer for _, _, offer in decisions(world, pickup) + decisions(world, plain)} == {"1"}


def test_same_message_sent_again_while_the_mta_held_the_first_was_swallowed(world, post, name):
    """Promise 2: qmgr had not come to the first, since it was on HOLD, or many others were before it."""
    pickup, plain, sender = f"{name}@pickup.example", f"{name}@plain.example", f"{name}@example.com"
    message = post.compose([pickup, plain], sender=sender)
    world.company.set(smtpd_data_restrictions="check_client_access static:hold")
    try:
        post.accepted(message, [pickup, plain], sender=sender)
        world.postgres.query("update postseal.offer set offered_at = offered_at - interval '10 seconds' where message in"
                             f" (select id from postseal.message where sender = '{sender}') returning 1")
        # The log is read on, and tells of other mail.
        world.company.set(smtpd_data_restrictions="")
        post.accepted(post.compose([f"{name}.other@plain.example"]), [f"{name}.other@plain.example"])
        post.box(f"{name}.other@plain.example").one()
        post.accepted(message, [pickup, plain], sender=sender)
    finally:
        world.company.set(smtpd_data_restrictions="")
        sandbox.command("postsuper", "-c", world.company.config, "-H", "ALL")
    for address in (pickup, plain, sender):
        post.box(address).wait(2)
    assert {offer for _, _, offer in decisions(world, pickup) + decisions(world, plain)} == {"1"}


@pytest.mark.parametrize("fields", [b"", b"Message-ID: <device@printer>\r\n", b"Subject: Fax\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n"])
def test_mails_of_a_device_all_look_alike_and_one_arrived(world, post, name, fields):
    to, sender = f"{name}@pickup.example", f"{name}@example.com"
    for _ in range(3):
        post.accepted(b"From: <" + sender.encode() + b">\r\n" + fields + b"\r\nToner is low.\r\n", [to], sender=sender)
    post.box(to).wait(3)
    assert len(decisions(world, to)) == 3


def test_recalled_message_that_is_sent_again_was_lost(world, post, name):
    to, sender = f"{name}@pickup.example", f"{name}@example.com"
    message = post.compose([to], sender=sender)
    post.accepted(message, [to], sender=sender)
    post.box(to).one()
    world.postseal("message", "recall", post.copies(to)[0]["message"])
    post.accepted(message, [to], sender=sender)
    post.box(to).wait(2)
    assert [state for _, state, _ in decisions(world, to)] == ["recalled", "parked"]


def offer_first(world, post, message, to, heard, name):
    """The MTA hears the answer, and has it in its log; or it hears nothing, and the client comes again."""
    if heard == "heard":
        post.accepted(message, to)
    else:
        offer_unheard(world, message, to, post.sender, f"UNHEARD{name}")


@pytest.mark.parametrize("heard", ["heard", "unheard"])
@pytest.mark.parametrize("end", ["bounced", "expired in the queue"])
def test_message_that_came_back_was_swallowed_when_it_was_sent_again(world, post, name, end, heard):
    """Promises 2 and 3: each gets it once it can be delivered, in place or from the outbox, and once; the earlier failure
    stays on record."""
    smime, plain, fine = to = [f"{name}@smime.example", f"{name}@plain.example", f"{name}.fine@smime.example"]
    for address in (smime, fine):
        people.certify(world, address)
    message = post.compose(to)
    # What of it does not arrive at first: what the MTA has heard of; and in one mail with `smime`, what is for `fine`.
    first = ([smime] if heard == "unheard" else [smime, plain]) + ([] if end == "bounced" else [fine])
    refused = ", ".join(f"{{ {a} = 550 5.1.1 unknown }}" for a in (smime, plain))
    if end == "bounced":
        world.outside.set(smtpd_recipient_restrictions=f"check_recipient_access inline:{{ {refused} }}, reject_unauth_destination")
    try:
        if end != "bounced":
            post.accepted(post.compose([f"{name}.other@plain.example"]), [f"{name}.other@plain.example"])
            post.box(f"{name}.other@plain.example").one()
            world.outside.stop()
        offer_first(world, post, message, to, heard, name)
        if end != "bounced":
            sandbox.wait_until(lambda: all(re.search(rf"to=<{a}>.*status=deferred", world.company.log.read_text()) for a in first),
                               "all to be deferred")
            queue_ids = {q for a in first for q in re.findall(rf"(\w+): to=<{a}>.*status=deferred", world.company.log.read_text())}
            for queue_id in queue_ids:
                sandbox.command("postsuper", "-c", world.company.config, "-e", queue_id)
            sandbox.command("postqueue", "-c", world.company.config, "-f")
        for address in first:
            state(world, post, address, "failed")
    finally:
        if end == "bounced":
            world.outside.set(smtpd_recipient_restrictions="reject_unauth_destination")
        else:
            world.outside.start()
    post.accepted(message, to)
    for address in to:
        sandbox.wait_until(lambda a=address: decisions(world, a)[-1][1] == "sent", "the copy to arrive")
        states = [s for _, s, _ in decisions(world, address)]
        if address in first:
            assert states == ["failed", "sent"]
        elif address == plain:
            assert states == ["repeated", "sent"]
        else:
            assert states == ["sent", "sent"] if heard == "heard" else ["sent"]
        post.box(address).wait(states.count("sent"))
    wait_outbox_empty(world)
    sandbox.command("postqueue", "-c", world.company.config, "-f")

    def bounced():
        mails = [people.Received(f.read_bytes()) for f in post.box(post.sender).files()]
        return sorted(a for m in mails for a in first if f"Final-Recipient: rfc822; {a}".encode() in m.raw)

    sandbox.wait_until(lambda: bounced() == sorted(first), "the sender to be told of each")


@pytest.mark.parametrize("heard", ["heard", "unheard"])
@pytest.mark.parametrize("end", ["locked", "lost"])
def test_parked_message_that_nobody_can_open_was_swallowed_when_it_was_sent_again(world, post, name, end, heard):
    """Promise 2: whoever had it locked by wrong codes, or whose key is gone, gets a link and the sender a code, that open it."""
    to = f"{name}@pickup.example"
    message = post.compose([to], b"The secret is 42.\r\n")
    offer_first(world, post, message, [to], heard, name)
    link, code = post.box(to).one().link(), sandbox.wait_until(lambda: people.find_code(post, to), "the code")
    if end == "locked":
        for _ in range(5):
            people.try_code(link, people.another_code(code))
    else:
        world.postgres.query("delete from postseal.parcel_key k using postseal.copy c where c.id = k.copy"
                             f" and c.recipient = '{to}'", "postseal_portal")
    state(world, post, to, end)
    post.accepted(message, [to])
    new = [m.link() for m in post.box(to).wait(2) if m.link() != link]
    assert len(new) == 1 and [s for _, s, _ in decisions(world, to)] == [end, "parked"]

    def new_code():
        codes = {m.codes()[to] for m in (people.Received(f.read_bytes()) for f in post.box(post.sender).files())
                 if "Unlock code" in str(m["Subject"]) and to in m.codes()}
        return codes - {code}

    assert b"The secret is 42." in people.browse(new[0], sandbox.wait_until(new_code, "the new code").pop())


@pytest.mark.parametrize("log", ["of before", "of another MTA"])
def test_without_a_log_to_follow_the_connection_tells_what_was_heard(world, post, name, log):
    """The courier is stopped, so that nobody follows the MTA's log; or it follows a log that does
    not mention mail as Postfix does."""
    to, sender = f"{name}@pickup.example", f"{name}@example.com"
    message = post.compose([to], sender=sender)
    world.stop_program("postseal-courier")
    try:
        post.accepted(message, [to], sender=sender)
        world.postgres.query("update postseal.mta_log set read_at = now() - interval '1 hour'" if log == "of before" else
                             "update postseal.mta_log set tells = false, read_at = 'infinity'")
        for _ in range(2):
            post.accepted(message, [to], sender=sender)
        assert [offer for _, _, offer in decisions(world, to)] == ["1"] * 3
    finally:
        world.start_program("postseal-courier")
    post.box(to).wait(3)


def test_decision_of_an_older_policy_was_overwritten(world, post, name):
    """Promise 6: a message leaves in plain, the rules change, and it is offered again: both
    decisions are on record, each with its policy."""
    to, sender, original = f"{name}@plain.example", f"{name}@example.com", world.config.read_text()
    message = post.compose([to], sender=sender)
    offer_unheard(world, message, [to], sender, f"UNHEARD{name}")
    try:
        world.config.write_text(original.replace('domain "plain.example"        deliver plain',
                                                 'domain "plain.example"        deliver pickup'))
        world.read_rules_again()
        post.accepted(message, [to], sender=sender)
    finally:
        world.config.write_text(original)
        world.read_rules_again()
    rows = world.postgres.query("select l.method, l.state, l.policy, p.content like '%plain.example\"        deliver ' || l.method || '%'"
                                " from postseal.log l join postseal.policy_version p on p.digest = l.policy"
                                f" where l.recipient = '{to}' order by l.offer")
    assert [row[:2] for row in rows] == [["plain", "repeated"], ["pickup", "parked"]]
    assert rows[0][2] != rows[1][2] and [row[3] for row in rows] == ["t", "t"]
    assert [row[0] for row in world.postgres.query(f"select recipient from postseal.unprotected where recipient = '{to}'")] == [to]


# --- what the MTA's log says ---

def history(world, address):
    return world.postgres.query("select h.what, h.detail from postseal.history h"
                                f" where h.recipient = '{address}' order by h.at")


def state(world, post, address, wanted):
    sandbox.wait_until(lambda: post.copies(address) and post.copies(address)[-1]["state"] == wanted, f"{address} to be {wanted}")


def test_sent_was_said_of_what_only_our_own_mta_had(world, post, name):
    """The next hop does not listen: the MTA has the copy, deferred, and it is not sent."""
    smime, plain = f"{name}@smime.example", f"{name}@plain.example"
    people.certify(world, smime)
    world.outside.stop()
    try:
        post.accepted(post.compose([smime, plain]), [smime, plain])
        for address in (smime, plain):
            sandbox.wait_until(lambda a=address: "deferred" in [what for what, _ in history(world, a)], "deferral on record")
            assert post.copies(address)[-1]["state"] == "handed"
            # A server that is shutting down may still accept a connection, and say nothing.
            assert re.search("Connection refused|lost connection", dict(history(world, address))["deferred"])
    finally:
        world.outside.start()
    for address in (smime, plain):
        state(world, post, address, "sent")
        assert "status" not in dict(history(world, address))["sent"] and "queued as" in dict(history(world, address))["sent"]
        # The same reason is not recorded again (while the server shuts down, there may be another first).
        reasons = [why for what, why in history(world, address) if what == "deferred"]
        assert 1 <= len(reasons) <= 2 and len(set(reasons)) == len(reasons), reasons


def test_mail_that_the_next_hop_refuses_was_on_record_as_sent(world, post, name):
    """The reason for the decision stays in the trace; the copy says why it failed."""
    to = f"{name}@nowhere.invalid"
    post.accepted(post.compose([to]), [to])
    state(world, post, to, "failed")
    assert "nowhere.invalid" in post.copies(to)[-1]["reason"]


def test_copy_that_was_sent_was_given_up_with_another_one(world, post, name):
    """Postfix gives up a mail for the recipients who are still waiting, and logs it without naming them."""
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    state(world, post, to, "sent")
    world.postgres.query(f"insert into postseal.mta_mail (queue_id, message) values ('GAVEUP{name}', '{post.copies(to)[0]['message']}')")
    world.postgres.query(f"select postseal.mta_said(array['GAVEUP{name}'], array[''], array[''], array['failed'], array['too late'])",
                         "postseal_courier")
    assert post.copies(to)[0]["state"] == "sent"


def test_copy_in_another_file_of_the_queue_was_given_up_with_one_that_expired(world, post, name):
    """Promise 6. That one file is given up, Postfix logs without naming anybody: the other copy of the message was on record
    as failed, and arrived."""
    smime, plain = f"{name}@smime.example", f"{name}@plain.example"
    people.certify(world, smime)
    world.outside.stop()
    try:
        post.accepted(post.compose([smime, plain]), [smime, plain])
        for address in (smime, plain):
            sandbox.wait_until(lambda a=address: "deferred" in [what for what, _ in history(world, a)], "deferral on record")
        for ends, stays in ((smime, plain), (plain, None)):
            for queue_id in set(re.findall(rf"(\w+): to=<{ends}>.*status=deferred", world.company.log.read_text())):
                sandbox.command("postsuper", "-c", world.company.config, "-e", queue_id)
            sandbox.command("postqueue", "-c", world.company.config, "-f")
            state(world, post, ends, "failed")
            assert stays is None or post.copies(stays)[-1]["state"] == "handed"
    finally:
        world.outside.start()


def test_log_of_the_mta_was_followed_by_reading_whole_tables(world, name):
    """PostgreSQL counts the rows that it reads sequentially; rows found through an index are not among them."""
    rows = 300
    counts = world.postgres.query(f"""begin;
        insert into postseal.message (id, queue_id, sender, size)
            select md5('{name}' || n)::uuid, 'Q{name}' || n, '{name}@example.com', 1 from generate_series(1, {rows}) n;
        insert into postseal.offer (identity, message, queue_id)
            select sha256(convert_to('{name}' || n, 'UTF8')), md5('{name}' || n)::uuid, 'Q{name}' || n from generate_series(1, {rows}) n;
        insert into postseal.copy (id, message, recipient, address, policy, rule_line, rule, method, reason, trace, state, first_state, first_reason)
            select md5('copy {name}' || n)::uuid, md5('{name}' || n)::uuid, 'to@plain.example', 'to@plain.example', '', 1, '', 'plain', '',
                   '[]', 'handed', 'handed', '' from generate_series(1, {rows}) n;
        create temporary table before on commit drop as select relname, seq_tup_read from pg_stat_xact_user_tables;
        do $$ begin
            perform postseal.mta_took(array(select 'Q{name}' || n from generate_series(1, {rows}) n));
            perform postseal.mta_said(array(select 'Q{name}' || n from generate_series(1, {rows}) n),
                                      array_fill('to@plain.example'::text, array[{rows}]), array_fill(''::text, array[{rows}]),
                                      array_fill('sent'::text, array[{rows}]), array_fill('250 Ok'::text, array[{rows}]));
        end $$;
        select now.relname, now.seq_tup_read - coalesce(before.seq_tup_read, 0), (select count(*) from postseal.copy
               where message in (select md5('{name}' || n)::uuid from generate_series(1, {rows}) n) and state = 'sent')
            from pg_stat_xact_user_tables now left join before using (relname)
            where now.relname in ('mta_mail', 'offer', 'copy') order by 1;
        rollback""")
    assert [tuple(row) for row in counts] == [(table, "0", str(rows)) for table in ("copy", "mta_mail", "offer")]


def test_log_of_the_mta_that_is_rotated_or_cut_off_is_read_to_its_end(world, post, name):
    """Even while no courier runs: what the log says is recorded once."""
    log = world.company.log
    to = [f"{name}.{n}@plain.example" for n in range(4)]
    post.accepted(post.compose(to[:1]), to[:1])
    state(world, post, to[0], "sent")
    world.stop_program("postseal-courier")
    post.accepted(post.compose(to[1:2]), to[1:2])
    post.box(to[1]).one()
    sandbox.wait_until(lambda: f"to=<{to[1]}>" in log.read_text(), "the line in the log")
    log.rename(f"{log}.1")
    log.touch(0o644)  # as logrotate's "create"
    world.company.reload()
    post.accepted(post.compose(to[2:3]), to[2:3])
    sandbox.wait_until(lambda: log.exists() and f"to=<{to[2]}>" in log.read_text(), "the line in the new log")
    world.start_program("postseal-courier")
    for address in to[1:3]:
        state(world, post, address, "sent")
    kept = log.read_text()
    log.write_text("")  # copytruncate
    post.accepted(post.compose(to[3:]), to[3:])
    state(world, post, to[3], "sent")
    assert [[what for what, _ in history(world, a)].count("sent") for a in to] == [1] * 4
    with log.open("a") as file:  # other tests read the log as well
        file.write(kept)


@pytest.mark.parametrize("end", ["deleted", "locked", "lost", "failed", "expired"])
def test_message_on_hold_that_did_not_reach_its_reader_could_not_be_sent_again(world, post, name, end):
    """Promise 2. The queue manager never logs what Postfix holds, so the sender's second message was taken for the
    first, offered once more: accepted, and nothing made of it."""
    to = f"{name}@pickup.example"
    message = post.compose([to, f"{name}@plain.example"])
    restrictions = sandbox.command("postconf", "-c", world.company.config, "-h", "smtpd_recipient_restrictions").decode().strip()
    world.company.set(smtpd_recipient_restrictions=f"check_sender_access static:HOLD, {restrictions}")
    try:
        post.accepted(message, [to, f"{name}@plain.example"])
        post.box(to).one()
        world.postgres.query(f"select postseal.copy_move(id, '{end}', 'unread') from postseal.copy where recipient = '{to}'")
        post.accepted(message, [to, f"{name}@plain.example"])
        post.box(to).wait(2)
    finally:
        world.company.set(smtpd_recipient_restrictions=restrictions)
        sandbox.command("postsuper", "-c", world.company.config, "-H", "ALL")
    assert sorted(c["state"] for c in post.copies(to)) == sorted([end, "parked"])


def test_tls_of_the_connection_before_was_on_record(world, post, name):
    """Promise 6. The next connection of the same smtp process had none, and what went over it was called encrypted."""
    limit = [f"{service}/unix/process_limit" for service in ("smtp", "relay")]
    to = [f"{name}.{n}@plain.example" for n in range(2)]
    world.company.set(smtp_tls_security_level="may", smtp_tls_loglevel="1")
    sandbox.command("postconf", "-c", world.company.config, "-F", *(f"{field}=1" for field in limit))
    world.company.reload()
    try:
        for address, level in zip(to, ("may", "none")):
            world.outside.set(smtpd_tls_security_level=level)
            post.accepted(post.compose([address]), [address])
            post.box(address).one()
            state(world, post, address, "sent")
    finally:
        world.outside.set(smtpd_tls_security_level="may")
        world.company.set(smtp_tls_security_level="none")
        sandbox.command("postconf", "-c", world.company.config, "-F", *(f"{field}=-" for field in limit))
        world.company.reload()
    for address in to:
        is_secured = "with ESMTPS" in post.box(address).one()["Received"]
        assert is_secured == (address == to[0])
        assert (" TLSv1" in history(world, address)[-1][1]) == is_secured


def test_log_that_is_rotated_twice_while_no_courier_runs_is_read_whole(world, post, name):
    """As with logrotate's "dateext". The file between the one that was being read and the newest
    one was skipped."""
    log = world.company.log
    to = [f"{name}.{n}@plain.example" for n in range(4)]
    post.accepted(post.compose(to[:1]), to[:1])
    state(world, post, to[0], "sent")
    world.stop_program("postseal-courier")
    for address, date in zip(to[1:], ("20260124", "20260131", None)):
        post.accepted(post.compose([address]), [address])
        post.box(address).one()
        sandbox.wait_until(lambda: log.exists() and f"to=<{address}>" in log.read_text(), "the line in the log")
        if date:
            log.rename(f"{log}-{date}")
            log.touch(0o644)
            world.company.reload()
    world.start_program("postseal-courier")
    for address in to:
        state(world, post, address, "sent")
    assert [[what for what, _ in history(world, a)].count("sent") for a in to] == [1] * 4


def restart_courier(world):
    """It has read the log up to here."""
    end = world.company.log.stat().st_size
    sandbox.wait_until(lambda: int(world.postgres.query("select position from postseal.mta_log")[0][0].split(":")[1]) >= end,
                       "the log to be read")
    world.stop_program("postseal-courier")
    world.start_program("postseal-courier")


def test_courier_that_is_restarted_forgot_what_it_had_read_and_needed(world, post, name):
    """Promise 6. It is restarted after each line. By its name in the first pass, mail is known that Postfix requeued; the
    connection is described before the mail that is sent over it."""
    to, sender = f"{name}@plain.example", f"{name}@example.com"
    first, second, third, fourth = (f"4{n}{name.upper().replace('_', '')[-8:]}" for n in "ABCD")
    offer_unheard(world, post.compose([to], sender=sender), [to], sender, second)
    for line in (f"smtpd[99998]: {second}: client=localhost[127.0.0.1], orig_queue_id={first}, orig_client=localhost[127.0.0.1]",
                 f"qmgr[99997]: {second}: from=<{sender}>, size=400, nrcpt=1 (queue active)",
                 f"pickup[99996]: {third}: uid=0 from=<{sender}> orig_id={second}",
                 f"smtpd[99998]: {fourth}: client=localhost[127.0.0.1], orig_queue_id={first}, orig_client=localhost[127.0.0.1]",
                 f"qmgr[99997]: {fourth}: from=<{sender}>, size=400, nrcpt=1 (queue active)",
                 "smtp[99995]: Verified TLS connection established to mx.plain.example[192.0.2.1]:25: TLSv1.3 with cipher"
                 " TLS_AES_256_GCM_SHA384 (256/256 bits)",
                 f"smtp[99995]: {fourth}: to=<{to}>, relay=mx.plain.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0,"
                 " status=sent (250 2.0.0 Ok: queued as 4X)",
                 f"qmgr[99997]: {fourth}: removed"):
        with world.company.log.open("a") as log:
            log.write(f"Nov  6 09:30:00 gateway postfix/{line}\n")
        restart_courier(world)
    assert [(what, detail) for what, detail in history(world, to) if what in ("sent", "failed")] == [
        ("sent", "mx.plain.example[192.0.2.1]:25, verified TLSv1.3 with cipher TLS_AES_256_GCM_SHA384: 250 2.0.0 Ok: queued as 4X")]


def test_message_on_hold_was_swallowed_when_it_was_sent_again_and_the_courier_had_been_restarted(world, post, name):
    """Promise 2. That Postfix accepted what it holds is known from two lines only, at the beginning and at the end of the
    session: the courier is restarted between them."""
    pickup, plain, sender = f"{name}@pickup.example", f"{name}@plain.example", f"{name}@example.com"
    message = post.compose([pickup, plain], sender=sender)
    world.company.set(smtpd_data_restrictions="check_client_access static:hold")
    try:
        with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
            smtp.sendmail(sender, [pickup, plain], message)
            restart_courier(world)
        restart_courier(world)
        world.postgres.query("update postseal.offer set offered_at = offered_at - interval '10 seconds' where message in"
                             f" (select id from postseal.message where sender = '{sender}') returning 1")
        world.company.set(smtpd_data_restrictions="")
        post.accepted(post.compose([f"{name}.other@plain.example"]), [f"{name}.other@plain.example"])
        post.box(f"{name}.other@plain.example").one()
        post.accepted(message, [pickup, plain], sender=sender)
    finally:
        world.company.set(smtpd_data_restrictions="")
        sandbox.command("postsuper", "-c", world.company.config, "-H", "ALL")
    for address in (pickup, plain, sender):
        post.box(address).wait(2)


def test_same_message_to_another_recipient_is_another_copy(world, post, name):
    """Clients send one message to many recipients in several transactions."""
    sender = f"{name}@example.com"
    message = post.compose([], sender=sender)
    for to in (f"{name}a@pickup.example", f"{name}b@pickup.example"):
        post.accepted(message, [to], sender=sender)
        post.box(to).one()
    post.box(sender).wait(2)


def test_other_text_is_another_message(post, name):
    to = f"{name}@pickup.example"
    for body in (b"One.\r\n", b"Two.\r\n"):
        post.accepted(post.compose([to], body, message_id=f"<{name}@example.com>"), [to])
    post.box(to).wait(2)
    assert len(post.copies(to)) == 2


def test_courier_tries_again_and_keeps_what_was_sent(world, post, stub, name):
    """4xx for one of two recipients: the other one gets it once, and this one later."""
    one, two = f"{name}a@smime.example", f"{name}b@smime.example"
    for address in (one, two):
        people.certify(world, address)
    stub.rcpt[two] = "450 4.2.0 greylisted"
    to = [one, two, f"{name}@plain.example"]
    post.accepted(post.compose(to), to)
    sandbox.wait_until(lambda: "greylisted" in world.postseal("outbox", "list"), "the first try")
    assert post.copies(one)[0]["state"] == "handed" and post.copies(two)[0]["state"] == "queued"
    del stub.rcpt[two]
    wait_outbox_empty(world)
    taken = [r for _, rcpts, _ in stub.mails for r in rcpts]
    assert len([r for r in taken if one in r]) == len([r for r in taken if two in r]) == 1
    assert post.copies(two)[0]["state"] == "handed"


def test_refused_recipient_bounces_to_the_sender(world, post, stub, name):
    """5xx: a delivery status notification (RFC 3464) with the reason, and only for that recipient."""
    one, two, sender = f"{name}a@smime.example", f"{name}b@smime.example", f"{name}@example.com"
    for address in (one, two):
        people.certify(world, address)
    stub.rcpt[two] = "550 5.1.1 no such user here"
    to = [one, two, f"{name}@plain.example"]
    post.accepted(post.compose(to, sender=sender), to, sender=sender)
    wait_outbox_empty(world)
    assert post.copies(two)[0]["state"] == "failed" and "no such user" in post.copies(two)[0]["reason"]
    assert post.copies(one)[0]["state"] == "handed"
    bounces = [content for mail, rcpts, content in stub.mails if "FROM:<>" in mail and sender in rcpts[0]]
    assert len(bounces) == 1
    parsed = people.Received(bounces[0].replace(b"\r\n", b"\n")).parsed
    assert parsed.get_content_type() == "multipart/report"
    status = list(parsed.iter_parts())[1].as_string()
    assert f"Final-Recipient: rfc822; {two}" in status and "Status: 5.1.1" in status and one not in status


def test_connection_that_breaks_in_the_middle_is_tried_again(world, post, stub, name):
    to = f"{name}@pickup.example"
    stub.trouble = "drop"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: "closed the connection" in world.postseal("outbox", "list"), "the first try")
    assert stub.mails == []
    stub.trouble = None
    wait_outbox_empty(world)
    assert sorted(re.search("<(.*)>", rcpts[0]).group(1) for _, rcpts, _ in stub.mails) == \
        sorted([to, post.sender])


def test_end_of_a_mail_was_held_back_until_its_beginning_was_confirmed(world, post, stub, name):
    """Two writes, the second one small: the system held it back for 40 ms. Now a mail is sent in
    one piece, and so are the commands before it."""
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to]), [to])
    wait_outbox_empty(world)
    assert len(stub.mails) == 2
    begins = [re.match(rb"\S+", piece).group(0) for piece in stub.pieces]
    # The notice and the code go to two services of the MTA.
    assert begins == ([b"EHLO", b"MAIL", b"Received:"] * 2 + [b"QUIT"] * 2)[:len(begins)]
    assert all(piece.endswith(b"\r\nDATA\r\n") for piece in stub.pieces if piece.startswith(b"MAIL"))
    assert all(piece.endswith(b"\r\n.\r\n") for piece in stub.pieces if piece.startswith(b"Received:"))


def test_mta_without_pipelining_hears_one_command_at_a_time(world, post, stub, name):
    stub.extensions = ("8BITMIME", "DSN")
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to]), [to])
    wait_outbox_empty(world)
    assert len(stub.mails) == 2
    assert [p[:4] for p in stub.pieces][:5] == [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"Rece"]
    assert all(piece.count(b"\r\n") == 1 for piece in stub.pieces if not piece.startswith(b"Rece"))


def test_sender_that_the_mta_refuses_for_now_is_tried_again(world, post, stub, name):
    """The reason given is the reply about the sender, not the replies to later commands."""
    to = f"{name}@pickup.example"
    stub.mail, stub.rcpt[to] = "452 4.3.1 no room on the disk", "503 5.5.1 no sender"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: "no room on the disk" in world.postseal("outbox", "list"), "the first try")
    assert "no sender" not in world.postseal("outbox", "list")
    stub.mail = "250 Ok"
    del stub.rcpt[to]
    wait_outbox_empty(world)
    assert sorted(re.search("<(.*)>", rcpts[0]).group(1) for _, rcpts, content in stub.mails if content) == \
        sorted([to, post.sender])


def test_mta_that_shuts_down_is_quoted(world, post, stub, name):
    """421: later commands are no longer answered."""
    to = f"{name}@pickup.example"
    stub.mail = "421 4.3.2 shutting down"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: "it says 421 4.3.2 shutting down" in world.postseal("outbox", "list"), "the first try")
    stub.mail = "250 Ok"
    wait_outbox_empty(world)
    assert len(stub.mails) == 2


def test_content_is_not_sent_where_no_recipient_was_taken(world, post, stub, name):
    """The stub asks for content nevertheless: it gets none, and the next mail goes over the same connection."""
    to, sender = f"{name}@pickup.example", f"{name}@example.com"
    stub.rcpt[to] = "550 5.1.1 no such user here"
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    wait_outbox_empty(world)
    assert post.copies(to)[0]["state"] == "failed"
    assert all(content == b"" for _, rcpts, content in stub.mails if not rcpts)
    assert [content for _, rcpts, content in stub.mails if rcpts and sender in rcpts[0]]


def test_mta_that_hangs_is_left_and_tried_again(world, post, stub, name):
    to = f"{name}@pickup.example"
    stub.trouble = "hang"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: "it does not answer" in world.postseal("outbox", "list"), "the first try")
    stub.trouble = None
    wait_outbox_empty(world)
    assert len(stub.mails) == 2


def test_mta_that_loses_its_answer_is_asked_by_its_log(world, post, stub, name):
    """The stub accepts the mail and dies before its 250. The log of the real MTA knows nothing
    about it, so it is sent again; had it been accepted, the log would say so (test_crash.py)."""
    to = f"{name}@pickup.example"
    stub.trouble = "lose"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: len(stub.mails) >= 2, "the first tries")
    stub.trouble = None
    wait_outbox_empty(world)
    assert "its log says: never accepted" in world.log("postseal-courier")


def test_log_that_was_compressed_does_not_say_that_the_mta_never_took_a_mail(world, post, stub, name):
    """Promise 3. The compressed file may mention the mail, so it is recorded that the mail may arrive twice."""
    to = f"{name}@pickup.example"
    hidden = world.company.log.with_name(f"{world.company.log.name}-20260131.gz")
    hidden.touch()
    try:
        stub.trouble = "lose"
        post.accepted(post.compose([to]), [to])
        sandbox.wait_until(lambda: len(stub.mails) >= 2, "the first tries")
        stub.trouble = None
        wait_outbox_empty(world)
    finally:
        hidden.unlink()
    log = world.log("postseal-courier")
    assert "may arrive twice" in log and "has been compressed" in log


def test_mail_in_the_hand_of_a_slow_courier_is_left_to_it(world, post, stub, name):
    """The clock steps forward, so the lease has run out: it is renewed, because the courier is
    alive. Otherwise other couriers asked the MTA's log, which knows nothing yet, and sent the mail
    again."""
    smime, plain = f"{name}@smime.example", f"{name}@plain.example"
    people.certify(world, smime)
    be_slow(world, stub)
    post.accepted(post.compose([smime, plain]), [smime, plain])
    sandbox.wait_until(lambda: len(stub.mails) == 1, "the mail to be in the MTA's hands")
    world.postgres.query("update postseal.outbox set next_attempt_at = now() - interval '1 hour'")
    sandbox.wait_until(lambda: world.postgres.query("select count(*) from postseal.outbox where next_attempt_at > now()")
                       == [["1"]], "somebody to look at it")
    stub.patience.set()
    wait_outbox_empty(world)
    assert len(stub.mails) == 1 and post.copies(smime)[0]["state"] == "handed"


def test_workers_that_stand_back_while_mail_comes_in_join_afterwards(world, post, stub, name):
    """Four workers, each of which takes up to eight mails: with two of them waiting for a slow MTA,
    ten mails are left for the others."""
    smime, plain = f"{name}@smime.example", f"{name}@plain.example"
    people.certify(world, smime)
    be_slow(world, stub)
    for busy in (1, 2):  # one by one: on a busy machine the two took all twelve
        post.accepted(post.compose([smime, plain]), [smime, plain])
        sandbox.wait_until(lambda n=busy: len(stub.mails) == n, f"{busy} of the workers to wait for the MTA")
    for _ in range(10):
        post.accepted(post.compose([smime, plain]), [smime, plain])
    sandbox.wait_until(lambda: len(stub.mails) == 4, "four mails to be in the MTA's hands")
    stub.patience.set()
    wait_outbox_empty(world)
    assert len(stub.mails) == 12


def test_smtputf8_needs_an_mta_that_takes_it(world, post, stub, name):
    sender = f"{name}@example.com"
    to = f"j\u00f6rg{name}@pickup.example"
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        smtp.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"])
        smtp.command_encoding = "utf-8"
        assert smtp.rcpt(to)[0] == 250
        assert smtp.data(post.compose([f"{name}@x.example"], sender=sender))[0] == 250
    wait_outbox_empty(world)
    mail, rcpts, content = next(m for m in stub.mails if "rg" in m[1][0])
    assert "SMTPUTF8" in mail and to in rcpts[0]


def test_reload_puts_new_rules_in_force_and_keeps_the_old_when_wrong(world, post, name):
    """SIGHUP; the table files are reloaded as well."""
    to = f"{name}@new.auto.example"
    table = world.directory / "verified"
    original, entries = world.config.read_text(), table.read_text()
    assert "plain" in world.postseal("policy", "explain", "--from", "a@example.com", "--to", to).split("=>")[1]

    try:
        world.config.write_text(original + "match nonsense\n")
        with pytest.raises(sandbox.Trouble, match="the policy in force is kept"):
            world.read_rules_again()
        assert re.search(r"error: .*postseal\.conf:\d+:7: found nonsense, expected", world.log("postseal-milter"))
        post.accepted(post.compose([f"{name}@plain.example"]), [f"{name}@plain.example"])

        world.config.write_text(original.replace('deliver plain\nmatch recipient domain "smime',
                                                 'reject "Closed."\nmatch recipient domain "smime'))
        world.read_rules_again()
        code, text = post.send(post.compose([f"{name}@plain.example"]), [f"{name}@plain.example"])
        assert code == 550 and "Closed." in text
        versions = world.postgres.query("select count(*) from postseal.policy_version")
        assert int(versions[0][0]) >= 2

        table.write_text(entries + "new.auto.example\n")
        world.read_rules_again()
        assert post.send(post.compose([to]), [to])[0] == 250
        assert post.copies(to)[0]["method"] == "tls"
    finally:
        world.config.write_text(original)
        table.write_text(entries)
        world.read_rules_again()


def test_end_of_the_milter_defers_mail_and_loses_none(world, post, name):
    """SIGTERM: the MTA replies 4xx as long as the milter is gone (milter_default_action)."""
    to = f"{name}@plain.example"
    world.stop_program("postseal-milter")
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        assert smtp.mail(post.sender)[0] == 451
    world.start_program("postseal-milter")
    post.accepted(post.compose([to]), [to])
    post.box(to).one()


def test_signer_that_expires_is_not_used(world, post, name):
    """The sender's certificate has expired: the copy is not signed, but still sealed."""
    sender, to = f"{name}@example.com", f"{name}@smime.example"
    own = people.certify(world, sender, days=0).with_suffix("")
    base = people.certify(world, to).with_suffix("")
    bundle = own.with_suffix(".pem2")
    bundle.write_text(own.with_suffix(".pem").read_text() + own.with_suffix(".key").read_text())
    world.postseal("key", "import", bundle)
    message = post.compose([to], sender=sender)
    post.accepted(message, [to], sender=sender)
    assert people.open_smime(post.box(to).one(), base) == people.entity_of(message)
    assert post.copies(to)[0]["signed_by"] == ""


def test_parked_message_expires_and_is_really_gone(world, post, name):
    """The courier deletes it; the record stays. The clock is the database's, in which the times are moved back."""
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to]), [to])
    link = post.box(to).one().link()
    sandbox.wait_until(lambda: people.find_code(post, to), "the unlock code")
    world.postgres.query("update postseal.parcel_key set expires_at = now() - interval '1 second' where copy in"
                         f" (select id from postseal.copy where recipient = '{to}')")
    world.postgres.query("update postseal.parcel set created_at = created_at - interval '1 hour' where message in"
                         f" (select message from postseal.copy where recipient = '{to}')")
    assert b"This message has expired" in people.get(link)
    world.stop_program("postseal-courier")
    world.start_program("postseal-courier")  # does its chores when it starts
    sandbox.wait_until(lambda: post.copies(to)[0]["state"] == "expired", "the copy to expire")
    left = world.postgres.query("select count(*) from postseal.parcel p join postseal.copy c using (message)"
                                f" where c.recipient = '{to}'")
    assert left == [["0"]]
