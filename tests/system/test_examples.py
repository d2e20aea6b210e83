"""The example rules of a hospital and of a bank do what their expectations say."""
import json
import re
import subprocess

import pytest

from conftest import BUILD, SOURCE

EXAMPLES = SOURCE / "contrib" / "examples"
HOUSES = ["bank", "hospital"]


def test(house, config=None):
    return subprocess.run([BUILD / "bin" / "postseal", "-f", config or EXAMPLES / house / "postseal.conf", "policy", "test", "--json",
                           EXAMPLES / house / "rules.expect"], capture_output=True, text=True, env={"TZ": "Europe/Zurich", "PATH": "/usr/bin:/bin"})


test.__test__ = False


@pytest.fixture(scope="module", params=HOUSES)
def house(request):
    return request.param


def rules_of(text):
    return re.findall(r'^rule "(.*?)"', text, re.M)


def test_expectations_hold(house):
    done = test(house)
    assert done.stderr == ""
    assert [row for row in json.loads(done.stdout) if not row["holds"]] == []
    assert done.returncode == 0


def test_there_are_thirty_rules_and_each_decides_something(house):
    names = rules_of((EXAMPLES / house / "postseal.conf").read_text())
    assert len(names) == 30
    deciding = {found for row in json.loads(test(house).stdout) for found in re.findall(r'by "(.*?)"', row["found"])}
    # What needs a database, an encrypted message or the portal, or is never reached while `opaque` waits.
    elsewhere = {"conversation", "appointments", "portal", "sealed already", "bulk images"}
    assert set(names) - deciding == {name for name in names if name in elsewhere or name.startswith("trial")}


def test_fifty_messages_are_tried():
    assert sum(len(json.loads(test(house).stdout)) for house in HOUSES) >= 50


def test_rule_that_is_taken_away_is_missed(house, tmp_path):
    """An expectation that cannot fail would be none: without a rule that decides in them, some do."""
    text = (EXAMPLES / house / "postseal.conf").read_text()
    names = {name for row in json.loads(test(house).stdout) for name in re.findall(r'by "(.*?)"', row["found"])} - {"rest"}
    for file in (EXAMPLES / house).iterdir():
        if file.is_file() and file.name != "postseal.conf":
            (tmp_path / file.name).write_text(file.read_text())
    for name in names:
        without = re.sub(rf'^rule "{re.escape(name)}".*?(?=^\S|\Z)', "", text, flags=re.M | re.S)
        assert without != text
        (tmp_path / "postseal.conf").write_text(without)
        assert test(house, tmp_path / "postseal.conf").returncode == 1, name
