"""The example rules of a hospital and of a bank do what their expectations say."""
import json
import re
import subprocess

import pytest

from conftest import BUILD, SOURCE
from messages import multipart, part

EXAMPLES = SOURCE / "contrib" / "examples"
HOUSES = ["bank", "hospital"]


def test(house, config=None, expectations=None):
    return subprocess.run([BUILD / "bin" / "postseal", "-f", config or EXAMPLES / house / "postseal.conf", "policy", "test", "--json",
                           expectations or EXAMPLES / house / "rules.expect"], capture_output=True, text=True, env={"TZ": "Europe/Zurich", "PATH": "/usr/bin:/bin"})


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
    rows = json.loads(test(house).stdout)
    deciding = {found for row in rows for found in re.findall(r'by "(.*?)"', row["found"])}
    watching = {name for row in rows for name in row["watched"]}
    # Those of 40 MB are in no file.
    assert set(names) - deciding - watching == ({"bulk images"} if house == "hospital" else set())
    assert watching == {name for name in names if name.startswith("trial")}


def test_images_that_are_too_large_are_refused(tmp_path):
    """This rule decided in no message that was tried."""
    for name, count in (("large", 720_000), ("small", 7_000)):
        body = multipart("b", part("Content-Type: text/plain", b"See the image.\r\n"),
                         part("Content-Type: application/dicom\nContent-Disposition: attachment; filename=scan.dcm\n"
                              "Content-Transfer-Encoding: base64", (b"A" * 60 + b"\r\n") * count))
        (tmp_path / f"{name}.eml").write_bytes(b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body)
    (tmp_path / "rules.expect").write_text("""table laboratory { }
from "anna@hospital.example" to "a@x.example" file "large.eml" gives reject by "bulk images"
from "anna@hospital.example" to "a@x.example" file "small.eml" gives smime by "images"
""")
    done = test("hospital", expectations=tmp_path / "rules.expect")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


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
