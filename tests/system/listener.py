"""Somebody who listens, and talks to each peer in a thread of its own."""
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


class Listener:
    """`talk(peer)` is the subclass's. It ends when `listener` is closed."""

    def listen(self, listener):
        self.listener = listener
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def close(self):
        self.listener.close()
