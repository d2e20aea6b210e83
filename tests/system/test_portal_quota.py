"""What strangers can store here is limited: once, thirty drafts of a megabyte took 2.6 seconds."""
import concurrent.futures
import os
import pathlib
import re
import subprocess

import pytest
from messages import noise
from person import PORTAL_RULES as RULES, PASSWORD, Person, send
from visitor import Visitor

SETTINGS = "portal quota 3 MB drafts 5"
MEGABYTE = 1_000_000


@pytest.fixture
def member(world, post, name):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@pickup.example")
    send(person)
    person.unlock()
    person.enrol()
    return person


def keep(browser, text="A draft.", size=0):
    browser.get("/write")
    files = [("files", "noise.bin", "application/octet-stream", noise(size, text))] if size else []
    return browser.send({"to": "office@example.com", "subject": "Later", "text": text, "action": "keep"}, files=files)


def drafts(person):
    return set(re.findall(r"/draft/(\S{36})", person.browser.get("/drafts").text))


def test_drafts_have_room_for_so_many_and_what_was_written_is_not_lost(member):
    for i in range(5):
        assert keep(member.browser, f"Draft {i}").path == "/drafts"
    refused = keep(member.browser, "The sixth one, and long.")
    assert refused.status == 400 and "There is no room left" in refused.text
    assert "The sixth one, and long." in refused.text and len(drafts(member)) == 5
    # Storing a draft again takes no more room.
    member.browser.get(f"/draft/{sorted(drafts(member))[0]}")
    assert member.browser.send({"text": "Other words", "action": "keep"}).path == "/drafts"
    assert len(drafts(member)) == 5


def test_drafts_and_sent_messages_have_room_for_so_many_bytes(member):
    assert keep(member.browser, "First", 600_000).path == "/drafts"
    assert keep(member.browser, "Second", 600_000).path == "/drafts"
    member.browser.get("/write")
    sent = member.browser.send({"to": "office@example.com", "subject": "Sent", "text": "x", "action": "send"},
                               files=[("files", "n.bin", "application/octet-stream", noise(600_000, "sent"))])
    assert sent.path == "/sent"
    assert keep(member.browser, "Third", 900_000).status == 400
    # What a member received does not count, and nothing is left of what had no room.
    rows = member.world.postgres.query("select coalesce(sum(p.size), 0) from postseal.parcel_key k join postseal.parcel p"
                                       " on p.id = k.parcel join postseal.account a on a.id = k.account"
                                       f" where a.address = '{member.address}' and k.folder in ('drafts', 'sent')")
    assert int(rows[0][0]) < 3 * MEGABYTE
    orphans = member.world.postgres.query("select count(*) from postseal.parcel p where not exists"
                                          " (select from postseal.parcel_key k where k.parcel = p.id)")
    assert orphans == [["0"]]


def test_drafts_that_come_at_once_are_all_counted(world, member):
    browsers = [Visitor(member.browser.portal) for _ in range(8)]
    for browser in browsers:
        member.sign_in(PASSWORD, browser)
    with concurrent.futures.ThreadPoolExecutor(len(browsers)) as pool:
        kept = list(pool.map(lambda browser: keep(browser, "At once").path, browsers))
    assert kept.count("/drafts") == 5 == len(drafts(member))


def test_two_who_add_to_a_mailbox_do_not_wait_for_each_other_for_ever(world, member):
    """Each holds its account, as a foreign key does, and then asks for room: PostgreSQL ended one
    of them because of a deadlock."""
    account = f"(select id from postseal.account where address = '{member.address}')"
    room = f"select postseal.mailbox_room({account}, 1000000, 5)"
    with world.postgres.session() as other:
        other.ask(f"begin; select from postseal.account where id = {account} for key share")
        world.postgres.query(f"set lock_timeout = '10s'; begin; {room}; commit")
        # A member who asks for room at the same time is counted after the one who asked first.
        other.ask(room)
        with pytest.raises(RuntimeError, match="lock timeout"):
            world.postgres.query(f"set lock_timeout = '100ms'; {room}")
        other.ask("commit")


def test_uploads_do_not_fill_the_milters_spool(world, member):
    """Each program has its own, and the portal does not start without it."""
    portal = pathlib.Path(f"/proc/{world.programs['postseal-portal']}")
    milter_spool = world.directory / "spool"
    os.chmod(milter_spool, 0)
    try:
        assert keep(member.browser, "With a file", 900_000).path == "/drafts"
    finally:
        os.chmod(milter_spool, 0o755)
    assert portal.exists()
    assert re.search("^spool +good", checked(world), re.M)
    world.stop_program("postseal-portal")
    (world.directory / "portal-spool").rename(world.directory / "away")
    try:
        program = world.start_program("postseal-portal", wait=False)
        assert program.wait(20) != 0 and "checking portal spool" in world.log("postseal-portal")
        assert re.search("^spool +WRONG: checking portal spool", checked(world), re.M)
    finally:
        (world.directory / "away").rename(world.directory / "portal-spool")
        world.programs.pop("postseal-portal", None)
        world.start_program("postseal-portal")


def checked(world):
    return subprocess.run([world.bin / "postseal", "-f", world.config, "check"], capture_output=True).stdout.decode()
