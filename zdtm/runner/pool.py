"""Runs jobs, several at once, each in a sandbox of its own."""
import os
import select
import shutil
import signal
import time

from . import sandbox
from .beats import Beats, load_result

GRACE = 10  # seconds a driver may be over its own timeout before it is killed from outside


def driver(job):
    """Becomes the driver: Python's own errors go to a file of the case."""
    with open(job.path('driver.stderr'), 'wb') as err:
        os.dup2(err.fileno(), 2)
    return Beats(job).run()


class Pool:
    def __init__(self, size, on_result):
        self.size = size
        self.on_result = on_result
        self.running = {}  # pidfd -> (pid, job, hard deadline)
        self.poll = select.poll()

    def start(self, job):
        shutil.rmtree(job.work, ignore_errors=True)
        os.makedirs(job.work)
        pid = sandbox.start(lambda: driver(job), job.path('reaped'), job.header.network == 'own')
        descriptor = os.pidfd_open(pid)
        self.poll.register(descriptor, select.POLLIN)
        self.running[descriptor] = (pid, job, time.monotonic() + job.timeout + GRACE)

    def collect(self, descriptor):
        pid, job, _ = self.running.pop(descriptor)
        self.poll.unregister(descriptor)
        os.close(descriptor)
        os.waitpid(pid, 0)
        self.on_result(job, load_result(job))

    def run(self, jobs):
        queue = list(reversed(jobs))
        while queue or self.running:
            while queue and len(self.running) < self.size:
                self.start(queue.pop())
            for descriptor, _ in self.poll.poll(1000):
                self.collect(descriptor)
            for pid, _, deadline in list(self.running.values()):
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
