import os

text = open("/proc/net/fib_trie").read() if os.path.exists("/proc/net/fib_trie") else ""
others = {line.split()[-1] for line in text.splitlines() if "|--" in line and not line.split()[-1].startswith(("127.", "0."))}
print(f"broken: the addresses {others} are visible" if others else "held")
