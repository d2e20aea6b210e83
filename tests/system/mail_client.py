"""A member's mail program: python's poplib, which verifies the certificate as any other does."""
import poplib
import re
import ssl

import world as sandbox

PASSWORD = re.compile(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}")
SETTINGS = ('pop listen "127.0.0.1:{port pop}" stls "127.0.0.1:{port pop_stls}"\n'
            'pop certificate "{directory}/keys/pop.pem" key "{directory}/keys/pop.key" metrics "127.0.0.1:{port pop_metrics}"\n')


def prepare(world):
    """For conftest.world: the certificate that the settings name."""
    issue(world)


def issue(world, name="localhost", **options):
    """A certificate with a key that the portal's user can read, in place of the one that is there."""
    world.authority.issue("pop", f"/CN={name}", f"subjectAltName=DNS:{name}", **options)
    (world.directory / "keys" / "pop.key").chmod(0o644)


def start(world, **options):
    return world.start_program("postseal-pop", **options)


def trust(world):
    return ssl.create_default_context(cafile=world.directory / "keys" / "authority.pem")


def application_password(person, name="Thunderbird"):
    """Makes one in the settings, and returns it as it is shown."""
    assert person.confirm().path == "/settings/security"
    answer = person.browser.send({"name": name}, action="/settings/application")
    assert answer.status == 200, answer.text
    return PASSWORD.search(answer.text).group(0)


def connect(world):
    return poplib.POP3_SSL("localhost", world.ports["pop"], context=trust(world), timeout=60)


def sign_in(person, password):
    client = connect(person.world)
    client.user(person.address)
    client.pass_(password)
    return client


def refusal(person, password, address=None):
    """Why the sign-in is refused; None: it is not."""
    client = connect(person.world)
    try:
        client.user(address or person.address)
        client.pass_(password)
    except poplib.error_proto as error:
        return str(error)
    finally:
        client.close()
    return None


def wait_for(person, password, count):
    """A client that sees so many messages, once it does."""
    def look():
        client = sign_in(person, password)
        if client.stat()[0] == count:
            return client
        client.quit()
        return None
    return sandbox.wait_until(look, f"{count} messages for the mail program")


def message(client, number):
    """The bytes of a message, and what the reply calls them."""
    reply, lines, _ = client.retr(number)
    return b"".join(line + b"\r\n" for line in lines), reply
