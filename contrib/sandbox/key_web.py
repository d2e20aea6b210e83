"""A web server for a Web Key Directory: HTTPS at port 443 of an address of the machine's own, from a directory.
    key_web.py ADDRESS CERTIFICATE KEY DIRECTORY"""
import functools
import http.server
import ssl
import sys


def main(address, certificate, key, directory):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=directory)
    server = http.server.ThreadingHTTPServer((address, 443), handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
