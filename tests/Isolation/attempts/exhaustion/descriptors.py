import errno
import os

opened = []
try:
    while len(opened) < 30_000:
        opened.append(os.open("/dev/null", os.O_RDONLY))
    verdict = "broken: 30,000 descriptors"
except OSError as error:
    verdict = "held" if error.errno == errno.EMFILE else f"refused by something else: {error}"
for descriptor in opened:
    os.close(descriptor)
print(verdict)
