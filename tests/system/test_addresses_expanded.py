"""The forms of addresses once more, where Postfix expands them before they are decided on, in two passes: the first one
accepts a message, and what the second one refuses comes back to its sender."""
import collections
import random
import re

import test_addresses
import world as sandbox
from test_addresses import (RULES, SEED, WAYS, Offer, arrived_of, forms_of, how, judge_sealed, keys, mailbox,  # noqa: F401
                            next_hop, offer_all, reached, recorded_of, restart, sealed_of, wait_for_queue)

FORMS = {True: 250, False: 250}  # of mailboxes as people have them, which must arrive; and of others
PARAMETERS = {"virtual_alias_maps": "texthash:{directory}/aliases", "always_bcc": "archive@plain.example"}
# What an alias leads to is decided on by itself.
ALIASES = {"team@example.com": ["first@plain.example", "joe@smime.example", "joe@pgp.example", "first@pickup.example"],
           "all@example.com": ["team@example.com", "second@plain.example"], "secret@plain.example": ["joe@smime.example"],
           "joe@strasse.smime.example": ["third@plain.example"]}
ARCHIVE = ("archive", "plain.example")


def prepare(world):
    (world.directory / "aliases").write_text("".join(f"{alias} {', '.join(to)}\n" for alias, to in ALIASES.items()))


def expanded(address):
    return [a for to in ALIASES[address] for a in expanded(to)] if address in ALIASES else [address]


def kept_of(world):
    """By number of the message: the mailboxes to which Postfix, in either pass, reports that it could not deliver."""
    log = world.company.log.read_text(errors="replace")
    numbers = {queue_id: int(number) for queue_id, number in re.findall(r"cleanup\[\d+\]: (\w+): message-id=<(\d+)@example\.com>", log)}
    kept = collections.defaultdict(set)
    for queue_id, address in re.findall(r": (\w+): to=<(.*?)>, (?:orig_to=<.*?>, )?relay=.*status=(?:bounced|deferred)", log):
        if queue_id in numbers and "@" in address:
            kept[numbers[queue_id]].add(mailbox(address))
    return kept


def judge(offer, arrived, record, rows, kept):
    """What is wrong about the outcome of an offer; None: nothing."""
    plain = {m for m, method in record.items() if method == "plain"}
    if any(domain in test_addresses.SEALED for _, domain in arrived):
        return "left in plain, and the policy wants it sealed"
    if set(arrived) - plain:
        return f"left for {dict(arrived)}, and the record has {record}"
    if any(count > 1 for count in arrived.values()):
        return f"left more than once: {dict(arrived)}"
    if plain - set(arrived) - kept:
        return f"accepted, and neither arrived nor kept: {plain - set(arrived) - kept}"
    if len(record) != rows:
        return f"the record has {record} in {rows} rows"
    if any(domain not in test_addresses.SEALED for (_, domain), method in record.items() if method != "plain"):
        return f"the record has {record}"
    if not offer.taken:
        return None if not set(record) - {ARCHIVE, mailbox(offer.companion)} else f"refused, and the record has {record}"
    if not (set(record) | kept) - {ARCHIVE, mailbox(offer.companion)} and offer.companion not in offer.form and "archive@" not in offer.form:
        return "accepted, and nothing is known of it"
    if offer.must and not {mailbox(a) for a in expanded(offer.form[1:-1])} <= set(record):
        return f"an ordinary address did not get through: {record}"
    return None


def test_what_leaves_is_what_the_record_says_where_addresses_are_expanded_first(world, next_hop, keys):  # noqa: F811
    """Promises 1, 3 and 6, with the real Postfix: whatever leaves, leaves by the method on record, to the mailbox on record, once."""
    chance = random.Random(SEED + 2)
    made = forms_of(chance, test_addresses.FORMS)
    forms = [form for must, number in FORMS.items() for form in chance.sample([f for f in made if f[1] == must], number)]
    forms += [(f"<{alias}>", True) for alias in ALIASES] + [(f"<{a.replace('example', 'EXAMPLE')}>", False) for a in ALIASES]
    offers = []
    for i, settings in enumerate(WAYS[:2]):
        restart(world, settings)
        mine = [Offer(form, must, beside) for form, must in forms[i::2] for beside in (False, True)]
        offer_all(world.ports["submission"], mine)
        wait_for_queue(world)
        offers += mine
    restart(world, {"allow_min_user": "yes"})
    world.start_program("postseal-courier")
    sandbox.wait_until(world.nothing_waits, "the outbox", 200)
    wait_for_queue(world)
    arrived, sealed, kept, (recorded, rows) = arrived_of(next_hop), sealed_of(next_hop), kept_of(world), recorded_of(world)
    wrong = []
    for offer in offers:
        record = {k: v for k, v in recorded[offer.number].items() if k != "queue"}
        fault = judge(offer, arrived[offer.number], record, rows[offer.number], kept[offer.number]) or \
            judge_sealed(record, sealed[offer.number], keys, kept[offer.number], is_over=True)
        if fault is not None:
            wrong.append(f"{offer}: {fault}")
    methods = collections.Counter(method for record in recorded.values() for m, method in record.items() if m != "queue")
    print(f"\n{len(forms)} forms, {len(offers)} messages: {sum(o.taken for o in offers)} taken; on record: {dict(methods)}; sealed "
          f"mails that arrived: {sum(len(s) for s in sealed.values())}")
    assert not wrong, f"{len(wrong)} of {len(offers)}:\n" + "\n".join(wrong[:40])
    assert methods["plain"] > 100 and methods["pickup"] > 20 and methods["smime"] > 20 and methods["pgp"] > 10
    # Each who is parked for gets one notice.
    parked = collections.Counter(mailbox(recipient) for (recipient,) in world.postgres.query(
        "select recipient from postseal.log where method = 'pickup'"))
    notices = collections.Counter(reached(address, recipient) for address, _, recipients, content in next_hop.mails
                                  if how(content) is None and b"/m/" in content for recipient in recipients)
    assert notices == parked
