import base64
import os
import signal
import subprocess

with open("/tmp/program", "wb") as file:
    file.write(base64.b64decode("{{x32}}"))
os.chmod("/tmp/program", 0o755)
code = subprocess.run(["/tmp/program"]).returncode
print("held" if code == -signal.SIGSYS else "broken: an x32 call was answered" if code == 0 else f"ended with {code}")
