"""What pyproject.toml cannot say: the modules that every record passes are compiled, where that is asked for.

    WALLET_BRIDGE_COMPILE=1 pip wheel --no-build-isolation --no-deps .

needs mypy, the dependencies, and a C compiler.  Without it a wheel is pure Python: it does the same,
and needs nearly twice the time for each record.  docs/adr/0013 says which modules belong here, and how a
module must be written for it.
"""

import os

from setuptools import Extension, setup

COMPILED = {
    "bridge": "flow memory row",
    "bridge/casino": "body values",
    "bridge/decoders": "avro avro_columns avro_flat avro_steps conversions debezium declarations declared keys "
    "decimals json_records moments origin placeholder positions",
    "bridge/delivery": "flight frames ordering",
    "bridge/intake": "flood merge taking",
    "bridge/ledger": "bloom chunks recent sqlite_index sqlite_memory transaction",
    "bridge/mapping": "holding mapper play_rows reopening snapshots",
    "bridge/mapping/compiling": "conditions expressions values",
    "bridge/mapping/judging": "doings effects endings events growth guards history judge reversals same_key "
    "taking_back undoing",
    "bridge/mapping/language": "misreadings operators readers",
    "bridge/mapping/state": "amounts decisions frozen groups index items keys lasting layered lookups message_ids "
    "outgoing parts past plan queues recall repeats rounds row_readers rows scope scope_readers "
    "shares takers transactions waiting",
}


def extensions() -> list[Extension]:
    """Return what is to be compiled: nothing unless it is asked for."""
    if not os.environ.get("WALLET_BRIDGE_COMPILE"):
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - a pure wheel is built without it

    modules = [f"{package}/{name}.py" for package, names in COMPILED.items() for name in names.split()]
    return mypycify(modules, opt_level="2", debug_level="0", group_name="wallet_bridge")


setup(ext_modules=extensions())
