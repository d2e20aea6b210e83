"""The page of a letter in the real Chromium: on a phone, a tablet and a desktop, light and dark; and on paper."""
import base64
import email.utils
import re
import subprocess

import pytest
import world as sandbox
from conftest import BUILD
from looking import everywhere, open_page
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


def sheets(chromium, person, path, tmp_path):
    """The text of each page that Chromium prints."""
    open_page(chromium, person, path)
    data = chromium.run("""return (await state.page.pdf({format: "A4"})).toString("base64");""")
    file = tmp_path / "letter.pdf"
    file.write_bytes(base64.b64decode(data))
    subprocess.run(["gs", "-q", "-dSAFER", "-sDEVICE=txtwrite", "-o", tmp_path / "page%d.txt", file], check=True, timeout=120)
    found = sorted(tmp_path.glob("page*.txt"), key=lambda each: int(each.stem[4:]))
    return [each.read_text() for each in found]


@pytest.mark.parametrize("kind", ["plain", "html", "table"])
def test_letter_is_printed_to_its_last_line(chromium, person, tmp_path, kind):
    """Nothing that a window scrolls is cut off, and nothing is there to be pressed."""
    rows = [f"Line {number} of the contract, which goes on." for number in range(1, 241)]
    body = {"plain": ("text/plain", "\r\n".join(rows)), "html": ("text/html", "".join(f"<p>{row}</p>\r\n" for row in rows)),
            "table": ("text/html", "<div style='height:300px;overflow:auto'><table width=2000>"
                      + "".join(f"<tr><td style='border:1px solid'>{row}</td></tr>\r\n" for row in rows) + "</table></div>")}[kind]
    attached = part("Content-Type: text/plain; charset=utf-8\nContent-Disposition: attachment; filename=annex.txt", b"x" * 3000)
    send(person, multipart("b", part(f"Content-Type: {body[0]}; charset=utf-8", body[1].encode()), attached), "The contract",
         content=b'multipart/mixed; boundary="b"')
    path = person.unlock().path
    pages = sheets(chromium, person, path.replace("message", "print"), tmp_path)
    text = " ".join(" ".join(pages).split())
    assert [int(number) for number in re.findall(r"Line (\d+) of", text)] == list(range(1, 241))
    assert text.count("which goes on.") == 240
    assert 4 <= len(pages) <= 12 and all(page.strip() for page in pages)
    assert "The contract" in pages[0] and person.post.sender in pages[0] and person.address in pages[0] and "Line 1 of" in pages[0]
    assert "annex.txt" in pages[-1] and "3 kB" in pages[-1]
    for button in ("Reply", "Forward", "Delete", "Print", "Sign out", "Download"):
        assert button not in text, button


@pytest.mark.parametrize("scheme, ink, ground", [("light", "rgb(17, 34, 51)", "rgb(255, 255, 255)"), ("dark", "rgb(238, 238, 204)", "rgb(16, 16, 32)")])
def test_mail_that_has_colours_for_the_dark_is_shown_in_them(chromium, person, scheme, ink, ground):
    sheet = ("p{color:#112233;background:#ffffff}@media (prefers-color-scheme: dark){p{color:#eeeecc!important;background:#101020!important}}"
             "@media (max-width: 480px){b{display:none}}")
    send(person, f"<html><head><style>{sheet}</style></head><body><p>Hello <b>wide</b></p></body></html>\r\n".encode(),
         content=b"text/html; charset=utf-8")
    path = person.unlock().path
    for width, wide in ((1280, True), (400, False)):
        open_page(chromium, person, path, colorScheme=scheme, viewport={"width": width, "height": 800})
        seen = chromium.run("""
            const p = state.page.frameLocator("iframe.mail").first().locator("p").first();
            await p.waitFor();
            return [await p.evaluate((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]), await p.locator("b").isVisible()];""")
        assert seen == [[ink, ground], wide]
