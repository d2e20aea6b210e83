"""README's steps, as shown there: tests type exactly what it says."""
import pathlib
import re

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def headings():
    return re.findall(r"^#+ (.*)\n", README.read_text(), flags=re.M)


def section(heading):
    """The text below a heading, up to the next one."""
    parts = re.split(r"^#+ (.*)\n", README.read_text(), flags=re.M)
    return parts[parts.index(heading) + 1]


def blocks(heading):
    """The indented blocks below a heading, each a list of lines; a line continued after a backslash is one line."""
    text = re.sub(r"^```.*?^```$", "", section(heading), flags=re.M | re.S)
    found = re.findall(r"(?<=\n\n)((?: {4,}\S.*\n)+)", text)
    return [[line.strip() for line in re.sub(r" *\\\n +", " ", block).splitlines()] for block in found]


def commands(heading, program):
    """All lines of these blocks that run this program."""
    return [line for block in blocks(heading) for line in block if line.split()[0] == program]
