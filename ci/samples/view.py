"""What an image set says, with its own numbers taken out: pids, object ids, inodes and file ids become places in the
tree, so that two dumps of the same program can be compared field by field."""
import base64
import hashlib


def page_fields(pages, start, end, moving=0):
    """Flags and digests of the pages between two addresses; the first `moving` bytes are left out. So are pages of zeros: they read
    like missing ones, and whether memory that was only read has a page of its own depends on the kernel."""
    inside = [(f"{address - start:#x}", flags, content) for address, flags, content in pages
              if start <= address < end and (not content or content.strip(b"\0"))]
    digests = {}
    for offset, _, content in inside:
        skipped = moving if offset == "0x0" else 0
        digests[offset] = hashlib.sha256(content[skipped:]).hexdigest() if content else None
    return {"pages": {offset: flags for offset, flags, _ in inside}, "content": digests}


class Order:
    """Gives numbers in the order of first use: the pattern of sharing stays, the numbers go."""

    def __init__(self):
        self.seen = {}

    def __call__(self, number):
        return self.seen.setdefault(number, len(self.seen) + 1) if number else 0


class View:
    def __init__(self, images):
        self.images = images
        self.tasks = images.load("pstree.img")
        self.roles = {0: "nobody"}
        for number, task in enumerate(self.tasks):
            self.roles[task["pid"]] = f"task{number}"
            for n, tid in enumerate(task["threads"][1:], 1):
                self.roles[tid] = f"task{number}.thread{n}"
        self.files = {f["id"]: f for f in images.load("files.img")}
        self.memfds = {m["inode_id"]: m for m in images.load_if_there("memfd.img")}
        self.root_ids = images.load("inventory.img")[0]["root_ids"]
        self.orders = {}

    def order(self, kind, number):
        return self.orders.setdefault(kind, Order())(number)

    def role(self, pid):
        return self.roles.get(pid, "outside")

    def ids(self, ids):
        """Namespaces: whether it is the dumper's own. Others: which tasks share the object."""
        def value(name, number):
            return number == self.root_ids.get(name) if "_ns_id" in name else self.order(name, number)
        return {name: value(name, number) for name, number in ids.items()}

    def file(self, file_id, shared=True):
        """A file description in full instead of its id; `shared` also says which of them it is."""
        entry = {k: v for k, v in self.files[file_id].items() if k not in ("id",)}
        for kind, fields in list(entry.items()):
            if isinstance(fields, dict):
                entry[kind] = self.file_fields(fields)
        if shared:
            entry["description"] = self.order("file", file_id)
        return entry

    def file_fields(self, fields):
        fields = dict(fields)
        fields.pop("id")
        for name in ("pipe_id", "ino", "peer"):
            if name in fields:
                fields[name] = self.order("pipe" if name == "pipe_id" else "socket", fields[name])
        if "regf_id" in fields:
            fields["regf_id"] = self.file(fields["regf_id"], shared=False)
        if "ns_id" in fields:
            fields["ns_id"] = fields["ns_id"] == self.root_ids["net_ns_id"]
        if "inode_id" in fields:
            fields["inode_id"] = self.memfd(fields["inode_id"])
        if isinstance(fields.get("tfd"), list):  # an epoll: the kernel keeps its targets in the order of addresses
            fields["tfd"] = sorted(fields["tfd"], key=lambda target: target["tfd"])
        if "fown" in fields:
            fields["fown"] = dict(fields["fown"], pid=self.role(fields["fown"]["pid"]))
        return fields

    def memfd(self, inode_id):
        entry = dict(self.memfds[inode_id], inode_id=self.order("memfd", inode_id))
        # The two counters at the start of the shared memory of `tree` never stand still.
        pages = self.images.pages(f"pagemap-shmem-{entry.pop('shmid')}.img")
        return dict(entry, **page_fields(pages, 0, 1 << 64, moving=8 if entry["name"] == "/dev/zero" else 0))

    def mm(self, pid):
        entry = dict(self.images.load(f"mm-{pid}.img")[0])
        entry["exe_file_id"] = self.file(entry["exe_file_id"], shared=False)
        auxv = entry.pop("mm_saved_auxv")
        entry["auxv"] = {str(key): value for key, value in zip(auxv[::2], auxv[1::2])}
        pages = self.images.pages(f"pagemap-{pid}.img")
        entry["vmas"] = [self.vma(vma, pages) for vma in entry["vmas"]]
        return entry

    def vma(self, vma, pages):
        vma = dict(vma)
        start, end = vma["start"], vma["end"]
        vma["length"] = end - start
        if vma["shmid"] and vma["status"] & (1 << 6 | 1 << 7):
            vma["shmid"] = self.file(vma["shmid"], shared=False)
        elif vma["shmid"]:
            vma["shmid"] = self.order("shmem", vma["shmid"])
        return dict(vma, **page_fields(pages, start, end))

    def core(self, tid):
        entry = dict(self.images.load(f"core-{tid}.img")[0])
        for holder, name in (("tc", "signals_s"), ("thread_core", "signals_p")):
            for signal in entry.get(holder, {}).get(name, {}).get("signals", []):
                info = bytearray(base64.b64decode(signal["siginfo"]))
                signal["sender"] = self.role(int.from_bytes(info[16:20], "little"))
                info[16:20] = bytes(4)
                signal["siginfo"] = info.hex()
        timers = entry.get("tc", {}).get("timers", {})
        if "posix" in timers:
            timers["posix"].sort(key=lambda timer: timer["it_id"])
        return entry

    def task(self, task):
        pid = task["pid"]
        view = {name: self.role(task[name]) for name in ("ppid", "pgid", "sid")}
        view["threads"] = [self.role(tid) for tid in task["threads"]]
        view["core"] = [self.core(tid) for tid in dict.fromkeys([pid] + task["threads"]) if tid]
        if f"mm-{pid}.img" not in self.images.names:
            return view  # a zombie
        ids = self.images.load(f"ids-{pid}.img")[0]
        view["ids"] = self.ids(ids)
        view["fds"] = {str(e["fd"]): {"flags": e["flags"], "type": e["type"], "file": self.file(e["id"])}
                       for e in self.images.load(f"fdinfo-{ids['files_id']}.img")}
        fs = self.images.load(f"fs-{pid}.img")[0]
        view["fs"] = {"cwd": self.file(fs["cwd_id"], shared=False), "root": self.file(fs["root_id"], shared=False),
                      "umask": fs["umask"]}
        view["mm"] = self.mm(pid)
        return view

    def whole(self):
        """Tasks first: they give the ids their order."""
        images = self.images
        view = {self.role(task["pid"]): self.task(task) for task in self.tasks}
        inventory = dict(images.load("inventory.img")[0])
        view["inventory"] = dict(inventory, root_ids=self.ids(inventory["root_ids"]))
        view["images"] = {kind: images.kinds().count(kind) for kind in set(images.kinds())}
        view["queues"] = [dict(e, id_for=self.file(e["id_for"], shared=False))
                          for e in images.load_if_there("sk-queues.img")]
        for name in ("pipes-data.img", "fifo-data.img"):
            view[name] = [dict(e, pipe_id=self.order("pipe", e["pipe_id"])) for e in images.load_if_there(name)]
        view["remaps"] = [self.remap(e) for e in images.load_if_there("remap-fpath.img")]
        for name in ("seccomp.img", "timens-0.img", "stats-dump"):
            view[name] = images.load_if_there(name)
        return view

    def remap(self, entry):
        ghost = f"ghost-file-{entry['remap_id']:x}.img"
        return dict(entry, orig_id=self.file(entry["orig_id"], shared=False), remap_id=self.images.load_if_there(ghost))
