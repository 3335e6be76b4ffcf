"""Two servers of which either can be the replica of the other."""

from __future__ import annotations

from dataclasses import dataclass

from stack.services import HOST
from tests.golden.binlog.servers import MYSQL, USER, Kind, Server


@dataclass(frozen=True)
class Pair:
    """Two servers of one kind."""

    kind: Kind
    first: Server
    second: Server

    def replicate(self, source: Server, replica: Server) -> None:
        """Let a server take over what the other writes from now on; the other takes over nothing any more."""
        if self.kind is MYSQL:
            source.run(["STOP REPLICA"])
            replica.run([_follow_mysql(source), "START REPLICA"])
        else:
            source.run(["STOP SLAVE"])
            where = "SET GLOBAL gtid_slave_pos = @@gtid_current_pos"
            replica.run(["STOP SLAVE", where, _follow_mariadb(source), "START SLAVE"])
        self.wait_for(replica, source)

    def reset(self, server: Server) -> None:
        """Let a server forget its log and all GTIDs."""
        server.run(["RESET BINARY LOGS AND GTIDS" if self.kind is MYSQL else "RESET MASTER"])

    def wait_for(self, replica: Server, source: Server) -> None:
        """Return when a replica has all that its source has written; raises AssertionError when it takes long."""
        if self.kind is MYSQL:
            done = source.run(["SELECT replace(@@gtid_executed, '\\n', '')"]).strip()
            assert replica.run([f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{done}', 30)"]).strip() == "0"
        else:
            done = source.run(["SELECT @@gtid_current_pos"]).strip()
            assert replica.run([f"SELECT MASTER_GTID_WAIT('{done}', 30)"]).strip() == "0"


def _follow_mysql(source: Server) -> str:
    return f"""
    CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{HOST}', SOURCE_PORT = {source.port}, SOURCE_USER = '{USER}',
    SOURCE_PASSWORD = '{source.password}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1
    """


def _follow_mariadb(source: Server) -> str:
    return f"""
    CHANGE MASTER TO MASTER_HOST = '{HOST}', MASTER_PORT = {source.port}, MASTER_USER = '{USER}',
    MASTER_PASSWORD = '{source.password}', MASTER_USE_GTID = slave_pos
    """
