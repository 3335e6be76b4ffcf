"""Programs and jars that the servers need: looked for, and fetched once when they are missing."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError, Unavailable
from stack.places import cache_folder
from stack.progress import Progress

POMS = Path(__file__).resolve().parent / "poms"
# Where Debian's packages ask whether they may start what they bring.
POLICY = Path("/usr/sbin/policy-rc.d")
RABBITMQ_BIN = Path("/usr/lib/rabbitmq/bin")
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
# Later versions insist on parent poms even where only one file is asked for; the registry's is not published.
SINGLE_FILE_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.10"

DEBEZIUM = "io.debezium:debezium-connector-postgres:3.7.0.Final:tar.gz:plugin"
CONVERTER_INTERFACE = "org.apache.kafka.connect.storage.Converter"
AVRO_CONVERTER = "io.apicurio.registry.utils.converter.AvroConverter"
REGISTRY = "io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all"


@dataclass(frozen=True, slots=True)
class Program:
    """A Debian package, and the file that shows that it is there."""

    package: str
    pattern: str

    def find(self) -> Path | None:
        """The newest version's file, or None."""
        root, _, rest = self.pattern.partition("/")
        if root:
            found = shutil.which(self.pattern)
            return Path(found) if found else None
        return max(Path("/").glob(rest), key=_version, default=None)


def _version(path: Path) -> list[int]:
    return [int(part) for part in path.parts if part.isdecimal()]


POSTGRESQL = Program("postgresql", "/usr/lib/postgresql/*/bin/postgres")
RABBITMQ = Program("rabbitmq-server", str(RABBITMQ_BIN / "rabbitmq-server"))
JAVA = Program("default-jre-headless", "java")
MAVEN = Program("maven", "mvn")

COMPILER = [
    Program("gcc", "gcc"),
    Program("libc6-dev", "/usr/include/stdio.h"),
    Program("libpython3-dev", f"{sysconfig.get_path('include')}/Python.h"),
]
"""What makes an extension of the Python that runs this."""

SERVERS = (
    "no container engine answers",
    ", start a container engine, or run `wallet-bridge demo --embedded`, which needs no server",
)
TO_COMPILE = "the bridge is compiled from C", ""


def require(programs: list[Program], progress: Progress, what_for: tuple[str, str] = SERVERS) -> None:
    """Install what is missing.  Raises `Unavailable` when that needs rights or a tool that are not here.

    `what_for` says why it is needed, and what can be done instead.  One caller at a time installs.
    """
    missing = _missing(programs)
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        names = " ".join(missing)
        why, instead = what_for
        raise Unavailable(
            f"{why}, and these packages are missing: {names}. Install them (apt-get install {names}){instead}"
        )
    cache = cache_folder()
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (cache / "packages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = _missing(programs)
        if missing:
            _install(missing, progress)


def _missing(programs: list[Program]) -> list[str]:
    return [each.package for each in programs if each.find() is None]


def _install(missing: list[str], progress: Progress) -> None:
    progress.say(f"installing {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    with no_service_starts():
        _run(["apt-get", *wait, "update", "-qq"], environment, "apt-get update")
        command = ["apt-get", *wait, "install", "-y", "-qq", "--no-install-recommends", *missing]
        _run(command, environment, "apt-get install")


@contextlib.contextmanager
def no_service_starts() -> Iterator[None]:
    """Keep packages from starting their own servers; where the machine already has a policy, that holds."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def jars(name: str, progress: Progress) -> Path:
    """The folder with all jars of `stack/poms/NAME`, fetched when its pom is new here."""
    recipe = (POMS / name / "pom.xml").read_bytes()
    return cached(name, recipe, lambda folder: _copy_jars(name, folder, progress), progress)


def archive(name: str, coordinates: str, progress: Progress) -> Path:
    """The folder with the content of one published archive, fetched when it is new here."""

    def fetch(folder: Path) -> None:
        file = folder.with_suffix(".tar.gz")
        goal = f"{SINGLE_FILE_PLUGIN}:get"
        _maven([goal, "-Dtransitive=false", f"-Dartifact={coordinates}", f"-Ddest={file}"], name, progress)
        with tarfile.open(file) as content:
            # Python before 3.11.4, as in Debian 12, has no such filter.
            content.extraction_filter = getattr(tarfile, "data_filter", None)
            content.extractall(folder)  # noqa: S202 - from Maven Central, by its exact name
        file.unlink()

    return cached(name, coordinates.encode(), fetch, progress)


def avro_converter(progress: Progress) -> Path:
    """The folder with the Avro converter as a Connect plug-in that names itself.

    The published jars lack the list by which the worker finds plug-ins without reading every class,
    which takes it half a minute longer to start.
    """

    def fetch(folder: Path) -> None:
        _copy_jars("avro-converter", folder, progress)
        with zipfile.ZipFile(folder / "converter-services.jar", "w") as services:
            services.writestr(f"META-INF/services/{CONVERTER_INTERFACE}", f"{AVRO_CONVERTER}\n")

    recipe = (POMS / "avro-converter" / "pom.xml").read_bytes() + AVRO_CONVERTER.encode()
    return cached("avro-converter", recipe, fetch, progress)


def _copy_jars(name: str, folder: Path, progress: Progress) -> None:
    goal = f"{DEPENDENCY_PLUGIN}:copy-dependencies"
    _maven(
        [f"-f{POMS / name / 'pom.xml'}", goal, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
        name,
        progress,
    )


def cached(name: str, recipe: bytes, fetch: Callable[[Path], None], progress: Progress) -> Path:
    """The folder that `fetch` filled for this recipe, now or earlier; one caller at a time fetches."""
    cache = cache_folder()
    folder = cache / f"{name}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    if folder.exists():
        return folder
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Maven's local repository is not made for two writers, nor is this cache.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder
        progress.say(f"fetching {name} from Maven Central")
        with tempfile.TemporaryDirectory(dir=cache, prefix=f".{name}-") as draft:
            content = Path(draft) / "content"
            content.mkdir()
            fetch(content)
            content.rename(folder)
    return folder


def _maven(arguments: list[str], what: str, progress: Progress) -> None:
    require([JAVA, MAVEN], progress)
    _run(
        ["mvn", "-B", "-q", "-ntp", "-Dstyle.color=never", *arguments],
        dict(os.environ),
        f"Maven, while it fetched {what},",
    )


def _run(command: list[str], environment: dict[str, str], what: str) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise StackError(f"{what} failed with status {done.returncode}:\n{tail}")
