import base64
import os
import signal
import subprocess

with open("/tmp/program", "wb") as file:
    file.write(base64.b64decode("{{thirty_two_bit}}"))
os.chmod("/tmp/program", 0o755)
code = subprocess.run(["/tmp/program"]).returncode
print("held" if code == -signal.SIGSYS else "broken: a 32-bit call was answered" if code == 0 else f"ended with {code}")
