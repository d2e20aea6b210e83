"""The machine's clock steps while mail flows: nothing is lost, nothing goes out twice or in plain,
and what depends on the time follows it."""
import pathlib

import pytest

import people
import world as sandbox

LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
PROGRAMS = ("postseal-keeper", "postseal-milter", "postseal-courier")


@pytest.fixture
def step(world):
    """Steps the clock that the programs see: the content of the file `clock`, which is reread each time."""
    clock = world.directory / "clock"
    clock.write_text("+0\n")
    environment = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
                   "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    for name in PROGRAMS:
        world.stop_program(name)
        world.start_program(name, environment=environment)
    yield lambda offset: clock.write_text(offset + "\n")
    for name in PROGRAMS:
        world.stop_program(name)
        world.start_program(name)


def test_clock_that_steps_forward_and_back(world, post, step, name):
    smime, plain, pickup = f"{name}@smime.example", f"{name}@plain.example", f"{name}@pickup.example"
    people.certify(world, smime)  # valid from now on
    for count, offset in enumerate(("+0", "+7h", "+1h", "+0"), 1):
        step(offset)
        post.accepted(post.compose([smime, plain, pickup], b"Step %d.\r\n" % count), [smime, plain, pickup])
        for address in (smime, plain, pickup):  # the notice of the pickup
            post.box(address).wait(count)
        sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    sandbox.wait_until(lambda: [copy["state"] for to in (smime, plain, pickup) for copy in post.copies(to)]
                       == ["sent"] * 8 + ["parked"] * 4, "all to be sent or parked")
    for address in (smime, plain, pickup):
        assert len(post.box(address).wait(4)) == 4
    assert all(mail.parsed.get_content_type() == "application/pkcs7-mime" for mail in post.box(smime).wait(4))


def test_certificate_is_not_valid_before_its_time(world, post, step, name):
    """It was still considered unusable after its time had come, until something else changed in the key store."""
    smime = f"{name}@smime.example"
    people.certify(world, smime)
    step("-1h")
    code, text = post.send(post.compose([smime]), [smime])
    assert code == 550 and "not valid before" in text
    step("+0")
    post.accepted(post.compose([smime]), [smime])
    assert post.box(smime).one().parsed.get_content_type() == "application/pkcs7-mime"
