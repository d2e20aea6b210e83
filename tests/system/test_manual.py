"""What the manuals list, compared with the sources and with what the programs print."""
import os
import pathlib
import re
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", SOURCE / "build"))
FOLDERS = ("core", "mail", "audit", "keystore", "policy", "delivery", "portal", "milter", "admin")


def code(*suffixes):
    """The sources of the programs, path by path."""
    return {path: path.read_text() for folder in FOLDERS for path in sorted((SOURCE / folder).rglob("*"))
            if path.suffix in (suffixes or (".c", ".h"))}


def manual(name):
    return (SOURCE / "man" / name).read_text()


def test_contributing_tells_of_each_folder_and_names_files_that_are_there():
    table = re.findall(r"^\| `([a-z/]+)/` \|.*\| (.*) \|$", (SOURCE / "CONTRIBUTING.md").read_text(), re.M)
    told = dict(table)
    there = {str(path.parent.relative_to(SOURCE)) for path in code()}
    assert there - set(told) == {"delivery/methods/pgp"}, "its room is told of with delivery/methods"
    for folder, begin in told.items():
        for name in re.findall(r"`([^`]+)`", begin):
            assert (SOURCE / folder / name).exists(), f"{folder}/{name}"


def test_contributing_names_files_that_are_there():
    text = (SOURCE / "CONTRIBUTING.md").read_text()
    for name in re.findall(r"`((?:%s|tests|contrib)/[a-z_./]+\.(?:c|h|py))`" % "|".join(FOLDERS), text):
        assert (SOURCE / name).exists(), name


def test_crash_points_are_those_of_the_sources_and_each_is_tried():
    said = set(re.findall(r"`((?:milter|courier|keeper|portal|hold|rotate|retire)-[a-z-]+)`", (SOURCE / "CONTRIBUTING.md").read_text()))
    there = {name for text in code().values() for name in re.findall(r'crash_point\("([a-z-]+)"\)', text)}
    tried = set(re.findall(r'"((?:milter|courier|keeper|portal|hold|rotate|retire)-[a-z-]+)"', (SOURCE / "tests/system/test_crash.py").read_text()))
    assert said == there == tried


def test_methods_are_those_of_the_sources():
    methods = {re.search(r'\.name = "(\w+)"', text).group(1): ".is_inbound = true" in text
               for text in code(".c").values() if "const struct method method_" in text}
    outbound = {name for name, inbound in methods.items() if not inbound}
    readme = set(re.findall(r"^\| `(\w+)` \|", (SOURCE / "README.md").read_text(), re.M))
    assert readme == outbound | {"reject"} and len(outbound) >= 5
    for name in methods:
        assert re.search(rf"\b{name}\b", manual("postseal.conf.5")), name


def test_states_are_the_same_in_database_program_and_manual():
    constraint = [re.search(r"copy_state_check\s+check \(state in \((.*?)\)\)", path.read_text(), re.S)
                  for path in sorted(SOURCE.glob("*/sql/*.sql"), key=lambda path: path.name)]
    stored = set(re.findall(r"'(\w+)'", [found for found in constraint if found][-1].group(1)))
    enum = set(re.findall(r"\[COPY_\w+\] = \{\"(\w+)\"", (SOURCE / "audit/state.c").read_text()))
    log = manual("postseal.8").split(".Sh THE LOG")[1].split(".El")[0]
    assert stored == enum == set(re.findall(r"^\.It Sy (\w+)", log, re.M))


def test_kinds_of_outbox_mail_are_the_same_in_database_and_program():
    constraint = [re.search(r"outbox.*?check \(kind in \((.*?)\)\)", path.read_text(), re.S)
                  for path in sorted(SOURCE.glob("delivery/sql/*.sql"), key=lambda path: path.name)]
    stored = set(re.findall(r"'(\w+)'", [found for found in constraint if found][-1].group(1)))
    text = (SOURCE / "delivery/outbox/outbox.c").read_text()
    assert stored == set(re.findall(r'"(\w+)"', re.search(r"outbox_kinds\[\] = \{(.*?)\}", text, re.S).group(1)))


def test_what_senders_are_told_of_is_the_same_in_database_header_and_program():
    constraint = [re.search(r"receipt_what_check\s+check \(what in \((.*?)\)\)", path.read_text(), re.S)
                  for path in sorted(SOURCE.glob("delivery/sql/*.sql"), key=lambda path: path.name)]
    stored = set(re.findall(r"'([a-z ]+)'", [found for found in constraint if found][-1][1]))
    header = (SOURCE / "delivery/outbox/receipt.h").read_text()
    assert stored == set(re.findall(r'"([a-z ]+)"', re.search(r"const char \*what; /\*(.*?)\*/", header, re.S)[1]))
    program = (SOURCE / "delivery/courier/receipts.c").read_text()
    worded = set(re.findall(r'^\t\{"([a-z ]+)", N_', re.search(r"wordings\[\] = \{(.*?)^\};", program, re.S | re.M)[1], re.M))
    assert stored == worded | {"code failed", "returned"}  # these have mails of their own: alert, bounce


def test_each_bench_is_named_and_begins():
    """One of them could not find what it imported, for months."""
    contributing, made = (SOURCE / "CONTRIBUTING.md").read_text(), (SOURCE / "tests/CMakeLists.txt").read_text()
    modules = {"costs"}  # what others import
    for path in sorted((SOURCE / "tests/bench").glob("*.py")):
        begun = subprocess.run(["/usr/bin/python3", "-c", f"import runpy; runpy.run_path({str(path)!r}, run_name='imported')"],
                               capture_output=True, text=True, env={**os.environ, "POSTSEAL_BUILD": str(BUILD),
                                    "PYTHONPATH": str(SOURCE / "tests/bench")})
        assert begun.returncode == 0, begun.stderr
        if path.stem not in modules:
            assert f"tests/bench/{path.name}" in contributing, path.name
            assert f"bench/{path.name}" in made, path.name


def test_commands_are_those_that_the_command_prints():
    printed = subprocess.run([BUILD / "bin" / "postseal", "-h"], capture_output=True, text=True, check=True).stdout
    commands = {line.strip().split("  ")[0] for line in printed.splitlines() if line.startswith("  ")}
    told = {re.sub(r"\s+(Oo|Op|Ar|Fl|Ns)\b.*", "", line).strip()
            for line in re.findall(r"^\.It Ic ([a-z].*)$", manual("postseal.8"), re.M)}
    assert told == commands


def test_each_program_has_a_manual():
    programs = {path.name for path in (BUILD / "bin").iterdir() if os.access(path, os.X_OK) and path.is_file()}
    pages = {path.stem for path in (SOURCE / "man").glob("*.8")}
    # Parts of the milter, the portal and postseal-reader, described there.
    assert programs - pages <= {"postseal-gpg", "postseal-keyreader", "postseal-reader-office", "postseal-reader-pdf", "postseal-reader-preview"}
    assert pages <= programs


def test_each_promise_has_tests_that_try_to_break_it():
    texts = [path.read_text() for path in sorted((SOURCE / "tests").rglob("*")) if path.suffix in (".py", ".c")]
    for number in range(1, 8):
        assert sum(f"Promise {number}" in text for text in texts) >= 1, f"Promise {number}"


def test_packages_are_those_that_the_build_asks_for():
    """contrib/packages lists each library of CMake's, by the package that contains its file."""
    packages = set((SOURCE / "contrib/packages").read_text().split())
    modules = re.findall(r"pkg_check_modules\(\w+ REQUIRED IMPORTED_TARGET ([a-z0-9.+-]+)",
                         (SOURCE / "CMakeLists.txt").read_text() + (SOURCE / "tests/CMakeLists.txt").read_text())
    for module in modules:
        folder = subprocess.run(["pkg-config", "--variable=pcfiledir", module], capture_output=True, text=True).stdout.strip()
        owner = subprocess.run(["dpkg", "-S", f"{folder}/{module}.pc"], capture_output=True, text=True).stdout
        assert owner.split(":")[0] in packages, (module, owner)
