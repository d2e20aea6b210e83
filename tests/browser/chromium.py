"""Chromium, driven by JavaScript snippets: chromium.run("await state.page.goto(...)")."""
import itertools
import json
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


class Chromium:
    def __init__(self, build):
        directory = pathlib.Path(build) / "browser"
        subprocess.run([HERE / "fetch", directory], check=True)
        program = shutil.which("chromium")
        assert program, "Chromium is not installed (contrib/packages)"
        self.numbers = itertools.count()
        self.process = subprocess.Popen(["node", HERE / "driver.js", directory / "node_modules", program],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, snippet, /, **values):
        """Runs the snippet, with the values as constants; returns what it returns."""
        head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
        number = next(self.numbers)
        self.process.stdin.write(json.dumps({"id": number, "code": head + snippet}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the driver of Chromium ended"
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer.get("value")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
