import sys

for _ in range(400):
    sys.stdout.write("x" * 65_535 + "\n")
# --- next run
print("held")
