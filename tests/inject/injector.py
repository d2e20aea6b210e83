"""The test's side of tests/inject/fail.c: which call of which program fails next, and how many calls there were."""
import contextlib
import errno
import mmap
import struct

PROGRAMS = ("postseal-milter", "postseal-gpg", "postseal-keeper", "gpg", "postseal-finder", "postseal-keyreader")
ROWS_MAX, HEAD, ROW = 64, 288, 16 + 4 * len(PROGRAMS)  # of struct control: rows, bytes before them, bytes in each
SHORT = 0

# How each call may fail. None: in no sensible way.
ERRORS = {
    "read": (errno.EIO, errno.EINTR, errno.ECONNRESET, SHORT),
    "pread": (errno.EIO, errno.EINTR, SHORT),
    "recv": (errno.ECONNRESET, errno.EINTR, errno.ENOMEM, SHORT),
    "write": (errno.ENOSPC, errno.EIO, errno.EINTR, errno.EPIPE, SHORT),
    "pwrite": (errno.ENOSPC, errno.EIO, errno.EINTR, SHORT),
    "send": (errno.ECONNRESET, errno.EPIPE, errno.EINTR, SHORT),
    "open": (errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOSPC, errno.EINTR, errno.EACCES),
    "fopen": (errno.EMFILE, errno.EIO),
    "lseek": (errno.EIO,),
    "ftruncate": (errno.EIO, errno.ENOSPC),
    "fsync": (errno.EIO, errno.ENOSPC),
    "poll": (errno.ENOMEM, errno.EINTR),
    "connect": (errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EAGAIN),
    "socket": (errno.EMFILE, errno.ENFILE, errno.ENOBUFS),
    "socketpair": (errno.EMFILE, errno.ENFILE),
    "pipe": (errno.EMFILE, errno.ENFILE),
    "eventfd": (errno.EMFILE,),
    "fcntl": (errno.EMFILE, errno.EIO),
    "dup": (errno.EMFILE,),
    "close": (errno.EIO, errno.ENOSPC),
    "setsockopt": (errno.ENOMEM,),
    "stat": (errno.EIO, errno.EACCES),
    "access": (errno.EIO, errno.EACCES),
    "rename": (errno.EIO, errno.ENOSPC),
    "unlink": (errno.EIO,),
    "mmap": (errno.ENOMEM,),
    "fork": (errno.EAGAIN, errno.ENOMEM),
    "spawn": (errno.EAGAIN, errno.ENOMEM),
    "waitpid": (errno.EINTR,),
    "thread": (errno.EAGAIN,),
    "malloc": (errno.ENOMEM,),
    "calloc": (errno.ENOMEM,),
    "realloc": (errno.ENOMEM,),
    "memalign": (errno.ENOMEM,),
    "glib_memory": (errno.ENOMEM,),
}
# Failures that may last for a while: full disks, too many files, no memory.
LASTING = {errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ENOBUFS}


class Injector:
    def __init__(self, path, library):
        path.write_bytes(bytes(HEAD + ROWS_MAX * ROW))
        path.chmod(0o666)
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        self.environment = {"POSTSEAL_INJECT": str(path), "LD_PRELOAD": str(library)}

    def rows(self):
        """The names of the calls; known once a milter has started."""
        count, = struct.unpack_from("I", self.map, 0)
        return [self.map[HEAD + n * ROW:HEAD + n * ROW + 16].rstrip(b"\0").decode() for n in range(count)]

    def counts(self):
        """{(program, call): how often}, from the last time it was armed."""
        return {(program, name): struct.unpack_from("I", self.map, HEAD + n * ROW + 16 + 4 * p)[0]
                for n, name in enumerate(self.rows()) for p, program in enumerate(PROGRAMS)}

    @contextlib.contextmanager
    def armed(self, failure=None):
        """Counts calls meanwhile, and makes the one that `failure` names fail."""
        rows = self.rows()
        for n in range(len(rows)):
            struct.pack_into(f"{len(PROGRAMS)}I", self.map, HEAD + n * ROW + 16, *[0] * len(PROGRAMS))
        wanted = (0, 0, 0, 0, 0) if failure is None else (
            PROGRAMS.index(failure.program), rows.index(failure.call), failure.turn, failure.lasting, failure.error)
        struct.pack_into("IIIIiI", self.map, 8, *wanted, 0)
        self.map[32:HEAD] = bytes(HEAD - 32)
        struct.pack_into("I", self.map, 4, 1)
        try:
            yield
        finally:
            struct.pack_into("I", self.map, 4, 0)

    def fired(self):
        return struct.unpack_from("I", self.map, 28)[0]

    def where(self):
        return self.map[32:HEAD].split(b"\0")[0].decode()


class Failure:
    """Which call fails, and how."""

    def __init__(self, program, call, turn, error, lasting=False):
        self.program, self.call, self.turn, self.error, self.lasting = program, call, turn, error, lasting

    def __str__(self):
        return (f"{self.program}: {self.call} number {self.turn}{' and all after it' if self.lasting else ''}: "
                + ("short" if self.error == SHORT else errno.errorcode[self.error]))
