"""Somebody who listens, and talks to each peer in a thread of its own."""
import contextlib
import os
import pathlib
import socket
import threading


def unix_socket(path):
    """Where anybody may connect."""
    path = pathlib.Path(path)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    os.chmod(path, 0o666)
    listener.listen()
    return listener


class Ear:
    """Hands each connection to `talk`, in a thread of its own."""

    def __init__(self, listener, talk):
        self.listener, self.talk = listener, talk
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def close(self):
        """A thread that still waited at a closed socket would go on at the next one with its number: connections meant for
        another test's listener."""
        with contextlib.suppress(OSError):  # it was closed before
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(60)
        self.listener.close()


class Listener:
    """`talk(peer)` is the subclass's."""

    def listen(self, listener):
        self.listener = listener
        self.ear = Ear(listener, self.talk)

    def close(self):
        self.ear.close()
