#!/usr/bin/env python3
"""A journey system in Python: takes the firings of one trigger from NATS JetStream and acts on each exactly once.

The durable consumer is its place in the stream: NATS gives a firing out until it is acknowledged. A firing can come twice (after a crash
between the effect and the acknowledgement), so the effect is noted under the firing's id, in one transaction, and a second one is dropped.

    python3 examples/journeys-python/journeys.py

Settings, from the environment: NATS_URL (nats://host:port), ATTRIUM_WORKSPACE, ATTRIUM_TRIGGER, OUTBOX (an SQLite file).
It needs nothing but Python 3.9: the few lines of NATS that it speaks are below. A real one takes the client nats-py.
"""

import json
import os
import signal
import socket
import sqlite3
import sys
import time
from urllib.parse import urlparse

STREAM = "attrium-deliveries"


class Nats:
    """What this program needs of a NATS client: request and reply, and one inbox for pulled messages."""

    def __init__(self, url):
        at = urlparse(url)
        self.socket = socket.create_connection((at.hostname, at.port or 4222), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")
        self.lines.readline()  # INFO
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "python", "version": "0"}
        if at.username:
            options.update({"user": at.username, "pass": at.password or ""})
        self.inbox = "_INBOX.%s" % os.urandom(12).hex()
        self.send("CONNECT %s\r\nSUB %s.* 1\r\n" % (json.dumps(options), self.inbox))

    def send(self, text, payload=b""):
        self.socket.sendall(text.encode() + payload)

    def publish(self, subject, payload=b"", reply=""):
        self.send("PUB %s %s %d\r\n" % (subject, reply, len(payload)), payload + b"\r\n")

    def next(self):
        """The next message: its reply subject, its header and its payload."""
        while True:
            line = self.lines.readline()
            if not line:
                raise ConnectionError("NATS has hung up")
            words = line.decode().split()
            if words[0] == "PING":
                self.send("PONG\r\n")
            elif words[0] == "-ERR":
                raise ConnectionError(line.decode().strip())
            elif words[0] in ("MSG", "HMSG"):
                head = int(words[-2]) if words[0] == "HMSG" else 0
                body = self.lines.read(int(words[-1]) + 2)[:-2]
                with_reply = len(words) == (6 if words[0] == "HMSG" else 5)
                return (words[3] if with_reply else "", body[:head].decode(), body[head:])

    def request(self, subject, payload):
        self.publish(subject, json.dumps(payload).encode(), self.inbox + ".api")
        return json.loads(self.next()[2])


def consume(nats, workspace, trigger, act):
    """Pulls firings one by one, acts, and only then acknowledges; does not return."""
    name = "journeys-%s-%s" % (workspace, trigger)
    config = {
        "durable_name": name,
        "filter_subject": "attrium.deliveries.%s.%s" % (workspace, trigger),
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": 2_000_000_000,
        # Order per profile: the next comes when this one is acknowledged.
        "max_ack_pending": 1,
    }
    created = nats.request("$JS.API.CONSUMER.DURABLE.CREATE.%s.%s" % (STREAM, name), {"stream_name": STREAM, "config": config})
    if "error" in created:
        raise RuntimeError(created["error"]["description"])
    while True:
        ask = json.dumps({"batch": 1, "expires": 5_000_000_000}).encode()
        nats.publish("$JS.API.CONSUMER.MSG.NEXT.%s.%s" % (STREAM, name), ask, nats.inbox + ".pull")
        reply, header, payload = nats.next()
        if not reply:  # A status: nothing has come in that time (408), or the like.
            if not header.startswith("NATS/1.0 4"):
                raise ConnectionError(header)
            continue
        act(json.loads(payload))
        nats.publish(reply, b"+ACK")


def main():
    workspace, trigger = os.environ["ATTRIUM_WORKSPACE"], os.environ["ATTRIUM_TRIGGER"]
    outbox = sqlite3.connect(os.environ["OUTBOX"])
    outbox.execute("CREATE TABLE IF NOT EXISTS mails (number INTEGER PRIMARY KEY, firing TEXT UNIQUE, profile TEXT, mail TEXT)")
    outbox.commit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def act(firing):
        profile = firing["profileId"]
        with outbox:  # One transaction: the effect, and that this firing had it.
            outbox.execute(
                "INSERT OR IGNORE INTO mails (firing, profile, mail) VALUES (?, ?, ?)",
                (firing["id"], profile, "Welcome, %s" % profile),
            )

    while True:
        try:
            consume(Nats(os.environ["NATS_URL"]), workspace, trigger, act)
        except (OSError, ValueError) as error:
            print("again in a moment: %s" % error, file=sys.stderr)
            time.sleep(0.5)


if __name__ == "__main__":
    main()
