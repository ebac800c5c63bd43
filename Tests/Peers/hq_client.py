"""An independent client of the hq-interop service: `hq_client.py HOST PORT REQUEST…`.

Sends each request line on a stream of its own, all over one connection, and prints one line of JSON: for each request
the length of the answer, whether it ended with FIN, the code it was reset with, and whether it is the documented
pattern.
"""

import argparse
import asyncio
import itertools

from peer import Client, Result, Server, report


def expected_pattern(count: int) -> bytes:
    """Lines of 63 letters that shift from line to line, and a line feed."""
    lines = (bytes(97 + (column + line) % 26 for column in range(63)) + b"\n" for line in range(1024))
    block = b"".join(lines)
    return b"".join(itertools.repeat(block, count // len(block) + 1))[:count]


async def fetch(client: Client, request: str) -> Result:
    answer = await client.request(f"{request}\r\n".encode())
    return {
        "request": request,
        "bytes": len(answer.data),
        "finished": answer.finished,
        "reset_code": answer.reset_code,
        "is_pattern": answer.data == expected_pattern(len(answer.data)),
    }


async def fetch_all(server: Server, requests: list[str]) -> Result:
    async with server.connected("hq-interop") as client:
        return {"answers": await asyncio.gather(*(fetch(client, request) for request in requests))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("requests", nargs="+")
    arguments = parser.parse_args()
    report(fetch_all(Server(arguments.host, arguments.port), arguments.requests))


if __name__ == "__main__":
    main()
