"""A private PostgreSQL cluster, on a Unix socket."""
import hashlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import threading
import time


def programs():
    """The newest PostgreSQL installed by Debian."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed (package postgresql)")
    return found[-1].parent


def is_alive(process):
    try:
        return (process / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


END = "\x1d"


class Session:
    """A psql that keeps running: for overlapping transactions, and for questions asked so often
    that a new process each time would distort the measurement, or be most of the work."""

    def __init__(self, postgres, *options, stderr=None):
        self.psql = subprocess.Popen([*postgres.psql("root"), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        self.failed = False  # the last statement

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def ask(self, sql):
        """The output of the statements, as printed by psql, without the last newline."""
        self.psql.stdin.write(f"{sql}\n;\n\\echo {END} :ERROR\n".encode())
        self.psql.stdin.flush()
        answer = b""
        for line in self.psql.stdout:
            if line.startswith(END.encode()):
                self.failed = not line.endswith(b" false\n")
                return answer.decode().removesuffix("\n")
            answer += line
        raise RuntimeError(f"psql ended at {sql}")

    def end(self):
        self.psql.stdin.close()
        self.psql.wait()
        self.psql.stdout.close()


SEPARATED = ("-F", "\x1f", "-R", "\x1e")


def is_simple(sql):
    """Is it a single question, which leaves nothing behind in its session and needs no other session to be gone?"""
    return sql.lstrip().lower().startswith(("select", "update", "insert", "delete", "with")) and not any(c in sql for c in ";\\")


class Postgres:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        # A socket's path must be short, wherever the sandbox is.
        name = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        self.sockets = pathlib.Path(f"/tmp/postseal-pg.{name}")
        self.url = f"postgresql:///postseal?host={self.sockets}"
        self.kept, self.kept_by, self.asking = None, None, threading.Lock()

    def run(self, *words, environment=None):
        """Runs as the user postgres, since the server refuses to run as root. `environment` is
        added to its environment."""
        user = pwd.getpwnam("postgres")
        return subprocess.run([str(w) for w in words], check=True, user=user.pw_uid, group=user.pw_gid,
                              extra_groups=[], cwd="/", capture_output=True, env={**os.environ, **(environment or {})})

    def start(self, cluster=None):
        """`cluster`: another one, stopped, that this one begins as a copy of."""
        user = pwd.getpwnam("postgres")
        shutil.rmtree(self.sockets, ignore_errors=True)
        for path in (self.directory, self.sockets):
            path.mkdir(parents=True, exist_ok=True)
            os.chown(path, user.pw_uid, user.pw_gid)
        if cluster is not None:
            subprocess.run(["cp", "-a", cluster / "data", self.data], check=True)
        else:
            self.run(programs() / "initdb", "-D", self.data, "-A", "trust", "-U", "root", "-E", "UTF8",
                     "--locale=C.UTF-8", "--no-sync")
        (self.data / "postgresql.auto.conf").write_text(
            f"listen_addresses = ''\nunix_socket_directories = '{self.sockets}'\n"
            "max_connections = 200\nshared_buffers = 256MB\n")
        self.resume()
        if cluster is None:
            self.run(programs() / "createdb", "-h", self.sockets, "-U", "root", "postseal")

    def resume(self, environment=None):
        self.run(programs() / "pg_ctl", "-D", self.data, "-l", self.directory / "log", "-w", "start", environment=environment)

    def make_standby(self, directory):
        """A second cluster that follows this one; commits wait for it."""
        user = pwd.getpwnam("postgres")
        standby = Postgres(directory)
        for path in (standby.directory, standby.sockets):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
            os.chown(path, user.pw_uid, user.pw_gid)
        self.run(programs() / "pg_basebackup", "-h", self.sockets, "-U", "root", "-D", standby.data, "-R", "-X",
                 "stream", "--checkpoint=fast", "--no-sync")
        with (standby.data / "postgresql.auto.conf").open("a") as file:
            file.write(f"unix_socket_directories = '{standby.sockets}'\nsynchronous_standby_names = ''\n")
        standby.resume()
        self.query("alter system set synchronous_standby_names = '*'")
        self.query("select pg_reload_conf()")
        return standby

    def kill(self):
        """Like a machine that loses power: SIGKILL to all of it."""
        self.forget()
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # it starts no more children
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        processes = [pathlib.Path(f"/proc/{pid}") for pid in (postmaster, *map(int, children))]
        for process in processes:
            try:
                os.kill(int(process.name), signal.SIGKILL)
            except ProcessLookupError:
                pass
        until = time.monotonic() + 30
        while any(map(is_alive, processes)) and time.monotonic() < until:
            time.sleep(.01)
        # Both name the process, which init may not have buried yet.
        (self.data / "postmaster.pid").unlink()
        (self.sockets / ".s.PGSQL.5432.lock").unlink()

    def promote(self):
        self.run(programs() / "pg_ctl", "-D", self.data, "-w", "promote")

    def stop(self, how="fast"):
        self.forget()
        if (self.data / "postmaster.pid").exists():
            self.run(programs() / "pg_ctl", "-D", self.data, "-m", how, "-w", "stop")

    def session(self):
        return Session(self)

    def query(self, sql, role="root"):
        """Rows as lists of texts."""
        text = self.ask_kept(sql) if role == "root" and is_simple(sql) else None
        if text is None:
            text = self.ask_once(sql, role)
        return [row.split("\x1f") for row in text.split("\x1e")] if text else []

    def ask_once(self, sql, role):
        done = subprocess.run([*self.psql(role), *SEPARATED, "-v", "ON_ERROR_STOP=1", "-c", sql], capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode().rstrip("\n")

    def ask_kept(self, sql):
        """The same in a session that stays: tests ask every few milliseconds whether something has happened. None: it has
        failed, or someone else is asking."""
        if not self.asking.acquire(blocking=False):
            return None
        try:
            if self.kept is None or self.kept_by != os.getpid():
                self.kept, self.kept_by = Session(self, *SEPARATED, stderr=subprocess.DEVNULL), os.getpid()
            text = self.kept.ask(sql)
            return None if self.kept.failed else text.rstrip("\n")
        except (BrokenPipeError, RuntimeError):  # the server is gone, or another one
            self.kept = None
            return None
        finally:
            self.asking.release()

    def psql(self, role):
        return ["psql", "-h", str(self.sockets), "-U", role, "-d", "postseal", "-XAtq"]

    def forget(self):
        """Ends that session, before it could be in somebody's way."""
        if self.kept is not None and self.kept_by == os.getpid():
            self.kept.psql.kill()
            self.kept.end()
        self.kept = None
