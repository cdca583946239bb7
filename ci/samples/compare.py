"""Compares what two image sets say. Every difference that is allowed stands in ALLOWED with its reason."""
import re

# (path of the field, what may differ, reason). 'value': both sets have the field, its value may differ.
# 'presence': one of them may lack it. In a path `*` stands for one name, `**` for any number of them.
ALLOWED = (
    ("**.gpregs.*", "value", "the moment of the dump and the layout of the address space"),
    ("**.fpregs.**", "value", "what the C library's vector code left in the registers"),
    ("**.clear_tid_addr", "value", "address"),
    ("**.futex_rla", "value", "address"),
    ("**.rseq_abi_pointer", "value", "address"),
    ("**.sas.ss_sp", "value", "address"),
    ("**.mm.mm_start_stack", "value", "address"),
    ("**.mm.mm_start_brk", "value", "address"),
    ("**.mm.mm_brk", "value", "address"),
    ("**.mm.mm_arg_*", "value", "address"),
    ("**.mm.mm_env_*", "value", "address"),
    ("**.mm.auxv.15", "value", "AT_PLATFORM is an address"),
    ("**.mm.auxv.16", "value", "AT_HWCAP is the processor's"),
    ("**.mm.auxv.25", "value", "AT_RANDOM is an address"),
    ("**.mm.auxv.26", "value", "AT_HWCAP2 is the processor's"),
    ("**.mm.auxv.31", "value", "AT_EXECFN is an address"),
    ("**.mm.auxv.33", "value", "AT_SYSINFO_EHDR is an address"),
    ("**.mm.auxv.51", "value", "AT_MINSIGSTKSZ is the processor's"),
    ("**.mm.vmas.*.start", "value", "address; the length is compared"),
    ("**.mm.vmas.*.end", "value", "address; the length is compared"),
    ("**.mm.vmas.1.pages.0x0", "presence", "CRIU runs system calls from a page of the program's text, and so dirties it"),
    ("**.mm.vmas.1.pages", "presence", "the same: without that page there is none in the text"),
    ("**.mm.vmas.1.content.**", "presence", "the same"),
    ("**.mm.vmas.1.content", "presence", "the same"),
    ("**.mm.vmas.3.content.*", "value", "relocated data: has addresses and random numbers of the process"),
    ("**.mm.vmas.4.content.*", "value", "data: has addresses and random numbers of the process"),
    ("**.mm.vmas.5.content.*", "value", "bss: has addresses"),
    ("**.mm.vmas.6.content.*", "value", "heap: has the C library's thread descriptor with addresses"),
    ("task*.mm.vmas.8.content.*", "value", "stack of the thread (in tree)"),
    ("task*.mm.vmas.9.content.*", "value", "vdso of the kernel (in loop)"),
    ("task*.mm.vmas.11.content.*", "value", "vdso of the kernel (in tree)"),
    ("task*.core.*.tc.timers.*.v*", "value", "time that was left at the dump"),
    ("task*.core.*.tc.timers.posix.*.v*", "value", "time that was left at the dump"),
    ("**.tfd.vsec", "value", "time that was left at the dump"),
    ("**.tfd.vnsec", "value", "time that was left at the dump"),
    ("timens-0.img.**", "value", "time"),
    ("stats-dump.**", "value", "times and counts of the engine"),
    ("task*.core.*.tc.rlimits.**", "value", "limits of the machine on which the program was started"),
    ("task*.core.*.thread_core.creds.cap_*.*", "value", "capabilities of the one who started the program"),
    ("task*.core.*.tc.loginuid", "value", "of the login session that started the program"),
    ("task*.core.*.tc.oom_score_adj", "value", "of the service that started the program"),
    ("task*.core.*.tc.sigactions.*.sigaction", "value",
     "default (0) and ignored (1) are inherited from the one who started the program; loop and tree set SIGUSR1, which "
     "ci/samples/state.py looks at"),
    ("**.ify.wd.*.f_handle.path", "value", "one of the paths under which the sample directory is mounted"),
    ("**.epfd.tfd.*.dev", "value", "number of a device"),
    ("**.epfd.tfd.*.inode", "value", "number of an inode"),
    ("**.ify.wd.*.i_ino", "value", "number of an inode"),
    ("**.ify.wd.*.s_dev", "value", "number of a device"),
    ("**.ify.wd.*.f_handle.handle.*", "value", "handle of an inode"),
    ("**.ify.wd.*.f_handle.type", "value", "depends on the file system"),
    ("**.ify.wd.*.f_handle.bytes", "value", "depends on the file system"),
    ("remaps.*.remap_id.*.dev", "value", "number of a device"),
    ("remaps.*.remap_id.*.ino", "value", "number of an inode"),
    ("remaps.*.remap_id.*.atim.*", "value", "time"),
    ("remaps.*.remap_id.*.mtim.*", "value", "time"),
)
# Which pages of a stack were touched depends on the length of the environment.
STACK = 1 << 8  # MAP_GROWSDOWN


def pattern(path):
    return re.compile(re.escape(path).replace(r"\*\*", r".+").replace(r"\*", r"[^.]*"))


RULES = [(pattern(path), what) for path, what, _ in ALLOWED]


def flatten(value, path=""):
    """{path: leaf} of nested dicts and lists. An empty one is a leaf, so that it does not vanish."""
    children = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    if not children:
        return {path: value}
    leaves = {}
    for key, child in children:
        leaves.update(flatten(child, f"{path}.{key}" if path else str(key)))
    return leaves


def without_stack_pages(view):
    for task in view.values():
        for vma in task.get("mm", {}).get("vmas", []) if isinstance(task, dict) else []:
            if vma["flags"] & STACK:
                vma["pages"] = vma["content"] = "not compared"
    return view


def allowed(path, what):
    return any(rule.fullmatch(path) and (kind == what or kind == "presence") for rule, kind in RULES)


def differences(theirs, ours):
    """Lines that say which fields differ, beyond what is allowed."""
    theirs, ours = flatten(without_stack_pages(theirs)), flatten(without_stack_pages(ours))
    found = []
    for path in sorted(theirs.keys() | ours.keys()):
        if path not in ours:
            if not allowed(path, "presence"):
                found.append(f"{path}: missing here, there {theirs[path]!r}")
        elif path not in theirs:
            if not allowed(path, "presence"):
                found.append(f"{path}: only here: {ours[path]!r}")
        elif theirs[path] != ours[path] and not allowed(path, "value"):
            found.append(f"{path}: {ours[path]!r} here, {theirs[path]!r} there")
    return found
