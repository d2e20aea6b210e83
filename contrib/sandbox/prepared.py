"""What all worlds of a build begin with, made once and copied: a database cluster with the schema, keys and certificates.
Making these takes longer than everything else that a world needs."""
import contextlib
import fcntl
import hashlib
import pathlib
import shutil
import time

import postgres

DAY_SECONDS = 24 * 3600


@contextlib.contextmanager
def kept(directory, name, make):
    """The directory `name` below `directory`, for as long as it is being copied. Who finds none has make() fill it, while
    others wait; what went before it under another version (the part of the name after "-") is deleted."""
    directory.mkdir(parents=True, exist_ok=True)
    kind = name.split("-")[0]
    with (directory / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not is_fresh(directory / name):
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_fresh(directory / name):
                for old in directory.glob(f"{kind}-*"):
                    shutil.rmtree(old)
                make(directory / f"{kind}-new")
                (directory / f"{kind}-new").rename(directory / name)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield directory / name


def is_fresh(path):
    """Certificates are made for some weeks from now."""
    return path.exists() and time.time() - path.stat().st_mtime < DAY_SECONDS


def cluster(build, command):
    """A cluster, stopped, with the schema of this build's postseal; `command` runs a program."""
    program = pathlib.Path(build) / "bin" / "postseal"
    digest = hashlib.sha256(program.read_bytes() + str(postgres.programs()).encode()).hexdigest()[:12]

    def make(directory):
        made = postgres.Postgres(directory)
        made.start()
        try:
            config = directory / "postseal.conf"
            config.write_text(f'organisation "Example Corp"\ndomains {{ "example.com" }}\ndatabase "{made.url}"\n'
                              'portal url "http://localhost"\notherwise deliver plain\n')
            command(program, "-f", config, "database", "init")
        finally:
            made.stop()
            shutil.rmtree(made.sockets)
    return kept(pathlib.Path(build) / "tests" / "prepared", f"cluster-{digest}", make)


def keys(build, make):
    """Keys and certificates; make() writes them into a directory."""
    def make_directory(directory):
        directory.mkdir()
        make(directory)
    return kept(pathlib.Path(build) / "tests" / "prepared", "keys-1", make_directory)
