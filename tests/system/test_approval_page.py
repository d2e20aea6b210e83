"""The page about a message that waits for approval in the real Chromium, on a phone and on a desktop, light and dark: what its
approver and its sender are asked, and what they see once it was decided, or once there is nothing to decide."""
import pytest

import world as sandbox
from looking import everywhere, open_page
from person import Person
from test_approval import RULES as APPROVALS, approvals, finish, held, page_about, prepare  # noqa: F401

LONG = "eine-sehr-lange-adresse.mit-vielen-teilen.und-noch-einem.abteilung-einkauf@verwaltung.gemeinde-hinterobersdorf.example"
REASON = ("Offers above 100 000 francs are looked at by two people of the finance department before they leave the company: "
          "please mind https://intranet.example.com/a-rather-long-path/that-has-no-space-in-it/at-all/rules-for-offers.html.")
BECAUSE = "The figures of the third quarter are not public before the 4th of March.\nSend them again then, please."
RULES = APPROVALS.replace('"Budgets need approval."', f'"{REASON}"')


def words(chromium):
    """What a reader sees in <main>, and the address of the page."""
    return chromium.run("return [await state.page.locator('main').innerText(), new URL(state.page.url()).pathname]")


def press(chromium, person, path, action, because=None):
    """Presses a button as a person does."""
    open_page(chromium, person, path)
    if because is not None:
        chromium.run("await state.page.getByLabel('Your reason (optional)').fill(because);", because=because)
    chromium.run("await Promise.all([state.page.waitForNavigation(), state.page.locator(`button[value=${action}]`).click()]);", action=action)
    text, shown = words(chromium)
    assert shown == path
    return text


class Waiting:
    """A message that waits, and the visitors who have its two links."""

    def __init__(self, world, post, name, more=()):
        post.sender = self.sender = f"{name}.sender@example.com"
        self.to = [f"{name}@plain.example", *more]
        _, self.record, self.approval = held(world, post, self.to)
        self.otto, self.anna = Person(world, post, "otto@example.com"), Person(world, post, self.sender)
        self.otto.browser = page_about(world, post, "otto@example.com", "Approval needed", self.to[0])
        self.anna.browser = page_about(world, post, self.sender, "waits for approval", self.to[0])
        self.asked, self.own = self.otto.browser.page.path, self.anna.browser.page.path


def test_who_is_asked_sees_what_is_asked_and_the_sender_may_recall(world, post, name, chromium):
    waiting = Waiting(world, post, name, [LONG, *(f"{name}.{number}@partner.example" for number in range(12))])
    everywhere(chromium, waiting.otto, waiting.asked, "approval-asked")
    text = words(chromium)[0]
    assert all(part in text for part in (waiting.sender, REASON, LONG, "Release the message", "Refuse the message"))
    assert "Recall" not in text and "Budget 2027" not in text
    everywhere(chromium, waiting.anna, waiting.own, "approval-own")
    text = words(chromium)[0]
    assert "Recall the message" in text and "Release" not in text and "Refuse" not in text


def test_enter_in_the_reason_released_the_message(world, post, name, chromium):
    """Whoever had typed why they refuse it, and pressed Enter, released it: Enter presses the first button of a form."""
    waiting = Waiting(world, post, name)
    open_page(chromium, waiting.otto, waiting.asked)
    chromium.run("""
        const reason = state.page.getByLabel('Your reason (optional)');
        await reason.fill('Not now.');
        await reason.press('Enter');
        await reason.pressSequentially('Ask again on Monday.');""")
    assert approvals(world, waiting.record)[0][1] == ""
    chromium.run("await Promise.all([state.page.waitForNavigation(), state.page.locator('button[value=refuse]').click()]);")
    assert approvals(world, waiting.record)[0][1:4] == ["refused", "otto@example.com", "Not now. Ask again on Monday."]


@pytest.mark.parametrize("action,shown", [("release", "Approved"), ("refuse", "Refused")])
def test_decision_is_seen_by_both(world, post, name, chromium, action, shown):
    waiting = Waiting(world, post, name)
    text = press(chromium, waiting.otto, waiting.asked, action, BECAUSE.replace("\n", " "))
    assert shown in text and "otto@example.com" in text and "4th of March" in text and "Release the message" not in text
    finish(world, waiting.approval)
    for person, path, who in ((waiting.otto, waiting.asked, "asked"), (waiting.anna, waiting.own, "own")):
        everywhere(chromium, person, path, f"approval-{shown.lower()}-{who}")
        text = words(chromium)[0]
        assert shown in text and "otto@example.com" in text and "4th of March" in text
        assert chromium.run("return await state.page.locator('main button').count()") == 0


def test_recalled_and_expired(world, post, name, chromium):
    waiting = Waiting(world, post, name)
    assert "Recalled" in press(chromium, waiting.anna, waiting.own, "recall")
    everywhere(chromium, waiting.otto, waiting.asked, "approval-recalled")
    assert waiting.sender in words(chromium)[0]
    late = Waiting(world, post, f"{name}late")
    world.postgres.query(f"update postseal.approval set expires_at = now() where id = '{late.approval}'")
    finish(world, late.approval)
    everywhere(chromium, late.otto, late.asked, "approval-expired")
    assert "Refused: nobody decided in time" in words(chromium)[0]


def test_link_that_is_gone_and_approver_who_has_left(world, post, name, chromium):
    waiting = Waiting(world, post, name)
    everywhere(chromium, waiting.otto, "/approval/" + "A" * 43, "approval-gone")
    assert "no longer works" in words(chromium)[0]
    original = world.config.read_text()
    world.config.write_text(original.replace('"otto@example.com" ', ""))
    try:
        everywhere(chromium, waiting.otto, waiting.asked, "approval-without-right")
        assert "no longer among those who approve" in words(chromium)[0] and waiting.to[0] not in words(chromium)[0]
    finally:
        world.config.write_text(original)


def test_second_of_two_open_pages_says_what_the_first_decided(world, post, name, chromium):
    """Whoever presses a button on a page that was opened before sees the decision, not an error."""
    waiting = Waiting(world, post, name)
    open_page(chromium, waiting.otto, waiting.asked)
    world.postseal("hold", "refuse", waiting.approval, "--reason", "No.")
    chromium.run("await Promise.all([state.page.waitForNavigation(), state.page.locator('button[value=release]').click()]);")
    text = words(chromium)[0]
    assert "Refused" in text and "root" in text and "No." in text
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    assert not post.box(waiting.to[0]).files()
