"""The schema registry from its published archive; it keeps its schemas in memory."""

from __future__ import annotations

from pathlib import Path

from stack import health, services
from stack.errors import StackError
from stack.native.server import Launch
from stack.packages import JAVA
from stack.services import HOST


def launch(run_folder: Path, archive: Path) -> Launch:
    """Raises `StackError` when Java is missing or the archive holds no runnable jar."""
    port = services.REGISTRY.ports["main"].number()
    jar = next(archive.rglob("apicurio-registry-app-*-runner.jar"), None)
    java = JAVA.find()
    if jar is None or java is None:
        raise StackError("the schema registry's runnable jar, or Java, is missing")
    return Launch(
        name="registry",
        command=[str(java), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(jar)],
        folder=run_folder,
        environment={"QUARKUS_HTTP_HOST": HOST, "QUARKUS_HTTP_PORT": str(port)},
        unwell=lambda: health.http(f"http://{HOST}:{port}/apis/ccompat/v7/subjects"),
    )
