"""postseal-finder and the web: keys, CRLs and OCSP from servers that are right, slow, lying, huge, endless, dying, or
that lead elsewhere. No world of mail is needed."""
import base64
import gzip
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.parse

import internet
import pytest
import world as sandbox
from name_server import NameServer

BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", sandbox.SOURCE / "build"))
KEY = b"\x99\x01\x0dThis begins like an OpenPGP key packet."
ARMOURED = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n"
HOSTS = ("openpgpkey.advanced.example", "advanced.example", "direct.example", "openpgpkey.down.example", "down.example",
         "openpgpkey.empty.example", "empty.example", "elsewhere.example", "crl.example", "keys.example", "more-keys.example",
         *(f"mta-sts.{name}.example" for name in ("good", "bad", "moved", "unannounced")),
         *(f"openpgpkey.{name}.example" for name in ("odd", "slow", "quick", "wrong", "unknown", "old", "busy")))


def wkd_path(address, domain=""):
    """As GnuPG's own client has it."""
    url = sandbox.command("/usr/lib/gnupg/gpg-wks-client", "--print-wkd-url", address).decode().strip()
    parts = urllib.parse.urlsplit(url)
    return f"{parts.path}?{parts.query}"


@pytest.fixture(scope="module")
def directory():
    path = BUILD / "tests" / "world" / "test_finder"
    subprocess.run(["rm", "-rf", path], check=True)
    path.mkdir(parents=True)
    os.chmod(path, 0o755)
    return path


@pytest.fixture(scope="module")
def authority(directory):
    (directory / "keys").mkdir()
    return sandbox.Authority(directory / "keys")


@pytest.fixture(scope="module")
def web(directory, authority):
    names = ",".join(f"DNS:{name}" for name in HOSTS if "wrong" not in name)
    authority.issue("web", "/CN=web", f"subjectAltName={names}")
    authority.issue("unknown", "/CN=unknown", "subjectAltName=DNS:openpgpkey.unknown.example", sign=False)
    made = internet.Web(directory / "keys" / "web.pem", directory / "keys" / "web.key")
    made.present("openpgpkey.unknown.example", directory / "keys" / "unknown.pem", directory / "keys" / "unknown.key")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def names(directory):
    """A name server; its anchor is that of a zone that nobody asks for, so the others are not protected by DNSSEC."""
    server = NameServer(directory / "nsd")
    server.zone("anchored.example", "")
    for name in ("good", "bad", "moved", "without"):
        server.zone(f"{name}.example", '_mta-sts TXT "v=STSv1; id=20261126;"\n', signed=False)
    server.zone("unannounced.example", "", signed=False)
    server.start()
    yield server
    server.stop()


def settings(web, directory, more=""):
    return (f'finder networks {{ "{web.address}" }}\nfinder authorities "{directory}/keys/authority.pem"\n'
            f'finder servers {{ "https://keys.example" "hkps://more-keys.example" }}\n{more}')


@pytest.fixture(scope="module")
def finder(directory, web, names):
    down = internet.free_address()[0]  # its sockets are closed at once
    hosts = {**dict.fromkeys(HOSTS, web.address), "openpgpkey.down.example": down,
             "openpgpkey.private.example": "10.1.2.3", "openpgpkey.loopback.example": "127.0.0.1",
             "openpgpkey.loopback6.example": "::1", "openpgpkey.link.example": "169.254.169.254",
             "openpgpkey.shared.example": "100.64.0.1", "openpgpkey.local.example": "fd12:3456::1",
             "openpgpkey.mapped.example": "::ffff:127.0.0.1", "openpgpkey.nat64.example": "64:ff9b::127.0.0.1",
             "openpgpkey.link6.example": "fe80::1", "openpgpkey.group.example": "224.0.0.1",
             "openpgpkey.none.example": "0.0.0.0"}
    resolver = f'finder resolver "127.0.0.1@{names.port}" anchor "{names.anchor}"'
    made = internet.Finder(directory / "finder", BUILD, settings(web, directory, resolver), hosts).start()
    yield made
    made.stop()


@pytest.fixture
def odd(web):
    """Sets what openpgpkey.odd.example does."""
    def behave(handler):
        web.handlers["openpgpkey.odd.example"] = handler
    web.requests.clear()
    return behave


def ask_odd(finder, seconds=20):
    return finder.ask("wkd", "joe@odd.example", seconds=seconds)


# --- Web Key Directory ---

@pytest.mark.parametrize("local", ("joe.doe", "o'brien+news", "a=b%c/d", "müller"))
def test_key_is_asked_for_where_gnupg_would_ask(finder, web, local):
    web.requests.clear()
    web.handlers["openpgpkey.advanced.example"] = lambda request: request.reply(KEY)
    answer = finder.ask("wkd", f"{local}@advanced.example")
    assert answer.outcome == "found" and answer.items == [KEY] and answer.secure, answer
    request, = web.requests
    path, query = request.target.split("?")
    wanted, _ = wkd_path(f"{local}@advanced.example").split("?")
    assert path == wanted and urllib.parse.unquote(query) == f"l={local}"
    assert answer.place == f"https://openpgpkey.advanced.example{request.target}"


def test_hash_is_that_of_the_drafts_example(finder, web):
    """draft-koch-openpgp-webkey-service §3.1: Joe.Doe@Example.ORG."""
    web.requests.clear()
    web.handlers["openpgpkey.advanced.example"] = lambda request: request.reply(KEY)
    finder.ask("wkd", "Joe.Doe@advanced.example")
    assert "/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe" in web.requests[0].target


def test_domain_without_the_sub_domain_is_asked_directly(finder, web):
    web.requests.clear()
    web.handlers["direct.example"] = lambda request: request.reply(KEY)
    answer = finder.ask("wkd", "joe@direct.example")
    assert answer.outcome == "found" and answer.secure
    assert [request.host for request in web.requests] == ["direct.example"]
    assert re.match(r"/\.well-known/openpgpkey/hu/\w{32}\?l=joe$", web.requests[0].target)


@pytest.mark.parametrize("domain,outcome", (("down.example", "failed"), ("empty.example", "nothing")))
def test_main_site_answered_for_the_server_in_charge(finder, web, domain, outcome):
    """The direct method is for domains without the sub-domain, not for when its server is down or has nothing."""
    web.requests.clear()
    web.handlers[domain] = lambda request: request.reply(KEY)
    assert finder.ask("wkd", f"joe@{domain}").outcome == outcome
    assert not web.asked(domain)


def test_domain_without_a_web_server_has_nothing(finder):
    answer = finder.ask("wkd", "joe@nowhere.example")
    assert answer.outcome == "nothing" and "no host nowhere.example" in answer.why


@pytest.mark.parametrize("content", (ARMOURED, b"<html>Welcome</html>", b""))
def test_page_was_taken_for_a_key(finder, odd, content):
    odd(lambda request: request.reply(content))
    assert ask_odd(finder).outcome == "failed"


@pytest.mark.parametrize("subject", ("joe", "joe@", "joe@127.0.0.1", "joe@[127.0.0.1]", "joe@localhost", "@", "",
                                     "joe@odd.example/../x", "joe@odd.example:25", "joe@a@odd.example?x",
                                     "joe@odd.example\r\nX: y", "joe@ODD.example", "joe@odd.example."))
def test_address_made_a_url_of_its_own(finder, web, subject):
    web.requests.clear()
    assert finder.ask("wkd", subject).outcome == "failed"
    assert not web.requests


# --- who answers ---

@pytest.mark.parametrize("domain,why", (("wrong.example", "name"), ("unknown.example", "certificate")))
def test_server_that_proves_to_be_somebody_else_is_not_listened_to(finder, web, domain, why):
    web.requests.clear()
    answer = finder.ask("wkd", f"joe@{domain}")
    assert answer.outcome == "failed" and why in answer.why, answer
    assert not web.requests


@pytest.mark.parametrize("name", ("private", "loopback", "loopback6", "link", "shared", "local", "mapped", "nat64", "link6",
                                  "group", "none"))
def test_name_led_to_a_network_that_is_not_public(finder, name):
    begun = time.monotonic()
    answer = finder.ask("wkd", f"joe@{name}.example")
    assert answer.outcome == "failed" and "is not public" in answer.why, answer
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("host", ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "0177.0.0.1", "localhost"))
def test_url_led_to_the_machine_itself(finder, host):
    trap = internet.Trap("127.0.0.1")
    assert finder.ask("fetch", f"http://{host}:{trap.port}/x.crl").outcome != "found"
    assert not trap.caught()


@pytest.mark.parametrize("url", ("file:///etc/passwd", "ftp://crl.example/x", "ldap://crl.example/x", "gopher://crl.example/x",
                                 "http://crl.example:25/", "http://crl.example:22/", "http://user:secret@crl.example/", "crl.example",
                                 "http://", "http://crl.example\r\nX:y/", "http://[fe80::1%25eth0]/"))
def test_url_of_another_kind_is_not_asked(finder, web, url):
    web.requests.clear()
    assert finder.ask("fetch", url).outcome == "failed"
    assert not web.requests


# --- redirects ---

def redirect(target, status="302 Found"):
    return lambda request: request.reply(status=status, fields=[f"Location: {target}"])


def test_redirect_on_the_same_host_is_followed(finder, odd):
    odd(lambda request: request.reply(KEY) if request.target == "/there" else redirect("/there")(request))
    answer = ask_odd(finder)
    assert answer.outcome == "found" and answer.place == "https://openpgpkey.odd.example/there"


@pytest.mark.parametrize("target", ("https://elsewhere.example/", "http://openpgpkey.odd.example/", "//elsewhere.example/x",
                                    "https://openpgpkey.odd.example:8443/", "file:///etc/passwd", "https://127.0.0.1/",
                                    "ftp://openpgpkey.odd.example/", "https://joe@openpgpkey.odd.example/"))
def test_redirect_led_elsewhere(finder, web, odd, target):
    odd(redirect(target))
    assert ask_odd(finder).outcome == "failed"
    assert [request.host for request in web.requests] == ["openpgpkey.odd.example"]


def test_redirects_without_end(finder, web, odd):
    odd(lambda request: redirect(request.target + "x")(request))
    answer = ask_odd(finder)
    assert answer.outcome == "failed" and "redirects" in answer.why
    assert len(web.requests) == 4


# --- bad servers ---

def test_status_of_the_server(finder, odd):
    for status, outcome in (("404 Not Found", "nothing"), ("410 Gone", "nothing"), ("500 Oh", "failed"), ("403 Forbidden", "failed"),
                            ("204 No Content", "failed"), ("206 Partial Content", "failed"), ("304 Not Modified", "failed")):
        odd(lambda request: request.reply(b"" if status[0] in "23" else KEY, status=status))
        assert ask_odd(finder).outcome == outcome, status


def test_server_says_when_it_may_be_asked_again(finder, odd):
    odd(lambda request: request.reply(status="429 Too Many Requests", fields=["Retry-After: 120"]))
    answer = ask_odd(finder)
    assert answer.outcome == "failed" and answer.lifetime == 120
    odd(lambda request: request.reply(status="503 Busy", fields=["Retry-After: 99999999999999999999"]))
    assert ask_odd(finder).lifetime <= 86400


def endless(request):
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n")
    request.until_it_leaves(b"\x99" * 65536)


def endless_header(request):
    request.connection.sendall(b"HTTP/1.1 200 OK\r\n")
    request.until_it_leaves(b"X-Padding: " + b"x" * 8000 + b"\r\n")


def dying(request):
    request.reply(KEY, length=10000)


def dying_in_a_chunk(request):
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + KEY)


def closing_without_a_word(request):
    request.connection.close()


def speaking_something_else(request):
    request.connection.sendall(b"220 mail.example ESMTP\r\n" * 10)


def bomb(request):
    request.reply(gzip.compress(bytes(50 * 1000 * 1000)), fields=["Content-Encoding: gzip"])


def bomb_in_transfer(request):
    content = gzip.compress(bytes(50 * 1000 * 1000))
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(content), content))


@pytest.mark.parametrize("server", (endless, endless_header, dying, dying_in_a_chunk, closing_without_a_word,
                                    speaking_something_else, bomb, bomb_in_transfer))
def test_server_that_does_as_it_likes(finder, odd, server):
    odd(server)
    answer = ask_odd(finder, seconds=60)
    assert answer.outcome == "failed" and "in time" not in answer.why, answer
    assert finder.ask("ping", "").outcome == "nothing"


def test_server_announces_more_than_is_taken(finder, odd):
    odd(lambda request: request.reply(b"", length=10 ** 15))
    answer = ask_odd(finder)
    assert answer.outcome == "failed" and "more than is taken" in answer.why


def silent(request):
    request.until_it_leaves()


def one_byte_at_a_time(request):
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    request.until_it_leaves(b"\x99")


@pytest.mark.parametrize("server", (silent, one_byte_at_a_time))
def test_slow_server_has_the_time_that_its_asker_has(finder, odd, server):
    odd(server)
    answer = ask_odd(finder, seconds=1)
    assert answer.outcome == "failed" and "in time" in answer.why, answer


def test_one_slow_server_delays_nobody_else(finder, web):
    """Hundreds of questions to a server that says nothing, and one to another, from the same asker and from a second."""
    web.handlers["openpgpkey.slow.example"] = silent
    web.handlers["openpgpkey.quick.example"] = lambda request: request.reply(KEY)
    web.requests.clear()
    client = finder.client()
    for number in range(300):
        client.ask(number, "wkd", f"r{number}@slow.example", seconds=50)
    client.ask(1000, "wkd", "joe@quick.example", seconds=50)
    number, answer = client.answer()
    assert number == 1000 and answer.outcome == "found"
    assert finder.ask("wkd", "ann@quick.example", seconds=50).outcome == "found"
    assert 1 <= len(web.asked("openpgpkey.slow.example")) <= 8
    client.close()
    # What nobody waits for any more is not asked.
    finder.ask("wkd", "bob@quick.example")
    sandbox.wait_until(lambda: finder.ask("wkd", "last@slow.example", seconds=1).why.startswith("asking"), "the slow ones to be left", 60)
    assert len(web.asked("openpgpkey.slow.example")) < 60


def test_many_are_asked_at_once(finder, web):
    web.handlers["openpgpkey.quick.example"] = lambda request: request.reply(KEY)
    client = finder.client()
    for number in range(200):
        client.ask(number, "wkd", f"r{number}@quick.example", seconds=60)
    answers = dict(client.answer() for _ in range(200))
    assert set(answers) == set(range(200)) and {answer.outcome for answer in answers.values()} == {"found"}
    client.close()


def test_finder_that_is_killed_leaves_no_question_open(finder, web):
    web.handlers["openpgpkey.slow.example"] = silent
    other = internet.Finder(finder.directory.parent / "other", BUILD, settings(web, finder.directory.parent),
                            {"openpgpkey.slow.example": web.address}).start()
    client = other.client()
    client.ask(1, "wkd", "joe@slow.example")
    sandbox.wait_until(lambda: any("joe" in request.target for request in web.asked("openpgpkey.slow.example")), "the question")
    other.program.send_signal(signal.SIGKILL)
    with pytest.raises((EOFError, ConnectionResetError)):
        client.answer()
    other.program.wait(30)
    other.start()  # though its socket is still there
    assert other.ask("ping", "").outcome == "nothing"
    other.stop()


def test_it_ends_though_a_server_says_nothing(finder, web):
    web.handlers["openpgpkey.slow.example"] = silent
    other = internet.Finder(finder.directory.parent / "third", BUILD, settings(web, finder.directory.parent),
                            {"openpgpkey.slow.example": web.address}).start()
    client = other.client()
    client.ask(1, "wkd", "joe@slow.example", seconds=60)
    sandbox.wait_until(lambda: web.asked("openpgpkey.slow.example"), "the question")
    begun = time.monotonic()
    other.stop()
    assert time.monotonic() - begun < 30 and other.program.returncode == 0
    client.close()


# --- what a server learns ---

def test_server_learns_no_more_than_it_must(finder, odd, web):
    def with_cookie(request):
        request.reply(KEY, fields=["Set-Cookie: who=joe; Path=/", "Alt-Svc: h2=\":8443\"", "Strict-Transport-Security: max-age=99999999"])
    odd(with_cookie)
    ask_odd(finder)
    ask_odd(finder)
    for request in web.requests:
        assert set(request.fields) == {"host", "user-agent", "accept"}
        assert request.fields["user-agent"] == "Postseal" and request.method == "GET"


def test_proxy_of_the_environment_is_not_used(finder, web):
    trap = internet.Trap()
    proxy = f"http://127.0.0.1:{trap.port}"
    web.handlers["openpgpkey.quick.example"] = lambda request: request.reply(KEY)
    other = internet.Finder(finder.directory.parent / "fourth", BUILD, settings(web, finder.directory.parent),
                            {"openpgpkey.quick.example": web.address})
    other.start({"https_proxy": proxy, "HTTPS_PROXY": proxy, "all_proxy": proxy, "http_proxy": proxy, "ALL_PROXY": proxy})
    assert other.ask("wkd", "joe@quick.example").outcome == "found"
    other.stop()
    assert not trap.caught()


def test_proxy_of_the_settings_is_used(finder, web):
    proxy = internet.Proxy(web.address)
    web.handlers["openpgpkey.quick.example"] = lambda request: request.reply(KEY)
    other = internet.Finder(finder.directory.parent / "fifth", BUILD,
                            settings(web, finder.directory.parent, f'finder proxy "http://127.0.0.1:{proxy.port}"'),
                            {"openpgpkey.quick.example": web.address}).start()
    answer = other.ask("wkd", "joe@quick.example")
    other.stop()
    assert answer.outcome == "found" and answer.secure, answer
    assert proxy.asked == ["CONNECT openpgpkey.quick.example:443"]


# --- key servers ---

def test_key_servers_are_asked_as_their_interfaces_have_it(finder, web):
    web.requests.clear()
    web.handlers["keys.example"] = web.handlers["more-keys.example"] = lambda request: request.reply(ARMOURED)
    answer = finder.ask("servers", "o'brien+a&b@example.com")
    assert answer.outcome == "found" and answer.items == [ARMOURED] * 2 and answer.secure
    vks, hkp = web.asked("keys.example")[0].target, urllib.parse.urlsplit(web.asked("more-keys.example")[0].target)
    assert vks.startswith("/vks/v1/by-email/") and urllib.parse.unquote(vks).endswith("/o'brien+a&b@example.com")
    assert "/" not in vks.removeprefix("/vks/v1/by-email/") and "&" not in vks
    assert hkp.path == "/pks/lookup"
    assert urllib.parse.parse_qs(hkp.query) == {"op": ["get"], "options": ["mr"], "exact": ["on"], "search": ["o'brien+a&b@example.com"]}


def test_server_that_is_down_took_the_other_servers_answer_along(finder, web):
    web.handlers["keys.example"] = silent
    web.handlers["more-keys.example"] = lambda request: request.reply(ARMOURED)
    answer = finder.ask("servers", "joe@example.com", seconds=3)
    assert answer.outcome == "found" and answer.items == [ARMOURED]
    assert answer.place.startswith("https://more-keys.example/")


def test_nothing_must_be_said_by_all_servers(finder, web):
    web.handlers["keys.example"] = lambda request: request.reply(status="404 Not Found")
    web.handlers["more-keys.example"] = lambda request: request.reply(status="429 Later", fields=["Retry-After: 60"])
    answer = finder.ask("servers", "joe@example.com")
    assert answer.outcome == "failed" and answer.lifetime == 60 and "429" in answer.why
    web.handlers["more-keys.example"] = lambda request: request.reply(b"No results", status="404 Not Found")
    assert finder.ask("servers", "joe@example.com").outcome == "nothing"


# --- MTA-STS ---

POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: *.good.example\r\nmax_age: 604800\r\n"
TEXT = ["Content-Type: text/plain; charset=utf-8"]


def test_policy_is_fetched_where_the_dns_announces_one(finder, web):
    """RFC 8461 §3.2 and §3.3."""
    web.handlers["mta-sts.good.example"] = lambda request: request.reply(POLICY, fields=TEXT)
    web.requests.clear()
    answer = finder.ask("mta-sts", "good.example")
    assert answer.outcome == "found" and answer.items == [POLICY, b"20261126", b"good.example"], answer
    assert answer.secure and answer.lifetime == 604800
    assert answer.place == "https://mta-sts.good.example/.well-known/mta-sts.txt"


def test_policy_without_a_record_is_not_asked_for(finder, web):
    web.requests.clear()
    web.handlers["mta-sts.unannounced.example"] = lambda request: request.reply(POLICY, fields=TEXT)
    assert finder.ask("mta-sts", "unannounced.example").outcome == "nothing"
    assert not web.requests


@pytest.mark.parametrize("handler", (
    lambda request: request.reply(POLICY, fields=["Content-Type: text/html"]), lambda request: request.reply(POLICY),
    lambda request: request.reply(POLICY, status="404 Not Found", fields=TEXT), lambda request: request.reply(b"Welcome", fields=TEXT),
    lambda request: request.reply(POLICY + b"x: " + b"x" * 65536, fields=TEXT),
    lambda request: redirect("/.well-known/mta-sts.txt?", "301 Moved")(request)))
def test_announced_policy_that_cannot_be_had_was_taken_for_none(finder, web, handler):
    """Promise 1: what is announced and cannot be fetched has failed; that there is none would allow less protection."""
    web.requests.clear()
    web.handlers["mta-sts.bad.example"] = handler
    assert finder.ask("mta-sts", "bad.example").outcome == "failed"
    assert len(web.requests) == 1


def test_announced_policy_without_a_host_was_taken_for_none(finder):
    assert finder.ask("mta-sts", "without.example").outcome == "failed"


# --- HTTP/2 ---

def test_server_that_speaks_http_2(finder, directory, web):
    """The real nginx, which logs the protocol that was spoken."""
    home = directory / "nginx"
    (home / "html").mkdir(parents=True)
    (home / "html" / "x.crl").write_bytes(b"0\x82crl" * 10000)
    port, = sandbox.free_ports(1)
    temporary = "".join(f"{kind}_temp_path {home}/tmp;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (home / "conf").write_text(f"""pid {home}/pid;
daemon off;
events {{}}
http {{
    {temporary}
    log_format protocol "$server_protocol $status";
    access_log {home}/access.log protocol;
    server {{
        listen {web.address}:{port} ssl http2;
        ssl_certificate {directory}/keys/web.pem;
        ssl_certificate_key {directory}/keys/web.key;
        root {home}/html;
    }}
}}
""")
    os.chmod(directory / "keys" / "web.key", 0o644)
    nginx = subprocess.Popen(["nginx", "-p", home, "-c", home / "conf", "-e", home / "error.log"])
    try:
        sandbox.wait_until(lambda: sandbox.port_answers(port, web.address), "nginx")
        answer = finder.ask("fetch", f"https://crl.example:{port}/x.crl")
        assert answer.outcome == "found" and answer.items == [b"0\x82crl" * 10000], answer
        sandbox.wait_until(lambda: "HTTP/2.0 200" in (home / "access.log").read_text(), "the log of nginx")
    finally:
        nginx.terminate()
        nginx.wait()


# --- CRLs and OCSP ---

def test_crl_is_fetched_by_http(finder, web):
    web.requests.clear()
    web.handlers["crl.example"] = lambda request: request.reply(b"0\x82crl", fields=["Content-Type: application/pkix-crl"])
    answer = finder.ask("fetch", "http://crl.example/x.crl?y=1#z")
    assert answer.outcome == "found" and answer.items == [b"0\x82crl"] and not answer.secure
    assert web.requests[0].target == "/x.crl?y=1"
    assert finder.ask("fetch", "https://crl.example/x.crl").secure


def test_crl_that_moved_is_followed_but_never_from_tls_to_none(finder, web):
    web.handlers["elsewhere.example"] = lambda request: request.reply(b"crl")
    web.handlers["crl.example"] = redirect("http://elsewhere.example/x.crl")
    answer = finder.ask("fetch", "http://crl.example/x.crl")
    assert answer.outcome == "found" and answer.place == "http://elsewhere.example/x.crl"
    assert finder.ask("fetch", "https://crl.example/x.crl").outcome == "failed"
    web.handlers["crl.example"] = redirect("http://127.0.0.1/x.crl")
    assert finder.ask("fetch", "http://crl.example/x.crl").outcome == "failed"


def test_crl_of_any_size_up_to_the_limit(finder, web):
    web.handlers["crl.example"] = lambda request: request.reply(b"0" * (4 << 20))
    assert len(finder.ask("fetch", "http://crl.example/x.crl", seconds=60).items[0]) == 4 << 20
    web.handlers["crl.example"] = lambda request: request.reply(b"0" * ((4 << 20) + 1))
    assert finder.ask("fetch", "http://crl.example/x.crl", seconds=60).outcome == "failed"


def test_responder_of_openssl_is_understood(finder, web, directory, authority):
    """The real `openssl ocsp`, asked through the finder; what comes back is verified by openssl."""
    keys = directory / "keys"
    certificate = authority.issue_mail("sue", "sue@smime.example")
    serial = sandbox.command("openssl", "x509", "-in", certificate, "-noout", "-serial").decode().strip().split("=")[1]
    index = keys / "index.txt"
    index.write_text(f"R\t350101000000Z\t260101000000Z\t{serial}\tunknown\t/CN=sue\n")
    request = keys / "request.der"
    sandbox.command("openssl", "ocsp", "-issuer", keys / "authority.pem", "-cert", certificate, "-no_nonce", "-reqout", request)
    port, = sandbox.free_ports(1)
    log = keys / "responder.log"
    responder = subprocess.Popen(["openssl", "ocsp", "-index", index, "-port", str(port), "-CA", keys / "authority.pem",
                                  "-rsigner", keys / "authority.pem", "-rkey", keys / "authority.key", "-nrequest", "20"],
                                 stdout=subprocess.DEVNULL, stderr=log.open("wb"))
    try:  # a connection without a request would keep it waiting
        sandbox.wait_until(lambda: "waiting for OCSP client connections" in log.read_text(), "the responder")
        answer = finder.ask("ocsp", f"http://{web.address}:{port}/", request.read_bytes())
        assert answer.outcome == "found", answer
        reply = keys / "reply.der"
        reply.write_bytes(answer.items[0])
        said = subprocess.run(["openssl", "ocsp", "-respin", reply, "-issuer", keys / "authority.pem", "-cert", certificate,
                               "-CAfile", keys / "authority.pem", "-no_nonce"], capture_output=True, text=True)
        assert f"{certificate}: revoked" in said.stdout, said.stdout + said.stderr
    finally:
        responder.kill()
        responder.wait()


def test_page_was_taken_for_an_ocsp_response(finder, web):
    web.handlers["crl.example"] = lambda request: request.reply(b"<html>", fields=["Content-Type: text/html"])
    assert finder.ask("ocsp", "http://crl.example/", b"0\x00").outcome == "failed"
    assert finder.ask("ocsp", "http://crl.example/").outcome == "failed"
