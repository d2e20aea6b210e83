"""What contrib/try shows somebody who sees Postseal for the first time."""
import re

import show
from conftest import BUILD


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
