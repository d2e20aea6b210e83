"""The speed benchmark measures what it claims to. Other milters once left our marks in the mail,
and Postfix held all of it."""
import pathlib
import re
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]
RATES = ("collect", "gpg", "plain", "pgp", "pickup")


def test_every_rate_is_of_mail_that_was_delivered():
    done = subprocess.run(["/usr/bin/python3", SOURCE / "tests" / "bench" / "speed.py", "--rounds", "1", "40",
                           *RATES], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    for what in RATES:
        assert re.search(rf"^{what} +[1-9]\d* +[1-9]\d* ", done.stdout, re.M), done.stdout
    assert len(re.findall(r" / .*: \d+\.\d\d \(to reach: ", done.stdout)) == 4
