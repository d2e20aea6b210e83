"""The portal behind the site's web server, as configured in contrib/nginx and contrib/caddy: TLS,
HSTS, limits, cookies for this host only, files passed straight through."""
import os
import re
import socket
import ssl
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
    """The portal on a socket, and the web servers with the configuration that we ship, except for
    names and ports."""
    path = world.run / "portal.sock"
    text = world.config.read_text()
    text = re.sub(r'portal listen "[^"]*" url "[^"]*"',
                  f'portal listen "unix:{path}" mode "0666" url "https://localhost:{HTTPS}"', text)
    world.config.write_text(text)
    world.authority.issue("web", "/CN=localhost", "subjectAltName=DNS:localhost")
    for name in ("nginx", "caddy"):
        (world.directory / name / "tmp").mkdir(parents=True)
    prepare_nginx(world.directory / "nginx", path, world.directory / "keys")
    prepare_caddy(world.directory / "caddy", path, world.directory / "keys")


def changed(path, changes):
    site = (sandbox.SOURCE / path).read_text()
    for old, new in changes:
        assert old in site, old
        site = site.replace(old, new)
    return site


def prepare_nginx(home, path, keys):
    site = changed("contrib/nginx/postseal.conf", (
        ("unix:/run/postseal-portal/portal.sock", f"unix:{path}"), ("secure.example.com", "localhost"),
        ("/etc/ssl/postseal/fullchain.pem", str(keys / "web.pem")), ("/etc/ssl/postseal/privkey.pem", str(keys / "web.key")),
        ("listen 80;", f"listen 127.0.0.1:{HTTP};"), ("listen 443 ", f"listen 127.0.0.1:{HTTPS} "),
        ("https://localhost$request_uri", f"https://localhost:{HTTPS}$request_uri")))
    site = re.sub(r"    listen \[::\].*\n", "", site)
    temporary = "".join(f"{kind}_temp_path {home}/tmp/{kind};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (home / "conf").write_text(f"pid {home}/pid;\nerror_log {home}/error.log;\ndaemon off;\nuser nobody nogroup;\n"
                               f"events {{}}\nhttp {{\n{temporary}{site}}}\n")


def prepare_caddy(home, path, keys):
    """It is given a certificate; its own authority would have to be trusted by the whole machine."""
    (home / "conf").write_text(changed("contrib/caddy/Caddyfile", (
        ("unix//run/postseal-portal/portal.sock", f"unix/{path}"),
        ("\nsecure.example.com {", f"\nlocalhost {{\n\ttls {keys}/web.pem {keys}/web.key"),
        ("http://secure.example.com {", "http://localhost {"), ("https://secure.example.com{", f"https://localhost:{HTTPS}{{"),
        ("{\n\tservers {", f"{{\n\tadmin off\n\thttp_port {HTTP}\n\thttps_port {HTTPS}\n\tdefault_bind 127.0.0.1\n\tservers {{"))))


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def web_server(world, request):
    home = world.directory / request.param
    command = {"nginx": ["nginx", "-c", home / "conf"],
               "caddy": ["caddy", "run", "--config", home / "conf", "--adapter", "caddyfile"]}[request.param]
    with (home / "output.log").open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "HOME": str(home)})
    try:
        sandbox.wait_until(lambda: sandbox.port_answers(HTTPS), request.param)
        yield home
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def person(world, post, name, web_server):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@pickup.example")
    person.browser = Visitor(f"https://localhost:{HTTPS}", authority=world.directory / "keys" / "authority.pem")
    return person


def test_first_contact_and_an_answer_with_a_file(person):
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
    # The address that the web server saw, not one that a client made up.
    person.browser.get("/settings", headers={"X-Forwarded-For": "203.0.113.77"})
    assert "127.0.0.0/24" in person.browser.page.text and "203.0.113" not in person.browser.page.text
    data = noise(20_000_000, "web")
    person.browser.get("/write")
    answer = person.browser.send({"to": "office@example.com", "subject": "Through the web server", "text": "t", "action": "send"},
                                 files=[("files", "big.bin", "application/octet-stream", data)])
    assert answer.path == "/sent", answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Through the web server")
    assert next(mail.parsed.iter_attachments()).get_payload(decode=True) == data


def test_http_leads_to_https_and_nothing_is_logged(person, web_server):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *arguments):
            return None

    try:
        urllib.request.build_opener(Stay()).open(f"http://localhost:{HTTP}/m/secret-part")
        raise AssertionError("no redirect")
    except urllib.error.HTTPError as error:
        assert error.status in (301, 308) and re.fullmatch(rf"https://localhost(:{HTTPS})?/m/secret-part",
                                                                error.headers["Location"])
    person.browser.get("/m/secret-part")
    assert not any(b"secret-part" in f.read_bytes() for f in web_server.rglob("*.log"))


def test_previews_of_a_message_were_too_many_requests_by_http_2(person, world):
    """They come together, on one connection; nginx counted each as a connection, and answered the last ones with 503."""
    place = f"https://localhost:{HTTPS}"
    done = subprocess.run(["curl", "-sS", "--http2", "--cacert", world.directory / "keys" / "authority.pem", "--parallel", "--parallel-max", "32",
                           "-o", "/dev/null", "-w", "%{http_version} %{response_code} %{num_connects}\\n",
                           f"{place}/signin?number=[1-200]"], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers = [line.split() for line in done.stdout.decode().splitlines()]
    assert len(answers) == 200 and {tuple(answer[:2]) for answer in answers} == {("2", "200")}
    assert sum(int(answer[2]) for answer in answers) <= 32, "connections"


def test_sign_in_and_out(person):
    send(person)
    person.browser.get(re.search(r"https://\S+/m/\S{43}", person.mail("Protected message").text()).group(0))
    person.browser.send({"code": sandbox.wait_until(person.code, "the code")})
    person.enrol()
    person.browser.get("/inbox")
    assert person.browser.send({}, action="/signout").path == "/"
    assert person.browser.get("/inbox").path == "/signin"
    assert person.sign_in(PASSWORD).path == "/inbox"


SMUGGLED = {
    "two lengths": b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nabcde",
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two codings": b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\nabc",
    "a line's end in a value": b"X-A: a\rTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
    "somebody else's address": b"X-A: a\rX-Forwarded-For: 203.0.113.7\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("head", SMUGGLED.values(), ids=SMUGGLED)
def test_nothing_is_smuggled_through_the_web_server(world, web_server, head):
    """RFC 9112 §11.2: libmicrohttpd takes a lone CR for the end of a line, so the server in front
    must not pass it on."""
    context = ssl.create_default_context(cafile=world.directory / "keys" / "authority.pem")
    with socket.create_connection(("localhost", HTTPS), timeout=20) as plain, \
            context.wrap_socket(plain, server_hostname="localhost") as link:
        link.sendall(b"POST /signin HTTP/1.1\r\nHost: localhost\r\n" + head + b"GET /style.css HTTP/1.1\r\nHost: localhost\r\n"
                     b"Connection: close\r\n\r\n")
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    statuses = [int(s) for s in re.findall(rb"HTTP/1\.1 (\d+) ", answer)]
    if head == SMUGGLED["length and chunks"] and web_server.name == "caddy":
        assert statuses == [403, 200]  # it reads the chunks, and sends the portal two unambiguous requests
    else:
        assert set(statuses) <= {400, 501}, answer
