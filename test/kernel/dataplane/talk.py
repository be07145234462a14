"""Both ends of a connection, for tests that watch one live: `talk.py server|client tcp|udp-stream HOST PORT`.

A client says `ok` each time it hears of the other side and `lost` when it has not for a while. In `tcp` each side speaks in turn;
in `udp-stream` the client speaks once and only the server goes on.
"""
import socket
import sys
import threading
import time

role, kind, host, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)


def say(word):
    print(word, flush=True)


def echo(connection):
    while True:
        data = connection.recv(100)
        if not data:
            return
        connection.sendall(data)


def serve():
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    if kind == "tcp":
        sock.listen()
        say("ready")
        while True:
            threading.Thread(target=echo, args=(sock.accept()[0],), daemon=True).start()
    say("ready")
    peer = sock.recvfrom(100)[1]
    while True:
        sock.sendto(b"x", peer)
        time.sleep(0.02)


def hear():
    try:
        say("ok" if sock.recv(100) else "closed")
    except socket.timeout:
        say("lost")
    except OSError as error:
        say(f"error {error.errno}")
        time.sleep(0.1)


def ask():
    sock.settimeout(3)
    sock.connect((host, port))
    sock.settimeout(1)
    sock.send(b"hello\n")
    while True:
        hear()
        if kind == "tcp":
            time.sleep(0.02)
            try:
                sock.send(b"hello\n")
            except OSError:
                pass


if role == "server":
    serve()
ask()
