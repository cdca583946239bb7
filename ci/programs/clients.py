"""The clients of servers, outside the tree that is dumped: one connection, held all the time, whose answers are what counts.

usage: clients.py redis|memcached|nginx|asyncio|node|java|tmux|postgres|tcpdump   prints digests of what it got
"""
import hashlib
import http.client
import socket
import subprocess
import sys
import time

ROUNDS = 120
PAUSE = 0.03  # seconds: so that dumps fall between and into requests


def connected(port):
    """Waits until the server is there."""
    for _ in range(500):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


class Lines:
    """A connection with answers that are lines, or bytes of known length."""

    def __init__(self, port):
        self.socket = connected(port)
        self.file = self.socket.makefile("rb")

    def ask(self, data):
        self.socket.sendall(data)
        return self.file.readline().rstrip(b"\r\n")

    def read(self, size):
        return self.file.read(size)


def redis_words(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def redis():
    main, waiting, transaction = Lines(7001), Lines(7001), Lines(7001)
    waiting.socket.sendall(redis_words(b"BLPOP", b"queue", b"0"))
    assert transaction.ask(redis_words(b"MULTI")) == b"+OK"
    for first in range(0, 100000, 20000):  # 100 MB
        main.socket.sendall(b"".join(redis_words(b"SET", b"key%d" % i, hashlib.sha256(b"%d" % i).hexdigest().encode() * 16)
                                     for i in range(first, first + 20000)))
        for _ in range(20000):
            assert main.file.readline() == b"+OK\r\n"
    seen = hashlib.sha256()
    for i in range(ROUNDS):
        assert transaction.ask(redis_words(b"INCR", b"in transaction")) == b"+QUEUED"
        seen.update(main.ask(redis_words(b"INCRBY", b"counter", b"%d" % i)))
        size = int(main.ask(redis_words(b"GET", b"key%d" % (i * 833)))[1:])
        seen.update(main.read(size + 2))
        time.sleep(PAUSE)
    print("answers", seen.hexdigest())
    print("length", main.ask(redis_words(b"RPUSH", b"queue", b"at last")))
    print("waited for", [waiting.file.readline() for _ in range(5)])
    print("transaction", transaction.ask(redis_words(b"EXEC")), [transaction.file.readline() for _ in range(ROUNDS)][-1])
    print("counter", main.ask(redis_words(b"GET", b"counter")), main.file.readline())


def memcached():
    main, seen = Lines(7002), hashlib.sha256()
    main.ask(b"set counter 0 0 1\r\n0\r\n")
    for i in range(ROUNDS):
        value = hashlib.sha256(b"%d" % i).hexdigest().encode() * 500
        assert main.ask(b"set key%d 7 0 %d\r\n%s\r\n" % (i, len(value), value)) == b"STORED"
        seen.update(main.ask(b"incr counter 3\r\n"))
        head = main.ask(b"get key%d\r\n" % (i // 2))
        seen.update(head + main.read(int(head.split()[3]) + len("\r\nEND\r\n")))
        time.sleep(PAUSE)
    print(seen.hexdigest())


def http_pages(port, pages):
    connected(port).close()
    connection, seen = http.client.HTTPConnection("127.0.0.1", port, timeout=60), hashlib.sha256()
    connection.connect()
    own = connection.sock.getsockname()
    for i in range(ROUNDS):
        connection.request("GET", pages(i))
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        seen.update(answer.read())
        assert connection.sock and connection.sock.getsockname() == own, "another connection"
        time.sleep(PAUSE)
    print(seen.hexdigest())


def nginx():
    http_pages(7003, lambda i: f"/{i % 4 + 1}.txt")


def node():
    http_pages(7005, lambda i: f"/count/{i}")


def five_connections(port):
    lines = [Lines(port) for _ in range(5)]
    seen = hashlib.sha256()
    for i in range(ROUNDS):
        seen.update(lines[i % 5].ask(b"request %d\n" % i))
        time.sleep(PAUSE)
    print(seen.hexdigest())


def asyncio():
    five_connections(7004)


def java():
    five_connections(7006)


def tmux():
    def run(*words):
        return subprocess.run(("tmux", "-S", "tmux.socket", *words), capture_output=True, text=True, timeout=60,
                              check=False).stdout

    for _ in range(200):
        run("new-session", "-d", "-x", "80", "-y", "24", "-s", "s", "vi", "-u", "NONE", "-n", "text")
        if run("list-sessions"):
            break
        time.sleep(0.05)
    def screen():
        return run("capture-pane", "-p", "-J", "-t", "s")

    def write(line):
        """A dump ends the connections of tmux's own clients, so what was lost is done again until the screen shows it."""
        for _ in range(100):
            run("send-keys", "-t", "s", "Escape")
            time.sleep(PAUSE)
            run("send-keys", "-t", "s", "S", line)
            time.sleep(PAUSE)
            if screen().split("\n")[0].rstrip() == line:
                return
        raise ValueError(f"the screen never shows {line}: {screen()}")

    for i in range(ROUNDS // 2):
        write(f"line {i} of a buffer that is never saved")
    write("the last line")
    time.sleep(1)
    print("\n".join(line.rstrip() for line in screen().split("\n")))


def postgres():
    def run(text):
        return subprocess.run(("psql", "-h", "127.0.0.1", "-p", "7007", "-U", "postgres", "-At", "-c", text),
                              capture_output=True, text=True, timeout=60, check=False)

    for _ in range(500):
        if run("select 1").stdout == "1\n":
            break
        time.sleep(0.02)
    session = subprocess.Popen(("psql", "-h", "127.0.0.1", "-p", "7007", "-U", "postgres", "-At"),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(text):
        session.stdin.write(text + ";\n")
        session.stdin.flush()
        return session.stdout.readline()

    ask("create table t (id int, text text)")
    ask("begin")
    seen = hashlib.sha256()
    for i in range(ROUNDS):
        ask(f"insert into t select n, md5(n::text) from generate_series({i * 100}, {i * 100 + 99}) n")
        session.stdin.write("select count(*), max(text) from t;\n")
        session.stdin.flush()
        seen.update(session.stdout.readline().encode())
        time.sleep(PAUSE)
    ask("commit")
    print(seen.hexdigest(), run("select sum(id) from t").stdout)
    session.stdin.close()
    session.wait(timeout=60)


def tcpdump():
    """Its capture must come to hold each packet, and be a file without a gap. What nobody sees during a dump is sent again."""
    def captured():
        try:
            with open("capture.pcap", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for first in range(0, 500, 100):  # what it captures it sees within a second (a block of the ring)
        missing = [b"<packet %d>" % i for i in range(first, first + 100)]
        for attempt in range(600):
            missing = [text for text in missing if text not in captured()]
            if not missing:
                break
            for text in missing if attempt % 60 == 0 else ():
                sender.sendto(text, ("127.0.0.1", 7008))
            time.sleep(0.025)
        else:
            raise TimeoutError(f"{missing[0]} is never captured")
    found = subprocess.run(("tcpdump", "-n", "-A", "-r", "capture.pcap"), capture_output=True, text=True, check=True).stdout
    print(all(f"<packet {i}>" in found for i in range(500)))


globals()[sys.argv[1]]()
