"""Components fail one by one: each time the mail waits, and then leaves as the policy says."""
import concurrent.futures
import os
import pathlib
import re
import signal
import smtplib
import subprocess

import pytest

import people
import world as sandbox

# gpg is a script made by the test, which does what the file next to it says.
SETTINGS = 'gpg program "/tmp/postseal-test-gpg/gpg"\ngpg timeout 2 seconds\n'
GPG = """#!/bin/sh
case $(cat /tmp/postseal-test-gpg/does) in
hang) exec sleep 1000 ;;
die) kill -9 $$ ;;
fail) exit 2 ;;
*) exec /usr/bin/gpg "$@" ;;
esac
"""


@pytest.fixture(scope="module", autouse=True)
def gpg_script():
    directory = pathlib.Path("/tmp/postseal-test-gpg")
    directory.mkdir(exist_ok=True)
    (directory / "gpg").write_text(GPG)
    (directory / "gpg").chmod(0o755)
    (directory / "does").write_text("work")
    yield directory
    for name in ("gpg", "does"):
        (directory / name).unlink(missing_ok=True)
    directory.rmdir()


def refused_for_now(post, to, message=None):
    code, text = post.send(message or post.compose(to), to)
    assert code in (451, 452), text
    assert "cannot be secured at the moment" in text
    return text


def running(*words):
    return subprocess.run(["pgrep", *words], capture_output=True).stdout.split()


def runners(world):
    """The milter's processes that run gpg."""
    return running("-P", str(world.programs["postseal-milter"]), "postseal-gpg")


def test_gpg_hangs_fails_dies_or_is_missing(world, post, gpg_script, name):
    """It is killed when the limit is reached, the message waits, and no copy of it is left anywhere."""
    to = f"{name}@pgp.example"
    gpg = people.make_pgp(world, to)
    message = post.compose([to])
    for does in ("hang", "fail", "die"):
        (gpg_script / "does").write_text(does)
        refused_for_now(post, [to], message)
    (gpg_script / "gpg").rename(gpg_script / "away")
    refused_for_now(post, [to], message)
    (gpg_script / "away").rename(gpg_script / "gpg")
    assert running("-f", "sleep 1000") == []
    assert post.copies(to) == []
    (gpg_script / "does").write_text("work")
    post.accepted(message, [to])
    assert people.open_pgp(post.box(to).one(), gpg) == people.entity_of(message)
    gpg.end()


def test_database_goes_and_comes_back(world, post, name):
    to = [f"{name}@plain.example", f"{name}@pickup.example"]
    message = post.compose(to)
    world.postgres.stop("immediate")
    refused_for_now(post, to, message)
    assert re.search(r"error: \S+: deferring the message from <anna@example.com>: .*database",
                     world.log("postseal-milter"))
    world.postgres.resume()
    post.accepted(message, to)
    for address in to:
        post.box(address).one()


def test_message_that_grew_beyond_the_mtas_limit_was_refused_when_the_rest_was_out(world, post, name):
    """Promises 1, 3 and 6. cleanup(8) refused the body that was sealed in place, and the sealed copy from the outbox too."""
    to = [f"{name}@smime.example", f"{name}@partner.example", f"{name}@pickup.example"]
    base = people.certify(world, to[0]).with_suffix("")
    message = post.compose(to, b"".join(b"%075d\r\n" % n for n in range(12000)))
    world.company.set(message_size_limit="1000000")
    try:
        assert len(message) < 1000000
        post.accepted(message, to)
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
        assert people.open_smime(post.box(to[0]).one(), base) == people.entity_of(message)
        for address in to[1:]:
            post.box(address).one()
        for address in to[:2]:
            sandbox.wait_until(lambda a=address: post.copies(a)[0]["state"] == "sent", f"the copy for {address} to be sent")
    finally:
        world.company.set(message_size_limit="0")


def test_what_was_accepted_outlives_a_database_that_does_not_wait_for_its_disk(world, post, name):
    """Promise 2. With synchronous_commit = off for everyone, mail that the MTA thought safe was lost with the server."""
    postgres, to = world.postgres, f"{name}@pickup.example"
    settings = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
    for setting, value in settings.items():
        postgres.query(f"alter system set {setting} = '{value}'")
    try:
        postgres.stop()
        postgres.resume()
        world.stop_program("postseal-courier")  # whose commits would bring those before to the disk
        post.accepted(post.compose([to]), [to])
        postgres.kill()
        postgres.resume()
        assert len(post.copies(to)) == 1
    finally:
        for setting in settings:
            postgres.query(f"alter system reset {setting}")
        postgres.query("select pg_reload_conf()")
        world.start_program("postseal-courier")
    post.box(to).one()


def test_connections_that_are_killed_are_made_anew(world, post, name):
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    # The second argument waits until they are gone: one that still existed would take a statement
    # with it.
    world.postgres.query("select pg_terminate_backend(pid, 10000) from pg_stat_activity where pid <> pg_backend_pid()"
                         " and usename like 'postseal%'")
    post.accepted(post.compose([to]), [to])
    post.box(to).wait(2)


def test_server_process_that_stands_still_held_every_message_up(world, post, name):
    """Without a time limit, all that commit together waited for it until the milter was restarted. So they did when libpq
    had no memory for what ends a batch."""
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    processes = [int(pid) for pid, in world.postgres.query(
        "select pid from pg_stat_activity where usename = 'postseal_milter' and query not ilike 'listen%'")]
    assert processes
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        with smtplib.SMTP("127.0.0.1", world.ports["submission"], timeout=120) as smtp, \
                pytest.raises(smtplib.SMTPResponseException) as refused:
            smtp.sendmail(post.sender, [to], post.compose([to]))
        assert refused.value.smtp_code == 451
        sandbox.wait_until(lambda: post.send(post.compose([to]), [to])[0] == 250, "the others to be left alone", 90 * len(processes))
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    post.box(to).wait(2)


def test_disk_of_the_spool_is_full(world, post, name):
    to, spool = f"{name}@plain.example", world.directory / "spool"
    body = b"x" * 70 + b"\r\n"
    among = ["nsenter", "--mount", "--target", world.programs["postseal-milter"]]  # as the milter sees it
    sandbox.command(*among, "mount", "-t", "tmpfs", "-o", "size=512k,mode=1777", "none", spool)
    try:
        refused_for_now(post, [to], post.compose([to], body * 20000))
        post.accepted(post.compose([to], body), [to])  # small ones need no file
    finally:
        sandbox.command(*among, "umount", spool)
    post.accepted(post.compose([to], body * 20000), [to])
    post.box(to).wait(2)


def test_courier_that_is_down_delays_and_loses_nothing(world, post, name):
    to = [f"{name}{n}@pickup.example" for n in range(5)]
    world.stop_program("postseal-courier")
    for address in to:
        post.accepted(post.compose([address]), [address])
    assert world.postseal("outbox", "list").count("waiting for links and codes") == 5
    world.start_program("postseal-courier")
    for address in to:
        post.box(address).one()


def test_limits_say_which(world, post, name):
    to = f"{name}@plain.example"
    original = world.config.read_text()
    world.stop_program("postseal-milter")
    world.config.write_text(original + "limit message 100 kB\nlimit headers 5 kB\nlimit recipients 3\n")
    try:
        # The manual describes settings before rules, but they may be anywhere in the file.
        world.start_program("postseal-milter")
        code, text = post.send(post.compose([to], b"x" * 70 * 2000), [to])
        assert code == 552 and "100000 bytes" in text
        code, text = post.send(post.compose([to], fields=[f"X-Field-{n}: {'x' * 500}" for n in range(20)]), [to])
        assert code == 552 and "limit headers" in text
        many = [f"{name}{n}@plain.example" for n in range(4)]
        code, text = post.send(post.compose(many), many)
        assert code == 552 and "limit recipients" in text
        post.accepted(post.compose([to]), [to])
    finally:
        world.stop_program("postseal-milter")
        world.config.write_text(original)
        world.start_program("postseal-milter")


def test_gpg_that_hangs_ends_though_the_milter_is_killed(world, post, gpg_script, name):
    """The process that runs gpg enforces the limit itself, and none of the milter's processes
    outlives the milter for long."""
    to = f"{name}@pgp.example"
    gpg = people.make_pgp(world, to)
    message = post.compose([to])
    (gpg_script / "does").write_text("hang")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post.send, message, [to])
        sandbox.wait_until(lambda: running("-f", "sleep 1000"), "gpg to be started")
        workers = runners(world)
        world.stop_program("postseal-milter", signal.SIGKILL)
        assert answer.result()[0] == 451
    try:
        assert workers
        sandbox.wait_until(lambda: not running("-f", "sleep 1000"), "gpg to be ended")
        sandbox.wait_until(lambda: not set(workers) & set(running("-r", "S,R,D", "postseal-gpg")),
                           "the processes that run gpg to end")
    finally:
        (gpg_script / "does").write_text("work")
        world.start_program("postseal-milter")
    post.accepted(message, [to])
    assert people.open_pgp(post.box(to).one(), gpg) == people.entity_of(message)
    gpg.end()


def test_what_runs_gpg_stands_still(world, post, gpg_script, name):
    """The message does not wait for ever, and the next one goes through."""
    to = f"{name}@pgp.example"
    gpg = people.make_pgp(world, to)
    post.accepted(post.compose([to]), [to])
    workers = runners(world)
    for pid in workers:
        os.kill(int(pid), signal.SIGSTOP)
    assert workers
    refused_for_now(post, [to])
    assert "gpg: it makes no progress" in world.log("postseal-milter")
    post.accepted(post.compose([to]), [to])
    gpg.end()


def test_keeper_that_is_away_defers_signed_mail_only(world, post, name):
    """Nothing that should be signed leaves unsigned, and mail that needs no signature is not delayed."""
    sender, to = f"{name}@example.com", f"{name}@smime.example"
    own = people.certify(world, sender).with_suffix("")
    both = own.with_suffix(".both")
    both.write_text(own.with_suffix(".pem").read_text() + own.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    base = people.certify(world, to).with_suffix("")
    message = post.compose([to], sender=sender)
    world.stop_program("postseal-keeper")
    try:
        code, text = post.send(message, [to], sender=sender)
        assert code == 451 and "cannot be secured at the moment" in text
        assert re.search(r"asking the keeper of private keys at \S+: (No such file|Connection refused)",
                         world.log("postseal-milter"))
        post.accepted(post.compose([to]), [to])  # another sender, who has no certificate
    finally:
        world.start_program("postseal-keeper")
    post.accepted(message, [to], sender=sender)
    signed = people.open_smime(post.box(to).wait(2)[1], base)
    assert b"smime-type=signed-data" in signed


def test_milter_holds_no_private_key(world, post, name):
    """Neither in its memory nor in gpg's home: the keeper never gives one out."""
    sender, to = f"{name}@example.com", f"{name}@pgp.example"
    our, their = (people.Gpg(world.directory / "keys" / f"{name}{n}", a, "future-default")
                  for n, a in enumerate((sender, to)))
    for number, (gpg, data) in enumerate(((our, our.secret()), (their, their.public()))):
        path = world.directory / "keys" / f"{name}{number}.asc"
        path.write_bytes(data)
        world.postseal("key", "import", path)
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    assert post.copies(to)[0]["signed_by"] == our.fingerprint()
    assert not list((world.run / "gnupg").glob("private-keys-v1.d/*"))
    export = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "gpg", "--homedir",
                             str(world.run / "gnupg"), "--batch", "--pinentry-mode", "loopback", "--passphrase", "",
                             "--export-secret-keys", our.fingerprint()], capture_output=True)
    assert export.stdout == b"" and export.returncode != 0
    assert re.search(rf"prepare with {our.fingerprint()} for process \d+ of user \d+: done", world.log("postseal-keeper"))
    our.end()
    their.end()


def large_is_refused(world, post, to, large, descriptors):
    """With one other session open, and a milter that may have at most that many of them."""
    world.stop_program("postseal-milter")
    world.start_program("postseal-milter", descriptors=descriptors)
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as first:
        first.ehlo()
        if first.mail(post.sender)[0] != 250 or first.rcpt(to)[0] != 250:
            return True
        try:
            return post.send(large, [to])[0] in (451, 452)
        except AssertionError:
            return True  # at MAIL: there was no descriptor for the connection either


def test_descriptors_run_out(world, post, name):
    """Large messages need a file each: a message that gets none is deferred, and the milter keeps running."""
    to = f"{name}@plain.example"
    small, large = post.compose([to]), post.compose([to], (b"x" * 70 + b"\r\n") * 20000)
    post.accepted(small, [to])
    used = len(list(pathlib.Path(f"/proc/{world.programs['postseal-milter']}/fd").iterdir()))
    try:
        # What was just in use may have been some more than a start needs.
        assert any(large_is_refused(world, post, to, large, used + spare) for spare in range(2, -6, -1))
        sandbox.wait_until(lambda: post.send(small, [to])[0] == 250, "the milter to go on")
        assert sandbox.is_running(world.programs["postseal-milter"])
    finally:
        world.stop_program("postseal-milter")
        world.start_program("postseal-milter")
    post.accepted(large, [to])


def test_parcel_that_cannot_be_opened_keeps_nobody_waiting(world, post, name):
    """Its key was sealed for another courier: the log says so, and other parcels are not held up."""
    bad, good = f"{name}bad@pickup.example", f"{name}good@pickup.example"
    world.stop_program("postseal-courier")
    post.accepted(post.compose([bad]), [bad])
    world.postgres.query("update postseal.parcel_key set boxed = decode(repeat('00', 80), 'hex') where copy ="
                         f" (select id from postseal.copy where recipient = '{bad}')")
    post.accepted(post.compose([good]), [good])
    world.start_program("postseal-courier")
    post.box(good).one()
    assert "sealed to another courier key; a link that was to be replaced works again, and anything else is tried again" in world.log("postseal-courier")
    assert post.box(bad).files() == []
