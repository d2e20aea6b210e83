"""Milter and courier die as by SIGKILL at every named point, and the client tries again: each copy
arrives exactly once, by its method, and the log agrees. Needs a build with crash points."""
import smtplib

import pytest

import people
import world as sandbox

MILTER = ("milter-before-commit", "milter-after-commit", "milter-before-verdict")
COURIER = ("courier-before-issue", "courier-after-claim", "courier-before-send", "courier-in-data", "courier-before-settle",
           "courier-after-settle")


def send_until_accepted(world, post, message, to, sender):
    """As a mail client or an MTA in front does; the milter is started again as systemd would."""
    tries = 0

    def attempt():
        nonlocal tries
        tries += 1
        pid = world.programs.get("postseal-milter")
        if pid is None or not sandbox.is_running(pid):
            world.start_program("postseal-milter")
        try:
            code, text = post.send(message, to, sender=sender)
        except (AssertionError, smtplib.SMTPServerDisconnected):
            return False  # 4xx to MAIL or RCPT
        assert code == 250 or 400 <= code < 500, text
        return code == 250

    sandbox.wait_until(attempt, "the message to be accepted", 60)
    return tries


def keep_courier_alive(world, condition, what):
    def check():
        if not sandbox.is_running(world.programs["postseal-courier"]):
            world.start_program("postseal-courier")
        return condition()

    sandbox.wait_until(check, what, 90)


@pytest.mark.parametrize("point", (*MILTER, *COURIER))
def test_each_copy_arrives_exactly_once(world, post, name, point):
    sender = f"{name}@example.com"
    plain, smime, pickup = f"{name}@plain.example", f"{name}@smime.example", f"{name}@pickup.example"
    base = people.certify(world, smime).with_suffix("")
    message = post.compose([plain, smime, pickup], b"Once.\r\n", sender=sender)
    world.crash_file.write_text(point)
    tries = send_until_accepted(world, post, message, [plain, smime, pickup], sender)
    assert (tries > 1) == (point in MILTER)
    keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")
    assert not world.crash_file.exists()

    post.box(plain).one()
    assert people.open_smime(post.box(smime).one(), base) == people.entity_of(message)
    link = post.box(pickup).one().link()
    assert people.browse(link, post.box(sender).one().codes()[pickup])
    states = {a: [(c["method"], c["state"]) for c in post.copies(a)] for a in (plain, smime, pickup)}
    assert states == {plain: [("plain", "handed")], smime: [("smime", "sent")], pickup: [("pickup", "opened")]}


def test_answer_that_nobody_heard_is_looked_up_in_the_log(world, post, name):
    """The MTA has the mail, the courier died before its mark: it is not sent again."""
    to = f"{name}@smime.example"
    people.certify(world, to)
    world.crash_file.write_text("courier-before-settle")
    post.accepted(post.compose([to, f"{name}@plain.example"]), [to, f"{name}@plain.example"])
    keep_courier_alive(world, world.nothing_waits, "the outbox to be empty")
    events = world.postgres.query("select e.detail from postseal.event e join postseal.copy c on c.id = e.copy"
                                  f" where c.recipient = '{to}' and e.what = 'copy handed to the MTA'")
    assert len(events) == 1 and "found in the log of the MTA" in events[0][0]
    post.box(to).one()


def test_two_couriers_at_once_send_once(world, post, name):
    to = [f"{name}{n}@pickup.example" for n in range(20)]
    first = world.programs["postseal-courier"]
    second = world.start_program("postseal-courier", wait=False)
    try:
        for address in to:
            post.accepted(post.compose([address], sender=f"{name}@example.com"), [address],
                          sender=f"{name}@example.com")
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        for address in to:
            post.box(address).one()
        post.box(f"{name}@example.com").wait(len(to))
    finally:
        second.terminate()
        second.wait(30)
        world.programs["postseal-courier"] = first
        world.save()
