"""Where `cmake --install` puts everything, and the files that name those places; completions and examples."""
import functools
import os
import pathlib
import pty
import re
import select
import subprocess

import pytest

import readme
import world as sandbox

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", SOURCE / "build"))


def run(*words, **options):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True, **options).stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """An installation below a prefix that was not known at build time."""
    place = tmp_path_factory.mktemp("prefix") / "opt"
    run("cmake", "--install", BUILD, "--prefix", place)
    return place


def test_everything_has_its_place(prefix):
    there = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    programs = {path.name for path in (BUILD / "bin").iterdir() if path.is_file()}
    assert {f"sbin/{name}" for name in programs - {"postseal-gpg", "postseal-keyreader", "postseal-reader", "postseal-reader-office", "postseal-reader-pdf", "postseal-reader-preview"}} <= there
    assert {f"libexec/postseal/{name}" for name in ("postseal-gpg", "postseal-keyreader", "postseal-reader", "postseal-reader-office", "postseal-reader-pdf", "postseal-reader-preview", "wire")} <= there
    assert {f"share/man/man{path.suffix[1:]}/{path.name}" for path in (SOURCE / "man").iterdir()} <= there
    assert {f"lib/systemd/system/{path.name}" for path in (SOURCE / "contrib/systemd").glob("*.service")} <= there
    assert {"lib/sysusers.d/postseal.conf", "lib/tmpfiles.d/postseal.conf", "share/zsh/site-functions/_postseal",
            "share/bash-completion/completions/postseal", "share/doc/postseal/examples/postseal.conf"} <= there


def test_what_is_installed_names_places_of_the_installation(prefix):
    """Units ran /usr/sbin/postseal-milter, which was installed as /usr/local/sbin/postseal-milter."""
    for path in prefix.rglob("*"):
        if path.is_file() and (path.suffix == ".service" or "man" in path.parts):
            for named in re.findall(r"/\S+/(?:sbin|libexec)/\S*postseal\S*|/\S*doc/postseal\S*", path.read_text()):
                assert pathlib.Path(named).exists() and named.startswith(str(prefix)), (path, named)
    for path in (prefix / "lib/systemd").rglob("*.service"):
        assert f"ExecStart={prefix}/sbin/{path.stem} " in path.read_text()


def test_units_are_as_systemd_wants_them(prefix):
    """Verified where they were installed, with their programs and manual pages; systemd reports nothing."""
    units = sorted((prefix / "lib/systemd/system").glob("*.service"))
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    said = [line for line in result.stderr.splitlines() if str(prefix) in line or "postseal" in line]
    assert result.returncode == 0 and not said


def test_units_for_sendmail_are_as_systemd_wants_them(prefix):
    """An admin copies them where units are: they were never verified."""
    units = sorted(path for path in (prefix / "share/doc/postseal/examples/sendmail").iterdir() if path.suffix in (".path", ".service"))
    assert [path.name for path in units] == ["postseal-sendmail.path", "postseal-sendmail.service"]
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert result.returncode == 0 and "postseal" not in result.stderr, result.stderr


@pytest.mark.parametrize("unit", sorted((SOURCE / "contrib/systemd").glob("*.service")), ids=lambda unit: unit.stem)
def test_restarts_end_after_half_an_hour(unit):
    """A limit of 0 is none, and the tests passed."""
    settings = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.M))
    assert settings["Restart"] == "always" and settings["StartLimitIntervalSec"] == "1h"
    assert int(settings["StartLimitBurst"]) * int(settings["RestartSec"]) == 1800
    assert "# Tries for half an hour;" in unit.read_text()


def test_upgraded_package_asks_about_each_program():
    """The one for members' mail programs was left out: its wait for a newer schema was not told."""
    loop, = re.findall(r"^\tfor program in (.*); do$", (SOURCE / "debian/postseal.postinst").read_text(), re.M)
    assert {f"postseal-{program}" for program in loop.split()} == {unit.stem for unit in (SOURCE / "contrib/systemd").glob("*.service")}


def test_nothing_is_installed_twice():
    lines = [line for line in re.findall(r"^install\([^)]*\)", (SOURCE / "CMakeLists.txt").read_text(), re.M)]
    assert len(lines) == len(set(lines)) > 10


@pytest.mark.parametrize("prefixed", ["/usr", "/usr/local"])
def test_place_of_the_configuration_is_etc_or_where_it_is_said(tmp_path, prefixed):
    """The manual says /etc/postseal; if another place is chosen, programs, units and manual all name it."""
    for directory, expected in (((), "/etc"), (("-DCMAKE_INSTALL_SYSCONFDIR=/srv/etc",), "/srv/etc")):
        build = tmp_path / f"build{len(directory)}"
        run("cmake", "-S", SOURCE, "-B", build, "-G", "Ninja", f"-DCMAKE_INSTALL_PREFIX={prefixed}",
            "-DBUILD_TESTING=OFF", *directory)
        flags = (build / "build.ninja").read_text()
        assert f'POSTSEAL_SYSCONFDIR=\\"{expected}/postseal\\"' in flags
        assert "POSTSEAL_LIBEXEC_FROM_PROGRAMS=\\\"../libexec/postseal\\\"" in flags


def test_users_are_such_as_systemd_takes(prefix, tmp_path):
    """A colon in a user's description made systemd-sysusers fail."""
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", prefix / "lib/sysusers.d/postseal.conf")
    users = (tmp_path / "etc/passwd").read_text()
    programs = {path.name.replace("-", "_") for path in (prefix / "sbin").iterdir()} - {"postseal", "postseal_pop", "postseal_submission"}  # which have the portal's user
    assert set(re.findall(r"^(postseal_\w+):x:\d+:\d+:Postseal \w+:/nonexistent:", users, re.M)) == programs


def test_programs_find_theirs_below_any_prefix(prefix, tmp_path):
    """postseal-reader is started from where it was installed, not from where it was meant to be."""
    config = tmp_path / "postseal.conf"
    config.write_text((SOURCE / "contrib/examples/postseal.conf").read_text().replace(
        "/etc/postseal", str(SOURCE / "contrib/examples")))
    said = subprocess.run([prefix / "sbin/postseal", "-f", config, "check"], capture_output=True, text=True, check=False)
    lines = dict(line.split(None, 1) for line in said.stdout.splitlines())
    assert lines["reader"].startswith("good")
    assert lines["policy"].startswith("good")  # and the example can be loaded
    assert not said.stderr
    (prefix / "libexec/postseal/postseal-reader").rename(prefix / "libexec/postseal/gone")
    said = subprocess.run([prefix / "sbin/postseal", "-f", config, "check"], capture_output=True, text=True, check=False)
    (prefix / "libexec/postseal/gone").rename(prefix / "libexec/postseal/postseal-reader")
    assert f"{prefix}/libexec/postseal/postseal-reader" in said.stdout


# --- completion ---

def complete(*words):
    """What bash would offer for the last word."""
    script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _postseal; printf "%s\\n" "${COMPREPLY[@]}"'
    output = run("bash", "-c", script, "bash", SOURCE / "contrib/completion/postseal.bash", *words,
                 env={**os.environ, "PATH": f"{BUILD}/bin:{os.environ['PATH']}"}, cwd=SOURCE)
    return set(output.split())


class Zsh:
    """An interactive zsh at a terminal, in which somebody presses Tab."""

    def __init__(self, directory):
        self.offered = directory / "offered"
        self.offered.touch()
        (directory / "start").write_text(f"""
fpath=({SOURCE}/contrib/completion $fpath)
autoload -Uz compinit && compinit -u -D
unsetopt auto_list beep
compadd() {{  # notes what is added, and adds it
	if [[ ${{@[1,(i)(-|--)]}} != *-(O|A|D)\\ * ]]; then
		local -a found
		builtin compadd -O found "$@"
		print -rl -- $found >>{self.offered}
	fi
	builtin compadd "$@"
}}
at-the-end() {{ print -r -- "the end" >>{self.offered} }}
zle -N at-the-end
bindkey '^G' at-the-end
bindkey '^I' complete-word
bindkey '^U' kill-whole-line
""")
        self.leader, follower = pty.openpty()
        self.shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
                                      cwd=SOURCE, env={**os.environ, "PATH": f"{BUILD}/bin:{os.environ['PATH']}", "TERM": "vt100"})
        os.close(follower)
        self.type(f"source {directory}/start\r\a")

    def type(self, text):
        """Returns what was offered while this was typed, which ends with ^G."""
        os.write(self.leader, text.encode())
        sandbox.wait_until(self.has_ended, "zsh", 30)
        found = set(self.offered.read_text().splitlines()) - {"the end", ""}
        self.offered.write_text("")
        return found

    def has_ended(self):
        while select.select([self.leader], [], [], 0)[0]:  # what it shows on the terminal
            os.read(self.leader, 65536)
        return self.offered.read_text().endswith("the end\n")

    def complete(self, *words):
        return self.type("\x15" + " ".join(words) + "\t\a")

    def end(self):
        os.close(self.leader)  # hangs up
        self.shell.wait()


@pytest.fixture(scope="module", params=["bash", "zsh"])
def completion(request, tmp_path_factory):
    """What the shell would offer for the last of the words; commands that begin alike are asked for once."""
    if request.param == "bash":
        yield functools.cache(complete)
        return
    zsh = Zsh(tmp_path_factory.mktemp("zsh"))
    yield functools.cache(zsh.complete)
    zsh.end()


def test_completion_offers_what_the_manual_has(completion):
    """That of zsh was never run: it offered the first letter where one word was left."""
    manual = (SOURCE / "man/postseal.8").read_text()
    for item in re.findall(r"^\.It Ic ([a-z].*)$", manual, re.M):
        words = re.sub(r"\s+(Oo|Op|Ar|Fl|Ns)\b.*", "", item).split()
        for i in range(len(words)):
            assert words[i] in completion("postseal", *words[:i], words[i][:1]), item
            assert words[i] in completion("postseal", "-f", "/a.conf", *words[:i], ""), item
        assert set(re.findall(r"Fl (-[a-z-]+)", item)) <= {o[1:] for o in completion("postseal", *words, "-")}, item


def test_completion_offers_first_words_of_commands_and_nothing_else(completion):
    """And behind one that takes no file, nothing."""
    known = re.findall(r"^  ([a-z]\S*)", run(BUILD / "bin/postseal", "--help"), re.M)
    assert completion("postseal", "") == set(known)
    assert completion("postseal", "no-such-command", "") == set()
    assert completion("postseal", "-") == {"-f", "--help", "--version"}


def test_completion_offers_files_where_files_are_meant(completion):
    assert completion("postseal", "key", "import", "READ") == {"README.md"}
    assert completion("postseal", "-f", "READ") == {"README.md"}
    assert completion("postseal", "key", "show", "READ") == set()


@pytest.mark.parametrize("shell,script", [("bash", "postseal.bash"), ("zsh", "_postseal")])
def test_completion_can_be_read_by_its_shell(shell, script):
    run(shell, "-n", SOURCE / "contrib/completion" / script)


# --- README ---

def test_each_block_of_readme_is_run_by_some_test():
    """Two sections were read by no test. Whoever reads one takes its blocks apart by their number, so that another block is
    missed there; a section with its first block is missed here."""
    readers = "".join(path.read_text() for path in (SOURCE / "tests/system").glob("*.py"))
    read = set(re.findall(r'readme\.(?:blocks|commands)\("([^"]+)"', readers))
    assert {heading for heading in readme.headings() if readme.blocks(heading)} == read


def test_readme_has_no_other_blocks():
    """Between fences there are drawings alone, which no test types."""
    for fenced in re.findall(r"^```(.*?)^```$", readme.README.read_text(), re.M | re.S):
        assert fenced.startswith("\n") and "\u2500\u2500" in fenced


def test_commands_within_the_text_of_readme_exist():
    """With the words of the command in the order that its help has."""
    known = re.findall(r"^  ([a-z].*?)(?:  |$)", run(BUILD / "bin/postseal", "--help", env={**os.environ, "POSTSEAL_CONFIG": "/nowhere"}), re.M)
    named = re.findall(r"`postseal ([a-z][^`]*)`", readme.README.read_text())
    assert len(named) > 8
    for words in named:
        options = set(re.findall(r"--[a-z-]+", words))
        command = next((each for each in known if f"{words} ".startswith(f"{each} ")), None)
        if command is None:  # a group of commands
            assert any(each.startswith(f"{words} ") for each in known), words
        else:
            usage = run(BUILD / "bin/postseal", *command.split(), "--help", env={**os.environ, "POSTSEAL_CONFIG": "/nowhere"})
            assert options <= set(re.findall(r"--[a-z-]+", usage)), words


# --- the command ---

def test_help_and_version_need_no_configuration():
    program, nowhere = BUILD / "bin/postseal", {**os.environ, "POSTSEAL_CONFIG": "/nowhere"}
    assert run(program, "--help", env=nowhere) == run(program, "-h", env=nowhere)
    assert run(program, "key", "import", "--help", env=nowhere).startswith("usage: postseal key import [--json] [--root ")
    version = re.search(r"project\(postseal VERSION (\S+) ", (SOURCE / "CMakeLists.txt").read_text()).group(1)
    assert run(program, "--version", env=nowhere) == f"postseal {version}\n"
