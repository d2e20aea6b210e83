"""Pickup mail for mail programs, by POP3 over TLS, with those that Debian has."""
import base64
import os
import pathlib
import poplib
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

import mail_client
import world as sandbox
from mail_client import application_password, connect, message, prepare, refusal, sign_in, wait_for  # noqa: F401
from person import PASSWORD, PORTAL_RULES as RULES, Person, dump, send, state

SETTINGS = mail_client.SETTINGS
BODY = b"First line.\r\n.\r\n..two dots\r\n\r\nGr\xc3\xbc\xc3\x9fe, and the end.\r\n"


@pytest.fixture(scope="module", autouse=True)
def program(world):
    return mail_client.start(world)


@pytest.fixture
def member(person):
    """With a password for a mail program, and one message, which was read in the browser."""
    send(person, BODY)
    person.unlock()
    person.enrol()
    person.secret = application_password(person)
    person.browser.get("/inbox")
    return person


def events(person, what="downloaded"):
    return person.world.postgres.query(
        f"select detail from postseal.history where recipient = '{person.address}' and what = '{what}' order by at")


def activity(person, what):
    return person.world.postgres.query(
        f"select coalesce(network, ''), coalesce(detail, '') from postseal.activity where subject = '{person.address}'"
        f" and what = '{what}' order by at")


def plain(world):
    """A connection without TLS, as a file of lines."""
    made = socket.create_connection(("localhost", world.ports["pop_stls"]), timeout=60)
    lines = made.makefile("rb")
    assert lines.readline() == b"+OK Postseal\r\n"
    return made, lines


def private(world):
    """The same within TLS."""
    made = mail_client.trust(world).wrap_socket(socket.create_connection(("localhost", world.ports["pop"]), timeout=60),
                                                server_hostname="localhost")
    lines = made.makefile("rb")
    assert lines.readline() == b"+OK Postseal\r\n"
    return made, lines


# --- reading ---

def test_message_arrives_as_the_portal_has_it(member):
    client = sign_in(member, member.secret)
    assert {"TOP", "UIDL", "PIPELINING", "RESP-CODES", "USER", "SASL"} <= set(client.capa())
    assert client.stat()[0] == 1
    got, reply = message(client, 1)
    parcel = client.uidl(1).split()[2].decode()
    original = member.browser.get(f"/source/{parcel}").body
    assert got == original and BODY in got
    assert client.list(1) == f"+OK 1 {len(original)}".encode() and reply == f"+OK {len(original)} octets".encode()
    assert client.stat() == (1, len(original))
    client.quit()


def test_first_reading_counts_as_opened_and_is_on_record(member):
    send(member, b"Second.\r\n", subject="The second")
    client = wait_for(member, member.secret, 2)
    assert state(member) == "parked"
    client.list(), client.uidl()
    assert state(member) == "parked"
    assert b"Second." in message(client, 2)[0]
    assert state(member) == "opened"
    assert any("127.0.0.0/24" in row[0] and "original" in row[0] for row in events(member)), events(member)


def test_beginning_of_a_message_counts_as_opened_too(member):
    send(member, b"One.\r\nTwo.\r\nThree.\r\n", subject="The second")
    client = wait_for(member, member.secret, 2)
    _, lines, _ = client.top(2, 2)
    assert lines[lines.index(b""):] == [b"", b"One.", b"Two."]
    assert client.top(2, 0)[1][-1] == b""
    assert client.top(2, 999)[1][-1] == b"Three."
    assert state(member) == "opened"


def test_large_message_is_whole(member):
    line = b".dots and words " * 4 + b"\r\n"
    body = line * (5_000_000 // len(line))
    send(member, body, subject="Large")
    client = wait_for(member, member.secret, 2)
    got, reply = message(client, 2)
    assert got.endswith(body) and reply == f"+OK {len(got)} octets".encode()


def test_identifiers_stay(member):
    first = sign_in(member, member.secret).uidl()[1]
    send(member, b"Second.\r\n")
    assert wait_for(member, member.secret, 2).uidl()[1][:1] == first


def test_message_in_a_folder_of_ones_own_is_there(member):
    member.browser.get("/folders")
    member.browser.ask("/folders", urllib.parse.urlencode({"token": member.browser.form()[1]["token"], "action": "create", "name": "Case"}).encode())
    folder = member.world.postgres.query("select f.id from postseal.own_folder f join postseal.account a on a.id = f.account"
                                         f" where a.address = '{member.address}'")[0][0]
    member.world.postgres.query(f"update postseal.parcel_key set filed = '{folder}' where account ="
                                f" (select account from postseal.own_folder where id = '{folder}') returning 1")
    assert sign_in(member, member.secret).stat()[0] == 1


# --- real programs ---

def curl(member, url, *options):
    return subprocess.run(["curl", "-sS", "--cacert", member.world.directory / "keys" / "authority.pem", "-u",
                           f"{member.address}:{member.secret}", url, *options], capture_output=True, timeout=120)


def test_curl_reads_with_tls_and_with_stls(member):
    ports = member.world.ports
    for url, options in ((f"pop3s://localhost:{ports['pop']}/1", []),
                         (f"pop3s://localhost:{ports['pop']}/1", ["--login-options", "AUTH=PLAIN"]),
                         (f"pop3://localhost:{ports['pop_stls']}/1", ["--ssl-reqd"])):
        done = curl(member, url, *options)
        assert done.returncode == 0 and BODY in done.stdout, done.stderr
    assert curl(member, f"pop3://localhost:{ports['pop_stls']}/1").returncode != 0  # without TLS


def test_fetchmail_reads_and_deletes(member, tmp_path):
    send(member, b"For fetchmail.\r\n", subject="The second")
    wait_for(member, member.secret, 2)
    box = tmp_path / "box"
    config = tmp_path / "fetchmailrc"
    config.write_text(f'set no syslog\npoll localhost service {member.world.ports["pop"]} protocol pop3 '
                      f'user "{member.address}" password "{member.secret}" ssl sslcertck '
                      f'sslcertfile "{member.world.directory}/keys/authority.pem" no keep mda "cat >> {box}"\n')
    config.chmod(0o600)
    done = subprocess.run(["fetchmail", "--fetchmailrc", config, "--idfile", tmp_path / "ids", "--pidfile", tmp_path / "pid",
                           "--nodetach"], capture_output=True, timeout=120, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"For fetchmail." in box.read_bytes() and b"..two dots" in box.read_bytes()
    assert sign_in(member, member.secret).stat() == (0, 0)


@pytest.mark.parametrize("port, tls", [("pop", "pops"), ("pop_stls", "pop")])
def test_mutt_reads_its_folder_and_fetches_the_rest(member, tmp_path, port, tls):
    """With TLS from the beginning it reads on the server; with STLS it takes all mail, and deletes it there."""
    send(member, b"For mutt.\r\n", subject="The second")
    wait_for(member, member.secret, 2)
    box, copy = tmp_path / "box", tmp_path / "copy"
    # A clear password before TLS would be refused.
    (tmp_path / "muttrc").write_text(
        f'set folder="{tmp_path}" pop_host="{tls}://localhost:{member.world.ports[port]}" pop_user="{member.address}" pop_pass="{member.secret}" pop_delete=yes\n'
        f'set ssl_starttls=yes ssl_force_tls=yes ssl_ca_certificates_file="{member.world.directory}/keys/authority.pem" ssl_verify_host=yes\n'
        f'set certificate_file="{member.world.directory}/keys/authority.pem" spoolfile="{box}" mbox_type=mbox wait_key=no confirmappend=no\n'
        'set timeout=1 sleep_time=0 move=no copy=no header_cache="" message_cachedir="" quit=yes\n')
    box.write_text("")
    (tmp_path / "muttrc").chmod(0o600)
    folder, keys = {"pops": (f"pops://localhost:{member.world.ports[port]}/", f"<tag-pattern>~A<enter><tag-prefix><copy-message>{copy}<enter>y<quit>"),
                    "pop": (str(box), "<fetch-mail><quit>")}[tls]
    done = at_terminal(["mutt", "-n", "-F", str(tmp_path / "muttrc"), "-e", f"push '{keys}'", "-f", folder], tmp_path)
    got = copy if tls == "pops" else box
    assert got.exists() and b"For mutt." in got.read_bytes() and b"..two dots" in got.read_bytes(), done
    assert sign_in(member, member.secret).stat()[0] == (2 if tls == "pops" else 0)


def at_terminal(command, home):
    """What a program writes to the terminal that it insists on, until it ends."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, {"HOME": str(home), "PATH": "/usr/bin:/bin", "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    written, until = b"", time.monotonic() + 30
    try:
        while time.monotonic() < until:
            if select.select([terminal], [], [], 1)[0]:
                try:
                    written += os.read(terminal, 65536)
                except OSError:  # it has ended
                    return written
        raise AssertionError(f"it did not end: {written[-2000:]}")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


# --- deleting ---

def test_only_quit_deletes(member):
    client = sign_in(member, member.secret)
    client.dele(1)
    with pytest.raises(poplib.error_proto):
        client.retr(1)
    assert client.stat() == (0, 0)
    client.rset()
    assert client.stat()[0] == 1
    client.dele(1)
    client.close()  # the connection breaks
    client = sign_in(member, member.secret)
    client.dele(1)
    client.quit()
    assert sign_in(member, member.secret).stat() == (0, 0)
    assert member.browser.get("/inbox").text.count("/message/") == 0
    assert len(events(member, "deleted")) == 1


def test_message_that_expired_meanwhile_is_gone(member):
    client = sign_in(member, member.secret)
    member.world.postgres.query("update postseal.parcel_key k set expires_at = now() from postseal.account a"
                                f" where a.id = k.account and a.address = '{member.address}' returning 1")
    with pytest.raises(poplib.error_proto, match="gone"):
        client.retr(1)


# --- who may read ---

def test_only_a_password_for_mail_programs_signs_in(member):
    for wrong in (PASSWORD, member.secret[:-1] + ("0" if member.secret[-1] != "0" else "1"), "x", "-" * 23, "é" * 20):
        assert "[AUTH]" in refusal(member, wrong), wrong
    assert refusal(member, member.secret.lower().replace("-", " ")) is None
    member.world.postgres.query("delete from postseal.throttle")
    assert len(activity(member, "wrong application password")) == 5
    assert "application password is wrong: network=127.0.0.0/24" in member.world.log("postseal-pop")


def test_password_of_one_account_opens_no_other(member, post, name):
    other = Person(member.world, post, f"{name}.other@pickup.example")
    send(other, b"For the other.\r\n")
    other.unlock()
    other.enrol()
    secret = application_password(other)
    assert "[AUTH]" in refusal(other, member.secret) and "[AUTH]" in refusal(member, secret)
    client = sign_in(other, secret)
    assert client.stat()[0] == 1 and b"For the other." in message(client, 1)[0]
    for number in ("0", "2", "-1", "1 or 1", "99999999999999999999", member.world.postgres.query(
            f"select k.id from postseal.parcel_key k join postseal.account a on a.id = k.account where a.address = '{member.address}'")[0][0]):
        with pytest.raises(poplib.error_proto):
            client.retr(number)


def test_passwords_are_not_tried_for_long(member):
    for _ in range(4):
        client = connect(member.world)
        with pytest.raises(poplib.error_proto):
            for _ in range(4):
                client.user(member.address)
                try:
                    client.pass_("wrong")
                except poplib.error_proto as error:
                    if "LOGIN-DELAY" in str(error):
                        raise
    assert "[LOGIN-DELAY]" in refusal(member, member.secret)
    assert member.world.postgres.query("select what, detail, count(*) from postseal.activity where subject = '" + member.address
                                       + "' and what = 'too many attempts' group by 1, 2") == [
        ["too many attempts", "limit: application client", "1"]]
    member.world.postgres.query("delete from postseal.throttle")
    assert refusal(member, member.secret) is None


def test_tries_for_one_address_lock_out_nobody_elsewhere(member):
    """From another network, somebody who tries passwords would otherwise keep a member's mail program out."""
    for _ in range(4):
        refusal(member, "wrong")
    counted = member.world.postgres.query("select count from postseal.throttle where what = 'application client' and count > 0")
    assert counted == [["4"]]
    assert member.world.postgres.query("select count(*) from postseal.throttle where what = 'password address' and count > 0") == [["0"]]


def test_revoked_password_ends_a_connection_that_is_open(member):
    client = sign_in(member, member.secret)
    assert member.confirm().path == "/settings/security"
    assert "Thunderbird" in member.browser.page.text
    member.browser.send({}, action="/settings/application/remove")
    with pytest.raises(poplib.error_proto, match="revoked"):
        client.retr(1)
    assert "[AUTH]" in refusal(member, member.secret)
    assert [row[1] for row in activity(member, "application password revoked")] == ["Thunderbird"]
    assert any("Thunderbird" in mail.text() for mail in [member.mail("was changed", 2)])


def test_new_password_of_the_account_ends_those_for_mail_programs(member):
    client = sign_in(member, member.secret)
    member.confirm()
    answer = member.browser.send({"password": PASSWORD + "!", "again": PASSWORD + "!"}, action="/settings/password")
    assert "no longer work" in answer.text
    client.dele(1)
    with pytest.raises(poplib.error_proto, match="revoked"):
        client.quit()
    assert "[AUTH]" in refusal(member, member.secret)


def test_account_that_was_reset_is_read_no_more(member):
    client = sign_in(member, member.secret)
    assert "application passwords revoked" in member.world.postseal("account", "reset", member.address)
    with pytest.raises(poplib.error_proto, match="revoked"):
        client.retr(1)
    assert "[AUTH]" in refusal(member, member.secret)


def test_settings_show_last_use(member):
    assert "not used yet" in member.browser.get("/settings").text
    sign_in(member, member.secret).quit()
    shown = member.browser.get("/settings").text
    assert "Thunderbird" in shown and "last used" in shown and "127.0.0.0/24" in shown
    assert [row for row in activity(member, "signed in by mail client")] == [["127.0.0.0/24", "Thunderbird"]]
    sign_in(member, member.secret).quit()
    assert len(activity(member, "signed in by mail client")) == 1


def test_owner_is_told_of_the_first_use_from_a_network(member):
    """Once for each network, with what is needed to revoke the password, and no more than five times a day."""
    sign_in(member, member.secret).quit()
    text = member.mail("New sign-in").text()
    assert "Thunderbird" in text and "127.0.0.0/24" in text and "revoke" in text
    assert text.count("http") == 1 and f"http://localhost:{member.world.ports['portal']}/settings/security" in text
    assert member.secret not in text
    sign_in(member, member.secret).quit()
    refusal(member, "wrong")
    for _ in range(7):
        member.world.postgres.query("delete from postseal.throttle where what = 'application known'")  # as from another network
        sign_in(member, member.secret).quit()
    assert len(activity(member, "signed in by mail client")) == 8
    member.mail("New sign-in", 5)
    sandbox.wait_until(lambda: member.world.postgres.query("select count(*) from postseal.new_client") == [["0"]], "all to be told")
    sandbox.wait_until(member.world.nothing_waits, "the outbox to be empty")
    assert len(member.mails("New sign-in")) == 5


def test_owner_who_is_told_later_is_still_told(member):
    member.world.stop_program("postseal-courier")
    sign_in(member, member.secret).quit()
    assert member.world.postgres.query("select count(*) from postseal.new_client") == [["1"]]
    member.world.start_program("postseal-courier")
    assert "Thunderbird" in member.mail("New sign-in").text()
    assert member.world.postgres.query("select count(*) from postseal.new_client") == [["0"]]


def test_a_stolen_database_does_not_have_the_password(member):
    """Promise 7: the password opens the account's messages."""
    sign_in(member, member.secret).quit()
    stolen = dump(member.world)
    for form in (member.secret, member.secret.replace("-", ""), member.secret.lower()):
        assert form.encode() not in stolen and form.encode().hex().encode() not in stolen


def test_second_factor_that_is_required_is_required_of_the_account(member):
    world = member.world
    path = world.directory / "factor.conf"
    path.write_text(world.config.read_text() + '\nportal factor "required"\n')
    world.stop_program("postseal-pop")
    mail_client.start(world, config=path)
    try:
        assert "second step" in refusal(member, member.secret)
        # It was not a sign-in: that is put on record when there is one.
        assert activity(member, "signed in by mail client") == []
    finally:
        world.stop_program("postseal-pop")
        mail_client.start(world)


def test_who_gives_no_address_is_refused_like_who_gives_a_wrong_one(member):
    """What no address can be went to the database, as it was, and into the record."""
    for user in (b"\xff@x.example", b"\x1b[31m" + b"x" * 400, b"a b", b"@", b"a@b@c", member.secret.encode()):
        made, lines = private(member.world)
        made.sendall(b"USER " + user + b"\r\nPASS x\r\n")
        assert lines.readline().startswith(b"+OK")
        answer = lines.readline()
        assert answer.startswith(b"-ERR [AUTH]"), answer
        made.close()
    assert member.world.postgres.query("select count(*) from postseal.activity where subject !~ '^[^[:space:][:cntrl:]]+@[^@]+$'"
                                       " and what = 'wrong application password'") == [["0"]]
    member.world.postgres.query("delete from postseal.throttle")
    assert sign_in(member, member.secret).stat()[0] == 1


# --- what clients may do ---

def test_nothing_is_taken_before_tls(member):
    made, lines = plain(member.world)
    made.sendall(b"CAPA\r\n")
    told = [lines.readline().strip() for _ in range(9)]
    assert told[-1] == b"." and b"STLS" in told and b"USER" not in told and b"SASL PLAIN" not in told
    for line in (f"USER {member.address}", "PASS x", "AUTH PLAIN " + base64.b64encode(b"\0a\0b").decode(), "STAT", "RETR 1"):
        made.sendall(line.encode() + b"\r\n")
        assert lines.readline().startswith(b"-ERR")
    made.close()


def test_commands_before_the_handshake_do_not_count_within_tls(member):
    """What somebody on the way puts in front of a client's TLS must not count as the client's."""
    made, lines = plain(member.world)
    made.sendall(b"STLS\r\nNOOP\r\n")
    assert lines.readline() == b"+OK\r\n" and lines.read() == b""


def test_pipelined_commands_are_answered_in_order(member):
    made, lines = private(member.world)
    made.sendall(f"USER {member.address}\r\nPASS {member.secret}\r\nNOOP\r\nSTAT\r\nUIDL 1\r\nDELE 2\r\nXYZZY\r\nQUIT\r\n".encode())
    told = lines.read().split(b"\r\n")
    assert [line[:4].strip() for line in told[:-1]] == [b"+OK", b"+OK", b"+OK", b"+OK", b"+OK", b"-ERR", b"-ERR", b"+OK"]


def test_lines_without_end_and_commands_without_sense_are_not_read_for_ever(member):
    made, lines = private(member.world)
    made.sendall(b"A" * 3000)
    assert b"too long" in lines.readline() and lines.read() == b""
    made, lines = private(member.world)
    made.sendall(b"XYZZY\r\n" * 30)
    told = lines.read().split(b"\r\n")
    assert b"Too many" in told[-2] and len(told) < 25


def test_network_has_only_so_many_strangers(member):
    made = [socket.create_connection(("localhost", member.world.ports["pop_stls"]), timeout=60) for _ in range(25)]
    try:
        heard = [len(one.recv(1)) for one in made]
        assert 15 <= sum(heard) <= 20, heard  # other tests have just closed theirs
    finally:
        for one in made:
            one.close()
    sandbox.wait_until(lambda: greeted(member.world), "a place for another client")


def greeted(world):
    with socket.create_connection(("localhost", world.ports["pop_stls"]), timeout=60) as made:
        return made.recv(1) == b"+"


def test_client_that_breaks_off_does_no_harm(member):
    for _ in range(3):
        made, _ = private(member.world)
        made.sendall(f"USER {member.address}\r\nPASS {member.secret}\r\nRETR 1\r\nDELE 1\r\n".encode())
        made.close()
    assert sign_in(member, member.secret).stat()[0] == 1


# --- the program ---

def test_what_happens_is_counted(member):
    def figures():
        text = urllib.request.urlopen(f"http://127.0.0.1:{member.world.ports['pop_metrics']}/metrics").read().decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("postseal_pop")}

    before = figures()
    client = sign_in(member, member.secret)
    client.retr(1)
    refusal(member, "wrong")
    after = figures()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name] and "clients" not in name} == {
        'postseal_pop_signins_total{outcome="right"}': 1, 'postseal_pop_signins_total{outcome="wrong"}': 1,
        'postseal_pop_messages_total{outcome="sent"}': 1}
    assert after["postseal_pop_clients"] >= 1


def serial(world):
    made, _ = private(world)
    return made.getpeercert()["serialNumber"]


def test_renewed_certificate_counts_after_a_reload(world):
    before = serial(world)
    prepare(world)
    subprocess.run(["kill", "-HUP", str(world.programs["postseal-pop"])], check=True)
    sandbox.wait_until(lambda: serial(world) != before, "the new certificate")


def look(world):
    """What `postseal check` says about it."""
    try:
        text = world.check()
    except sandbox.Trouble as error:
        text = str(error)
    return re.findall(r"^pop +(.*)$", text, re.M)


def test_check_looks_at_certificate_and_program(world):
    key = world.directory / "keys" / "pop.key"
    try:
        assert look(world) == ["good"]
        mail_client.issue(world, "elsewhere.example", days=5)
        said = "\n".join(look(world))
        assert "is not for localhost" in said and "expires in" in said and "WRONG" not in said
        mail_client.issue(world)
        key.chmod(0o600)
        assert re.fullmatch(r"WRONG: checking postseal-pop as its user, nobody: reading pop key, .*Permission denied", look(world)[0])
        key.chmod(0o644)
        world.stop_program("postseal-pop")
        assert look(world)[0].startswith("WRONG: connecting to postseal-pop at 127.0.0.1:")
    finally:
        mail_client.issue(world)
        if "postseal-pop" not in world.programs:
            mail_client.start(world)


def test_old_versions_of_tls_are_refused(world):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which warns of what is tried here
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(socket.create_connection(("localhost", world.ports["pop"]), timeout=60))


def test_program_says_why_it_does_not_start(world, tmp_path):
    def said(more):
        path = tmp_path / "postseal.conf"
        text = "\n".join(line for line in world.config.read_text().splitlines() if not line.startswith("pop "))
        path.write_text(text + "\n" + more)
        done = subprocess.run([world.bin / "postseal-pop", "-f", path], capture_output=True, timeout=60)
        return done.returncode, done.stderr.decode()

    keys = world.directory / "keys"
    status, text = said("")
    assert status == 78 and "nothing to do" in text
    status, text = said('pop listen "127.0.0.1:0" certificate "/nowhere/pop.pem" key "/nowhere/pop.key"\n')
    assert status == 1 and "/nowhere/pop.pem: No such file" in text
    status, text = said(f'pop listen "127.0.0.1:0" certificate "{keys}/pop.pem" key "{keys}/outside.key"\n')
    assert status == 1 and "outside.key" in text
    assert pathlib.Path(keys / "pop.pem").exists()


def test_program_ends_with_clients_connected(member):
    world = member.world
    client = sign_in(member, member.secret)
    stranger, _ = private(world)
    world.stop_program("postseal-pop", signal.SIGTERM)
    mail_client.start(world)
    with pytest.raises((poplib.error_proto, OSError, EOFError)):
        client.noop()
    stranger.close()
