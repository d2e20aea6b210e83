"""gpg, when the portal runs it for an uploaded key: it must not keep anybody waiting for ever."""
import pathlib
import subprocess
import time

import people
import pytest
import world as sandbox
from person import PORTAL_RULES as RULES, Person, send  # noqa: F401

DIRECTORY = pathlib.Path("/tmp/postseal-test-portal-gpg")
SETTINGS = f'gpg program "{DIRECTORY}/gpg"\ngpg timeout 4 seconds\n'
# It hangs for as long as the file next to it exists.
GPG = f"""#!/bin/sh
case "$*" in
*--import*) while test -e {DIRECTORY}/hangs; do sleep 0.2; done ;;
esac
exec /usr/bin/gpg "$@"
"""


@pytest.fixture(scope="module", autouse=True)
def slow_gpg():
    DIRECTORY.mkdir(exist_ok=True)
    (DIRECTORY / "gpg").write_text(GPG)
    (DIRECTORY / "gpg").chmod(0o755)
    yield DIRECTORY / "hangs"
    for path in DIRECTORY.iterdir():
        path.unlink()
    DIRECTORY.rmdir()


@pytest.fixture
def member(world, post, name):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@auto.example")
    send(person)
    person.unlock()
    person.enrol()
    return person


def upload(person, data):
    person.confirm()
    person.browser.get("/settings/security")
    return person.browser.send({}, action="/settings/key", files=[("key", "key.asc", "application/pgp-keys", data)])


def at_work():
    return subprocess.run(["pgrep", "-f", f"postseal-keyreader|{DIRECTORY}/gpg"], capture_output=True).stdout.split()


def left():
    return list(pathlib.Path("/tmp").glob("postseal-upload.*"))


def test_gpg_that_hangs_is_ended_and_the_visitor_is_told(member, slow_gpg, tmp_path):
    gpg = people.Gpg(tmp_path / "gpg", member.address)
    key = gpg.run("--armor", "--export", member.address)
    before = left()
    slow_gpg.touch()
    begun = time.monotonic()
    answer = upload(member, key)
    seconds = time.monotonic() - begun
    assert answer.status == 400 and "Reading this file took too long." in answer.text
    assert 3.5 < seconds < 15
    # Nothing of it keeps running or is left behind; and once gpg works again, the key is accepted.
    sandbox.wait_until(lambda: not at_work(), "the end of gpg")
    assert left() == before
    slow_gpg.unlink()
    answer = upload(member, key)
    assert answer.status == 200 and answer.path == "/settings", answer.text
    assert gpg.run("--list-keys", "--with-colons").decode().split("fpr:::::::::")[1][:16] in member.world.postseal(
        "key", "find", member.address)
    gpg.end()


def test_file_that_is_no_key_and_certificate_of_somebody_else(world, member, name):
    """The text shown comes from the process that read the file."""
    assert "contains neither a certificate nor an OpenPGP public key" in upload(member, b"no key").text
    other = world.authority.issue_mail(f"{name}other", "other@auto.example")
    assert "does not contain your email address" in upload(member, other.read_bytes()).text
    sandbox.wait_until(lambda: not at_work(), "the end of those that read")
