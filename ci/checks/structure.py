"""Checks of how the sources hang together: include cycles, layers, where protobuf and #if may be."""
import re

from tree import Finding

# Downward only: a file may include its own layer and those before it. The folders of modules/ that are not named
# here are the subsystems.
LAYERS = {"base": 0, "arch": 1, "infect": 2, "core": 3, "subsystem": 4, "engine": 5, "cli": 6, "service": 6}
# Headers of modules that go into blobs, by their names: what crosses, what the parasite does, what the restorer does.
BLOB_HEADER = re.compile(r"(?:\w+_)?(?:wire|parasite|restorer)\.h$")
# Protobuf types stay out of the Model: they are for files named image.cc or *_image.cc, for core's image_* and for the
# engine's stats and rpc. Any other exception is named here.
PROTOBUF_FILES = (r"(modules/\w+|arch(/\w+)?)/(\w+_)?image(_test)?\.cc", r"modules/core/image_\w+\.(cc|h)",
                  r"modules/engine/stats\w*\.cc", r"modules/service/rpc_\w+\.cc",
                  r"modules/core/page_stream(_test)?\.cc")  # reads and writes pagemap records between pages
ARCHITECTURE = re.compile(
    r"#\s*(?:if|ifdef|ifndef|elif)\b.*\b__(?:x86_64|amd64|i386|aarch64|arm|powerpc64|powerpc|ppc64|s390x|s390|riscv)__")

# Registers, system calls that not every architecture has, the names of backends: all that belongs below arch/.
ARCHITECTURE_NAMES = re.compile(
    r"\b(?:r[abcd]x|r[sd]i|r[bsi]p|e(?:flags|ip|sp)|orig_r?ax|[fg]s_base|[xyz]mm\d*|mxcsr|fxsave|xsave|pstate|tpidr\w*"
    r"|(?:x86|x86_64|aarch64|ppc64|ppc64le|s390|s390x)"
    r"|(?:__NR_|SYS_)(?:poll|select|epoll_wait|epoll_create|arch_prctl|modify_ldt|[gs]et_thread_area|iopl|ioperm|open|creat|l?stat"
    r"|pipe|dup2|v?fork|pause|alarm|time|utimes?|access|mkdir|rmdir|rename|link|unlink|symlink|readlink|chmod|l?chown|mknod|getdents"
    r"|eventfd|signalfd|inotify_init|getpgrp))\b")
# Tests of what only one architecture has say so in their name.
OF_ONE_ARCHITECTURE = re.compile(r"arch/|modules/\w+/tests/\w+_(?:x86_64|aarch64|ppc64le|s390x)_test\.cc$")


def layer_of(path):
    """(layer name, module name) of a file; a file outside the layers has neither."""
    parts = path.split("/")
    if parts[0] == "arch":
        return "arch", "arch"
    if parts[0] != "modules" or len(parts) < 3:
        return None, None
    return (parts[1] if parts[1] in LAYERS else "subsystem"), parts[1]


def is_blob_file(path):
    parts = path.split("/")
    if parts[0] in ("parasite", "restorer"):
        return not path.endswith("_test.cc")
    return parts[0] == "modules" and BLOB_HEADER.match(parts[-1]) is not None


def blob_may_include(target):
    parts = target.split("/")
    return parts[0] in ("parasite", "restorer") or target.startswith("modules/base/") or target == "arch/host.h" or \
        (parts[0] == "modules" and BLOB_HEADER.match(parts[-1]) is not None)


# Kinds of descriptors that live in other modules take part in the bookkeeping of `files`: these headers are for them.
EXPORTED = {"modules/files/description.h", "modules/files/holders.h", "modules/files/identity.h",
            "modules/files/shmem_content.h"}


def upward(path, target):
    """Why `path` must not include `target`, or None."""
    if is_blob_file(path):
        if blob_may_include(target):
            return None
        return "blob code sees only base/, arch/host.h and the modules' wire.h, parasite.h, restorer.h and *_wire.h ..."
    layer, module = layer_of(path)
    target_layer, target_module = layer_of(target)
    if layer is None or target_layer is None:
        return None
    if LAYERS[target_layer] > LAYERS[layer]:
        return f"layer {layer} must not see layer {target_layer}"
    if layer == target_layer == "subsystem" and module != target_module and \
            not path.endswith("_test.cc") and target not in EXPORTED and \
            target != f"modules/{target_module}/{target_module}.h":
        return f"of another subsystem only {target_module}/{target_module}.h may be included"
    return None


def check_layers(tree):
    findings = []
    for source in tree.engine_sources:
        for line, name, quoted in source.includes:
            target = tree.resolve(source, name) if quoted else None
            reason = upward(source.path, target) if target else None
            if reason:
                findings.append(Finding(source.path, line, f"includes {target}: {reason}"))
    return findings


def check_include_cycles(tree):
    graph = {}
    for source in tree.engine_sources:
        targets = [tree.resolve(source, name) for _, name, quoted in source.includes if quoted]
        graph[source.path] = [t for t in targets if t]
    findings, done = [], set()

    def visit(path, trail):
        if path in trail:
            cycle = trail[trail.index(path):] + [path]
            findings.append(Finding(path, 1, "include cycle: " + " -> ".join(cycle)))
            return
        if path in done:
            return
        for target in graph.get(path, []):
            visit(target, trail + [path])
        done.add(path)

    for path in graph:
        visit(path, [])
    return findings


def check_protobuf(tree):
    """Generated headers and messages are for image.cc. Another header may pass a message on by reference, as the
    tables of hooks do; it then sees no more of it than a forward declaration."""
    findings = []
    for source in tree.engine_sources:
        if any(re.fullmatch(allowed, source.path) for allowed in PROTOBUF_FILES):
            continue
        named = r"\bpb::\w+\b(?!&)" if source.path.endswith(".h") else r"\bpb::"
        places = [line for line, name, _ in source.includes
                  if name.endswith(".pb.h") or name.startswith("google/protobuf")]
        places += [number for number, text in enumerate(source.code.splitlines(), 1) if re.search(named, text)]
        if places:
            findings.append(Finding(source.path, places[0], f"names protobuf types ({len(places)} lines): these belong "
                                                            "in image.cc or *_image.cc"))
    return findings


def check_architecture_tests(tree):
    findings = []
    for source in tree.engine_sources:
        # host.h chooses; a backend's .cc has to leave out what only its own assembler and CPU know.
        if source.path == "arch/host.h" or re.fullmatch(r"arch/[^/]+/[^/]+\.cc", source.path):
            continue
        for number, text in enumerate(source.code.splitlines(), 1):
            if ARCHITECTURE.search(text):
                findings.append(Finding(source.path, number, "tests the architecture: only arch/host.h may"))
    return findings


def check_architecture_names(tree):
    findings = []
    for source in tree.engine_sources:
        if OF_ONE_ARCHITECTURE.match(source.path):
            continue
        for number, text in enumerate(source.code.splitlines(), 1):
            for name in ARCHITECTURE_NAMES.findall(text):
                findings.append(Finding(source.path, number, f"names {name}, which belongs to a backend below arch/"))
    return findings
