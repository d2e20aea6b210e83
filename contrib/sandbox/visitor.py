"""A browser without a window: keeps cookies, follows redirects, and sends forms with the token from their page."""
import html.parser
import http.cookiejar
import ssl
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Forms(html.parser.HTMLParser):
    """What the forms on a page would send if nobody changed anything."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.area = [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append((given.get("action"), {}))
        elif self.forms and tag == "input" and given.get("name"):
            if given.get("type") in ("checkbox", "radio") and "checked" not in given:
                return
            if given.get("type") != "file":
                self.forms[-1][1][given["name"]] = given.get("value", "")
        elif self.forms and tag == "textarea":
            self.area = given.get("name")
            self.forms[-1][1][self.area] = ""

    def handle_data(self, data):
        if self.area:
            self.forms[-1][1][self.area] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.area = None


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.url = response.url
        self.body = response.read()

    @property
    def path(self):
        return urllib.parse.urlsplit(self.url).path

    @property
    def text(self):
        return self.body.decode(errors="replace")


def multipart(fields, files):
    mark = uuid.uuid4().hex
    body = b""
    for name, value in fields.items():
        body += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for field, name, kind, data in files:
        body += (f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                 f"Content-Type: {kind}\r\n\r\n").encode() + data + b"\r\n"
    return body + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


class Visitor:
    def __init__(self, portal, headers=(), authority=None):
        """`authority`: a file with the certificate against which HTTPS is verified."""
        self.portal = portal.rstrip("/")
        self.jar = http.cookiejar.CookieJar()
        trust = ssl.create_default_context(cafile=authority)
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar),
                                                  urllib.request.HTTPSHandler(context=trust))
        self.headers = dict(headers)
        self.page = None

    def ask(self, path, data=None, kind=None, headers=()):
        url = path if "://" in path else self.portal + path
        request = urllib.request.Request(url, data, {**self.headers, **dict(headers)})
        if kind:
            request.add_header("Content-Type", kind)
        try:
            answer = Answer(self.opener.open(request, timeout=60))
        except urllib.error.HTTPError as error:
            answer = Answer(error)
        if "text/html" in answer.headers.get("Content-Type", ""):
            self.page = answer
        return answer

    def get(self, path, **options):
        return self.ask(path, **options)

    def form(self, wanted=None):
        """Action and fields of a form on the page: the one with this action, or the one in <main>."""
        main = self.page.text.partition("<main")[2]
        for action, fields in Forms(self.page.text if wanted else main).forms:
            if wanted is None or action == wanted:
                return action, fields
        raise AssertionError(f"no form {wanted} in {self.page.url}:\n{self.page.text}")

    def send(self, fields=None, to=None, files=(), action=None, **options):
        """Fills in the form on the page and sends it."""
        action, given = self.form(action)
        data = {**given, **(fields or {})}
        place = to or action or self.page.url
        if files:
            body, kind = multipart(data, files)
            return self.ask(place, body, kind, **options)
        return self.ask(place, urllib.parse.urlencode(data).encode(), **options)
