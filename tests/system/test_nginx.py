"""The portal behind the site's web server, as contrib/nginx has it: TLS, HSTS, limits, cookies of this very
host, files straight through."""
import re
import subprocess
import urllib.error
import urllib.request

import pytest
import world as sandbox
from messages import noise
from person import PASSWORD, Person, send
from visitor import Visitor

RULES = """
match portal recipient "office@example.com" deliver plain
match recipient in domains deliver plain
otherwise deliver pickup
"""
HTTPS, HTTP = sandbox.free_ports(2)
SETTINGS = ""


def prepare(world):
    """The portal on a socket, and nginx with the configuration that we hand out, but for names and ports."""
    path = world.run / "portal.sock"
    text = world.config.read_text()
    text = re.sub(r'portal listen "[^"]*" url "[^"]*"',
                  f'portal listen "unix:{path}" mode "0666" url "https://localhost:{HTTPS}"', text)
    world.config.write_text(text)
    world.authority.issue("nginx", "/CN=localhost", "subjectAltName=DNS:localhost")
    keys, home = world.directory / "keys", world.directory / "nginx"
    (home / "tmp").mkdir(parents=True)
    site = (sandbox.SOURCE / "contrib/nginx/postseal.conf").read_text()
    for old, new in (("unix:/run/postseal-portal/portal.sock", f"unix:{path}"), ("secure.example.com", "localhost"),
                     ("/etc/ssl/postseal/fullchain.pem", str(keys / "nginx.pem")),
                     ("/etc/ssl/postseal/privkey.pem", str(keys / "nginx.key")),
                     ("listen 80;", f"listen 127.0.0.1:{HTTP};"), ("listen 443 ", f"listen 127.0.0.1:{HTTPS} "),
                     ("https://localhost$request_uri", f"https://localhost:{HTTPS}$request_uri")):
        assert old in site, old
        site = site.replace(old, new)
    site = re.sub(r"    listen \[::\].*\n", "", site)
    temporary = "".join(f"{kind}_temp_path {home}/tmp/{kind};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (home / "nginx.conf").write_text(f"pid {home}/pid;\nerror_log {home}/error.log;\ndaemon off;\nuser nobody nogroup;\n"
                                     f"events {{}}\nhttp {{\n{temporary}{site}}}\n")


@pytest.fixture(scope="module")
def nginx(world):
    home = world.directory / "nginx"
    sandbox.command("nginx", "-t", "-c", home / "nginx.conf")
    server = subprocess.Popen(["nginx", "-c", str(home / "nginx.conf")])
    try:
        sandbox.wait_until(lambda: sandbox.port_answers(HTTPS), "nginx")
        yield home
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def person(world, post, name, nginx):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@pickup.example")
    person.browser = Visitor(f"https://localhost:{HTTPS}", authority=world.directory / "keys" / "authority.pem")
    return person


def test_first_contact_and_an_answer_with_a_file_through_nginx(person):
    send(person)
    notice = person.mail("Protected message")
    link = re.search(r"https://\S+/m/\S{43}", notice.text()).group(0)
    answer = person.browser.get(link)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    cookie, = [c for c in person.browser.jar if "postseal" in c.name]
    assert cookie.name == "__Host-postseal" and cookie.secure and cookie.path == "/" and not cookie.domain_specified
    code = sandbox.wait_until(person.code, "the code")
    assert "The secret is 42." in person.browser.send({"code": code}).text
    person.enrol()
    # The address that nginx saw, not the one that a client made up.
    person.browser.get("/settings", headers={"X-Forwarded-For": "203.0.113.77"})
    assert "127.0.0.0/24" in person.browser.page.text and "203.0.113" not in person.browser.page.text
    data = noise(20_000_000, "nginx")
    person.browser.get("/write")
    answer = person.browser.send({"to": "office@example.com", "subject": "Through nginx", "text": "t", "action": "send"},
                                 files=[("files", "big.bin", "application/octet-stream", data)])
    assert answer.path == "/sent", answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Through nginx")
    assert next(mail.parsed.iter_attachments()).get_payload(decode=True) == data


def test_http_leads_to_https_and_nothing_is_logged(person, nginx):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *arguments):
            return None

    try:
        urllib.request.build_opener(Stay()).open(f"http://127.0.0.1:{HTTP}/m/secret-part")
        raise AssertionError("no redirect")
    except urllib.error.HTTPError as error:
        assert error.status == 301 and error.headers["Location"] == f"https://localhost:{HTTPS}/m/secret-part"
    person.browser.get("/m/secret-part")
    assert not any(b"secret-part" in f.read_bytes() for f in nginx.rglob("*.log"))


def test_sign_in_and_out_through_nginx(person):
    send(person)
    person.browser.get(re.search(r"https://\S+/m/\S{43}", person.mail("Protected message").text()).group(0))
    person.browser.send({"code": sandbox.wait_until(person.code, "the code")})
    person.enrol()
    person.browser.get("/inbox")
    assert person.browser.send({}, action="/signout").path == "/"
    assert person.browser.get("/inbox").path == "/signin"
    assert person.sign_in(PASSWORD).path == "/inbox"
