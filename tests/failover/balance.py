"""A load balancer for two daemons: each connection goes to the next one that takes it. Prints the port that it listens at.
usage: balance.py PORT..."""
import asyncio
import itertools
import sys

ports = [int(port) for port in sys.argv[1:]]
turns = itertools.count()


async def pump(source, sink):
    try:
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()
    except ConnectionError:
        pass
    sink.close()


async def serve(reader, writer):
    first = next(turns)
    for attempt in range(len(ports)):
        try:
            there = await asyncio.open_connection("127.0.0.1", ports[(first + attempt) % len(ports)])
        except OSError:
            continue
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        return
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
