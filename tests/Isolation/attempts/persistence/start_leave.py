import os
import site

folder = site.getusersitepackages()
os.makedirs(folder, exist_ok=True)
for path in (f"{folder}/usercustomize.py", f"{folder}/left.pth", "/root/.bashrc", "/root/.bash_profile", "/root/.pythonrc.py", "/root/bin"):
    with open(path, "w") as file:
        file.write("import os\n")
print("left")
