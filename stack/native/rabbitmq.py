"""RabbitMQ from the Debian package: a node of our own, with its own name, ports, data and epmd."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from stack import health, services
from stack.errors import StackError
from stack.native.server import Launch
from stack.packages import RABBITMQ_BIN
from stack.passwords import read_password
from stack.processes import Process
from stack.services import HOST


def epmd(run_folder: Path) -> Launch:
    """Erlang's port mapper.  RabbitMQ would start one that nobody owns; started by us it can be ended by us."""
    port = services.EPMD_PORT.number()
    return Launch(
        name="epmd",
        command=[_found("epmd"), "-address", HOST, "-port", str(port)],
        folder=run_folder,
        user=_user(),
        unwell=lambda: health.tcp(HOST, port),
        stop_seconds=5,
    )


def mappers_of_its_own(run_folder: Path) -> list[Process]:
    """The port mappers that a node of this folder started by itself, when ours was gone; they outlive the node."""
    home = os.fsencode(f"HOME={environment(run_folder)['HOME']}")
    found = []
    for entry in Path("/proc").iterdir():
        try:
            is_mapper = entry.name.isdecimal() and (entry / "comm").read_text().strip() == "epmd"
            if is_mapper and home in (entry / "environ").read_bytes().split(b"\0"):
                found.append(Process.of(int(entry.name)))
        except OSError:
            # It has ended meanwhile, or is another user's, and so not ours.
            continue
    return [process for process in found if process is not None]


def broker(run_folder: Path) -> Launch:
    port = services.RABBITMQ.ports["main"].number()
    management = f"http://{HOST}:{services.RABBITMQ.ports['management'].number()}"
    folder = run_folder / "rabbitmq"

    def unwell() -> str | None:
        if (missing := health.amqp(HOST, port)) is not None:
            return missing
        password = read_password(run_folder, "rabbitmq-admin")
        return health.http(f"{management}/api/overview", services.ADMIN_USER, password)

    return Launch(
        name="rabbitmq",
        command=[str(RABBITMQ_BIN / "rabbitmq-server")],
        folder=run_folder,
        user=_user(),
        environment=environment(run_folder),
        unwell=unwell,
        prepare=lambda: _prepare(folder, run_folder),
    )


def control(run_folder: Path, *arguments: str, deadline_seconds: float = 60.0) -> str:
    """What `rabbitmqctl ARGUMENTS` prints.  Raises `StackError` with its words when it fails."""
    done = subprocess.run(
        [str(RABBITMQ_BIN / "rabbitmqctl"), *arguments],
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **environment(run_folder)},
        cwd=run_folder,
        user=_user(),
        group=_user(),
        extra_groups=[] if _user() else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=deadline_seconds,
    )
    if done.returncode != 0:
        raise StackError(f"rabbitmqctl {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def environment(run_folder: Path) -> dict[str, str]:
    folder = run_folder / "rabbitmq"
    # Two stacks on one machine must not take each other's node for their own.
    name = hashlib.sha256(os.fsencode(run_folder)).hexdigest()[:8]
    ports = (services.ERLANG_PORT.number(), services.EPMD_PORT.number())
    return node(folder, f"wallet-bridge-{name}", ports, home=folder)


def node(folder: Path, name: str, ports: tuple[int, int], *, home: Path, kernel: str = "") -> dict[str, str]:
    """The environment of a node whose files lie in `folder`.

    `ports` are its own for other nodes and that of the port mapper; `kernel` adds to what Erlang's kernel is told.
    """
    return {
        # The cookie that lets tools and other nodes talk to it lies here, not in the user's own home.
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"{name}@localhost",
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_DIST_PORT": str(ports[0]),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{127,0,0,1}} {kernel}".strip(),
        "ERL_EPMD_PORT": str(ports[1]),
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_CRASH_DUMP_SECONDS": "0",
        # Makes the script become the server, so that the pid we know is the server's.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _prepare(folder: Path, run_folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    for name in ("data", "log"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    plugins = ",".join(services.RABBITMQ_PLUGINS)
    files = {
        "rabbitmq-env.conf": "",
        "enabled_plugins": f"[{plugins}].\n",
        "rabbitmq.conf": configuration(read_password(run_folder, "rabbitmq-admin")),
    }
    for name, text in files.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="ascii")
    if (user := _user()) is not None:
        for path in (folder, folder / "data", folder / "log", *(folder / name for name in files)):
            shutil.chown(path, user, user)


def configuration(admin_password: str) -> str:
    """What rabbitmq.conf says."""
    ports = {name: port.number() for name, port in services.RABBITMQ.ports.items()}
    settings = {
        "listeners.tcp.default": f"{HOST}:{ports['main']}",
        "management.tcp.ip": HOST,
        "management.tcp.port": ports["management"],
        "prometheus.tcp.ip": HOST,
        "prometheus.tcp.port": ports["prometheus"],
        # Made by the broker itself at its first start; there is no user "guest".
        "default_user": services.ADMIN_USER,
        "default_pass": admin_password,
        "disk_free_limit.absolute": "100MB",
        "log.console": "true",
        "log.console.level": "info",
    }
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def _user() -> str | None:
    return "rabbitmq" if os.geteuid() == 0 else None


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise StackError(f"{program} is not installed")
    return path
