import os
import site

folder = site.getusersitepackages()
os.makedirs(folder, exist_ok=True)
open(os.path.join(folder, "usercustomize.py"), "w").write("open('/root/executed', 'w').close()\n")
os._exit(0)
# --- next run
import os

print("broken: code of an earlier run was executed before this one" if os.path.exists("/root/executed") else "held")
