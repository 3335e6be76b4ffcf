FROM python:3.11.14-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/wallet-bridge
# Dependencies first and alone: they change more seldom than the code, and only what the lock names gets in.
COPY requirements.lock /build/
RUN /opt/wallet-bridge/bin/pip install --require-hashes --only-binary=:all: -r /build/requirements.lock
# What builds the wheel stays outside of what is shipped: types are checked, and what every record passes is compiled.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/requirements-build.lock /build/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary=:all: -r /build/requirements-build.lock
COPY pyproject.toml setup.py README.md /build/
COPY bridge /build/bridge
WORKDIR /build
RUN WALLET_BRIDGE_COMPILE=1 /opt/build/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /build/dist .
RUN /opt/wallet-bridge/bin/pip install --no-deps --no-index /build/dist/*.whl \
    && /opt/wallet-bridge/bin/python -m compileall -q /opt/wallet-bridge/lib

FROM python:3.11.14-slim-bookworm
# A number, so that an orchestrator can see that it is not root without reading our /etc/passwd.
RUN groupadd --gid 10001 bridge \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/wallet-bridge --shell /usr/sbin/nologin bridge \
    && install -d -m 0700 -o 10001 -g 10001 /var/lib/wallet-bridge
COPY --from=build /opt/wallet-bridge /opt/wallet-bridge
ENV PATH=/opt/wallet-bridge/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    # Reachable from the container's own network; nothing publishes it to the host by itself.
    BRIDGE_HTTP=0.0.0.0:8080
USER 10001:10001
WORKDIR /var/lib/wallet-bridge
# The ledger: the one thing that must outlive the container. All else may be read-only.
VOLUME ["/var/lib/wallet-bridge"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# Asked at the bridge itself, wherever BRIDGE_HTTP has moved it: no proxy of the container's environment in between.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os; place = os.environ['BRIDGE_HTTP']; bridge = http.client.HTTPConnection(place, timeout=4); off = place == 'off' or bridge.request('GET', '/health'); raise SystemExit(not off and bridge.getresponse().status != 200)"]
ENTRYPOINT ["wallet-bridge"]
