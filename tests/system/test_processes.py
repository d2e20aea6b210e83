"""How the programs behave as processes: a policy that is reloaded, descriptors that run out, others
on their sockets, keys that must be gone."""
import concurrent.futures
import os
import signal
import socket

import people
import world as sandbox


def reload(world):
    seen = world.log("postseal-milter").count("reloaded:")
    os.kill(world.programs["postseal-milter"], signal.SIGHUP)
    sandbox.wait_until(lambda: world.log("postseal-milter").count("reloaded:") > seen, "the policy to be read again")


def test_database_is_found_again_after_the_policy_was_read_again(world, post, name):
    """The database's address belonged to the first policy, and was used after that was freed.
    Promise 2: mail came to a stop until the milter was restarted."""
    original = world.config.read_text()
    to = f"{name}@plain.example"

    def send(number):
        post.accepted(post.compose([to], subject=f"mail {number}"), [to])

    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            sent = [pool.submit(send, number) for number in range(60)]
            for number in range(12):
                world.config.write_text(original + f"# another file, {number}: " + "x" * 200 * number + "\n")
                reload(world)
            for each in sent:
                each.result()
    finally:
        world.config.write_text(original)
        reload(world)
    # The server closes existing connections: new ones need the address.
    world.postgres.query("select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid()"
                         " and backend_type = 'client backend'")
    sandbox.wait_until(lambda: post.send(post.compose([to], subject="afterwards"), [to])[0] == 250,
                       "mail to be accepted again", 20)
    assert len(post.box(to).wait(61)) == 61


def our_key(world, name, sender):
    base = people.certify(world, sender).with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)


def test_keeper_outlives_more_connections_than_it_has_descriptors_for(world, post, name):
    """It exited, with status 0, at the first connection that it could not accept."""
    sender, to = f"{name}@example.com", f"{name}@smime.example"
    our_key(world, name, sender)
    base = people.certify(world, to).with_suffix("")
    world.stop_program("postseal-keeper")
    keeper = world.start_program("postseal-keeper", descriptors=64)
    silent = []
    try:
        for _ in range(120):
            one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            one.setblocking(False)
            silent.append(one)
            try:
                one.connect(f"{world.run}/keeper.sock")
            except BlockingIOError:
                break  # the socket's queue is full
        message = post.compose([to], sender=sender)
        # They say nothing, and after some seconds it is someone else's turn.
        sandbox.wait_until(lambda: post.send(message, [to], sender=sender)[0] == 250, "a signature", 60)
        assert b"smime-type=signed-data" in people.open_smime(post.box(to).one(), base)
        assert keeper.poll() is None
    finally:
        for one in silent:
            one.close()
        world.stop_program("postseal-keeper")
        world.start_program("postseal-keeper")


def agent_files(world):
    return list((world.run / "keeper-gnupg" / "private-keys-v1.d").glob("*"))


def test_deleted_private_key_is_not_left_with_the_agent(world, post, name):
    """Promise 7: gpg-agent stores what it is given as files, not wrapped, even after `key delete`."""
    sender, to = f"{name}@example.com", f"{name}@pgp.example"
    our, their = (people.Gpg(world.directory / "keys" / f"{name}{n}", a, "future-default")
                  for n, a in enumerate((sender, to)))
    for number, data in enumerate((our.secret(), their.public())):
        path = world.directory / "keys" / f"{name}{number}.asc"
        path.write_bytes(data)
        world.postseal("key", "import", path)
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    assert post.copies(to)[0]["signed_by"] == our.fingerprint()
    assert agent_files(world)
    world.postseal("key", "delete", our.fingerprint())
    sandbox.wait_until(lambda: not agent_files(world), "the private key to be gone")
    assert f"the private key {our.fingerprint().lower()} was deleted" in world.log("postseal-keeper").lower()
    # And nothing is left when the keeper ends or, if it was killed, when it starts.
    world.postseal("key", "import", world.directory / "keys" / f"{name}0.asc")
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    assert agent_files(world)
    world.stop_program("postseal-keeper", signal.SIGKILL)
    assert agent_files(world)
    world.start_program("postseal-keeper")
    assert not agent_files(world)
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    world.stop_program("postseal-keeper")
    assert not list((world.run / "keeper-gnupg").glob("*"))
    world.start_program("postseal-keeper")
    our.end()
    their.end()


def test_other_protocols_on_the_milters_socket_are_told_in_the_log(world, post, name):
    sentence = "ended before it spoke the milter protocol"
    for said in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"EHLO mail.example\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
        seen = world.log("postseal-milter").count(sentence)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(world.milter_socket))
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            sandbox.wait_until(lambda: world.log("postseal-milter").count(sentence) > seen, "a line in the log")
    post.accepted(post.compose([f"{name}@plain.example"]), [f"{name}@plain.example"])


def test_milter_outlives_a_shortage_of_descriptors(world, post, name):
    """libmilter retries for a while, and so does the MTA."""
    to = f"{name}@plain.example"
    world.stop_program("postseal-milter")
    milter = world.start_program("postseal-milter", descriptors=40)
    idle = []
    try:
        for _ in range(60):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(2)
            client.connect(str(world.milter_socket))
            idle.append(client)
        for client in idle:
            client.close()
        sandbox.wait_until(lambda: accepts(post, to), "mail to be accepted again", 60)
        assert milter.poll() is None
    finally:
        for client in idle:
            client.close()
        world.stop_program("postseal-milter")
        world.start_program("postseal-milter")


def accepts(post, to):
    try:
        return post.send(post.compose([to]), [to])[0] == 250
    except AssertionError:
        return False  # at MAIL already


def in_force(world):
    return [row[0] for row in world.postgres.query(
        "select digest from postseal.policy_in_force where program = 'postseal-milter' order by id")]


def test_policy_that_comes_back_is_on_record_again(world, post, name):
    """Promise 6: going back to an older policy left no row, so nobody could tell which one was in force when."""
    original = world.config.read_text()
    before = in_force(world)
    try:
        world.config.write_text(original.replace('subject tag "[secure]"', f'subject tag "[{name}]"'))
        reload(world)
    finally:
        world.config.write_text(original)
        reload(world)
    reload(world)  # changes nothing
    added = in_force(world)[len(before):]
    assert len(added) == 2 and added[1] == before[-1] != added[0]
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    assert world.postgres.query(f"select policy from postseal.log where recipient = '{to}'") == [[before[-1]]]


def test_secrets_of_earlier_releases_are_masked_by_the_migration(world):
    """They contained the whole file, which the auditor can read, with the database's password and
    the SMS hook's token."""
    kept = """organisation "Example Corp"
# database "postgresql://postseal:old-password@db/postseal"
database "postgresql://postseal:pass\\"word@db/postseal" connections 10
sms
  "https://sms.example/send?token=tok-en"
table patients database "select 1 from patient where email = $1"
otherwise deliver plain
"""
    world.postgres.query(f"insert into postseal.policy_version values ('as-of-old', $kept${kept}$kept$)")
    migration = (sandbox.SOURCE / "audit/sql/015_policy_in_force.sql").read_text()
    world.postgres.query(migration[migration.index("update postseal.policy_version"):])
    masked, = world.postgres.query("select content from postseal.policy_version where digest = 'as-of-old'")[0]
    world.postgres.query("delete from postseal.policy_version where digest = 'as-of-old'")
    assert 'database "***" connections 10' in masked and '"***"\ntable patients database "select 1' in masked
    for secret in ("word", "tok-en"):
        assert secret not in masked
    assert len(masked.splitlines()) == len(kept.splitlines())


def test_changed_setting_that_needs_a_restart_was_passed_over_in_silence(world):
    """On SIGHUP. Each program names its own; when the last change is undone, nothing is reported."""
    original = world.config.read_text()
    wanted = {"postseal-milter": "database, gpg timeout", "postseal-courier": "database", "postseal-keeper": "database",
              "postseal-portal": "database"}
    try:
        world.config.write_text(original.replace(world.postgres.url, world.postgres.url + "&application_name=x")
                                + "gpg timeout 59 seconds\nlimit passes 4\n")
        for name, settings in wanted.items():
            os.kill(world.programs[name], signal.SIGHUP)
            said = f"these settings have changed and count only after a restart of {name}: {settings}\n"
            sandbox.wait_until(lambda: said in world.log(name), f"{name} to warn")
    finally:
        world.config.write_text(original)
        os.kill(world.programs["postseal-milter"], signal.SIGHUP)
