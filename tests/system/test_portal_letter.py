"""The page of a letter in the real Chromium: on a phone and on a desktop, light and dark, on paper."""
import email.utils
import pathlib
import sys

import pytest
from conftest import BUILD
from messages import lines, multipart, part
from person import PORTAL_RULES as RULES, send

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "browser"))
from chromium import Chromium  # noqa: E402

SIZES = [("phone", 360, 740), ("desktop", 1280, 900)]
PNG = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def chromium():
    driver = Chromium(BUILD)
    yield driver
    driver.close()


def open_page(chromium, person, path, **options):
    """A page in a fresh browser with the visitor's cookie."""
    cookies = [{"name": c.name, "value": c.value, "domain": "localhost", "path": "/"} for c in person.browser.jar]
    chromium.run("""
        state.context = await browser.newContext(options);
        await state.context.addCookies(cookies);
        state.page = await state.context.newPage();
        state.page.setDefaultTimeout(20000);
        await state.page.goto(url);""", options=options, cookies=cookies, url=f"{person.browser.portal}{path}")


def check(chromium, name):
    """Nothing that axe-core finds, nothing wider than the screen; and a picture to look at."""
    assert chromium.run("return await accessibility(state.page)") == [], name
    wide = chromium.run("return await state.page.evaluate("
                        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth)")
    assert wide <= 0, f"{name} is too wide by {wide}"
    chromium.run("await state.page.screenshot({path, fullPage: true});", path=str(BUILD / "screenshots" / f"letter-{name}.png"))


def everywhere(chromium, person, path, name, then=lambda: None):
    for size, width, height in SIZES:
        for scheme in ("light", "dark"):
            open_page(chromium, person, path, colorScheme=scheme, viewport={"width": width, "height": height})
            then()
            check(chromium, f"{name}-{size}-{scheme}")


def inner(subject, content, body):
    return (f"From: =?utf-8?Q?J=C3=BCrg_Weber?= <weber@example.net>\r\nTo: anna@example.com\r\nSubject: {subject}\r\n"
            f"Date: {email.utils.formatdate(1795000000)}\r\nContent-Type: {content}\r\n\r\n").encode() + body


def test_attached_messages_unfold_in_place(chromium, person):
    html = inner("Offer for the new roof", "text/html; charset=utf-8", b"<p>The roof is <b>ready</b> in May.</p>\r\n")
    plain = inner("Re: Offer", "text/plain", lines("Thank you. We accept."))
    body = multipart("b", part("Content-Type: text/plain", lines("Two messages from the builder.")),
                     part("Content-Type: message/rfc822", html), part("Content-Type: message/rfc822", plain),
                     part("Content-Type: image/png; name=roof.png\nContent-Transfer-Encoding: base64", PNG))
    send(person, body, "Fwd: the roof", content=b'multipart/mixed; boundary="b"')
    path = person.unlock().path

    def unfold():
        chromium.run("""
            for (const summary of await state.page.locator("details.unfolded summary").all()) await summary.click();
            await state.page.frameLocator("details.unfolded iframe").locator("text=The roof is ready in May.").waitFor();
            await state.page.locator("text=Thank you. We accept.").waitFor();""")
    everywhere(chromium, person, path, "unfolded", unfold)
    # A frame outside of the screen is not painted.
    chromium.run("await state.page.locator('details.unfolded iframe').scrollIntoViewIfNeeded(); await state.page.screenshot({path});",
                 path=str(BUILD / "screenshots" / "letter-unfolded-frame.png"))
