"""What one message of 25 MB by S/MIME costs the milter, compared with `openssl cms -encrypt` of the
same file.

The certificate announces no preferences, so both use AES-256-CBC. Measured is the CPU time of all
the milter's work on the message (receiving, deciding, sealing, recording, replacing) and of the
command, with and without -stream; five rounds, medians. Run as root: /usr/bin/python3
tests/bench/large.py
"""
import os
import statistics
import sys

import memory  # first: it knows where the sandbox is
import costs
import people
from world import World, command

ROUNDS, TO = 5, "large@smime.example"


def milter(world, body, number):
    pid = world.programs["postseal-milter"]
    failures = []
    before = sum(costs.alone(pid))
    memory.send(world, [TO], body, number, failures)
    after = sum(costs.alone(pid))
    world.company.forget_queue()
    if failures:
        raise SystemExit(f"the message was refused: {failures[0]}")
    return after - before


def openssl(world, certificate, file, *options):
    before = os.times()
    command("openssl", "cms", "-encrypt", "-aes-256-cbc", *options, "-in", file, "-out", f"{file}.p7m", certificate)
    after = os.times()
    return 1000 * (after.children_user + after.children_system - before.children_user - before.children_system)


def main():
    body = memory.large_body()
    world = World(memory.BUILD / "tests" / "world" / "large", memory.BUILD)
    times = {"milter": [], "openssl cms -encrypt": [], "openssl cms -encrypt -stream": []}
    try:
        world.start(settings="limit message 100 MB\n")
        world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
        certificate = people.certify(world, TO)
        file = world.directory / "large.eml"
        file.write_bytes(b"Content-Type: text/plain\r\n\r\n" + body)
        for number in range(ROUNDS):
            times["milter"].append(milter(world, body, number))
            times["openssl cms -encrypt"].append(openssl(world, certificate, file))
            times["openssl cms -encrypt -stream"].append(openssl(world, certificate, file, "-stream"))
    finally:
        world.stop()
    median = {what: statistics.median(each) for what, each in times.items()}
    for what, each in median.items():
        print(f"{what:30} {each:6.0f} ms of CPU" + ("" if what == "milter" else
              f"; the milter takes {median['milter'] / each:.2f} of it"))


if __name__ == "__main__":
    sys.exit(main())
