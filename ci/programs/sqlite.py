"""One long transaction of SQLite with savepoints and a rollback, interrupted in its middle, on a database file.

The argument `locked` takes the file locks of SQLite's default; without it the database is opened without locks.
"""
import hashlib
import sqlite3
import sys

vfs = "unix" if sys.argv[1:] == ["locked"] else "unix-none"
db = sqlite3.connect(f"file:test.db?vfs={vfs}", uri=True, isolation_level=None)
db.execute("pragma cache_size = 50")  # small: pages go to the file and the journal within the transaction
db.execute("create table t (id integer primary key, number integer, text text)")
db.execute("create index by_text on t (text)")
db.execute("begin")
for i in range(160000):
    text = hashlib.md5(str(i).encode()).hexdigest()
    db.execute("insert into t (number, text) values (?, ?)", (i * i % 1009, text))
    if i % 1000 == 999:
        db.execute("savepoint s")
        db.execute("update t set number = number + 1 where id % 7 = ?", (i // 1000 % 7,))
        db.execute("rollback to s" if i % 2000 == 1999 else "release s")
db.execute("commit")
assert db.execute("pragma integrity_check").fetchone() == ("ok",)
whole = hashlib.sha256()
for row in db.execute("select * from t order by text"):
    whole.update(repr(row).encode())
print(whole.hexdigest())
print(db.execute("select count(*), sum(number) from t").fetchone())
