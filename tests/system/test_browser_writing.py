"""The writing page in the real Chromium: with its script, and without."""
import re

import pytest
import world as sandbox
from messages import noise
from person import PASSWORD, PORTAL_RULES as RULES, Person, send
from test_browser import check, open_page
from visitor import Forms, Visitor

SETTINGS = "pickup session 10 minutes"
PHONE = {"viewport": {"width": 390, "height": 844}, "isMobile": True, "hasTouch": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
# The clock of the page runs as it is told to.
OPEN = """await state.page.clock.install(); await state.page.goto(url + "/write");
    await state.page.fill("#to", "office@example.com"); await state.page.fill("#subject", subject); await state.page.fill("#text", "As it began");"""


@pytest.fixture
def member(world, post, name):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@pickup.example")
    send(person)
    person.unlock()
    person.enrol()
    return person


def elsewhere(member):
    """Another browser of the member's."""
    browser = Visitor(member.browser.portal)
    member.sign_in(PASSWORD, browser)
    return browser


def drafts(browser):
    """Text and files of each draft."""
    found = []
    for draft in re.findall(r"/draft/\S{36}", browser.get("/drafts").text):
        page = browser.get(draft).text
        text = next((fields["text"] for action, fields in Forms(page).forms if action == "/send"), "")  # saved again just now
        found.append((text.strip(), re.findall(r'name="(?:keep-\d+|large-\S+)"[^>]*/?><span[^>]*>([^<]+)<', page)))
    return sorted(found)


def state_of(chromium):
    return chromium.run("return await state.page.textContent('#state')")


def begin(chromium, member, subject="Written with a script", **options):
    open_page(chromium, member, **options)
    chromium.run(OPEN, url=member.browser.portal, subject=subject)


def wait_state(chromium, text):
    sandbox.wait_until(lambda: text in state_of(chromium), f"the page to say {text!r}")


@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_is_saved_every_half_minute_and_files_as_soon_as_they_are_chosen(chromium, member, device, tmp_path):
    begin(chromium, member, **(PHONE if device == "phone" else DESKTOP))
    check(chromium, f"{device}-writing")
    other = elsewhere(member)
    assert drafts(other) == []
    chromium.run("await state.page.clock.fastForward(31000);")
    wait_state(chromium, "Saved on")
    assert drafts(other) == [("As it began", [])]
    (tmp_path / "Plän.pdf").write_bytes(noise(3_000_000, "plan"))
    chromium.run("""await state.page.setInputFiles("#files", path);
        await state.page.waitForSelector("#kept >> text=Plän.pdf");""", path=str(tmp_path / "Plän.pdf"))
    assert drafts(other) == [("As it began", ["Plän.pdf"])]
    chromium.run("""await state.page.fill("#text", "As it went on"); await state.page.clock.fastForward(31000);""")
    sandbox.wait_until(lambda: drafts(other) == [("As it went on", ["Plän.pdf"])], "the next version")
    check(chromium, f"{device}-writing-saved")
    chromium.run("""await state.page.click("button:has-text('Send')"); await state.page.waitForURL("**/sent");""")
    assert drafts(other) == []
    mail = Person(member.world, member.post, "office@example.com").mail("Written with a script")
    assert mail.parsed.get_body(("plain",)).get_content().strip() == "As it went on"
    assert next(mail.parsed.iter_attachments()).get_payload(decode=True) == noise(3_000_000, "plan")


def test_draft_keeps_its_address_so_that_reload_and_back_show_it(chromium, member):
    """Each time it was saved by itself it had another one, and the window kept that of an empty page."""
    begin(chromium, member)
    chromium.run("await state.page.clock.fastForward(31000);")
    wait_state(chromium, "Saved on")
    place, other = chromium.run("return state.page.url()"), elsewhere(member)
    assert re.fullmatch(r"http://\S+/draft/\S{36}", place)
    chromium.run("""await state.page.fill("#text", "As it went on"); await state.page.clock.fastForward(31000);""")
    sandbox.wait_until(lambda: drafts(other) == [("As it went on", [])], "the next version")
    assert chromium.run("return state.page.url()") == place
    assert chromium.run("await state.page.reload(); return await state.page.inputValue('#text')").strip() == "As it went on"
    chromium.run("await state.page.goto(url + '/inbox'); await state.page.goBack();", url=member.browser.portal)
    assert chromium.run("return state.page.url()") == place
    assert chromium.run("return await state.page.inputValue('#text')").strip() == "As it went on"
    chromium.run("""await state.page.fill("#text", "Continued after coming back"); await state.page.clock.fastForward(31000);""")
    sandbox.wait_until(lambda: drafts(other) == [("Continued after coming back", [])], "one draft, in its next version")
    chromium.run("await state.page.reload();")
    assert chromium.run("return state.page.url()") == place and place.endswith(re.search(r"/draft/\S{36}", other.get("/drafts").text).group(0))


def test_nothing_is_saved_while_nothing_is_written(chromium, member):
    begin(chromium, member)
    chromium.run("await state.page.clock.fastForward(31000);")
    wait_state(chromium, "Saved on")
    versions = "select k.id from postseal.parcel_key k join postseal.account a on a.id = k.account where a.address = '%s' and k.folder = 'drafts'"
    first = member.world.postgres.query(versions % member.address)
    chromium.run("await state.page.clock.fastForward(31000); await state.page.clock.fastForward(31000);")
    assert member.world.postgres.query(versions % member.address) == first


def test_files_are_dropped_and_sending_waits_for_them(chromium, member):
    begin(chromium, member, subject="Dropped")
    chromium.run("""
        const network = await state.context.newCDPSession(state.page);
        await network.send("Network.emulateNetworkConditions", {offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100000});
        const data = await state.page.evaluateHandle(() => { const d = new DataTransfer();
            d.items.add(new File([new Uint8Array(1000000).fill(65)], "dropped.txt", {type: "text/plain"})); return d; });
        await state.page.dispatchEvent("main", "dragover", {dataTransfer: data});
        await state.page.dispatchEvent("main", "drop", {dataTransfer: data});
        await state.page.click("button:has-text('Send')");""")
    assert "Please wait until the upload is finished" in state_of(chromium)
    # The next percentage took its place.
    percent = "return await state.page.evaluate(() => document.querySelector('#progress').value)"
    before = chromium.run(percent)
    sandbox.wait_until(lambda: chromium.run(percent) > before, "the upload to go on")
    assert "Please wait until the upload is finished" in state_of(chromium)
    chromium.run("""await state.page.waitForURL("**/sent");""")
    mail = Person(member.world, member.post, "office@example.com").mail("Dropped")
    assert next(mail.parsed.iter_attachments()).get_payload(decode=True) == b"A" * 1_000_000


def test_text_and_files_survive_a_connection_that_breaks(chromium, member):
    begin(chromium, member, subject="Broken")
    chromium.run("""await state.context.setOffline(true);
        await state.page.setInputFiles("#files", {name: "a.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(500000, 1)});""")
    wait_state(chromium, "the connection was interrupted")
    check(chromium, "writing-offline")
    assert drafts(elsewhere(member)) == []
    chromium.run("await state.context.setOffline(false); await state.page.clock.fastForward(11000);")
    sandbox.wait_until(lambda: drafts(elsewhere(member)) == [("As it began", ["a.bin"])], "what was written offline")


CHOOSE = """await state.page.evaluate((seed) => { const bytes = new Uint8Array(5000000);
        for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + seed) % 251;
        const d = new DataTransfer(); d.items.add(new File([bytes], "film.mp4", {type: "video/mp4", lastModified: 17}));
        const input = document.querySelector("#files"); input.files = d.files; input.dispatchEvent(new Event("change")); }, 3);"""
FILM = bytes((i * 7 + 3) % 251 for i in range(5_000_000))


def pieces_taken(member):
    return int(member.world.postgres.query("select count(*) from postseal.large_file_piece p join postseal.large_file f on f.id = p.file"
                                           f" join postseal.account a on a.id = f.account where a.address = '{member.address}'")[0][0])


def test_upload_began_again_when_the_connection_broke(chromium, member):
    """In the middle of a piece, and then with the page."""
    begin(chromium, member, subject="Resumed")
    chromium.run("""state.offsets = [];
        await state.page.route("**/upload/*", async (route) => {
            const offset = /name="offset"\\r\\n\\r\\n(\\d+)/.exec(route.request().postDataBuffer().toString("latin1"))[1];
            state.offsets.push(offset);
            return state.offsets.length === 2 ? route.abort("connectionreset") : route.continue(); });""")
    chromium.run(CHOOSE)
    wait_state(chromium, "the connection was interrupted")
    assert pieces_taken(member) == 1
    chromium.run("""state.tries = 0; await state.page.route("**/upload/*", (route) => { state.tries++; return route.abort("connectionreset"); });
        await state.page.clock.fastForward(11000);""")
    sandbox.wait_until(lambda: chromium.run("return state.tries"), "another try")  # it must not be on its way when all is let through again
    wait_state(chromium, "the connection was interrupted")
    # The page is loaded again, at the draft's own address, and the same file is chosen.
    chromium.run("""await state.page.unroute("**/upload/*"); state.page.on("dialog", (dialog) => dialog.accept());
        await state.page.reload(); state.offsets = [];
        await state.page.route("**/upload/*", async (route) => {
            state.offsets.push(/name="offset"\\r\\n\\r\\n(\\d+)/.exec(route.request().postDataBuffer().toString("latin1"))[1]);
            return route.continue(); });""")
    chromium.run(CHOOSE + """await state.page.waitForSelector("#kept >> text=film.mp4");""")
    assert chromium.run("return state.offsets") == ["2097152", "4194304"]
    check(chromium, "writing-large-file")
    chromium.run("""await state.page.click("button:has-text('Send')"); await state.page.waitForURL("**/sent");""")
    mail = Person(member.world, member.post, "office@example.com").mail("Resumed")
    assert next(mail.parsed.iter_attachments()).get_payload(decode=True) == FILM


def test_upload_failed_when_the_answer_to_its_last_piece_was_lost(chromium, member):
    begin(chromium, member, subject="Lost answer")
    chromium.run("""state.lost = 0; await state.page.route("**/upload/*", async (route) => {
            const last = /name="offset"\\r\\n\\r\\n4194304/.test(route.request().postDataBuffer().toString("latin1"));
            if (!last || state.lost++ > 0)
                return route.continue();
            await route.fetch();
            return route.abort("connectionreset"); });""")
    chromium.run(CHOOSE)
    wait_state(chromium, "the connection was interrupted")
    chromium.run("""await state.page.clock.fastForward(11000); await state.page.waitForSelector("#kept >> text=film.mp4");
        await state.page.click("button:has-text('Send')"); await state.page.waitForURL("**/sent");""")
    mail = Person(member.world, member.post, "office@example.com").mail("Lost answer")
    assert [a.get_payload(decode=True) for a in mail.parsed.iter_attachments()] == [FILM]


def test_large_file_is_taken_out_again_on_the_page(chromium, member):
    begin(chromium, member, subject="Taken out")
    chromium.run(CHOOSE + """await state.page.waitForSelector("#kept >> text=film.mp4");
        await state.page.setInputFiles("#files", {name: "a.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(5, 1)});
        await state.page.waitForSelector("#kept >> text=a.bin"); await state.page.uncheck("#kept input[type=checkbox][name^=large]");
        await state.page.fill("#text", "Without it"); await state.page.clock.fastForward(31000);""")
    sandbox.wait_until(lambda: drafts(elsewhere(member)) == [("Without it", ["a.bin"])], "the draft without it")


def test_file_was_lost_when_the_one_before_it_was_taken_out(chromium, member):
    """The page went on to call it by its old number."""
    begin(chromium, member, subject="Renumbered")
    chromium.run("""await state.page.setInputFiles("#files", ["a.bin", "b.bin"].map((name) =>
            ({name, mimeType: "application/octet-stream", buffer: Buffer.alloc(5, 1)})));
        await state.page.waitForSelector("#kept >> text=b.bin"); await state.page.uncheck("#kept input[name=keep-0]");
        await state.page.fill("#text", "Without the first"); await state.page.clock.fastForward(31000);
        await state.page.waitForSelector("#kept >> text=a.bin", {state: "detached"});
        await state.page.fill("#text", "Saved again"); await state.page.clock.fastForward(31000);""")
    sandbox.wait_until(lambda: drafts(elsewhere(member)) == [("Saved again", ["b.bin"])], "the second file")


def begin_with_files(chromium, member, subject):
    """Files A, B and C in the draft's first version, and the second to be made."""
    begin(chromium, member, subject=subject)
    chromium.run("""await state.page.setInputFiles("#files", ["A", "B", "C"].map(
            (name) => ({name: name + ".txt", mimeType: "text/plain", buffer: Buffer.from(name)})));
        await state.page.waitForSelector("#kept >> text=C.txt");""")


def sent_files(chromium, member, subject):
    chromium.run("""await state.page.click("button:has-text('Send')"); await state.page.waitForURL("**/sent");""")
    mail = Person(member.world, member.post, "office@example.com").mail(subject)
    return [(a.get_filename(), a.get_payload(decode=True)) for a in mail.parsed.iter_attachments()]


def ticked(chromium):
    return chromium.run("""return await state.page.$$eval("#kept input", (boxes) =>
        boxes.map((box) => [box.name, box.parentNode.textContent, box.checked, box.disabled]));""")


def test_ticked_file_was_left_out_after_another_was_unticked(chromium, member):
    """The numbers of the boxes were those of the version before."""
    begin_with_files(chromium, member, "Without A")
    chromium.run("""await state.page.uncheck("text=A.txt"); await state.page.fill("#text", "As it went on");
        await state.page.clock.fastForward(31000);""")
    sandbox.wait_until(lambda: drafts(elsewhere(member)) == [("As it went on", ["B.txt", "C.txt"])], "the next version")
    sandbox.wait_until(lambda: ticked(chromium) == [["keep-0", "B.txt", True, False], ["keep-1", "C.txt", True, False]], "the new numbers")
    assert sent_files(chromium, member, "Without A") == [("B.txt", b"B"), ("C.txt", b"C")]


def test_file_unticked_during_an_upload_was_sent(chromium, member):
    begin_with_files(chromium, member, "Without B")
    chromium.run("""await state.page.uncheck("text=A.txt");
        const network = await state.context.newCDPSession(state.page);
        await network.send("Network.emulateNetworkConditions", {offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100000});
        await state.page.setInputFiles("#files", {name: "D.txt", mimeType: "text/plain", buffer: Buffer.alloc(300000, 68)});
        await state.page.waitForSelector("#progress", {state: "visible"}); await state.page.uncheck("text=B.txt");""")
    # What is not in the version that is being made cannot be ticked into it.
    assert [box[1:] for box in ticked(chromium)][:2] == [["A.txt", False, True], ["B.txt", False, False]]
    assert 0 <= chromium.run("return await state.page.$eval('#progress', (bar) => bar.value)") < 100
    chromium.run("""await state.page.waitForSelector("#kept >> text=D.txt");""")
    assert [box[1:3] for box in ticked(chromium)] == [["B.txt", False], ["C.txt", True], ["D.txt", True]]
    assert [name for name, _ in sent_files(chromium, member, "Without B")] == ["C.txt", "D.txt"]


def test_file_that_is_too_large_is_said_before_it_is_sent(chromium, member):
    begin(chromium, member, subject="Large")
    chromium.run("""await state.page.evaluate(() => { const d = new DataTransfer(); d.items.add(new File([new Uint8Array(30e6)], "film.mov"));
        const input = document.querySelector("#files"); input.files = d.files; input.dispatchEvent(new Event("change")); });""")
    assert "larger than allowed" in state_of(chromium)
    chromium.run("await state.page.clock.fastForward(31000);")
    sandbox.wait_until(lambda: drafts(elsewhere(member)) == [("As it began", [])], "the text")


def test_two_windows_both_keep_their_text(chromium, member):
    begin(chromium, member)
    chromium.run("await state.page.clock.fastForward(31000);")
    wait_state(chromium, "Saved on")
    other = elsewhere(member)
    other.get(re.search(r"/draft/\S{36}", other.get("/drafts").text).group(0))
    other.send({"text": "From elsewhere", "action": "save"}, action="/send")
    chromium.run("""await state.page.fill("#text", "From here"); await state.page.clock.fastForward(31000);""")
    wait_state(chromium, "saved in another window")
    check(chromium, "writing-conflict")
    assert drafts(other) == [("From elsewhere", []), ("From here", [])]
    chromium.run("""await state.page.fill("#text", "From here, continued"); await state.page.clock.fastForward(31000);""")
    sandbox.wait_until(lambda: drafts(other) == [("From elsewhere", []), ("From here, continued", [])], "a draft of its own")


def test_is_warned_before_the_session_ends_and_signs_in_on_the_page(chromium, member):
    begin(chromium, member)
    chromium.run("await state.page.clock.fastForward(31000);")
    wait_state(chromium, "Saved on")
    assert not chromium.run("return await state.page.isVisible('#ending')")
    chromium.run("""await state.page.clock.fastForward(421000); await state.page.waitForSelector("#ending", {state: "visible"});""")
    check(chromium, "writing-ending")
    chromium.run("""await state.page.click("text=Stay signed in"); await state.page.waitForSelector("#ending", {state: "hidden"});""")
    member.world.postgres.query("update postseal.portal_session set expires_at = now() - interval '1 second' returning 1")
    chromium.run("""await state.page.fill("#text", "Written too late"); await state.page.clock.fastForward(31000);""")
    wait_state(chromium, "you have been signed out")
    chromium.run("""await state.page.click("button:has-text('Save and continue')"); await state.page.waitForSelector("text=Sign in to continue");""")
    check(chromium, "writing-signed-out")
    chromium.run("""await state.page.fill("#address", address); await state.page.fill("#password", password);
        await state.page.click("text=Sign in and continue"); await state.page.waitForURL("**/draft/*");""",
                 address=member.address, password=PASSWORD)
    assert chromium.run("return await state.page.inputValue('#text')").strip() == "Written too late"
    check(chromium, "writing-signed-in-again")


def test_session_that_ended_while_a_file_waited_locked_the_page(chromium, member):
    """It said for ever that the page continues by itself, on the very button that it named as the way out."""
    begin(chromium, member, subject="Over")
    member.world.postgres.query("update postseal.portal_session set expires_at = now() - interval '1 second' returning 1")
    chromium.run("""await state.page.setInputFiles("#files", {name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("AAA")});""")
    wait_state(chromium, "you have been signed out")
    chromium.run("""await state.page.click("button:has-text('Save and continue')"); await state.page.waitForSelector("text=Sign in to continue");""")
    assert chromium.run("return await state.page.isVisible('text=Please choose your new files again')")
    chromium.run("""await state.page.fill("#address", address); await state.page.fill("#password", password);
        await state.page.click("text=Sign in and continue"); await state.page.waitForURL("**/draft/*");""",
                 address=member.address, password=PASSWORD)
    assert chromium.run("return await state.page.inputValue('#text')").strip() == "As it began"


def test_too_many_files_locked_the_page(chromium, member):
    begin(chromium, member, subject="Many")
    chromium.run("""await state.page.setInputFiles("#files", [...Array(101).keys()].map(
            (number) => ({name: number + ".txt", mimeType: "text/plain", buffer: Buffer.from("A")})));
        await state.page.click("button:has-text('Send')"); await state.page.waitForSelector("text=larger than allowed");""")
    assert chromium.run("return await state.page.inputValue('#text')").strip() == "As it began"
    assert drafts(elsewhere(member)) == [("As it began", [])]


def test_page_that_was_left_was_not_saved(chromium, member):
    """A telephone ends a page without asking; what was typed in the last half minute was gone."""
    begin(chromium, member)
    chromium.run("""await state.page.evaluate(() => { Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
        document.dispatchEvent(new Event("visibilitychange")); });""")
    wait_state(chromium, "Saved on")
    assert drafts(elsewhere(member)) == [("As it began", [])]
    chromium.run("""await state.page.fill("#text", "Typed just now"); state.page.on("dialog", (dialog) => dialog.accept());
        await state.page.evaluate(() => { delete document.visibilityState; });
        await state.page.goto(url + "/inbox");""", url=member.browser.portal)
    sandbox.wait_until(lambda: drafts(elsewhere(member)) == [("Typed just now", [])], "what was typed last")


@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_without_a_script_the_buttons_save_and_discard(chromium, member, device):
    open_page(chromium, member, javaScriptEnabled=False, **(PHONE if device == "phone" else DESKTOP))
    chromium.run("""await state.page.goto(url + "/write"); await state.page.fill("#text", "By hand");
        await state.page.setInputFiles("#files", {name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("AAA")});
        await state.page.click("button:has-text('Save and continue')"); await state.page.waitForURL("**/draft/*");""", url=member.browser.portal)
    assert not chromium.run("return await state.page.isVisible('#dropping')")
    check(chromium, f"{device}-draft")
    assert drafts(elsewhere(member)) == [("By hand", ["a.txt"])]
    chromium.run("""await state.page.click("button:has-text('Discard')"); await state.page.waitForURL("**/discard/*");""")
    check(chromium, f"{device}-discard")
    chromium.run("""await state.page.click("text=Continue writing"); await state.page.click("button:has-text('Discard')");
        await state.page.click("text=Discard the draft"); await state.page.waitForURL("**/drafts");""")
    assert drafts(elsewhere(member)) == []


def test_only_the_writing_page_runs_the_script(member):
    page = member.browser.get("/write")
    assert "script-src 'self'; connect-src 'self'" in page.headers["Content-Security-Policy"] and "/write.js" in page.text
    for path in ("/inbox", "/drafts", "/sent", "/settings"):
        answer = member.browser.get(path)
        assert "script-src 'none'" in answer.headers["Content-Security-Policy"] and "<script" not in answer.text
