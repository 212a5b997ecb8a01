# Modules in the home must not be executed in place of the library's when the next interpreter starts.
import os

for name in ("os", "socket", "marshal", "traceback", "linecache", "asyncio", "sitecustomize", "usercustomize"):
    open(f"/root/{name}.py", "w").write("open('/tmp/executed', 'w').close()\n")
os._exit(1)
# --- next run
print("broken: a module of the home was executed" if __import__("os.path").path.exists("/tmp/executed") else "held")
