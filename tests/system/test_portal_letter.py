"""The page of a letter in the real Chromium: on a phone and on a desktop, light and dark."""
import email.utils

import world as sandbox
from conftest import BUILD
from looking import everywhere
from messages import lines, multipart, part
from person import PORTAL_RULES as RULES, send

PNG = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


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


PROSE = """Dear Anna,

thank you for your order. The invoice is at https://shop.example/orders?id=42&x=1 (see also www.shop.example).

Item                 Price
Apples               3.00
Pears               12.50
-------------------------
Total               15.50

> When will it come?
>> On Monday.
> > Really?
Tomorrow. Write to office@shop.example.
"""


def test_plain_text_is_prose(chromium, person):
    """Links could not be followed, and a proportional font broke the columns of tables."""
    send(person, lines(PROSE), "Your order")
    path = person.unlock().path

    def look():
        seen = chromium.run("""return await state.page.evaluate(() => {
            const prose = document.querySelector(".prose");
            const all = (s) => Array.from(prose.querySelectorAll(s));
            return {links: all("a").map((a) => [a.textContent, a.href, a.target, a.rel]),
                    quotes: all("blockquote").map((q) => q.innerText.trim()), table: all("pre").map((p) => p.textContent),
                    fonts: [getComputedStyle(all("pre")[0]).fontFamily, getComputedStyle(all("p")[0]).fontFamily], text: prose.innerText};
        });""")
        rel = "noopener noreferrer nofollow"
        assert seen["links"] == [["https://shop.example/orders?id=42&x=1", "https://shop.example/orders?id=42&x=1", "_blank", rel],
                                 ["www.shop.example", "https://www.shop.example/", "_blank", rel]]
        assert len(seen["table"]) == 1 and seen["table"][0].splitlines()[2] == "Pears               12.50"
        assert seen["quotes"][0].startswith("When will it come?") and seen["quotes"][1] == "On Monday.\nReally?"
        assert "monospace" in seen["fonts"][0] and "monospace" not in seen["fonts"][1]
        assert "office@shop.example" in seen["text"]
    everywhere(chromium, person, path, "prose", look)
