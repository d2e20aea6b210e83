"""Looks at a page in the real Chromium: on a phone, a tablet and a desktop, light and dark."""
from conftest import BUILD

SIZES = [("phone", 360, 740), ("tablet", 820, 1180), ("desktop", 1280, 900)]


def open_page(chromium, person, path, **options):
    """A page in a fresh browser with the visitor's cookie."""
    cookies = [{"name": c.name, "value": c.value, "domain": "localhost", "path": "/"} for c in person.browser.jar]
    chromium.run("""
        state.context = await browser.newContext(options);
        await state.context.addCookies(cookies);
        state.page = await state.context.newPage();
        state.page.setDefaultTimeout(90000);
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
