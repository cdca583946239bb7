"""Shows that every check can fail, and that it does not fail without reason, on small trees made for the purpose."""
import os
import subprocess
import tempfile
import unittest
import unittest.mock

import blobs
import clang
import fidelity
import form
import functions
import structure
from tree import Tree

OK_HEADER = "// What it is for.\n#pragma once\n"


class CheckCase(unittest.TestCase):
    def tree(self, files, mode=0o644):
        directory = tempfile.TemporaryDirectory(prefix="crengine-checks-")
        self.addCleanup(directory.cleanup)
        for path, text in files.items():
            full = os.path.join(directory.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(full, mode)
        return Tree(directory.name)

    def assertClean(self, check, files, **options):
        self.assertEqual([str(f) for f in check(self.tree(files, **options))], [])

    def assertFinds(self, check, files, text, warning=False, **options):
        findings = check(self.tree(files, **options))
        self.assertTrue([f for f in findings if text in f.text and f.warning == warning], [str(f) for f in findings])


class Structure(CheckCase):
    def test_include_cycle(self):
        cycle = {"modules/mm/mm.h": '#include "mm/a.h"\n', "modules/mm/a.h": '#include "b.h"\n',
                 "modules/mm/b.h": '#include "mm/mm.h"\n'}
        self.assertFinds(structure.check_include_cycles, cycle, "include cycle: ")
        cycle["modules/mm/b.h"] = ""
        self.assertClean(structure.check_include_cycles, cycle)

    def layer(self, source, target, text=None):
        files = {source: f'#include "{target.removeprefix("modules/")}"\n', target: ""}
        if text is None:
            self.assertClean(structure.check_layers, files)
        else:
            self.assertFinds(structure.check_layers, files, text)

    def test_layers_downward(self):
        self.layer("modules/base/x.h", "arch/arch.h", "layer base must not see layer arch")
        self.layer("arch/x86_64/regs.h", "modules/infect/ptrace.h", "layer arch")
        self.layer("modules/infect/seize.h", "modules/core/options.h", "layer infect")
        self.layer("modules/core/options.h", "modules/mm/mm.h", "layer core must not see layer subsystem")
        self.layer("modules/mm/dump.cc", "modules/engine/dump.h", "layer subsystem must not see layer engine")
        self.layer("modules/engine/dump.cc", "modules/cli/main.h", "layer engine must not see layer cli")
        self.layer("modules/cli/main.cc", "modules/engine/dump.h")
        self.layer("modules/mm/dump.cc", "modules/core/options.h")

    def test_other_subsystems(self):
        self.layer("modules/mm/dump.cc", "modules/files/files.h")
        self.layer("modules/mm/dump.cc", "modules/files/pipes.h", "only files/files.h")
        self.layer("modules/mm/dump.cc", "modules/mm/vmas.h")

    def test_blobs_see_little(self):
        self.layer("parasite/main.cc", "modules/mm/parasite.h")
        self.layer("modules/mm/restorer.h", "modules/files/wire.h")
        self.layer("modules/mm/wire.h", "arch/host.h")
        self.layer("restorer/main.cc", "modules/core/options.h", "blob code")
        self.layer("modules/mm/parasite.h", "modules/mm/mm.h", "blob code")
        self.layer("modules/mm/wire.h", "arch/x86_64/regs.h", "blob code")

    def test_protobuf(self):
        self.assertFinds(structure.check_protobuf, {"modules/mm/dump.cc": '#include "mm.pb.h"\n'}, "protobuf")
        self.assertFinds(structure.check_protobuf, {"modules/mm/mm.h": "pb::mm_entry e;\n"}, "protobuf")
        self.assertClean(structure.check_protobuf, {"modules/mm/image.cc": '#include "mm.pb.h"\npb::mm_entry e;\n'})
        self.assertFinds(structure.check_protobuf, {"modules/mm/dump.cc": "void f(pb::mm_entry&);\n"}, "protobuf")
        self.assertClean(structure.check_protobuf, {"modules/mm/mm.h": "void f(const pb::mm_entry&);\n"})
        self.assertClean(structure.check_protobuf, {"modules/mm/mm.h": "// pb::mm_entry is not for here\n"})

    def test_architecture(self):
        test = "#if defined(__x86_64__)\n#endif\n"
        self.assertFinds(structure.check_architecture_tests, {"modules/mm/mm.h": test}, "tests the architecture")
        self.assertClean(structure.check_architecture_tests, {"arch/host.h": test})

    def test_architecture_names(self):
        for text in ("r.rip -= 2;", "regs.orig_rax = 0;", "call(__NR_poll);", "syscall(SYS_modify_ldt);", "using namespace aarch64;"):
            self.assertFinds(structure.check_architecture_names, {"modules/engine/x.cc": text}, "belongs to a backend")
            self.assertClean(structure.check_architecture_names, {"arch/x86_64/x.h": text})
        self.assertClean(structure.check_architecture_names, {"modules/mm/x.cc": 'f(__NR_ppoll, "rip");  // rip'})


class Form(CheckCase):
    def test_file_size(self):
        for lines, warning in ((401, True), (601, False)):
            self.assertFinds(form.check_file_sizes, {"modules/mm/a.cc": "\n" * lines}, "lines, over", warning)
        self.assertClean(form.check_file_sizes, {"modules/mm/a.cc": "\n" * 400})

    def test_function_size(self):
        def function(lines):
            return {"modules/mm/a.cc": "namespace cr {\nint f(int a) {\n" + "  a++;\n" * (lines - 2) + "}\n}\n"}
        self.assertFinds(form.check_function_sizes, function(91), "f() has 91 lines", warning=False)
        self.assertFinds(form.check_function_sizes, function(61), "f() has 61 lines", warning=True)
        self.assertClean(form.check_function_sizes, function(60))

    def test_banned_name(self):
        self.assertFinds(form.check_file_names, {"modules/mm/util.cc": ""}, "'util'")
        self.assertFinds(form.check_file_names, {"modules/mm/types_test.cc": ""}, "'types'")
        self.assertClean(form.check_file_names, {"modules/mm/vmas.cc": ""})

    def test_header_lines(self):
        self.assertFinds(form.check_pragma_once, {"modules/mm/a.h": "// About.\n"}, "#pragma once")
        self.assertFinds(form.check_header_comments, {"modules/mm/a.h": "#pragma once\n"}, "comment")
        for check in (form.check_pragma_once, form.check_header_comments):
            self.assertClean(check, {"modules/mm/a.h": OK_HEADER})

    def test_scripts(self):
        self.assertFinds(form.check_shell_scripts, {"ci/x": "#!/bin/bash\nif true\n"}, "syntax error")
        self.assertFinds(form.check_python_scripts, {"ci/x.py": "def f(:\n"}, "invalid syntax")
        self.assertFinds(form.check_scripts_executable, {"ci/x": "#!/bin/bash\n"}, "not executable")
        good = {"ci/x": "#!/bin/bash\ntrue\n", "ci/y": "#!/usr/bin/python3\npass\n"}
        for check in (form.check_shell_scripts, form.check_python_scripts, form.check_scripts_executable):
            self.assertClean(check, good, mode=0o755)


class Fidelity(CheckCase):
    def test_rows_and_cases(self):
        files = {"docs/fidelity.md": "| pipes | carried | files/pipe_* |\n| tun | refused | files/tun |\n",
                 "zdtm/cases/files/pipe_data.c": "/* zdtm:\n * title: x\n */\n",
                 "zdtm/cases/files/tun.c": "/* zdtm:\n * refuse: tun\n */\n"}
        self.assertClean(fidelity.check_fidelity, files)
        self.assertFinds(fidelity.check_fidelity, {**files, "zdtm/cases/mm/heap.c": ""}, "no row")
        self.assertFinds(fidelity.check_fidelity, {**files, "zdtm/cases/files/tun.c": ""}, "does not expect a refusal")
        files.pop("zdtm/cases/files/pipe_data.c")
        self.assertFinds(fidelity.check_fidelity, files, "files/pipe_*: no such case")


class Functions(unittest.TestCase):
    def found(self, code):
        from tree import blank_comments_and_literals
        return [(f.name, f.first, f.last) for f in functions.find_functions(blank_comments_and_literals(code))]

    def test_kinds(self):
        self.assertEqual(self.found("namespace a {\nstruct B : C {\n  B() : x_{1}, y_{2} {\n    f();\n  }\n};\n}\n"),
                         [("B", 3, 5)])
        self.assertEqual(self.found('// { (\nauto f() -> std::string {\n  return "}";\n}\n'), [("f", 2, 4)])
        self.assertEqual(self.found("#define M(x) { \\\n  x {\ntemplate <class T>\nT g(T t) requires A<T> {\n}\n"),
                         [("g", 3, 5)])
        self.assertEqual(self.found("constexpr Module kM{.a = [](int) {\n}};\nint k[] = {(1)};\nenum E { A };\n"), [])
        self.assertEqual(self.found("static struct x *f(void)\n{\n\tif (a) { b(); }\n}\n"), [("f", 1, 4)])


class Built(CheckCase):
    def link(self, source, *options, kind="-static-pie"):
        tree = self.tree({"blob.c": source})
        path = os.path.join(tree.root, "blob.elf")
        subprocess.run(["gcc", "-ffreestanding", "-fPIE", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
                        "-nostdlib", kind, "-Wl,--no-dynamic-linker,--build-id=none,--no-warn-rwx-segments", *options,
                        "-o", path, os.path.join(tree.root, "blob.c")], check=True)
        return [f.text for f in blobs.check_blob(path)]

    def test_blob(self):
        start = "void _start(void) { for (;;) {} }\n"
        at_zero = ("-Wl,-Ttext=0",)
        self.assertEqual(self.link(start, *at_zero), [])
        self.assertIn("entry point", self.link(start, "-Wl,-Ttext=0x1000")[0])
        self.assertIn("relocations", self.link(start + "int a; int *volatile p = &a;\n", *at_zero)[0])
        caller = "void missing(void);\n" + start.replace("{}", "missing();")
        self.assertIn("undefined symbols: missing", self.link(caller, *at_zero, kind="-shared"))

    def test_format(self):
        style = {".clang-format": "BasedOnStyle: Google\n"}
        self.assertFinds(clang.check_format, {**style, "modules/mm/a.cc": "int  a ;\n"}, "clang-format")
        self.assertClean(clang.check_format, {**style, "modules/mm/a.cc": "int a;\n"})

    def test_tidy(self):
        def files(body):
            tree = self.tree({".clang-tidy": "Checks: '-*,modernize-use-override'\nWarningsAsErrors: '*'\n",
                              "modules/mm/a.cc": body, "build/unused": ""})
            command = {"directory": os.path.join(tree.root, "build"), "file": "../modules/mm/a.cc",
                       "command": "g++ -std=c++20 -c ../modules/mm/a.cc"}
            with open(os.path.join(tree.root, "build", "compile_commands.json"), "w", encoding="utf-8") as f:
                f.write(str([command]).replace("'", '"'))
            with unittest.mock.patch.dict(os.environ, XDG_CACHE_HOME=os.path.join(tree.root, "cache")):
                return clang.check_tidy(tree)
        base = "struct A { virtual void f(); };\nstruct B : A { void f()%s; };\n"
        self.assertIn("override", files(base % "")[0].text)
        self.assertEqual(files(base % " override"), [])


if __name__ == "__main__":
    unittest.main()
