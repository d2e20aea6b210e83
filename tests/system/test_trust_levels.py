"""How far a sender may trust a key: the database's answer against a naive model, over thousands of random histories."""
import random

import pytest

HISTORIES, LENGTH = 1000, 12
LEVELS = ("none", "seen", "domain", "colleague", "organisation", "personal")
SENDERS = [f"{name}@example.com" for name in ("anna", "anna+bills", "ben", "cleo", "dora")]
# What each ground is worth by itself; None: as much as the account.
WORTH = {"unlock code": "personal", "signed in": None, "administrator": "organisation", "wkd": "domain", "dane": "domain",
         "ldap": "domain", "domain key": "domain", "servers": "none", "signed mail": "seen", "autocrypt": "seen", "attached": "none"}
BY_MAIL = ("signed mail", "autocrypt", "attached")
OFTEN = ["unlock code"] * 10 + ["signed in"] * 3 + ["signed mail"] * 3 + ["administrator"] * 2
HOWS = [*OFTEN, *WORTH, "a dream"]
COLLEAGUES = 2


def person(address):
    """Whoever has several addresses with a plus is no colleague of themselves."""
    name, domain = address.split("@")
    return f"{name.split('+')[0]}@{domain}"


class History:
    """What happened about one address, and what follows from it: the definition of the levels, in the plainest form."""

    def __init__(self, address):
        self.address = address
        self.clock = 0
        self.statements = []  # [kind, subject, author, how, made, revoked or None, by whom]
        self.doubts = []      # (author, time)

    def tick(self):
        self.clock += 1
        return self.clock

    def attest(self, kind, subject, author, how, since):
        now = self.tick()
        taken_back = [s[5] for s in self.statements if s[0] == kind and s[2] == author and s[5] is not None]
        doubted = [at for who, at in self.doubts if who == author]
        if since is not None and any(at >= since for at in taken_back + doubted):
            return
        if how in BY_MAIL and any(s[:3] == [kind, subject, author] and s[5] is not None and s[3] in WORTH
                                  and (s[3] in BY_MAIL or s[6] != author) for s in self.statements):
            return
        if not any(s[:4] == [kind, subject, author, how] and s[5] is None for s in self.statements):
            self.statements.append([kind, subject, author, how, now, None, None])

    def revoke(self, kind, subject, author, by="somebody"):
        now = self.tick()
        for statement in self.statements:
            if statement[5] is None and kind in (None, statement[0]) and subject in (None, statement[1]) and author in (
                    None, statement[2]):
                statement[5:] = now, by

    def doubt(self, author):
        self.revoke(None, None, author, author)
        self.doubts.append((author, self.clock))

    def standing(self, kind, subject=None):
        return [s for s in self.statements if s[5] is None and s[0] == kind and subject in (None, s[1])]

    def by_codes(self, sender, statements):
        """What codes that were used are worth."""
        authors = {s[2] for s in statements if s[3] == "unlock code"}
        if sender in authors:
            return "personal"
        return "colleague" if len({person(a) for a in authors} - {person(sender)}) >= COLLEAGUES else "none"

    def is_doubted(self, sender):
        mine = [s[4] for s in self.standing("account") if s[2] == sender and s[3] == "unlock code"]
        return any(who == sender and not any(made > at for made in mine) for who, at in self.doubts)

    def level(self, sender, kind, subject):
        found = ["none"]
        statements = self.standing(kind, subject)
        if any(WORTH.get(s[3]) == "organisation" for s in statements):
            found.append("organisation")
        if not self.is_doubted(sender):
            found.append(self.by_codes(sender, statements))
            found += [WORTH.get(s[3]) or "none" for s in statements if s[3] != "unlock code"]
            if any(s[3] == "signed in" and s[2] == self.address for s in statements):
                found += ["seen", self.by_codes(sender, self.standing("account"))]
        return max(found, key=LEVELS.index)


def play(number, dice):
    """A history, and the SQL that makes it. `mark` keeps the times at which grounds arose."""
    history = History(f"r{number}@partner.example")
    sql, marks = [], []
    for _ in range(dice.randrange(1, LENGTH)):
        what = dice.random()
        kind = dice.choice(("account", "account", "smime"))
        subject = "acc" if kind == "account" else dice.choice(("one", "two"))
        author = dice.choice(SENDERS)
        if what < .15:
            marks.append(history.tick())
            sql.append(f"insert into mark values ({number}, {len(marks)}, clock_timestamp())")
        elif what < .7:
            how = dice.choice(HOWS)
            if how in ("wkd", "dane", "ldap", "domain key", "servers"):
                author = "partner.example"
            author = {"signed in": history.address, "administrator": "root"}.get(how, author)
            if history.statements and dice.random() < .3:  # said again, or otherwise, by somebody who was heard before
                kind, subject, author, said = dice.choice(history.statements)[:4]
                how = how if author in SENDERS and how != "signed in" else said
            mark = dice.randrange(len(marks) + 1)
            history.attest(kind, subject, author, how, marks[mark - 1] if mark else None)
            since = f"(select at from mark where history = {number} and number = {mark})" if mark else "null"
            sql.append(f"select postseal.attest(gen_random_uuid(), '{kind}', '{subject}', '{history.address}', '{author}',"
                       f" '{how}', {since})")
        elif what < .85:
            kind = dice.choice((kind, None))
            subject = dice.choice((subject, None)) if kind else None
            author = dice.choice((author, None))
            by = dice.choice(("somebody", author or "somebody"))
            history.revoke(kind, subject, author, by)
            sql.append("select postseal.attestations_revoke({}, '{}', {}, {}, '{}', 'for a reason')".format(
                *(repr(v) if v else "null" for v in (kind,)), history.address,
                *(repr(v) if v else "null" for v in (subject, author)), by))
        else:
            history.doubt(author)
            sql.append(f"select postseal.trust_doubt('{author}', '{history.address}', 'no')")
    return history, sql


def test_definition_knows_every_ground(world):
    assert WORTH == {how: level or None for how, level in world.postgres.query("select how, level from postseal.trust_ground")}


@pytest.mark.parametrize("seed", [1, 2])
def test_levels_are_those_of_the_plain_definition(world, seed):
    """Promise 1: what was revoked or doubted never counts, in whatever order it happened."""
    dice = random.Random(seed)
    first = seed * HISTORIES
    found = {}
    with world.postgres.session() as session:
        session.ask("set client_min_messages = error; set synchronous_commit = off;"
                    "create table if not exists mark (history integer, number integer, at timestamptz, primary key (history, number))")
        histories = []
        for number in range(first, first + HISTORIES):
            history, sql = play(number, dice)
            histories.append(history)
            session.ask("; ".join(sql))
        session.ask("analyze postseal.attested, postseal.revoked, postseal.doubt")
        senders = ", ".join(f"('{s}')" for s in SENDERS)
        answer = session.ask(
            "select sender, subject, address, postseal.trust_level(sender, 'smime', subject, address, "
            f"{COLLEAGUES}) from (values {senders}) s(sender), (values ('one'), ('two')) k(subject),"
            f" (select 'r' || n || '@partner.example' as address from generate_series({first}, {first + HISTORIES - 1}) n) a")
        for line in answer.splitlines():
            sender, subject, address, level = line.split("|")
            found[sender, subject, address] = level
    assert len(found) == HISTORIES * len(SENDERS) * 2
    wrong = [(h.statements, h.doubts, sender, subject, found[sender, subject, h.address])
             for h in histories for sender in SENDERS for subject in ("one", "two")
             if found[sender, subject, h.address] != h.level(sender, "smime", subject)]
    assert wrong[:1] == []
    assert {*found.values()} == set(LEVELS), "the histories are too tame"
