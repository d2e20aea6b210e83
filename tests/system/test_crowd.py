"""Many large messages at once are sealed with gpg, each of which keeps a core busy: all are
accepted, since waiting for a turn does not count as work; and a message that would wait longer than
the MTA does is deferred with that reason."""
import concurrent.futures
import pathlib
import re

import pytest

import people

# gpg is a script made by the test. As if there were only one core, one script at a time gets the
# seconds given in the file next to it.
SETTINGS = ('gpg program "/tmp/postseal-test-crowd/gpg"\ngpg processes 2\ngpg timeout 6 seconds\ngpg wait 100 seconds\n'
            "limit message 50 MB\n")
GPG = """#!/bin/sh
case "$*" in
*--encrypt*) flock /tmp/postseal-test-crowd sleep $(cat /tmp/postseal-test-crowd/seconds) ;;
esac
exec /usr/bin/gpg "$@"
"""
BODY = (b"x" * 70 + b"\r\n") * 70_000  # 5 MB


@pytest.fixture(scope="module", autouse=True)
def slow_gpg():
    directory = pathlib.Path("/tmp/postseal-test-crowd")
    directory.mkdir(exist_ok=True)
    (directory / "gpg").write_text(GPG)
    (directory / "gpg").chmod(0o755)
    (directory / "seconds").write_text("1")
    yield directory
    for name in ("gpg", "seconds"):
        (directory / name).unlink(missing_ok=True)
    directory.rmdir()


def send_all(post, to, count, body):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: post.send(post.compose([to], body), [to]), range(count)))


def memory(world):
    """The most memory that the milter has used, in bytes."""
    status = pathlib.Path(f"/proc/{world.programs['postseal-milter']}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def test_a_dozen_at_once_are_all_accepted(world, post, name):
    """Each takes a second, so all together take longer than the limit for one."""
    to = f"{name}@pgp.example"
    gpg = people.make_pgp(world, to)
    post.accepted(post.compose([to]), [to])
    before = memory(world)
    replies = send_all(post, to, 12, BODY)
    assert [code for code, _ in replies] == [250] * 12, replies
    assert memory(world) - before < 12 * len(BODY) / 2
    mails = post.box(to).wait(13, 60)
    assert people.open_pgp(mails[-1], gpg).endswith(BODY[-1000:])
    gpg.end()


def test_who_waits_too_long_is_told_why(world, post, name, slow_gpg):
    to = f"{name}@pgp.example"
    gpg = people.make_pgp(world, to)
    original = world.config.read_text()
    world.stop_program("postseal-milter")
    world.config.write_text(original.replace("gpg wait 100 seconds", "gpg wait 1 second").replace("gpg processes 2", "gpg processes 1"))
    (slow_gpg / "seconds").write_text("4")
    try:
        world.start_program("postseal-milter")
        replies = send_all(post, to, 3, b"Hello.\r\n")
        assert sorted(code for code, _ in replies) == [250, 451, 451], replies
        said = [text for code, text in replies if code == 451]
        assert all("4.3.2 Too many messages are waiting to be secured" in text for text in said), said
        assert "all 1 are busy" in world.log("postseal-milter")
        post.box(to).one()
    finally:
        world.stop_program("postseal-milter")
        world.config.write_text(original)
        world.start_program("postseal-milter")
        gpg.end()
