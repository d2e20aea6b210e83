"""The CPU time of a process, of what it has started, and of what of that has ended."""
import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")
PARENT, OWN, ENDED = 1, slice(11, 13), slice(13, 15)  # fields of proc(5)'s stat behind the name


def read(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def milliseconds(fields):
    return 1000 * sum(map(int, fields)) / TICKS


def alone(pid):
    """Milliseconds of a process itself, and of the children it has waited for."""
    fields = read(pid)
    return milliseconds(fields[OWN]), milliseconds(fields[ENDED])


def trees(roots):
    """{name: milliseconds} of each root's whole tree; `roots` has {name: pid}. What ends is counted by whoever waits
    for it, so the sum only grows."""
    name_of = {pid: name for name, pid in roots.items()}
    processes = {int(entry.name): fields for entry in pathlib.Path("/proc").glob("[0-9]*")
                 if (fields := read(entry.name)) is not None}
    spent = dict.fromkeys(roots, 0.0)
    for pid, fields in processes.items():
        above = pid
        while above in processes and above not in name_of:
            above = int(processes[above][PARENT])
        if above in name_of:
            spent[name_of[above]] += milliseconds(fields[OWN]) + milliseconds(fields[ENDED])
    return spent
