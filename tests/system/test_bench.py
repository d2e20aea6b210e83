"""The speed benchmark measures what it claims to. Other milters once left our marks in the mail,
and Postfix held all of it."""
import pathlib
import re
import subprocess

import pytest

from conftest import BUILD

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text().partition("POSTSEAL_SANITIZE:")[2].partition("\n")[0]
RATES = ("collect", "gpg", "plain", "pgp", "pickup")


def test_every_rate_is_of_mail_that_was_delivered():
    done = subprocess.run(["/usr/bin/python3", SOURCE / "tests" / "bench" / "speed.py", "--rounds", "1", "40",
                           *RATES], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    for what in RATES:
        assert re.search(rf"^{what} +[1-9]\d* +[1-9]\d* ", done.stdout, re.M), done.stdout
    assert len(re.findall(r" / .*: \d+\.\d\d \(to reach: ", done.stdout)) == 4


@pytest.mark.skipif(SANITIZED, reason="slower by an order of magnitude")
def test_decision_among_ten_thousand_rules_stays_below_a_millisecond():
    """In the best of three runs, as the machine runs other tests as well. It is the time of the processor."""
    said = []
    while len(said) < 3 and not any("within the bar" in text for text in said):
        said.append(subprocess.run([BUILD / "tests" / "bench_decide"], capture_output=True, text=True, timeout=200).stdout)
    assert "among 10000 rules" in said[-1] and "within the bar" in said[-1], said
