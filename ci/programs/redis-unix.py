"""Redis and its client in one tree, over a unix socket: the connection, and what is in flight in it, live on."""
import hashlib
import socket
import subprocess
import time

server = subprocess.Popen(("redis-server", "--port", "0", "--unixsocket", "redis.socket", "--save", ""),
                          stdout=subprocess.DEVNULL)
client = socket.socket(socket.AF_UNIX)
for _ in range(500):
    try:
        client.connect("redis.socket")
        break
    except (FileNotFoundError, ConnectionRefusedError):
        time.sleep(0.01)
answers = client.makefile("rb")
seen = hashlib.sha256()
for i in range(4000):
    client.sendall(b"INCRBY counter %d\r\nAPPEND text %d\r\nGET text\r\n" % (i, i))
    for _ in range(2):
        seen.update(answers.readline())
    seen.update(answers.read(int(answers.readline()[1:]) + 2))
    time.sleep(0.0005)
print(seen.hexdigest())
client.sendall(b"SHUTDOWN NOSAVE\r\n")
print(server.wait())
