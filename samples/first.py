from podflare import Sandbox
with Sandbox() as s:
    for event in s.run_code_stream("for i in range(3): print(i)"):
        if event.type == "stdout":
            print(f"[{event.seq}] out: {event.data}", end="")
        elif event.type == "stderr":
            print(f"[{event.seq}] err: {event.data}", end="")
        elif event.type == "exit":
            print(f"exit code: {event.code}")
