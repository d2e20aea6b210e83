"""Mail looks as it was written: pages of real programs and templates that others wrote, in Chromium as they came and
as the portal shows them, at the width of a screen and of a phone; and no text is invisible that was not.

Three things are made alike before, since they are no part of how a mail looks: pictures from elsewhere come with the
mail (as cid:), links lead somewhere, and text without a font has the font of the reader's program.
"""
import base64
import io
import re
import subprocess
import sys

import numpy
import pytest
from PIL import Image

from conftest import BUILD, SOURCE
from mail_pages import PAGES

sys.path.insert(0, str(SOURCE / "tests" / "browser"))
from chromium import Chromium  # noqa: E402

PROBE = BUILD / "tests" / "html_probe"
MODULES = BUILD / "browser" / "node_modules"
TALLEST = 4000  # pixels that are compared
FONT = b"<style>html{font-family:system-ui,sans-serif}</style>"
TEMPLATES = {
    "foundation-emails": ".templates/*.html",
    "mailgen": "themes/*/index.html",
    "planer": "test/examples/html/*.html",
    "responsive-html-email-template": "email*.html",
}
LEAST_CONTRAST = 1.5
# Of each text that is shown: its beginning and the contrast to the colour behind it; null: a picture is behind it.
TEXTS = """
return await state.page.evaluate(() => {
    const parts = (colour) => (colour.match(/[\\d.]+/g) || ["0", "0", "0", "0"]).map(Number);
    const light = (colour) => parts(colour).slice(0, 3).map((v) => v / 255)
        .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const shown = (e) => { const s = getComputedStyle(e), box = e.getBoundingClientRect();
        return s.opacity !== "0" && s.display !== "none" && !(s.overflow === "hidden" && box.height < 2); };
    const ground = (e) => { for (; e; e = e.parentElement) { const s = getComputedStyle(e), c = parts(s.backgroundColor);
        if (s.backgroundImage !== "none") return null;
        if (c.length < 4 || c[3] > .5) return s.backgroundColor; } return "rgb(255, 255, 255)"; };
    const chain = (e) => e ? [e, ...chain(e.parentElement)] : [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const range = document.createRange(), e = node.parentElement, style = getComputedStyle(e);
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        if (!node.data.trim() || box.width < 2 || box.height < 2 || style.visibility !== "visible" || parseFloat(style.fontSize) < 3
            || !chain(e).every(shown)) continue;
        const behind = ground(e);
        const [a, b] = behind === null ? [1, 0] : [light(style.color), light(behind)].sort((x, y) => y - x);
        found.push([node.data.trim().slice(0, 40), (a + .05) / (b + .05)]);
    }
    return found;
});"""


@pytest.fixture(scope="module")
def chromium():
    browser = Chromium(BUILD)
    browser.run("""
        state.context = await browser.newContext({viewport: {width: 800, height: 600}, bypassCSP: true});
        await state.context.route("**/*", (route) => route.request().url().startsWith("file:") ? route.continue() : route.abort());
        state.page = await state.context.newPage();""")
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("looks") / "picture.png"
    Image.new("RGB", (120, 80), (70, 120, 90)).save(path)
    return path


def pages():
    """(name, HTML) of all; the templates are there once the browser is."""
    yield from PAGES
    sheet = (MODULES / "foundation-emails" / "dist" / "foundation-emails.css").read_text()
    for package, pattern in TEMPLATES.items():
        for path in sorted((MODULES / package).glob(pattern)):
            html = re.sub("<%.*?%>", "", path.read_text(errors="replace"), flags=re.DOTALL)
            if package == "foundation-emails":
                html = html.replace("</head>", f"<style>{sheet}</style></head>")
            yield f"{package} {path.parent.name} {path.stem}", html


def alike(html):
    html = re.sub(r"""(?i)(<img\b[^>]*?\bsrc\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)""", r'\1"cid:picture"', html)
    return re.sub(r"""(?i)(<a\b[^>]*?\bhref\s*=\s*)("[^"]*"|'[^']*')""", r'\1"https://link.example/"', html).encode()


def as_it_came(html, picture):
    inside = b"data:image/png;base64," + base64.b64encode(picture.read_bytes())
    html = html.replace(b"cid:picture", inside)
    return re.sub(rb"(?i)<head[^>]*>", lambda head: head.group(0) + FONT, html, count=1) if b"<head" in html.lower() else html + FONT


def look_at(chromium, path, width):
    """A screenshot as an array of greys, and the texts with their contrast. The line about what is left out is no part of the mail."""
    shot = chromium.run("""
        await state.page.setViewportSize({width, height: 600});
        await state.page.goto(url, {waitUntil: "load"});
        await state.page.addStyleTag({content: ".left-out { display: none !important }"});
        return (await state.page.screenshot({fullPage: true})).toString("base64");""", url=f"file://{path}", width=width)
    image = Image.open(io.BytesIO(base64.b64decode(shot))).convert("L")
    return numpy.asarray(image, dtype=float)[:TALLEST], chromium.run(TEXTS)


def window_means(image, size=7):
    sums = numpy.pad(image, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    return (sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]) / size ** 2


def similarity(one, other):
    """Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004) with windows of 7 by 7; what only one has is grey in the other."""
    height, width = (max(one.shape[i], other.shape[i]) for i in (0, 1))
    a, b = (numpy.pad(x, ((0, height - x.shape[0]), (0, width - x.shape[1])), constant_values=128) for x in (one, other))
    mean_a, mean_b = window_means(a), window_means(b)
    spread_a, spread_b = window_means(a * a) - mean_a ** 2, window_means(b * b) - mean_b ** 2
    both = window_means(a * b) - mean_a * mean_b
    c1, c2 = (.01 * 255) ** 2, (.03 * 255) ** 2
    return float((((2 * mean_a * mean_b + c1) * (2 * both + c2))
                  / ((mean_a ** 2 + mean_b ** 2 + c1) * (spread_a + spread_b + c2))).mean())


def test_similarity_knows_the_same_from_another(chromium, tmp_path):
    """The check of the check."""
    path = tmp_path / "page.html"
    path.write_text(dict(PAGES)["a bank"])
    page, _ = look_at(chromium, path, 800)
    path.write_text(dict(PAGES)["a bank"].replace("<style>", "<style media=print>"))
    bare, texts = look_at(chromium, path, 800)
    assert similarity(page, page) > .9999 and similarity(page, bare) < .85
    path.write_text("<body style='color:#fff'>white on white")
    assert look_at(chromium, path, 800)[1] == [["white on white", 1]]


def test_mail_looks_as_it_was_written(chromium, picture, tmp_path):
    likeness, invisible = {}, {}
    for name, html in pages():
        html = alike(html)
        came, shown = tmp_path / "came.html", tmp_path / "shown.html"
        came.write_bytes(as_it_came(html, picture))
        shown.write_bytes(subprocess.run([PROBE, picture], input=html, stdout=subprocess.PIPE, check=True).stdout)
        for width in (800, 400):
            before, texts = look_at(chromium, came, width)
            after, shown_texts = look_at(chromium, shown, width)
            likeness[name, width] = similarity(before, after)
            was = {text for text, contrast in texts if contrast < LEAST_CONTRAST}
            new = [text for text, contrast in shown_texts if contrast < LEAST_CONTRAST and text not in was]
            if new:
                invisible[name, width] = new
    assert len(likeness) >= 50
    print(sorted((round(value, 3), *key) for key, value in likeness.items())[:10])
    assert not invisible
    assert {key: value for key, value in likeness.items() if value < .85} == {}
    assert numpy.median(list(likeness.values())) >= .95
