"""What a monitor sees: the format, the names, and the alerts and dashboard that go with them."""
import json
import pathlib
import re
import shutil
import subprocess
import urllib.request

import mail_client
import people
import pytest
import submitting
import world as sandbox

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("milter", "courier", "portal", "keeper", "finder", "pop", "submission")
SETTINGS = mail_client.SETTINGS + submitting.SETTINGS
ROW = re.compile(r'METRIC\((\w+),\s+(\w+),\s+"(\w+)",\s+((?:"[^"]*"\s*)+)\)')
METRICS = {name: kind.lower() for _, kind, name, _ in ROW.findall((SOURCE / "core/metrics_table.h").read_text())}
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def scrape(world, program):
    return urllib.request.urlopen(f"http://127.0.0.1:{world.ports[program + '_metrics']}/metrics").read().decode()


def values(text):
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}


def prepare(world):
    mail_client.prepare(world)
    submitting.prepare(world)


@pytest.fixture(scope="module", autouse=True)
def mail_programs(world):
    mail_client.start(world)
    submitting.start(world)


@pytest.fixture(scope="module")
def promtool():
    path = shutil.which("promtool")
    assert path, "promtool comes with the package prometheus"
    return path


@pytest.mark.parametrize("program", PROGRAMS)
def test_promtool_finds_nothing_to_mend(world, promtool, program):
    """Names, types and help as Prometheus requires, checked by another implementation."""
    done = subprocess.run([promtool, "check", "metrics"], input=scrape(world, program), capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr + done.stdout


def test_series_that_never_counted_were_missing(world):
    """An alert on a rate notices the first failure only if the series was there before, at 0."""
    everything = {program: values(scrape(world, program)) for program in PROGRAMS}
    assert everything["milter"]["postseal_deferred_total"] == 0
    for method in ("smime", "pgp", "tls", "pickup", "plain", "none"):
        assert f'postseal_copies_total{{method="{method}",verdict="refused"}}' in everything["milter"]
    assert everything["milter"]['postseal_phase_seconds_count{phase="seal"}'] >= 0
    assert 'postseal_outbox_handled_total{kind="bounce",status="failed"}' in everything["courier"]
    assert everything["portal"]["postseal_portal_connections_cut_total"] == 0
    assert everything["pop"]['postseal_pop_signins_total{outcome="wrong"}'] == 0 and everything["pop"]["postseal_pop_clients"] == 0
    assert everything["submission"]['postseal_submission_messages_total{outcome="refused"}'] == 0
    assert everything["keeper"]['postseal_keeper_uses_total{granted="no"}'] == 0
    assert everything["finder"]['postseal_finder_answers_total{source="wkd",outcome="failed"}'] == 0
    served = {SUFFIX.sub("", name.split("{")[0]) for figures in everything.values() for name in figures}
    unlabelled = set(METRICS) - {"postseal_key_expiry_timestamp_seconds", "postseal_keys", "postseal_mta_log_age_seconds"}
    assert unlabelled <= served


def test_types_are_those_of_the_table(world):
    text = "".join(scrape(world, program) for program in PROGRAMS)
    assert dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M)).items() <= METRICS.items()
    for line in text.splitlines():
        assert line.startswith("#") or SUFFIX.sub("", re.split("[{ ]", line)[0]) in METRICS or re.split("[{ ]", line)[0] in METRICS


def test_keys_and_when_they_expire(world, name):
    path = people.certify(world, f"{name}@smime.example")
    end = sandbox.command("openssl", "x509", "-in", path, "-noout", "-enddate", "-dateopt", "iso_8601").decode().split("=")[1].strip()
    expected, = world.postgres.query(f"select extract(epoch from timestamptz '{end}')::bigint")[0]
    figures = values(scrape(world, "courier"))
    assert sum(figures[f'postseal_keys{{role="recipient",kind="smime",validity="{v}"}}'] for v in ("valid", "expiring", "expired")) >= 1
    assert figures['postseal_key_expiry_timestamp_seconds{role="recipient",kind="smime"}'] <= float(expected)


def test_mail_that_a_next_hop_defers_is_counted(world, name):
    world.postgres.query(f"""insert into postseal.mta_mail (queue_id, message, since)
        values ('M{name}', md5('{name}')::uuid, now() - interval '2 hours')""")
    world.postgres.query(f"insert into postseal.event (message, what, detail) values (md5('{name}')::uuid, 'deferred', 'busy')")
    figures = values(scrape(world, "courier"))
    assert figures["postseal_mta_deferred_messages"] >= 1 and figures["postseal_mta_deferred_oldest_seconds"] >= 7190


def test_manual_tells_of_each_metric():
    manual = (SOURCE / "man/postseal-metrics.7").read_text()
    assert set(re.findall(r"^\.It Li (postseal_[a-z_]+)", manual, re.M)) == set(METRICS)


def test_alerts_fire_when_they_should(promtool):
    rules = SOURCE / "contrib/prometheus/postseal.rules"
    for words in (("check", "rules", f"{rules}.yml"), ("test", "rules", f"{rules}.test.yml")):
        done = subprocess.run([promtool, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("path", ["contrib/prometheus/postseal.rules.yml", "contrib/grafana/postseal.json"])
def test_alerts_and_dashboard_ask_for_metrics_that_are_served(path):
    text = (SOURCE / path).read_text()
    asked = {name for name in re.findall(r"postseal_[a-z_]+", text)}
    assert len(asked) >= 8 and {SUFFIX.sub("", name) if name not in METRICS else name for name in asked} <= set(METRICS)
    if path.endswith("json"):
        board = json.loads(text)
        assert all(panel["targets"] and panel["title"] for panel in board["panels"])
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
