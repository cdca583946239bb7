"""Reads an image set by the decoder of Debian's crit, and by a few lines of our own where crit 3.17 is too old."""
import os
import re

import pycriu


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def numbers(message):
    """The varint fields of a protobuf message that has no others: {field number: value}."""
    fields, at = {}, 0
    while at < len(message):
        key, at = varint(message, at)
        if key & 7:
            raise ValueError(f"field {key >> 3} is not a varint")
        fields[key >> 3], at = varint(message, at)
    return fields


def read_pagemap(path):
    """(pages id, [(address, pages, flags)]): crit 3.17 does not know nr_pages (field 5), which 4.x writes."""
    with open(path, "rb") as f:
        data = f.read()
    records, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "little")
        records.append(numbers(data[at + 4:at + 4 + size]))
        at += 4 + size
    return records[0][1], [(r[1], r.get(5) or r.get(2, 0), r.get(4, 0)) for r in records[1:]]


class ImageSet:
    def __init__(self, directory):
        self.directory = directory
        self.names = sorted(n for n in os.listdir(directory) if n.endswith(".img") or n.startswith("stats-"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def load(self, name):
        """The records of one image, as `crit decode` shows them."""
        with open(self.path(name), "rb") as f:
            return pycriu.images.load(f, pretty=False)["entries"]

    def load_if_there(self, name):
        return self.load(name) if name in self.names else []

    def pages(self, name):
        """[(address of the page, flags, content)] of one pagemap."""
        pages_id, entries = read_pagemap(self.path(name))
        found = []
        with open(self.path(f"pages-{pages_id}.img"), "rb") as f:
            for address, count, flags in entries:
                for i in range(count):
                    found.append((address + 4096 * i, flags, f.read(4096) if flags & 4 else None))
        return found

    def kinds(self):
        """The names with their numbers taken out, sorted: core-4313.img is core-#.img."""
        return sorted(re.sub(r"-[0-9a-f]+\.img$", "-#.img", n) for n in self.names)
