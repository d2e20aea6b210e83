"""The speed benchmark measures what it claims to. Other milters once left our marks in the mail,
and Postfix held all of it. What the manual has of the other one is what it measures."""
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


MANUAL = (SOURCE / "man" / "postseal-operations.7").read_text().split(".Sh SIZING\n")[1].split("\n.Sh ")[0]


def table(heading):
    """Rows of the table below the heading: {first column: the numbers of the others}."""
    rows = re.search(rf"^\.Ss {heading}\n.*?^(\.It Sy.*?)^\.El", MANUAL, re.M | re.S)[1]
    return {cells[0]: [float(cell) for cell in cells[1:] if cell != "-"] for row in rows.splitlines()[1:]
            if (cells := row.removeprefix(".It ").split(" Ta "))}


def test_sizes_in_the_manual_are_those_that_are_measured():
    """Rows were added to what is parked, and the manual had those of a year ago."""
    done = subprocess.run(["/usr/bin/python3", SOURCE / "tests" / "bench" / "sizing.py", "stored", "rest"],
                          capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    measured = {method: [float(number) for number in numbers] for method, *numbers in re.findall(
        r"^(\w+) +([\d.]+) rows +(\d+) bytes; with 1 MB +(\d+) bytes$", done.stdout, re.M)}
    told = {method.removesuffix(", unread"): numbers for method, numbers in table("The database").items()}
    assert told.keys() == measured.keys()
    for method, numbers in told.items():
        assert all(0.75 < ours / theirs < 1.34 for ours, theirs in zip(numbers, measured[method])), (method, numbers, measured[method])
    for heading, what in (("Memory", "MB"), ("Connections to PostgreSQL", "connections")):
        found = {name: float(number) for name, number in re.findall(r"(\w+) (\d+)", re.search(rf"^at rest, {what}: (.*)$", done.stdout, re.M)[1])}
        told = table(heading)
        assert {name.removeprefix("postseal-") for name in told} == found.keys()
        for name, (at_rest, *_) in told.items():
            one = found[name.removeprefix("postseal-")]
            assert abs(at_rest - one) <= max(3, one / 2), (name, at_rest, one)  # what memory is shared depends on what else runs


@pytest.mark.skipif(SANITIZED, reason="slower by an order of magnitude")
def test_decision_among_ten_thousand_rules_stays_below_a_millisecond():
    """In the best of three runs, as the machine runs other tests as well. It is the time of the processor."""
    said = []
    while len(said) < 3 and not any("within the bar" in text for text in said):
        said.append(subprocess.run([BUILD / "tests" / "bench_decide"], capture_output=True, text=True, timeout=200).stdout)
    assert "among 10000 rules" in said[-1] and "within the bar" in said[-1], said
