"""Every route of the portal, requested by everybody: whose is it, in which state, and may this
person do this with it now?

A route that is missing in the table fails the test. Promises 1, 5 and 7, as far as the portal is
concerned.
"""
import re
import urllib.parse

import pytest
import world as sandbox
from person import PORTAL_RULES as RULES, Person, send, totp
from visitor import Visitor

# What each visitor is told: a status, or (>) where they are redirected. Paths that end with "/" are
# requested with the
# owner's unread message, which is not theirs, or not yet.
VISITORS = ("nobody", "link", "guest", "half", "other")
HEARS = {
    # nobody, with only the link, a guest, half signed in, another member
    ("GET", "/"): "200 200 200 200 >/inbox",
    ("GET", "/style.css"): "200 200 200 200 200",
    ("GET", "/logo.svg"): "200 200 200 200 200",
    ("GET", "/icon-180.png"): "200 200 200 200 200",
    ("GET", "/icon-192.png"): "200 200 200 200 200",
    ("GET", "/icon-512.png"): "200 200 200 200 200",
    ("GET", "/manifest.webmanifest"): "200 200 200 200 200",
    ("GET", "/write.js"): "200 200 200 200 200",
    ("GET", "/passkey.js"): "200 200 200 200 200",
    ("GET", "/ca/"): "404 404 404 404 404",
    ("GET", "/.well-known/openpgpkey/"): "404 404 404 404 404",
    ("GET", "/m/"): "200 200 200 200 200",
    ("POST", "/m/"): "400 400 400 400 400",
    ("GET", "/signin"): "200 200 200 200 >/inbox",
    ("POST", "/signin"): "400 400 400 400 400",
    ("POST", "/signin/writing"): "403 403 403 403 403",
    ("POST", "/signout"): ">/ >/ >/ >/ >/",
    ("GET", "/factor"): ">/signin >/signin >/signin 200 >/inbox",
    ("POST", "/factor"): "403 403 403 200 403",
    ("POST", "/factor/passkey"): "403 403 403 200 403",
    ("GET", "/join"): "200 200 200 200 200",
    ("POST", "/join"): "400 400 400 400 400",
    ("GET", "/proof/"): "404 404 404 404 404",
    ("POST", "/proof/"): "404 404 404 404 404",
    ("GET", "/enrol"): ">/signin >/signin 200 >/signin >/inbox",
    ("POST", "/enrol"): "409 409 400 409 >/inbox",
    ("GET", "/inbox"): ">/signin >/signin >/signin >/signin 200",
    ("POST", "/inbox"): "403 403 403 403 200",
    ("GET", "/sent"): ">/signin >/signin >/signin >/signin 200",
    ("POST", "/sent"): "403 403 403 403 200",
    ("GET", "/drafts"): ">/signin >/signin >/signin >/signin 200",
    ("POST", "/drafts"): "403 403 403 403 200",
    ("GET", "/message/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/html/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/preview/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/print/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/source/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/attachment/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/zip/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/added/"): ">/signin >/signin 404 >/signin 404",
    ("POST", "/delete/"): "403 403 403 403 404",
    ("GET", "/folder/"): ">/signin >/signin >/signin >/signin 404",
    ("POST", "/folder/"): "403 403 403 403 404",
    ("GET", "/folders"): ">/signin >/signin >/signin >/signin 200",
    ("POST", "/folders"): "403 403 403 403 400",
    ("GET", "/contacts"): ">/signin >/signin >/signin >/signin 200",
    ("POST", "/write"): "403 403 403 403 200",
    ("POST", "/search"): "403 403 403 403 >/search/FOUND",
    ("GET", "/search/"): ">/signin >/signin >/signin >/signin 404",
    ("POST", "/search/"): "403 403 403 403 404",
    ("POST", "/unread/"): "403 403 403 403 404",
    ("GET", "/write"): ">/signin >/signin >/signin >/signin 200",
    ("GET", "/reply/"): ">/signin >/signin >/signin >/signin 404",
    ("GET", "/replyall/"): ">/signin >/signin >/signin >/signin 404",
    ("GET", "/forward/"): ">/signin >/signin >/signin >/signin 404",
    ("GET", "/discard/"): ">/signin >/signin >/signin >/signin 404",
    ("GET", "/draft/"): ">/signin >/signin >/signin >/signin 404",
    ("POST", "/send"): "403 403 403 403 404",
    ("POST", "/upload"): "403 403 403 403 404",
    ("POST", "/upload/"): "403 403 403 403 404",
    ("GET", "/large/"): ">/signin >/signin 404 >/signin 404",
    ("GET", "/file/"): "404 404 404 404 404",
    ("GET", "/settings"): ">/signin >/signin >/signin >/signin 200",
    ("POST", "/settings/name"): "403 403 403 403 >/settings",
    ("POST", "/settings/language"): "403 403 403 403 >/settings",
    ("POST", "/settings/wish"): "403 403 403 403 >/settings",
    ("POST", "/settings/notices"): "403 403 403 403 >/settings",
    ("GET", "/settings/confirm"): ">/signin >/signin >/signin >/signin 200",
    ("POST", "/settings/confirm"): "403 403 403 403 403",
    ("POST", "/settings/confirm/passkey"): "403 403 403 403 403",
    ("GET", "/settings/security"): ">/signin >/signin >/signin >/signin >/settings/confirm",
    ("POST", "/settings/password"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/recovery"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/key"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/key/remove"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/trust"): "403 403 403 403 >/settings/confirm",
    ("GET", "/settings/totp"): ">/signin >/signin >/signin >/signin >/settings/confirm",
    ("POST", "/settings/totp"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/totp/remove"): "403 403 403 403 >/settings/confirm",
    ("GET", "/settings/passkey"): ">/signin >/signin >/signin >/signin >/settings/confirm",
    ("POST", "/settings/passkey"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/passkey/remove"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/application"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/application/remove"): "403 403 403 403 >/settings/confirm",
    ("POST", "/settings/session"): "403 403 403 403 >/settings",
    ("POST", "/settings/sessions"): "403 403 403 403 >/settings",
    ("GET", "/track/"): "404 404 404 404 404",
    ("POST", "/track/"): "404 404 404 404 404",
    ("POST", "/track-file/"): "404 404 404 404 404",
    ("GET", "/trust/"): "404 404 404 404 404",
    ("POST", "/trust/"): "404 404 404 404 404",
    ("GET", "/approval/"): "404 404 404 404 404",
    ("POST", "/approval/"): "404 404 404 404 404",
}
# And for the owner, with messages in each state.
STATES = ("waiting", "recalled", "expired", "deleted", "draft", "sent")
OWNER_HEARS = {
    # waiting, recalled, expired, deleted, draft, sent
    ("GET", "/ca/"): "404 404 404 404 404 404",
    ("GET", "/.well-known/openpgpkey/"): "404 404 404 404 404 404",
    ("GET", "/m/"): "200 200 200 200 200 200",
    ("POST", "/m/"): "400 400 400 400 400 400",
    ("GET", "/proof/"): "404 404 404 404 404 404",
    ("POST", "/proof/"): "404 404 404 404 404 404",
    ("GET", "/message/"): "200 410 410 410 200 200",
    ("GET", "/html/"): "404 410 410 410 404 404",
    ("GET", "/preview/"): "404 404 404 404 404 404",
    ("GET", "/print/"): "200 410 410 410 200 200",
    ("GET", "/source/"): "200 410 410 410 200 200",
    ("GET", "/attachment/"): "404 410 410 410 404 404",
    ("GET", "/zip/"): "200 410 410 410 200 200",
    ("GET", "/added/"): "404 404 404 404 404 404",
    ("GET", "/folder/"): "404 404 404 404 404 404",
    ("POST", "/folder/"): "404 404 404 404 404 404",
    ("GET", "/search/"): "404 404 404 404 404 404",
    ("POST", "/search/"): "404 404 404 404 404 404",
    ("POST", "/unread/"): ">/inbox 410 410 410 404 404",
    ("POST", "/delete/"): "200 410 410 410 200 200",
    ("GET", "/reply/"): "200 410 410 410 404 404",
    ("GET", "/replyall/"): "200 410 410 410 404 404",
    ("GET", "/forward/"): "200 410 410 410 404 200",
    ("GET", "/draft/"): "404 410 410 410 200 404",
    ("GET", "/discard/"): "404 410 410 410 200 404",
    ("POST", "/upload/"): "404 404 404 404 404 404",
    ("GET", "/large/"): "404 410 410 410 404 404",
    ("GET", "/file/"): "404 404 404 404 404 404",
    ("GET", "/track/"): "404 404 404 404 404 404",
    ("POST", "/track/"): "404 404 404 404 404 404",
    ("POST", "/track-file/"): "404 404 404 404 404 404",
    ("GET", "/trust/"): "404 404 404 404 404 404",
    ("POST", "/trust/"): "404 404 404 404 404 404",
    ("GET", "/approval/"): "404 404 404 404 404 404",
    ("POST", "/approval/"): "404 404 404 404 404 404",
}


def routes():
    source = (sandbox.SOURCE / "portal" / "portal.c").read_text()
    return re.findall(r'\{"(GET|POST)", "([^"]+)", \w+, ACCESS_', source)


def place_of(answer):
    """What was looked for stands in the link, but sealed."""
    return ">" + re.sub(r"^/search/[\w-]{200,}$", "/search/FOUND", answer.path)


def outcome(visitor, method, path):
    if method == "GET":
        answer = visitor.get(path)
    else:
        forged = visitor.ask(path, b"x=y")  # without the token from one of our pages
        assert forged.status == 403, f"{path} takes a form of somebody else's page"
        visitor.get("/settings")
        if "token" not in visitor.page.text:
            visitor.get("/signin")
        token = re.search(r'name="token" value="([^"]+)"', visitor.page.text).group(1)
        answer = visitor.ask(path, f"token={token}&parent={path.rpartition('/')[2]}".encode())
    return str(answer.status) if answer.path == path else place_of(answer)


def member(person):
    send(person)
    person.unlock()
    person.enrol()


def newest(person, folder="/inbox"):
    return re.search(r'name="message-(\S{36})"', person.browser.get(folder).text).group(1)


@pytest.fixture
def owner(person):
    member(person)
    send(person, subject="Unread")
    person.mail("Protected message", 2)
    return person


@pytest.fixture
def visitors(owner, name):
    """Each as a function that returns a fresh browser of that visitor."""
    def another(what):
        return Person(owner.world, owner.post, f"{name}.{what}@pickup.example")

    other, half, guest = another("other"), another("half"), another("guest")
    member(other)
    member(half)
    secret = re.search(r'class="secret">([A-Z2-7]+)<', half.browser.get("/settings/totp").text).group(1)
    half.browser.send({"code": totp(secret, -1)})
    send(guest)
    guest.unlock()
    link = guest.mail("Protected message").link()

    def with_link():
        browser = Visitor(owner.browser.portal)
        browser.get(link)
        return browser

    def signed_in(person):
        browser = Visitor(owner.browser.portal)
        person.sign_in(browser=browser)
        return browser

    def opened():
        guest.browser = Visitor(owner.browser.portal)
        guest.unlock()
        return guest.browser

    return {"nobody": lambda: Visitor(owner.browser.portal), "link": with_link, "guest": opened,
            "half": lambda: signed_in(half), "other": lambda: signed_in(other)}


def test_the_table_has_every_route():
    assert set(HEARS) == set(routes())
    assert set(OWNER_HEARS) == {route for route in routes() if route[1].endswith("/") and len(route[1]) > 1}


def test_what_everybody_hears_of_what_is_not_theirs(owner, visitors):
    message = newest(owner)
    for visitor in VISITORS:
        browser = visitors[visitor]()
        owner.world.postgres.query("update postseal.throttle set count = 0 returning 1")
        for method, path in routes():
            heard = outcome(browser, method, path + message * path.endswith("/") * (len(path) > 1)
                            + "/0" * (path == "/attachment/"))
            wanted = HEARS[method, path].split()[VISITORS.index(visitor)]
            assert heard.replace(message, "ID") == wanted, f"{visitor}: {method} {path}"
            if path in ("/signout", "/settings/session", "/settings/sessions", "/signin"):
                browser = visitors[visitor]()
    row = owner.world.postgres.query(f"select read_at is null from postseal.parcel_key where id = '{message}'")
    assert row == [["t"]], "one of them has opened it"


@pytest.mark.parametrize("state", STATES)
def test_what_the_owner_hears_of_each_state(owner, state):
    message = in_state(owner, state)
    wrong = []
    for method, path in sorted(OWNER_HEARS, key=lambda route: route == ("POST", "/delete/")):  # which comes last
        heard = outcome(owner.browser, method, path + message + "/0" * (path == "/attachment/"))
        wanted = OWNER_HEARS[method, path].split()[STATES.index(state)]
        if heard.replace(message, "ID") != wanted:
            wrong.append(f"{state}: {method} {path}: {heard}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def in_state(owner, state):
    world = owner.world
    if state in ("draft", "sent"):
        owner.browser.get("/write")
        owner.browser.send({"to": "office@example.com", "subject": "S", "text": "t",
                            "action": "keep" if state == "draft" else "send"})
        return newest(owner, "/drafts" if state == "draft" else "/sent")
    count = len(owner.mails("Protected message"))
    send(owner, subject="Walk")
    owner.mail("Protected message", count + 1)
    message = newest(owner)
    if state == "recalled":
        world.postseal("message", "recall", owner.post.copies(owner.address)[-1]["message"])
    elif state == "expired":
        world.postgres.query(f"update postseal.parcel_key set expires_at = now() - interval '1 second' where id = '{message}' returning 1")
    elif state == "deleted":
        owner.browser.get(f"/message/{message}")
        owner.browser.send({"action": "delete-now"}, action=f"/delete/{message}")
    return message


# --- every field of every form, with values that none of our pages sends ---

# Where a form is sent that has no action of its own, or gets it from the program.
PLACES = {"unlock.html": "/m/", "delete.html": "/delete/", "discard.html": "/delete/", "enrol.html": "/enrol", "reopen.html": "/proof/", "track.html": "/track/", "recall.html": "/track/", "takeout.html": "/track/", "revoke.html": "/trust/", "approval.html": "/approval/", "message.html": "/delete/", "list.html": "/inbox"}
# Boxes that are named by the program.
BOXES = {"keep-box": "keep-0", "keep-listed": "listed-x", "entry-box": "message-x", "chosen-box": "message-x"}
HOSTILE = ("empty", "nonsense", "quote", "control", "long", "other's")
# For each field, what the owner is told if only this field has such a value, and the others are
# right.
FIELDS = {
    # empty, nonsense, ' or 1=1 --, line ends and controls, 30 kB, something of another member's; or
    # all of them
    ("/approval/", "action"): "404",
    ("/approval/", "because"): "404",
    ("/delete/", "action"): "404",
    ("/delete/", "after"): "404",
    ("/delete/", "before"): "404",
    ("/delete/", "message-x"): "404",
    ("/delete/", "order"): "404",
    ("/enrol", "again"): ">/inbox",
    ("/enrol", "password"): ">/inbox",
    ("/factor", "code"): "403",
    ("/factor", "form"): "403",
    ("/factor", "message"): "403",
    ("/factor/passkey", "client"): "403",
    ("/factor/passkey", "credential"): "403",
    ("/factor/passkey", "data"): "403",
    ("/factor/passkey", "form"): "403",
    ("/factor/passkey", "message"): "403",
    ("/factor/passkey", "signature"): "403",
    ("/folders", "action"): "200",
    ("/folders", "id"): "200",
    ("/folders", "name"): "400 200 200 200 200 200",
    ("/inbox", "action"): "200",
    ("/inbox", "after"): "200",
    ("/inbox", "before"): "200",
    ("/inbox", "folder"): "200",
    ("/inbox", "message-x"): "200",
    ("/inbox", "order"): "200",
    ("/join", "address"): "400 400 400 400 400 200",
    ("/m/", "code"): "400",
    ("/proof/", "again"): "404",
    ("/proof/", "lose"): "404",
    ("/proof/", "password"): "404",
    ("/proof/", "recovery"): "404",
    ("/search", "since"): ">/search/FOUND",
    ("/search", "until"): ">/search/FOUND",
    ("/search", "words"): ">/search/FOUND",
    ("/send", "action"): ">/sent",
    ("/send", "address"): ">/drafts",
    ("/send", "author"): ">/drafts >/drafts >/drafts >/drafts >/drafts 403",
    ("/send", "draft"): ">/drafts >/drafts >/drafts >/drafts >/drafts 404",
    ("/send", "files"): ">/drafts",
    ("/send", "form"): ">/drafts",
    ("/send", "keep-0"): ">/drafts",
    ("/send", "listed-x"): ">/drafts",
    ("/send", "parent"): ">/drafts 404 404 404 404 404",
    ("/send", "password"): ">/drafts",
    ("/send", "proof"): ">/drafts",
    ("/send", "reply_kind"): ">/drafts",
    ("/send", "subject"): ">/drafts",
    ("/send", "text"): ">/drafts",
    ("/send", "to"): ">/drafts",
    ("/settings/confirm", "code"): "403",
    ("/settings/confirm", "password"): "403",
    # Mail programs are not served here.
    ("/settings/application", "name"): "404",
    ("/settings/application/remove", "id"): ">/settings",
    ("/settings/confirm/passkey", "client"): "403",
    ("/settings/confirm/passkey", "credential"): "403",
    ("/settings/confirm/passkey", "data"): "403",
    ("/settings/confirm/passkey", "password"): "403",
    ("/settings/confirm/passkey", "signature"): "403",
    ("/settings/key", "key"): "400",
    ("/settings/key/remove", "fingerprint"): ">/settings",
    ("/settings/key/remove", "kind"): ">/settings",
    ("/settings/language", "language"): ">/settings",
    ("/settings/name", "name"): ">/settings >/settings >/settings 400 400 >/settings",
    ("/settings/passkey", "client"): "400",
    ("/settings/passkey", "data"): "400",
    ("/settings/passkey", "name"): "400",
    ("/settings/passkey/remove", "id"): ">/settings",
    ("/settings/password", "again"): "400",
    ("/settings/password", "password"): "400",
    ("/settings/session", "id"): ">/settings",
    ("/settings/totp", "code"): "200",
    ("/settings/totp", "secret"): "200",
    ("/settings/trust", "statement"): ">/settings",
    ("/settings/wish", "wish"): ">/settings",
    ("/settings/notices", "notices"): ">/settings",
    ("/signin", "address"): "400 400 400 400 400 403",
    ("/signin", "message"): "403",
    ("/signin", "password"): "403",
    ("/write", "to"): "200",
    ("/track/", "action"): "200",
    ("/track/", "copy"): "200",
    ("/track/", "file"): "200",
}
# What the others have meanwhile.
RIGHT = {
    "/folders": {"action": "rename", "name": "A name"}, "/inbox": {"action": "move", "message-x": "yes"},
    "/send": {"to": "office@example.com", "subject": "S", "text": "t", "action": "keep", "keep-0": "yes"},
    "/settings/password": {"password": "a password that is new", "again": "a password that is new"},
    "/settings/language": {"language": "en"}, "/settings/name": {"name": "Kim Roe"}, "/settings/wish": {"wish": "pickup"}, "/settings/notices": {"notices": "each"}, "/settings/key/remove": {"kind": "pgp", "fingerprint": "AB"},
    "/settings/totp": {"secret": "A" * 32, "code": "123456"}, "/settings/passkey": {"client": "x", "data": "x", "name": "x"},
    "/track/": {"copy": "x", "action": "recall"}, "/signin": {"address": "x@plain.example", "password": "wrong password"}, "/join": {"address": "x@plain.example"},
    "/m/": {"code": "7KQ2M-9XW3P-T"}, "/settings/confirm": {"password": "wrong password"}}


def form_fields():
    """(where it is sent, the field's name) for every form on the pages."""
    for page in sorted((sandbox.SOURCE / "portal/pages").glob("*.html")):
        for attributes, form in re.findall(r'<form method="post"([^>]*)>(.*?)</form>', page.read_text(), re.S):
            action = re.search(r'action="([^"]+)"', attributes)
            for field in re.findall(r"<(?:input|textarea|select|button)\b[^>]*>", form):
                name = re.search(r' name="([^"]+)"', field)
                boxes = [each for box, each in BOXES.items() if box in field]
                if name or boxes:
                    yield action[1] if action else PLACES[page.name], name[1] if name else boxes[0]


def test_every_field_of_a_form_has_its_row():
    assert set(FIELDS) == {field for field in form_fields() if field[1] not in ("token", "username")}


def ask_with(owner, place, fields):
    answer = owner.browser.ask(place, urllib.parse.urlencode(fields).encode())
    return str(answer.status) if answer.path == place else place_of(answer)


def belongings(world, address):
    """Everything that the database has about a member, except when they were last seen."""
    return world.postgres.query(f"""with a as (select * from postseal.account where address = '{address}')
        select md5(concat((select string_agg(a::text, '|') from a),
            (select string_agg(concat(id, state, expires_at), '|' order by id) from postseal.portal_session where account in (select id from a)),
            (select string_agg(k::text, '|' order by id) from postseal.parcel_key k where account in (select id from a)),
            (select string_agg(p::text, '|' order by id) from postseal.passkey p where account in (select id from a)),
            (select string_agg(t::text, '|' order by id) from postseal.attestation t where address = '{address}'),
            (select string_agg(c::text, '|' order by id) from postseal.copy c where address = '{address}')))""")


def test_what_the_owner_hears_of_values_that_no_page_of_ours_has(owner, name):
    """Promise 7, as far as the portal is concerned: nothing of another member's is read, changed or
    ended by naming it."""
    other = Person(owner.world, owner.post, f"{name}.other@pickup.example")
    member(other)
    send(other, subject="Theirs")
    other.mail("Protected message", 2)
    sender = Person(owner.world, owner.post, owner.post.sender)
    theirs = newest(other)
    query = owner.world.postgres.query
    session = query(f"select s.id from postseal.portal_session s join postseal.account a on a.id = s.account where a.address = '{other.address}'")[0][0]
    copy = query(f"select k.copy from postseal.parcel_key k where k.id = '{theirs}'")[0][0]
    stated = query(f"select id from postseal.attestation where address = '{other.address}' and how = 'unlock code'")[0][0]
    page = re.search(r"(/\w+/\S{43})(?=\s|$)", sender.mail("Unlock code").text()).group(1)
    owner.browser.get("/settings")
    token = owner.browser.form("/settings/sessions")[1]["token"]
    before, heard = belongings(owner.world, other.address), {}
    values = {"empty": "", "nonsense": "nonsense", "quote": "' or 1=1 --", "control": "\r\nX-Evil: y\x07\x1b[2J", "long": "x" * 30_000}
    for path, field in sorted(FIELDS):
        place = {"/m/": "/m/" + "A" * 43, "/proof/": "/proof/" + "A" * 43, "/track/": page}.get(path, path)
        others = {"id": session, "statement": stated, "copy": copy, "address": other.address, "fingerprint": "00" * 32}.get(field, theirs)
        query("update postseal.throttle set count = 0; update postseal.portal_session set confirmed_at = now()")
        fields = {"token": token, **RIGHT.get(path, {})}
        statuses = [ask_with(owner, place, {**fields, field: {**values, "other's": others}[kind]}) for kind in HOSTILE]
        heard[path, field] = " ".join(statuses).replace(page, "PAGE")
    wrong = {key: row for key, row in heard.items() if row not in (FIELDS[key], " ".join([FIELDS[key]] * len(HOSTILE)))}
    assert not wrong, "\n" + "\n".join(f'    {key}: "{row}",' for key, row in wrong.items())
    assert belongings(owner.world, other.address) == before and other.browser.get("/inbox").path == "/inbox"
    assert "X-Evil" not in owner.world.log("postseal-portal")
