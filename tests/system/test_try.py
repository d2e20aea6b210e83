"""What contrib/try shows somebody who sees Postseal for the first time."""
import os
import re

import readme
import show
from conftest import BUILD, SOURCE


def test_what_readme_tries_is_there():
    """contrib/try ends with what the next test runs; contrib/check is what runs the tests."""
    blocks = readme.blocks("Try it")
    assert blocks == [["contrib/try"], ["contrib/check"]]
    assert all(os.access(SOURCE / line, os.X_OK) for block in blocks for line in block)
    assert "exec /usr/bin/python3 contrib/sandbox/show.py start\n" in (SOURCE / "contrib/try").read_text()


def test_every_step_that_is_shown_went_well(capsys):
    world = show.start(BUILD / "tests" / "world" / "test_try", BUILD)
    try:
        said = capsys.readouterr().out
        assert not re.search(r": NO$", said, re.M) and len(re.findall(r": yes$", said, re.M)) == 9, said
        assert re.search(r"Postseal found it at https://openpgpkey\.auto\.example/\S+\?l=wanda$", said, re.M)
        assert [re.search(r"found by (\w+)", line)[1] for line in said.splitlines() if "the log says: " in line] == [
            "wkd", "ldap", "mail"], said
        assert re.search(r'smime=pass body\.smime-identifier="hana@auto\.example"$', said, re.M)
    finally:
        world.stop()
