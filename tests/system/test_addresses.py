"""An address is read as the MTA reads it, or it is refused.

A few thousand forms of addresses are offered to the company's Postfix, under settings that change
how Postfix reads them, and what then leaves is compared with the record. Postseal is not asked what
a form means or where it goes: Postfix resolves it, looks up the domain's server and connects to it,
and each domain's server has an address of its own.
"""
import collections
import itertools
import random
import re
import socket
import threading

import pytest

import people
import world as sandbox
from next_hop import NextHop

SEED = 20261126
FORMS = 3000
ALSO = {"smime": 500, "pgp": 200}  # forms of pickup.example and its like that are tried with these words in place of "pickup"
SECRET = "Nobody else may read this."
RULES = """
match recipient domain "pickup.example"           deliver pickup
match recipient domain "bücher.pickup.example"    deliver pickup
match recipient domain "strasse.pickup.example"   deliver pickup
match recipient domain "smime.example"            deliver smime, pickup
match recipient domain "bücher.smime.example"     deliver smime, pickup
match recipient domain "strasse.smime.example"    deliver smime, pickup
match recipient domain "pgp.example"              deliver pgp, pickup
match recipient domain "bücher.pgp.example"       deliver pgp, pickup
match recipient domain "strasse.pgp.example"      deliver pgp, pickup
match recipient "told@plain.example"              deliver plain receipt
match recipient in domains                        deliver plain
otherwise                                         deliver plain
"""
KINDS = ["pickup", "smime", "pgp"]
SEALED = {f"{prefix}{kind}.example" for kind in KINDS for prefix in ("", "xn--bcher-kva.", "strasse.")}
# Mailboxes with a key; what is for others in their domains is parked.
KEYS = [("joe", "%s.example"), ("Joe.Miller", "%s.example"), ("o'neil", "%s.example"), ("a-b_c", "%s.example"),
        ("prvs=1234=joe", "%s.example"), ("joe", "xn--bcher-kva.%s.example"), ("joe", "strasse.%s.example")]
SERVERS = {name: f"127.0.1.{i + 1}" for i, name in enumerate(
    ["plain.example", "example.com", "gateway.example.com", "relay.example", "host.plain.example", "_x.plain.example",
     "xn--bcher-kva.plain.example", *(f"xn--strae-oqa.{kind}.example" for kind in KINDS), "xn--strae-oqa.plain.example", "strasse.plain.example",
     *sorted(SEALED)])}
NAMES = {address: name for name, address in SERVERS.items()}
LOCAL = "127.0.2.1"  # where Postfix sends mail that it delivers itself

# Settings that change how Postfix reads an address; the first ones are this test's defaults.
WAYS = [
    {"strict_rfc821_envelopes": "no", "mydestination": "", "resolve_dequoted_address": "yes",
     "append_at_myorigin": "yes", "append_dot_mydomain": "no", "swap_bangpath": "yes", "allow_percent_hack": "yes",
     "relay_domains": " ".join(SERVERS), "myorigin": "gateway.example.com", "mydomain": "example.com",
     "resolve_numeric_domain": "no", "resolve_null_domain": "no", "allow_min_user": "no",
     "enable_idna2003_compatibility": "no"},
    {"strict_rfc821_envelopes": "yes", "mydestination": "example.com", "relay_domains": ""},
    {"mydestination": "example.com, gateway.example.com", "resolve_dequoted_address": "no"},
    {"append_at_myorigin": "no", "append_dot_mydomain": "yes", "swap_bangpath": "no", "allow_percent_hack": "no",
     "relay_domains": ""},
    {"myorigin": "pickup.example", "mydomain": "pickup.example", "append_dot_mydomain": "yes",
     "mydestination": "example.com"},
    {"resolve_numeric_domain": "yes", "resolve_null_domain": "yes", "allow_min_user": "yes",
     "enable_idna2003_compatibility": "yes", "mydestination": "example.com"},
]


# --- the forms: what follows RCPT TO: ---

# Mailboxes as people have them. Mail to them must arrive, whatever the settings.
ORDINARY = ["joe", "Joe.Miller", "joe+news", "o'neil", "a-b_c", "prvs=1234=joe", "{x}#y$z&*?^`|~", "/C=CH/O=X", "x" * 64,
            "srs0=hash=tt=example.org=joe", '"john doe"', '"joe"', '"j\\oe"', '".dot"', '"dot."', '"a..b"', ".dot", "dot.",
            "a..b", "jörg", "用户", '"jörg müller"']
ORDINARY_DOMAINS = ["plain.example", "pickup.example", "PickUp.Example", "host.plain.example", "_x.plain.example",
                    "bücher.pickup.example", "BÜCHER.pickup.example", "xn--bcher-kva.pickup.example",
                    "XN--BCHER-KVA.plain.example", "bücher.plain.example", "xn--strae-oqa.pickup.example", "example.com"]

# The generator makes the rest from these and from the ordinary ones.
LOCALS = [*ORDINARY, "", "-f", "joe%pickup.example", "joe%pickup.example%relay.example", "pickup.example!joe",
          "relay.example!pickup.example!joe", '"joe@pickup.example"', '"joe%pickup.example"', '"pickup.example!joe"',
          'joe@pickup.example', '"joe"@pickup.example', '"a\\"b"', '"a\\\\b"', '"a,b"', '"<a>"', '"(a)"', '"[a]"', '"a:b"', '"a;b"',
          '""', "a\\b", "a\\@b", "joe(x)", "(x)joe", "joe (x)", "joe ", " joe", "joe\t", "a b", '"a"b', '"a"."b"', "a,b", "a;b",
          "a:b", "[a]", "<a>", "e\u0301", "a\u200bb", "a\u202eb", "a\u00a0b", "a\x01b", "a\x7fb", "postmaster", "x" * 250, "x" * 400]
DOMAINS = [*ORDINARY_DOMAINS, "pickup.example.", "pickup.example..", ".pickup.example", "pickup..example", "pickup",
           "pickup.example(x)", "(x)pickup.example", "pickup.example (x)", "pickup .example", "pickup. example",
           "pickup.example ", " pickup.example", "pickup.example\t", "pickup.exam(x)ple", "[127.0.1.11]", "[pickup.example]",
           "127.0.1.11", "[IPv6:::1]", "localhost", "", "-a.plain.example", "a-.plain.example", "pickup.example:25",
           "pickup.example@plain.example", "plain.example@pickup.example", "pickup\\.example", '"pickup".example',
           '"pickup.example"', "pickup。example", "ｐickup.example", "pi\u200cckup.example", "pick\u00adup.example",
           "bu\u0308cher.pickup.example", "straße.pickup.example", "straẞe.pickup.example", "STRASSE.pickup.example",
           "straße.plain.example", "ﬁsh.pickup.example", "xn--a.plain.example", "xn--bücher.plain.example", "x" * 64 + ".example",
           "pickup.example%plain.example", "1.2.3", "pickup.example>", "#1", "pickup.example,plain.example", "example"]
WRAPPERS = ["<%s>"] * 30 + ["%s", "< %s >", "<%s >", "<%s", "%s>", "<<%s>>", "<@relay.example:%s>",
            "<@relay.example,@plain.example:%s>", "Sue <%s>", "<Sue <%s>>", '"Sue"<%s>', "<%s>(x)", "(x)<%s>", "<(x)%s>",
            "<%s(x)>", "<%s>,<joe@plain.example>", "<%s,joe@plain.example>", "<sue:%s;>", "<%s> <joe@plain.example>", "'%s'",
            "<%s>.", "\t<%s>"]
NASTY = list('@@@%!"\\()<>[]:;,.. \t-+=\x00\x0b\r\x1f\x7f') + ["\u0085", "\u200d", "\ufeff", "ß", "ẞ", "ſ", "K", "。", "％", "＠"]
# Characters in a name that GLib 2.74 and ICU 72 map to different names, found by comparing all of
# them.
MAPPED_DIFFERENTLY = [*map(chr, itertools.chain(
    [0x345, 0x3f2, 0x3f9, 0x180f, 0x1e9e, 0x1fb7, 0x1fbc, 0x1fc7, 0x1fcc, 0x1ff7, 0x1ffc, 0x200c, 0x200d, 0x1d6d3, 0x1d70d,
     0x1d747, 0x1d781, 0x1d7bb], range(0x13a0, 0x13f6), range(0x13f8, 0x13fe), range(0x1c80, 0x1c89), range(0x1f80, 0x1fb0),
    range(0x1fb2, 0x1fb5), range(0x1fc2, 0x1fc5), range(0x1ff2, 0x1ff5), range(0xab70, 0xabc0), range(0xe0100, 0xe01f0)))]


def mutated(chance, form):
    for _ in range(chance.choice([1, 1, 2, 3])):
        at = chance.randrange(len(form) + 1)
        form = form[:at] + chance.choice([chance.choice(NASTY), chance.choice(NASTY), ""]) + form[at + chance.randrange(2):]
    return form.replace("\n", "")


def forms_of(chance, count):
    """Pairs of a form and whether it must be accepted and arrive."""
    ordinary = [(f"<{local}@{domain}>", True) for local in ORDINARY for domain in ORDINARY_DOMAINS]
    mapped = [(f"<x@pick{c}up.example>", False) for c in MAPPED_DIFFERENTLY]
    made = []
    while len(ordinary) + len(mapped) + len(made) < count:
        address = f"{chance.choice(LOCALS)}@{chance.choice(DOMAINS)}"
        form = chance.choice(WRAPPERS) % chance.choice([address] * 9 + [chance.choice(LOCALS)])
        made.append((mutated(chance, form) if chance.random() < 0.4 else form, False))
    like = [form for form in ordinary + made if re.search("pickup", form[0], re.I) and "<x@" not in form[0]]
    others = [(re.sub("pickup", kind, form, flags=re.I), must) for kind, number in ALSO.items()
              for form, must in chance.sample(like, min(number, len(like)))]
    others += [(f"<{local}@{domain % kind}>", True) for kind in ALSO for local, domain in KEYS]
    forms = ordinary + mapped + made + others
    chance.shuffle(forms)
    return forms


# --- what Postfix did with them ---

def mailbox(address):
    """(local part, domain) of an address in SMTP form: without quotes, the domain in ASCII and lower case."""
    local, _, domain = address.rpartition("@")
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    known = {"bücher": "xn--bcher-kva"}  # a registrar's answer, not a program's
    labels = [known.get(label, label) for label in domain.lower().split(".")]
    return local, ".".join(labels)


class Offer:
    """One message."""
    numbers = itertools.count(1)

    def __init__(self, form, must, beside):
        self.form, self.must, self.beside = form, must, beside
        self.number = next(self.numbers)
        self.companion = f"c{self.number}@plain.example"
        self.replies, self.answer = [], ""

    def paths(self):
        return [f"<{self.companion}>", self.form] if self.beside else [self.form]

    @property
    def taken(self):
        """Did Postfix accept the form, and the message?"""
        return self.answer.startswith("250") and self.replies[-1].startswith("250")

    def __str__(self):
        return f"{self.form!r}{' beside another' if self.beside else ''} ({self.replies[-1]!r}, {self.answer!r})"


class Client:
    """A mail client that pipelines (RFC 2920), and sends exactly the bytes it is given."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.reply()
        self.ask("EHLO client.example.com")

    def reply(self):
        while (line := self.file.readline())[3:4] == b"-":
            pass
        return line.decode(errors="replace").strip()

    def ask(self, *commands):
        self.socket.sendall("".join(f"{c}\r\n" for c in commands).encode(errors="surrogateescape"))
        return [self.reply() for _ in commands]

    def offer(self, offer, sender="<anna@example.com>"):
        utf8 = "" if all(p.isascii() for p in [*offer.paths(), sender]) else " SMTPUTF8"
        replies = self.ask("RSET", f"MAIL FROM:{sender}{utf8}", *(f"RCPT TO:{p}" for p in offer.paths()), "DATA")
        offer.sender_reply, offer.replies, offer.answer = replies[1], replies[2:-1], replies[-1]
        if offer.answer.startswith("354"):
            offer.answer = self.ask(f"From: anna@example.com\r\nSubject: {offer.number}\r\n"
                                    f"Message-ID: <{offer.number}@example.com>\r\n\r\n{SECRET}\r\n.")[0]


def offer_all(port, offers, clients=6, **options):
    failures = []

    def work(mine):
        try:
            client = Client(port)
            for offer in mine:
                client.offer(offer, **options)
        except Exception as error:  # reported by the test, not by a thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(offers[i::clients],)) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.fixture(scope="module")
def keys(world):
    """By mailbox: what opens what is sealed to it."""
    found = {}
    for local, domain in KEYS:
        for kind in ALSO:
            address = f"{local}@{domain % kind}"
            found[local, domain % kind] = (people.certify(world, address).with_suffix("") if kind == "smime" else
                                           people.make_pgp(world, address, f"pgp{len(found)}"))
    yield found
    for key in found.values():
        if isinstance(key, people.Gpg):
            key.end()


@pytest.fixture(scope="module")
def next_hop(world, keys):
    world.outside.stop()
    world.ports["outside"] = sandbox.free_ports(1)[0]
    server = NextHop(world.ports["outside"])
    (world.directory / "hosts").write_text("127.0.0.1 localhost\n" + "".join(
        f"{address} {name}\n" for name, address in SERVERS.items()))
    world.stop_program("postseal-courier")  # parked messages wait for it
    yield server
    server.shutdown()
    server.server_close()


def restart(world, settings):
    company = world.company
    company.stop()
    values = {**WAYS[0], **settings, "smtp_tcp_port": world.ports["outside"],
              "local_transport": f"smtp:[{LOCAL}]:{world.ports['outside']}",
              "smtpd_error_sleep_time": "0", "smtpd_soft_error_limit": "100000", "smtpd_hard_error_limit": "100000",
              "smtpd_junk_command_limit": "100000", "minimal_backoff_time": "1h", "maximal_backoff_time": "1h",
              "enable_long_queue_ids": "yes"}
    sandbox.command("postconf", "-c", company.config, "-e", *(f"{k}={v}" for k, v in values.items()))
    company.start(world.directory / "hosts")
    sandbox.wait_until(lambda: sandbox.port_answers(world.ports["submission"]), "the company's Postfix")


def wait_for_queue(world):
    """Waits until everything is delivered or deferred."""
    folders = [world.company.queue / name for name in ("incoming", "active")]
    sandbox.wait_until(lambda: not any(p.is_file() for f in folders for p in f.rglob("*")), "Postfix's queue", 60)


def arrived_of(next_hop):
    """By number of the message: the mailboxes whose servers received it in plain."""
    arrived = collections.defaultdict(collections.Counter)
    for address, sender, recipients, content in next_hop.mails:
        number = re.search(rb"^Message-ID: <(\d+)@example.com>", content, re.M | re.I)
        if number is not None and SECRET.encode() in content and sender != "":  # no bounce
            arrived[int(number.group(1))].update(reached(address, recipient) for recipient in recipients)
    return arrived


def how(content):
    """How a mail is sealed; None: it is not."""
    head = content.partition(b"\r\n\r\n")[0].lower()
    return "smime" if b"application/pkcs7-mime" in head else "pgp" if b"multipart/encrypted" in head else None


def sealed_of(next_hop):
    """By number of the message: (mailbox, method) of what arrived sealed, and the contents."""
    sealed = collections.defaultdict(list)
    for address, sender, recipients, content in next_hop.mails:
        number = re.search(rb"^Message-ID: <(\d+)@example.com>", content, re.M | re.I)
        if number is not None and sender != "" and how(content) is not None:
            sealed[int(number.group(1))] += [((reached(address, r), how(content)), content) for r in recipients]
    return sealed


def opened(content, key):
    mail = people.Received(content.replace(b"\r\n", b"\n"))
    return people.open_smime(mail, key) if how(content) == "smime" else people.open_pgp(mail, key)


def reached(address, recipient):
    """The mailbox that a recipient stands for, at the server with this address."""
    local, domain = mailbox(recipient)
    return local, domain if address == LOCAL else NAMES[address]


def recorded_of(world):
    """By number of the message: (queue ID, {mailbox: method}); and the number of rows about it."""
    recorded, rows = collections.defaultdict(dict), collections.Counter()
    for message_id, queue_id, recipient, method in world.postgres.query(
            "select message_id, queue_id, recipient, method from postseal.log where message_id like '<%@example.com>'"):
        number = int(re.match(r"<(\d+)@", message_id).group(1))
        recorded[number][mailbox(recipient)] = method
        recorded[number]["queue"] = queue_id
        rows[number] += 1
    return recorded, rows


def kept_of(world):
    """By queue ID: the mailboxes to which Postfix reports that it could not deliver."""
    kept = collections.defaultdict(set)
    line = re.compile(r": (\w+): to=<(.*?)>, (?:orig_to=<.*?>, )?relay=.*status=(bounced|deferred)")
    for queue_id, address, _ in line.findall(world.company.log.read_text(errors="replace")):
        if "@" in address:
            kept[queue_id].add(mailbox(address))
    return kept


def judge_sealed(record, sealed, keys, kept, is_over):
    """The same of what leaves sealed. `is_over`: all of it has left, from the outbox too."""
    wanted = {(m, method) for m, method in record.items() if method in ALSO}
    got = collections.Counter(which for which, _ in sealed)
    if set(got) - wanted:
        return f"left sealed as {set(got)}, and the record has {record}"
    if any(count > 1 for count in got.values()):
        return f"left sealed more than once: {dict(got)}"
    if is_over and {m for m, _ in wanted - set(got)} - kept:
        return f"neither arrived nor kept: {wanted - set(got)}"
    for (mailbox, _), content in sealed:
        if SECRET.encode() in content or SECRET.encode() not in opened(content, keys[mailbox]):
            return f"what arrived at {mailbox} does not open with its key"
    return None


def judge(offer, arrived, recorded, rows, kept):
    """What is wrong about the outcome of an offer; None: nothing."""
    record = {k: v for k, v in recorded.items() if k != "queue"}
    plain = {m for m, method in record.items() if method == "plain"}
    parked = {m for m, method in record.items() if method in KINDS}
    if any(domain in SEALED for _, domain in arrived):
        return "left in plain, and the policy wants it sealed"
    if {m for m in arrived if m not in plain}:
        return f"left for {dict(arrived)}, and the record has {record}"
    if any(count > 1 for count in arrived.values()):
        return f"left more than once: {dict(arrived)}"
    if plain - set(arrived) - kept:
        return f"accepted, and neither arrived nor kept: {plain - set(arrived) - kept}"
    if any(domain not in SEALED or (method != "pickup" and f"{method}." not in domain)
           for (_, domain), method in record.items() if method != "plain") or len(record) != rows:
        return f"the record has {record} in {rows} rows"
    accepted = sum(reply.startswith("250") for reply in offer.replies) if offer.answer.startswith("250") else 0
    if rows != accepted and not (rows == 1 and accepted == 2 and offer.companion in offer.form):
        return f"{accepted} recipients were accepted, and the record has {record}"
    if not offer.taken and any(not r.startswith("5") for r in offer.replies[-1:]):
        return "neither accepted nor refused for good"
    if offer.must and (not offer.taken or not set(arrived) | parked):
        return "an ordinary address did not get through"
    return None


def test_what_leaves_is_what_the_record_says_whatever_the_form_of_an_address(world, next_hop, keys):
    """Promise 1, with the real Postfix, under each of its relevant settings."""
    chance = random.Random(SEED)
    forms = forms_of(chance, FORMS)
    offers = []
    for i, settings in enumerate(WAYS):
        restart(world, settings)
        mine = [Offer(form, must, beside) for form, must in forms[i::len(WAYS)] for beside in (False, True)]
        offer_all(world.ports["submission"], mine)
        wait_for_queue(world)
        offers += mine
    arrived, kept, sealed = arrived_of(next_hop), kept_of(world), sealed_of(next_hop)
    recorded, rows = recorded_of(world)
    wrong = []
    for offer in offers:
        record = recorded[offer.number]
        kept_here = kept[record.get("queue", "")]
        fault = judge(offer, arrived[offer.number], record, rows[offer.number], kept_here) or judge_sealed(
            {k: v for k, v in record.items() if k != "queue"}, sealed[offer.number], keys, kept_here, is_over=False)
        if fault is not None:
            wrong.append(f"{offer}: {fault}")
    by_us = sum("is not accepted" in o.replies[-1] or "SMTPUTF8" in o.replies[-1] for o in offers)
    read_otherwise = sum("the mail server would deliver to" in o.replies[-1] for o in offers)
    taken = sum(o.taken for o in offers)
    print(f"\n{len(forms)} forms, {len(offers)} messages under {len(WAYS)} settings: {taken} taken, {by_us} refused by "
          f"Postseal ({read_otherwise} because Postfix said so), {len(offers) - taken - by_us} by Postfix; "
          f"{sum(len(a) for a in arrived.values())} mailboxes reached in plain, {sum(len(a) for a in sealed.values())} sealed in place")
    assert not wrong, f"{len(wrong)} of {len(offers)}:\n" + "\n".join(wrong[:40])
    assert taken > 500 and by_us > 500


def test_each_who_is_parked_for_gets_one_notice(world, next_hop, keys):
    """Mail that goes through the outbox, notices and sealed copies, also reaches the mailbox on record, and nobody else."""
    parked = collections.Counter()
    for (recipient,) in world.postgres.query("select recipient from postseal.log where method = 'pickup'"):
        parked[mailbox(recipient)] += 1
    restart(world, {"allow_min_user": "yes"})  # under which "-f" was taken
    seen = len(next_hop.mails)
    world.start_program("postseal-courier")
    sandbox.wait_until(world.nothing_waits, "the outbox", 200)
    wait_for_queue(world)
    got = collections.Counter(reached(address, recipient) for address, _, recipients, content in next_hop.mails[seen:]
                              if how(content) is None for recipient in recipients)
    codes = got.pop(("anna", "example.com"))
    print(f"\n{sum(parked.values())} notices, {codes} mails with their codes")
    assert len(parked) > 30 and got == parked
    recorded, sealed, kept = recorded_of(world)[0], sealed_of(next_hop), kept_of(world)
    wrong = {number: fault for number, record in recorded.items() if (fault := judge_sealed(
        {k: v for k, v in record.items() if k != "queue"}, sealed[number], keys, set().union(*kept.values()), is_over=True))}
    methods = collections.Counter(method for each in sealed.values() for (_, method), _ in each)
    print(f"sealed: {dict(methods)}")
    assert not wrong, wrong
    assert methods["smime"] >= 40 and methods["pgp"] >= 20, methods


def test_one_mailbox_that_is_named_in_several_ways_gets_one_copy(world, next_hop):
    """Promise 3: a single copy on record leaves once, whatever case, quotes or script it was named in."""
    restart(world, WAYS[0])
    offers = []
    for i, spellings in enumerate([
            ["<%s@plain.example>", "<%s@PLAIN.example>"], ["<%s@plain.example>", '<"%s"@plain.example>'],
            ['<"%s"@plain.example>', "<%s@plain.example>"], ["<A%s@plain.example>", "<a%s@plain.example>"],
            ["<%s@plain.example>", "<%s@plain.example> ORCPT=rfc822;a@b.example", "<%s@plain.example> NOTIFY=NEVER"],
            ["<%s@plain.example>", "<%s@plain.example>"], ["<%s@bücher.plain.example>", "<%s@xn--bcher-kva.plain.example>"],
            ["<.%s@plain.example>", '<".%s"@plain.example>'], ["<%s@pickup.example>", '<"%s"@PICKUP.example>']]):
        offer = Offer("", False, False)
        offer.paths = lambda i=i, spellings=spellings: [s % f"s{i}" for s in spellings]
        offers.append(offer)
    offer_all(world.ports["submission"], offers)
    wait_for_queue(world)
    arrived, (recorded, rows) = arrived_of(next_hop), recorded_of(world)
    for offer in offers:
        assert offer.taken and rows[offer.number] == 1, offer
        record = {k: v for k, v in recorded[offer.number].items() if k != "queue"}
        assert arrived[offer.number] == {m: 1 for m, method in record.items() if method == "plain"}, offer.paths()


def test_a_sender_is_read_as_the_mta_reads_it(world, next_hop):
    """Rules, signing keys and mails to the sender use the address to which Postfix writes."""
    chance = random.Random(SEED + 1)
    restart(world, WAYS[0])
    forms = ["<anna>", "<>", "<anna@example.com>", '<"anna b"@example.com>', *(
        form for form, _ in forms_of(chance, 1500)[:300])]
    offers = []
    for form in forms:
        offer = Offer(f"<to{len(offers)}@plain.example>", False, False)
        offer_all(world.ports["submission"], [offer], clients=1, sender=form)
        offer.sender = form
        offers.append(offer)
    wait_for_queue(world)
    log = world.company.log.read_text(errors="replace")
    senders = dict(re.findall(r"qmgr\[\d+\]: (\w+): from=<(.*?)>, size=", log))
    rows = {message_id: (queue_id, sender) for message_id, queue_id, sender in world.postgres.query(
        "select message_id, queue_id, sender from postseal.log")}
    for offer in offers:
        if not offer.taken:
            assert offer.sender_reply.startswith("5"), offer.sender
            continue
        queue_id, sender = rows[f"<{offer.number}@example.com>"]
        assert mailbox(sender or "@") == mailbox(senders[queue_id] or "@"), offer.sender
    taken = sum(o.taken for o in offers)
    print(f"\n{len(offers)} senders, {taken} taken")
    assert all(o.taken for o in offers[:4]) and rows[f"<{offers[0].number}@example.com>"][1] == "anna@gateway.example.com"


def test_a_program_on_the_gateway_is_told_by_a_bounce(world, next_hop):
    """Postfix cannot refuse a single recipient of a message submitted with sendmail(1): it would
    defer the message for ever."""
    restart(world, WAYS[0])
    seen = len(next_hop.mails)
    for form in ("b%pickup.example@plain.example", "joe@plain.example"):
        sandbox.command("/usr/sbin/sendmail", "-C", world.company.config, "-f", "anna@example.com", "--", form,
                        input=f"Subject: By hand\n\n{SECRET}\n".encode())
    sandbox.wait_until(lambda: len(next_hop.mails) >= seen + 2, "a bounce and a mail")
    wait_for_queue(world)
    assert not [p for p in (world.company.queue / "maildrop").iterdir()]
    got = {(reached(address, recipients[0]), sender): content for address, sender, recipients, content in next_hop.mails[seen:]}
    assert set(got) == {(("anna", "example.com"), ""), (("joe", "plain.example"), "anna@example.com")}
    assert b"is not accepted: it has" in got[("anna", "example.com"), ""].replace(b"\r\n    ", b" ")


def test_no_address_in_the_outbox_carries_a_parameter_of_smtp(world, next_hop):
    """Whoever put it there: the courier is the last line of defence, after the grammars of the
    envelope and of the portal."""
    restart(world, WAYS[0])
    world.stop_program("postseal-courier")
    offer = Offer("<told@plain.example>", False, False)
    offer_all(world.ports["submission"], [offer])
    assert offer.taken
    evil = "inj@plain.example> NOTIFY=NEVER ORCPT=rfc822;evil@plain.example"
    world.postgres.query(f"update postseal.outbox_recipient set address = '{evil}'")
    assert world.postgres.query("select address from postseal.outbox_recipient") == [[evil]]
    world.start_program("postseal-courier")
    sandbox.wait_until(world.nothing_waits, "the outbox")
    wait_for_queue(world)
    assert "553 5.1.3 not a mail address" in world.log("postseal-courier")
    assert not any("inj" in recipient for _, _, recipients, _ in next_hop.mails for recipient in recipients)
