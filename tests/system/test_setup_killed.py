"""`postseal setup` is killed at each step, and completed by the next run. Of these steps, contrib/check tries every few, and
all of them with --long (POSTSEAL_THOROUGH)."""
import os
import pathlib

import pytest

import world as sandbox

from installing import ANSWERS, install, machine, made, set_up, state, the_machine, whole  # noqa: F401


def killed_until_done(machine, call, step):
    """Each run dies at such a call, so that it gets further than the run before. If it does not
    die, since there is less and less to do, the next one may get further. Returns how often it
    died."""
    when, said = step, None
    for count in range(90):
        done = machine.run("postseal", "setup", *ANSWERS, "--yes", under=[
            "strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}"])
        if done.returncode in (0, 1):
            return count
        assert done.returncode == -9, (done.returncode, done.stderr)
        if done.stdout == said:
            when += step
        said = done.stdout
    raise AssertionError(f"setup never came to its end, killed at each {call}")


EVERY_STEP = "POSTSEAL_THOROUGH" in os.environ


@pytest.mark.parametrize("call,step,least", [
    ("write", 4, 8), ("renameat2", 2, 8), ("mkdir", 2, 5), ("clone", 2, 5), ("sendto", 40, 2)] if EVERY_STEP else [
    ("write", 12, 2), ("renameat2", 6, 2), ("mkdir", 5, 2), ("clone", 5, 2), ("sendto", 60, 1)])
def test_setup_that_is_killed_at_each_step_is_completed_by_the_next(machine, whole, call, step, least):
    assert killed_until_done(machine, call, step) >= least
    done = set_up(machine, *ANSWERS, "--yes")
    assert made(done) == [], done.stdout
    assert state(machine) == whole


SHIM = """#!/bin/sh
# {name}(1); its caller dies before the change of /etc/postfix whose turn it is.
case " $* " in *" /etc/postfix/"*)
	count=$(($(cat {count}) + 1))
	echo $count >{count}
	[ $count -ne {turn} ] || {{ kill -9 $PPID; exit 1; }} ;;
esac
exec /bin/{name} "$@"
"""
CHANGERS = ("mv", "cp", "rm")


def main_cf():
    return set(pathlib.Path("/etc/postfix/main.cf").read_text().splitlines())


def test_wiring_that_is_killed_at_each_change_is_completed_by_the_next(machine, tmp_path):
    install(machine)
    whole = state(machine)[0]
    wired = main_cf()
    machine.run("wire", "undo")
    unwired = main_cf()
    machine.run("/usr/sbin/postfix", "reload")  # it listens at the second pass's port until then
    sandbox.wait_until(lambda: not sandbox.port_answers(10025), "the port of the second pass to be free")
    count = tmp_path / "count"
    try:
        for turn in range(1, 20, 1 if EVERY_STEP else 3):
            count.write_text("0")
            for name in CHANGERS:
                shim = machine.bin / name
                shim.write_text(SHIM.format(name=name, count=count, turn=turn))
                shim.chmod(0o755)
            done = set_up(machine, "--yes")
            assert main_cf() in (wired, unwired)
            if int(count.read_text()) < turn:
                break
            assert "running " in done.stderr, done.stdout + done.stderr
        assert turn > 3
    finally:
        for name in CHANGERS:
            (machine.bin / name).unlink(missing_ok=True)
    assert set_up(machine, "--yes").returncode == 0
    assert state(machine)[0] == whole
