"""TCP connections on which nothing is ever said: `idle_connections.py HOST PORT COUNT`.

Keeps COUNT of them open, or as many as it gets, and opens another one for each that is closed. Prints one line of JSON
when it has tried to open all of them once, and goes on until it is ended.
"""

import argparse
import json
import select
import socket
import time

PAUSE_SECONDS = 0.05


def connect(host: str, port: int) -> socket.socket | None:
    try:
        return socket.create_connection((host, port), timeout=1)
    except OSError:
        return None


def still_open(connections: list[socket.socket]) -> list[socket.socket]:
    """Nobody answers a client that asks for nothing: what can be read is the end."""
    ended, _, _ = select.select(connections, [], [], 0)
    for connection in ended:
        connection.close()
    return [connection for connection in connections if connection not in ended]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()

    connections: list[socket.socket] = []
    is_announced = False
    while True:
        missing = arguments.count - len(connections)
        opened = [connect(arguments.host, arguments.port) for _ in range(missing)]
        connections += [connection for connection in opened if connection]
        if not is_announced:
            print(json.dumps({"connected": len(connections)}), flush=True)
            is_announced = True
        time.sleep(PAUSE_SECONDS)
        connections = still_open(connections)


if __name__ == "__main__":
    main()
