"""What rules say beside their conditions: names, and rules that only watch."""
import json
import urllib.request

RULES = """
rule "trial" match size over 1 B not recipient in domains watch
rule "secrets"
      match (subject tag "[secure]" or header "Sensitivity" "private") recipient domain "pickup.example"
      deliver pickup
rule "rest" otherwise deliver plain
"""


def figures(world):
    text = urllib.request.urlopen(f"http://127.0.0.1:{world.ports['milter_metrics']}/metrics").read().decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}


def counted(world, rule, effect):
    return figures(world)[f'postseal_rules_matched_total{{rule="{rule}",effect="{effect}"}}']


def test_names_of_rules_are_on_record(world, post, name):
    to = [f"{name}@pickup.example", f"{name}@plain.example"]
    before = counted(world, "secrets", "decided"), counted(world, "trial", "watched"), counted(world, "rest", "decided")
    post.accepted(post.compose(to, fields=["Sensitivity: Private"]), to)
    after = counted(world, "secrets", "decided"), counted(world, "trial", "watched"), counted(world, "rest", "decided")
    assert [b - a for a, b in zip(before, after)] == [1, 2, 1]
    rows = world.postgres.query(f"select recipient, rule_name, rule, method from postseal.log where recipient like '{name}@%' order by 1")
    assert [(row[1], row[3]) for row in rows] == [("secrets", "pickup"), ("rest", "plain")]
    assert rows[1][2] == "otherwise deliver plain"
    months = world.postgres.query("select rule_name from postseal.by_month where rule_name = 'secrets'")
    assert len(months) == 1


def test_rules_that_watch_are_on_record_only(world, post, name):
    to = [f"{name}@plain.example", f"{name}@example.com"]
    post.accepted(post.compose(to), to)
    rows = world.postgres.query(f"select rule_name, rule, unanswered, method, recipient from postseal.watched where recipient like '{name}@%'")
    assert rows == [["trial", "match size over 1 B not recipient in domains watch", "", "plain", f"{name}@plain.example"]]


def test_rule_that_watches_and_cannot_see_lets_mail_through(world, post, name):
    """With the setting opaque "wait", a rule that decides would make the message wait."""
    to = [f"{name}@plain.example"]
    original = world.config.read_text()
    world.config.write_text(original.replace('rule "trial"', 'rule "words" match text regex "secret" watch\nrule "trial"'))
    try:
        content = b"multipart/mixed; boundary=b\r\nContent-Type: text/plain"
        message = post.compose(to, b"--b\r\n\r\nx\r\n--b--\r\n", content=content)
        (world.directory / "m.eml").write_bytes(message)
        answer = json.loads(world.postseal("policy", "explain", "--json", "--from", "anna@example.com", "--to", to[0],
                                           world.directory / "m.eml"))
    finally:
        world.config.write_text(original)
    steps = {step.get("name"): step for step in answer[0]["trace"]["rules"]}
    assert steps["words"]["watched"] and steps["words"]["unanswered"] == 'text regex "secret"'
    assert answer[0]["name"] == "rest" and answer[0]["method"] == "plain"


def test_explain_names_rules(world, name):
    shown = world.postseal("policy", "explain", "--from", "anna@example.com", "--to", f"{name}@plain.example")
    assert '"trial": match size over 1 B' in shown and "matches: this rule only watches" in shown
    assert '"rest": otherwise deliver plain' in shown and "matches: this rule decides" in shown
