import threading

gate = threading.Event()
threads = 0
try:
    while threads < 1_000:
        threading.Thread(target=gate.wait, daemon=True).start()
        threads += 1
    print("broken: 1,000 threads")
except RuntimeError:
    print("held")
gate.set()
