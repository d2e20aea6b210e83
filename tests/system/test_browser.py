"""The portal in the real Chromium: on a phone, by keyboard, without JavaScript, with passkeys; and
mail that tries to run scripts."""
import base64
import http.server
import os
import re
import threading

import pytest
import world as sandbox
from conftest import BUILD
from injections import VARIANTS
from messages import noise
from person import PASSWORD, Person, send, totp

RULES = """
match portal recipient "office@example.com"   deliver plain
match conversation                            deliver pickup
match recipient in domains                    deliver plain
otherwise                                     deliver pickup
"""


@pytest.fixture
def person(world, post, name):
    post.sender = f"{name}.sender@example.com"
    return Person(world, post, f"{name}@pickup.example")


def link_and_code(person, count=1):
    return (person.mail("Protected message", count).link(),
            sandbox.wait_until(lambda: person.code(count), "the code"))


def open_page(chromium, person, **options):
    """A page in a fresh browser with the visitor's cookie."""
    cookies = [{"name": c.name, "value": c.value, "domain": "localhost", "path": "/"} for c in person.browser.jar]
    chromium.run("""
        state.context = await browser.newContext(options);
        await state.context.addCookies(cookies);
        state.page = await state.context.newPage();
        state.page.setDefaultTimeout(90000);""", options=options, cookies=cookies)


def shot(chromium, name):
    path = BUILD / "screenshots" / f"{name}.png"
    chromium.run("await state.page.screenshot({path, fullPage: true});", path=str(path))


def check(chromium, name):
    """A page that everybody can use, and that is small."""
    shot(chromium, name)
    assert chromium.run("return await accessibility(state.page)") == [], name
    wide = chromium.run("return document => 0, await state.page.evaluate("
                        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth)")
    assert wide <= 0, f"{name} is too wide by {wide}"


def test_first_contact_on_a_telephone_then_enrol_and_reply(chromium, person):
    send(person, subject="Your results")
    link, code = link_and_code(person)
    telephone = {"viewport": {"width": 390, "height": 844}, "isMobile": True, "hasTouch": True}
    open_page(chromium, person, **telephone)
    chromium.run("""
        state.bytes = 0;
        state.page.on("response", async (r) => { state.bytes += (await r.body().catch(() => "")).length; });
        await state.page.goto(link);""", link=link)
    check(chromium, "phone-unlock")
    assert chromium.run("return state.bytes") < 50_000
    chromium.run("""await state.page.fill("#code", code.toLowerCase().replaceAll("-", " "));
        await state.page.click("text=Open the message");
        await state.page.waitForURL("**/message/**");""", code=code)
    assert "The secret is 42." in chromium.run("return await state.page.textContent('.prose')")
    check(chromium, "phone-message")
    chromium.run("""await state.page.click("text=Create an account");
        await state.page.fill("#password", password); await state.page.fill("#again", password);""", password=PASSWORD)
    check(chromium, "phone-enrol")
    chromium.run("""await state.page.click("button:has-text('Create account')");
        await state.page.waitForSelector(".secret");""")
    check(chromium, "phone-recovery")
    chromium.run("""await state.page.click("text=I have saved it"); await state.page.waitForURL("**/inbox");""")
    check(chromium, "phone-inbox")
    chromium.run("""await state.page.click("text=Your results"); await state.page.click("text=Reply >> nth=0");
        await state.page.fill("#text", "Thank you."); """)
    check(chromium, "phone-write")
    chromium.run("""await state.page.click("button:has-text('Send')"); await state.page.waitForURL("**/sent");""")
    mail = Person(person.world, person.post, person.post.sender).mail("Re: Your results")
    assert mail.text().strip() == "Thank you."
    # Every touch target is large enough.
    small = chromium.run("""return await state.page.evaluate(() => [...document.querySelectorAll("main a, button, nav a")]
        .filter((e) => e.getClientRects().length > 0 && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML));""")
    assert small == []


def later(person, days):
    """Moves the clock for one person's messages: all their times are moved back."""
    person.world.postgres.query(
        f"update postseal.parcel_key k set expires_at = k.expires_at - interval '{days} days' from postseal.copy c"
        f" where c.id = k.copy and c.recipient = '{person.address}' returning 1")


@pytest.fixture
def webmail():
    """A page of another site, which shows the link of a mail."""
    shown = {}

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<a id="link" href="{shown["link"]}">Read</a>'.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def page(link):
        shown["link"] = link
        return f"http://127.0.0.1:{server.server_port}/"
    yield page
    server.shutdown()
    server.server_close()


def test_link_in_webmail_signed_the_member_out(chromium, person, name, webmail):
    """The browser keeps our cookie to itself when a link on another site is followed, and was given another one."""
    send(person)
    person.unlock()
    person.enrol()
    message = re.search(r"/message/(\S{36})", person.browser.get("/inbox").text).group(1)
    chromium.run("""state.context = await browser.newContext(); state.page = await state.context.newPage();
        state.page.setDefaultTimeout(60000); await state.page.goto(portal + "/signin");
        await state.page.fill("#address", address); await state.page.fill("#password", password);
        await state.page.click("main button"); await state.page.waitForURL("**/inbox");
        state.mail = await state.context.newPage(); state.mail.setDefaultTimeout(60000);""",
                 portal=person.browser.portal, address=person.address, password=PASSWORD)

    def follow(link):
        return chromium.run("""await state.mail.goto(mail); await state.mail.click("#link");
            await state.mail.waitForURL((url) => url.search.includes("again")); await state.mail.waitForLoadState();
            return [state.mail.url(), await state.mail.textContent("main")];""", mail=webmail(link))
    url, text = follow(f"{person.browser.portal}/message/{message}")
    assert "/message/" in url and "The secret is 42." in text
    # What somebody else was sent asks for its code, and the member stays the member.
    stranger = Person(person.world, person.post, f"{name}.else@pickup.example")
    send(stranger)
    url, text = follow(stranger.mail("Protected message").link())
    assert "/m/" in url and "code" in text
    # A link of a stranger's chooses no language for the member.
    follow(f"{person.browser.portal}/inbox?lang=pl")
    assert chromium.run("await state.page.reload(); return [state.page.url(), await state.page.getAttribute('html', 'lang')];") == [
        f"{person.browser.portal}/inbox", "en"]
    # Whoever is not signed in is asked to, and gets there.
    chromium.run("await state.context.clearCookies();")
    assert chromium.run("""await state.mail.goto(mail); await state.mail.click("#link"); await state.mail.waitForURL("**/signin?message=*");
        await state.mail.fill("#address", address); await state.mail.fill("#password", password);
        await state.mail.click("main button"); await state.mail.waitForURL("**/message/*"); return await state.mail.textContent("main");""",
                        mail=webmail(f"{person.browser.portal}/message/{message}"), address=person.address, password=PASSWORD
                        ).count("The secret is 42.") > 0


def test_second_message_stranger_recall_and_expiry(chromium, person, name):
    """In windows of the reader's and of the sender's browser."""
    send(person)
    person.unlock()
    person.enrol()
    open_page(chromium, person)
    send(person, b"No code was needed.\r\n", "Second message")
    notice = person.mail("Protected message", 2).text()
    assert "/m/" not in notice
    chromium.run("""await state.page.goto(link); await state.page.waitForSelector("text=No code was needed.");""",
                 link=re.search(r"http://\S+/message/\S+", notice).group(0))
    person.post.sender = f"{name}.stranger@example.com"
    send(person, b"From somebody else.\r\n", "Third message")
    link, code = person.mail("Protected message", 3).link(), sandbox.wait_until(person.code, "the stranger's code")
    chromium.run("""await state.page.goto(url + "/inbox");
        if (await state.page.isVisible("text=Third message")) throw new Error("it needs a code");
        await state.page.goto(link); await state.page.fill("#code", code); await state.page.click("text=Open the message");
        await state.page.waitForSelector("text=From somebody else.");""",
                 url=person.browser.portal, link=link, code=code)
    # The sender recalls a message that has not been read.
    other = Person(person.world, person.post, f"{name}.other@pickup.example")
    send(other, b"Never to be read.\r\n")
    sender = Person(person.world, person.post, person.post.sender)
    mail = sandbox.wait_until(lambda: [m for m in sender.mails("Unlock code") if other.address in m.codes()], "codes")[0]
    open_page(chromium, sender)
    chromium.run("await state.page.goto(link);", link=re.search(r"http://\S+/track/\S{43}", mail.text()).group(0))
    check(chromium, "track")
    chromium.run("""await state.page.click("button:has-text('Recall')"); await state.page.waitForSelector("text=Recall this message?");""")
    check(chromium, "track-recall")
    chromium.run("""await state.page.click("button:has-text('Recall the message')"); await state.page.waitForSelector("text=/^recalled/i");""")
    check(chromium, "track-recalled")
    open_page(chromium, other)
    chromium.run("""await state.page.goto(link); await state.page.waitForSelector("text=This message was recalled");""",
                 link=other.mail("Protected message").link())
    check(chromium, "recalled")
    # Time passes: the inbox is empty, and nothing is left.
    later(person, 40)
    person.sign_in()  # the other window's session continued with a new cookie
    open_page(chromium, person)
    chromium.run("""await state.page.goto(url + "/inbox"); await state.page.waitForSelector("text=No messages.");""",
                 url=person.browser.portal)
    person.world.stop_program("postseal-courier")
    person.world.start_program("postseal-courier")  # it does its chores when it starts
    sandbox.wait_until(lambda: person.world.postgres.query(
        "select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
        f" where c.recipient = '{person.address}'") == [["0"]], "the expired parcels to go")


def test_reply_with_a_large_file_arrives_byte_for_byte(chromium, person, tmp_path):
    send(person, subject="Please send the film")
    person.unlock()
    person.enrol()
    data = noise(20_000_000, "film")
    (tmp_path / "Ürlaub.mp4").write_bytes(data)
    open_page(chromium, person)
    chromium.run("""await state.page.goto(url + "/inbox"); await state.page.click("text=Please send the film");
        await state.page.click("text=Reply >> nth=0"); await state.page.fill("#text", "Here it is.");
        await state.page.setInputFiles("#files", path); await state.page.click("button:has-text('Send')");
        await state.page.waitForURL("**/sent");""", url=person.browser.portal, path=str(tmp_path / "Ürlaub.mp4"))
    check(chromium, "sent")
    mail = Person(person.world, person.post, person.post.sender).mail("Re: Please send the film")
    attached = next(mail.parsed.iter_attachments())
    assert attached.get_filename() == "Ürlaub.mp4" and attached.get_payload(decode=True) == data
    # The reader gets a copy as well, and it downloads exactly as it was uploaded.
    chromium.run("""await state.page.click("text=Re: Please send the film");
        const [download] = await Promise.all([state.page.waitForEvent("download"), state.page.click("text=Ürlaub.mp4")]);
        await download.saveAs(path);""", path=str(tmp_path / "again.mp4"))
    assert (tmp_path / "again.mp4").read_bytes() == data


def test_everything_works_without_javascript(chromium, person):
    send(person)
    link, code = link_and_code(person)
    open_page(chromium, person, javaScriptEnabled=False)
    chromium.run("""const page = state.page;
        await page.goto(link); await page.fill("#code", code); await page.click("text=Open the message");
        await page.click("text=Create an account");
        await page.fill("#password", password); await page.fill("#again", password);
        await page.click("button:has-text('Create account')"); await page.click("text=I have saved it");
        await page.click("text=Write"); await page.fill("#to", "office@example.com");
        await page.fill("#subject", "No script"); await page.fill("#text", "Hello");
        await page.setInputFiles("#files", {name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("AAA")});
        await page.click("button:has-text('Send')"); await page.waitForURL("**/sent");
        await page.click("text=Sign out"); await page.waitForSelector("text=Protected messages");
        """, link=link, code=code, password=PASSWORD)
    mail = Person(person.world, person.post, "office@example.com").mail("No script")
    assert next(mail.parsed.iter_attachments()).get_payload(decode=True) == b"AAA"


def test_everything_works_by_keyboard(chromium, person):
    send(person)
    link, code = link_and_code(person)
    open_page(chromium, person)
    chromium.run("""const page = state.page, key = page.keyboard;
        const focus = () => page.evaluate(() => (document.activeElement.textContent || document.activeElement.id).trim());
        const to = async (text) => {
            for (let i = 0; i < 60; i++) {
                if ((await focus()) === text) return;
                await key.press("Tab");
            }
            throw new Error("no way by keyboard to " + text);
        };
        await page.goto(link);
        await page.waitForFunction(() => document.activeElement.id === "code");
        await key.type(code); await key.press("Enter"); await page.waitForURL("**/message/**");
        await to("Create an account"); await key.press("Enter"); await page.waitForURL("**/enrol");
        await to("password"); await key.type(password); await key.press("Tab"); await key.type(password);
        await key.press("Enter"); await page.waitForSelector(".secret");
        await to("I have saved it. Continue"); await key.press("Enter"); await page.waitForURL("**/inbox");
        await page.keyboard.press("Tab");
        if ((await focus()) !== "Skip to content") throw new Error("the first stop is not the skip link");
        await to("Sign out"); await key.press("Enter"); await page.waitForURL("**/");""",
                 link=link, code=code, password=PASSWORD)


def test_messages_are_found_and_filed(chromium, person):
    """On a telephone, a tablet and a desktop: a folder is created, a message moved into it, found again, and answered from the address
    book."""
    send(person, subject="Lease of the flat")
    person.unlock()
    person.enrol()
    send(person, subject="Invoice")
    sandbox.wait_until(person.world.nothing_waits, "the courier", 60)
    for device, options in (("phone", {"viewport": {"width": 390, "height": 844}, "isMobile": True, "hasTouch": True}),
                            ("tablet", {"viewport": {"width": 820, "height": 1180}, "isMobile": True, "hasTouch": True}),
                            ("desktop", {"viewport": {"width": 1280, "height": 800}, "colorScheme": "dark"})):
        open_page(chromium, person, **options)
        chromium.run("""const page = state.page; await page.goto(url + "/inbox"); await page.click("text=Manage folders");
            await page.fill("#name", "Flat " + device); await page.click("text=Create the folder");
            await page.waitForSelector("main a:has-text('Flat " + device + "')");""", url=person.browser.portal, device=device)
        check(chromium, f"{device}-folders")
        chromium.run("""const page = state.page; await page.goto(url + "/inbox"); await page.check("li:has-text('Lease') input");
            await page.selectOption("select[name=folder]", {label: "Flat " + device});
            await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));""",
                     url=person.browser.portal, device=device)  # higher up, the buttons stay in sight over the end of the list
        check(chromium, f"{device}-inbox-moving")
        chromium.run("""const page = state.page; await page.click("button:has-text('Move')"); await page.waitForSelector("text=1 message");
            await page.fill("#words", "FLAT lease"); await page.press("#words", "Enter"); await page.waitForURL("**/search/**");
            await page.waitForSelector("li:has-text('Flat " + device + "')");""", device=device)
        check(chromium, f"{device}-found")
        chromium.run("""const page = state.page; await page.click("nav >> text=Flat " + device);
            await page.check("li:has-text('Lease') input"); await page.selectOption("select[name=folder]", "");
            await page.click("button:has-text('Move')"); await page.waitForSelector("text=No messages.");""", device=device)
        check(chromium, f"{device}-folder-empty")
        chromium.run("""const page = state.page; await page.click("text=Addresses"); await page.waitForURL("**/contacts");""")
        check(chromium, f"{device}-contacts")
        chromium.run("""const page = state.page; await page.click("main button:has-text('Write')"); await page.waitForSelector("#text");
            if ((await page.inputValue("#to")) !== address) throw new Error(await page.inputValue("#to"));""", address=person.post.sender)


IN_SIGHT = """return await state.page.evaluate(() => [...document.querySelectorAll("ul.messages a")]
    .filter((e) => e.getBoundingClientRect().bottom <= innerHeight).length);"""


def test_lists_on_a_desktop_and_on_a_telephone(chromium, person):
    """Two columns and twenty messages in sight; several are deleted together, with and without a script."""
    send(person, subject="Number 0")
    person.unlock()
    person.enrol()
    for i in range(1, 27):
        send(person, subject=f"Number {i}")
    sandbox.wait_until(person.world.nothing_waits, "the courier", 60)
    for scheme in ("light", "dark"):
        open_page(chromium, person, viewport={"width": 1280, "height": 800}, colorScheme=scheme)
        chromium.run("""await state.page.goto(url);""", url=person.browser.portal + "/inbox")
        check(chromium, f"desktop-{scheme}-inbox")
        assert chromium.run(IN_SIGHT) >= 20
    left, right = chromium.run("""return await state.page.evaluate(() => ["header nav", "ul.messages"].map(
        (s) => document.querySelector(s).getBoundingClientRect()).map((r) => [r.left, r.right, r.top]));""")
    assert left[1] <= right[0], "the folders are beside the list"
    open_page(chromium, person, viewport={"width": 390, "height": 844}, isMobile=True, hasTouch=True, javaScriptEnabled=False)
    chromium.run("""await state.page.goto(url); await state.page.check("li:has-text('Number 26') input");
        await state.page.check("li:has-text('Number 25') input");""", url=person.browser.portal + "/inbox")
    shot(chromium, "phone-inbox-selected")
    chromium.run("""await state.page.click("button:has-text('Delete')"); await state.page.waitForSelector("text=Delete for good?");""")
    check(chromium, "phone-delete")
    chromium.run("""await state.page.click("main button"); await state.page.waitForSelector("text=25 messages, 24 unread");
        if (await state.page.isVisible("text=Number 26")) throw new Error("it is still there");""")
    open_page(chromium, person, viewport={"width": 390, "height": 844}, isMobile=True, hasTouch=True)
    chromium.run("""await state.page.goto(url); await state.page.check("li:has-text('Number 24') input");""",
                 url=person.browser.portal + "/inbox")
    check(chromium, "phone-inbox-long")
    chromium.run("""await state.page.click("text=Number 24"); await state.page.click("button:has-text('Mark as unread')");
        await state.page.waitForSelector("text=25 messages, 24 unread");""")


def test_codes_from_an_app_are_asked_for_and_work_once(chromium, person):
    send(person)
    person.unlock()
    person.enrol()
    open_page(chromium, person)
    chromium.run("""await state.page.goto(url);""", url=person.browser.portal + "/settings/totp")
    check(chromium, "totp")
    secret = chromium.run("return await state.page.textContent('.secret')")
    chromium.run("""await state.page.fill("#code", code); await state.page.click("text=Use this app");
        await state.page.waitForURL("**/settings");""", code=totp(secret, -1))
    sign_in = """await state.page.goto(url + "/signin"); await state.page.fill("#address", address);
        await state.page.fill("#password", password); await state.page.click("button:has-text('Sign in')");
        await state.page.waitForURL("**/factor");"""
    values = dict(url=person.browser.portal, address=person.address, password=PASSWORD)
    fresh = Person(person.world, person.post, person.address)
    open_page(chromium, fresh)
    chromium.run(sign_in, **values)
    check(chromium, "factor")
    code = totp(secret)
    chromium.run("""await state.page.goto(url + "/inbox"); if (!state.page.url().endsWith("/signin")) throw new Error(state.page.url());
        await state.page.goBack();
        await state.page.fill("#code", code); await state.page.click("button:has-text('Continue')");
        await state.page.waitForURL("**/inbox");""", code=code, **values)
    open_page(chromium, fresh)
    chromium.run(sign_in, **values)
    chromium.run("""await state.page.fill("#code", code); await state.page.click("button:has-text('Continue')");
        await state.page.waitForSelector("text=each works only once");""", code=code)
    # Five tries, one of which was made; after that, none is checked any more.
    for _ in range(4):
        chromium.run("""await state.page.fill("#code", "000000");
            await Promise.all([state.page.waitForNavigation(), state.page.click("button:has-text('Continue')")]);""")
    chromium.run("""await state.page.fill("#code", code);
        await state.page.click("button:has-text('Continue')"); await state.page.waitForSelector("text=Too many codes");""",
                 code=totp(secret, 1))


AUTHENTICATOR = """
    state.session = await state.context.newCDPSession(state.page);
    await state.session.send("WebAuthn.enable");
    await state.session.send("WebAuthn.addVirtualAuthenticator", {options: {protocol: "ctap2", transport: "usb",
        hasResidentKey: false, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true}});
"""


def test_passkey_is_made_and_used(chromium, person):
    send(person)
    person.unlock()
    person.enrol()
    open_page(chromium, person)
    chromium.run(AUTHENTICATOR + """
        await state.page.goto(url + "/settings/passkey");""", url=person.browser.portal)
    check(chromium, "passkey")
    chromium.run("""await state.page.fill("#name", "my key"); await state.page.click("button:has-text('Add')");
        await state.page.waitForURL("**/settings"); await state.page.waitForSelector("text=my key");
        await state.page.click("header >> text=Sign out");
        await state.page.goto(url + "/signin"); await state.page.fill("#address", address);
        await state.page.fill("#password", password); await state.page.click("button:has-text('Sign in')");
        await state.page.waitForURL("**/factor");
        await state.page.click("text=Use a passkey"); await state.page.waitForURL("**/inbox");""",
                 url=person.browser.portal, address=person.address, password=PASSWORD)
    # What another key signs is refused.
    open_page(chromium, Person(person.world, person.post, person.address))
    chromium.run(AUTHENTICATOR + """
        await state.page.goto(url + "/signin"); await state.page.fill("#address", address);
        await state.page.fill("#password", password); await state.page.click("button:has-text('Sign in')");
        await state.page.waitForURL("**/factor");
        await state.page.evaluate(() => { const f = document.getElementById("passkey");
            for (const n of ["credential", "client", "data", "signature"]) f.elements[n].value = "AAAA"; f.submit(); });
        await state.page.waitForSelector("text=could not be checked");""",
                 url=person.browser.portal, address=person.address, password=PASSWORD)


# contrib/check looks at these languages, and with --long at all of them.
LANGUAGES = ("en", "de", "fr", "it", "es", "nl", "pl", "pt") if "POSTSEAL_THOROUGH" in os.environ else ("en", "de", "pl")


@pytest.mark.parametrize("language, scheme", [("en", "dark"), *((language, "light") for language in LANGUAGES)])
def test_every_page_is_accessible_in_every_language(chromium, person, language, scheme):
    send(person, subject="Rechnung")
    page = person.unlock().path
    person.enrol()
    open_page(chromium, person, colorScheme=scheme, viewport={"width": 360, "height": 740})
    message = page.removeprefix("/message/")
    for path in ("inbox", "sent", "folders", "contacts", "write", "settings", "settings/confirm", "settings/security", "settings/totp", "settings/passkey", f"message/{message}",
                 f"reply/{message}"):
        chromium.run("await state.page.goto(url);", url=f"{person.browser.portal}/{path}?lang={language}")
        assert chromium.run("return await state.page.getAttribute('html', 'lang')") == language
        check(chromium, f"{language}-{scheme}-{path.split('/')[0] if message in path else path.replace('/', '-')}")
    open_page(chromium, Person(person.world, person.post, person.address), colorScheme=scheme, locale=language,
              viewport={"width": 320, "height": 640})
    receipts = Person(person.world, person.post, person.post.sender)
    trust = re.search(r"trust/\S{43}", receipts.mail("used your code").text()).group(0)
    for path in ("", "signin", "join", "m/x", "nowhere", "track/x", "trust/x", trust):
        chromium.run("await state.page.goto(url);", url=f"{person.browser.portal}/{path}")
        check(chromium, f"{language}-{scheme}-{'trust' if path == trust else path.replace('/', '-') or 'front'}")
    chromium.run("await state.page.click('main button'); await state.page.waitForSelector('main dd');")
    check(chromium, f"{language}-{scheme}-trust-revoked")


def test_html_mail_neither_runs_nor_reaches_out(chromium, world, person):
    """Each variant in the real page; and what cleaning left of it once more, without any other protection."""
    post = person.post
    send(person)
    person.unlock()
    person.enrol()
    for number, (name, html, charset) in enumerate(VARIANTS):
        encoded = base64.encodebytes(html).replace(b"\n", b"\r\n")
        post.accepted(post.compose([person.address], encoded, subject=f"variant {number}",
                                   content=f"text/html; charset={charset}\r\nContent-Transfer-Encoding: base64".encode()),
                      [person.address])
    sandbox.wait_until(lambda: world.nothing_waits(), "the courier", 90)
    found, path = {}, "/inbox"
    for _ in range(len(VARIANTS)):  # fewer pages are enough; a link that led back to its page was once followed for ever
        page = person.browser.get(path).text
        found.update((int(n), m) for m, n in
                     re.findall(r'href="/message/(\S{36})".*?variant (\d+)<', page))
        older = re.search(r'href="([^"]+)">Older messages<', page)
        if older is None:
            break
        path = older.group(1).replace("&amp;", "&")
    assert len(found) == len(VARIANTS) >= 60
    open_page(chromium, person)
    chromium.run("""
        state.ran = []; state.reached = [];
        await state.context.exposeFunction("canary", () => state.ran.push("ran"));
        state.context.on("request", (r) => { if (!r.url().startsWith(portal) && !r.url().startsWith("data:")
            && !r.url().startsWith("about:")) state.reached.push(r.url()); });
        state.page.on("dialog", (d) => { state.ran.push("dialog"); d.dismiss(); });
        state.bare = await state.context.newPage();
        state.bare.on("dialog", (d) => { state.ran.push("dialog"); d.dismiss(); });""", portal=person.browser.portal)
    # The check of the check: without protection, a variant is noticed.
    assert chromium.run("""await state.bare.setContent("<img src=x onerror=canary()>");
        await state.bare.waitForFunction(() => document.images[0].complete);
        for (let i = 0; i < 100 && state.ran.length === 0; i++) await state.bare.waitForTimeout(20);
        return state.ran.splice(0);""") == ["ran"]
    for number, (name, html, charset) in enumerate(VARIANTS):
        message = found[number]
        clean = person.browser.get(f"/html/{message}").text
        outcome = chromium.run("""
            await state.page.goto(portal + "/message/" + message, {waitUntil: "load"});
            const frame = state.page.frames()[1];
            if (frame) await frame.locator("body").waitFor({state: "attached"});
            await state.bare.setContent(clean, {waitUntil: "load"});
            for (const link of await state.bare.locator("a[href]").all())
                await link.evaluate((e) => { e.removeAttribute("target"); if (e.protocol === "javascript:") e.click(); });
            await state.bare.mouse.move(100, 100);
            const left = await state.bare.evaluate(() => document.querySelectorAll("script, iframe, object, embed, form,"
                + "svg, math, link, base, [onerror], [onload], [onfocus], [onmouseover]").length);
            return {ran: state.ran, reached: state.reached, left};""",
                               portal=person.browser.portal, message=message, clean=clean)
        assert outcome == {"ran": [], "reached": [], "left": 0}, (name, outcome, clean[:2000])
