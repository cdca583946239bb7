"""A server on asyncio with a child process and a queue between its connections: answers tell of all that came before."""
import asyncio
import hashlib
import sys


async def main():
    seen = hashlib.sha256()
    queue = asyncio.Queue()
    child = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)

    async def answer():
        while True:
            line, writer = await queue.get()
            child.stdin.write(line)
            seen.update(await child.stdout.readline())
            writer.write(seen.hexdigest().encode() + b"\n")

    async def serve(reader, writer):
        while line := await reader.readline():
            await queue.put((line, writer))

    worker = asyncio.create_task(answer())
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await asyncio.gather(server.serve_forever(), worker)


asyncio.run(main())
