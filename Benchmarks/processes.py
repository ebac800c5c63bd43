"""Programs that the benchmarks start: where they run, what they say and use, and how they end."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS = 20
STOP_SECONDS = 20


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}': use a whole number from 1")
    return int(text)


class Failure(Exception):
    """A program that did not do its part."""


def processors():
    """Those of the server, and those of everything else. With one, they share it."""
    every = sorted(os.sched_getaffinity(0))
    return ({every[0]}, set(every[1:])) if len(every) > 1 else (set(every), set(every))


class Program:
    """A program of which the first lines say where it listens, on processors of its own."""

    def __init__(self, command, affinity, folder, prepare=lambda: None):
        self.command = [str(part) for part in command]
        self._output, self._errors = (tempfile.NamedTemporaryFile(dir=folder) for _ in range(2))
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._errors, cwd=folder,
            preexec_fn=lambda: (os.sched_setaffinity(0, affinity), prepare()),
        )

    @property
    def output(self):
        # By its name: the program shares the place in the open file.
        return pathlib.Path(self._output.name).read_text()

    def _fail(self, sentence):
        errors = pathlib.Path(self._errors.name).read_text()[-500:]
        self.kill()
        raise Failure(f"{self.command[0]} {sentence}\n{errors}")

    def wait_until(self, is_ready, sentence):
        deadline = time.monotonic() + START_SECONDS
        while not (answer := is_ready()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._fail(sentence)
            time.sleep(0.02)
        return answer

    def line(self, prefix):
        """The rest of the line that begins with `prefix`."""
        return self.wait_until(lambda: next((line[len(prefix):] for line in self.output.splitlines(keepends=True)
                                             if line.startswith(prefix) and line.endswith("\n")), None),
                               f"did not say '{prefix}'").strip()

    @property
    def is_running(self):
        return self._process.poll() is None

    @property
    def process_id(self):
        return self._process.pid

    @property
    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def stop(self):
        if self._process.poll() is not None:
            self._fail(f"ended by itself with {self._process.returncode}")
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._fail(f"did not end within {STOP_SECONDS} s")

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def prefer():
    """Has a process run before others, where that is permitted: a network does not wait for its ends' processors."""
    with contextlib.suppress(OSError):
        os.nice(-10)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_bound(port):
    return f" 0100007F:{port:04X} " in pathlib.Path("/proc/net/udp").read_text()


def build(products, say):
    """The folder of our programs, built for release."""
    command = ["swift", "build", "--configuration", "release"]
    for product in products:
        say(f"building {product} …")
        subprocess.run([*command, "--product", product], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=1800)
    shown = subprocess.run([*command, "--show-bin-path"], cwd=ROOT, check=True, capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip())


def make_certificate(folder):
    """A key of P-256 and a certificate for localhost, as files in `folder`."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
                   check=True, capture_output=True, timeout=60)
    subprocess.run(["openssl", "req", "-x509", "-new", "-key", key, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", certificate],
                   check=True, capture_output=True, timeout=60)
    return key, certificate


def check_executables(fail, option, folder, names):
    """Calls `fail` with a sentence where one of `names` is no program in `folder`."""
    for name in names:
        if not os.access(folder / name, os.X_OK):
            fail(f"{option} {folder}: {name} is not there; use a folder with our executables")


class Setting:
    """What all runs share: a folder, a certificate, our programs, and the processors."""

    def __init__(self, name, options, products, say):
        self.options = options
        shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._folder = tempfile.TemporaryDirectory(prefix=f"{name}-", dir=shared)
        self.folder = pathlib.Path(self._folder.name)
        self.server_processors, self.other_processors = processors()
        self.executables = (options.executables or build(products, say)).resolve()
        self.key, self.certificate = make_certificate(self.folder)

    def close(self):
        self._folder.cleanup()

    def gtlsserver(self, port):
        program = shutil.which("gtlsserver", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "gtlsserver"
        return [program, "-q", "--max-dyn-length=1G", "127.0.0.1", port, self.key, self.certificate]


def gtlsclient(address, count, window, folder):
    """Downloads a body of `count` bytes into a file of that name."""
    host, _, port = address.rpartition(":")
    return ["gtlsclient", "-q", "--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close",
            f"--max-data={window}", f"--max-stream-data-bidi-local={window}", f"--download={folder}", host, port,
            f"https://localhost/{count}"]


def is_downloaded(folder, count):
    file = pathlib.Path(folder, str(count))
    return file.is_file() and file.stat().st_size == count
