"""A mail server for tests: stores each accepted message as NUMBER.eml in a folder, and rejects recipients that begin with "refused"."""

import asyncio
import os
import sys

from aiosmtpd.controller import Controller


class Store:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.taken = len(os.listdir(folder))

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("refused"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken += 1
        path = os.path.join(self.folder, f"{self.taken:06}.eml")
        with open(path + ".part", "wb") as file:
            file.write(b"X-Recipients: " + ",".join(envelope.rcpt_tos).encode() + b"\r\n" + envelope.content)
        os.rename(path + ".part", path)
        return "250 2.0.0 taken"


if __name__ == "__main__":
    os.makedirs(sys.argv[2], exist_ok=True)
    controller = Controller(Store(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    asyncio.new_event_loop().run_forever()
