"""HTML mail that tries to run a script or to load something, in more than a thousand generated forms (injection_forms.py), with
the walls taken away until one is left: what cleaning leaves, what the policies allow, what the sandbox keeps in.

The portal's part is real: cleaning as postseal-reader does it, and policies and sandbox as a message's page has them. Everything
that the browser asks anybody for goes through a proxy of ours, so that connections are noticed that no page hears of.
"""
import concurrent.futures
import http.server
import re
import subprocess
import sys
import threading

import pytest

from conftest import BUILD, SOURCE
from injection_forms import FORMS
from person import PORTAL_RULES as RULES, send  # noqa: F401 (read by the fixtures)

sys.path.insert(0, str(SOURCE / "tests" / "browser"))
from chromium import Chromium  # noqa: E402

PROBE = BUILD / "tests" / "html_probe"
BATCH = 120  # forms on a page, each in a frame of its own
PAGE = "page.invalid"
CANARY = re.compile(r"\bv(\d+)\.canary\.invalid\b")
# As a reader's mouse and keyboard do, on everything that is not a link that leads out, in all frames that can be reached.
TOUCH = """
await state.page.evaluate(() => {
    const outward = ["http:", "https:", "mailto:", "ftp:", "tel:"];
    const touch = (e) => {
        const link = e.closest("a, area"), way = link && (link.protocol || String(link.href.baseVal ?? link.href).split(":")[0] + ":");
        for (const name of ["mouseover", "pointerenter", "keydown", "copy", "dragstart", "auxclick", "contextmenu", "wheel", "input"])
            e.dispatchEvent(new Event(name, {bubbles: false}));
        try { e.focus(); e.blur(); } catch { }
        if (way !== null && outward.includes(way)) return;
        if (link) link.removeAttribute("target");
        e.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, view: e.ownerDocument.defaultView}));
    };
    const walk = (window) => {
        for (let i = 0; i < window.length; i++) {
            const frame = window[i];
            let elements = [];
            try { elements = [...frame.document.querySelectorAll("*")].slice(0, 2000); walk(frame); } catch { }
            for (const e of elements) try { touch(e); } catch { }
        }
    };
    walk(window);
});"""


class Asked(http.server.BaseHTTPRequestHandler):
    """Serves the pages, and notes who asks for what else."""

    def do_CONNECT(self):
        self.note(self.path)
        self.send_error(502)

    def do_GET(self):
        place = self.path.removeprefix(f"http://{PAGE}/")
        if place == self.path:
            number = self.note(self.path)
            return self.reply(f"canary({number})".encode(), {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"})
        body, headers = self.server.pages.get(place.partition("?")[0], (b"", {}))
        self.reply(body, headers)

    do_POST = do_GET

    def note(self, place):
        found = CANARY.search(place)
        number = found.group(1) if found else "?"
        if found:
            self.server.asked.add(int(number))
        return number

    def reply(self, body, headers):
        self.send_response(200)
        for name, value in {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.pages, server.asked = {}, set()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium(proxy):
    browser = Chromium(BUILD)
    browser.run("""
        state.context = await browser.newContext({proxy: {server: "http://127.0.0.1:" + port}});
        state.ran = [];
        await state.context.exposeFunction("canary", (number) => { state.ran.push(number); });
        state.context.on("page", (page) => page.on("dialog", (dialog) => dialog.dismiss()));""", port=proxy.server_port)
    yield browser
    browser.close()


@pytest.fixture
def walls(person):
    """The policy of a mail's HTML without its sandbox, the sandbox of its frame, and the policy of the page around it."""
    body = b"<p>Hello.\r\n"
    send(person, body, content=b"text/html; charset=utf-8")
    page = person.unlock()
    frame = re.search(r'<iframe class="mail" sandbox="([^"]*)" [^>]*src="(/html/[^"]+)"', page.text)
    policy = person.browser.ask(frame.group(2)).headers["Content-Security-Policy"]
    inner, _, sandbox = policy.partition("sandbox ")
    assert "default-src 'none'" in inner and "script-src 'none'" in inner and sandbox == frame.group(1) and "allow-scripts" not in sandbox
    assert "allow-same-origin" not in sandbox and "frame-src 'self'" in page.headers["Content-Security-Policy"]
    return inner, sandbox, page.headers["Content-Security-Policy"]


def cleaned(html):
    done = subprocess.run([PROBE], input=html, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, (html, done.stderr)
    return done.stdout


def try_all(chromium, proxy, documents, policy=None, sandbox=None, around=None):
    """Which of the documents ({number: HTML}) ran something, and which asked for something, behind the walls that are left."""
    inner = {"Content-Security-Policy": "; ".join(filter(None, [policy, sandbox and f"sandbox {sandbox}"]))} if policy or sandbox else {}
    attribute = f'sandbox="{sandbox}"' if sandbox else ""
    ran, all_numbers = set(), list(documents)
    proxy.asked.clear()
    for begin in range(0, len(all_numbers), BATCH):
        numbers = all_numbers[begin:begin + BATCH]
        proxy.pages.update((f"mail/{number}", (documents[number], inner)) for number in numbers)
        frames = "".join(f'<iframe {attribute} src="/mail/{number}"></iframe>' for number in numbers)
        proxy.pages["message"] = (f"<!DOCTYPE html><title>x</title>{frames}".encode(), {"Content-Security-Policy": around} if around else {})
        # Some of the forms ask again and again.
        ran.update(chromium.run("""
            state.page = await state.context.newPage();
            await state.page.goto(url, {waitUntil: "load"});
            """ + TOUCH + """
            await state.page.waitForLoadState("networkidle", {timeout: 3000}).catch(() => { });
            await state.page.close();
            return state.ran.splice(0);""", url=f"http://{PAGE}/message"))
    return ran, set(proxy.asked)


def shown(documents, numbers):
    return [(number, FORMS[number][0], documents[number][:300]) for number in sorted(numbers)]


def test_no_form_of_html_runs_or_loads_behind_any_one_of_the_walls(chromium, proxy, walls):
    policy, sandbox, around = walls
    raw = {number: make(f"canary({number})", f"v{number}.canary.invalid").encode() for number, (_, make) in enumerate(FORMS)}
    assert len(set(raw.values())) == len(raw) >= 1000
    # Of most of them, the same is left, but for the name of the sheet's class (css_sheet.h).
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        clean = {re.sub(rb'class="mail m[0-9a-f]{8}"', b"", html): (number, html) for number, html in zip(raw, pool.map(cleaned, raw.values()))}
    clean = dict(clean.values())

    # The check of the check: without any wall, most kinds of them do something.
    ran, asked = try_all(chromium, proxy, raw)
    harmless = {kind for kind, _ in FORMS} - {FORMS[number][0] for number in ran | asked}
    print(f"{len(raw)} forms, {len(clean)} cleaned; without walls {len(ran)} run and {len(asked)} load; nothing of {harmless}")
    assert len(ran) >= 300 and len(asked) >= 100 and len(harmless) <= 3

    # Cleaning needs no other wall.
    ran, asked = try_all(chromium, proxy, clean)
    assert not ran and not asked, shown(clean, ran | asked)
    # Nor do the policies.
    ran, asked = try_all(chromium, proxy, raw, policy=policy, around=around)
    assert not ran and not asked, shown(raw, ran | asked)
    # The sandbox stops scripts, and is not there for anything else.
    ran, _ = try_all(chromium, proxy, raw, sandbox=sandbox)
    assert not ran, shown(raw, ran)
