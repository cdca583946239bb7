"""Threads that hand work to each other through queues, locks, conditions and timed sleeps."""
import hashlib
import queue
import threading
import time

WORKERS, JOBS = 4, 800
jobs, results = queue.Queue(maxsize=8), queue.Queue()
total, lock = [0], threading.Lock()
all_there = threading.Barrier(WORKERS)


def work():
    all_there.wait()
    while (job := jobs.get()) is not None:
        digest = str(job).encode()
        for _ in range(8000):
            digest = hashlib.sha256(digest).digest()
        time.sleep(0.005)
        with lock:
            total[0] += digest[0]
        results.put((job, digest.hex()))


threads = [threading.Thread(target=work) for _ in range(WORKERS)]
for thread in threads:
    thread.start()
for job in range(JOBS):
    jobs.put(job)
for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
for job, digest in sorted(results.get() for _ in range(JOBS)):
    print(job, digest)
print(total[0])
