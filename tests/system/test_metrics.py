"""What a monitor sees: the format, the names, and the alerts and dashboard that go with them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse
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
    unlabelled = set(METRICS) - {"postseal_key_expiry_timestamp_seconds", "postseal_keys"}
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


def test_log_that_could_never_be_read_was_no_alert(world):
    """The series was there only once a log had been read: an alert on its value was silent about a log that the courier
    may not read at all."""
    text, count = re.subn(r"(?m)^mta log .*$", f'mta log "{world.directory}/no.log"', world.config.read_text())
    assert count == 1
    config = world.directory / "no-log.conf"
    config.write_text(text)
    world.stop_program("postseal-courier")
    try:
        world.start_program("postseal-courier", config=config)
        sandbox.wait_until(lambda: values(scrape(world, "courier"))["postseal_mta_log_age_seconds"] >= 3, "the age to grow", 20)
        assert "no.log" in world.log("postseal-courier")
    finally:
        world.stop_program("postseal-courier")
        world.start_program("postseal-courier")
    sandbox.wait_until(lambda: values(scrape(world, "courier"))["postseal_mta_log_age_seconds"] < 3, "the log to be read", 20)


# --- alerts and dashboard ---

ALERT_RULES = SOURCE / "contrib/prometheus/postseal.rules.yml"
RULE_TESTS = SOURCE / "contrib/prometheus/postseal.rules.test.yml"
BOARD = json.loads((SOURCE / "contrib/grafana/postseal.json").read_text())
ALERTS = dict(re.findall(r"- alert: (\w+)\n +expr: (.*)", ALERT_RULES.read_text()))
TARGETS = [(panel["title"], target) for panel in BOARD["panels"] for target in panel["targets"]]
# A metric of ours, with what is in braces after it; suffixes of histograms are part of the name.
SELECTOR = re.compile(r"\bpostseal_\w+(?:\{[^}]*\})?")
GROUPED = re.compile(rf"\b(?:by|without) \(([^)]*)\) \((?:rate\()?({SELECTOR.pattern})")


def test_alerts_fire_when_they_should(promtool):
    for words in (("check", "rules", ALERT_RULES), ("test", "rules", RULE_TESTS)):
        done = subprocess.run([promtool, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout


def test_each_alert_is_seen_to_fire_and_to_be_silent():
    """Five of them had never been seen to fire."""
    seen = re.findall(r"alertname: (\w+)\n +exp_alerts:( \[\])?$|alertname: (\w+), exp_alerts: (\[\])", RULE_TESTS.read_text(), re.M)
    assert ALERTS.keys() == {one for one, nothing, _, _ in seen if one and not nothing}
    assert ALERTS.keys() == {one or other for one, nothing, other, _ in seen if other or nothing}


def test_expressions_of_the_dashboard_are_read_by_promtool(promtool, tmp_path):
    """As recording rules, which promtool parses."""
    rules = tmp_path / "board.yml"
    rules.write_text(json.dumps({"groups": [{"name": "board", "rules": [
        {"record": f"board:{number}", "expr": target["expr"]} for number, (_, target) in enumerate(TARGETS)]}]}))
    done = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True)
    assert done.returncode == 0 and f"{len(TARGETS)} rules found" in done.stdout, done.stderr + done.stdout


def test_panels_of_the_dashboard_are_complete():
    assert all(panel["targets"] and panel["title"] for panel in BOARD["panels"])
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


class Prometheus:
    """A real one, which asks the programs each second and has the alerts."""

    def __init__(self, directory, ports):
        self.port, = sandbox.free_ports(1)
        configuration = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(ALERT_RULES)],
                         "scrape_configs": [{"job_name": "postseal", "static_configs": [
                             {"targets": [f"127.0.0.1:{port}" for port in ports]}]}]}
        (directory / "prometheus.yml").write_text(json.dumps(configuration))
        self.log = directory / "prometheus.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "1"})

    def is_ready(self):
        """It listens earlier, and answers 503."""
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready").status == 200
        except OSError:
            return False

    def asked(self, path, **words):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(words)}"
        return json.load(urllib.request.urlopen(url))["data"]

    def answer(self, expression):
        """The labels of each series in the answer."""
        return [row["metric"] for row in self.asked("query", query=expression)["result"]]


@pytest.fixture(scope="module")
def prometheus(world, tmp_path_factory):
    """Of a world with keys of each role that an alert or a panel is about."""
    base = world.authority.issue_mail("own", "own@example.com")
    both = base.with_name("own-both.pem")
    both.write_bytes(base.read_bytes() + base.with_suffix(".key").read_bytes())
    world.postseal("key", "import", both)
    started = Prometheus(tmp_path_factory.mktemp("prometheus"), [world.ports[f"{program}_metrics"] for program in PROGRAMS])
    try:
        sandbox.wait_until(started.is_ready, "Prometheus")
        # Rates need two samples.
        sandbox.wait_until(lambda: len(started.answer('count_over_time(up{job="postseal"}[1m]) > 3')) == len(PROGRAMS),
                           "all programs to be scraped", 60)
        yield started
    finally:
        started.process.terminate()
        started.process.wait()


def test_programs_are_up_for_a_real_prometheus(prometheus):
    assert len(prometheus.answer('up{job="postseal"} == 1')) == len(PROGRAMS)


def labels_are_served(prometheus, expression):
    """A sum by a label that no series has is a sum of everything."""
    for words, selector in GROUPED.findall(expression):
        assert all(set(words.split(", ")) <= set(labels) for labels in prometheus.answer(selector)), (words, selector)


@pytest.mark.parametrize("number", range(len(TARGETS)))
def test_each_expression_of_the_dashboard_has_an_answer(prometheus, number):
    """With the labels that its legend shows."""
    title, target = TARGETS[number]
    answer = prometheus.answer(target["expr"])
    assert answer, (title, target["expr"])
    shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    assert all(shown <= set(labels) for labels in answer), (title, answer)
    labels_are_served(prometheus, target["expr"])


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_asks_for_series_that_are_served(prometheus, alert):
    """An alert on a name or label that nobody serves is silent forever."""
    expression = ALERTS[alert]
    selectors = SELECTOR.findall(expression) or ['up{job="postseal"}']
    assert all(prometheus.answer(selector) for selector in selectors), selectors
    labels_are_served(prometheus, expression)
    health, = [rule for group in prometheus.asked("rules")["groups"] for rule in group["rules"] if rule["name"] == alert]
    assert health["health"] == "ok" and health["query"], health
    labels = set(re.findall(r"\$labels\.(\w+)", json.dumps(health["annotations"])))
    kept = [set(found) for selector in selectors for found in prometheus.answer(selector)]
    assert all(labels <= found for found in kept), (labels, kept)
