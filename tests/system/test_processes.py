"""How the programs behave as processes: a policy that is reloaded, descriptors that run out, others
on their sockets, keys that must be gone."""
import concurrent.futures
import json
import os
import pwd
import signal
import socket
import subprocess

import acting
import people
import world as sandbox


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
                world.read_rules_again()
            for each in sent:
                each.result()
    finally:
        world.config.write_text(original)
        world.read_rules_again()
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
        world.read_rules_again()
    finally:
        world.config.write_text(original)
        world.read_rules_again()
    world.read_rules_again()  # changes nothing
    added = in_force(world)[len(before):]
    assert len(added) == 2 and added[1] == before[-1] != added[0]
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    assert world.postgres.query(f"select policy from postseal.log where recipient = '{to}'") == [[before[-1]]]


def changes(world):
    """What the newest policy changed, as the auditor sees it."""
    return [tuple(row) for row in world.postgres.query(
        "select change, line, content from postseal.policy_changes where program = 'postseal-milter' and since = "
        "(select max(since) from postseal.policies where program = 'postseal-milter')", "postseal_auditor")]


def newest(world):
    """Who, when and why of the newest policy of the milter."""
    return world.postgres.query(
        "select occasion, file, file_owner, abs(extract(epoch from since - file_changed_at)) < 60, coalesce(declared_by, '-'),"
        " coalesce(declared_because, '-') from postseal.policies where program = 'postseal-milter' order by since desc limit 1",
        "postseal_auditor")[0]


def declare(world, *words):
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "policy", "declare", *words],
                          env=acting.environment("anna"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def shown(world, *words):
    return [(row["change"], row["line"], row["content"]) for row in json.loads(world.postseal("policy", "diff", *words, "--json"))]


def test_nobody_knew_who_changed_the_policy_and_what(world, name):
    """Promise 6: the record said only that there was another version."""
    original = world.config.read_text()
    rule = f'match recipient domain "{name}.example" reject "To {name} we do not write."'
    lines = original.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("match "))
    try:
        world.read_rules_again()
        world.config.write_text("\n".join([*lines[:first], rule, *lines[first:]]) + "\n")
        os.chown(world.config, pwd.getpwnam("daemon").pw_uid, -1)
        declare(world, "--reason", f"Ticket of {name}")
        world.read_rules_again()
        assert changes(world) == [("added", str(first + 1), rule)] == [(c, str(n), t) for c, n, t in shown(world)]
        assert newest(world) == ["reload", str(world.config), "daemon", "t", acting.by_sudo("anna"), f"Ticket of {name}"]
        # The order of the rules counts.
        os.chown(world.config, 0, -1)
        world.config.write_text("\n".join([*lines[:first], lines[first], rule, *lines[first + 1:]]) + "\n")
        world.read_rules_again()
        assert sorted(change for change, _, _ in changes(world)) == ["added", "removed"]
        assert newest(world)[2:] == ["root", "t", "-", "-"], "what nobody declared has nobody's name"
        # A password is in no text and makes no version.
        count = len(in_force(world))
        world.config.write_text(world.config.read_text().replace(world.postgres.url, world.postgres.url + "&password=tok-en"))
        world.read_rules_again()
        assert len(in_force(world)) == count
    finally:
        world.config.write_text(original)
        os.chown(world.config, 0, -1)
        world.read_rules_again()
    # The older one came back, and nothing is said for it by what was declared for another time.
    assert [(change, text) for change, _, text in changes(world)] == [("removed", rule)]
    assert newest(world)[4:] == ["-", "-"]
    declared, = world.postgres.query("select declared_by from postseal.policies where declared_because = "
                                     f"'Ticket of {name}'", "postseal_auditor")
    assert declared == [acting.by_sudo("anna")]
    record = str(world.postgres.query("select policies::text from postseal.policies", "postseal_auditor"))
    assert "tok-en" not in record and world.postgres.url not in record
    listed = json.loads(world.postseal("policy", "versions", "--json"))
    assert f"Ticket of {name}" in [row["declared_because"] for row in listed]
    assert {row["node"] for row in listed if row["program"] == "postseal-milter"} == {"gateway.example.com"}


def test_table_that_changed_made_a_new_version_with_the_same_text(world, name):
    """The digest covers tables and logins, and the record had nothing of them."""
    original = world.config.read_text()
    table, logins = world.directory / f"{name}.table", world.directory / f"{name}.logins"
    table.write_text("a.example # secret-comment\nb.example\n")
    logins.write_text(f"anna anna@{name}.example\n")
    new = f'sign logins "{logins}"\ntable {name} file "{table}"\nmatch recipient in <{name}> reject "No."\n'
    rule = original.index('rule "drawings"')
    try:
        world.config.write_text(original[:rule] + new + original[rule:])
        world.read_rules_again()
        added = [text for change, _, text in changes(world) if change == "added"]
        assert added[:3] == new.splitlines() and set(added[3:]) == {f"anna anna@{name}.example", "a.example", "b.example"}
        before = in_force(world)
        table.write_text("a.example # another\nb.example\n")
        world.read_rules_again()
        assert in_force(world) == before, "a comment is no part of a policy"
        table.write_text("b.example\nc.example\n")
        world.read_rules_again()
        assert set(changes(world)) == {("removed", "1", "a.example"), ("added", "2", "c.example")}
        assert newest(world)[1] == str(table)
        logins.write_text(f"anna anna@{name}.example\nbob anna@{name}.example\n")
        world.read_rules_again()
        assert changes(world) == [("added", "2", f"bob anna@{name}.example")]
        # What is too large to be kept is on record by its size and digest.
        table.write_text("".join(f"n{number}.example\n" for number in range(100000)))
        world.read_rules_again()
        (change, _, text), = changes(world)
        assert change == "changed" and text.startswith("from 2 entries, ") and " to 100000 entries, " in text
    finally:
        world.config.write_text(original)
        world.read_rules_again()
    files = {row[0] for row in world.postgres.query(
        f"select distinct path from postseal.policy_file where content is null and path like '%{name}%'")}
    assert files == {str(table)}
    assert world.postgres.query("select count(*) from postseal.policy_file where content like '%secret-comment%'") == [["0"]]


def test_former_release_had_no_tables_on_record(world, name):
    """Where it is not known what was in them, the record says that instead of nothing."""
    world.postgres.query(f"insert into postseal.policy_version values ('old-{name}', 'otherwise deliver plain')")
    world.postgres.query(f"select postseal.policy_put('old-{name}', 'otherwise deliver plain', '{name}', 'n')", "postseal_milter")
    world.postgres.query("select postseal.policy_put(digest, content, '" + name + "', 'n', 'start', '[{\"path\": \"/p\","
                         " \"kind\": \"configuration\"}]') from postseal.policies order by since limit 1")
    rows = world.postgres.query(f"select change, coalesce(content, '-') from postseal.policy_changes where program = '{name}'", "postseal_auditor")
    assert rows[-1] == ["not on record", "what was in the tables of one of the two, or who might send as whom"]
    assert ["removed", "otherwise deliver plain"] in rows or ["added", "otherwise deliver plain"] not in rows
    world.postgres.query(f"delete from postseal.policy_in_force where program = '{name}';"
                         f"delete from postseal.policy_version where digest = 'old-{name}'")


def test_difference_of_texts_is_the_smallest_one(world):
    def difference(former, latter):
        return [tuple(row) for row in world.postgres.query(
            "select change, line, content from postseal.lines_changed($a$" + former + "$a$, $b$" + latter + "$b$)")]

    assert difference("a\nb\nc", "a\nb\nc") == []
    assert difference("a\nb\nc", "a\nc") == [("removed", "2", "b")]
    assert difference("a\nc", "a\nb\nc") == [("added", "2", "b")]
    assert difference("x\na\nb\nc\ny", "x\nb\nc\na\ny") == [("removed", "2", "a"), ("added", "4", "a")]
    assert difference("", "a") == [("added", "1", "a")]
    long = [f"line {number}" for number in range(3000)]
    assert len(difference("\n".join(long), "\n".join(["new", *long[:1500], "other", *long[1500:-1], "end"]))) > 3
    assert difference("\n".join(long), "\n".join([*long[:1500], "other", *long[1500:]])) == [("added", "1501", "other")]


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
        world.read_rules_again()
