"""The servers of other domains, played by one program: each domain has its own address in
127.0.0.0/8, so the address that was connected to tells to whose server the company's Postfix took
the mail."""
import re
import socketserver
import threading


class Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def handle(self):
        self.say(b"220 next-hop ESMTP")
        sender, recipients = "", []
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say(b"250-next-hop\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif verb == b"MAIL":
                sender = re.match(rb"MAIL FROM:<(.*?)>(?: |\r)", line, re.I).group(1).decode()
                self.say(b"250 ok")
            elif verb == b"RCPT":
                recipients.append(re.match(rb"RCPT TO:<(.*)>", line, re.I).group(1).decode())
                self.say(b"250 ok")
            elif verb == b"DATA":
                self.say(b"354 go on")
                self.server.taken(self.request.getsockname()[0], sender, recipients, self.content())
                recipients = []
                self.say(b"250 ok")
            elif verb == b"QUIT":
                self.say(b"221 bye")
                return
            else:
                self.say(b"250 ok")

    def content(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line)
        return b"".join(lines)


class NextHop(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 200

    def __init__(self, port):
        super().__init__(("0.0.0.0", port), Session)
        self.lock = threading.Lock()
        self.mails = []  # (the address that was connected to, sender, recipients as RCPT named them, content)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def taken(self, *mail):
        with self.lock:
            self.mails.append(mail)
