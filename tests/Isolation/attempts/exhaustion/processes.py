import subprocess

children = []
try:
    while len(children) < 1_000:
        children.append(subprocess.Popen(["sleep", "60"]))
    print("broken: 1,000 processes")
except OSError:
    print("held")
for child in children:
    child.kill()
