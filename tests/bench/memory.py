"""How much memory the milter needs for many large messages at once.

50 messages of 25 MB each arrive at once, by each method in turn; the milter's peak resident size
may grow by no more than 256 MB. Run as root: /usr/bin/python3 tests/bench/memory.py
"""
import os
import pathlib
import re
import smtplib
import sys
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "contrib" / "sandbox"))

import people  # noqa: E402
from world import World  # noqa: E402

MESSAGES, SIZE, ALLOWED = 50, 25_000_000, 256
BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", SOURCE / "build"))
METHODS = {"plain": "big@plain.example", "smime": "big@smime.example", "pgp": "big@pgp.example",
           "tls": "big@partner.example", "pickup": "big@pickup.example",
           "split": None}


def resident(pid, name):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", text).group(1)) / 1000


def reset_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def large_body():
    line = b"x" * 70 + b"\r\n"
    return line * (SIZE // len(line))


def send(world, to, body, number, failures):
    head = (f"From: <anna@example.com>\r\nTo: {', '.join(to)}\r\nSubject: large\r\n"
            f"Message-ID: <{time.time()}.{number}@example.com>\r\nContent-Type: text/plain\r\n\r\n").encode()
    try:
        with smtplib.SMTP("127.0.0.1", world.ports["submission"], timeout=600) as smtp:
            smtp.sendmail("anna@example.com", to, head + body)
    except Exception as error:  # the main thread reports what goes wrong in a thread
        failures.append(error)


def measure(world, to, body):
    pid = world.programs["postseal-milter"]
    before = resident(pid, "VmRSS")
    reset_peak(pid)
    failures = []
    threads = [threading.Thread(target=send, args=(world, to, body, n, failures)) for n in range(MESSAGES)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"{len(failures)} of {MESSAGES} messages were refused: {failures[0]}")
    return before, resident(pid, "VmHWM"), time.monotonic() - begin


def main():
    body = large_body()
    world = World(BUILD / "tests" / "world" / "memory", BUILD)
    good = True
    try:
        world.start(settings='limit message 100 MB\n')
        world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
        people.certify(world, METHODS["smime"])
        people.make_pgp(world, METHODS["pgp"]).end()
        world.stop_program("postseal-courier")  # only the milter is measured
        everybody = [METHODS[m] for m in ("smime", "pgp", "pickup")]
        for method in sys.argv[1:] or METHODS:
            before, peak, seconds = measure(world, everybody if method == "split" else [METHODS[method]], body)
            good &= peak - before <= ALLOWED
            print(f"{method:7} {MESSAGES} messages of {SIZE / 1e6:.0f} MB in {seconds:5.1f} s: "
                  f"resident {before:5.1f} MB, peak {peak:6.1f} MB, rise {peak - before:6.1f} MB", flush=True)
            world.company.forget_queue()  # what remains to be delivered does not matter
            world.postgres.query("truncate postseal.outbox, postseal.parcel cascade")
    finally:
        world.stop()
    print("within" if good else "OVER", f"{ALLOWED} MB")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
