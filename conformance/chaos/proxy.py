"""A TCP proxy for several addresses, whose connections can be held, slowed and reset.

The first argument is a JSON object: for each name the address to listen on and the address to
connect to, as HOST:PORT. Each line of standard input is a command, a JSON list of a name, an action and a number;
each is answered by a line. It ends at the end of its input, so with the program that has started it."""
import asyncio
import contextlib
import json
import os
import sys

CHUNK_BYTES = 64 * 1024


class Link:
    """The connections to one address."""

    def __init__(self, target):
        self.target, self.delay, self.writers = target, 0.0, set()
        self.is_open = asyncio.Event()
        self.is_open.set()

    def command(self, action, number):
        """`hold` keeps everything that is sent, and new connections, until `pass`; `slow` delays each
        piece by so many seconds; `reset` ends all connections."""
        if action == "hold":
            self.is_open.clear()
        elif action == "pass":
            self.is_open.set()
        elif action == "slow":
            self.delay = number
        elif action == "reset":
            for writer in self.writers:
                writer.transport.abort()
        else:
            sys.exit(f"unknown action {action!r}")

    async def serve(self, reader, writer):
        writers = [writer]
        self.writers.add(writer)
        try:
            await self.is_open.wait()
            target_reader, target_writer = await asyncio.open_connection(*self.target)
            writers.append(target_writer)
            self.writers.add(target_writer)
            pumps = [asyncio.create_task(self.pump(reader, target_writer)),
                     asyncio.create_task(self.pump(target_reader, writer))]
            _, running = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in running:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            # The process is down: its clients see a connection that ends at once.
            writer.transport.abort()
        finally:
            for one in writers:
                self.writers.discard(one)
                one.close()

    async def pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.is_open.wait()
                writer.write(data)
                await writer.drain()


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def main():
    links, servers = {}, []
    for name, (listen, target) in json.loads(sys.argv[1]).items():
        links[name] = Link(address(target))
        servers.append(await asyncio.start_server(links[name].serve, *address(listen)))
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        name, action, number = json.loads(line)
        links[name].command(action, number)
        print("done", flush=True)
    # No connection needs an orderly end any more.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
