"""The organisation's own pages, style sheet, logo and texts (setting: portal pages)."""
import subprocess

from conftest import SOURCE
from person import PORTAL_RULES as RULES, send  # noqa: F401 (read by the fixtures)
from visitor import Visitor

SETTINGS = ""
STYLE = "body { background: #fedcba }"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>Clinic</title></svg>'
FRONT = """<main id="main" data-title="The clinic">
<h1>Welcome to the clinic &amp; its letters</h1>
<p><a class="button" href="/signin">Sign in</a></p>
</main>
"""
# As it was before there were attached messages in place, added files, invitations and previews.
OLD_MESSAGE = """<main id="main" data-title="Message">
<h1 data-fill="subject"></h1>
<p>From <span data-fill="from"></span> to <span data-fill="to"></span></p>
<div class="prose" data-fill="text"></div>
</main>
"""
TEXTS = '''msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Sign in"
msgstr "Zum Postfach der Klinik"
'''


def prepare(world):
    pages = world.directory / "pages"
    pages.mkdir()
    for name, text in (("style.css", STYLE), ("logo.svg", LOGO), ("front.html", FRONT), ("message.html", OLD_MESSAGE), ("de.po", TEXTS)):
        (pages / name).write_text(text)
    subprocess.run(["msgfmt", "-o", pages / "de.mo", pages / "de.po"], check=True)
    for path in (pages, *pages.iterdir()):
        path.chmod(0o755)
    world.config.write_text(world.config.read_text() + f'\nportal pages "{pages}"\n')


def test_what_is_in_the_directory_is_shown_and_all_else_is_built_in(person):
    browser = Visitor(person.browser.portal)
    assert browser.get("/style.css").text == STYLE and browser.get("/logo.svg").text == LOGO
    assert browser.get("/icon-192.png").body == (SOURCE / "portal/pages/icon-192.png").read_bytes()
    front = browser.get("/").text
    assert "Welcome to the clinic &amp; its letters" in front and "You have an account" not in front and "<title>The clinic" in front
    assert "Password" in browser.get("/signin").text


def test_own_text_is_shown_in_its_language_and_the_others_stay(person):
    browser = Visitor(person.browser.portal, {"Accept-Language": "de"})
    assert "Zum Postfach der Klinik" in browser.get("/").text
    signin = browser.get("/signin").text
    assert "Zum Postfach der Klinik" in signin and "Passwort" in signin
    assert "Sign in" in Visitor(person.browser.portal, {"Accept-Language": "en"}).get("/").text


def test_page_that_is_older_than_the_program_shows_what_it_has_a_place_for(person):
    send(person, b"The letter itself.\r\n", subject="A letter")
    page = person.unlock()
    assert page.status == 200 and "The letter itself." in page.text and "A letter" in page.text and person.post.sender in page.text


def test_broken_page_is_named_when_the_program_starts(world):
    page = world.directory / "pages" / "front.html"
    page.write_text("<main><p>Not closed</main>")
    try:
        done = subprocess.run([world.bin / "postseal-portal", "-f", world.config], capture_output=True, timeout=60)
    finally:
        page.write_text(FRONT)
    assert done.returncode != 0 and b"front.html" in done.stderr
