"""A pool of processes. Its locks are POSIX semaphores: mapped files in /dev/shm that are unlinked already."""
import hashlib
import multiprocessing
import time


def chain(job):
    digest = str(job).encode()
    for _ in range(15000):
        digest = hashlib.sha256(digest).digest()
    time.sleep(0.01)
    with shared.get_lock():
        shared.value += digest[0]
    return job, digest.hex()


def set_up(value):
    global shared
    shared = value


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    counter = multiprocessing.Value("Q", 0)
    with multiprocessing.Pool(3, set_up, (counter,)) as pool:
        for job, digest in pool.imap(chain, range(550)):
            print(job, digest)
    print(counter.value)
