"""`postseal check --probe`: one mail through the whole system. It says at which station the mail
stopped, and why; each installation here is broken at a different one."""
import http.server
import json
import re
import subprocess
import threading

import pytest

import people
import world as sandbox

PATH = ["accepted", "decided", "sealed", "handed back", "next hop"]
PORTAL = PATH + ["notice", "code", "page", "taken back"]
SECONDS = 10  # for a station that is never reached


@pytest.fixture(scope="module")
def sue(world):
    keys = world.directory / "keys"
    world.postseal("key", "import", world.authority.issue_mail("sue", "sue@smime.example"))
    return keys / "sue"


def probe(world, to, *words, seconds=60):
    """(exit status, [(station, verdict, text)])"""
    done = subprocess.run([str(w) for w in world.among_groups(
        "env", f"MAIL_CONFIG={world.company.config}", world.bin / "postseal", "-f", world.config, "check", "--probe", to,
        "--wait", seconds, *words)], capture_output=True, text=True)
    assert not done.stderr, done.stderr
    return done.returncode, re.findall(r"^(.{18}?) *(good|WARNING|WRONG): (.*)$", done.stdout, re.M)


def arrives(world, to, path=PATH, **options):
    status, said = probe(world, to, **options)
    assert status == 0 and [name.strip() for name, verdict, _ in said] == path, said
    assert all(verdict == "good" and re.match(r"after \d+\.\d s: ", text) for _, verdict, text in said), said
    return {name.strip(): text for name, _, text in said}


def stops(world, to, station, sentence, *words, **options):
    """All earlier stations are passed, and no later one is tried."""
    status, said = probe(world, to, *words, **options)
    assert status == 1 and [name.strip() for name, _, _ in said] == PATH[:PATH.index(station) + 1], said
    assert [verdict for _, verdict, _ in said] == ["good"] * (len(said) - 1) + ["WRONG"], said
    assert re.search(sentence, said[-1][2]), said[-1][2]


def test_plain_mail_is_followed_to_the_next_hop(world, post):
    said = arrives(world, "joe@plain.example")
    queue_id = re.search("queued as (\\w+)", said["accepted"])[1]
    assert queue_id in world.company.log.read_text()
    assert re.search(r"<joe@plain.example> plain, by line \d+: match recipient domain \"plain.example\"", said["decided"])
    assert queue_id in said["handed back"] and "sent: plain.example[127.0.0.1]" in said["next hop"]
    mail = post.box("joe@plain.example").one()
    assert mail["From"] == "postmaster@example.com" and mail["Auto-Submitted"] == "auto-generated"


def test_mail_that_is_sealed_says_to_how_many_keys(world, post, sue):
    said = arrives(world, "sue@smime.example")
    assert "smime, by line" in said["decided"] and "to 1 key" in said["sealed"]
    assert b"postseal check --probe" in people.open_smime(post.box("sue@smime.example").one(), sue)


def test_verified_connection_is_shown(world):
    said = arrives(world, "pat@partner.example")
    assert "verified TLS" in said["sealed"] and "verified TLSv1" in said["next hop"]


def kept(world, address):
    """(how many copies wait for the address, what is on record of the last one)"""
    waiting, = world.postgres.query("select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                    f" where c.recipient = '{address}'")[0]
    return int(waiting), [what for what, in world.postgres.query(
        "select h.what from postseal.history h where h.message = (select message from postseal.log"
        f" where recipient = '{address}' order by offered_at desc limit 1)")]


def test_mail_for_the_portal_was_followed_to_its_notice_only(world, post):
    """Its notice and code reach their mailboxes, the page of the link answers, and nothing of it stays in the portal."""
    said = arrives(world, "hedi@pickup.example", PORTAL)
    assert "for the portal" in said["sealed"] and "its notice is with the MTA" in said["handed back"]
    assert "parked in the portal" in said["next hop"]
    assert re.search("notice sent: hedi@pickup.example: pickup.example.*250 2.0.0 Ok", said["notice"]), said
    assert re.search("code sent: postmaster@example.com: .*250 2.0.0 Ok", said["code"]), said
    assert f":{world.ports['portal']}/m/… asks for the code" in said["page"]
    assert "recalled" in said["taken back"]
    notice = post.box("hedi@pickup.example").one()
    waiting, history = kept(world, "hedi@pickup.example")
    assert waiting == 0 and {"recalled", "notice sent", "code sent"} <= set(history), history
    assert b"This message was recalled" in people.get(notice.link())
    assert world.postgres.query("select 1 from postseal.activity where concat(what, subject, detail) like '%message recall%'")


def test_mail_is_followed_through_two_passes(world, post, sue):
    """Postfix gives it two queue IDs, and the milter decides at the second."""
    files = [world.company.config / "main.cf", world.company.config / "master.cf"]
    kept_files = [f.read_text() for f in files]
    tables = set(world.company.config.glob("postseal*"))
    kept_tables = {f: f.read_text() for f in tables}
    world.wire("-p", "expanded", "apply")
    world.company.reload()
    try:
        sandbox.wait_until(lambda: sandbox.port_answers(world.ports["second_pass"]), "the second pass")
        for to, path in (("twice@plain.example", PATH), ("sue@smime.example", PATH), ("twice@partner.example", PATH),
                         ("twice@pickup.example", PORTAL)):
            arrives(world, to, path)
    finally:
        for file in world.company.config.glob("postseal*"):
            file.unlink()
        for file, text in (*zip(files, kept_files), *kept_tables.items()):
            file.write_text(text)
        world.company.reload()


def test_sender_is_the_one_that_is_named(world, post):
    status, _ = probe(world, "ann@plain.example", "--from", "anna@example.com")
    assert status == 0 and post.box("ann@plain.example").one()["From"] == "anna@example.com"


def test_stations_can_be_read_by_programs(world):
    done = subprocess.run([str(w) for w in world.among_groups(
        "env", f"MAIL_CONFIG={world.company.config}", world.bin / "postseal", "-f", world.config, "check", "--json",
        "--probe", "kim@plain.example")], capture_output=True, text=True)
    assert [(s["look"], s["verdict"]) for s in json.loads(done.stdout)] == [(name, "good") for name in PATH]


# --- broken ---

@pytest.fixture
def changed(world):
    """Changes main.cf or, with "-P service", the service in master.cf; restores it afterwards."""
    files = [world.company.config / "main.cf", world.company.config / "master.cf"]
    kept = [f.read_text() for f in files]

    def change(*words):
        sandbox.command("postconf", "-c", world.company.config, *words)
        world.company.reload()

    yield change
    for file, text in zip(files, kept):
        file.write_text(text)
    world.company.reload()
    world.company.forget_queue()


@pytest.fixture
def without(world):
    """Stops a program until the test ends."""
    stopped = []

    def stop(name):
        world.stop_program(name)
        stopped.append(name)

    yield stop
    for name in stopped:
        world.start_program(name)


def test_port_that_nobody_listens_on(world):
    port = sandbox.free_ports(1)[0]
    stops(world, "joe@plain.example", "accepted", f"connecting to the MTA at smtp://127.0.0.1:{port}: Connection refused",
          "--via", f"smtp://127.0.0.1:{port}")


def test_recipient_that_the_mta_does_not_take(world, changed):
    changed("-e", "smtpd_recipient_restrictions=reject")
    stops(world, "joe@plain.example", "accepted", "says 554 5.7.1 .*Access denied")


def test_milter_that_is_stopped(world, without):
    without("postseal-milter")
    stops(world, "joe@plain.example", "accepted", "says 451 4.7.1 .*see postseal check")


def test_database_that_is_stopped(world):
    world.postgres.stop()
    try:
        stops(world, "joe@plain.example", "accepted", "says 451 4.3.0")
    finally:
        world.postgres.resume()


def test_rule_that_refuses(world):
    stops(world, "nobody@smime.example", "accepted", r"says 550 5.7.5 .*refused, by line \d+: match .*smime: no certificate")


def test_postfix_that_does_not_ask_the_milter(world, changed):
    """Mail that has not been decided on stays in the queue, since no transport accepts it."""
    changed("-e", "smtpd_milters=")
    stops(world, "joe@plain.example", "decided", "not within .* nobody has decided on it", seconds=SECONDS)


def test_courier_that_is_stopped(world, without):
    without("postseal-courier")
    stops(world, "pat@partner.example", "handed back", "is in the outbox: does postseal-courier run", seconds=SECONDS)


def test_reinjection_that_fails(world, changed):
    changed("-P", "-e", "postseal-tls/unix/smtpd_recipient_restrictions=defer")
    stops(world, "pat@partner.example", "handed back", "is in the outbox: .*The MTA says 4", seconds=SECONDS)


def test_next_hop_that_is_somebody_else(world):
    stops(world, "pat@wrong.example", "next hop", "not within .* is deferred: wrong.example.* not verified", seconds=SECONDS)


def test_next_hop_that_does_not_exist(world):
    stops(world, "joe@nowhere.example", "next hop", "failed: unable to look up host nowhere.example")


def test_log_that_nobody_follows(world, without):
    without("postseal-courier")
    stops(world, "joe@plain.example", "next hop", "log says nothing more of it; can the courier read it", seconds=SECONDS)


def test_probe_that_is_held_was_said_to_be_with_the_mta(world):
    """And whoever approves was left with it."""
    kept_settings = world.config.read_text()
    world.config.write_text(kept_settings.replace(
        'rule "drawings"', 'table officers { "otto@example.com" }\n'
        'rule "ask" match recipient "wait@plain.example" hold "Ask." for <officers>\nrule "drawings"'))
    world.read_rules_again()
    try:
        said = arrives(world, "wait@plain.example", PATH + ["taken back"])
    finally:
        world.config.write_text(kept_settings)
        world.read_rules_again()
    assert "until it is approved" in said["sealed"] and "waits for approval" in said["handed back"]
    assert "recalled" in said["taken back"]
    assert world.postgres.query("select state from postseal.log where recipient = 'wait@plain.example'") == [["recalled"]]


# --- on the way to the portal ---

def test_portal_that_cannot_be_reached_is_a_doubt(world, without):
    """It may be behind a firewall: whoever probes is told to look from outside."""
    without("postseal-portal")
    status, said = probe(world, "far@pickup.example")
    told = {name.strip(): (verdict, text) for name, verdict, text in said}
    assert status == 0 and list(told) == PORTAL
    assert told["page"][0] == "WARNING" and "cannot be reached from here" in told["page"][1]
    assert kept(world, "far@pickup.example")[0] == 0


def test_web_server_that_does_not_lead_to_the_portal(world):
    """Another program has the portal's address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        kept_settings = world.config.read_text()
        world.config.write_text(re.sub(r'url "http://[^"]*"', f'url "http://127.0.0.1:{other.server_port}"', kept_settings))
        try:
            status, said = probe(world, "astray@pickup.example")
        finally:
            world.config.write_text(kept_settings)
            other.shutdown()
    told = {name.strip(): (verdict, text) for name, verdict, text in said}
    assert status == 1 and list(told) == PORTAL and told["page"][0] == "WRONG"
    assert "answers 501, and does not ask for the code" in told["page"][1] and told["taken back"][0] == "good"


def test_code_that_cannot_be_delivered(world):
    """What waits is taken back all the same."""
    world.outside.set(smtpd_recipient_restrictions="check_recipient_access inline:{ { gone@example.com = 550 no such mailbox } },"
                                                   " reject_unauth_destination")
    try:
        status, said = probe(world, "codeless@pickup.example", "--from", "gone@example.com")
    finally:
        world.outside.set(smtpd_recipient_restrictions="reject_unauth_destination")
    told = {name.strip(): (verdict, text) for name, verdict, text in said}
    assert status == 1 and list(told) == PORTAL[:PORTAL.index("code") + 1] + ["taken back"], said
    assert told["code"][0] == "WRONG" and re.search("code not delivered: gone@example.com: .*550", told["code"][1]), said
    assert told["taken back"][0] == "good" and kept(world, "codeless@pickup.example")[0] == 0


def test_parcel_whose_links_nobody_makes_is_taken_back(world, without):
    without("postseal-courier")
    status, said = probe(world, "slow@pickup.example", seconds=SECONDS)
    assert status == 1 and [name.strip() for name, _, _ in said] == PATH[:PATH.index("handed back") + 1] + ["taken back"]
    assert kept(world, "slow@pickup.example")[0] == 0
