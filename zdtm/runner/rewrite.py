"""What is done to an image set between dump and restore, so that it looks as if it came from elsewhere (header key rewrite:)."""
import os
import re
import struct

PAGE = 4096


def own_vdso():
    with open('/proc/self/maps', encoding='ascii') as file:
        start, end = next((int(m[1], 16), int(m[2], 16)) for m in (re.match(r'(\w+)-(\w+) .*\[vdso\]', line) for line in file) if m)
    with open('/proc/self/mem', 'rb', buffering=0) as file:
        file.seek(start)
        return file.read(end - start)


def function_symbols(elf):
    """(offset of the symbol, name, value, size) of each function, by the section headers: the kernel's vdso has them."""
    table, count = struct.unpack_from('<Q', elf, 40)[0], struct.unpack_from('<H', elf, 60)[0]
    sections = [struct.unpack_from('<IIQQQQII', elf, table + i * 64) for i in range(count)]
    for kind, offset, size, link in ((s[1], s[4], s[5], s[6]) for s in sections):
        if kind != 11:  # SHT_DYNSYM
            continue
        for at in range(offset, offset + size, 24):
            name, info, _, _, value, length = struct.unpack_from('<IBBHQQ', elf, at)
            begin = sections[link][4] + name
            if info & 15 == 2:  # STT_FUNC
                yield at, elf[begin:elf.index(b'\0', begin)].decode(), value, length


def other_code(elf, moved):
    """Each function but for its entry's symbol is gone: who runs it without a jump at its entry dies by int3."""
    elf = bytearray(elf)
    for at, name, value, length in list(function_symbols(elf)):
        elf[value:value + length] = b'\xcc' * length
        if name in moved:
            struct.pack_into('<Q', elf, at + 8, value + 16)
    return bytes(elf)


def replace_vdso(directory, new):
    """In all pages files; a vdso in ordinary memory (the proxy of an earlier restore) is not like the kernel's and stays."""
    old, found = own_vdso(), 0
    for name in os.listdir(directory):
        if not re.fullmatch(r'pages-\d+\.img', name):
            continue
        with open(os.path.join(directory, name), 'r+b') as file:
            data = file.read()
            for at in range(0, len(data), PAGE):
                if data.startswith(old, at):
                    file.seek(at)
                    file.write(new)
                    found += 1
    if not found:
        raise ValueError('no vdso in the images')
    os.unlink(os.path.join(directory, 'crengine.manifest'))  # it tells of the change


def vdso_of_another_kernel(directory):
    """A function at another offset: a proxy is needed. By its other name it stays: pointers of the program must remain right."""
    replace_vdso(directory, other_code(own_vdso(), ('getcpu',)))


def vdso_of_another_build(directory):
    """Other code, the functions where they were."""
    replace_vdso(directory, other_code(own_vdso(), ()))


KINDS = {f.__name__: f for f in (vdso_of_another_kernel, vdso_of_another_build)}
