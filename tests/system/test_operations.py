"""postseal-operations(7): its commands exist, and a backup made with them opens after being restored with them into an
empty cluster."""
import os
import re
import shutil
import subprocess

import world as sandbox
from postgres import Postgres

PAGE = (sandbox.SOURCE / "man" / "postseal-operations.7").read_text()


def blocks(section):
    """The commands in each display of a section."""
    text = PAGE.split(f"\n.Sh {section}\n")[1].split("\n.Sh ")[0]
    return [block.strip() for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.S | re.M)]


def test_commands_of_the_page_are_there(world):
    printed = subprocess.run([world.bin / "postseal", "-h"], capture_output=True, text=True, check=True).stdout
    there = {line.strip().split("  ")[0] for line in printed.splitlines() if line.startswith("  ")}
    said = re.findall(r"^(?:\.Ic |ssh \S+ )?postseal ((?:[a-z]+ ?)+)", PAGE, re.M)
    assert len(said) > 20
    for words in said:
        assert any(words.strip() == command or words.startswith(f"{command} ") or f"{words.strip()}" == command.split()[0]
                   for command in there), words


def run(world, script, url, config, places):
    """Runs a command as root would type it, with the sandbox's paths."""
    for place, here in places.items():
        script = script.replace(place, str(here))
    (world.directory / "bin").mkdir(exist_ok=True)
    wrapper = world.directory / "bin" / "postseal"
    wrapper.write_text(f'#!/bin/sh\nexec {world.bin}/postseal -f {config} "$@"\n')
    wrapper.chmod(0o755)
    sandbox.command("sh", "-e", "-c", script, env={**os.environ, "PATH": f"{wrapper.parent}:{os.environ['PATH']}",
                                                  "PGHOST": str(url), "PGUSER": "root"})


def test_back_up_is_restored_into_an_empty_cluster_by_the_commands_of_the_page(world, post):
    """Promise 2. A rotation in that cluster opens every row that a key file sealed."""
    post.accepted(post.compose(["kept@pickup.example"]), ["kept@pickup.example"])
    sandbox.wait_until(world.nothing_waits, "links and codes", 60)
    back_up, restore = blocks("BACK-UP AND RESTORE")[:2]
    for name in ("backup", "safe", "new"):
        (world.directory / name).mkdir()
    places = {"/backup/": f"{world.directory}/backup/", "/safe/": f"{world.directory}/safe/"}
    run(world, back_up, world.postgres.sockets, world.config, {**places, "/etc/postseal": world.directory})
    empty = Postgres(world.directory / "empty")
    empty.start()
    try:
        empty.run("dropdb", "-h", empty.sockets, "-U", "root", "postseal")
        config = world.directory / "new.conf"
        config.write_text(world.config.read_text().replace(world.postgres.url, empty.url)
                          .replace(f"{world.directory}/secrets", f"{world.directory}/new/secrets"))
        run(world, restore, empty.sockets, config, {**places, "/etc/postseal": world.directory / "new"})
        counted = "select count(*) from postseal.message", "select count(*) from postseal.parcel_key"
        assert [empty.query(sql) for sql in counted] == [world.postgres.query(sql) for sql in counted]
        for name in ("courier", "master"):
            for node, in empty.query("select distinct node from postseal.secret_holder"):
                run(world, f"postseal secrets forget {node}", empty.sockets, config, {})
            run(world, f"postseal secrets rotate {name}", empty.sockets, config, {})
    finally:
        empty.stop("immediate")
        shutil.rmtree(empty.sockets, ignore_errors=True)
